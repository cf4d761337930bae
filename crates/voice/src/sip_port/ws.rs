//! SIP over WebSocket (RFC 7118) for seats' and citizens' browsers.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ::sip::guard::{RateLimiter, Verdict};
use ::sip::screen::Policy;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures::stream::SplitSink;
use futures::{SinkExt as _, StreamExt as _};
use kernel::http::{PeerAddress, is_own_origin};
use kernel::{Kit, Problem};
use rsipstack::transport::channel::ChannelConnection;
use rsipstack::transport::{SipConnection, TransportEvent};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::flows::{Carrier, Flows};
use super::message::{Judged, hand_over, judge};
use super::stack::StackPort;

/// Longest message, in bytes.
const MESSAGE_BYTES: usize = 64 * 1024;
/// Messages that may wait for a slow browser before it is cut off.
const OUTGOING: usize = 256;
/// Interval of pings, in seconds; a browser that has said nothing for two of them is gone.
const PING_SECS: u64 = 10;
/// Longest time for one message to leave, in seconds.
const WRITE_SECS: u64 = 5;
/// A WebSocket on which nobody registered or called within this time is closed, in seconds.
const IDLE_SECS: u64 = 60;
/// Messages a second, and at once, from one browser.
const RATE: (u32, u32) = (30, 100);

/// Serves `GET /sip`: an upgrade with subprotocol `sip` from a page of this server.
pub async fn sip_over_websocket(
    kit: Kit,
    port: StackPort,
    peer: Option<PeerAddress>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    if !is_own_origin(&kit, &headers) {
        return Problem::new(StatusCode::FORBIDDEN, "origin.foreign")
            .detail_zh("请求来自其他网站，已被拒绝。")
            .detail_en("The request came from another site and was refused.")
            .into_response();
    }
    let speaks_sip = headers
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|protocol| protocol.trim().eq_ignore_ascii_case("sip"));
    if !speaks_sip {
        return Problem::new(StatusCode::BAD_REQUEST, "voice.no_sip_subprotocol")
            .detail_zh("此地址只接受 SIP 电话连接。")
            .detail_en("This address only takes WebSockets with subprotocol sip.")
            .into_response();
    }
    let peer = peer.map_or(IpAddr::from([127, 0, 0, 1]), |peer| peer.0);
    upgrade
        .protocols(["sip"])
        .max_message_size(MESSAGE_BYTES)
        .max_frame_size(MESSAGE_BYTES)
        .on_upgrade(move |socket| serve(port, socket, peer))
}

async fn serve(port: StackPort, socket: WebSocket, peer: IpAddr) {
    let Some(flow) = port.0.flows.next(Carrier::Ws, peer) else {
        tracing::warn!(%peer, "too many WebSockets from one address; one was refused");
        return;
    };
    let closed = CancellationToken::new();
    let (sink, mut stream) = socket.split();
    let (outgoing, queue) = mpsc::channel(OUTGOING);
    let address = Flows::address(flow);
    // The stack's own reader gets a channel that stays silent: we hand messages over ourselves.
    let (silent, nothing) = mpsc::unbounded_channel();
    let channel = match ChannelConnection::create_connection_bounded(
        nothing,
        outgoing,
        address.clone(),
        Some(closed.clone()),
    )
    .await
    {
        Ok(channel) => SipConnection::Channel(channel),
        Err(error) => {
            tracing::warn!(%error, "a WebSocket could not be served");
            return;
        }
    };
    port.0.endpoint.transport_layer.add_connection(channel.clone());
    let source = SocketAddr::new(peer, 0);
    port.0.flows.opened(flow, channel.clone(), source);
    let (pong, pongs) = mpsc::channel(4);
    let writer = tokio::spawn(write(sink, queue, pongs, closed.clone()));
    let mut limiter = RateLimiter::new(RATE.0, RATE.1);
    let tag = kernel::crypto::random_token(8);
    let policy = Policy { extensions: super::EXTENSIONS, tag: &tag };
    let idle = tokio::time::sleep(Duration::from_secs(IDLE_SECS));
    tokio::pin!(idle);
    let mut checked = false;
    loop {
        let message = tokio::select! {
            () = closed.cancelled() => break,
            () = port.0.stop.cancelled() => break,
            () = &mut idle, if !checked => {
                checked = true;
                if port.is_used(flow) {
                    continue;
                }
                tracing::debug!(%peer, "a WebSocket that was not used was closed");
                break;
            }
            message = tokio::time::timeout(Duration::from_secs(PING_SECS * 2 + 5), stream.next()) => message,
        };
        let Ok(Some(Ok(message))) = message else { break };
        let bytes = match &message {
            Message::Text(text) => text.as_bytes(),
            Message::Binary(bytes) => bytes,
            Message::Ping(_) | Message::Pong(_) => continue,
            Message::Close(_) => break,
        };
        if limiter.admit(peer, port.now_ms()) == Verdict::Drop {
            tracing::warn!(%peer, "a browser sent too many SIP messages and was cut off");
            break;
        }
        if bytes.iter().all(u8::is_ascii_whitespace) {
            let _ = pong.try_send(Message::Text("\r\n".into()));
            continue;
        }
        match judge(bytes, policy, source, Carrier::Ws) {
            Judged::Message(message) => {
                hand_over(&port, message, channel.clone(), &address, source).await;
            }
            Judged::Answer(response) => {
                let text = String::from_utf8_lossy(&response).into_owned();
                let _ = pong.try_send(Message::Text(text.into()));
            }
            Judged::Nothing => {}
        }
    }
    closed.cancel();
    port.flow_closed(flow);
    drop(silent);
    let _ = writer.await;
}

/// Writes what the stack sends, and pings.
async fn write(
    mut sink: SplitSink<WebSocket, Message>,
    mut queue: mpsc::Receiver<TransportEvent>,
    mut pongs: mpsc::Receiver<Message>,
    closed: CancellationToken,
) {
    let mut pings = tokio::time::interval(Duration::from_secs(PING_SECS));
    pings.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let message = tokio::select! {
            () = closed.cancelled() => break,
            event = queue.recv() => match event {
                Some(TransportEvent::Incoming(message, ..)) => Message::Text(message.to_string().into()),
                Some(_) => continue,
                None => break,
            },
            Some(pong) = pongs.recv() => pong,
            _ = pings.tick() => Message::Ping(Vec::new().into()),
        };
        let sent = tokio::time::timeout(Duration::from_secs(WRITE_SECS), sink.send(message)).await;
        if !matches!(sent, Ok(Ok(()))) {
            break;
        }
    }
    closed.cancel();
    let _ = tokio::time::timeout(Duration::from_secs(1), sink.close()).await;
}
