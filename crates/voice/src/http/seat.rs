//! The agent's own seat, telephone and call.

use std::sync::Arc;

use acd::{Input, Rest};
use axum::extract::State;
use axum::http::StatusCode;
use contract::identity::PersonId;
use kernel::http::{Auth, Json, Path};
use kernel::{HttpResult, Principal, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::telephones::{MyTelephones, my_telephones};
use crate::call::state::Command;
use crate::call::{CallHandle, CallView};
use crate::core::Core;
use crate::desk::{SeatPlace, SeatView, Sitting};
use crate::error::VoiceError;

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new()
        .routes(routes!(show_seat, sign_in, sign_out))
        .routes(routes!(set_state))
        .routes(routes!(set_release))
        .routes(routes!(register_phone))
        .routes(routes!(hold_call, resume_call))
        .routes(routes!(hang_up_call))
        .routes(routes!(finish_wrap_up))
}

/// My seat.
#[derive(Serialize, ToSchema)]
struct MySeat {
    /// The seat; absent when nobody signed in.
    seat: Option<SeatView>,
    /// The call that it is busy with.
    call: Option<CallView>,
    /// When the time for writing ends by itself, epoch milliseconds.
    until: Option<i64>,
    /// What the seat can answer on; absent for somebody without a seat.
    telephones: Option<MyTelephones>,
    /// The server's time, epoch milliseconds, for clocks on screens.
    now: i64,
}

/// What a person wants to do.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Wish {
    /// Take calls.
    Ready,
    /// Take none.
    NotReady,
    /// Rest.
    Break,
}

#[derive(Deserialize, ToSchema)]
struct WishBody {
    /// The state.
    state: Wish,
}

#[derive(Deserialize, ToSchema)]
struct ReleaseBody {
    /// Whether I let go of the line by hand when the other side has hung up.
    by_hand: bool,
}

/// What a page needs to be a telephone.
#[derive(Serialize, ToSchema)]
struct Registration {
    /// Path of SIP over WebSocket on this host.
    ws_path: String,
    /// SIP address.
    uri: String,
    /// User for digest authentication.
    user: String,
    /// Password, valid until `expires_at`; the one before is void.
    password: String,
    /// Realm.
    realm: String,
    /// When the password ends, epoch milliseconds.
    expires_at: i64,
}

#[derive(Deserialize, ToSchema)]
struct WrapUpBody {
    /// Whether writing is done.
    done: bool,
}

pub(super) fn my_sitting(core: &Core, principal: &Principal) -> Result<Sitting, VoiceError> {
    core.desk.sitting_of(&principal.person_id).ok_or(VoiceError::NotSignedIn)
}

fn my_seat(core: &Core, principal: &Principal) -> MySeat {
    let seat = core.desk.sitting_of(&principal.person_id).and_then(|s| core.desk.seat_view(&s.seat_no));
    let call = seat.as_ref().and_then(|seat| seat.call_id.as_deref()).and_then(|id| core.desk.call(id)).map(
        |call| {
            let view = call.view();
            if principal.is_masked("phone") { view.masked() } else { view }
        },
    );
    let until = seat.as_ref().and_then(|seat| core.desk.until(&seat.seat_no));
    let telephones = seat.as_ref().map(|seat| my_telephones(core, &seat.seat_no));
    MySeat { seat, call, until, telephones, now: core.kit.now().0 }
}

/// Finds a running call that the person's seat takes part in.
pub(super) fn my_call(core: &Core, principal: &Principal, id: &str) -> Result<CallHandle, VoiceError> {
    let call = core.desk.call(id).ok_or(VoiceError::NoCall)?;
    let mine = core.desk.sitting_of(&principal.person_id).map(|sitting| sitting.seat_no);
    if mine.is_some_and(|seat| call.view().has_seat(&seat)) { Ok(call) } else { Err(VoiceError::NoCall) }
}

/// Shows my seat.
#[utoipa::path(get, path = "/voice/seat", operation_id = "show_seat", tag = "voice",
    responses((status = 200, body = MySeat)))]
async fn show_seat(State(core): State<Arc<Core>>, Auth(me): Auth) -> HttpResult<Json<MySeat>> {
    me.require("call.answer")?;
    let mut mine = my_seat(&core, &me);
    // Before signing in it is good to know whether there is a telephone on the desk.
    if let (None, Some(directory)) = (&mine.telephones, &core.ports.directory) {
        let seat = directory.seat_of(&PersonId(me.person_id.clone())).await.map_err(VoiceError::Port)?;
        mine.telephones = seat.map(|seat| my_telephones(&core, &seat.no));
    }
    Ok(Json(mine))
}

/// Signs in at my seat; it starts not ready.
#[utoipa::path(post, path = "/voice/seat", operation_id = "create_seat_session", tag = "voice",
    responses((status = 200, body = MySeat)))]
async fn sign_in(State(core): State<Arc<Core>>, Auth(me): Auth) -> HttpResult<Json<MySeat>> {
    me.require("call.answer")?;
    let directory = core.ports.directory.as_ref().ok_or(VoiceError::NoSeat)?;
    let seat = directory
        .seat_of(&PersonId(me.person_id.clone()))
        .await
        .map_err(VoiceError::Port)?
        .ok_or(VoiceError::NoSeat)?;
    let unit = directory.unit(&seat.unit_id).await.map_err(VoiceError::Port)?;
    let place = SeatPlace {
        unit_path: unit.as_ref().map(|unit| unit.path.clone()).unwrap_or_default(),
        unit_name: unit.map(|unit| unit.name).unwrap_or_default(),
        unit_id: seat.unit_id.0,
        skills: seat.skills,
        chats: me.has("chat.answer"),
    };
    let (seat_no, seat_id) = (seat.no.clone(), seat.id.0.clone());
    core.desk.sit_down(Sitting {
        id: kernel::id::new_id(),
        seat_id: seat.id.0,
        seat_no: seat.no,
        person_id: me.person_id.clone(),
        person_name: me.name.clone(),
        masked: me.is_masked("phone"),
    });
    core.desk.place(&seat_no, &seat_id, place);
    // Whoever sat here before may have wished otherwise.
    core.desk.release_by_hand(&seat_no, false);
    Ok(Json(my_seat(&core, &me)))
}

