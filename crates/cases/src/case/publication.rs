//! Settled orders that the city shows to everybody (公开办件, FBK-03): an editor approves and blacks out what points
//! at the citizen.

use lang::extract::Facts;

use super::Case;
use crate::error::{CaseError, Check};

/// What stands for a person.
const SOMEBODY: &str = "某某";
/// What stands for a house or a flat.
const SOMEWHERE: &str = "某处";
/// What stands for a number.
const SOME_NUMBER: &str = "＊＊＊";
/// Words after the number of a house, a flat, a floor.
const HOUSES: &str = "号室栋幢弄楼层座单";
/// So many digits in a row may be a telephone, an identity card, an account.
const DIGITS: usize = 6;

/// The words that everybody will read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicText {
    /// The title.
    pub title: String,
    /// What was asked.
    pub content: String,
    /// What was done.
    pub result: String,
}

impl PublicText {
    /// Checks what an editor wrote: complete, bounded, and without the citizen's own name and number, which no
    /// editor may overlook.
    ///
    /// # Errors
    /// [`CaseError::Invalid`] field by field.
    pub fn check(&self, case: &Case) -> Result<(), CaseError> {
        let mut check = Check::default();
        check.text("title", &self.title, 100);
        check.text("content", &self.content, 5_000);
        check.text("result", &self.result, 5_000);
        for (field, text) in [("title", &self.title), ("content", &self.content), ("result", &self.result)] {
            if case.citizen.masked_in(text) != *text {
                check.refuse(
                    field,
                    "names_the_citizen",
                    "含有诉求人的姓名或电话，请隐去。",
                    "The citizen's name or number is in it; please black it out.",
                );
            }
        }
        check.done()
    }
}

/// Checks that an order may be shown: settled, and not confidential.
///
/// # Errors
/// [`CaseError::Refused`].
pub fn check_publishable(case: &Case) -> Result<(), CaseError> {
    if case.confidential {
        return Err(CaseError::refused(
            "publication.confidential",
            "保密工单不能公开。",
            "A confidential order is not shown.",
        ));
    }
    if !case.status.is_settled() || case.answer.as_deref().is_none_or(str::is_empty) {
        return Err(CaseError::refused(
            "publication.not_settled",
            "工单办结并有答复后方可公开。",
            "An order can be shown once it is settled and answered.",
        ));
    }
    Ok(())
}

/// Proposes what to black out in a text: the citizen, other people, numbers, and where exactly somebody lives.
#[must_use]
pub fn redact(text: &str, case: &Case, facts: &Facts) -> String {
    let mut spans: Vec<(usize, usize, &str)> = Vec::new();
    spans.extend(facts.phones.iter().map(|span| (span.start, span.end, SOME_NUMBER)));
    spans.extend(facts.people.iter().map(|span| (span.start, span.end, SOMEBODY)));
    let exact = ['号', '室', '栋', '幢', '弄', '楼'];
    let houses = facts.places.iter().filter(|span| span.text.contains(exact) || span.text.contains("单元"));
    spans.extend(houses.map(|span| (span.start, span.end, SOMEWHERE)));
    spans.sort_unstable();
    let mut redacted = String::with_capacity(text.len());
    let characters: Vec<char> = text.chars().collect();
    let mut at = 0;
    for (start, end, instead) in spans {
        if start < at || end > characters.len() {
            continue;
        }
        redacted.extend(&characters[at..start]);
        redacted.push_str(instead);
        at = end;
    }
    redacted.extend(&characters[at..]);
    without_numbers(&case.citizen.masked_in(&redacted))
}

/// Blacks out long numbers, and those of houses and flats, which stand before such a word.
fn without_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut digits = String::new();
    let mut before = ' ';
    for c in text.chars().chain(std::iter::once('\0')) {
        if c.is_ascii_digit() || (!digits.is_empty() && matches!(c, 'X' | 'x')) {
            digits.push(c);
            continue;
        }
        if digits.chars().filter(char::is_ascii_digit).count() >= DIGITS {
            out.push_str(SOME_NUMBER);
        } else if !digits.is_empty() && HOUSES.contains(c) && before != '月' {
            out.push('＊');
        } else {
            out.push_str(&digits);
        }
        digits.clear();
        before = c;
        if c != '\0' {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_go_and_short_ones_stay() {
        assert_eq!(
            without_numbers("身份证11010119900307761X，3盏灯，电话13900001234"),
            "身份证＊＊＊，3盏灯，电话＊＊＊"
        );
        assert_eq!(without_numbers("2026年3月2号"), "2026年3月2号");
        assert_eq!(without_numbers("云水路18号3单元502室"), "云水路＊号＊单元＊室");
    }
}
