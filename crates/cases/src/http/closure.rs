//! `POST /cases/{id}/closure` puts an order away, `DELETE` takes it up again.

use axum::extract::State;
use kernel::HttpResult;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::case::closure::Closure;
use crate::http::view::CaseView;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(close_case, reopen_case))
}

/// Why an order is put away, or taken up again.
#[derive(Debug, Deserialize, ToSchema)]
struct ClosureRequest {
    /// The version that was read.
    version: i64,
    /// The reason.
    reason: String,
}

/// Puts a settled order away (办结归档).
#[utoipa::path(
    post, path = "/cases/{id}/closure", operation_id = "close_case", tag = "cases",
    params(("id" = String, Path, description = "The order")),
    request_body = ClosureRequest,
    responses(
        (status = 200, description = "The order afterwards", body = CaseView),
        (status = 409, description = "Somebody was faster, or the order is at another step", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn close_case(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<ClosureRequest>,
) -> HttpResult<Json<CaseView>> {
    let closure = Closure { reason: body.reason };
    let case = cases.close(&ctx, &by, &id.into(), body.version, &closure).await?;
    Ok(Json(cases.view(&ctx, &by, case).await?))
}

/// Takes an order up again (重新办理).
#[utoipa::path(
    delete, path = "/cases/{id}/closure", operation_id = "reopen_case", tag = "cases",
    params(("id" = String, Path, description = "The order")),
    request_body = ClosureRequest,
    responses(
        (status = 200, description = "The order afterwards", body = CaseView),
        (status = 409, description = "Somebody was faster, or the order is at another step", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn reopen_case(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<ClosureRequest>,
) -> HttpResult<Json<CaseView>> {
    let closure = Closure { reason: body.reason };
    let case = cases.reopen(&ctx, &by, &id.into(), body.version, &closure).await?;
    Ok(Json(cases.view(&ctx, &by, case).await?))
}
