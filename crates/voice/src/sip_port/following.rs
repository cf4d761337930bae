//! What happens on legs from their first message to their last.

use ::sip::session_timer::{self, Timer, WISHED_SECS};
use rsipstack::dialog::dialog::{DialogState, DialogStateReceiver, TransactionHandle};
use rsipstack::dialog::invitation::{InviteAsyncResult, InviteOption};
use rsipstack::sip::{HasHeaders as _, Header, Method, Request, Response, StatusCode, StatusCodeKind};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::dialogs::{dialog_of, events_of, forget, sdp_header};
use super::session::{self, Session, names, said};
use super::stack::StackPort;
use super::{LegEvent, SipLeg, referral};

/// Longest body of INFO that is looked at, in bytes.
const INFO_BYTES: usize = 200;

/// Follows an incoming leg until its dialog ends.
pub(super) async fn incoming(port: StackPort, leg: SipLeg, mut changes: DialogStateReceiver) {
    let mut session = Session::new(port.clone(), leg);
    talk(&port, leg, &mut changes, &mut session).await;
    forget(&port, leg);
}

/// Follows a conversation: both sides' requests, and the timer of the session.
async fn talk(port: &StackPort, leg: SipLeg, changes: &mut DialogStateReceiver, session: &mut Session) {
    loop {
        tokio::select! {
            change = changes.recv() => match change {
                Some(change) => {
                    if !follow(port, leg, change, session).await {
                        return;
                    }
                }
                None => return,
            },
            () = session.wait() => {
                if !session.act().await {
                    session.end().await;
                    return;
                }
            }
        }
    }
}

/// Handles a change; false when the leg is over.
async fn follow(port: &StackPort, leg: SipLeg, change: DialogState, session: &mut Session) -> bool {
    let Some(events) = events_of(port, leg) else { return false };
    match change {
        DialogState::Updated(_, request, handle) => offer(port, leg, request, handle, session),
        DialogState::Info(_, request, handle) => {
            let digit = digit(&request);
            // The call has the digit before the sender is told that it has arrived.
            if let Some(digit) = digit {
                let _ = events.send(LegEvent::Digit(digit)).await;
            }
            reply(handle, if digit.is_some() { 200 } else { 415 });
        }
        DialogState::Options(_, _, handle) => reply(handle, 200),
        DialogState::Refer(_, request, handle) => referral::refer(port, leg, request, handle),
        DialogState::Notify(_, _, handle)
        | DialogState::Message(_, _, handle)
        | DialogState::Publish(_, _, handle) => reply(handle, 405),
        DialogState::Confirmed(..) => confirmed(port, leg, &events, session).await,
        DialogState::Terminated(..) => {
            let _ = events.send(LegEvent::Ended).await;
            return false;
        }
        DialogState::Calling(_)
        | DialogState::Trying(_)
        | DialogState::Early(..)
        | DialogState::WaitAck(..) => {}
    }
    true
}

pub(super) fn reply(handle: TransactionHandle, code: u16) {
    tokio::spawn(async move { handle.respond(StatusCode::from(code), None, None).await });
}

/// An ACK came: the session stands, and what we offered in an answer is answered.
async fn confirmed(port: &StackPort, leg: SipLeg, events: &mpsc::Sender<LegEvent>, session: &mut Session) {
    let (timer, dialog) = {
        let mut legs = port.legs();
        let Some(handle) = legs.get_mut(&leg) else { return };
        let awaited = std::mem::take(&mut handle.awaits_answer);
        (handle.timer.take(), awaited.then(|| handle.dialog.clone()))
    };
    if timer.is_some() {
        session.start(timer);
    }
    let Some(dialog) = dialog else { return };
    let answer = dialog.last_remote_ack().map(|ack| String::from_utf8_lossy(&ack.body).into_owned());
    // Without one the call learns that there is nothing to agree on.
    let _ = events.send(LegEvent::Answered { sdp: answer.unwrap_or_default() }).await;
}

/// What our answer to a further offer says of the timer, or why the offer is refused.
fn timer_of(request: &Request) -> Result<Option<Timer>, (u16, Vec<Header>)> {
    session_timer::answer(said(request)).map_err(|refused| match refused {
        session_timer::Refused::TooSmall => {
            (422, vec![Header::Other("Min-SE".to_owned(), session_timer::MIN_SE_SECS.to_string())])
        }
        session_timer::Refused::Malformed => (400, Vec::new()),
    })
}

