//! `GET /portal/order-types` and `GET /portal/order-types/{id}/form`.

use axum::extract::State;
use contract::cases::{CitizenForm, CitizenOrderType};
use kernel::http::{Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Problem};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{Portal, failed, source};

pub(crate) fn routes() -> OpenApiRouter<Portal> {
    OpenApiRouter::new().routes(routes!(list_portal_order_types)).routes(routes!(get_portal_order_form))
}

/// Lists the kinds of matters that have a form of their own.
#[utoipa::path(
    get, path = "/portal/order-types", operation_id = "list_portal_order_types", tag = "portal",
    responses((status = 200, description = "The kinds of matters", body = Vec<CitizenOrderType>))
)]
async fn list_portal_order_types(
    State(portal): State<Portal>,
    ReqCtx(ctx): ReqCtx,
) -> HttpResult<Json<Vec<CitizenOrderType>>> {
    Ok(Json(portal.0.desk.order_types(ctx.lang).await.map_err(failed)?))
}

/// Shows the form of a kind of matter.
#[utoipa::path(
    get, path = "/portal/order-types/{id}/form", operation_id = "get_portal_order_form", tag = "portal",
    params(("id" = String, Path, description = "The kind of matter")),
    responses(
        (status = 200, description = "The form", body = CitizenForm),
        (status = 404, description = "There is none", body = ProblemBody),
        (status = 429, description = "Too often", body = ProblemBody),
    )
)]
async fn get_portal_order_form(
    State(portal): State<Portal>,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<Json<CitizenForm>> {
    portal.0.requests.take(source(&ctx), ctx.now)?;
    portal.0.desk.order_form(&ctx, &id).await?.map(Json).ok_or_else(Problem::not_found)
}
