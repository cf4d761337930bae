//! [`SipPort`] on `rsipstack`.
//!
//! The stack's transactions and dialogs are used; its listeners are not: datagrams and
//! WebSocket messages are read, limited and parsed here, and a panic while one is parsed or
//! handled costs that message only.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::sip::digest::Verifier;
use ::sip::guard::Network;
use ::sip::registrar::{Flow, Path, Place};
use kernel::Clock;
use rsipstack::EndpointBuilder;
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::sip::{Method, Uri};
use rsipstack::transaction::endpoint::{EndpointInnerRef, EndpointOption, TransportEventInspector};
use rsipstack::transport::channel::ChannelConnection;
use rsipstack::transport::{SipConnection, TransportEvent, TransportLayer};
use tokio::net::TcpListener;
use tokio::sync::{Notify, broadcast, mpsc};
use tokio_util::sync::CancellationToken;

use super::dialogs::LegHandle;
use super::flows::{Carrier, FlowChange, Flows, carrier_of};
use super::tls::{self, Tls};
use super::trunk::{self, TrunkState};
use super::{IncomingCall, Invitation, LegEvent, SipLeg, SipPort, inbound, stream, telephones, udp};
use crate::accounts::Accounts;
use crate::config::VoiceConfig;
use crate::tokens::Tokens;

/// Life of a nonce, in milliseconds.
const NONCE_MS: u64 = 300_000;

/// Why signalling could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// The UDP port could not be opened.
    #[error("cannot listen for SIP on {address}: {reason}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        reason: String,
    },
    /// The files of TLS can't be used.
    #[error("SIP over TLS: {0}")]
    Tls(String),
    /// A trunk's address is neither an address nor a network.
    #[error("trunk {trunk}: {peer} is neither an address nor a network")]
    Peer {
        /// The trunk.
        trunk: String,
        /// What was written.
        peer: String,
    },
}

/// What the stack needs besides the configuration.
pub struct StackOptions {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Passwords of seats' pages and citizens.
    pub tokens: Arc<Tokens>,
    /// Passwords of desk telephones.
    pub accounts: Arc<Accounts>,
    /// Where calls are handed to.
    pub calls: mpsc::Sender<IncomingCall>,
}

pub(super) struct Trunk {
    pub(super) name: String,
    pub(super) networks: Vec<Network>,
    pub(super) numbers: Vec<String>,
}

pub(super) struct Inner {
    pub(super) endpoint: EndpointInnerRef,
    pub(super) dialogs: Arc<DialogLayer>,
    pub(super) flows: Flows,
    pub(super) changes: broadcast::Sender<FlowChange>,
    pub(super) verifier: Mutex<Verifier>,
    pub(super) tokens: Arc<Tokens>,
    pub(super) accounts: Arc<Accounts>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) calls: mpsc::Sender<IncomingCall>,
    pub(super) trunks: Vec<Trunk>,
    pub(super) config: VoiceConfig,
    pub(super) local: SocketAddr,
    /// TCP and TLS, where connections are taken.
    pub(super) streams: [Option<SocketAddr>; 2],
    pub(super) tls: Tls,
    /// One connection is made at a time, so that a trunk has one.
    pub(super) connecting: tokio::sync::Mutex<()>,
    pub(super) trunk_states: Mutex<Vec<TrunkState>>,
    pub(super) legs: Mutex<HashMap<SipLeg, LegHandle>>,
    pub(super) stop: CancellationToken,
    next_leg: AtomicU64,
}

/// Signalling of this process. Clones share it; it ends with [`StackPort::stop`].
#[derive(Clone)]
pub struct StackPort(pub(super) Arc<Inner>);

