//! Outbound tasks (外呼任务): lists of numbers that the house calls, with or without an agent.
//!
//! What a task is ([`plan`]), whom it may call next ([`pacing`]), what follows from a call's result ([`retry`]),
//! what is asked and how it is counted ([`questions`]) and how a list is read ([`list`]) are pure rules. The
//! [`engine`] looks at the floor, asks the rules, claims numbers in the database and dials.

pub mod engine;
pub mod list;
pub mod pacing;
pub mod plan;
pub mod questions;
pub mod retry;

#[cfg(test)]
mod pacing_properties;

pub use plan::{Mode, Plan, State};
