//! What agents write about a call when it is over.

use kernel::db::Statement;
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
    /// Values of the city's own fields, JSON.
    pub fields: String,
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
        "select call_id, result, note, fields, agent_id, agent_name, written_at from voice_call_summary \
         where call_id = $1",
    )
    .bind(call_id)
    .fetch_optional(db.reader())
    .await?)
}

/// Returns the summaries of some calls, of a thousand at most.
///
/// # Errors
/// When the database fails.
pub async fn of_calls(db: &Db, ids: &[String]) -> Result<Vec<Summary>, DbError> {
    let mut found = Vec::new();
    for some in ids.chunks(500).take(2) {
        let mut query = Statement::new(
            "select call_id, result, note, fields, agent_id, agent_name, written_at from voice_call_summary \
             where call_id in (",
        );
        query.bind_all(some);
        query.push(")");
        found.extend(query.query_as::<Summary>().fetch_all(db.reader()).await?);
    }
    Ok(found)
}

/// Returns the city's own fields, JSON, and how often they were changed.
///
/// # Errors
/// When the database fails.
pub async fn form(db: &Db) -> Result<(String, i64), DbError> {
    let row: Option<(String, i64)> =
        sqlx::query_as("select fields, version from voice_summary_form where id = 'main'")
            .fetch_optional(db.reader())
            .await?;
    Ok(row.unwrap_or_else(|| ("[]".to_owned(), 0)))
}

/// Changes the city's own fields; false when `version` is not the present one.
///
/// # Errors
/// When a statement fails.
pub async fn put_form(tx: &mut Tx, fields: &str, version: i64) -> Result<bool, DbError> {
    let done = sqlx::query(
        "insert into voice_summary_form (id, fields, version) values ('main', $1, $2 + 1) on conflict (id) do update \
         set fields = excluded.fields, version = excluded.version where voice_summary_form.version = $2",
    )
    .bind(fields)
    .bind(version)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Writes the summary of a call, in place of the one before.
///
/// # Errors
/// When a statement fails.
pub async fn save(tx: &mut Tx, summary: &Summary) -> Result<(), DbError> {
    sqlx::query(
        "insert into voice_call_summary (call_id, result, note, agent_id, agent_name, written_at, fields) \
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (call_id) do update set result = excluded.result, \
         note = excluded.note, agent_id = excluded.agent_id, agent_name = excluded.agent_name, \
         written_at = excluded.written_at, fields = excluded.fields",
    )
    .bind(&summary.call_id)
    .bind(&summary.result)
    .bind(&summary.note)
    .bind(&summary.agent_id)
    .bind(&summary.agent_name)
    .bind(summary.written_at)
    .bind(&summary.fields)
    .execute(tx.conn())
    .await?;
    Ok(())
}
