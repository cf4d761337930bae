//! What a telephone on a seat's desk dials: a call, a question in mid-call, or the place of another telephone of the
//! seat.

use std::sync::Arc;

use contract::identity::PersonId;
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
    let (core, seat) = (core.clone(), seat.to_owned());
    tokio::spawn(async move {
        let leg = call.leg;
        if let Err(code) = begin(&core, call, &seat, replaces).await {
            core.port.reject(leg, code);
        }
    });
}

async fn begin(
    core: &Arc<Core>,
    call: IncomingCall,
    seat: &str,
    replaces: Option<Replaced>,
) -> Result<(), u16> {
    let asker = Asker::at(core, seat).await?;
    // A seat that answers on its page does not talk on the telephone beside it.
    if core.desk.phone_choice(seat).place != Place::Desk {
        return Err(403);
    }
    let running = core.desk.seat_view(seat).and_then(|view| view.call_id).and_then(|id| core.desk.call(&id));
    let running = running.filter(|call| !call.is_over());
    if let Some(replaced) = replaces {
        return running.ok_or(481u16)?.pass(CallMessage::Moved(call, replaced)).await;
    }
    let target = asker.destination(core, &call.called)?;
    match running {
        Some(running) => running.pass(CallMessage::Aside(call, target)).await,
        None => dial(core, call, asker.sitting, target),
    }
}

/// Who asks for something by the telephone of a seat.
pub(super) struct Asker {
    sitting: Sitting,
    may_dial: bool,
}

impl Asker {
    /// Finds who sits at a seat and still may take calls; else the status code that the telephone is refused with.
    pub(super) async fn at(core: &Core, seat: &str) -> Result<Self, u16> {
        let sitting = core.desk.sitting_at(seat).ok_or(403u16)?;
        let directory = core.ports.directory.as_ref().ok_or(403u16)?;
        // No session ends with a telephone, so a right that was taken away since signing in shows only here.
        let receiver = directory.receiver(&PersonId(sitting.person_id.clone())).await.map_err(|error| {
            tracing::error!(%error, seat, "the rights of a telephone's person could not be read");
            503u16
        })?;
        let principal = receiver.ok_or(403u16)?.principal;
        let stays = core.desk.sitting_at(seat).is_some_and(|now| now.id == sitting.id);
        if !stays || !principal.has("call.answer") {
            return Err(403);
        }
        Ok(Self { sitting, may_dial: principal.has("call.dial") })
    }

    /// Reads whom the telephone names: a colleague who is free, or a number outside when the person may call any.
    pub(super) fn destination(&self, core: &Core, number: &str) -> Result<Target, u16> {
        if number == self.sitting.seat_no {
            return Err(403);
        }
        if core.desk.sitting_at(number).is_some() {
            return if core.desk.is_free(number) { Ok(Target::Seat(number.to_owned())) } else { Err(486) };
        }
        match (is_number(number), self.may_dial) {
            (true, true) => Ok(Target::Outside(number.to_owned())),
            (true, false) => Err(403),
            (false, _) => Err(404),
        }
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
