//! How often one source may ask.

use std::collections::HashMap;
use std::sync::Mutex;

use axum::http::StatusCode;

use crate::{Problem, Timestamp};

/// So many sources are remembered; beyond that those with full buckets are forgotten, at most once a second,
/// and newcomers share one bucket.
const SOURCES_MAX: usize = 50_000;
const SWEEP_MILLIS: i64 = 1000;
const NEWCOMERS: &str = "newcomers";

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
    buckets: Mutex<Buckets>,
}

#[derive(Debug, Default)]
struct Buckets {
    tokens: HashMap<String, (f64, Timestamp)>,
    swept_at: Timestamp,
}

/// Returns the name under which an address is limited: of IPv6 the network of 64 bits that one subscriber
/// has to himself.
#[must_use]
pub fn source_of(address: &str) -> String {
    match address.parse::<std::net::Ipv6Addr>() {
        Ok(address) => match address.to_ipv4_mapped() {
            Some(address) => address.to_string(),
            None => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        },
        Err(_) => address.to_owned(),
    }
}

impl RateLimiter {
    /// Makes a limiter.
    #[must_use]
    pub fn new(limit: RateLimit) -> Self {
        Self { limit, buckets: Mutex::default() }
    }

    /// Takes a token of `source`.
    ///
    /// # Errors
    /// `rate.limited` (429) when the bucket is empty.
    pub fn take(&self, source: &str, now: Timestamp) -> Result<(), Problem> {
        let burst = f64::from(self.limit.burst);
        let per_milli = f64::from(self.limit.per_minute) / 60_000.0;
        let mut buckets = self.buckets.lock().expect("no holder of this lock can panic");
        if buckets.tokens.len() >= SOURCES_MAX && now.millis_since(buckets.swept_at) >= SWEEP_MILLIS {
            buckets.swept_at = now;
            buckets
                .tokens
                .retain(|_, (tokens, at)| *tokens + now.millis_since(*at) as f64 * per_milli < burst);
        }
        let mut source = source_of(source);
        if buckets.tokens.len() >= SOURCES_MAX && !buckets.tokens.contains_key(&source) {
            NEWCOMERS.clone_into(&mut source);
        }
        let (tokens, at) = buckets.tokens.entry(source).or_insert((burst, now));
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
    use super::{RateLimit, RateLimiter, SOURCES_MAX, source_of};
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

    #[test]
    fn one_subscriber_is_one_source_and_memory_is_bounded() {
        assert_eq!(source_of("2001:db8:1:2:3:4:5:6"), source_of("2001:db8:1:2::9"));
        assert_ne!(source_of("2001:db8:1:2::9"), source_of("2001:db8:1:3::9"));
        assert_eq!(source_of("::ffff:192.0.2.1"), "192.0.2.1");
        let limiter = RateLimiter::new(RateLimit { burst: 2, per_minute: 1 });
        for n in 0..SOURCES_MAX + 5_000 {
            let _ = limiter.take(&format!("source-{n}"), Timestamp(1_000_000));
        }
        assert!(limiter.buckets.lock().unwrap().tokens.len() <= SOURCES_MAX + 1);
    }
}
