//! Legs: each is one dialog of the stack, and is forgotten on every way out.

use ::sip::registrar::Flow;
use rsipstack::dialog::dialog::{DialogState, DialogStateReceiver, TransactionHandle};
use rsipstack::dialog::invitation::{InviteAsyncResult, InviteOption};
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{Header, Request, StatusCode, StatusCodeKind, Uri};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::flows::Flows;
use super::inbound::LEG_EVENTS;
use super::stack::StackPort;
use super::{Callee, Invitation, LegEvent, SipLeg, outbound};

pub(super) struct LegHandle {
    pub(super) dialog: InviteDialog,
    pub(super) events: mpsc::Sender<LegEvent>,
    pub(super) flow: Option<Flow>,
    /// The trunk that a call of ours goes through.
    pub(super) trunk: Option<String>,
    /// The connection is gone: nothing can be sent, the dialog is only forgotten.
    pub(super) flow_lost: bool,
}

/// Keeps a leg.
pub(super) fn adopt(
    port: &StackPort,
    dialog: InviteDialog,
    events: mpsc::Sender<LegEvent>,
    flow: Option<Flow>,
    trunk: Option<String>,
) -> SipLeg {
    let leg = port.next_leg();
    port.legs().insert(leg, LegHandle { dialog, events, flow, trunk, flow_lost: false });
    leg
}

/// Forgets a leg and its dialog.
fn forget(port: &StackPort, leg: SipLeg) {
    if let Some(handle) = port.legs().remove(&leg) {
        port.0.dialogs.remove_dialog(&handle.dialog.id());
    }
}

fn find(port: &StackPort, leg: SipLeg) -> Option<(InviteDialog, mpsc::Sender<LegEvent>, bool)> {
    port.legs().get(&leg).map(|handle| (handle.dialog.clone(), handle.events.clone(), handle.flow_lost))
}

fn sdp_header() -> Vec<Header> {
    vec![Header::ContentType("application/sdp".into())]
}

pub(super) fn answer(port: &StackPort, leg: SipLeg, sdp: String) {
    let Some((dialog, ..)) = find(port, leg) else { return };
    if let Err(error) = dialog.accept(Some(sdp_header()), Some(sdp.into_bytes())) {
        tracing::debug!(%leg, %error, "the call was gone before it was answered");
    }
}

pub(super) fn reject(port: &StackPort, leg: SipLeg, code: u16) {
    let Some((dialog, ..)) = find(port, leg) else { return };
    if let Err(error) = dialog.reject(Some(StatusCode::from(code)), None) {
        tracing::debug!(%leg, %error, "the call was gone before it was refused");
    }
}

pub(super) fn hang_up(port: &StackPort, leg: SipLeg) {
    let Some((dialog, _, flow_lost)) = find(port, leg) else { return };
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

/// Follows an incoming leg until its dialog ends.
pub(super) async fn watch_incoming(port: StackPort, leg: SipLeg, mut changes: DialogStateReceiver) {
    while let Some(change) = changes.recv().await {
        if !follow(&port, leg, change).await {
            break;
        }
    }
    forget(&port, leg);
}

/// Handles a change; false when the leg is over.
async fn follow(port: &StackPort, leg: SipLeg, change: DialogState) -> bool {
    let Some((_, events, _)) = find(port, leg) else { return false };
    match change {
        DialogState::Updated(_, request, handle) => offer(&events, request, handle),
        DialogState::Info(_, request, handle) => {
            let digit = digit(&request);
            // The call has the digit before the sender is told that it has arrived.
            if let Some(digit) = digit {
                let _ = events.send(LegEvent::Digit(digit)).await;
            }
            reply(handle, if digit.is_some() { 200 } else { 415 });
        }
        DialogState::Options(_, _, handle) => reply(handle, 200),
        DialogState::Notify(_, _, handle)
        | DialogState::Refer(_, _, handle)
        | DialogState::Message(_, _, handle)
        | DialogState::Publish(_, _, handle) => reply(handle, 405),
        DialogState::Terminated(..) => {
            let _ = events.send(LegEvent::Ended).await;
            return false;
        }
        DialogState::Calling(_)
        | DialogState::Trying(_)
        | DialogState::Early(..)
        | DialogState::WaitAck(..)
        | DialogState::Confirmed(..) => {}
    }
    true
}

fn reply(handle: TransactionHandle, code: u16) {
    tokio::spawn(async move { handle.respond(StatusCode::from(code), None, None).await });
}

/// Passes a further offer on and sends its answer, without holding up the leg's other events.
fn offer(events: &mpsc::Sender<LegEvent>, request: Request, handle: TransactionHandle) {
    let events = events.clone();
    tokio::spawn(async move {
        if request.body.is_empty() {
            // A refresh of the session without new media, or an offerless re-INVITE: the latter
            // would need an offer of ours and is refused.
            let code = if request.method == rsipstack::sip::Method::Invite { 488 } else { 200 };
            let _ = handle.respond(StatusCode::from(code), None, None).await;
            return;
        }
        let (sender, answer) = oneshot::channel();
        let sdp = String::from_utf8_lossy(&request.body).into_owned();
        let _ = events.send(LegEvent::Offer { sdp, reply: sender }).await;
        let _ = match answer.await {
            Ok(Ok(sdp)) => handle.respond(StatusCode::OK, Some(sdp_header()), Some(sdp.into_bytes())).await,
            Ok(Err(code)) => handle.respond(StatusCode::from(code), None, None).await,
            Err(_) => handle.respond(StatusCode::from(481), None, None).await,
        };
    });
}

/// Reads `application/dtmf-relay` (`Signal=5`) and `application/dtmf` (`5`).
fn digit(request: &Request) -> Option<char> {
    if request.body.len() > 200 {
        return None;
    }
    let text = std::str::from_utf8(&request.body).ok()?;
    let value = text
        .lines()
        .find_map(|line| {
            let (name, value) = line.split_once('=')?;
            name.trim().eq_ignore_ascii_case("signal").then(|| value.trim())
        })
        .unwrap_or_else(|| text.trim());
    let mut chars = value.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => Some(c.to_ascii_uppercase()),
        (Some('1'), Some('0')) => Some('*'),
        (Some('1'), Some('1')) => Some('#'),
        _ => None,
    }
    .filter(|c| matches!(c, '0'..='9' | '*' | '#' | 'A'..='D'))
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
        Callee::Seat(seat) => {
            let binding = port.0.flows.find(seat, port.now_ms()).ok_or(480u16)?;
            let options = InviteOption {
                callee: Uri::try_from(binding.contact.as_str()).map_err(|_| 480u16)?,
                destination: Some(Flows::address(binding.flow)),
                contact: port.contact(true),
                headers: Some(vec![Header::Other("X-Yihao-Call".to_owned(), invitation.call_id.clone())]),
                ..InviteOption::default()
            };
            (options, Some(binding.flow), None)
        }
        Callee::Number(number) => {
            let (options, trunk) = outbound::route(port, number)?;
            (options, None, Some(trunk))
        }
    };
    let caller = Uri::try_from(format!("sip:{}@{}", invitation.caller, port.0.config.realm))
        .unwrap_or_else(|_| port.contact(flow.is_some()));
    let options = InviteOption {
        caller,
        content_type: Some("application/sdp".to_owned()),
        offer: Some(invitation.offer.into_bytes()),
        ..options
    };
    let (states, changes) = port.0.dialogs.new_dialog_state_channel();
    let (dialog, outcome) = port.0.dialogs.do_invite_async(options, states).map_err(|error| {
        tracing::warn!(callee = ?invitation.callee, %error, "a telephone could not be rung");
        500u16
    })?;
    let leg = adopt(port, dialog, events.clone(), flow, trunk);
    tokio::spawn(watch_outgoing(port.clone(), leg, changes, outcome, events.clone()));
    Ok(leg)
}

