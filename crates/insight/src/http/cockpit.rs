//! `/cockpit` and `/walls`: what happens now, and the layouts that show it.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::HttpResult;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Insight;
use crate::cockpit::Named;
use crate::wall::{KINDS, Tile};

pub(super) fn routes() -> OpenApiRouter<Insight> {
    OpenApiRouter::new()
        .routes(routes!(show_cockpit))
        .routes(routes!(list_walls, keep_wall))
        .routes(routes!(delete_wall))
}

/// A named number.
#[derive(Serialize, ToSchema)]
struct CockpitCount {
    name: String,
    count: i64,
}

/// A queue.
#[derive(Serialize, ToSchema)]
struct CockpitQueue {
    name: String,
    waiting: i64,
    longest_wait_ms: i64,
    free: i64,
}

/// A day.
#[derive(Serialize, ToSchema)]
struct CockpitDay {
    day: String,
    created: i64,
    settled: i64,
}

/// An order that scrolls by.
#[derive(Serialize, ToSchema)]
struct CockpitOrder {
    at: i64,
    kind: String,
    category: String,
    district: String,
    unit: String,
    status: String,
}

/// What happens now.
#[derive(Serialize, ToSchema)]
struct CockpitView {
    /// When it was computed, epoch milliseconds.
    at: i64,
    waiting: i64,
    longest_wait_ms: i64,
    talking: i64,
    /// Seats by state, as codes.
    seats: Vec<CockpitCount>,
    /// Calls since midnight that wanted somebody.
    offered: i64,
    answered: i64,
    connection_pct: Option<f64>,
    /// Answered in time in the last hour, in per cent.
    in_time_pct: Option<f64>,
    queues: Vec<CockpitQueue>,
    created: i64,
    at_once: i64,
    settled: i64,
    open: i64,
    red: i64,
    yellow: i64,
    /// Of the last 30 days, 0 to 1.
    on_time: Option<f64>,
    satisfied: Option<f64>,
    calls_by_hour: Vec<i64>,
    orders_by_hour: Vec<i64>,
    course: Vec<CockpitDay>,
    by_type: Vec<CockpitCount>,
    by_status: Vec<CockpitCount>,
    by_district: Vec<CockpitCount>,
    hot: Vec<CockpitCount>,
    late_units: Vec<CockpitCount>,
    recent: Vec<CockpitOrder>,
}

/// A tile on the grid of 12 by 8.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct WallTile {
    kind: String,
    x: u8,
    y: u8,
    w: u8,
    h: u8,
}

/// A layout.
#[derive(Serialize, ToSchema)]
struct WallView {
    id: String,
    name: String,
    tiles: Vec<WallTile>,
    /// Whether everybody sees it.
    shared: bool,
    /// Whether it is the reader's own.
    own: bool,
    owner: String,
}

/// Layouts, and what tiles can show.
#[derive(Serialize, ToSchema)]
struct WallList {
    walls: Vec<WallView>,
    kinds: Vec<String>,
}

/// A layout to keep.
#[derive(Debug, Deserialize, ToSchema)]
struct WallRequest {
    /// Its name; one's own of the same name is replaced.
    name: String,
    tiles: Vec<WallTile>,
    /// Whether everybody sees it; takes `report.share`.
    #[serde(default)]
    shared: bool,
}

/// The id of what was kept.
#[derive(Serialize, ToSchema)]
struct WallId {
    id: String,
}

fn counts(list: &[Named]) -> Vec<CockpitCount> {
    list.iter().map(|one| CockpitCount { name: one.name.clone(), count: one.count }).collect()
}

