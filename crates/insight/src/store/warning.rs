//! Rows of `insight_warning` and `insight_warning_order`: raising, telling, taking, closing.

use contract::identity::UnitId;
use contract::insight::WarningChanged;
use contract::messages::Notice;
use kernel::db::{Real, Statement};
use kernel::{Audit, Ctx, Lang, Principal, Scope, Tx};
use serde_json::json;
use sqlx::FromRow;

use super::warning_list::{COLUMNS, Warning, within};
use crate::Insight;
use crate::error::InsightError;
use crate::warning::rule::Rule;
use crate::warning::{Evidence, Finding, Severity, State, check_closing, check_taking};

/// Orders that a warning names at most.
const ORDERS_MAX: i64 = 2_000;
/// People who are told of one warning at most.
const TOLD_MAX: usize = 50;
/// Warnings of which people are told in one turn.
const AT_ONCE: i64 = 100;

#[derive(FromRow)]
struct Open {
    id: String,
    severity: i64,
    state: String,
    unit_id: String,
    orders: i64,
}

impl Insight {
    /// Raises a warning, or lets the open one grow. Returns whether it is a new one; nothing when nothing changed.
    ///
    /// What stood behind a closed warning of the same rule is spent: it raises no second one.
    pub(crate) async fn raise(
        &self,
        ctx: &Ctx,
        rule: &Rule,
        finding: &Finding,
    ) -> Result<Option<bool>, InsightError> {
        let unit = rule.unit_id.clone().map_or_else(|| self.watching().centre.clone(), UnitId);
        let unit = self.sources().directory.unit(&unit).await.map_err(InsightError::Port)?;
        let Some(unit) = unit else { return Ok(None) };
        let mut tx = self.kit().db.begin().await?;
        if let Some(open) = open_one(&mut tx, rule, finding).await? {
            let grown = grow(&mut tx, ctx, &open, finding).await?;
            tx.commit().await?;
            return Ok(grown.then_some(false));
        }
        let spent = behind(&mut tx, rule, finding, "w.state = 'closed'").await?;
        let fresh: Vec<&Evidence> =
            finding.orders.iter().filter(|order| !spent.contains(&order.id)).collect();
        if fresh.len() < finding.least.min(finding.orders.len()) || fresh.is_empty() {
            return Ok(None);
        }
        let (id, now) = (kernel::id::new_id(), ctx.now.0);
        let number: (i64,) = sqlx::query_as("select coalesce(max(number), 0) + 1 from insight_warning")
            .fetch_one(tx.conn())
            .await?;
        let times = || fresh.iter().map(|order| order.at);
        let words = serde_json::to_string(&finding.words).unwrap_or_default();
        sqlx::query(
            "insert into insight_warning (id, number, key, kind, rule_id, rule_name, severity, state, category_id, \
             district, place, words, orders, callers, expected, chance, window_minutes, first_at, last_at, \
             raised_at, unit_id, unit_path, told, told_severity, due_at, version) \
             values ($1, $2, $3, $4, $5, $6, $7, 'new', $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, \
             $20, $21, '[]', 0, $22, 1)",
        )
        .bind(&id)
        .bind(number.0)
        .bind(&finding.key)
        .bind(finding.kind.code())
        .bind(&rule.id)
        .bind(&rule.name)
        .bind(finding.severity.number())
        .bind(finding.category_id.as_ref())
        .bind(finding.district.as_ref())
        .bind(finding.place.as_ref())
        .bind(words)
        .bind(i64::try_from(fresh.len()).unwrap_or(ORDERS_MAX))
        .bind(finding.callers)
        .bind(Real(finding.expected))
        .bind(Real(finding.chance))
        .bind(rule.window_minutes)
        .bind(times().min().unwrap_or(now))
        .bind(times().max().unwrap_or(now))
        .bind(now)
        .bind(&unit.id.0)
        .bind(&unit.path)
        .bind(now + finding.severity.time_ms())
        .execute(tx.conn())
        .await?;
        link(&mut tx, &id, &fresh).await?;
        tx.emit(ctx, &changed(&id, State::New, finding.severity, &unit.id.0));
        tx.commit().await?;
        Ok(Some(true))
    }

