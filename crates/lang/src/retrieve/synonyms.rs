//! Words that mean the same.

use rustc_hash::FxHashMap;

use crate::normalize::fold;

/// Groups of words that stand for each other.
#[derive(Debug, Clone, Default)]
pub struct Synonyms(FxHashMap<String, Vec<String>>);

impl Synonyms {
    /// Returns the groups that come with the product, with `more` beside them.
    ///
    /// A group is a line of words with spaces between.
    #[must_use]
    pub fn new<'a>(more: impl IntoIterator<Item = &'a str>) -> Self {
        let mut groups: FxHashMap<String, Vec<String>> = FxHashMap::default();
        let shipped = include_str!("../../data/synonyms.txt").lines().filter(|line| !line.starts_with('#'));
        for line in shipped.chain(more) {
            let words: Vec<String> = line.split_whitespace().map(fold).collect();
            for word in &words {
                let others = groups.entry(word.clone()).or_default();
                for other in &words {
                    if other != word && !others.contains(other) {
                        others.push(other.clone());
                    }
                }
            }
        }
        Self(groups)
    }

    /// Returns the words that may stand for `word`.
    #[must_use]
    pub fn of(&self, word: &str) -> &[String] {
        self.0.get(word).map_or(&[], Vec::as_slice)
    }

    /// Returns every word of every group, so that the dictionary can know them.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}
