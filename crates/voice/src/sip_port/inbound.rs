//! Requests as they come in: who sent them, and who serves them.

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;

use ::sip::guard::Network;
use ::sip::referral::{Replaces, decoded};
use ::sip::registrar::{Flow, Path, Place};
use ::sip::session_timer;
use futures::FutureExt as _;
use rsipstack::dialog::dialog::Dialog;
use rsipstack::sip::prelude::{HeadersExt as _, ToTypedHeader as _};
use rsipstack::sip::{HasHeaders as _, Header, Method, Request, StatusCode};
use rsipstack::transaction::TransactionReceiver;
use rsipstack::transaction::transaction::Transaction;
use rsipstack::transport::SipConnection;
use tokio::sync::mpsc;

use super::dialogs::LegHandle;
use super::flows::{Carrier, Flows, carrier_of};
use super::message::seen_at;
use super::session::{names, said, value};
use super::stack::{StackPort, allowed};
use super::{IncomingCall, Origin, Replaced, dialogs, following, referral, register};
use crate::config::TrunkConfig;

/// Events of a leg that may wait for its call.
pub(super) const LEG_EVENTS: usize = 64;

/// Serves requests until the stack stops.
pub(super) async fn serve(port: StackPort, mut incoming: TransactionReceiver) {
    loop {
        let transaction = tokio::select! {
            () = port.0.stop.cancelled() => return,
            transaction = incoming.recv() => transaction,
        };
        let Some(transaction) = transaction else { return };
        let port = port.clone();
        tokio::spawn(async move {
            let method = transaction.original.method;
            match AssertUnwindSafe(request(port, transaction)).catch_unwind().await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%method, %error, "a SIP request ended with an error"),
                Err(_) => tracing::warn!(%method, "a SIP request made its handler panic"),
            }
        });
    }
}

async fn request(port: StackPort, mut tx: Transaction) -> rsipstack::Result<()> {
    let in_dialog = matches!(tx.original.to_header()?.tag(), Ok(Some(_)));
    if in_dialog {
        return match port.0.dialogs.match_dialog(&tx) {
            Some(Dialog::Invite(mut dialog)) => dialog.handle(&mut tx).await,
            _ => tx.reply(StatusCode::CallTransactionDoesNotExist).await,
        };
    }
    match tx.original.method {
        Method::Invite => invite(&port, tx).await,
        Method::Register => register::register(&port, tx).await,
        Method::Options => {
            let headers = vec![allow(), Header::Accept("application/sdp".into())];
            tx.reply_with(StatusCode::OK, headers, None).await
        }
        _ => tx.reply_with(StatusCode::MethodNotAllowed, vec![allow()], None).await,
    }
}

fn allow() -> Header {
    let methods: Vec<String> = allowed().iter().map(ToString::to_string).collect();
    Header::Allow(methods.join(", ").into())
}

