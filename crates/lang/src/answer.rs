//! Answers from known questions, with a confidence that says how often such an answer is right.
//!
//! How sure to be is learned from the entries themselves: their questions, garbled as people garble them, are
//! asked once with the entry present and once without it.

use rustc_hash::FxHashSet;

use crate::normalize::{fold, tighten};
use crate::retrieve::analysis::pairs;
use crate::retrieve::{Analyzer, Document, Found, Hit, Index, IndexError};

/// Entries whose questions are tried out to learn how sure to be.
const TRIED: usize = 400;
/// Confidence from which an answer is given; below it a person takes over.
pub const SURE: f32 = 0.5;
/// How much of a question is garbled, in tenths, and how many other matters are told of beside it.
const TOLD: [(u64, usize); 6] = [(1, 0), (3, 0), (4, 1), (5, 2), (5, 5), (6, 9)];
/// Features of a find.
const FEATURES: usize = 9;

/// What was found for a question.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// Entries, best first.
    pub hits: Vec<Hit>,
    /// How often a first entry like this one is right, 0 to 1.
    pub confidence: f32,
}

impl Answer {
    /// Returns the entry to answer with, or `None` when a person should.
    #[must_use]
    pub fn sure(&self) -> Option<&Hit> {
        self.hits.first().filter(|_| self.confidence >= SURE)
    }
}

/// How sure to be of what an index finds.
#[derive(Debug, Clone)]
pub struct Calibration {
    weights: [f64; FEATURES],
}

impl Default for Calibration {
    fn default() -> Self {
        Self { weights: [-4.0, 1.5, 1.5, 2.0, 1.0, 1.0, 0.5, 2.0, 0.0] }
    }
}

impl Calibration {
    /// Learns from entries that stand in `index`. Few entries change little of what is known beforehand.
    ///
    /// # Errors
    /// When the index is damaged.
    pub fn learn(entries: &[Document], index: &Index, analyzer: &Analyzer) -> Result<Self, IndexError> {
        let step = entries.len().div_ceil(TRIED).max(1);
        let mut chance = 0x2545_f491_4f6c_dd1d_u64;
        let mut known: Vec<([f64; FEATURES], f64, f64)> = Vec::new();
        for (at, entry) in entries.iter().enumerate().step_by(step) {
            for (strength, others) in TOLD {
                let mut question = garble(&entry.title, strength, analyzer, &mut chance);
                // People tell more than the question: of the circumstances, and of other matters.
                if others > 0 {
                    question.extend(entry.body.chars().skip(8).take(12));
                }
                for one in 0..others {
                    let other = &entries[(at * 7 + 3 + one * 31) % entries.len()].title;
                    question.push_str(&garble(other, 6, analyzer, &mut chance));
                }
                let query = analyzer.query(&question);
                let found = index.search(&query, 5, |_| true)?;
                if let Some(first) = found.hits.first() {
                    // Two entries that ask the same are both right.
                    let right = first.document.id == entry.id || first.document.title == entry.title;
                    known.push((features(&query.folded, analyzer, &found), f64::from(u8::from(right)), 1.0));
                }
                let without = index
                    .search(&query, 5, |document| document.id != entry.id && document.title != entry.title)?;
                if !without.hits.is_empty() {
                    known.push((features(&query.folded, analyzer, &without), 0.0, 0.5));
                }
            }
        }
        let mut calibration = Self::default();
        calibration.fit(&known);
        Ok(calibration)
    }

    /// Searches and says how sure to be.
    ///
    /// # Errors
    /// When the index is damaged.
    pub fn answer(
        &self,
        typed: &str,
        index: &Index,
        analyzer: &Analyzer,
        keep: impl Fn(&Document) -> bool,
    ) -> Result<Answer, IndexError> {
        let query = analyzer.query(typed);
        let found = index.search(&query, 5, keep)?;
        if found.hits.is_empty() {
            return Ok(Answer::default());
        }
        let confidence = self.share(&features(&query.folded, analyzer, &found)) as f32;
        Ok(Answer { hits: found.hits, confidence })
    }

    fn share(&self, features: &[f64; FEATURES]) -> f64 {
        let sum: f64 = self.weights.iter().zip(features).map(|(w, f)| w * f).sum();
        1.0 / (1.0 + (-sum).exp())
    }

    fn fit(&mut self, known: &[([f64; FEATURES], f64, f64)]) {
        let prior = self.weights;
        let total: f64 = known.iter().map(|(_, _, weight)| weight).sum::<f64>().max(1.0);
        for _ in 0..600 {
            let mut gradient = [0.0; FEATURES];
            for (features, right, weight) in known {
                let error = (self.share(features) - right) * weight / total;
                for (slope, feature) in gradient.iter_mut().zip(features) {
                    *slope += error * feature;
                }
            }
            for ((weight, slope), before) in self.weights.iter_mut().zip(gradient).zip(prior) {
                *weight -= 2.0 * (slope + (*weight - before) * 2.0 / (total + 200.0));
            }
        }
    }
}

fn features(folded: &str, analyzer: &Analyzer, found: &Found) -> [f64; FEATURES] {
    let first = &found.hits[0];
    let title = fold(&tighten(&first.document.title));
    let body = fold(&tighten(&first.document.body));
    let words: FxHashSet<String> = analyzer.words(folded).into_iter().collect();
    let weight = |word: &String| f64::from(found.weights.get(word).copied().unwrap_or(6.0));
    let all: f64 = words.iter().map(weight).sum::<f64>().max(1e-6);
    let met = |text: &str| words.iter().filter(|w| text.contains(w.as_str())).map(weight).sum::<f64>() / all;
    let asked: FxHashSet<&str> = pairs(folded).into_iter().collect();
    let titled: FxHashSet<&str> = pairs(&title).into_iter().collect();
    let shared = asked.intersection(&titled).count() as f64;
    let dice = 2.0 * shared / (asked.len() + titled.len()).max(1) as f64;
    let back = shared / titled.len().max(1) as f64;
    // A long question says much beside its matter: what counts then is how much of the entry it asks for.
    let own: FxHashSet<String> = analyzer.words(&title).into_iter().collect();
    let all_own: f64 = own.iter().map(weight).sum::<f64>().max(1e-6);
    let asked_for = own.iter().filter(|w| folded.contains(w.as_str())).map(weight).sum::<f64>() / all_own;
    let second = found.hits.get(1).map_or(0.0, |hit| f64::from(hit.score / first.score.max(1e-6)));
    [
        1.0,
        met(&title),
        dice,
        1.0 - second,
        met(&body).max(met(&title)),
        back,
        f64::from(u8::from(words.len() > 2)),
        asked_for,
        (words.len() as f64 / 10.0).ln_1p(),
    ]
}

/// Garbles a question: drops words, swaps in synonyms, mistypes.
fn garble(question: &str, strength: u64, analyzer: &Analyzer, chance: &mut u64) -> String {
    let mut next = |below: u64| {
        *chance ^= *chance << 13;
        *chance ^= *chance >> 7;
        *chance ^= *chance << 17;
        *chance % below
    };
    let folded = fold(&tighten(question));
    let mut out = String::new();
    for word in analyzer.lexicon().cut(&folded) {
        if next(10) < strength {
            match analyzer.synonyms().of(word).first() {
                Some(other) => out.push_str(other),
                None if next(3) == 0 => out.extend(word.chars().skip(1)),
                None => {}
            }
        } else {
            out.push_str(word);
        }
    }
    if out.chars().count() < 2 { folded } else { out }
}
