//! One caller, several matters (拆单): each part becomes an order of its own; the original keeps the first matter.

use serde_json::json;

use super::change::Change;
use super::draft::{CONTENT_MAX, Draft, TITLE_MAX};
use super::timeline::EntryKind;
use super::{Case, Source};
use crate::error::{CaseError, Check};

/// So many parts at most.
pub const PARTS_MAX: usize = 5;

/// A matter of its own.
#[derive(Clone, Debug)]
pub struct Part {
    /// What it is about.
    pub title: String,
    /// What happened and what is asked for.
    pub content: String,
    /// Its category; that of the original where absent.
    pub category_id: Option<String>,
}

/// Checks the parts, and tells on the original what was split off.
///
/// # Errors
/// [`CaseError::Invalid`] without a part, or with an empty one.
pub fn split(parts: &[Part]) -> Result<Change, CaseError> {
    let mut check = Check::default();
    if !(1..=PARTS_MAX).contains(&parts.len()) {
        check.refuse("parts", "out_of_range", "请填写 1 至 5 个分单事项。", "1 to 5 parts.");
    }
    for part in parts.iter().take(PARTS_MAX) {
        check.text("title", &part.title, TITLE_MAX);
        check.text("content", &part.content, CONTENT_MAX);
    }
    check.done()?;
    let titles: Vec<&str> = parts.iter().map(|part| part.title.trim()).collect();
    Ok(Change::new(EntryKind::Split, "case.split")
        .saying(&titles.join("\n"))
        .with(json!({ "parts": titles })))
}

/// Tells on a part where it comes from.
#[must_use]
pub fn split_off(origin: &Case) -> Change {
    Change::new(EntryKind::SplitOff, "case.split_off")
        .with(json!({ "origin_id": origin.id, "number": origin.number }))
}

/// Tells on the original what a part is called.
#[must_use]
pub fn part_written(part: &Case) -> Change {
    Change::new(EntryKind::PartWritten, "case.part_written")
        .saying(&part.title)
        .with(json!({ "part_id": part.id, "number": part.number }))
}

/// Makes the draft of a part, for the same citizen at the same place.
#[must_use]
pub fn draft(case: &Case, part: &Part) -> Draft {
    Draft {
        kind: case.kind,
        category_id: part.category_id.clone().or_else(|| case.category_id.clone()),
        title: part.title.clone(),
        content: part.content.clone(),
        citizen: case.citizen.clone(),
        confidential: case.confidential,
        place: case.place.clone(),
        call_id: case.call_id.clone(),
        preliminary_opinion: None,
        answer: None,
        urgency: case.urgency,
        // Without a category the portal's rule holds: the centre chooses one.
        source: if case.category_id.is_none() { Source::Portal } else { case.source },
    }
}
