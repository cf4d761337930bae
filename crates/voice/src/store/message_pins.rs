//! Codes by which staff hear messages from a telephone.

use kernel::{Ctx, Db, DbError, Tx};
use sqlx::FromRow;

/// A person's code; only its hash is kept.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct PinRow {
    /// The person.
    pub person_id: String,
    /// Their name.
    pub person_name: String,
    /// The number that is typed before the code.
    pub number: String,
    /// Salt of the hash.
    pub salt: String,
    /// Hash of the code.
    pub hash: String,
    /// When it was set, epoch milliseconds.
    pub set_at: i64,
    /// Wrong codes that were typed since the last right one.
    pub failures: i64,
}

const PIN: &str =
    "select person_id, person_name, number, salt, hash, set_at, failures from voice_message_pin";

/// Finds the code of whoever has a number.
///
/// # Errors
/// When the database fails.
pub async fn by_number(db: &Db, number: &str) -> Result<Option<PinRow>, DbError> {
    let text = format!("{PIN} where number = $1");
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(number).fetch_optional(db.reader()).await?)
}

/// Finds a person's code.
///
/// # Errors
/// When the database fails.
pub async fn of_person(db: &Db, person_id: &str) -> Result<Option<PinRow>, DbError> {
    let text = format!("{PIN} where person_id = $1");
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(text)).bind(person_id).fetch_optional(db.reader()).await?)
}

/// Counts a wrong code; returns how many there were since the last right one.
///
/// # Errors
/// When a statement fails.
pub async fn failed(tx: &mut Tx, person_id: &str) -> Result<Option<i64>, DbError> {
    let text = "update voice_message_pin set failures = failures + 1 where person_id = $1 returning failures";
    Ok(sqlx::query_scalar(text).bind(person_id).fetch_optional(tx.conn()).await?)
}

/// Forgets the wrong codes after a right one; false when there are `most` by now, or another code was set.
///
/// # Errors
/// When a statement fails.
pub async fn passed(tx: &mut Tx, row: &PinRow, most: i64) -> Result<bool, DbError> {
    let text =
        "update voice_message_pin set failures = 0 where person_id = $1 and hash = $2 and failures < $3";
    let done = sqlx::query(text).bind(&row.person_id).bind(&row.hash).bind(most).execute(tx.conn()).await?;
    Ok(done.rows_affected() > 0)
}

/// Sets a person's code; wrong ones before are forgotten. Whoever had the number before has none any more.
///
/// # Errors
/// When a statement fails.
pub async fn put(tx: &mut Tx, ctx: &Ctx, row: &PinRow) -> Result<(), DbError> {
    sqlx::query("delete from voice_message_pin where number = $1 and person_id <> $2")
        .bind(&row.number)
        .bind(&row.person_id)
        .execute(tx.conn())
        .await?;
    sqlx::query(
        "insert into voice_message_pin (person_id, person_name, number, salt, hash, set_at) \
         values ($1, $2, $3, $4, $5, $6) on conflict (person_id) do update set person_name = excluded.person_name, \
         number = excluded.number, salt = excluded.salt, hash = excluded.hash, set_at = excluded.set_at, failures = 0",
    )
    .bind(&row.person_id)
    .bind(&row.person_name)
    .bind(&row.number)
    .bind(&row.salt)
    .bind(&row.hash)
    .bind(ctx.now.0)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Takes a person's code away; false when there is none.
///
/// # Errors
/// When a statement fails.
pub async fn remove(tx: &mut Tx, person_id: &str) -> Result<bool, DbError> {
    let done = sqlx::query("delete from voice_message_pin where person_id = $1")
        .bind(person_id)
        .execute(tx.conn())
        .await?;
    Ok(done.rows_affected() > 0)
}
