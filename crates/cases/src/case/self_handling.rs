//! The centre handles an order itself (自办, ORD-13): no unit gets it, the result goes straight to the review.

use contract::cases::CaseFeedbackGiven;
use kernel::{Principal, Timestamp};
use serde_json::json;

use super::change::{Change, Fact, LimitInput};
use super::feedback::RESULT_MAX;
use super::limit::LimitName;
use super::timeline::EntryKind;
use super::{Case, Status, Step, UnitRef};
use crate::error::{CaseError, Check};

/// Reports the centre's own result.
///
/// # Errors
/// [`CaseError::Invalid`] without a result.
pub fn handle(case: &mut Case, result: &str, by: &Principal, now: Timestamp) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("result", result, RESULT_MAX);
    check.done()?;
    case.in_time = case.due_at.map(|due_at| now <= due_at);
    case.status = Status::Handled;
    case.unit = Some(UnitRef { id: by.unit_id.clone(), path: by.unit_path.clone() });
    case.standing.mode = Some("own".to_owned());
    case.standing.sent = None;
    case.dispatched_at = Some(now);
    case.accepted_at = Some(now);
    case.handled_at = Some(now);
    case.answer = Some(result.trim().to_owned());
    let given = CaseFeedbackGiven {
        case_id: case.id.clone(),
        unit_id: Some(by.unit_id.clone()),
        contacted: false,
        in_time: case.in_time,
    };
    Ok(Change::new(EntryKind::HandledByCentre, "case.self_handling")
        .saying(result)
        .about_unit(Some(&by.unit_id))
        .limiting(LimitInput::Meet(LimitName::Dispatch))
        .completing_with(Step::Dispatch, "dispatch", json!({ "unit_id": by.unit_id }))
        .completing(Step::Acceptance, "accept")
        .completing(Step::Handling, "feedback")
        .telling(Fact::FeedbackGiven(given)))
}
