//! Texts as weighted features.

use std::hash::Hasher;

use rustc_hash::{FxHashMap, FxHasher};
use serde::{Deserialize, Serialize};

use crate::lexicon::{Lexicon, is_word};
use crate::normalize::{fold, tighten};
use crate::stopwords::is_stopword;

/// Longest run of characters that is a feature.
const LONGEST_GRAM: usize = 4;
/// Characters at the beginning that are looked at once more.
const HEAD_CHARS: usize = 36;
/// Texts that must have a feature before it counts.
const LEAST_TEXTS: u32 = 2;
/// Longest text that is looked at, in characters. What a text is about is said before that.
const LONGEST_TEXT: usize = 20_000;

/// A text without what says nothing.
#[derive(Debug, Clone, Default)]
pub(super) struct Prepared {
    /// Words in the order of the text.
    pub(super) words: Vec<String>,
    /// The same as characters, words joined.
    pub(super) chars: Vec<char>,
}

/// Cuts a text and drops what says nothing about the matter: function words, numbers, single letters.
///
/// Training texts often come cut and cleaned by somebody; dropping the same here makes raw texts alike.
pub(super) fn prepare(text: &str, lexicon: &Lexicon) -> Prepared {
    let short: String = text.chars().take(LONGEST_TEXT).collect();
    let plain = fold(&tighten(&short));
    let mut prepared = Prepared::default();
    for word in lexicon.cut(&plain) {
        let telling = is_word(word)
            && !is_stopword(word)
            && !word.chars().all(|c| c.is_ascii_digit() || c == '.' || c == '%')
            && (word.len() > 2 || !word.is_ascii());
        if telling {
            prepared.words.push(word.to_owned());
            prepared.chars.extend(word.chars());
        }
    }
    prepared
}

/// What the features of a block are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    /// Runs of one to four characters.
    Chars,
    /// Words and pairs of neighbours.
    Words,
    /// Runs of characters and words of the beginning, where people say what they want.
    Head,
    /// Words, each weighed for each class by how much more often it stands in its texts.
    Evidence,
}

impl Kind {
    pub(super) const ALL: [Self; 4] = [Self::Chars, Self::Words, Self::Head, Self::Evidence];
}

/// A text as features and their values, sorted by feature, of length one.
pub(super) type Row = Vec<(u32, f32)>;

/// The features that count, and what they weigh.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Block {
    kind: Kind,
    known: FxHashMap<u64, (u32, f32)>,
}

impl Block {
    pub(super) fn learn(kind: Kind, texts: &[&Prepared]) -> Self {
        let mut counts: FxHashMap<u64, u32> = FxHashMap::default();
        let mut once: FxHashMap<u64, u32> = FxHashMap::default();
        for text in texts {
            once.clear();
            each(kind, text, |feature| *once.entry(feature).or_default() += 1);
            for &feature in once.keys() {
                *counts.entry(feature).or_default() += 1;
            }
        }
        let mut chosen: Vec<(u64, u32)> =
            counts.into_iter().filter(|&(_, count)| count >= LEAST_TEXTS).collect();
        chosen.sort_unstable();
        let total = texts.len() as f32;
        let known = chosen
            .into_iter()
            .zip(0_u32..)
            .map(|((feature, count), at)| (feature, (at, ((1.0 + total) / (1.0 + count as f32)).ln() + 1.0)))
            .collect();
        Self { kind, known }
    }

    pub(super) fn kind(&self) -> Kind {
        self.kind
    }

    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    pub(super) fn row(&self, text: &Prepared) -> Row {
        let mut counts: FxHashMap<u32, (f32, f32)> = FxHashMap::default();
        each(self.kind, text, |feature| {
            if let Some(&(at, weight)) = self.known.get(&feature) {
                counts.entry(at).or_insert((0.0, weight)).0 += 1.0;
            }
        });
        let mut row: Row =
            counts.into_iter().map(|(at, (count, weight))| (at, (1.0 + count.ln()) * weight)).collect();
        row.sort_unstable_by_key(|&(at, _)| at);
        let length = row.iter().map(|&(_, value)| value * value).sum::<f32>().sqrt();
        if length > 0.0 {
            for (_, value) in &mut row {
                *value /= length;
            }
        }
        row
    }

    /// Returns the feature of a single word and its weight.
    pub(super) fn single(&self, word: &str) -> Option<(u32, f32)> {
        self.known.get(&hash_str(word, 0)).copied()
    }
}

fn each(kind: Kind, text: &Prepared, mut tell: impl FnMut(u64)) {
    match kind {
        Kind::Chars => grams(&text.chars, &mut tell),
        Kind::Words | Kind::Evidence => words(&text.words, &mut tell),
        Kind::Head => {
            grams(&text.chars[..text.chars.len().min(HEAD_CHARS)], &mut tell);
            words(&text.words[..text.words.len().min(HEAD_CHARS / 3)], &mut tell);
        }
    }
}

fn grams(chars: &[char], tell: &mut impl FnMut(u64)) {
    for start in 0..chars.len() {
        let mut hasher = FxHasher::default();
        for &c in chars[start..].iter().take(LONGEST_GRAM) {
            hasher.write_u32(c as u32);
            tell(hasher.finish());
        }
    }
}

fn words(words: &[String], tell: &mut impl FnMut(u64)) {
    for (at, word) in words.iter().enumerate() {
        let single = hash_str(word, 0);
        tell(single);
        if let Some(next) = words.get(at + 1) {
            tell(hash_str(next, single | 1));
        }
    }
}

fn hash_str(word: &str, seed: u64) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write_u64(seed);
    hasher.write(word.as_bytes());
    hasher.finish()
}
