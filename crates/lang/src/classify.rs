//! Which class a text belongs to, how sure that is, and why.
//!
//! Linear machines over characters and over words, put together by a small one that was taught on texts the
//! others had not seen. What it returns as confidence is therefore close to how often it is right.

mod features;
mod linear;
mod neighbours;
mod stack;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::lexicon::Lexicon;
use features::{Block, Kind, Row};
use linear::Linear;
use neighbours::Neighbours;
use stack::Stack;

/// Parts into which the training texts are divided, to teach the machine that puts the others together.
const FOLDS: usize = 4;
/// Reasons that are returned with a class.
const REASONS: usize = 6;

/// What keeps a classifier from being trained.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrainError {
    /// There are no texts.
    #[error("there are no texts to learn from")]
    Empty,
    /// All texts have the same label.
    #[error("texts of at least two classes are needed; all are `{0}`")]
    OneClass(String),
}

/// A text and the class that a person gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// The class.
    pub label: String,
    /// The text, as written or cut into words.
    pub text: String,
}

/// A part of the text that speaks for the class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// The word as it is compared.
    pub text: String,
    /// How much it weighs; the reasons of a prediction are comparable among themselves.
    pub weight: f32,
}

/// What the classifier says of a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// The likeliest class.
    pub label: String,
    /// How often a prediction as sure as this one is right, 0 to 1.
    pub confidence: f32,
    /// All classes with their confidence, likeliest first.
    pub ranked: Vec<(String, f32)>,
    /// Words that speak for the class, strongest first; empty when nothing of the text is known.
    pub reasons: Vec<Reason>,
}

/// A trained classifier.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Classifier {
    labels: Vec<String>,
    parts: Vec<Part>,
    stack: Stack,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Part {
    block: Block,
    model: Linear,
    neighbours: Option<Neighbours>,
}

impl Classifier {
    /// Learns from samples. The same samples in the same order give the same classifier.
    ///
    /// # Errors
    /// When there are no samples or only one class.
    pub fn train(samples: &[Sample], lexicon: &Lexicon) -> Result<Self, TrainError> {
        let mut labels: Vec<String> = samples.iter().map(|sample| sample.label.clone()).collect();
        labels.sort();
        labels.dedup();
        match labels.as_slice() {
            [] => return Err(TrainError::Empty),
            [only] => return Err(TrainError::OneClass(only.clone())),
            _ => {}
        }
        let index: FxHashMap<&str, usize> =
            labels.iter().enumerate().map(|(i, label)| (label.as_str(), i)).collect();
        let classes: Vec<usize> = samples.iter().map(|sample| index[sample.label.as_str()]).collect();
        let texts: Vec<features::Prepared> =
            samples.iter().map(|sample| features::prepare(&sample.text, lexicon)).collect();

        let mut seen = vec![0_usize; labels.len()];
        let fold_of: Vec<usize> = classes
            .iter()
            .map(|&class| {
                seen[class] += 1;
                seen[class] % FOLDS
            })
            .collect();
        let mut margins: Vec<Vec<f32>> = vec![Vec::new(); samples.len()];
        if samples.len() >= FOLDS * labels.len() {
            for fold in 0..FOLDS {
                let inside: Vec<usize> = (0..samples.len()).filter(|&i| fold_of[i] != fold).collect();
                let parts = train_parts(&texts, &classes, &inside, labels.len());
                for i in (0..samples.len()).filter(|&i| fold_of[i] == fold) {
                    margins[i] = margins_of(&parts, &texts[i], labels.len());
                }
            }
        }
        let everything: Vec<usize> = (0..samples.len()).collect();
        let parts = train_parts(&texts, &classes, &everything, labels.len());
        let stack = Stack::fit(&margins, &classes, labels.len(), Kind::ALL.len() + 1);
        Ok(Self { labels, parts, stack })
    }

    /// Returns the classes it knows, sorted.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Says what a text is about.
    #[must_use]
    pub fn classify(&self, text: &str, lexicon: &Lexicon) -> Prediction {
        let prepared = features::prepare(text, lexicon);
        let margins = margins_of(&self.parts, &prepared, self.labels.len());
        let shares = self.stack.shares(&margins);
        let mut order: Vec<usize> = (0..self.labels.len()).collect();
        order.sort_by(|&a, &b| shares[b].total_cmp(&shares[a]).then(a.cmp(&b)));
        let best = order[0];
        Prediction {
            label: self.labels[best].clone(),
            confidence: shares[best],
            ranked: order.iter().map(|&i| (self.labels[i].clone(), shares[i])).collect(),
            reasons: self.reasons(&prepared, best),
        }
    }

    fn reasons(&self, prepared: &features::Prepared, class: usize) -> Vec<Reason> {
        let Some(part) = self.parts.iter().find(|part| part.block.kind() == Kind::Words) else {
            return Vec::new();
        };
        let mut found: Vec<Reason> = Vec::new();
        for word in &prepared.words {
            if found.iter().any(|reason| reason.text == *word) {
                continue;
            }
            if let Some((feature, value)) = part.block.single(word) {
                let weight = part.model.lead(feature, class) * value;
                if weight > 0.0 {
                    found.push(Reason { text: word.clone(), weight });
                }
            }
        }
        found.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.text.cmp(&b.text)));
        found.truncate(REASONS);
        found
    }
}

fn train_parts(
    texts: &[features::Prepared],
    classes: &[usize],
    inside: &[usize],
    class_count: usize,
) -> Vec<Part> {
    let own: Vec<usize> = inside.iter().map(|&i| classes[i]).collect();
    std::thread::scope(|scope| {
        let workers: Vec<_> = Kind::ALL
            .iter()
            .map(|&kind| {
                let own = &own;
                scope.spawn(move || {
                    let chosen: Vec<&features::Prepared> = inside.iter().map(|&i| &texts[i]).collect();
                    let block = Block::learn(kind, &chosen);
                    let rows: Vec<Row> = chosen.iter().map(|text| block.row(text)).collect();
                    let model = Linear::train(&rows, own, class_count, block.len(), kind == Kind::Evidence);
                    let neighbours =
                        (kind == Kind::Words).then(|| Neighbours::keep(&rows, own, class_count, block.len()));
                    Part { block, model, neighbours }
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().expect("learning does not panic")).collect()
    })
}

fn margins_of(parts: &[Part], text: &features::Prepared, class_count: usize) -> Vec<f32> {
    let mut margins = Vec::with_capacity((parts.len() + 1) * class_count);
    for part in parts {
        let row = part.block.row(text);
        margins.extend(part.model.margins(&row));
        if let Some(neighbours) = &part.neighbours {
            margins.extend(neighbours.votes(&row));
        }
    }
    margins
}
