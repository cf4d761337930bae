//! Automatic call distribution as a pure state machine.
//!
//! The owner feeds [`Input`]s with the time and carries out the [`Effect`]s; there is no clock,
//! no I/O and no randomness inside, so a race is a unit test.

mod config;
mod floor;
mod trace;
mod turns;
mod types;
pub mod whatif;

pub use config::{
    BreakRule, FloorConfig, Medium, Overflow, OverflowTarget, QueueConfig, SeatProfile, Strategy,
};
pub use floor::{Floor, QueueFigures, Waiting};
pub use trace::{Candidate, Group, OverflowCause, Staff, TRACED_CANDIDATES, Trace};
pub use types::{
    Arrival, BreakRequest, CallKey, Effect, Input, QueueKey, Rest, SeatKey, SeatState, WithdrawReason,
};