/// Passes a further offer on and sends its answer, without holding up the leg's other events.
fn offer(port: &StackPort, leg: SipLeg, request: Request, handle: TransactionHandle, session: &mut Session) {
    let timer = match timer_of(&request) {
        Ok(timer) => timer,
        Err((code, headers)) => {
            tokio::spawn(async move { handle.respond(StatusCode::from(code), Some(headers), None).await });
            return;
        }
    };
    let (events, described) = {
        let mut legs = port.legs();
        let Some(found) = legs.get_mut(&leg) else { return reply(handle, 481) };
        // Two offers that cross are both refused; each side tries again after a while of its own (§14.2).
        if found.negotiating {
            drop(legs);
            return reply(handle, 491);
        }
        found.negotiating = true;
        (found.events.clone(), found.described.clone())
    };
    session.start(timer);
    let port = port.clone();
    tokio::spawn(async move {
        let mut headers: Vec<Header> = timer.into_iter().flat_map(session::answer_headers).collect();
        let is_invite = request.method == Method::Invite;
        let answer = if !request.body.is_empty() {
            let (sender, answer) = oneshot::channel();
            let sdp = String::from_utf8_lossy(&request.body).into_owned();
            let _ = events.send(LegEvent::Offer { sdp, reply: sender }).await;
            answer.await.unwrap_or(Err(481)).map(Some)
        } else if is_invite {
            // An INVITE without an offer wants ours; the answer comes with the ACK.
            described.ok_or(488).map(Some)
        } else {
            Ok(None)
        };
        if let Some(found) = port.legs().get_mut(&leg) {
            found.negotiating = false;
            if let Ok(Some(sdp)) = &answer {
                found.described = Some(sdp.clone());
                found.awaits_answer = is_invite && request.body.is_empty();
            }
        }
        let _ = match answer {
            Ok(Some(sdp)) => {
                headers.push(sdp_header());
                handle.respond(StatusCode::OK, Some(headers), Some(sdp.into_bytes())).await
            }
            Ok(None) => handle.respond(StatusCode::OK, Some(headers), None).await,
            Err(code) => handle.respond(StatusCode::from(code), None, None).await,
        };
    });
}

/// Reads `application/dtmf-relay` (`Signal=5`) and `application/dtmf` (`5`).
fn digit(request: &Request) -> Option<char> {
    if request.body.len() > INFO_BYTES {
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

/// Follows an invitation of ours until it fails, or the conversation ends.
pub(super) async fn outgoing(
    port: StackPort,
    leg: SipLeg,
    mut changes: DialogStateReceiver,
    mut outcome: JoinHandle<InviteAsyncResult>,
    mut options: InviteOption,
) {
    let mut wished_secs = WISHED_SECS;
    let response = loop {
        let response = ring(&port, leg, &mut changes, outcome).await;
        // A peer that finds our interval too small says what it wants (RFC 4028 §7.3).
        let wish = response
            .as_ref()
            .filter(|response| response.status_code.code() == 422)
            .and_then(|response| session_timer::after_too_small(said(response), wished_secs));
        let Some(wish) = wish else { break response };
        wished_secs = wish;
        let headers = options.headers.get_or_insert_default();
        headers.retain(|header| !header.name().eq_ignore_ascii_case("Session-Expires"));
        headers.push(Header::Other("Session-Expires".to_owned(), wish.to_string()));
        let (states, fresh) = port.0.dialogs.new_dialog_state_channel();
        let Ok((dialog, again)) = port.0.dialogs.do_invite_async(options.clone(), states) else {
            break response;
        };
        match port.legs().get_mut(&leg) {
            Some(handle) => {
                port.0.dialogs.remove_dialog(&handle.dialog.id());
                handle.dialog = dialog;
            }
            // The call was given up between the two invitations.
            None => {
                tokio::spawn(async move { dialog.hangup().await });
                return;
            }
        }
        (changes, outcome) = (fresh, again);
    };
    let Some(events) = events_of(&port, leg) else { return };
    let code = response.as_ref().map_or(408, |response| response.status_code.code());
    let good = response.filter(|response| response.status_code.kind() == StatusCodeKind::Successful);
    let alive = dialog_of(&port, leg).is_some_and(|dialog| !dialog.state().is_terminated());
    let Some(response) = good else {
        let _ = events.send(LegEvent::Failed { code }).await;
        return forget(&port, leg);
    };
    if !alive {
        // A hang-up crossed the answer: the stack ends the session by itself.
        let _ = events.send(LegEvent::Failed { code: 487 }).await;
        return forget(&port, leg);
    }
    let timed = options.headers.iter().flatten().any(|header| header.name() == "Session-Expires");
    if let Some(handle) = port.legs().get_mut(&leg) {
        handle.takes_update = names(response.headers(), "Allow", "UPDATE");
    }
    let sdp = String::from_utf8_lossy(&response.body).into_owned();
    let _ = events.send(LegEvent::Answered { sdp }).await;
    let mut session = Session::new(port.clone(), leg);
    session.start(timed.then(|| session_timer::answered(said(&response), wished_secs)));
    talk(&port, leg, &mut changes, &mut session).await;
    forget(&port, leg);
}

/// Waits for the final response, and tells of what comes before it.
async fn ring(
    port: &StackPort,
    leg: SipLeg,
    changes: &mut DialogStateReceiver,
    mut outcome: JoinHandle<InviteAsyncResult>,
) -> Option<Response> {
    let (mut rung, mut early) = (false, false);
    let outcome = loop {
        tokio::select! {
            outcome = &mut outcome => break outcome,
            Some(change) = changes.recv() => {
                if let DialogState::Early(_, response) = change
                    && let Some(events) = events_of(port, leg)
                {
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
    match outcome {
        Ok(Ok((_, response))) => response,
        Ok(Err(error)) => {
            tracing::debug!(%leg, %error, "an invitation failed");
            None
        }
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rsipstack::sip::Uri;

    #[test]
    fn info_digits_of_both_kinds_are_read() {
        let go = |body: &str| {
            digit(&Request {
                method: Method::Info,
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
