//! Language: words, sounds, classes, answers and facts in Chinese text.
//!
//! A pure engine: no files, no network, no clock. Everything is deterministic, so that two runs over the same
//! text give the same figures.

pub mod answer;
pub mod classify;
pub mod duplicates;
pub mod eval;
pub mod extract;
pub mod lexicon;
pub mod normalize;
pub mod pinyin;
pub mod retrieve;
pub mod stopwords;
