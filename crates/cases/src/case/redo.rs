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
            && (one.state == ApplicationState::Open || one.asked_at >= case.settled_at.unwrap_or_default())
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
            format!("工单归档后 {} 日内可申请一次复查。", rules.reconsideration_days),
            format!(
                "Reconsideration can be asked for once, within {} days after the archive.",
                rules.reconsideration_days
            ),
        ));
    }
    let due_at = now.0 + rules.reconsideration_limit_days * DAY_MS;
    let data = json!({ "due_at": due_at });
    case.apply_for(ApplicationKind::Reconsideration, Decider::Leader, citizen, reason, data, now);
    if let Some(one) = case.applications.last_mut() {
        one.asked_by = None;
    }
    let fact = made(case, ApplicationKind::Reconsideration);
    Ok(Change::new(EntryKind::ReconsiderationAsked, "case.reconsideration").saying(reason).telling(fact))
}

/// Returns the reconsideration whose answer the citizen may still have examined: it stands, and nobody examined it.
fn examinable<'a>(case: &'a Case, rules: &OperationRules, now: Timestamp) -> Option<&'a Application> {
    let since = case.settled_at.unwrap_or_default();
    let last = case
        .applications
        .iter()
        .rfind(|one| one.kind == ApplicationKind::Reconsideration && one.asked_at >= since)
        .filter(|one| one.state == ApplicationState::Rejected)?;
    let in_time =
        last.decided_at.is_some_and(|at| now.millis_since(at) <= rules.re_examination_days * DAY_MS);
    let before = case
        .applications
        .iter()
        .any(|one| one.kind == ApplicationKind::ReExamination && one.asked_at >= since);
    (in_time && !before && case.status == Status::Archived).then_some(last)
}

/// Tells whether the citizen may still apply for re-examination (复核).
#[must_use]
pub fn can_be_re_examined(case: &Case, rules: &OperationRules, now: Timestamp) -> bool {
    examinable(case, rules, now).is_some()
}

/// Takes the citizen's application for re-examination down: once, within the city's days after the reconsideration
/// was answered.
///
/// # Errors
/// [`CaseError::Invalid`] without a reason; [`CaseError::Refused`] too early, too late, or a second time.
pub fn apply_for_re_examination(
    case: &mut Case,
    reason: &str,
    citizen: &Principal,
    rules: &OperationRules,
    now: Timestamp,
) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("text", reason, TEXT_MAX);
    check.done()?;
    let Some(first) = examinable(case, rules, now) else {
        return Err(CaseError::refused(
            "case.not_re_examined",
            format!("复查维持原答复后 {} 日内可申请一次复核。", rules.re_examination_days),
            format!(
                "Re-examination can be asked for once, within {} days after the reconsideration.",
                rules.re_examination_days
            ),
        ));
    };
    let data = json!({
        "due_at": now.0 + rules.re_examination_limit_days * DAY_MS,
        "first_by": first.decided_by,
        "first_by_name": first.decided_by_name,
    });
    case.apply_for(ApplicationKind::ReExamination, Decider::Leader, citizen, reason, data, now);
    if let Some(one) = case.applications.last_mut() {
        one.asked_by = None;
    }
    let fact = made(case, ApplicationKind::ReExamination);
    Ok(Change::new(EntryKind::ReExaminationAsked, "case.re_examination").saying(reason).telling(fact))
}

/// Answers the citizen's application on the level that is open: granted, the order is handled again; else the answer
/// stands, after a re-examination for good. The citizen reads the opinion either way. Whoever answered the
/// reconsideration does not examine it.
///
/// # Errors
/// [`CaseError::Invalid`] without an opinion; `case.same_examiner`.
pub fn reconsider(
    case: &mut Case,
    decision: &Decision,
    by: &Principal,
    now: Timestamp,
) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("opinion", &decision.opinion, TEXT_MAX);
    check.done()?;
    let again = case.open_application(ApplicationKind::ReExamination);
    if again.is_some_and(|one| one.data["first_by"].as_str() == Some(by.person_id.as_str())) {
        return Err(CaseError::refused(
            "case.same_examiner",
            "复核不能由作出复查意见的人办理，请由另一位领导办理。",
            "Whoever answered the reconsideration does not examine it; another leader does.",
        ));
    }
    let level =
        if again.is_some() { ApplicationKind::ReExamination } else { ApplicationKind::Reconsideration };
    let asked = case.decide(level, decision, by, now);
    let asked = asked.ok_or(CaseError::NotFound)?;
    let fact = decided(case, &asked, decision.approve);
    let kind = match (level, decision.approve) {
        (ApplicationKind::ReExamination, true) => EntryKind::ReExaminationGranted,
        (ApplicationKind::ReExamination, false) => EntryKind::ReExaminationRefused,
        (_, true) => EntryKind::ReconsiderationGranted,
        (_, false) => EntryKind::ReconsiderationRefused,
    };
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
