//! Rows of `cases_calendar_day`: what the city changes of the national calendar.

use std::sync::Arc;

use chrono::NaiveDate;
use kernel::calendar::{SpecialDay, WorkCalendar};
use kernel::{Audit, Ctx};
use serde_json::json;

use super::{deadline, task, timeline, timer};
use crate::Cases;
use crate::case::limit::LimitName;
use crate::case::timeline::EntryKind;
use crate::error::{CaseError, Check};

/// So many limits are computed afresh in one transaction.
const BATCH: i64 = 200;

/// What the city says a day is.
#[derive(Clone, Debug)]
pub struct DayChange {
    /// The day.
    pub date: NaiveDate,
    /// Whether nobody works.
    pub off: bool,
    /// What the day is called.
    pub name: String,
}

impl Cases {
    /// Reads the city's changes and lays them over the national calendar.
    pub(crate) async fn reload_calendar(&self) -> Result<(), CaseError> {
        let rows: Vec<(String, String, String, i64)> =
            sqlx::query_as("select date, kind, name, updated_at from cases_calendar_day order by date")
                .fetch_all(self.kit().db.reader())
                .await?;
        let mut calendar = WorkCalendar::china(&self.kit().config.zone)?;
        let newest = rows.iter().map(|row| row.3).max();
        for (date, kind, name, _) in rows {
            let date = date.parse().map_err(|_| CaseError::Stored {
                what: "calendar day",
                reason: format!("bad date {date:?}"),
            })?;
            calendar = calendar.with_day(SpecialDay { date, off: kind == "off", name });
        }
        if let Some(newest) = newest {
            let version = format!("{}+{newest}", calendar.version());
            calendar = calendar.with_version(version);
        }
        self.set_calendar(Arc::new(calendar));
        Ok(())
    }

    /// Says what a day is, and computes every running limit afresh. Returns how many moved.
    ///
    /// # Errors
    /// [`CaseError::Invalid`] without a name; or when the database fails.
    pub async fn set_day(&self, ctx: &Ctx, day: &DayChange) -> Result<usize, CaseError> {
        let mut check = Check::default();
        check.text("name", &day.name, 50);
        check.done()?;
        let mut tx = self.kit().db.begin().await?;
        let kind = if day.off { "off" } else { "work" };
        sqlx::query(
            "insert into cases_calendar_day (date, kind, name, updated_at, updated_by) values ($1, $2, $3, $4, $5) \
             on conflict (date) do update set kind = excluded.kind, name = excluded.name, \
             updated_at = excluded.updated_at, updated_by = excluded.updated_by",
        )
        .bind(day.date.to_string())
        .bind(kind)
        .bind(day.name.trim())
        .bind(ctx.now.0)
        .bind(&ctx.actor.id)
        .execute(tx.conn())
        .await?;
        tx.audit(
            ctx,
            Audit::new("calendar.set_day", "calendar", day.date.to_string())
                .detail(json!({ "kind": kind, "name": day.name })),
        );
        tx.commit().await?;
        self.reload_calendar().await?;
        self.recompute(ctx).await
    }

    /// Computes every running limit afresh with the calendar in force. Returns how many moved.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn recompute(&self, ctx: &Ctx) -> Result<usize, CaseError> {
        let (mut after, mut moved) = (String::new(), 0);
        loop {
            let rules = self.rule_book();
            let mut tx = self.kit().db.begin().await?;
            let rows = deadline::running(tx.conn(), &after, BATCH).await?;
            let Some(last) = rows.last() else { return Ok(moved) };
            after.clone_from(&last.id);
            for row in rows {
                let limit = row.compute(&rules)?;
                if limit.due_at.0 == row.due_at && limit.yellow_at.0 == row.yellow_at {
                    continue;
                }
                moved += 1;
                let case_id = row.case_id.clone().into();
                deadline::replace(tx.conn(), &row.id, &limit).await?;
                timer::cancel(tx.conn(), &row.id).await?;
                timer::set_limit(&mut tx, &case_id, &row.id, limit.yellow_at);
                if limit.name == LimitName::Review {
                    // It runs beside the limit of the order and is nobody else's.
                    task::move_review(tx.conn(), &case_id, &limit).await?;
                    continue;
                }
                task::move_limits(tx.conn(), &case_id, Some(limit.yellow_at), Some(limit.due_at)).await?;
                sqlx::query("update cases_case set yellow_at = $2, due_at = $3 where id = $1")
                    .bind(case_id.as_str())
                    .bind(limit.yellow_at.0)
                    .bind(limit.due_at.0)
                    .execute(tx.conn())
                    .await?;
                let data = json!({ "name": row.name, "from": row.due_at, "to": limit.due_at });
                timeline::note(
                    tx.conn(),
                    ctx,
                    &case_id,
                    ctx.now,
                    EntryKind::DeadlineMoved,
                    None,
                    None,
                    &data,
                )
                .await?;
                tx.audit(ctx, Audit::new("deadline.move", "case", row.case_id).detail(data));
            }
            tx.commit().await?;
        }
    }
}

impl contract::cases::CityCalendar for Cases {
    fn calendar(&self) -> Arc<WorkCalendar> {
        self.kept().calendar.clone()
    }
}
