//! `/map/areas`: districts, streets and cells of the grid.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use geo::crs::Crs;
use geo::geojson::read_areas;
use kernel::HttpResult;
use kernel::http::{Auth, Json, Path, Query, ReqCtx};
use kernel::problem::ProblemBody;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Map;
use crate::area::{Area, AreaKind, FILE_BYTES_MAX, MOST};
use crate::error::MapError;

pub(super) fn routes() -> OpenApiRouter<Map> {
    OpenApiRouter::new()
        .routes(routes!(list_map_areas, add_map_area))
        .routes(routes!(change_map_area, delete_map_area))
        .merge(
            OpenApiRouter::new()
                .routes(routes!(import_map_areas))
                .layer(DefaultBodyLimit::max(FILE_BYTES_MAX + 4096)),
        )
}

/// Which areas.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AreaQuery {
    /// `district`, `street`, `grid`.
    kind: String,
}

/// How a file of areas is taken.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AreaFileQuery {
    /// `district`, `street`, `grid`.
    kind: String,
    /// The system of the file: `cgcs2000`, `wgs84`, `gcj02`, `bd09`.
    crs: Option<String>,
    /// Whether the areas of this kind that are there go first.
    #[serde(default)]
    replace: bool,
}

/// An area.
#[derive(Serialize, ToSchema)]
struct AreaView {
    id: String,
    kind: String,
    code: String,
    name: String,
    /// Edges as the coordinates of a GeoJSON MultiPolygon, in CGCS2000.
    shape: Vec<Vec<Vec<[f64; 2]>>>,
    version: i64,
}

/// An area to keep.
#[derive(Debug, Deserialize, ToSchema)]
struct AreaRequest {
    /// Of a new one: `district`, `street`, `grid`.
    #[serde(default)]
    kind: String,
    #[serde(default)]
    code: String,
    name: String,
    /// As the coordinates of a GeoJSON MultiPolygon; without it a change keeps the old shape.
    shape: Option<Vec<Vec<Vec<[f64; 2]>>>>,
    /// The version that was read.
    #[serde(default)]
    version: i64,
}

/// The id of what was added.
#[derive(Serialize, ToSchema)]
struct AreaId {
    id: String,
}

/// What a file brought.
#[derive(Serialize, ToSchema)]
struct AreaImport {
    /// Areas of the file.
    added: usize,
    /// Areas of the kind now.
    total: i64,
}

fn kind_of(code: &str) -> Result<AreaKind, MapError> {
    AreaKind::parse(code)
        .ok_or_else(|| MapError::field("kind", "没有这类区域。", "There is no such kind of area."))
}

/// Lists the areas of a kind.
#[utoipa::path(
    get, path = "/map/areas", operation_id = "list_map_areas", tag = "map", params(AreaQuery),
    responses(
        (status = 200, description = "The areas", body = Vec<AreaView>),
        (status = 422, description = "No such kind", body = ProblemBody),
    )
)]
async fn list_map_areas(
    State(map): State<Map>,
    Auth(by): Auth,
    Query(query): Query<AreaQuery>,
) -> HttpResult<Json<Vec<AreaView>>> {
    if !by.has("map.write") {
        by.require("map.read")?;
    }
    let areas = map.areas(kind_of(&query.kind)?).await?;
    let view = |area: &Area| AreaView {
        id: area.id.clone(),
        kind: area.kind.code().to_owned(),
        code: area.code.clone(),
        name: area.name.clone(),
        shape: area.areas.clone(),
        version: area.version,
    };
    Ok(Json(areas.iter().map(view).collect()))
}

/// Adds an area that somebody drew.
#[utoipa::path(
    post, path = "/map/areas", operation_id = "add_map_area", tag = "map", request_body = AreaRequest,
    responses(
        (status = 201, description = "It is kept", body = AreaId),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn add_map_area(
    State(map): State<Map>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<AreaRequest>,
) -> HttpResult<(StatusCode, Json<AreaId>)> {
    by.require("map.write")?;
    let kind = kind_of(&body.kind)?;
    let id = kernel::id::new_id();
    let area = Area {
        id: id.clone(),
        kind,
        code: body.code.trim().to_owned(),
        name: body.name.trim().to_owned(),
        areas: body.shape.unwrap_or_default(),
        version: 1,
    };
    map.add_areas(&ctx, kind, &[area], false).await?;
    Ok((StatusCode::CREATED, Json(AreaId { id })))
}

/// Changes an area.
#[utoipa::path(
    put, path = "/map/areas/{id}", operation_id = "change_map_area", tag = "map",
    params(("id" = String, Path, description = "The area")), request_body = AreaRequest,
    responses(
        (status = 204, description = "It is changed"),
        (status = 404, description = "There is no such area", body = ProblemBody),
        (status = 409, description = "Somebody was faster", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn change_map_area(
    State(map): State<Map>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<AreaRequest>,
) -> HttpResult<StatusCode> {
    by.require("map.write")?;
    let known = map.area(&id).await?;
    let area = Area {
        code: body.code.trim().to_owned(),
        name: body.name.trim().to_owned(),
        areas: body.shape.unwrap_or(known.areas),
        version: body.version,
        ..known
    };
    map.change_area(&ctx, &area).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes an area.
#[utoipa::path(
    delete, path = "/map/areas/{id}", operation_id = "delete_map_area", tag = "map",
    params(("id" = String, Path, description = "The area")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such area", body = ProblemBody),
    )
)]
async fn delete_map_area(
    State(map): State<Map>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    by.require("map.write")?;
    map.drop_area(&ctx, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes areas from a GeoJSON file, sent as it is.
#[utoipa::path(
    post, path = "/map/area-files", operation_id = "import_map_areas", tag = "map", params(AreaFileQuery),
    request_body(content = String, content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "They are kept", body = AreaImport),
        (status = 413, description = "The file is too large", body = ProblemBody),
        (status = 422, description = "The file cannot be taken", body = ProblemBody),
    )
)]
async fn import_map_areas(
    State(map): State<Map>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<AreaFileQuery>,
    bytes: Bytes,
) -> HttpResult<Json<AreaImport>> {
    by.require("map.write")?;
    let kind = kind_of(&query.kind)?;
    let crs = Crs::parse(query.crs.as_deref().unwrap_or("cgcs2000"))
        .ok_or_else(|| MapError::field("crs", "没有这个坐标系。", "There is no such coordinate system."))?;
    let read = move || {
        let text = String::from_utf8_lossy(&bytes);
        read_areas(text.trim_start_matches('\u{feff}'), crs, MOST)
    };
    let read = tokio::task::spawn_blocking(read).await;
    let found = read.map_err(|error| MapError::Base(error.to_string()))?.map_err(MapError::File)?;
    let areas: Vec<Area> = found
        .into_iter()
        .zip(1..)
        .map(|(area, number)| Area {
            id: kernel::id::new_id(),
            kind,
            // What the file does not name gets a number, to be named on screen.
            name: if area.name.is_empty() { format!("{number}") } else { area.name },
            code: area.code,
            areas: area.areas,
            version: 1,
        })
        .collect();
    let total = map.add_areas(&ctx, kind, &areas, query.replace).await?;
    Ok(Json(AreaImport { added: areas.len(), total }))
}
