//! Open connections and the telephones registered on them, or by datagrams.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Mutex;

use ::sip::registrar::{Binding, Flow, Outcome, Path, Place, Refused, Registrar, Registration};
use rsipstack::sip::{HostWithPort, Transport};
use rsipstack::transport::{SipAddr, SipConnection};

/// How many connections are allowed.
#[derive(Clone, Copy, Debug)]
pub struct FlowLimits {
    /// In all.
    pub total: usize,
    /// WebSockets from one address; a proxy in front of the server is one address.
    pub per_address: usize,
    /// TCP and TLS connections from one address; an office behind one NAT is one address.
    pub streams_per_address: usize,
}

impl Default for FlowLimits {
    fn default() -> Self {
        Self { total: 10_000, per_address: 4_000, streams_per_address: 500 }
    }
}

/// A seat's telephone came or went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowChange {
    /// The seat's number.
    pub seat: String,
    /// Which of its telephones.
    pub place: Place,
    /// Whether it can be reached now.
    pub reachable: bool,
}

/// What carries messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carrier {
    Udp,
    Ws,
    Tcp,
    Tls,
}

impl Carrier {
    pub(super) fn transport(self) -> Transport {
        match self {
            Self::Udp => Transport::Udp,
            Self::Ws => Transport::Ws,
            Self::Tcp => Transport::Tcp,
            Self::Tls => Transport::Tls,
        }
    }

    /// The word of `Via` and configuration.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Ws => "ws",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }
}

impl crate::config::TrunkTransport {
    pub(super) fn carrier(self) -> Carrier {
        match self {
            Self::Udp => Carrier::Udp,
            Self::Tcp => Carrier::Tcp,
            Self::Tls => Carrier::Tls,
        }
    }
}

/// A connection's kind is the lowest part of its number.
const KINDS: [Carrier; 4] = [Carrier::Udp, Carrier::Ws, Carrier::Tcp, Carrier::Tls];

/// Returns what a connection is.
pub(super) fn carrier_of(flow: Flow) -> Carrier {
    KINDS[usize::try_from(flow.0 % 4).unwrap_or(0)]
}

struct Open {
    connection: SipConnection,
    peer: SocketAddr,
}

#[derive(Default)]
struct State {
    open: HashMap<Flow, Open>,
    registrar: Registrar,
    next: u64,
}

/// All connections.
#[derive(Default)]
pub(super) struct Flows {
    state: Mutex<State>,
    limits: FlowLimits,
}

impl Flows {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Reserves a number for a new connection, or refuses when there are too many.
    pub(super) fn next(&self, carrier: Carrier, peer: IpAddr) -> Option<Flow> {
        let mut state = self.state();
        let is_page = |flow: Flow| carrier_of(flow) == Carrier::Ws;
        let same = state
            .open
            .iter()
            .filter(|(flow, open)| open.peer.ip() == peer && is_page(**flow) == (carrier == Carrier::Ws))
            .count();
        let most =
            if carrier == Carrier::Ws { self.limits.per_address } else { self.limits.streams_per_address };
        if state.open.len() >= self.limits.total || same >= most {
            return None;
        }
        state.next += 1;
        let kind = KINDS.iter().position(|kind| *kind == carrier).unwrap_or(0);
        Some(Flow(state.next * 4 + kind as u64))
    }

    pub(super) fn opened(&self, flow: Flow, connection: SipConnection, peer: SocketAddr) {
        self.state().open.insert(flow, Open { connection, peer });
    }

    /// Forgets a connection; returns it and the places whose telephones hung on it.
    pub(super) fn closed(&self, flow: Flow) -> (Option<SipConnection>, Vec<(Place, String)>) {
        let mut state = self.state();
        let connection = state.open.remove(&flow).map(|open| open.connection);
        (connection, state.registrar.drop_flow(flow))
    }

    /// Finds an open connection of a kind to a peer; the newest.
    pub(super) fn to(&self, carrier: Carrier, peer: SocketAddr) -> Option<Flow> {
        let state = self.state();
        let fits = |flow: &Flow, open: &Open| carrier_of(*flow) == carrier && open.peer == peer;
        state.open.iter().filter(|(flow, open)| fits(flow, open)).map(|(flow, _)| *flow).max()
    }

    /// Returns the address at the other end of a connection.
    pub(super) fn peer(&self, flow: Flow) -> Option<SocketAddr> {
        self.state().open.get(&flow).map(|open| open.peer)
    }

