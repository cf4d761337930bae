//! `POST /cases/{id}/urge`.

use axum::extract::State;
use kernel::HttpResult;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::http::view::CaseView;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(urge_case))
}

/// What the unit is told.
#[derive(Debug, Deserialize, ToSchema)]
struct UrgeRequest {
    /// The text.
    text: String,
}

/// Asks the unit in charge for more speed (催办).
#[utoipa::path(
    post, path = "/cases/{id}/urge", operation_id = "urge_case", tag = "cases",
    params(("id" = String, Path, description = "The order")),
    request_body = UrgeRequest,
    responses(
        (status = 200, description = "The order afterwards", body = CaseView),
        (status = 409, description = "Somebody was faster, or the order is at another step", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn urge_case(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<UrgeRequest>,
) -> HttpResult<Json<CaseView>> {
    let case = cases.urge(&ctx, &by, &id.into(), &body.text).await?;
    Ok(Json(cases.view(&ctx, &by, case).await?))
}
