//! Plain RTP over UDP: whom to believe, what to send where.

use std::io;
use std::net::SocketAddr;

use ::media::codec::Codec;
use ::media::g722::{self, Narrow};
use ::media::noise;
use ::media::rtcp::{ReportBlock, SenderInfo, write_report};
use ::media::rtp::{RtpPacket, is_rtcp};
use ::media::srtp::{KeyPair, Protector, Unprotector};

use super::LegSpec;
use super::leg::Intake;
use super::ports::PortPair;

/// Packets that an address other than the one in SDP must send in a row before it is believed.
const FOREIGN_PACKETS: u32 = 5;
/// Datagrams read from one socket in one go, so that a flood on one leg does not starve others.
const MAX_READS: usize = 32;
/// Longest payload of G.722 that is taken (240 ms).
const MAX_WIDE: usize = 1920;
/// The canonical name in RTCP; it identifies nobody.
const CNAME: &str = "yihao";

/// Sockets of a leg and what was agreed about them.
#[derive(Debug)]
pub(super) struct RtpTransport {
    sockets: PortPair,
    latch: Latch,
    codec: Codec,
    dtmf_payload_type: Option<u8>,
    tones: bool,
    /// G.722 in place of G.711 on the wire.
    wide: Option<Box<Narrow>>,
    secured: Option<Secured>,
    buffer: Vec<u8>,
}

/// Encryption of both directions.
#[derive(Debug)]
struct Secured {
    keys: KeyPair,
    outward: Protector,
    inward: Unprotector,
}

impl Secured {
    fn new(keys: KeyPair) -> Self {
        Self { keys, outward: Protector::new(&keys.local), inward: Unprotector::new(&keys.remote) }
    }

    /// Takes other keys. One that stays goes on counting: to begin again would repeat its keystream.
    fn agree(&mut self, keys: KeyPair) {
        if keys.local != self.keys.local {
            self.outward.rekey(&keys.local);
        }
        if keys.remote != self.keys.remote {
            self.inward.rekey(&keys.remote);
        }
        self.keys = keys;
    }
}

impl RtpTransport {
    pub fn new(sockets: PortPair, spec: &LegSpec) -> Self {
        Self {
            sockets,
            latch: Latch::new(spec.remote),
            codec: spec.codec,
            dtmf_payload_type: spec.dtmf_payload_type,
            tones: spec.tones,
            wide: spec.wide.then(Box::default),
            secured: spec.keys.map(Secured::new),
            buffer: Vec::with_capacity(256),
        }
    }

    pub fn codec(&self) -> Codec {
        self.codec
    }

    pub fn sends_events(&self) -> bool {
        self.dtmf_payload_type.is_some()
    }

    /// Whether the peer's keys have to be found in its sound.
    pub fn hears_tones(&self) -> bool {
        self.tones && self.dtmf_payload_type.is_none()
    }

    /// Whether it is known where the peer receives.
    pub fn has_remote(&self) -> bool {
        self.latch.remote().is_some()
    }

    /// Takes over what a later offer or answer agreed on.
    pub fn agree(&mut self, spec: &LegSpec) {
        self.codec = spec.codec;
        self.dtmf_payload_type = spec.dtmf_payload_type;
        self.tones = spec.tones;
        // A codec that stays goes on from where it is.
        self.wide = spec.wide.then(|| self.wide.take().unwrap_or_default());
        match (&mut self.secured, spec.keys) {
            (Some(secured), Some(keys)) => secured.agree(keys),
            (secured, keys) => *secured = keys.map(Secured::new),
        }
        if self.latch.described != spec.remote {
            self.latch = Latch::new(spec.remote);
        }
    }

    /// Reads what has arrived.
    pub fn receive(&mut self, intake: &mut Intake, now_ms: u64) {
        let mut datagram = [0; 2048];
        for _ in 0..MAX_READS {
            let (len, source) = match self.sockets.rtp.recv_from(&mut datagram) {
                Ok(received) => received,
                // A refusal of what was sent earlier is reported on this socket; reading goes on.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => continue,
                Err(_) => break,
            };
            if is_rtcp(&datagram[..len]) {
                continue;
            }
            let opened = match &mut self.secured {
                Some(secured) => secured.inward.unprotect(&mut datagram[..len]),
                None => Ok(len),
            };
            let Ok(packet) =
                opened.map_err(drop).and_then(|len| RtpPacket::parse(&datagram[..len]).map_err(drop))
            else {
                continue;
            };
            let is_event = Some(packet.payload_type) == self.dtmf_payload_type;
            let is_noise = packet.payload_type == noise::PAYLOAD_TYPE && !is_event;
            let is_wide = packet.payload_type == g722::PAYLOAD_TYPE && self.wide.is_some();
            let codec = Codec::from_payload_type(packet.payload_type);
            if (!is_event && !is_noise && !is_wide && codec.is_none()) || !self.latch.believes(source) {
                continue;
            }
            if is_event {
                intake.event(&packet, now_ms);
            } else if is_noise {
                intake.noise(&packet, now_ms);
            } else if let (true, Some(wide)) = (is_wide, &mut self.wide) {
                let mut codes = [0; MAX_WIDE];
                let codes = &mut codes[..packet.payload.len().min(MAX_WIDE)];
                for (code, &byte) in codes.iter_mut().zip(packet.payload) {
                    *code = Codec::Pcma.encode(wide.decode(byte));
                }
                intake.audio(Codec::Pcma, &RtpPacket { payload: codes, ..packet }, now_ms);
            } else if let Some(codec) = codec {
                intake.audio(codec, &packet, now_ms);
            }
        }
    }