    /// Tells whoever looks into warnings of those that are new or have become graver. A failure is made up for at
    /// the next turn; nobody is told twice.
    pub(crate) async fn tell_of_warnings(&self, ctx: &Ctx) -> Result<(), InsightError> {
        let mut sql = Statement::new("select ");
        sql.push(COLUMNS)
            .push(" from insight_warning w where w.told_severity < w.severity and w.state <> 'closed'");
        sql.push(" order by w.severity desc, w.id limit ").bind(AT_ONCE);
        let untold: Vec<Warning> = sql.query_as().fetch_all(self.kit().db.reader()).await?;
        for warning in untold {
            let unit = UnitId(warning.unit_id.clone());
            let people = self.sources().directory.people_with(&unit, "warning.handle").await;
            let mut people = people.map_err(InsightError::Port)?;
            people.truncate(TOLD_MAX);
            let facts = json!({
                "number": warning.label(),
                "zh": self.sentence(&warning, Lang::Zh).await?,
                "en": self.sentence(&warning, Lang::En).await?,
            });
            let notice = Notice {
                people: people.iter().map(|person| person.id.clone()).collect(),
                kind: "warned".to_owned(),
                facts: facts.as_object().cloned().unwrap_or_default(),
                subject_kind: "warning".to_owned(),
                subject_id: warning.id.clone(),
                key: format!("warning.{}.{}", warning.id, warning.severity),
            };
            self.watching().notifier.notify(ctx, notice).await.map_err(InsightError::Port)?;
            let names: Vec<&str> = people.iter().map(|person| person.name.as_str()).collect();
            let mut tx = self.kit().db.begin().await?;
            sqlx::query("update insight_warning set told = $2, told_severity = $3 where id = $1")
                .bind(&warning.id)
                .bind(json!(names).to_string())
                .bind(warning.severity)
                .execute(tx.conn())
                .await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// Takes a warning over.
    ///
    /// # Errors
    /// [`InsightError::NotFound`], [`InsightError::Stale`], [`InsightError::WarningClosed`].
    pub async fn take_warning(
        &self,
        ctx: &Ctx,
        by: &Principal,
        reach: Scope,
        id: &str,
        version: i64,
    ) -> Result<(), InsightError> {
        let mut tx = self.kit().db.begin().await?;
        let warning = take_up(&mut tx, by, reach, id, version).await?;
        check_taking(warning.state())?;
        sqlx::query(
            "update insight_warning set state = 'taken', owner_id = $2, owner_name = $3, taken_at = $4, \
             version = version + 1 where id = $1",
        )
        .bind(id)
        .bind(&by.person_id)
        .bind(&by.name)
        .bind(ctx.now.0)
        .execute(tx.conn())
        .await?;
        tx.audit(ctx, Audit::new("warning.take", "warning", id));
        tx.emit(ctx, &changed(id, State::Taken, Severity::of(warning.severity), &warning.unit_id));
        Ok(tx.commit().await?)
    }

    /// Closes a warning with what it was: `real` or `false`, and a note.
    ///
    /// # Errors
    /// As [`check_closing`]; [`InsightError::NotFound`], [`InsightError::Stale`].
    pub async fn close_warning(
        &self,
        ctx: &Ctx,
        by: &Principal,
        reach: Scope,
        id: &str,
        (version, verdict, note): (i64, &str, &str),
    ) -> Result<(), InsightError> {
        let mut tx = self.kit().db.begin().await?;
        let warning = take_up(&mut tx, by, reach, id, version).await?;
        check_closing(warning.state(), warning.owner_id.as_deref(), &by.person_id, verdict, note)?;
        sqlx::query(
            "update insight_warning set state = 'closed', verdict = $2, note = $3, closed_at = $4, \
             version = version + 1 where id = $1",
        )
        .bind(id)
        .bind(verdict)
        .bind(note.trim())
        .bind(ctx.now.0)
        .execute(tx.conn())
        .await?;
        tx.audit(ctx, Audit::new("warning.close", "warning", id).detail(json!({ "verdict": verdict })));
        tx.emit(ctx, &changed(id, State::Closed, Severity::of(warning.severity), &warning.unit_id));
        Ok(tx.commit().await?)
    }
}

fn changed(id: &str, state: State, severity: Severity, unit_id: &str) -> WarningChanged {
    WarningChanged {
        warning_id: id.to_owned(),
        state: state.code().to_owned(),
        severity: severity.number(),
        unit_id: unit_id.to_owned(),
    }
}

async fn take_up(
    tx: &mut Tx,
    by: &Principal,
    reach: Scope,
    id: &str,
    version: i64,
) -> Result<Warning, InsightError> {
    let mut sql = Statement::new("select ");
    sql.push(COLUMNS).push(" from insight_warning w where w.id = ").bind(id).push(" and ");
    within(&mut sql, reach, by);
    let warning: Option<Warning> = sql.query_as().fetch_optional(tx.conn()).await?;
    let warning = warning.ok_or(InsightError::NotFound)?;
    if warning.version == version {
        Ok(warning)
    } else {
        Err(InsightError::Stale { current: warning.version })
    }
}

/// Finds the open warning that a finding belongs to.
async fn open_one(tx: &mut Tx, rule: &Rule, finding: &Finding) -> Result<Option<Open>, InsightError> {
    const FIELDS: &str =
        "select w.id, w.severity, w.state, w.unit_id, w.orders from insight_warning w where ";
    let mut sql = Statement::new(FIELDS);
    sql.push("w.state <> 'closed' and w.key = ").bind(&finding.key);
    let open: Option<Open> = sql.query_as().fetch_optional(tx.conn()).await?;
    if open.is_some() || !finding.by_orders {
        return Ok(open);
    }
    let mut sql = Statement::new(FIELDS);
    sql.push("w.state <> 'closed' and w.rule_id = ").bind(&rule.id);
    sql.push(
        " and exists (select 1 from insight_warning_order o where o.warning_id = w.id and o.case_id in (",
    );
    sql.bind_all(finding.orders.iter().map(|order| order.id.clone()));
    sql.push(")) order by w.raised_at, w.id limit 1");
    Ok(sql.query_as().fetch_optional(tx.conn()).await?)
}

/// Returns which orders of a finding stand behind warnings of the same rule.
async fn behind(
    tx: &mut Tx,
    rule: &Rule,
    finding: &Finding,
    which: &str,
) -> Result<Vec<String>, InsightError> {
    let mut sql = Statement::new(
        "select distinct o.case_id from insight_warning_order o join insight_warning w on w.id = o.warning_id where ",
    );
    sql.push(which).push(" and w.rule_id = ").bind(&rule.id).push(" and o.case_id in (");
    sql.bind_all(finding.orders.iter().map(|order| order.id.clone())).push(")");
    let rows: Vec<(String,)> = sql.query_as().fetch_all(tx.conn()).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Adds what is new to an open warning. Returns whether anything was.
async fn grow(tx: &mut Tx, ctx: &Ctx, open: &Open, finding: &Finding) -> Result<bool, InsightError> {
    let mut known = Statement::new("select case_id from insight_warning_order where warning_id = ");
    known.bind(&open.id);
    let known: Vec<(String,)> = known.query_as().fetch_all(tx.conn()).await?;
    let known: std::collections::HashSet<String> = known.into_iter().map(|(id,)| id).collect();
    let room = usize::try_from(ORDERS_MAX - open.orders).unwrap_or(0);
    let fresh: Vec<&Evidence> =
        finding.orders.iter().filter(|order| !known.contains(&order.id)).take(room).collect();
    let severity = Severity::of(open.severity).max(finding.severity);
    if fresh.is_empty() && severity.number() == open.severity {
        return Ok(false);
    }
    link(tx, &open.id, &fresh).await?;
    let last = finding.orders.iter().map(|order| order.at).max().unwrap_or(0);
    sqlx::query(
        "update insight_warning set severity = $2, orders = orders + $3, \
         callers = case when callers < $4 then $4 else callers end, expected = $5, chance = $6, \
         last_at = case when last_at < $7 then $7 else last_at end where id = $1",
    )
    .bind(&open.id)
    .bind(severity.number())
    .bind(i64::try_from(fresh.len()).unwrap_or(0))
    .bind(finding.callers)
    .bind(Real(finding.expected))
    .bind(Real(finding.chance))
    .bind(last)
    .execute(tx.conn())
    .await?;
    let state = State::parse(&open.state).unwrap_or(State::New);
    tx.emit(ctx, &changed(&open.id, state, severity, &open.unit_id));
    Ok(true)
}

async fn link(tx: &mut Tx, warning_id: &str, orders: &[&Evidence]) -> Result<(), InsightError> {
    for some in orders.chunks(100) {
        let mut sql = Statement::new("insert into insight_warning_order (warning_id, case_id, at) values ");
        for order in some {
            sql.bind_row([warning_id.into(), order.id.as_str().into(), order.at.into()]);
        }
        sql.push(" on conflict do nothing");
        sql.query().execute(tx.conn()).await?;
    }
    Ok(())
}
