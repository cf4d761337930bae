//! Rows of `cases_task`: what somebody has to do, and the lists of it.

use contract::cases::{CaseId, TaskId};
use kernel::db::Statement;
use kernel::{Ctx, Cursor, Page, Principal, Scope, Timestamp, Writes};
use sqlx::{AnyConnection, FromRow};

use crate::Cases;
use crate::case::limit::Limit;
use crate::case::{Color, Step, Task, UnitRef};
use crate::error::CaseError;

#[derive(FromRow)]
struct TaskRow {
    id: String,
    token: Option<String>,
    step: String,
    subject: Option<String>,
    unit_id: Option<String>,
    unit_path: Option<String>,
    person_id: Option<String>,
    opened_at: i64,
    due_at: Option<i64>,
    yellow_at: Option<i64>,
}

impl TryFrom<TaskRow> for Task {
    type Error = CaseError;

    fn try_from(row: TaskRow) -> Result<Self, CaseError> {
        let step = Step::parse(&row.step).ok_or_else(|| CaseError::Stored {
            what: "step",
            reason: format!("unknown code {:?}", row.step),
        })?;
        Ok(Self {
            id: TaskId(row.id),
            token: row.token,
            step,
            subject: row.subject,
            unit: row.unit_id.zip(row.unit_path).map(|(id, path)| UnitRef { id, path }),
            person_id: row.person_id,
            opened_at: Timestamp(row.opened_at),
            due_at: row.due_at.map(Timestamp),
            yellow_at: row.yellow_at.map(Timestamp),
        })
    }
}

