//! Calls as a carrier and telephones make them, on the loopback address: `bench voice`, `voice-setup`, `pop`.
//!
//! One socket is the carrier. It dials a number whose flow passes the call on to another number, which the same
//! carrier serves: so every call has two legs with sound in both directions and a recording, as one with an agent.

mod house;
mod line;
pub mod pop;
pub mod setup;
mod sound;
pub mod talking;
mod text;

use std::time::Duration;

/// How long a call may take to be answered or to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// Milliseconds of a list of microseconds below which a share of them lies.
fn millis(sorted: &[u64], share: f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "microseconds of one call")]
    let micros = super::percentile(sorted, share) as f64;
    super::rounded(micros / 1e3)
}
