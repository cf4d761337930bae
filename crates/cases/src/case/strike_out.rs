//! Leaving an order out of its unit's evaluation (剔除, STD-07): the unit applies with a ground, the centre decides.

use contract::cases::{ApplicationDecided, ApplicationMade};
use kernel::{Principal, Timestamp};
use serde_json::json;

use super::Case;
use super::application::{ApplicationKind, Decider, Decision};
use super::change::{Change, Fact};
use super::timeline::EntryKind;
use crate::error::{CaseError, Check, TEXT_MAX};

/// Applies for the strike-out.
///
/// # Errors
/// [`CaseError::Invalid`] without a reason.
pub fn ask(case: &mut Case, reason: &str, by: &Principal, now: Timestamp) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("reason", reason, TEXT_MAX);
    check.done()?;
    case.apply_for(ApplicationKind::StrikeOut, Decider::Centre, by, reason, json!({}), now);
    let unit_id = case.unit.as_ref().map(|unit| unit.id.clone());
    Ok(Change::new(EntryKind::StrikeOutAsked, "case.strike_out")
        .saying(reason)
        .about_unit(unit_id.as_deref())
        .telling(Fact::Applied(ApplicationMade {
            case_id: case.id.clone(),
            kind: ApplicationKind::StrikeOut.code().to_owned(),
            unit_id,
            decider: Decider::Centre.code().to_owned(),
        })))
}

/// Decides; granted, neither limit nor rating of the order count for the unit.
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
    let asked = case.decide(ApplicationKind::StrikeOut, decision, by, now).ok_or(CaseError::NotFound)?;
    case.standing.struck_out = decision.approve;
    let kind = if decision.approve { EntryKind::StruckOut } else { EntryKind::StrikeOutRefused };
    let unit_id = asked.unit.map(|unit| unit.id);
    Ok(Change::new(kind, "case.strike_out_decision")
        .saying(&decision.opinion)
        .about_unit(unit_id.as_deref())
        .telling(Fact::Decided(ApplicationDecided {
            case_id: case.id.clone(),
            kind: ApplicationKind::StrikeOut.code().to_owned(),
            unit_id,
            asked_by: asked.asked_by,
            approved: decision.approve,
        })))
}
