//! Writing in exchanges: new ones, answers, closing, reading, and telling of what was not answered in time.

use contract::cases::{CaseId, ExchangeWritten};
use contract::identity::{UnitBrief, UnitId};
use kernel::http::StoredAnswer;
use kernel::{Audit, Ctx, Principal, Timestamp, Tx};
use serde_json::json;
use sqlx::AnyConnection;

use super::exchange::{Exchange, exchange_at};
use super::{attachment, case};
use crate::Cases;
use crate::case::Case;
use crate::case::action::Action;
use crate::case::exchange::{self, ExchangeDraft, POSTS_MAX};
use crate::error::{CaseError, Check};

/// So many exchanges are told of as late in one turn of the job.
const LATE_MAX: i64 = 200;

impl Cases {
    /// Writes to other units. Returns the exchange's id.
    ///
    /// # Errors
    /// [`CaseError::Invalid`] field by field.
    pub async fn write_exchange(
        &self,
        ctx: &Ctx,
        by: &Principal,
        draft: &ExchangeDraft,
        remember: impl FnOnce(&str) -> Option<StoredAnswer> + Send,
    ) -> Result<String, CaseError> {
        let mut check = Check::default();
        draft.check(&mut check, ctx.now);
        let units = self.units_written_to(&mut check, by, &draft.unit_ids).await?;
        let order = self.order_written_of(&mut check, by, &draft.order, &units).await?;
        check.done()?;
        let id = kernel::id::new_id();
        let mut tx = self.kit().db.begin().await?;
        sqlx::query(
            "insert into cases_exchange (id, unit_id, person_id, person_name, subject, case_id, answer_by, posts, \
             created_at, last_at, late_told, version) values ($1, $2, $3, $4, $5, $6, $7, 0, $8, $8, 0, 1)",
        )
        .bind(&id)
        .bind(&by.unit_id)
        .bind(&by.person_id)
        .bind(&by.name)
        .bind(draft.subject.trim())
        .bind(order.as_ref().map(|case| case.id.0.clone()))
        .bind(draft.answer_by.map(|at| at.0))
        .bind(ctx.now.0)
        .execute(tx.conn())
        .await?;
        insert_party(tx.conn(), &id, &by.unit_id, &by.unit_path, true).await?;
        for unit in &units {
            insert_party(tx.conn(), &id, unit.id.as_str(), &unit.path, false).await?;
        }
        insert_post(&mut tx, ctx, by, &id, &draft.body, &draft.files).await?;
        tx.emit(
            ctx,
            &ExchangeWritten {
                exchange_id: id.clone(),
                subject: draft.subject.trim().to_owned(),
                by_unit: by.unit_id.clone(),
                unit_ids: units.iter().map(|unit| unit.id.0.clone()).collect(),
                what: "new".to_owned(),
            },
        );
        tx.audit(
            ctx,
            Audit::new("exchange.write", "exchange", id.clone())
                .detail(json!({ "subject": draft.subject, "units": draft.unit_ids })),
        );
        if let Some(answer) = remember(&id) {
            tx.remember(answer);
        }
        tx.commit().await?;
        Ok(id)
    }

    async fn units_written_to(
        &self,
        check: &mut Check,
        by: &Principal,
        ids: &[String],
    ) -> Result<Vec<UnitBrief>, CaseError> {
        let mut units: Vec<UnitBrief> = Vec::new();
        for id in ids.iter().take(exchange::UNITS_MAX) {
            let unit = self.ports().directory.unit(&UnitId(id.clone())).await.map_err(CaseError::Port)?;
            match unit.filter(|unit| unit.active && unit.id.as_str() != by.unit_id) {
                None => check.refuse(
                    "unit_ids",
                    "unknown",
                    "收件单位不存在、已停用，或是本单位。",
                    "There is no such unit, or it is your own.",
                ),
                Some(unit) if units.iter().all(|known| known.id != unit.id) => units.push(unit),
                Some(_) => {}
            }
        }
        Ok(units)
    }

