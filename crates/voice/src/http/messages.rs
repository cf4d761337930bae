//! Messages that callers left: the list, their sound, and who calls back.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use contract::contacts::mask_phone;
use contract::identity::PersonId;
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
use crate::speech::wav;
use crate::store;
use crate::store::messages::{MessageFilter, MessageRow};
use crate::voicemail;

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new()
        .routes(routes!(list_messages))
        .routes(routes!(export_messages))
        .routes(routes!(show_message_audio))
        .routes(routes!(assign_message))
        .routes(routes!(close_message))
}

#[derive(Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct MessageQuery {
    /// `open`, `done` or all.
    state: Option<String>,
    /// Part of a number.
    q: Option<String>,
    /// Name of the box.
    mailbox: Option<String>,
    /// Only mine.
    mine: Option<bool>,
    /// The word that brings the next page.
    cursor: Option<String>,
    /// Rows of a page, 200 at most.
    limit: Option<u32>,
}

/// A message.
#[derive(Serialize, ToSchema)]
struct MessageItem {
    /// Id.
    id: String,
    /// The call.
    call_id: String,
    /// Name of the box.
    mailbox: String,
    /// The citizen's number, masked when the reader's role says so.
    caller: String,
    /// The hotline that was dialled.
    hotline: String,
    /// When, epoch milliseconds.
    at: i64,
    /// Its length.
    length_ms: i64,
    /// When it was first heard.
    heard_at: Option<i64>,
    /// Whose task it is.
    agent_id: Option<String>,
    /// Their name.
    agent_name: Option<String>,
    /// When it was seen to.
    done_at: Option<i64>,
    /// By whom.
    done_name: Option<String>,
    /// What was done.
    done_note: Option<String>,
}

impl MessageItem {
    fn new(row: MessageRow, masked: bool) -> Self {
        Self {
            caller: if masked { mask_phone(&row.caller) } else { row.caller },
            id: row.id,
            call_id: row.call_id,
            mailbox: row.mailbox,
            hotline: row.hotline,
            at: row.at,
            length_ms: row.length_ms,
            heard_at: row.heard_at,
            agent_id: row.agent_id,
            agent_name: row.agent_name,
            done_at: row.done_at,
            done_name: row.done_name,
            done_note: row.done_note,
        }
    }
}

#[derive(Deserialize, ToSchema)]
struct AssignBody {
    /// The person; nobody when absent.
    agent_id: Option<String>,
}

#[derive(Deserialize, ToSchema)]
struct DoneBody {
    /// What was done.
    note: String,
}

fn filter(query: MessageQuery, me: &str, limit: usize) -> MessageFilter {
    MessageFilter {
        state: query.state,
        q: query.q.map(|q| q.chars().take(40).collect()),
        mailbox: query.mailbox.filter(|mailbox| !mailbox.is_empty()),
        agent_id: (query.mine == Some(true)).then(|| me.to_owned()),
        cursor: query.cursor,
        limit,
    }
}

/// Lists messages, newest first.
#[utoipa::path(get, path = "/voice/messages", operation_id = "list_messages", tag = "voice",
    params(MessageQuery), responses((status = 200, body = Page<MessageItem>)))]
async fn list_messages(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Query(query): Query<MessageQuery>,
) -> HttpResult<Json<Page<MessageItem>>> {
    me.require("call.handle_missed")?;
    let limit = kernel::page::limit(query.limit);
    let filter = filter(query, &me.person_id, limit);
    let page = store::messages::list(&core.kit.db, &filter).await.map_err(VoiceError::from)?;
    let masked = me.is_masked("phone");
    Ok(Json(page.map(|row| MessageItem::new(row, masked))))
}

/// Exports the list as an Excel workbook.
#[utoipa::path(get, path = "/voice/messages.xlsx", operation_id = "export_messages", tag = "voice",
    params(MessageQuery), responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body = Vec<u8>)))]
