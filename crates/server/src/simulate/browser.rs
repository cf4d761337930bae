//! The sound of an agent's page: ICE, DTLS and SRTP by str0m, as a browser does it.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use ::media::codec::Codec;
use str0m::change::SdpOffer;
use str0m::media::{Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, Input, Output, Rtc, RtcError};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::sound::{Voice, is_voice};
use super::town::LiveCall;

/// Pause between two looks at the socket; a frame is sent every other time.
const STEP: Duration = Duration::from_millis(10);

/// A connection that ends when it is dropped.
pub(super) struct Sound {
    /// The answer to the offer.
    pub answer: String,
    /// Whether sound flows.
    pub connected: watch::Receiver<bool>,
    _stop: DropGuard,
}

/// Answers an offer; the voice of `hz` speaks from then on, and `live` is listened for.
///
/// # Errors
/// In words, when the offer can't be used or no socket can be opened.
pub(super) fn answer(
    host: IpAddr,
    offer: &str,
    hz: u16,
    live: Option<Arc<LiveCall>>,
) -> Result<Sound, String> {
    let socket = UdpSocket::bind((host, 0)).map_err(|error| error.to_string())?;
    socket.set_nonblocking(true).map_err(|error| error.to_string())?;
    let address = socket.local_addr().map_err(|error| error.to_string())?;
    let mut rtc = Rtc::builder()
        .set_crypto_provider(Arc::new(str0m::crypto::from_feature_flags()))
        .set_rtp_mode(true)
        .clear_codecs()
        .enable_pcma(true, false)
        .build(now());
    let candidate = Candidate::host(address, "udp").map_err(|error| error.to_string())?;
    rtc.add_local_candidate(candidate);
    let offer = SdpOffer::from_sdp_string(offer).map_err(|error| error.to_string())?;
    let answer = rtc.sdp_api().accept_offer(offer).map_err(|error| error.to_string())?.to_sdp_string();
    let stop = CancellationToken::new();
    let (told, connected) = watch::channel(false);
    let peer = Peer {
        rtc,
        socket,
        address,
        mid: None,
        voice: Voice::new(hz, u32::from(address.port())),
        sequence: 0,
        live,
        told,
    };
    tokio::spawn(peer.run(stop.clone()));
    Ok(Sound { answer, connected, _stop: stop.drop_guard() })
}

#[expect(clippy::disallowed_methods, reason = "str0m takes the machine's steady clock; sound is paced by it")]
fn now() -> Instant {
    Instant::now()
}

struct Peer {
    rtc: Rtc,
    socket: UdpSocket,
    address: SocketAddr,
    mid: Option<Mid>,
    voice: Voice,
    sequence: u64,
    live: Option<Arc<LiveCall>>,
    told: watch::Sender<bool>,
}

impl Peer {
    async fn run(mut self, stop: CancellationToken) {
        let mut ticks = interval(STEP);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let mut even = false;
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                _ = ticks.tick() => {}
            }
            even = !even;
            let done = self.receive().and_then(|()| if even { self.speak() } else { Ok(()) });
            if let Err(error) = done {
                tracing::debug!(%error, "a simulated page's sound ended");
                return;
            }
        }
        let _ = self.rtc.close();
        let _ = self.receive();
    }

    fn speak(&mut self) -> Result<(), RtcError> {
        let Some(mid) = self.mid.filter(|_| *self.told.borrow()) else { return Ok(()) };
        let timestamp = self.voice.timestamp;
        let frame = self.voice.frame(true);
        let payload_type = Pt::new_with_value(Codec::Pcma.payload_type());
        if let Some(stream) = self.rtc.direct_api().stream_tx_by_mid(mid, None) {
            stream.write_rtp(RtpWrite::new(payload_type, self.sequence.into(), timestamp, now(), &frame[..]));
            self.sequence += 1;
        }
        self.rtc.handle_input(Input::Timeout(now()))?;
        self.drain()
    }

    fn receive(&mut self) -> Result<(), RtcError> {
        let mut datagram = [0; 2048];
        loop {
            self.rtc.handle_input(Input::Timeout(now()))?;
            self.drain()?;
            let Ok((len, source)) = self.socket.recv_from(&mut datagram) else { return Ok(()) };
            let Ok(received) = Receive::new(Protocol::Udp, source, self.address, &datagram[..len]) else {
                continue;
            };
            self.rtc.handle_input(Input::Receive(now(), received))?;
            self.drain()?;
        }
    }

    fn drain(&mut self) -> Result<(), RtcError> {
        loop {
            match self.rtc.poll_output()? {
                Output::Timeout(_) => return Ok(()),
                Output::Transmit(datagram) => {
                    let _ = self.socket.send_to(&datagram.contents, datagram.destination);
                }
                Output::Event(Event::Connected) => {
                    self.told.send_replace(true);
                }
                Output::Event(Event::MediaAdded(added)) => self.mid = Some(added.mid),
                Output::Event(Event::RtpPacket(packet)) => {
                    if let Some(live) = self.live.as_ref().filter(|live| is_voice(&packet.payload, live.hz)) {
                        live.heard_by_agent.fetch_add(1, Ordering::Relaxed);
                    }
                }
                Output::Event(_) => {}
            }
        }
    }
}
