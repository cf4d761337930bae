//! Rows of `cases_alarm`.

use contract::cases::{AlarmRaised, CaseId};
use kernel::db::Statement;
use kernel::{Audit, Ctx, Cursor, Page, Principal, Scope, Timestamp};
use serde_json::json;
use sqlx::FromRow;

use super::list::plain;
use super::work::Work;
use crate::Cases;
use crate::case::alarm::{self, AlarmState, LEVEL_MAX, check_note};
use crate::case::limit::LimitName;
use crate::error::CaseError;

/// A limit that was missed longer ago than this raises no alarm any more: the lists show it in red.
const NEWS_MS: i64 = 3 * 86_400_000;
/// So many go to the next level in one turn.
const BATCH: i64 = 200;
/// So many fit into one export.
pub const EXPORT_MAX: usize = 50_000;

/// An alarm with its order.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `cases_alarm` and of its order under their own names")]
pub struct Alarm {
    pub id: String,
    pub case_id: String,
    pub number: String,
    pub title: String,
    pub limit_name: String,
    pub due_at: i64,
    pub unit_id: Option<String>,
    pub unit_path: Option<String>,
    pub person_id: Option<String>,
    pub level: i64,
    pub state: String,
    pub next_at: Option<i64>,
    pub acknowledged_by_name: Option<String>,
    pub acknowledged_at: Option<i64>,
    pub note: Option<String>,
    pub raised_at: i64,
}

const SELECT: &str = "select a.id, a.case_id, c.number, c.title, a.limit_name, a.due_at, a.unit_id, a.unit_path, \
     a.person_id, a.level, a.state, a.next_at, a.acknowledged_by_name, a.acknowledged_at, a.note, a.raised_at \
     from cases_alarm a join cases_case c on c.id = a.case_id where ";

/// What narrows the list.
#[derive(Clone, Debug, Default)]
pub struct AlarmFilter {
    /// A part of the order's number or title.
    pub text: Option<String>,
    /// Where it stands.
    pub state: Option<AlarmState>,
    /// The level.
    pub level: Option<i64>,
    /// The unit or one below, by path.
    pub unit_path: Option<String>,
    /// From here on.
    pub cursor: Option<String>,
}

/// Returns how far somebody reads alarms: who acknowledges them, and who reads figures.
pub(crate) fn reach(by: &Principal) -> Option<Scope> {
    by.scope("alarm.acknowledge").max(by.scope("overview.read"))
}

fn push_reach(sql: &mut Statement, by: &Principal, reach: Option<Scope>) {
    match reach {
        Some(Scope::All) => sql.push("1 = 1"),
        Some(Scope::Subtree) => sql
            .push("substr(coalesce(a.unit_path, ''), 1, length(")
            .bind(&by.unit_path)
            .push(")) = ")
            .bind(&by.unit_path),
        Some(Scope::Unit) => sql.push("a.unit_id = ").bind(&by.unit_id),
        Some(Scope::Own) => sql.push("a.person_id = ").bind(&by.person_id),
        None => sql.push("1 = 0"),
    };
}

fn push_filter(sql: &mut Statement, by: &Principal, filter: &AlarmFilter) {
    push_reach(sql, by, reach(by));
    if let Some(text) = filter.text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        let pattern = format!("%{}%", plain(text));
        sql.push(" and (c.number like ").bind(pattern.clone()).push(" escape '\\' or c.title like ");
        sql.bind(pattern).push(" escape '\\')");
    }
    if let Some(state) = filter.state {
        sql.push(" and a.state = ").bind(state.code());
    }
    if let Some(level) = filter.level {
        sql.push(" and a.level = ").bind(level);
    }
    if let Some(path) = &filter.unit_path {
        sql.push(" and substr(coalesce(a.unit_path, ''), 1, length(").bind(path).push(")) = ").bind(path);
    }
}