    /// Finds the order that an exchange is about: the writer may read it, and every unit has to do with it.
    async fn order_written_of(
        &self,
        check: &mut Check,
        by: &Principal,
        number: &str,
        units: &[UnitBrief],
    ) -> Result<Option<Case>, CaseError> {
        let number = number.trim();
        if number.is_empty() {
            return Ok(None);
        }
        let mut conn = self.kit().db.reader().acquire().await?;
        let id: Option<String> = sqlx::query_scalar("select id from cases_case where number = $1")
            .bind(number)
            .fetch_optional(&mut *conn)
            .await?;
        let found = match id {
            Some(id) => case::load(&mut conn, &CaseId(id)).await?,
            None => None,
        };
        let Some(found) = found.filter(|case| Action::Read.permit(case, by).is_ok()) else {
            check.refuse("order", "unknown", "没有这个编号的工单。", "There is no order with this number.");
            return Ok(None);
        };
        let strangers: Vec<&str> = units
            .iter()
            .filter(|unit| !exchange::concerns(&found, unit))
            .map(|unit| unit.name.as_str())
            .collect();
        if !strangers.is_empty() {
            check.refuse(
                "order",
                "hidden",
                format!("{}无权查看该工单，不能引用。", strangers.join("、")),
                format!("{} may not see this order, so it cannot be referred to.", strangers.join(", ")),
            );
        }
        Ok(Some(found))
    }

    /// Answers in an exchange, or adds something to it.
    ///
    /// # Errors
    /// [`CaseError::NotFound`]; `exchange.not_party`, `exchange.closed`, `exchange.full`.
    pub async fn answer_exchange(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &str,
        body: &str,
        files: &[String],
    ) -> Result<(), CaseError> {
        let mut check = Check::default();
        exchange::check_post(&mut check, body, files);
        check.done()?;
        let mut tx = self.kit().db.begin().await?;
        let found = exchange_at(tx.conn(), by, id).await?;
        let parties = parties_of(tx.conn(), id).await?;
        if !parties.iter().any(|(unit, _)| *unit == by.unit_id) {
            return Err(exchange::not_yours());
        }
        if found.closed_at.is_some() {
            return Err(exchange::is_over());
        }
        if found.posts >= POSTS_MAX {
            return Err(CaseError::refused(
                "exchange.full",
                "回复已达 200 条，请另发起交流。",
                "There are 200 posts; please begin another exchange.",
            ));
        }
        insert_post(&mut tx, ctx, by, id, body, files).await?;
        sqlx::query(
            "update cases_exchange_unit set answered_at = $3 where exchange_id = $1 and unit_id = $2 \
             and sender = 0 and answered_at is null",
        )
        .bind(id)
        .bind(&by.unit_id)
        .bind(ctx.now.0)
        .execute(tx.conn())
        .await?;
        // An answer goes to whoever asked; what the asker adds goes to everybody.
        let told = |sender: bool| {
            let others = parties.iter().filter(|(unit, _)| *unit != by.unit_id);
            others.filter(|(_, of)| sender || *of).map(|(unit, _)| unit.clone()).collect()
        };
        tx.emit(
            ctx,
            &ExchangeWritten {
                exchange_id: id.to_owned(),
                subject: found.subject.clone(),
                by_unit: by.unit_id.clone(),
                unit_ids: told(found.unit_id == by.unit_id),
                what: "answer".to_owned(),
            },
        );
        tx.audit(
            ctx,
            Audit::new("exchange.answer", "exchange", id).detail(json!({ "posts": found.posts + 1 })),
        );
        Ok(tx.commit().await?)
    }

    /// Closes an exchange, or takes it up again.
    ///
    /// # Errors
    /// [`CaseError::NotFound`]; `exchange.not_party` for others than the sender's unit; [`CaseError::Stale`].
    pub async fn close_exchange(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &str,
        version: i64,
        close: bool,
    ) -> Result<(), CaseError> {
        let mut tx = self.kit().db.begin().await?;
        let found: Exchange = exchange_at(tx.conn(), by, id).await?;
        if found.unit_id != by.unit_id {
            return Err(exchange::not_yours());
        }
        let changed = sqlx::query(
            "update cases_exchange set closed_at = $3, closed_by = $4, version = version + 1 \
             where id = $1 and version = $2",
        )
        .bind(id)
        .bind(version)
        .bind(close.then_some(ctx.now.0))
        .bind(close.then(|| by.name.clone()))
        .execute(tx.conn())
        .await?;
        if changed.rows_affected() == 0 {
            return Err(CaseError::Stale { current: found.version });
        }
        let action = if close { "exchange.close" } else { "exchange.reopen" };
        tx.audit(ctx, Audit::new(action, "exchange", id));
        Ok(tx.commit().await?)
    }

