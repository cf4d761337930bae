//! Reads numbered events at a place that the reader keeps for itself.

use sqlx::FromRow;

use super::Envelope;
use crate::{Actor, ActorKind, DbError, Kit, Timestamp};

#[derive(FromRow)]
struct Row {
    seq: i64,
    name: String,
    subject: String,
    actor: String,
    at: i64,
    trace_id: String,
    payload: String,
}

/// Returns events with a number greater than `after`, in their order, at most `limit`. For readers whose own
/// data says how far they have come; everybody else has a [`super::Subscription`].
///
/// # Errors
/// When the database fails.
pub async fn read_numbered(kit: &Kit, after: i64, limit: i64) -> Result<Vec<Envelope>, DbError> {
    let rows: Vec<Row> = sqlx::query_as(
        "select seq, name, subject, actor, at, trace_id, payload from kernel_outbox where seq > $1 \
         order by seq limit $2",
    )
    .bind(after)
    .bind(limit)
    .fetch_all(kit.db.reader())
    .await?;
    let unknown = || Actor { kind: ActorKind::System, id: String::new(), name: String::new() };
    Ok(rows
        .into_iter()
        .map(|row| Envelope {
            seq: row.seq,
            name: row.name,
            subject: row.subject,
            actor: serde_json::from_str(&row.actor).unwrap_or_else(|_| unknown()),
            at: Timestamp(row.at),
            trace_id: row.trace_id,
            payload: row.payload,
        })
        .collect())
}

/// Returns the newest number that an event has; 0 without events.
///
/// # Errors
/// When the database fails.
pub async fn newest_number(kit: &Kit) -> Result<i64, DbError> {
    let (newest,): (i64,) =
        sqlx::query_as("select cast(coalesce(max(seq), 0) as bigint) from kernel_outbox where seq > 0")
            .fetch_one(kit.db.reader())
            .await?;
    Ok(newest)
}
