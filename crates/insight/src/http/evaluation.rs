//! `/evaluations`: how units did in a month, what counts against them, weights, closing.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use kernel::http::{Auth, Cell, Json, Path, Query, ReqCtx, Response, download_workbook};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Lang, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Insight;
use crate::error::InsightError;
use crate::evaluation::{Against, Rate, Weights};
use crate::store::evaluation::Evaluated;

pub(super) fn routes() -> OpenApiRouter<Insight> {
    OpenApiRouter::new()
        .routes(routes!(show_evaluation))
        .routes(routes!(export_evaluation))
        .routes(routes!(list_counted_against))
        .routes(routes!(close_evaluation, open_evaluation))
        .routes(routes!(show_evaluation_weights, set_evaluation_weights))
}

/// What counts how much.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
struct EvaluationWeights {
    /// Of the response rate in the score.
    response: f64,
    /// Of the solution rate.
    solution: f64,
    /// Of the satisfaction rate.
    satisfaction: f64,
    /// How much an order of a tier counts; 1 where nothing is said.
    tiers: BTreeMap<String, f64>,
    /// For optimistic locking.
    #[serde(default)]
    version: i64,
}

impl EvaluationWeights {
    fn of(weights: Weights, version: i64) -> Self {
        Self {
            response: weights.response,
            solution: weights.solution,
            satisfaction: weights.satisfaction,
            tiers: weights.tiers,
            version,
        }
    }

    fn into_weights(self) -> Weights {
        Weights {
            response: self.response,
            solution: self.solution,
            satisfaction: self.satisfaction,
            tiers: self.tiers,
        }
    }
}

/// Other weights to try (what-if), without setting them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct EvaluationQuery {
    /// Of the response rate.
    response: Option<f64>,
    /// Of the solution rate.
    solution: Option<f64>,
    /// Of the satisfaction rate.
    satisfaction: Option<f64>,
    /// Of tiers, such as `2h:1.5,24h:1.2`.
    tiers: Option<String>,
}

/// A rate with what is behind it.
#[derive(Serialize, ToSchema)]
struct EvaluationRate {
    /// 0 to 1; absent when nothing counts.
    share: Option<f64>,
    /// Weights of those that did well.
    part: f64,
    /// Weights of all that count.
    whole: f64,
}

impl From<Rate> for EvaluationRate {
    fn from(rate: Rate) -> Self {
        Self { share: rate.share(), part: rate.part, whole: rate.whole }
    }
}

/// A unit's month.
#[derive(Serialize, ToSchema)]
struct UnitEvaluation {
    unit_id: String,
    unit: String,
    /// Orders that count.
    orders: i64,
    struck_out: i64,
    response: EvaluationRate,
    solution: EvaluationRate,
    satisfaction: EvaluationRate,
    /// 0 to 100; absent when nothing counts.
    score: Option<f64>,
    /// `excellent`, `good`, `fair`, `poor`, `none`.
    grade: String,
    /// By the number of orders: `large`, `middle`, `small`.
    class: String,
}

/// A month.
#[derive(Serialize, ToSchema)]
struct EvaluationView {
    month: String,
    units: Vec<UnitEvaluation>,
    weights: EvaluationWeights,
    /// Whether these are other weights than those in force.
    tried: bool,
    /// When it was closed, epoch milliseconds.
    closed_at: Option<i64>,
    closed_by: Option<String>,
}

/// An order that counts against a unit.
#[derive(Serialize, ToSchema)]
struct CountedCase {
    id: String,
    number: String,
    title: String,
    created_at: i64,
}

/// Orders that count against a unit.
#[derive(Serialize, ToSchema)]
struct CountedAgainst {
    /// All of them; only those that the reader may open are listed, at most 200.
    total: i64,
    cases: Vec<CountedCase>,
}

/// Which orders are asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AgainstQuery {
    /// The unit.
    unit_id: String,
    /// `response`, `solution`, `satisfaction`.
    rate: String,
}

