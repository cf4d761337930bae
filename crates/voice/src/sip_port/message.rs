//! What every way into the house does with a message: it is judged, parsed, put right and handed over; a panic costs
//! that message only.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;

use ::sip::screen::{Policy, Screened, screen};
use futures::FutureExt as _;
use rsipstack::sip::prelude::{HasHeaders as _, HeadersExt as _};
use rsipstack::sip::{Header, Request, SipMessage};
use rsipstack::transport::{SipAddr, SipConnection};

use super::flows::Carrier;
use super::stack::StackPort;

/// What becomes of bytes that came as one message.
pub(super) enum Judged {
    /// It goes on.
    Message(SipMessage),
    /// It is answered without state.
    Answer(Vec<u8>),
    /// It is forgotten.
    Nothing,
}

/// Judges and parses what came from `source`.
pub(super) fn judge(bytes: &[u8], policy: Policy<'_>, source: SocketAddr, carrier: Carrier) -> Judged {
    let text = match screen(bytes, policy) {
        Screened::Pass(text) => text,
        Screened::Refuse { code, reason, response } => {
            tracing::debug!(%source, code, reason, "a SIP message was refused");
            return Judged::Answer(response);
        }
        Screened::Drop(reason) => {
            tracing::debug!(%source, reason, "a SIP message was dropped");
            return Judged::Nothing;
        }
    };
    let parsed = std::panic::catch_unwind(|| {
        let message = SipMessage::try_from(text.as_slice()).map_err(|error| error.to_string())?;
        // A browser's address says nothing, and its Via neither.
        if carrier == Carrier::Ws {
            return Ok(message);
        }
        let message = SipConnection::update_msg_received(message, source, carrier.transport())
            .map_err(|error| error.to_string())?;
        // Who a datagram is from is read from its Via later on. A sender that names its own address there, and
        // another one as `received`, would pass for the other one.
        match (&message, carrier) {
            (SipMessage::Request(request), Carrier::Udp) if seen_at(request) != Some(source) => {
                Err("the topmost Via says another source".to_owned())
            }
            _ => Ok(message),
        }
    });
    match parsed {
        Ok(Ok(message)) => Judged::Message(message),
        Ok(Err(error)) => {
            let text = String::from_utf8_lossy(&text[..text.len().min(400)]);
            tracing::debug!(%source, %error, message = ::sip::redact::redact(&text), "not a SIP message");
            Judged::Nothing
        }
        Err(_) => {
            tracing::warn!(%source, "a message made the parser panic; it was dropped");
            Judged::Nothing
        }
    }
}

/// Returns where a request came from by its topmost Via, into which the reader of datagrams has written it.
pub(super) fn seen_at(request: &Request) -> Option<SocketAddr> {
    let (_, host) = SipConnection::parse_target_from_via(request.via_header().ok()?).ok()?;
    match host.host {
        rsipstack::sip::Host::IpAddr(ip) => {
            Some(SocketAddr::new(ip, host.port.map_or(5060, |port| port.value())))
        }
        rsipstack::sip::Host::Domain(_) => None,
    }
}

/// Gives a message to the stack.
pub(super) async fn hand_over(
    port: &StackPort,
    message: SipMessage,
    connection: SipConnection,
    address: &SipAddr,
    source: SocketAddr,
) {
    let handled = AssertUnwindSafe(port.0.endpoint.on_received_message(message, connection, address))
        .catch_unwind()
        .await;
    match handled {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%source, %error, "a SIP message was not usable"),
        Err(_) => tracing::warn!(%source, "a SIP message made the stack panic; it was dropped"),
    }
}

/// Puts the address that a telephone was seen at into its Contact. Behind a NAT the telephone names one that nobody
/// can reach, and later requests of the dialog would go there.
pub(super) fn seen_contact(message: &mut SipMessage, source: SocketAddr) {
    let is_register = matches!(message, SipMessage::Request(request)
        if request.method == rsipstack::sip::Method::Register);
    let Ok(contact) = message.contact_header() else { return };
    if is_register {
        return;
    }
    let Some(value) = with_host(contact.value(), source) else { return };
    message.headers_mut().unique_push(Header::Contact(value.into()));
}

