//! A proof of work instead of a picture puzzle: whoever sends much has to compute much, and nobody is asked to
//! read crooked letters or to trust another company.
//!
//! A request without one is refused with a task (428): a stamp and a number of bits. The page finds a counter for
//! which the SHA-256 of `stamp:counter` begins with so many zero bits, and sends `stamp:counter` in the header
//! `proof-of-work`. A stamp says for what and when it was made and is good once.

use std::collections::HashMap;
use std::sync::Mutex;

use axum::http::{HeaderMap, StatusCode};
use kernel::{Problem, Timestamp};

/// The header that carries a proof.
pub const HEADER: &str = "proof-of-work";
/// A stamp is good for so long.
const LIFE_MS: i64 = 15 * 60_000;
/// Clocks of several servers may differ by so much.
const AHEAD_MS: i64 = 60_000;
/// So many used stamps are remembered; the oldest go first.
const REMEMBERED_MAX: usize = 200_000;
/// Proofs are shorter than this.
const LENGTH_MAX: usize = 120;

/// Judges proofs and remembers which were used.
#[derive(Debug)]
pub struct Proofs {
    bits: u32,
    used: Mutex<HashMap<String, i64>>,
}

impl Proofs {
    /// Demands `bits` zero bits; 0 demands nothing.
    #[must_use]
    pub fn new(bits: u32) -> Self {
        // More than this no telephone computes in bearable time.
        Self { bits: bits.min(24), used: Mutex::default() }
    }

    /// Lets a request pass that carries a fresh proof made for `purpose`.
    ///
    /// # Errors
    /// `proof.required` with a task otherwise.
    pub fn check(&self, headers: &HeaderMap, purpose: &str, now: Timestamp) -> Result<(), Problem> {
        if self.bits == 0 {
            return Ok(());
        }
        let proof = headers.get(HEADER).and_then(|proof| proof.to_str().ok()).unwrap_or_default();
        if self.is_good(proof, purpose, now) { Ok(()) } else { Err(self.task(purpose, now)) }
    }

    fn task(&self, purpose: &str, now: Timestamp) -> Problem {
        let stamp = format!("{purpose}.{}.{}", now.0, kernel::crypto::random_token(12));
        Problem::new(StatusCode::PRECONDITION_REQUIRED, "proof.required")
            .detail_zh("正在进行安全校验，请稍候再试。")
            .detail_en("A proof of work is needed; the page computes it by itself.")
            .with("stamp", stamp.into())
            .with("bits", self.bits.into())
    }

    fn is_good(&self, proof: &str, purpose: &str, now: Timestamp) -> bool {
        if proof.len() > LENGTH_MAX {
            return false;
        }
        let Some((stamp, _)) = proof.rsplit_once(':') else { return false };
        let mut parts = stamp.split('.');
        let made_for = parts.next() == Some(purpose);
        let made_at = parts.next().and_then(|at| at.parse::<i64>().ok()).unwrap_or_default();
        let fresh = (now.0 - LIFE_MS..=now.0 + AHEAD_MS).contains(&made_at);
        made_for && fresh && zero_bits(proof) >= self.bits && self.use_up(stamp, made_at, now)
    }

    fn use_up(&self, stamp: &str, made_at: i64, now: Timestamp) -> bool {
        let mut used = self.used.lock().expect("no holder of this lock can panic");
        if used.contains_key(stamp) {
            return false;
        }
        if used.len() >= REMEMBERED_MAX {
            used.retain(|_, at| *at > now.0 - LIFE_MS);
            if used.len() >= REMEMBERED_MAX {
                return false;
            }
        }
        used.insert(stamp.to_owned(), made_at);
        true
    }
}

/// Counts the zero bits at the beginning of a text's digest.
fn zero_bits(text: &str) -> u32 {
    let digest = kernel::crypto::sha256_hex(text.as_bytes());
    let mut bits = 0;
    for digit in digest.chars().filter_map(|c| c.to_digit(16)) {
        bits += digit.leading_zeros() - 28;
        if digit != 0 {
            break;
        }
    }
    bits
}

/// Computes a proof for a task.
#[must_use]
pub fn solve(stamp: &str, bits: u32) -> String {
    let mut counter = 0_u64;
    loop {
        let proof = format!("{stamp}:{counter}");
        if zero_bits(&proof) >= bits {
            return proof;
        }
        counter += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(proofs: &Proofs, proof: &str, purpose: &str, now: i64) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, proof.parse().expect("a test's header"));
        proofs.check(&headers, purpose, Timestamp(now)).is_ok()
    }

    #[test]
    fn a_proof_is_good_once_for_its_purpose_and_for_a_while() {
        let proofs = Proofs::new(8);
        let now = 1_772_413_200_000;
        assert!(proofs.check(&HeaderMap::new(), "submit", Timestamp(now)).is_err());
        let proof = solve(&format!("submit.{now}.x"), 8);
        assert!(!passes(&proofs, &proof, "upload", now), "for something else");
        assert!(!passes(&proofs, &proof, "submit", now + LIFE_MS + 1), "too old");
        assert!(!passes(&proofs, &proof, "submit", now - AHEAD_MS - 1), "from the future");
        assert!(passes(&proofs, &proof, "submit", now));
        assert!(!passes(&proofs, &proof, "submit", now), "used");
        let lazy = (0..).map(|n| format!("submit.{now}.y:{n}")).find(|text| zero_bits(text) < 8);
        assert!(!passes(&proofs, &lazy.expect("most texts"), "submit", now), "too little work");
        for odd in ["", ":", "submit", "submit..:0", "submit.x.y:1"] {
            assert!(!passes(&proofs, odd, "submit", now), "{odd}");
        }
    }
}
