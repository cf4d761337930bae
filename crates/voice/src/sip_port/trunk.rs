//! Trunks from our side: connections that are kept, registrations, and whether anybody answers.

use std::net::SocketAddr;
use std::time::Duration;

use ::sip::registrar::Path;
use rsipstack::sip::headers::CallId;
use rsipstack::sip::{HasHeaders as _, Header, Method, Response, StatusCodeKind, Uri};

use super::flows::Carrier;
use super::outbound::{credential, peer};
use super::request::{self, Outgoing};
use super::session::value;
use super::stack::{StackPort, suffix};
use super::stream;
use crate::config::TrunkConfig;

/// How often a trunk is asked whether it is there when the configuration does not say, in seconds.
const OPTIONS_SECS: u32 = 30;
/// Life of a registration that is wished for, in seconds.
const REGISTER_SECS: u32 = 600;
/// The longest life that a carrier may insist on, in seconds.
const REGISTER_SECS_MAX: u32 = 86_400;
/// Longest pause after failures, in seconds.
const RETRY_SECS_MAX: u64 = 300;
/// Shortest pause between two looks, in seconds.
const LOOK_SECS: u64 = 5;

/// How a trunk does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrunkState {
    /// Its name.
    pub name: String,
    /// Where calls of ours go; none for a trunk that only brings calls.
    pub peer: Option<SocketAddr>,
    /// Whether it answers; none before the first question, or when it is not asked.
    pub reachable: Option<bool>,
    /// Since when that is so, epoch milliseconds.
    pub since: Option<i64>,
    /// How long its last answer took, in milliseconds.
    pub round_trip_ms: Option<i64>,
    /// Whether the carrier takes our registration; none when none is wished for.
    pub registered: Option<bool>,
    /// Until when, epoch milliseconds.
    pub registered_until: Option<i64>,
    /// What the carrier answered when it refused to register us; 0 when it did not answer.
    pub refusal: Option<u16>,
    /// What is wrong, in the words of the network.
    pub fault: Option<String>,
    /// Calls that it carries, both ways.
    pub calls: usize,
}

impl StackPort {
    /// Returns how all trunks do, in the order of the configuration.
    #[must_use]
    pub fn trunk_states(&self) -> Vec<TrunkState> {
        let mut states = self.states().clone();
        for state in &mut states {
            state.calls = self.carried(&state.name);
        }
        states
    }

    fn states(&self) -> std::sync::MutexGuard<'_, Vec<TrunkState>> {
        self.0.trunk_states.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Returns how many legs a trunk carries.
    pub(super) fn carried(&self, trunk: &str) -> usize {
        self.legs().values().filter(|leg| leg.trunk.as_deref() == Some(trunk)).count()
    }

    /// Tells whether a trunk is asked and does not answer.
    pub(super) fn is_silent(&self, trunk: &str) -> bool {
        self.states().iter().any(|state| state.name == trunk && state.reachable == Some(false))
    }
}

/// Returns the states before anything is known.
pub(super) fn unknown(trunks: &[TrunkConfig]) -> Vec<TrunkState> {
    let state = |trunk: &TrunkConfig| TrunkState {
        name: trunk.name.clone(),
        peer: peer(trunk),
        registered: trunk.registrar.is_some().then_some(false),
        ..TrunkState::default()
    };
    trunks.iter().map(state).collect()
}

/// Looks after every trunk that calls of ours can go to.
pub(super) fn keep_all(port: &StackPort) {
    for (index, trunk) in port.0.config.trunks.iter().enumerate() {
        if let Some(peer) = peer(trunk) {
            tokio::spawn(keep(Keeper { port: port.clone(), trunk: trunk.clone(), index, peer }));
        } else if trunk.registrar.is_some() {
            tracing::error!(
                trunk = trunk.name,
                "a trunk that registers needs `outbound`, or a peer that is one address"
            );
        }
    }
}

struct Keeper {
    port: StackPort,
    trunk: TrunkConfig,
    index: usize,
    peer: SocketAddr,
}

