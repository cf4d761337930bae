//! How often callers came to a node and which keys they pressed, by hour.

use kernel::{Db, DbError, Tx};
use sqlx::FromRow;

/// Milliseconds of an hour.
pub const HOUR_MS: i64 = 3_600_000;

/// A count.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct CountRow {
    /// The flow.
    pub flow_id: String,
    /// The node.
    pub node_id: String,
    /// `entered`, `gone`, `problem`, or `key:` and a key.
    pub what: String,
    /// How often.
    pub times: i64,
}

/// Adds to a count.
///
/// # Errors
/// When a statement fails.
pub async fn add(tx: &mut Tx, at: i64, version: i64, row: &CountRow) -> Result<(), DbError> {
    sqlx::query(
        "insert into voice_flow_count (hour, flow_id, version, node_id, what, times) values ($1, $2, $3, $4, $5, $6) \
         on conflict (hour, flow_id, version, node_id, what) do update \
         set times = voice_flow_count.times + excluded.times",
    )
    .bind(at - at.rem_euclid(HOUR_MS))
    .bind(&row.flow_id)
    .bind(version)
    .bind(&row.node_id)
    .bind(&row.what)
    .bind(row.times)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Returns the counts of a period by flow, node and kind; of one flow when it is named.
///
/// # Errors
/// When the database fails.
pub async fn sums(db: &Db, flow: Option<&str>, from: i64, to: i64) -> Result<Vec<CountRow>, DbError> {
    Ok(sqlx::query_as(
        "select flow_id, node_id, what, cast(sum(times) as bigint) as times from voice_flow_count \
         where hour >= $1 and hour < $2 and ($3 = '' or flow_id = $3) \
         group by flow_id, node_id, what order by flow_id, node_id, what",
    )
    .bind(from - from.rem_euclid(HOUR_MS))
    .bind(to)
    .bind(flow.unwrap_or(""))
    .fetch_all(db.reader())
    .await?)
}
