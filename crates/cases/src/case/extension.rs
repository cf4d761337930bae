//! More time for the unit (延期, ORD-18): the unit asks before the limit ends, the centre decides, the limit moves.

use contract::cases::{ApplicationDecided, ApplicationMade};
use kernel::{Principal, Timestamp};
use serde_json::json;

use super::Case;
use super::application::{ApplicationKind, Decider, Decision};
use super::change::{Change, Fact, LimitInput};
use super::limit::LimitName;
use super::operation_rule::OperationRules;
use super::timeline::EntryKind;
use crate::error::{CaseError, Check, TEXT_MAX};

/// How much more time is asked for.
#[derive(Clone, Debug)]
pub struct Extension {
    /// Working days.
    pub days: i64,
    /// Why.
    pub reason: String,
}

/// Asks for more time. The limit goes on until the centre has decided.
///
/// # Errors
/// [`CaseError::Invalid`] without a reason or for too many days; [`CaseError::Refused`] when the limit has
/// ended already.
pub fn ask(
    case: &mut Case,
    extension: &Extension,
    by: &Principal,
    rules: &OperationRules,
    now: Timestamp,
) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("reason", &extension.reason, TEXT_MAX);
    let most = rules.extension_days_max;
    if !(1..=most).contains(&extension.days) {
        check.refuse(
            "days",
            "out_of_range",
            format!("每次可延期 1 至 {most} 个工作日。"),
            format!("1 to {most} working days at a time."),
        );
    }
    check.done()?;
    if case.due_at.is_none_or(|due_at| now > due_at) {
        return Err(CaseError::refused(
            "extension.too_late",
            "办理时限已过，不能再申请延期。",
            "The limit has ended; more time can only be asked for before.",
        ));
    }
    let data = json!({ "days": extension.days });
    case.apply_for(ApplicationKind::Extension, Decider::Centre, by, &extension.reason, data.clone(), now);
    let unit_id = case.unit.as_ref().map(|unit| unit.id.clone());
    Ok(Change::new(EntryKind::ExtensionAsked, "case.extension")
        .saying(&extension.reason)
        .about_unit(unit_id.as_deref())
        .with(data)
        .telling(Fact::Applied(ApplicationMade {
            case_id: case.id.clone(),
            kind: ApplicationKind::Extension.code().to_owned(),
            unit_id,
            decider: Decider::Centre.code().to_owned(),
        })))
}

/// Decides on more time; when it is granted the limit moves by so many working days.
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
    let asked = case.decide(ApplicationKind::Extension, decision, by, now).ok_or(CaseError::NotFound)?;
    let unit_id = asked.unit.map(|unit| unit.id);
    let kind = if decision.approve { EntryKind::ExtensionGranted } else { EntryKind::ExtensionRefused };
    let change = Change::new(kind, "case.extension_decision")
        .saying(&decision.opinion)
        .about_unit(unit_id.as_deref())
        .with(asked.data.clone())
        .telling(Fact::Decided(ApplicationDecided {
            case_id: case.id.clone(),
            kind: ApplicationKind::Extension.code().to_owned(),
            unit_id,
            asked_by: asked.asked_by,
            approved: decision.approve,
        }));
    let days = asked.data["days"].as_i64().and_then(|days| u32::try_from(days).ok()).unwrap_or_default();
    Ok(if decision.approve {
        change.limiting(LimitInput::Extend { name: LimitName::Close, days })
    } else {
        change
    })
}
