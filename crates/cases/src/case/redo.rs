//! Handling an order again because the citizen is not satisfied (重新办理, ORD-20): whoever made the return visit asks, a
//! leader decides. And the citizen's own application for reconsideration (复查复核, XF-01) after the archive.

use contract::cases::{ApplicationDecided, ApplicationMade};
use kernel::{Principal, Timestamp};
use serde_json::json;

use super::application::{Application, ApplicationKind, ApplicationState, Decider, Decision};
use super::change::{Change, CourseInput, Fact, LimitInput};
use super::closure;
use super::limit::LimitName;
use super::operation_rule::OperationRules;
use super::timeline::EntryKind;
use super::{Case, Status, Step};
use crate::error::{CaseError, Check, TEXT_MAX};

const DAY_MS: i64 = 86_400_000;

fn made(case: &Case, kind: ApplicationKind) -> Fact {
    Fact::Applied(ApplicationMade {
        case_id: case.id.clone(),
        kind: kind.code().to_owned(),
        unit_id: case.unit.as_ref().map(|unit| unit.id.clone()),
        decider: Decider::Leader.code().to_owned(),
    })
}

fn decided(case: &Case, asked: &Application, approved: bool) -> Fact {
    Fact::Decided(ApplicationDecided {
        case_id: case.id.clone(),
        kind: asked.kind.code().to_owned(),
        unit_id: asked.unit.as_ref().map(|unit| unit.id.clone()),
        asked_by: asked.asked_by.clone(),
        approved,
    })
}

/// Asks a leader whether the order shall be handled again.
///
/// # Errors
/// [`CaseError::Invalid`] without a reason.
pub fn ask(case: &mut Case, reason: &str, by: &Principal, now: Timestamp) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("reason", reason, TEXT_MAX);
    check.done()?;
    case.apply_for(ApplicationKind::Redo, Decider::Leader, by, reason, json!({}), now);
    let fact = made(case, ApplicationKind::Redo);
    Ok(Change::new(EntryKind::RedoAsked, "case.redo").saying(reason).telling(fact))
}

/// Decides whether the order is handled again: granted, it goes back to the dispatcher by the way that is drawn for
/// it; refused, the return visit can be finished.
///
/// # Errors
/// [`CaseError::Invalid`] when it is refused without an opinion.
pub fn decide(
    case: &mut Case,
    decision: &Decision,
    by: &Principal,
    now: Timestamp,
) -> Result<Change, CaseError> {
    decision.check()?;
    let asked = case.decide(ApplicationKind::Redo, decision, by, now).ok_or(CaseError::NotFound)?;
    let fact = decided(case, &asked, decision.approve);
    if !decision.approve {
        return Ok(Change::new(EntryKind::RedoRefused, "case.redo_decision")
            .saying(&decision.opinion)
            .telling(fact));
    }
    let at_visit = case.task(Step::ReturnVisit).is_some();
    let reopened = closure::start_again(case);
    let change = Change::new(EntryKind::RedoGranted, "case.redo_decision").saying(&decision.opinion);
    let change = if at_visit {
        change.completing(Step::ReturnVisit, "redo")
    } else {
        change.steering(CourseInput::Jump { step: Step::Dispatch })
    };
    Ok(change
        .limiting(LimitInput::Start(LimitName::Dispatch))
        .telling(fact)
        .telling(Fact::Reopened(reopened)))
}

/// Tells whether the citizen may still apply for reconsideration.
#[must_use]
pub fn can_be_reconsidered(case: &Case, rules: &OperationRules, now: Timestamp) -> bool {
    let in_time = |at: Timestamp| now.millis_since(at) <= rules.reconsideration_days * DAY_MS;
    let before = case.applications.iter().any(|one| {
        one.kind == ApplicationKind::Reconsideration
            && (one.state == ApplicationState::Open || one.asked_at > case.settled_at.unwrap_or_default())
    });
    !before && case.status == Status::Archived && case.archived_at.is_some_and(in_time)
}

/// Takes the citizen's application for reconsideration down.
///
/// # Errors
/// [`CaseError::Invalid`] without a reason; [`CaseError::Refused`] too early, too late, or a second time.
pub fn apply_for_reconsideration(
    case: &mut Case,
    reason: &str,
    citizen: &Principal,
    rules: &OperationRules,
    now: Timestamp,
) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("text", reason, TEXT_MAX);
    check.done()?;
    if !can_be_reconsidered(case, rules, now) {
        return Err(CaseError::refused(
            "case.not_reconsidered",
            format!("工单归档后 {} 日内可申请一次复查复核。", rules.reconsideration_days),
            format!(
                "Reconsideration can be asked for once, within {} days after the archive.",
                rules.reconsideration_days
            ),
        ));
    }
    case.apply_for(ApplicationKind::Reconsideration, Decider::Leader, citizen, reason, json!({}), now);
    if let Some(one) = case.applications.last_mut() {
        one.asked_by = None;
    }
    let fact = made(case, ApplicationKind::Reconsideration);
    Ok(Change::new(EntryKind::ReconsiderationAsked, "case.reconsideration").saying(reason).telling(fact))
}

/// Answers the citizen's application: granted, the order is handled again; else the answer stands. The citizen reads
/// the opinion either way.
///
/// # Errors
/// [`CaseError::Invalid`] without an opinion.
pub fn reconsider(
    case: &mut Case,
    decision: &Decision,
    by: &Principal,
    now: Timestamp,
) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("opinion", &decision.opinion, TEXT_MAX);
    check.done()?;
    let asked = case.decide(ApplicationKind::Reconsideration, decision, by, now);
    let asked = asked.ok_or(CaseError::NotFound)?;
    let fact = decided(case, &asked, decision.approve);
    let kind =
        if decision.approve { EntryKind::ReconsiderationGranted } else { EntryKind::ReconsiderationRefused };
    let mut change =
        Change::new(kind, "case.reconsideration_decision").saying(&decision.opinion).telling(fact);
    if decision.approve {
        let again = closure::Closure { reason: decision.opinion.clone() };
        let reopened = closure::reopen(case, &again, now)?;
        change.course.extend(reopened.course);
        change.limits.extend(reopened.limits);
        change.facts.extend(reopened.facts);
    }
    Ok(change)
}
