//! Session descriptions for audio (RFC 4566, RFC 8866, RFC 3264): reading, choosing, answering.
//!
//! Only what a telephone needs. The input comes from strangers: every size is bounded, every
//! number is checked, and nothing panics.

use std::fmt::Write as _;
use std::net::IpAddr;

pub use crypto::{Crypto, Suite};

mod crypto;

/// Longest description that is read, in bytes.
const TEXT_LIMIT: usize = 64 * 1024;
const LINE_LIMIT: usize = 2000;
const MEDIA_LIMIT: usize = 16;
const FORMAT_LIMIT: usize = 64;
const CRYPTO_LIMIT: usize = 8;

/// Why a description can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// Not a session description, or oversized.
    #[error("the session description can't be read")]
    Malformed,
    /// There is no audio stream that is switched on.
    #[error("the session description offers no audio")]
    NoAudio,
    /// None of the offered codecs is known here.
    #[error("the session description offers no codec that is known here")]
    NoCodec,
    /// Nowhere to send to.
    #[error("the session description has no usable address")]
    NoAddress,
    /// The stream is to be encrypted, and no key is offered that can be used.
    #[error("the session description asks for encryption without a usable key")]
    NoKey,
}

/// Who sends, seen from the writer of the description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Direction {
    /// Both sides.
    #[default]
    SendRecv,
    /// The writer only.
    SendOnly,
    /// The other side only.
    RecvOnly,
    /// Nobody.
    Inactive,
}

impl Direction {
    /// Returns the attribute name.
    pub fn name(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "sendrecv" => Self::SendRecv,
            "sendonly" => Self::SendOnly,
            "recvonly" => Self::RecvOnly,
            "inactive" => Self::Inactive,
            _ => return None,
        })
    }

    /// Returns the direction of an answer that agrees with an offer of this direction.
    pub fn answered(self) -> Self {
        match self {
            Self::SendRecv => Self::SendRecv,
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            Self::Inactive => Self::Inactive,
        }
    }

    /// Tells whether the writer is willing to hear.
    pub fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}

/// One payload format of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    /// RTP payload type.
    pub payload_type: u8,
    /// Encoding name in upper case; empty when neither static nor mapped.
    pub encoding: String,
    /// Clock rate in Hz.
    pub clock_hz: u32,
}

/// One `m=` section.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Stream {
    /// `audio`, `video` …
    pub kind: String,
    /// Port; 0 means that the stream is refused or off.
    pub port: u16,
    /// Transport, such as `RTP/AVP` or `UDP/TLS/RTP/SAVPF`.
    pub transport: String,
    /// Formats in order of preference.
    pub formats: Vec<Format>,
    /// Raw format tokens, as they must be repeated when the stream is refused.
    pub tokens: Vec<String>,
    /// Connection address of this section.
    pub address: Option<IpAddr>,
    /// Direction, inherited from the session when absent.
    pub direction: Direction,
    /// Packet time in milliseconds.
    pub ptime_ms: Option<u16>,
    /// Keys that can be used here (RFC 4568), in order of preference.
    pub crypto: Vec<Crypto>,
}

impl Stream {
    /// Tells whether the stream is encrypted with a key that stands in the description.
    pub fn is_keyed(&self) -> bool {
        self.transport.contains("SAVP") && !self.is_webrtc()
    }

    /// Tells whether the stream is secured by DTLS, as browsers do.
    pub fn is_webrtc(&self) -> bool {
        self.transport.contains("TLS")
    }
}

/// A parsed description.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Description {
    /// Streams in order.
    pub streams: Vec<Stream>,
}

