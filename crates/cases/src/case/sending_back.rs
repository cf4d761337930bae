//! Giving an order back to the centre because it is not the unit's (退回中心).

use contract::cases::CaseReturned;

use super::change::{Change, Fact, LimitInput};
use super::limit::LimitName;
use super::timeline::EntryKind;
use super::{Case, Status, Step};
use crate::error::{CaseError, Check, TEXT_MAX};

/// Why the unit gives the order back.
#[derive(Clone, Debug)]
pub struct SendingBack {
    /// The reason in words.
    pub reason: String,
}

/// Gives an order back to the dispatcher. The unit's limits end; the centre's begins anew.
///
/// # Errors
/// [`CaseError::Invalid`] without a reason.
pub fn send_back(case: &mut Case, sending_back: &SendingBack) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("reason", &sending_back.reason, TEXT_MAX);
    check.done()?;
    let mut change = give_back(case);
    change.text = Some(sending_back.reason.trim().to_owned());
    Ok(change)
}

/// Takes the order from its unit and brings it back to the dispatcher.
pub(super) fn give_back(case: &mut Case) -> Change {
    let step = if case.task(Step::Acceptance).is_some() { Step::Acceptance } else { Step::Handling };
    let unit_id = case.unit.take().map(|unit| unit.id);
    case.status = Status::Returned;
    case.person_id = None;
    case.dispatched_at = None;
    case.accepted_at = None;
    case.co_units.clear();
    case.standing.returns += 1;
    case.standing.sent = None;
    case.end_side_work();
    Change::new(EntryKind::SentBack, "case.return")
        .about_unit(unit_id.as_deref())
        .limiting(LimitInput::Cancel(LimitName::Accept))
        .limiting(LimitInput::Cancel(LimitName::Close))
        .limiting(LimitInput::Start(LimitName::Dispatch))
        .completing(step, "return")
        .telling(Fact::Returned(CaseReturned { case_id: case.id.clone(), unit_id }))
}
