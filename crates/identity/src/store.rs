//! The only place of this slice with SQL.

pub(crate) mod attempt;
pub(crate) mod audit;
pub(crate) mod dictionary;
pub(crate) mod filter;
pub(crate) mod person;
pub(crate) mod registration;
pub(crate) mod role;
pub(crate) mod seat;
pub(crate) mod session;
pub(crate) mod unit;

use kernel::DbError;
use sqlx::AnyConnection;

/// Counts a change, so that other processes notice theirs is old, and makes changes take turns.
pub(crate) async fn next_generation(conn: &mut AnyConnection) -> Result<i64, DbError> {
    Ok(sqlx::query_scalar("update identity_generation set n = n + 1 where id = 1 returning n")
        .fetch_one(conn)
        .await?)
}

/// Returns the number of changes so far.
pub(crate) async fn generation(conn: &mut AnyConnection) -> Result<i64, DbError> {
    Ok(sqlx::query_scalar("select n from identity_generation where id = 1").fetch_one(conn).await?)
}