impl Cases {
    fn alarm_wait_ms(&self) -> i64 {
        self.kit().parameters.i64("cases.alarm_hours", 4).clamp(1, 24 * 30) * 3_600_000
    }

    /// Raises an alarm in the transaction in which a limit is missed; not for what was missed long ago.
    pub(crate) async fn raise_alarm(
        &self,
        ctx: &Ctx,
        work: &mut Work,
        limit_name: &str,
        due_at: i64,
    ) -> Result<(), CaseError> {
        if ctx.now.0 - due_at > NEWS_MS {
            return Ok(());
        }
        let case = &work.case;
        let case_id = case.id.clone();
        // What the centre missed alarms nobody in the unit.
        let units = matches!(LimitName::parse(limit_name), Some(LimitName::Accept | LimitName::Close));
        let unit = case.unit.clone().filter(|_| units);
        let person_id = case.person_id.clone().filter(|_| units);
        let level = alarm::first_level(unit.is_some());
        let id = kernel::id::new_id();
        let next_at = (level < LEVEL_MAX).then(|| ctx.now.0 + self.alarm_wait_ms());
        sqlx::query(
            "insert into cases_alarm (id, case_id, limit_name, due_at, unit_id, unit_path, person_id, level, \
             state, next_at, raised_at) values ($1, $2, $3, $4, $5, $6, $7, $8, 'open', $9, $10)",
        )
        .bind(&id)
        .bind(case_id.as_str())
        .bind(limit_name)
        .bind(due_at)
        .bind(unit.as_ref().map(|unit| unit.id.clone()))
        .bind(unit.as_ref().map(|unit| unit.path.clone()))
        .bind(person_id.clone())
        .bind(level)
        .bind(next_at)
        .bind(ctx.now.0)
        .execute(work.tx.conn())
        .await?;
        let unit_id = unit.map(|unit| unit.id);
        let limit_name = limit_name.to_owned();
        let escalated = false;
        work.tx.emit(
            ctx,
            &AlarmRaised { alarm_id: id, case_id, limit_name, unit_id, person_id, level, escalated },
        );
        Ok(())
    }

