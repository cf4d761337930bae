//! A note on an order, for colleagues (备注).

use super::change::Change;
use super::timeline::EntryKind;
use crate::error::{CaseError, Check, TEXT_MAX};

/// Writes a note.
///
/// # Errors
/// [`CaseError::Invalid`] without a text.
pub fn note(text: &str) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("text", text, TEXT_MAX);
    check.done()?;
    Ok(Change::new(EntryKind::Noted, "case.note").saying(text))
}
