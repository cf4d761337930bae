//! Who may speak SIP to the server, and how fast.

use std::collections::HashMap;
use std::net::IpAddr;

/// Sources that are counted at the same time.
const REMEMBERED_SOURCES: usize = 10_000;

/// A network such as `10.1.0.0/16`, or one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Reads `address` or `address/prefix`.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.trim().parse().ok()?;
        let widest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.trim().parse().ok().filter(|p| *p <= widest)?,
            None => widest,
        };
        Some(Self { address, prefix })
    }

    /// Tells whether an address lies in the network.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
                u32::from(net) & mask == u32::from(ip) & mask
            }
            (IpAddr::V6(net), IpAddr::V6(ip)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                u128::from(net) & mask == u128::from(ip) & mask
            }
            _ => false,
        }
    }
}

/// How a datagram from a source is treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is served.
    Serve,
    /// It is dropped without an answer, so that nothing is amplified.
    Drop,
}

/// A token bucket for each source address.
#[derive(Debug)]
pub struct RateLimiter {
    per_second: f64,
    burst: f64,
    buckets: HashMap<IpAddr, Bucket>,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    at_ms: u64,
}

impl RateLimiter {
    /// Allows `per_second` messages a second from each source, and `burst` at once.
    pub fn new(per_second: u32, burst: u32) -> Self {
        Self { per_second: f64::from(per_second), burst: f64::from(burst.max(1)), buckets: HashMap::new() }
    }

    /// Counts one message.
    pub fn admit(&mut self, source: IpAddr, now_ms: u64) -> Verdict {
        if self.buckets.len() >= REMEMBERED_SOURCES && !self.buckets.contains_key(&source) {
            // Full buckets carry no information.
            let (per_second, burst) = (self.per_second, self.burst);
            self.buckets.retain(|_, bucket| bucket.level(now_ms, per_second, burst) < burst);
            if self.buckets.len() >= REMEMBERED_SOURCES {
                return Verdict::Drop;
            }
        }
        let bucket = self.buckets.entry(source).or_insert(Bucket { tokens: self.burst, at_ms: now_ms });
        bucket.tokens = bucket.level(now_ms, self.per_second, self.burst);
        bucket.at_ms = bucket.at_ms.max(now_ms);
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            Verdict::Serve
        } else {
            Verdict::Drop
        }
    }
}

impl Bucket {
    fn level(&self, now_ms: u64, per_second: f64, burst: f64) -> f64 {
        let elapsed_secs = now_ms.saturating_sub(self.at_ms) as f64 / 1000.0;
        (self.tokens + elapsed_secs * per_second).min(burst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_contain_their_addresses_only() {
        let net = Network::parse("10.1.0.0/16").unwrap();
        assert!(net.contains("10.1.255.3".parse().unwrap()));
        assert!(net.contains("::ffff:10.1.2.3".parse().unwrap()));
        assert!(!net.contains("10.2.0.1".parse().unwrap()));
        let one = Network::parse("192.0.2.7").unwrap();
        assert!(one.contains("192.0.2.7".parse().unwrap()));
        assert!(!one.contains("192.0.2.8".parse().unwrap()));
        let all = Network::parse("0.0.0.0/0").unwrap();
        assert!(all.contains("203.0.113.9".parse().unwrap()));
        let six = Network::parse("2001:db8::/32").unwrap();
        assert!(six.contains("2001:db8:1::1".parse().unwrap()));
        assert!(!six.contains("10.1.0.1".parse().unwrap()));
        for bad in ["", "10.1", "10.0.0.0/33", "::/129", "a/b", "10.0.0.0/-1"] {
            assert_eq!(Network::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_flood_is_cut_to_the_rate_and_others_are_not_hurt() {
        let mut limiter = RateLimiter::new(10, 20);
        let noisy = "192.0.2.1".parse().unwrap();
        let quiet = "192.0.2.2".parse().unwrap();
        let served = (0..1000u64).filter(|n| limiter.admit(noisy, *n) == Verdict::Serve).count();
        assert!((28..=31).contains(&served), "{served}");
        assert_eq!(limiter.admit(quiet, 999), Verdict::Serve);
    }

    #[test]
    fn memory_is_bounded_and_recovers() {
        let mut limiter = RateLimiter::new(1, 2);
        for n in 0..REMEMBERED_SOURCES as u32 {
            limiter.admit(IpAddr::from(n.to_be_bytes()), 0);
        }
        let late = "203.0.113.1".parse().unwrap();
        assert_eq!(limiter.admit(late, 0), Verdict::Drop);
        assert_eq!(limiter.admit(late, 10_000), Verdict::Serve);
        assert!(limiter.buckets.len() < REMEMBERED_SOURCES);
    }
}
