//! `/map/base`, `/map/tiles`, `/map/conversion`: what every map is drawn on. Citizens pick places on it, too, and it
//! says nothing of anybody, so nobody has to sign in.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::IntoResponse as _;
use geo::crs::{Crs, is_place};
use kernel::HttpResult;
use kernel::http::{Json, Path, Query, Response};
use kernel::problem::ProblemBody;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Map;
use crate::area::AreaKind;
use crate::error::MapError;

pub(super) fn routes() -> OpenApiRouter<Map> {
    OpenApiRouter::new()
        .routes(routes!(show_base_map))
        .routes(routes!(load_map_tile))
        .routes(routes!(convert_place))
}

/// What every map is drawn on.
#[derive(Serialize, ToSchema)]
struct BaseMapView {
    /// Changes with the base map, to be put into the address of tiles; none without one.
    stamp: Option<String>,
    /// What it shows.
    name: String,
    /// Whose data it is; to be shown on the map.
    attribution: String,
    /// West, south, east, north, in degrees: what to show first. Of the districts when there is no base map.
    bounds: Option<[f64; 4]>,
    /// The deepest zoom.
    zoom_max: u8,
    /// The key of 天地图, when its maps are offered.
    tianditu_key: Option<String>,
}

/// A tile's version.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct TileQuery {
    /// The base map's stamp; with the present one the answer may be kept for a year.
    v: Option<String>,
}

/// A place in another system.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ConversionQuery {
    /// `gcj02` (高德, 腾讯), `bd09` (百度), `wgs84`, `cgcs2000`.
    from: String,
    /// As `from`; `cgcs2000` when absent.
    to: Option<String>,
    lng: f64,
    lat: f64,
}

/// A place.
#[derive(Serialize, ToSchema)]
struct PlaceView {
    /// Longitude in degrees.
    lng: f64,
    /// Latitude in degrees.
    lat: f64,
}

/// Tells what maps are drawn on.
#[utoipa::path(
    get, path = "/map/base", operation_id = "show_base_map", tag = "map",
    responses((status = 200, description = "The base map", body = BaseMapView))
)]
async fn show_base_map(State(map): State<Map>) -> HttpResult<Json<BaseMapView>> {
    let open = match map.base().get() {
        Ok(open) => open,
        Err(error) => {
            // A map without streets is better than no map.
            tracing::error!(error = %kernel::problem::chain(&error), "the base map cannot be read");
            None
        }
    };
    let key = &map.config().tianditu_key;
    let tianditu_key = (!key.is_empty()).then(|| key.clone());
    let view = match open {
        Some(open) => {
            let bounds = open.bounds();
            BaseMapView {
                stamp: Some(open.stamp.clone()),
                name: open.told.name.clone(),
                attribution: open.told.attribution.clone(),
                bounds: Some([bounds.west, bounds.south, bounds.east, bounds.north]),
                zoom_max: open.zoom_max(),
                tianditu_key,
            }
        }
        None => {
            let areas = map.areas(AreaKind::District).await?;
            let bounds =
                geo::shape::Bounds::of(areas.iter().flat_map(|area| area.areas.iter().flatten().flatten()));
            BaseMapView {
                stamp: None,
                name: String::new(),
                attribution: String::new(),
                bounds: (!bounds.is_empty()).then_some([
                    bounds.west,
                    bounds.south,
                    bounds.east,
                    bounds.north,
                ]),
                zoom_max: 0,
                tianditu_key,
            }
        }
    };
    Ok(Json(view))
}

/// Answers with a vector tile (MVT, packed with gzip); 204 where the map shows nothing.
#[utoipa::path(
    get, path = "/map/tiles/{z}/{x}/{y}", operation_id = "load_map_tile", tag = "map",
    params(
        ("z" = u8, Path, description = "Zoom"), ("x" = u32, Path, description = "Column"),
        ("y" = u32, Path, description = "Row"), TileQuery,
    ),
    responses(
        (status = 200, description = "The tile", content_type = "application/vnd.mapbox-vector-tile"),
        (status = 204, description = "Nothing is there"),
    )
)]
async fn load_map_tile(
    State(map): State<Map>,
    Path((z, x, y)): Path<(u8, u32, u32)>,
    Query(query): Query<TileQuery>,
    headers: HeaderMap,
) -> HttpResult<Response> {
    let read = move || -> Result<_, MapError> {
        let Some(open) = map.base().get()? else { return Ok(None) };
        Ok(Some((open.stamp.clone(), open.tile(z, x, y)?)))
    };
    let read = tokio::task::spawn_blocking(read).await;
    let found = read.map_err(|error| MapError::Base(error.to_string()))??;
    let Some((stamp, tile)) = found else { return Ok(StatusCode::NO_CONTENT.into_response()) };
    let tag = format!("\"{stamp}\"");
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = match tile {
        _ if known => StatusCode::NOT_MODIFIED.into_response(),
        Some(bytes) => bytes.into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    };
    let fresh = if query.v.as_deref() == Some(&*stamp) {
        "public, max-age=31536000, immutable"
    } else {
        "public, no-cache"
    };
    let out = response.headers_mut();
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(fresh));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        out.insert(header::ETAG, tag);
    }
    if !known && out.contains_key(header::CONTENT_TYPE) {
        out.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/vnd.mapbox-vector-tile"));
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok(response)
}

/// Converts a place between the systems that Chinese maps use; what is stored is CGCS2000.
#[utoipa::path(
    get, path = "/map/conversion", operation_id = "convert_place", tag = "map",
    params(ConversionQuery),
    responses(
        (status = 200, description = "The place", body = PlaceView),
        (status = 422, description = "No such system, or no place on earth", body = ProblemBody),
    )
)]
async fn convert_place(Query(query): Query<ConversionQuery>) -> HttpResult<Json<PlaceView>> {
    let system = |field: &str, code: &str| {
        Crs::parse(code)
            .ok_or_else(|| MapError::field(field, "没有这个坐标系。", "There is no such coordinate system."))
    };
    let from = system("from", &query.from)?;
    let to = system("to", query.to.as_deref().unwrap_or("cgcs2000"))?;
    let place = [query.lng, query.lat];
    if !is_place(place) {
        return Err(MapError::field("lng", "经纬度不正确。", "These are no coordinates.").into());
    }
    let [lng, lat] = to.from_cgcs2000(from.to_cgcs2000(place));
    Ok(Json(PlaceView { lng, lat }))
}
