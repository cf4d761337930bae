//! Rows of `cases_deadline`: every limit that runs or has run, with its derivation.
//!
//! States: `open` (running), `missed` (running, and overdue), `met` and `late` (done, in time or not),
//! `paused` (stands still), `cancelled`.

use contract::cases::CaseId;
use kernel::calendar::{Deadline, Pause};
use kernel::{Principal, Timestamp, Tx, Writes};
use sqlx::{AnyConnection, FromRow};

use super::{timer, work};
use crate::case::limit::{Limit, LimitName};
use crate::case::limit_rule::{Length, Measure, RuleUsed};
use crate::error::CaseError;
use crate::{Cases, RuleBook};

/// A limit as it is stored.
#[derive(Clone, Debug)]
pub struct StoredLimit {
    /// What it is for.
    pub name: LimitName,
    /// When it began.
    pub start_at: Timestamp,
    /// When it turns yellow.
    pub yellow_at: Timestamp,
    /// The last instant in time.
    pub due_at: Timestamp,
    /// As listed above.
    pub state: String,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// How it came about.
    pub deadline: Deadline,
    /// So many working days of it were granted later.
    pub extended_days: i64,
    /// Its length without what was granted later, in its measure.
    pub amount: i64,
    /// How it is counted.
    pub measure: Measure,
    /// What decided its length.
    pub rule: Option<RuleUsed>,
}

#[derive(FromRow)]
pub(crate) struct DeadlineRow {
    pub(crate) id: String,
    pub(crate) case_id: String,
    pub(crate) name: String,
    pub(crate) days: i64,
    pub(crate) start_at: i64,
    pub(crate) yellow_at: i64,
    pub(crate) due_at: i64,
    pub(crate) state: String,
    pub(crate) ended_at: Option<i64>,
    pub(crate) derivation: String,
    pub(crate) extended_days: i64,
    pub(crate) paused_at: Option<i64>,
    pub(crate) pauses: Option<String>,
    pub(crate) measure: Option<String>,
    pub(crate) rule: Option<String>,
}

impl DeadlineRow {
    /// Returns the times during which it stood still.
    fn past_pauses(&self) -> Vec<Pause> {
        self.pauses.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    /// Computes the limit as it is by the rules in force, with what it was extended by and without the times
    /// during which it stood still.
    pub(crate) fn compute(&self, rules: &RuleBook) -> Result<Limit, CaseError> {
        let length = Length {
            amount: u32::try_from(self.days).unwrap_or_default(),
            measure: Measure::parse(self.measure.as_deref()),
        };
        Ok(Limit::compute_measured(
            &rules.calendar,
            self.limit_name()?,
            length,
            u32::try_from(self.extended_days).unwrap_or_default(),
            rules.limits.near_percent(),
            Timestamp(self.start_at),
            &self.past_pauses(),
        )?)
    }

    pub(crate) fn limit_name(&self) -> Result<LimitName, CaseError> {
        LimitName::parse(&self.name).ok_or_else(|| CaseError::Stored {
            what: "limit",
            reason: format!("unknown code {:?}", self.name),
        })
    }
}

impl TryFrom<DeadlineRow> for StoredLimit {
    type Error = CaseError;