/// Reads the open tasks of an order.
pub(crate) async fn open_of(conn: &mut AnyConnection, case_id: &CaseId) -> Result<Vec<Task>, CaseError> {
    let rows: Vec<TaskRow> = sqlx::query_as(
        "select id, token, step, subject, unit_id, unit_path, person_id, opened_at, due_at, yellow_at from cases_task \
         where case_id = $1 and state = 'open' order by opened_at, id",
    )
    .bind(case_id.as_str())
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Writes a fresh task.
pub(crate) fn insert(writes: &mut Writes, case_id: &CaseId, task: &Task) {
    writes.insert(
        "cases_task (id, case_id, token, step, capability, unit_id, unit_path, person_id, state, opened_at, \
         due_at, yellow_at, subject)",
        [
            task.id.as_str().into(),
            case_id.as_str().into(),
            task.token.as_ref().into(),
            task.step.code().into(),
            task.step.capability().into(),
            task.unit.as_ref().map(|unit| &unit.id).into(),
            task.unit.as_ref().map(|unit| &unit.path).into(),
            task.person_id.as_ref().into(),
            "open".into(),
            task.opened_at.0.into(),
            task.due_at.map(|at| at.0).into(),
            task.yellow_at.map(|at| at.0).into(),
            task.subject.as_ref().into(),
        ],
    );
}

/// Gives an open task to another unit or person.
pub(crate) async fn relocate(conn: &mut AnyConnection, task: &Task) -> Result<(), CaseError> {
    sqlx::query("update cases_task set unit_id = $2, unit_path = $3, person_id = $4 where id = $1")
        .bind(task.id.as_str())
        .bind(task.unit.as_ref().map(|unit| &unit.id))
        .bind(task.unit.as_ref().map(|unit| &unit.path))
        .bind(task.person_id.as_ref())
        .execute(conn)
        .await?;
    Ok(())
}

/// Closes a task.
pub(crate) fn close(writes: &mut Writes, id: &TaskId, done: bool, ctx: &Ctx) {
    let mut update = Statement::new("update cases_task set state = ");
    update.bind(if done { "done" } else { "cancelled" }).push(", closed_at = ").bind(ctx.now.0);
    update.push(", closed_by = ").bind(&ctx.actor.id).push(" where id = ").bind(id.as_str());
    writes.defer(update);
}

/// Gives one task a limit of its own.
pub(crate) async fn set_limit(conn: &mut AnyConnection, id: &TaskId, limit: &Limit) -> Result<(), CaseError> {
    sqlx::query("update cases_task set yellow_at = $2, due_at = $3 where id = $1")
        .bind(id.as_str())
        .bind(limit.yellow_at.0)
        .bind(limit.due_at.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Moves the limit of an order's review.
pub(crate) async fn move_review(
    conn: &mut AnyConnection,
    case_id: &CaseId,
    limit: &Limit,
) -> Result<(), CaseError> {
    sqlx::query(
        "update cases_task set yellow_at = $2, due_at = $3 where case_id = $1 and state = 'open' and step = 'review'",
    )
    .bind(case_id.as_str())
    .bind(limit.yellow_at.0)
    .bind(limit.due_at.0)
    .execute(conn)
    .await?;
    Ok(())
}

/// Moves the limits of the open tasks of an order, after its own limit moved; none while it stands still. What
/// stands beside the course has limits of its own.
pub(crate) async fn move_limits(
    conn: &mut AnyConnection,
    case_id: &CaseId,
    yellow_at: Option<Timestamp>,
    due_at: Option<Timestamp>,
) -> Result<(), CaseError> {
    sqlx::query(
        "update cases_task set yellow_at = $2, due_at = $3 where case_id = $1 and state = 'open' and subject is null",
    )
    .bind(case_id.as_str())
    .bind(yellow_at.map(|at| at.0))
    .bind(due_at.map(|at| at.0))
    .execute(conn)
    .await?;
    Ok(())
}

/// Whose tasks are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TaskScope {
    /// What the person can do now: the person's own, the unit's, the centre's queues.
    #[default]
    Mine,
    /// Whatever the person's unit (or one below, as far as the person's scope reaches) has to do.
    Unit,
}

/// Which tasks are asked for.
#[derive(Clone, Debug, Default)]
pub struct TaskFilter {
    /// Whose.
    pub scope: TaskScope,
    /// Those already closed by the person instead of open ones.
    pub done: bool,
    /// Of a colour.
    pub color: Option<Color>,
    /// Of a step.
    pub step: Option<Step>,
    /// From here on.
    pub cursor: Option<String>,
    /// So many.
    pub limit: usize,
}

/// A line of the to-do list.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `cases_task` and `cases_case` under their own names")]
pub struct TaskLine {
    pub id: String,
    pub case_id: String,
    pub number: String,
    pub title: String,
    pub kind: String,
    pub urgency: String,
    pub district: Option<String>,
    pub step: String,
    pub unit_id: Option<String>,
    pub person_id: Option<String>,
    pub state: String,
    pub opened_at: i64,
    pub closed_at: Option<i64>,
    pub due_at: Option<i64>,
    pub yellow_at: Option<i64>,
}

/// How many tasks wait.
#[derive(Clone, Debug, Default)]
pub struct TaskCounts {
    /// By step.
    pub by_step: Vec<(Step, i64)>,
    /// In all.
    pub total: i64,
    /// In time, or without a limit.
    pub green: i64,
    /// About to be overdue.
    pub yellow: i64,
    /// Overdue.
    pub red: i64,
    /// Due until the end of today.
    pub today_due: i64,
}

const LINE: &str = "select t.id, t.case_id, c.number, c.title, c.type as kind, c.urgency, c.district, t.step, t.unit_id, \
                    t.person_id, t.state, t.opened_at, t.closed_at, t.due_at, t.yellow_at from cases_task t \
                    join cases_case c on c.id = t.case_id where ";

/// So late is a task without a limit, for sorting.
const NEVER: i64 = i64::MAX;

impl Cases {
    /// Lists tasks: open ones with the nearest limit first, closed ones with the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tasks(
        &self,
        by: &Principal,
        filter: &TaskFilter,
        now: Timestamp,
    ) -> Result<Page<TaskLine>, CaseError> {
        let mut sql = Statement::new(LINE);
        push_filter(&mut sql, by, filter, now);
        let key = if filter.done { "t.closed_at" } else { "coalesce(t.due_at, 9223372036854775807)" };
        let order = if filter.done { "desc" } else { "asc" };
        if let Some(keys) = filter.cursor.as_deref().and_then(|cursor| Cursor::decode(cursor, 2))
            && let Ok(at) = keys[0].parse::<i64>()
        {
            let than = if filter.done { "<" } else { ">" };
            sql.push(" and (").push(key).push(" ").push(than).push(" ").bind(at);
            sql.push(" or (").push(key).push(" = ").bind(at);
            sql.push(" and t.id ").push(than).push(" ").bind(keys[1].clone()).push("))");
        }
        sql.push(" order by ").push(key).push(" ").push(order).push(", t.id ").push(order);
        sql.push(" limit ").bind(i64::try_from(filter.limit + 1).unwrap_or(i64::MAX));
        let rows: Vec<TaskLine> = sql.query_as().fetch_all(self.kit().db.reader()).await?;
        let done = filter.done;
        Ok(Page::cut(rows, filter.limit, |line| {
            let at = if done { line.closed_at.unwrap_or_default() } else { line.due_at.unwrap_or(NEVER) };
            Cursor::encode(&[at.to_string(), line.id.clone()])
        }))
    }

    /// Counts open tasks.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_tasks(
        &self,
        by: &Principal,
        scope: TaskScope,
        now: Timestamp,
    ) -> Result<TaskCounts, CaseError> {
        let end_of_day = self
            .rule_book()
            .calendar
            .date_at(now.0)
            .and_then(|date| self.rule_book().calendar.end_of(date))?;
        let mut sql = Statement::new("select t.step, count(*), cast(coalesce(sum(case when t.due_at < ");
        sql.bind(now.0);
        sql.push(" then 1 else 0 end), 0) as bigint), cast(coalesce(sum(case when t.due_at >= ").bind(now.0);
        sql.push(" and t.yellow_at <= ").bind(now.0);
        sql.push(" then 1 else 0 end), 0) as bigint), cast(coalesce(sum(case when t.due_at >= ").bind(now.0);
        sql.push(" and t.due_at <= ").bind(end_of_day);
        sql.push(" then 1 else 0 end), 0) as bigint) from cases_task t where ");
        push_filter(&mut sql, by, &TaskFilter { scope, ..TaskFilter::default() }, now);
        sql.push(" group by t.step");
        let rows: Vec<(String, i64, i64, i64, i64)> =
            sql.query_as().fetch_all(self.kit().db.reader()).await?;
        let mut counts = TaskCounts::default();
        for step in Step::ALL {
            if let Some((_, total, red, yellow, today)) = rows.iter().find(|row| row.0 == step.code()) {
                counts.by_step.push((*step, *total));
                counts.total += total;
                counts.red += red;
                counts.yellow += yellow;
                counts.today_due += today;
            }
        }
        counts.green = counts.total - counts.red - counts.yellow;
        Ok(counts)
    }
}

