//! Who took a recording out of the house, and why.

use kernel::{Db, DbError, Tx};
use sqlx::FromRow;

/// A filed download.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Download {
    /// Id.
    pub id: String,
    /// The recording.
    pub recording_id: String,
    /// Its call.
    pub call_id: String,
    /// Who.
    pub person_id: String,
    /// Their name.
    pub person_name: String,
    /// Why.
    pub reason: String,
    /// When, epoch milliseconds.
    pub at: i64,
}

/// Files a download.
///
/// # Errors
/// When a statement fails.
pub async fn file(tx: &mut Tx, download: &Download) -> Result<(), DbError> {
    sqlx::query(
        "insert into voice_recording_download (id, recording_id, call_id, person_id, person_name, reason, at) \
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&download.id)
    .bind(&download.recording_id)
    .bind(&download.call_id)
    .bind(&download.person_id)
    .bind(&download.person_name)
    .bind(&download.reason)
    .bind(download.at)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Returns the downloads of a recording, newest first.
///
/// # Errors
/// When the database fails.
pub async fn of_recording(db: &Db, recording_id: &str) -> Result<Vec<Download>, DbError> {
    Ok(sqlx::query_as(
        "select id, recording_id, call_id, person_id, person_name, reason, at from voice_recording_download \
         where recording_id = $1 order by at desc, id desc limit 200",
    )
    .bind(recording_id)
    .fetch_all(db.reader())
    .await?)
}
