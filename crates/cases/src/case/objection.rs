//! A unit's objection to the dispatch, and its review (派单异议审核, STD-04).
//!
//! A unit may give an order back by itself so often as the city allows; after that it objects, and the centre says
//! whether it is right. After some returns a leader rules, and no unit gives the order back any more: the first unit
//! stays responsible until then (首接负责, STD-08). The limit does not run while an objection waits.

use contract::cases::{ApplicationDecided, ApplicationMade};
use kernel::{Principal, Timestamp};
use serde_json::json;

use super::application::{ApplicationKind, Decider, Decision};
use super::change::{Change, Fact, LimitInput};
use super::dispatch::{self, Dispatch, DispatchMode};
use super::limit::LimitName;
use super::operation_rule::OperationRules;
use super::sending_back;
use super::timeline::EntryKind;
use super::{Case, Step, UnitRef};
use crate::error::{CaseError, Check, TEXT_MAX};

/// Why it is not the unit's.
#[derive(Clone, Debug)]
pub struct Objection {
    /// The reason in words.
    pub reason: String,
    /// What it rests on: duties, documents, boundaries.
    pub evidence: String,
    /// The unit that should have it.
    pub unit: Option<UnitRef>,
}

/// What was found.
#[derive(Clone, Debug)]
pub struct Review {
    /// Whether the unit is right, and why or why not.
    pub decision: Decision,
    /// The unit that gets the order now; the dispatcher chooses when none is named.
    pub unit: Option<UnitRef>,
}

fn running(case: &Case) -> LimitName {
    if case.task(Step::Acceptance).is_some() { LimitName::Accept } else { LimitName::Close }
}

/// Objects to the dispatch.
///
/// # Errors
/// [`CaseError::Invalid`] without a reason, or with one's own unit as the one that should have it.
pub fn object(
    case: &mut Case,
    objection: &Objection,
    by: &Principal,
    rules: &OperationRules,
    now: Timestamp,
) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("reason", &objection.reason, TEXT_MAX);
    check.optional("evidence", &objection.evidence, TEXT_MAX);
    if objection.unit.is_some() && objection.unit == case.unit {
        check.refuse("unit_id", "same_unit", "不能填写本单位。", "This is your own unit.");
    }
    check.done()?;
    let decider =
        if case.standing.returns >= rules.returns_before_leader { Decider::Leader } else { Decider::Centre };
    let limit = running(case);
    let suggested = objection.unit.as_ref().map(|unit| unit.id.clone());
    let data =
        json!({ "unit_id": suggested, "evidence": objection.evidence.trim(), "decider": decider.code() });
    case.apply_for(ApplicationKind::Objection, decider, by, &objection.reason, data.clone(), now);
    let unit_id = case.unit.as_ref().map(|unit| unit.id.clone());
    Ok(Change::new(EntryKind::Objected, "case.objection")
        .saying(&objection.reason)
        .about_unit(unit_id.as_deref())
        .with(data)
        .limiting(LimitInput::Pause(limit))
        .telling(Fact::Applied(ApplicationMade {
            case_id: case.id.clone(),
            kind: ApplicationKind::Objection.code().to_owned(),
            unit_id,
            decider: decider.code().to_owned(),
        })))
}

/// Decides an objection. When the unit is right, the order goes back to the dispatcher or straight to the unit
/// that is named; when not, its limit goes on. A leader's word is the last one.
///
/// # Errors
/// [`CaseError::Invalid`] when it is refused without an opinion, or the order would go to the same unit.
pub fn review(case: &mut Case, review: &Review, by: &Principal, now: Timestamp) -> Result<Change, CaseError> {
    review.decision.check()?;
    let limit = running(case);
    let decided = case.decide(ApplicationKind::Objection, &review.decision, by, now);
    let asked = decided.ok_or(CaseError::NotFound)?;
    let is_ruling = asked.decider == Decider::Leader;
    let approve = review.decision.approve;
    let unit_id = asked.unit.as_ref().map(|unit| unit.id.clone());
    if approve && review.unit.is_some() && review.unit == asked.unit {
        let mut check = Check::default();
        check.refuse("unit_id", "same_unit", "异议成立时应改派其他单位。", "Another unit has to get it.");
        check.done()?;
    }
    let (kind, audit) = match (is_ruling, approve) {
        (true, _) => (EntryKind::ObjectionRuled, "case.objection_ruling"),
        (false, true) => (EntryKind::ObjectionUpheld, "case.objection_decision"),
        (false, false) => (EntryKind::ObjectionRejected, "case.objection_decision"),
    };
    let mut change = Change::new(kind, audit)
        .saying(&review.decision.opinion)
        .about_unit(unit_id.as_deref())
        .with(json!({ "approve": approve, "unit_id": review.unit.as_ref().map(|unit| &unit.id) }))
        .telling(Fact::Decided(ApplicationDecided {
            case_id: case.id.clone(),
            kind: ApplicationKind::Objection.code().to_owned(),
            unit_id,
            asked_by: asked.asked_by,
            approved: approve,
        }));
    case.standing.ruled |= is_ruling;
    if !approve {
        return Ok(change.limiting(LimitInput::Unpause(limit)));
    }
    let returned = sending_back::give_back(case);
    change.course.extend(returned.course);
    change.facts.extend(returned.facts);
    // Straight to another unit: the dispatcher's limit does not begin first.
    let skipped = |input: &LimitInput| matches!(input, LimitInput::Start(_)) && review.unit.is_some();
    change.limits.extend(returned.limits.into_iter().filter(|input| !skipped(input)));
    if let Some(unit) = &review.unit {
        let to = Dispatch {
            unit: unit.clone(),
            co_units: Vec::new(),
            opinion: review.decision.opinion.clone(),
            tier: case.tier.clone(),
            mode: DispatchMode::Dispatch,
            letter: String::new(),
        };
        let dispatched = dispatch::dispatch(case, &to, now)?;
        change.course.extend(dispatched.course);
        change.limits.extend(dispatched.limits);
        change.facts.extend(dispatched.facts);
    }
    Ok(change)
}
