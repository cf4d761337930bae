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
    /// The process itself first, then its sub-processes and the processes that it calls.
    pub(crate) scopes: Vec<ScopeModel>,
    pub(crate) variables: BTreeMap<String, Value>,
    pub(crate) properties: BTreeMap<String, String>,
}

/// What a file must say to be accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Everything that a host needs: who may do a task, what a service does, that the process is meant to be executed.
    Published,
    /// What the token machine needs, so that models drawn elsewhere can be checked and traced as they are.
    Drawn,
}

/// A process, or the inside of a sub-process.
#[derive(Debug, Default)]
pub(crate) struct ScopeModel {
    /// The sub-process around it; none for a process.
    pub(crate) owner: Option<usize>,
    /// Its start events in the order of the file.
    pub(crate) starts: Vec<usize>,
    /// The event sub-processes directly in it.
    pub(crate) event_processes: Vec<usize>,
    /// What variables a called process declares.
    pub(crate) variables: BTreeMap<String, Value>,
}

impl Model {
    /// Reads and checks a BPMN 2.0 file.
    ///
    /// # Errors
    /// Every reason for which the file is refused, in the order of the file: what is not well formed, what this machine
    /// can't execute, what points nowhere. The list is never empty.
    pub fn parse(xml: &str) -> Result<Self, Vec<FlowProblem>> {
        crate::parse::parse(xml, Reading::Published)
    }

    /// Reads and checks a BPMN 2.0 file as far as `reading` asks.
    ///
    /// # Errors
    /// As [`Model::parse`].
    pub fn read(xml: &str, reading: Reading) -> Result<Self, Vec<FlowProblem>> {
        crate::parse::parse(xml, reading)
    }

    /// Finds what is certain to go wrong although each element can be executed: circles without a wait, and joins that
    /// starve on every path. A model with such faults is not published.
    pub fn review(&self) -> Vec<FlowProblem> {
        crate::review::review(self)
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
    /// How often it is done.
    pub multi: Option<MultiInstance>,
    /// The flow that is taken when no condition holds.
    pub(crate) default: Option<usize>,
    pub(crate) scope: usize,
    pub(crate) incoming: Vec<usize>,
    pub(crate) outgoing: Vec<usize>,
    pub(crate) boundary: Vec<usize>,
}

impl Element {
    /// The timer that it waits for.
    pub fn timer(&self) -> Option<&TimerSpec> {
        match self.kind.event() {
            Some(Event::Timer(timer)) => Some(timer),
            _ => None,
        }
    }
}

/// What an element does. Indices point into [`Model::elements`], [`Model::flows`] or the scopes.
#[derive(Debug)]
pub enum ElementKind {
    /// Where a process, sub-process or event sub-process begins.
    Start {
        /// What begins it.
        event: Event,
        /// Whether it ends what goes on around the event sub-process.
        interrupting: bool,
    },
    /// Where a token ends.
    End {
        /// What it leaves behind.
        event: Event,
    },
    /// A person's work.
    UserTask(UserTask),
    /// The host's work.
    ServiceTask {
        /// What the host shall do.
        service: String,
    },
    /// A message to somebody outside.
    SendTask {
        /// The message.
        message: String,
    },
    /// Waits for a message.
    ReceiveTask {
        /// The message.
        message: String,
    },
    /// Work that this machine does not watch: an abstract or manual task.
    PlainTask {
        /// Whether it was drawn as a manual task.
        manual: bool,
    },
    /// A decision table.
    DecisionTask(DecisionTable),
    /// Runs another process of the file.
    CallActivity {
        /// The process.
        called: String,
        /// Its scope.
        scope: usize,
    },
    /// Runs what is drawn inside.
    SubProcess {
        /// Its scope.
        scope: usize,
        /// Whether it is started by an event instead of a flow.
        by_event: bool,
    },
    /// One way out, by condition.
    ExclusiveGateway,
    /// Each way out whose condition holds; waits for all tokens that can still come.
    InclusiveGateway,
    /// Waits for all ways in, then takes all ways out.
    ParallelGateway,
    /// Whichever of the events behind it comes first.
    EventGateway,
    /// Waits for an event.
    Catch {
        /// The event.
        event: Event,
    },
    /// Makes an event.
    Throw {
        /// The event.
        event: Event,
    },
    /// An event that happens to an activity.
    Boundary {
        /// The activity.
        attached_to: usize,
        /// Whether the activity is closed by it.
        interrupting: bool,
        /// The event.
        event: Event,
    },
}

/// What an event is about. Codes are none when every code is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Nothing in particular.
    Plain,
    /// A time.
    Timer(TimerSpec),
    /// A message by name, for one receiver.
    Message(String),
    /// A signal by name, for everybody who waits for it.
    Signal(String),
    /// An error, which closes what is around it until somebody catches it.
    Error(Option<String>),
    /// Something that those around should know.
    Escalation(Option<String>),
    /// A way without a line.
    Link(String),
    /// The end of everything in the same scope.
    Terminate,
}

