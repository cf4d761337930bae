//! SIP over TCP and TLS (RFC 3261 §18, RFC 5923): trunks and desk telephones that keep a connection open.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ::sip::guard::{RateLimiter, Verdict};
use ::sip::registrar::Flow;
use ::sip::screen::Policy;
use ::sip::stream::{Framed, Framer};
use rsipstack::transport::channel::ChannelConnection;
use rsipstack::transport::{SipConnection, TransportEvent};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_util::sync::CancellationToken;

use super::flows::{Carrier, Flows, carrier_of};
use super::message::{Judged, hand_over, judge, own_via};
use super::stack::{StackError, StackPort};

/// Messages that may wait for a slow peer before it is cut off.
const OUTGOING: usize = 512;
/// Longest time for a message to leave, in seconds.
const WRITE_SECS: u64 = 10;
/// Longest time for a message to come whole, and for a handshake, in seconds.
const HALF_SECS: u64 = 10;
/// A connection on which nobody registered or called within this time is closed, in seconds.
const UNUSED_SECS: u64 = 60;
/// A connection on which nothing came for this long is closed, in seconds; telephones send keep-alives.
const IDLE_SECS: u64 = 3_700;
/// Longest time for a connection of ours to be made, in seconds.
const CONNECT_SECS: u64 = 5;
/// Handshakes at the same time.
const HANDSHAKES: usize = 64;
/// Messages a second, and at once, from one connection of a telephone.
const RATE: (u32, u32) = (30, 100);

/// Opens a port.
pub(super) async fn bind(address: SocketAddr) -> Result<TcpListener, StackError> {
    TcpListener::bind(address)
        .await
        .map_err(|error| StackError::Listen { address, reason: error.to_string() })
}