async fn keep(keeper: Keeper) {
    let every_ms = u64::from(keeper.trunk.options_secs.unwrap_or(OPTIONS_SECS)) * 1000;
    let (mut ask_at, mut register_at, mut failures) = (0, 0, 0u32);
    let mut series = Series {
        call_id: CallId::from(format!("{}@{}", kernel::id::new_id(), suffix(&keeper.port.0.config.realm))),
        seq: 1,
        wished_secs: REGISTER_SECS,
    };
    loop {
        let now = keeper.now_ms();
        let path = keeper.path().await;
        if let Some(path) = path {
            if every_ms > 0 && now >= ask_at {
                keeper.ask(path).await;
                ask_at = now + every_ms;
            }
            if keeper.trunk.registrar.is_some() && now >= register_at {
                let pause_ms = match keeper.register(path, &mut series).await {
                    Some(granted_secs) => {
                        failures = 0;
                        renewal_ms(granted_secs)
                    }
                    None => {
                        failures = failures.saturating_add(1);
                        patience_secs(failures) * 1000
                    }
                };
                register_at = now + pause_ms;
            }
        } else {
            // A new connection has to be registered on.
            register_at = 0;
        }
        tokio::select! {
            () = keeper.port.0.stop.cancelled() => return,
            () = tokio::time::sleep(keeper.pause(register_at)) => {}
        }
    }
}

/// What the registrations of one trunk have in common (RFC 3261 §10.2.4).
struct Series {
    call_id: CallId,
    seq: u32,
    /// The life that is asked for; longer when the carrier insists.
    wished_secs: u32,
}

/// Returns the pause before a registration of this life is renewed, in milliseconds.
fn renewal_ms(granted_secs: u32) -> u64 {
    u64::from(granted_secs.clamp(1, REGISTER_SECS_MAX)) * 500
}

/// Returns the pause after so many failures, in seconds.
fn patience_secs(failures: u32) -> u64 {
    (5u64 << failures.min(6)).min(RETRY_SECS_MAX)
}

/// Returns the life that a carrier insists on, when it finds ours too short.
fn insisted(answer: &Response) -> Option<u32> {
    let secs = value(answer.headers(), "Min-Expires")?.trim().parse::<u32>().ok()?;
    (answer.status_code.code() == 423).then(|| secs.clamp(1, REGISTER_SECS_MAX))
}