/// Shows what happens now, in the whole city; computed once in a few seconds for all screens.
#[utoipa::path(
    get, path = "/cockpit", operation_id = "show_cockpit", tag = "reports",
    responses((status = 200, description = "What happens now", body = CockpitView))
)]
async fn show_cockpit(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
) -> HttpResult<Json<CockpitView>> {
    by.require("cockpit.read")?;
    let seen = insight.cockpit(ctx.lang).await?;
    let floor = &seen.floor;
    Ok(Json(CockpitView {
        at: seen.at,
        waiting: floor.waiting,
        longest_wait_ms: floor.longest_wait_ms,
        talking: floor.talking,
        seats: floor
            .seats
            .iter()
            .map(|(state, count)| CockpitCount { name: state.clone(), count: *count })
            .collect(),
        offered: floor.offered,
        answered: floor.answered,
        connection_pct: floor.connection_pct,
        in_time_pct: floor.in_time_pct,
        queues: floor
            .queues
            .iter()
            .map(|(name, waiting, longest_wait_ms, free)| CockpitQueue {
                name: name.clone(),
                waiting: *waiting,
                longest_wait_ms: *longest_wait_ms,
                free: *free,
            })
            .collect(),
        created: seen.created,
        at_once: seen.at_once,
        settled: seen.settled,
        open: seen.open,
        red: seen.red,
        yellow: seen.yellow,
        on_time: seen.on_time,
        satisfied: seen.satisfied,
        calls_by_hour: seen.calls_by_hour.clone(),
        orders_by_hour: seen.orders_by_hour.clone(),
        course: seen
            .course
            .iter()
            .map(|(day, created, settled)| CockpitDay {
                day: day.clone(),
                created: *created,
                settled: *settled,
            })
            .collect(),
        by_type: counts(&seen.by_type),
        by_status: counts(&seen.by_status),
        by_district: counts(&seen.by_district),
        hot: counts(&seen.hot),
        late_units: counts(&seen.late_units),
        recent: seen
            .recent
            .iter()
            .map(|one| CockpitOrder {
                at: one.at,
                kind: one.kind.clone(),
                category: one.category.clone(),
                district: one.district.clone(),
                unit: one.unit.clone(),
                status: one.status.clone(),
            })
            .collect(),
    }))
}

/// Lists the reader's own layouts and those that others share.
#[utoipa::path(
    get, path = "/walls", operation_id = "list_walls", tag = "reports",
    responses((status = 200, description = "The layouts", body = WallList))
)]
async fn list_walls(State(insight): State<Insight>, Auth(by): Auth) -> HttpResult<Json<WallList>> {
    by.require("cockpit.read")?;
    let view = |wall: crate::store::wall::Wall| {
        let tiles: Vec<Tile> = serde_json::from_str(&wall.layout).unwrap_or_default();
        WallView {
            own: wall.owner_id == by.person_id,
            id: wall.id,
            name: wall.name,
            tiles: tiles
                .into_iter()
                .map(|tile| WallTile { kind: tile.kind, x: tile.x, y: tile.y, w: tile.w, h: tile.h })
                .collect(),
            shared: wall.shared == 1,
            owner: wall.owner_name,
        }
    };
    Ok(Json(WallList {
        walls: insight.walls(&by).await?.into_iter().map(view).collect(),
        kinds: KINDS.iter().map(|kind| (*kind).to_owned()).collect(),
    }))
}

/// Keeps a layout.
#[utoipa::path(
    post, path = "/walls", operation_id = "keep_wall", tag = "reports", request_body = WallRequest,
    responses(
        (status = 201, description = "It is kept", body = WallId),
        (status = 422, description = "A bad name, or tiles that do not fit", body = ProblemBody),
    )
)]
async fn keep_wall(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<WallRequest>,
) -> HttpResult<(StatusCode, Json<WallId>)> {
    by.require("cockpit.read")?;
    if body.shared {
        by.require("report.share")?;
    }
    let tile = |tile: WallTile| Tile { kind: tile.kind, x: tile.x, y: tile.y, w: tile.w, h: tile.h };
    let tiles: Vec<Tile> = body.tiles.into_iter().map(tile).collect();
    let id = insight.keep_wall(&ctx, &by, &body.name, &tiles, body.shared).await?;
    Ok((StatusCode::CREATED, Json(WallId { id })))
}

/// Forgets a layout of one's own.
#[utoipa::path(
    delete, path = "/walls/{id}", operation_id = "delete_wall", tag = "reports",
    params(("id" = String, Path, description = "The layout")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is none, or it is somebody else's", body = ProblemBody),
    )
)]
async fn delete_wall(
    State(insight): State<Insight>,
    Auth(by): Auth,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    by.require("cockpit.read")?;
    insight.forget_wall(&by, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
