//! `POST /cases/{id}/return-visit`.

use axum::extract::State;
use kernel::HttpResult;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::case::return_visit::ReturnVisit;
use crate::http::view::CaseView;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(visit_case_citizen))
}

/// What the citizen said.
#[derive(Debug, Deserialize, ToSchema)]
struct ReturnVisitRequest {
    /// The version that was read.
    version: i64,
    /// Whether the citizen was reached.
    reached: bool,
    /// Stars, 1 to 5; required when reached, unless the citizen has rated before.
    #[serde(default)]
    satisfied: Option<i64>,
    /// What the citizen said.
    #[serde(default)]
    comment: String,
}

/// Writes a return visit down (回访).
#[utoipa::path(
    post, path = "/cases/{id}/return-visit", operation_id = "visit_case_citizen", tag = "cases",
    params(("id" = String, Path, description = "The order")),
    request_body = ReturnVisitRequest,
    responses(
        (status = 200, description = "The order afterwards", body = CaseView),
        (status = 409, description = "Somebody was faster, or the order is at another step", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn visit_case_citizen(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<ReturnVisitRequest>,
) -> HttpResult<Json<CaseView>> {
    let visit = ReturnVisit { reached: body.reached, satisfied: body.satisfied, comment: body.comment };
    let case = cases.visit(&ctx, &by, &id.into(), body.version, &visit).await?;
    Ok(Json(cases.view(&ctx, &by, case).await?))
}
