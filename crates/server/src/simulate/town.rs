//! What all players share: the server, the clock's pace, calls in progress, staff who are signed in.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::AtomicU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use contract::contacts::mask_phone;
use tokio::sync::{OnceCell, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::cast::{Caller, Cast};
use super::day::Contact;
use super::sound::citizen_hz;
use super::tally::Tally;
use super::web::{Fault, Web};

/// Requests in flight at the same time, over all players.
const REQUESTS: usize = 32;
/// Shortest conversation, whatever the speed: sound cannot be sped up.
const TALK_MIN: Duration = Duration::from_secs(3);
/// Shortest patience once the greeting is over.
const PATIENCE_MIN: Duration = Duration::from_secs(6);

/// Where a call stands, as the two simulated sides know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// No simulated agent has it.
    Waiting,
    /// The agent with this pitch talks.
    Talking(u16),
}

/// A call in progress.
pub(super) struct LiveCall {
    pub contact: Contact,
    /// The citizen's pitch.
    pub hz: u16,
    pub stage: watch::Sender<Stage>,
    /// Frames of the agent's voice that the citizen heard.
    pub heard_by_citizen: AtomicU32,
    /// Frames of the citizen's voice that the agent heard.
    pub heard_by_agent: AtomicU32,
}

#[derive(Default)]
struct State {
    live: HashMap<String, Arc<LiveCall>>,
    placed: usize,
    declined: HashMap<String, HashSet<String>>,
    staff: HashMap<String, Arc<OnceCell<Arc<Web>>>>,
    citizens: HashMap<usize, Arc<Web>>,
}

/// The stage of the play.
pub(super) struct Town {
    pub base: String,
    pub sip: SocketAddr,
    /// Our address as the server sees it.
    pub host: IpAddr,
    pub speed: u32,
    pub cast: Cast,
    pub tally: Tally,
    /// Everything ends.
    pub stop: CancellationToken,
    /// Orders on their way through the office, and citizens at the portal.
    pub errands: TaskTracker,
    /// The city's ids, read once.
    pub places: OnceCell<super::office::Places>,
    calls_max: usize,
    requests: Arc<Semaphore>,
    state: Mutex<State>,
}

