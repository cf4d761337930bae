//! `/voice/floor`: the floor as leaders see it, and breaks.

use std::sync::Arc;

use acd::{Input, Rest};
use axum::extract::State;
use axum::http::StatusCode;
use kernel::http::{Auth, Json, Path, Query, ReqCtx};
use kernel::{Audit, Ctx, HttpResult, Principal, Problem, Scope};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::call::CallMessage;
use crate::call::state::Input as CallInput;
use crate::core::{Core, day_start};
use crate::desk::{Board, FloorLoad, SeatPlace};
use crate::error::VoiceError;

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new()
        .routes(routes!(show_floor))
        .routes(routes!(show_floor_load))
        .routes(routes!(decide_break))
        .routes(routes!(postpone_break, withdraw_break))
        .routes(routes!(set_floor_seat))
        .routes(routes!(sign_seat_out))
}

/// What is wanted of the floor.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct FloorQuery {
    /// Only seats that changed after this revision.
    since: Option<u64>,
}

#[derive(Deserialize, ToSchema)]
struct BreakDecision {
    /// Whether the break may begin.
    approved: bool,
}

#[derive(Deserialize, ToSchema)]
struct Postponement {
    /// How much later, 1 to 240.
    minutes: i64,
}

/// What a leader sets.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum SeatWish {
    /// Take calls.
    Ready,
    /// Take none.
    NotReady,
    /// Rest.
    Break,
}

#[derive(Deserialize, ToSchema)]
struct SeatWishBody {
    /// The state.
    state: SeatWish,
}

/// A leader sees the seats of the own scope.
fn sees(me: &Principal, scope: Scope, place: &SeatPlace) -> bool {
    match scope {
        Scope::All => true,
        Scope::Subtree => !me.unit_path.is_empty() && place.unit_path.starts_with(&me.unit_path),
        Scope::Unit | Scope::Own => !place.unit_id.is_empty() && me.unit_id == place.unit_id,
    }
}

/// Finds a seat that this leader may do something to.
fn managed(core: &Core, me: &Principal, capability: &str, seat_no: &str) -> Result<(), Problem> {
    let scope = me.require(capability)?;
    core.desk.sitting_at(seat_no).ok_or_else(Problem::not_found)?;
    let place = core.desk.place_of(seat_no).unwrap_or_default();
    if sees(me, scope, &place) { Ok(()) } else { Err(Problem::not_found()) }
}

async fn audit(core: &Core, ctx: &Ctx, entry: Audit) -> Result<(), VoiceError> {
    let mut tx = core.kit.db.begin().await?;
    tx.audit(ctx, entry);
    Ok(tx.commit().await?)
}

/// Shows seats, queues, service levels and alarms.
#[utoipa::path(get, path = "/voice/floor", operation_id = "show_floor", tag = "voice",
    params(FloorQuery), responses((status = 200, body = Board)))]
async fn show_floor(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Query(query): Query<FloorQuery>,
) -> HttpResult<Json<Board>> {
    let scope = me.require("call.monitor")?;
    let today = day_start(&core.kit, core.kit.now().0);
    let board = core.desk.board(query.since, today, me.is_masked("phone"), |place| sees(&me, scope, place));
    Ok(Json(board))
}

/// Shows how busy the floor is, and my request for a break.
#[utoipa::path(get, path = "/voice/floor/load", operation_id = "show_floor_load", tag = "voice",
    responses((status = 200, body = FloorLoad)))]
async fn show_floor_load(State(core): State<Arc<Core>>, Auth(me): Auth) -> HttpResult<Json<FloorLoad>> {
    me.require("call.answer")?;
    let seat = core.desk.sitting_of(&me.person_id).map(|sitting| sitting.seat_no);
    Ok(Json(core.desk.load(seat.as_deref())))
}

/// Approves or refuses a break.
#[utoipa::path(put, path = "/voice/floor/seats/{seat_no}/break", operation_id = "update_seat_break", tag = "voice",
    params(("seat_no" = String, Path)), request_body = BreakDecision,
    responses((status = 204), (status = 404, body = kernel::problem::ProblemBody)))]
