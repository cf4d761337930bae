//! Telephone calls: trunks and browsers, queue, seats, recordings.
//!
//! Calls run in tasks of their own ([`call`]), reach telephones through [`sip_port::SipPort`],
//! sound through [`media`], seats through [`desk`], and the database through [`writer`], which
//! no call waits for.

mod accounts;
mod blocked;
pub mod call;
pub mod callflow;
pub mod campaign;
pub mod config;
pub mod core;
pub mod desk;
pub mod emergency;
pub mod error;
mod facts;
pub mod flows;
mod http;
mod lookup;
pub mod media;
mod pop;
pub mod queue;
pub mod react;
pub mod routing;
pub mod service_level;
pub mod sip_port;
mod sounds;
pub mod speech;
pub mod store;
mod summary;
mod telephones;
pub mod tokens;
mod voicemail;
pub mod whatif;
pub mod writer;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use axum::extract::Extension;
use axum::extract::ws::WebSocketUpgrade;
use axum::http::HeaderMap;
use axum::routing::get;
use kernel::http::PeerAddress;
use kernel::{Ctx, DbError, Job, Kit, Migration, Slice};
use tokio::sync::{broadcast, mpsc};

pub use crate::config::{TrunkConfig, VoiceConfig};
pub use crate::core::Ports;
pub use crate::lookup::VoiceLookup;

use crate::accounts::Accounts;
use crate::call::record::RecordingEnd;
use crate::call::state::Input;
use crate::call::{CallMessage, take, telephone};
use crate::core::Core;
use crate::desk::Desk;
use crate::error::VoiceError;
use crate::flows::Flows;
use crate::media::{MediaConfig, MediaError, MediaPlane, Repaired};
use crate::sip_port::{FlowChange, IncomingCall, Origin, StackError, StackOptions, StackPort};
use crate::tokens::Tokens;
use crate::writer::Writer;

/// Calls that may wait to be taken.
const ARRIVALS: usize = 1024;
/// How often it is asked whether another process changed flows.
const FOLLOW_FLOWS: Duration = Duration::from_secs(30);

/// How often outbound tasks look whom they may call.
const CAMPAIGN_TURN: Duration = Duration::from_secs(1);

/// Tables of the slice.
pub const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "calls", sql: include_str!("../migrations/0001_calls.sql") },
    Migration {
        version: 2,
        name: "call_operations",
        sql: include_str!("../migrations/0002_call_operations.sql"),
    },
    Migration { version: 10, name: "callflows", sql: include_str!("../migrations/0010_callflows.sql") },
    Migration { version: 20, name: "queues", sql: include_str!("../migrations/0020_queues.sql") },
    Migration { version: 30, name: "telephones", sql: include_str!("../migrations/0030_telephones.sql") },
    Migration { version: 60, name: "campaigns", sql: include_str!("../migrations/0060_campaigns.sql") },
    Migration { version: 61, name: "emergency", sql: include_str!("../migrations/0061_emergency.sql") },
    Migration { version: 70, name: "message_pins", sql: include_str!("../migrations/0070_message_pins.sql") },
    Migration { version: 71, name: "agent_notes", sql: include_str!("../migrations/0071_agent_notes.sql") },
    Migration {
        version: 72,
        name: "message_pin_failures",
        sql: include_str!("../migrations/0072_message_pin_failures.sql"),
    },
];