impl Town {
    pub fn new(
        base: &str,
        sip: SocketAddr,
        host: IpAddr,
        speed: u32,
        calls_max: usize,
        cast: Cast,
    ) -> reqwest::Result<Self> {
        let requests = Arc::new(Semaphore::new(REQUESTS));
        Ok(Self {
            base: base.trim_end_matches('/').to_owned(),
            sip,
            host,
            speed: speed.max(1),
            cast,
            tally: Tally::default(),
            stop: CancellationToken::new(),
            errands: TaskTracker::new(),
            places: OnceCell::new(),
            calls_max,
            requests,
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns how long `simulated_ms` take.
    pub fn real(&self, simulated_ms: u64) -> Duration {
        Duration::from_millis(simulated_ms / u64::from(self.speed))
    }

    /// Waits so many simulated seconds; false when the play ended meanwhile.
    pub async fn pause(&self, simulated_secs: u64) -> bool {
        self.pause_real(self.real(simulated_secs * 1000)).await
    }

    /// Waits; false when the play ended meanwhile.
    pub async fn pause_real(&self, real: Duration) -> bool {
        tokio::select! {
            () = self.stop.cancelled() => false,
            () = tokio::time::sleep(real) => !self.stop.is_cancelled(),
        }
    }

    /// Returns how long a citizen talks.
    pub fn talk(&self, caller: &Caller) -> Duration {
        self.real(caller.talk_secs * 1000).max(TALK_MIN)
    }

    /// Returns how long a citizen waits after the greeting.
    pub fn patience(&self, caller: &Caller) -> Duration {
        self.real(caller.wait_secs * 1000).max(PATIENCE_MIN)
    }

    /// Enters a call; none when too many are running, or this citizen is on the line already.
    pub fn begin_call(&self, contact: &Contact) -> Option<Arc<LiveCall>> {
        let mut state = self.state();
        let key = mask_phone(&self.cast.callers[contact.caller].phone);
        if state.live.len() >= self.calls_max || state.live.contains_key(&key) {
            return None;
        }
        state.placed += 1;
        let call = Arc::new(LiveCall {
            contact: contact.clone(),
            hz: citizen_hz(state.placed),
            stage: watch::Sender::new(Stage::Waiting),
            heard_by_citizen: AtomicU32::new(0),
            heard_by_agent: AtomicU32::new(0),
        });
        state.live.insert(key, call.clone());
        Some(call)
    }

    /// Removes a call.
    pub fn end_call(&self, contact: &Contact) {
        self.state().live.remove(&mask_phone(&self.cast.callers[contact.caller].phone));
    }

    /// Finds the simulated call of a number, whole or masked.
    pub fn live_call(&self, number: &str) -> Option<Arc<LiveCall>> {
        let state = self.state();
        state.live.get(number).or_else(|| state.live.get(&mask_phone(number))).cloned()
    }

    /// Tells whether a simulated agent should leave a stranger's call to a person: each does so once.
    pub fn declines(&self, call_id: &str, seat: &str) -> bool {
        self.state().declined.entry(call_id.to_owned()).or_default().insert(seat.to_owned())
    }

    /// Returns a citizen's browser.
    pub fn citizen(&self, caller: usize) -> Result<Arc<Web>, Fault> {
        let mut state = self.state();
        if let Some(web) = state.citizens.get(&caller) {
            return Ok(web.clone());
        }
        let address = home_address(self.host, caller);
        let web = Arc::new(Web::new(&self.base, None, address, self.requests.clone()).map_err(unopened)?);
        state.citizens.insert(caller, web.clone());
        Ok(web)
    }

    fn browser(&self, account: &str) -> Result<Web, Fault> {
        let credentials = (account.to_owned(), self.cast.password.clone());
        Web::new(&self.base, Some(credentials), None, self.requests.clone()).map_err(unopened)
    }

    /// Returns the session of a member of staff, signing in when it is the first time.
    pub async fn staff(&self, account: &str) -> Result<Arc<Web>, Fault> {
        let cell = self.state().staff.entry(account.to_owned()).or_default().clone();
        cell.get_or_try_init(|| self.signed_in(account)).await.cloned()
    }

    async fn signed_in(&self, account: &str) -> Result<Arc<Web>, Fault> {
        let web = self.browser(account)?;
        web.sign_in().await?;
        Ok(Arc::new(web))
    }

    /// Returns the session of one who holds a role; `turn` chooses whom.
    pub async fn role(&self, role: &str, turn: u64) -> Result<Arc<Web>, Fault> {
        let accounts = self.cast.staff(role);
        let at = usize::try_from(turn).unwrap_or(0) % accounts.len().max(1);
        let account = accounts.get(at).copied().unwrap_or_default();
        self.staff(account).await
    }

    /// Counts a fault, except one that the end of the play brought about.
    pub fn fault(&self, fault: &Fault) {
        if !self.stop.is_cancelled() {
            self.tally.error(&fault.kind, &fault.detail);
        }
    }

    /// Signs all staff out.
    pub async fn sign_out_staff(&self) {
        let staff: Vec<_> = self.state().staff.drain().collect();
        futures::future::join_all(staff.iter().filter_map(|(_, cell)| cell.get()).map(|web| web.sign_out()))
            .await;
    }
}

fn unopened(error: reqwest::Error) -> Fault {
    Fault { kind: "browser".to_owned(), status: None, detail: error.to_string() }
}

/// Gives each citizen an address, so that the portal can tell them apart. Only Linux has all of 127/8.
fn home_address(host: IpAddr, caller: usize) -> Option<IpAddr> {
    let number = u16::try_from(caller + 1).ok()?.to_be_bytes();
    (host.is_loopback() && host.is_ipv4() && cfg!(target_os = "linux"))
        .then(|| IpAddr::from([127, 12, number[0], number[1]]))
}
