//! `POST /cases/{id}/return`.

use axum::extract::State;
use kernel::HttpResult;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::case::sending_back::SendingBack;
use crate::http::view::CaseView;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(return_case))
}

/// Why the unit gives the order back.
#[derive(Debug, Deserialize, ToSchema)]
struct ReturnRequest {
    /// The version that was read.
    version: i64,
    /// The reason.
    reason: String,
}

/// Gives an order back to the centre (退回中心).
#[utoipa::path(
    post, path = "/cases/{id}/return", operation_id = "return_case", tag = "cases",
    params(("id" = String, Path, description = "The order")),
    request_body = ReturnRequest,
    responses(
        (status = 200, description = "The order afterwards", body = CaseView),
        (status = 409, description = "Somebody was faster, or the order is at another step", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn return_case(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<ReturnRequest>,
) -> HttpResult<Json<CaseView>> {
    let sending_back = SendingBack { reason: body.reason };
    let case = cases.send_back(&ctx, &by, &id.into(), body.version, &sending_back).await?;
    Ok(Json(cases.view(&ctx, &by, case).await?))
}
