//! A close look at candidates.

use rustc_hash::FxHashMap;

use super::analysis::{Query, pairs};
use super::index::Hit;
use crate::normalize::{fold, tighten};

/// Orders candidates anew by what they say.
pub(super) fn rerank(query: &Query, weights: &FxHashMap<String, f32>, hits: &mut [Hit]) {
    let total: f32 = weights.values().sum::<f32>().max(1e-6);
    let asked = pairs(&query.folded);
    for hit in hits.iter_mut() {
        let title = fold(&tighten(&hit.document.title));
        let body = fold(&tighten(&hit.document.body));
        let met = |text: &str| -> f32 {
            query.words.iter().filter(|word| text.contains(word.as_str())).map(|word| weights[word]).sum()
        };
        let in_title = met(&title) / total;
        let anywhere = query
            .words
            .iter()
            .filter(|word| title.contains(word.as_str()) || body.contains(word.as_str()))
            .map(|word| weights[word])
            .sum::<f32>()
            / total;
        let run = longest_run(&query.folded, &title).max(longest_run(&query.folded, &body));
        let run_share = run as f32 / query.folded.chars().count().max(1) as f32;
        let pair_share = if asked.is_empty() {
            0.0
        } else {
            asked.iter().filter(|pair| title.contains(**pair) || body.contains(**pair)).count() as f32
                / asked.len() as f32
        };
        let exact = f32::from(u8::from(title == query.folded));
        let bonus = 1.0 + W[0] * anywhere + W[1] * in_title + W[2] * run_share + W[3] * pair_share + exact;
        hit.score *= bonus;
    }
    hits.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.document.id.cmp(&b.document.id)));
}

/// What the parts of a close look count.
const W: [f32; 4] = [0.6, 0.2, 0.8, 0.4];

/// Returns the length of the longest run of characters that both texts have.
fn longest_run(query: &str, text: &str) -> usize {
    let asked: Vec<char> = query.chars().take(80).collect();
    let mut previous = vec![0_usize; asked.len() + 1];
    let mut current = previous.clone();
    let mut longest = 0;
    for c in text.chars() {
        for (at, &known) in asked.iter().enumerate() {
            current[at + 1] = if known == c { previous[at] + 1 } else { 0 };
            longest = longest.max(current[at + 1]);
        }
        std::mem::swap(&mut previous, &mut current);
    }
    longest
}
