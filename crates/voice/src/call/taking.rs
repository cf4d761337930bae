//! How calls begin: a citizen rings, or an agent dials.

use std::sync::{Arc, Mutex};

use ::sip::sdp;
use tokio::sync::mpsc;

use super::actor::{Actor, CallHandle, MAILBOX, Side, forward};
use super::flowing::Leading;
use super::leg::{self, Plain};
use super::record::CallRow;
use super::state::{CallState, Kind, Times};
use super::view::CallView;
use crate::callflow::Run;
use crate::core::Core;
use crate::error::VoiceError;
use crate::media::{CallMedia, LegId, LegSpec, MediaError, WebRtcRole};
use crate::pop::Prefetch;
use crate::sip_port::{IncomingCall, Origin};

/// A call that an agent wants to make.
#[derive(Clone, Debug)]
pub struct Dialling {
    /// The agent's seat.
    pub seat: String,
    /// To a citizen, or to a colleague.
    pub kind: Kind,
    /// The number that is dialled, or the colleague's seat.
    pub number: String,
    /// The citizen's file, when it is known which one is meant.
    pub contact_id: Option<String>,
    /// What the call is about: `missed:<id>`, `case:<id>`, or nothing.
    pub reason: String,
}

/// Takes an incoming call: answers it and starts its task, or refuses it.
pub fn take(core: &Arc<Core>, call: IncomingCall) {
    let core = core.clone();
    tokio::spawn(async move {
        let leg = call.leg;
        if let Err(code) = run(&core, call).await {
            core.tokens.end(leg);
            core.port.reject(leg, code);
        }
    });
}

fn times(core: &Core) -> Times {
    let ms = |secs: u32| i64::from(secs) * 1000;
    Times {
        grace_ms: ms(core.config.grace_secs),
        ring_ms: ms(core.config.ring_secs),
        dial_ms: ms(core.config.dial_secs),
        park_ms: ms(core.config.park_secs),
    }
}

fn handle(row: &CallRow) -> (CallHandle, mpsc::Receiver<super::CallMessage>) {
    let (mailbox, inbox) = mpsc::channel(MAILBOX);
    (CallHandle { mailbox, view: Arc::new(Mutex::new(CallView::new(row))) }, inbox)
}

fn row(id: &str, direction: &str, origin: String, caller: String, called: String, now: i64) -> CallRow {
    CallRow {
        id: id.to_owned(),
        direction: direction.to_owned(),
        origin,
        caller,
        called,
        started_at: now,
        answered_at: None,
        ended_at: None,
        seat_no: None,
        agent_id: None,
        agent_name: None,
        contact_id: None,
        result: None,
        hung_up_by: None,
        waited_ms: 0,
        talked_ms: 0,
        recording_id: None,
    }
}

async fn run(core: &Arc<Core>, call: IncomingCall) -> Result<(), u16> {
    let id = kernel::id::new_id();
    let (media_events, sound) = mpsc::channel(MAILBOX);
    let now = core.kit.now().0;
    let origin = match &call.origin {
        Origin::Trunk(name) => format!("trunk:{name}"),
        Origin::Portal(_) => "portal".to_owned(),
        Origin::Telephone { seat, .. } => format!("seat:{seat}"),
    };
    let row = row(&id, "in", origin, call.caller.clone(), call.called, now);
    let (handle, inbox) = handle(&row);
    if !core.desk.add_call(&id, handle.clone(), core.config.call_limit) {
        tracing::warn!(limit = core.config.call_limit, "a call was refused: the house is full");
        return Err(486);
    }
    core.tokens.name(call.leg, &id);
    let media = match core.media.create_call(&id, media_events) {
        Ok(media) => media,
        Err(error) => {
            core.desk.remove_call(&id);
            tracing::error!(%error, "a call was refused: no media");
            return Err(503);
        }
    };
    let tones = core.config.hears_tones(&call.origin);
    let (answer, plain) =
        match connect(&media, leg::CITIZEN, call.offer.as_deref(), (call.may_key, tones), now) {
            Ok(connected) => connected,
            Err(code) => {
                core.desk.remove_call(&id);
                return Err(code);
            }
        };
    let state = CallState::new(times(core), true);
    let prefetch = Prefetch::start(core.clone(), call.caller);
    let mut actor = Actor::new(core.clone(), row, state, media, prefetch, handle.clone());
    actor.citizen = Some(call.leg);
    actor.plain = plain;
    actor.flow = Some(Box::new(Leading::new(core, &actor.row)));
    forward(call.events, handle, Side::Citizen);
    actor.open("started", "");
    core.port.answer(call.leg, answer);
    actor.know_caller().await;
    actor.live(inbox, sound).await;
    Ok(())
}

