//! What callers thought of the talk, and who still has to be asked.

use kernel::db::Statement;
use kernel::{Cursor, Db, DbError, Page, Tx};
use sqlx::FromRow;

/// A survey of one call.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct SurveyRow {
    /// The call.
    pub call_id: String,
    /// When, epoch milliseconds.
    pub at: i64,
    /// `rated`, or `wanted` when the caller hung up before they could be asked.
    pub state: String,
    /// 1 to 5.
    pub stars: Option<i64>,
    /// The citizen's number, unmasked.
    pub caller: String,
    /// The agent.
    pub agent_id: Option<String>,
    /// Their name.
    pub agent_name: Option<String>,
}

/// What narrows the list.
#[derive(Clone, Debug, Default)]
pub struct SurveyFilter {
    /// `rated` or `wanted`.
    pub state: Option<String>,
    /// 1 to 5.
    pub stars: Option<i64>,
    /// Not before.
    pub from: Option<i64>,
    /// Before.
    pub to: Option<i64>,
    /// The word that brings the next page.
    pub cursor: Option<String>,
    /// Rows of a page.
    pub limit: usize,
}

/// Keeps a survey; a rating goes before a wish.
///
/// # Errors
/// When a statement fails.
pub async fn put(tx: &mut Tx, row: &SurveyRow) -> Result<(), DbError> {
    sqlx::query(
        "insert into voice_survey (call_id, at, state, stars, caller, agent_id, agent_name) \
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (call_id) do update \
         set at = excluded.at, state = excluded.state, stars = excluded.stars where voice_survey.state = 'wanted'",
    )
    .bind(&row.call_id)
    .bind(row.at)
    .bind(&row.state)
    .bind(row.stars)
    .bind(&row.caller)
    .bind(&row.agent_id)
    .bind(&row.agent_name)
    .execute(tx.conn())
    .await?;
    Ok(())
}

fn narrow(query: &mut Statement, filter: &SurveyFilter) {
    query.push(" where 1 = 1");
    if let Some(state) = &filter.state {
        query.push(" and state = ").bind(state.clone());
    }
    if let Some(stars) = filter.stars {
        query.push(" and stars = ").bind(stars);
    }
    if let Some(from) = filter.from {
        query.push(" and at >= ").bind(from);
    }
    if let Some(to) = filter.to {
        query.push(" and at < ").bind(to);
    }
}

/// Returns a page of surveys, newest first.
///
/// # Errors
/// When the database fails.
pub async fn list(db: &Db, filter: &SurveyFilter) -> Result<Page<SurveyRow>, DbError> {
    let mut query =
        Statement::new("select call_id, at, state, stars, caller, agent_id, agent_name from voice_survey");
    narrow(&mut query, filter);
    let after = filter.cursor.as_deref().and_then(|cursor| Cursor::decode(cursor, 2));
    if let Some((at, id)) = after.and_then(|keys| Some((keys[0].parse::<i64>().ok()?, keys[1].clone()))) {
        query.push(" and (at < ").bind(at).push(" or (at = ").bind(at);
        query.push(" and call_id < ").bind(id).push("))");
    }
    query.push(" order by at desc, call_id desc limit ").bind(i64::try_from(filter.limit).unwrap_or(200) + 1);
    let rows: Vec<SurveyRow> = query.query_as().fetch_all(db.reader()).await?;
    Ok(Page::cut(rows, filter.limit, |row| Cursor::encode(&[row.at.to_string(), row.call_id.clone()])))
}

/// Returns how many ratings of each number of stars there are, and how many are wanted (0 stars).
///
/// # Errors
/// When the database fails.
pub async fn sums(db: &Db, filter: &SurveyFilter) -> Result<Vec<(i64, i64)>, DbError> {
    let mut query = Statement::new("select coalesce(stars, 0), count(*) from voice_survey");
    narrow(&mut query, filter);
    query.push(" group by coalesce(stars, 0)");
    Ok(query.query_as().fetch_all(db.reader()).await?)
}
