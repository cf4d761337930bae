//! Words: the general dictionary, the city's own words over it, and the text cut into them.

use std::sync::{Arc, PoisonError, RwLock};

use jieba_rs::Jieba;

use crate::normalize::is_han;

/// How common a domain word is taken to be: enough to beat the pieces it is made of.
const DOMAIN_FREQUENCY: usize = 100_000;

/// A dictionary that text is cut by. It does not change; a changed one takes its place.
#[derive(Debug)]
pub struct Lexicon {
    jieba: Jieba,
}

impl Lexicon {
    /// Makes the general dictionary with `words` over it.
    #[must_use]
    pub fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let mut jieba = Jieba::new();
        for word in DOMAIN.split_whitespace().chain(words) {
            if word.chars().count() > 1 {
                jieba.add_word(word, Some(DOMAIN_FREQUENCY), None);
            }
        }
        Self { jieba }
    }

    /// Cuts a text into words, each with all characters of the text between its neighbours.
    #[must_use]
    pub fn cut<'a>(&self, text: &'a str) -> Vec<&'a str> {
        self.jieba.cut(text, false).into_iter().map(|token| token.word).collect()
    }

    /// Cuts a text into words and, for long words, also the shorter ones inside.
    #[must_use]
    pub fn cut_for_search<'a>(&self, text: &'a str) -> Vec<&'a str> {
        self.jieba.cut_for_search(text, false).into_iter().map(|token| token.word).collect()
    }

    /// Cuts a text into words and says what kind each is, by the marks of the general dictionary (`nr` is a
    /// person, `ns` a place).
    #[must_use]
    pub fn tag<'a>(&'a self, text: &'a str) -> Vec<Tagged<'a>> {
        let mut start = 0;
        self.jieba
            .tag(text, true)
            .into_iter()
            .map(|tag| {
                let tagged = Tagged { word: tag.word, tag: tag.tag, start };
                start += tag.word.len();
                tagged
            })
            .collect()
    }

    /// Tells whether the dictionary has a word.
    #[must_use]
    pub fn has(&self, word: &str) -> bool {
        self.jieba.has_word(word)
    }
}

/// A word with its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tagged<'a> {
    /// The word.
    pub word: &'a str,
    /// Its kind.
    pub tag: &'a str,
    /// Its first byte in the text.
    pub start: usize,
}

const DOMAIN: &str = include_str!("../data/domain.txt");

/// The place where the dictionary in force stands; readers keep theirs until they are done.
#[derive(Debug)]
pub struct LexiconCell(RwLock<Arc<Lexicon>>);

impl LexiconCell {
    /// Makes a place with a first dictionary.
    #[must_use]
    pub fn new(lexicon: Lexicon) -> Self {
        Self(RwLock::new(Arc::new(lexicon)))
    }

    /// Returns the dictionary in force.
    #[must_use]
    pub fn load(&self) -> Arc<Lexicon> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts another dictionary in force, at once and as a whole.
    pub fn swap(&self, lexicon: Lexicon) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(lexicon);
    }
}

/// Tells whether a token carries meaning: it has a letter, a digit or a Chinese character.
#[must_use]
pub fn is_word(token: &str) -> bool {
    token.chars().any(|c| c.is_alphanumeric() || is_han(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domain_words_stay_whole() {
        let lexicon = Lexicon::new(["云州湾"]);
        assert!(lexicon.cut("云州湾路灯不亮").contains(&"云州湾"));
        assert!(lexicon.cut("小区门口路灯不亮").contains(&"路灯"));
    }

    #[test]
    fn a_swapped_dictionary_leaves_readers_theirs() {
        let cell = LexiconCell::new(Lexicon::new([]));
        let before = cell.load();
        cell.swap(Lexicon::new(["锦绣澜湾"]));
        assert!(!before.has("锦绣澜湾"));
        assert!(cell.load().has("锦绣澜湾"));
    }
}
