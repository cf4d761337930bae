//! Wishes to be called back, in the order of the queue.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use contract::contacts::mask_phone;
use kernel::http::{Auth, Cell, EXPORT_ROWS_MAX, Json, Path, Query, ReqCtx, download_workbook, local_time};
use kernel::{Audit, HttpResult, Page, Problem};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::callflow::word;
use crate::core::Core;
use crate::error::VoiceError;
use crate::store;
use crate::store::callbacks::{CallbackFilter, CallbackRow};

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new()
        .routes(routes!(list_callbacks))
        .routes(routes!(export_callbacks))
        .routes(routes!(claim_callback, release_callback))
        .routes(routes!(settle_callback))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CallbackQuery {
    /// `waiting` for open and claimed ones, `open`, `claimed`, `done`, `given_up`, or all.
    state: Option<String>,
    /// Part of a number.
    q: Option<String>,
    /// The word that brings the next page.
    cursor: Option<String>,
    /// Rows of a page, 200 at most.
    limit: Option<u32>,
}

/// A wish to be called back.
#[derive(Serialize, ToSchema)]
struct CallbackItem {
    /// Id.
    id: String,
    /// The call in which it was made.
    call_id: String,
    /// The number, masked when the reader's role says so.
    number: String,
    /// The queue whose agents call.
    queue: String,
    /// The hotline that was dialled.
    hotline: String,
    /// When it was made, epoch milliseconds.
    at: i64,
    /// Since when the citizen has waited: the place in the queue.
    since: i64,
    /// `open`, `claimed`, `done`, `given_up`.
    state: String,
    /// Who calls back.
    agent_name: Option<String>,
    /// Whether the reader is who calls back.
    mine: bool,
    /// When it was settled.
    done_at: Option<i64>,
    /// By whom.
    done_name: Option<String>,
    /// How.
    done_note: Option<String>,
}

impl CallbackItem {
    fn new(row: CallbackRow, me: &str, masked: bool) -> Self {
        Self {
            number: if masked { mask_phone(&row.number) } else { row.number },
            mine: row.agent_id.as_deref() == Some(me),
            id: row.id,
            call_id: row.call_id,
            queue: row.queue_id,
            hotline: row.hotline,
            at: row.at,
            since: row.since,
            state: row.state,
            agent_name: row.agent_name,
            done_at: row.done_at,
            done_name: row.done_name,
            done_note: row.done_note,
        }
    }
}

#[derive(Deserialize, ToSchema)]
struct SettleBody {
    /// Whether the citizen was reached; otherwise it is given up.
    reached: bool,
    /// What was said, or why it is given up.
    note: String,
}

fn filter(query: CallbackQuery, limit: usize) -> CallbackFilter {
    let q = query.q.map(|q| q.chars().take(40).collect());
    CallbackFilter { state: query.state, q, cursor: query.cursor, limit }
}

/// Lists wishes; who has waited longest comes first.
#[utoipa::path(get, path = "/voice/callbacks", operation_id = "list_callbacks", tag = "voice",
    params(CallbackQuery), responses((status = 200, body = Page<CallbackItem>)))]
async fn list_callbacks(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Query(query): Query<CallbackQuery>,
) -> HttpResult<Json<Page<CallbackItem>>> {
    me.require("call.handle_missed")?;
    let limit = kernel::page::limit(query.limit);
    let page = store::callbacks::list(&core.kit.db, &filter(query, limit)).await.map_err(VoiceError::from)?;
    let masked = me.is_masked("phone");
    Ok(Json(page.map(|row| CallbackItem::new(row, &me.person_id, masked))))
}

/// Exports the list as an Excel workbook.
#[utoipa::path(get, path = "/voice/callbacks.xlsx", operation_id = "export_callbacks", tag = "voice",
    params(CallbackQuery), responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body = Vec<u8>)))]
