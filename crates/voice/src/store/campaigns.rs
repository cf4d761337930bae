//! Outbound tasks and who takes part in them.

use kernel::db::Statement;
use kernel::{Ctx, Cursor, Db, DbError, Page, Principal, Scope, Tx};
use sqlx::FromRow;

use crate::campaign::{Plan, State};

/// An outbound task as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct CampaignRow {
    /// Id.
    pub id: String,
    /// Name.
    pub name: String,
    /// What for.
    pub purpose: String,
    /// How numbers are called.
    pub mode: String,
    /// Where it stands.
    pub state: String,
    /// Its settings, JSON.
    pub plan: String,
    /// When it was made, epoch milliseconds.
    pub created_at: i64,
    /// By whom.
    pub created_by: String,
    /// Their name.
    pub created_name: String,
    /// When it first called.
    pub started_at: Option<i64>,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// For optimistic locking.
    pub version: i64,
}

impl CampaignRow {
    /// Reads the settings.
    ///
    /// # Errors
    /// When what is stored can't be read.
    pub fn plan(&self) -> Result<Plan, serde_json::Error> {
        serde_json::from_str(&self.plan)
    }

    /// Returns where it stands.
    #[must_use]
    pub fn state(&self) -> State {
        State::parse(&self.state).unwrap_or(State::Stopped)
    }
}

const COLUMNS: &str = "select id, name, purpose, mode, state, plan, created_at, created_by, created_name, \
                       started_at, ended_at, version from voice_campaign c";

/// Adds the condition that a line of a list concerns the reader's unit.
pub(super) fn within(query: &mut Statement, scope: Scope, by: &Principal) {
    if scope == Scope::All {
        query.push("1 = 1");
        return;
    }
    query.push("(t.agent_id = ").bind(by.person_id.clone());
    if scope >= Scope::Unit {
        query.push(" or t.unit_id = ").bind(by.unit_id.clone());
    }
    if scope == Scope::Subtree {
        query.push(" or substr(t.unit_path, 1, length(").bind(by.unit_path.clone());
        query.push(")) = ").bind(by.unit_path.clone());
    }
    query.push(")");
}

/// Returns a page of tasks, newest first; who sees only a unit's lines sees only tasks that have some.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &Db,
    (scope, by): (Scope, &Principal),
    state: Option<&str>,
    q: Option<&str>,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<CampaignRow>, DbError> {
    let mut query = Statement::new(COLUMNS);
    query.push(" where 1 = 1");
    if scope != Scope::All {
        query.push(" and exists (select 1 from voice_campaign_target t where t.campaign_id = c.id and ");
        within(&mut query, scope, by);
        query.push(")");
    }
    if let Some(state) = state.filter(|state| !state.is_empty()) {
        query.push(" and state = ").bind(state.to_owned());
    }
    if let Some(q) = q.map(str::trim).filter(|q| !q.is_empty()) {
        query.push(" and name like ").bind(format!("%{}%", q.replace(['%', '_', '\\'], "")));
    }
    let after = cursor.and_then(|cursor| Cursor::decode(cursor, 2));
    if let Some((at, id)) = after.and_then(|keys| Some((keys[0].parse::<i64>().ok()?, keys[1].clone()))) {
        query.push(" and (created_at < ").bind(at).push(" or (created_at = ").bind(at);
        query.push(" and id < ").bind(id).push("))");
    }
    query.push(" order by created_at desc, id desc limit ");
    query.bind(i64::try_from(limit).unwrap_or(200) + 1);
    let rows: Vec<CampaignRow> = query.query_as().fetch_all(db.reader()).await?;
    Ok(Page::cut(rows, limit, |row| Cursor::encode(&[row.created_at.to_string(), row.id.clone()])))
}

/// Finds a task.
///
/// # Errors
/// When the database fails.
pub async fn find(db: &Db, id: &str) -> Result<Option<CampaignRow>, DbError> {
    let mut query = Statement::new(COLUMNS);
    query.push(" where id = ").bind(id.to_owned());
    Ok(query.query_as().fetch_optional(db.reader()).await?)
}

