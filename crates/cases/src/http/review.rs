//! `POST /cases/{id}/review`.

use axum::extract::State;
use kernel::HttpResult;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::case::review::Review;
use crate::http::view::CaseView;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(review_case))
}

/// What the shift leader decided.
#[derive(Debug, Deserialize, ToSchema)]
struct ReviewRequest {
    /// The version that was read.
    version: i64,
    /// `pass` to the dispatcher, or `reject` to the writer.
    decision: ReviewDecision,
    /// Why; required for a rejection.
    #[serde(default)]
    opinion: String,
}

#[derive(Debug, Deserialize, ToSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum ReviewDecision {
    Pass,
    Reject,
}

/// Reviews a fresh order (班长审核).
#[utoipa::path(
    post, path = "/cases/{id}/review", operation_id = "review_case", tag = "cases",
    params(("id" = String, Path, description = "The order")),
    request_body = ReviewRequest,
    responses(
        (status = 200, description = "The order afterwards", body = CaseView),
        (status = 409, description = "Somebody was faster, or the order is at another step", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn review_case(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<ReviewRequest>,
) -> HttpResult<Json<CaseView>> {
    let review = Review { pass: body.decision == ReviewDecision::Pass, opinion: body.opinion };
    let case = cases.review(&ctx, &by, &id.into(), body.version, &review).await?;
    Ok(Json(cases.view(&ctx, &by, case).await?))
}