impl EvaluationQuery {
    /// Returns the weights to use, and whether they are others than those in force.
    fn weights(&self, in_force: &Weights) -> HttpResult<(Weights, bool)> {
        let mut weights = in_force.clone();
        weights.response = self.response.unwrap_or(weights.response);
        weights.solution = self.solution.unwrap_or(weights.solution);
        weights.satisfaction = self.satisfaction.unwrap_or(weights.satisfaction);
        if let Some(text) = self.tiers.as_deref().filter(|text| !text.is_empty()) {
            let read = text.split(',').map(|part| {
                let (tier, weight) = part.split_once(':')?;
                Some((tier.to_owned(), weight.parse::<f64>().ok()?))
            });
            weights.tiers = read.collect::<Option<_>>().ok_or_else(|| {
                InsightError::question(
                    "tiers",
                    "时限档权重格式如 2h:1.5,24h:1.2。",
                    "Weights of tiers look like 2h:1.5,24h:1.2.",
                )
            })?;
        }
        weights.check()?;
        let tried = weights != *in_force;
        Ok((weights, tried))
    }
}

fn view(one: Evaluated, weights: &Weights) -> UnitEvaluation {
    UnitEvaluation {
        score: one.month.score(weights),
        grade: one.month.grade(weights).code().to_owned(),
        class: one.month.class().to_owned(),
        unit_id: one.unit_id,
        unit: one.unit_name,
        orders: one.month.orders,
        struck_out: one.month.struck_out,
        response: one.month.response.into(),
        solution: one.month.solution.into(),
        satisfaction: one.month.satisfaction.into(),
    }
}

async fn read(
    insight: &Insight,
    by: &kernel::Principal,
    month: &str,
    query: &EvaluationQuery,
) -> HttpResult<EvaluationView> {
    let reach = by.require("report.read")?;
    let closed = insight.closed_month(month).await?;
    let (in_force, version) = match &closed {
        // A closed month is shown with the weights that it was closed with.
        Some(closed) => (serde_json::from_str(&closed.weights).unwrap_or_default(), 0),
        None => insight.weights().await?,
    };
    let (weights, tried) = query.weights(&in_force)?;
    let units = insight.evaluation(by, reach, month, &weights).await?;
    Ok(EvaluationView {
        month: month.to_owned(),
        units: units.into_iter().map(|one| view(one, &weights)).collect(),
        weights: EvaluationWeights::of(weights, version),
        tried,
        closed_at: closed.as_ref().map(|closed| closed.closed_at),
        closed_by: closed.map(|closed| closed.closed_by_name),
    })
}

/// Shows how units did in a month, within the reader's scope.
#[utoipa::path(
    get, path = "/evaluations/{month}", operation_id = "show_evaluation", tag = "reports",
    params(("month" = String, Path, description = "Such as 2026-11"), EvaluationQuery),
    responses(
        (status = 200, description = "The month", body = EvaluationView),
        (status = 422, description = "No such month, or weights that make no sense", body = ProblemBody),
    )
)]
async fn show_evaluation(
    State(insight): State<Insight>,
    Auth(by): Auth,
    Path(month): Path<String>,
    Query(query): Query<EvaluationQuery>,
) -> HttpResult<Json<EvaluationView>> {
    Ok(Json(read(&insight, &by, &month, &query).await?))
}

/// Downloads a month as an Excel file.
#[utoipa::path(
    get, path = "/evaluations/{month}/file", operation_id = "export_evaluation", tag = "reports",
    params(("month" = String, Path, description = "Such as 2026-11"), EvaluationQuery),
    responses((status = 200, description = "An Excel file", body = String, content_type = "application/octet-stream"))
)]
async fn export_evaluation(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(month): Path<String>,
    Query(query): Query<EvaluationQuery>,
) -> HttpResult<Response> {
    let month = read(&insight, &by, &month, &query).await?;
    let lang = ctx.lang;
    let number = |value: Option<f64>| value.map_or(Cell::Empty, Cell::Number);
    let percent = |rate: &EvaluationRate| number(rate.share.map(|share| (share * 1000.0).round() / 10.0));
    let rows = month.units.iter().map(|one| {
        vec![
            Cell::from(one.unit.as_str()),
            Cell::from(name_of(&one.class, lang)),
            Cell::from(one.orders),
            Cell::from(one.struck_out),
            percent(&one.response),
            percent(&one.solution),
            percent(&one.satisfaction),
            number(one.score.map(|score| (score * 10.0).round() / 10.0)),
            Cell::from(name_of(&one.grade, lang)),
        ]
    });
    let head = match lang {
        Lang::Zh => vec![
            "单位",
            "规模",
            "考核工单",
            "剔除",
            "响应率（%）",
            "解决率（%）",
            "满意率（%）",
            "得分",
            "等次",
        ],
        Lang::En => vec![
            "Unit",
            "Size",
            "Orders",
            "Struck out",
            "Response (%)",
            "Solution (%)",
            "Satisfaction (%)",
            "Score",
            "Grade",
        ],
    };
    let rows = rows.collect();
    download_workbook("evaluation", head, rows).await
}

