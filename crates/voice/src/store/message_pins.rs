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
}

/// Finds the code of whoever has a number.
///
/// # Errors
/// When the database fails.
pub async fn by_number(db: &Db, number: &str) -> Result<Option<PinRow>, DbError> {
    let text =
        "select person_id, person_name, number, salt, hash, set_at from voice_message_pin where number = $1";
    Ok(sqlx::query_as(text).bind(number).fetch_optional(db.reader()).await?)
}

/// Finds a person's code.
///
/// # Errors
/// When the database fails.
pub async fn of_person(db: &Db, person_id: &str) -> Result<Option<PinRow>, DbError> {
    let text = "select person_id, person_name, number, salt, hash, set_at from voice_message_pin where person_id = $1";
    Ok(sqlx::query_as(text).bind(person_id).fetch_optional(db.reader()).await?)
}

/// Sets a person's code. Whoever had the number before has none any more.
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
         number = excluded.number, salt = excluded.salt, hash = excluded.hash, set_at = excluded.set_at",
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
