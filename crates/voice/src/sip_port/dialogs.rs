//! Legs: each is one dialog of the stack, and is forgotten on every way out.

use std::time::Duration;

use ::sip::registrar::{Flow, Path, Place};
use ::sip::session_timer::{self, Timer};
use rsipstack::dialog::dialog::DialogState;
use rsipstack::dialog::invitation::InviteOption;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{Header, Method, StatusCode, Uri};
use tokio::sync::mpsc;

use super::flows::{Carrier, Flows, carrier_of};
use super::inbound::LEG_EVENTS;
use super::stack::{StackPort, is_encrypted};
use super::{Callee, Invitation, LegEvent, SipLeg, following, outbound, session};

/// How long a telephone has to say that it is still in the call, in seconds.
const PROBE_SECS: u64 = 6;

/// A leg and what is known about it.
pub(super) struct LegHandle {
    pub(super) dialog: InviteDialog,
    pub(super) events: mpsc::Sender<LegEvent>,
    pub(super) flow: Option<Flow>,
    /// The trunk that a call of ours goes through.
    pub(super) trunk: Option<String>,
    /// The seat whose desk telephone it is.
    pub(super) desk: Option<String>,
    /// The connection is gone: nothing can be sent, the dialog is only forgotten.
    pub(super) flow_lost: bool,
    /// How the session is confirmed, once that is agreed.
    pub(super) timer: Option<Timer>,
    /// What we described last.
    pub(super) described: Option<String>,
    /// Our offer stands in an answer, so that the other side's answer comes with its ACK.
    pub(super) awaits_answer: bool,
    /// Whether the other side takes UPDATE.
    pub(super) takes_update: bool,
    /// A further offer is under way, ours or theirs: another one would cross it (RFC 3261 §14).
    pub(super) negotiating: bool,
}

impl LegHandle {
    pub(super) fn new(dialog: InviteDialog, events: mpsc::Sender<LegEvent>, flow: Option<Flow>) -> Self {
        Self {
            dialog,
            events,
            flow,
            trunk: None,
            desk: None,
            flow_lost: false,
            timer: None,
            described: None,
            awaits_answer: false,
            takes_update: false,
            negotiating: false,
        }
    }
}

/// Keeps a leg.
pub(super) fn adopt(port: &StackPort, handle: LegHandle) -> SipLeg {
    let leg = port.next_leg();
    port.legs().insert(leg, handle);
    leg
}

/// Forgets a leg and its dialog.
pub(super) fn forget(port: &StackPort, leg: SipLeg) {
    if let Some(handle) = port.legs().remove(&leg) {
        port.0.dialogs.remove_dialog(&handle.dialog.id());
    }
}

pub(super) fn dialog_of(port: &StackPort, leg: SipLeg) -> Option<InviteDialog> {
    port.legs().get(&leg).map(|handle| handle.dialog.clone())
}

pub(super) fn events_of(port: &StackPort, leg: SipLeg) -> Option<mpsc::Sender<LegEvent>> {
    port.legs().get(&leg).map(|handle| handle.events.clone())
}

pub(super) fn sdp_header() -> Header {
    Header::ContentType("application/sdp".into())
}

pub(super) fn answer(port: &StackPort, leg: SipLeg, sdp: String) {
    let (dialog, timer) = {
        let mut legs = port.legs();
        let Some(handle) = legs.get_mut(&leg) else { return };
        handle.described = Some(sdp.clone());
        (handle.dialog.clone(), handle.timer)
    };
    let mut headers = vec![sdp_header()];
    headers.extend(timer.into_iter().flat_map(session::answer_headers));
    if let Err(error) = dialog.accept(Some(headers), Some(sdp.into_bytes())) {
        tracing::debug!(%leg, %error, "the call was gone before it was answered");
    }
}

pub(super) fn reject(port: &StackPort, leg: SipLeg, code: u16) {
    let Some(dialog) = dialog_of(port, leg) else { return };
    if let Err(error) = dialog.reject(Some(StatusCode::from(code)), None) {
        tracing::debug!(%leg, %error, "the call was gone before it was refused");
    }
}

pub(super) fn hang_up(port: &StackPort, leg: SipLeg) {
    let (dialog, flow_lost) = match port.legs().get(&leg) {
        Some(handle) => (handle.dialog.clone(), handle.flow_lost),
        None => return,
    };
    if flow_lost {
        forget(port, leg);
        return;
    }
    let port = port.clone();
    tokio::spawn(async move {
        let unanswered = matches!(
            dialog.state(),
            DialogState::Calling(_) | DialogState::Trying(_) | DialogState::Early(..)
        );
        let server = dialog.role() == rsipstack::transaction::key::TransactionRole::Server;
        let done = if unanswered && server {
            dialog.reject(Some(StatusCode::TemporarilyUnavailable), None)
        } else {
            dialog.hangup().await
        };
        if let Err(error) = done {
            tracing::debug!(%leg, %error, "hanging up got no clean answer");
        }
        // An unanswered invitation of ours ends with its final response.
        if !unanswered || server {
            forget(&port, leg);
        }
    });
}

