//! Automatic call distribution as a pure state machine.
//!
//! The owner feeds [`Input`]s with the time and carries out the [`Effect`]s; there is no clock,
//! no I/O and no randomness inside, so a race is a unit test.

mod floor;
mod types;

pub use floor::Floor;
pub use types::{CallKey, Effect, FloorConfig, Input, Rest, SeatKey, SeatState, WithdrawReason};
