//! Requests of ours outside of calls: is somebody there, and may we be called here.

use std::net::SocketAddr;
use std::time::Duration;

use ::sip::registrar::{Flow, Path};
use rsipstack::dialog::authenticate::{AuthRetry, Credential, handle_client_authenticate};
use rsipstack::sip::headers::CallId;
use rsipstack::sip::{Header, Method, Response, SipMessage, StatusCode, Uri};
use rsipstack::transaction::key::{TransactionKey, TransactionRole};
use rsipstack::transaction::make_tag;
use rsipstack::transaction::transaction::Transaction;

use super::flows::{Flows, carrier_of};
use super::stack::StackPort;

/// How long an answer is waited for, in seconds.
const ANSWER_SECS: u64 = 5;

/// A request and the way that it goes.
pub(super) struct Outgoing {
    pub(super) method: Method,
    pub(super) target: Uri,
    /// Who asks, which is also who is asked for in a registration.
    pub(super) identity: Uri,
    pub(super) path: Path,
    pub(super) headers: Vec<Header>,
    pub(super) credential: Option<Credential>,
    /// The conversation that it belongs to and its number there; alone without one.
    pub(super) series: Option<(CallId, u32)>,
}

/// Sends a request; returns the last answer, none when nobody answered in time.
pub(super) async fn send(port: &StackPort, request: Outgoing) -> Option<Response> {
    match tokio::time::timeout(Duration::from_secs(ANSWER_SECS), ask(port, request)).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => {
            tracing::debug!(%error, "a request of ours could not be sent");
            None
        }
        Err(_) => None,
    }
}

async fn ask(port: &StackPort, request: Outgoing) -> rsipstack::Result<Option<Response>> {
    let endpoint = &port.0.endpoint;
    let via = endpoint.get_via(None, None)?;
    let from =
        rsipstack::sip::typed::From { display_name: None, uri: request.identity.clone(), params: Vec::new() }
            .with_tag(make_tag());
    let to_uri = if request.method == Method::Register { request.identity } else { request.target.clone() };
    let to = rsipstack::sip::typed::To { display_name: None, uri: to_uri, params: Vec::new() };
    let (call_id, mut count) = request.series.map_or((None, 1), |(id, seq)| (Some(id), seq));
    let mut message = endpoint.make_request(request.method, request.target, via, from, to, count, call_id);
    for header in request.headers {
        message.headers.push(header);
    }
    let key = TransactionKey::from_request(&message, TransactionRole::Client)?;
    let mut tx = Transaction::new_client(key, message, endpoint.clone(), None);
    let destination = Flows::destination(request.path);
    tx.destination = Some(destination.clone());
    tx.send().await?;
    let mut auth = AuthRetry::new();
    while let Some(message) = tx.receive().await {
        let SipMessage::Response(response) = message else { continue };
        match response.status_code {
            StatusCode::Trying => {}
            StatusCode::Unauthorized | StatusCode::ProxyAuthenticationRequired => {
                let Some(credential) = request.credential.as_ref().filter(|_| auth.should_answer(&response))
                else {
                    return Ok(Some(response));
                };
                count += 1;
                tx = handle_client_authenticate(count, &tx, response, credential).await?;
                tx.destination = Some(destination.clone());
                tx.send().await?;
            }
            _ => return Ok(Some(response)),
        }
    }
    Ok(None)
}

/// Asks whether somebody is there (RFC 3261 §11). Any answer says yes, whatever it says.
pub(super) async fn options(port: &StackPort, target: Uri, path: Path) -> Option<Response> {
    let carrier = flow_of(path).map_or(super::flows::Carrier::Udp, carrier_of);
    let headers = vec![
        Header::Accept("application/sdp".into()),
        Header::Contact(format!("<{}>", port.contact(carrier)).into()),
    ];
    let identity = port.contact(carrier);
    send(
        port,
        Outgoing { method: Method::Options, target, identity, path, headers, credential: None, series: None },
    )
    .await
}

fn flow_of(path: Path) -> Option<Flow> {
    match path {
        Path::Flow(flow) => Some(flow),
        Path::Datagram(_) => None,
    }
}

/// Returns the URI of an address.
pub(super) fn uri_of(address: SocketAddr, transport: &str) -> Option<Uri> {
    let suffix = if transport == "udp" { String::new() } else { format!(";transport={transport}") };
    Uri::try_from(format!("sip:{address}{suffix}")).ok()
}