fn name_of(code: &str, lang: Lang) -> &'static str {
    match code {
        "large" => lang.pick("工单量大", "large"),
        "middle" => lang.pick("工单量中", "middle"),
        "small" => lang.pick("工单量小", "small"),
        "excellent" => lang.pick("优秀", "excellent"),
        "good" => lang.pick("良好", "good"),
        "fair" => lang.pick("合格", "fair"),
        "poor" => lang.pick("需改进", "needs improvement"),
        _ => lang.pick("不评", "not judged"),
    }
}

/// Lists orders that count against a unit, so that it can look at them and apply for a strike-out.
#[utoipa::path(
    get, path = "/evaluations/{month}/cases", operation_id = "list_counted_against", tag = "reports",
    params(("month" = String, Path, description = "Such as 2026-11"), AgainstQuery),
    responses((status = 200, description = "The orders", body = CountedAgainst))
)]
async fn list_counted_against(
    State(insight): State<Insight>,
    Auth(by): Auth,
    Path(month): Path<String>,
    Query(query): Query<AgainstQuery>,
) -> HttpResult<Json<CountedAgainst>> {
    let reach = by.require("report.read")?;
    let against = Against::parse(&query.rate).ok_or_else(Problem::not_found)?;
    let (total, lines) = insight.counted_against(&by, reach, &month, &query.unit_id, against).await?;
    let cases = lines
        .into_iter()
        .map(|line| CountedCase {
            id: line.id,
            number: line.number,
            title: line.title,
            created_at: line.created_at,
        })
        .collect();
    Ok(Json(CountedAgainst { total, cases }))
}

/// Closes a month that is over.
#[utoipa::path(
    post, path = "/evaluations/{month}/closing", operation_id = "close_evaluation", tag = "reports",
    params(("month" = String, Path, description = "Such as 2026-11")),
    responses(
        (status = 204, description = "It is closed"),
        (status = 409, description = "It was closed before", body = ProblemBody),
        (status = 422, description = "It is not over", body = ProblemBody),
    )
)]
async fn close_evaluation(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(month): Path<String>,
) -> HttpResult<StatusCode> {
    by.require("evaluation.close")?;
    insight.close_month(&ctx, &by, &month).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Opens a closed month again.
#[utoipa::path(
    delete, path = "/evaluations/{month}/closing", operation_id = "open_evaluation", tag = "reports",
    params(("month" = String, Path, description = "Such as 2026-11")),
    responses(
        (status = 204, description = "It is open"),
        (status = 404, description = "It is not closed", body = ProblemBody),
    )
)]
async fn open_evaluation(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(month): Path<String>,
) -> HttpResult<StatusCode> {
    by.require("evaluation.close")?;
    insight.open_month(&ctx, &month).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Shows the weights in force.
#[utoipa::path(
    get, path = "/evaluation-weights", operation_id = "show_evaluation_weights", tag = "reports",
    responses((status = 200, description = "The weights", body = EvaluationWeights))
)]
async fn show_evaluation_weights(
    State(insight): State<Insight>,
    Auth(by): Auth,
) -> HttpResult<Json<EvaluationWeights>> {
    by.require("report.read")?;
    let (weights, version) = insight.weights().await?;
    Ok(Json(EvaluationWeights::of(weights, version)))
}

/// Sets the weights.
#[utoipa::path(
    put, path = "/evaluation-weights", operation_id = "set_evaluation_weights", tag = "reports",
    request_body = EvaluationWeights,
    responses(
        (status = 200, description = "The weights", body = EvaluationWeights),
        (status = 409, description = "Somebody was faster", body = ProblemBody),
        (status = 422, description = "They make no sense", body = ProblemBody),
    )
)]
async fn set_evaluation_weights(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<EvaluationWeights>,
) -> HttpResult<Json<EvaluationWeights>> {
    by.require("evaluation.close")?;
    let version = body.version;
    insight.set_weights(&ctx, &body.into_weights(), version).await?;
    let (weights, version) = insight.weights().await?;
    Ok(Json(EvaluationWeights::of(weights, version)))
}
