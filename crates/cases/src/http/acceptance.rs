//! `POST /cases/{id}/acceptance`.

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
    OpenApiRouter::new().routes(routes!(accept_case))
}

/// The order as it was read.
#[derive(Debug, Deserialize, ToSchema)]
struct AcceptanceRequest {
    /// The version that was read.
    version: i64,
}

/// Accepts an order for the unit in charge (签收).
#[utoipa::path(
    post, path = "/cases/{id}/acceptance", operation_id = "accept_case", tag = "cases",
    params(("id" = String, Path, description = "The order")),
    request_body = AcceptanceRequest,
    responses(
        (status = 200, description = "The order afterwards", body = CaseView),
        (status = 409, description = "Somebody was faster, or the order is at another step", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn accept_case(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<AcceptanceRequest>,
) -> HttpResult<Json<CaseView>> {
    let case = cases.accept(&ctx, &by, &id.into(), body.version).await?;
    Ok(Json(cases.view(&ctx, &by, case).await?))
}
