//! What call flows refer to: dialled numbers, working times, access codes.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::{Audit, HttpResult, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::callflow::{key, word};
use crate::callflow::hours::Hours;
use crate::callflow::model::{Language, MAIN_HOURS};
use crate::core::Core;
use crate::error::VoiceError;
use crate::flows::asking::hash_code;
use crate::store;
use crate::store::flow_tables::{AccessRow, HoursRow, NumberRow};

/// Rows of each of these tables at most.
const ROWS_MAX: usize = 500;

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new()
        .routes(routes!(list_flow_numbers))
        .routes(routes!(put_flow_number, delete_flow_number))
        .routes(routes!(list_hours))
        .routes(routes!(put_hours))
        .routes(routes!(list_access_codes))
        .routes(routes!(put_access_code))
}

/// A dialled number and the flow that answers it.
#[derive(Serialize, Deserialize, ToSchema)]
struct FlowNumber {
    /// The number.
    #[serde(default)]
    number: String,
    /// The hotline that it belongs to, for instance 12315.
    hotline: String,
    /// What it is called.
    name: String,
    /// The flow.
    flow: String,
    /// The first language.
    #[serde(default)]
    language: Language,
    /// For optimistic locking; 0 for a new one.
    version: i64,
}

/// A table of working times.
#[derive(Serialize, Deserialize, ToSchema)]
struct HoursItem {
    /// Key.
    #[serde(default)]
    id: String,
    /// Name.
    name: String,
    /// The periods.
    hours: Hours,
    /// For optimistic locking; 0 for a new one.
    version: i64,
    /// Whether it is open now.
    #[serde(default)]
    open: bool,
}

/// An access code; the digits are never shown.
#[derive(Serialize, ToSchema)]
struct AccessCode {
    /// Key.
    id: String,
    /// Name.
    name: String,
    /// For optimistic locking.
    version: i64,
}

#[derive(Deserialize, ToSchema)]
struct AccessCodeBody {
    /// Name.
    name: String,
    /// 4 to 12 digits.
    digits: String,
    /// For optimistic locking; 0 for a new one.
    version: i64,
}

fn full() -> Problem {
    Problem::invalid().field("id", "many", "条目已达上限", "There are too many already")
}

/// Lists the numbers that flows answer.
#[utoipa::path(get, path = "/voice/flow-numbers", operation_id = "list_flow_numbers", tag = "voice",
    responses((status = 200, body = Vec<FlowNumber>)))]
async fn list_flow_numbers(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
) -> HttpResult<Json<Vec<FlowNumber>>> {
    me.require("callflow.write")?;
    let rows = store::flow_tables::numbers(&core.kit.db).await.map_err(VoiceError::from)?;
    let numbers = rows.into_iter().map(|row| FlowNumber {
        language: Language::parse(&row.language).unwrap_or_default(),
        number: row.number,
        hotline: row.hotline,
        name: row.name,
        flow: row.flow_id,
        version: row.version,
    });
    Ok(Json(numbers.collect()))
}

/// Says which flow answers a number.
#[utoipa::path(put, path = "/voice/flow-numbers/{number}", operation_id = "put_flow_number", tag = "voice",
    params(("number" = String, Path)), request_body = FlowNumber, responses((status = 204)))]
async fn put_flow_number(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(number): Path<String>,
    Json(body): Json<FlowNumber>,
) -> HttpResult<StatusCode> {
    me.require("callflow.write")?;
    let dialled = |text: &str| (3..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    for (field, text) in [("number", &number), ("hotline", &body.hotline)] {
        if !dialled(text) {
            return Err(Problem::invalid().field(field, "number", "3 至 20 位数字", "3 to 20 digits"));
        }
    }
    let name = word("name", &body.name, 40)?;
    let flow = store::callflow::find(&core.kit.db, &body.flow).await.map_err(VoiceError::from)?;
    if flow.is_none_or(|flow| flow.published == 0) {
        return Err(Problem::invalid().field(
            "flow",
            "unpublished",
            "请选择已发布的流程",
            "Please choose a published flow",
        ));
    }
    let known = store::flow_tables::numbers(&core.kit.db).await.map_err(VoiceError::from)?;
    if known.len() >= ROWS_MAX && known.iter().all(|row| row.number != number) {
        return Err(full());
    }
    let row = NumberRow {
        number: number.clone(),
        hotline: body.hotline,
        name,
        flow_id: body.flow.clone(),
        language: body.language.name().to_owned(),
        version: body.version,
    };
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    if !store::flow_tables::put_number(&mut tx, &row).await.map_err(VoiceError::from)? {
        let current = known.iter().find(|row| row.number == number).map_or(0, |row| row.version);
        return Err(Problem::stale_version(current));
    }
    let detail = serde_json::json!({ "flow": body.flow });
    tx.audit(&ctx, Audit::new("callflow.number", "number", number).detail(detail));
    tx.commit().await.map_err(VoiceError::from)?;
    core.flows.reload().await.map_err(VoiceError::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a number be answered as the hotline's own is.
#[utoipa::path(delete, path = "/voice/flow-numbers/{number}", operation_id = "delete_flow_number", tag = "voice",
    params(("number" = String, Path)), responses((status = 204)))]
async fn delete_flow_number(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(number): Path<String>,
) -> HttpResult<StatusCode> {
    me.require("callflow.write")?;
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    if !store::flow_tables::remove_number(&mut tx, &number).await.map_err(VoiceError::from)? {
        return Err(Problem::not_found());
    }
    tx.audit(&ctx, Audit::new("callflow.number_removed", "number", number));
    tx.commit().await.map_err(VoiceError::from)?;
    core.flows.reload().await.map_err(VoiceError::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the tables of working times. The one called `main` is always there; it is never closed until
/// somebody says otherwise.
#[utoipa::path(get, path = "/voice/hours", operation_id = "list_hours", tag = "voice",
    responses((status = 200, body = Vec<HoursItem>)))]
async fn list_hours(State(core): State<Arc<Core>>, Auth(me): Auth) -> HttpResult<Json<Vec<HoursItem>>> {
    me.require("callflow.write")?;
    let rows = store::flow_tables::hours(&core.kit.db).await.map_err(VoiceError::from)?;
    let facts = core.flows.facts(&crate::flows::Caller::default(), None, core.kit.now().0);
    let open = |id: &str| facts.hours.get(id).copied().unwrap_or(false);
    let mut items: Vec<HoursItem> = rows
        .into_iter()
        .filter_map(|row| {
            let hours = serde_json::from_str(&row.spec).ok()?;
            Some(HoursItem { open: open(&row.id), id: row.id, name: row.name, hours, version: row.version })
        })
        .collect();
    if items.iter().all(|item| item.id != MAIN_HOURS) {
        let (id, name) = (MAIN_HOURS.to_owned(), "热线工作时间".to_owned());
        items.insert(0, HoursItem { id, name, hours: Hours::always(), version: 0, open: true });
    }
    Ok(Json(items))
}

/// Changes a table of working times.
#[utoipa::path(put, path = "/voice/hours/{id}", operation_id = "put_hours", tag = "voice",
    params(("id" = String, Path)), request_body = HoursItem, responses((status = 204)))]
