//! `/map/orders`: where orders are, by place, day and area, and which they are.

use axum::extract::State;
use contract::insight::PlaceQuestion;
use geo::shape::{Shape, contains};
use kernel::http::{Auth, Cell, Json, Query, ReqCtx, Response, download_workbook};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Principal, Scope};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Map;
use crate::area::{Area, AreaKind, Finder};
use crate::error::MapError;

/// Rows of a page.
const PAGE: usize = 20;
const PAGE_MAX: usize = 100;
/// So many rows can be gone through.
const BEHIND_MAX: usize = 10_000;

pub(super) fn routes() -> OpenApiRouter<Map> {
    OpenApiRouter::new()
        .routes(routes!(count_map_orders))
        .routes(routes!(list_map_orders))
        .routes(routes!(export_map_orders))
}

/// Which orders.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct OrderQuery {
    /// The first day, such as 2026-11-01.
    from: String,
    /// The last day.
    to: String,
    /// Conditions as reports have them, such as `type:complaint,help;urgency:urgent`.
    r#where: Option<String>,
    /// The unit in charge or one above it.
    unit_id: Option<String>,
    /// What to count by: `district`, `street`, `grid`; `district` when absent.
    kind: Option<String>,
    /// Of the list: the area.
    area_id: Option<String>,
    /// Of the list without an area: west, south, east, north, with commas between.
    bounds: Option<String>,
    /// Of the list: only orders of this day.
    day: Option<i64>,
    /// Of the list: how many to skip.
    skip: Option<usize>,
    /// Of the list: how many to show; 20 when absent, at most 100.
    limit: Option<usize>,
}

impl OrderQuery {
    fn question(&self) -> PlaceQuestion {
        PlaceQuestion {
            from: self.from.clone(),
            to: self.to.clone(),
            conditions: self.r#where.clone().unwrap_or_default(),
            unit_id: self.unit_id.clone().filter(|id| !id.is_empty()),
        }
    }

    fn kind(&self) -> Result<AreaKind, MapError> {
        AreaKind::parse(self.kind.as_deref().filter(|kind| !kind.is_empty()).unwrap_or("district"))
            .ok_or_else(|| MapError::field("kind", "没有这类区域。", "There is no such kind of area."))
    }
}

/// Orders of an area.
#[derive(Serialize, ToSchema)]
struct AreaCount {
    id: String,
    code: String,
    name: String,
    count: i64,
    open: i64,
    red: i64,
}

/// Where orders are.
#[derive(Serialize, ToSchema)]
struct MapOrders {
    /// Longitude, latitude, days after the first, orders, open ones, late ones; the last number is the place in
    /// `areas`, or -1.
    places: Vec<[f64; 7]>,
    areas: Vec<AreaCount>,
    /// Places nearer than so many metres were taken for one.
    grain_m: i64,
    /// Orders with a place.
    total: i64,
    /// Orders without one.
    unplaced: i64,
    /// Orders with a place outside every area.
    outside: i64,
}

/// An order on the map.
#[derive(Serialize, ToSchema)]
struct MapCase {
    id: String,
    number: String,
    title: String,
    /// Where it stands, as a code.
    status: String,
    created_at: i64,
    lng: f64,
    lat: f64,
}

/// A page of orders on the map.
#[derive(Serialize, ToSchema)]
struct MapCases {
    items: Vec<MapCase>,
    total: usize,
    /// Whether there were more than could be looked at.
    cut: bool,
    /// Orders of this page that the reader may not open.
    hidden: usize,
}

struct Counted {
    places: Vec<[f64; 7]>,
    counts: Vec<[i64; 3]>,
    grain_m: i64,
    unplaced: i64,
    outside: i64,
    total: i64,
}

/// Counts orders by place and by area.
async fn count(
    map: &Map,
    by: &Principal,
    reach: Scope,
    query: &OrderQuery,
    areas: &[Area],
) -> HttpResult<Counted> {
    let found = map.ports().places.places(by, reach, &query.question()).await?;
    let finder = Finder::new(areas);
    let mut counted = Counted {
        places: Vec::with_capacity(found.rows.len()),
        counts: vec![[0; 3]; areas.len()],
        grain_m: found.grain_m,
        unplaced: found.unplaced,
        outside: 0,
        total: 0,
    };
    // Many days share a place.
    let mut known: std::collections::HashMap<(u64, u64), Option<usize>> = std::collections::HashMap::new();
    for row in &found.rows {
        let at = *known
            .entry((row.lng.to_bits(), row.lat.to_bits()))
            .or_insert_with(|| finder.find([row.lng, row.lat]));
        counted.total += row.count;
        match at {
            Some(at) => {
                for (sum, part) in counted.counts[at].iter_mut().zip([row.count, row.open, row.red]) {
                    *sum += part;
                }
            }
            None => counted.outside += row.count,
        }
        #[expect(clippy::cast_precision_loss, reason = "counts of orders")]
        counted.places.push([
            row.lng,
            row.lat,
            row.day as f64,
            row.count as f64,
            row.open as f64,
            row.red as f64,
            at.map_or(-1.0, |at| at as f64),
        ]);
    }
    Ok(counted)
}

