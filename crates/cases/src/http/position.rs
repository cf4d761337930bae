//! `POST /cases/{id}/position`.

use axum::extract::State;
use kernel::HttpResult;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::case::position::Position;
use crate::http::view::CaseView;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(locate_case))
}

/// Where the clerk stands.
#[derive(Debug, Deserialize, ToSchema)]
struct PositionRequest {
    /// The version that was read.
    version: i64,
    /// Longitude in degrees.
    #[serde(default)]
    lng: f64,
    /// Latitude in degrees.
    #[serde(default)]
    lat: f64,
    /// How far off it may be, in metres.
    #[serde(default)]
    accuracy_m: Option<f64>,
}

/// Puts an order where the clerk stands (现场定位).
#[utoipa::path(
    post, path = "/cases/{id}/position", operation_id = "locate_case", tag = "cases",
    params(("id" = String, Path, description = "The order")),
    request_body = PositionRequest,
    responses(
        (status = 200, description = "The order afterwards", body = CaseView),
        (status = 409, description = "Somebody was faster, or the order is at another step", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn locate_case(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<PositionRequest>,
) -> HttpResult<Json<CaseView>> {
    let position = Position { lng: body.lng, lat: body.lat, accuracy_m: body.accuracy_m };
    let case = cases.locate(&ctx, &by, &id.into(), body.version, position).await?;
    Ok(Json(cases.view(&ctx, &by, case).await?))
}
