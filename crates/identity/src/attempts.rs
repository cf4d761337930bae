//! How many wrong passwords an account or an address may cost.

use std::collections::HashMap;
use std::sync::Mutex;

use kernel::Timestamp;

use crate::error::IdentityError;

/// When an account locks.
#[derive(Clone, Copy, Debug)]
pub struct AttemptRules {
    /// So many failures in a row lock it.
    pub failures_max: i64,
    /// For so long; failures older than this no longer count.
    pub lock_millis: i64,
}

/// The recent failures of one account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    /// Failures in a row.
    pub failures: i64,
    /// The last one.
    pub last_at: Timestamp,
    /// Locked until then.
    pub locked_until: Timestamp,
}

impl Attempts {
    /// Refuses while the account is locked.
    ///
    /// # Errors
    /// With the time to wait.
    pub fn check(self, now: Timestamp) -> Result<(), IdentityError> {
        let wait_millis = self.locked_until.millis_since(now);
        if wait_millis > 0 {
            let wait_secs = u64::try_from(wait_millis).unwrap_or(0).div_ceil(1000);
            return Err(IdentityError::SignInLocked { wait_secs });
        }
        Ok(())
    }

    /// Returns the state after one more failure.
    #[must_use]
    pub fn after_failure(self, now: Timestamp, rules: AttemptRules) -> Self {
        let stale = now.millis_since(self.last_at) >= rules.lock_millis;
        let served = self.locked_until > Timestamp(0) && self.locked_until <= now;
        let failures = if stale || served { 1 } else { self.failures + 1 };
        let locked_until =
            if failures >= rules.failures_max { now.plus_millis(rules.lock_millis) } else { Timestamp(0) };
        Self { failures, last_at: now, locked_until }
    }
}

/// Failures by address: one address that tries many accounts is stopped before it costs hashing.
#[derive(Debug, Default)]
pub(crate) struct AddressFailures(Mutex<HashMap<String, (i64, Timestamp)>>);

/// So many addresses are remembered.
const ADDRESSES_MAX: usize = 20_000;

impl AddressFailures {
    /// Refuses an address that failed too often of late.
    pub(crate) fn check(
        &self,
        ip: &str,
        now: Timestamp,
        failures_max: i64,
        window_millis: i64,
    ) -> Result<(), IdentityError> {
        let known = self.0.lock().expect("no holder of this lock can panic");
        match known.get(ip) {
            Some((failures, since))
                if *failures >= failures_max && now.millis_since(*since) < window_millis =>
            {
                let wait_millis = window_millis - now.millis_since(*since);
                let wait_secs = u64::try_from(wait_millis).unwrap_or(0).div_ceil(1000);
                Err(IdentityError::SignInLocked { wait_secs })
            }
            _ => Ok(()),
        }
    }

    /// Counts a failure.
    pub(crate) fn count(&self, ip: &str, now: Timestamp, window_millis: i64) {
        let mut known = self.0.lock().expect("no holder of this lock can panic");
        if known.len() >= ADDRESSES_MAX {
            known.retain(|_, (_, since)| now.millis_since(*since) < window_millis);
        }
        let entry = known.entry(ip.to_owned()).or_insert((0, now));
        if now.millis_since(entry.1) >= window_millis {
            *entry = (0, now);
        }
        entry.0 += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: AttemptRules = AttemptRules { failures_max: 5, lock_millis: 15 * 60_000 };

    #[test]
    fn the_fifth_failure_locks_for_a_quarter_of_an_hour() {
        let start = Timestamp(1_700_000_000_000);
        let mut attempts = Attempts::default();
        for n in 0..4 {
            attempts = attempts.after_failure(start.plus_secs(n), RULES);
            assert!(attempts.check(start.plus_secs(n)).is_ok());
        }
        attempts = attempts.after_failure(start.plus_secs(4), RULES);
        assert!(attempts.check(start.plus_secs(5)).is_err());
        assert!(attempts.check(start.plus_secs(4 + 15 * 60 - 1)).is_err());
        let after = start.plus_secs(4 + 15 * 60);
        assert!(attempts.check(after).is_ok());
        assert_eq!(attempts.after_failure(after, RULES).failures, 1, "a served lock starts afresh");
    }

    #[test]
    fn failures_far_apart_do_not_add_up() {
        let mut attempts = Attempts::default();
        for n in 0..20 {
            attempts = attempts.after_failure(Timestamp(1_700_000_000_000).plus_secs(n * 16 * 60), RULES);
        }
        assert_eq!(attempts.failures, 1);
    }

    #[test]
    fn an_address_that_sprays_is_stopped() {
        let failures = AddressFailures::default();
        let now = Timestamp(1_700_000_000_000);
        for _ in 0..3 {
            assert!(failures.check("198.51.100.1", now, 3, 60_000).is_ok());
            failures.count("198.51.100.1", now, 60_000);
        }
        assert!(failures.check("198.51.100.1", now, 3, 60_000).is_err());
        assert!(failures.check("198.51.100.2", now, 3, 60_000).is_ok());
        assert!(failures.check("198.51.100.1", now.plus_secs(60), 3, 60_000).is_ok());
    }
}
