//! `REGISTER` of seats' telephones.

use ::sip::digest::{Algorithm, Credentials, Refusal};
use ::sip::registrar::{MIN_EXPIRES_SECS, Outcome, Refused, Registration};
use rsipstack::sip::prelude::HeadersExt as _;
use rsipstack::sip::{Header, Request, StatusCode};
use rsipstack::transaction::transaction::Transaction;

use super::inbound::flow;
use super::stack::StackPort;

/// Life of a binding when the request names none, in seconds.
const EXPIRES_SECS: u32 = 600;

pub(super) async fn register(port: &StackPort, mut tx: Transaction) -> rsipstack::Result<()> {
    let Some(flow) = flow(&tx) else {
        return tx.reply(StatusCode::Forbidden).await;
    };
    let seat = match authenticate(port, &tx.original) {
        Ok(seat) => seat,
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
    let applied = port.0.flows.register(
        &Registration { seat: &seat, contact: uri.as_deref(), flow, call_id: &call_id, cseq, expires_secs },
        port.now_ms(),
    );
    match applied {
        Ok(outcome) => {
            if let Outcome::Bound { .. } = outcome {
                port.told(&seat, true);
            }
            if outcome == Outcome::Removed {
                port.told(&seat, false);
            }
            let mut headers = Vec::new();
            if let (Some(binding), Outcome::Bound { expires_secs, .. }) =
                (port.0.flows.find(&seat, port.now_ms()), &outcome)
            {
                headers.push(Header::Contact(format!("<{}>;expires={expires_secs}", binding.contact).into()));
            }
            tx.reply_with(StatusCode::OK, headers, None).await
        }
        Err(Refused::TooBrief) => {
            let headers = vec![Header::MinExpires(MIN_EXPIRES_SECS.to_string().into())];
            tx.reply_with(StatusCode::IntervalTooBrief, headers, None).await
        }
        Err(Refused::OutOfOrder) => tx.reply(StatusCode::ServerInternalError).await,
        Err(Refused::BadContact) => tx.reply(StatusCode::BadRequest).await,
    }
}

/// Returns the seat, or whether a fresh challenge should say `stale`.
fn authenticate(port: &StackPort, request: &Request) -> Result<String, bool> {
    let header = request.authorization_header().ok_or(false)?;
    let refuse = |refusal: Refusal| {
        tracing::debug!(%refusal, "a registration was refused");
        refusal == Refusal::Stale
    };
    let credentials =
        Credentials::parse(header.value().trim_start_matches("Authorization:")).map_err(refuse)?;
    let password = port.0.tokens.seat_password(&credentials.username, port.0.clock.now()).ok_or(false)?;
    port.0
        .verifier
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .verify(&credentials, "REGISTER", &request.uri.to_string(), &password, port.now_ms())
        .map_err(refuse)?;
    // A seat's password opens that seat only.
    let to = request.to_header().ok().and_then(|to| to.uri().ok());
    if to.and_then(|uri| uri.user().map(str::to_owned)).as_deref() != Some(credentials.username.as_str()) {
        return Err(false);
    }
    Ok(credentials.username)
}

/// Makes nonces of the same millisecond differ.
fn salt() -> u64 {
    kernel::crypto::random_digits(18).parse().unwrap_or(0)
}

async fn challenge(port: &StackPort, mut tx: Transaction, stale: bool) -> rsipstack::Result<()> {
    let value = port.0.verifier.lock().unwrap_or_else(std::sync::PoisonError::into_inner).challenge(
        Algorithm::Md5,
        port.now_ms(),
        salt(),
        stale,
    );
    tx.reply_with(StatusCode::Unauthorized, vec![Header::WwwAuthenticate(value.into())], None).await
}
