//! `/reports`: the catalogue, a report's numbers, its Excel file, and what stands behind a number.

use axum::extract::State;
use contract::identity::UnitId;
use kernel::http::{Auth, Json, Path, Query, ReqCtx, Response};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Lang, Principal, Problem, Scope};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::InsightError;
use crate::names::Names;
use crate::report::answer::{self, Line, Table};
use crate::report::catalogue::{self, REPORTS};
use crate::report::dimension::{self, Dimension, Naming};
use crate::report::measure::{self, Measure};
use crate::report::period::Period;
use crate::report::question::Question;
use crate::report::{Report, axis_words};
use crate::sheet::{self, Around};
use crate::{Drill, Insight};

/// So many rows of what stands behind a number can be gone through.
const BEHIND_MAX: usize = 10_000;

pub(super) fn routes() -> OpenApiRouter<Insight> {
    OpenApiRouter::new()
        .routes(routes!(list_reports))
        .routes(routes!(show_report))
        .routes(routes!(export_report))
        .routes(routes!(list_report_rows))
}

/// A dimension or a measure of a report.
#[derive(Serialize, ToSchema)]
struct ReportField {
    id: String,
    name: String,
    /// Of a measure: what counts.
    about: String,
    /// Of a measure: `count`, `share`, `hours`, `seconds`, `stars`, `ratio`, `instant`; of a dimension: `time`, `word`,
    /// `unit`, `person`, `text`.
    kind: String,
}

/// A report of the catalogue.
#[derive(Serialize, ToSchema)]
struct ReportView {
    id: String,
    group: String,
    title: String,
    /// What counts and what does not.
    about: String,
    /// Which instant the period is about.
    axis: String,
    /// What it begins with.
    by: Vec<String>,
    measures: Vec<String>,
    /// `bar`, `line`, `pie`, `tree`, `heat`, `pareto`, `control`, `box`.
    chart: String,
    /// All dimensions that it may have.
    all_by: Vec<ReportField>,
    /// All measures that it may have.
    all_measures: Vec<ReportField>,
    /// Whether orders or calls behind a number can be listed.
    drills: bool,
}

/// What is asked of a report.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReportQuery {
    /// The first day, such as 2026-11-01.
    pub(super) from: String,
    /// The last day.
    pub(super) to: String,
    /// Dimensions, separated by commas; the report's own when absent, none when `-`.
    pub(super) by: Option<String>,
    /// Measures, separated by commas; the report's own when absent.
    pub(super) measures: Option<String>,
    /// Conditions such as `type:complaint,help;district:云阳区`; `\` before a sign that would else divide.
    pub(super) r#where: Option<String>,
    /// The unit in charge, or the agent's unit, or one below.
    pub(super) unit_id: Option<String>,
    /// `previous` (the period before) or `year` (the year before).
    pub(super) compare: Option<String>,
    /// A measure; with `-` before it from the largest on.
    pub(super) sort: Option<String>,
    /// Of rows: the values of the dimensions, written as conditions.
    pub(super) cell: Option<String>,
    /// Of rows: the measure.
    pub(super) measure: Option<String>,
    /// Of rows: how many to skip.
    pub(super) skip: Option<usize>,
    /// Of rows: how many to show; 20 when absent, at most 100.
    pub(super) limit: Option<usize>,
}

/// A row of numbers.
#[derive(Serialize, ToSchema)]
struct ReportLine {
    /// Values of the dimensions, as codes.
    keys: Vec<String>,
    /// Their names.
    names: Vec<String>,
    values: Vec<Option<f64>>,
    /// What it was in the period that it is compared with; empty without a comparison.
    before: Vec<Option<f64>>,
}

/// Whether numbers add up.
#[derive(Serialize, ToSchema)]
struct ReportCheck {
    text: String,
    left: f64,
    right: f64,
    holds: bool,
}

/// A report's numbers.
#[derive(Serialize, ToSchema)]
struct ReportAnswer {
    id: String,
    title: String,
    about: String,
    axis: String,
    from: String,
    to: String,
    before_from: Option<String>,
    before_to: Option<String>,
    by: Vec<ReportField>,
    measures: Vec<ReportField>,
    lines: Vec<ReportLine>,
    totals: Vec<Option<f64>>,
    totals_before: Vec<Option<f64>>,
    checks: Vec<ReportCheck>,
    /// Whether there would have been more rows.
    cut: bool,
    /// Whether the facts are being built anew, so that numbers are still growing.
    building: bool,
    /// When this was computed, epoch milliseconds.
    at: i64,
}