/// Asks the other side whether it is still in the call; one that does not answer is lost.
pub(super) fn probe(port: &StackPort, leg: SipLeg) {
    let Some(dialog) = dialog_of(port, leg) else { return };
    let port = port.clone();
    tokio::spawn(async move {
        let asked = dialog.request(Method::Options, None, None);
        let answer = tokio::time::timeout(Duration::from_secs(PROBE_SECS), asked).await;
        let gone = match answer {
            Ok(Ok(Some(response))) => matches!(response.status_code.code(), 408 | 481),
            Ok(Ok(None)) => dialog.state().is_terminated(),
            Ok(Err(_)) | Err(_) => true,
        };
        if gone {
            lose(&port, leg).await;
        }
    });
}

/// Tells a leg's call that its telephone is gone.
pub(super) async fn lose(port: &StackPort, leg: SipLeg) {
    let events = match port.legs().get_mut(&leg) {
        Some(handle) => {
            handle.flow_lost = true;
            handle.events.clone()
        }
        None => return,
    };
    tracing::info!(%leg, "a telephone is gone in mid-call");
    let _ = events.send(LegEvent::FlowLost).await;
}

pub(super) fn invite(port: &StackPort, invitation: Invitation) -> (SipLeg, mpsc::Receiver<LegEvent>) {
    let (events, receiver) = mpsc::channel(LEG_EVENTS);
    match start(port, invitation, &events) {
        Ok(leg) => (leg, receiver),
        Err(code) => {
            // The channel is new, so there is room.
            let _ = events.try_send(LegEvent::Failed { code });
            (port.next_leg(), receiver)
        }
    }
}

fn start(port: &StackPort, invitation: Invitation, events: &mpsc::Sender<LegEvent>) -> Result<SipLeg, u16> {
    let (options, flow, trunk) = match &invitation.callee {
        Callee::Page(seat) => {
            let (options, path) = seat_option(port, Place::Page, seat, &invitation)?;
            (options, flow_of(path), None)
        }
        Callee::Desk(seat) => {
            let (options, path) = seat_option(port, Place::Desk, seat, &invitation)?;
            (options, flow_of(path), None)
        }
        Callee::Number(number) => {
            let routed = outbound::route(port, number)?;
            (routed.options, routed.flow, Some(routed.trunk))
        }
    };
    let carrier = flow.map_or(Carrier::Udp, carrier_of);
    let caller = Uri::try_from(format!("sip:{}@{}", invitation.caller, port.0.config.realm))
        .unwrap_or_else(|_| port.contact(carrier));
    let timed = carrier != Carrier::Ws;
    let mut headers = options.headers.clone().unwrap_or_default();
    if timed {
        headers.extend(session::wish_headers(session_timer::WISHED_SECS));
    }
    let options = InviteOption {
        caller,
        content_type: Some("application/sdp".to_owned()),
        offer: Some(invitation.offer.clone().into_bytes()),
        headers: Some(headers),
        support_prack: timed,
        ..options
    };
    let (states, changes) = port.0.dialogs.new_dialog_state_channel();
    let again = options.clone();
    let (dialog, outcome) = port.0.dialogs.do_invite_async(options, states).map_err(|error| {
        tracing::warn!(callee = ?invitation.callee, %error, "a telephone could not be rung");
        500u16
    })?;
    let mut handle = LegHandle::new(dialog, events.clone(), flow);
    handle.trunk = trunk;
    if let Callee::Desk(seat) = &invitation.callee {
        handle.desk = Some(seat.clone());
    }
    handle.described = Some(invitation.offer);
    let leg = adopt(port, handle);
    tokio::spawn(following::outgoing(port.clone(), leg, changes, outcome, again));
    Ok(leg)
}

fn flow_of(path: Path) -> Option<Flow> {
    match path {
        Path::Flow(flow) => Some(flow),
        Path::Datagram(_) => None,
    }
}

fn seat_option(
    port: &StackPort,
    place: Place,
    seat: &str,
    invitation: &Invitation,
) -> Result<(InviteOption, Path), u16> {
    let binding = port.0.flows.find(place, seat, port.now_ms()).ok_or(480u16)?;
    let carrier = flow_of(binding.path).map_or(Carrier::Udp, carrier_of);
    // The telephone may have moved since the offer was written; its key must not go over an open wire.
    if place == Place::Desk && invitation.offer.contains("a=crypto:") && !is_encrypted(binding.path) {
        return Err(480);
    }
    let mut headers = vec![Header::Other("X-Yihao-Call".to_owned(), invitation.call_id.clone())];
    if place == Place::Desk {
        headers.push(Header::Supported("replaces".into()));
    }
    if place == Place::Desk && invitation.auto_answer {
        // Makers never agreed on one way to say it; each telephone heeds the one that it knows.
        headers.push(Header::Other("Call-Info".to_owned(), "<sip:yihao>;answer-after=0".to_owned()));
        headers
            .push(Header::Other("Alert-Info".to_owned(), "<http://yihao>;info=alert-autoanswer".to_owned()));
        headers.push(Header::Other("Answer-Mode".to_owned(), "Auto".to_owned()));
    }
    let options = InviteOption {
        callee: Uri::try_from(binding.contact.as_str()).map_err(|_| 480u16)?,
        destination: Some(Flows::destination(binding.path)),
        contact: port.contact(carrier),
        headers: Some(headers),
        ..InviteOption::default()
    };
    Ok((options, binding.path))
}
