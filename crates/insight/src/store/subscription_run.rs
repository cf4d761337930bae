//! Rows of `insight_subscription_run`: one for each time and receiver. The unique key of both is why nobody gets a
//! report twice, whoever plans it.

use contract::identity::PersonId;
use contract::insight::ReportMailed;
use kernel::{Ctx, Principal, Timestamp};
use sqlx::FromRow;

use super::subscription::{Named, Subscription};
use crate::Insight;
use crate::error::InsightError;
use crate::subscription::When;

/// So many subscriptions are planned, and so many letters sent, in one turn.
const PLANNED_MAX: i64 = 200;
const SENT_MAX: i64 = 20;
/// What became of a time is kept for so long.
const KEPT_MS: i64 = 200 * 86_400_000;
/// Whoever works on a letter has it for so long; who asks for one's own at once waits so long between two.
pub(crate) const CLAIM_MS: i64 = 10 * 60_000;
const ASKED_PAUSE_MS: i64 = 60_000;

/// One time for one receiver.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `insight_subscription_run` under their own names")]
pub struct Run {
    pub id: String,
    pub subscription_id: String,
    /// When it was due, epoch milliseconds.
    pub due_at: i64,
    pub person_id: String,
    pub person_name: String,
    /// `waiting`, `sending`, `sent`, `failed`, `unclear`.
    pub state: String,
    /// Why it was not sent, as a code.
    pub reason: Option<String>,
    pub tries: i64,
    /// When it is tried (again), or until when somebody has it.
    pub next_at: i64,
    pub done_at: Option<i64>,
}

const COLUMNS: &str = "select id, subscription_id, due_at, person_id, person_name, state, reason, tries, next_at, \
     done_at from insight_subscription_run";

impl Insight {
    /// Plans what is due: a row for each receiver. What was due several times meanwhile is planned once. Returns how
    /// many rows are new.
    ///
    /// # Errors
    /// When the database or the directory fails.
    pub async fn plan_mail(&self, now: Timestamp) -> Result<u64, InsightError> {
        let sql = "select id, owner_id, owner_name, name, report, query, span, every, on_day, hour, lang, state, \
             paused_why, next_at, version from insight_subscription where state = 'active' and next_at <= $1 \
             order by next_at, id limit $2";
        let due: Vec<Subscription> =
            sqlx::query_as(sql).bind(now.0).bind(PLANNED_MAX).fetch_all(self.kit().db.reader()).await?;
        let mut planned = 0;
        for one in due {
            planned += self.plan_one(&one, now).await?;
        }
        Ok(planned)
    }

    async fn plan_one(&self, one: &Subscription, now: Timestamp) -> Result<u64, InsightError> {
        let owner = self.sources().directory.receiver(&PersonId(one.owner_id.clone())).await;
        let owner = owner.map_err(InsightError::Port)?;
        let owner = owner.map(|owner| owner.principal).filter(|owner| owner.has("report.read"));
        let mut tx = self.kit().db.begin().await?;
        let Some(owner) = owner else {
            sqlx::query(
                "update insight_subscription set state = 'paused', paused_why = 'owner', version = version + 1 \
                 where id = $1 and state = 'active'",
            )
            .bind(&one.id)
            .execute(tx.conn())
            .await?;
            tx.commit().await?;
            return Ok(0);
        };
        let when = When::read(&one.every, one.on_day, one.hour)?;
        let zone = self.lake().zone();
        let moved = sqlx::query(
            "update insight_subscription set next_at = $2 where id = $1 and next_at = $3 and state = 'active'",
        )
        .bind(&one.id)
        .bind(when.next(zone, now.0))
        .bind(one.next_at)
        .execute(tx.conn())
        .await?;
        if moved.rows_affected() == 0 {
            return Ok(0);
        }
        let mut people: Vec<Named> = sqlx::query_as(
            "select subscription_id, person_id, person_name from insight_subscription_receiver \
             where subscription_id = $1 order by person_id",
        )
        .bind(&one.id)
        .fetch_all(tx.conn())
        .await?;
        // Whoever may not share any more sends to nobody else.
        people.retain(|one| one.person_id == owner.person_id || owner.has("report.share"));
        let due_at = when.latest(zone, now.0);
        let mut planned = 0;
        for person in people {
            planned += sqlx::query(
                "insert into insight_subscription_run (id, subscription_id, due_at, person_id, person_name, state, \
                 reason, tries, next_at, made_at, done_at) \
                 values ($1, $2, $3, $4, $5, 'waiting', null, 0, $6, $7, null) \
                 on conflict (subscription_id, due_at, person_id) do nothing",
            )
            .bind(kernel::id::new_id())
            .bind(&one.id)
            .bind(due_at)
            .bind(&person.person_id)
            .bind(&person.person_name)
            .bind(now.0)
            .bind(now.0)
            .execute(tx.conn())
            .await?
            .rows_affected();
        }
        tx.commit().await?;
        Ok(planned)
    }