impl Description {
    /// Reads a description.
    ///
    /// # Errors
    /// [`SdpError::Malformed`] when the text is oversized, has no `v=0`, or a line that matters
    /// can't be read. Lines that don't matter are skipped.
    pub fn parse(text: &str) -> Result<Self, SdpError> {
        if text.len() > TEXT_LIMIT {
            return Err(SdpError::Malformed);
        }
        let mut lines = text.lines().take(LINE_LIMIT);
        if lines.next().map(str::trim_end) != Some("v=0") {
            return Err(SdpError::Malformed);
        }
        let mut session_address = None;
        let mut session_direction = Direction::default();
        let mut streams: Vec<Stream> = Vec::new();
        for line in lines {
            let line = line.trim_end();
            let Some((kind, value)) = line.split_once('=') else {
                if line.is_empty() {
                    continue;
                }
                return Err(SdpError::Malformed);
            };
            match kind {
                "c" => {
                    let address = Some(connection(value)?);
                    match streams.last_mut() {
                        Some(stream) => stream.address = address,
                        None => session_address = address,
                    }
                }
                "m" => {
                    if streams.len() >= MEDIA_LIMIT {
                        return Err(SdpError::Malformed);
                    }
                    let mut stream = media(value)?;
                    stream.address = session_address;
                    stream.direction = session_direction;
                    streams.push(stream);
                }
                "a" => attribute(value, streams.last_mut(), &mut session_direction),
                _ => {}
            }
        }
        Ok(Self { streams })
    }

    /// Returns the first audio stream that is switched on, with its index.
    ///
    /// # Errors
    /// [`SdpError::NoAudio`].
    pub fn audio(&self) -> Result<(usize, &Stream), SdpError> {
        self.streams
            .iter()
            .enumerate()
            .find(|(_, stream)| stream.kind == "audio" && stream.port != 0)
            .ok_or(SdpError::NoAudio)
    }
}

fn connection(value: &str) -> Result<IpAddr, SdpError> {
    let mut parts = value.split_ascii_whitespace();
    if parts.next() != Some("IN") || !matches!(parts.next(), Some("IP4" | "IP6")) {
        return Err(SdpError::Malformed);
    }
    let address = parts.next().ok_or(SdpError::Malformed)?;
    let address = address.split('/').next().unwrap_or(address);
    address.parse().map_err(|_| SdpError::Malformed)
}

fn media(value: &str) -> Result<Stream, SdpError> {
    let mut parts = value.split_ascii_whitespace();
    let kind = parts.next().ok_or(SdpError::Malformed)?.to_owned();
    let port = parts.next().ok_or(SdpError::Malformed)?;
    let port = port.split('/').next().unwrap_or(port);
    let port: u16 = port.parse().map_err(|_| SdpError::Malformed)?;
    let transport = parts.next().ok_or(SdpError::Malformed)?.to_owned();
    let tokens: Vec<String> = parts.take(FORMAT_LIMIT).map(str::to_owned).collect();
    let formats = tokens
        .iter()
        .filter_map(|token| token.parse::<u8>().ok())
        .filter(|payload_type| *payload_type < 128)
        .map(|payload_type| {
            let (encoding, clock_hz) = match payload_type {
                0 => ("PCMU", 8000),
                8 => ("PCMA", 8000),
                13 => ("CN", 8000),
                9 => ("G722", 8000),
                _ => ("", 0),
            };
            Format { payload_type, encoding: encoding.to_owned(), clock_hz }
        })
        .collect();
    Ok(Stream { kind, port, transport, formats, tokens, ..Stream::default() })
}

fn attribute(value: &str, stream: Option<&mut Stream>, session_direction: &mut Direction) {
    let (name, rest) = value.split_once(':').unwrap_or((value, ""));
    if let Some(direction) = Direction::from_name(name) {
        match stream {
            Some(stream) => stream.direction = direction,
            None => *session_direction = direction,
        }
        return;
    }
    let Some(stream) = stream else { return };
    match name {
        "crypto" if stream.crypto.len() < CRYPTO_LIMIT => stream.crypto.extend(Crypto::parse(rest)),
        "ptime" => stream.ptime_ms = rest.trim().parse().ok().filter(|ms| (5..=200).contains(ms)),
        "rtpmap" => {
            let Some((payload_type, map)) = rest.trim().split_once(' ') else {
                return;
            };
            let Ok(payload_type) = payload_type.parse::<u8>() else {
                return;
            };
            let mut map = map.trim().split('/');
            let encoding = map.next().unwrap_or("").to_ascii_uppercase();
            let clock_hz = map.next().and_then(|hz| hz.parse().ok()).unwrap_or(0);
            if let Some(format) = stream.formats.iter_mut().find(|format| format.payload_type == payload_type)
            {
                format.encoding = encoding;
                format.clock_hz = clock_hz;
            }
        }
        _ => {}
    }
}

