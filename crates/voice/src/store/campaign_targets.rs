//! The lists of outbound tasks, line by line.

use std::collections::{HashMap, HashSet};

use kernel::db::{SqlValue, Statement};
use kernel::{Cursor, Db, DbError, Page, Principal, Scope, Tx};
use serde_json::Value;
use sqlx::FromRow;

use super::campaigns::within;
use crate::campaign::pacing::{Candidate, Past};

/// Rows that are written by one statement.
const PIECE: usize = 200;

/// A line of a list as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct TargetRow {
    /// Id.
    pub id: String,
    /// The task.
    pub campaign_id: String,
    /// Its place in the list, from 1.
    pub no: i64,
    /// The number, unmasked.
    pub number: String,
    /// The name.
    pub name: String,
    /// The unit that the order belongs to.
    pub unit_id: Option<String>,
    /// Its path.
    pub unit_path: Option<String>,
    /// Its name.
    pub unit_name: Option<String>,
    /// The citizen's file.
    pub contact_id: Option<String>,
    /// The order that it is about.
    pub case_id: Option<String>,
    /// Its number.
    pub case_number: Option<String>,
    /// Other columns, JSON.
    pub fields: String,
    /// `waiting`, `claimed`, `calling`, `done`, `failed`, `skipped`.
    pub state: String,
    /// Calls that count.
    pub attempts: i64,
    /// When it may be called next.
    pub due_at: i64,
    /// What came of it.
    pub result: Option<String>,
    /// Who has it, or had it.
    pub agent_id: Option<String>,
    /// Their name.
    pub agent_name: Option<String>,
    /// Since when an agent has it.
    pub claimed_at: Option<i64>,
    /// The last call.
    pub call_id: Option<String>,
    /// How long the citizen talked or listened.
    pub talked_ms: i64,
    /// What was answered, JSON.
    pub answers: String,
    /// What was pressed in a notice, JSON.
    pub keys: String,
    /// What the agent wrote.
    pub note: String,
    /// Last change.
    pub updated_at: i64,
}

/// A new line.
#[derive(Clone, Debug, Default)]
pub struct NewTarget {
    /// The number.
    pub number: String,
    /// The name.
    pub name: String,
    /// The unit that the order belongs to: id, path, name.
    pub unit: Option<(String, String, String)>,
    /// The citizen's file.
    pub contact_id: Option<String>,
    /// The order: id, number.
    pub case: Option<(String, String)>,
    /// Other columns, JSON.
    pub fields: String,
}

/// What narrows a list.
#[derive(Clone, Debug, Default)]
pub struct TargetFilter {
    /// A state.
    pub state: Option<String>,
    /// A result.
    pub result: Option<String>,
    /// Part of number or name.
    pub q: Option<String>,
    /// The word that brings the next page.
    pub cursor: Option<String>,
    /// Rows of a page.
    pub limit: usize,
}

const COLUMNS: &str = "select t.id, t.campaign_id, t.no, t.number, t.name, t.unit_id, t.unit_path, t.unit_name, \
                       t.contact_id, t.case_id, t.case_number, t.fields, t.state, t.attempts, t.due_at, t.result, \
                       t.agent_id, t.agent_name, t.claimed_at, t.call_id, t.talked_ms, t.answers, t.keys, t.note, \
                       t.updated_at from voice_campaign_target t";

/// Returns a page of a list in its order.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &Db,
    campaign: &str,
    (scope, by): (Scope, &Principal),
    filter: &TargetFilter,
) -> Result<Page<TargetRow>, DbError> {
    let mut query = Statement::new(COLUMNS);
    query.push(" where t.campaign_id = ").bind(campaign.to_owned()).push(" and ");
    within(&mut query, scope, by);
    if let Some(state) = filter.state.as_deref().filter(|state| !state.is_empty()) {
        query.push(" and t.state = ").bind(state.to_owned());
    }
    if let Some(result) = filter.result.as_deref().filter(|result| !result.is_empty()) {
        query.push(" and t.result = ").bind(result.to_owned());
    }
    if let Some(q) = filter.q.as_deref().map(str::trim).filter(|q| !q.is_empty()) {
        let like = format!("%{}%", q.replace(['%', '_', '\\'], ""));
        query.push(" and (t.number like ").bind(like.clone()).push(" or t.name like ").bind(like).push(")");
    }
    let after = filter.cursor.as_deref().and_then(|cursor| Cursor::decode(cursor, 1));
    if let Some(no) = after.and_then(|keys| keys[0].parse::<i64>().ok()) {
        query.push(" and t.no > ").bind(no);
    }
    query.push(" order by t.no limit ").bind(i64::try_from(filter.limit).unwrap_or(200) + 1);
    let rows: Vec<TargetRow> = query.query_as().fetch_all(db.reader()).await?;
    Ok(Page::cut(rows, filter.limit, |row| Cursor::encode(&[row.no.to_string()])))
}

/// Finds a line.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &Db, id: &str) -> Result<Option<TargetRow>, DbError> {
    let mut query = Statement::new(COLUMNS);
    query.push(" where t.id = ").bind(id.to_owned());
    Ok(query.query_as().fetch_optional(db.reader()).await?)
}

/// Finds the line that an attempt belongs to.
///
/// # Errors
/// When the database fails.
pub async fn of_attempt(db: &Db, attempt: &str) -> Result<Option<TargetRow>, DbError> {
    let mut query = Statement::new(COLUMNS);
    query.push(" join voice_campaign_attempt a on a.target_id = t.id where a.id = ").bind(attempt.to_owned());
    Ok(query.query_as().fetch_optional(db.reader()).await?)
}

