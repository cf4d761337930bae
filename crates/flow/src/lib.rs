//! Flows drawn in BPMN 2.0, checked and executed.
//!
//! [`Model::parse`] reads a file and refuses, with a list, whatever can't be executed exactly as drawn. An [`Instance`] is
//! the state of one run; [`Instance::start`] and [`Instance::apply`] take an input and the present and give [`Effect`]s, which
//! the host carries out (opens tasks, sets timers, calls services). There is no clock, no randomness and no I/O in here: the
//! same inputs give the same ids and the same effects.
//!
//! ```
//! use flow::{Effect, Input, Instance, Model};
//!
//! let model = Model::parse(flow::STANDARD).expect("the standard flow is checked");
//! let (mut instance, effects) = Instance::start(&model, serde_json::Map::new(), 0).expect("no reserved variable");
//! let task_id = effects
//!     .iter()
//!     .find_map(|effect| match effect {
//!         Effect::OpenTask { task_id, .. } => Some(task_id.clone()),
//!         _ => None,
//!     })
//!     .expect("review is open");
//! let input = Input::CompleteTask { task_id, action: "pass".to_owned(), vars: serde_json::Map::new() };
//! let effects = instance.apply(&model, input, 1).expect("the task is open");
//! assert!(effects.iter().any(|effect| matches!(effect, Effect::OpenTask { element_id, .. } if element_id == "dispatch")));
//! ```

mod compare;
mod condition;
mod exchange;
mod instance;
mod machine;
mod migrate;
mod model;
mod parse;
mod problem;
mod review;
mod time;
mod trace;

pub use compare::{ChangeKind, Difference, compare};
pub use condition::{Condition, ConditionError, Facts};
pub use exchange::{Effect, FlowError, Input, TaskOutcome};
pub use instance::{Incident, IncidentCode, Instance, OpenTask, PendingTimer, State};
pub use migrate::MigrationError;
pub use model::{
    Action, CandidateScope, Candidates, Completion, DecisionTable, Element, ElementKind, Event, Limit, Model,
    MultiInstance, Reading, SequenceFlow, TimerSpec, UserTask,
};
pub use parse::YIHAO as EXTENSION_NAMESPACE;
pub use problem::FlowProblem;
pub use trace::{Trace, trace};

/// The flow that a new city starts with, as BPMN 2.0 XML with its drawing.
pub const STANDARD: &str = include_str!("../models/standard.bpmn");

/// A shorter flow for simple matters: without the first review and without a return visit.
pub const SHORT: &str = include_str!("../models/short.bpmn");

/// Reads the text of a file: UTF-8, or UTF-16 with a mark at its beginning.
pub fn decode(bytes: Vec<u8>) -> Option<String> {
    let wide = |from_bytes: fn([u8; 2]) -> u16| {
        let (pairs, rest) = bytes[2..].as_chunks::<2>();
        let units: Vec<u16> = pairs.iter().map(|pair| from_bytes(*pair)).collect();
        if rest.is_empty() { String::from_utf16(&units).ok() } else { None }
    };
    match bytes.get(..2) {
        Some([0xFF, 0xFE]) => wide(u16::from_le_bytes),
        Some([0xFE, 0xFF]) => wide(u16::from_be_bytes),
        _ => String::from_utf8(bytes).ok(),
    }
}
