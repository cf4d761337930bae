//! Rows of `cases_succession`: units that were dissolved, and how far what they had has been handed over. Each order is
//! a transaction of its own, and what is handed over is no longer found, so that a stop in between loses nothing.

use std::collections::HashSet;

use async_trait::async_trait;
use contract::cases::{CaseId, UnitSucceeded};
use contract::identity::{UnitBrief, UnitCharge, UnitDissolved, UnitHoldings, UnitId};
use kernel::{Audit, BoxError, Ctx, Timestamp};
use serde_json::json;
use sqlx::FromRow;

use super::catalogue;
use crate::Cases;
use crate::case::UnitRef;
use crate::case::catalogue::Row;
use crate::case::succession::{self, Succession};
use crate::error::CaseError;

/// So many orders are handed over in one turn of the job.
const ORDERS_MAX: usize = 5_000;
/// So often a successor was dissolved itself.
const HEIRS_MAX: usize = 10;
/// After a failure it is tried again after this time.
const AGAIN_MS: i64 = 30_000;
/// Directories of other processes are this old at most.
const SURE_MS: i64 = 60_000;

/// What is open of a unit: in charge, helping, owing something, or with a task.
const OPEN_OF: &str = "select id from cases_case where unit_id = $1 and status in ('assigned', 'in_progress', 'handled') \
    union select c.id from cases_co_unit u join cases_case c on c.id = u.case_id where u.unit_id = $1 \
    and c.status in ('draft_logged', 'returned', 'assigned', 'in_progress', 'handled') \
    union select case_id from cases_errand where unit_id = $1 \
    and (state = 'open' or (kind = 'supervision' and state = 'answered')) \
    union select case_id from cases_task where unit_id = $1 and state = 'open'";

/// How far a dissolved unit has been handed over.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `cases_succession` under their own names")]
pub struct SuccessionRow {
    pub unit_id: String,
    pub unit_code: String,
    pub unit_name: String,
    pub successor_id: Option<String>,
    /// `open` or `done`.
    pub state: String,
    pub moved: i64,
    /// The version of the catalogue that names the successor.
    pub catalogue_version: Option<i64>,
    pub catalogue_done: i64,
    pub dissolved_at: i64,
    pub done_at: Option<i64>,
}

const ROWS: &str = "select unit_id, unit_code, unit_name, successor_id, state, moved, catalogue_version, \
    catalogue_done, dissolved_at, done_at from cases_succession ";

