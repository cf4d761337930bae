//! The evaluation of units: from the facts while a month is open, from `insight_closing` afterwards.

use contract::cases::{CaseId, CaseLine};
use contract::identity::UnitId;
use kernel::{Audit, Ctx, Principal, Scope};
use serde_json::json;
use sqlx::FromRow;

use crate::Insight;
use crate::engine::View;
use crate::error::InsightError;
use crate::evaluation::{Against, Rate, UnitMonth, Weights};
use crate::fact::ORDERS;
use crate::report::period::Period;
use crate::scope;

/// So many units at most.
const UNITS_MAX: usize = 12_000;
/// So many orders that count against a unit are listed.
const AGAINST_MAX: usize = 200;

/// A month that is closed.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `insight_closed_month` under their own names")]
pub struct ClosedMonth {
    pub month: String,
    pub weights: String,
    pub closed_at: i64,
    pub closed_by_name: String,
}

/// A unit with its month.
#[derive(Clone, Debug)]
pub struct Evaluated {
    /// The unit.
    pub unit_id: String,
    /// Its name.
    pub unit_name: String,
    /// How it did.
    pub month: UnitMonth,
}

impl Insight {
    /// Returns the weights in force and their version.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn weights(&self) -> Result<(Weights, i64), InsightError> {
        let row: Option<(String, i64)> =
            sqlx::query_as("select weights, version from insight_weights where id = 'units'")
                .fetch_optional(self.kit().db.reader())
                .await?;
        Ok(row
            .and_then(|(text, version)| Some((serde_json::from_str(&text).ok()?, version)))
            .unwrap_or_default())
    }

    /// Sets the weights.
    ///
    /// # Errors
    /// [`InsightError::Stale`], or when they make no sense.
    pub async fn set_weights(&self, ctx: &Ctx, weights: &Weights, version: i64) -> Result<(), InsightError> {
        weights.check()?;
        let text = json!(weights).to_string();
        let mut tx = self.kit().db.begin().await?;
        let current: Option<(i64,)> =
            sqlx::query_as("select version from insight_weights where id = 'units'")
                .fetch_optional(tx.conn())
                .await?;
        let current = current.map_or(0, |(version,)| version);
        if current != version {
            return Err(InsightError::Stale { current });
        }
        let done = sqlx::query(
            "insert into insight_weights (id, weights, version, changed_at, changed_by) \
             values ('units', $1, $2, $3, $4) on conflict (id) do update set weights = excluded.weights, \
             version = excluded.version, changed_at = excluded.changed_at, changed_by = excluded.changed_by \
             where insight_weights.version = $5",
        )
        .bind(&text)
        .bind(version + 1)
        .bind(ctx.now.0)
        .bind(&ctx.actor.id)
        .bind(version)
        .execute(tx.conn())
        .await?;
        if done.rows_affected() == 0 {
            return Err(InsightError::Stale { current: version + 1 });
        }
        tx.audit(ctx, Audit::new("evaluation.weights", "evaluation", "units").detail(json!(weights)));
        Ok(tx.commit().await?)
    }

    /// Returns how a month was closed, if it was.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn closed_month(&self, month: &str) -> Result<Option<ClosedMonth>, InsightError> {
        Ok(sqlx::query_as(
            "select month, weights, closed_at, closed_by_name from insight_closed_month where month = $1",
        )
        .bind(month)
        .fetch_optional(self.kit().db.reader())
        .await?)
    }

    /// Returns how units did in a month, as far as `by` may see: as it was closed, else as it is now.
    ///
    /// # Errors
    /// When the engine or the database fails.
    pub async fn evaluation(
        &self,
        by: &Principal,
        reach: Scope,
        month: &str,
        weights: &Weights,
    ) -> Result<Vec<Evaluated>, InsightError> {
        if self.closed_month(month).await?.is_some() {
            return self.closed_evaluation(by, reach, month).await;
        }
        self.running_evaluation(by, reach, month, weights).await
    }

    async fn running_evaluation(
        &self,
        by: &Principal,
        reach: Scope,
        month: &str,
        weights: &Weights,
    ) -> Result<Vec<Evaluated>, InsightError> {
        weights.check()?;
        let (from, to) = days(month)?.instants(self.lake().zone());
        let end = to.min(self.kit().now().0);
        let weight = weights.of_order();
        let mut sql = "select unit_id, sum(case when struck_out = 0 then 1 else 0 end), \
                       sum(case when struck_out = 1 then 1 else 0 end)"
            .to_owned();
        for rate in [Against::Response, Against::Solution, Against::Satisfaction] {
            let (whole, part) = rate.conditions(end);
            for which in [format!("({whole}) and ({part})"), format!("({whole})")] {
                sql.push_str(&format!(
                    ", sum(case when struck_out = 0 and {which} then {weight} else 0.0 end)"
                ));
            }
        }
        sql.push_str(&format!(
            " from orders where dispatched_at >= {from} and dispatched_at < {to} and unit_id is not null \
             and status not in ('voided', 'merged', 'not_accepted') group by unit_id"
        ));
        let answer = self.engine().ask(self.lake().snapshot(), vec![view(by, reach)], sql, UNITS_MAX).await?;
        let mut units = Vec::with_capacity(answer.rows.len());
        for row in answer.rows {
            let unit_id = row[0].key();
            let rate = |at: usize| Rate {
                part: row[at].number().unwrap_or(0.0),
                whole: row[at + 1].number().unwrap_or(0.0),
            };
            let unit =
                self.sources().directory.unit(&UnitId(unit_id.clone())).await.map_err(InsightError::Port)?;
            units.push(Evaluated {
                unit_name: unit.map_or_else(|| unit_id.clone(), |unit| unit.name),
                unit_id,
                month: UnitMonth {
                    orders: row[1].int().unwrap_or(0),
                    struck_out: row[2].int().unwrap_or(0),
                    response: rate(3),
                    solution: rate(5),
                    satisfaction: rate(7),
                },
            });
        }
        units.sort_by(|left, right| left.unit_name.cmp(&right.unit_name));
        Ok(units)
    }

    async fn closed_evaluation(
        &self,
        by: &Principal,
        reach: Scope,
        month: &str,
    ) -> Result<Vec<Evaluated>, InsightError> {
        let rows: Vec<(String, String, String)> = sqlx::query_as(
            "select unit_id, unit_name, figures from insight_closing where month = $1 order by unit_name, unit_id",
        )
        .bind(month)
        .fetch_all(self.kit().db.reader())
        .await?;
        let own: Option<Vec<String>> = match reach {
            Scope::All => None,
            Scope::Subtree => {
                let below = self.sources().directory.units_under(&UnitId(by.unit_id.clone())).await;
                Some(below.map_err(InsightError::Port)?.into_iter().map(|unit| unit.id.0).collect())
            }
            Scope::Unit | Scope::Own => Some(vec![by.unit_id.clone()]),
        };
        let seen = |unit: &String| own.as_ref().is_none_or(|own| own.contains(unit));
        Ok(rows
            .into_iter()
            .filter(|(unit, ..)| seen(unit))
            .map(|(unit_id, unit_name, figures)| Evaluated {
                unit_id,
                unit_name,
                month: serde_json::from_str(&figures).unwrap_or_default(),
            })
            .collect())
    }

    /// Closes a month that is over: its figures do not change any more.
    ///
    /// # Errors
    /// [`InsightError::Closed`] when it is closed, or when it is not over.
    pub async fn close_month(&self, ctx: &Ctx, by: &Principal, month: &str) -> Result<(), InsightError> {
        let (_, to) = days(month)?.instants(self.lake().zone());
        if ctx.now.0 < to {
            return Err(InsightError::question(
                "month",
                "本月尚未结束，不能结账。",
                "The month is not over.",
            ));
        }
        let (weights, _) = self.weights().await?;
        let units = self.running_evaluation(by, Scope::All, month, &weights).await?;
        let mut tx = self.kit().db.begin().await?;
        let done = sqlx::query(
            "insert into insight_closed_month (month, weights, closed_at, closed_by, closed_by_name) \
             values ($1, $2, $3, $4, $5) on conflict (month) do nothing",
        )
        .bind(month)
        .bind(json!(weights).to_string())
        .bind(ctx.now.0)
        .bind(&by.person_id)
        .bind(&by.name)
        .execute(tx.conn())
        .await?;
        if done.rows_affected() == 0 {
            return Err(InsightError::Closed);
        }
        for unit in &units {
            sqlx::query(
                "insert into insight_closing (month, unit_id, unit_name, figures) values ($1, $2, $3, $4)",
            )
            .bind(month)
            .bind(&unit.unit_id)
            .bind(&unit.unit_name)
            .bind(json!(unit.month).to_string())
            .execute(tx.conn())
            .await?;
        }
        tx.audit(
            ctx,
            Audit::new("evaluation.close", "evaluation", month).detail(json!({ "units": units.len() })),
        );
        Ok(tx.commit().await?)
    }

    /// Opens a closed month again.
    ///
    /// # Errors
    /// [`InsightError::NotFound`] when it is not closed.
    pub async fn open_month(&self, ctx: &Ctx, month: &str) -> Result<(), InsightError> {
        let mut tx = self.kit().db.begin().await?;
        let gone = sqlx::query("delete from insight_closed_month where month = $1")
            .bind(month)
            .execute(tx.conn())
            .await?;
        if gone.rows_affected() == 0 {
            return Err(InsightError::NotFound);
        }
        sqlx::query("delete from insight_closing where month = $1").bind(month).execute(tx.conn()).await?;
        tx.audit(ctx, Audit::new("evaluation.reopen", "evaluation", month));
        Ok(tx.commit().await?)
    }

    /// Lists orders that count against a unit, newest first, with how many there are; only those that `by` may
    /// read. The unit may apply for a strike-out on each.
    ///
    /// # Errors
    /// When the engine fails.
    pub async fn counted_against(
        &self,
        by: &Principal,
        reach: Scope,
        month: &str,
        unit_id: &str,
        against: Against,
    ) -> Result<(i64, Vec<CaseLine>), InsightError> {
        let (from, to) = days(month)?.instants(self.lake().zone());
        let (whole, part) = against.conditions(to.min(self.kit().now().0));
        let sql = format!(
            "select id from orders where dispatched_at >= {from} and dispatched_at < {to} and unit_id = {} \
             and struck_out = 0 and status not in ('voided', 'merged', 'not_accepted') and ({whole}) \
             and not ({part}) order by dispatched_at desc, id desc",
            scope::quoted(unit_id)
        );
        let answer = self.engine().ask(self.lake().snapshot(), vec![view(by, reach)], sql, UNITS_MAX).await?;
        let ids: Vec<CaseId> = answer.rows.iter().take(AGAINST_MAX).map(|row| CaseId(row[0].key())).collect();
        let lines = self.sources().cases.case_lines(by, &ids).await.map_err(InsightError::Port)?;
        Ok((i64::try_from(answer.rows.len()).unwrap_or(i64::MAX), lines))
    }
}

fn view(by: &Principal, reach: Scope) -> View {
    View { table: &ORDERS, scope: scope::condition(&ORDERS, reach, by), months: None }
}

/// Reads a month such as 2026-11.
fn days(month: &str) -> Result<Period, InsightError> {
    let first = Period::parse(&format!("{month}-01"), &format!("{month}-01")).map_err(|_| {
        InsightError::question("month", "请填写月份，如 2026-11。", "A month is needed, such as 2026-11.")
    })?;
    Ok(first.whole_month())
}
