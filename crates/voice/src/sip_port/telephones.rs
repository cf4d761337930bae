//! Desk telephones as administration sees them, and whether they are still there.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ::sip::registrar::{Binding, Path, Place};
use rsipstack::sip::Uri;
use tokio::sync::Semaphore;

use super::flows::carrier_of;
use super::request;
use super::stack::StackPort;

/// How often desk telephones are asked whether they are there, in seconds. It keeps the way through a NAT open too.
const ASK_SECS: u64 = 25;
/// Questions on the way at the same time.
const ASKED_AT_ONCE: usize = 64;

/// A desk telephone that is registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telephone {
    /// The seat.
    pub seat: String,
    /// Address that it was seen at.
    pub seen_at: SocketAddr,
    /// `udp`, `tcp`, `tls`.
    pub transport: &'static str,
    /// What it says that it is.
    pub user_agent: String,
    /// Since when, epoch milliseconds.
    pub since: i64,
    /// When it lapses, epoch milliseconds.
    pub expires_at: i64,
}

impl StackPort {
    /// Returns all desk telephones that are registered.
    #[must_use]
    pub fn telephones(&self) -> Vec<Telephone> {
        let whole = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
        let now_ms = self.now_ms();
        let desks = self.0.flows.desks();
        let known = desks.into_iter().filter(|(_, binding)| binding.expires_at > now_ms);
        known
            .map(|(seat, binding)| Telephone {
                seat,
                seen_at: binding.seen_at,
                transport: match binding.path {
                    Path::Flow(flow) => carrier_of(flow).name(),
                    Path::Datagram(_) => "udp",
                },
                user_agent: binding.user_agent,
                since: whole(binding.since),
                expires_at: whole(binding.expires_at),
            })
            .collect()
    }

    /// Lets a seat's desk telephones register again: their password is not what it was.
    pub fn forget_telephones(&self, seat: &str) {
        if self.0.flows.clear(Place::Desk, seat) {
            self.told(Place::Desk, seat, false);
        }
    }
}

/// Asks all desk telephones from time to time; one that does not answer twice is lost.
pub(super) async fn keep(port: StackPort) {
    let turns = Arc::new(Semaphore::new(ASKED_AT_ONCE));
    loop {
        tokio::select! {
            () = port.0.stop.cancelled() => return,
            () = tokio::time::sleep(Duration::from_secs(ASK_SECS)) => {}
        }
        for (seat, binding) in port.0.flows.desks() {
            let Ok(turn) = turns.clone().acquire_owned().await else { return };
            let port = port.clone();
            tokio::spawn(async move {
                look_after(&port, &seat, &binding).await;
                drop(turn);
            });
        }
    }
}

async fn look_after(port: &StackPort, seat: &str, binding: &Binding) {
    let Ok(target) = Uri::try_from(binding.contact.as_str()) else { return };
    for _ in 0..2 {
        if request::options(port, target.clone(), binding.path).await.is_some() {
            return;
        }
    }
    tracing::info!(seat, address = %binding.seen_at, "a desk telephone does not answer");
    for (place, seat) in port.0.flows.drop_silent(seat, binding) {
        port.told(place, &seat, false);
    }
}
