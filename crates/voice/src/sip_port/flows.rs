//! Open WebSockets and the telephones registered on them.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Mutex;

use ::sip::registrar::{Binding, Flow, Outcome, Refused, Registrar, Registration};
use rsipstack::sip::{HostWithPort, Transport};
use rsipstack::transport::{SipAddr, SipConnection};

/// How many WebSockets are allowed.
#[derive(Clone, Copy, Debug)]
pub struct FlowLimits {
    /// In all.
    pub total: usize,
    /// From one address.
    pub per_address: usize,
}

impl Default for FlowLimits {
    fn default() -> Self {
        Self { total: 10_000, per_address: 4_000 }
    }
}

/// A seat's telephone came or went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowChange {
    /// The seat's number.
    pub seat: String,
    /// Whether it can be reached now.
    pub reachable: bool,
}

#[derive(Default)]
struct State {
    open: HashMap<Flow, (SipConnection, IpAddr)>,
    registrar: Registrar,
    next: u64,
}

/// All WebSockets.
#[derive(Default)]
pub(super) struct Flows {
    state: Mutex<State>,
    limits: FlowLimits,
}

impl Flows {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Reserves a number for a new WebSocket, or refuses when there are too many.
    pub(super) fn next(&self, peer: IpAddr) -> Option<Flow> {
        let mut state = self.state();
        let same = state.open.values().filter(|(_, address)| *address == peer).count();
        if state.open.len() >= self.limits.total || same >= self.limits.per_address {
            return None;
        }
        state.next += 1;
        Some(Flow(state.next))
    }

    pub(super) fn opened(&self, flow: Flow, connection: SipConnection, peer: IpAddr) {
        self.state().open.insert(flow, (connection, peer));
    }

    /// Forgets a WebSocket; returns the seats whose telephones hung on it.
    pub(super) fn closed(&self, flow: Flow) -> (Option<SipConnection>, Vec<String>) {
        let mut state = self.state();
        let connection = state.open.remove(&flow).map(|(connection, _)| connection);
        (connection, state.registrar.drop_flow(flow))
    }

    pub(super) fn register(&self, request: &Registration<'_>, now_ms: u64) -> Result<Outcome, Refused> {
        self.state().registrar.apply(request, now_ms)
    }

    /// Tells whether a telephone is registered on a WebSocket.
    pub(super) fn has_binding(&self, flow: Flow) -> bool {
        self.state().registrar.has_flow(flow)
    }

    pub(super) fn find(&self, seat: &str, now_ms: u64) -> Option<Binding> {
        let state = self.state();
        state.registrar.find(seat, now_ms).filter(|binding| state.open.contains_key(&binding.flow)).cloned()
    }

    pub(super) fn expire(&self, now_ms: u64) -> Vec<String> {
        self.state().registrar.expire(now_ms)
    }

    /// The stack finds a connection by address. A browser has none that means anything, so each
    /// WebSocket gets one of its own from a range that is never routed.
    pub(super) fn address(flow: Flow) -> SipAddr {
        let n = flow.0;
        let part = |shift: u32| u16::try_from((n >> shift) & 0xffff).unwrap_or(0);
        let ip = Ipv6Addr::new(0xfd12, 0x3450, 0, 0, part(48), part(32), part(16), part(0));
        SipAddr::new(Transport::Ws, HostWithPort { host: IpAddr::V6(ip).into(), port: Some(5060.into()) })
    }

    /// The WebSocket behind an address of [`Flows::address`].
    pub(super) fn of(address: &SipAddr) -> Option<Flow> {
        if address.r#type != Some(Transport::Ws) {
            return None;
        }
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
    fn an_address_names_its_websocket() {
        for n in [1, 65_536, u64::MAX] {
            assert_eq!(Flows::of(&Flows::address(Flow(n))), Some(Flow(n)));
        }
    }
}
