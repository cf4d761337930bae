//! Time as a value that is handed in, so that tests own it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An instant in epoch milliseconds (UTC).
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(transparent)]
#[schema(value_type = i64, example = 1_700_000_000_000_i64)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Returns the instant `millis` later (earlier when negative); saturates at the ends of time.
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Returns the instant `secs` later (earlier when negative).
    #[must_use]
    pub fn plus_secs(self, secs: i64) -> Self {
        self.plus_millis(secs.saturating_mul(1000))
    }

    /// Returns the milliseconds from `earlier` to this instant.
    #[must_use]
    pub fn millis_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Tells the time. Everything that needs the present takes it from here.
pub trait Clock: Send + Sync {
    /// Returns the present instant.
    fn now(&self) -> Timestamp;

    /// Returns milliseconds since some instant of this process's life. Whoever measures how long something
    /// takes asks this: it never runs backwards and never jumps when the machine's clock is set.
    fn elapsed_ms(&self) -> i64;
}

/// The clock of the machine.
#[derive(Debug, Default)]
pub struct SystemClock;

/// What [`SystemClock::elapsed_ms`] counts from; one for the process, however many clocks are made.
static BEGINNING: OnceLock<Instant> = OnceLock::new();

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        Timestamp(chrono::Utc::now().timestamp_millis())
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn elapsed_ms(&self) -> i64 {
        let beginning = BEGINNING.get_or_init(Instant::now);
        i64::try_from(beginning.elapsed().as_millis()).unwrap_or(i64::MAX)
    }
}

/// A clock that stands still until a test moves it.
#[derive(Debug)]
pub struct MockClock {
    now: AtomicI64,
    elapsed: AtomicI64,
}

impl MockClock {
    /// Makes a clock that stands at `now`.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self { now: AtomicI64::new(now.0), elapsed: AtomicI64::new(0) }
    }

    /// Sets the clock to `now`, as an administrator or a time server does: no time passes.
    pub fn set(&self, now: Timestamp) {
        self.now.store(now.0, Ordering::SeqCst);
    }

    /// Moves the clock on by `millis`: so much time passes.
    pub fn advance_millis(&self, millis: i64) {
        self.now.fetch_add(millis, Ordering::SeqCst);
        self.elapsed.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for MockClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::SeqCst))
    }

    fn elapsed_ms(&self) -> i64 {
        self.elapsed.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, MockClock, SystemClock, Timestamp};

    #[test]
    fn a_clock_that_is_set_back_does_not_turn_elapsed_time_back() {
        let clock = MockClock::new(Timestamp(1_000_000));
        clock.advance_millis(500);
        clock.set(Timestamp(0));
        assert_eq!((clock.now(), clock.elapsed_ms()), (Timestamp(0), 500));
        let machine = SystemClock;
        let before = machine.elapsed_ms();
        assert!(machine.elapsed_ms() >= before);
    }
}
