//! Rows of `cases_timer`, and what happens when they are due.
//!
//! A limit has one timer: it fires when the limit turns yellow, moves itself to the limit's end, and fires
//! again. A timer is claimed by the transaction that carries it out, so whatever was due while the server
//! stood still is done once, by one process.

use std::sync::Arc;

use contract::cases::{CaseId, DeadlineMissed, DeadlineNear};
use kernel::db::Statement;
use kernel::{Ctx, Timestamp, Writes};
use serde_json::json;
use sqlx::{AnyConnection, FromRow};

use super::{deadline, timeline, work};
use crate::Cases;
use crate::case::Case;
use crate::case::timeline::EntryKind;
use crate::error::CaseError;

/// What is told later than this after it happened no longer disturbs screens.
const LATE_MS: i64 = 3_600_000;
/// So many timers are carried out in one turn.
const BATCH: i64 = 500;

#[derive(FromRow)]
struct TimerRow {
    id: String,
    case_id: String,
    kind: String,
    subject: String,
    fire_at: i64,
}

fn insert(writes: &mut Writes, case_id: &CaseId, kind: &str, subject: &str, fire_at: Timestamp) {
    writes.insert(
        "cases_timer (id, case_id, kind, subject, fire_at, state)",
        [
            kernel::id::new_id().into(),
            case_id.as_str().into(),
            kind.into(),
            subject.into(),
            fire_at.0.into(),
            "waiting".into(),
        ],
    );
}

/// Sets the timer of a limit.
pub(crate) fn set_limit(writes: &mut Writes, case_id: &CaseId, deadline_id: &str, yellow_at: Timestamp) {
    insert(writes, case_id, "near", deadline_id, yellow_at);
}

/// Sets a timer of the drawn flow.
pub(crate) fn set_flow(writes: &mut Writes, case: &Case, timer_id: &str, fire_at: Timestamp) {
    insert(writes, &case.id, "flow", &format!("{}/{timer_id}", case.id), fire_at);
}

/// Takes a timer of the drawn flow back.
pub(crate) fn cancel_flow(writes: &mut Writes, case: &Case, timer_id: &str) {
    take_back(writes, &format!("{}/{timer_id}", case.id));
}

/// Takes back the timers of a subject, before those that the same change sets afterwards.
pub(crate) fn take_back(writes: &mut Writes, subject: &str) {
    let mut update = Statement::new("update cases_timer set state = 'cancelled' where subject = ");
    update.bind(subject).push(" and state = 'waiting'");
    writes.defer(update);
}

/// Takes back the timers of a subject, at once.
pub(crate) async fn cancel(conn: &mut AnyConnection, subject: &str) -> Result<(), CaseError> {
    sqlx::query("update cases_timer set state = 'cancelled' where subject = $1 and state = 'waiting'")
        .bind(subject)
        .execute(conn)
        .await?;
    Ok(())
}

impl Cases {
    /// Carries out what is due at the context's instant. Returns how many timers fired.
    ///
    /// # Errors
    /// When the database fails. A single order whose timer cannot be carried out is logged and set aside, so
    /// that it does not hold up the others.
    pub async fn fire_timers(&self, ctx: &Ctx) -> Result<usize, CaseError> {
        let mut fired = 0;
        loop {
            let due: Vec<TimerRow> = sqlx::query_as(
                "select id, case_id, kind, subject, fire_at from cases_timer where state = 'waiting' and \
                 fire_at <= $1 order by fire_at, id limit $2",
            )
            .bind(ctx.now.0)
            .bind(BATCH)
            .fetch_all(self.kit().db.reader())
            .await?;
            let (count, before) = (due.len(), fired);
            for timer in due {
                let id = timer.id.clone();
                match self.fire(ctx, timer).await {
                    Ok(true) => fired += 1,
                    Ok(false) | Err(CaseError::Stale { .. }) => {}
                    Err(CaseError::Db(error)) => return Err(error.into()),
                    Err(error) => {
                        tracing::error!(timer = id, error = %kernel::problem::chain(&error), "a timer was set aside");
                        self.set_aside(&id).await?;
                    }
                }
            }
            // A whole batch without progress is left to the next turn.
            if count < usize::try_from(BATCH).unwrap_or(usize::MAX) || fired == before {
                return Ok(fired);
            }
        }
    }