impl StackPort {
    /// Opens the UDP port and starts listening.
    ///
    /// # Errors
    /// When the port can't be opened or a trunk's address can't be read.
    pub async fn start(config: &VoiceConfig, options: StackOptions) -> Result<Self, StackError> {
        let trunks = read_trunks(config)?;
        let tls = Tls::read(config)?;
        if config.sip_tls_bind.is_some() && tls.acceptor().is_none() {
            return Err(StackError::Tls("sip_tls_bind needs tls_certificate and tls_key".to_owned()));
        }
        let tcp = listener(config.sip_tcp_bind).await?;
        let secure = listener(config.sip_tls_bind).await?;
        let stop = CancellationToken::new();
        let transport = TransportLayer::new(stop.child_token());
        let started = Arc::new(Notify::new());
        let endpoint = EndpointBuilder::new()
            .with_user_agent("Yihao")
            .with_option(EndpointOption {
                callid_suffix: Some(suffix(&config.realm)),
                ..EndpointOption::default()
            })
            .with_transport_layer(transport)
            .with_cancel_token(stop.child_token())
            .with_allows(allowed())
            .with_transport_inspector(Box::new(Started(started.clone())))
            .build();
        let incoming = endpoint
            .incoming_transactions()
            .map_err(|error| StackError::Listen { address: config.sip_bind, reason: error.to_string() })?;
        let inner = endpoint.inner.clone();
        let serving = inner.clone();
        tokio::spawn(async move {
            if let Err(error) = serving.serve().await {
                tracing::error!(%error, "the SIP stack has stopped");
            }
        });
        // The stack starts readers for the listeners that it knows when it begins to serve; ours
        // is added afterwards, because we read it ourselves. A connection that closes at once
        // makes the stack say that it has begun.
        let (_, nothing) = mpsc::unbounded_channel();
        let (outgoing, _) = mpsc::unbounded_channel();
        if let Ok(probe) =
            ChannelConnection::create_connection(nothing, outgoing, Flows::address(Flow(0)), None).await
        {
            inner.transport_layer.add_connection(SipConnection::Channel(probe));
            started.notified().await;
        }
        let connection = udp::listen(config, &stop).await?;
        let local = connection
            .get_addr()
            .get_socketaddr()
            .map_err(|error| StackError::Listen { address: config.sip_bind, reason: error.to_string() })?;
        inner.transport_layer.add_transport(SipConnection::Udp(connection.clone()));
        let streams = [&tcp, &secure].map(|listener| told_address(listener.as_ref(), local.ip()));
        let port = Self(Arc::new(Inner {
            streams,
            tls,
            connecting: tokio::sync::Mutex::new(()),
            trunk_states: Mutex::new(trunk::unknown(&config.trunks)),
            accounts: options.accounts,
            dialogs: Arc::new(DialogLayer::new(inner.clone())),
            endpoint: inner,
            flows: Flows::default(),
            changes: broadcast::channel(1024).0,
            verifier: Mutex::new(Verifier::new(config.realm.clone(), nonce_key(), NONCE_MS)),
            tokens: options.tokens,
            clock: options.clock,
            calls: options.calls,
            trunks,
            config: config.clone(),
            local,
            legs: Mutex::new(HashMap::new()),
            stop,
            next_leg: AtomicU64::new(1),
        }));
        tokio::spawn(udp::read(port.clone(), connection));
        tokio::spawn(inbound::serve(port.clone(), incoming));
        tokio::spawn(expire(port.clone()));
        for (listener, carrier) in [(tcp, Carrier::Tcp), (secure, Carrier::Tls)] {
            if let Some(listener) = listener {
                tokio::spawn(stream::accept(port.clone(), listener, carrier));
            }
        }
        tokio::spawn(tls::follow(port.clone()));
        tokio::spawn(telephones::keep(port.clone()));
        trunk::keep_all(&port);
        Ok(port)
    }

    /// Returns the UDP address that is listened on.
    #[must_use]
    pub fn local(&self) -> SocketAddr {
        self.0.local
    }

    /// Tells of seats' telephones that come and go.
    #[must_use]
    pub fn changes(&self) -> broadcast::Receiver<FlowChange> {
        self.0.changes.subscribe()
    }

    /// Returns how many legs and dialogs exist, for figures and leak tests.
    #[must_use]
    pub fn load(&self) -> (usize, usize) {
        (self.legs().len(), self.0.dialogs.len())
    }

    /// Closes the listener and all connections.
    pub fn stop(&self) {
        self.0.stop.cancel();
    }

    pub(super) fn now_ms(&self) -> u64 {
        u64::try_from(self.0.clock.now().0).unwrap_or(0)
    }

    pub(super) fn next_leg(&self) -> SipLeg {
        SipLeg(self.0.next_leg.fetch_add(1, Ordering::Relaxed))
    }

    pub(super) fn legs(&self) -> std::sync::MutexGuard<'_, HashMap<SipLeg, LegHandle>> {
        self.0.legs.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Our address for a transport. Where no connections are taken we are reached on those that we make.
    pub(super) fn address(&self, carrier: Carrier) -> SocketAddr {
        match carrier {
            Carrier::Udp | Carrier::Ws => self.0.local,
            Carrier::Tcp => self.0.streams[0].unwrap_or(self.0.local),
            Carrier::Tls => self.0.streams[1].unwrap_or(self.0.local),
        }
    }

    /// Our address as peers are told it, for a transport.
    pub(super) fn contact(&self, carrier: Carrier) -> Uri {
        let suffix = match carrier {
            Carrier::Udp => String::new(),
            carrier => format!(";transport={}", carrier.name()),
        };
        Uri::try_from(format!("sip:yihao@{}{suffix}", self.address(carrier)))
            .expect("an address and a constant make a URI")
    }

    /// Returns the TCP and the TLS address that are listened on.
    #[must_use]
    pub fn stream_addresses(&self) -> [Option<SocketAddr>; 2] {
        self.0.streams
    }

    pub(super) fn told(&self, place: Place, seat: &str, reachable: bool) {
        // An error only says that nobody listens.
        let _ = self.0.changes.send(FlowChange { seat: seat.to_owned(), place, reachable });
    }

    /// Tells whether somebody registered or calls on a WebSocket.
    pub(super) fn is_used(&self, flow: Flow) -> bool {
        self.0.flows.has_binding(flow) || self.legs().values().any(|leg| leg.flow == Some(flow))
    }