/// Takes connections until the port is stopped.
pub(super) async fn accept(port: StackPort, listener: TcpListener, carrier: Carrier) {
    let handshakes = Arc::new(Semaphore::new(HANDSHAKES));
    loop {
        let accepted = tokio::select! {
            () = port.0.stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (socket, peer) = match accepted {
            Ok((socket, peer)) => (socket, SocketAddr::new(peer.ip().to_canonical(), peer.port())),
            Err(error) => {
                // Out of descriptors, most likely: those that are open end meanwhile.
                tracing::warn!(%error, "a SIP connection could not be taken");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Some(flow) = port.0.flows.next(carrier, peer.ip()) else {
            tracing::warn!(%peer, "too many SIP connections; one was refused");
            continue;
        };
        let Ok(turn) = handshakes.clone().try_acquire_owned() else { continue };
        let port = port.clone();
        tokio::spawn(async move {
            let _ = socket.set_nodelay(true);
            let Carrier::Tls = carrier else {
                drop(turn);
                return serve(port, socket, flow, peer, None).await;
            };
            let Some(acceptor) = port.0.tls.acceptor() else { return };
            let shaken = tokio::time::timeout(Duration::from_secs(HALF_SECS), acceptor.accept(socket)).await;
            drop(turn);
            match shaken {
                Ok(Ok(socket)) => serve(port, socket, flow, peer, None).await,
                Ok(Err(error)) => tracing::debug!(%peer, %error, "a TLS handshake failed"),
                Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
            }
        });
    }
}

/// Returns an open connection to a trunk, or makes one. `name` is what its certificate must say.
pub(super) async fn connect(
    port: &StackPort,
    carrier: Carrier,
    peer: SocketAddr,
    name: &str,
) -> Result<Flow, String> {
    let _turn = port.0.connecting.lock().await;
    if let Some(flow) = port.0.flows.to(carrier, peer) {
        return Ok(flow);
    }
    let flow = port.0.flows.next(carrier, peer.ip()).ok_or("too many connections")?;
    let made = tokio::time::timeout(Duration::from_secs(CONNECT_SECS), async {
        let socket = TcpStream::connect(peer).await.map_err(|error| error.to_string())?;
        let _ = socket.set_nodelay(true);
        let (opened, ready) = tokio::sync::oneshot::channel();
        if carrier == Carrier::Tls {
            let connector = port.0.tls.connector().ok_or("no certificates are trusted")?;
            let name = ServerName::try_from(name.to_owned()).map_err(|error| error.to_string())?;
            let socket = connector.connect(name, socket).await.map_err(|error| error.to_string())?;
            tokio::spawn(serve(port.clone(), socket, flow, peer, Some(opened)));
        } else {
            tokio::spawn(serve(port.clone(), socket, flow, peer, Some(opened)));
        }
        ready.await.map_err(|_| "the connection closed at once".to_owned())
    });
    made.await.map_err(|_| "no connection within five seconds".to_owned())??;
    Ok(flow)
}

/// Reads and writes until either side has enough. `opened` is told when messages can be sent.
async fn serve(
    port: StackPort,
    socket: impl AsyncRead + AsyncWrite + Send + 'static,
    flow: Flow,
    peer: SocketAddr,
    opened: Option<tokio::sync::oneshot::Sender<()>>,
) {
    let closed = CancellationToken::new();
    let address = Flows::address(flow);
    let (outgoing, queue) = mpsc::channel(OUTGOING);
    // The stack's own reader gets a channel that stays silent: we hand messages over ourselves.
    let (silent, nothing) = mpsc::unbounded_channel();
    let made = ChannelConnection::create_connection_bounded(
        nothing,
        outgoing,
        address.clone(),
        Some(closed.clone()),
    );
    let channel = match made.await {
        Ok(channel) => SipConnection::Channel(channel),
        Err(error) => {
            tracing::warn!(%error, "a SIP connection could not be served");
            return;
        }
    };
    port.0.endpoint.transport_layer.add_connection(channel.clone());
    port.0.flows.opened(flow, channel.clone(), peer);
    if let Some(opened) = opened {
        let _ = opened.send(());
    }
    let (read, write) = tokio::io::split(socket);
    let (bytes, answers) = mpsc::channel(16);
    let local = port.address(carrier_of(flow));
    let writer = tokio::spawn(write_all(write, queue, answers, closed.clone(), carrier_of(flow), local));
    tokio::select! {
        () = closed.cancelled() => {}
        () = port.0.stop.cancelled() => {}
        reason = read_all(&port, read, flow, peer, (&channel, &bytes)) => {
            tracing::debug!(%peer, reason, "a SIP connection ended");
        }
    }
    closed.cancel();
    port.flow_closed(flow);
    drop(silent);
    let _ = writer.await;
}

async fn read_all(
    port: &StackPort,
    mut read: impl AsyncRead + Unpin,
    flow: Flow,
    peer: SocketAddr,
    (channel, answers): (&SipConnection, &mpsc::Sender<Vec<u8>>),
) -> String {
    let address = Flows::address(flow);
    let carrier = carrier_of(flow);
    let (rate, burst) = match port.trunk_of(peer.ip()) {
        Some(_) => (port.0.config.trunk_messages_per_second, port.0.config.trunk_messages_per_second),
        None => RATE,
    };
    let mut limiter = RateLimiter::new(rate, burst);
    let tag = kernel::crypto::random_token(8);
    let policy = Policy { extensions: super::EXTENSIONS, tag: &tag };
    let mut framer = Framer::new();
    let mut buffer = vec![0; 8 * 1024];
    let unused = tokio::time::sleep(Duration::from_secs(UNUSED_SECS));
    tokio::pin!(unused);
    let mut checked = false;
    // A message that has begun must come to its end, however its bytes trickle.
    let mut half: Option<std::pin::Pin<Box<tokio::time::Sleep>>> = None;
    loop {
        half = match half {
            _ if !framer.is_half() => None,
            None => Some(Box::pin(tokio::time::sleep(Duration::from_secs(HALF_SECS)))),
            begun => begun,
        };
        let late = async {
            match &mut half {
                Some(half) => half.await,
                None => std::future::pending().await,
            }
        };
        let came = tokio::select! {
            () = late => return "a message did not come to its end".to_owned(),
            () = &mut unused, if !checked => {
                checked = true;
                if port.is_used(flow) || port.trunk_of(peer.ip()).is_some() {
                    continue;
                }
                return "nobody used it".to_owned();
            }
            came = tokio::time::timeout(Duration::from_secs(IDLE_SECS), read.read(&mut buffer)) => came,
        };
        let count = match came {
            Ok(Ok(0)) => return "the peer closed it".to_owned(),
            Ok(Ok(count)) => count,
            Ok(Err(error)) => return error.to_string(),
            Err(_) => return "nothing came".to_owned(),
        };
        framer.push(&buffer[..count]);
        loop {
            let framed = match framer.take_next() {
                Ok(Some(framed)) => framed,
                Ok(None) => break,
                Err(broken) => return broken.to_string(),
            };
            if limiter.admit(IpAddr::from([0, 0, 0, 0]), port.now_ms()) == Verdict::Drop {
                return "too many messages".to_owned();
            }
            match framed {
                Framed::Ping => {
                    let _ = answers.try_send(b"\r\n".to_vec());
                }
                Framed::Message(bytes) => {
                    half = None;
                    match judge(&bytes, policy, peer, carrier) {
                        Judged::Message(message) => {
                            hand_over(port, message, channel.clone(), &address, peer).await;
                        }
                        Judged::Answer(response) => {
                            let _ = answers.try_send(response);
                        }
                        Judged::Nothing => {}
                    }
                }
            }
        }
    }
}

/// Writes what the stack sends, and what is answered without it.
async fn write_all(
    mut write: impl AsyncWrite + Unpin,
    mut queue: mpsc::Receiver<TransportEvent>,
    mut answers: mpsc::Receiver<Vec<u8>>,
    closed: CancellationToken,
    carrier: Carrier,
    local: SocketAddr,
) {
    loop {
        let bytes = tokio::select! {
            // What is on its way when the connection closes is not held back by the close.
            biased;
            event = queue.recv() => match event {
                Some(TransportEvent::Incoming(message, ..)) => {
                    own_via(message.to_string(), carrier, local).into_bytes()
                }
                Some(_) => continue,
                None => break,
            },
            Some(answer) = answers.recv() => answer,
            () = closed.cancelled() => break,
        };
        let written = tokio::time::timeout(Duration::from_secs(WRITE_SECS), async {
            write.write_all(&bytes).await?;
            write.flush().await
        });
        if !matches!(written.await, Ok(Ok(()))) {
            break;
        }
    }
    closed.cancel();
    let _ = tokio::time::timeout(Duration::from_secs(1), write.shutdown()).await;
}
