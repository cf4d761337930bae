//! Texts and questions as terms.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::synonyms::Synonyms;
use crate::lexicon::{Lexicon, is_word};
use crate::normalize::{fold, is_han, tighten};
use crate::pinyin;
use crate::stopwords::is_stopword;

/// Characters of a body whose sound can be searched: who types by ear types what it is about.
const SOUNDED: usize = 240;
/// Words of a title whose initials may be typed together.
const INITIAL_WORDS: usize = 4;
/// Initials that are typed together.
const INITIAL_LETTERS: usize = 8;
/// Longest question that is looked at, in characters.
const LONGEST_QUESTION: usize = 600;
/// What a synonym counts against the word itself.
const SYNONYM: f32 = 0.45;

/// Terms of a text, by field; within a field they are separated by spaces.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Terms {
    /// Words of the title.
    pub title_words: String,
    /// Pairs of characters of the title.
    pub title_pairs: String,
    /// Words of the body.
    pub body_words: String,
    /// Pairs of characters of the body.
    pub body_pairs: String,
    /// Pairs of syllables, and initials of words.
    pub sounds: String,
}

/// A field of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// [`Terms::title_words`].
    TitleWords,
    /// [`Terms::title_pairs`].
    TitlePairs,
    /// [`Terms::body_words`].
    BodyWords,
    /// [`Terms::body_pairs`].
    BodyPairs,
    /// [`Terms::sounds`].
    Sounds,
}

/// A question as it is searched.
#[derive(Debug, Clone)]
pub struct Query {
    /// The question in the form that is compared.
    pub folded: String,
    /// Its telling words.
    pub words: Vec<String>,
    /// Words that may stand for a word of the question: the word, its stand-in.
    pub synonyms: Vec<(String, String)>,
    /// What is looked up: field, term, weight.
    pub terms: Vec<(Field, String, f32)>,
}

/// Cuts texts and questions by a dictionary and synonyms.
#[derive(Debug, Clone)]
pub struct Analyzer {
    lexicon: Arc<Lexicon>,
    synonyms: Arc<Synonyms>,
}

impl Analyzer {
    /// Makes an analyzer.
    #[must_use]
    pub fn new(lexicon: Arc<Lexicon>, synonyms: Arc<Synonyms>) -> Self {
        Self { lexicon, synonyms }
    }

    /// Returns the dictionary.
    #[must_use]
    pub fn lexicon(&self) -> &Lexicon {
        &self.lexicon
    }

    /// Returns the words that mean the same.
    #[must_use]
    pub fn synonyms(&self) -> &Synonyms {
        &self.synonyms
    }

    /// Returns the terms of a text.
    #[must_use]
    pub fn terms(&self, title: &str, body: &str) -> Terms {
        let title = fold(&tighten(title));
        let body = fold(&tighten(body));
        let heard: String = title.chars().chain(body.chars().take(SOUNDED)).collect();
        let mut sounds = sound_pairs(&heard);
        // Who types initials types those of a word, or of some that stand together.
        let cut = self.lexicon.cut(&title);
        for from in 0..cut.len() {
            let mut run = String::new();
            for word in cut[from..].iter().take(INITIAL_WORDS) {
                if !word.chars().all(is_han) {
                    break;
                }
                run.push_str(word);
                if (2..=INITIAL_LETTERS).contains(&run.chars().count()) {
                    sounds.push(format!("i_{}", pinyin::initials(&run)));
                }
            }
        }
        let whole: String = title.chars().filter(|c| is_han(*c)).take(12).collect();
        sounds.push(format!("i_{}", pinyin::initials(&whole)));
        Terms {
            title_words: self.words(&title).join(" "),
            title_pairs: pairs(&title).join(" "),
            body_words: self.words(&body).join(" "),
            body_pairs: pairs(&body).join(" "),
            sounds: sounds.join(" "),
        }
    }

    /// Returns the telling words of folded text, in order.
    #[must_use]
    pub fn words(&self, folded: &str) -> Vec<String> {
        self.lexicon
            .cut_for_search(folded)
            .into_iter()
            .filter(|word| is_word(word) && !is_stopword(word))
            .map(str::to_owned)
            .collect()
    }

    /// Makes a question out of what somebody typed.
    #[must_use]
    pub fn query(&self, typed: &str) -> Query {
        let short: String = typed.chars().take(LONGEST_QUESTION).collect();
        let folded = fold(&tighten(&short));
        let mut seen: FxHashSet<String> = FxHashSet::default();
        let mut words: Vec<String> =
            self.words(&folded).into_iter().filter(|word| seen.insert(word.clone())).collect();
        if words.is_empty() {
            words = self
                .lexicon
                .cut_for_search(&folded)
                .into_iter()
                .filter(|word| is_word(word) && seen.insert((*word).to_owned()))
                .map(str::to_owned)
                .collect();
        }
        let mut terms = Vec::new();
        let mut synonyms = Vec::new();
        for word in &words {
            terms.push((Field::TitleWords, word.clone(), 1.6));
            terms.push((Field::BodyWords, word.clone(), 1.0));
            for other in self.synonyms.of(word) {
                if seen.contains(other) {
                    continue;
                }
                synonyms.push((word.clone(), other.clone()));
                for part in self.words(other) {
                    terms.push((Field::TitleWords, part.clone(), 1.6 * SYNONYM));
                    terms.push((Field::BodyWords, part, SYNONYM));
                }
            }
        }
        let mut met: FxHashSet<&str> = FxHashSet::default();
        for pair in pairs(&folded) {
            if met.insert(pair) {
                terms.push((Field::TitlePairs, pair.to_owned(), 0.8));
                terms.push((Field::BodyPairs, pair.to_owned(), 0.7));
            }
        }
        let mut once: FxHashSet<String> = FxHashSet::default();
        for sound in sound_pairs(&folded) {
            if once.insert(sound.clone()) {
                terms.push((Field::Sounds, sound, 0.25));
            }
        }
        for letters in folded.split(|c: char| !c.is_ascii_lowercase()).filter(|run| run.len() >= 2) {
            if let Some(syllables) = pinyin::divide(letters) {
                let blurred: Vec<String> = syllables.iter().map(|s| pinyin::blur(s)).collect();
                for pair in blurred.windows(2) {
                    terms.push((Field::Sounds, format!("{}-{}", pair[0], pair[1]), 1.0));
                }
            }
            if letters.len() <= 12 {
                terms.push((Field::Sounds, format!("i_{letters}"), 1.5));
            }
        }
        Query { folded, words, synonyms, terms }
    }
}

/// Returns pairs of neighbouring Chinese characters, and single ones that stand alone.
pub(crate) fn pairs(folded: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut previous: Option<usize> = None;
    for (at, c) in folded.char_indices() {
        if is_han(c) {
            if let Some(before) = previous {
                out.push(&folded[before..at + c.len_utf8()]);
            }
            previous = Some(at);
        } else {
            previous = None;
        }
    }
    out
}

fn sound_pairs(folded: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut previous: Option<String> = None;
    for (_, syllable) in pinyin::read(folded) {
        let blurred = syllable.map(pinyin::blur);
        if let (Some(before), Some(now)) = (&previous, &blurred) {
            out.push(format!("{before}-{now}"));
        }
        previous = blurred;
    }
    out
}