/// Replaces host and port of the one address in a Contact; none when there is nothing to replace.
fn with_host(contact: &str, source: SocketAddr) -> Option<String> {
    if contact.trim() == "*" || contact.contains(',') {
        return None;
    }
    let start = contact.find("sip:").or_else(|| contact.find("sips:"))?;
    let uri_end = contact[start..].find(['>', ';', '?']).map_or(contact.len(), |at| start + at);
    let uri = &contact[start..uri_end];
    let host = match uri.rfind('@') {
        Some(at) => start + at + 1,
        None => start + uri.find(':')? + 1,
    };
    let seen = source.to_string();
    (contact[host..uri_end] != seen).then(|| format!("{}{seen}{}", &contact[..host], &contact[uri_end..]))
}

/// Writes the way that a request really goes into its topmost Via: the stack knows the listener of datagrams only.
pub(super) fn own_via(text: String, carrier: Carrier, local: SocketAddr) -> String {
    if text.starts_with("SIP/") {
        return text;
    }
    let Some(via) = text.find("\r\nVia:").map(|at| at + 6) else { return text };
    let Some(end) = text[via..].find("\r\n").map(|at| via + at) else { return text };
    let parameters = text[via..end].find(';').map_or(end, |at| via + at);
    let name = carrier.name().to_ascii_uppercase();
    format!("{} SIP/2.0/{name} {local}{}", &text[..via], &text[parameters..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_gets_the_address_that_its_telephone_was_seen_at() {
        let seen: SocketAddr = "203.0.113.7:61000".parse().unwrap();
        for (given, told) in [
            ("<sip:1001@192.168.1.20:5060;ob>;x=1", Some("<sip:1001@203.0.113.7:61000;ob>;x=1")),
            ("\"A\" <sip:192.168.1.20>", Some("\"A\" <sip:203.0.113.7:61000>")),
            ("sip:1001@10.0.0.1;expires=60", Some("sip:1001@203.0.113.7:61000;expires=60")),
            ("<sip:1001@203.0.113.7:61000>", None),
            ("*", None),
            ("<sip:a@b>, <sip:c@d>", None),
            ("<tel:110>", None),
        ] {
            assert_eq!(with_host(given, seen).as_deref(), told, "{given}");
        }
    }

    #[test]
    fn nobody_passes_for_another_by_what_a_via_says() {
        let source: SocketAddr = "192.0.2.66:5060".parse().unwrap();
        let policy = Policy { extensions: &[], tag: "t" };
        let go = |via: &str| {
            let text = format!(
                "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP {via};branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\n\
                 To: <sip:b@b>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
            );
            match judge(text.as_bytes(), policy, source, Carrier::Udp) {
                Judged::Message(SipMessage::Request(request)) => seen_at(&request),
                _ => None,
            }
        };
        assert_eq!(go("192.0.2.66:5060"), Some(source));
        assert_eq!(go("10.0.0.1:5060;rport"), Some(source));
        assert_eq!(go("10.0.0.1;received=10.0.0.1;rport=5060"), Some(source));
        assert_eq!(go("192.0.2.66:5060;received=10.0.0.1"), None);
    }

    #[test]
    fn a_request_says_the_way_that_it_goes() {
        let local: SocketAddr = "192.0.2.1:5061".parse().unwrap();
        let text = "BYE sip:a SIP/2.0\r\nVia: SIP/2.0/UDP 0.0.0.0:5060;branch=z9hG4bKx;rport\r\nX: y\r\n\r\n";
        assert_eq!(
            own_via(text.to_owned(), Carrier::Tls, local),
            "BYE sip:a SIP/2.0\r\nVia: SIP/2.0/TLS 192.0.2.1:5061;branch=z9hG4bKx;rport\r\nX: y\r\n\r\n"
        );
        let response = text.replacen("BYE sip:a SIP/2.0", "SIP/2.0 200 OK", 1);
        assert_eq!(own_via(response.clone(), Carrier::Tcp, local), response);
    }
}
