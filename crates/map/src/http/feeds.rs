//! `/feeds` and `/feed-sources`: what machines push of the city's state, and which machines may.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use geo::crs::Crs;
use kernel::http::{Auth, Json, MaybeAuth, Path, Query, ReqCtx};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Problem, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Map;
use crate::error::MapError;
use crate::feed::{FeedKind, STATES_MAX, State as FeedState};
use crate::store::feed::LastState;
use crate::store::source::FeedSource;

/// Hours of a course.
const HOURS: i64 = 24;
const HOURS_MAX: i64 = 7 * 24;

pub(super) fn routes() -> OpenApiRouter<Map> {
    OpenApiRouter::new()
        .routes(routes!(list_feed_states))
        .routes(routes!(push_feed_states))
        .routes(routes!(show_feed_course))
        .routes(routes!(list_feed_sources, add_feed_source))
        .routes(routes!(delete_feed_source))
}

/// The state of something at an instant, as a machine pushes it.
#[derive(Debug, Deserialize, ToSchema)]
struct FeedItem {
    /// The thing, as its office calls it, 1 to 60 characters. With `at` it names the state: the same twice is one.
    id: String,
    /// When it was measured, epoch milliseconds.
    at: i64,
    /// When it ends by itself, epoch milliseconds.
    until: Option<i64>,
    /// What people call it, 1 to 60 characters.
    name: String,
    /// 0 as usual, 1 notable, 2 serious, 3 grave.
    #[serde(default)]
    severity: i64,
    lng: f64,
    lat: f64,
    /// A stretch, 2 to 200 points of longitude and latitude.
    #[serde(default)]
    line: Vec<[f64; 2]>,
    /// What is to be said of it, at most 200 characters.
    #[serde(default)]
    text: String,
    /// At most 12 figures by name: `temp_c`, `rain_mm_h`, `wind_ms`, `humidity_pct`, `speed_kmh`, `flow_h`, `aqi`,
    /// `pm25`, `noise_db`, or others.
    #[serde(default)]
    figures: BTreeMap<String, f64>,
}

/// A push.
#[derive(Debug, Deserialize, ToSchema)]
struct FeedPush {
    /// The system of all places: `cgcs2000` (when absent), `wgs84`, `gcj02`, `bd09`.
    crs: Option<String>,
    /// At most 500.
    items: Vec<FeedItem>,
}

/// What became of a push.
#[derive(Serialize, ToSchema)]
struct FeedOutcome {
    /// New states.
    taken: usize,
    /// Of these, older than what is known: in the course only.
    late: usize,
    /// Known already.
    repeated: usize,
    /// Too old to be kept.
    outdated: usize,
}

/// The last state of something.
#[derive(Serialize, ToSchema)]
struct FeedStateView {
    kind: String,
    id: String,
    name: String,
    source: String,
    at: i64,
    /// Whether news is overdue.
    stale: bool,
    severity: i64,
    lng: f64,
    lat: f64,
    line: Vec<[f64; 2]>,
    text: String,
    figures: BTreeMap<String, f64>,
}

/// A point of a course.
#[derive(Serialize, ToSchema)]
struct FeedPoint {
    at: i64,
    severity: i64,
    figures: BTreeMap<String, f64>,
}

/// A machine that may push.
#[derive(Serialize, ToSchema)]
struct FeedSourceView {
    id: String,
    name: String,
    kinds: Vec<String>,
    made_at: i64,
    made_by: String,
    /// When it pushed last, to the minute.
    last_at: Option<i64>,
}

/// A machine to add.
#[derive(Debug, Deserialize, ToSchema)]
struct FeedSourceRequest {
    name: String,
    /// `weather`, `road`, `environment`.
    kinds: Vec<String>,
}

/// A machine's key; it is told this once.
#[derive(Serialize, ToSchema)]
struct FeedSourceKey {
    id: String,
    /// To be sent as `Authorization: Bearer …`.
    key: String,
}

