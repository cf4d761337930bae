//! Ending an order before it is settled: not accepted (不予受理, ORD-16) or void (废弃, ORD-19); and taking that back.

use contract::cases::{CaseEnded, CaseRestored};
use kernel::Timestamp;
use serde_json::json;

use super::change::{Change, CourseInput, Fact, LimitInput};
use super::limit::LimitName;
use super::standing::Before;
use super::timeline::EntryKind;
use super::{Case, Status, Step};
use crate::error::{CaseError, Check, TEXT_MAX};

/// Why an order is ended.
#[derive(Clone, Debug)]
pub struct Ending {
    /// The word of the dictionary, known to exist.
    pub ground: String,
    /// Its name, for the time line.
    pub ground_name: String,
    /// What the citizen is told, or why it is void.
    pub reason: String,
}

impl Ending {
    fn check(&self) -> Result<(), CaseError> {
        let mut check = Check::default();
        check.text("reason", &self.reason, TEXT_MAX);
        check.done()
    }
}

/// Says that the hotline may not deal with the matter. The citizen reads the ground and the reason.
///
/// # Errors
/// [`CaseError::Invalid`] without a reason.
pub fn refuse(case: &mut Case, ending: &Ending, now: Timestamp) -> Result<Change, CaseError> {
    end(case, ending, Status::NotAccepted, now)
}

/// Says that it was no matter at all: a test, a nuisance, written twice.
///
/// # Errors
/// [`CaseError::Invalid`] without a reason.
pub fn void(case: &mut Case, ending: &Ending, now: Timestamp) -> Result<Change, CaseError> {
    end(case, ending, Status::Voided, now)
}

fn end(case: &mut Case, ending: &Ending, status: Status, _now: Timestamp) -> Result<Change, CaseError> {
    ending.check()?;
    leave(case);
    case.status = status;
    case.standing.ground = Some(ending.ground.clone());
    case.standing.ended_because = Some(ending.reason.trim().to_owned());
    let (kind, audit) = match status {
        Status::NotAccepted => (EntryKind::NotAccepted, "case.non_acceptance"),
        _ => (EntryKind::Voided, "case.void"),
    };
    let unit_id = case.unit.as_ref().map(|unit| unit.id.clone());
    let ended = CaseEnded {
        case_id: case.id.clone(),
        status: status.code().to_owned(),
        ground: ending.ground.clone(),
        unit_id: unit_id.clone(),
        created_by: case.created_by.clone(),
    };
    Ok(stop(Change::new(kind, audit))
        .saying(&ending.reason)
        .about_unit(unit_id.as_deref())
        .with(json!({ "ground": ending.ground, "ground_name": ending.ground_name }))
        .telling(Fact::Ended(ended)))
}

/// Remembers where the order stands and lets go of what stands beside its course.
pub(super) fn leave(case: &mut Case) {
    // What is not of the flow, such as an errand, comes after the flow's own step.
    let step = case.tasks.iter().find(|task| task.token.is_some()).map_or(Step::Dispatch, |task| task.step);
    case.standing.before = Some(Before { status: case.status, step });
    case.standing.sent = None;
    case.end_side_work();
}

/// Ends the course and every limit.
pub(super) fn stop(change: Change) -> Change {
    change
        .steering(CourseInput::Cancel)
        .limiting(LimitInput::Cancel(LimitName::Dispatch))
        .limiting(LimitInput::Cancel(LimitName::Accept))
        .limiting(LimitInput::Cancel(LimitName::Close))
}

/// Takes the order up again where it was ended.
///
/// # Errors
/// [`CaseError::Invalid`] without a reason.
pub fn restore(case: &mut Case, reason: &str, _now: Timestamp) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("reason", reason, TEXT_MAX);
    check.done()?;
    case.standing.ground = None;
    case.standing.ended_because = None;
    let unit_id = case.unit.as_ref().map(|unit| unit.id.clone());
    let restored = CaseRestored { case_id: case.id.clone(), unit_id: unit_id.clone() };
    Ok(resume(case, Change::new(EntryKind::Restored, "case.restore"))
        .saying(reason)
        .about_unit(unit_id.as_deref())
        .telling(Fact::Restored(restored)))
}

/// Goes on where [`leave`] left off. The limit of that step begins anew; that of handling goes on as if
/// nothing had happened, because the citizen has waited meanwhile.
pub(super) fn resume(case: &mut Case, change: Change) -> Change {
    let before =
        case.standing.before.take().unwrap_or(Before { status: Status::DraftLogged, step: Step::Dispatch });
    case.status = before.status;
    let limit = match before.step {
        Step::Review | Step::Amendment | Step::Dispatch => Some(LimitInput::Start(LimitName::Dispatch)),
        Step::Acceptance => Some(LimitInput::Start(LimitName::Accept)),
        Step::Handling => Some(LimitInput::Resume(LimitName::Close)),
        _ => None,
    };
    let change = change.steering(CourseInput::Jump { step: before.step });
    match limit {
        Some(limit) => change.limiting(limit),
        None => change,
    }
}
