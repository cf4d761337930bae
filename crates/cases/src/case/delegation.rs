//! Handling in another's stead (委派): a colleague of the unit does the work and answers; the result is still reported by
//! whoever has the order.

use contract::cases::ErrandGiven;
use kernel::{Principal, Timestamp};
use serde_json::json;

use super::Case;
use super::change::{Change, Fact};
use super::errand::{Errand, ErrandKind};
use super::timeline::EntryKind;
use crate::error::{CaseError, Check, TEXT_MAX};

/// Delegates to a person of the unit in charge; the caller has asked the directory.
///
/// # Errors
/// [`CaseError::Invalid`] without a text, to oneself, or to somebody who has it already.
pub fn delegate(
    case: &mut Case,
    person_id: &str,
    text: &str,
    by: &Principal,
    now: Timestamp,
) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("text", text, TEXT_MAX);
    if person_id == by.person_id {
        check.refuse("person_id", "self", "不能委派给自己。", "Not to yourself.");
    }
    if case.open_errands(ErrandKind::Delegation).any(|one| one.person_id.as_deref() == Some(person_id)) {
        check.refuse("person_id", "already", "已委派给该人员。", "This person has it already.");
    }
    check.done()?;
    let errand = Errand {
        person_id: Some(person_id.to_owned()),
        due_at: case.due_at,
        yellow_at: case.yellow_at,
        ..Errand::new(ErrandKind::Delegation, text, by, now)
    };
    let given = ErrandGiven {
        case_id: case.id.clone(),
        errand_id: errand.id.clone(),
        kind: ErrandKind::Delegation.code().to_owned(),
        unit_id: None,
        person_id: Some(person_id.to_owned()),
    };
    case.errands.push(errand);
    Ok(Change::new(EntryKind::Delegated, "case.delegation")
        .saying(text)
        .with(json!({ "person_id": person_id }))
        .telling(Fact::Given(given)))
}