/// Counts orders by place, day and area, as far as the reader's scope goes.
#[utoipa::path(
    get, path = "/map/orders", operation_id = "count_map_orders", tag = "map", params(OrderQuery),
    responses(
        (status = 200, description = "Where orders are", body = MapOrders),
        (status = 422, description = "Something is asked that does not exist, or too much", body = ProblemBody),
    )
)]
async fn count_map_orders(
    State(map): State<Map>,
    Auth(by): Auth,
    Query(query): Query<OrderQuery>,
) -> HttpResult<Json<MapOrders>> {
    let reach = by.require("map.read")?;
    let areas = map.areas(query.kind()?).await?;
    let counted = count(&map, &by, reach, &query, &areas).await?;
    let view = |(area, [count, open, red]): (&Area, [i64; 3])| AreaCount {
        id: area.id.clone(),
        code: area.code.clone(),
        name: area.name.clone(),
        count,
        open,
        red,
    };
    Ok(Json(MapOrders {
        places: counted.places,
        areas: areas.iter().zip(counted.counts).map(view).collect(),
        grain_m: counted.grain_m,
        total: counted.total,
        unplaced: counted.unplaced,
        outside: counted.outside,
    }))
}

/// Lists the orders of an area or a rectangle, newest first, as far as the reader may open them.
#[utoipa::path(
    get, path = "/map/orders/rows", operation_id = "list_map_orders", tag = "map", params(OrderQuery),
    responses(
        (status = 200, description = "The orders", body = MapCases),
        (status = 404, description = "There is no such area", body = ProblemBody),
        (status = 422, description = "Neither an area nor a rectangle", body = ProblemBody),
    )
)]
async fn list_map_orders(
    State(map): State<Map>,
    Auth(by): Auth,
    Query(query): Query<OrderQuery>,
) -> HttpResult<Json<MapCases>> {
    let reach = by.require("map.read")?;
    let (skip, take) = (query.skip.unwrap_or(0), query.limit.unwrap_or(PAGE).clamp(1, PAGE_MAX));
    if skip > BEHIND_MAX {
        return Err(
            MapError::field("skip", "最多翻看 10000 条。", "At most 10,000 can be gone through.").into()
        );
    }
    let mut question = query.question();
    if let Some(day) = query.day {
        let first = chrono::NaiveDate::parse_from_str(&query.from, "%Y-%m-%d").ok();
        let day = first.and_then(|first| first.checked_add_signed(chrono::Duration::try_days(day)?));
        let day = day.ok_or_else(|| MapError::field("day", "日期不正确。", "There is no such day."))?;
        question.from = day.format("%Y-%m-%d").to_string();
        question.to.clone_from(&question.from);
    }
    let area = match query.area_id.as_deref().filter(|id| !id.is_empty()) {
        Some(id) => Some(map.area(id).await?),
        None => None,
    };
    let bounds = match &area {
        Some(area) => {
            let reach = Shape::Areas(area.areas.clone()).bounds();
            [reach.west, reach.south, reach.east, reach.north]
        }
        None => rectangle(query.bounds.as_deref().unwrap_or_default())?,
    };
    let keeps = |lng: f64, lat: f64| area.as_ref().is_none_or(|area| contains(&area.areas, [lng, lat]));
    let found = map.ports().places.cases_within(&by, reach, &question, bounds, &keeps, skip, take).await?;
    let items = found.lines.into_iter().map(|(line, lng, lat)| MapCase {
        id: line.id,
        number: line.number,
        title: line.title,
        status: line.status,
        created_at: line.created_at,
        lng,
        lat,
    });
    Ok(Json(MapCases { items: items.collect(), total: found.total, cut: found.cut, hidden: found.hidden }))
}

fn rectangle(text: &str) -> Result<[f64; 4], MapError> {
    let read: Option<Vec<f64>> = text.split(',').map(|part| part.trim().parse().ok()).collect();
    let all: Option<[f64; 4]> = read.and_then(|all| all.try_into().ok());
    all.filter(|all| all.iter().all(|value| value.is_finite()) && all[0] <= all[2] && all[1] <= all[3])
        .ok_or_else(|| MapError::field("bounds", "请选择区域或范围。", "An area or a rectangle is needed."))
}

/// Downloads the numbers of the areas.
#[utoipa::path(
    get, path = "/map/orders/file", operation_id = "export_map_orders", tag = "map", params(OrderQuery),
    responses((status = 200, description = "An Excel file",
        content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))
)]
async fn export_map_orders(
    State(map): State<Map>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<OrderQuery>,
) -> HttpResult<Response> {
    let reach = by.require("map.read")?;
    let areas = map.areas(query.kind()?).await?;
    let counted = count(&map, &by, reach, &query, &areas).await?;
    let words =
        [("编码", "Code"), ("区域", "Area"), ("工单数", "Orders"), ("未办结", "Open"), ("超期", "Late")];
    let head: Vec<&str> = words.iter().map(|(zh, en)| ctx.lang.pick(*zh, *en)).collect();
    let mut rows: Vec<Vec<Cell>> = areas
        .iter()
        .zip(&counted.counts)
        .map(|(area, [count, open, red])| {
            vec![
                area.code.as_str().into(),
                area.name.as_str().into(),
                (*count).into(),
                (*open).into(),
                (*red).into(),
            ]
        })
        .collect();
    for (zh, en, count) in [
        ("区域之外", "Outside all areas", counted.outside),
        ("没有位置", "Without a place", counted.unplaced),
    ] {
        rows.push(vec![Cell::Empty, ctx.lang.pick(zh, en).into(), count.into()]);
    }
    download_workbook("map", head, rows).await
}
