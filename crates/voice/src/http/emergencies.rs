//! Emergencies: the caller, the agent and the service talk at once, and it is kept who connected them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use contract::cases::CaseId;
use contract::contacts::mask_phone;
use kernel::http::{Auth, Cell, EXPORT_ROWS_MAX, Json, Path, Query, ReqCtx, download_workbook, local_time};
use kernel::{Audit, HttpResult, Page, Principal, Problem, Scope};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::operations::decide;
use super::seat::{my_call, my_sitting};
use crate::call::CallMessage;
use crate::call::state::{Command, Target};
use crate::core::Core;
use crate::emergency::{Service, services};
use crate::error::VoiceError;
use crate::store::emergencies::{self, EmergencyRow};

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new()
        .routes(routes!(list_emergency_services))
        .routes(routes!(create_emergency_transfer))
        .routes(routes!(list_emergency_transfers))
        .routes(routes!(export_emergency_transfers))
}

#[derive(Serialize, ToSchema)]
struct EmergencyServices {
    /// The services.
    items: Vec<Service>,
}

#[derive(Deserialize, ToSchema)]
struct EmergencyBody {
    /// The service, such as `110`.
    service: String,
    /// The order that it is about.
    case_id: Option<String>,
    /// What it is about.
    #[serde(default)]
    note: String,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct EmergencyQuery {
    /// A service.
    service: Option<String>,
    /// The word that brings the next page.
    cursor: Option<String>,
    /// Rows of a page, 200 at most.
    limit: Option<u32>,
}

/// A caller who was connected with an emergency service.
#[derive(Serialize, ToSchema)]
struct EmergencyTransfer {
    /// Id.
    id: String,
    /// The call.
    call_id: String,
    /// When, epoch milliseconds.
    at: i64,
    /// The service.
    service: String,
    /// The caller's number, masked when the reader's role says so.
    caller: String,
    /// The order that it is about.
    case_id: Option<String>,
    /// Its number.
    case_number: Option<String>,
    /// What the agent wrote.
    note: String,
    /// The seat.
    seat_no: String,
    /// The person there.
    person_name: String,
}

impl EmergencyTransfer {
    fn new(row: EmergencyRow, masked: bool) -> Self {
        Self {
            caller: if masked { mask_phone(&row.caller) } else { row.caller },
            id: row.id,
            call_id: row.call_id,
            at: row.at,
            service: row.service,
            case_id: row.case_id,
            case_number: row.case_number,
            note: row.note,
            seat_no: row.seat_no,
            person_name: row.person_name,
        }
    }
}

/// Lists the emergency services that a caller can be connected with.
#[utoipa::path(get, path = "/voice/emergency-services", operation_id = "list_emergency_services", tag = "voice",
    responses((status = 200, body = EmergencyServices)))]
async fn list_emergency_services(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
) -> HttpResult<Json<EmergencyServices>> {
    me.require("call.answer")?;
    Ok(Json(EmergencyServices { items: services(&core.kit.parameters) }))
}

/// Rings an emergency service into my call: all three talk, and I may leave. It is kept, with the order.
#[utoipa::path(post, path = "/voice/calls/{id}/emergency-transfers", operation_id = "create_emergency_transfer", tag = "voice",
    params(("id" = String, Path)), request_body = EmergencyBody, responses((status = 201, body = EmergencyTransfer)))]