/// Opens a caller's media; returns our answer, or our offer to a caller who made none.
pub(super) fn connect(
    media: &CallMedia,
    leg: LegId,
    offer: Option<&str>,
    (may_key, tones): (bool, bool),
    now: i64,
) -> Result<(String, Option<Plain>), u16> {
    let refused = |error: &dyn std::fmt::Display, code: u16| {
        tracing::info!(%error, code, "a session description was refused");
        code
    };
    let Some(offer) = offer else {
        let spec = leg::unknown(leg);
        let local = media.add_rtp_leg(spec.clone()).map_err(|error| refused(&error, 503))?;
        let local = leg::local(local, now);
        return Ok((sdp::offer(&local), Some(Plain { spec, local, may_key })));
    };
    let description = sdp::Description::parse(offer).map_err(|error| refused(&error, 488))?;
    let (_, stream) = description.audio().map_err(|error| refused(&error, 488))?;
    if stream.is_webrtc() {
        let role = WebRtcRole::Answer { remote_sdp: offer.to_owned() };
        return media
            .add_webrtc_leg(leg, role)
            .map(|answer| (answer, None))
            .map_err(|error| refused(&error, if matches!(error, MediaError::Sdp(_)) { 488 } else { 503 }));
    }
    let agreed = sdp::agree(&description).map_err(|error| refused(&error, 488))?;
    let spec = LegSpec { tones, ..leg::unknown(leg) };
    let local = media.add_rtp_leg(spec.clone()).map_err(|error| refused(&error, 503))?;
    let mut plain = Plain { spec, local: leg::local(local, now), may_key };
    plain.agree(&agreed).map_err(|error| refused(&error, 488))?;
    media.set_remote(plain.spec.clone()).map_err(|error| refused(&error, 503))?;
    Ok((sdp::answer(&description, &agreed, &plain.local), Some(plain)))
}

/// Starts a call that an agent dials; the agent's telephone rings first. Returns the call's id.
///
/// # Errors
/// When the house is full or has no media.
pub fn dial(core: &Arc<Core>, dialling: Dialling) -> Result<String, VoiceError> {
    call_out(core, dialling, None, None)
}

/// Starts a call that a desk telephone dials. Returns the call's id.
///
/// # Errors
/// When the house is full or has no media.
pub fn dial_from(
    core: &Arc<Core>,
    dialling: Dialling,
    telephone: IncomingCall,
) -> Result<String, VoiceError> {
    call_out(core, dialling, None, Some(Box::new(telephone)))
}

/// Starts a call that a flow leads from the citizen's answer on. Returns the call's id.
///
/// # Errors
/// When the house is full or has no media.
pub fn announce(core: &Arc<Core>, number: String, reason: String, run: Run) -> Result<String, VoiceError> {
    let dialling = Dialling { seat: String::new(), kind: Kind::Out, number, contact_id: None, reason };
    call_out(core, dialling, Some(run), None)
}

fn call_out(
    core: &Arc<Core>,
    dialling: Dialling,
    run: Option<Run>,
    telephone: Option<Box<IncomingCall>>,
) -> Result<String, VoiceError> {
    let id = kernel::id::new_id();
    let (media_events, sound) = mpsc::channel(MAILBOX);
    let now = core.kit.now().0;
    let Dialling { seat, kind, number, contact_id, reason } = dialling;
    let origin = if seat.is_empty() { "notice".to_owned() } else { format!("seat:{seat}") };
    let mut row = row(&id, kind.name(), origin, number.clone(), number.clone(), now);
    row.contact_id = contact_id;
    if let Some(sitting) = core.desk.sitting_at(&seat) {
        row.seat_no = Some(seat.clone());
        row.agent_id = Some(sitting.person_id);
        row.agent_name = Some(sitting.person_name);
    }
    let (handle, inbox) = handle(&row);
    if !core.desk.add_call(&id, handle.clone(), core.config.call_limit) {
        return Err(VoiceError::Busy);
    }
    let media = core.media.create_call(&id, media_events).map_err(|error| {
        core.desk.remove_call(&id);
        VoiceError::Media(error)
    })?;
    let lookup = if kind.is_internal() { String::new() } else { number.clone() };
    let prefetch = Prefetch::start(core.clone(), lookup);
    let state = match run {
        Some(_) => CallState::announced(times(core)),
        None => CallState::dialled(times(core), kind, &seat),
    };
    let mut actor = Actor::new(core.clone(), row, state, media, prefetch, handle);
    let opening = format!("{number} {reason}").trim_end().to_owned();
    actor.flow = run.map(|run| Box::new(Leading::announcing(core, &actor.row, run)));
    actor.reason = reason;
    actor.offered = telephone;
    actor.open("dial_asked", &opening);
    tokio::spawn(actor.live(inbox, sound));
    Ok(id)
}
