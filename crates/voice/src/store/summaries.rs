//! What agents write about a call when it is over.

use kernel::{Db, DbError, Tx};
use sqlx::FromRow;

/// A summary.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Summary {
    /// The call.
    pub call_id: String,
    /// What came of it.
    pub result: String,
    /// In the agent's words.
    pub note: String,
    /// Who wrote it.
    pub agent_id: String,
    /// Their name.
    pub agent_name: String,
    /// When, epoch milliseconds.
    pub written_at: i64,
}

/// Finds the summary of a call.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &Db, call_id: &str) -> Result<Option<Summary>, DbError> {
    Ok(sqlx::query_as(
        "select call_id, result, note, agent_id, agent_name, written_at from voice_call_summary \
         where call_id = $1",
    )
    .bind(call_id)
    .fetch_optional(db.reader())
    .await?)
}

/// Writes the summary of a call, in place of the one before.
///
/// # Errors
/// When a statement fails.
pub async fn save(tx: &mut Tx, summary: &Summary) -> Result<(), DbError> {
    sqlx::query(
        "insert into voice_call_summary (call_id, result, note, agent_id, agent_name, written_at) \
         values ($1, $2, $3, $4, $5, $6) on conflict (call_id) do update set result = excluded.result, \
         note = excluded.note, agent_id = excluded.agent_id, agent_name = excluded.agent_name, \
         written_at = excluded.written_at",
    )
    .bind(&summary.call_id)
    .bind(&summary.result)
    .bind(&summary.note)
    .bind(&summary.agent_id)
    .bind(&summary.agent_name)
    .bind(summary.written_at)
    .execute(tx.conn())
    .await?;
    Ok(())
}