/// An order behind a number.
#[derive(Serialize, ToSchema)]
struct ReportCase {
    id: String,
    number: String,
    title: String,
    status: String,
    unit: String,
    created_at: i64,
}

/// A call behind a number.
#[derive(Serialize, ToSchema)]
struct ReportCall {
    id: String,
    started_at: i64,
    agent: String,
    result: String,
    waited_ms: i64,
    talked_ms: i64,
}

/// What stands behind a number.
#[derive(Serialize, ToSchema)]
struct ReportRows {
    /// All of it.
    total: i64,
    cases: Vec<ReportCase>,
    calls: Vec<ReportCall>,
    /// Orders of this page that the reader may not open.
    hidden: usize,
}

fn dimension_view(one: &Dimension, lang: Lang) -> ReportField {
    ReportField {
        id: one.id.to_owned(),
        name: lang.pick(one.name.0, one.name.1).to_owned(),
        about: String::new(),
        kind: match one.naming {
            Naming::Time(_) => "time",
            Naming::Case(_) | Naming::Own(_) => "word",
            Naming::Unit => "unit",
            Naming::Person => "person",
            Naming::Voice | Naming::Plain => "text",
        }
        .to_owned(),
    }
}

fn measure_view(one: &Measure, lang: Lang) -> ReportField {
    ReportField {
        id: one.id.to_owned(),
        name: lang.pick(one.name.0, one.name.1).to_owned(),
        about: lang.pick(one.about.0, one.about.1).to_owned(),
        kind: one.unit.code().to_owned(),
    }
}

fn line_view(line: Line) -> ReportLine {
    ReportLine { keys: line.keys, names: line.names, values: line.values, before: line.before }
}

impl ReportQuery {
    /// Reads the question.
    pub(super) async fn question(&self, insight: &Insight, report: &'static Report) -> HttpResult<Question> {
        let table = report.facts();
        let by = match self.by.as_deref() {
            None | Some("") => Question::dimensions(table, &report.by.join(","))?,
            Some("-") => Vec::new(),
            Some(text) => Question::dimensions(table, text)?,
        };
        let measures = match self.measures.as_deref() {
            None | Some("") => Question::measures(table, &report.measures.join(","))?,
            Some(text) => Question::measures(table, text)?,
        };
        let mut conditions = Question::conditions(table, self.r#where.as_deref().unwrap_or_default())?;
        if let Some(id) = self.unit_id.as_deref().filter(|id| !id.is_empty()) {
            let unit = ["unit", "agent_unit"].iter().find_map(|id| dimension::find(table.name, id));
            let unit = unit.ok_or_else(|| {
                InsightError::question("unit_id", "这张报表不按单位统计。", "This report knows no units.")
            })?;
            let below = insight.sources().directory.units_under(&UnitId(id.to_owned())).await;
            let below = below.map_err(InsightError::Port)?;
            conditions.push((unit, below.into_iter().map(|unit| unit.id.0).collect()));
        }
        let compare = match self.compare.as_deref() {
            None | Some("") => None,
            Some(code) => Some(answer::comparison(code).ok_or_else(|| {
                InsightError::question("compare", "没有这种对比。", "There is no such comparison.")
            })?),
        };
        let sort = Question::sorted(&measures, self.sort.as_deref().unwrap_or_default())?;
        let period = Period::parse(&self.from, &self.to)?;
        // A division of time that is too fine is refused before it is counted.
        for one in &by {
            if let Naming::Time(bucket) = one.naming {
                period.buckets(bucket)?;
            }
        }
        Ok(Question {
            table,
            axis: report.axis,
            only: report.only,
            period,
            compare,
            by,
            measures,
            conditions,
            sort,
        })
    }

    /// Names the filters.
    async fn filters(&self, insight: &Insight, question: &Question, lang: Lang) -> HttpResult<String> {
        let mut names = Names::new(insight.sources(), lang);
        let mut parts = Vec::new();
        for (one, values) in &question.conditions {
            let mut shown = Vec::new();
            for value in values.iter().take(20) {
                shown.push(names.name(one, value).await?);
            }
            if values.len() > 20 {
                shown.push("…".to_owned());
            }
            parts.push(format!("{}：{}", lang.pick(one.name.0, one.name.1), shown.join("、")));
        }
        Ok(parts.join("；"))
    }
}

pub(super) fn known(id: &str) -> HttpResult<&'static Report> {
    catalogue::find(id).ok_or_else(Problem::not_found)
}

