//! What supervisors do with calls of others.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::{Audit, Ctx, HttpResult};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::seat::my_sitting;
use crate::call::CallView;
use crate::call::state::{Command, Supervision};
use crate::core::Core;
use crate::error::VoiceError;

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new()
        .routes(routes!(supervise, end_supervision))
        .routes(routes!(release))
        .routes(routes!(list_running_calls))
}

/// How a supervisor takes part.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SupervisionMode)]
enum Mode {
    /// Hears everybody, is heard by nobody.
    Listen,
    /// Is heard by the agent only.
    Whisper,
    /// Talks with both.
    Barge,
    /// Replaces the agent.
    TakeOver,
}

impl Mode {
    fn rule(self) -> (Supervision, &'static str, &'static str) {
        match self {
            Self::Listen => (Supervision::Listen, "call.listen_in", "call.supervise_listen"),
            Self::Whisper => (Supervision::Whisper, "call.whisper", "call.supervise_whisper"),
            Self::Barge => (Supervision::Barge, "call.barge", "call.supervise_barge"),
            Self::TakeOver => (Supervision::TakeOver, "call.take_over", "call.supervise_take_over"),
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
struct SupervisionBody {
    /// How.
    mode: Mode,
}

/// Calls that are in the house.
#[derive(Serialize, ToSchema)]
struct RunningCalls {
    /// The calls.
    items: Vec<CallView>,
}

async fn audit(core: &Core, ctx: &Ctx, audit: Audit) -> Result<(), VoiceError> {
    let mut tx = core.kit.db.begin().await?;
    tx.audit(ctx, audit);
    Ok(tx.commit().await?)
}

/// Takes part in a call from my seat, or changes how: my telephone is rung and answers by itself.
#[utoipa::path(put, path = "/voice/calls/{id}/supervision", operation_id = "update_call_supervision", tag = "voice",
    params(("id" = String, Path)), request_body = SupervisionBody, responses((status = 202)))]
async fn supervise(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<SupervisionBody>,
) -> HttpResult<StatusCode> {
    let (mode, capability, action) = body.mode.rule();
    me.require(capability)?;
    let seat = my_sitting(&core, &me)?.seat_no;
    let call = core.desk.call(&id).ok_or(VoiceError::NoCall)?;
    if !call.view().has_seat(&seat) && !core.desk.is_free(&seat) {
        return Err(VoiceError::SeatBusy.into());
    }
    call.ask(Command::Supervise { seat, mode }).await?;
    audit(&core, &ctx, Audit::new(action, "call", id)).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Leaves a call that I supervise.
#[utoipa::path(delete, path = "/voice/calls/{id}/supervision", operation_id = "delete_call_supervision", tag = "voice",
    params(("id" = String, Path)), responses((status = 202)))]
async fn end_supervision(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    let seat = my_sitting(&core, &me)?.seat_no;
    let call = core.desk.call(&id).ok_or(VoiceError::NoCall)?;
    call.ask(Command::EndSupervision { seat }).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Cuts a call for everybody in it.
#[utoipa::path(post, path = "/voice/calls/{id}/release", operation_id = "create_call_release", tag = "voice",
    params(("id" = String, Path)), responses((status = 202)))]
async fn release(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    me.require("call.release")?;
    let call = core.desk.call(&id).ok_or(VoiceError::NoCall)?;
    call.ask(Command::HangUp { by: "leader" }).await?;
    audit(&core, &ctx, Audit::new("call.release", "call", id)).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Lists calls that are in the house, the oldest first.
#[utoipa::path(get, path = "/voice/running-calls", operation_id = "list_running_calls", tag = "voice",
    responses((status = 200, body = RunningCalls)))]
async fn list_running_calls(State(core): State<Arc<Core>>, Auth(me): Auth) -> HttpResult<Json<RunningCalls>> {
    me.require("call.monitor")?;
    let masked = me.is_masked("phone");
    let mut items: Vec<CallView> =
        core.desk.call_views().into_iter().map(|view| if masked { view.masked() } else { view }).collect();
    items.sort_by(|a, b| (a.started_at, &a.call_id).cmp(&(b.started_at, &b.call_id)));
    Ok(Json(RunningCalls { items }))
}