/// Why calls can't be taken.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Signalling.
    #[error(transparent)]
    Signalling(#[from] StackError),
    /// Sound.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// The folder of recordings.
    #[error("the folder of recordings can't be read")]
    Recordings(#[source] std::io::Error),
}

/// The call centre of this process. Clones share it.
#[derive(Clone)]
pub struct Voice {
    core: Arc<Core>,
    stack: StackPort,
    arrivals: Arc<Mutex<Option<Arrivals>>>,
}

struct Arrivals {
    calls: mpsc::Receiver<IncomingCall>,
    repaired: Vec<Repaired>,
}

impl Voice {
    /// Opens ports, threads and folders. Calls are taken from [`Voice::open`] on, which needs
    /// the tables.
    ///
    /// # Errors
    /// When a port, thread or folder can't be opened.
    pub async fn start(kit: Kit, config: VoiceConfig, ports: Ports) -> Result<Self, StartError> {
        let recording_dir = if config.recording_dir.as_os_str().is_empty() {
            kit.config.data_dir.join("recordings")
        } else {
            config.recording_dir.clone()
        };
        let repaired = media::repair_recordings(&recording_dir).map_err(StartError::Recordings)?;
        let media = MediaPlane::start(MediaConfig {
            threads: config.media_threads,
            bind_ip: config.media_bind,
            external_ip: config.external_ip,
            rtp_ports: config.rtp_port_min..=config.rtp_port_max,
            recording_dir: recording_dir.clone(),
        })?;
        let tokens = Arc::new(Tokens::default());
        let (arriving, calls) = mpsc::channel(ARRIVALS);
        let accounts = Arc::new(Accounts::default());
        let options = StackOptions {
            clock: kit.clock.clone(),
            tokens: tokens.clone(),
            accounts: accounts.clone(),
            calls: arriving,
        };
        let stack = StackPort::start(&config, options).await?;
        let writer = Writer::start(kit.clone());
        let desk = Desk::start(kit.clone(), writer.clone(), config.floor());
        let flows = Flows::new(&kit, &config, ports.clone(), recording_dir.clone());
        let core = Arc::new(Core {
            flows,
            kit,
            config,
            ports,
            port: Arc::new(stack.clone()),
            stack: stack.clone(),
            accounts,
            media,
            writer,
            desk,
            tokens,
            recording_dir,
        });
        tokio::spawn(follow_phones(core.clone(), stack.changes()));
        let arrivals = Arc::new(Mutex::new(Some(Arrivals { calls, repaired })));
        Ok(Self { core, stack, arrivals })
    }

    /// Closes what a stop of the server left open, then takes calls. A second call does nothing.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open(&self) -> Result<(), DbError> {
        let arrivals = self.arrivals.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let Some(Arrivals { mut calls, repaired }) = arrivals else { return Ok(()) };
        recover(&self.core.kit, &repaired).await?;
        self.core.desk.open().await?;
        self.core.flows.load().await?;
        telephones::load(&self.core).await?;
        tokio::spawn(follow_flows(Arc::downgrade(&self.core)));
        let core = self.core.clone();
        tokio::spawn(async move {
            while let Some(call) = calls.recv().await {
                if let Origin::Telephone { seat, replaces } = call.origin.clone() {
                    telephone::take(&core, call, &seat, replaces);
                    continue;
                }
                let Some(call) = blocked::turn_away(&core, call) else { continue };
                take(&core, call);
            }
        });
        Ok(())
    }

    /// Returns tables, routes and capabilities.
    #[must_use]
    pub fn slice(&self) -> Slice {
        Slice {
            name: "voice",
            migrations: MIGRATIONS,
            router: http::router(self.core.clone()),
            jobs: self.jobs(),
            capabilities: http::CAPABILITIES,
        }
    }

    fn jobs(&self) -> Vec<Job> {
        let engine = campaign::engine::Engine::new(self.core.clone());
        vec![Job::every("voice.campaigns", CAMPAIGN_TURN, move || {
            let engine = engine.clone();
            async move { Ok(engine.turn().await?) }
        })]
    }

    /// Lets outbound tasks take one turn, as their job does every second.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn call_out(&self) -> Result<(), VoiceError> {
        campaign::engine::Engine::new(self.core.clone()).turn().await
    }

    /// Returns `GET /sip`, which belongs at the root of the host.
    pub fn sip_router(&self) -> axum::Router {
        let (kit, port) = (self.core.kit.clone(), self.stack.clone());
        axum::Router::new().route(
            "/sip",
            get(
                move |peer: Option<Extension<PeerAddress>>, headers: HeaderMap, upgrade: WebSocketUpgrade| {
                    let peer = peer.map(|Extension(peer)| peer);
                    sip_port::sip_over_websocket(kit.clone(), port.clone(), peer, headers, upgrade)
                },
            ),
        )
    }

    /// Returns the answers to other slices' questions.
    #[must_use]
    pub fn lookup(&self) -> Arc<VoiceLookup> {
        Arc::new(VoiceLookup::new(self.core.clone()))
    }

    /// Returns the UDP address of SIP.
    #[must_use]
    pub fn sip_address(&self) -> SocketAddr {
        self.stack.local()
    }

    /// Returns the seats and the queue.
    #[must_use]
    pub fn desk(&self) -> &Desk {
        &self.core.desk
    }

    /// Returns signalling, for figures.
    #[must_use]
    pub fn stack(&self) -> &StackPort {
        &self.stack
    }

    /// Ends all calls, waits for their records, and closes the ports.
    pub async fn stop(&self) {
        self.core.desk.end_all();
        for _ in 0..100 {
            if self.core.desk.call_count() == 0 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        // Farewells leave and recordings close before the connections do.
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        self.core.writer.flush().await;
        self.stack.stop();
    }
}

/// Tells the desk and calls of telephones that come and go.
async fn follow_phones(core: Arc<Core>, mut changes: broadcast::Receiver<FlowChange>) {
    loop {
        match changes.recv().await {
            Ok(FlowChange { seat, place, reachable }) => {
                let busy = core.desk.phone(&seat, place, reachable);
                if let Some(call) = busy.filter(|_| reachable).and_then(|call| core.desk.call(&call)) {
                    call.send(CallMessage::Input(Input::PhoneBack { seat }));
                }
            }
            Err(broadcast::error::RecvError::Lagged(missed)) => {
                tracing::warn!(missed, "changes of telephones were missed");
            }
            Err(broadcast::error::RecvError::Closed) => return,
        }
    }
}

/// Reads flows and accounts of telephones anew when another process has changed them.
async fn follow_flows(core: Weak<Core>) {
    loop {
        tokio::time::sleep(FOLLOW_FLOWS).await;
        let Some(core) = core.upgrade() else { return };
        if let Err(error) = core.flows.follow().await {
            tracing::warn!(%error, "call flows could not be read anew");
        }
        if let Err(error) = telephones::load(&core).await {
            tracing::warn!(%error, "desk telephones could not be read anew");
        }
    }
}

async fn recover(kit: &Kit, repaired: &[Repaired]) -> Result<(), DbError> {
    let open = store::recordings::open(&kit.db).await?;
    let now = kit.now();
    let ctx = Ctx::system("voice", now);
    let mut tx = kit.db.begin().await?;
    for recording in &open {
        let file = repaired.iter().find(|file| file.recording_id == recording.id);
        let end = RecordingEnd {
            id: recording.id.clone(),
            call_id: recording.call_id.clone(),
            path: file.map(|file| file.path.to_string_lossy().into_owned()),
            duration_ms: file.map_or(0, |file| i64::try_from(file.duration_ms).unwrap_or(0)),
            bytes: file.map_or(0, |file| i64::try_from(file.bytes).unwrap_or(0)),
            repaired: true,
        };
        store::recordings::finish(&mut tx, &ctx, &end).await?;
    }
    let calls = store::recordings::close_interrupted(&mut tx, now.0).await?;
    tx.commit().await?;
    if calls > 0 || !open.is_empty() {
        tracing::warn!(calls, recordings = open.len(), "closed what the last stop of the server left open");
    }
    Ok(())
}
