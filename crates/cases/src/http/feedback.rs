//! `POST /cases/{id}/feedback`.

use axum::extract::State;
use kernel::HttpResult;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::case::feedback::Feedback;
use crate::http::view::CaseView;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(report_case_result))
}

/// What the unit reports.
#[derive(Debug, Deserialize, ToSchema)]
struct FeedbackRequest {
    /// The version that was read.
    version: i64,
    /// The result, in words that the citizen will read.
    result: String,
    /// Whether the unit spoke with the citizen.
    #[serde(default)]
    contacted: bool,
    /// Whether the unit does not wait for helpers who have not answered.
    #[serde(default)]
    without_helpers: bool,
}

/// Reports a unit's result to the centre (办理反馈).
#[utoipa::path(
    post, path = "/cases/{id}/feedback", operation_id = "report_case_result", tag = "cases",
    params(("id" = String, Path, description = "The order")),
    request_body = FeedbackRequest,
    responses(
        (status = 200, description = "The order afterwards", body = CaseView),
        (status = 409, description = "Somebody was faster, or the order is at another step", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn report_case_result(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<FeedbackRequest>,
) -> HttpResult<Json<CaseView>> {
    let feedback =
        Feedback { result: body.result, contacted: body.contacted, without_helpers: body.without_helpers };
    let case = cases.give_feedback(&ctx, &by, &id.into(), body.version, &feedback).await?;
    Ok(Json(cases.view(&ctx, &by, case).await?))
}