async fn decide_break(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(seat_no): Path<String>,
    Json(body): Json<BreakDecision>,
) -> HttpResult<StatusCode> {
    managed(&core, &me, "floor.manage", &seat_no)?;
    if !core.desk.decide_break(&seat_no, body.approved) {
        return Err(Problem::not_found());
    }
    let detail = serde_json::json!({ "approved": body.approved });
    audit(&core, &ctx, Audit::new("floor.decide_break", "seat", seat_no).detail(detail)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Puts off the break that I asked for.
#[utoipa::path(put, path = "/voice/seat/break", operation_id = "update_my_break", tag = "voice",
    request_body = Postponement, responses((status = 200, body = FloorLoad)))]
async fn postpone_break(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Json(body): Json<Postponement>,
) -> HttpResult<Json<FloorLoad>> {
    me.require("call.answer")?;
    let sitting = core.desk.sitting_of(&me.person_id).ok_or(VoiceError::NotSignedIn)?;
    core.desk.postpone_break(&sitting.seat_no, body.minutes);
    Ok(Json(core.desk.load(Some(&sitting.seat_no))))
}

/// Takes my request for a break back.
#[utoipa::path(delete, path = "/voice/seat/break", operation_id = "delete_my_break", tag = "voice",
    responses((status = 200, body = FloorLoad)))]
async fn withdraw_break(State(core): State<Arc<Core>>, Auth(me): Auth) -> HttpResult<Json<FloorLoad>> {
    me.require("call.answer")?;
    let sitting = core.desk.sitting_of(&me.person_id).ok_or(VoiceError::NotSignedIn)?;
    core.desk.withdraw_break(&sitting.seat_no);
    Ok(Json(core.desk.load(Some(&sitting.seat_no))))
}

/// Sets what a person does: at once, or after the present call.
#[utoipa::path(put, path = "/voice/floor/seats/{seat_no}/state", operation_id = "update_floor_seat_state", tag = "voice",
    params(("seat_no" = String, Path)), request_body = SeatWishBody, responses((status = 204)))]
async fn set_floor_seat(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(seat_no): Path<String>,
    Json(body): Json<SeatWishBody>,
) -> HttpResult<StatusCode> {
    managed(&core, &me, "floor.manage", &seat_no)?;
    let (rest, word) = match body.state {
        SeatWish::Ready => (None, "ready"),
        SeatWish::NotReady => (Some(Rest::NotReady), "not_ready"),
        SeatWish::Break => (Some(Rest::Break), "break"),
    };
    core.desk.force_rest(&seat_no, rest);
    let detail = serde_json::json!({ "state": word });
    audit(&core, &ctx, Audit::new("floor.set_state", "seat", seat_no).detail(detail)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Signs a person out of the seat at once. The citizen on the line is served before all others.
#[utoipa::path(delete, path = "/voice/floor/seats/{seat_no}", operation_id = "delete_floor_seat", tag = "voice",
    params(("seat_no" = String, Path)),
    responses((status = 204), (status = 404, body = kernel::problem::ProblemBody)))]
async fn sign_seat_out(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(seat_no): Path<String>,
) -> HttpResult<StatusCode> {
    managed(&core, &me, "call.kick", &seat_no)?;
    let view = core.desk.seat_view(&seat_no).ok_or_else(Problem::not_found)?;
    if let Some(call) = view.call_id.as_deref().and_then(|id| core.desk.call(id)) {
        call.send(CallMessage::Input(CallInput::Kicked { seat: seat_no.clone() }));
    }
    // A seat that still holds a call leaves when the call lets it go.
    core.desk.apply(Input::SignOut { seat: seat_no.as_str().into() });
    core.tokens.revoke_seat(&seat_no);
    let detail = serde_json::json!({ "person_id": view.person_id, "call_id": view.call_id });
    audit(&core, &ctx, Audit::new("floor.sign_out", "seat", seat_no).detail(detail)).await?;
    Ok(StatusCode::NO_CONTENT)
}
