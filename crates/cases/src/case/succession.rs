//! What becomes of an order when a unit is dissolved (单位撤并): its successor takes over as things stand, limits and
//! all; without one, the order goes back to the dispatcher.

use contract::cases::CaseMoved;
use kernel::Timestamp;
use serde_json::json;

use super::change::{Change, CourseInput, Fact};
use super::errand::{Errand, ErrandKind, ErrandState};
use super::timeline::EntryKind;
use super::{Case, Step, UnitRef, rerouting};
use crate::error::CaseError;

/// A unit that takes over from another.
#[derive(Clone, Debug)]
pub struct Succession {
    /// The id of the dissolved unit.
    pub from: String,
    /// Its name.
    pub from_name: String,
    /// The successor.
    pub to: UnitRef,
    /// Its name.
    pub to_name: String,
    /// People who moved to the successor; what lies with them stays with them.
    pub people: Vec<String>,
}

/// Tells whether anything open of the order is the unit's.
#[must_use]
pub fn concerns(case: &Case, unit_id: &str) -> bool {
    let is = |unit: &Option<UnitRef>| unit.as_ref().is_some_and(|unit| unit.id == unit_id);
    let open = !case.status.is_settled() && !case.status.is_ended_early();
    (open && (is(&case.unit) || case.co_units.iter().any(|id| id == unit_id)))
        || case.tasks.iter().any(|task| is(&task.unit))
        || case.errands.iter().any(|one| one.waits_for().is_some() && is(&one.unit))
}

/// Hands the order over. Returns none when nothing of it is the dissolved unit's any more.
#[must_use]
pub fn hand_over(case: &mut Case, succession: &Succession) -> Option<Change> {
    let Succession { from, from_name, to, to_name, people } = succession;
    if !concerns(case, from) {
        return None;
    }
    let stays = |person: &Option<String>| person.as_ref().is_some_and(|person| people.contains(person));
    let in_charge = case.unit.as_ref().is_some_and(|unit| unit.id == *from);
    if in_charge {
        case.unit = Some(to.clone());
        if !stays(&case.person_id) {
            case.person_id = None;
        }
        // Nobody could take it back to the unit that is gone.
        case.standing.sent = None;
    }
    let helped = case.co_units.iter().any(|id| id == from);
    case.co_units.retain(|id| id != from && (!in_charge || *id != to.id));
    let is_with_successor = case.unit.as_ref().is_some_and(|unit| unit.id == to.id);
    if helped && !is_with_successor && !case.co_units.contains(&to.id) {
        case.co_units.push(to.id.clone());
    }
    let owes = |one: &Errand| one.waits_for().is_some() && one.unit.as_ref() == Some(to);
    let owed: Vec<ErrandKind> = case.errands.iter().filter(|one| owes(one)).map(|one| one.kind).collect();
    for one in case.errands.iter_mut().filter(|one| one.waits_for().is_some()) {
        if one.unit.as_ref().is_some_and(|unit| unit.id == *from) {
            if one.kind != ErrandKind::Supervision
                && (is_with_successor && !in_charge || owed.contains(&one.kind))
            {
                // The successor handles the order already, or owes the same already.
                one.state = ErrandState::Cancelled;
            }
            one.unit = Some(to.clone());
            one.person_id = one.person_id.take().filter(|person| people.contains(person));
        } else if in_charge
            && ((one.kind == ErrandKind::Delegation && !stays(&one.person_id))
                || (one.kind == ErrandKind::CoHandling && one.unit.as_ref() == Some(to)))
        {
            one.state = ErrandState::Cancelled;
        }
    }
    for one in &mut case.applications {
        if one.state == super::application::ApplicationState::Open
            && one.unit.as_ref().is_some_and(|unit| unit.id == *from)
        {
            one.unit = Some(to.clone());
        }
    }
    let moved = CaseMoved {
        case_id: case.id.clone(),
        how: "succession".to_owned(),
        from_unit_id: Some(from.clone()),
        unit_id: Some(to.id.clone()),
    };
    Some(
        Change::new(EntryKind::HandedOver, "case.succession")
            .saying(&format!("{from_name}已撤并，由{to_name}承接，时限不变。"))
            .about_unit(Some(&to.id))
            .with(json!({ "from_unit_id": from }))
            .steering(CourseInput::HandOver { from: from.clone(), to: to.clone(), people: people.clone() })
            .telling(Fact::Moved(moved)),
    )
}

/// Sends an order back to the dispatcher, because its unit is gone and nobody took over.
///
/// # Errors
/// Those of [`rerouting::jump`].
pub fn release(
    case: &mut Case,
    unit_id: &str,
    unit_name: &str,
    now: Timestamp,
) -> Result<Option<Change>, CaseError> {
    if case.unit.as_ref().is_none_or(|unit| unit.id != unit_id) || !concerns(case, unit_id) {
        return Ok(None);
    }
    rerouting::jump(case, Some(Step::Dispatch), &format!("{unit_name}已停用，请重新派单。"), now).map(Some)
}
