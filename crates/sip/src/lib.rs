//! What a SIP element must decide for itself, as pure functions and models.
//!
//! No socket, no clock, no task lives here: time and randomness are arguments, so a replayed
//! nonce or a hostile session description is a unit test. The `voice` crate puts these models
//! behind its listener.

pub mod digest;
pub mod guard;
pub mod redact;
pub mod referral;
pub mod registrar;
pub mod screen;
pub mod sdp;
pub mod session_timer;
pub mod stream;