    /// Plans a letter to `by` for now.
    ///
    /// # Errors
    /// [`InsightError::Question`] when one was asked for a moment ago.
    pub async fn mail_now(&self, ctx: &Ctx, by: &Principal, id: &str) -> Result<(), InsightError> {
        let mut tx = self.kit().db.begin().await?;
        let (newest,): (i64,) = sqlx::query_as(
            "select cast(coalesce(max(made_at), 0) as bigint) from insight_subscription_run \
             where subscription_id = $1 and person_id = $2",
        )
        .bind(id)
        .bind(&by.person_id)
        .fetch_one(tx.conn())
        .await?;
        if ctx.now.0 - newest < ASKED_PAUSE_MS {
            return Err(InsightError::question(
                "id",
                "刚刚发送过，请一分钟后再试。",
                "It was sent a moment ago; please wait a minute.",
            ));
        }
        sqlx::query(
            "insert into insight_subscription_run (id, subscription_id, due_at, person_id, person_name, state, reason, \
             tries, next_at, made_at, done_at) values ($1, $2, $3, $4, $5, 'waiting', null, 0, $6, $7, null) \
             on conflict (subscription_id, due_at, person_id) do nothing",
        )
        .bind(kernel::id::new_id())
        .bind(id)
        .bind(ctx.now.0)
        .bind(&by.person_id)
        .bind(&by.name)
        .bind(ctx.now.0)
        .bind(ctx.now.0)
        .execute(tx.conn())
        .await?;
        Ok(tx.commit().await?)
    }

    /// Returns what waits, or was left by whoever died over it.
    pub(crate) async fn waiting_mail(&self, now: Timestamp) -> Result<Vec<Run>, InsightError> {
        let sql = format!(
            "{COLUMNS} where state in ('waiting', 'sending') and next_at <= $1 order by next_at, id limit $2"
        );
        Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(now.0)
            .bind(SENT_MAX)
            .fetch_all(self.kit().db.reader())
            .await?)
    }

    /// Moves a row on from the try and the state in which it was read; false when somebody else did.
    pub(crate) async fn move_mail(&self, run: &Run, to: &Moved<'_>) -> Result<bool, InsightError> {
        let mut tx = self.kit().db.begin().await?;
        let moved = sqlx::query(
            "update insight_subscription_run set state = $2, reason = $3, tries = $4, next_at = $5, done_at = $6 \
             where id = $1 and state = $7 and tries = $8",
        )
        .bind(&run.id)
        .bind(to.state)
        .bind(to.reason)
        .bind(to.tries)
        .bind(to.next_at)
        .bind(to.done_at)
        .bind(&run.state)
        .bind(run.tries)
        .execute(tx.conn())
        .await?;
        if moved.rows_affected() == 0 {
            return Ok(false);
        }
        if let Some((ctx, owner_id)) = to.told {
            tx.emit(
                ctx,
                &ReportMailed {
                    subscription_id: run.subscription_id.clone(),
                    run_id: run.id.clone(),
                    owner_id: owner_id.to_owned(),
                    person_id: run.person_id.clone(),
                    state: to.state.to_owned(),
                },
            );
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Returns what became of a subscription, newest first, of one receiver or of all; `before` is the last row of
    /// the page before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn mail_runs(
        &self,
        id: &str,
        person_id: Option<&str>,
        before: Option<(i64, &str)>,
        limit: i64,
    ) -> Result<Vec<Run>, InsightError> {
        let (at, last) = before.unwrap_or((i64::MAX, ""));
        let sql = format!(
            "{COLUMNS} where subscription_id = $1 and ($2 = '' or person_id = $3) \
             and (due_at < $4 or (due_at = $5 and id > $6)) order by due_at desc, id limit $7"
        );
        let person = person_id.unwrap_or_default();
        Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(id)
            .bind(person)
            .bind(person)
            .bind(at)
            .bind(at)
            .bind(last)
            .bind(limit)
            .fetch_all(self.kit().db.reader())
            .await?)
    }

    /// Deletes what became of times long ago.
    pub(crate) async fn forget_old_mail(&self, now: Timestamp) -> Result<(), InsightError> {
        let mut tx = self.kit().db.begin().await?;
        sqlx::query("delete from insight_subscription_run where made_at < $1")
            .bind(now.0 - KEPT_MS)
            .execute(tx.conn())
            .await?;
        Ok(tx.commit().await?)
    }
}

/// What a row becomes.
pub(crate) struct Moved<'a> {
    pub(crate) state: &'static str,
    pub(crate) reason: Option<&'static str>,
    pub(crate) tries: i64,
    pub(crate) next_at: i64,
    pub(crate) done_at: Option<i64>,
    /// Whose subscription it is, when this is the end of the row.
    pub(crate) told: Option<(&'a Ctx, &'a str)>,
}
