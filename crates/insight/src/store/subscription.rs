//! Rows of `insight_subscription`: reports that are sent by mail, and who gets them.

use contract::identity::PersonId;
use kernel::{Audit, Ctx, Principal};
use serde_json::json;
use sqlx::{AnyConnection, FromRow};

use crate::Insight;
use crate::error::InsightError;
use crate::subscription::{MOST, RECEIVERS_MAX, When};

/// A report that is sent by mail.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `insight_subscription` under their own names")]
pub struct Subscription {
    pub id: String,
    pub owner_id: String,
    pub owner_name: String,
    pub name: String,
    /// The report of the catalogue, `special` or `risk-assessment`.
    pub report: String,
    /// The part of the report's address after the question mark; its days are left out.
    pub query: String,
    pub span: String,
    pub every: String,
    /// The day of the week or of the month.
    pub on_day: i64,
    pub hour: i64,
    pub lang: String,
    /// `active` or `paused`.
    pub state: String,
    /// `owner` when its owner may not sign in or read reports any more.
    pub paused_why: Option<String>,
    /// The next time, epoch milliseconds.
    pub next_at: i64,
    pub version: i64,
}

/// Somebody who gets it.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `insight_subscription_receiver` under their own names")]
pub struct Named {
    pub subscription_id: String,
    pub person_id: String,
    pub person_name: String,
}

/// What somebody subscribes to. The question was checked before.
#[derive(Clone, Debug)]
pub struct Wish {
    /// Its name.
    pub name: String,
    /// The report.
    pub report: String,
    /// Its settings.
    pub query: String,
    /// Which days.
    pub span: String,
    /// How often.
    pub every: String,
    /// On which day.
    pub on_day: i64,
    /// At which hour.
    pub hour: i64,
    /// `zh` or `en`.
    pub lang: String,
    /// Who gets it.
    pub receivers: Vec<String>,
}

const COLUMNS: &str = "select id, owner_id, owner_name, name, report, query, span, every, on_day, hour, lang, state, \
     paused_why, next_at, version from insight_subscription";

fn stale(current: i64) -> InsightError {
    InsightError::Stale { current }
}

