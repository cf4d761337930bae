//! The own code by which messages are heard from a telephone.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use contract::identity::PersonId;
use kernel::http::{Auth, Json, ReqCtx};
use kernel::{Audit, HttpResult, Principal, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::core::Core;
use crate::error::VoiceError;
use crate::flows::asking::hash_code;
use crate::store::message_pins::{self, PinRow};
use crate::voicemail;

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new().routes(routes!(show_message_pin, put_message_pin, delete_message_pin))
}

/// How I hear messages from a telephone.
#[derive(Serialize, ToSchema)]
struct MessagePin {
    /// The number that I type before the code; absent without a job number or seat of digits.
    number: Option<String>,
    /// When I set a code; absent without one.
    set_at: Option<i64>,
    /// The numbers that are dialled for it; none until an administrator assigns one to the flow.
    dial: Vec<String>,
}

#[derive(Deserialize, ToSchema)]
struct MessagePinBody {
    /// 6 to 10 digits, not easily guessed.
    pin: String,
}

async fn number_of(core: &Core, me: &Principal) -> HttpResult<Option<String>> {
    let seat = match &core.ports.directory {
        Some(directory) => {
            directory.seat_of(&PersonId(me.person_id.clone())).await.map_err(VoiceError::Port)?
        }
        None => None,
    };
    Ok(voicemail::number_of(me.job_no.as_deref(), seat.as_ref().map(|seat| seat.no.as_str())))
}

/// Shows how I hear messages from a telephone.
#[utoipa::path(get, path = "/voice/message-pin", operation_id = "show_message_pin", tag = "voice",
    responses((status = 200, body = MessagePin)))]
async fn show_message_pin(State(core): State<Arc<Core>>, Auth(me): Auth) -> HttpResult<Json<MessagePin>> {
    me.require("call.handle_missed")?;
    let row = message_pins::of_person(&core.kit.db, &me.person_id).await.map_err(VoiceError::from)?;
    let (number, set_at) = match row {
        Some(row) => (Some(row.number), Some(row.set_at)),
        None => (number_of(&core, &me).await?, None),
    };
    Ok(Json(MessagePin { number, set_at, dial: core.flows.listening_numbers() }))
}

/// Sets my code for hearing messages from a telephone.
#[utoipa::path(put, path = "/voice/message-pin", operation_id = "put_message_pin", tag = "voice",
    request_body = MessagePinBody, responses((status = 204)))]
async fn put_message_pin(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<MessagePinBody>,
) -> HttpResult<StatusCode> {
    me.require("call.handle_missed")?;
    let Some(number) = number_of(&core, &me).await? else {
        return Err(VoiceError::NoSeat.into());
    };
    if !voicemail::is_good_pin(&body.pin, &number) {
        return Err(Problem::invalid().field(
            "pin",
            "pin",
            "6 至 10 位数字，不能是连号、同一数字或含工号",
            "6 to 10 digits: not in a row, not all the same, without your own number",
        ));
    }
    let salt = kernel::crypto::random_token(12);
    let row = PinRow {
        person_id: me.person_id.clone(),
        person_name: me.name.clone(),
        number,
        hash: hash_code(&salt, &body.pin),
        salt,
        set_at: ctx.now.0,
        failures: 0,
    };
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    message_pins::put(&mut tx, &ctx, &row).await.map_err(VoiceError::from)?;
    tx.audit(&ctx, Audit::new("message_pin.set", "person", me.person_id));
    tx.commit().await.map_err(VoiceError::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes my code away: no messages are heard from a telephone with it any more.
#[utoipa::path(delete, path = "/voice/message-pin", operation_id = "delete_message_pin", tag = "voice",
    responses((status = 204)))]
async fn delete_message_pin(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
) -> HttpResult<StatusCode> {
    me.require("call.handle_missed")?;
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    if !message_pins::remove(&mut tx, &me.person_id).await.map_err(VoiceError::from)? {
        return Err(Problem::not_found());
    }
    tx.audit(&ctx, Audit::new("message_pin.remove", "person", me.person_id));
    tx.commit().await.map_err(VoiceError::from)?;
    Ok(StatusCode::NO_CONTENT)
}
