//! What calls and routes share.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use contract::bot::SpokenRobot;
use contract::cases::{CaseLookup, CitizenDesk, CityCalendar, RecordingAccess};
use contract::contacts::ContactBook;
use contract::identity::Directory;
use kernel::Kit;

use crate::accounts::Accounts;
use crate::config::VoiceConfig;
use crate::desk::Desk;
use crate::flows::Flows;
use crate::media::MediaPlane;
use crate::sip_port::{SipPort, StackPort};
use crate::tokens::Tokens;
use crate::writer::Writer;

/// What this slice asks of others. Each may be absent; then calls work without what it knows.
#[derive(Clone, Default)]
pub struct Ports {
    /// Citizens' files.
    pub contacts: Option<Arc<dyn ContactBook>>,
    /// Work orders.
    pub cases: Option<Arc<dyn CaseLookup>>,
    /// People and seats.
    pub directory: Option<Arc<dyn Directory>>,
    /// Who else may listen to a recording.
    pub recordings: Option<Arc<dyn RecordingAccess>>,
    /// Orders by number and query code.
    pub citizens: Option<Arc<dyn CitizenDesk>>,
    /// Days off.
    pub calendar: Option<Arc<dyn CityCalendar>>,
    /// Who talks with callers instead of a person; set when that slice is there, which asks this one for queues.
    pub robot: Arc<OnceLock<Arc<dyn SpokenRobot>>>,
}

/// The slice's inside.
pub struct Core {
    /// The mechanism.
    pub kit: Kit,
    /// Configuration.
    pub config: VoiceConfig,
    /// Other slices.
    pub ports: Ports,
    /// Signalling.
    pub port: Arc<dyn SipPort>,
    /// Connections, trunks and registered telephones.
    pub stack: StackPort,
    /// Passwords of desk telephones.
    pub accounts: Arc<Accounts>,
    /// Sound.
    pub media: MediaPlane,
    /// The way to the database.
    pub writer: Writer,
    /// Seats and queue.
    pub desk: Desk,
    /// Secrets of telephones.
    pub tokens: Arc<Tokens>,
    /// Call flows, prompts, voices.
    pub flows: Flows,
    /// Folder of recordings.
    pub recording_dir: PathBuf,
}

/// Returns the city's day of an instant as `YYYY-MM-DD`.
#[must_use]
pub fn local_day(kit: &Kit, at: i64) -> String {
    let zone: chrono_tz::Tz = kit.config.zone.parse().unwrap_or(chrono_tz::Asia::Shanghai);
    chrono::DateTime::from_timestamp_millis(at)
        .unwrap_or_default()
        .with_timezone(&zone)
        .format("%Y-%m-%d")
        .to_string()
}

/// Returns the instant at which the city's day of `at` began, epoch milliseconds.
#[must_use]
pub fn day_start(kit: &Kit, at: i64) -> i64 {
    let zone: chrono_tz::Tz = kit.config.zone.parse().unwrap_or(chrono_tz::Asia::Shanghai);
    chrono::DateTime::from_timestamp_millis(at)
        .unwrap_or_default()
        .with_timezone(&zone)
        .with_time(chrono::NaiveTime::MIN)
        .earliest()
        .map_or(at, |start| start.timestamp_millis())
}