impl Insight {
    /// Returns a person's own subscriptions and those that they get something of.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn subscriptions(&self, by: &Principal) -> Result<Vec<Subscription>, InsightError> {
        let sql = format!(
            "{COLUMNS} where owner_id = $1 or id in \
             (select subscription_id from insight_subscription_receiver where person_id = $2) \
             order by case when owner_id = $3 then 0 else 1 end, name, id limit 300"
        );
        Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(&by.person_id)
            .bind(&by.person_id)
            .bind(&by.person_id)
            .fetch_all(self.kit().db.reader())
            .await?)
    }

    /// Finds a subscription of one's own, or one that one gets something of.
    ///
    /// # Errors
    /// [`InsightError::NotFound`] for anybody else's.
    pub async fn subscription(&self, by: &Principal, id: &str) -> Result<Subscription, InsightError> {
        let found = self.subscription_by_id(id).await?.ok_or(InsightError::NotFound)?;
        let gets = self.receivers(id).await?.iter().any(|one| one.person_id == by.person_id);
        if found.owner_id == by.person_id || gets { Ok(found) } else { Err(InsightError::NotFound) }
    }

    pub(crate) async fn subscription_by_id(&self, id: &str) -> Result<Option<Subscription>, InsightError> {
        let sql = format!("{COLUMNS} where id = $1");
        Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(self.kit().db.reader()).await?)
    }

    /// Returns who gets a subscription.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn receivers(&self, id: &str) -> Result<Vec<Named>, InsightError> {
        Ok(sqlx::query_as(
            "select subscription_id, person_id, person_name from insight_subscription_receiver \
             where subscription_id = $1 order by person_name, person_id",
        )
        .bind(id)
        .fetch_all(self.kit().db.reader())
        .await?)
    }

    async fn named(&self, ids: &[String]) -> Result<Vec<(String, String)>, InsightError> {
        let mut ids = ids.to_vec();
        ids.sort();
        ids.dedup();
        if ids.is_empty() || ids.len() > RECEIVERS_MAX {
            return Err(InsightError::question(
                "receivers",
                "收件人为 1 到 20 人。",
                "It goes to 1 to 20 people.",
            ));
        }
        let mut people = Vec::with_capacity(ids.len());
        for id in ids {
            let found = self.sources().directory.receiver(&PersonId(id)).await.map_err(InsightError::Port)?;
            let found = found.ok_or_else(|| {
                InsightError::question(
                    "receivers",
                    "收件人不存在或已停用。",
                    "A receiver does not exist, or may not sign in.",
                )
            })?;
            people.push((found.principal.person_id, found.principal.name));
        }
        Ok(people)
    }

    /// Subscribes to a report. Returns the subscription's id.
    ///
    /// # Errors
    /// For a bad name, time or receiver, or too many.
    pub async fn subscribe(&self, ctx: &Ctx, by: &Principal, wish: &Wish) -> Result<String, InsightError> {
        let when = When::read(&wish.every, wish.on_day, wish.hour)?;
        let people = self.named(&wish.receivers).await?;
        let mut tx = self.kit().db.begin().await?;
        let (kept,): (i64,) = sqlx::query_as("select count(*) from insight_subscription where owner_id = $1")
            .bind(&by.person_id)
            .fetch_one(tx.conn())
            .await?;
        if kept >= MOST {
            return Err(InsightError::question("name", "每人最多 50 个订阅。", "At most 50 subscriptions."));
        }
        let id = kernel::id::new_id();
        sqlx::query(
            "insert into insight_subscription (id, owner_id, owner_name, name, report, query, span, every, on_day, \
             hour, lang, state, paused_why, next_at, version, made_at) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'active', null, $12, 1, $13)",
        )
        .bind(&id)
        .bind(&by.person_id)
        .bind(&by.name)
        .bind(&wish.name)
        .bind(&wish.report)
        .bind(&wish.query)
        .bind(&wish.span)
        .bind(&wish.every)
        .bind(wish.on_day)
        .bind(wish.hour)
        .bind(&wish.lang)
        .bind(when.next(self.lake().zone(), ctx.now.0))
        .bind(ctx.now.0)
        .execute(tx.conn())
        .await?;
        put_receivers(tx.conn(), &id, &people).await?;
        tx.audit(ctx, audit("report.subscribe", &id, wish));
        tx.commit().await?;
        Ok(id)
    }

    /// Changes a subscription of one's own.
    ///
    /// # Errors
    /// As [`Self::subscribe`]; [`InsightError::Stale`].
    pub async fn change_subscription(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &str,
        wish: &Wish,
        version: i64,
    ) -> Result<(), InsightError> {
        let when = When::read(&wish.every, wish.on_day, wish.hour)?;
        let people = self.named(&wish.receivers).await?;
        let mut tx = self.kit().db.begin().await?;
        let changed = sqlx::query(
            "update insight_subscription set name = $3, report = $4, query = $5, span = $6, every = $7, on_day = $8, \
             hour = $9, lang = $10, next_at = $11, version = version + 1 \
             where id = $1 and owner_id = $2 and version = $12",
        )
        .bind(id)
        .bind(&by.person_id)
        .bind(&wish.name)
        .bind(&wish.report)
        .bind(&wish.query)
        .bind(&wish.span)
        .bind(&wish.every)
        .bind(wish.on_day)
        .bind(wish.hour)
        .bind(&wish.lang)
        .bind(when.next(self.lake().zone(), ctx.now.0))
        .bind(version)
        .execute(tx.conn())
        .await?;
        if changed.rows_affected() == 0 {
            return Err(missing(tx.conn(), by, id).await?);
        }
        sqlx::query("delete from insight_subscription_receiver where subscription_id = $1")
            .bind(id)
            .execute(tx.conn())
            .await?;
        put_receivers(tx.conn(), id, &people).await?;
        tx.audit(ctx, audit("report.change_subscription", id, wish));
        Ok(tx.commit().await?)
    }

    /// Pauses a subscription of one's own, or lets it go on from the next time.
    ///
    /// # Errors
    /// [`InsightError::NotFound`] for anybody else's.
    pub async fn pause_subscription(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &str,
        paused: bool,
    ) -> Result<(), InsightError> {
        let mut tx = self.kit().db.begin().await?;
        let sql = format!("{COLUMNS} where id = $1 and owner_id = $2");
        let found: Option<Subscription> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(id)
            .bind(&by.person_id)
            .fetch_optional(tx.conn())
            .await?;
        let found = found.ok_or(InsightError::NotFound)?;
        let next_at = match When::read(&found.every, found.on_day, found.hour) {
            Ok(when) if !paused => when.next(self.lake().zone(), ctx.now.0),
            _ => found.next_at,
        };
        sqlx::query(
            "update insight_subscription set state = $2, paused_why = null, next_at = $3, version = version + 1 \
             where id = $1",
        )
        .bind(id)
        .bind(if paused { "paused" } else { "active" })
        .bind(next_at)
        .execute(tx.conn())
        .await?;
        let action = if paused { "report.pause_subscription" } else { "report.resume_subscription" };
        tx.audit(ctx, Audit::new(action, "report_subscription", id));
        Ok(tx.commit().await?)
    }

    /// Ends a subscription of one's own; what became of it so far goes with it.
    ///
    /// # Errors
    /// [`InsightError::NotFound`] for anybody else's.
    pub async fn end_subscription(&self, ctx: &Ctx, by: &Principal, id: &str) -> Result<(), InsightError> {
        let mut tx = self.kit().db.begin().await?;
        let gone = sqlx::query("delete from insight_subscription where id = $1 and owner_id = $2")
            .bind(id)
            .bind(&by.person_id)
            .execute(tx.conn())
            .await?;
        if gone.rows_affected() == 0 {
            return Err(InsightError::NotFound);
        }
        for sql in [
            "delete from insight_subscription_receiver where subscription_id = $1",
            "delete from insight_subscription_run where subscription_id = $1",
        ] {
            sqlx::query(sql).bind(id).execute(tx.conn()).await?;
        }
        tx.audit(ctx, Audit::new("report.end_subscription", "report_subscription", id));
        Ok(tx.commit().await?)
    }

    /// Leaves a subscription that one gets; what waits for one is not sent any more.
    ///
    /// # Errors
    /// [`InsightError::NotFound`] when one does not get it.
    pub async fn leave_subscription(&self, ctx: &Ctx, by: &Principal, id: &str) -> Result<(), InsightError> {
        let mut tx = self.kit().db.begin().await?;
        let gone = sqlx::query(
            "delete from insight_subscription_receiver where subscription_id = $1 and person_id = $2",
        )
        .bind(id)
        .bind(&by.person_id)
        .execute(tx.conn())
        .await?;
        if gone.rows_affected() == 0 {
            return Err(InsightError::NotFound);
        }
        sqlx::query(
            "delete from insight_subscription_run where subscription_id = $1 and person_id = $2 and state = 'waiting'",
        )
        .bind(id)
        .bind(&by.person_id)
        .execute(tx.conn())
        .await?;
        tx.audit(ctx, Audit::new("report.leave_subscription", "report_subscription", id));
        Ok(tx.commit().await?)
    }
}

async fn put_receivers(
    conn: &mut AnyConnection,
    id: &str,
    people: &[(String, String)],
) -> Result<(), InsightError> {
    for (person_id, name) in people {
        sqlx::query(
            "insert into insight_subscription_receiver (subscription_id, person_id, person_name) values ($1, $2, $3)",
        )
        .bind(id)
        .bind(person_id)
        .bind(name)
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// Says why one's own subscription was not changed.
async fn missing(conn: &mut AnyConnection, by: &Principal, id: &str) -> Result<InsightError, InsightError> {
    let version: Option<(i64,)> =
        sqlx::query_as("select version from insight_subscription where id = $1 and owner_id = $2")
            .bind(id)
            .bind(&by.person_id)
            .fetch_optional(conn)
            .await?;
    Ok(version.map_or(InsightError::NotFound, |(version,)| stale(version)))
}

fn audit(action: &'static str, id: &str, wish: &Wish) -> Audit {
    Audit::new(action, "report_subscription", id).detail(json!({
        "report": wish.report, "span": wish.span, "every": wish.every, "on_day": wish.on_day, "hour": wish.hour,
        "receivers": wish.receivers,
    }))
}