/// Which states.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct FeedQuery {
    /// `weather`, `road`, `environment`; all when absent.
    kind: Option<String>,
}

/// Which part of a course.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct CourseQuery {
    /// The thing.
    id: String,
    /// So many hours back; 24 when absent, at most 168.
    hours: Option<i64>,
}

fn kind_of(code: &str) -> Result<FeedKind, Problem> {
    FeedKind::parse(code).ok_or_else(Problem::not_found)
}

/// Shows the last state of everything that is pushed.
#[utoipa::path(
    get, path = "/feeds", operation_id = "list_feed_states", tag = "feeds", params(FeedQuery),
    responses((status = 200, description = "The states", body = Vec<FeedStateView>))
)]
async fn list_feed_states(
    State(map): State<Map>,
    Auth(by): Auth,
    Query(query): Query<FeedQuery>,
) -> HttpResult<Json<Vec<FeedStateView>>> {
    if !by.has("cockpit.read") {
        by.require("map.read")?;
    }
    let kind = query.kind.as_deref().filter(|code| !code.is_empty()).map(kind_of).transpose()?;
    let now = map.kit().now();
    let view = |last: LastState| FeedStateView {
        kind: last.kind.code().to_owned(),
        stale: now.0 - last.state.at.0 > last.kind.fresh_ms(),
        id: last.state.id,
        name: last.state.name,
        source: last.source,
        at: last.state.at.0,
        severity: last.state.severity,
        lng: last.state.place[0],
        lat: last.state.place[1],
        line: last.state.line,
        text: last.state.text,
        figures: last.state.figures,
    };
    Ok(Json(map.last_states(kind, now).await?.into_iter().map(view).collect()))
}

/// Takes states in. Whoever pushes sends the key of a source as `Authorization: Bearer …`, or is signed in and may
/// (`feed.push`). All items are taken or none; repeating a push changes nothing.
#[utoipa::path(
    post, path = "/feeds/{kind}", operation_id = "push_feed_states", tag = "feeds",
    params(("kind" = String, Path, description = "weather, road, environment")), request_body = FeedPush,
    responses(
        (status = 200, description = "What became of them", body = FeedOutcome),
        (status = 401, description = "The key is unknown or not for this kind", body = ProblemBody),
        (status = 404, description = "There is no such kind", body = ProblemBody),
        (status = 422, description = "An item is wrong; none was taken", body = ProblemBody),
        (status = 429, description = "Too often", body = ProblemBody),
    )
)]
async fn push_feed_states(
    State(map): State<Map>,
    MaybeAuth(by): MaybeAuth,
    Path(kind): Path<String>,
    headers: HeaderMap,
    Json(body): Json<FeedPush>,
) -> HttpResult<Json<FeedOutcome>> {
    let now = map.kit().now();
    let source = match by {
        Some(by) => {
            by.require("feed.push")?;
            map.pushes().take(&by.person_id, now)?;
            by.name
        }
        None => {
            let key = headers
                .get(header::AUTHORIZATION)
                .and_then(|value| value.to_str().ok())
                .and_then(|value| value.strip_prefix("Bearer "))
                .filter(|key| key.len() <= 200)
                .ok_or(MapError::Key)?;
            // A kind that does not exist is no key's.
            let kind = FeedKind::parse(&kind).ok_or(MapError::Key)?;
            let source = map.feed_source_of(key, kind, now).await?;
            map.pushes().take(&source.id, now)?;
            source.name
        }
    };
    let kind = kind_of(&kind)?;
    let crs = Crs::parse(body.crs.as_deref().unwrap_or("cgcs2000"))
        .ok_or_else(|| MapError::field("crs", "没有这个坐标系。", "There is no such coordinate system."))?;
    if body.items.len() > STATES_MAX {
        return Err(MapError::field("items", "一次最多 500 条。", "At most 500 at once.").into());
    }
    let mut states = Vec::with_capacity(body.items.len());
    for (number, item) in body.items.into_iter().enumerate() {
        let state = FeedState {
            id: item.id,
            at: Timestamp(item.at),
            until: item.until.map(Timestamp),
            name: item.name,
            severity: item.severity,
            place: [item.lng, item.lat],
            line: item.line,
            text: item.text,
            figures: item.figures,
        };
        states.push(state.check(number, crs, now)?);
    }
    let outcome = map.take_states(kind, &source, &states, now).await?;
    Ok(Json(FeedOutcome {
        taken: outcome.taken,
        late: outcome.late,
        repeated: outcome.repeated,
        outdated: outcome.outdated,
    }))
}