    fn try_from(row: DeadlineRow) -> Result<Self, CaseError> {
        Ok(Self {
            name: row.limit_name()?,
            start_at: Timestamp(row.start_at),
            yellow_at: Timestamp(row.yellow_at),
            due_at: Timestamp(row.due_at),
            state: row.state,
            ended_at: row.ended_at.map(Timestamp),
            extended_days: row.extended_days,
            amount: row.days,
            measure: Measure::parse(row.measure.as_deref()),
            rule: row.rule.as_deref().and_then(|text| serde_json::from_str(text).ok()),
            deadline: serde_json::from_str(&row.derivation)
                .map_err(|error| CaseError::Stored { what: "derivation", reason: error.to_string() })?,
        })
    }
}

const SELECT: &str = "select id, case_id, name, days, start_at, yellow_at, due_at, state, ended_at, derivation, \
    extended_days, paused_at, pauses, measure, rule from cases_deadline ";

/// Returns how a limit came about, as it is stored.
pub(crate) fn derivation(limit: &Limit) -> String {
    serde_json::to_string(&limit.deadline).expect("a deadline is plain data")
}

/// Starts a limit and its timer.
pub(crate) fn start(writes: &mut Writes, case_id: &CaseId, limit: &Limit, derivation: &str) {
    let id = kernel::id::new_id();
    writes.insert(
        "cases_deadline (id, case_id, name, days, start_at, yellow_at, due_at, state, derivation, measure, rule)",
        [
            (&id).into(),
            case_id.as_str().into(),
            limit.name.code().into(),
            i64::from(limit.deadline.days).into(),
            limit.start_at.0.into(),
            limit.yellow_at.0.into(),
            limit.due_at.0.into(),
            "open".into(),
            derivation.into(),
            limit.measure.code().into(),
            limit.rule.as_ref().map(|rule| serde_json::to_string(rule).expect("a rule is plain data")).into(),
        ],
    );
    timer::set_limit(writes, case_id, &id, limit.yellow_at);
}

/// Ends the running limit of a name: met or late when it was done at `done_at`, else cancelled. Returns whether
/// one ran.
pub(crate) async fn end(
    conn: &mut AnyConnection,
    case_id: &CaseId,
    name: LimitName,
    done_at: Option<Timestamp>,
) -> Result<bool, CaseError> {
    let running: Vec<(String, i64)> = sqlx::query_as(
        "select id, due_at from cases_deadline where case_id = $1 and name = $2 and state in ('open', 'missed', 'paused')",
    )
    .bind(case_id.as_str())
    .bind(name.code())
    .fetch_all(&mut *conn)
    .await?;
    let ran = !running.is_empty();
    for (id, due_at) in running {
        let state = match done_at {
            None => "cancelled",
            Some(at) if at.0 <= due_at => "met",
            Some(_) => "late",
        };
        sqlx::query("update cases_deadline set state = $2, ended_at = $3 where id = $1")
            .bind(&id)
            .bind(state)
            .bind(done_at.map(|at| at.0))
            .execute(&mut *conn)
            .await?;
        timer::cancel(conn, &id).await?;
    }
    Ok(ran)
}

/// Lets the newest limit of a name run again; returns when it turns yellow and ends.
pub(crate) async fn resume(
    tx: &mut Tx,
    case_id: &CaseId,
    name: LimitName,
) -> Result<Option<(Timestamp, Timestamp)>, CaseError> {
    let newest: Option<(String, i64, i64)> = sqlx::query_as(
        "select id, yellow_at, due_at from cases_deadline where case_id = $1 and name = $2 \
         order by start_at desc, id desc limit 1",
    )
    .bind(case_id.as_str())
    .bind(name.code())
    .fetch_optional(tx.conn())
    .await?;
    let Some((id, yellow_at, due_at)) = newest else { return Ok(None) };
    sqlx::query("update cases_deadline set state = 'open', ended_at = null, paused_at = null where id = $1")
        .bind(&id)
        .execute(tx.conn())
        .await?;
    timer::set_limit(tx, case_id, &id, Timestamp(yellow_at));
    Ok(Some((Timestamp(yellow_at), Timestamp(due_at))))
}

/// Reads the running limit of a name.
async fn running_of(
    conn: &mut AnyConnection,
    case_id: &CaseId,
    name: LimitName,
) -> Result<Option<DeadlineRow>, CaseError> {
    let sql = format!(
        "{SELECT} where case_id = $1 and name = $2 and state in ('open', 'missed', 'paused') \
         order by start_at desc, id desc limit 1"
    );
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql))
        .bind(case_id.as_str())
        .bind(name.code())
        .fetch_optional(conn)
        .await?)
}

/// Gives the running limit of a name so many working days more; returns it, if one runs.
pub(crate) async fn extend(
    tx: &mut Tx,
    case_id: &CaseId,
    name: LimitName,
    days: u32,
    rules: &RuleBook,
) -> Result<Option<Limit>, CaseError> {
    let Some(mut row) = running_of(tx.conn(), case_id, name).await? else { return Ok(None) };
    row.extended_days += i64::from(days);
    sqlx::query("update cases_deadline set extended_days = $2 where id = $1")
        .bind(&row.id)
        .bind(row.extended_days)
        .execute(tx.conn())
        .await?;
    rerun(tx, case_id, &row, rules).await.map(Some)
}

