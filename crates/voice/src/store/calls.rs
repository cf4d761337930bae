//! Reading calls.

use kernel::db::Statement;
use kernel::{Cursor, Db, DbError, Page};
use sqlx::FromRow;

/// A call as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Call {
    /// Id.
    pub id: String,
    /// `in`.
    pub direction: String,
    /// `trunk:<name>` or `portal`.
    pub origin: String,
    /// The citizen's number, unmasked.
    pub caller: String,
    /// The number that was dialled.
    pub called: String,
    /// When it came, epoch milliseconds.
    pub started_at: i64,
    /// When an agent answered.
    pub answered_at: Option<i64>,
    /// When it was over.
    pub ended_at: Option<i64>,
    /// The seat's number.
    pub seat_no: Option<String>,
    /// The agent.
    pub agent_id: Option<String>,
    /// The agent's name.
    pub agent_name: Option<String>,
    /// The citizen's file.
    pub contact_id: Option<String>,
    /// `answered`, `missed`, `failed`; none while it runs.
    pub result: Option<String>,
    /// Who hung up.
    pub hung_up_by: Option<String>,
    /// Time until the answer or the end.
    pub waited_ms: i64,
    /// Time from the answer to the end.
    pub talked_ms: i64,
    /// The recording.
    pub recording_id: Option<String>,
}

/// One line of a call's history.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct CallEvent {
    /// When, epoch milliseconds.
    pub at: i64,
    /// What.
    pub kind: String,
    /// Particulars.
    pub detail: String,
}

/// What a list of calls is narrowed by.
#[derive(Clone, Debug, Default)]
pub struct CallFilter {
    /// Part of a number or of an agent's name.
    pub q: Option<String>,
    /// `in`.
    pub direction: Option<String>,
    /// `answered`, `missed`, `failed`.
    pub result: Option<String>,
    /// Not before, epoch milliseconds.
    pub from: Option<i64>,
    /// Before, epoch milliseconds.
    pub to: Option<i64>,
    /// Only calls of this agent.
    pub agent_id: Option<String>,
    /// The word that brought this page.
    pub cursor: Option<String>,
    /// Rows of a page.
    pub limit: usize,
}

const COLUMNS: &str = "select id, direction, origin, caller, called, started_at, answered_at, ended_at, seat_no, \
     agent_id, agent_name, contact_id, result, hung_up_by, waited_ms, talked_ms, recording_id from voice_call";

/// Returns a page of calls, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &Db, filter: &CallFilter) -> Result<Page<Call>, DbError> {
    let mut query = Statement::new(COLUMNS);
    query.push(" where 1 = 1");
    if let Some(q) = filter.q.as_deref().map(str::trim).filter(|q| !q.is_empty()) {
        let like = format!("%{}%", q.replace(['%', '_', '\\'], ""));
        query.push(" and (caller like ").bind(like.clone());
        query.push(" or agent_name like ").bind(like).push(")");
    }
    if let Some(direction) = &filter.direction {
        query.push(" and direction = ").bind(direction.clone());
    }
    if let Some(result) = &filter.result {
        query.push(" and result = ").bind(result.clone());
    }
    if let Some(from) = filter.from {
        query.push(" and started_at >= ").bind(from);
    }
    if let Some(to) = filter.to {
        query.push(" and started_at < ").bind(to);
    }
    if let Some(agent) = &filter.agent_id {
        query.push(" and agent_id = ").bind(agent.clone());
    }
    let after = filter.cursor.as_deref().and_then(|cursor| Cursor::decode(cursor, 2));
    if let Some((at, id)) = after.and_then(|keys| Some((keys[0].parse::<i64>().ok()?, keys[1].clone()))) {
        query.push(" and (started_at < ").bind(at);
        query.push(" or (started_at = ").bind(at);
        query.push(" and id < ").bind(id).push("))");
    }
    query.push(" order by started_at desc, id desc limit ");
    query.bind(i64::try_from(filter.limit).unwrap_or(200) + 1);
    let rows: Vec<Call> = query.query_as().fetch_all(db.reader()).await?;
    Ok(Page::cut(rows, filter.limit, |call| Cursor::encode(&[call.started_at.to_string(), call.id.clone()])))
}

/// Finds a call.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &Db, id: &str) -> Result<Option<Call>, DbError> {
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(format!("{COLUMNS} where id = $1")))
        .bind(id)
        .fetch_optional(db.reader())
        .await?)
}

/// Returns the newest calls of some numbers.
///
/// # Errors
/// When the database fails.
pub async fn of_numbers(db: &Db, numbers: &[String], limit: i64) -> Result<Vec<Call>, DbError> {
    if numbers.is_empty() {
        return Ok(Vec::new());
    }
    let mut query = Statement::new(COLUMNS);
    query.push(" where caller in (");
    query.bind_all(numbers.iter().take(20));
    query.push(") order by started_at desc, id desc limit ").bind(limit);
    Ok(query.query_as().fetch_all(db.reader()).await?)
}

/// Returns the history of a call.
///
/// # Errors
/// When the database fails.
pub async fn events(db: &Db, id: &str) -> Result<Vec<CallEvent>, DbError> {
    Ok(sqlx::query_as("select at, kind, detail from voice_call_event where call_id = $1 order by no")
        .bind(id)
        .fetch_all(db.reader())
        .await?)
}
