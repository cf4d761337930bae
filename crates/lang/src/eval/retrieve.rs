//! `eval retrieve`: documents `id<TAB>title<TAB>text`, questions `query<TAB>id[,id…]`.

use std::sync::Arc;

use rustc_hash::FxHashSet;
use serde_json::{Value, json};

use super::{EvalError, p99, round, table};
use crate::lexicon::Lexicon;
use crate::retrieve::{Analyzer, Document, Index, Synonyms};

/// Memory the index may use while it is built.
const BUILD_BYTES: usize = 200_000_000;
/// Hits that are looked at.
const DEPTH: usize = 100;

/// Indexes the documents, asks the questions and scores the answers. `now_ms` tells passing time.
///
/// # Errors
/// When a table cannot be used.
pub fn score(docs: &str, queries: &str, now_ms: &dyn Fn() -> f64) -> Result<Value, EvalError> {
    let broken = |error: crate::retrieve::IndexError| EvalError::File(error.to_string());
    let records = table::read(docs, 2).map_err(|e| EvalError::File(format!("documents: {e}")))?;
    let asked = table::read(queries, 2).map_err(|e| EvalError::File(format!("questions: {e}")))?;
    if records.is_empty() || asked.is_empty() {
        return Err(EvalError::File("documents and questions are needed".to_owned()));
    }
    let synonyms = Arc::new(Synonyms::new([]));
    let lexicon = Lexicon::new(synonyms.words());
    let analyzer = Analyzer::new(Arc::new(lexicon), synonyms);
    let started = now_ms();
    let index = Index::in_memory().map_err(broken)?;
    let mut writer = index.writer(BUILD_BYTES).map_err(broken)?;
    for record in &records {
        let mut columns = record.columns.iter();
        let id = columns.next().cloned().unwrap_or_default().trim().to_owned();
        let second = columns.next().cloned().unwrap_or_default();
        let rest = columns.cloned().collect::<Vec<_>>().join(" ");
        // With two columns there is a text and no title.
        let (title, body) = if record.columns.len() == 2 { (String::new(), second) } else { (second, rest) };
        writer.add(&Document { id, title, body, marks: Vec::new() }, &analyzer).map_err(broken)?;
    }
    writer.commit().map_err(broken)?;
    let built_ms = now_ms() - started;

    let (mut hit1, mut hit10, mut mrr, mut recall) = (0.0, 0.0, 0.0, 0.0);
    let mut times = Vec::with_capacity(asked.len());
    for record in &asked {
        let expected: FxHashSet<&str> =
            record.columns[1].split([',', '，', ' ']).map(str::trim).filter(|id| !id.is_empty()).collect();
        let before = now_ms();
        let found = index.search(&analyzer.query(&record.columns[0]), DEPTH, |_| true).map_err(broken)?;
        times.push(now_ms() - before);
        let ranks: Vec<usize> = found
            .hits
            .iter()
            .enumerate()
            .filter(|(_, hit)| expected.contains(hit.document.id.as_str()))
            .map(|(rank, _)| rank)
            .collect();
        if let Some(&first) = ranks.first() {
            hit1 += f64::from(u8::from(first == 0));
            hit10 += f64::from(u8::from(first < 10));
            mrr += if first < 10 { 1.0 / (first as f64 + 1.0) } else { 0.0 };
        }
        recall += ranks.len() as f64 / expected.len().max(1) as f64;
    }
    let count = asked.len() as f64;
    Ok(json!({
        "task": "retrieve",
        "docs": records.len(),
        "queries": asked.len(),
        "hit1": round(hit1 / count),
        "hit10": round(hit10 / count),
        "mrr10": round(mrr / count),
        "recall100": round(recall / count),
        "p99_ms": round(p99(times)),
        "index_per_s": (records.len() as f64 / (built_ms / 1000.0).max(1e-9)).round(),
    }))
}
