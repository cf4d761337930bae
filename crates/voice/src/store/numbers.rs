//! Important callers and unwanted ones.

use kernel::db::Statement;
use kernel::{Ctx, Cursor, Db, DbError, Page, Tx};
use sqlx::FromRow;

/// A number on a list.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Listed {
    /// Id.
    pub id: String,
    /// `vip` or `blacklist`.
    pub kind: String,
    /// The number as calls bring it.
    pub number: String,
    /// Why.
    pub reason: String,
    /// Until when, epoch milliseconds; none for ever.
    pub expires_at: Option<i64>,
    /// Since when.
    pub created_at: i64,
    /// Who put it there.
    pub created_name: String,
    /// Calls from it since.
    pub hits: i64,
}

const COLUMNS: &str =
    "select id, kind, number, reason, expires_at, created_at, created_name, hits from voice_number";

/// Returns all that are in force.
///
/// # Errors
/// When the database fails.
pub async fn in_force(db: &Db, now: i64) -> Result<Vec<Listed>, DbError> {
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(format!("{COLUMNS} where expires_at is null or expires_at > $1")))
        .bind(now)
        .fetch_all(db.reader())
        .await?)
}

/// Returns a page of a list, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &Db,
    kind: &str,
    q: Option<&str>,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<Listed>, DbError> {
    let mut query = Statement::new(COLUMNS);
    query.push(" where kind = ").bind(kind.to_owned());
    if let Some(q) = q.map(str::trim).filter(|q| !q.is_empty()) {
        let like = format!("%{}%", q.replace(['%', '_', '\\'], ""));
        query.push(" and (number like ").bind(like.clone());
        query.push(" or reason like ").bind(like).push(")");
    }
    let after = cursor.and_then(|cursor| Cursor::decode(cursor, 2));
    if let Some((at, id)) = after.and_then(|keys| Some((keys[0].parse::<i64>().ok()?, keys[1].clone()))) {
        query.push(" and (created_at < ").bind(at);
        query.push(" or (created_at = ").bind(at);
        query.push(" and id < ").bind(id).push("))");
    }
    query.push(" order by created_at desc, id desc limit ");
    query.bind(i64::try_from(limit).unwrap_or(200) + 1);
    let rows: Vec<Listed> = query.query_as().fetch_all(db.reader()).await?;
    Ok(Page::cut(rows, limit, |row| Cursor::encode(&[row.created_at.to_string(), row.id.clone()])))
}

/// Finds a number on a list.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &Db, id: &str) -> Result<Option<Listed>, DbError> {
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(format!("{COLUMNS} where id = $1")))
        .bind(id)
        .fetch_optional(db.reader())
        .await?)
}

/// Puts a number on a list, or changes why and until when it is there.
///
/// # Errors
/// When a statement fails.
pub async fn put(
    tx: &mut Tx,
    ctx: &Ctx,
    kind: &str,
    number: &str,
    reason: &str,
    expires_at: Option<i64>,
) -> Result<String, DbError> {
    Ok(sqlx::query_scalar(
        "insert into voice_number (id, kind, number, reason, expires_at, created_at, created_by, created_name, \
         hits) values ($1, $2, $3, $4, $5, $6, $7, $8, 0) on conflict (kind, number) do update set \
         reason = excluded.reason, expires_at = excluded.expires_at, created_at = excluded.created_at, \
         created_by = excluded.created_by, created_name = excluded.created_name returning id",
    )
    .bind(kernel::id::new_id())
    .bind(kind)
    .bind(number)
    .bind(reason)
    .bind(expires_at)
    .bind(ctx.now.0)
    .bind(&ctx.actor.id)
    .bind(&ctx.actor.name)
    .fetch_one(tx.conn())
    .await?)
}

/// Takes a number off its list; false when it is not there.
///
/// # Errors
/// When a statement fails.
pub async fn remove(tx: &mut Tx, id: &str) -> Result<bool, DbError> {
    let gone = sqlx::query("delete from voice_number where id = $1").bind(id).execute(tx.conn()).await?;
    Ok(gone.rows_affected() > 0)
}

/// Counts a call from a listed number.
///
/// # Errors
/// When a statement fails.
pub async fn count(tx: &mut Tx, kind: &str, number: &str) -> Result<(), DbError> {
    sqlx::query("update voice_number set hits = hits + 1 where kind = $1 and number = $2")
        .bind(kind)
        .bind(number)
        .execute(tx.conn())
        .await?;
    Ok(())
}
