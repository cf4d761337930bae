//! `POST /cases/{id}/result-review`.

use axum::extract::State;
use kernel::HttpResult;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::case::result_review::ResultReview;
use crate::http::view::CaseView;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(review_case_result))
}

/// What the centre decided.
#[derive(Debug, Deserialize, ToSchema)]
struct ResultReviewRequest {
    /// The version that was read.
    version: i64,
    /// `pass`, or `back` to the unit.
    decision: ResultDecision,
    /// Why; required when it goes back.
    #[serde(default)]
    opinion: String,
}

#[derive(Debug, Deserialize, ToSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum ResultDecision {
    Pass,
    Back,
}

/// Approves a unit's result, or gives it back (结果审核).
#[utoipa::path(
    post, path = "/cases/{id}/result-review", operation_id = "review_case_result", tag = "cases",
    params(("id" = String, Path, description = "The order")),
    request_body = ResultReviewRequest,
    responses(
        (status = 200, description = "The order afterwards", body = CaseView),
        (status = 409, description = "Somebody was faster, or the order is at another step", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn review_case_result(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<ResultReviewRequest>,
) -> HttpResult<Json<CaseView>> {
    let review = ResultReview { pass: body.decision == ResultDecision::Pass, opinion: body.opinion };
    let case = cases.review_result(&ctx, &by, &id.into(), body.version, &review).await?;
    Ok(Json(cases.view(&ctx, &by, case).await?))
}
