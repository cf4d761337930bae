//! The state of one run, what goes in and what comes out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::{TimerSpec, UserTask};

/// Names that conditions use for what the machine itself knows; no variable may take them.
const RESERVED: [&str; 3] = ["action", "outcomes", "vars"];
/// The most variables of an instance.
pub(crate) const MAX_VARIABLES: usize = 1_000;

pub(crate) fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// Whether an instance can still move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// There is at least one token.
    Running,
    /// The last token has reached an end event.
    Ended,
    /// It was cancelled.
    Cancelled,
}

/// The state of one run of a model. It is data: it can be stored as JSON between any two inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Instance {
    pub(crate) model_id: String,
    pub(crate) state: State,
    pub(crate) variables: Map<String, Value>,
    /// The action by which the last task was completed.
    pub(crate) action: Option<String>,
    /// The action by which each task was last completed, by element id.
    pub(crate) outcomes: BTreeMap<String, String>,
    /// In the order in which they were placed.
    pub(crate) tokens: Vec<Token>,
    /// The number of ids given out.
    pub(crate) ids: u64,
}

/// A token at rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Token {
    pub(crate) element_id: String,
    /// The task from whose boundary this token came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source_task_id: Option<String>,
    pub(crate) place: Place,
}

/// What a token waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "waits_for", rename_all = "snake_case")]
pub(crate) enum Place {
    Task {
        task_id: String,
        opened_at: i64,
        timers: Vec<BoundaryTimer>,
    },
    Service {
        call_id: String,
    },
    Timer {
        timer_id: String,
    },
    /// The other ways into a parallel gateway.
    Join {
        flow_id: String,
    },
    /// Somebody to mend what went wrong. `flow_id` is the way by which the token came.
    Repair {
        incident: Incident,
        flow_id: Option<String>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BoundaryTimer {
    pub(crate) timer_id: String,
    pub(crate) element_id: String,
}

/// A task that waits for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenTask<'a> {
    /// The task's id within the instance.
    pub task_id: &'a str,
    /// The user task of the model.
    pub element_id: &'a str,
    /// When it was opened, epoch milliseconds.
    pub opened_at: i64,
}

/// A timer that has been set and has not fired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingTimer<'a> {
    /// The timer's id within the instance.
    pub timer_id: &'a str,
    /// The event of the model.
    pub element_id: &'a str,
    /// The task to whose boundary it belongs.
    pub task_id: Option<&'a str>,
}

/// A token that can't go on by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// The incident's id within the instance.
    pub incident_id: String,
    /// Where the token stands.
    pub element_id: String,
    /// What happened.
    pub code: IncidentCode,
    /// Details for whoever mends it, in English or in the host's words.
    pub message: String,
}

/// What can happen to a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentCode {
    /// A condition could not be evaluated.
    ConditionFailed,
    /// No condition of an exclusive gateway holds and it has no default.
    NoWayOut,
    /// The host reported that a service failed.
    ServiceFailed,
    /// Too many steps without waiting: the flow runs in a circle.
    StepLimit,
    /// Too many tokens at once.
    TokenLimit,
    /// A parallel gateway waits for a token that can't come any more.
    JoinStarved,
}

