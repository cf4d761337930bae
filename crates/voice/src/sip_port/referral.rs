//! REFER of a seat's desk telephone (RFC 3515): whoever presses "transfer" there hands the citizen over, to a number or
//! to whom the telephone's other conversation is with (RFC 3891, RFC 5589 §7).

use ::sip::referral::{ReferTo, Replaces};
use rsipstack::dialog::dialog::TransactionHandle;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{HasHeaders as _, Header, Request, StatusCode};
use tokio::sync::oneshot;

use super::dialogs::{dialog_of, events_of};
use super::following::reply;
use super::session::value;
use super::stack::StackPort;
use super::{LegEvent, Referred, SipLeg};

/// Answers a REFER: taken when the call can be handed over, told how that went by NOTIFY.
pub(super) fn refer(port: &StackPort, leg: SipLeg, request: Request, handle: TransactionHandle) {
    // Only seats hand calls over: what a carrier or a citizen refers to would be dialled at the city's cost.
    let Some(seat) = port.legs().get(&leg).and_then(|handle| handle.desk.clone()) else {
        return reply(handle, 403);
    };
    let to = match value(request.headers(), "Refer-To").and_then(ReferTo::parse) {
        Some(ReferTo::Number(number)) => Referred::Number(number),
        Some(ReferTo::Dialog(replaces)) => Referred::Leg(leg_of(port, &seat, &replaces)),
        None => return reply(handle, 400),
    };
    let (Some(events), Some(dialog)) = (events_of(port, leg), dialog_of(port, leg)) else {
        return reply(handle, 481);
    };
    tokio::spawn(async move {
        let (sender, answer) = oneshot::channel();
        let (done, told) = oneshot::channel();
        let _ = handle.respond(StatusCode::Accepted, None, None).await;
        notify(&dialog, "SIP/2.0 100 Trying", "active;expires=60").await;
        let _ = events.send(LegEvent::Refer { to, reply: sender, told }).await;
        let code = answer.await.unwrap_or(481);
        let line = if code == 200 { "SIP/2.0 200 OK".to_owned() } else { format!("SIP/2.0 {code} Declined") };
        notify(&dialog, &line, "terminated;reason=noresource").await;
        // The call may be over by now.
        let _ = done.send(());
    });
}

async fn notify(dialog: &InviteDialog, line: &str, state: &str) {
    let headers = vec![
        Header::Other("Event".to_owned(), "refer".to_owned()),
        Header::Other("Subscription-State".to_owned(), state.to_owned()),
        Header::ContentType("message/sipfrag;version=2.0".into()),
    ];
    if let Err(error) = dialog.notify(Some(headers), Some(format!("{line}\r\n").into_bytes())).await {
        tracing::debug!(%error, "a telephone was not told how its transfer goes");
    }
}

/// Finds the leg that a seat's desk telephone names; nobody else's.
pub(super) fn leg_of(port: &StackPort, seat: &str, named: &Replaces) -> Option<SipLeg> {
    let legs = port.legs();
    let own = legs.iter().filter(|(_, handle)| handle.desk.as_deref() == Some(seat));
    let mut fits = own.filter(|(_, handle)| {
        let id = handle.dialog.id();
        id.call_id == named.call_id && id.local_tag == named.to_tag && id.remote_tag == named.from_tag
    });
    fits.next().map(|(leg, _)| *leg)
}
