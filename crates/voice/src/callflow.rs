//! Call flows (呼叫流程): what a caller hears and presses before, between and after agents.
//!
//! A flow is a graph of nodes ([`model`]), checked before it is published ([`check`]) and carried out
//! by a pure interpreter ([`run`]): `(state, input, facts, now) -> (state, effects)`. It knows no
//! sound, no database and no telephone; the task of a call brings inputs and carries effects out, and
//! the editor's trial run does the same without a telephone. `docs/call-flows.md` describes the graph.

pub mod check;
pub mod defaults;
pub mod facts;
pub mod hours;
pub mod model;
pub mod run;
pub mod said;
pub mod template;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod run_tests;

pub use check::{Finding, Known, Severity, check};
pub use facts::Facts;
pub use model::{Flow, Kind, Language, Node, Speech};
pub use run::{Answer, Effect, Happening, Input, Item, Program, QueueNews, Request, Run};
