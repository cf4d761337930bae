//! `REGISTER` of seats' telephones.

use std::net::SocketAddr;

use ::sip::digest::{Algorithm, Credentials, Refusal, Secret};
use ::sip::registrar::{MIN_EXPIRES_SECS, Outcome, Path, Place, Refused, Registration};
use rsipstack::sip::prelude::HeadersExt as _;
use rsipstack::sip::{Header, Request, StatusCode};
use rsipstack::transaction::transaction::Transaction;

use super::flows::{Carrier, carrier_of};
use super::inbound::flow;
use super::message::seen_at;
use super::stack::StackPort;

/// Life of a binding when the request names none, in seconds.
const EXPIRES_SECS: u32 = 600;

pub(super) async fn register(port: &StackPort, mut tx: Transaction) -> rsipstack::Result<()> {
    let Some((place, path, source)) = way(port, &tx) else {
        return tx.reply(StatusCode::Forbidden).await;
    };
    let seat = match proven(port, &tx.original, place) {
        // A seat's password opens that seat only.
        Ok(seat) if is_to(&tx.original, &seat) => seat,
        Ok(_) => return challenge(port, tx, false).await,
        Err(stale) => return challenge(port, tx, stale).await,
    };
    let request = &tx.original;
    let contacts = request.typed_contact_headers()?;
    if contacts.len() > 1 {
        return tx.reply(StatusCode::BadRequest).await;
    }
    let contact = contacts.first();
    let expires_secs = contact
        .and_then(rsipstack::sip::typed::Contact::expires)
        .or_else(|| request.expires_header().and_then(|expires| expires.value().trim().parse().ok()))
        .unwrap_or(EXPIRES_SECS);
    let uri = contact.map(|contact| contact.uri.to_string());
    let call_id = request.call_id_header()?.value().to_owned();
    let cseq = request.cseq_header()?.seq()?;
    let user_agent = request.user_agent_header().map_or("", |header| header.value()).to_owned();
    let applied = port.0.flows.register(
        &Registration {
            seat: &seat,
            place,
            contact: uri.as_deref(),
            path,
            seen_at: source,
            user_agent: &user_agent,
            call_id: &call_id,
            cseq,
            expires_secs,
        },
        port.now_ms(),
    );
    match applied {
        Ok(outcome) => {
            match outcome {
                Outcome::Bound { .. } => port.told(place, &seat, true),
                Outcome::Removed => port.told(place, &seat, false),
                Outcome::Unchanged => {}
            }
            // Every binding is named (RFC 3261 §10.3), the own one with the life that was granted.
            let now_ms = port.now_ms();
            let bindings = port.0.flows.all(place, &seat, now_ms);
            let headers = bindings.iter().map(|binding| {
                let left = binding.expires_at.saturating_sub(now_ms).div_ceil(1000);
                Header::Contact(format!("<{}>;expires={left}", binding.contact).into())
            });
            tx.reply_with(StatusCode::OK, headers.collect(), None).await
        }
        Err(Refused::TooBrief) => {
            let headers = vec![Header::MinExpires(MIN_EXPIRES_SECS.to_string().into())];
            tx.reply_with(StatusCode::IntervalTooBrief, headers, None).await
        }
        Err(Refused::OutOfOrder) => tx.reply(StatusCode::ServerInternalError).await,
        Err(Refused::BadContact) => tx.reply(StatusCode::BadRequest).await,
    }
}

/// Which telephone asks, and how it is reached again: a page over its WebSocket, a desk telephone over its
/// connection, or by datagrams to where its own came from.
fn way(port: &StackPort, tx: &Transaction) -> Option<(Place, Path, SocketAddr)> {
    let Some(flow) = flow(tx) else {
        let source = seen_at(&tx.original)?;
        return Some((Place::Desk, Path::Datagram(source), source));
    };
    let place = if carrier_of(flow) == Carrier::Ws { Place::Page } else { Place::Desk };
    Some((place, Path::Flow(flow), port.0.flows.peer(flow)?))
}

fn is_to(request: &Request, seat: &str) -> bool {
    let to = request.to_header().ok().and_then(|to| to.uri().ok());
    to.is_some_and(|uri| uri.user() == Some(seat))
}

/// Returns the seat whose password was proven, or whether a fresh challenge should say `stale`.
pub(super) fn proven(port: &StackPort, request: &Request, place: Place) -> Result<String, bool> {
    let header = request.authorization_header().ok_or(false)?;
    let refuse = |refusal: Refusal| {
        tracing::debug!(%refusal, "a proof of a password was refused");
        refusal == Refusal::Stale
    };
    let credentials =
        Credentials::parse(header.value().trim_start_matches("Authorization:")).map_err(refuse)?;
    let seat = credentials.username.as_str();
    let secret = match place {
        Place::Page => port.0.tokens.seat_password(seat, port.0.clock.now()).map(Secret::Password),
        Place::Desk => port.0.accounts.secret(seat),
    };
    let secret = secret.ok_or(false)?;
    port.0
        .verifier
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .verify(&credentials, &request.method.to_string(), &request.uri.to_string(), &secret, port.now_ms())
        .map_err(refuse)?;
    Ok(credentials.username)
}

/// Makes nonces of the same millisecond differ.
fn salt() -> u64 {
    kernel::crypto::random_digits(18).parse().unwrap_or(0)
}

pub(super) async fn challenge(port: &StackPort, mut tx: Transaction, stale: bool) -> rsipstack::Result<()> {
    let value = port.0.verifier.lock().unwrap_or_else(std::sync::PoisonError::into_inner).challenge(
        Algorithm::Md5,
        port.now_ms(),
        salt(),
        stale,
    );
    tx.reply_with(StatusCode::Unauthorized, vec![Header::WwwAuthenticate(value.into())], None).await
}
