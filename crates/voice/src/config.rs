//! The `[voice]` section of the configuration.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde::Deserialize;

use crate::sip_port::Origin;
use crate::speech::{RecognitionConfig, SpeechConfig};

/// What carries the messages of a trunk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrunkTransport {
    /// Datagrams.
    #[default]
    Udp,
    /// One connection that is kept open.
    Tcp,
    /// The same, encrypted.
    Tls,
}

/// A SIP trunk: a carrier's or a gateway's addresses, and what is needed to talk to it.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct TrunkConfig {
    /// The name in logs and call records.
    pub name: String,
    /// Addresses or networks (`10.1.0.0/16`) that calls may come from.
    pub peers: Vec<String>,
    /// Numbers that this trunk brings; all when empty.
    #[serde(default)]
    pub numbers: Vec<String>,
    /// What carries its messages.
    #[serde(default)]
    pub transport: TrunkTransport,
    /// The name in the trunk's certificate; its address when absent.
    #[serde(default)]
    pub tls_name: Option<String>,
    /// How often the trunk is asked whether it is there, in seconds; 30 when absent, never when 0.
    #[serde(default)]
    pub options_secs: Option<u32>,
    /// User name for registering with the carrier.
    #[serde(default)]
    pub username: Option<String>,
    /// Where calls outward go, such as `10.1.0.1:5060`; without it to the first peer that is one address.
    #[serde(default)]
    pub outbound: Option<String>,
    /// Calls that the trunk carries at the same time; no limit when absent.
    #[serde(default)]
    pub channels: Option<usize>,
    /// Its password.
    #[serde(default)]
    pub password: Option<String>,
    /// Whether keys are heard as tones from callers without telephone events; they are when absent. A line whose
    /// gateway reports keys by INFO is better without, lest a key be counted twice.
    #[serde(default)]
    pub tone_digits: Option<bool>,
    /// The carrier's registrar, such as `sip:sip.example.net`; without it nothing is registered.
    #[serde(default)]
    pub registrar: Option<String>,
}

/// How calls are taken. Everything has a default that suits one machine without a trunk.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct VoiceConfig {
    /// UDP address of SIP.
    pub sip_bind: SocketAddr,
    /// TCP address of SIP; without it no connections are taken.
    pub sip_tcp_bind: Option<SocketAddr>,
    /// TCP address of SIP over TLS; needs `tls_certificate` and `tls_key`.
    pub sip_tls_bind: Option<SocketAddr>,
    /// Our certificate and those above it, a PEM file. It is read again when it changes.
    pub tls_certificate: Option<PathBuf>,
    /// Its key, a PEM file.
    pub tls_key: Option<PathBuf>,
    /// Certificates by which trunks over TLS are trusted, a PEM file.
    pub tls_trusted: Option<PathBuf>,
    /// Whether desk telephones that are registered over TLS are rung with encrypted sound (SRTP) only.
    pub srtp_telephones: bool,
    /// Whether keys of encrypted sound are taken from messages that are not encrypted themselves.
    pub srtp_in_clear: bool,
    /// Address that peers are told for signalling and media, behind a one-to-one NAT.
    pub external_ip: Option<IpAddr>,
    /// Address that media sockets bind to.
    pub media_bind: IpAddr,
    /// First UDP port for media.
    pub rtp_port_min: u16,
    /// Last UDP port for media.
    pub rtp_port_max: u16,
    /// Threads that mix sound.
    pub media_threads: usize,
    /// Folder of recordings; `recordings` in the data folder when empty.
    pub recording_dir: PathBuf,
    /// The number that citizens dial.
    pub hotline: String,
    /// Realm of digest authentication and domain of the server's SIP addresses.
    pub realm: String,
    /// Trunks.
    pub trunks: Vec<TrunkConfig>,
    /// SIP messages a second that one unknown source may send over UDP.
    pub udp_messages_per_second: u32,
    /// SIP messages a second from an address of a trunk.
    pub trunk_messages_per_second: u32,
    /// Calls at the same time; one more hears busy.
    pub call_limit: usize,
    /// How long a telephone rings, in seconds.
    pub ring_secs: u32,
    /// Time for writing after a call, in seconds.
    pub wrap_up_secs: u32,
    /// Interval of announcements of the place in the queue, in seconds.
    pub announcement_secs: u32,
    /// How long a citizen is kept for an agent whose page was lost, in seconds.
    pub grace_secs: u32,
    /// How long a number outside is rung, in seconds.
    pub dial_secs: u32,
    /// How long a parked citizen waits to be fetched, in seconds.
    pub park_secs: u32,
    /// Callers who may wait.
    pub waiting_limit: usize,
    /// Whether callers are greeted (and told of the recording) before they join the queue.
    pub greeting: bool,
    /// The voice that speaks texts.
    pub speech: SpeechConfig,
    /// The service that understands what callers say to the robot.
    pub recognition: RecognitionConfig,
    /// Hosts (`10.0.0.7:8080`) that call flows may ask over HTTP.
    pub flow_hosts: Vec<String>,
}

impl Default for VoiceConfig {
    fn default() -> Self {
        Self {
            sip_bind: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 5060)),
            sip_tcp_bind: None,
            sip_tls_bind: None,
            tls_certificate: None,
            tls_key: None,
            tls_trusted: None,
            srtp_telephones: false,
            srtp_in_clear: false,
            external_ip: None,
            media_bind: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            rtp_port_min: 20_000,
            rtp_port_max: 29_999,
            media_threads: 1,
            recording_dir: PathBuf::new(),
            hotline: "12345".to_owned(),
            realm: "yihao".to_owned(),
            trunks: Vec::new(),
            udp_messages_per_second: 20,
            trunk_messages_per_second: 5_000,
            call_limit: 2_000,
            ring_secs: 20,
            wrap_up_secs: 30,
            announcement_secs: 20,
            grace_secs: 30,
            dial_secs: 60,
            park_secs: 180,
            waiting_limit: 10_000,
            greeting: true,
            speech: SpeechConfig::default(),
            recognition: RecognitionConfig::default(),
            flow_hosts: Vec::new(),
        }
    }
}

impl VoiceConfig {
    /// Tells whether keys of a caller are listened for as tones.
    #[must_use]
    pub fn hears_tones(&self, origin: &Origin) -> bool {
        let Origin::Trunk(name) = origin else { return true };
        let trunk = self.trunks.iter().find(|trunk| trunk.name == *name);
        trunk.and_then(|trunk| trunk.tone_digits).unwrap_or(true)
    }

    /// Returns the rules of the queue.
    #[must_use]
    pub fn floor(&self) -> acd::FloorConfig {
        acd::FloorConfig {
            ring_ms: i64::from(self.ring_secs) * 1000,
            waiting_limit: self.waiting_limit,
            queues: vec![acd::QueueConfig {
                wrap_up_ms: i64::from(self.wrap_up_secs) * 1000,
                // A round that begins before the last one was said to its end would cut it off each time.
                announcement_ms: i64::from(self.announcement_secs.max(8)) * 1000,
                capacity: self.waiting_limit,
                ..acd::QueueConfig::new("main".into())
            }],
            ..acd::FloorConfig::default()
        }
    }
}
