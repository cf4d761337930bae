//! Supervision (督办, SLA-11, SLA-12): somebody insists, the unit answers within a limit, the answer is evaluated.
//! An order may be supervised again; every round stays on record.

use contract::cases::{ErrandAnswered, ErrandGiven};
use kernel::{Principal, Timestamp};
use serde_json::json;

use super::Case;
use super::change::{Change, Fact};
use super::errand::{Errand, ErrandKind, ErrandState};
use super::operation_rule::OperationRules;
use super::timeline::EntryKind;
use crate::error::{CaseError, Check, TEXT_MAX};

/// The longest limit for an answer, in working days.
const DAYS_MAX: i64 = 30;

/// What is insisted on.
#[derive(Clone, Debug)]
pub struct Supervision {
    /// The opinion.
    pub opinion: String,
    /// Working days for the answer; the city's rule where absent.
    pub days: Option<i64>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Evaluation {
    /// Which supervision; the latest answered one where absent.
    pub errand_id: Option<String>,
    /// Whether the answer is good.
    pub good: bool,
    /// Why; required when it is not.
    pub opinion: String,
}

/// Supervises the unit in charge: a new task for whoever has the order there.
///
/// # Errors
/// [`CaseError::Invalid`] without an opinion or for an odd limit.
pub fn supervise(
    case: &mut Case,
    supervision: &Supervision,
    by: &Principal,
    rules: &OperationRules,
    now: Timestamp,
) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("opinion", &supervision.opinion, TEXT_MAX);
    if supervision.days.is_some_and(|days| !(1..=DAYS_MAX).contains(&days)) {
        check.refuse("days", "out_of_range", "回复时限为 1 至 30 个工作日。", "1 to 30 working days.");
    }
    check.done()?;
    let days = supervision.days.and_then(|days| u32::try_from(days).ok()).unwrap_or(rules.supervision_days);
    Ok(give(case, &supervision.opinion, by, days, now))
}

/// Supervises because a limit was missed.
#[must_use]
pub fn supervise_by_itself(
    case: &mut Case,
    by: &Principal,
    rules: &OperationRules,
    now: Timestamp,
) -> Change {
    give(case, "办理时限已过，请立即办理并说明超期原因。", by, rules.supervision_days, now)
}

fn give(case: &mut Case, opinion: &str, by: &Principal, days: u32, now: Timestamp) -> Change {
    let round = case.errands.iter().filter(|one| one.kind == ErrandKind::Supervision).count() + 1;
    let errand = Errand {
        unit: case.unit.clone(),
        person_id: case.person_id.clone(),
        days: Some(days),
        data: json!({ "round": round }),
        given_by: Some(by.person_id.clone()).filter(|id| !id.is_empty()),
        ..Errand::new(ErrandKind::Supervision, opinion, by, now)
    };
    let unit_id = case.unit.as_ref().map(|unit| unit.id.clone());
    let given = ErrandGiven {
        case_id: case.id.clone(),
        errand_id: errand.id.clone(),
        kind: ErrandKind::Supervision.code().to_owned(),
        unit_id: unit_id.clone(),
        person_id: case.person_id.clone(),
    };
    case.errands.push(errand);
    Change::new(EntryKind::Supervised, "case.supervise")
        .saying(opinion)
        .about_unit(unit_id.as_deref())
        .with(json!({ "round": round, "days": days }))
        .telling(Fact::Given(given))
}

/// Answers the supervision.
///
/// # Errors
/// [`CaseError::Invalid`] without a text.
pub fn reply(case: &mut Case, text: &str, by: &Principal, now: Timestamp) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("text", text, TEXT_MAX);
    check.done()?;
    let errand = case.errand_of_mut(ErrandKind::Supervision, by).ok_or(CaseError::NotFound)?;
    errand.answer(text, by, now);
    let in_time = errand.due_at.is_none_or(|due_at| now <= due_at);
    let answered = ErrandAnswered {
        errand_id: errand.id.clone(),
        kind: ErrandKind::Supervision.code().to_owned(),
        given_by: errand.given_by.clone(),
        unit_id: errand.unit.as_ref().map(|unit| unit.id.clone()),
        case_id: case.id.clone(),
    };
    let unit_id = answered.unit_id.clone();
    Ok(Change::new(EntryKind::SupervisionAnswered, "case.supervision_reply")
        .saying(text)
        .about_unit(unit_id.as_deref())
        .with(json!({ "in_time": in_time }))
        .telling(Fact::Answered(answered)))
}

/// Evaluates an answer; a poor one can be followed by another supervision.
///
/// # Errors
/// [`CaseError::Invalid`] for a poor answer without an opinion, or when that supervision was not answered.
pub fn evaluate(
    case: &mut Case,
    evaluation: &Evaluation,
    by: &Principal,
    now: Timestamp,
) -> Result<Change, CaseError> {
    let mut check = Check::default();
    if evaluation.good {
        check.optional("opinion", &evaluation.opinion, TEXT_MAX);
    } else {
        check.text("opinion", &evaluation.opinion, TEXT_MAX);
    }
    let errand = case.errands.iter_mut().rev().find(|one| {
        one.kind == ErrandKind::Supervision
            && one.state == ErrandState::Answered
            && evaluation.errand_id.as_ref().is_none_or(|id| *id == one.id)
    });
    let Some(errand) = errand else {
        check.refuse("errand_id", "unknown", "没有待评价的督办回复。", "There is no such answer.");
        return Err(check.done().err().unwrap_or(CaseError::NotFound));
    };
    check.done()?;
    errand.state = ErrandState::Evaluated;
    errand.grade = Some(if evaluation.good { "good" } else { "poor" }.to_owned());
    errand.evaluation = Some(evaluation.opinion.trim().to_owned()).filter(|text| !text.is_empty());
    errand.evaluated_at = Some(now);
    errand.evaluated_by_name = Some(by.name.clone());
    let unit_id = errand.unit.as_ref().map(|unit| unit.id.clone());
    Ok(Change::new(EntryKind::SupervisionEvaluated, "case.supervision_evaluation")
        .saying(&evaluation.opinion)
        .about_unit(unit_id.as_deref())
        .with(json!({ "good": evaluation.good })))
}
