//! Live pushes to screens: fast, and allowed to lose; what must not be lost is in the outbox.

use std::sync::Arc;

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
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            pushes: broadcast::channel(4096).0,
            sequenced: Arc::new(watch::channel(0).0),
            place: Arc::default(),
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

    pub(crate) fn announce_sequenced(&self, seq: i64) {
        self.sequenced.send_replace(seq);
    }

    /// Tells of the newest number that an event of this process was given.
    #[must_use]
    pub fn sequenced(&self) -> watch::Receiver<i64> {
        self.sequenced.subscribe()
    }
}