/// The G.711 variant of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// PCMA.
    A,
    /// PCMU.
    Mu,
    /// G722, whose clock is said to count 8,000 (RFC 3551 §4.5.2).
    Wide,
}

impl Law {
    /// Returns the encoding name.
    pub fn name(self) -> &'static str {
        match self {
            Self::A => "PCMA",
            Self::Mu => "PCMU",
            Self::Wide => "G722",
        }
    }

    /// Returns the static payload type.
    pub fn payload_type(self) -> u8 {
        match self {
            Self::A => 8,
            Self::Mu => 0,
            Self::Wide => 9,
        }
    }
}

/// What both sides agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// Index of the `m=` section.
    pub index: usize,
    /// Codec.
    pub law: Law,
    /// Its payload type.
    pub payload_type: u8,
    /// Payload type of `telephone-event/8000`, when offered.
    pub event_payload_type: Option<u8>,
    /// Address that the other side wants to be sent to.
    pub remote_address: IpAddr,
    /// Its port.
    pub remote_port: u16,
    /// Direction from the other side's point of view.
    pub direction: Direction,
    /// Packet time that the other side wishes.
    pub ptime_ms: u16,
    /// Payload type of comfort noise (RFC 3389), when offered.
    pub noise_payload_type: Option<u8>,
    /// The key that the other side sends with; absent when sound goes in the clear.
    pub crypto: Option<Crypto>,
}

/// Chooses from the other side's description; G.711 A-law before µ-law before G.722, whatever their order.
///
/// The old way of holding, `c=IN IP4 0.0.0.0`, counts as a direction in which the other side
/// does not hear.
///
/// # Errors
/// An [`SdpError`] that maps to 488.
pub fn agree(description: &Description) -> Result<Agreed, SdpError> {
    let (index, stream) = description.audio()?;
    // Answering a secured offer in the clear would say one thing and do another.
    let crypto = match stream.is_keyed() {
        true => Some(*stream.crypto.first().ok_or(SdpError::NoKey)?),
        false => None,
    };
    let find = |encoding: &str| {
        stream
            .formats
            .iter()
            .find(|format| format.encoding == encoding && format.clock_hz == 8000)
            .map(|format| format.payload_type)
    };
    let (law, payload_type) = find("PCMA")
        .map(|pt| (Law::A, pt))
        .or_else(|| find("PCMU").map(|pt| (Law::Mu, pt)))
        // Only where there is nothing else: the house hears no more through it.
        .or_else(|| find("G722").filter(|pt| *pt == Law::Wide.payload_type()).map(|pt| (Law::Wide, pt)))
        .ok_or(SdpError::NoCodec)?;
    let remote_address = stream.address.ok_or(SdpError::NoAddress)?;
    let to_many = match remote_address {
        IpAddr::V4(address) => address.is_multicast() || address.is_broadcast(),
        IpAddr::V6(address) => address.is_multicast(),
    };
    if to_many {
        return Err(SdpError::NoAddress);
    }
    let direction = if remote_address.is_unspecified() && stream.direction.receives() {
        if stream.direction == Direction::SendRecv { Direction::SendOnly } else { Direction::Inactive }
    } else {
        stream.direction
    };
    Ok(Agreed {
        index,
        law,
        payload_type,
        event_payload_type: find("TELEPHONE-EVENT"),
        // The static number is the only one that telephones use.
        noise_payload_type: find("CN").filter(|payload_type| *payload_type == 13),
        remote_address,
        remote_port: stream.port,
        direction,
        ptime_ms: stream.ptime_ms.unwrap_or(20),
        crypto,
    })
}

