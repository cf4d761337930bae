//! Answers questions of reports: rows, totals, comparison; and which orders or calls stand behind a number.

use contract::cases::{CaseId, CaseLine};
use kernel::{Lang, Principal, Scope};

use crate::Insight;
use crate::engine::{Answer, View};
use crate::error::InsightError;
use crate::fact::{TABLES, Value};
use crate::names::Names;
use crate::report::answer::{self, Table};
use crate::report::dimension::{self, Dimension};
use crate::report::measure::Measure;
use crate::report::period::Period;
use crate::report::question::{Question, among};
use crate::scope;

/// So many rows of a report at most.
pub const GROUPS_MAX: usize = 5_000;
/// So many rows of a statement that somebody wrote at most.
const STATEMENT_ROWS_MAX: usize = 2_000;
/// The longest statement.
const STATEMENT_CHARS_MAX: usize = 8_000;

/// Which number somebody wants to look behind.
#[derive(Clone, Debug)]
pub struct Drill {
    /// The values of the dimensions.
    pub cell: Vec<(&'static Dimension, Vec<String>)>,
    /// The measure; all rows when absent.
    pub measure: Option<&'static Measure>,
    /// Rows that were shown before.
    pub skip: usize,
    /// Rows to show.
    pub take: usize,
}

/// A call behind a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallLine {
    /// The call.
    pub id: String,
    /// When it began.
    pub started_at: i64,
    /// `in`, `out`, `internal`.
    pub direction: String,
    /// The agent's name.
    pub agent: String,
    /// What became of it.
    pub result: String,
    /// How long the citizen waited in queues.
    pub waited_ms: i64,
    /// How long they talked.
    pub talked_ms: i64,
}

/// What stands behind a number.
#[derive(Clone, Debug, Default)]
pub struct Drilled {
    /// All of it.
    pub total: i64,
    /// Orders that the reader may open.
    pub cases: Vec<CaseLine>,
    /// Calls.
    pub calls: Vec<CallLine>,
    /// Orders on this page that the reader may not open.
    pub hidden: usize,
}

impl Insight {
    fn view(&self, reach: Scope, by: &Principal, question: &Question, period: Period) -> View {
        View {
            table: question.table,
            scope: scope::condition(question.table, reach, by),
            months: Some(period.months(self.lake().zone(), question.axis)),
        }
    }

    async fn rows(
        &self,
        reach: Scope,
        by: &Principal,
        question: &Question,
        dimensions: &[&Dimension],
        period: Period,
    ) -> Result<Answer, InsightError> {
        let view = self.view(reach, by, question, period);
        let sql = question.sql(dimensions, period, self.lake().zone(), self.kit().now().0);
        self.engine().ask(self.lake().snapshot(), vec![view], sql, GROUPS_MAX).await
    }

    /// Answers a report's question, as far as `by` may see.
    ///
    /// # Errors
    /// As the engine's.
    pub async fn answer(
        &self,
        by: &Principal,
        reach: Scope,
        question: &Question,
        lang: Lang,
    ) -> Result<Table, InsightError> {
        let places = question.by.len();
        let found = self.rows(reach, by, question, &question.by, question.period).await?;
        let mut table = Table { cut: found.cut, ..Table::default() };
        table.lines = answer::fill(question, answer::lines(&found.rows, places), self.local_now());
        let totals = self.rows(reach, by, question, &[], question.period).await?;
        table.totals = answer::lines(&totals.rows, 0).pop().unwrap_or_default().values;
        if let Some(how) = question.compare {
            let before = question.period.before(how);
            let earlier = self.rows(reach, by, question, &question.by, before).await?;
            answer::compare(question, before, &mut table.lines, answer::lines(&earlier.rows, places));
            let totals = self.rows(reach, by, question, &[], before).await?;
            table.totals_before = answer::lines(&totals.rows, 0).pop().unwrap_or_default().values;
        }
        answer::sort(question, &mut table.lines);
        let mut names = Names::new(self.sources(), lang);
        for line in &mut table.lines {
            for (one, key) in question.by.iter().zip(&line.keys) {
                line.names.push(names.name(one, key).await?);
            }
        }
        table.checks = answer::checks(question, &table, lang);
        Ok(table)
    }

