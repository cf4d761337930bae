//! `GET /successions/{unit_id}`: how far what a dissolved unit had has been handed over.

use axum::extract::State;
use kernel::HttpResult;
use kernel::http::{Auth, Json, Path};
use kernel::problem::ProblemBody;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(get_succession))
}

/// How far a dissolved unit has been handed over.
#[derive(Serialize, ToSchema)]
struct SuccessionView {
    /// The unit.
    unit_id: String,
    /// Who takes over.
    successor_id: Option<String>,
    /// Whether everything has been handed over.
    done: bool,
    /// Orders that were handed over.
    moved: i64,
    /// Orders that are left.
    left: i64,
    /// The version of the dispatch catalogue that names the successor.
    catalogue_version: Option<i64>,
    /// When the unit was dissolved.
    dissolved_at: i64,
    /// When all had been handed over.
    done_at: Option<i64>,
}

/// Tells how far what a dissolved unit had has been handed over.
#[utoipa::path(
    get, path = "/successions/{unit_id}", operation_id = "get_succession", tag = "units",
    params(("unit_id" = String, Path, description = "The dissolved unit")),
    responses(
        (status = 200, description = "How far it is", body = SuccessionView),
        (status = 404, description = "The unit was not dissolved", body = ProblemBody),
    )
)]
async fn get_succession(
    State(cases): State<Cases>,
    Auth(by): Auth,
    Path(unit_id): Path<String>,
) -> HttpResult<Json<SuccessionView>> {
    by.require("unit.write")?;
    let (row, left) = cases.succession(&unit_id).await?;
    Ok(Json(SuccessionView {
        unit_id: row.unit_id,
        successor_id: row.successor_id,
        done: row.state == "done",
        moved: row.moved,
        left,
        catalogue_version: row.catalogue_version,
        dissolved_at: row.dissolved_at,
        done_at: row.done_at,
    }))
}
