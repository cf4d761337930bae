//! The one place where time and chance enter the media plane.

use std::time::Instant;

/// The steady clock that paces audio.
#[expect(
    clippy::disallowed_methods,
    reason = "audio is paced by the machine's steady clock; the rules behind it take time as an argument"
)]
pub(super) fn now() -> Instant {
    Instant::now()
}

/// Where a stream's numbers begin. They only have to be hard to guess (RFC 3550 §5.1).
pub(super) struct Origin {
    pub ssrc: u32,
    pub sequence: u64,
    pub timestamp: u32,
}

/// Draws an origin. The upper half of the sequence numbers is left out, so that SRTP's roll-over
/// counter begins at zero on both sides.
#[expect(
    clippy::disallowed_methods,
    reason = "stream numbers are neither ids nor secrets, and no test depends on them"
)]
pub(super) fn origin() -> Origin {
    Origin {
        ssrc: rand::random(),
        sequence: u64::from(rand::random::<u16>() >> 1),
        timestamp: rand::random(),
    }
}