    /// Tells what stands behind a number, newest first.
    ///
    /// # Errors
    /// As the engine's.
    pub async fn drill(
        &self,
        by: &Principal,
        reach: Scope,
        question: &Question,
        drill: &Drill,
        lang: Lang,
    ) -> Result<Drilled, InsightError> {
        let (zone, now) = (self.lake().zone(), self.kit().now().0);
        let mut condition = question.condition(question.period, zone, now);
        for (one, values) in &drill.cell {
            let column = one.expression(question.axis, question.period.offset_ms(zone), now);
            condition.push_str(&format!(" and {}", among(&column, one, values)));
        }
        if let Some(measure) = drill.measure {
            condition.push_str(&format!(" and ({})", measure.rows(now)));
        }
        let table = question.table.name;
        let id = match table {
            "orders" | "calls" => "id",
            "steps" => "case_id",
            _ => {
                return Err(InsightError::question(
                    "report",
                    "这张报表没有可下钻的明细。",
                    "Nothing can be listed behind this report.",
                ));
            }
        };
        let view = self.view(reach, by, question, question.period);
        let snapshot = self.lake().snapshot();
        let ask =
            |sql: String, most: usize| self.engine().ask(snapshot.clone(), vec![view.clone()], sql, most);
        let count = ask(format!("select count(distinct {id}) from {table} where {condition}"), 1).await?;
        let total = count.rows.first().and_then(|row| row[0].int()).unwrap_or(0);
        let mut drilled = Drilled { total, ..Drilled::default() };
        let page = format!("limit {} offset {}", drill.take, drill.skip);
        if table == "calls" {
            let sql = format!(
                "select id, at, direction, agent_id, result, queued_ms, talked_ms from calls where {condition} \
                 order by at desc, id desc {page}"
            );
            let mut names = Names::new(self.sources(), lang);
            for row in ask(sql, drill.take).await?.rows {
                drilled.calls.push(CallLine {
                    id: row[0].key(),
                    started_at: row[1].int().unwrap_or(0),
                    direction: row[2].key(),
                    agent: label(&mut names, "agent", &row[3]).await?,
                    result: label(&mut names, "result", &row[4]).await?,
                    waited_ms: row[5].int().unwrap_or(0),
                    talked_ms: row[6].int().unwrap_or(0),
                });
            }
            return Ok(drilled);
        }
        let sql = format!(
            "select {id}, max(at) as newest from {table} where {condition} group by {id} \
             order by newest desc, {id} desc {page}"
        );
        let ids: Vec<CaseId> =
            ask(sql, drill.take).await?.rows.iter().map(|row| CaseId(row[0].key())).collect();
        drilled.cases = self.sources().cases.case_lines(by, &ids).await.map_err(InsightError::Port)?;
        drilled.hidden = ids.len() - drilled.cases.len();
        Ok(drilled)
    }

    /// Runs a statement that somebody wrote, over what `by` may see; it can only read.
    ///
    /// # Errors
    /// [`InsightError::Statement`] with the engine's words, or as the engine's.
    pub async fn run_statement(
        &self,
        by: &Principal,
        reach: Scope,
        sql: &str,
    ) -> Result<Answer, InsightError> {
        if sql.trim().is_empty() || sql.chars().count() > STATEMENT_CHARS_MAX {
            return Err(InsightError::Statement("1…8000".to_owned()));
        }
        let views = TABLES
            .iter()
            .map(|table| View { table, scope: scope::condition(table, reach, by), months: None })
            .collect();
        let answer =
            self.engine().ask(self.lake().snapshot(), views, sql.to_owned(), STATEMENT_ROWS_MAX).await;
        answer.map_err(|error| match error {
            InsightError::Engine(reason) => InsightError::Statement(first_line(&reason.to_string())),
            other => other,
        })
    }
}

/// Names a value of a call; empty for nothing.
async fn label(names: &mut Names<'_>, id: &str, value: &Value) -> Result<String, InsightError> {
    match (dimension::find("calls", id), value.key()) {
        (Some(one), key) if !key.is_empty() => names.name(one, &key).await,
        _ => Ok(String::new()),
    }
}

/// The engine's words without what only its makers understand.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(300).collect()
}