async fn export_callbacks(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<CallbackQuery>,
) -> HttpResult<Response> {
    me.require("call.handle_missed")?;
    me.require("call.export")?;
    let mut filter = filter(query, 1_000);
    let (mut rows, masked, zone) = (Vec::new(), me.is_masked("phone"), &core.kit.config.zone);
    loop {
        let page = store::callbacks::list(&core.kit.db, &filter).await.map_err(VoiceError::from)?;
        rows.extend(page.items.into_iter().map(|row| {
            let item = CallbackItem::new(row, "", masked);
            let state = match item.state.as_str() {
                "open" => "待回电",
                "claimed" => "回电中",
                "done" => "已回电",
                _ => "已放弃",
            };
            vec![
                Cell::from(local_time(zone, item.since)),
                local_time(zone, item.at).into(),
                item.number.into(),
                item.hotline.into(),
                state.into(),
                item.agent_name.into(),
                item.done_at.map(|at| local_time(zone, at)).into(),
                item.done_note.into(),
            ]
        }));
        filter.cursor = page.next_cursor;
        if filter.cursor.is_none() || rows.len() >= EXPORT_ROWS_MAX {
            break;
        }
    }
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    tx.audit(&ctx, Audit::new("callback.export", "callback", "").detail(json!({ "rows": rows.len() })));
    tx.commit().await.map_err(VoiceError::from)?;
    let head = vec!["排队时间", "登记时间", "号码", "热线", "状态", "回电人", "完成时间", "回电情况"];
    download_workbook("callbacks", head, rows).await
}

async fn find(core: &Core, id: &str) -> HttpResult<CallbackRow> {
    let row = store::callbacks::find(&core.kit.db, id).await.map_err(VoiceError::from)?;
    row.ok_or_else(Problem::not_found)
}

/// Takes a wish: nobody else calls meanwhile.
#[utoipa::path(put, path = "/voice/callbacks/{id}/claim", operation_id = "claim_callback", tag = "voice",
    params(("id" = String, Path)), responses((status = 204)))]
async fn claim_callback(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    me.require("call.handle_missed")?;
    find(&core, &id).await?;
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    if !store::callbacks::claim(&mut tx, &ctx, &id).await.map_err(VoiceError::from)? {
        return Err(VoiceError::Handled.into());
    }
    tx.audit(&ctx, Audit::new("callback.claim", "callback", id));
    tx.commit().await.map_err(VoiceError::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a wish back to everybody.
#[utoipa::path(delete, path = "/voice/callbacks/{id}/claim", operation_id = "release_callback", tag = "voice",
    params(("id" = String, Path)), responses((status = 204)))]
async fn release_callback(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    me.require("call.handle_missed")?;
    find(&core, &id).await?;
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    if !store::callbacks::release(&mut tx, &ctx, &id).await.map_err(VoiceError::from)? {
        return Err(VoiceError::Handled.into());
    }
    tx.audit(&ctx, Audit::new("callback.release", "callback", id));
    tx.commit().await.map_err(VoiceError::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says what came of a wish.
#[utoipa::path(put, path = "/voice/callbacks/{id}/closure", operation_id = "settle_callback", tag = "voice",
    params(("id" = String, Path)), request_body = SettleBody, responses((status = 204)))]
async fn settle_callback(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<SettleBody>,
) -> HttpResult<StatusCode> {
    me.require("call.handle_missed")?;
    find(&core, &id).await?;
    let note = word("note", &body.note, 500)?;
    let state = if body.reached { "done" } else { "given_up" };
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    if !store::callbacks::settle(&mut tx, &ctx, &id, state, &note).await.map_err(VoiceError::from)? {
        return Err(VoiceError::Handled.into());
    }
    tx.audit(&ctx, Audit::new("callback.settle", "callback", id).detail(json!({ "state": state })));
    tx.commit().await.map_err(VoiceError::from)?;
    Ok(StatusCode::NO_CONTENT)
}
