//! Browser legs: ICE-lite, DTLS-SRTP and G.711 through str0m, in RTP mode.
//!
//! RTP mode hands over packets as they come, so the same jitter buffer, digits and pass-through
//! serve browsers and trunks alike.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::media::codec::Codec;
use ::media::rtp::RtpPacket;
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::config::{CryptoProvider, DtlsCert};
use str0m::format::{Codec as Format, FormatParams};
use str0m::media::{Direction, Frequency, MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, IceConnectionState, Input, Output, Rtc};

use super::ambient;
use super::leg::Intake;
use super::{MediaError, WebRtcRole};

/// Payload type that is offered for telephone events; an answer takes the browser's.
const EVENT_PAYLOAD_TYPE: u8 = 101;
/// How long a browser may take to connect once both descriptions are known.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// Datagrams read in one go.
const MAX_READS: usize = 64;

/// Makes browser connections that share one certificate, as creating one costs milliseconds.
pub(super) struct WebRtcFactory {
    crypto: Arc<CryptoProvider>,
    certificate: DtlsCert,
}

impl WebRtcFactory {
    pub fn new() -> io::Result<Self> {
        let crypto = Arc::new(str0m::crypto::from_feature_flags());
        let certificate = crypto
            .dtls_provider
            .generate_certificate()
            .ok_or_else(|| io::Error::other("no certificate could be made for browser legs"))?;
        Ok(Self { crypto, certificate })
    }

    /// A connection and the session description to send to the browser.
    pub fn create(
        &self,
        socket: UdpSocket,
        candidates: &[SocketAddr],
        role: WebRtcRole,
    ) -> Result<(BrowserTransport, String), MediaError> {
        let mut config = Rtc::builder()
            .set_crypto_provider(Arc::clone(&self.crypto))
            .set_dtls_cert(self.certificate.clone())
            .set_ice_lite(true)
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_pcma(true, false)
            .enable_pcmu(true, false);
        config.codec_config().add_config(
            Pt::new_with_value(EVENT_PAYLOAD_TYPE),
            None,
            Format::Tele,
            Frequency::EIGHT_KHZ,
            None,
            FormatParams::parse_line("0-15"),
        );
        let now = ambient::now();
        let mut rtc = config.build(now);
        for &address in candidates {
            let candidate = Candidate::host(address, "udp").map_err(|error| sdp(&error))?;
            rtc.add_local_candidate(candidate);
        }
        let mut transport = BrowserTransport {
            rtc,
            socket,
            locals: candidates.to_vec(),
            pending: None,
            mid: None,
            codec: Codec::Pcma,
            audio: None,
            events: None,
            wake_at: now,
            connect_by: None,
            established: false,
            failed: false,
        };
        let local = match role {
            WebRtcRole::Offer => {
                let mut change = transport.rtc.sdp_api();
                let mid = change.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None);
                let (offer, pending) =
                    change.apply().ok_or_else(|| MediaError::Sdp("nothing to offer".to_owned()))?;
                transport.mid = Some(mid);
                transport.pending = Some(pending);
                offer.to_sdp_string()
            }
            WebRtcRole::Answer { remote_sdp } => transport.answer(&remote_sdp)?,
        };
        Ok((transport, local))
    }
}

/// What a browser connection reports besides sound.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BrowserEvent {
    Connected,
    Failed(String),
}

/// One browser connection on its own socket.
pub(super) struct BrowserTransport {
    rtc: Rtc,
    socket: UdpSocket,
    locals: Vec<SocketAddr>,
    pending: Option<SdpPendingOffer>,
    mid: Option<Mid>,
    codec: Codec,
    audio: Option<Pt>,
    events: Option<Pt>,
    wake_at: Instant,
    connect_by: Option<Instant>,
    established: bool,
    failed: bool,
}

impl BrowserTransport {
    pub fn codec(&self) -> Codec {
        self.codec
    }

