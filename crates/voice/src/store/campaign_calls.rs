//! Calls of outbound tasks: claimed before they are dialled, so that nobody is called twice.

use kernel::{Db, DbError, Tx};
use sqlx::FromRow;

use super::campaigns::CampaignRow;
use crate::callflow::run::Finding;
use crate::campaign::retry::{After, after};
use crate::campaign::{Plan, State};

/// What came of a call.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    /// The attempt.
    pub attempt_id: &'a str,
    /// The call.
    pub call_id: &'a str,
    /// The result.
    pub result: &'a str,
    /// When it ended, epoch milliseconds.
    pub at: i64,
    /// How long the citizen talked or listened.
    pub talked_ms: i64,
    /// What was pressed.
    pub keys: &'a [Finding],
}

/// What an agent says came of a talk.
#[derive(Clone, Debug)]
pub struct Outcome<'a> {
    /// `completed`, `refused`, `wrong_person`, `later`.
    pub result: &'a str,
    /// The answers, JSON.
    pub answers: &'a str,
    /// What the agent wrote.
    pub note: &'a str,
    /// When the citizen is called again.
    pub call_at: Option<i64>,
}

/// An attempt to reach somebody.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct AttemptRow {
    /// Id.
    pub id: String,
    /// When, epoch milliseconds.
    pub at: i64,
    /// By whom.
    pub agent_name: Option<String>,
    /// The call.
    pub call_id: Option<String>,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// What came of it.
    pub result: Option<String>,
}

/// Returns the attempts of a line, newest first.
///
/// # Errors
/// When the database fails.
pub async fn attempts(db: &Db, target: &str) -> Result<Vec<AttemptRow>, DbError> {
    Ok(sqlx::query_as(
        "select id, at, agent_name, call_id, ended_at, result from voice_campaign_attempt \
         where target_id = $1 order by at desc, id desc limit 50",
    )
    .bind(target)
    .fetch_all(db.reader())
    .await?)
}