    /// Ends what hung on a connection that is gone.
    pub(super) fn flow_closed(&self, flow: Flow) {
        let (connection, seats) = self.0.flows.closed(flow);
        if let Some(connection) = connection {
            self.0.endpoint.transport_layer.remove_connection(&connection);
        }
        let legs: Vec<_> = self
            .legs()
            .values_mut()
            .filter(|leg| leg.flow == Some(flow))
            .map(|leg| {
                leg.flow_lost = true;
                leg.events.clone()
            })
            .collect();
        for events in legs {
            tokio::spawn(async move { events.send(LegEvent::FlowLost).await });
        }
        for (place, seat) in seats {
            self.told(place, &seat, false);
        }
    }
}

impl SipPort for StackPort {
    fn answer(&self, leg: SipLeg, sdp: String) {
        super::dialogs::answer(self, leg, sdp);
    }

    fn reject(&self, leg: SipLeg, code: u16) {
        super::dialogs::reject(self, leg, code);
    }

    fn invite(&self, invitation: Invitation) -> (SipLeg, mpsc::Receiver<LegEvent>) {
        super::dialogs::invite(self, invitation)
    }

    fn hang_up(&self, leg: SipLeg) {
        super::dialogs::hang_up(self, leg);
    }

    fn probe(&self, leg: SipLeg) {
        super::dialogs::probe(self, leg);
    }

    fn is_reachable(&self, place: Place, seat: &str) -> bool {
        self.0.flows.find(place, seat, self.now_ms()).is_some()
    }

    fn is_keyed(&self, seat: &str) -> bool {
        self.0.config.srtp_telephones
            && self
                .0
                .flows
                .find(Place::Desk, seat, self.now_ms())
                .is_some_and(|binding| is_encrypted(binding.path))
    }
}

/// Tells whether messages on the way are encrypted.
pub(super) fn is_encrypted(path: Path) -> bool {
    matches!(path, Path::Flow(flow) if carrier_of(flow) == Carrier::Tls)
}

async fn listener(address: Option<SocketAddr>) -> Result<Option<TcpListener>, StackError> {
    match address {
        Some(address) => stream::bind(address).await.map(Some),
        None => Ok(None),
    }
}

/// The address of a listener as peers are told it.
fn told_address(listener: Option<&TcpListener>, told: IpAddr) -> Option<SocketAddr> {
    let address = listener?.local_addr().ok()?;
    Some(SocketAddr::new(told, address.port()))
}

/// What stands behind the `@` of Call-IDs that we make: the domain of our addresses, as far as a Call-ID may hold it.
pub(super) fn suffix(realm: &str) -> String {
    let fits = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let kept: String = realm.chars().filter(fits).collect();
    if kept.is_empty() { "yihao".to_owned() } else { kept }
}

/// Makes the key of this process's nonces.
fn nonce_key() -> [u8; 32] {
    let text = kernel::crypto::random_token(32);
    let mut key = [0; 32];
    for (to, from) in key.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    key
}

/// Methods that are served.
pub(super) fn allowed() -> Vec<Method> {
    vec![
        Method::Invite,
        Method::Ack,
        Method::Bye,
        Method::Cancel,
        Method::Options,
        Method::Info,
        Method::Update,
        Method::PRack,
        Method::Refer,
        Method::Register,
    ]
}

fn read_trunks(config: &VoiceConfig) -> Result<Vec<Trunk>, StackError> {
    config
        .trunks
        .iter()
        .map(|trunk| {
            let networks = trunk
                .peers
                .iter()
                .map(|peer| {
                    Network::parse(peer)
                        .ok_or_else(|| StackError::Peer { trunk: trunk.name.clone(), peer: peer.clone() })
                })
                .collect::<Result<_, _>>()?;
            Ok(Trunk { name: trunk.name.clone(), networks, numbers: trunk.numbers.clone() })
        })
        .collect()
}

/// Removes telephones that did not refresh.
async fn expire(port: StackPort) {
    loop {
        tokio::select! {
            () = port.0.stop.cancelled() => return,
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
        for (place, seat) in port.0.flows.expire(port.now_ms()) {
            port.told(place, &seat, false);
        }
    }
}

/// Tells when the stack handles its first event.
struct Started(Arc<Notify>);

#[async_trait::async_trait]
impl TransportEventInspector for Started {
    async fn handle(&self, event: TransportEvent) -> Option<TransportEvent> {
        self.0.notify_one();
        Some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::suffix;

    #[test]
    fn what_a_call_id_cannot_hold_is_left_out_of_it() {
        for (realm, told) in [
            ("12345.yunzhou.gov.cn", "12345.yunzhou.gov.cn"),
            ("a b@c>\r\nX: y", "abcXy"),
            ("云州热线", "yihao"),
            ("", "yihao"),
        ] {
            assert_eq!(suffix(realm), told, "{realm}");
        }
    }
}