/// Chooses as [`agree`] does from the answer to an offer of ours, which must be encrypted as the offer was.
///
/// # Errors
/// Those of [`agree`]; [`SdpError::NoKey`] when one side would encrypt and the other not, or with another suite.
pub fn agree_answer(description: &Description, offered: &Local) -> Result<Agreed, SdpError> {
    let agreed = agree(description)?;
    match (agreed.crypto, offered.crypto) {
        (None, None) => Ok(agreed),
        (Some(theirs), Some(ours)) if theirs.tag == ours.tag && theirs.suite == ours.suite => Ok(agreed),
        _ => Err(SdpError::NoKey),
    }
}

/// Where this side receives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// Address to be announced.
    pub address: IpAddr,
    /// RTP port.
    pub port: u16,
    /// Session id of the `o=` line.
    pub session_id: u64,
    /// Version of the `o=` line, raised with every new description.
    pub version: u64,
    /// The key that this side sends with; absent when sound goes in the clear.
    pub crypto: Option<Crypto>,
}

fn head(local: &Local) -> String {
    let family = if local.address.is_ipv4() { "IP4" } else { "IP6" };
    format!(
        "v=0\r\no=yihao {} {} IN {family} {}\r\ns=yihao\r\nc=IN {family} {}\r\nt=0 0\r\n",
        local.session_id, local.version, local.address, local.address
    )
}

/// Writes an answer; every stream but the agreed one is refused with port 0.
pub fn answer(offer: &Description, agreed: &Agreed, local: &Local) -> String {
    let mut out = head(local);
    for (index, stream) in offer.streams.iter().enumerate() {
        if index == agreed.index {
            write_audio(
                &mut out,
                local.port,
                &stream.transport,
                &[(agreed.law, agreed.payload_type)],
                (agreed.event_payload_type, agreed.noise_payload_type),
                agreed.direction.answered(),
            );
            // The tag says which of the offered keys was taken.
            if let (Some(theirs), Some(ours)) = (agreed.crypto, local.crypto) {
                let line = Crypto { tag: theirs.tag, suite: theirs.suite, ..ours }.to_line();
                write!(out, "a=crypto:{line}\r\n").expect("writing to a string succeeds");
            }
        } else {
            let tokens = if stream.tokens.is_empty() { "0".to_owned() } else { stream.tokens.join(" ") };
            write!(out, "m={} 0 {} {tokens}\r\n", stream.kind, stream.transport)
                .expect("writing to a string succeeds");
        }
    }
    out
}

/// Writes an offer of both G.711 variants, G.722 and RFC 4733 events, encrypted when there is a key.
pub fn offer(local: &Local) -> String {
    let mut out = head(local);
    write_audio(
        &mut out,
        local.port,
        if local.crypto.is_some() { "RTP/SAVP" } else { "RTP/AVP" },
        &[(Law::A, 8), (Law::Mu, 0), (Law::Wide, 9)],
        (Some(101), None),
        Direction::SendRecv,
    );
    if let Some(crypto) = local.crypto {
        write!(out, "a=crypto:{}\r\n", crypto.to_line()).expect("writing to a string succeeds");
    }
    out
}

