//! Calls that agents make: to citizens and to colleagues.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use contract::contacts::ContactId;
use kernel::http::{Auth, Json, ReqCtx};
use kernel::{Audit, HttpResult, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::operations::target;
use super::seat::my_sitting;
use crate::call::state::{Kind, Target};
use crate::call::{Dialling, dial};
use crate::core::Core;
use crate::error::VoiceError;
use crate::store;

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new().routes(routes!(create_call))
}

/// A call to be made: one of number, seat, missed call and earlier call says to whom.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct NewCall {
    /// A number outside.
    number: Option<String>,
    /// A colleague's seat.
    seat_no: Option<String>,
    /// A missed call that is called back; it counts as seen to once the citizen answers.
    missed_call_id: Option<String>,
    /// An earlier call whose citizen is called back.
    call_id: Option<String>,
    /// The citizen's file.
    contact_id: Option<String>,
    /// The order that it is about.
    case_id: Option<String>,
}

/// A call that is being made.
#[derive(Serialize, ToSchema)]
struct StartedCall {
    /// The call.
    call_id: String,
}

fn plain_id(id: &str) -> bool {
    id.len() <= 40 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Makes a call; my telephone is rung first and answers by itself. What comes of it is the call's result.
#[utoipa::path(post, path = "/voice/calls", operation_id = "create_call", tag = "voice",
    request_body = NewCall, responses((status = 201, body = StartedCall)))]
async fn create_call(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<NewCall>,
) -> HttpResult<(StatusCode, Json<StartedCall>)> {
    me.require("call.answer")?;
    let sitting = my_sitting(&core, &me)?;
    let mut reason =
        body.case_id.filter(|id| plain_id(id)).map(|id| format!("case:{id}")).unwrap_or_default();
    let mut contact_id = body.contact_id.filter(|id| plain_id(id));
    let mut number = body.number;
    if let Some(id) = body.missed_call_id.as_ref().or(body.call_id.as_ref()) {
        me.require(if body.missed_call_id.is_some() { "call.handle_missed" } else { "call.dial" })?;
        let earlier = store::calls::find(&core.kit.db, id)
            .await
            .map_err(VoiceError::from)?
            .filter(|call| call.direction != "internal")
            .ok_or_else(Problem::not_found)?;
        reason = format!("{}:{id}", if body.missed_call_id.is_some() { "missed" } else { "call" });
        contact_id = contact_id.or(earlier.contact_id);
        number = Some(earlier.caller);
    }
    if let (None, None, Some(id), Some(book)) =
        (&number, &body.seat_no, &contact_id, core.ports.contacts.as_ref())
    {
        me.require("contact.read")?;
        let contact = book
            .contact(&ContactId(id.clone()))
            .await
            .map_err(VoiceError::Port)?
            .ok_or_else(Problem::not_found)?;
        number = contact.phone;
    }
    let target = target(&core, &me, body.seat_no.is_none(), body.seat_no.as_deref().or(number.as_deref()))?;
    if !core.desk.is_free(&sitting.seat_no) {
        return Err(VoiceError::SeatBusy.into());
    }
    let (kind, number) = match target {
        Target::Seat(seat) => (Kind::Internal { seat: seat.clone() }, seat),
        Target::Outside(number) => (Kind::Out, number),
    };
    let subject = if kind.is_internal() { "seat" } else { "number" };
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    let shown = if kind.is_internal() { number.clone() } else { contract::contacts::mask_phone(&number) };
    tx.audit(&ctx, Audit::new("call.dial", subject, shown));
    tx.commit().await.map_err(VoiceError::from)?;
    let call_id = dial(&core, Dialling { seat: sitting.seat_no, kind, number, contact_id, reason })?;
    Ok((StatusCode::CREATED, Json(StartedCall { call_id })))
}