    pub fn sends_events(&self) -> bool {
        self.events.is_some()
    }

    /// Whether sound can flow.
    pub fn is_established(&self) -> bool {
        self.established
    }

    pub fn accept_answer(&mut self, answer: &str) -> Result<(), MediaError> {
        let answer = SdpAnswer::from_sdp_string(answer).map_err(|error| sdp(&error))?;
        let pending = self.pending.take().ok_or_else(|| MediaError::Sdp("no offer is open".to_owned()))?;
        self.rtc.sdp_api().accept_answer(pending, answer).map_err(|error| sdp(&error))?;
        self.start_connecting();
        self.read_agreement();
        if self.audio.is_none() {
            return Err(MediaError::Sdp("the answer has no common codec".to_owned()));
        }
        Ok(())
    }

    pub fn answer(&mut self, offer: &str) -> Result<String, MediaError> {
        let offer = SdpOffer::from_sdp_string(offer).map_err(|error| sdp(&error))?;
        let answer = self.rtc.sdp_api().accept_offer(offer).map_err(|error| sdp(&error))?;
        self.start_connecting();
        Ok(answer.to_sdp_string())
    }

    /// Reads datagrams and lets timers run.
    pub fn receive(
        &mut self,
        intake: &mut Intake,
        now: Instant,
        now_ms: u64,
        events: &mut Vec<BrowserEvent>,
    ) {
        let mut datagram = [0; 2048];
        for _ in 0..MAX_READS {
            let (len, source) = match self.socket.recv_from(&mut datagram) {
                Ok(received) => received,
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => continue,
                Err(_) => break,
            };
            let destination = self.destination(source);
            let Ok(received) = Receive::new(Protocol::Udp, source, destination, &datagram[..len]) else {
                continue;
            };
            let input = Input::Receive(now, received);
            if self.rtc.accepts(&input) {
                let done = self.rtc.handle_input(input);
                self.settle(done, intake, now_ms, events);
            }
        }
        if now >= self.wake_at {
            let done = self.rtc.handle_input(Input::Timeout(now));
            self.settle(done, intake, now_ms, events);
        }
        if self.connect_by.is_some_and(|by| now >= by) {
            self.connect_by = None;
            self.fail("no connection in time", events);
        }
        if self.established && !self.rtc.is_alive() {
            self.established = false;
            self.fail("the browser closed the connection", events);
        }
    }

    /// Sends audio, or an event when `event` is set.
    pub fn send(
        &mut self,
        packet: &RtpPacket<'_>,
        sequence: u64,
        event: bool,
        intake: &mut Intake,
        (now, now_ms): (Instant, u64),
        events: &mut Vec<BrowserEvent>,
    ) -> bool {
        if !self.established {
            return false;
        }
        let payload_type = if event { self.events } else { self.audio };
        let (Some(payload_type), Some(mid)) = (payload_type, self.mid) else { return false };
        let mut api = self.rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(mid, None) else { return false };
        stream.write_rtp(
            RtpWrite::new(payload_type, sequence.into(), packet.timestamp, now, packet.payload)
                .marker(packet.marker),
        );
        let done = self.rtc.handle_input(Input::Timeout(now));
        self.settle(done, intake, now_ms, events);
        true
    }

    /// Tells the browser that the connection ends.
    pub fn close(&mut self, now: Instant) {
        let _ = self.rtc.close();
        let _ = self.rtc.handle_input(Input::Timeout(now));
        for _ in 0..16 {
            match self.rtc.poll_output() {
                Ok(Output::Transmit(datagram)) => {
                    let _ = self.socket.send_to(&datagram.contents, datagram.destination);
                }
                Ok(Output::Event(_)) => {}
                Ok(Output::Timeout(_)) | Err(_) => break,
            }
        }
    }

    fn settle(
        &mut self,
        done: Result<(), str0m::RtcError>,
        intake: &mut Intake,
        now_ms: u64,
        events: &mut Vec<BrowserEvent>,
    ) {
        if let Err(error) = done.and_then(|()| self.drain(intake, now_ms, events)) {
            self.rtc.disconnect();
            self.fail(&error.to_string(), events);
        }
    }

