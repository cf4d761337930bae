//! Accounts of desk telephones, and which telephone a seat answers on.

use kernel::{Ctx, Db, DbError, Tx};
use sqlx::FromRow;

/// An account.
#[derive(Clone, PartialEq, Eq, FromRow)]
pub struct Account {
    /// The seat.
    pub seat_id: String,
    /// Its number, also the telephone's user name.
    pub seat_no: String,
    /// What is kept in the password's place.
    pub ha1: String,
    /// Where it stands, of which make it is.
    pub note: String,
    /// Whether the seat answers on it: 1 or 0.
    pub chosen: i64,
    /// Whether it is asked to answer by itself: 1 or 0.
    pub auto_answer: i64,
    /// When it was made, epoch milliseconds.
    pub created_at: i64,
    /// Who made it.
    pub created_name: String,
    /// When its password was made, epoch milliseconds.
    pub password_at: i64,
}

/// Returns all accounts by number.
///
/// # Errors
/// When the database fails.
pub async fn all(db: &Db) -> Result<Vec<Account>, DbError> {
    Ok(sqlx::query_as(
        "select seat_id, seat_no, ha1, note, chosen, auto_answer, created_at, created_name, password_at \
         from voice_telephone order by seat_no",
    )
    .fetch_all(db.reader())
    .await?)
}

/// Makes an account; false when the seat has one.
///
/// # Errors
/// When a statement fails.
pub async fn insert(
    tx: &mut Tx,
    ctx: &Ctx,
    seat: (&str, &str),
    ha1: &str,
    note: &str,
) -> Result<bool, DbError> {
    let made = sqlx::query(
        "insert into voice_telephone (seat_id, seat_no, ha1, note, chosen, auto_answer, created_at, \
         created_name, password_at) values ($1, $2, $3, $4, 0, 0, $5, $6, $5) on conflict do nothing",
    )
    .bind(seat.0)
    .bind(seat.1)
    .bind(ha1)
    .bind(note)
    .bind(ctx.now.0)
    .bind(&ctx.actor.name)
    .execute(tx.conn())
    .await?;
    Ok(made.rows_affected() > 0)
}

/// Gives an account another password; false when there is none.
///
/// # Errors
/// When a statement fails.
pub async fn set_password(tx: &mut Tx, ctx: &Ctx, seat_id: &str, ha1: &str) -> Result<bool, DbError> {
    let changed = sqlx::query("update voice_telephone set ha1 = $2, password_at = $3 where seat_id = $1")
        .bind(seat_id)
        .bind(ha1)
        .bind(ctx.now.0)
        .execute(tx.conn())
        .await?;
    Ok(changed.rows_affected() > 0)
}

/// Removes an account; false when there is none.
///
/// # Errors
/// When a statement fails.
pub async fn remove(tx: &mut Tx, seat_id: &str) -> Result<bool, DbError> {
    let gone = sqlx::query("delete from voice_telephone where seat_id = $1")
        .bind(seat_id)
        .execute(tx.conn())
        .await?;
    Ok(gone.rows_affected() > 0)
}

/// Keeps which telephone a seat answers on; false when it has no desk telephone.
///
/// # Errors
/// When a statement fails.
pub async fn choose(tx: &mut Tx, seat_no: &str, desk: bool, auto_answer: bool) -> Result<bool, DbError> {
    let changed = sqlx::query("update voice_telephone set chosen = $2, auto_answer = $3 where seat_no = $1")
        .bind(seat_no)
        .bind(i64::from(desk))
        .bind(i64::from(auto_answer))
        .execute(tx.conn())
        .await?;
    Ok(changed.rows_affected() > 0)
}
