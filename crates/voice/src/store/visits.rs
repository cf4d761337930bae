//! What calls waited, and why they went where they went.

use kernel::{Db, DbError, Tx};
use sqlx::FromRow;

use crate::call::record::{TraceRow, VisitRow};

/// A line of a trace as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct TraceLine {
    /// When, epoch milliseconds.
    pub at: i64,
    /// What was decided.
    pub kind: String,
    /// What was considered, as JSON.
    pub detail: String,
}

/// Waiting calls of one queue in one minute.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Minute {
    /// The queue.
    pub queue_id: String,
    /// Minutes since the epoch.
    pub minute: i64,
    /// `answered` or `abandoned`.
    pub outcome: String,
    /// Calls.
    pub calls: i64,
    /// Those that did not wait longer than the queue's target.
    pub in_time: i64,
    /// Sum of their waiting times.
    pub waited_ms: i64,
    /// The longest.
    pub longest_ms: i64,
}

/// Writes how a call left a queue.
///
/// # Errors
/// When a statement fails.
pub async fn write_visit(tx: &mut Tx, row: &VisitRow) -> Result<(), DbError> {
    sqlx::query(
        "insert into voice_queue_visit (call_id, no, queue_id, joined_at, left_at, waited_ms, priority, outcome, \
         seat_no) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (call_id, no) do nothing",
    )
    .bind(&row.call_id)
    .bind(row.no)
    .bind(&row.queue_id)
    .bind(row.joined_at)
    .bind(row.left_at)
    .bind(row.waited_ms)
    .bind(row.priority)
    .bind(row.outcome)
    .bind(row.seat_no.as_deref())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes a line of a trace.
///
/// # Errors
/// When a statement fails.
pub async fn write_trace(tx: &mut Tx, row: &TraceRow) -> Result<(), DbError> {
    sqlx::query(
        "insert into voice_call_trace (call_id, no, at, kind, detail) values ($1, $2, $3, $4, $5) \
         on conflict (call_id, no) do nothing",
    )
    .bind(&row.call_id)
    .bind(row.no)
    .bind(row.at)
    .bind(row.kind)
    .bind(&row.detail)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Returns the trace of a call.
///
/// # Errors
/// When the database fails.
pub async fn trace(db: &Db, call_id: &str) -> Result<Vec<TraceLine>, DbError> {
    Ok(sqlx::query_as("select at, kind, detail from voice_call_trace where call_id = $1 order by no")
        .bind(call_id)
        .fetch_all(db.reader())
        .await?)
}

/// Returns answered and abandoned calls since an instant, by queue and minute.
///
/// # Errors
/// When the database fails.
pub async fn minutes(db: &Db, since: i64) -> Result<Vec<Minute>, DbError> {
    Ok(sqlx::query_as(
        "select v.queue_id as queue_id, v.left_at / 60000 as minute, v.outcome as outcome, count(*) as calls, \
         cast(coalesce(sum(case when v.waited_ms <= coalesce(q.answer_within_secs, 15) * 1000 then 1 else 0 end), \
         0) as bigint) as in_time, \
         cast(coalesce(sum(v.waited_ms), 0) as bigint) as waited_ms, \
         cast(coalesce(max(v.waited_ms), 0) as bigint) as longest_ms \
         from voice_queue_visit v left join voice_queue q on q.id = v.queue_id \
         where v.left_at >= $1 and v.outcome in ('answered', 'abandoned') \
         group by v.queue_id, v.left_at / 60000, v.outcome",
    )
    .bind(since)
    .fetch_all(db.reader())
    .await?)
}
