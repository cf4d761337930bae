//! Linear machines, one for each class against all others.

use serde::{Deserialize, Serialize};

use super::features::Row;

/// How much an error costs against the size of the weights.
const COST: f32 = 1.0;
/// Most passes over the texts.
const PASSES: usize = 30;
/// The largest step of a pass below which learning ends.
const SMALL_STEP: f32 = 0.05;
/// The value of the constant feature.
const BIAS: f32 = 1.0;

/// Support vector machines with squared hinge loss, learned by dual coordinate descent (Hsieh et al. 2008), all
/// classes in one pass so that the weights of a feature stand side by side.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Linear {
    classes: usize,
    /// `weights[feature * classes + class]`; the constant feature is the last.
    weights: Vec<f32>,
}

impl Linear {
    pub(super) fn train(
        rows: &[Row],
        labels: &[usize],
        classes: usize,
        features: usize,
        evidence: bool,
    ) -> Self {
        let mut weights = vec![0.0_f32; (features + 1) * classes];
        let mut alphas = vec![0.0_f32; rows.len() * classes];
        let diagonal = 1.0 / (2.0 * COST);
        let scales = if evidence { evidence_of(rows, labels, classes, features) } else { Vec::new() };
        let mut lengths = vec![BIAS * BIAS + diagonal; rows.len() * classes];
        for (row, lengths) in rows.iter().zip(lengths.chunks_mut(classes)) {
            for &(feature, value) in row {
                for (class, length) in lengths.iter_mut().enumerate() {
                    let scale = scales.get(feature as usize * classes + class).copied().unwrap_or(1.0);
                    *length += (value * scale) * (value * scale);
                }
            }
        }
        let mut order: Vec<usize> = (0..rows.len()).collect();
        let mut chance = 0x9e37_79b9_7f4a_7c15_u64;
        let mut margins = vec![0.0_f32; classes];
        let mut steps = vec![0.0_f32; classes];
        let constant = features * classes;
        for _ in 0..PASSES {
            shuffle(&mut order, &mut chance);
            let mut largest = 0.0_f32;
            for &i in &order {
                margins.copy_from_slice(&weights[constant..constant + classes]);
                for margin in &mut margins {
                    *margin *= BIAS;
                }
                for &(feature, value) in &rows[i] {
                    let at = feature as usize * classes;
                    let weights = &weights[at..at + classes];
                    if evidence {
                        for ((margin, weight), scale) in
                            margins.iter_mut().zip(weights).zip(&scales[at..at + classes])
                        {
                            *margin += value * weight * scale;
                        }
                    } else {
                        for (margin, weight) in margins.iter_mut().zip(weights) {
                            *margin += value * weight;
                        }
                    }
                }
                let mut moved = false;
                for class in 0..classes {
                    let sign = if labels[i] == class { 1.0 } else { -1.0 };
                    let alpha = &mut alphas[i * classes + class];
                    let gradient = sign * margins[class] - 1.0 + diagonal * *alpha;
                    let projected = if *alpha <= 0.0 { gradient.min(0.0) } else { gradient };
                    largest = largest.max(projected.abs());
                    steps[class] = 0.0;
                    if projected.abs() > 1e-6 {
                        let next = (*alpha - gradient / lengths[i * classes + class]).max(0.0);
                        steps[class] = (next - *alpha) * sign;
                        *alpha = next;
                        moved = true;
                    }
                }
                if moved {
                    for &(feature, value) in &rows[i] {
                        let at = feature as usize * classes;
                        let weights = &mut weights[at..at + classes];
                        if evidence {
                            for ((weight, step), scale) in
                                weights.iter_mut().zip(&steps).zip(&scales[at..at + classes])
                            {
                                *weight += value * step * scale;
                            }
                        } else {
                            for (weight, step) in weights.iter_mut().zip(&steps) {
                                *weight += value * step;
                            }
                        }
                    }
                    for (weight, step) in weights[constant..].iter_mut().zip(&steps) {
                        *weight += BIAS * step;
                    }
                }
            }
            if largest < SMALL_STEP {
                break;
            }
        }
        for (weight, scale) in weights.iter_mut().zip(&scales) {
            *weight *= scale;
        }
        Self { classes, weights }
    }

    pub(super) fn margins(&self, row: &Row) -> Vec<f32> {
        let constant = self.weights.len() - self.classes;
        let mut margins: Vec<f32> = self.weights[constant..].iter().map(|w| w * BIAS).collect();
        for &(feature, value) in row {
            let at = feature as usize * self.classes;
            for (margin, weight) in margins.iter_mut().zip(&self.weights[at..at + self.classes]) {
                *margin += value * weight;
            }
        }
        margins
    }

    /// Returns by how much a feature speaks for `class` more than for the others on average.
    pub(super) fn lead(&self, feature: u32, class: usize) -> f32 {
        let at = feature as usize * self.classes;
        let weights = &self.weights[at..at + self.classes];
        let others: f32 = weights.iter().sum::<f32>() - weights[class];
        weights[class] - others / (self.classes - 1) as f32
    }
}

/// Returns, for each feature and class, the logarithm of how much more often it stands in texts of the class than in
/// others (Wang and Manning 2012).
fn evidence_of(rows: &[Row], labels: &[usize], classes: usize, features: usize) -> Vec<f32> {
    let mut inside = vec![0.0_f32; features * classes];
    let mut all = vec![0.0_f32; features];
    for (row, &label) in rows.iter().zip(labels) {
        for &(feature, _) in row {
            inside[feature as usize * classes + label] += 1.0;
            all[feature as usize] += 1.0;
        }
    }
    let mut sums = vec![0.0_f32; classes];
    for class in 0..classes {
        sums[class] = (0..features).map(|f| inside[f * classes + class] + 1.0).sum();
    }
    let total: f32 = all.iter().map(|count| count + 1.0).sum();
    let mut scales = inside;
    for feature in 0..features {
        for class in 0..classes {
            let own = scales[feature * classes + class] + 1.0;
            let other = all[feature] + 2.0 - own;
            let ratio = (own / sums[class]) / (other / (total - sums[class]).max(1.0));
            scales[feature * classes + class] = ratio.ln();
        }
    }
    scales
}

fn shuffle(order: &mut [usize], chance: &mut u64) {
    for i in (1..order.len()).rev() {
        *chance ^= *chance << 13;
        *chance ^= *chance >> 7;
        *chance ^= *chance << 17;
        order.swap(i, (*chance % (i as u64 + 1)) as usize);
    }
}
