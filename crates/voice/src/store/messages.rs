//! Messages that callers left.

use kernel::db::Statement;
use kernel::{Ctx, Cursor, Db, DbError, Page, Tx};
use sqlx::FromRow;

/// A message; its sound is a part of the call's recording.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct MessageRow {
    /// Id.
    pub id: String,
    /// The call.
    pub call_id: String,
    /// The recording that it is a part of.
    pub recording_id: String,
    /// Name of the box.
    pub mailbox: String,
    /// The citizen's number, unmasked.
    pub caller: String,
    /// The hotline that was dialled.
    pub hotline: String,
    /// When, epoch milliseconds.
    pub at: i64,
    /// Where it begins in the recording.
    pub from_ms: i64,
    /// Its length.
    pub length_ms: i64,
    /// When it was first heard.
    pub heard_at: Option<i64>,
    /// Whose task it is.
    pub agent_id: Option<String>,
    /// Their name.
    pub agent_name: Option<String>,
    /// When it was seen to.
    pub done_at: Option<i64>,
    /// By whom.
    pub done_name: Option<String>,
    /// What was done.
    pub done_note: Option<String>,
}

/// What narrows the list.
#[derive(Clone, Debug, Default)]
pub struct MessageFilter {
    /// `open`, `done` or anything.
    pub state: Option<String>,
    /// Part of a number.
    pub q: Option<String>,
    /// Name of the box.
    pub mailbox: Option<String>,
    /// Whose task it is.
    pub agent_id: Option<String>,
    /// The word that brings the next page.
    pub cursor: Option<String>,
    /// Rows of a page.
    pub limit: usize,
}

const MESSAGE: &str = "select id, call_id, recording_id, mailbox, caller, hotline, at, from_ms, length_ms, heard_at, \
                       agent_id, agent_name, done_at, done_name, done_note from voice_message";

/// Returns a page of messages, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &Db, filter: &MessageFilter) -> Result<Page<MessageRow>, DbError> {
    let mut query = Statement::new(MESSAGE);
    query.push(" where 1 = 1");
    match filter.state.as_deref() {
        Some("open") => drop(query.push(" and done_at is null")),
        Some("done") => drop(query.push(" and done_at is not null")),
        _ => {}
    }
    if let Some(q) = &filter.q {
        query.push(" and caller like ").bind(format!("%{}%", q.replace(['%', '_', '\\'], "")));
    }
    if let Some(mailbox) = &filter.mailbox {
        query.push(" and mailbox = ").bind(mailbox.clone());
    }
    if let Some(agent) = &filter.agent_id {
        query.push(" and agent_id = ").bind(agent.clone());
    }
    let after = filter.cursor.as_deref().and_then(|cursor| Cursor::decode(cursor, 2));
    if let Some((at, id)) = after.and_then(|keys| Some((keys[0].parse::<i64>().ok()?, keys[1].clone()))) {
        query.push(" and (at < ").bind(at).push(" or (at = ").bind(at);
        query.push(" and id < ").bind(id).push("))");
    }
    query.push(" order by at desc, id desc limit ").bind(i64::try_from(filter.limit).unwrap_or(200) + 1);
    let rows: Vec<MessageRow> = query.query_as().fetch_all(db.reader()).await?;
    Ok(Page::cut(rows, filter.limit, |row| Cursor::encode(&[row.at.to_string(), row.id.clone()])))
}

/// Finds a message.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &Db, id: &str) -> Result<Option<MessageRow>, DbError> {
    let mut query = Statement::new(MESSAGE);
    query.push(" where id = ").bind(id.to_owned());
    Ok(query.query_as().fetch_optional(db.reader()).await?)
}

/// Keeps a message; one that is there stays as it is.
///
/// # Errors
/// When a statement fails.
pub async fn insert(tx: &mut Tx, row: &MessageRow) -> Result<bool, DbError> {
    let done = sqlx::query(
        "insert into voice_message (id, call_id, recording_id, mailbox, caller, hotline, at, from_ms, length_ms) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (id) do nothing",
    )
    .bind(&row.id)
    .bind(&row.call_id)
    .bind(&row.recording_id)
    .bind(&row.mailbox)
    .bind(&row.caller)
    .bind(&row.hotline)
    .bind(row.at)
    .bind(row.from_ms)
    .bind(row.length_ms)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Notes that a message was heard.
///
/// # Errors
/// When a statement fails.
pub async fn heard(tx: &mut Tx, ctx: &Ctx, id: &str) -> Result<(), DbError> {
    sqlx::query("update voice_message set heard_at = $2 where id = $1 and heard_at is null")
        .bind(id)
        .bind(ctx.now.0)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Makes a message somebody's task, or nobody's; false when it was seen to before.
///
/// # Errors
/// When a statement fails.
pub async fn assign(tx: &mut Tx, id: &str, agent: Option<(&str, &str)>) -> Result<bool, DbError> {
    let done = sqlx::query(
        "update voice_message set agent_id = $2, agent_name = $3 where id = $1 and done_at is null",
    )
    .bind(id)
    .bind(agent.map(|(id, _)| id))
    .bind(agent.map(|(_, name)| name))
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Marks a message as seen to; false when it was before.
///
/// # Errors
/// When a statement fails.
pub async fn done(tx: &mut Tx, ctx: &Ctx, id: &str, note: &str) -> Result<bool, DbError> {
    let done = sqlx::query(
        "update voice_message set done_at = $2, done_name = $3, done_note = $4 where id = $1 and done_at is null",
    )
    .bind(id)
    .bind(ctx.now.0)
    .bind(&ctx.actor.name)
    .bind(note)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() > 0)
}
