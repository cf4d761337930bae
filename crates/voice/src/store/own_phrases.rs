//! Phrases that agents recorded for themselves.

use kernel::db::Dialect;
use kernel::{Db, DbError, Tx};
use sqlx::FromRow;

/// A phrase of an agent's own.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct OwnPhrase {
    /// Id.
    pub id: String,
    /// Whose.
    pub person_id: String,
    /// Its name.
    pub title: String,
    /// `upload`, `recorded` or `voice`.
    pub source: String,
    /// The text that was spoken.
    pub text: String,
    /// The file of A-law.
    pub file: String,
    /// Its length.
    pub duration_ms: i64,
    /// When, epoch milliseconds.
    pub created_at: i64,
}

const PHRASE: &str =
    "select id, person_id, title, source, text, file, duration_ms, created_at from voice_own_phrase";

/// Returns a person's phrases, the oldest first.
///
/// # Errors
/// When the database fails.
pub async fn of_person(db: &Db, person_id: &str) -> Result<Vec<OwnPhrase>, DbError> {
    let text = format!("{PHRASE} where person_id = $1 order by created_at, id limit 200");
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(person_id).fetch_all(db.reader()).await?)
}

/// Finds a phrase of a person.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &Db, id: &str, person_id: &str) -> Result<Option<OwnPhrase>, DbError> {
    let text = format!("{PHRASE} where id = $1 and person_id = $2");
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(id).bind(person_id).fetch_optional(db.reader()).await?)
}

/// Counts a person's phrases, and lets nobody add any until the transaction ends.
///
/// # Errors
/// When a statement fails.
pub async fn count_for_adding(tx: &mut Tx, person_id: &str) -> Result<i64, DbError> {
    // SQLite has one writer at a time anyway.
    if tx.dialect() == Dialect::Postgres {
        sqlx::query("lock table voice_own_phrase in share row exclusive mode").execute(tx.conn()).await?;
    }
    Ok(sqlx::query_scalar("select count(*) from voice_own_phrase where person_id = $1")
        .bind(person_id)
        .fetch_one(tx.conn())
        .await?)
}

/// Keeps a phrase.
///
/// # Errors
/// When a statement fails.
pub async fn insert(tx: &mut Tx, phrase: &OwnPhrase) -> Result<(), DbError> {
    sqlx::query(
        "insert into voice_own_phrase (id, person_id, title, source, text, file, duration_ms, created_at) \
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(&phrase.id)
    .bind(&phrase.person_id)
    .bind(&phrase.title)
    .bind(&phrase.source)
    .bind(&phrase.text)
    .bind(&phrase.file)
    .bind(phrase.duration_ms)
    .bind(phrase.created_at)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Names a phrase anew; false when the person has no such phrase.
///
/// # Errors
/// When a statement fails.
pub async fn rename(tx: &mut Tx, id: &str, person_id: &str, title: &str) -> Result<bool, DbError> {
    let done = sqlx::query("update voice_own_phrase set title = $3 where id = $1 and person_id = $2")
        .bind(id)
        .bind(person_id)
        .bind(title)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Removes a phrase and returns its file; none when the person has no such phrase.
///
/// # Errors
/// When a statement fails.
pub async fn remove(tx: &mut Tx, id: &str, person_id: &str) -> Result<Option<String>, DbError> {
    Ok(sqlx::query_scalar("delete from voice_own_phrase where id = $1 and person_id = $2 returning file")
        .bind(id)
        .bind(person_id)
        .fetch_optional(tx.conn())
        .await?)
}