fn push_filter(sql: &mut Statement, by: &Principal, filter: &TaskFilter, now: Timestamp) {
    if filter.done {
        sql.push("t.closed_by = ").bind(by.person_id.clone()).push(" and t.state = 'done'");
    } else {
        sql.push("t.state = 'open' and (");
        match filter.scope {
            TaskScope::Mine => push_mine(sql, by),
            TaskScope::Unit => push_unit(sql, by),
        }
        sql.push(")");
    }
    match filter.color {
        Some(Color::Red) => {
            sql.push(" and t.due_at < ").bind(now.0);
        }
        Some(Color::Yellow) => {
            sql.push(" and t.due_at >= ").bind(now.0).push(" and t.yellow_at <= ").bind(now.0);
        }
        Some(Color::Green) => {
            sql.push(" and t.due_at >= ").bind(now.0).push(" and t.yellow_at > ").bind(now.0);
        }
        None => {}
    }
    if let Some(step) = filter.step {
        sql.push(" and t.step = ").bind(step.code());
    }
}

/// What the person can do: the same as [`crate::case::action::Action::permit`] would answer, as one filter.
fn push_mine(sql: &mut Statement, by: &Principal) {
    sql.push("t.person_id = ").bind(by.person_id.clone());
    for step in Step::ALL {
        let capability = step.capability();
        let Some(scope) = by.scope(capability) else { continue };
        if step.is_of_a_unit() {
            // What lies with one person is that person's, and what lies with a unit below is that unit's.
            if scope > Scope::Own {
                sql.push(" or (t.step = ").bind(step.code());
                sql.push(" and t.person_id is null and t.unit_id = ").bind(by.unit_id.clone()).push(")");
            }
        } else if !step.is_a_persons() && scope == Scope::All {
            sql.push(" or (t.step = ").bind(step.code()).push(" and t.person_id is null)");
        } else if !step.is_a_persons() {
            sql.push(" or (t.step = ").bind(step.code());
            sql.push(
                " and t.person_id is null and exists (select 1 from cases_case c where c.id = t.case_id and ",
            );
            super::scope::push(sql, scope, by);
            sql.push("))");
        }
    }
}

fn push_unit(sql: &mut Statement, by: &Principal) {
    sql.push("t.unit_id = ").bind(by.unit_id.clone());
    match by.scope("case.read") {
        Some(Scope::All) => {
            sql.push(" or 1 = 1");
        }
        Some(Scope::Subtree) => {
            sql.push(" or substr(t.unit_path, 1, length(").bind(by.unit_path.clone());
            sql.push(")) = ").bind(by.unit_path.clone());
        }
        _ => {}
    }
}