async fn export_messages(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<MessageQuery>,
) -> HttpResult<Response> {
    me.require("call.handle_missed")?;
    me.require("call.export")?;
    let mut filter = filter(query, &me.person_id, 1_000);
    let (mut rows, masked, zone) = (Vec::new(), me.is_masked("phone"), &core.kit.config.zone);
    loop {
        let page = store::messages::list(&core.kit.db, &filter).await.map_err(VoiceError::from)?;
        rows.extend(page.items.into_iter().map(|row| {
            let item = MessageItem::new(row, masked);
            vec![
                Cell::from(local_time(zone, item.at)),
                item.caller.into(),
                item.hotline.into(),
                item.mailbox.into(),
                (item.length_ms / 1_000).into(),
                item.agent_name.into(),
                item.done_at.map(|at| local_time(zone, at)).into(),
                item.done_name.into(),
                item.done_note.into(),
            ]
        }));
        filter.cursor = page.next_cursor;
        if filter.cursor.is_none() || rows.len() >= EXPORT_ROWS_MAX {
            break;
        }
    }
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    tx.audit(&ctx, Audit::new("message.export", "message", "").detail(json!({ "rows": rows.len() })));
    tx.commit().await.map_err(VoiceError::from)?;
    let head =
        vec!["时间", "来电号码", "热线", "信箱", "时长（秒）", "负责人", "处理时间", "处理人", "处理情况"];
    download_workbook("messages", head, rows).await
}

async fn find(core: &Core, id: &str) -> HttpResult<MessageRow> {
    let row = store::messages::find(&core.kit.db, id).await.map_err(VoiceError::from)?;
    row.ok_or_else(Problem::not_found)
}

/// Plays a message: what the citizen said, WAV.
#[utoipa::path(get, path = "/voice/messages/{id}/audio", operation_id = "show_message_audio", tag = "voice",
    params(("id" = String, Path)), responses((status = 200, content_type = "audio/wav", body = Vec<u8>)))]
async fn show_message_audio(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<Response> {
    me.require("call.handle_missed")?;
    let row = find(&core, &id).await?;
    let recording = store::recordings::find(&core.kit.db, &row.recording_id)
        .await
        .map_err(VoiceError::from)?
        .ok_or_else(Problem::not_found)?;
    if recording.state == "open" {
        return Err(VoiceError::RecordingOpen.into());
    }
    let codes =
        voicemail::citizen_part(&core.recording_dir.join(&recording.path), row.from_ms, row.length_ms)
            .await
            .map_err(VoiceError::RecordingGone)?;
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    store::messages::heard(&mut tx, &ctx, &id).await.map_err(VoiceError::from)?;
    tx.audit(&ctx, Audit::new("message.listen", "message", id));
    tx.commit().await.map_err(VoiceError::from)?;
    let headers = [(header::CONTENT_TYPE, "audio/wav"), (header::CACHE_CONTROL, "private, no-store")];
    Ok((headers, wav::present(&codes)).into_response())
}

/// Makes a message somebody's task.
#[utoipa::path(put, path = "/voice/messages/{id}/agent", operation_id = "assign_message", tag = "voice",
    params(("id" = String, Path)), request_body = AssignBody, responses((status = 204)))]
async fn assign_message(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<AssignBody>,
) -> HttpResult<StatusCode> {
    me.require("call.handle_missed")?;
    find(&core, &id).await?;
    let name = match (&body.agent_id, &core.ports.directory) {
        (Some(agent), _) if *agent == me.person_id => Some(me.name.clone()),
        (Some(agent), Some(directory)) => {
            me.require("call.monitor")?;
            let person = directory.person(&PersonId(agent.clone())).await.map_err(VoiceError::Port)?;
            Some(person.ok_or_else(Problem::not_found)?.name)
        }
        _ => None,
    };
    let agent = body.agent_id.as_deref().zip(name.as_deref());
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    if !store::messages::assign(&mut tx, &id, agent).await.map_err(VoiceError::from)? {
        return Err(VoiceError::Handled.into());
    }
    tx.audit(&ctx, Audit::new("message.assign", "message", id).detail(json!({ "agent": body.agent_id })));
    tx.commit().await.map_err(VoiceError::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says that a message was seen to.
#[utoipa::path(put, path = "/voice/messages/{id}/closure", operation_id = "close_message", tag = "voice",
    params(("id" = String, Path)), request_body = DoneBody, responses((status = 204)))]
async fn close_message(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<DoneBody>,
) -> HttpResult<StatusCode> {
    me.require("call.handle_missed")?;
    find(&core, &id).await?;
    let note = word("note", &body.note, 500)?;
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    if !store::messages::done(&mut tx, &ctx, &id, &note).await.map_err(VoiceError::from)? {
        return Err(VoiceError::Handled.into());
    }
    tx.audit(&ctx, Audit::new("message.close", "message", id));
    tx.commit().await.map_err(VoiceError::from)?;
    Ok(StatusCode::NO_CONTENT)
}
