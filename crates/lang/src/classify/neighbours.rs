//! What the most similar known texts were.

use serde::{Deserialize, Serialize};

use super::features::Row;

/// How many similar texts vote.
const VOTERS: usize = 12;

/// The known texts, to be found by their features.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Neighbours {
    classes: usize,
    labels: Vec<u32>,
    /// `starts[feature]..starts[feature + 1]` of `texts` and `values` have the feature.
    starts: Vec<u32>,
    texts: Vec<u32>,
    values: Vec<f32>,
}

impl Neighbours {
    pub(super) fn keep(rows: &[Row], labels: &[usize], classes: usize, features: usize) -> Self {
        let mut starts = vec![0_u32; features + 1];
        for (feature, _) in rows.iter().flatten() {
            starts[*feature as usize + 1] += 1;
        }
        for feature in 0..features {
            starts[feature + 1] += starts[feature];
        }
        let mut next = starts.clone();
        let total = starts[features] as usize;
        let (mut texts, mut values) = (vec![0; total], vec![0.0; total]);
        for (row, text) in rows.iter().zip(0_u32..) {
            for &(feature, value) in row {
                let at = &mut next[feature as usize];
                texts[*at as usize] = text;
                values[*at as usize] = value;
                *at += 1;
            }
        }
        Self { classes, labels: labels.iter().map(|&label| label as u32).collect(), starts, texts, values }
    }

    pub(super) fn votes(&self, row: &Row) -> Vec<f32> {
        let mut similar = vec![0.0_f32; self.labels.len()];
        for &(feature, value) in row {
            let range = self.starts[feature as usize] as usize..self.starts[feature as usize + 1] as usize;
            for (text, other) in self.texts[range.clone()].iter().zip(&self.values[range]) {
                similar[*text as usize] += value * other;
            }
        }
        let mut order: Vec<usize> = (0..similar.len()).collect();
        let voters = VOTERS.min(order.len());
        if voters < order.len() {
            order.select_nth_unstable_by(voters, |&a, &b| similar[b].total_cmp(&similar[a]).then(a.cmp(&b)));
        }
        let mut votes = vec![0.0_f32; self.classes];
        for &text in &order[..voters] {
            votes[self.labels[text] as usize] += similar[text] * similar[text];
        }
        let sum: f32 = votes.iter().sum::<f32>() + 0.05;
        for vote in &mut votes {
            *vote /= sum;
        }
        votes
    }
}
