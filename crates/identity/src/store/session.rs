//! Sessions in the database.

use contract::identity::PersonId;
use kernel::{DbError, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};

use super::filter::Filter;
use crate::session::{Lifetimes, Session, StoredSession};

impl FromRow<'_, AnyRow> for StoredSession {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            person_id: PersonId(row.try_get("person_id")?),
            created_at: Timestamp(row.try_get("created_at")?),
            seen_at: Timestamp(row.try_get("seen_at")?),
            ended_at: row.try_get("ended_at")?,
        })
    }
}

impl FromRow<'_, AnyRow> for Session {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get("id")?,
            person_id: PersonId(row.try_get("person_id")?),
            account: row.try_get("account")?,
            person_name: row.try_get("person_name")?,
            created_at: row.try_get("created_at")?,
            seen_at: row.try_get("seen_at")?,
            ip: row.try_get("ip")?,
            agent: row.try_get("agent")?,
            current: false,
        })
    }
}

pub(crate) async fn insert(
    conn: &mut AnyConnection,
    session: &StoredSession,
    token_digest: &str,
    ip: Option<String>,
    agent: Option<String>,
) -> Result<(), DbError> {
    sqlx::query(
        "insert into identity_session (id, token_digest, person_id, created_at, seen_at, ended_at, ip, agent) \
         values ($1, $2, $3, $4, $5, null, $6, $7)",
    )
    .bind(&session.id)
    .bind(token_digest)
    .bind(session.person_id.as_str())
    .bind(session.created_at.0)
    .bind(session.seen_at.0)
    .bind(ip)
    .bind(agent)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn by_token(
    conn: &mut AnyConnection,
    token_digest: &str,
) -> Result<Option<StoredSession>, DbError> {
    Ok(sqlx::query_as(
        "select id, person_id, created_at, seen_at, ended_at from identity_session where token_digest = $1",
    )
    .bind(token_digest)
    .fetch_optional(conn)
    .await?)
}

pub(crate) async fn note_seen(conn: &mut AnyConnection, id: &str, now: Timestamp) -> Result<(), DbError> {
    sqlx::query("update identity_session set seen_at = $2 where id = $1 and seen_at < $2")
        .bind(id)
        .bind(now.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends a session and returns whose it was; none when there was nothing to end.
pub(crate) async fn end(
    conn: &mut AnyConnection,
    id: &str,
    now: Timestamp,
) -> Result<Option<PersonId>, DbError> {
    let person: Option<String> = sqlx::query_scalar(
        "update identity_session set ended_at = $2 where id = $1 and ended_at is null returning person_id",
    )
    .bind(id)
    .bind(now.0)
    .fetch_optional(conn)
    .await?;
    Ok(person.map(PersonId))
}

/// Ends all sessions of a person but `keep`.
pub(crate) async fn end_all(
    conn: &mut AnyConnection,
    person: &PersonId,
    keep: Option<&str>,
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query(
        "update identity_session set ended_at = $2 where person_id = $1 and ended_at is null and id <> $3",
    )
    .bind(person.as_str())
    .bind(now.0)
    .bind(keep.unwrap_or_default())
    .execute(conn)
    .await?;
    Ok(())
}

/// Lists sessions that count at `now`, newest first.
pub(crate) async fn alive(
    conn: &mut AnyConnection,
    person: Option<&str>,
    after: Option<String>,
    now: Timestamp,
    lifetimes: Lifetimes,
    limit: usize,
) -> Result<Vec<Session>, DbError> {
    let mut filter = Filter::new(
        "select identity_session.id, person_id, account, name as person_name, \
         identity_session.created_at, seen_at, ip, agent from identity_session \
         join identity_person on identity_person.id = person_id",
    );
    filter.and("(ended_at is null and seen_at > {})", now.0.saturating_sub(lifetimes.idle_millis));
    filter.and("identity_session.created_at > {}", now.0.saturating_sub(lifetimes.absolute_millis));
    if let Some(person) = person {
        filter.and("person_id = {}", person);
    }
    if let Some(id) = after {
        filter.and("identity_session.id < {}", id);
    }
    Ok(filter.fetch(conn, "identity_session.id desc", limit).await?)
}

/// Returns whose session it is.
pub(crate) async fn owner(conn: &mut AnyConnection, id: &str) -> Result<Option<String>, DbError> {
    Ok(sqlx::query_scalar("select person_id from identity_session where id = $1")
        .bind(id)
        .fetch_optional(conn)
        .await?)
}

/// Deletes sessions that began before `before`.
pub(crate) async fn sweep(conn: &mut AnyConnection, before: Timestamp) -> Result<(), DbError> {
    sqlx::query("delete from identity_session where created_at < $1").bind(before.0).execute(conn).await?;
    Ok(())
}
