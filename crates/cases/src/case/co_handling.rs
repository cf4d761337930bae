//! Units that help (协办, ORD-15) and units that come when a street whistles (吹哨报到, ORG-06). Each has a task, a limit
//! and an answer of its own; the unit in charge sees them all and answers for the whole.

use contract::cases::{ErrandAnswered, ErrandGiven};
use kernel::{Principal, Timestamp};
use serde_json::json;

use super::change::{Change, Fact};
use super::dispatch::CO_UNITS_MAX;
use super::errand::{Errand, ErrandKind};
use super::feedback::RESULT_MAX;
use super::operation_rule::OperationRules;
use super::timeline::EntryKind;
use super::{Case, UnitRef};
use crate::error::{CaseError, Check, TEXT_MAX};

/// Whom one asks, and for what.
#[derive(Clone, Debug)]
pub struct Call {
    /// The units; they exist and take orders.
    pub units: Vec<UnitRef>,
    /// What each is to do.
    pub text: String,
}

/// Asks more units to help.
///
/// # Errors
/// [`CaseError::Invalid`] without a unit or a text, for the unit in charge, or for too many.
pub fn invite(
    case: &mut Case,
    call: &Call,
    by: &Principal,
    rules: &OperationRules,
    now: Timestamp,
) -> Result<Change, CaseError> {
    let fresh = ask(case, ErrandKind::CoHandling, call, by, rules.co_handling_days, now)?;
    case.co_units.extend(fresh.iter().map(|unit| unit.id.clone()));
    case.co_units.sort();
    case.co_units.dedup();
    let change = Change::new(EntryKind::CoHandlersAsked, "case.co_handling");
    Ok(tell(case, change, ErrandKind::CoHandling, &fresh, &call.text))
}

/// Summons units to the spot.
///
/// # Errors
/// As [`invite`].
pub fn summon(
    case: &mut Case,
    call: &Call,
    by: &Principal,
    rules: &OperationRules,
    now: Timestamp,
) -> Result<Change, CaseError> {
    let fresh = ask(case, ErrandKind::Summons, call, by, rules.summons_days, now)?;
    Ok(tell(case, Change::new(EntryKind::Summoned, "case.summons"), ErrandKind::Summons, &fresh, &call.text))
}

fn ask(
    case: &mut Case,
    kind: ErrandKind,
    call: &Call,
    by: &Principal,
    days: u32,
    now: Timestamp,
) -> Result<Vec<UnitRef>, CaseError> {
    let mut check = Check::default();
    check.text("text", &call.text, TEXT_MAX);
    if call.units.is_empty() {
        check.refuse("unit_ids", "required", "请选择单位。", "Please choose units.");
    }
    if call.units.len() > CO_UNITS_MAX {
        check.refuse("unit_ids", "too_many", "一次最多 10 个单位。", "At most 10 units.");
    }
    if call.units.iter().any(|unit| Some(unit) == case.unit.as_ref()) {
        check.refuse("unit_ids", "same_unit", "不能选择主办单位。", "Not the unit in charge.");
    }
    check.done()?;
    // Who has been asked already and has not answered is not asked twice.
    let waits = |unit: &UnitRef| case.open_errands(kind).any(|one| one.unit.as_ref() == Some(unit));
    let fresh: Vec<UnitRef> = call.units.iter().filter(|unit| !waits(unit)).cloned().collect();
    give(case, kind, &fresh, &call.text, by, days, now);
    Ok(fresh)
}

/// Gives each unit its errand.
fn give(
    case: &mut Case,
    kind: ErrandKind,
    units: &[UnitRef],
    text: &str,
    by: &Principal,
    days: u32,
    now: Timestamp,
) {
    for unit in units {
        case.errands.push(Errand {
            unit: Some(unit.clone()),
            days: Some(days),
            ..Errand::new(kind, text, by, now)
        });
    }
}

fn tell(case: &Case, mut change: Change, kind: ErrandKind, units: &[UnitRef], text: &str) -> Change {
    for unit in units {
        let errand = case.open_errands(kind).find(|one| one.unit.as_ref() == Some(unit));
        change.facts.push(Fact::Given(ErrandGiven {
            case_id: case.id.clone(),
            errand_id: errand.map(|one| one.id.clone()).unwrap_or_default(),
            kind: kind.code().to_owned(),
            unit_id: Some(unit.id.clone()),
            person_id: None,
        }));
    }
    let ids: Vec<&str> = units.iter().map(|unit| unit.id.as_str()).collect();
    change.saying(text).with(json!({ "unit_ids": ids }))
}

/// Gives helpers that were named at the dispatch their errands.
pub(crate) fn with_dispatch(
    case: &mut Case,
    units: &[UnitRef],
    opinion: &str,
    by: &Principal,
    rules: &OperationRules,
    now: Timestamp,
) {
    give(case, ErrandKind::CoHandling, units, opinion, by, rules.co_handling_days, now);
}

/// Reports on the spot (报到).
///
/// # Errors
/// [`CaseError::Refused`] a second time.
pub fn report(case: &mut Case, text: &str, by: &Principal, now: Timestamp) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.optional("text", text, TEXT_MAX);
    check.done()?;
    let errand = case.errand_of_mut(ErrandKind::Summons, by).ok_or(CaseError::NotFound)?;
    if errand.reported_at.is_some() {
        return Err(CaseError::refused("case.reported", "本单位已经报到。", "Your unit has come already."));
    }
    errand.reported_at = Some(now);
    let unit_id = errand.unit.as_ref().map(|unit| unit.id.clone());
    Ok(Change::new(EntryKind::SummonsReported, "case.summons_report")
        .saying(text)
        .about_unit(unit_id.as_deref()))
}

/// Answers for one's own part.
///
/// # Errors
/// [`CaseError::Invalid`] without a text.
pub fn answer(
    case: &mut Case,
    kind: ErrandKind,
    text: &str,
    by: &Principal,
    now: Timestamp,
) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("text", text, RESULT_MAX);
    check.done()?;
    let errand = case.errand_of_mut(kind, by).ok_or(CaseError::NotFound)?;
    if kind == ErrandKind::Summons {
        // Who has a result has been there.
        errand.reported_at.get_or_insert(now);
    }
    errand.answer(text, by, now);
    let answered = ErrandAnswered {
        errand_id: errand.id.clone(),
        kind: kind.code().to_owned(),
        given_by: errand.given_by.clone(),
        unit_id: errand.unit.as_ref().map(|unit| unit.id.clone()),
        case_id: case.id.clone(),
    };
    let (entry, audit) = match kind {
        ErrandKind::Summons => (EntryKind::SummonsAnswered, "case.summons_answer"),
        ErrandKind::Delegation => (EntryKind::DelegationAnswered, "case.delegation_answer"),
        _ => (EntryKind::CoHandlingAnswered, "case.co_handling_answer"),
    };
    let unit_id = answered.unit_id.clone();
    Ok(Change::new(entry, audit)
        .saying(text)
        .about_unit(unit_id.as_deref())
        .telling(Fact::Answered(answered)))
}
