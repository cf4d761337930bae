//! Reads numbered events at a place that the reader keeps for itself.

use sqlx::FromRow;

use crate::{DbError, Kit};

/// That something happened to somebody. Whoever needs more asks the slice that it happened in.
#[derive(Clone, Debug, FromRow)]
pub struct Mark {
    /// The event's number.
    pub seq: i64,
    /// The event's name.
    pub name: String,
    /// What it is about.
    pub subject: String,
}

/// Returns the marks of events with a number greater than `after`, in their order, at most `limit`. For readers
/// whose own data says how far they have come; everybody else has a [`super::Subscription`].
///
/// # Errors
/// When the database fails.
pub async fn read_marks(kit: &Kit, after: i64, limit: i64) -> Result<Vec<Mark>, DbError> {
    Ok(sqlx::query_as("select seq, name, subject from kernel_outbox where seq > $1 order by seq limit $2")
        .bind(after)
        .bind(limit)
        .fetch_all(kit.db.reader())
        .await?)
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