/// How often an activity is done, and when that is enough.
#[derive(Debug)]
pub struct MultiInstance {
    /// One after the other instead of all at once.
    pub sequential: bool,
    /// How often.
    pub(crate) count: Count,
    /// The variable in which each run finds its item.
    pub(crate) item: Option<String>,
    /// A CEL condition after each completion.
    pub(crate) condition: Option<Condition>,
    /// 会签、票签、或签.
    pub(crate) rule: Completion,
    /// The variable that gets the outcome.
    pub(crate) result: Option<String>,
}

/// Where the number of runs comes from.
#[derive(Debug)]
pub(crate) enum Count {
    Number(Condition),
    List(String),
}

/// When enough of several have been done.
#[derive(Debug, Clone, PartialEq)]
pub enum Completion {
    /// 会签: all.
    All,
    /// 或签: one, or one by the given action.
    Any {
        /// The action that counts.
        action: Option<String>,
    },
    /// 票签: a share, counted by the given action.
    Ratio {
        /// Above 0, at most 1.
        share: f64,
        /// The action that counts.
        action: Option<String>,
    },
}

/// A decision table: the first row whose condition holds sets a variable.
#[derive(Debug, Default)]
pub struct DecisionTable {
    /// The variable; none when nothing was drawn, and the host has nothing to decide either.
    pub(crate) result: Option<String>,
    pub(crate) rows: Vec<DecisionRow>,
}

/// A row of a decision table.
#[derive(Debug)]
pub(crate) struct DecisionRow {
    pub(crate) when: Option<Condition>,
    pub(crate) value: Condition,
}

impl ElementKind {
    /// The BPMN element name.
    pub fn bpmn_name(&self) -> &'static str {
        match self {
            Self::Start { .. } => "startEvent",
            Self::End { .. } => "endEvent",
            Self::UserTask(_) => "userTask",
            Self::ServiceTask { .. } => "serviceTask",
            Self::SendTask { .. } => "sendTask",
            Self::ReceiveTask { .. } => "receiveTask",
            Self::PlainTask { manual: false } => "task",
            Self::PlainTask { manual: true } => "manualTask",
            Self::DecisionTask(_) => "businessRuleTask",
            Self::CallActivity { .. } => "callActivity",
            Self::SubProcess { .. } => "subProcess",
            Self::ExclusiveGateway => "exclusiveGateway",
            Self::InclusiveGateway => "inclusiveGateway",
            Self::ParallelGateway => "parallelGateway",
            Self::EventGateway => "eventBasedGateway",
            Self::Catch { .. } => "intermediateCatchEvent",
            Self::Throw { .. } => "intermediateThrowEvent",
            Self::Boundary { .. } => "boundaryEvent",
        }
    }

    /// What it waits for or makes, when it is an event.
    pub fn event(&self) -> Option<&Event> {
        match self {
            Self::Start { event, .. }
            | Self::End { event }
            | Self::Catch { event }
            | Self::Throw { event }
            | Self::Boundary { event, .. } => Some(event),
            _ => None,
        }
    }

    /// Whether it is work, to whose boundary events can be attached.
    pub fn is_activity(&self) -> bool {
        matches!(
            self,
            Self::UserTask(_)
                | Self::ServiceTask { .. }
                | Self::SendTask { .. }
                | Self::ReceiveTask { .. }
                | Self::PlainTask { .. }
                | Self::DecisionTask(_)
                | Self::CallActivity { .. }
                | Self::SubProcess { .. }
        )
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
    /// Again and again, each so long after the one before.
    Cycle {
        /// Milliseconds.
        duration_ms: i64,
        /// How often; none until what it is attached to ends.
        times: Option<u32>,
    },
    /// When the limit of the task is nearly used up; how near is the host's parameter.
    NearDue,
    /// When the limit of the task has passed.
    Due,
}