/// Shows the course of something, oldest first.
#[utoipa::path(
    get, path = "/feeds/{kind}/course", operation_id = "show_feed_course", tag = "feeds",
    params(("kind" = String, Path, description = "weather, road, environment"), CourseQuery),
    responses((status = 200, description = "Its course", body = Vec<FeedPoint>))
)]
async fn show_feed_course(
    State(map): State<Map>,
    Auth(by): Auth,
    Path(kind): Path<String>,
    Query(query): Query<CourseQuery>,
) -> HttpResult<Json<Vec<FeedPoint>>> {
    if !by.has("cockpit.read") {
        by.require("map.read")?;
    }
    let hours = query.hours.unwrap_or(HOURS).clamp(1, HOURS_MAX);
    let from = map.kit().now().0 - hours * 3_600_000;
    let past = map.past_states(kind_of(&kind)?, &query.id, from).await?;
    let view = |state: crate::store::feed::PastState| FeedPoint {
        at: state.at,
        severity: state.severity,
        figures: state.figures,
    };
    Ok(Json(past.into_iter().map(view).collect()))
}

/// Lists the machines that may push.
#[utoipa::path(
    get, path = "/feed-sources", operation_id = "list_feed_sources", tag = "feeds",
    responses((status = 200, description = "The sources", body = Vec<FeedSourceView>))
)]
async fn list_feed_sources(State(map): State<Map>, Auth(by): Auth) -> HttpResult<Json<Vec<FeedSourceView>>> {
    by.require("feed.write")?;
    let view = |source: FeedSource| FeedSourceView {
        kinds: source.kinds.split(',').map(str::to_owned).collect(),
        id: source.id,
        name: source.name,
        made_at: source.made_at,
        made_by: source.made_by,
        last_at: source.last_at,
    };
    Ok(Json(map.feed_sources().await?.into_iter().map(view).collect()))
}

/// Adds a machine that may push; its key is told this once.
#[utoipa::path(
    post, path = "/feed-sources", operation_id = "add_feed_source", tag = "feeds",
    request_body = FeedSourceRequest,
    responses(
        (status = 201, description = "Its key", body = FeedSourceKey),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn add_feed_source(
    State(map): State<Map>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<FeedSourceRequest>,
) -> HttpResult<(StatusCode, Json<FeedSourceKey>)> {
    by.require("feed.write")?;
    let kinds: Option<Vec<FeedKind>> = body.kinds.iter().map(|code| FeedKind::parse(code)).collect();
    let kinds =
        kinds.ok_or_else(|| MapError::field("kinds", "没有这类数据。", "There is no such kind of data."))?;
    let (id, key) = map.add_feed_source(&ctx, &body.name, &kinds).await?;
    Ok((StatusCode::CREATED, Json(FeedSourceKey { id, key })))
}

/// Deletes a machine; its key is refused from now on.
#[utoipa::path(
    delete, path = "/feed-sources/{id}", operation_id = "delete_feed_source", tag = "feeds",
    params(("id" = String, Path, description = "The source")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "There is no such source", body = ProblemBody),
    )
)]
async fn delete_feed_source(
    State(map): State<Map>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    by.require("feed.write")?;
    map.drop_feed_source(&ctx, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
