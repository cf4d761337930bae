//! Written items in the same queue as calls: chats now, whatever else is written later.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An item that wants a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WrittenItem {
    /// Names it; unlike any call.
    pub id: String,
    /// The queue; none for the main one.
    pub queue: Option<String>,
    /// A person who should have it, if free soon.
    pub person_id: Option<String>,
    /// Whether it goes before all others: it was served already.
    pub first: bool,
}

/// What becomes of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WrittenChange {
    /// Somebody is asked to take it.
    Offered {
        /// The item.
        id: String,
        /// Who.
        person_id: String,
    },
    /// They are no longer asked, or no longer have it; it waits again unless it has left.
    Withdrawn {
        /// The item.
        id: String,
        /// Who.
        person_id: String,
        /// `caller_gone`, `timed_out`, `seat_gone`, `refused`.
        reason: String,
    },
    /// The queue is full; the item does not wait.
    Refused {
        /// The item.
        id: String,
    },
}

/// Somebody who serves written items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WrittenSeat {
    /// The person.
    pub person_id: String,
    /// Their name.
    pub person_name: String,
    /// The seat's number.
    pub seat_no: String,
    /// What the seat does, as a code.
    pub state: String,
}

/// Hears what becomes of items. It is told in order and must not wait.
pub trait WrittenListener: Send + Sync {
    /// Hears of one change.
    fn hear(&self, change: WrittenChange);
}

/// The queue, for items that are written. It is kept in memory: after a start whoever has items lets them join again.
pub trait WrittenQueue: Send + Sync {
    /// Says who hears of changes; a second call has no effect.
    fn listen(&self, listener: Arc<dyn WrittenListener>);
    /// Lets an item join.
    fn join(&self, item: &WrittenItem);
    /// Takes an item that was offered to a person; false when the offer no longer stands.
    fn accept(&self, id: &str, person_id: &str) -> bool;
    /// Refuses an item that was offered; the person takes none until ready again.
    fn refuse(&self, id: &str, person_id: &str);
    /// Lets an item go: it is done, or its citizen has gone.
    fn leave(&self, id: &str);
    /// Returns the place of a waiting item, 1 for the next, and how long it is likely to wait, in milliseconds.
    fn position(&self, id: &str) -> Option<(usize, Option<i64>)>;
    /// Returns who serves written items now.
    fn seats(&self) -> Vec<WrittenSeat>;
    /// Returns the queues by id and name.
    fn queues(&self) -> Vec<(String, String)>;
}
