//! Orders that change hands against the drawn way: passed to another unit (转办), taken back by whoever sent them
//! (撤回、拿回), or moved to another step by a leader (跳转).

use contract::cases::CaseMoved;
use kernel::{Principal, Timestamp};
use serde_json::json;

use super::change::{Change, CourseInput, Fact, LimitInput};
use super::errand::ErrandKind;
use super::limit::LimitName;
use super::standing::Sent;
use super::timeline::EntryKind;
use super::{Case, Status, Step, UnitRef};
use crate::error::{CaseError, Check, TEXT_MAX};

/// Remembers who passes the order on, so that it can be taken back until somebody opens it.
pub(crate) fn send(case: &mut Case, by: &Principal, now: Timestamp) {
    case.standing.sent = Some(Sent {
        by: by.person_id.clone(),
        from_unit: case.unit.clone(),
        from_person: case.person_id.clone(),
        at: now,
        opened_at: None,
    });
}

fn moved(case: &Case, how: &str, from: Option<String>) -> Fact {
    Fact::Moved(CaseMoved {
        case_id: case.id.clone(),
        how: how.to_owned(),
        from_unit_id: from,
        unit_id: case.unit.as_ref().map(|unit| unit.id.clone()),
    })
}

/// Ends the limits of a unit.
fn without_limits(change: Change) -> Change {
    change
        .limiting(LimitInput::Cancel(LimitName::Dispatch))
        .limiting(LimitInput::Cancel(LimitName::Accept))
        .limiting(LimitInput::Cancel(LimitName::Close))
}

/// Passes the order from its unit to another, which has to accept it anew.
///
/// # Errors
/// [`CaseError::Invalid`] without a reason, or to the same unit.
pub fn transfer(
    case: &mut Case,
    unit: &UnitRef,
    reason: &str,
    by: &Principal,
    now: Timestamp,
) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("reason", reason, TEXT_MAX);
    if case.unit.as_ref() == Some(unit) {
        check.refuse("unit_id", "same_unit", "该单位正是承办单位。", "The order is with this unit.");
    }
    check.done()?;
    send(case, by, now);
    let from = case.unit.replace(unit.clone()).map(|unit| unit.id);
    case.person_id = None;
    case.status = Status::Assigned;
    case.dispatched_at = Some(now);
    case.accepted_at = None;
    case.co_units.retain(|id| *id != unit.id);
    case.end_side_work();
    Ok(without_limits(Change::new(EntryKind::Transferred, "case.transfer"))
        .limiting(LimitInput::Start(LimitName::Accept))
        .steering(CourseInput::Jump { step: Step::Acceptance })
        .saying(reason)
        .about_unit(Some(&unit.id))
        .with(json!({ "from_unit_id": from }))
        .telling(moved(case, "transfer", from)))
}

/// Takes back what one has just passed on, before anybody on the other side has opened it.
///
/// # Errors
/// [`CaseError::Invalid`] without a reason; [`CaseError::Refused`] when it was opened.
pub fn recall(case: &mut Case, reason: &str, _now: Timestamp) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("reason", reason, TEXT_MAX);
    check.done()?;
    let sent = case.standing.sent.take().ok_or(CaseError::NotFound)?;
    if sent.opened_at.is_some() {
        return Err(CaseError::refused(
            "case.opened",
            "对方已查阅此工单，不能撤回。",
            "The other side has opened the order; it cannot be taken back.",
        ));
    }
    let from = case.unit.as_ref().map(|unit| unit.id.clone());
    let change = Change::new(EntryKind::Recalled, "case.recall").saying(reason).about_unit(from.as_deref());
    case.person_id = sent.from_person;
    case.unit = sent.from_unit;
    if case.unit.is_some() {
        // It went within a unit's tree, or from unit to unit: the task moves back, the limit goes on.
        return Ok(change.steering(CourseInput::Move).telling(moved(case, "recall", from)));
    }
    case.status = Status::DraftLogged;
    case.dispatched_at = None;
    case.accepted_at = None;
    case.co_units.clear();
    case.end_side_work();
    let first = case.standing.returns == 0 && case.reopened == 0;
    if first {
        case.standing.first_unit = None;
    }
    Ok(without_limits(change)
        .limiting(LimitInput::Start(LimitName::Dispatch))
        .steering(CourseInput::Jump { step: Step::Dispatch })
        .telling(moved(case, "recall", from)))
}

/// Moves the order to another step, drawn path or not.
///
/// # Errors
/// [`CaseError::Invalid`] without a reason, for a step that cannot be jumped to, or for one of a unit while no
/// unit has the order.
pub fn jump(case: &mut Case, step: Option<Step>, reason: &str, now: Timestamp) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("reason", reason, TEXT_MAX);
    let (status, limit) = match step {
        Some(Step::Review | Step::Dispatch) => (Status::DraftLogged, Some(LimitName::Dispatch)),
        Some(Step::Acceptance) => (Status::Assigned, Some(LimitName::Accept)),
        Some(Step::Handling) => (Status::InProgress, Some(LimitName::Close)),
        Some(Step::ResultReview) => (Status::Handled, None),
        Some(Step::ReturnVisit | Step::Closure) => (Status::Approved, None),
        _ => {
            check.refuse("step", "unknown", "请选择环节。", "Please choose a step.");
            (case.status, None)
        }
    };
    let step = step.unwrap_or(Step::Dispatch);
    if step.is_the_units() && case.unit.is_none() {
        check.refuse("step", "no_unit", "尚无承办单位，请先派单。", "No unit has it yet; dispatch it first.");
    }
    if case.task(step).is_some() {
        check.refuse("step", "same_step", "工单已在该环节。", "The order is at this step.");
    }
    check.done()?;
    let from = case.unit.as_ref().map(|unit| unit.id.clone());
    case.status = status;
    case.standing.sent = None;
    if matches!(step, Step::Review | Step::Dispatch) {
        case.unit = None;
        case.person_id = None;
        case.dispatched_at = None;
        case.accepted_at = None;
        case.co_units.clear();
    }
    match step {
        Step::Handling => case.accepted_at = case.accepted_at.or(Some(now)),
        Step::ResultReview => case.handled_at = case.handled_at.or(Some(now)),
        Step::ReturnVisit | Step::Closure => case.settled_at = case.settled_at.or(Some(now)),
        _ => {}
    }
    if !matches!(step, Step::ReturnVisit | Step::Closure) {
        case.settled_at = None;
    }
    if !matches!(step, Step::ResultReview | Step::ReturnVisit | Step::Closure) {
        case.handled_at = None;
        case.in_time = None;
    }
    case.cancel_errands(&[ErrandKind::CoHandling, ErrandKind::Summons, ErrandKind::Delegation]);
    case.drop_applications(super::application::ApplicationKind::ALL);
    let change = without_limits(Change::new(EntryKind::Jumped, "case.jump"))
        .saying(reason)
        .about_unit(from.as_deref())
        .with(json!({ "step": step.code() }))
        .steering(CourseInput::Jump { step })
        .telling(moved(case, "jump", from));
    Ok(match limit {
        Some(limit) => change.limiting(LimitInput::Start(limit)),
        None => change,
    })
}
