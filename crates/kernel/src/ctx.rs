//! Who does something, when, and in which request.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Lang, Timestamp};

/// What kind of doer acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// A member of staff with a session.
    Person,
    /// A citizen without an account.
    Citizen,
    /// The system itself: timers, reactions, start-up.
    System,
    /// A machine with a token.
    Machine,
}

impl ActorKind {
    /// Returns the name that is stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Citizen => "citizen",
            Self::System => "system",
            Self::Machine => "machine",
        }
    }
}

/// The doer of an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Actor {
    /// The kind of doer.
    pub kind: ActorKind,
    /// Person id, or a word that names the machine or the part of the system.
    pub id: String,
    /// The name that a time line shows.
    pub name: String,
}

/// The circumstances of one action: doer, instant, request.
#[derive(Clone, Debug)]
pub struct Ctx {
    /// Who acts.
    pub actor: Actor,
    /// When; fixed at the start of the action so that all its rows agree.
    pub now: Timestamp,
    /// Ties log lines, audit rows and error messages of one request together.
    pub trace_id: String,
    /// The peer's address, when the action came over the network.
    pub ip: Option<String>,
    /// The language of messages to the doer.
    pub lang: Lang,
}

impl Ctx {
    /// Makes the context of an action of the system itself, such as a timer.
    #[must_use]
    pub fn system(part: &str, now: Timestamp) -> Self {
        Self {
            actor: Actor { kind: ActorKind::System, id: part.to_owned(), name: "系统".to_owned() },
            now,
            trace_id: crate::id::new_id(),
            ip: None,
            lang: Lang::Zh,
        }
    }

    /// Makes the context of an action of a named person, for seeding and tests.
    #[must_use]
    pub fn person(id: &str, name: &str, now: Timestamp) -> Self {
        Self {
            actor: Actor { kind: ActorKind::Person, id: id.to_owned(), name: name.to_owned() },
            ..Self::system("", now)
        }
    }
}
