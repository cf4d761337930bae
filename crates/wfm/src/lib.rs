//! Workforce mathematics: how many calls will come and how many agents they need, as a pure library.
//!
//! [`forecast::CallModel`] learns from counts in equal slots of the day and says what to expect in slots to
//! come, with an interval that holds four times out of five.

mod days;
pub mod erlang;
pub mod forecast;
mod ridge;
pub mod score;

pub use days::DayKind;
