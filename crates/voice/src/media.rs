//! The media plane: sockets, browser legs, mixing and recording, on threads of its own.
//!
//! Every call is a small conference. Each leg hears what the gain matrix lets through, so that
//! bridging, hold, three-way talk, monitoring and whispering are changes of the matrix; nothing is
//! renegotiated and the recording never restarts. The rules (jitter, mixing, tones, digits, file
//! format) live in the `media` crate; this module adds sockets, time and files.
//!
//! Signalling talks to a call through [`CallMedia`]: each method either only queues a command or
//! opens a socket, so none of them waits for audio. What happens comes back as [`MediaEvent`]s on
//! the channel given to [`MediaPlane::create_call`].
//!
//! A media thread owns its calls outright and never waits for a lock, the database or the disk.

mod ambient;
mod call;
mod ear;
mod leg;
mod plane;
mod ports;
pub mod prompts;
mod recorder;
mod rtp;
mod stream;
mod webrtc;
mod worker;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use bytes::Bytes;

pub use ::media::clip::Clip;
pub use ::media::codec::Codec;
pub use ::media::srtp::KeyPair;
pub use ::media::tone::Tone;
pub use ear::Attention;
pub use plane::{CallMedia, MediaPlane};
pub use recorder::{Repaired, repair_recordings};
pub use stream::RecordingFile;

/// A piece of sound to play: a prompt, a tone or a pause.
pub type PromptRef = Clip;

/// How the media plane listens, sends and stores.
#[derive(Clone, Debug)]
pub struct MediaConfig {
    /// Number of media threads; calls are spread over them. At least one is started.
    pub threads: usize,
    /// Local address that the sockets bind to; `0.0.0.0` binds to every interface.
    pub bind_ip: IpAddr,
    /// Address that peers are told, when it is not `bind_ip` (behind a one-to-one NAT).
    pub external_ip: Option<IpAddr>,
    /// UDP ports for media. RTP takes an even port and the odd one above it for RTCP.
    pub rtp_ports: RangeInclusive<u16>,
    /// Folder under which recordings are written as `YYYY/MM/DD/<recording_id>.alaw2`.
    pub recording_dir: PathBuf,
}

/// Number of a leg within its call; chosen by the caller and unique within the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LegId(pub u32);

impl fmt::Display for LegId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "leg {}", self.0)
    }
}

/// A plain RTP leg as agreed in SDP.
#[derive(Clone, Debug)]
pub struct LegSpec {
    /// Number of the leg within the call.
    pub leg: LegId,
    /// Codec of both directions.
    pub codec: Codec,
    /// Payload type of `telephone-event/8000`; `None` when the peer has none, then digits are
    /// sent and detected as tones.
    pub dtmf_payload_type: Option<u8>,
    /// Where the peer's SDP says it receives; `None` until known.
    pub remote: Option<SocketAddr>,
    /// Whether keys are listened for as tones when the peer has no telephone events.
    pub tones: bool,
    /// Whether sound goes as G.722; `codec` then says what it becomes here.
    pub wide: bool,
    /// Keys of both directions; `None` when sound goes in the clear.
    pub keys: Option<KeyPair>,
}

/// Which side of the offer/answer exchange this server takes for a browser leg.
#[derive(Clone, Debug)]
pub enum WebRtcRole {
    /// The server offers; the browser's answer goes to [`CallMedia::accept_webrtc_answer`].
    Offer,
    /// The browser has offered and gets the answer that is returned.
    Answer {
        /// The browser's offer.
        remote_sdp: String,
    },
}

/// Reception figures of a leg over its whole life.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LegStats {
    /// Valid audio packets received.
    pub packets_received: u64,
    /// Packets sent.
    pub packets_sent: u64,
    /// Packets that the sequence numbers say were lost (RFC 3550).
    pub packets_lost: u64,
    /// Packets that came too late to be played.
    pub packets_late: u64,
    /// Frames of 20 ms that had to be invented.
    pub frames_concealed: u64,
    /// Interarrival jitter in milliseconds (RFC 3550).
    pub jitter_ms: f32,
}

/// What the media plane reports about a call.
#[derive(Clone, Debug, PartialEq)]
pub enum MediaEvent {
    /// The first valid audio packet of a leg has arrived.
    LegMediaStarted {
        /// The leg.
        leg: LegId,
    },
    /// A digit was pressed (`0`–`9`, `*`, `#`, `A`–`D`).
    Dtmf {
        /// Who pressed it.
        leg: LegId,
        /// The key.
        digit: char,
    },
    /// A sequence of prompts came to its end; not sent when it was stopped or replaced.
    PlayFinished {
        /// Who heard it.
        leg: LegId,
        /// The number that [`CallMedia::play`] returned.
        play: u32,
    },
    /// No packet has arrived for this long although one is expected (the peer's address is known,
    /// the browser is connected); repeated every ten seconds.
    LegSilent {
        /// The leg.
        leg: LegId,
        /// Seconds since the last packet, or since packets were first expected.
        secs: u32,
    },
    /// Nothing above a whisper was heard for as long as [`CallMedia::watch_quiet`] asked.
    LegQuiet {
        /// The leg.
        leg: LegId,
    },
    /// What a leg said since [`CallMedia::attend`] came to its end.
    LegSpoke {
        /// The leg.
        leg: LegId,
        /// A-law at 8 kHz; empty when nothing was said.
        sound: Bytes,
    },
    /// A browser leg has finished ICE and DTLS; audio flows from now on.
    WebRtcConnected {
        /// The leg.
        leg: LegId,
    },
    /// A browser leg could not connect or lost its peer. It stays, so that it can be replaced or
    /// come back by itself (then `WebRtcConnected` follows).
    WebRtcFailed {
        /// The leg.
        leg: LegId,
        /// Why, for the log.
        reason: String,
    },
    /// A leg was removed, by request or because its call ended.
    LegRemoved {
        /// The leg.
        leg: LegId,
        /// How well it was heard.
        stats: LegStats,
    },
    /// A recording is complete and on disk.
    RecordingStopped {
        /// The recording.
        recording_id: String,
        /// The file, relative to [`MediaConfig::recording_dir`].
        path: PathBuf,
        /// Length in milliseconds.
        duration_ms: u64,
        /// Size of the file in bytes.
        bytes: u64,
        /// How much of it is silence because the disk could not keep up, in milliseconds.
        dropped_ms: u64,
    },
    /// A recording could not be started or written; what was written before stays.
    RecordingFailed {
        /// The recording.
        recording_id: String,
        /// Why, for the log and an alarm.
        reason: String,
    },
}

/// Why a media command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// No free pair of ports is left in the configured range.
    #[error("no free port in {0:?}")]
    NoPort(RangeInclusive<u16>),
    /// A socket, thread or folder could not be opened.
    #[error("media I/O: {0}")]
    Io(#[from] std::io::Error),
    /// The media thread's command queue is full.
    #[error("the media thread does not keep up with commands")]
    Overloaded,
    /// The call has ended or the media plane has stopped.
    #[error("the call is gone")]
    CallGone,
    /// The call has no such leg, or it is not a browser leg.
    #[error("{0} is unknown or of the wrong kind")]
    UnknownLeg(LegId),
    /// A session description could not be used.
    #[error("session description: {0}")]
    Sdp(String),
    /// A recording's name or date contains what does not belong in a path.
    #[error("not usable as a recording's name: {0}")]
    BadRecordingName(String),
}
