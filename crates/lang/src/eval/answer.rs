//! `eval answer`: entries `id<TAB>question<TAB>answer`, questions `question<TAB>id or nothing`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{EvalError, calibration_error, round, table};
use crate::answer::Calibration;
use crate::lexicon::Lexicon;
use crate::retrieve::{Analyzer, Document, Index, Synonyms};

/// Asks the questions of a knowledge base and scores what it answers and what it hands over.
///
/// # Errors
/// When a table cannot be used.
pub fn score(kb: &str, test: &str) -> Result<Value, EvalError> {
    let broken = |error: crate::retrieve::IndexError| EvalError::File(error.to_string());
    let records = table::read(kb, 2).map_err(|e| EvalError::File(format!("entries: {e}")))?;
    let asked = table::read(test, 1).map_err(|e| EvalError::File(format!("questions: {e}")))?;
    if records.is_empty() || asked.is_empty() {
        return Err(EvalError::File("entries and questions are needed".to_owned()));
    }
    let synonyms = Arc::new(Synonyms::new([]));
    let analyzer = Analyzer::new(Arc::new(Lexicon::new(synonyms.words())), synonyms);
    let entries: Vec<Document> = records
        .iter()
        .map(|record| Document {
            id: record.columns[0].trim().to_owned(),
            title: record.columns[1].clone(),
            body: record.columns[2..].join(" "),
            marks: Vec::new(),
        })
        .collect();
    let index = Index::in_memory().map_err(broken)?;
    let mut writer = index.writer(100_000_000).map_err(broken)?;
    for entry in &entries {
        writer.add(entry, &analyzer).map_err(broken)?;
    }
    writer.commit().map_err(broken)?;
    let calibration = Calibration::learn(&entries, &index, &analyzer).map_err(broken)?;
    let (mut answered, mut right, mut rightly_handed) = (0.0, 0.0, 0.0);
    let mut outcomes = Vec::new();
    for record in &asked {
        let expected: Vec<&str> = record.columns.get(1).map_or(Vec::new(), |ids| {
            ids.split([',', '，', ' ']).map(str::trim).filter(|id| !id.is_empty()).collect()
        });
        let answer = calibration.answer(&record.columns[0], &index, &analyzer, |_| true).map_err(broken)?;
        let hit = answer.hits.first().is_some_and(|hit| expected.contains(&hit.document.id.as_str()));
        outcomes.push((f64::from(answer.confidence), hit));
        if answer.sure().is_some() {
            answered += 1.0;
            right += f64::from(u8::from(hit));
        } else if expected.is_empty() {
            rightly_handed += 1.0;
        }
    }
    let count = asked.len() as f64;
    Ok(json!({
        "task": "answer",
        "kb": entries.len(),
        "test": asked.len(),
        "answered": round(answered / count),
        "precision": round(right / f64::max(answered, 1.0)),
        "handed_over": round((count - answered) / count),
        "handed_over_rightly": round(rightly_handed / f64::max(count - answered, 1.0)),
        "ece": round(calibration_error(&outcomes)),
    }))
}