impl Keeper {
    /// Until the next look; sooner when a registration has to be renewed before it.
    fn pause(&self, register_at: u64) -> Duration {
        let look = Duration::from_secs(LOOK_SECS);
        if self.trunk.registrar.is_none() || register_at == 0 {
            return look;
        }
        Duration::from_millis(register_at.saturating_sub(self.now_ms()).max(100)).min(look)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.port.0.clock.elapsed_ms()).unwrap_or(0)
    }

    fn tell(&self, change: impl FnOnce(&mut TrunkState)) {
        if let Some(state) = self.port.states().get_mut(self.index) {
            change(state);
        }
    }

    fn reachable(&self, yes: bool, fault: Option<String>) {
        let now = self.port.0.clock.now().0;
        let mut before = None;
        self.tell(|state| {
            before = state.reachable;
            if state.reachable != Some(yes) {
                state.since = Some(now);
            }
            state.reachable = Some(yes);
            state.fault = fault.clone();
        });
        match (before, yes) {
            (Some(false), true) => tracing::info!(trunk = self.trunk.name, "the trunk answers again"),
            (Some(true) | None, false) => {
                tracing::warn!(trunk = self.trunk.name, fault, "the trunk does not answer");
            }
            _ => {}
        }
    }

    /// The way to the trunk; a connection is made when there is none.
    async fn path(&self) -> Option<Path> {
        let carrier = self.trunk.transport.carrier();
        if carrier == Carrier::Udp {
            return Some(Path::Datagram(self.peer));
        }
        let name = self.trunk.tls_name.clone().unwrap_or_else(|| self.peer.ip().to_string());
        match stream::connect(&self.port, carrier, self.peer, &name).await {
            Ok(flow) => Some(Path::Flow(flow)),
            Err(fault) => {
                self.reachable(false, Some(fault));
                None
            }
        }
    }

    async fn ask(&self, path: Path) {
        let Some(target) = request::uri_of(self.peer, self.trunk.transport.carrier().name()) else { return };
        let asked = self.now_ms();
        let mut answer = request::options(&self.port, target.clone(), path).await;
        if answer.is_none() {
            // One lost datagram is no fault.
            answer = request::options(&self.port, target, path).await;
        }
        let took = i64::try_from(self.now_ms().saturating_sub(asked)).ok();
        let here = answer.is_some();
        self.tell(|state| state.round_trip_ms = took.filter(|_| here));
        self.reachable(here, None);
    }

    /// Registers; returns the life that was granted, in seconds.
    async fn register(&self, path: Path, series: &mut Series) -> Option<u32> {
        let mut answer = self.send_register(path, series).await?;
        if let Some(secs) = answer.as_ref().and_then(insisted) {
            series.wished_secs = secs;
            answer = self.send_register(path, series).await?;
        }
        let granted =
            answer.as_ref().filter(|answer| answer.status_code.kind() == StatusCodeKind::Successful);
        let secs = granted.map(granted_secs);
        let now = self.port.0.clock.now();
        let mut before = None;
        let status = answer.as_ref().map_or(0, |answer| answer.status_code.code());
        self.tell(|state| {
            before = state.registered;
            state.registered = Some(secs.is_some());
            state.registered_until = secs.map(|secs| now.plus_secs(i64::from(secs)).0);
            state.refusal = secs.is_none().then_some(status);
            if secs.is_none() {
                state.fault = Some(format!("REGISTER: {status}"));
            }
        });
        match (before, secs) {
            (Some(false), Some(_)) => tracing::info!(trunk = self.trunk.name, "the trunk is registered"),
            (_, None) if matches!(status, 401 | 403 | 407) => tracing::error!(
                trunk = self.trunk.name,
                status,
                "the carrier refused the registration: user name and password do not hold, or the account is closed"
            ),
            (_, None) => {
                tracing::warn!(trunk = self.trunk.name, status, "the trunk could not be registered");
            }
            _ => {}
        }
        secs
    }

    /// Sends a registration. None when the configuration cannot be read; `Some(None)` when nobody answered.
    async fn send_register(&self, path: Path, series: &mut Series) -> Option<Option<Response>> {
        let registrar = Uri::try_from(self.trunk.registrar.as_deref()?).ok()?;
        let user = self.trunk.username.clone()?;
        let mut identity = registrar.clone();
        identity.auth = Some(rsipstack::sip::Auth { user: user.clone(), password: None });
        let contact = self.port.contact(self.trunk.transport.carrier()).to_string();
        let contact = contact.replacen("yihao@", &format!("{user}@"), 1);
        let outgoing = Outgoing {
            method: Method::Register,
            target: registrar,
            identity,
            path,
            headers: vec![
                Header::Contact(format!("<{contact}>").into()),
                Header::Expires(series.wished_secs.to_string().into()),
            ],
            credential: credential(&self.trunk),
            series: Some((series.call_id.clone(), series.seq)),
        };
        // Challenges are answered with the numbers in between.
        series.seq = series.seq.saturating_add(4);
        Some(request::send(&self.port, outgoing).await)
    }
}

/// Returns the life that a registrar grants.
fn granted_secs(answer: &Response) -> u32 {
    let headers = answer.headers();
    let of_contact = value(headers, "Contact").and_then(|contact| {
        let (_, rest) = contact.split_once(";expires=")?;
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    });
    of_contact
        .or_else(|| value(headers, "Expires").and_then(|secs| secs.parse().ok()))
        .unwrap_or(REGISTER_SECS)
}
