//! The state of one run, what goes in and what comes out.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::model::Model;

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
    /// The sub-processes and called processes that run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) scopes: Vec<ScopeRun>,
    /// The timers that start event sub-processes of the process itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) timers: Vec<BoundaryTimer>,
    /// The tasks that were completed, oldest first; the oldest are forgotten.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub(crate) done: VecDeque<Done>,
    /// The flows that were taken, for drawing the way.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) taken: BTreeSet<String>,
}

/// A completed task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Done {
    pub(crate) task_id: String,
    pub(crate) element_id: String,
    /// The completed task out of which it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) scope: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) one_of_several: bool,
}

/// A sub-process or called process that runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ScopeRun {
    pub(crate) id: String,
    /// The activity that it is the inside of.
    pub(crate) element_id: String,
    /// The run around it; none is the process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) parent: Option<String>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) locals: Map<String, Value>,
    /// The timers that start its event sub-processes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) timers: Vec<BoundaryTimer>,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// A token at rest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Token {
    pub(crate) element_id: String,
    #[serde(flatten)]
    pub(crate) origin: Origin,
    /// The one of several that this token does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) inner: Option<Inner>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) locals: Map<String, Value>,
    pub(crate) place: Place,
}

/// Where a token came from, and where it belongs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    /// The task from whose boundary this token came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source_task_id: Option<String>,
    /// The run of the sub-process that it is in; none is the process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) scope: Option<String>,
    /// The completed task out of which it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) from: Option<String>,
    /// Whether it has come together with others since.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) joined: bool,
}

/// Which one of several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Inner {
    pub(crate) multi_id: String,
    pub(crate) index: u32,
}

/// What a token waits for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "waits_for", rename_all = "snake_case")]
pub(crate) enum Place {
    Task {
        task_id: String,
        opened_at: i64,
        timers: Vec<BoundaryTimer>,
    },
    Service {
        call_id: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        timers: Vec<BoundaryTimer>,
    },
    Timer {
        timer_id: String,
    },
    /// A message or a signal.
    Event {
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        timers: Vec<BoundaryTimer>,
    },
    /// Whichever of the events behind the gateway comes first; these are the timers among them.
    Events {
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        timers: Vec<BoundaryTimer>,
    },
    /// The end of what is inside.
    Scope {
        scope_id: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        timers: Vec<BoundaryTimer>,
    },
    /// Enough of several.
    Several {
        multi_id: String,
        total: u32,
        begun: u32,
        done: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        items: Option<Vec<Value>>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        actions: BTreeMap<String, u32>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        timers: Vec<BoundaryTimer>,
    },
    /// The other ways into a gateway.
    Join {
        flow_id: String,
    },
    /// Somebody to mend what went wrong. `flow_id` is the way by which the token came.
    Repair {
        incident: Incident,
        flow_id: Option<String>,
    },
}

impl Place {
    /// The timers of the boundary, or of the events behind a gateway.
    pub(crate) fn timers(&self) -> &[BoundaryTimer] {
        match self {
            Self::Task { timers, .. }
            | Self::Service { timers, .. }
            | Self::Event { timers }
            | Self::Events { timers }
            | Self::Scope { timers, .. }
            | Self::Several { timers, .. } => timers,
            Self::Timer { .. } | Self::Join { .. } | Self::Repair { .. } => &[],
        }
    }

    pub(crate) fn timers_mut(&mut self) -> Option<&mut Vec<BoundaryTimer>> {
        match self {
            Self::Task { timers, .. }
            | Self::Service { timers, .. }
            | Self::Event { timers }
            | Self::Events { timers }
            | Self::Scope { timers, .. }
            | Self::Several { timers, .. } => Some(timers),
            Self::Timer { .. } | Self::Join { .. } | Self::Repair { .. } => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BoundaryTimer {
    pub(crate) timer_id: String,
    pub(crate) element_id: String,
    /// How often it comes again after the next time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) again: Option<u32>,
}

/// A task that waits for a person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OpenTask<'a> {
    /// The task's id within the instance.
    pub task_id: &'a str,
    /// The user task of the model.
    pub element_id: &'a str,
    /// When it was opened, epoch milliseconds.
    pub opened_at: i64,
    /// What only this one of several sees.
    pub locals: &'a Map<String, Value>,
    /// Whether it is one of several (会签).
    pub one_of_several: bool,
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
    /// A gateway waits for a token that can't come any more.
    JoinStarved,
    /// A decision, a number of runs or a list could not be worked out.
    ExpressionFailed,
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
            Place::Task { task_id, opened_at, .. } => Some(OpenTask {
                task_id,
                element_id: &token.element_id,
                opened_at: *opened_at,
                locals: &token.locals,
                one_of_several: token.inner.is_some(),
            }),
            _ => None,
        })
    }

    /// The timers that have been set and have not fired.
    pub fn pending_timers(&self) -> impl Iterator<Item = PendingTimer<'_>> {
        let of_scopes =
            self.timers.iter().chain(self.scopes.iter().flat_map(|scope| &scope.timers)).map(|timer| {
                PendingTimer { timer_id: &timer.timer_id, element_id: &timer.element_id, task_id: None }
            });
        let of_tokens = self.tokens.iter().flat_map(|token| {
            let (own, task_id) = match &token.place {
                Place::Timer { timer_id } => (Some((timer_id, &token.element_id)), None),
                Place::Task { task_id, .. } => (None, Some(task_id.as_str())),
                _ => (None, None),
            };
            let boundary = token.place.timers().iter().map(|timer| (&timer.timer_id, &timer.element_id));
            own.into_iter().chain(boundary).map(move |(timer_id, element_id)| PendingTimer {
                timer_id,
                element_id,
                task_id,
            })
        });
        of_tokens.chain(of_scopes)
    }

    /// The calls that the host has not reported yet: call id and service task.
    pub fn pending_calls(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tokens.iter().filter_map(|token| match &token.place {
            Place::Service { call_id, .. } => Some((call_id.as_str(), token.element_id.as_str())),
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

    /// The flows that were taken, in the order of their ids: the way on the drawing.
    pub fn taken_flows(&self) -> impl Iterator<Item = &str> {
        self.taken.iter().map(String::as_str)
    }

    /// The messages and signals that something in the run waits for.
    pub fn awaited_events(&self, model: &Model) -> Vec<crate::Event> {
        let mut found: Vec<crate::Event> = Vec::new();
        for element in model.elements() {
            let event = match (&element.kind, element.kind.event()) {
                (crate::ElementKind::ReceiveTask { message }, _) => crate::Event::Message(message.clone()),
                (
                    crate::ElementKind::Catch { .. }
                    | crate::ElementKind::Boundary { .. }
                    | crate::ElementKind::Start { .. },
                    Some(event @ (crate::Event::Message(_) | crate::Event::Signal(_))),
                ) => event.clone(),
                _ => continue,
            };
            if self.state == State::Running && !found.contains(&event) && self.waits_for(model, &event) {
                found.push(event);
            }
        }
        found
    }

    /// The user tasks to which an open task can be sent back, the latest first.
    pub fn returnable(&self, model: &Model, task_id: &str) -> Vec<&str> {
        let mut found: Vec<&str> = Vec::new();
        let remembered = self.done.iter().rev().map(|done| done.element_id.as_str());
        for element_id in remembered.chain(self.outcomes.keys().map(String::as_str)) {
            let input = crate::Input::Return {
                task_id: task_id.to_owned(),
                element_id: element_id.to_owned(),
                reason: String::new(),
            };
            if !found.contains(&element_id) && self.check(model, &input).is_ok() {
                found.push(element_id);
            }
        }
        found
    }
}
