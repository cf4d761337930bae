//! Words that say nothing about the matter.

use std::sync::LazyLock;

use rustc_hash::FxHashSet;

static WORDS: LazyLock<FxHashSet<&'static str>> =
    LazyLock::new(|| include_str!("../data/stopwords.txt").split_whitespace().collect());

/// Tells whether a word is a function word, a polite phrase or a particle.
#[must_use]
pub fn is_stopword(word: &str) -> bool {
    WORDS.contains(word)
}
