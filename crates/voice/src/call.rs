//! One call: its rules ([`state`]) and the task that carries them out ([`actor`]).

pub mod actor;
pub mod record;
pub mod state;

pub use actor::{CallHandle, CallMessage};