impl Cases {
    /// Notes that a unit was dissolved. Hearing it twice changes nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn note_dissolution(&self, event: &UnitDissolved, at: Timestamp) -> Result<(), CaseError> {
        let mut tx = self.kit().db.begin().await?;
        sqlx::query(
            "insert into cases_succession (unit_id, unit_code, unit_name, successor_id, state, moved, \
             catalogue_done, next_at, dissolved_at) values ($1, $2, $3, $4, 'open', 0, 0, 0, $5) \
             on conflict (unit_id) do update set unit_code = excluded.unit_code, unit_name = excluded.unit_name, \
             successor_id = excluded.successor_id, state = 'open', moved = 0, catalogue_done = 0, \
             catalogue_version = null, next_at = 0, dissolved_at = excluded.dissolved_at, done_at = null \
             where cases_succession.dissolved_at < excluded.dissolved_at",
        )
        .bind(event.unit_id.as_str())
        .bind(&event.code)
        .bind(&event.name)
        .bind(event.successor_id.as_ref().map(|id| id.0.clone()))
        .bind(at.0)
        .execute(tx.conn())
        .await?;
        Ok(tx.commit().await?)
    }

    /// Reads how far a dissolved unit has been handed over, and how many orders are left.
    ///
    /// # Errors
    /// [`CaseError::NotFound`] for a unit that was not dissolved.
    pub async fn succession(&self, unit_id: &str) -> Result<(SuccessionRow, i64), CaseError> {
        let sql = format!("{ROWS} where unit_id = $1");
        let row: Option<SuccessionRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(unit_id)
            .fetch_optional(self.kit().db.reader())
            .await?;
        let row = row.ok_or(CaseError::NotFound)?;
        let left = self.count_open_of(unit_id).await?;
        Ok((row, left))
    }

    async fn count_open_of(&self, unit_id: &str) -> Result<i64, CaseError> {
        let sql = format!("select count(*) from ({OPEN_OF}) as open_of");
        Ok(sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .bind(unit_id)
            .fetch_one(self.kit().db.reader())
            .await?)
    }

    /// Hands over what dissolved units have, as far as one turn reaches. Returns how many orders moved.
    ///
    /// # Errors
    /// When the database or the directory fails; an order that fails is logged and tried again.
    pub async fn carry_over(&self, ctx: &Ctx) -> Result<usize, CaseError> {
        self.freshen().await?;
        let sql =
            format!("{ROWS} where state = 'open' and next_at <= $1 order by dissolved_at, unit_id limit 20");
        let rows: Vec<SuccessionRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(ctx.now.0)
            .fetch_all(self.kit().db.reader())
            .await?;
        let mut moved = 0;
        for row in rows {
            moved += self.carry_unit(ctx, &row).await?;
        }
        Ok(moved + self.carry_stragglers(ctx).await?)
    }

    async fn carry_unit(&self, ctx: &Ctx, row: &SuccessionRow) -> Result<usize, CaseError> {
        if !self.is_gone(ctx, row).await? {
            return Ok(0);
        }
        let heir = self.heir(row).await?;
        if row.catalogue_done == 0
            && let Some(heir) = &heir
        {
            self.hand_over_catalogue(ctx, row, heir).await?;
        }
        let sql = format!("select id from ({OPEN_OF}) as open_of order by id limit {}", ORDERS_MAX + 1);
        let ids: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
            .bind(&row.unit_id)
            .fetch_all(self.kit().db.reader())
            .await?;
        let more = ids.len() > ORDERS_MAX;
        let (moved, failed) = self.carry_orders(ctx, row, heir.as_ref(), &ids).await?;
        let mut tx = self.kit().db.begin().await?;
        if more || failed > 0 {
            sqlx::query("update cases_succession set next_at = $2 where unit_id = $1")
                .bind(&row.unit_id)
                .bind(if failed > 0 { ctx.now.0 + AGAIN_MS } else { ctx.now.0 })
                .execute(tx.conn())
                .await?;
        } else {
            let (orders,): (i64,) = sqlx::query_as(
                "update cases_succession set state = 'done', done_at = $2 where unit_id = $1 returning moved",
            )
            .bind(&row.unit_id)
            .bind(ctx.now.0)
            .fetch_one(tx.conn())
            .await?;
            if let Some(heir) = heir.filter(|_| orders > 0) {
                tx.emit(
                    ctx,
                    &UnitSucceeded {
                        unit_id: row.unit_id.clone(),
                        unit_name: row.unit_name.clone(),
                        successor_id: heir.id.0,
                        orders,
                    },
                );
            }
        }
        tx.commit().await?;
        Ok(moved)
    }

    /// Hands over what reached a unit after it was done with: dispatched at the same moment, or handled again later.
    async fn carry_stragglers(&self, ctx: &Ctx) -> Result<usize, CaseError> {
        let late: Vec<(String, String)> = sqlx::query_as(
            "select distinct s.unit_id, t.case_id from cases_succession s join cases_task t on t.unit_id = s.unit_id \
             where s.state = 'done' and t.state = 'open' order by s.unit_id, t.case_id limit 200",
        )
        .fetch_all(self.kit().db.reader())
        .await?;
        let mut moved = 0;
        for unit_id in late.iter().map(|(unit_id, _)| unit_id).collect::<HashSet<_>>() {
            let (row, _) = self.succession(unit_id).await?;
            if !self.is_gone(ctx, &row).await? {
                continue;
            }
            let heir = self.heir(&row).await?;
            let ids: Vec<String> =
                late.iter().filter(|(of, _)| of == unit_id).map(|(_, id)| id.clone()).collect();
            moved += self.carry_orders(ctx, &row, heir.as_ref(), &ids).await?.0;
        }
        Ok(moved)
    }

    /// Tells whether the unit is gone indeed. One that was taken into use again keeps what it has.
    async fn is_gone(&self, ctx: &Ctx, row: &SuccessionRow) -> Result<bool, CaseError> {
        let unit =
            self.ports().directory.unit(&UnitId(row.unit_id.clone())).await.map_err(CaseError::Port)?;
        if !unit.is_some_and(|unit| unit.active) {
            return Ok(true);
        }
        if ctx.now.0 - row.dissolved_at > SURE_MS {
            let mut tx = self.kit().db.begin().await?;
            sqlx::query("delete from cases_succession where unit_id = $1 and dissolved_at = $2")
                .bind(&row.unit_id)
                .bind(row.dissolved_at)
                .execute(tx.conn())
                .await?;
            tx.commit().await?;
        }
        Ok(false)
    }

    /// Finds who takes over: the successor, or the successor's, when that was dissolved too.
    async fn heir(&self, row: &SuccessionRow) -> Result<Option<UnitBrief>, CaseError> {
        let mut next = row.successor_id.clone();
        for _ in 0..HEIRS_MAX {
            let Some(id) = next else { return Ok(None) };
            let unit = self.ports().directory.unit(&UnitId(id.clone())).await.map_err(CaseError::Port)?;
            if let Some(unit) = unit.filter(|unit| unit.active) {
                return Ok(Some(unit));
            }
            let after: Option<(Option<String>,)> =
                sqlx::query_as("select successor_id from cases_succession where unit_id = $1")
                    .bind(&id)
                    .fetch_optional(self.kit().db.reader())
                    .await?;
            next = after.and_then(|(id,)| id);
        }
        Ok(None)
    }

    /// Hands orders over, or sends them back to the dispatcher. Returns how many moved and how many failed.
    async fn carry_orders(
        &self,
        ctx: &Ctx,
        row: &SuccessionRow,
        heir: Option<&UnitBrief>,
        ids: &[String],
    ) -> Result<(usize, usize), CaseError> {
        let plan = match heir {
            None => None,
            Some(heir) => {
                let people = self
                    .ports()
                    .directory
                    .people_with(&heir.id, "case.handle")
                    .await
                    .map_err(CaseError::Port)?;
                Some(Succession {
                    from: row.unit_id.clone(),
                    from_name: row.unit_name.clone(),
                    to: UnitRef { id: heir.id.0.clone(), path: heir.path.clone() },
                    to_name: heir.name.clone(),
                    people: people.into_iter().map(|person| person.id.0).collect(),
                })
            }
        };
        let (mut moved, mut failed) = (0, 0);
        for id in ids.iter().take(ORDERS_MAX) {
            match self.carry_order(ctx, row, plan.as_ref(), &CaseId(id.clone())).await {
                Ok(true) => moved += 1,
                Ok(false) => {}
                Err(CaseError::Db(error)) => return Err(CaseError::Db(error)),
                Err(error) => {
                    failed += 1;
                    let error = kernel::problem::chain(&error);
                    tracing::error!(case = id, unit = row.unit_id, error, "an order was not handed over");
                }
            }
        }
        Ok((moved, failed))
    }

    async fn carry_order(
        &self,
        ctx: &Ctx,
        row: &SuccessionRow,
        plan: Option<&Succession>,
        id: &CaseId,
    ) -> Result<bool, CaseError> {
        let mut work = self.open(id).await?;
        let change = match plan {
            Some(plan) => succession::hand_over(&mut work.case, plan),
            None => succession::release(&mut work.case, &row.unit_id, &row.unit_name, ctx.now)?,
        };
        let Some(change) = change else { return Ok(false) };
        work.claim().await?;
        sqlx::query("update cases_succession set moved = moved + 1 where unit_id = $1")
            .bind(&row.unit_id)
            .execute(work.tx.conn())
            .await?;
        work.finish(ctx, change).await?;
        Ok(true)
    }

    /// Lets the catalogue name the successor. A published version never changes: a new one takes its place, in which
    /// nothing but the unit is different, so that it needs no trial. Drafts are changed as they are.
    async fn hand_over_catalogue(
        &self,
        ctx: &Ctx,
        row: &SuccessionRow,
        heir: &UnitBrief,
    ) -> Result<(), CaseError> {
        let (from, to) = (row.unit_code.as_str(), heir.code.as_str());
        let versions = self.catalogues().await?;
        let mut drafts: Vec<(String, Vec<Row>)> = Vec::new();
        let mut fresh = None;
        for version in versions.iter().filter(|version| version.state != "retired") {
            let rows = self.catalogue_rows(&version.id).await?;
            let changed: Vec<Row> = rows.iter().filter_map(|row| renamed(row, from, to)).collect();
            if changed.is_empty() {
                continue;
            }
            if version.state == "draft" {
                drafts.push((version.id.clone(), changed));
            } else {
                let all: Vec<Row> =
                    rows.into_iter().map(|row| renamed(&row, from, to).unwrap_or(row)).collect();
                fresh = Some((all, changed.len()));
            }
        }
        let next = versions.first().map_or(1, |version| version.version + 1);
        let mut tx = self.kit().db.begin().await?;
        if let Some((rows, changed)) = &fresh {
            let id = kernel::id::new_id();
            let note: String =
                format!("{}撤并，改由{}承办", row.unit_name, heir.name).chars().take(200).collect();
            sqlx::query("update cases_catalogue set state = 'retired' where state = 'published'")
                .execute(tx.conn())
                .await?;
            sqlx::query(
                "insert into cases_catalogue (id, version, state, note, made_at, made_by, changed_at, published_at, \
                 published_by) values ($1, $2, 'published', $3, $4, $5, $4, $4, $5)",
            )
            .bind(&id)
            .bind(next)
            .bind(note)
            .bind(ctx.now.0)
            .bind(&ctx.actor.name)
            .execute(tx.conn())
            .await?;
            catalogue::insert_rows(tx.conn(), &id, rows).await?;
            let detail = json!({ "version": next, "from": from, "to": to, "rows": changed });
            tx.audit(ctx, Audit::new("catalogue.succession", "catalogue", &id).detail(detail));
        }
        for (id, rows) in &drafts {
            for row in rows {
                if !catalogue::update_row(tx.conn(), id, row).await? {
                    return Err(CaseError::Stale { current: row.version });
                }
            }
            catalogue::touch(tx.conn(), ctx, id).await?;
        }
        sqlx::query("update cases_category set unit_code = $2, version = version + 1 where unit_code = $1")
            .bind(from)
            .bind(to)
            .execute(tx.conn())
            .await?;
        sqlx::query(
            "update cases_succession set catalogue_done = 1, catalogue_version = $2 where unit_id = $1",
        )
        .bind(&row.unit_id)
        .bind(fresh.as_ref().map(|_| next))
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        self.reload_categories().await?;
        self.reload_catalogue().await
    }
}

