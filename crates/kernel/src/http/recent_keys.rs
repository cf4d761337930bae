//! Which keys of repeatable creations this process has seen lately.

use std::collections::hash_map::RandomState;
use std::collections::{HashSet, VecDeque};
use std::hash::BuildHasher as _;
use std::sync::Mutex;

/// So many keys are remembered; the oldest goes first.
const KEYS_MAX: usize = 65_536;

/// Remembers keys so that one that was never seen needs no question to the database before its order is written.
/// What it does not know may still be kept there, by another process or from before a restart.
#[derive(Default)]
pub(crate) struct RecentKeys {
    hasher: RandomState,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    keys: HashSet<u64>,
    order: VecDeque<u64>,
}

impl RecentKeys {
    /// Takes a key in; tells whether it was seen before.
    pub(crate) fn see(&self, scope: &str, key: &str) -> bool {
        let hash = self.hasher.hash_one((scope, key));
        let mut seen = self.seen.lock().expect("no holder of this lock can panic");
        if !seen.keys.insert(hash) {
            return true;
        }
        seen.order.push_back(hash);
        if seen.order.len() > KEYS_MAX
            && let Some(oldest) = seen.order.pop_front()
        {
            seen.keys.remove(&oldest);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::{KEYS_MAX, RecentKeys};

    #[test]
    fn a_key_is_known_from_its_second_coming_until_many_others_came() {
        let keys = RecentKeys::default();
        assert!(!keys.see("lin", "a"));
        assert!(keys.see("lin", "a"));
        assert!(!keys.see("wang", "a"));
        for n in 0..KEYS_MAX {
            keys.see("many", &n.to_string());
        }
        assert!(!keys.see("lin", "a"));
        assert!(keys.seen.lock().unwrap().keys.len() <= KEYS_MAX);
    }
}
