//! The UDP port of trunks.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use ::sip::guard::{RateLimiter, Verdict};
use ::sip::screen::{Policy, Screened, screen};
use futures::FutureExt as _;
use rsipstack::sip::{SipMessage, Transport};
use rsipstack::transport::udp::UdpConnection;
use rsipstack::transport::{SipAddr, SipConnection};
use tokio_util::sync::CancellationToken;

use super::stack::{StackError, StackPort};
use crate::config::VoiceConfig;

/// Largest datagram that is read, in bytes; whatever is longer can't be whole.
const DATAGRAM_BYTES: usize = 65_535;

pub(super) async fn listen(
    config: &VoiceConfig,
    stop: &CancellationToken,
) -> Result<UdpConnection, StackError> {
    let failed = |reason: String| StackError::Listen { address: config.sip_bind, reason };
    let connection = UdpConnection::create_connection(config.sip_bind, None, Some(stop.child_token()))
        .await
        .map_err(|error| failed(error.to_string()))?;
    let Some(external) = config.external_ip else { return Ok(connection) };
    let mut connection = connection;
    let port = connection.get_addr().get_socketaddr().map_err(|error| failed(error.to_string()))?.port();
    connection.external = Some(SipAddr::new(Transport::Udp, SocketAddr::new(external, port).into()));
    Ok(connection)
}

/// Reads datagrams until the port is stopped.
pub(super) async fn read(port: StackPort, connection: UdpConnection) {
    let mut buffer = vec![0; DATAGRAM_BYTES];
    let config = &port.0.config;
    let mut strangers = RateLimiter::new(config.udp_messages_per_second, config.udp_messages_per_second * 2);
    let mut peers = RateLimiter::new(config.trunk_messages_per_second, config.trunk_messages_per_second);
    let tag = kernel::crypto::random_token(8);
    let policy = Policy { extensions: super::EXTENSIONS, tag: &tag };
    loop {
        let received = tokio::select! {
            () = port.0.stop.cancelled() => return,
            received = connection.recv_raw(&mut buffer) => received,
        };
        let (len, from) = match received {
            Ok(received) => received,
            Err(error) => {
                // An ICMP error of an earlier datagram surfaces here; the port itself is well.
                tracing::debug!(%error, "reading from the SIP port failed once");
                tokio::time::sleep(Duration::from_millis(5)).await;
                continue;
            }
        };
        let Ok(source) = from.get_socketaddr() else { continue };
        let limiter = if port.trunk_of(source.ip()).is_some() { &mut peers } else { &mut strangers };
        if limiter.admit(source.ip(), port.now_ms()) == Verdict::Drop {
            continue;
        }
        let datagram = &buffer[..len];
        if datagram.iter().all(u8::is_ascii_whitespace) {
            if datagram == b"\r\n\r\n" {
                let _ = connection.send_raw(b"\r\n", &from).await;
            }
            continue;
        }
        let message = match screen(datagram, policy) {
            Screened::Pass(text) => parse(&text, source),
            Screened::Refuse { code, reason, response } => {
                tracing::debug!(%source, code, reason, "a SIP message was refused");
                let _ = connection.send_raw(&response, &from).await;
                None
            }
            Screened::Drop(reason) => {
                tracing::debug!(%source, reason, "a SIP message was dropped");
                None
            }
        };
        if let Some(message) = message {
            let handled = AssertUnwindSafe(port.0.endpoint.on_received_message(
                message,
                SipConnection::Udp(connection.clone()),
                &from,
            ))
            .catch_unwind()
            .await;
            match handled {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%source, %error, "a SIP message was not usable"),
                Err(_) => tracing::warn!(%source, "a SIP message made the stack panic; it was dropped"),
            }
        }
    }
}

fn parse(datagram: &[u8], source: SocketAddr) -> Option<SipMessage> {
    let parsed = std::panic::catch_unwind(|| {
        let message = SipMessage::try_from(datagram).map_err(|error| error.to_string())?;
        SipConnection::update_msg_received(message, source, Transport::Udp).map_err(|error| error.to_string())
    });
    match parsed {
        Ok(Ok(message)) => Some(message),
        Ok(Err(error)) => {
            let text = String::from_utf8_lossy(&datagram[..datagram.len().min(400)]);
            tracing::debug!(%source, %error, message = ::sip::redact::redact(&text), "not a SIP message");
            None
        }
        Err(_) => {
            tracing::warn!(%source, "a datagram made the parser panic; it was dropped");
            None
        }
    }
}
