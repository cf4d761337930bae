//! Giving an order to a unit on any of the three levels (派单).

use contract::cases::CaseDispatched;
use kernel::Timestamp;
use serde_json::json;

use super::catalogue::is_tier;
use super::change::{Change, Fact, LimitInput};
use super::limit::LimitName;
use super::timeline::EntryKind;
use super::word::words;
use super::{Case, Status, Step, UnitRef};
use crate::error::{CaseError, Check, TEXT_MAX};

/// So many units help at most.
pub const CO_UNITS_MAX: usize = 10;

/// Whom the order is given to. The units exist and take orders: the caller has asked the directory.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// The unit in charge.
    pub unit: UnitRef,
    /// Units that help.
    pub co_units: Vec<UnitRef>,
    /// What the unit is asked to do.
    pub opinion: String,
    /// The tier of the limit, when it is not that of the type.
    pub tier: Option<String>,
    /// How it is given.
    pub mode: DispatchMode,
    /// What the letter says, of what is entrusted; the opinion where empty.
    pub letter: String,
}

words!(
    /// How an order is given to a unit (ORD-13).
    DispatchMode {
        /// As usual (转办).
        Dispatch = "dispatch", "派单", "Dispatch";
        /// Passed on because it is the unit's own field (转送).
        Forward = "forward", "转送", "Forward";
        /// Entrusted by a letter; a result is expected (交办).
        Entrust = "entrust", "交办", "Entrust";
    }
);

/// Gives an order to a unit, whose limit for accepting it begins.
///
/// # Errors
/// [`CaseError::Invalid`] for a long opinion or too many units.
pub fn dispatch(case: &mut Case, dispatch: &Dispatch, now: Timestamp) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.optional("opinion", &dispatch.opinion, TEXT_MAX);
    if dispatch.co_units.len() > CO_UNITS_MAX {
        check.refuse("co_units", "too_many", "协办单位最多 10 个。", "At most 10 units can help.");
    }
    if dispatch.co_units.contains(&dispatch.unit) {
        check.refuse(
            "co_units",
            "same_unit",
            "协办单位不能与主办单位相同。",
            "The unit in charge cannot also help.",
        );
    }
    if dispatch.tier.as_deref().is_some_and(|tier| !is_tier(tier)) {
        check.refuse("tier", "malformed", "时限档不正确。", "This is no tier.");
    }
    check.optional("letter", &dispatch.letter, TEXT_MAX);
    check.done()?;
    case.tier.clone_from(&dispatch.tier);
    case.standing.mode = Some(dispatch.mode.code().to_owned());
    if dispatch.mode == DispatchMode::Entrust {
        let letter = dispatch.letter.trim();
        case.standing.letter = Some(if letter.is_empty() { &dispatch.opinion } else { letter }.to_owned());
        // One order is entrusted again after a return: the letters are counted.
        let nth = case.standing.returns + case.reopened + 1;
        case.standing.letter_no = Some(format!("交办〔{}〕第{nth}号", case.number));
    } else {
        case.standing.letter = None;
        case.standing.letter_no = None;
    }
    case.status = Status::Assigned;
    case.standing.first_unit.get_or_insert_with(|| dispatch.unit.clone());
    case.unit = Some(dispatch.unit.clone());
    case.person_id = None;
    case.dispatched_at = Some(now);
    case.accepted_at = None;
    case.handled_at = None;
    case.co_units = dispatch.co_units.iter().map(|unit| unit.id.clone()).collect();
    case.co_units.sort();
    case.co_units.dedup();
    let dispatched = CaseDispatched {
        case_id: case.id.clone(),
        unit_id: dispatch.unit.id.clone(),
        co_unit_ids: case.co_units.clone(),
        due_at: None,
    };
    Ok(Change::new(EntryKind::Dispatched, "case.dispatch")
        .saying(&dispatch.opinion)
        .about_unit(Some(&dispatch.unit.id))
        .with(json!({
            "co_unit_ids": case.co_units,
            "tier": case.tier,
            "mode": dispatch.mode.code(),
            "letter_no": case.standing.letter_no,
        }))
        .limiting(LimitInput::Meet(LimitName::Dispatch))
        .limiting(LimitInput::Start(LimitName::Accept))
        .completing_with(Step::Dispatch, "dispatch", json!({ "unit_id": dispatch.unit.id }))
        .telling(Fact::Dispatched(dispatched)))
}
