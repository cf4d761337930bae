//! What a telephone on a seat's desk dials: a call, a question in mid-call, or the place of another telephone of the
//! seat.

use std::sync::Arc;

use kernel::{Audit, Ctx};

use super::CallMessage;
use super::state::{Kind, Target};
use super::taking::{self, Dialling};
use crate::core::Core;
use crate::desk::Sitting;
use crate::error::VoiceError;
use crate::sip_port::{IncomingCall, Place, Replaced, is_number};

/// Takes what a seat's desk telephone dials, or refuses it.
pub fn take(core: &Arc<Core>, call: IncomingCall, seat: &str, replaces: Option<Replaced>) {
    let leg = call.leg;
    if let Err(code) = begin(core, call, seat, replaces) {
        core.port.reject(leg, code);
    }
}

fn begin(core: &Arc<Core>, call: IncomingCall, seat: &str, replaces: Option<Replaced>) -> Result<(), u16> {
    let sitting = core.desk.sitting_at(seat).ok_or(403u16)?;
    // A seat that answers on its page does not talk on the telephone beside it.
    if core.desk.phone_choice(seat).place != Place::Desk {
        return Err(403);
    }
    let running = core.desk.seat_view(seat).and_then(|view| view.call_id).and_then(|id| core.desk.call(&id));
    let running = running.filter(|call| !call.is_over());
    if let Some(replaced) = replaces {
        running.ok_or(481u16)?.send(CallMessage::Moved(call, replaced));
        return Ok(());
    }
    let target = destination(core, &sitting, &call.called)?;
    match running {
        Some(running) => {
            running.send(CallMessage::Aside(call, target));
            Ok(())
        }
        None => dial(core, call, sitting, target),
    }
}

/// Reads whom a seat's telephone names: a colleague who is free, or a number outside when the person may call any.
pub(super) fn destination(core: &Core, by: &Sitting, number: &str) -> Result<Target, u16> {
    if number == by.seat_no {
        return Err(403);
    }
    if core.desk.sitting_at(number).is_some() {
        return if core.desk.is_free(number) { Ok(Target::Seat(number.to_owned())) } else { Err(486) };
    }
    match (is_number(number), by.may_dial) {
        (true, true) => Ok(Target::Outside(number.to_owned())),
        (true, false) => Err(403),
        (false, _) => Err(404),
    }
}

fn dial(core: &Arc<Core>, call: IncomingCall, sitting: Sitting, target: Target) -> Result<(), u16> {
    if !core.desk.is_free(&sitting.seat_no) {
        return Err(486);
    }
    let (kind, number, subject) = match target {
        Target::Seat(seat) => (Kind::Internal { seat: seat.clone() }, seat, "seat"),
        Target::Outside(number) => (Kind::Out, number, "number"),
    };
    let shown = if subject == "seat" { number.clone() } else { contract::contacts::mask_phone(&number) };
    let dialling = Dialling { seat: sitting.seat_no, kind, number, contact_id: None, reason: String::new() };
    taking::dial_from(core, dialling, call).map_err(|error| match error {
        VoiceError::Busy => 486u16,
        _ => 503,
    })?;
    let ctx = Ctx::person(&sitting.person_id, &sitting.person_name, core.kit.now());
    let db = core.kit.db.clone();
    tokio::spawn(async move {
        let kept = async {
            let mut tx = db.begin().await?;
            let detail = serde_json::json!({ "by": "telephone" });
            tx.audit(&ctx, Audit::new("call.dial", subject, shown).detail(detail));
            tx.commit().await
        };
        if let Err(error) = kept.await {
            tracing::error!(%error, "a call of a telephone is missing in the audit");
        }
    });
    Ok(())
}
