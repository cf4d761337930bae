//! How often one source may ask.

use std::collections::HashMap;
use std::sync::Mutex;

use axum::http::StatusCode;

use crate::{Problem, Timestamp};

/// So many sources are remembered; beyond that those with full buckets are forgotten.
const SOURCES_MAX: usize = 50_000;

/// A bucket's size and how fast it fills.
#[derive(Clone, Copy, Debug)]
pub struct RateLimit {
    /// So many at once.
    pub burst: u32,
    /// So many in a minute in the long run.
    pub per_minute: u32,
}

/// A token bucket for each source.
#[derive(Debug)]
pub struct RateLimiter {
    limit: RateLimit,
    buckets: Mutex<HashMap<String, (f64, Timestamp)>>,
}

impl RateLimiter {
    /// Makes a limiter.
    #[must_use]
    pub fn new(limit: RateLimit) -> Self {
        Self { limit, buckets: Mutex::new(HashMap::new()) }
    }

    /// Takes a token of `source`.
    ///
    /// # Errors
    /// `rate.limited` (429) when the bucket is empty.
    pub fn take(&self, source: &str, now: Timestamp) -> Result<(), Problem> {
        let burst = f64::from(self.limit.burst);
        let per_milli = f64::from(self.limit.per_minute) / 60_000.0;
        let mut buckets = self.buckets.lock().expect("no holder of this lock can panic");
        if buckets.len() >= SOURCES_MAX {
            buckets.retain(|_, (tokens, at)| *tokens + now.millis_since(*at) as f64 * per_milli < burst);
        }
        let (tokens, at) = buckets.entry(source.to_owned()).or_insert((burst, now));
        *tokens = (*tokens + now.millis_since(*at).max(0) as f64 * per_milli).min(burst);
        *at = now;
        if *tokens >= 1.0 {
            *tokens -= 1.0;
            return Ok(());
        }
        let wait_secs = ((1.0 - *tokens) / per_milli / 1000.0).ceil().max(1.0) as u64;
        Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "rate.limited")
            .detail_zh(format!("操作过于频繁，请在 {wait_secs} 秒后重试。"))
            .detail_en(format!("Too many requests; try again in {wait_secs} s."))
            .retry_after(wait_secs))
    }
}

#[cfg(test)]
mod tests {
    use super::{RateLimit, RateLimiter};
    use crate::Timestamp;

    #[test]
    fn a_burst_passes_then_time_refills() {
        let limiter = RateLimiter::new(RateLimit { burst: 2, per_minute: 60 });
        let at = Timestamp(1_000_000);
        assert!(limiter.take("a", at).is_ok());
        assert!(limiter.take("a", at).is_ok());
        assert!(limiter.take("a", at).is_err());
        assert!(limiter.take("b", at).is_ok(), "sources do not share a bucket");
        assert!(limiter.take("a", at.plus_secs(1)).is_ok());
    }
}