    async fn set_aside(&self, id: &str) -> Result<(), CaseError> {
        let mut tx = self.kit().db.begin().await?;
        sqlx::query("update cases_timer set state = 'failed' where id = $1")
            .bind(id)
            .execute(tx.conn())
            .await?;
        Ok(tx.commit().await?)
    }

    async fn fire(&self, ctx: &Ctx, timer: TimerRow) -> Result<bool, CaseError> {
        let mut work = self.open(&CaseId(timer.case_id.clone())).await?;
        let conn = work.tx.conn();
        let claimed =
            sqlx::query("update cases_timer set state = 'done' where id = $1 and state = 'waiting'")
                .bind(&timer.id)
                .execute(&mut *conn)
                .await?
                .rows_affected();
        if claimed == 0 {
            return Ok(false);
        }
        if timer.kind == "flow" {
            let timer_id = timer.subject.rsplit('/').next().unwrap_or_default();
            let (flow_id, state, version) = super::flow::instance(conn, &work.case.id).await?;
            let flow = self.flow(&flow_id, conn).await?;
            let mut course = crate::course::Course::restore(flow, &state)?;
            let moves = course.fire(timer_id, ctx.now)?;
            work::carry_out(&mut work.tx, ctx, &mut work.case, moves);
            super::flow::save_instance(work.tx.conn(), &work.case, &course, version).await?;
        } else {
            let Some(row) = deadline::find(conn, &timer.subject).await? else { return Ok(false) };
            if !matches!(row.state.as_str(), "open" | "missed") {
                work.tx.commit().await?;
                return Ok(false);
            }
            self.fire_limit(ctx, &mut work, &timer, &row).await?;
        }
        work.tx.commit().await?;
        Ok(true)
    }

    async fn fire_limit(
        &self,
        ctx: &Ctx,
        work: &mut work::Work,
        timer: &TimerRow,
        row: &deadline::DeadlineRow,
    ) -> Result<(), CaseError> {
        let case_id = work.case.id.clone();
        let missed = ctx.now.0 > row.due_at;
        if !missed {
            // The same timer waits for the end; what was overdue when it first fired skips the warning.
            insert(&mut work.tx, &case_id, "missed", &row.id, Timestamp(row.due_at + 1));
            if timer.kind == "missed" {
                return Ok(());
            }
        }
        let happened_at = if missed { Timestamp(row.due_at) } else { Timestamp(timer.fire_at) };
        let late = ctx.now.millis_since(happened_at) > LATE_MS;
        let unit_id = work.case.unit.as_ref().map(|unit| unit.id.clone());
        let kind = if missed { EntryKind::DeadlineMissed } else { EntryKind::DeadlineNear };
        let data = json!({ "name": row.name, "due_at": row.due_at });
        timeline::defer(&mut work.tx, ctx, &case_id, happened_at, kind, unit_id.as_deref(), None, &data);
        let person_id = work.case.person_id.clone();
        let name = row.name.clone();
        if missed {
            deadline::miss(work.tx.conn(), &row.id).await?;
            self.raise_alarm(ctx, work, &name, row.due_at).await?;
            work.tx
                .emit(ctx, &DeadlineMissed { case_id, name, due_at: row.due_at, unit_id, person_id, late });
        } else {
            work.tx.emit(ctx, &DeadlineNear { case_id, name, due_at: row.due_at, unit_id, person_id, late });
        }
        // What is told long afterwards nobody is pressed about any more; the lists show it in red. The order keeps
        // its version: what the server adds beside the course disturbs nobody's form.
        if !late {
            work.insist(ctx, missed).await?;
        }
        self.fire_drawn(ctx, work, missed).await
    }

    /// Lets timers that are drawn on the open tasks for this moment fire too.
    async fn fire_drawn(&self, ctx: &Ctx, work: &mut work::Work, missed: bool) -> Result<(), CaseError> {
        let (flow_id, state, version) = super::flow::instance(work.tx.conn(), &work.case.id).await?;
        let flow: Arc<crate::course::Flow> = self.flow(&flow_id, work.tx.conn()).await?;
        let mut course = crate::course::Course::restore(flow, &state)?;
        let moves = course.fire_limit(missed, ctx.now)?;
        work::carry_out(&mut work.tx, ctx, &mut work.case, moves);
        super::flow::save_instance(work.tx.conn(), &work.case, &course, version).await
    }
}
