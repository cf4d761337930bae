//! `/problem-report`: hot and hard matters with the months of their peaks, and units' solving strength by month.

use axum::extract::State;
use chrono::NaiveDate;
use contract::identity::UnitId;
use kernel::http::{Auth, Json, Query, ReqCtx, Response};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Lang, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Insight;
use crate::error::InsightError;
use crate::fact::ORDERS;
use crate::problems::{self, Asked, MONTHS, Matter, STRENGTHS};
use crate::report::dimension;
use crate::report::question::Question;

pub(super) fn routes() -> OpenApiRouter<Insight> {
    OpenApiRouter::new().routes(routes!(show_problem_report)).routes(routes!(export_problem_report))
}

/// What is asked.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct ProblemQuery {
    /// The last month, such as 2026-11; the present one when absent.
    month: Option<String>,
    /// So many months, 2 to 24; 6 when absent.
    months: Option<u32>,
    /// The unit in charge, or one below.
    unit_id: Option<String>,
    /// Conditions on orders, as reports take them.
    r#where: Option<String>,
}

/// A hot or a hard matter.
#[derive(Serialize, ToSchema)]
struct ProblemMatter {
    id: String,
    name: String,
    orders: f64,
    /// Orders of each month.
    months: Vec<f64>,
    /// The month with most of them, such as 2026-03.
    peak: String,
    overdue: f64,
    reopened: f64,
    median_hours: Option<f64>,
    satisfaction: Option<f64>,
}

/// How strongly a unit solves.
#[derive(Serialize, ToSchema)]
struct ProblemSolver {
    id: String,
    name: String,
    orders: f64,
    /// For each measure its share in each month.
    months: Vec<Vec<Option<f64>>>,
    /// For each measure its share over all months.
    whole: Vec<Option<f64>>,
    /// For each measure the difference between the first month that has one and the last; the present month is left out.
    change: Vec<Option<f64>>,
}

/// A measure of solving strength.
#[derive(Serialize, ToSchema)]
struct ProblemStrength {
    id: String,
    name: String,
    about: String,
}

/// The report.
#[derive(Serialize, ToSchema)]
struct ProblemReport {
    from: String,
    to: String,
    /// The months, such as 2026-03.
    months: Vec<String>,
    /// All orders of each month.
    orders: Vec<f64>,
    /// The month with most orders.
    peak: Option<String>,
    hot: Vec<ProblemMatter>,
    hard: Vec<ProblemMatter>,
    measures: Vec<ProblemStrength>,
    units: Vec<ProblemSolver>,
}

fn month(value: i64) -> String {
    format!("{}-{:02}", value / 100, value % 100)
}

impl ProblemQuery {
    async fn asked(&self, insight: &Insight) -> HttpResult<Asked> {
        let last = match self.month.as_deref().filter(|text| !text.is_empty()) {
            None => insight.local_now().date(),
            Some(text) => NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d")
                .ok()
                .filter(|day| (1992..2200).contains(&chrono::Datelike::year(day)))
                .ok_or_else(|| {
                    InsightError::question(
                        "month",
                        "请填写月份，如 2026-11。",
                        "A month is needed, such as 2026-11.",
                    )
                })?,
        };
        let months = self.months.unwrap_or(6);
        if !MONTHS.contains(&months) {
            return Err(
                InsightError::question("months", "月数为 2 到 24。", "Between 2 and 24 months.").into()
            );
        }
        let mut conditions = Question::conditions(&ORDERS, self.r#where.as_deref().unwrap_or_default())?;
        if let Some(id) = self.unit_id.as_deref().filter(|id| !id.is_empty()) {
            let below = insight.sources().directory.units_under(&UnitId(id.to_owned())).await;
            let below = below.map_err(InsightError::Port)?;
            if let Some(unit) = dimension::find(ORDERS.name, "unit") {
                conditions.push((unit, below.into_iter().map(|unit| unit.id.0).collect()));
            }
        }
        Ok(Asked { last, months, conditions })
    }
}

/// Shows hot and hard matters, months of peak and units' solving strength within the reader's scope.
#[utoipa::path(
    get, path = "/problem-report", operation_id = "show_problem_report", tag = "reports", params(ProblemQuery),
    responses(
        (status = 200, description = "The report", body = ProblemReport),
        (status = 422, description = "No such month, or too many", body = ProblemBody),
    )
)]
async fn show_problem_report(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<ProblemQuery>,
) -> HttpResult<Json<ProblemReport>> {
    let reach = by.require("report.read")?;
    let asked = query.asked(&insight).await?;
    let found = insight.problems(&by, reach, &asked, ctx.lang).await?;
    let months: Vec<String> = found.months.iter().map(|value| month(*value)).collect();
    let matter = |one: Matter| ProblemMatter {
        peak: months.get(one.peak).cloned().unwrap_or_default(),
        id: one.id,
        name: one.name,
        orders: one.orders,
        months: one.months,
        overdue: one.overdue,
        reopened: one.reopened,
        median_hours: one.median_hours,
        satisfaction: one.satisfaction,
    };
    let most =
        (0..found.orders.len()).max_by(|left, right| found.orders[*left].total_cmp(&found.orders[*right]));
    let period = asked.period();
    Ok(Json(ProblemReport {
        from: period.from.to_string(),
        to: period.to.to_string(),
        peak: most.filter(|at| found.orders[*at] > 0.0).and_then(|at| months.get(at).cloned()),
        hot: found.hot.into_iter().map(matter).collect(),
        hard: found.hard.into_iter().map(matter).collect(),
        measures: STRENGTHS.iter().filter_map(|id| strength_view(id, ctx.lang)).collect(),
        units: found
            .units
            .into_iter()
            .map(|one| ProblemSolver {
                change: (0..STRENGTHS.len()).map(|at| one.change(at, found.over)).collect(),
                id: one.id,
                name: one.name,
                orders: one.orders,
                months: one.months,
                whole: one.whole,
            })
            .collect(),
        orders: found.orders,
        months,
    }))
}

fn strength_view(id: &str, lang: Lang) -> Option<ProblemStrength> {
    let one = problems::strength(id)?;
    Some(ProblemStrength {
        id: id.to_owned(),
        name: lang.pick(one.name.0, one.name.1).to_owned(),
        about: lang.pick(one.about.0, one.about.1).to_owned(),
    })
}

/// Downloads the report as an Excel file of three sheets.
#[utoipa::path(
    get, path = "/problem-report.xlsx", operation_id = "export_problem_report", tag = "reports", params(ProblemQuery),
    responses((status = 200, description = "An Excel file", body = String, content_type = "application/octet-stream"))
)]
async fn export_problem_report(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<ProblemQuery>,
) -> HttpResult<Response> {
    let reach = by.require("report.read")?;
    let asked = query.asked(&insight).await?;
    let found = insight.problems(&by, reach, &asked, ctx.lang).await?;
    let (period, lang) = (asked.period(), ctx.lang);
    let about = format!("{}{} ~ {}", lang.pick("统计区间：", "Period: "), period.from, period.to);
    let bytes = tokio::task::spawn_blocking(move || problems::write(&found, &about, lang)).await;
    let bytes = bytes.map_err(|error| Problem::from_internal(&error))?;
    let bytes = bytes.map_err(|error| Problem::from_internal(&error))?;
    let kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    Ok(super::file("problem-report.xlsx", kind, bytes))
}