    /// Takes alarms that nobody acknowledged in time to the next level, and ends those whose order is settled.
    /// Returns how many went on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn escalate_alarms(&self, ctx: &Ctx) -> Result<usize, CaseError> {
        let mut ended = self.kit().db.begin().await?;
        sqlx::query(
            "update cases_alarm set state = 'ended', next_at = null where state = 'open' and exists \
             (select 1 from cases_case c where c.id = cases_alarm.case_id and c.status in \
             ('approved', 'archived', 'closed_at_once', 'not_accepted', 'voided', 'merged'))",
        )
        .execute(ended.conn())
        .await?;
        ended.commit().await?;
        let due: Vec<(String,)> =
            sqlx::query_as("select id from cases_alarm where next_at <= $1 order by next_at, id limit $2")
                .bind(ctx.now.0)
                .bind(BATCH)
                .fetch_all(self.kit().db.reader())
                .await?;
        let mut gone_on = 0;
        for (id,) in due {
            gone_on += usize::from(self.escalate(ctx, &id).await?);
        }
        Ok(gone_on)
    }

    async fn escalate(&self, ctx: &Ctx, id: &str) -> Result<bool, CaseError> {
        let mut tx = self.kit().db.begin().await?;
        let next = ctx.now.0 + self.alarm_wait_ms();
        // Claimed by the change itself, so that two processes take it on once.
        let claimed = sqlx::query(
            "update cases_alarm set level = level + 1, next_at = case when level + 1 < $3 then $4 else null end \
             where id = $1 and state = 'open' and next_at <= $2",
        )
        .bind(id)
        .bind(ctx.now.0)
        .bind(LEVEL_MAX)
        .bind(next)
        .execute(tx.conn())
        .await?;
        if claimed.rows_affected() == 0 {
            return Ok(false);
        }
        let mut sql = Statement::new(SELECT);
        sql.push("a.id = ").bind(id);
        let alarm: Alarm = sql.query_as().fetch_one(tx.conn()).await?;
        tx.audit(
            ctx,
            Audit::new("alarm.escalate", "case", alarm.case_id.clone())
                .detail(json!({"alarm_id": id, "level": alarm.level})),
        );
        tx.emit(
            ctx,
            &AlarmRaised {
                alarm_id: alarm.id,
                case_id: CaseId(alarm.case_id),
                limit_name: alarm.limit_name,
                unit_id: alarm.unit_id,
                person_id: alarm.person_id,
                level: alarm.level,
                escalated: true,
            },
        );
        tx.commit().await?;
        Ok(true)
    }

    /// Lists alarms within the reader's scope, newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn alarms(
        &self,
        by: &Principal,
        filter: &AlarmFilter,
        limit: usize,
    ) -> Result<Page<Alarm>, CaseError> {
        let mut sql = Statement::new(SELECT);
        push_filter(&mut sql, by, filter);
        let after = filter.cursor.as_deref().and_then(|word| Cursor::decode(word, 1));
        if let Some(id) = after.and_then(|mut keys| keys.pop()) {
            sql.push(" and a.id < ").bind(id);
        }
        sql.push(" order by a.id desc limit ").bind(i64::try_from(limit + 1).unwrap_or(i64::MAX));
        let rows = sql.query_as().fetch_all(self.kit().db.reader()).await?;
        Ok(Page::cut(rows, limit, |row: &Alarm| Cursor::encode(std::slice::from_ref(&row.id))))
    }

    /// Acknowledges an alarm: somebody looks after it.
    ///
    /// # Errors
    /// [`CaseError::NotFound`] outside the scope; [`CaseError::Invalid`] without a word; `alarm.acknowledged`.
    pub async fn acknowledge_alarm(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &str,
        note: &str,
    ) -> Result<(), CaseError> {
        let mut sql = Statement::new(SELECT);
        push_reach(&mut sql, by, by.scope("alarm.acknowledge"));
        sql.push(" and a.id = ").bind(id);
        let found: Option<Alarm> = sql.query_as().fetch_optional(self.kit().db.reader()).await?;
        let found = found.ok_or(CaseError::NotFound)?;
        check_note(note)?;
        let mut tx = self.kit().db.begin().await?;
        let done = sqlx::query(
            "update cases_alarm set state = 'acknowledged', next_at = null, acknowledged_by = $2, \
             acknowledged_by_name = $3, acknowledged_at = $4, note = $5 where id = $1 and state = 'open'",
        )
        .bind(id)
        .bind(&by.person_id)
        .bind(&by.name)
        .bind(ctx.now.0)
        .bind(note.trim())
        .execute(tx.conn())
        .await?;
        if done.rows_affected() == 0 {
            return Err(CaseError::refused(
                "alarm.acknowledged",
                "该报警已被确认，或工单已办结。",
                "The alarm was acknowledged already, or the order is settled.",
            ));
        }
        tx.audit(
            ctx,
            Audit::new("alarm.acknowledge", "case", found.case_id)
                .detail(json!({"alarm_id": id, "level": found.level, "note": note.trim()})),
        );
        tx.commit().await?;
        Ok(())
    }

    /// Counts alarms that nobody acknowledged, within the reader's scope; and the oldest of them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_alarms(&self, by: &Principal) -> Result<(i64, Option<Timestamp>), CaseError> {
        let mut sql = Statement::new("select count(*), min(a.raised_at) from cases_alarm a where ");
        push_reach(&mut sql, by, reach(by));
        sql.push(" and a.state = 'open'");
        let (count, oldest): (i64, Option<i64>) = sql.query_as().fetch_one(self.kit().db.reader()).await?;
        Ok((count, oldest.map(Timestamp)))
    }
}