    /// Sends audio, or an event when `event` is set.
    pub fn send(&mut self, packet: RtpPacket<'_>, event: bool) -> bool {
        let Some(remote) = self.latch.remote() else { return false };
        let mut coded = [0; MAX_WIDE];
        let mut packet = packet;
        packet.payload_type = match (event, self.dtmf_payload_type, &mut self.wide) {
            (true, Some(payload_type), _) => payload_type,
            (_, _, Some(wide)) => {
                let coded = &mut coded[..packet.payload.len().min(MAX_WIDE)];
                for (byte, &code) in coded.iter_mut().zip(packet.payload) {
                    *byte = wide.encode(self.codec.decode(code));
                }
                packet.payload = coded;
                g722::PAYLOAD_TYPE
            }
            _ => self.codec.payload_type(),
        };
        packet.write(&mut self.buffer);
        if let Some(secured) = &mut self.secured
            && secured.outward.protect(&mut self.buffer).is_err()
        {
            return false;
        }
        self.sockets.rtp.send_to(&self.buffer, remote).is_ok()
    }

    /// Sends a report and throws away those that came in.
    pub fn report(&mut self, ssrc: u32, sender: SenderInfo, block: Option<ReportBlock>) {
        let mut datagram = [0; 512];
        for _ in 0..MAX_READS {
            match self.sockets.rtcp.recv_from(&mut datagram) {
                Err(error) if error.kind() != io::ErrorKind::ConnectionRefused => break,
                _ => {}
            }
        }
        if let Some(mut remote) = self.latch.remote()
            && let Some(port) = remote.port().checked_add(1)
        {
            remote.set_port(port);
            write_report(&mut self.buffer, ssrc, Some(sender), block, CNAME);
            if let Some(secured) = &mut self.secured
                && secured.outward.protect_rtcp(&mut self.buffer).is_err()
            {
                return;
            }
            // A lost report is made good by the next one.
            let _ = self.sockets.rtcp.send_to(&self.buffer, remote);
        }
    }
}

/// Decides once which address a leg talks to.
///
/// The host named in SDP is believed at once, from whichever port. Another host (a phone behind
/// NAT names an address that nobody can reach) is believed after several packets in a row, so
/// that a stray packet cannot steal the audio. After that nobody else is.
#[derive(Debug)]
struct Latch {
    described: Option<SocketAddr>,
    latched: Option<SocketAddr>,
    foreign: Option<(SocketAddr, u32)>,
}

impl Latch {
    fn new(described: Option<SocketAddr>) -> Self {
        Self { described, latched: None, foreign: None }
    }

    fn remote(&self) -> Option<SocketAddr> {
        self.latched.or(self.described)
    }

    fn believes(&mut self, source: SocketAddr) -> bool {
        // A telephone that holds another line may send on that one too; the address that was agreed on is the right one.
        if self.described == Some(source) {
            self.latched = Some(source);
        }
        if let Some(latched) = self.latched {
            return source == latched;
        }
        if self.described.is_some_and(|described| described.ip() == source.ip()) {
            self.latched = Some(source);
            return true;
        }
        let count = match self.foreign {
            Some((candidate, count)) if candidate == source => count + 1,
            _ => 1,
        };
        self.foreign = Some((source, count));
        if count >= FOREIGN_PACKETS {
            self.latched = Some(source);
        }
        self.latched.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_described_host_is_believed_at_once_and_then_nobody_else() {
        let mut latch = Latch::new(Some(address("10.0.0.1:4000")));
        assert_eq!(latch.remote(), Some(address("10.0.0.1:4000")));
        assert!(!latch.believes(address("10.0.0.9:1")));
        assert!(latch.believes(address("10.0.0.1:4002")));
        assert_eq!(latch.remote(), Some(address("10.0.0.1:4002")));
        for _ in 0..20 {
            assert!(!latch.believes(address("10.0.0.9:1")));
        }
    }

    #[test]
    fn the_address_that_was_agreed_on_is_believed_before_another_port_of_its_host() {
        let mut latch = Latch::new(Some(address("10.0.0.1:4000")));
        assert!(latch.believes(address("10.0.0.1:4002")));
        assert!(latch.believes(address("10.0.0.1:4000")));
        assert!(!latch.believes(address("10.0.0.1:4002")));
        assert_eq!(latch.remote(), Some(address("10.0.0.1:4000")));
    }

    #[test]
    fn a_phone_behind_nat_is_believed_after_several_packets_in_a_row() {
        let mut latch = Latch::new(Some(address("192.168.1.20:4000")));
        for _ in 0..4 {
            assert!(!latch.believes(address("203.0.113.7:60000")));
        }
        assert!(!latch.believes(address("203.0.113.8:60000")), "a stray breaks the row");
        for _ in 0..4 {
            assert!(!latch.believes(address("203.0.113.7:60000")));
        }
        assert!(latch.believes(address("203.0.113.7:60000")));
        assert_eq!(latch.remote(), Some(address("203.0.113.7:60000")));
    }
}