/// Returns the tasks that call now, the oldest first.
///
/// # Errors
/// When the database fails.
pub async fn running(db: &Db) -> Result<Vec<CampaignRow>, DbError> {
    let mut query = Statement::new(COLUMNS);
    query.push(" where state = 'running' order by started_at, id limit 50");
    Ok(query.query_as().fetch_all(db.reader()).await?)
}

/// Writes a new task.
///
/// # Errors
/// When a statement fails.
pub async fn insert(tx: &mut Tx, ctx: &Ctx, id: &str, plan: &Plan, text: &str) -> Result<(), DbError> {
    sqlx::query(
        "insert into voice_campaign (id, name, purpose, mode, state, plan, created_at, created_by, \
         created_name, version) values ($1, $2, $3, $4, 'draft', $5, $6, $7, $8, 1)",
    )
    .bind(id)
    .bind(plan.name.trim())
    .bind(&plan.purpose)
    .bind(plan.mode.name())
    .bind(text)
    .bind(ctx.now.0)
    .bind(&ctx.actor.id)
    .bind(&ctx.actor.name)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Changes a task's settings; false when somebody else changed it meanwhile.
///
/// # Errors
/// When a statement fails.
pub async fn update(tx: &mut Tx, id: &str, version: i64, plan: &Plan, text: &str) -> Result<bool, DbError> {
    let done = sqlx::query(
        "update voice_campaign set name = $3, purpose = $4, mode = $5, plan = $6, version = version + 1 \
         where id = $1 and version = $2",
    )
    .bind(id)
    .bind(version)
    .bind(plan.name.trim())
    .bind(&plan.purpose)
    .bind(plan.mode.name())
    .bind(text)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Brings a task from one state to another; false when it is no longer there.
///
/// # Errors
/// When a statement fails.
pub async fn set_state(tx: &mut Tx, id: &str, from: State, to: State, now: i64) -> Result<bool, DbError> {
    let ended = matches!(to, State::Stopped | State::Done).then_some(now);
    let done = sqlx::query(
        "update voice_campaign set state = $3, version = version + 1, ended_at = $4, \
         started_at = case when $3 = 'running' then coalesce(started_at, $5) else started_at end \
         where id = $1 and state = $2",
    )
    .bind(id)
    .bind(from.name())
    .bind(to.name())
    .bind(ended)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes a task that has not called anybody; false when it has.
///
/// # Errors
/// When a statement fails.
pub async fn remove(tx: &mut Tx, id: &str) -> Result<bool, DbError> {
    let gone = sqlx::query("delete from voice_campaign where id = $1 and state = 'draft'")
        .bind(id)
        .execute(tx.conn())
        .await?;
    if gone.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query("delete from voice_campaign_target where campaign_id = $1")
        .bind(id)
        .execute(tx.conn())
        .await?;
    sqlx::query("delete from voice_campaign_agent where campaign_id = $1")
        .bind(id)
        .execute(tx.conn())
        .await?;
    Ok(true)
}

/// Lets a person take part, in this task alone, or no longer in any.
///
/// # Errors
/// When a statement fails.
pub async fn join(tx: &mut Tx, person: &str, campaign: Option<&str>, now: i64) -> Result<(), DbError> {
    sqlx::query("delete from voice_campaign_agent where person_id = $1")
        .bind(person)
        .execute(tx.conn())
        .await?;
    if let Some(campaign) = campaign {
        sqlx::query(
            "insert into voice_campaign_agent (campaign_id, person_id, joined_at) values ($1, $2, $3)",
        )
        .bind(campaign)
        .bind(person)
        .bind(now)
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

/// Returns the people who take part: task and person.
///
/// # Errors
/// When the database fails.
pub async fn agents(db: &Db) -> Result<Vec<(String, String)>, DbError> {
    Ok(sqlx::query_as("select campaign_id, person_id from voice_campaign_agent order by joined_at")
        .fetch_all(db.reader())
        .await?)
}