/// Stops the running limit of a name.
pub(crate) async fn pause(
    conn: &mut AnyConnection,
    case_id: &CaseId,
    name: LimitName,
    at: Timestamp,
) -> Result<(), CaseError> {
    let Some(row) = running_of(conn, case_id, name).await? else { return Ok(()) };
    sqlx::query("update cases_deadline set state = 'paused', paused_at = $2 where id = $1")
        .bind(&row.id)
        .bind(at.0)
        .execute(&mut *conn)
        .await?;
    timer::cancel(conn, &row.id).await
}

/// Lets the limit of a name run again; the time since it was stopped is not counted.
pub(crate) async fn unpause(
    tx: &mut Tx,
    case_id: &CaseId,
    name: LimitName,
    at: Timestamp,
    rules: &RuleBook,
) -> Result<Option<Limit>, CaseError> {
    let Some(mut row) = running_of(tx.conn(), case_id, name).await? else { return Ok(None) };
    let mut pauses = row.past_pauses();
    if let Some(from) = row.paused_at {
        pauses.push(Pause { from_ms: from, to_ms: at.0 });
    }
    let text = serde_json::to_string(&pauses).expect("pauses are plain data");
    sqlx::query("update cases_deadline set pauses = $2, paused_at = null where id = $1")
        .bind(&row.id)
        .bind(&text)
        .execute(tx.conn())
        .await?;
    row.pauses = Some(text);
    rerun(tx, case_id, &row, rules).await.map(Some)
}

async fn rerun(
    tx: &mut Tx,
    case_id: &CaseId,
    row: &DeadlineRow,
    rules: &RuleBook,
) -> Result<Limit, CaseError> {
    let limit = row.compute(rules)?;
    replace(tx.conn(), &row.id, &limit).await?;
    timer::take_back(tx, &row.id);
    timer::set_limit(tx, case_id, &row.id, limit.yellow_at);
    Ok(limit)
}

/// Reads the limit behind a timer.
pub(crate) async fn find(conn: &mut AnyConnection, id: &str) -> Result<Option<DeadlineRow>, CaseError> {
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(format!("{SELECT} where id = $1")))
        .bind(id)
        .fetch_optional(conn)
        .await?)
}

/// Notes that a running limit was missed.
pub(crate) async fn miss(conn: &mut AnyConnection, id: &str) -> Result<(), CaseError> {
    sqlx::query("update cases_deadline set state = 'missed' where id = $1 and state = 'open'")
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Reads the limits that run, after the one with the id `after`.
pub(crate) async fn running(
    conn: &mut AnyConnection,
    after: &str,
    limit: i64,
) -> Result<Vec<DeadlineRow>, CaseError> {
    let sql = format!("{SELECT} where state in ('open', 'missed') and id > $1 order by id limit $2");
    Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(after).bind(limit).fetch_all(conn).await?)
}

/// Replaces a running limit by one computed afresh.
pub(crate) async fn replace(conn: &mut AnyConnection, id: &str, limit: &Limit) -> Result<(), CaseError> {
    sqlx::query("update cases_deadline set yellow_at = $2, due_at = $3, derivation = $4, state = 'open' where id = $1")
        .bind(id)
        .bind(limit.yellow_at.0)
        .bind(limit.due_at.0)
        .bind(derivation(limit))
        .execute(conn)
        .await?;
    Ok(())
}

impl Cases {
    /// Returns the limits of an order, oldest first.
    ///
    /// # Errors
    /// [`CaseError::NotFound`] when `by` may not read the order.
    pub async fn deadlines(&self, by: &Principal, id: &CaseId) -> Result<Vec<StoredLimit>, CaseError> {
        let mut conn = self.kit().db.reader().acquire().await?;
        work::read(&mut conn, by, id).await?;
        let sql = format!("{SELECT} where case_id = $1 order by start_at, id");
        let rows: Vec<DeadlineRow> =
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id.as_str()).fetch_all(&mut *conn).await?;
        rows.into_iter().map(TryInto::try_into).collect()
    }
}