/// Returns the row with the successor in place of the unit; none where it does not name it.
fn renamed(row: &Row, from: &str, to: &str) -> Option<Row> {
    let named = row.unit_code.as_deref() == Some(from)
        || row.co_unit_codes.iter().any(|code| code == from)
        || row.regions.iter().any(|(_, code)| code == from);
    if !named {
        return None;
    }
    let heir = |code: &String| if code == from { to.to_owned() } else { code.clone() };
    let unit_code = row.unit_code.as_ref().map(heir);
    let mut co_unit_codes: Vec<String> = Vec::new();
    for code in row.co_unit_codes.iter().map(heir) {
        if unit_code.as_ref() != Some(&code) && !co_unit_codes.contains(&code) {
            co_unit_codes.push(code);
        }
    }
    let regions = row.regions.iter().map(|(district, code)| (district.clone(), heir(code))).collect();
    Some(Row { unit_code, co_unit_codes, regions, ..row.clone() })
}

#[async_trait]
impl UnitCharge for Cases {
    async fn holdings(&self, id: &UnitId, code: &str) -> Result<UnitHoldings, BoxError> {
        let orders = self.count_open_of(id.as_str()).await?;
        let tasks: i64 =
            sqlx::query_scalar("select count(*) from cases_task where unit_id = $1 and state = 'open'")
                .bind(id.as_str())
                .fetch_one(self.kit().db.reader())
                .await?;
        self.freshen().await?;
        let catalogue_rows = match self.published_catalogue() {
            None => 0,
            Some(catalogue) => catalogue.rows().iter().filter(|row| renamed(row, code, "").is_some()).count(),
        };
        Ok(UnitHoldings { orders, tasks, catalogue_rows: i64::try_from(catalogue_rows).unwrap_or(i64::MAX) })
    }
}