/// Returns the numbers of a list.
///
/// # Errors
/// When the database fails.
pub async fn numbers(db: &Db, campaign: &str) -> Result<HashSet<String>, DbError> {
    let all: Vec<String> =
        sqlx::query_scalar("select number from voice_campaign_target where campaign_id = $1")
            .bind(campaign)
            .fetch_all(db.reader())
            .await?;
    Ok(all.into_iter().collect())
}

/// Adds lines at the end of a list; numbers that are there already are left out. Returns how many came.
///
/// # Errors
/// When a statement fails.
pub async fn append(tx: &mut Tx, campaign: &str, rows: &[NewTarget], now: i64) -> Result<u64, DbError> {
    let last: i64 =
        sqlx::query_scalar("select coalesce(max(no), 0) from voice_campaign_target where campaign_id = $1")
            .bind(campaign)
            .fetch_one(tx.conn())
            .await?;
    let mut added = 0;
    let mut no = last;
    for piece in rows.chunks(PIECE) {
        let mut insert = Statement::new(
            "insert into voice_campaign_target (id, campaign_id, no, number, name, unit_id, unit_path, \
             unit_name, contact_id, case_id, case_number, fields, state, attempts, due_at, talked_ms, answers, \
             keys, note, updated_at) values ",
        );
        for row in piece {
            no += 1;
            let unit = |part: fn(&(String, String, String)) -> String| row.unit.as_ref().map(part);
            let values: [SqlValue; 20] = [
                kernel::id::new_id().into(),
                campaign.to_owned().into(),
                no.into(),
                row.number.clone().into(),
                row.name.clone().into(),
                unit(|unit| unit.0.clone()).into(),
                unit(|unit| unit.1.clone()).into(),
                unit(|unit| unit.2.clone()).into(),
                row.contact_id.clone().into(),
                row.case.as_ref().map(|case| case.0.clone()).into(),
                row.case.as_ref().map(|case| case.1.clone()).into(),
                row.fields.clone().into(),
                "waiting".to_owned().into(),
                0_i64.into(),
                now.into(),
                0_i64.into(),
                "{}".to_owned().into(),
                "[]".to_owned().into(),
                String::new().into(),
                now.into(),
            ];
            insert.bind_row(values);
        }
        insert.push(" on conflict (campaign_id, number) do nothing");
        added += insert.query().execute(tx.conn()).await?.rows_affected();
    }
    Ok(added)
}

/// Returns lines that may be due, the longest due first.
///
/// # Errors
/// When the database fails.
pub async fn due(db: &Db, campaign: &str, now: i64, limit: i64) -> Result<Vec<Candidate>, DbError> {
    let rows: Vec<(String, String, i64, i64)> = sqlx::query_as(
        "select id, number, attempts, due_at from voice_campaign_target where campaign_id = $1 \
         and state = 'waiting' and due_at <= $2 order by due_at, no limit $3",
    )
    .bind(campaign)
    .bind(now)
    .bind(limit)
    .fetch_all(db.reader())
    .await?;
    Ok(rows
        .into_iter()
        .map(|(target, number, attempts, due_at)| Candidate { target, number, attempts, due_at })
        .collect())
}

/// Returns when these numbers were called since an instant, over all tasks. What never rang does not count.
///
/// # Errors
/// When the database fails.
pub async fn past(db: &Db, numbers: &[String], since: i64) -> Result<Past, DbError> {
    let mut past: Past = HashMap::new();
    for piece in numbers.chunks(500) {
        let mut query = Statement::new("select number, at from voice_campaign_attempt where at > ");
        query.bind(since);
        query.push(" and (result is null or result <> 'cancelled') and number in (");
        query.bind_all(piece.iter().cloned()).push(")");
        let rows: Vec<(String, i64)> = query.query_as().fetch_all(db.reader()).await?;
        for (number, at) in rows {
            past.entry(number).or_default().push(at);
        }
    }
    Ok(past)
}

/// Counts lines by state and result.
///
/// # Errors
/// When the database fails.
pub async fn counts(
    db: &Db,
    campaign: &str,
    (scope, by): (Scope, &Principal),
) -> Result<Vec<(String, Option<String>, i64)>, DbError> {
    let mut query = Statement::new(
        "select t.state, t.result, count(*) from voice_campaign_target t where t.campaign_id = ",
    );
    query.bind(campaign.to_owned()).push(" and ");
    within(&mut query, scope, by);
    query.push(" group by t.state, t.result");
    Ok(query.query_as().fetch_all(db.reader()).await?)
}

/// Returns all answers, and what was pressed in notices.
///
/// # Errors
/// When the database fails.
pub async fn answers(
    db: &Db,
    campaign: &str,
    (scope, by): (Scope, &Principal),
) -> Result<Vec<(Value, Value)>, DbError> {
    let mut query =
        Statement::new("select t.answers, t.keys from voice_campaign_target t where t.campaign_id = ");
    query.bind(campaign.to_owned()).push(" and (t.answers <> '{}' or t.keys <> '[]') and ");
    within(&mut query, scope, by);
    let rows: Vec<(String, String)> = query.query_as().fetch_all(db.reader()).await?;
    let read = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
    Ok(rows.iter().map(|(answers, keys)| (read(answers), read(keys))).collect())
}

/// Counts calls of a task that run.
///
/// # Errors
/// When the database fails.
pub async fn running(db: &Db, campaign: &str) -> Result<i64, DbError> {
    Ok(sqlx::query_scalar(
        "select count(*) from voice_campaign_attempt where ended_at is null and campaign_id = $1",
    )
    .bind(campaign)
    .fetch_one(db.reader())
    .await?)
}
