//! Facts in a text: places, times, people, telephone numbers, amounts.

mod amount;
mod numeral;
mod person;
mod phone;
mod place;
mod time;

use serde::{Deserialize, Serialize};

pub use amount::Amount;
pub use time::Moment;

use crate::lexicon::Lexicon;

/// A fact and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Span<T> {
    /// First character of it in the text.
    pub start: usize,
    /// The character after the last.
    pub end: usize,
    /// As written.
    pub text: String,
    /// What it means.
    pub value: T,
}

/// What a text says.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Places, from the region down to the room.
    pub places: Vec<Span<()>>,
    /// Times, as intervals of local time.
    pub times: Vec<Span<Moment>>,
    /// People.
    pub people: Vec<Span<()>>,
    /// Telephone numbers, as digits.
    pub phones: Vec<Span<String>>,
    /// Amounts of money.
    pub amounts: Vec<Span<Amount>>,
}

/// Longest text that is looked at, in characters.
const LONGEST: usize = 10_000;

/// Finds the facts in a text. `now` is the local time at which it was said, which relative times refer to.
#[must_use]
pub fn extract(text: &str, now: chrono::NaiveDateTime, lexicon: &Lexicon) -> Facts {
    let short: String = text.chars().take(LONGEST).collect();
    let original: Vec<char> = short.chars().collect();
    let folded: String = crate::normalize::fold_aligned(&short).into_iter().collect();
    let text = Text { places: folded.char_indices().map(|(at, _)| at).collect(), folded: &folded, original };
    let phones = phone::find(&text);
    let amounts = amount::find(&text);
    let times = time::find(&text, now);
    let mut taken = vec![false; text.original.len()];
    let mut take = |start: usize, end: usize| taken[start..end].fill(true);
    phones.iter().for_each(|span| take(span.start, span.end));
    amounts.iter().for_each(|span| take(span.start, span.end));
    times.iter().for_each(|span| take(span.start, span.end));
    let tokens = lexicon.tag(&folded);
    let places = place::find(&text, &tokens, &taken);
    for span in &places {
        taken[span.start..span.end].fill(true);
    }
    let people = person::find(&text, &tokens, &taken);
    Facts { places, times, people, phones, amounts }
}

/// A text in the form that is compared, with the way back to the characters as written.
struct Text<'a> {
    folded: &'a str,
    /// Byte of each character of `folded`.
    places: Vec<usize>,
    original: Vec<char>,
}

impl Text<'_> {
    /// Returns the number of the character that begins at a byte of the folded text.
    fn at(&self, byte: usize) -> usize {
        self.places.partition_point(|&place| place < byte)
    }

    fn span<T>(&self, from: usize, to: usize, value: T) -> Span<T> {
        let (start, end) = (self.at(from), self.at(to));
        Span { start, end, text: self.original[start..end].iter().collect(), value }
    }
}
