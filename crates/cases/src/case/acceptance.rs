//! A unit's acceptance of an order (签收).

use contract::cases::CaseAccepted;
use kernel::Timestamp;

use super::change::{Change, Fact, LimitInput};
use super::limit::LimitName;
use super::timeline::EntryKind;
use super::{Case, Status, Step};
use crate::error::CaseError;

/// Accepts an order; the limit for handling it begins, counted from the next working day.
///
/// # Errors
/// None of its own.
pub fn accept(case: &mut Case, now: Timestamp) -> Result<Change, CaseError> {
    case.status = Status::InProgress;
    case.standing.sent = None;
    case.accepted_at = Some(now);
    let unit_id = case.unit.as_ref().map(|unit| unit.id.clone());
    Ok(Change::new(EntryKind::Accepted, "case.accept")
        .about_unit(unit_id.as_deref())
        .limiting(LimitInput::Meet(LimitName::Accept))
        .limiting(LimitInput::Start(LimitName::Close))
        .completing(Step::Acceptance, "accept")
        .telling(Fact::Accepted(CaseAccepted { case_id: case.id.clone(), unit_id, due_at: None })))
}
