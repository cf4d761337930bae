//! Missed calls.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use contract::contacts::mask_phone;
use kernel::http::{Auth, Json, Path, Query, ReqCtx};
use kernel::{Audit, HttpResult, Page, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::core::Core;
use crate::error::VoiceError;
use crate::store;

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new().routes(routes!(list_missed_calls)).routes(routes!(handle_missed_call))
}

/// What narrows the list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct MissedQuery {
    /// Only those that nobody has seen to.
    open: Option<bool>,
    /// The word that brings the next page.
    cursor: Option<String>,
    /// Rows of a page, 200 at most.
    limit: Option<u32>,
}

/// A missed call.
#[derive(Serialize, ToSchema)]
struct MissedItem {
    /// The call.
    id: String,
    /// The citizen's number, masked when the reader's role says so.
    caller: String,
    /// When it came, epoch milliseconds.
    at: i64,
    /// How long the citizen waited.
    waited_ms: i64,
    /// When somebody saw to it.
    handled_at: Option<i64>,
    /// Who.
    handled_by: Option<String>,
    /// What was done.
    handled_note: Option<String>,
}

#[derive(Deserialize, ToSchema)]
struct HandledBody {
    /// What was done.
    handled_note: String,
}

/// Lists missed calls, newest first.
#[utoipa::path(get, path = "/voice/missed-calls", operation_id = "list_missed_calls", tag = "voice",
    params(MissedQuery), responses((status = 200, body = Page<MissedItem>)))]
async fn list_missed_calls(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Query(query): Query<MissedQuery>,
) -> HttpResult<Json<Page<MissedItem>>> {
    me.require("call.handle_missed")?;
    let limit = kernel::page::limit(query.limit);
    let page = store::missed::list(&core.kit.db, query.open == Some(true), query.cursor.as_deref(), limit)
        .await
        .map_err(VoiceError::from)?;
    let masked = me.is_masked("phone");
    Ok(Json(page.map(|row| MissedItem {
        caller: if masked { mask_phone(&row.caller) } else { row.caller },
        id: row.call_id,
        at: row.at,
        waited_ms: row.waited_ms,
        handled_at: row.handled_at,
        handled_by: row.handled_name,
        handled_note: row.handled_note,
    })))
}

/// Says that somebody has seen to a missed call.
#[utoipa::path(put, path = "/voice/missed-calls/{id}", operation_id = "update_missed_call", tag = "voice",
    params(("id" = String, Path)), request_body = HandledBody, responses((status = 204)))]
async fn handle_missed_call(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<HandledBody>,
) -> HttpResult<StatusCode> {
    me.require("call.handle_missed")?;
    let note = body.handled_note.trim();
    if note.is_empty() || note.chars().count() > 500 {
        return Err(Problem::invalid().field(
            "handled_note",
            "length",
            "请填写处理情况，最多 500 字。",
            "Please say what was done, in at most 500 characters.",
        ));
    }
    let known = store::calls::find(&core.kit.db, &id).await.map_err(VoiceError::from)?;
    if known.is_none_or(|call| call.result.as_deref() != Some("missed")) {
        return Err(Problem::not_found());
    }
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    if !store::missed::handle(&mut tx, &ctx, &id, note).await.map_err(VoiceError::from)? {
        return Err(VoiceError::Handled.into());
    }
    tx.audit(&ctx, Audit::new("call.handle_missed", "call", id));
    tx.commit().await.map_err(VoiceError::from)?;
    Ok(StatusCode::NO_CONTENT)
}
