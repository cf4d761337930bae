//! Counts of failed sign-ins, by the digest of what was typed as account.

use kernel::{DbError, Timestamp};
use sqlx::AnyConnection;

use crate::attempts::Attempts;

pub(crate) async fn find(conn: &mut AnyConnection, digest: &str) -> Result<Attempts, DbError> {
    let row: Option<(i64, i64, i64)> = sqlx::query_as(
        "select failures, last_at, locked_until from identity_attempt where account_digest = $1",
    )
    .bind(digest)
    .fetch_optional(conn)
    .await?;
    Ok(row.map_or_else(Attempts::default, |(failures, last_at, locked_until)| Attempts {
        failures,
        last_at: Timestamp(last_at),
        locked_until: Timestamp(locked_until),
    }))
}

pub(crate) async fn save(conn: &mut AnyConnection, digest: &str, attempts: Attempts) -> Result<(), DbError> {
    sqlx::query(
        "insert into identity_attempt (account_digest, failures, last_at, locked_until) \
         values ($1, $2, $3, $4) on conflict (account_digest) do update set failures = excluded.failures, \
         last_at = excluded.last_at, locked_until = excluded.locked_until",
    )
    .bind(digest)
    .bind(attempts.failures)
    .bind(attempts.last_at.0)
    .bind(attempts.locked_until.0)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn forget(conn: &mut AnyConnection, digest: &str) -> Result<(), DbError> {
    sqlx::query("delete from identity_attempt where account_digest = $1").bind(digest).execute(conn).await?;
    Ok(())
}

/// Deletes counts whose last failure was before `before`.
pub(crate) async fn sweep(conn: &mut AnyConnection, before: Timestamp) -> Result<(), DbError> {
    sqlx::query("delete from identity_attempt where last_at < $1 and locked_until < $1")
        .bind(before.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Returns the digests of locked accounts with the ends of their locks.
pub(crate) async fn locks(conn: &mut AnyConnection, now: Timestamp) -> Result<Vec<(String, i64)>, DbError> {
    Ok(sqlx::query_as(
        "select account_digest, locked_until from identity_attempt where locked_until > $1 limit 10000",
    )
    .bind(now.0)
    .fetch_all(conn)
    .await?)
}
