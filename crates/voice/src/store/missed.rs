//! Calls that nobody answered.

use kernel::db::Statement;
use kernel::{Ctx, Cursor, Db, DbError, Page, Tx};
use sqlx::FromRow;

/// A missed call as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Missed {
    /// The call.
    pub call_id: String,
    /// The citizen's number, unmasked.
    pub caller: String,
    /// When it came, epoch milliseconds.
    pub at: i64,
    /// How long the citizen waited.
    pub waited_ms: i64,
    /// When somebody saw to it.
    pub handled_at: Option<i64>,
    /// Who.
    pub handled_name: Option<String>,
    /// What was done.
    pub handled_note: Option<String>,
}

/// Returns a page of missed calls, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &Db,
    open_only: bool,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<Missed>, DbError> {
    let mut query = Statement::new(
        "select call_id, caller, at, waited_ms, handled_at, handled_name, handled_note \
         from voice_missed_call where 1 = 1",
    );
    if open_only {
        query.push(" and handled_at is null");
    }
    let after = cursor.and_then(|cursor| Cursor::decode(cursor, 2));
    if let Some((at, id)) = after.and_then(|keys| Some((keys[0].parse::<i64>().ok()?, keys[1].clone()))) {
        query.push(" and (at < ").bind(at);
        query.push(" or (at = ").bind(at);
        query.push(" and call_id < ").bind(id).push("))");
    }
    query.push(" order by at desc, call_id desc limit ");
    query.bind(i64::try_from(limit).unwrap_or(200) + 1);
    let rows: Vec<Missed> = query.query_as().fetch_all(db.reader()).await?;
    Ok(Page::cut(rows, limit, |row| Cursor::encode(&[row.at.to_string(), row.call_id.clone()])))
}

/// Marks a missed call as seen to; false when it is unknown or was before.
///
/// # Errors
/// When a statement fails.
pub async fn handle(tx: &mut Tx, ctx: &Ctx, call_id: &str, note: &str) -> Result<bool, DbError> {
    let changed = sqlx::query(
        "update voice_missed_call set handled_at = $2, handled_by = $3, handled_name = $4, handled_note = $5 \
         where call_id = $1 and handled_at is null",
    )
    .bind(call_id)
    .bind(ctx.now.0)
    .bind(&ctx.actor.id)
    .bind(&ctx.actor.name)
    .bind(note)
    .execute(tx.conn())
    .await?
    .rows_affected();
    Ok(changed > 0)
}
