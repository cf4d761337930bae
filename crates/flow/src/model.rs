//! A checked flow: what [`Model::parse`](crate::Model::parse) makes of a BPMN file.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::condition::Condition;
use crate::problem::FlowProblem;

/// A checked flow that can be executed. It is immutable; a changed file is another model.
#[derive(Debug)]
pub struct Model {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) elements: Vec<Element>,
    pub(crate) flows: Vec<SequenceFlow>,
    pub(crate) by_id: HashMap<String, usize>,
    pub(crate) start: usize,
    pub(crate) variables: BTreeMap<String, Value>,
    pub(crate) properties: BTreeMap<String, String>,
}

impl Model {
    /// Reads and checks a BPMN 2.0 file.
    ///
    /// # Errors
    /// Every reason for which the file is refused, in the order of the file: what is not well formed, what this machine
    /// can't execute, what points nowhere. The list is never empty.
    pub fn parse(xml: &str) -> Result<Self, Vec<FlowProblem>> {
        crate::parse::parse(xml)
    }

    /// The process id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The process name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The start values of the declared variables.
    pub fn variables(&self) -> &BTreeMap<String, Value> {
        &self.variables
    }

    /// The process's `yihao:property` values.
    pub fn properties(&self) -> &BTreeMap<String, String> {
        &self.properties
    }

    /// All elements in the order of the file.
    pub fn elements(&self) -> &[Element] {
        &self.elements
    }

    /// The element with an id.
    pub fn element(&self, element_id: &str) -> Option<&Element> {
        self.by_id.get(element_id).map(|index| &self.elements[*index])
    }

    /// The user tasks in the order of the file: where a token may jump to.
    pub fn user_tasks(&self) -> impl Iterator<Item = (&Element, &UserTask)> {
        self.elements.iter().filter_map(|element| match &element.kind {
            ElementKind::UserTask(task) => Some((element, task)),
            _ => None,
        })
    }

    /// All sequence flows in the order of the file.
    pub fn flows(&self) -> &[SequenceFlow] {
        &self.flows
    }
}

/// A node of the flow.
#[derive(Debug)]
pub struct Element {
    /// The id in the file.
    pub id: String,
    /// The name in the file, or the id when it has none.
    pub name: String,
    /// What it does.
    pub kind: ElementKind,
    /// Its `yihao:property` values, for the host.
    pub properties: BTreeMap<String, String>,
    pub(crate) incoming: Vec<usize>,
    pub(crate) outgoing: Vec<usize>,
    pub(crate) boundary: Vec<usize>,
}

/// What an element does. Indices point into [`Model::elements`] or [`Model::flows`].
#[derive(Debug)]
pub enum ElementKind {
    /// Where the flow begins.
    Start,
    /// Where a token ends.
    End {
        /// Whether it takes all other tokens with it.
        terminate: bool,
    },
    /// A person's work.
    UserTask(UserTask),
    /// The host's work.
    ServiceTask {
        /// What the host shall do.
        service: String,
    },
    /// One way out, by condition.
    ExclusiveGateway {
        /// The flow that is taken when no condition holds.
        default: Option<usize>,
    },
    /// Waits for all ways in, then takes all ways out.
    ParallelGateway,
    /// Waits for a time.
    TimerCatch {
        /// The time.
        timer: TimerSpec,
    },
    /// A time at which something happens to an open task.
    BoundaryTimer {
        /// The user task.
        attached_to: usize,
        /// Whether the task is closed by it.
        interrupting: bool,
        /// The time.
        timer: TimerSpec,
    },
}

impl ElementKind {
    /// The BPMN element name.
    pub fn bpmn_name(&self) -> &'static str {
        match self {
            Self::Start => "startEvent",
            Self::End { .. } => "endEvent",
            Self::UserTask(_) => "userTask",
            Self::ServiceTask { .. } => "serviceTask",
            Self::ExclusiveGateway { .. } => "exclusiveGateway",
            Self::ParallelGateway => "parallelGateway",
            Self::TimerCatch { .. } => "intermediateCatchEvent",
            Self::BoundaryTimer { .. } => "boundaryEvent",
        }
    }
}

/// A way from one element to another.
#[derive(Debug)]
pub struct SequenceFlow {
    /// The id in the file.
    pub id: String,
    /// The name in the file; may be empty.
    pub name: String,
    pub(crate) source: usize,
    pub(crate) target: usize,
    pub(crate) condition: Option<Condition>,
}

impl SequenceFlow {
    /// The text of the condition.
    pub fn condition(&self) -> Option<&str> {
        self.condition.as_ref().map(Condition::source)
    }
}

/// What a person has to do, and who may.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UserTask {
    /// Who may do it; any one entry suffices. Never empty in a checked model.
    pub candidates: Vec<Candidates>,
    /// The key of the form.
    pub form: Option<String>,
    /// What can be done with the task. When empty, any action completes it.
    pub actions: Vec<Action>,
    /// How long it may take.
    pub limit: Option<Limit>,
}

/// A group of people who may do a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidates {
    /// The capability that they must have.
    pub capability: Option<String>,
    /// Among whom.
    pub of: CandidateScope,
}

/// Among whom candidates are looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum CandidateScope {
    /// Everybody.
    Any,
    /// The people of one unit.
    Unit {
        /// The variable that holds the unit's id.
        variable: String,
    },
    /// One person.
    Person {
        /// The variable that holds the person's id.
        variable: String,
    },
    /// Whoever started the instance, as the host knows.
    Creator,
}

/// Something that can be done with a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// The name that conditions see as `action`.
    pub name: String,
    /// The label in Chinese.
    pub zh: String,
    /// The label in English.
    pub en: String,
    /// Whether it completes the task. One that doesn't (transfer, ask for more time) is the host's affair alone.
    pub completes: bool,
}

/// How long a task may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Limit {
    /// Working days by the host's calendar.
    WorkingDays {
        /// How many.
        days: u32,
    },
    /// A plain length of time.
    Duration {
        /// Milliseconds.
        duration_ms: i64,
    },
    /// A rule that the host knows by name, for instance `by_type`.
    Rule {
        /// The rule.
        name: String,
    },
}

/// When a timer fires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum TimerSpec {
    /// A plain length of time after it was set.
    Duration {
        /// Milliseconds.
        duration_ms: i64,
    },
    /// An instant.
    Date {
        /// Epoch milliseconds.
        at_ms: i64,
    },
    /// Working days after it was set, by the host's calendar.
    WorkingDays {
        /// How many.
        days: u32,
    },
    /// When the limit of the task is nearly used up; how near is the host's parameter.
    NearDue,
    /// When the limit of the task has passed.
    Due,
}
