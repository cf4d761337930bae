//! Events: written with the change, numbered after the commit, delivered at least once and in order.
//!
//! Ids are made before a commit, so on PostgreSQL a row may become visible after one with a greater id. A
//! cursor over ids would skip it. Therefore one sequencer numbers rows once they are visible, and cursors
//! run over these numbers.

mod delivery;
mod follower;
mod reading;
mod sequencer;

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use delivery::{deliver_once, run_subscription};
pub use follower::{follow_once, run_follower};
pub use reading::{Mark, newest_number, read_marks};
pub(crate) use sequencer::SEQUENCER_LOCK;
pub use sequencer::{run_sequencer, sequence_once};

use crate::db::Write;
use crate::principal::Principal;
use crate::{Actor, Ctx, Timestamp};

/// An error of a reaction, for the log.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Who may be told of an event over SSE.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Audience {
    /// Every member of staff.
    Staff,
    /// The people of a unit.
    Unit(String),
    /// One person.
    Person(String),
    /// Whoever has a capability for everything.
    Capability(String),
}

impl Audience {
    fn encode(&self) -> String {
        match self {
            Self::Staff => "staff".to_owned(),
            Self::Unit(id) => format!("unit:{id}"),
            Self::Person(id) => format!("person:{id}"),
            Self::Capability(name) => format!("cap:{name}"),
        }
    }

    fn decode(word: &str) -> Option<Self> {
        match word.split_once(':') {
            None if word == "staff" => Some(Self::Staff),
            Some(("unit", id)) => Some(Self::Unit(id.to_owned())),
            Some(("person", id)) => Some(Self::Person(id.to_owned())),
            Some(("cap", name)) => Some(Self::Capability(name.to_owned())),
            _ => None,
        }
    }

    /// Encodes a list for storage.
    #[must_use]
    pub fn encode_all(list: &[Self]) -> String {
        list.iter().map(Self::encode).collect::<Vec<_>>().join(" ")
    }

    /// Reads a stored list.
    #[must_use]
    pub fn decode_all(text: &str) -> Vec<Self> {
        text.split(' ').filter_map(Self::decode).collect()
    }

    /// Tells whether `principal` belongs to this audience.
    #[must_use]
    pub fn includes(&self, principal: &Principal) -> bool {
        match self {
            Self::Staff => true,
            Self::Unit(id) => principal.unit_id == *id,
            Self::Person(id) => principal.person_id == *id,
            Self::Capability(name) => principal.scope(name) == Some(crate::Scope::All),
        }
    }
}

/// A fact that others react to: ids and facts, extended only by optional fields.
pub trait Event: Serialize + DeserializeOwned {
    /// The name, `<slice>.<noun>_<past participle>`.
    const NAME: &'static str;

    /// The id of what it happened to.
    fn subject(&self) -> String;

    /// Who may be told over SSE; nobody by default.
    fn audience(&self) -> Vec<Audience> {
        Vec::new()
    }
}

pub(crate) struct OutboxRow {
    pub(crate) id: String,
    pub(crate) name: &'static str,
    pub(crate) subject: String,
    pub(crate) audience: String,
    pub(crate) payload: String,
    pub(crate) actor: String,
    pub(crate) trace_id: String,
    pub(crate) at: i64,
}

impl OutboxRow {
    pub(crate) fn of<E: Event>(ctx: &Ctx, event: &E) -> Self {
        Self {
            id: crate::id::new_id(),
            name: E::NAME,
            subject: event.subject(),
            audience: Audience::encode_all(&event.audience()),
            payload: serde_json::to_string(event).expect("an event is plain data"),
            actor: serde_json::to_string(&ctx.actor).expect("an actor is plain data"),
            trace_id: ctx.trace_id.clone(),
            at: ctx.now.0,
        }
    }

    /// Makes the write of this row; without a number the sequencer gives it one.
    pub(crate) fn row(&self, seq: Option<i64>) -> Write {
        Write::Row {
            into: "kernel_outbox (id, seq, name, subject, audience, payload, actor, trace_id, at)",
            values: vec![
                (&self.id).into(),
                seq.into(),
                self.name.into(),
                (&self.subject).into(),
                (&self.audience).into(),
                (&self.payload).into(),
                (&self.actor).into(),
                (&self.trace_id).into(),
                self.at.into(),
            ],
        }
    }
}

/// An event on its way to a subscriber.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// Its place in the order of all events; also the key for idempotent handling.
    pub seq: i64,
    /// The event's name.
    pub name: String,
    /// What it happened to.
    pub subject: String,
    /// Who caused it.
    pub actor: Actor,
    /// When it happened.
    pub at: Timestamp,
    /// The request that caused it.
    pub trace_id: String,
    /// The event as JSON text.
    pub payload: String,
}

impl Envelope {
    /// Reads the event.
    ///
    /// # Errors
    /// When the payload is not an `E`.
    pub fn read<E: Event>(&self) -> Result<E, serde_json::Error> {
        serde_json::from_str(&self.payload)
    }

    /// Returns the context for a reaction of `part` to this event at `now`.
    #[must_use]
    pub fn ctx(&self, part: &str, now: Timestamp) -> Ctx {
        Ctx { trace_id: self.trace_id.clone(), ..Ctx::system(part, now) }
    }
}

type Handler =
    Arc<dyn Fn(Envelope) -> Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>> + Send + Sync>;

/// A named reaction to some events, with a cursor of its own.
#[derive(Clone)]
pub struct Subscription {
    /// The cursor's name, `<slice>.<reaction>`.
    pub name: &'static str,
    /// Names of the events that it wants.
    pub events: &'static [&'static str],
    handler: Handler,
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscription").field("name", &self.name).field("events", &self.events).finish()
    }
}

impl Subscription {
    /// Makes a subscription. The handler may see an event twice and must not mind.
    pub fn new<F, Fut>(name: &'static str, events: &'static [&'static str], handler: F) -> Self
    where
        F: Fn(Envelope) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        Self { name, events, handler: Arc::new(move |envelope| Box::pin(handler(envelope))) }
    }
}

/// The longest time that a reaction or a turn of a job may take.
const TURN_MAX: Duration = Duration::from_secs(120);

/// Runs a piece of work so that neither its panic nor its hanging ends whoever runs it.
pub(crate) async fn guarded<T>(work: impl Future<Output = Result<T, BoxError>>) -> Result<T, BoxError> {
    match tokio::time::timeout(TURN_MAX, AssertUnwindSafe(work).catch_unwind()).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err("it panicked; the message is above in the log".into()),
        Err(_) => Err("it took longer than two minutes".into()),
    }
}