/// What can be told to an instance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "input", rename_all = "snake_case")]
pub enum Input {
    /// A person has completed a task.
    CompleteTask {
        /// The task.
        task_id: String,
        /// How; one of the task's completing actions, when it declares any.
        action: String,
        /// Variables to set.
        vars: Map<String, Value>,
    },
    /// A timer has become due.
    TimerFired {
        /// The timer.
        timer_id: String,
    },
    /// The host has done what a service task asked for.
    ServiceDone {
        /// The call.
        call_id: String,
        /// Variables to set.
        vars: Map<String, Value>,
    },
    /// The host could not do it. The token waits for [`Input::Retry`].
    ServiceFailed {
        /// The call.
        call_id: String,
        /// Why.
        message: String,
    },
    /// What was wrong has been mended: the token enters its element again.
    Retry {
        /// The incident.
        incident_id: String,
        /// Variables to set first.
        vars: Map<String, Value>,
    },
    /// Variables have changed outside of any task, for instance the unit in charge.
    SetVariables {
        /// Variables to set.
        vars: Map<String, Value>,
    },
    /// 退回/跳转: a user task gets the token, whatever is drawn.
    JumpTo {
        /// The task whose token moves; none moves everything, and is the only safe choice inside parallel branches.
        task_id: Option<String>,
        /// The user task that gets the token.
        element_id: String,
        /// Why.
        reason: String,
    },
    /// 撤销: everything is closed.
    Cancel {
        /// Why.
        reason: String,
    },
    /// 重办: an ended or cancelled instance goes on at a user task.
    Reopen {
        /// The user task that gets the token.
        element_id: String,
        /// Why.
        reason: String,
    },
}

/// What the host has to do, in this order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    /// A token has entered an element: for the time line and for highlighting the drawing. Nothing needs to be done.
    Entered {
        /// The element.
        element_id: String,
        /// The way it came; none at the start, after a jump, a retry, or for a boundary event.
        flow_id: Option<String>,
    },
    /// A task is to be shown to its candidates.
    OpenTask {
        /// The task's id within the instance.
        task_id: String,
        /// The user task.
        element_id: String,
        /// Its name.
        name: String,
        /// Candidates, form, actions and limit.
        task: Box<UserTask>,
        /// Its `yihao:property` values.
        properties: BTreeMap<String, String>,
    },
    /// A task is not open any more.
    CloseTask {
        /// The task.
        task_id: String,
        /// The user task.
        element_id: String,
        /// Why.
        outcome: TaskOutcome,
    },
    /// A timer is to be set. When `due_at` is none, the host works it out from the calendar or the task's limit.
    SetTimer {
        /// The timer's id within the instance.
        timer_id: String,
        /// The event.
        element_id: String,
        /// The task to whose boundary it belongs.
        task_id: Option<String>,
        /// When it fires.
        spec: TimerSpec,
        /// The instant, where no calendar is needed: epoch milliseconds.
        due_at: Option<i64>,
    },
    /// A timer is not needed any more.
    CancelTimer {
        /// The timer.
        timer_id: String,
    },
    /// The host has work to do and to report with [`Input::ServiceDone`].
    CallService {
        /// The call's id within the instance.
        call_id: String,
        /// The service task.
        element_id: String,
        /// What to do.
        service: String,
        /// The service task's `yihao:property` values.
        properties: BTreeMap<String, String>,
        /// The task from whose boundary timer the call comes, even if that task is closed by now.
        source_task_id: Option<String>,
    },
    /// The result of a call is not wanted any more.
    CancelService {
        /// The call.
        call_id: String,
    },
    /// A token can't go on; somebody has to look.
    Incident(Incident),
    /// The last token has ended.
    Ended {
        /// The end event.
        element_id: String,
    },
    /// The instance has been cancelled.
    Cancelled {
        /// Why.
        reason: String,
    },
}

/// Why a task is not open any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TaskOutcome {
    /// Somebody has done it.
    Completed {
        /// How.
        action: String,
    },
    /// A boundary timer took the token.
    Interrupted {
        /// The boundary event.
        by_element_id: String,
    },
    /// The token was sent elsewhere.
    Jumped {
        /// Where to.
        to_element_id: String,
        /// Why.
        reason: String,
    },
    /// A terminate end event was reached.
    Terminated,
    /// The instance was cancelled.
    Cancelled {
        /// Why.
        reason: String,
    },
}

