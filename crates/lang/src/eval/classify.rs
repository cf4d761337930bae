//! `eval classify`: `label<TAB>text`.

use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::{Value, json};

use super::{EvalError, calibration_error, round, table};
use crate::classify::{Classifier, Sample};
use crate::lexicon::Lexicon;

/// Reads labelled texts. The label stands in the first column, or in the last when there it repeats and in the
/// first it does not; a heading is passed over.
///
/// # Errors
/// When a line has no two columns or no line is left.
pub fn read(text: &str) -> Result<Vec<Sample>, EvalError> {
    let mut records = table::read(text, 2)?;
    if records.first().is_some_and(|first| {
        first
            .columns
            .iter()
            .any(|c| matches!(c.trim().to_lowercase().as_str(), "label" | "标签" | "一级分类"))
    }) {
        records.remove(0);
    }
    let distinct = |last: bool| {
        let column = |r: &table::Record| {
            if last { r.columns[r.columns.len() - 1].clone() } else { r.columns[0].clone() }
        };
        records.iter().map(column).collect::<FxHashSet<_>>().len()
    };
    let label_last = records.len() > 20 && distinct(true) * 4 < distinct(false);
    let samples: Vec<Sample> = records
        .into_iter()
        .map(|record| {
            let mut columns = record.columns;
            let label = if label_last { columns.pop() } else { Some(columns.remove(0)) };
            Sample { label: label.unwrap_or_default().trim().to_owned(), text: columns.join(" ") }
        })
        .filter(|sample| !sample.label.is_empty() && !sample.text.trim().is_empty())
        .collect();
    if samples.is_empty() { Err(EvalError::File("no labelled text in it".to_owned())) } else { Ok(samples) }
}

/// Learns from one table and scores on the other.
///
/// # Errors
/// When a table cannot be used.
pub fn score(train: &str, test: &str, lexicon: &Lexicon) -> Result<Value, EvalError> {
    let train = read(train).map_err(|error| EvalError::File(format!("training file: {error}")))?;
    let test = read(test).map_err(|error| EvalError::File(format!("test file: {error}")))?;
    let classifier = Classifier::train(&train, lexicon)
        .map_err(|error| EvalError::File(format!("training file: {error}")))?;
    let mut outcomes = Vec::with_capacity(test.len());
    // Right, predicted, actual, by label.
    let mut counts: FxHashMap<String, [f64; 3]> = FxHashMap::default();
    for sample in &test {
        let found = classifier.classify(&sample.text, lexicon);
        let right = found.label == sample.label;
        outcomes.push((f64::from(found.confidence), right));
        counts.entry(sample.label.clone()).or_default()[2] += 1.0;
        let predicted = counts.entry(found.label).or_default();
        predicted[1] += 1.0;
        if right {
            predicted[0] += 1.0;
        }
    }
    let right = outcomes.iter().filter(|(_, right)| *right).count();
    let f1: f64 = counts.values().map(|[hit, predicted, actual]| 2.0 * hit / (predicted + actual)).sum();
    Ok(json!({
        "task": "classify",
        "train": train.len(),
        "test": test.len(),
        "labels": classifier.labels().len(),
        "accuracy": round(right as f64 / test.len() as f64),
        "macro_f1": round(f1 / counts.len() as f64),
        "ece": round(calibration_error(&outcomes)),
    }))
}