    /// Notes that somebody has read an exchange.
    ///
    /// # Errors
    /// [`CaseError::NotFound`].
    pub async fn read_exchange(&self, by: &Principal, id: &str, now: Timestamp) -> Result<(), CaseError> {
        let mut tx = self.kit().db.begin().await?;
        let found = exchange_at(tx.conn(), by, id).await?;
        if found.read_at >= found.last_at {
            return Ok(());
        }
        mark_read(tx.conn(), id, &by.person_id, now).await?;
        Ok(tx.commit().await?)
    }

    /// Tells units once that they have let the day pass by which an answer was wished for. Returns how many
    /// exchanges it told of.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tell_late_exchanges(&self, ctx: &Ctx) -> Result<usize, CaseError> {
        let mut tx = self.kit().db.begin().await?;
        let late: Vec<(String, String, String)> = sqlx::query_as(
            "select e.id, e.subject, e.unit_id from cases_exchange e where e.answer_by is not null \
             and e.late_told = 0 and e.answer_by < $1 order by e.answer_by limit $2",
        )
        .bind(ctx.now.0)
        .bind(LATE_MAX)
        .fetch_all(tx.conn())
        .await?;
        let mut told = 0;
        for (id, subject, by_unit) in late {
            let changed =
                sqlx::query("update cases_exchange set late_told = 1 where id = $1 and late_told = 0")
                    .bind(&id)
                    .execute(tx.conn())
                    .await?;
            let unit_ids: Vec<String> = sqlx::query_scalar(
                "select u.unit_id from cases_exchange_unit u join cases_exchange e on e.id = u.exchange_id \
                 where u.exchange_id = $1 and u.sender = 0 and u.answered_at is null and e.closed_at is null \
                 order by u.unit_id",
            )
            .bind(&id)
            .fetch_all(tx.conn())
            .await?;
            if changed.rows_affected() == 1 && !unit_ids.is_empty() {
                told += 1;
                let what = "late".to_owned();
                tx.emit(ctx, &ExchangeWritten { exchange_id: id, subject, by_unit, unit_ids, what });
            }
        }
        tx.commit().await?;
        Ok(told)
    }
}

/// Returns units and whether each is the sender.
async fn parties_of(conn: &mut AnyConnection, id: &str) -> Result<Vec<(String, bool)>, CaseError> {
    let rows: Vec<(String, i64)> =
        sqlx::query_as("select unit_id, sender from cases_exchange_unit where exchange_id = $1")
            .bind(id)
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().map(|(unit, sender)| (unit, sender != 0)).collect())
}

async fn insert_party(
    conn: &mut AnyConnection,
    exchange_id: &str,
    unit_id: &str,
    unit_path: &str,
    sender: bool,
) -> Result<(), CaseError> {
    sqlx::query(
        "insert into cases_exchange_unit (exchange_id, unit_id, unit_path, sender) values ($1, $2, $3, $4)",
    )
    .bind(exchange_id)
    .bind(unit_id)
    .bind(unit_path)
    .bind(i64::from(sender))
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes a post with its files; whoever writes has read everything before it.
async fn insert_post(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    exchange_id: &str,
    body: &str,
    files: &[String],
) -> Result<(), CaseError> {
    let id = kernel::id::new_id();
    sqlx::query(
        "insert into cases_exchange_post (id, exchange_id, unit_id, person_id, person_name, body, at) \
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(&id)
    .bind(exchange_id)
    .bind(&by.unit_id)
    .bind(&by.person_id)
    .bind(&by.name)
    .bind(body.trim())
    .bind(ctx.now.0)
    .execute(tx.conn())
    .await?;
    sqlx::query("update cases_exchange set posts = posts + 1, last_at = $2 where id = $1")
        .bind(exchange_id)
        .bind(ctx.now.0)
        .execute(tx.conn())
        .await?;
    attachment::bind_exchange(tx.conn(), exchange_id, &by.person_id, files, &id).await?;
    mark_read(tx.conn(), exchange_id, &by.person_id, ctx.now).await
}

async fn mark_read(
    conn: &mut AnyConnection,
    exchange_id: &str,
    person_id: &str,
    now: Timestamp,
) -> Result<(), CaseError> {
    sqlx::query(
        "insert into cases_exchange_reader (exchange_id, person_id, read_at) values ($1, $2, $3) \
         on conflict (exchange_id, person_id) do update set read_at = excluded.read_at",
    )
    .bind(exchange_id)
    .bind(person_id)
    .bind(now.0)
    .execute(conn)
    .await?;
    Ok(())
}
