//! Moves running orders from one version of their flow to another, a bounded batch at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use contract::cases::{CaseFlowChanged, CaseId};
use kernel::{Audit, Ctx};
use serde_json::json;

use super::{flow, timeline, work};
use crate::Cases;
use crate::case::timeline::EntryKind;
use crate::course::{Course, Flow, MoveError};
use crate::design;
use crate::error::CaseError;

/// The most orders that a preview looks at.
pub const PREVIEW_MAX: i64 = 2_000;
/// The most orders of one batch.
pub const BATCH_MAX: i64 = 200;
/// The most orders that are named one by one.
const NAMED_MAX: usize = 100;

/// Which version to leave, which to go to, and the counterparts of elements whose ids differ.
#[derive(Clone, Debug)]
pub struct Migration {
    /// The version that orders run now.
    pub from: String,
    /// The version that they shall run.
    pub to: String,
    /// Counterparts by element id.
    pub mapping: BTreeMap<String, String>,
}

/// An element on which orders rest.
#[derive(Clone, Debug)]
pub struct RestingPlace {
    /// The element in the old version.
    pub element_id: String,
    /// Its name.
    pub name: String,
    /// Its counterpart; none when there is none.
    pub target_id: Option<String>,
    /// So many orders rest there.
    pub orders: usize,
}

/// An order that stays where it is.
#[derive(Clone, Debug)]
pub struct Unmoved {
    /// The order.
    pub case_id: String,
    /// Its number.
    pub number: String,
    /// Why.
    pub reason: MoveError,
}

/// What would become of the orders of a version.
#[derive(Clone, Debug, Default)]
pub struct Preview {
    /// So many open orders run the old version.
    pub total: i64,
    /// So many of them were looked at.
    pub examined: usize,
    /// So many of these can be moved.
    pub movable: usize,
    /// Where they rest.
    pub places: Vec<RestingPlace>,
    /// The first that can't be moved.
    pub unmoved: Vec<Unmoved>,
}

/// What became of a batch.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// So many were moved.
    pub moved: usize,
    /// Those that were not.
    pub unmoved: Vec<Unmoved>,
    /// Where the next batch begins; none when this was the last.
    pub next: Option<String>,
}

type Row = (String, String, String);

impl Cases {
    async fn running(&self, flow_id: &str, after: &str, limit: i64) -> Result<Vec<Row>, CaseError> {
        Ok(sqlx::query_as(
            "select id, number, flow_state from cases_case where flow_id = $1 and archived_at is null \
             and status <> 'closed_at_once' and id > $2 order by id limit $3",
        )
        .bind(flow_id)
        .bind(after)
        .bind(limit)
        .fetch_all(self.kit().db.reader())
        .await?)
    }

    async fn both(&self, migration: &Migration) -> Result<(Arc<Flow>, Arc<Flow>), CaseError> {
        let names: Vec<String> = sqlx::query_scalar("select id from cases_flow where id = $1 or id = $2")
            .bind(&migration.from)
            .bind(&migration.to)
            .fetch_all(self.kit().db.reader())
            .await?;
        if names.len() != 2 {
            return Err(CaseError::NotFound);
        }
        let mut conn = self.kit().db.reader().acquire().await?;
        Ok((self.flow(&migration.from, &mut conn).await?, self.flow(&migration.to, &mut conn).await?))
    }

