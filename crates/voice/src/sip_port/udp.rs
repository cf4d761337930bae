//! The UDP port of trunks and desk telephones.

use std::net::SocketAddr;
use std::time::Duration;

use ::sip::guard::{RateLimiter, Verdict};
use ::sip::screen::Policy;
use rsipstack::sip::Transport;
use rsipstack::transport::udp::UdpConnection;
use rsipstack::transport::{SipAddr, SipConnection};
use tokio_util::sync::CancellationToken;

use super::flows::Carrier;
use super::message::{Judged, hand_over, judge, seen_contact};
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
        match judge(datagram, policy, source, Carrier::Udp) {
            Judged::Message(mut message) => {
                if port.0.flows.is_telephone(source) {
                    seen_contact(&mut message, source);
                }
                let through = SipConnection::Udp(connection.clone());
                hand_over(&port, message, through, &from, source).await;
            }
            Judged::Answer(response) => {
                let _ = connection.send_raw(&response, &from).await;
            }
            Judged::Nothing => {}
        }
    }
}
