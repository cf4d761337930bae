//! A unit's report of its result to the centre (办理反馈, DEP-06).

use contract::cases::CaseFeedbackGiven;
use kernel::Timestamp;
use serde_json::json;

use super::application::ApplicationKind;
use super::change::{Change, Fact, LimitInput};
use super::errand::ErrandKind;
use super::limit::LimitName;
use super::timeline::EntryKind;
use super::{Case, Status, Step};
use crate::error::{CaseError, Check};

/// The longest result, in characters.
pub const RESULT_MAX: usize = 5000;

/// What the unit reports.
#[derive(Clone, Debug)]
pub struct Feedback {
    /// The result, in words that the citizen will read.
    pub result: String,
    /// Whether the unit spoke with the citizen.
    pub contacted: bool,
    /// Whether the unit does not wait for helpers who have not answered.
    pub without_helpers: bool,
}

/// Reports a result; the unit's limit ends here.
///
/// # Errors
/// [`CaseError::Invalid`] without a result.
pub fn give_feedback(case: &mut Case, feedback: &Feedback, now: Timestamp) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("result", &feedback.result, RESULT_MAX);
    check.done()?;
    let helpers = [ErrandKind::CoHandling, ErrandKind::Summons];
    let waiting = helpers.iter().map(|kind| case.open_errands(*kind).count()).sum::<usize>();
    if waiting > 0 && !feedback.without_helpers {
        return Err(CaseError::refused(
            "case.helpers_open",
            format!("还有 {waiting} 个协办单位未反馈；确需先行办结，请勾选“不等待协办单位”。"),
            format!("{waiting} helping units have not answered; say that you do not wait for them, or wait."),
        ));
    }
    case.awaits_no_signature()?;
    case.cancel_errands(&helpers);
    case.standing.sent = None;
    case.status = Status::Handled;
    case.drop_applications(&[ApplicationKind::Extension]);
    case.cancel_errands(&[ErrandKind::Delegation]);
    case.handled_at = Some(now);
    case.answer = Some(feedback.result.trim().to_owned());
    case.in_time = case.due_at.map(|due_at| now <= due_at);
    let unit_id = case.unit.as_ref().map(|unit| unit.id.clone());
    let given = CaseFeedbackGiven {
        case_id: case.id.clone(),
        unit_id: unit_id.clone(),
        contacted: feedback.contacted,
        in_time: case.in_time,
    };
    Ok(Change::new(EntryKind::FeedbackGiven, "case.feedback")
        .saying(&feedback.result)
        .about_unit(unit_id.as_deref())
        .with(json!({ "contacted": feedback.contacted, "in_time": case.in_time }))
        .limiting(LimitInput::Meet(LimitName::Close))
        .completing(Step::Handling, "feedback")
        .telling(Fact::FeedbackGiven(given)))
}