/// Lists all reports.
#[utoipa::path(
    get, path = "/reports", operation_id = "list_reports", tag = "reports",
    responses((status = 200, description = "The reports", body = Vec<ReportView>))
)]
async fn list_reports(Auth(by): Auth, ReqCtx(ctx): ReqCtx) -> HttpResult<Json<Vec<ReportView>>> {
    by.require("report.read")?;
    let lang = ctx.lang;
    let view = |report: &'static Report| ReportView {
        id: report.id.to_owned(),
        group: lang.pick(report.group.0, report.group.1).to_owned(),
        title: lang.pick(report.title.0, report.title.1).to_owned(),
        about: lang.pick(report.about.0, report.about.1).to_owned(),
        axis: axis(report, lang),
        by: report.by.iter().map(|id| (*id).to_owned()).collect(),
        measures: report.measures.iter().map(|id| (*id).to_owned()).collect(),
        chart: report.chart.to_owned(),
        all_by: dimension::of(report.table).map(|one| dimension_view(one, lang)).collect(),
        all_measures: measure::of(report.table).map(|one| measure_view(one, lang)).collect(),
        drills: matches!(report.table, "orders" | "calls" | "steps"),
    };
    Ok(Json(REPORTS.iter().map(view).collect()))
}

fn axis(report: &Report, lang: Lang) -> String {
    let words = axis_words(report.table, report.axis);
    lang.pick(words.0, words.1).to_owned()
}

/// Shows a report's numbers within the reader's scope.
#[utoipa::path(
    get, path = "/reports/{id}", operation_id = "show_report", tag = "reports",
    params(("id" = String, Path, description = "The report"), ReportQuery),
    responses(
        (status = 200, description = "The numbers", body = ReportAnswer),
        (status = 422, description = "Something is asked that does not exist, or too much", body = ProblemBody),
    )
)]
async fn show_report(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Query(query): Query<ReportQuery>,
) -> HttpResult<Json<ReportAnswer>> {
    let reach = by.require("report.read")?;
    let report = known(&id)?;
    let question = query.question(&insight, report).await?;
    let table = insight.answer(&by, reach, &question, ctx.lang).await?;
    let before = question.compare.map(|how| question.period.before(how));
    let lang = ctx.lang;
    Ok(Json(ReportAnswer {
        id,
        title: lang.pick(report.title.0, report.title.1).to_owned(),
        about: lang.pick(report.about.0, report.about.1).to_owned(),
        axis: axis(report, lang),
        from: question.period.from.to_string(),
        to: question.period.to.to_string(),
        before_from: before.map(|period| period.from.to_string()),
        before_to: before.map(|period| period.to.to_string()),
        by: question.by.iter().map(|one| dimension_view(one, lang)).collect(),
        measures: question.measures.iter().map(|one| measure_view(one, lang)).collect(),
        lines: table.lines.into_iter().map(line_view).collect(),
        totals: table.totals,
        totals_before: table.totals_before,
        checks: table
            .checks
            .into_iter()
            .map(|check| ReportCheck {
                text: check.text,
                left: check.left,
                right: check.right,
                holds: check.holds,
            })
            .collect(),
        cut: table.cut,
        building: !insight.lake().snapshot().manifest.rebuild.is_empty(),
        at: ctx.now.0,
    }))
}

/// Downloads a report as an Excel file.
#[utoipa::path(
    get, path = "/reports/{id}/file", operation_id = "export_report", tag = "reports",
    params(("id" = String, Path, description = "The report"), ReportQuery),
    responses((status = 200, description = "An Excel file", body = String, content_type = "application/octet-stream"))
)]
async fn export_report(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Query(query): Query<ReportQuery>,
) -> HttpResult<Response> {
    let reach = by.require("report.read")?;
    let file = report_file(&insight, &by, reach, known(&id)?, &query, ctx.lang).await?;
    Ok(super::file(&file.name, file.media_type, file.bytes))
}