fn write_audio(
    out: &mut String,
    port: u16,
    transport: &str,
    codecs: &[(Law, u8)],
    (events, noise): (Option<u8>, Option<u8>),
    direction: Direction,
) {
    let mut go = || -> std::fmt::Result {
        write!(out, "m=audio {port} {transport}")?;
        for (_, payload_type) in codecs {
            write!(out, " {payload_type}")?;
        }
        for payload_type in events.into_iter().chain(noise) {
            write!(out, " {payload_type}")?;
        }
        out.write_str("\r\n")?;
        for (law, payload_type) in codecs {
            write!(out, "a=rtpmap:{payload_type} {}/8000\r\n", law.name())?;
        }
        if let Some(payload_type) = events {
            write!(out, "a=rtpmap:{payload_type} telephone-event/8000\r\na=fmtp:{payload_type} 0-15\r\n")?;
        }
        if let Some(payload_type) = noise {
            write!(out, "a=rtpmap:{payload_type} CN/8000\r\n")?;
        }
        write!(out, "a=ptime:20\r\na={}\r\n", direction.name())
    };
    go().expect("writing to a string succeeds");
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
        m=audio 4000 RTP/AVP 0 8 18 101\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n\
        m=video 4002 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n";

    fn local() -> Local {
        Local { address: "127.0.0.1".parse().unwrap(), port: 30_000, session_id: 7, version: 1, crypto: None }
    }

    #[test]
    fn a_trunks_offer_is_answered_with_a_law_and_events() {
        let offer = Description::parse(OFFER).unwrap();
        let agreed = agree(&offer).unwrap();
        assert_eq!(agreed.law, Law::A);
        assert_eq!(agreed.event_payload_type, Some(101));
        assert_eq!(agreed.remote_port, 4000);
        let text = answer(&offer, &agreed, &local());
        let back = Description::parse(&text).unwrap();
        assert_eq!(back.streams.len(), 2);
        assert_eq!(back.streams[1].port, 0);
        assert_eq!(back.streams[0].formats[0].encoding, "PCMA");
        assert_eq!(agree(&back).unwrap().remote_port, 30_000);
    }

    #[test]
    fn holding_turns_the_direction_round() {
        for (said, law) in [("sendonly", "recvonly"), ("inactive", "inactive")] {
            let text = OFFER.replacen("a=ptime:20", &format!("a={said}"), 1);
            let offer = Description::parse(&text).unwrap();
            let agreed = agree(&offer).unwrap();
            assert!(answer(&offer, &agreed, &local()).contains(&format!("a={law}")));
        }
        let old = OFFER.replace("c=IN IP4 192.0.2.1", "c=IN IP4 0.0.0.0");
        let agreed = agree(&Description::parse(&old).unwrap()).unwrap();
        assert!(!agreed.direction.receives());
    }

    #[test]
    fn dynamic_payload_types_are_kept() {
        let text = "v=0\r\nc=IN IP6 2001:db8::1\r\nm=audio 9 RTP/AVP 111 96\r\n\
                    a=rtpmap:111 opus/48000/2\r\na=rtpmap:96 pcmu/8000/1\r\n";
        let agreed = agree(&Description::parse(text).unwrap()).unwrap();
        assert_eq!((agreed.law, agreed.payload_type), (Law::Mu, 96));
    }

    #[test]
    fn what_cannot_be_served_says_why() {
        let go = |text: &str| agree(&Description::parse(text)?);
        assert_eq!(go(""), Err(SdpError::Malformed));
        assert_eq!(go("v=0\r\nm=audio\r\n"), Err(SdpError::Malformed));
        assert_eq!(go("v=0\r\nm=audio 99999 RTP/AVP 8\r\n"), Err(SdpError::Malformed));
        assert_eq!(go("v=0\r\nm=video 9 RTP/AVP 96\r\n"), Err(SdpError::NoAudio));
        assert_eq!(go("v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio 9 RTP/AVP 18\r\n"), Err(SdpError::NoCodec));
        assert_eq!(go("v=0\r\nm=audio 9 RTP/AVP 8\r\n"), Err(SdpError::NoAddress));
        assert_eq!(go(&format!("v=0\r\n{}", "m=audio 9 RTP/AVP 8\r\n".repeat(17))), Err(SdpError::Malformed));
        assert_eq!(go(&"v=0\r\n".repeat(20_000)), Err(SdpError::Malformed));
    }

    #[test]
    fn g722_is_taken_where_there_is_nothing_else() {
        let parse = |formats: &str| Description::parse(&OFFER.replacen("0 8 18 101", formats, 1)).unwrap();
        assert_eq!(agree(&parse("9 8 101")).unwrap().law, Law::A);
        let offer = parse("9 101");
        let agreed = agree(&offer).unwrap();
        assert_eq!((agreed.law, agreed.payload_type), (Law::Wide, 9));
        assert!(answer(&offer, &agreed, &local()).contains("RTP/AVP 9 101\r\na=rtpmap:9 G722/8000\r\n"));
    }

    #[test]
    fn comfort_noise_is_agreed_when_it_is_offered() {
        let silent = Description::parse(OFFER).unwrap();
        assert_eq!(agree(&silent).unwrap().noise_payload_type, None);
        let offer = Description::parse(&OFFER.replacen("0 8 18 101", "0 8 13 101", 1)).unwrap();
        let agreed = agree(&offer).unwrap();
        assert_eq!(agreed.noise_payload_type, Some(13));
        let answer = answer(&offer, &agreed, &local());
        assert!(
            answer.contains("RTP/AVP 8 101 13\r\n") && answer.contains("a=rtpmap:13 CN/8000"),
            "{answer}"
        );
    }

    #[test]
    fn an_encrypted_offer_is_answered_with_the_key_that_was_taken() {
        let keyed = |line: &str| {
            OFFER.replacen("RTP/AVP 0", "RTP/SAVP 0", 1).replacen(
                "a=ptime:20",
                &format!("{line}\r\na=ptime:20"),
                1,
            )
        };
        let inline = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";
        let text = keyed(&format!(
            "a=crypto:1 F8_128_HMAC_SHA1_80 inline:{inline}\r\na=crypto:7 AES_CM_128_HMAC_SHA1_32 inline:{inline}|2^20"
        ));
        let offer = Description::parse(&text).unwrap();
        let agreed = agree(&offer).unwrap();
        let theirs = agreed.crypto.unwrap();
        assert_eq!((theirs.tag, theirs.suite), (7, Suite::Tag32));
        let ours = Crypto { tag: 1, suite: Suite::Tag80, master: [3; 30] };
        let local = Local { crypto: Some(ours), ..local() };
        let answer = Description::parse(&answer(&offer, &agreed, &local)).unwrap();
        assert_eq!(answer.streams[0].transport, "RTP/SAVP");
        assert_eq!(answer.streams[0].crypto, [Crypto { tag: 7, suite: Suite::Tag32, master: [3; 30] }]);
        assert_eq!(agree(&Description::parse(&keyed("a=x")).unwrap()), Err(SdpError::NoKey));
    }

    #[test]
    fn an_answer_is_encrypted_exactly_when_the_offer_was() {
        let key = |tag| Crypto { tag, suite: Suite::Tag80, master: [9; 30] };
        let keyed = Local { crypto: Some(key(1)), ..local() };
        let read = |local: &Local| Description::parse(&offer(local)).unwrap();
        assert!(agree_answer(&read(&keyed), &keyed).is_ok());
        assert!(agree_answer(&read(&local()), &local()).is_ok());
        assert_eq!(agree_answer(&read(&local()), &keyed), Err(SdpError::NoKey), "stripped on the way");
        assert_eq!(agree_answer(&read(&keyed), &local()), Err(SdpError::NoKey));
        let other = Local { crypto: Some(key(2)), ..local() };
        assert_eq!(agree_answer(&read(&other), &keyed), Err(SdpError::NoKey));
    }

    #[test]
    fn our_offer_can_be_read_back() {
        let agreed = agree(&Description::parse(&offer(&local())).unwrap()).unwrap();
        assert_eq!(agreed.payload_type, 8);
        assert_eq!(agreed.event_payload_type, Some(101));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(v=0\r\n)?([vocmtas]=[ -~]{0,40}\r\n){0,20}") {
            if let Ok(description) = Description::parse(&text)
                && let Ok(agreed) = agree(&description)
            {
                let out = answer(&description, &agreed, &local());
                prop_assert!(Description::parse(&out).is_ok());
            }
        }

        #[test]
        fn broken_offers_do_not_panic(at in 0..OFFER.len(), byte in any::<u8>()) {
            let mut bytes = OFFER.as_bytes().to_vec();
            bytes[at] = byte;
            let _ = Description::parse(&String::from_utf8_lossy(&bytes)).map(|d| agree(&d));
        }
    }
}