async fn invite(port: &StackPort, mut tx: Transaction) -> rsipstack::Result<()> {
    let origin = match telephone(port, &tx) {
        Some(seat) => match register::proven(port, &tx.original, Place::Desk) {
            Ok(proven) if proven == seat => match replaced(port, &tx.original, &seat) {
                Ok(replaces) => Origin::Telephone { seat, replaces },
                Err(code) => return tx.reply(StatusCode::from(code)).await,
            },
            Ok(_) => return tx.reply(StatusCode::Forbidden).await,
            Err(stale) => return register::challenge(port, tx, stale).await,
        },
        // Nobody but a seat's telephone takes the place of a leg that stands.
        None if value(tx.original.headers(), "Replaces").is_some() => {
            return tx.reply(StatusCode::Forbidden).await;
        }
        None => match origin(port, &tx) {
            Some(origin) => origin,
            None => {
                tracing::info!(source = ?seen_at(&tx.original), "a call from a stranger was refused");
                return tx.reply(StatusCode::Forbidden).await;
            }
        },
    };
    let called = dialled(port, &origin, &tx.original);
    if !is_served(port, &origin, &called) {
        return tx.reply(StatusCode::NotFound).await;
    }
    let offer = session_description(&tx.original);
    let timer = match session_timer::answer(said(&tx.original)) {
        Ok(timer) => timer,
        Err(session_timer::Refused::TooSmall) => {
            let least = session_timer::MIN_SE_SECS.to_string();
            let headers = vec![Header::Other("Min-SE".to_owned(), least)];
            return tx.reply_with(StatusCode::from(422), headers, None).await;
        }
        Err(session_timer::Refused::Malformed) => return tx.reply(StatusCode::BadRequest).await,
    };
    let caller = match &origin {
        Origin::Trunk(_) => caller(&tx.original),
        Origin::Portal(phone) => phone.clone().unwrap_or_else(|| "web".to_owned()),
        Origin::Telephone { seat, .. } => seat.clone(),
    };
    let carrier = flow(&tx).map_or(Carrier::Udp, carrier_of);
    let (states, changes) = port.0.dialogs.new_dialog_state_channel();
    let mut dialog =
        port.0.dialogs.get_or_create_server_invite(&tx, states, None, Some(port.contact(carrier)))?;
    let (events, receiver) = mpsc::channel(LEG_EVENTS);
    let mut handle = LegHandle::new(dialog.clone(), events, flow(&tx));
    handle.timer = timer;
    handle.awaits_answer = offer.is_none();
    handle.takes_update = names(tx.original.headers(), "Allow", "UPDATE");
    match &origin {
        Origin::Trunk(name) => handle.trunk = Some(name.clone()),
        Origin::Telephone { seat, .. } => handle.desk = Some(seat.clone()),
        Origin::Portal(_) => {}
    }
    let leg = dialogs::adopt(port, handle);
    if let (Origin::Portal(_), Some(user)) = (&origin, from_user(&tx)) {
        port.0.tokens.begin(&user, leg);
    }
    tokio::spawn(following::incoming(port.clone(), leg, changes));
    let may_key = port.0.config.srtp_in_clear || carrier == Carrier::Tls;
    let call = IncomingCall { leg, origin, caller, called, offer, may_key, events: receiver };
    if port.0.calls.try_send(call).is_err() {
        // Nobody takes calls at the moment: the caller's carrier may try another way.
        port.0.tokens.end(leg);
        dialogs::reject(port, leg, 503);
    }
    dialog.handle(&mut tx).await
}

/// The seat whose desk telephone sends a request, by the way on which it is registered and the name that it gives. It
/// has yet to prove that.
fn telephone(port: &StackPort, tx: &Transaction) -> Option<String> {
    let path = match flow(tx) {
        Some(flow) if carrier_of(flow) == Carrier::Ws => return None,
        Some(flow) => Path::Flow(flow),
        None => Path::Datagram(seen_at(&tx.original)?),
    };
    from_user(tx).filter(|seat| port.0.flows.is_desk(seat, path, port.now_ms()))
}

/// The leg whose place a telephone wants to take; 481 when the seat has no such leg.
fn replaced(port: &StackPort, request: &Request, seat: &str) -> Result<Option<Replaced>, u16> {
    let named = request.headers().iter().filter(|header| header.name().eq_ignore_ascii_case("Replaces"));
    let named: Vec<&str> = named.map(Header::value).collect();
    match named[..] {
        [] => Ok(None),
        [one] => {
            let named = Replaces::parse(one).ok_or(400u16)?;
            let leg = referral::leg_of(port, seat, &named).ok_or(481u16)?;
            Ok(Some(Replaced { leg, early_only: named.early_only }))
        }
        _ => Err(400),
    }
}

/// Where the request came from, when that is somebody who may call.
fn origin(port: &StackPort, tx: &Transaction) -> Option<Origin> {
    if flow(tx).is_some_and(|flow| carrier_of(flow) == Carrier::Ws) {
        let citizen = port.0.tokens.citizen(&from_user(tx)?, port.0.clock.now())?;
        return Some(Origin::Portal(citizen));
    }
    let source = match flow(tx) {
        Some(flow) => port.0.flows.peer(flow)?.ip(),
        None => seen_at(&tx.original)?.ip(),
    };
    port.trunk_of(source).map(|trunk| Origin::Trunk(trunk.to_owned()))
}

