//! `POST /cases/{id}/supervision` insists, `/supervision/reply` answers, `/supervision/evaluation` evaluates; for
//! several orders at once `POST /cases/urges` and `POST /cases/supervisions`.

use axum::extract::State;
use contract::cases::CaseId;
use kernel::http::{Auth, Json, ReqCtx};
use kernel::{HttpResult, Lang, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::operation::{TextRequest, operation};
use crate::Cases;
use crate::case::supervision::{Evaluation, Supervision};
use crate::error::CaseError;

/// So many orders at once.
const BULK_MAX: usize = 200;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new()
        .routes(routes!(supervise_case))
        .routes(routes!(reply_to_supervision))
        .routes(routes!(evaluate_supervision))
        .routes(routes!(urge_cases))
        .routes(routes!(supervise_cases))
}

/// What is insisted on.
#[derive(Debug, Deserialize, ToSchema)]
struct SupervisionRequest {
    /// The version that was read.
    version: i64,
    /// The opinion.
    #[serde(default)]
    opinion: String,
    /// Working days for the answer; the city's rule when absent.
    #[serde(default)]
    days: Option<i64>,
}

/// What came of it.
#[derive(Debug, Deserialize, ToSchema)]
struct EvaluationRequest {
    /// The version that was read.
    version: i64,
    /// Which supervision; the latest answered one when absent.
    #[serde(default)]
    errand_id: Option<String>,
    /// Whether the answer is good.
    #[serde(default)]
    good: bool,
    /// Why; required when it is not.
    #[serde(default)]
    opinion: String,
}

/// Several orders, and what is said to all of them.
#[derive(Debug, Deserialize, ToSchema)]
struct BulkRequest {
    /// The orders, 1 to 200.
    #[serde(default)]
    ids: Vec<String>,
    /// What is said.
    #[serde(default)]
    text: String,
}

/// What became of one order of several.
#[derive(Debug, Serialize, ToSchema)]
struct BulkResult {
    /// The order.
    id: String,
    /// Its number, for those who may know it.
    number: Option<String>,
    /// Whether it was done.
    done: bool,
    /// Why not.
    detail: Option<String>,
}

operation!(
    /// Supervises the unit in charge (督办).
    supervise_case, "/cases/{id}/supervision", SupervisionRequest,
    |cases, ctx, by, id, body| {
        let wish = Supervision { opinion: body.opinion, days: body.days };
        cases.supervise(&ctx, &by, &id, body.version, &wish).await
    }
);

operation!(
    /// Answers a supervision (督办回复).
    reply_to_supervision, "/cases/{id}/supervision/reply", TextRequest,
    |cases, ctx, by, id, body| cases.reply_supervision(&ctx, &by, &id, body.version, &body.text).await
);

operation!(
    /// Evaluates the answer to a supervision (督办评价).
    evaluate_supervision, "/cases/{id}/supervision/evaluation", EvaluationRequest,
    |cases, ctx, by, id, body| {
        let evaluation = Evaluation { errand_id: body.errand_id, good: body.good, opinion: body.opinion };
        cases.evaluate_supervision(&ctx, &by, &id, body.version, &evaluation).await
    }
);

fn checked(body: &BulkRequest) -> Result<(), Problem> {
    if (1..=BULK_MAX).contains(&body.ids.len()) {
        return Ok(());
    }
    Err(Problem::invalid().field(
        "ids",
        "out_of_range",
        "请选择 1 至 200 件工单。",
        "Choose 1 to 200 orders.",
    ))
}

fn outcome(id: String, result: Result<crate::case::Case, CaseError>, lang: Lang) -> BulkResult {
    match result {
        Ok(case) => BulkResult { id, number: Some(case.number), done: true, detail: None },
        Err(error) => {
            let problem: Problem = error.into();
            BulkResult { id, number: None, done: false, detail: Some(problem.detail(lang).to_owned()) }
        }
    }
}

/// Urges the units of several orders (批量催办); each order has its own result.
#[utoipa::path(
    post, path = "/cases/urges", operation_id = "urge_cases", tag = "cases", request_body = BulkRequest,
    responses((status = 200, description = "What became of each order", body = Vec<BulkResult>))
)]
async fn urge_cases(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<BulkRequest>,
) -> HttpResult<Json<Vec<BulkResult>>> {
    by.require("case.urge")?;
    checked(&body)?;
    let mut results = Vec::with_capacity(body.ids.len());
    for id in body.ids {
        let result = cases.urge(&ctx, &by, &CaseId(id.clone()), &body.text).await;
        results.push(outcome(id, result, ctx.lang));
    }
    Ok(Json(results))
}

/// Supervises the units of several orders (批量督办); each order has its own result.
#[utoipa::path(
    post, path = "/cases/supervisions", operation_id = "supervise_cases", tag = "cases", request_body = BulkRequest,
    responses((status = 200, description = "What became of each order", body = Vec<BulkResult>))
)]
async fn supervise_cases(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<BulkRequest>,
) -> HttpResult<Json<Vec<BulkResult>>> {
    by.require("case.supervise")?;
    checked(&body)?;
    let wish = Supervision { opinion: body.text, days: None };
    let mut results = Vec::with_capacity(body.ids.len());
    for id in body.ids {
        let case_id = CaseId(id.clone());
        let result = match cases.read(&by, &case_id).await {
            Ok(case) => cases.supervise(&ctx, &by, &case_id, case.version, &wish).await,
            Err(error) => Err(error),
        };
        results.push(outcome(id, result, ctx.lang));
    }
    Ok(Json(results))
}
