//! Sessions: a random token in a cookie, of which only the digest is stored.

mod login;
mod own;
mod recovery;

use contract::identity::PersonId;
use kernel::Timestamp;
use kernel::crypto::sha256_hex;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use login::{Credentials, SignedIn};
pub use own::TotpOffer;

/// How long sessions live.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// Without a request for so long, it ends.
    pub idle_millis: i64,
    /// After so long it ends in any case.
    pub absolute_millis: i64,
}

/// A session as stored.
#[derive(Clone, Debug)]
pub(crate) struct StoredSession {
    pub(crate) id: String,
    pub(crate) person_id: PersonId,
    pub(crate) created_at: Timestamp,
    pub(crate) seen_at: Timestamp,
    pub(crate) ended_at: Option<i64>,
}

impl StoredSession {
    /// Tells whether it still counts at `now`.
    pub(crate) fn is_alive(&self, now: Timestamp, lifetimes: Lifetimes) -> bool {
        self.ended_at.is_none()
            && now.millis_since(self.seen_at) < lifetimes.idle_millis
            && now.millis_since(self.created_at) < lifetimes.absolute_millis
    }
}

/// A session as a list shows it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Session {
    /// The session.
    pub id: String,
    /// Whose it is.
    pub person_id: PersonId,
    /// Their account.
    pub account: String,
    /// Their name.
    pub person_name: String,
    /// When it began, epoch milliseconds.
    pub created_at: i64,
    /// The last request, to the minute, epoch milliseconds.
    pub seen_at: i64,
    /// From where.
    pub ip: Option<String>,
    /// The browser, as it calls itself.
    pub agent: Option<String>,
    /// Whether the list was asked for with this session.
    pub current: bool,
}

/// Returns what is stored of a token.
pub(crate) fn token_digest(token: &str) -> String {
    sha256_hex(token.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_by_idleness_age_or_revocation() {
        let lifetimes = Lifetimes { idle_millis: 1000, absolute_millis: 5000 };
        let session = StoredSession {
            id: "s".to_owned(),
            person_id: "p".into(),
            created_at: Timestamp(0),
            seen_at: Timestamp(4500),
            ended_at: None,
        };
        assert!(session.is_alive(Timestamp(4999), lifetimes));
        assert!(!session.is_alive(Timestamp(5000), lifetimes), "too old, though in use");
        assert!(
            !StoredSession { seen_at: Timestamp(0), ..session.clone() }.is_alive(Timestamp(1000), lifetimes)
        );
        assert!(!StoredSession { ended_at: Some(1), ..session }.is_alive(Timestamp(4600), lifetimes));
    }
}