/// The number that was dialled. A carrier that we registered with rings the name that we gave it; the number
/// then stands in `To`.
fn dialled(port: &StackPort, origin: &Origin, request: &Request) -> String {
    let user = request.uri.user().unwrap_or_default();
    let ours = |trunk: &TrunkConfig| match origin {
        Origin::Trunk(name) => trunk.name == *name && trunk.username.as_deref() == Some(user),
        Origin::Portal(_) | Origin::Telephone { .. } => false,
    };
    if let Origin::Telephone { .. } = origin {
        return decoded(user).unwrap_or_default();
    }
    if !port.0.config.trunks.iter().any(ours) {
        return user.to_owned();
    }
    let to = request.to_header().ok().and_then(|to| user_of(to.value()));
    to.filter(|number| number != user).unwrap_or_else(|| port.0.config.hotline.clone())
}

fn from_user(tx: &Transaction) -> Option<String> {
    Some(tx.original.from_header().ok()?.typed().ok()?.uri.user()?.to_owned())
}

fn is_served(port: &StackPort, origin: &Origin, called: &str) -> bool {
    match origin {
        Origin::Portal(_) => called == port.0.config.hotline,
        // Whom the seat may call, the call decides.
        Origin::Telephone { .. } => true,
        Origin::Trunk(name) => port
            .0
            .trunks
            .iter()
            .find(|trunk| trunk.name == *name)
            .is_some_and(|trunk| trunk.numbers.is_empty() || trunk.numbers.iter().any(|n| n == called)),
    }
}

/// The connection that a request came over.
pub(super) fn flow(tx: &Transaction) -> Option<Flow> {
    match &tx.connection {
        Some(SipConnection::Channel(channel)) => Flows::of(channel.get_addr()),
        _ => None,
    }
}

fn session_description(request: &Request) -> Option<String> {
    if request.body.is_empty() {
        return None;
    }
    String::from_utf8(request.body.clone()).ok()
}

/// The caller's number: what the carrier asserts, else the From header.
fn caller(request: &Request) -> String {
    let asserted = request.p_asserted_identity_header().and_then(|header| user_of(header.value()));
    let from = || request.from_header().ok().and_then(|from| from.typed().ok());
    let number = asserted.or_else(|| from().and_then(|from| from.uri.user().map(str::to_owned)));
    clean(&number.unwrap_or_default())
}

fn user_of(header: &str) -> Option<String> {
    let uri = match (header.find('<'), header.find('>')) {
        (Some(start), Some(end)) if start < end => &header[start + 1..end],
        _ => header.split(';').next().unwrap_or(header),
    };
    let rest = uri
        .strip_prefix("sip:")
        .or_else(|| uri.strip_prefix("sips:"))
        .or_else(|| uri.strip_prefix("tel:"))?;
    let user = rest.split(['@', ';']).next().unwrap_or("");
    (!user.is_empty()).then(|| user.to_owned())
}

/// Keeps what a telephone number or a short name may consist of; `anonymous` when nothing is left.
fn clean(number: &str) -> String {
    let kept: String = number
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, '+' | '*' | '#' | '-' | '_' | '.'))
        .take(40)
        .collect();
    if kept.is_empty() { "anonymous".to_owned() } else { kept }
}

impl StackPort {
    /// Returns the name of the trunk that an address belongs to.
    pub(super) fn trunk_of(&self, address: IpAddr) -> Option<&str> {
        self.0
            .trunks
            .iter()
            .find(|trunk| trunk.networks.iter().any(|network: &Network| network.contains(address)))
            .map(|trunk| trunk.name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::{clean, user_of};

    #[test]
    fn numbers_are_taken_from_what_the_carrier_asserts() {
        assert_eq!(user_of("\"A\" <sip:13800001111@x;user=phone>"), Some("13800001111".into()));
        assert_eq!(user_of("<tel:+8657188881111>"), Some("+8657188881111".into()));
        assert_eq!(user_of("sip:110@x"), Some("110".into()));
        assert_eq!(user_of("garbage"), None);
        assert_eq!(user_of("><"), None);
        assert_eq!(clean("138\r\n<script>"), "138script");
        assert_eq!(clean(""), "anonymous");
    }
}