/// Gives the next line to an agent to look at; false when somebody else was faster.
///
/// # Errors
/// When a statement fails.
pub async fn claim(tx: &mut Tx, target: &str, (id, name): (&str, &str), now: i64) -> Result<bool, DbError> {
    let done = sqlx::query(
        "update voice_campaign_target set state = 'claimed', agent_id = $2, agent_name = $3, claimed_at = $4, \
         updated_at = $4 where id = $1 and state = 'waiting'",
    )
    .bind(target)
    .bind(id)
    .bind(name)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Returns the line that an agent looks at.
///
/// # Errors
/// When the database fails.
pub async fn claimed_by(db: &Db, campaign: &str, person: &str) -> Result<Option<String>, DbError> {
    Ok(sqlx::query_scalar(
        "select id from voice_campaign_target where campaign_id = $1 and state = 'claimed' and agent_id = $2 \
         order by claimed_at limit 1",
    )
    .bind(campaign)
    .bind(person)
    .fetch_optional(db.reader())
    .await?)
}

/// Gives a line back that an agent looked at; it comes again after `due_at`.
///
/// # Errors
/// When a statement fails.
pub async fn give_back(tx: &mut Tx, target: &str, person: &str, due_at: i64) -> Result<bool, DbError> {
    let done = sqlx::query(
        "update voice_campaign_target set state = 'waiting', agent_id = null, agent_name = null, \
         claimed_at = null, due_at = $3 where id = $1 and state = 'claimed' and agent_id = $2",
    )
    .bind(target)
    .bind(person)
    .bind(due_at)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Gives lines back that agents have looked at since before an instant.
///
/// # Errors
/// When a statement fails.
pub async fn give_back_stale(tx: &mut Tx, before: i64, now: i64) -> Result<u64, DbError> {
    let done = sqlx::query(
        "update voice_campaign_target set state = 'waiting', agent_id = null, agent_name = null, \
         claimed_at = null, due_at = $2 where state = 'claimed' and claimed_at < $1",
    )
    .bind(before)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

/// Takes a line for a call, by a person if there is one; false when it is not to be called any more.
///
/// # Errors
/// When a statement fails.
pub async fn begin(
    tx: &mut Tx,
    attempt: &str,
    target: &str,
    agent: Option<(&str, &str)>,
    now: i64,
) -> Result<bool, DbError> {
    let done = sqlx::query(
        "update voice_campaign_target set state = 'calling', attempts = attempts + 1, agent_id = $2, \
         agent_name = $3, claimed_at = null, updated_at = $4 where id = $1 and (state = 'waiting' or \
         (state = 'claimed' and agent_id = $2)) and exists (select 1 from voice_campaign c \
         where c.id = campaign_id and c.state = 'running')",
    )
    .bind(target)
    .bind(agent.map(|(id, _)| id))
    .bind(agent.map(|(_, name)| name))
    .bind(now)
    .execute(tx.conn())
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    sqlx::query(
        "insert into voice_campaign_attempt (id, campaign_id, target_id, number, at, agent_name) \
         select $1, campaign_id, id, number, $3, $4 from voice_campaign_target where id = $2",
    )
    .bind(attempt)
    .bind(target)
    .bind(now)
    .bind(agent.map(|(_, name)| name))
    .execute(tx.conn())
    .await?;
    Ok(true)
}

/// Writes what came of a call, and what becomes of the line. A second report changes nothing.
///
/// # Errors
/// When a statement fails.
pub async fn end(tx: &mut Tx, ended: &Ended<'_>) -> Result<(), DbError> {
    let open = sqlx::query(
        "update voice_campaign_attempt set ended_at = $2, result = $3, call_id = $4 \
         where id = $1 and ended_at is null",
    )
    .bind(ended.attempt_id)
    .bind(ended.at)
    .bind(ended.result)
    .bind(ended.call_id)
    .execute(tx.conn())
    .await?;
    if open.rows_affected() == 0 {
        return Ok(());
    }
    let line: Option<(String, i64, String)> = sqlx::query_as(
        "select t.id, t.attempts, c.plan from voice_campaign_attempt a \
         join voice_campaign_target t on t.id = a.target_id join voice_campaign c on c.id = t.campaign_id \
         where a.id = $1",
    )
    .bind(ended.attempt_id)
    .fetch_optional(tx.conn())
    .await?;
    let Some((target, attempts, plan)) = line else { return Ok(()) };
    let rules = serde_json::from_str::<Plan>(&plan).map(|plan| plan.retry).unwrap_or_default();
    let (state, due_at, uncounted) = match after(ended.result, attempts, &rules, ended.at) {
        After::Reached => ("done", 0, 0),
        After::GivenUp => ("failed", 0, 0),
        After::Again { at, counts } => ("waiting", at, i64::from(!counts)),
    };
    // A notice that was listened to counts like a talk.
    let result = if ended.result == "self_service" { "answered" } else { ended.result };
    let keys = serde_json::to_string(ended.keys).unwrap_or_else(|_| "[]".to_owned());
    // The agent may have said already what came of it.
    sqlx::query(
        "update voice_campaign_target set state = $2, due_at = $3, attempts = attempts - $4, result = $5, \
         call_id = $6, talked_ms = $7, keys = $8, updated_at = $9 where id = $1 and state = 'calling'",
    )
    .bind(&target)
    .bind(state)
    .bind(due_at)
    .bind(uncounted)
    .bind(result)
    .bind(ended.call_id)
    .bind(ended.talked_ms)
    .bind(keys)
    .bind(ended.at)
    .execute(tx.conn())
    .await?;
    sqlx::query("update voice_campaign_target set call_id = $2, talked_ms = $3 where id = $1")
        .bind(&target)
        .bind(ended.call_id)
        .bind(ended.talked_ms)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Ends attempts that a stop of the server cut off.
///
/// # Errors
/// When a statement fails.
pub async fn interrupted(tx: &mut Tx, before: i64, now: i64) -> Result<usize, DbError> {
    let open: Vec<String> =
        sqlx::query_scalar("select id from voice_campaign_attempt where ended_at is null and at < $1")
            .bind(before)
            .fetch_all(tx.conn())
            .await?;
    for attempt in &open {
        let ended = Ended {
            attempt_id: attempt,
            call_id: "",
            result: "interrupted",
            at: now,
            talked_ms: 0,
            keys: &[],
        };
        end(tx, &ended).await?;
    }
    Ok(open.len())
}

/// Writes what an agent says came of a talk.
///
/// # Errors
/// When a statement fails.
pub async fn conclude(tx: &mut Tx, target: &str, said: &Outcome<'_>, now: i64) -> Result<bool, DbError> {
    let (state, due_at) = match said.call_at {
        Some(at) => ("waiting", at),
        None => ("done", 0),
    };
    let done = sqlx::query(
        "update voice_campaign_target set state = $2, due_at = $3, result = $4, answers = $5, note = $6, \
         updated_at = $7, claimed_at = null where id = $1 and state in ('calling', 'done')",
    )
    .bind(target)
    .bind(state)
    .bind(due_at)
    .bind(said.result)
    .bind(said.answers)
    .bind(said.note)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Marks a line as not to be called.
///
/// # Errors
/// When a statement fails.
pub async fn skip(tx: &mut Tx, target: &str, why: &str, now: i64) -> Result<(), DbError> {
    sqlx::query(
        "update voice_campaign_target set state = 'skipped', result = $2, updated_at = $3 \
         where id = $1 and state in ('waiting', 'claimed')",
    )
    .bind(target)
    .bind(why)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Lets a line be called not before an instant.
///
/// # Errors
/// When a statement fails.
pub async fn postpone(tx: &mut Tx, target: &str, until: i64) -> Result<(), DbError> {
    sqlx::query("update voice_campaign_target set due_at = $2 where id = $1 and state = 'waiting'")
        .bind(target)
        .bind(until)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Ends a task whose list is through; true when this did it.
///
/// # Errors
/// When a statement fails.
pub async fn finish(tx: &mut Tx, campaign: &CampaignRow, now: i64) -> Result<bool, DbError> {
    let (all, left): (i64, i64) = sqlx::query_as(
        "select count(*), count(case when state in ('waiting', 'claimed', 'calling') then 1 end) \
         from voice_campaign_target where campaign_id = $1",
    )
    .bind(&campaign.id)
    .fetch_one(tx.conn())
    .await?;
    if all == 0 || left > 0 {
        return Ok(false);
    }
    super::campaigns::set_state(tx, &campaign.id, State::Running, State::Done, now).await
}
