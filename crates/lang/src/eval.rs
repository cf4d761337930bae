//! Scores of the language tasks on files that anyone may bring; see `docs/eval.md` for the formats.
//!
//! Files are read and clocks are looked at by the caller; here is only what is computed from their contents.

pub mod answer;
pub mod classify;
pub mod duplicates;
pub mod extract;
pub mod retrieve;
pub mod table;

/// What is wrong with a file that was given.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// A line does not have the columns that the format asks for.
    #[error("line {line}: {problem}")]
    Line {
        /// Number of the line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// The file as a whole cannot be used.
    #[error("{0}")]
    File(String),
}

/// Rounds to four digits after the point, so that lines read well.
#[must_use]
pub fn round(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

/// Returns the expected calibration error of predictions: confidence and whether it was right, in ten bins of
/// equal width.
#[must_use]
pub fn calibration_error(predictions: &[(f64, bool)]) -> f64 {
    let mut bins = [(0.0_f64, 0.0_f64, 0.0_f64); 10];
    for &(confidence, right) in predictions {
        let bin = &mut bins[((confidence * 10.0) as usize).min(9)];
        bin.0 += 1.0;
        bin.1 += confidence;
        bin.2 += f64::from(u8::from(right));
    }
    let total = predictions.len().max(1) as f64;
    bins.iter().map(|(_, confidence, right)| (confidence - right).abs() / total).sum()
}

/// Returns the value below which 99 of 100 measurements lie.
#[must_use]
pub fn p99(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        len => values[((len as f64 * 0.99).ceil() as usize).clamp(1, len) - 1],
    }
}