/// Why an input was not accepted. The instance is unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlowError {
    /// The instance has ended or was cancelled.
    #[error("the instance is not running")]
    NotRunning,
    /// Only what has ended or was cancelled can be reopened.
    #[error("the instance is still running")]
    StillRunning,
    /// The model is not that of the instance.
    #[error("the instance is of flow {expected:?}, not {given:?}")]
    OtherModel {
        /// The instance's model.
        expected: String,
        /// The model given.
        given: String,
    },
    /// A token stands on an element that the model doesn't have, as happens with another version of the file.
    #[error("the model has no fitting element {0:?}")]
    ElementGone(String),
    /// There is no such open task.
    #[error("no open task {0:?}")]
    UnknownTask(String),
    /// There is no such timer; it has fired or was cancelled. A host that claims timers concurrently may ignore this.
    #[error("no pending timer {0:?}")]
    UnknownTimer(String),
    /// There is no such call.
    #[error("no pending call {0:?}")]
    UnknownCall(String),
    /// There is no such incident.
    #[error("no open incident {0:?}")]
    UnknownIncident(String),
    /// The task declares its actions, and this is not one that completes it.
    #[error("task {element_id:?} can't be completed by action {action:?}")]
    UnknownAction {
        /// The user task.
        element_id: String,
        /// The action given.
        action: String,
    },
    /// Only user tasks can be jumped to.
    #[error("{0:?} is not a user task")]
    NotAUserTask(String),
    /// The name is used by the machine itself.
    #[error("the variable name {0:?} is reserved")]
    ReservedVariable(String),
    /// There would be more than a thousand variables.
    #[error("too many variables")]
    TooManyVariables,
}

impl Instance {
    /// The id of the model that it runs.
    pub fn model_id(&self) -> &str {
        &self.model_id
    }

    /// Whether it can still move.
    pub fn state(&self) -> State {
        self.state
    }

    /// Its variables.
    pub fn variables(&self) -> &Map<String, Value> {
        &self.variables
    }

    /// The action by which each task was last completed, by element id.
    pub fn outcomes(&self) -> &BTreeMap<String, String> {
        &self.outcomes
    }

    /// The elements on which tokens rest, with repetitions.
    pub fn active_elements(&self) -> impl Iterator<Item = &str> {
        self.tokens.iter().map(|token| token.element_id.as_str())
    }

    /// The tasks that wait for a person.
    pub fn open_tasks(&self) -> impl Iterator<Item = OpenTask<'_>> {
        self.tokens.iter().filter_map(|token| match &token.place {
            Place::Task { task_id, opened_at, .. } => {
                Some(OpenTask { task_id, element_id: &token.element_id, opened_at: *opened_at })
            }
            _ => None,
        })
    }

    /// The timers that have been set and have not fired.
    pub fn pending_timers(&self) -> impl Iterator<Item = PendingTimer<'_>> {
        self.tokens.iter().flat_map(|token| {
            let (own, task_id, boundary) = match &token.place {
                Place::Timer { timer_id } => (Some((timer_id, &token.element_id)), None, [].as_slice()),
                Place::Task { task_id, timers, .. } => (None, Some(task_id.as_str()), timers.as_slice()),
                _ => (None, None, [].as_slice()),
            };
            let boundary = boundary.iter().map(|timer| (&timer.timer_id, &timer.element_id));
            own.into_iter().chain(boundary).map(move |(timer_id, element_id)| PendingTimer {
                timer_id,
                element_id,
                task_id,
            })
        })
    }

    /// The calls that the host has not reported yet: call id and service task.
    pub fn pending_calls(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tokens.iter().filter_map(|token| match &token.place {
            Place::Service { call_id } => Some((call_id.as_str(), token.element_id.as_str())),
            _ => None,
        })
    }

    /// The tokens that can't go on by themselves.
    pub fn incidents(&self) -> impl Iterator<Item = &Incident> {
        self.tokens.iter().filter_map(|token| match &token.place {
            Place::Repair { incident, .. } => Some(incident),
            _ => None,
        })
    }
}