/// A report as a file.
#[derive(Debug)]
pub(crate) struct ReportFile {
    /// A name of plain letters.
    pub(crate) name: String,
    pub(crate) media_type: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// Makes a report's Excel file with somebody's rights.
pub(crate) async fn report_file(
    insight: &Insight,
    by: &Principal,
    reach: Scope,
    report: &'static Report,
    query: &ReportQuery,
    lang: Lang,
) -> HttpResult<ReportFile> {
    let question = query.question(insight, report).await?;
    let table = insight.answer(by, reach, &question, lang).await?;
    let around = around(insight, report, query, &question, by, lang).await?;
    let bytes = tokio::task::spawn_blocking(move || {
        let table: Table = table;
        sheet::write(&question, &table, &around, lang)
    });
    let bytes = bytes.await.map_err(|error| Problem::from_internal(&error))?;
    let bytes = bytes.map_err(|error| Problem::from_internal(&error))?;
    Ok(ReportFile {
        name: format!("{}-{}-{}.xlsx", report.id, query.from, query.to),
        media_type: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        bytes,
    })
}

pub(super) async fn around(
    insight: &Insight,
    report: &'static Report,
    query: &ReportQuery,
    question: &Question,
    by: &Principal,
    lang: Lang,
) -> HttpResult<Around> {
    let mut period = format!(
        "{}{} ~ {}（{}）",
        lang.pick("统计区间：", "Period: "),
        question.period.from,
        question.period.to,
        axis(report, lang)
    );
    if let Some(how) = question.compare {
        let before = question.period.before(how);
        period.push_str(&format!(
            "{}{} ~ {}",
            lang.pick("；对比期：", "; compared with "),
            before.from,
            before.to
        ));
    }
    let filters = query.filters(insight, question, lang).await?;
    let zone = insight.lake().zone();
    Ok(Around {
        title: lang.pick(report.title.0, report.title.1).to_owned(),
        about: format!(
            "{}{}",
            lang.pick("口径：", "What counts: "),
            lang.pick(report.about.0, report.about.1)
        ),
        period,
        filters: if filters.is_empty() {
            filters
        } else {
            format!("{}{filters}", lang.pick("筛选：", "Filters: "))
        },
        made: format!(
            "{}{}　{}{}",
            lang.pick("制表人：", "Made by "),
            by.name,
            lang.pick("制表时间：", "at "),
            kernel::http::local_time(zone.name(), insight.kit().now().0)
        ),
        offset_ms: question.period.offset_ms(zone),
    })
}

/// Lists what stands behind a number: orders that the reader may open, or calls.
#[utoipa::path(
    get, path = "/reports/{id}/rows", operation_id = "list_report_rows", tag = "reports",
    params(("id" = String, Path, description = "The report"), ReportQuery),
    responses(
        (status = 200, description = "Orders or calls", body = ReportRows),
        (status = 422, description = "Something is asked that does not exist", body = ProblemBody),
    )
)]
async fn list_report_rows(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Query(query): Query<ReportQuery>,
) -> HttpResult<Json<ReportRows>> {
    let reach = by.require("report.read")?;
    let report = known(&id)?;
    if report.table == "calls" {
        // Lines of calls name agents and times: whoever may not read calls is told numbers only.
        by.require("call.read")?;
    }
    let question = query.question(&insight, report).await?;
    let measure = match query.measure.as_deref() {
        None | Some("") => None,
        Some(id) => Some(measure::find(report.table, id).ok_or_else(Problem::not_found)?),
    };
    let drill = Drill {
        cell: Question::conditions(question.table, query.cell.as_deref().unwrap_or_default())?,
        measure,
        skip: query.skip.unwrap_or(0).min(BEHIND_MAX),
        take: query.limit.unwrap_or(20).clamp(1, 100),
    };
    let drilled = insight.drill(&by, reach, &question, &drill, ctx.lang).await?;
    let (status, unit) = (dimension::find("orders", "status"), dimension::find("orders", "unit"));
    let mut names = Names::new(insight.sources(), ctx.lang);
    let mut cases = Vec::with_capacity(drilled.cases.len());
    for line in drilled.cases {
        let status = match status {
            Some(one) => names.name(one, &line.status).await?,
            None => line.status,
        };
        let unit = match (unit, line.unit_id) {
            (Some(one), Some(id)) => names.name(one, &id).await?,
            _ => String::new(),
        };
        cases.push(ReportCase {
            id: line.id,
            number: line.number,
            title: line.title,
            status,
            unit,
            created_at: line.created_at,
        });
    }
    let calls = drilled
        .calls
        .into_iter()
        .map(|call| ReportCall {
            id: call.id,
            started_at: call.started_at,
            agent: call.agent,
            result: call.result,
            waited_ms: call.waited_ms,
            talked_ms: call.talked_ms,
        })
        .collect();
    Ok(Json(ReportRows { total: drilled.total, cases, calls, hidden: drilled.hidden }))
}
