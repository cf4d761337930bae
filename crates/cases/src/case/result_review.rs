//! The centre's review of a unit's result (结果审核).

use contract::cases::{CaseClosed, CaseReviewed};
use kernel::Timestamp;
use serde_json::json;

use super::change::{Change, Fact, LimitInput};
use super::limit::LimitName;
use super::timeline::EntryKind;
use super::{Case, Status, Step};
use crate::error::{CaseError, Check, TEXT_MAX};

/// What the centre decided.
#[derive(Clone, Debug)]
pub struct ResultReview {
    /// Whether the result is good; else the unit handles the order again.
    pub pass: bool,
    /// Why; required when it goes back.
    pub opinion: String,
}

/// Approves a result, or gives it back to the unit, whose limit then goes on as if nothing had been reported.
///
/// # Errors
/// [`CaseError::Invalid`] when it goes back without an opinion.
pub fn review_result(case: &mut Case, review: &ResultReview, now: Timestamp) -> Result<Change, CaseError> {
    let mut check = Check::default();
    if review.pass {
        check.optional("opinion", &review.opinion, TEXT_MAX);
    } else {
        check.text("opinion", &review.opinion, TEXT_MAX);
    }
    check.done()?;
    case.awaits_no_signature()?;
    let unit_id = case.unit.as_ref().map(|unit| unit.id.clone());
    let decision = if review.pass { "pass" } else { "back" };
    let reviewed = CaseReviewed {
        case_id: case.id.clone(),
        step: Step::ResultReview.code().to_owned(),
        decision: decision.to_owned(),
        unit_id: unit_id.clone(),
        created_by: case.created_by.clone(),
    };
    let kind = if review.pass { EntryKind::ResultPassed } else { EntryKind::ResultRejected };
    let change = Change::new(kind, "case.result_review")
        .saying(&review.opinion)
        .about_unit(unit_id.as_deref())
        .with(json!({ "decision": decision }))
        .completing(Step::ResultReview, decision)
        .telling(Fact::Reviewed(reviewed));
    if review.pass {
        case.status = Status::Approved;
        case.settled_at = Some(now);
        let closed = CaseClosed {
            case_id: case.id.clone(),
            unit_id,
            r#type: case.kind.code().to_owned(),
            in_time: case.in_time,
        };
        Ok(change.telling(Fact::Closed(closed)))
    } else {
        case.status = Status::Assigned;
        case.handled_at = None;
        case.in_time = None;
        Ok(change.limiting(LimitInput::Resume(LimitName::Close)))
    }
}
