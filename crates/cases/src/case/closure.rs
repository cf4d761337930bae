//! Putting an order away (办结归档), and taking it up again (重新办理).
//!
//! This is the model of a behaviour: an input with its check, and a function for each direction that changes
//! the order's fields and says what else has to happen. `store/closure.rs` runs it in a transaction,
//! `http/closure.rs` serves it, `tests/closure.rs` tells its story.

use contract::cases::{CaseArchived, CaseReopened};
use kernel::Timestamp;

use super::change::{Change, CourseInput, Fact, LimitInput};
use super::limit::LimitName;
use super::timeline::EntryKind;
use super::{Case, Status, Step};
use crate::error::{CaseError, Check, TEXT_MAX};

/// Why an order is put away, or taken up again.
#[derive(Clone, Debug)]
pub struct Closure {
    /// The reason in words.
    pub reason: String,
}

impl Closure {
    fn check(&self) -> Result<(), CaseError> {
        let mut check = Check::default();
        check.text("reason", &self.reason, TEXT_MAX);
        check.done()
    }
}

/// Puts a settled order away.
///
/// # Errors
/// [`CaseError::Invalid`] without a reason.
pub fn close(case: &mut Case, closure: &Closure, now: Timestamp) -> Result<Change, CaseError> {
    closure.check()?;
    case.status = Status::Archived;
    case.archived_at = Some(now);
    case.cancel_errands(super::errand::ErrandKind::ALL);
    let archived =
        CaseArchived { case_id: case.id.clone(), unit_id: case.unit.as_ref().map(|unit| unit.id.clone()) };
    Ok(Change::new(EntryKind::Closed, "case.close")
        .saying(&closure.reason)
        .completing(Step::Closure, "close")
        .telling(Fact::Archived(archived)))
}

/// Takes an order up again: it goes back to the dispatcher, who has to give it out within the limit. The
/// citizen may rate it again when it is settled anew.
///
/// # Errors
/// [`CaseError::Invalid`] without a reason.
pub fn reopen(case: &mut Case, closure: &Closure, _now: Timestamp) -> Result<Change, CaseError> {
    closure.check()?;
    let reopened = start_again(case);
    Ok(Change::new(EntryKind::Reopened, "case.reopen")
        .saying(&closure.reason)
        .steering(CourseInput::Jump { step: Step::Dispatch })
        .limiting(LimitInput::Start(LimitName::Dispatch))
        .telling(Fact::Reopened(reopened)))
}

/// Makes the order one that waits for the dispatcher again.
pub(super) fn start_again(case: &mut Case) -> CaseReopened {
    let reopened =
        CaseReopened { case_id: case.id.clone(), unit_id: case.unit.as_ref().map(|unit| unit.id.clone()) };
    case.status = Status::DraftLogged;
    case.end_side_work();
    case.standing.sent = None;
    case.unit = None;
    case.person_id = None;
    case.dispatched_at = None;
    case.accepted_at = None;
    case.handled_at = None;
    case.settled_at = None;
    case.archived_at = None;
    case.in_time = None;
    case.stars = None;
    case.rated_by = None;
    case.visits = 0;
    case.reopened += 1;
    reopened
}
