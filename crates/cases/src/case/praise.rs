//! Thanks and praise of citizens (表扬), recorded to a unit and a person.

use serde_json::json;

use super::change::Change;
use super::timeline::EntryKind;
use crate::error::{CaseError, Check, TEXT_MAX};

/// Praise for a unit, or for somebody there. Both exist: the caller has asked the directory.
#[derive(Clone, Debug)]
pub struct Praise {
    /// The unit.
    pub unit_id: String,
    /// The person, if the citizen named one.
    pub person_id: Option<String>,
    /// What the citizen said.
    pub text: String,
}

/// Records praise.
///
/// # Errors
/// [`CaseError::Invalid`] without a text.
pub fn praise(praise: &Praise) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("text", &praise.text, TEXT_MAX);
    check.done()?;
    Ok(Change::new(EntryKind::Praised, "case.praise")
        .saying(&praise.text)
        .about_unit(Some(&praise.unit_id))
        .with(json!({ "person_id": praise.person_id })))
}