    pub(super) fn register(&self, request: &Registration<'_>, now_ms: u64) -> Result<Outcome, Refused> {
        self.state().registrar.apply(request, now_ms)
    }

    /// Tells whether a telephone is registered on a connection.
    pub(super) fn has_binding(&self, flow: Flow) -> bool {
        self.state().registrar.has_flow(flow)
    }

    /// Finds the telephone of a place that can be rung.
    pub(super) fn find(&self, place: Place, seat: &str, now_ms: u64) -> Option<Binding> {
        let state = self.state();
        let reached = |binding: &&Binding| match binding.path {
            Path::Flow(flow) => state.open.contains_key(&flow),
            Path::Datagram(_) => true,
        };
        state.registrar.all(place, seat, now_ms).filter(reached).last().cloned()
    }

    /// Returns all telephones of a place, the newest last.
    pub(super) fn all(&self, place: Place, seat: &str, now_ms: u64) -> Vec<Binding> {
        self.state().registrar.all(place, seat, now_ms).cloned().collect()
    }

    /// Returns every telephone that stands on a desk, with its seat.
    pub(super) fn desks(&self) -> Vec<(String, Binding)> {
        let state = self.state();
        state.registrar.desks().map(|(seat, binding)| (seat.to_owned(), binding.clone())).collect()
    }

    /// Tells whether a seat's desk telephone is registered this way.
    pub(super) fn is_desk(&self, seat: &str, path: Path, now_ms: u64) -> bool {
        self.state().registrar.all(Place::Desk, seat, now_ms).any(|binding| binding.path == path)
    }

    /// Tells whether datagrams of an address are those of a registered telephone.
    pub(super) fn is_telephone(&self, source: SocketAddr) -> bool {
        let state = self.state();
        state.registrar.desks().any(|(_, binding)| binding.path == Path::Datagram(source))
    }

    pub(super) fn drop_silent(&self, seat: &str, silent: &Binding) -> Vec<(Place, String)> {
        self.state().registrar.drop_silent(seat, silent)
    }

    pub(super) fn clear(&self, place: Place, seat: &str) -> bool {
        self.state().registrar.clear(place, seat)
    }

    pub(super) fn expire(&self, now_ms: u64) -> Vec<(Place, String)> {
        self.state().registrar.expire(now_ms)
    }

    /// Where the stack is told to send what goes a way.
    pub(super) fn destination(path: Path) -> SipAddr {
        match path {
            Path::Flow(flow) => Self::address(flow),
            Path::Datagram(address) => SipAddr::new(Transport::Udp, address.into()),
        }
    }

    /// The stack finds a connection by address. A browser has none that means anything, and several telephones may
    /// share one behind a NAT, so each connection gets one of its own from a range that is never routed.
    pub(super) fn address(flow: Flow) -> SipAddr {
        let n = flow.0;
        let part = |shift: u32| u16::try_from((n >> shift) & 0xffff).unwrap_or(0);
        let ip = Ipv6Addr::new(0xfd12, 0x3450, 0, 0, part(48), part(32), part(16), part(0));
        let host = HostWithPort { host: IpAddr::V6(ip).into(), port: Some(5060.into()) };
        SipAddr::new(carrier_of(flow).transport(), host)
    }

    /// The connection behind an address of [`Flows::address`].
    pub(super) fn of(address: &SipAddr) -> Option<Flow> {
        match &address.addr.host {
            rsipstack::sip::Host::IpAddr(IpAddr::V6(ip)) => {
                let s = ip.segments();
                (s[0] == 0xfd12 && s[1] == 0x3450)
                    .then(|| Flow(s[4..].iter().fold(0, |n, part| (n << 16) | u64::from(*part))))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_its_connection_and_its_kind() {
        for n in [1, 65_536, u64::MAX] {
            assert_eq!(Flows::of(&Flows::address(Flow(n))), Some(Flow(n)));
        }
        let flows = Flows::default();
        let peer = IpAddr::from([192, 0, 2, 1]);
        for carrier in [Carrier::Ws, Carrier::Tcp, Carrier::Tls] {
            let flow = flows.next(carrier, peer).unwrap();
            assert_eq!(carrier_of(flow), carrier);
            assert_eq!(Flows::address(flow).r#type, Some(carrier.transport()));
        }
    }
}
