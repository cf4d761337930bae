//! A trial of a catalogue on past orders: where each would have gone, against where people sent it.

use std::collections::HashMap;

use contract::identity::UnitBrief;
use kernel::db::Statement;
use kernel::{Ctx, Principal};
use serde_json::{Value, json};
use sqlx::FromRow;

use super::run::{Outcome, Progress};
use crate::Cases;
use crate::case::catalogue::{Catalogue, Matter};
use crate::error::CaseError;

/// So many orders are looked at in one step.
const BATCH: usize = 500;
/// So many differences are shown one by one.
const SAMPLES_MAX: usize = 100;

#[derive(FromRow)]
struct Past {
    id: String,
    number: String,
    title: String,
    content: String,
    category_id: Option<String>,
    district: Option<String>,
}

/// What a trial counts.
#[derive(Debug, Default)]
struct Tally {
    orders: usize,
    proposed: usize,
    same: usize,
    near: usize,
    differ: usize,
    automatic: usize,
    units: HashMap<String, (usize, usize)>,
    samples: Vec<Value>,
}

impl Cases {
    /// Starts a trial over the orders that were dispatched in the last `days` days. Returns the run.
    ///
    /// # Errors
    /// [`CaseError::NotFound`], or [`CaseError::TooManyRuns`].
    pub async fn try_catalogue(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &str,
        days: i64,
    ) -> Result<String, CaseError> {
        let version = self.catalogue_version(id).await?;
        let (cases, ctx_of_run) = (self.clone(), ctx.clone());
        self.start_run(ctx, by, "catalogue_trial", move |progress| async move {
            let rows = cases.catalogue_rows(&version.id).await?;
            let catalogue = Catalogue::new(version.id.clone(), version.version, rows);
            let from = ctx_of_run.now.0 - days.clamp(1, 3_660) * 86_400_000;
            let result = cases.trial(&catalogue, from, &progress).await?;
            if version.state == "draft" {
                cases.keep_trial(&ctx_of_run, &version.id, version.changed_at, &result).await?;
            }
            Ok(Outcome { result, file: None })
        })
        .await
    }

    async fn trial(&self, catalogue: &Catalogue, from: i64, progress: &Progress) -> Result<Value, CaseError> {
        let (total,): (i64,) = sqlx::query_as("select count(*) from cases_case where dispatched_at >= $1")
            .bind(from)
            .fetch_one(self.kit().db.reader())
            .await?;
        let total = usize::try_from(total).unwrap_or_default();
        let mut tally = Tally::default();
        let mut after = String::new();
        progress.tell(0, total).await?;
        loop {
            let orders: Vec<Past> = sqlx::query_as(
                "select id, number, title, content, category_id, district from cases_case \
                 where dispatched_at >= $1 and id > $2 order by id limit $3",
            )
            .bind(from)
            .bind(&after)
            .bind(BATCH as i64)
            .fetch_all(self.kit().db.reader())
            .await?;
            let Some(last) = orders.last() else { break };
            after.clone_from(&last.id);
            let sent = self.sent_to(&orders).await?;
            for order in &orders {
                self.compare(catalogue, order, sent.get(&order.id).map(String::as_str), &mut tally).await?;
            }
            progress.tell(tally.orders, total.max(tally.orders)).await?;
        }
        self.report(catalogue, tally).await
    }

    /// Returns to which unit the centre sent each order last.
    async fn sent_to(&self, orders: &[Past]) -> Result<HashMap<String, String>, CaseError> {
        let mut sql = Statement::new(
            "select case_id, unit_id from cases_timeline where kind = 'dispatched' and unit_id is not null \
             and case_id in (",
        );
        sql.bind_all(orders.iter().map(|order| &order.id)).push(") order by at, id");
        let rows: Vec<(String, String)> = sql.query_as().fetch_all(self.kit().db.reader()).await?;
        Ok(rows.into_iter().collect())
    }

    async fn compare(
        &self,
        catalogue: &Catalogue,
        order: &Past,
        sent_to: Option<&str>,
        tally: &mut Tally,
    ) -> Result<(), CaseError> {
        tally.orders += 1;
        let directory = &self.ports().directory;
        let categories = self.categories();
        let codes = order.category_id.as_deref().map(|id| categories.codes_upwards(id)).unwrap_or_default();
        let proposal = catalogue.propose(Matter {
            categories: &codes,
            title: &order.title,
            content: &order.content,
            district: order.district.as_deref(),
        });
        let people = match sent_to {
            None => None,
            Some(id) => directory.unit(&id.into()).await.map_err(CaseError::Port)?,
        };
        if let Some(unit) = &people {
            tally.units.entry(unit.id.0.clone()).or_default().1 += 1;
        }
        let Some(proposal) = proposal else { return Ok(()) };
        let Some(unit) = directory.unit_by_code(&proposal.unit_code).await.map_err(CaseError::Port)? else {
            return Ok(());
        };
        tally.proposed += 1;
        tally.automatic += usize::from(proposal.row.automatic);
        tally.units.entry(unit.id.0.clone()).or_default().0 += 1;
        let Some(people) = people else { return Ok(()) };
        if people.id == unit.id {
            tally.same += 1;
            return Ok(());
        }
        let near = is_kin(&people, &unit);
        if near {
            tally.near += 1;
        } else {
            tally.differ += 1;
        }
        if tally.samples.len() < SAMPLES_MAX {
            tally.samples.push(json!({
                "case_id": order.id,
                "number": order.number,
                "title": order.title,
                "people": people.name,
                "proposed": unit.name,
                "row_code": proposal.row.code,
                "item": proposal.row.item,
                "near": near,
            }));
        }
        Ok(())
    }

    async fn report(&self, catalogue: &Catalogue, tally: Tally) -> Result<Value, CaseError> {
        let mut units = Vec::new();
        for (id, (proposed, people)) in &tally.units {
            units.push((*proposed, *people, self.unit_name(id).await?.unwrap_or_default()));
        }
        units.sort_by(|left, right| right.cmp(left));
        let judged = tally.same + tally.near + tally.differ;
        let percent = |part: usize| (judged > 0).then(|| part as f64 * 100.0 / judged as f64);
        Ok(json!({
            "version": catalogue.version,
            "orders": tally.orders,
            "proposed": tally.proposed,
            "none": tally.orders - tally.proposed,
            "same": tally.same,
            "near": tally.near,
            "differ": tally.differ,
            "automatic": tally.automatic,
            "same_percent": percent(tally.same),
            "near_percent": percent(tally.same + tally.near),
            "units": units.into_iter().take(60).map(|(proposed, people, name)| json!({
                "name": name, "proposed": proposed, "people": people,
            })).collect::<Vec<_>>(),
            "samples": tally.samples,
        }))
    }
}

/// Tells whether one of two units is above the other.
fn is_kin(one: &UnitBrief, other: &UnitBrief) -> bool {
    // The centre is above everybody, which says nothing.
    let real = |unit: &UnitBrief| unit.level > 1;
    (real(one) && other.path.starts_with(&one.path)) || (real(other) && one.path.starts_with(&other.path))
}