    /// Says what would become of the orders of a version, without touching any.
    ///
    /// # Errors
    /// [`CaseError::NotFound`] when there is no such version.
    pub async fn preview_migration(&self, ctx: &Ctx, migration: &Migration) -> Result<Preview, CaseError> {
        let (from, to) = self.both(migration).await?;
        let total: i64 = sqlx::query_scalar(
            "select count(*) from cases_case where flow_id = $1 and archived_at is null and status <> 'closed_at_once'",
        )
        .bind(&migration.from)
        .fetch_one(self.kit().db.reader())
        .await?;
        let mut preview = Preview { total, ..Preview::default() };
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        for (case_id, number, state) in self.running(&migration.from, "", PREVIEW_MAX).await? {
            let mut course = Course::restore(from.clone(), &state)?;
            for element in design::resting(course.instance()).into_keys() {
                *places.entry(element).or_default() += 1;
            }
            preview.examined += 1;
            match course.migrate(to.clone(), &migration.mapping, ctx.now) {
                Ok(_) => preview.movable += 1,
                Err(reason) if preview.unmoved.len() < NAMED_MAX => {
                    preview.unmoved.push(Unmoved { case_id, number, reason });
                }
                Err(_) => {}
            }
        }
        preview.places = places
            .into_iter()
            .map(|(element_id, orders)| {
                let target = migration.mapping.get(&element_id).unwrap_or(&element_id);
                let target_id = to.model.element(target).map(|element| element.id.clone());
                let name =
                    from.model.element(&element_id).map_or(String::new(), |element| element.name.clone());
                RestingPlace { element_id, name, target_id, orders }
            })
            .collect();
        Ok(preview)
    }

    /// Moves the next orders of a version, each in a transaction of its own. What can't be moved stays and is
    /// named.
    ///
    /// # Errors
    /// [`CaseError::NotFound`] when there is no such version; or when the database fails.
    pub async fn migrate_orders(
        &self,
        ctx: &Ctx,
        migration: &Migration,
        after: &str,
        limit: i64,
    ) -> Result<Batch, CaseError> {
        let (_, to) = self.both(migration).await?;
        let limit = limit.clamp(1, BATCH_MAX);
        let rows = self.running(&migration.from, after, limit).await?;
        let mut batch = Batch::default();
        if i64::try_from(rows.len()).unwrap_or(i64::MAX) == limit {
            batch.next = rows.last().map(|row| row.0.clone());
        }
        for (case_id, number, _) in rows {
            match self.migrate_order(ctx, migration, &to, &case_id).await? {
                None => batch.moved += 1,
                Some(reason) => batch.unmoved.push(Unmoved { case_id, number, reason }),
            }
        }
        Ok(batch)
    }

    async fn migrate_order(
        &self,
        ctx: &Ctx,
        migration: &Migration,
        to: &Arc<Flow>,
        case_id: &str,
    ) -> Result<Option<MoveError>, CaseError> {
        let id = CaseId(case_id.to_owned());
        let mut order = self.open(&id).await?;
        let (flow_id, state, version) = flow::instance(order.tx.conn(), &id).await?;
        if flow_id != migration.from {
            return Ok(None); // Somebody moved it meanwhile.
        }
        let from = self.flow(&flow_id, order.tx.conn()).await?;
        let mut course = Course::restore(from, &state)?;
        let moves = match course.migrate(to.clone(), &migration.mapping, ctx.now) {
            Ok(moves) => moves,
            Err(reason) => return Ok(Some(reason)),
        };
        order.claim().await?;
        work::carry_out(&mut order.tx, ctx, &mut order.case, moves);
        flow::save_instance(order.tx.conn(), &order.case, &course, version).await?;
        sqlx::query("update cases_case set flow_id = $2 where id = $1")
            .bind(case_id)
            .bind(&migration.to)
            .execute(order.tx.conn())
            .await?;
        let data = json!({"from": migration.from, "to": migration.to});
        timeline::note(order.tx.conn(), ctx, &id, ctx.now, EntryKind::FlowChanged, None, None, &data).await?;
        let (from_flow_id, flow_id) = (migration.from.clone(), migration.to.clone());
        order.tx.emit(ctx, &CaseFlowChanged { case_id: id, from_flow_id, flow_id });
        order.tx.audit(ctx, Audit::new("flow.migrate", "case", case_id).detail(data));
        order.tx.commit().await?;
        Ok(None)
    }
}
