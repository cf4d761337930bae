//! `POST /cases/{id}/dispatch`.

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
    OpenApiRouter::new().routes(routes!(dispatch_case))
}

/// Whom the order is given to.
#[derive(Debug, Deserialize, ToSchema)]
struct DispatchRequest {
    /// The version that was read.
    version: i64,
    /// The unit in charge.
    unit_id: String,
    /// Units that help, at most 10.
    #[serde(default)]
    co_units: Vec<String>,
    /// What the unit is asked to do.
    #[serde(default)]
    opinion: String,
}

/// Gives an order to a unit (派单).
#[utoipa::path(
    post, path = "/cases/{id}/dispatch", operation_id = "dispatch_case", tag = "cases",
    params(("id" = String, Path, description = "The order")),
    request_body = DispatchRequest,
    responses(
        (status = 200, description = "The order afterwards", body = CaseView),
        (status = 409, description = "Somebody was faster, or the order is at another step", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn dispatch_case(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<DispatchRequest>,
) -> HttpResult<Json<CaseView>> {
    let (id, opinion) = (id.into(), body.opinion.as_str());
    let case = cases.dispatch(&ctx, &by, &id, body.version, &body.unit_id, &body.co_units, opinion).await?;
    Ok(Json(cases.view(&ctx, &by, case).await?))
}
