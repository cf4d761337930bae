//! Finding texts: by words, by characters, by sound, and telling why.
//!
//! An index finds candidates quickly; [`rank`] then looks at the candidates themselves: how much of the question
//! they cover, how closely together, and whether they say it in the same words.

pub mod analysis;
pub mod index;
pub mod rank;
pub mod synonyms;

pub use analysis::{Analyzer, Query};
pub use index::{Document, Found, Hit, Index, IndexError};
pub use synonyms::Synonyms;
