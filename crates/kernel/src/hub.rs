//! Live pushes to screens: fast, and allowed to lose; what must not be lost is in the outbox.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use serde::Serialize;
use tokio::sync::{Mutex, MutexGuard, broadcast, watch};

use crate::event::Audience;

/// One push.
#[derive(Clone, Debug)]
pub struct Push {
    /// The event's number, when it is stored.
    pub seq: Option<i64>,
    /// The event's name.
    pub name: Arc<str>,
    /// JSON text.
    pub data: Arc<str>,
    /// Who may be told.
    pub audience: Arc<[Audience]>,
}

/// Where pushes come together and spread.
#[derive(Clone, Debug)]
pub struct Hub {
    pushes: broadcast::Sender<Push>,
    sequenced: Arc<watch::Sender<i64>>,
    /// The number up to which stored events were pushed; whoever pushes them holds it, so that they keep
    /// their order.
    place: Arc<Mutex<Option<i64>>>,
    seen: Arc<RwLock<Seen>>,
}

/// What went by: the newest number of each name, of all events after `since` up to `upto`.
#[derive(Debug, Default)]
struct Seen {
    since: i64,
    upto: i64,
    newest: HashMap<Box<str>, i64>,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            pushes: broadcast::channel(4096).0,
            sequenced: Arc::new(watch::channel(0).0),
            place: Arc::default(),
            seen: Arc::default(),
        }
    }
}

impl Hub {
    /// Pushes something that is not stored, such as a seat's state.
    pub fn push<T: Serialize>(&self, audience: &[Audience], name: &str, data: &T) {
        match serde_json::to_string(data) {
            Ok(text) => {
                self.send(Push {
                    seq: None,
                    name: name.into(),
                    data: text.into(),
                    audience: audience.into(),
                });
            }
            Err(error) => tracing::error!(name, %error, "a push could not be written as JSON"),
        }
    }

    /// Listens to all pushes from now on.
    #[must_use]
    pub fn listen(&self) -> broadcast::Receiver<Push> {
        self.pushes.subscribe()
    }

    pub(crate) fn send(&self, push: Push) {
        // An error only says that nobody listens.
        let _ = self.pushes.send(push);
    }

    pub(crate) async fn place(&self) -> MutexGuard<'_, Option<i64>> {
        self.place.lock().await
    }

    /// Notes that the events after `from` up to `upto` have these names, and tells that they are there.
    pub(crate) fn announce_sequenced<'a>(
        &self,
        from: i64,
        upto: i64,
        names: impl Iterator<Item = (&'a str, i64)>,
    ) {
        {
            let mut seen = self.seen.write().expect("no holder of this lock can panic");
            if seen.upto != from {
                *seen = Seen { since: from, upto: from, newest: HashMap::new() };
            }
            seen.upto = upto;
            for (name, seq) in names {
                match seen.newest.get_mut(name) {
                    Some(newest) => *newest = seq,
                    None => {
                        seen.newest.insert(name.into(), seq);
                    }
                }
            }
        }
        self.sequenced.send_replace(upto);
    }

    /// Returns up to which number events are known to have none of `names`, counted from `after`; none when one
    /// has, or when that is not known.
    pub(crate) fn passed_by(&self, names: &[&str], after: i64) -> Option<i64> {
        let seen = self.seen.read().expect("no holder of this lock can panic");
        let is_known = seen.since <= after && after <= seen.upto;
        let came = |name: &&str| seen.newest.get(*name).is_some_and(|newest| *newest > after);
        (is_known && !names.iter().any(came)).then_some(seen.upto)
    }

    /// Tells of the newest number that an event of this process was given.
    #[must_use]
    pub fn sequenced(&self) -> watch::Receiver<i64> {
        self.sequenced.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_by_is_known_only_where_it_was_seen() {
        let hub = Hub::default();
        hub.announce_sequenced(100, 103, [("lit", 101), ("sold", 102), ("sold", 103)].into_iter());
        assert_eq!(hub.passed_by(&["burnt"], 100), Some(103));
        assert_eq!(hub.passed_by(&["burnt", "lit"], 100), None, "one of them came");
        assert_eq!(hub.passed_by(&["lit"], 101), Some(103), "it was taken already");
        assert_eq!(hub.passed_by(&["burnt"], 99), None, "nobody saw what came before");
        assert_eq!(hub.passed_by(&["burnt"], 104), None, "nor what comes after");
        hub.announce_sequenced(103, 104, [("burnt", 104)].into_iter());
        assert_eq!(hub.passed_by(&["burnt"], 100), None);
        assert_eq!(hub.passed_by(&["lit"], 102), Some(104));
        // A gap: what was in it is not known.
        hub.announce_sequenced(200, 201, std::iter::empty());
        assert_eq!(hub.passed_by(&["broken"], 150), None);
        assert_eq!(hub.passed_by(&["broken"], 200), Some(201));
    }
}
