//! The machine that puts the others together and says how sure they are.

use serde::{Deserialize, Serialize};

/// How strongly its weights are kept from growing.
const DECAY: f64 = 1e-3;
/// Steps of learning.
const STEPS: usize = 400;
/// With more classes than this, a margin of one class says nothing of another: there are too few texts for each pair.
const CROSSED: usize = 24;

/// Multinomial regression over margins, with one weight for each part and class, and one constant for each class.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Stack {
    classes: usize,
    /// `scales[part]`, shared by the classes.
    scales: Vec<f64>,
    /// `across[part * classes * classes + from * classes + to]`: what a margin of one class says of another; empty
    /// with many classes.
    across: Vec<f64>,
    constants: Vec<f64>,
}

impl Stack {
    /// Learns from margins of texts that the parts had not seen; without any, sure is what margins say.
    pub(super) fn fit(margins: &[Vec<f32>], labels: &[usize], classes: usize, parts: usize) -> Self {
        let mut stack = Self {
            classes,
            scales: vec![2.0 / parts as f64; parts],
            across: if classes > CROSSED { Vec::new() } else { vec![0.0; parts * classes * classes] },
            constants: vec![0.0; classes],
        };
        let known: Vec<(&Vec<f32>, usize)> =
            margins.iter().zip(labels.iter().copied()).filter(|(row, _)| !row.is_empty()).collect();
        if known.is_empty() {
            return stack;
        }
        let total = known.len() as f64;
        let size = parts + stack.across.len() + classes;
        let (mut first, mut second) = (vec![0.0_f64; size], vec![0.0_f64; size]);
        let mut gradient = vec![0.0_f64; size];
        for step in 1..=STEPS {
            gradient.fill(0.0);
            for &(row, label) in &known {
                let shares = stack.exact_shares(row);
                for class in 0..classes {
                    let error = (shares[class] - f64::from(u8::from(class == label))) / total;
                    for part in 0..parts {
                        gradient[part] += error * f64::from(row[part * classes + class]);
                        for from in 0..if stack.across.is_empty() { 0 } else { classes } {
                            gradient[parts + part * classes * classes + from * classes + class] +=
                                error * f64::from(row[part * classes + from]);
                        }
                    }
                    gradient[parts + stack.across.len() + class] += error;
                }
            }
            for (at, slope) in gradient.iter_mut().enumerate() {
                let across = at.checked_sub(parts).filter(|i| *i < stack.across.len());
                if let Some(i) = across {
                    *slope += 10.0 * DECAY * stack.across[i];
                }
                first[at] = 0.9 * first[at] + 0.1 * *slope;
                second[at] = 0.999 * second[at] + 0.001 * *slope * *slope;
                let one = first[at] / (1.0 - 0.9_f64.powi(step as i32));
                let two = second[at] / (1.0 - 0.999_f64.powi(step as i32));
                let change = 0.05 * one / (two.sqrt() + 1e-8);
                match at {
                    part if part < parts => stack.scales[part] -= change,
                    _ => match across {
                        Some(i) => stack.across[i] -= change,
                        None => stack.constants[at - parts - stack.across.len()] -= change,
                    },
                }
            }
        }
        stack
    }

    /// Returns the share of each class; they add up to one.
    pub(super) fn shares(&self, margins: &[f32]) -> Vec<f32> {
        self.exact_shares(margins).into_iter().map(|share| share as f32).collect()
    }

    fn exact_shares(&self, margins: &[f32]) -> Vec<f64> {
        let classes = self.classes;
        let mut scores = self.constants.clone();
        for (part, scale) in self.scales.iter().enumerate() {
            for (from, &margin) in margins[part * classes..(part + 1) * classes].iter().enumerate() {
                let margin = f64::from(margin);
                scores[from] += scale * margin;
                if self.across.is_empty() {
                    continue;
                }
                let at = part * classes * classes + from * classes;
                for (score, across) in scores.iter_mut().zip(&self.across[at..at + classes]) {
                    *score += across * margin;
                }
            }
        }
        let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        for score in &mut scores {
            *score = (*score - top).exp();
        }
        let sum: f64 = scores.iter().sum();
        scores.iter().map(|score| score / sum).collect()
    }
}