async fn put_hours(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<HoursItem>,
) -> HttpResult<StatusCode> {
    me.require("callflow.write")?;
    let (id, name) = (key("id", &id)?, word("name", &body.name, 40)?);
    if let Some(problem) = body.hours.problem() {
        let (zh, en) = (format!("时间段不对：{problem}"), format!("Not a period: {problem}"));
        return Err(Problem::invalid().field("hours", "period", &zh, &en));
    }
    let known = store::flow_tables::hours(&core.kit.db).await.map_err(VoiceError::from)?;
    if known.len() >= ROWS_MAX && known.iter().all(|row| row.id != id) {
        return Err(full());
    }
    let spec = serde_json::to_string(&body.hours).map_err(|error| Problem::from_internal(&error))?;
    let row = HoursRow { id: id.clone(), name, spec, version: body.version };
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    if !store::flow_tables::put_hours(&mut tx, &row).await.map_err(VoiceError::from)? {
        let current = known.iter().find(|row| row.id == id).map_or(0, |row| row.version);
        return Err(Problem::stale_version(current));
    }
    tx.audit(&ctx, Audit::new("callflow.hours", "hours", id));
    tx.commit().await.map_err(VoiceError::from)?;
    core.flows.reload().await.map_err(VoiceError::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists access codes by name.
#[utoipa::path(get, path = "/voice/access-codes", operation_id = "list_access_codes", tag = "voice",
    responses((status = 200, body = Vec<AccessCode>)))]
async fn list_access_codes(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
) -> HttpResult<Json<Vec<AccessCode>>> {
    me.require("callflow.write")?;
    let rows = store::flow_tables::access_codes(&core.kit.db).await.map_err(VoiceError::from)?;
    Ok(Json(
        rows.into_iter().map(|row| AccessCode { id: row.id, name: row.name, version: row.version }).collect(),
    ))
}

/// Sets an access code.
#[utoipa::path(put, path = "/voice/access-codes/{id}", operation_id = "put_access_code", tag = "voice",
    params(("id" = String, Path)), request_body = AccessCodeBody, responses((status = 204)))]
async fn put_access_code(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<AccessCodeBody>,
) -> HttpResult<StatusCode> {
    me.require("callflow.write")?;
    let (id, name) = (key("id", &id)?, word("name", &body.name, 40)?);
    if !(4..=12).contains(&body.digits.len()) || !body.digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Problem::invalid().field("digits", "digits", "4 至 12 位数字", "4 to 12 digits"));
    }
    let known = store::flow_tables::access_codes(&core.kit.db).await.map_err(VoiceError::from)?;
    if known.len() >= ROWS_MAX && known.iter().all(|row| row.id != id) {
        return Err(full());
    }
    let salt = kernel::crypto::random_token(12);
    let row =
        AccessRow { id: id.clone(), name, hash: hash_code(&salt, &body.digits), salt, version: body.version };
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    if !store::flow_tables::put_access_code(&mut tx, &row).await.map_err(VoiceError::from)? {
        let current = known.iter().find(|row| row.id == id).map_or(0, |row| row.version);
        return Err(Problem::stale_version(current));
    }
    tx.audit(&ctx, Audit::new("callflow.access_code", "access_code", id));
    tx.commit().await.map_err(VoiceError::from)?;
    core.flows.reload().await.map_err(VoiceError::from)?;
    Ok(StatusCode::NO_CONTENT)
}
