//! Asking the unit in charge for more speed (催办).

use contract::cases::CaseUrged;

use super::Case;
use super::change::{Change, Fact};
use super::timeline::EntryKind;
use crate::error::{CaseError, Check, TEXT_MAX};

/// Urges the unit in charge.
///
/// # Errors
/// [`CaseError::Invalid`] without a text.
pub fn urge(case: &Case, text: &str) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("text", text, TEXT_MAX);
    check.done()?;
    let unit_id = case.unit.as_ref().map(|unit| unit.id.clone());
    Ok(Change::new(EntryKind::Urged, "case.urge").saying(text).about_unit(unit_id.as_deref()).telling(
        Fact::Urged(CaseUrged { case_id: case.id.clone(), unit_id, person_id: case.person_id.clone() }),
    ))
}
