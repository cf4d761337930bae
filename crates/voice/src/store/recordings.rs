//! Recordings.

use kernel::{Ctx, Db, DbError, Tx};
use sqlx::FromRow;

use crate::call::record::RecordingEnd;

/// A recording as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct RecordingRow {
    /// Id.
    pub id: String,
    /// The call.
    pub call_id: String,
    /// The file, relative to the recording folder.
    pub path: String,
    /// When it began, epoch milliseconds.
    pub started_at: i64,
    /// Length; 0 while it runs.
    pub duration_ms: i64,
    /// `open`, `finished` or `failed`.
    pub state: String,
}

const COLUMNS: &str = "select id, call_id, path, started_at, duration_ms, state from voice_recording";

/// Finds a recording.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &Db, id: &str) -> Result<Option<RecordingRow>, DbError> {
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(format!("{COLUMNS} where id = $1")))
        .bind(id)
        .fetch_optional(db.reader())
        .await?)
}

/// Returns the recordings of a call in order.
///
/// # Errors
/// When the database fails.
pub async fn of_call(db: &Db, call_id: &str) -> Result<Vec<RecordingRow>, DbError> {
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(format!("{COLUMNS} where call_id = $1 order by started_at, id")))
        .bind(call_id)
        .fetch_all(db.reader())
        .await?)
}

/// Marks a recording as whole (or failed) and tells others, once.
///
/// # Errors
/// When a statement fails.
pub async fn finish(tx: &mut Tx, ctx: &Ctx, end: &RecordingEnd) -> Result<(), DbError> {
    let state = if end.path.is_some() { "finished" } else { "failed" };
    let changed = sqlx::query(
        "update voice_recording set path = $2, duration_ms = $3, bytes = $4, state = $5 \
         where id = $1 and state = 'open'",
    )
    .bind(&end.id)
    .bind(end.path.as_deref().unwrap_or(""))
    .bind(end.duration_ms)
    .bind(end.bytes)
    .bind(state)
    .execute(tx.conn())
    .await?
    .rows_affected();
    if changed > 0 && end.path.is_some() {
        super::record::announce_recording(tx, ctx, &end.id, &end.call_id, end.duration_ms, end.repaired);
    }
    Ok(())
}

/// Returns what was open when the server stopped: recordings with their calls.
///
/// # Errors
/// When the database fails.
pub async fn open(db: &Db) -> Result<Vec<RecordingRow>, DbError> {
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(format!("{COLUMNS} where state = 'open'")))
        .fetch_all(db.reader())
        .await?)
}

/// Closes calls and sittings that were open when the server stopped.
///
/// # Errors
/// When a statement fails.
pub async fn close_interrupted(tx: &mut Tx, now: i64) -> Result<u64, DbError> {
    sqlx::query("update voice_seat_session set signed_out_at = $1 where signed_out_at is null")
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(sqlx::query(
        "update voice_call set ended_at = $1, hung_up_by = 'system', \
         result = case when answered_at is null then 'failed' else 'answered' end, \
         talked_ms = case when answered_at is null then 0 else $1 - answered_at end \
         where ended_at is null",
    )
    .bind(now)
    .execute(tx.conn())
    .await?
    .rows_affected())
}