async fn create_emergency_transfer(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<EmergencyBody>,
) -> HttpResult<(StatusCode, Json<EmergencyTransfer>)> {
    // Whoever answers calls may do this; the right to dial is not asked for when life is in danger.
    me.require("call.answer")?;
    let call = my_call(&core, &me, &id)?;
    let sitting = my_sitting(&core, &me)?;
    let service = services(&core.kit.parameters).into_iter().find(|one| one.code == body.service);
    let service = service.ok_or_else(|| {
        Problem::invalid().field("service", "unknown", "没有这个紧急号码。", "There is no such service.")
    })?;
    let note: String = body.note.trim().chars().take(500).collect();
    let brief = match (&core.ports.cases, body.case_id) {
        (Some(cases), Some(case)) if me.has("case.read") => {
            cases.brief(&CaseId(case)).await.map_err(VoiceError::Port)?
        }
        _ => None,
    };
    decide(&core, &me, &id, Command::Invite(Target::Outside(service.number.clone()))).await?;
    call.send(CallMessage::Step("emergency", service.code.clone()));
    let row = EmergencyRow {
        id: kernel::id::new_id(),
        call_id: id.clone(),
        at: ctx.now.0,
        service: service.code,
        number: service.number,
        caller: call.view().caller,
        case_id: brief.as_ref().map(|brief| brief.id.0.clone()),
        case_number: brief.map(|brief| brief.number),
        note,
        seat_no: sitting.seat_no,
        person_id: me.person_id.clone(),
        person_name: me.name.clone(),
    };
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    emergencies::insert(&mut tx, &row).await.map_err(VoiceError::from)?;
    let detail = json!({ "service": row.service, "case": row.case_number });
    tx.audit(&ctx, Audit::new("call.emergency", "call", id).detail(detail));
    tx.commit().await.map_err(VoiceError::from)?;
    Ok((StatusCode::CREATED, Json(EmergencyTransfer::new(row, me.is_masked("phone")))))
}

fn may_read(me: &Principal) -> HttpResult<()> {
    if me.scope("call.read") == Some(Scope::All) { Ok(()) } else { me.require("call.monitor").map(|_| ()) }
}

/// Lists who was connected with an emergency service, newest first.
#[utoipa::path(get, path = "/voice/emergency-transfers", operation_id = "list_emergency_transfers", tag = "voice",
    params(EmergencyQuery), responses((status = 200, body = Page<EmergencyTransfer>)))]
async fn list_emergency_transfers(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Query(query): Query<EmergencyQuery>,
) -> HttpResult<Json<Page<EmergencyTransfer>>> {
    may_read(&me)?;
    let limit = kernel::page::limit(query.limit);
    let page = emergencies::list(&core.kit.db, query.service.as_deref(), query.cursor.as_deref(), limit)
        .await
        .map_err(VoiceError::from)?;
    let masked = me.is_masked("phone");
    Ok(Json(page.map(|row| EmergencyTransfer::new(row, masked))))
}

/// Exports the list as an Excel workbook.
#[utoipa::path(get, path = "/voice/emergency-transfers.xlsx", operation_id = "export_emergency_transfers", tag = "voice",
    params(EmergencyQuery), responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body = Vec<u8>)))]
async fn export_emergency_transfers(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<EmergencyQuery>,
) -> HttpResult<Response> {
    may_read(&me)?;
    me.require("call.export")?;
    let (mut rows, mut cursor) = (Vec::new(), None);
    let (masked, zone) = (me.is_masked("phone"), &core.kit.config.zone);
    loop {
        let page: Page<EmergencyRow> =
            emergencies::list(&core.kit.db, query.service.as_deref(), cursor.as_deref(), 1_000)
                .await
                .map_err(VoiceError::from)?;
        rows.extend(page.items.into_iter().map(|row| {
            let one = EmergencyTransfer::new(row, masked);
            vec![
                Cell::from(local_time(zone, one.at)),
                one.service.into(),
                one.caller.into(),
                one.case_number.into(),
                one.note.into(),
                one.seat_no.into(),
                one.person_name.into(),
            ]
        }));
        cursor = page.next_cursor;
        if cursor.is_none() || rows.len() >= EXPORT_ROWS_MAX {
            break;
        }
    }
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    tx.audit(&ctx, Audit::new("emergency.export", "emergency", "").detail(json!({ "rows": rows.len() })));
    tx.commit().await.map_err(VoiceError::from)?;
    download_workbook(
        "emergencies",
        vec!["时间", "转接", "来电号码", "工单编号", "情况", "座席", "话务员"],
        rows,
    )
    .await
}