    fn drain(
        &mut self,
        intake: &mut Intake,
        now_ms: u64,
        events: &mut Vec<BrowserEvent>,
    ) -> Result<(), str0m::RtcError> {
        loop {
            match self.rtc.poll_output()? {
                Output::Timeout(at) => {
                    self.wake_at = at;
                    return Ok(());
                }
                // What a full socket buffer refuses is lost like any datagram.
                Output::Transmit(datagram) => {
                    let _ = self.socket.send_to(&datagram.contents, datagram.destination);
                }
                Output::Event(event) => self.note(event, intake, now_ms, events),
            }
        }
    }

    fn note(&mut self, event: Event, intake: &mut Intake, now_ms: u64, events: &mut Vec<BrowserEvent>) {
        match event {
            Event::Connected => {
                self.established = true;
                self.connect_by = None;
                self.failed = false;
                self.read_agreement();
                events.push(BrowserEvent::Connected);
            }
            Event::IceConnectionStateChange(IceConnectionState::Disconnected) => {
                self.fail("the browser is gone", events);
            }
            Event::IceConnectionStateChange(
                IceConnectionState::Connected | IceConnectionState::Completed,
            ) if self.failed && self.established => {
                self.failed = false;
                events.push(BrowserEvent::Connected);
            }
            Event::MediaAdded(added) => {
                self.mid = Some(added.mid);
                self.read_agreement();
            }
            Event::RtpPacket(received) => {
                let header = &received.header;
                let packet = RtpPacket {
                    marker: header.marker,
                    payload_type: *header.payload_type,
                    sequence: header.sequence_number,
                    timestamp: header.timestamp,
                    ssrc: *header.ssrc,
                    payload: &received.payload,
                };
                if Some(header.payload_type) == self.events {
                    intake.event(&packet, now_ms);
                } else if let Some(codec) = Codec::from_payload_type(packet.payload_type) {
                    intake.audio(codec, &packet, now_ms);
                }
            }
            _ => {}
        }
    }

    fn start_connecting(&mut self) {
        let now = ambient::now();
        self.wake_at = now;
        if !self.established {
            self.connect_by = Some(now + CONNECT_TIMEOUT);
        }
    }

    /// Finds the payload types that both sides have.
    fn read_agreement(&mut self) {
        let Some(media) = self.mid.and_then(|mid| self.rtc.media(mid)) else { return };
        let find = |format: Format| {
            media.remote_pts().iter().copied().find(|&pt| {
                let agreed = |params: &&str0m::format::PayloadParams| {
                    params.pt() == pt && params.spec().codec == format
                };
                self.rtc.codec_config().params().iter().any(|params| agreed(&params))
            })
        };
        let (alaw, ulaw) = (find(Format::PCMA), find(Format::PCMU));
        self.events = find(Format::Tele);
        self.codec = if alaw.is_none() && ulaw.is_some() { Codec::Pcmu } else { Codec::Pcma };
        self.audio = alaw.or(ulaw);
    }

    fn fail(&mut self, reason: &str, events: &mut Vec<BrowserEvent>) {
        if !std::mem::replace(&mut self.failed, true) {
            events.push(BrowserEvent::Failed(reason.to_owned()));
        }
    }

    /// The candidate that a datagram was sent to. The socket does not tell; a browser on this
    /// machine that used loopback has a loopback source.
    fn destination(&self, source: SocketAddr) -> SocketAddr {
        let same_kind = |local: &&SocketAddr| local.ip().is_loopback() == source.ip().is_loopback();
        self.locals.iter().find(same_kind).copied().unwrap_or(self.locals[0])
    }
}

fn sdp(error: &dyn std::fmt::Display) -> MediaError {
    MediaError::Sdp(error.to_string())
}
