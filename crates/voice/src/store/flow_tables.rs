//! What flows refer to: dialled numbers, tables of working times, access codes.

use kernel::{Db, DbError, Tx};
use sqlx::FromRow;

/// A dialled number and the flow that answers it.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct NumberRow {
    /// The number.
    pub number: String,
    /// The hotline that it belongs to, for instance 12315.
    pub hotline: String,
    /// What it is called.
    pub name: String,
    /// The flow.
    pub flow_id: String,
    /// The first language, `zh` or `en`.
    pub language: String,
    /// How often it was changed.
    pub version: i64,
}

/// A table of working times.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct HoursRow {
    /// Key.
    pub id: String,
    /// Name.
    pub name: String,
    /// Periods, JSON.
    pub spec: String,
    /// How often it was changed.
    pub version: i64,
}

/// An access code; only its hash is kept.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct AccessRow {
    /// Key.
    pub id: String,
    /// Name.
    pub name: String,
    /// Salt of the hash.
    pub salt: String,
    /// Hash.
    pub hash: String,
    /// How often it was changed.
    pub version: i64,
}

/// Returns all numbers.
///
/// # Errors
/// When the database fails.
pub async fn numbers(db: &Db) -> Result<Vec<NumberRow>, DbError> {
    let text =
        "select number, hotline, name, flow_id, language, version from voice_flow_number order by number";
    Ok(sqlx::query_as(text).fetch_all(db.reader()).await?)
}

/// Writes a number; false when `row.version` is not the present one (0 for a new one).
///
/// # Errors
/// When a statement fails.
pub async fn put_number(tx: &mut Tx, row: &NumberRow) -> Result<bool, DbError> {
    let done = sqlx::query(
        "insert into voice_flow_number (number, hotline, name, flow_id, language, version) \
         values ($1, $2, $3, $4, $5, $6 + 1) on conflict (number) do update set hotline = excluded.hotline, \
         name = excluded.name, flow_id = excluded.flow_id, language = excluded.language, version = excluded.version \
         where voice_flow_number.version = $6",
    )
    .bind(&row.number)
    .bind(&row.hotline)
    .bind(&row.name)
    .bind(&row.flow_id)
    .bind(&row.language)
    .bind(row.version)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Removes a number; false when there is none.
///
/// # Errors
/// When a statement fails.
pub async fn remove_number(tx: &mut Tx, number: &str) -> Result<bool, DbError> {
    let done = sqlx::query("delete from voice_flow_number where number = $1")
        .bind(number)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Returns all tables of working times.
///
/// # Errors
/// When the database fails.
pub async fn hours(db: &Db) -> Result<Vec<HoursRow>, DbError> {
    let text = "select id, name, spec, version from voice_hours order by id";
    Ok(sqlx::query_as(text).fetch_all(db.reader()).await?)
}

/// Writes a table; false when `row.version` is not the present one (0 for a new one).
///
/// # Errors
/// When a statement fails.
pub async fn put_hours(tx: &mut Tx, row: &HoursRow) -> Result<bool, DbError> {
    let done = sqlx::query(
        "insert into voice_hours (id, name, spec, version) values ($1, $2, $3, $4 + 1) on conflict (id) do update \
         set name = excluded.name, spec = excluded.spec, version = excluded.version where voice_hours.version = $4",
    )
    .bind(&row.id)
    .bind(&row.name)
    .bind(&row.spec)
    .bind(row.version)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Returns all access codes.
///
/// # Errors
/// When the database fails.
pub async fn access_codes(db: &Db) -> Result<Vec<AccessRow>, DbError> {
    let text = "select id, name, salt, hash, version from voice_access_code order by id";
    Ok(sqlx::query_as(text).fetch_all(db.reader()).await?)
}

/// Writes an access code; false when `row.version` is not the present one (0 for a new one).
///
/// # Errors
/// When a statement fails.
pub async fn put_access_code(tx: &mut Tx, row: &AccessRow) -> Result<bool, DbError> {
    let done = sqlx::query(
        "insert into voice_access_code (id, name, salt, hash, version) values ($1, $2, $3, $4, $5 + 1) \
         on conflict (id) do update set name = excluded.name, salt = excluded.salt, hash = excluded.hash, \
         version = excluded.version where voice_access_code.version = $5",
    )
    .bind(&row.id)
    .bind(&row.name)
    .bind(&row.salt)
    .bind(&row.hash)
    .bind(row.version)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}
