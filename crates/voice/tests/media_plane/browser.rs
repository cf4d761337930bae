//! A stand-in for a browser: the other end of ICE, DTLS and SRTP, with G.711 only.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::media::codec::{Codec, FRAME};
use ::media::dtmf::DtmfReceiver;
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::format::{Codec as Format, FormatParams};
use str0m::media::{Direction, Frequency, MediaKind, Mid, Pt};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, Input, Output, Rtc};

use super::phone::{Mouth, Say};

/// Chromium's payload type for telephone events at 8 kHz.
const EVENTS: u8 = 126;

pub struct Browser {
    rtc: Rtc,
    socket: UdpSocket,
    address: SocketAddr,
    pending: Option<SdpPendingOffer>,
    mid: Option<Mid>,
    connected: bool,
    sequence: u64,
    timestamp: u32,
    heard: Vec<i16>,
    pub digits: String,
    receiver: DtmfReceiver,
}

impl Browser {
    pub fn new() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        let address = socket.local_addr().unwrap();
        let mut config = Rtc::builder()
            .set_crypto_provider(Arc::new(str0m::crypto::from_feature_flags()))
            .set_rtp_mode(true)
            .clear_codecs()
            .enable_pcmu(true, false)
            .enable_pcma(true, false);
        config.codec_config().add_config(
            Pt::new_with_value(EVENTS),
            None,
            Format::Tele,
            Frequency::EIGHT_KHZ,
            None,
            FormatParams::parse_line("0-15"),
        );
        let mut rtc = config.build(Instant::now());
        rtc.add_local_candidate(Candidate::host(address, "udp").unwrap());
        Self {
            rtc,
            socket,
            address,
            pending: None,
            mid: None,
            connected: false,
            sequence: 0,
            timestamp: 0,
            heard: Vec::new(),
            digits: String::new(),
            receiver: DtmfReceiver::default(),
        }
    }

    pub fn offer(&mut self) -> String {
        let mut change = self.rtc.sdp_api();
        self.mid = Some(change.add_media(MediaKind::Audio, Direction::SendRecv, None, None, None));
        let (offer, pending) = change.apply().unwrap();
        self.pending = Some(pending);
        offer.to_sdp_string()
    }

    /// A further offer on the same connection, as after a change of network.
    pub fn offer_again(&mut self) -> String {
        let mut change = self.rtc.sdp_api();
        change.ice_restart(true);
        let (offer, pending) = change.apply().unwrap();
        self.pending = Some(pending);
        offer.to_sdp_string()
    }

    pub fn accept(&mut self, answer: &str) {
        let answer = SdpAnswer::from_sdp_string(answer).unwrap();
        self.rtc.sdp_api().accept_answer(self.pending.take().unwrap(), answer).unwrap();
    }

    pub fn answer(&mut self, offer: &str) -> String {
        let offer = SdpOffer::from_sdp_string(offer).unwrap();
        self.rtc.sdp_api().accept_offer(offer).unwrap().to_sdp_string()
    }

    /// Runs ICE and DTLS until they are done.
    pub fn connect(&mut self) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !self.connected {
            assert!(Instant::now() < deadline, "no connection");
            self.step();
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Talks for a while and returns what was heard meanwhile.
    pub fn talk(&mut self, ms: u64, say: &Say) -> Vec<i16> {
        let mut mouth = Mouth::new(say);
        self.heard.clear();
        let start = Instant::now();
        for frame in 0..ms / 20 {
            let (audio, event) = mouth.next(self.timestamp, Codec::Pcmu);
            let (payload_type, timestamp, marker, payload) = match &event {
                Some((timestamp, marker, bytes)) => (self.events(), *timestamp, *marker, &bytes[..]),
                None => (Pt::new_with_value(0), self.timestamp, false, &audio.bytes[..]),
            };
            let mut api = self.rtc.direct_api();
            let stream = api.stream_tx_by_mid(self.mid.unwrap(), None).unwrap();
            let write = RtpWrite::new(payload_type, self.sequence.into(), timestamp, Instant::now(), payload);
            stream.write_rtp(write.marker(marker));
            self.sequence += 1;
            self.timestamp += FRAME as u32;
            let due = start + Duration::from_millis((frame + 1) * 20);
            while Instant::now() < due {
                self.step();
                std::thread::sleep(Duration::from_millis(3));
            }
        }
        self.heard.clone()
    }

    /// Says goodbye as a page does that is closed.
    pub fn close(&mut self) {
        self.rtc.close().unwrap();
        for _ in 0..50 {
            self.step();
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn events(&self) -> Pt {
        let media = self.rtc.media(self.mid.unwrap()).unwrap();
        let params = self.rtc.codec_config().params();
        let tele = |pt: &&Pt| params.iter().any(|p| p.pt() == **pt && p.spec().codec == Format::Tele);
        *media.remote_pts().iter().find(tele).unwrap()
    }

    fn step(&mut self) {
        let mut datagram = [0; 2048];
        loop {
            self.rtc.handle_input(Input::Timeout(Instant::now())).unwrap();
            self.drain();
            let Ok((len, source)) = self.socket.recv_from(&mut datagram) else { return };
            let received = Receive::new(Protocol::Udp, source, self.address, &datagram[..len]).unwrap();
            self.rtc.handle_input(Input::Receive(Instant::now(), received)).unwrap();
            self.drain();
        }
    }

    fn drain(&mut self) {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(_) => return,
                Output::Transmit(datagram) => {
                    let _ = self.socket.send_to(&datagram.contents, datagram.destination);
                }
                Output::Event(Event::Connected) => self.connected = true,
                Output::Event(Event::MediaAdded(added)) => self.mid = Some(added.mid),
                Output::Event(Event::RtpPacket(packet)) => {
                    let header = &packet.header;
                    if let Some(codec) = Codec::from_payload_type(*header.payload_type) {
                        self.heard.extend(packet.payload.iter().map(|&code| codec.decode(code)));
                    } else {
                        let digit = self.receiver.push(*header.ssrc, header.timestamp, &packet.payload);
                        self.digits.extend(digit);
                    }
                }
                Output::Event(_) => {}
            }
        }
    }
}