/// Follows an invitation of ours until it fails, or the conversation ends.
async fn watch_outgoing(
    port: StackPort,
    leg: SipLeg,
    mut changes: DialogStateReceiver,
    mut outcome: JoinHandle<InviteAsyncResult>,
    events: mpsc::Sender<LegEvent>,
) {
    let mut rung = false;
    let mut early = false;
    let outcome = loop {
        tokio::select! {
            outcome = &mut outcome => break outcome,
            Some(change) = changes.recv() => {
                if let DialogState::Early(_, response) = change {
                    if !rung {
                        rung = true;
                        let _ = events.send(LegEvent::Ringing).await;
                    }
                    if !response.body.is_empty() && !early {
                        early = true;
                        let sdp = String::from_utf8_lossy(&response.body).into_owned();
                        let _ = events.send(LegEvent::Progress { sdp }).await;
                    }
                }
            }
        }
    };
    let response = match outcome {
        Ok(Ok((_, response))) => response,
        Ok(Err(error)) => {
            tracing::debug!(%leg, %error, "an invitation failed");
            None
        }
        Err(_) => None,
    };
    let code = response.as_ref().map_or(408, |response| response.status_code.code());
    let sdp = response
        .filter(|response| response.status_code.kind() == StatusCodeKind::Successful)
        .map(|response| String::from_utf8_lossy(&response.body).into_owned());
    let alive = find(&port, leg).is_some_and(|(dialog, ..)| !dialog.state().is_terminated());
    match sdp {
        Some(sdp) if alive => {
            let _ = events.send(LegEvent::Answered { sdp }).await;
        }
        Some(_) => {
            // A hang-up crossed the answer: the stack ends the session by itself.
            let _ = events.send(LegEvent::Failed { code: 487 }).await;
            forget(&port, leg);
            return;
        }
        None => {
            let _ = events.send(LegEvent::Failed { code }).await;
            forget(&port, leg);
            return;
        }
    }
    while let Some(change) = changes.recv().await {
        if !follow(&port, leg, change).await {
            break;
        }
    }
    forget(&port, leg);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn info_digits_of_both_kinds_are_read() {
        let go = |body: &str| {
            digit(&Request {
                method: rsipstack::sip::Method::Info,
                uri: Uri::default(),
                headers: Vec::new().into(),
                version: rsipstack::sip::Version::V2,
                body: body.as_bytes().to_vec(),
            })
        };
        assert_eq!(go("Signal=5\r\nDuration=160\r\n"), Some('5'));
        assert_eq!(go("signal= #\r\n"), Some('#'));
        assert_eq!(go("7"), Some('7'));
        assert_eq!(go("Signal=10\r\n"), Some('*'));
        assert_eq!(go("Signal=99\r\n"), None);
        assert_eq!(go(""), None);
        assert_eq!(go("hello"), None);
    }
}
