//! Rows of `bot_setting`: which model and which version of the robot's teaching are in force.

use kernel::{Db, DbError, Tx};

/// Which model is in force.
pub const MODEL: &str = "model";
/// Which version of the teaching is in force.
pub const TEACHING: &str = "teaching";

/// Returns value and version of a setting; nothing and 0 when it was never set.
///
/// # Errors
/// When the database fails.
pub async fn get(db: &Db, name: &str) -> Result<(Option<String>, i64), DbError> {
    let row: Option<(String, i64)> = sqlx::query_as("select value, version from bot_setting where name = $1")
        .bind(name)
        .fetch_optional(db.reader())
        .await?;
    Ok(row.map_or((None, 0), |(value, version)| (Some(value).filter(|value| !value.is_empty()), version)))
}

/// Sets a setting.
///
/// # Errors
/// When a statement fails.
pub async fn set(tx: &mut Tx, name: &str, value: &str) -> Result<(), DbError> {
    sqlx::query(
        "insert into bot_setting (name, value, version) values ($1, $2, 1) on conflict (name) do update \
         set value = excluded.value, version = bot_setting.version + 1",
    )
    .bind(name)
    .bind(value)
    .execute(tx.conn())
    .await?;
    Ok(())
}
