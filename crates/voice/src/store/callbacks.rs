//! Wishes to be called back. They keep the place that the caller had in the queue.

use kernel::db::Statement;
use kernel::{Ctx, Cursor, Db, DbError, Page, Tx};
use sqlx::FromRow;

/// A wish to be called back.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct CallbackRow {
    /// Id.
    pub id: String,
    /// The call in which it was made.
    pub call_id: String,
    /// The number to call, unmasked.
    pub number: String,
    /// The queue whose agents call.
    pub queue_id: String,
    /// The hotline that was dialled.
    pub hotline: String,
    /// When it was made.
    pub at: i64,
    /// Since when the citizen has waited: the place in the queue.
    pub since: i64,
    /// Who calls back.
    pub agent_id: Option<String>,
    /// Their name.
    pub agent_name: Option<String>,
    /// Since when it is theirs.
    pub claimed_at: Option<i64>,
    /// `open`, `claimed`, `done`, `given_up`.
    pub state: String,
    /// When it was settled.
    pub done_at: Option<i64>,
    /// By whom.
    pub done_name: Option<String>,
    /// How.
    pub done_note: Option<String>,
}

/// What narrows the list.
#[derive(Clone, Debug, Default)]
pub struct CallbackFilter {
    /// `waiting` for open and claimed ones, or a state.
    pub state: Option<String>,
    /// Part of a number.
    pub q: Option<String>,
    /// The word that brings the next page.
    pub cursor: Option<String>,
    /// Rows of a page.
    pub limit: usize,
}

const CALLBACK: &str = "select id, call_id, number, queue_id, hotline, at, since, agent_id, agent_name, claimed_at, \
                        state, done_at, done_name, done_note from voice_callback";

/// Returns a page of wishes in the order of the queue: who has waited longest comes first.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &Db, filter: &CallbackFilter) -> Result<Page<CallbackRow>, DbError> {
    let mut query = Statement::new(CALLBACK);
    query.push(" where 1 = 1");
    match filter.state.as_deref() {
        Some("waiting") => drop(query.push(" and state in ('open', 'claimed')")),
        Some(state) if !state.is_empty() => drop(query.push(" and state = ").bind(state.to_owned())),
        _ => {}
    }
    if let Some(q) = &filter.q {
        query.push(" and number like ").bind(format!("%{}%", q.replace(['%', '_', '\\'], "")));
    }
    let after = filter.cursor.as_deref().and_then(|cursor| Cursor::decode(cursor, 2));
    if let Some((since, id)) = after.and_then(|keys| Some((keys[0].parse::<i64>().ok()?, keys[1].clone()))) {
        query.push(" and (since > ").bind(since).push(" or (since = ").bind(since);
        query.push(" and id > ").bind(id).push("))");
    }
    query.push(" order by since, id limit ").bind(i64::try_from(filter.limit).unwrap_or(200) + 1);
    let rows: Vec<CallbackRow> = query.query_as().fetch_all(db.reader()).await?;
    Ok(Page::cut(rows, filter.limit, |row| Cursor::encode(&[row.since.to_string(), row.id.clone()])))
}

/// Finds a wish.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &Db, id: &str) -> Result<Option<CallbackRow>, DbError> {
    let mut query = Statement::new(CALLBACK);
    query.push(" where id = ").bind(id.to_owned());
    Ok(query.query_as().fetch_optional(db.reader()).await?)
}

/// Registers a wish. One that waits for the same number stays, with its place.
///
/// # Errors
/// When a statement fails.
pub async fn insert(tx: &mut Tx, row: &CallbackRow) -> Result<bool, DbError> {
    let done = sqlx::query(
        "insert into voice_callback (id, call_id, number, queue_id, hotline, at, since, state) \
         select $1, $2, $3, $4, $5, $6, $7, 'open' where not exists (select 1 from voice_callback \
         where id = $1 or (number = $3 and state in ('open', 'claimed')))",
    )
    .bind(&row.id)
    .bind(&row.call_id)
    .bind(&row.number)
    .bind(&row.queue_id)
    .bind(&row.hotline)
    .bind(row.at)
    .bind(row.since)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Takes a wish; false when somebody else has it or it is settled.
///
/// # Errors
/// When a statement fails.
pub async fn claim(tx: &mut Tx, ctx: &Ctx, id: &str) -> Result<bool, DbError> {
    let done = sqlx::query(
        "update voice_callback set state = 'claimed', agent_id = $2, agent_name = $3, claimed_at = $4 \
         where id = $1 and (state = 'open' or (state = 'claimed' and agent_id = $2))",
    )
    .bind(id)
    .bind(&ctx.actor.id)
    .bind(&ctx.actor.name)
    .bind(ctx.now.0)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Gives a wish back to everybody; false when it is not this person's.
///
/// # Errors
/// When a statement fails.
pub async fn release(tx: &mut Tx, ctx: &Ctx, id: &str) -> Result<bool, DbError> {
    let done = sqlx::query(
        "update voice_callback set state = 'open', agent_id = null, agent_name = null, claimed_at = null \
         where id = $1 and state = 'claimed' and agent_id = $2",
    )
    .bind(id)
    .bind(&ctx.actor.id)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Settles a wish as `done` or `given_up`; false when it was before, or is somebody else's.
///
/// # Errors
/// When a statement fails.
pub async fn settle(tx: &mut Tx, ctx: &Ctx, id: &str, state: &str, note: &str) -> Result<bool, DbError> {
    let done = sqlx::query(
        "update voice_callback set state = $3, done_at = $4, done_name = $5, done_note = $6 \
         where id = $1 and (state = 'open' or (state = 'claimed' and agent_id = $2))",
    )
    .bind(id)
    .bind(&ctx.actor.id)
    .bind(state)
    .bind(ctx.now.0)
    .bind(&ctx.actor.name)
    .bind(note)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}
