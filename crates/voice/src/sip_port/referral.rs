//! REFER of a seat's desk telephone (RFC 3515): whoever presses "transfer" there hands the citizen over.

use rsipstack::dialog::dialog::TransactionHandle;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::{HasHeaders as _, Header, Request, StatusCode};
use tokio::sync::oneshot;

use super::dialogs::{dialog_of, events_of};
use super::following::reply;
use super::session::value;
use super::stack::StackPort;
use super::{LegEvent, SipLeg};

/// Longest Refer-To that is looked at, in bytes.
const REFER_TO_BYTES: usize = 500;

/// Answers a REFER: taken when the call can be handed over, told how that went by NOTIFY.
pub(super) fn refer(port: &StackPort, leg: SipLeg, request: Request, handle: TransactionHandle) {
    let desk = port.legs().get(&leg).is_some_and(|handle| handle.desk);
    // Only seats hand calls over: what a carrier or a citizen refers to would be dialled at the city's cost.
    if !desk {
        return reply(handle, 403);
    }
    let Some(number) = value(request.headers(), "Refer-To").and_then(number_of) else {
        return reply(handle, 400);
    };
    let (Some(events), Some(dialog)) = (events_of(port, leg), dialog_of(port, leg)) else {
        return reply(handle, 481);
    };
    tokio::spawn(async move {
        let (sender, answer) = oneshot::channel();
        let _ = handle.respond(StatusCode::Accepted, None, None).await;
        notify(&dialog, "SIP/2.0 100 Trying", "active;expires=60").await;
        let _ = events.send(LegEvent::Refer { number, reply: sender }).await;
        let code = answer.await.unwrap_or(481);
        let line = if code == 200 { "SIP/2.0 200 OK".to_owned() } else { format!("SIP/2.0 {code} Declined") };
        notify(&dialog, &line, "terminated;reason=noresource").await;
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

/// Returns the number that a Refer-To names. One that names a dialog to be replaced (RFC 3891) is none: a seat's
/// telephone has one dialog with the house, the conversation on the side is kept by the screen.
fn number_of(refer_to: &str) -> Option<String> {
    if refer_to.len() > REFER_TO_BYTES || refer_to.to_ascii_lowercase().contains("replaces=") {
        return None;
    }
    let uri = match (refer_to.find('<'), refer_to.find('>')) {
        (Some(start), Some(end)) if start < end => &refer_to[start + 1..end],
        _ => refer_to.split(';').next()?,
    };
    let rest = uri
        .strip_prefix("sip:")
        .or_else(|| uri.strip_prefix("sips:"))
        .or_else(|| uri.strip_prefix("tel:"))?;
    let user = rest.split(['@', ';', '?']).next()?.replace("%23", "#");
    (!user.is_empty() && rest.contains('@') || uri.starts_with("tel:")).then_some(user)
}

#[cfg(test)]
mod tests {
    use super::number_of;

    #[test]
    fn a_telephone_names_whom_it_transfers_to() {
        for (given, number) in [
            ("<sip:1002@10.0.0.1>", Some("1002")),
            ("\"A\" <sip:13800001111@yihao;user=phone>;x", Some("13800001111")),
            ("sip:1002@10.0.0.1;x=y", Some("1002")),
            ("<tel:110>", Some("110")),
            ("<sip:%2357@a>", Some("#57")),
            ("<sip:1002@a?Replaces=abc%3Bto-tag%3D1%3Bfrom-tag%3D2>", None),
            ("<sip:10.0.0.1>", None),
            ("<sip:@a>", None),
            ("garbage", None),
            ("><", None),
        ] {
            assert_eq!(number_of(given).as_deref(), number, "{given}");
        }
    }
}
