//! Who fills in which form of an order, at which step.

use forms::{FieldType, Form, Reader, access};
use kernel::{Principal, Scope};
use serde_json::{Map, Value, json};

use super::action::Action;
use super::operation_rule::OperationRules;
use super::{Case, Step};

/// Where a reader stands towards the forms of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standpoint {
    /// The node of the forms' access.
    pub node: &'static str,
    /// The step whose task the reader can do now.
    pub step: Option<Step>,
}

impl Standpoint {
    /// Finds where somebody stands: at the step that lies in the reader's hands; else the centre looks on, and
    /// whoever is not of the centre sees no more than the unit that handles it.
    #[must_use]
    pub fn of(case: &Case, by: &Principal, rules: &OperationRules) -> Self {
        let mine = case.tasks.iter().filter(|task| task.token.is_some()).find_map(|task| {
            let action = action_of(task.step)?;
            let fits = action.fits(case, rules).is_ok() && action.permit(case, by).is_ok();
            fits.then_some(task.step)
        });
        match mine {
            Some(step) => Self { node: step.code(), step: Some(step) },
            None if by.scope("case.read") == Some(Scope::All) => Self { node: access::VIEW, step: None },
            None => Self { node: Step::Handling.code(), step: None },
        }
    }

    /// Makes the reader of a form; `own` when the form is that of the step itself.
    #[must_use]
    pub fn reader<'a>(&self, by: &'a Principal, today: &'a str, now: i64, own: bool) -> Reader<'a> {
        Reader {
            node: self.node,
            roles: &by.roles,
            reads_only: self.step.is_none(),
            own: own && self.step.is_some(),
            today,
            person_id: &by.person_id,
            person_name: &by.name,
            now,
        }
    }
}

/// The action by which a step of the flow is done.
fn action_of(step: Step) -> Option<Action> {
    Some(match step {
        Step::Review => Action::Review,
        Step::Amendment => Action::Amend,
        Step::Dispatch => Action::Dispatch,
        Step::Acceptance => Action::Accept,
        Step::Handling => Action::GiveFeedback,
        Step::ResultReview => Action::ReviewResult,
        Step::ReturnVisit => Action::Visit,
        Step::Closure => Action::Close,
        _ => return None,
    })
}

/// The step that an action of staff does.
#[must_use]
pub fn step_of(action: Action) -> Option<Step> {
    Step::ALL.iter().copied().find(|step| action_of(*step) == Some(action))
}

/// Tells whether an action takes the order forward, so that the step's form has to be whole. What goes back is
/// let go as it is.
#[must_use]
pub fn goes_forward(step: Step, action: &str) -> bool {
    matches!(
        (step, action),
        (Step::Review | Step::ResultReview, "pass")
            | (Step::Amendment, "submit")
            | (Step::Dispatch, "dispatch")
            | (Step::Acceptance, "accept")
            | (Step::Handling, "feedback")
            | (Step::ReturnVisit, "done")
            | (Step::Closure, "close")
    )
}

/// Returns what conditions of the flow see of the answers: facts and decisions, no texts.
#[must_use]
pub fn variables(form: &Form, answers: &Map<String, Value>) -> Map<String, Value> {
    let fact = |field: &forms::Field| {
        let value = answers.get(&field.key)?;
        Some(match field.kind {
            FieldType::Tick
            | FieldType::Number
            | FieldType::Radio
            | FieldType::Select
            | FieldType::Checks
            | FieldType::Tree => value.clone(),
            FieldType::Approval => value.as_array()?.last()?["decision"].clone(),
            FieldType::Table => json!(value.as_array()?.len()),
            _ => return None,
        })
    };
    form.fields().filter_map(|field| Some((field.key.clone(), fact(field)?))).collect()
}
