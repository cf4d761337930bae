//! Finds the person behind a session's token; asked by every request.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use async_trait::async_trait;
use kernel::http::Authenticator;
use kernel::{BoxError, Principal, Timestamp};

use crate::session::{StoredSession, token_digest};
use crate::{Identity, store};

/// So long an answer is believed without asking the database. Another process's revocation is noticed
/// after this time, one of this process at once.
const BELIEVED_MILLIS: i64 = 5000;
/// How exactly the last request of a session is noted.
const SEEN_MILLIS: i64 = 60_000;
/// So many answers are kept.
const KEPT_MAX: usize = 20_000;

#[derive(Clone)]
struct Known {
    principal: Arc<Principal>,
    session: StoredSession,
    asked_at: Timestamp,
}

/// Recent answers by token digest.
#[derive(Default)]
pub(crate) struct RecentAnswers(RwLock<(u64, HashMap<String, Known>)>);

impl RecentAnswers {
    /// Forgets everything, since rights or sessions changed.
    pub(crate) fn forget_all(&self) {
        let mut known = self.0.write().expect("no holder of this lock can panic");
        known.0 += 1;
        known.1.clear();
    }

    fn find(&self, digest: &str) -> (u64, Option<Known>) {
        let known = self.0.read().expect("no holder of this lock can panic");
        (known.0, known.1.get(digest).cloned())
    }

    /// Keeps an answer, unless something was forgotten since `round`: then it may be old already.
    fn keep(&self, round: u64, digest: String, answer: Known) {
        let mut known = self.0.write().expect("no holder of this lock can panic");
        if known.0 != round {
            return;
        }
        if known.1.len() >= KEPT_MAX {
            known.1.clear();
        }
        known.1.insert(digest, answer);
    }
}

#[async_trait]
impl Authenticator for Identity {
    async fn authenticate(&self, token: &str) -> Result<Option<Principal>, BoxError> {
        let now = self.kit.now();
        let lifetimes = self.lifetimes();
        let digest = token_digest(token);
        let (round, known) = self.gate.find(&digest);
        if let Some(known) = known
            && (0..BELIEVED_MILLIS).contains(&now.millis_since(known.asked_at))
            && known.session.is_alive(now, lifetimes)
        {
            return Ok(Some(Principal::clone(&known.principal)));
        }
        self.look_for_changes().await?;
        let mut conn = self.kit.db.reader().acquire().await?;
        let Some(mut session) = store::session::by_token(&mut conn, &digest).await? else { return Ok(None) };
        drop(conn);
        if !session.is_alive(now, lifetimes) {
            return Ok(None);
        }
        let Some(principal) =
            self.directory.read(|snapshot| snapshot.principal(&session.person_id, &session.id))
        else {
            return Ok(None);
        };
        if now.millis_since(session.seen_at) >= SEEN_MILLIS {
            // A full disk must not lock everybody out: the request goes on without the note.
            match self.note_seen(&session.id, now).await {
                Ok(()) => session.seen_at = now,
                Err(error) => tracing::warn!(%error, "a session's last request could not be noted"),
            }
        }
        let answer = Known { principal: Arc::new(principal.clone()), session, asked_at: now };
        self.gate.keep(round, digest, answer);
        Ok(Some(principal))
    }
}

impl Identity {
    async fn note_seen(&self, session_id: &str, now: Timestamp) -> Result<(), kernel::DbError> {
        let mut tx = self.kit.db.begin().await?;
        store::session::note_seen(tx.conn(), session_id, now).await?;
        tx.commit().await
    }
}
