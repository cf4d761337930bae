//! Passing an order on to a unit below or to a person (转下级, DEP-09).

use contract::cases::CaseAssigned;
use serde_json::json;

use super::change::{Change, CourseInput, Fact};
use super::timeline::EntryKind;
use super::{Case, UnitRef};
use crate::error::{CaseError, Check, TEXT_MAX};

/// To whom the order is passed. Unit and person exist: the caller has asked the directory.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// A unit below the one in charge, or that unit itself.
    pub unit: UnitRef,
    /// A person of that unit.
    pub person_id: Option<String>,
    /// What is asked for.
    pub opinion: String,
}

/// Passes an order on. The limits go on: the citizen does not wait longer because of it.
///
/// # Errors
/// [`CaseError::Invalid`] for a unit that is not below the one in charge, or a long opinion.
pub fn assign(case: &mut Case, assignment: &Assignment) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.optional("opinion", &assignment.opinion, TEXT_MAX);
    let from = case.unit.clone();
    if from.as_ref().is_some_and(|from| !assignment.unit.path.starts_with(&from.path)) {
        let field = if assignment.person_id.is_some() { "person_id" } else { "unit_id" };
        check.refuse(
            field,
            "not_below",
            "只能转给本单位人员或下级单位。",
            "Only a unit below, or a person of one, can take it.",
        );
    }
    check.done()?;
    case.unit = Some(assignment.unit.clone());
    case.person_id.clone_from(&assignment.person_id);
    let assigned = CaseAssigned {
        case_id: case.id.clone(),
        from_unit_id: from.map(|unit| unit.id),
        unit_id: Some(assignment.unit.id.clone()),
        person_id: assignment.person_id.clone(),
    };
    Ok(Change::new(EntryKind::Assigned, "case.assign")
        .saying(&assignment.opinion)
        .about_unit(Some(&assignment.unit.id))
        .with(json!({ "person_id": assignment.person_id }))
        .steering(CourseInput::Move)
        .telling(Fact::Assigned(assigned)))
}