/// Signs out; a call in progress is finished first.
#[utoipa::path(delete, path = "/voice/seat", operation_id = "delete_seat_session", tag = "voice",
    responses((status = 204)))]
async fn sign_out(State(core): State<Arc<Core>>, Auth(me): Auth) -> HttpResult<StatusCode> {
    me.require("call.answer")?;
    if let Ok(sitting) = my_sitting(&core, &me) {
        core.desk.apply(Input::SignOut { seat: sitting.seat_no.as_str().into() });
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Says what I want to do: at once, or after the present call.
#[utoipa::path(put, path = "/voice/seat/state", operation_id = "update_seat_state", tag = "voice",
    request_body = WishBody, responses((status = 200, body = MySeat)))]
async fn set_state(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Json(body): Json<WishBody>,
) -> HttpResult<Json<MySeat>> {
    me.require("call.answer")?;
    let sitting = my_sitting(&core, &me)?;
    core.desk.set_rest(
        &sitting.seat_no,
        match body.state {
            Wish::Ready => None,
            Wish::NotReady => Some(Rest::NotReady),
            Wish::Break => Some(Rest::Break),
        },
    );
    Ok(Json(my_seat(&core, &me)))
}

/// Says whether I let go of the line by hand when the other side has hung up: until I do, for a minute at most, I
/// hear that it is over and the time for writing has not begun.
#[utoipa::path(put, path = "/voice/seat/release", operation_id = "update_seat_release", tag = "voice",
    request_body = ReleaseBody, responses((status = 204)))]
async fn set_release(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Json(body): Json<ReleaseBody>,
) -> HttpResult<StatusCode> {
    me.require("call.answer")?;
    let sitting = my_sitting(&core, &me)?;
    core.desk.release_by_hand(&sitting.seat_no, body.by_hand);
    Ok(StatusCode::NO_CONTENT)
}

/// Issues what my page needs to be my telephone.
#[utoipa::path(post, path = "/voice/registration", operation_id = "create_registration", tag = "voice",
    responses((status = 201, body = Registration)))]
async fn register_phone(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
) -> HttpResult<(StatusCode, Json<Registration>)> {
    me.require("call.answer")?;
    let sitting = my_sitting(&core, &me)?;
    let (password, until) = core.tokens.issue_seat(&sitting.seat_no, core.kit.now());
    let realm = core.config.realm.clone();
    Ok((
        StatusCode::CREATED,
        Json(Registration {
            ws_path: "/sip".to_owned(),
            uri: format!("sip:{}@{realm}", sitting.seat_no),
            user: sitting.seat_no,
            password,
            realm,
            expires_at: until.0,
        }),
    ))
}

async fn tell(core: &Core, me: &Principal, id: &str, command: Command) -> Result<StatusCode, VoiceError> {
    my_call(core, me, id)?.ask(command).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Puts the citizen on hold; `voice.call_state` tells when it is done.
#[utoipa::path(put, path = "/voice/calls/{id}/hold", operation_id = "create_call_hold", tag = "voice",
    params(("id" = String, Path)), responses((status = 202)))]
async fn hold_call(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    me.require("call.answer")?;
    Ok(tell(&core, &me, &id, Command::Hold(true)).await?)
}

/// Takes the citizen off hold.
#[utoipa::path(delete, path = "/voice/calls/{id}/hold", operation_id = "delete_call_hold", tag = "voice",
    params(("id" = String, Path)), responses((status = 202)))]
async fn resume_call(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    me.require("call.answer")?;
    Ok(tell(&core, &me, &id, Command::Hold(false)).await?)
}

/// Hangs up my call.
#[utoipa::path(delete, path = "/voice/calls/{id}", operation_id = "delete_call", tag = "voice",
    params(("id" = String, Path)), responses((status = 202)))]
async fn hang_up_call(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    me.require("call.answer")?;
    Ok(tell(&core, &me, &id, Command::HangUp { by: "screen" }).await?)
}

/// Says that writing after a call is done.
#[utoipa::path(put, path = "/voice/calls/{id}/wrap-up", operation_id = "update_call_wrap_up", tag = "voice",
    params(("id" = String, Path)), request_body = WrapUpBody, responses((status = 200, body = MySeat)))]
async fn finish_wrap_up(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
    Json(body): Json<WrapUpBody>,
) -> HttpResult<Json<MySeat>> {
    me.require("call.answer")?;
    let sitting = my_sitting(&core, &me)?;
    let view = core.desk.seat_view(&sitting.seat_no).ok_or(VoiceError::NotSignedIn)?;
    if view.call_id.as_deref() != Some(id.as_str()) {
        return Err(Problem::from(VoiceError::NoCall));
    }
    if body.done {
        core.desk.apply(Input::WrapUpDone { seat: sitting.seat_no.as_str().into() });
    }
    Ok(Json(my_seat(&core, &me)))
}
