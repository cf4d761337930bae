//! The shift leader's review of a fresh order (班长审核).

use contract::cases::CaseReviewed;
use serde_json::json;

use super::change::{Change, Fact};
use super::timeline::EntryKind;
use super::{Case, Step};
use crate::error::{CaseError, Check, TEXT_MAX};

/// What the shift leader decided.
#[derive(Clone, Debug)]
pub struct Review {
    /// Whether the order may go to the dispatcher; else its writer amends it.
    pub pass: bool,
    /// Why; required for a rejection.
    pub opinion: String,
}

/// Passes a fresh order on to the dispatcher, or back to its writer.
///
/// # Errors
/// [`CaseError::Invalid`] for a rejection without an opinion.
pub fn review(case: &mut Case, review: &Review) -> Result<Change, CaseError> {
    let mut check = Check::default();
    if review.pass {
        check.optional("opinion", &review.opinion, TEXT_MAX);
    } else {
        check.text("opinion", &review.opinion, TEXT_MAX);
    }
    check.done()?;
    let decision = if review.pass { "pass" } else { "reject" };
    let reviewed = CaseReviewed {
        case_id: case.id.clone(),
        step: Step::Review.code().to_owned(),
        decision: decision.to_owned(),
        unit_id: None,
        created_by: case.created_by.clone(),
    };
    let kind = if review.pass { EntryKind::ReviewPassed } else { EntryKind::ReviewRejected };
    Ok(Change::new(kind, "case.review")
        .saying(&review.opinion)
        .with(json!({ "decision": decision }))
        .completing(Step::Review, decision)
        .telling(Fact::Reviewed(reviewed)))
}
