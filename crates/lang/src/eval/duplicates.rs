//! `eval duplicates`: texts `id<TAB>text`, groups `group<TAB>id`.

use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::{Value, json};

use super::{EvalError, p99, round, table};
use crate::duplicates::{Duplicates, SAME};
use crate::lexicon::Lexicon;

/// Neighbours of a text that may be proposed as the same event.
const PROPOSED: usize = 40;

/// Looks for each text's duplicates and scores them. `now_ms` tells passing time.
///
/// # Errors
/// When a table cannot be used.
pub fn score(
    docs: &str,
    gold: &str,
    lexicon: &Lexicon,
    now_ms: &dyn Fn() -> f64,
) -> Result<Value, EvalError> {
    let docs = table::read(docs, 2).map_err(|e| EvalError::File(format!("documents: {e}")))?;
    let gold = table::read(gold, 2).map_err(|e| EvalError::File(format!("groups: {e}")))?;
    let mut duplicates = Duplicates::default();
    let mut place: FxHashMap<&str, usize> = FxHashMap::default();
    for record in &docs {
        let at = duplicates.add(&record.columns[1..].join(" "), lexicon);
        place.insert(record.columns[0].trim(), at);
    }
    let mut group: FxHashMap<usize, &str> = FxHashMap::default();
    let mut size: FxHashMap<&str, usize> = FxHashMap::default();
    for record in &gold {
        let name = record.columns[0].trim();
        for id in record.columns[1].split([',', '，', ' ']).map(str::trim).filter(|id| !id.is_empty()) {
            if let Some(&at) = place.get(id) {
                if group.insert(at, name).is_none() {
                    *size.entry(name).or_default() += 1;
                }
            } else if !matches!(id, "id" | "编号") {
                return Err(EvalError::Line {
                    line: record.line,
                    problem: format!("no document has the id `{id}`"),
                });
            }
        }
    }
    let (mut asked, mut top1, mut top5) = (0.0, 0.0, 0.0);
    let mut times = Vec::new();
    let mut proposed: FxHashSet<(usize, usize)> = FxHashSet::default();
    let mut members: Vec<usize> = group.keys().copied().collect();
    members.sort_unstable();
    for &at in &members {
        let before = now_ms();
        let found = duplicates.like(at, PROPOSED);
        times.push(now_ms() - before);
        let own = group[&at];
        for like in found.iter().filter(|like| like.likeness >= SAME && group.contains_key(&like.text)) {
            proposed.insert((at.min(like.text), at.max(like.text)));
        }
        if size[own] > 1 {
            asked += 1.0;
            let same = |like: &crate::duplicates::Like| group.get(&like.text) == Some(&own);
            top1 += f64::from(u8::from(found.first().is_some_and(same)));
            top5 += f64::from(u8::from(found.iter().take(5).any(same)));
        }
    }
    let right = proposed.iter().filter(|(a, b)| group[a] == group[b]).count() as f64;
    let actual: f64 = size.values().map(|&n| (n * (n - 1) / 2) as f64).sum();
    Ok(json!({
        "task": "duplicates",
        "docs": docs.len(),
        "grouped": members.len(),
        "top1": round(top1 / f64::max(asked, 1.0)),
        "top5": round(top5 / f64::max(asked, 1.0)),
        "pair_f1": round(2.0 * right / (proposed.len() as f64 + actual).max(1.0)),
        "pair_precision": round(right / (proposed.len() as f64).max(1.0)),
        "pair_recall": round(right / actual.max(1.0)),
        "p99_ms": round(p99(times)),
    }))
}
