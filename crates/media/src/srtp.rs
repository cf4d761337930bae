//! SRTP and SRTCP with AES in counter mode and HMAC-SHA1 (RFC 3711), keyed by session descriptions (RFC 4568).

use aes::Aes128;
use aes::cipher::{KeyIvInit as _, StreamCipher as _};
use hmac::{Hmac, Mac as _};
use sha1::Sha1;

use crate::rtp::HEADER_LEN;

type Counter = ctr::Ctr128BE<Aes128>;

/// Master key and salt as session descriptions carry them.
pub const KEY_BYTES: usize = 30;
/// Packets behind the newest that are still taken.
const WINDOW: u64 = 64;
/// Tag of SRTCP; it is never shortened (RFC 4568 §6.2).
const RTCP_TAG: usize = 10;
/// Length of the index behind an SRTCP packet.
const RTCP_INDEX: usize = 4;

/// What both sides agree on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// `AES_CM_128_HMAC_SHA1_80`.
    Sha1Tag80,
    /// `AES_CM_128_HMAC_SHA1_32`.
    Sha1Tag32,
}

impl Suite {
    /// Returns the name in session descriptions.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha1Tag80 => "AES_CM_128_HMAC_SHA1_80",
            Self::Sha1Tag32 => "AES_CM_128_HMAC_SHA1_32",
        }
    }

    /// Reads a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Sha1Tag80, Self::Sha1Tag32].into_iter().find(|suite| suite.name() == name)
    }

    fn tag(self) -> usize {
        match self {
            Self::Sha1Tag80 => 10,
            Self::Sha1Tag32 => 4,
        }
    }
}

/// Why a packet is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SrtpError {
    /// Too short for a header and a tag.
    #[error("the packet is cut short")]
    Short,
    /// Its tag is not of this key.
    #[error("the packet is not authentic")]
    Forged,
    /// It came before, or is too old to tell.
    #[error("the packet came before")]
    Replayed,
}

/// Keys of one direction.
#[derive(Clone)]
struct Keys {
    cipher: [u8; 16],
    salt: [u8; 14],
    auth: Hmac<Sha1>,
}

impl Keys {
    /// Derives session keys (RFC 3711 §4.3.1, no further derivation); `label` is 0 for SRTP, 3 for SRTCP.
    fn derive(master: &[u8; KEY_BYTES], label: u8) -> Self {
        let mut key = [0; 16];
        key.copy_from_slice(&master[..16]);
        let produce = |label: u8, out: &mut [u8]| {
            let mut iv = [0; 16];
            iv[..14].copy_from_slice(&master[16..]);
            iv[7] ^= label;
            Counter::new(&key.into(), &iv.into()).apply_keystream(out);
        };
        let (mut cipher, mut auth, mut salt) = ([0; 16], [0; 20], [0; 14]);
        produce(label, &mut cipher);
        produce(label + 1, &mut auth);
        produce(label + 2, &mut salt);
        let auth = Hmac::new_from_slice(&auth).expect("HMAC takes keys of any length");
        Self { cipher, salt, auth }
    }

    /// Encrypts or decrypts in place (§4.1.1).
    fn crypt(&self, ssrc: u32, index: u64, bytes: &mut [u8]) {
        let mut iv = [0; 16];
        iv[..14].copy_from_slice(&self.salt);
        for (to, from) in iv[4..8].iter_mut().zip(ssrc.to_be_bytes()) {
            *to ^= from;
        }
        for (to, from) in iv[8..14].iter_mut().zip(&index.to_be_bytes()[2..]) {
            *to ^= from;
        }
        Counter::new(&self.cipher.into(), &iv.into()).apply_keystream(bytes);
    }

    fn mac(&self, bytes: &[u8], more: &[u8]) -> Hmac<Sha1> {
        let mut mac = self.auth.clone();
        mac.update(bytes);
        mac.update(more);
        mac
    }
}

/// Packets that were taken: the newest and those shortly before it.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    newest: Option<u64>,
    bits: u64,
}

impl Seen {
    fn is_fresh(&self, index: u64) -> bool {
        match self.newest {
            None => true,
            Some(newest) if index > newest => true,
            Some(newest) => newest - index < WINDOW && self.bits & (1 << (newest - index)) == 0,
        }
    }

    fn note(&mut self, index: u64) {
        match self.newest {
            Some(newest) if index <= newest => self.bits |= 1 << (newest - index),
            newest => {
                let ahead = newest.map_or(WINDOW, |newest| index - newest);
                self.bits = if ahead >= WINDOW { 0 } else { self.bits << ahead };
                self.bits |= 1;
                self.newest = Some(index);
            }
        }
    }
}

/// One direction of a secured stream: either only protects or only opens packets. One source at a time is followed;
/// another one starts anew.
#[derive(Clone)]
pub struct Srtp {
    suite: Suite,
    rtp: Keys,
    rtcp: Keys,
    ssrc: Option<u32>,
    seen: Seen,
    sent: Option<u64>,
    rtcp_sent: u32,
    rtcp_seen: Seen,
}

impl std::fmt::Debug for Srtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Srtp({})", self.suite.name())
    }
}

impl Srtp {
    /// Makes a direction from its master key and salt.
    #[must_use]
    pub fn new(suite: Suite, master: &[u8; KEY_BYTES]) -> Self {
        Self {
            suite,
            rtp: Keys::derive(master, 0),
            rtcp: Keys::derive(master, 3),
            ssrc: None,
            seen: Seen::default(),
            sent: None,
            rtcp_sent: 0,
            rtcp_seen: Seen::default(),
        }
    }

    /// Secures an RTP packet in place. Packets are given in the order of their sequence numbers.
    pub fn protect(&mut self, packet: &mut Vec<u8>) {
        let Some((sequence, ssrc, payload)) = outline(packet) else { return };
        let index = match self.sent {
            None => u64::from(sequence),
            Some(sent) => next_index(sent, sequence),
        };
        self.sent = Some(index);
        self.rtp.crypt(ssrc, index, &mut packet[payload..]);
        let rollover = ((index >> 16) as u32).to_be_bytes();
        let tag = self.rtp.mac(packet, &rollover).finalize().into_bytes();
        packet.extend_from_slice(&tag[..self.suite.tag()]);
    }

    /// Opens an SRTP packet in place; what is left is the RTP packet.
    ///
    /// # Errors
    /// [`SrtpError`], and then nothing is remembered of it.
    pub fn open(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        let tag_at = packet.len().checked_sub(self.suite.tag()).ok_or(SrtpError::Short)?;
        let (sequence, ssrc, payload) = outline(&packet[..tag_at]).ok_or(SrtpError::Short)?;
        let fresh = self.ssrc != Some(ssrc);
        let newest = if fresh { None } else { self.seen.newest };
        let index = newest.map_or(u64::from(sequence), |newest| next_index(newest, sequence));
        if !fresh && !self.seen.is_fresh(index) {
            return Err(SrtpError::Replayed);
        }
        let rollover = ((index >> 16) as u32).to_be_bytes();
        self.rtp
            .mac(&packet[..tag_at], &rollover)
            .verify_truncated_left(&packet[tag_at..])
            .map_err(|_| SrtpError::Forged)?;
        if fresh {
            self.ssrc = Some(ssrc);
            self.seen = Seen::default();
        }
        self.seen.note(index);
        packet.truncate(tag_at);
        self.rtp.crypt(ssrc, index, &mut packet[payload..]);
        Ok(())
    }

    /// Secures an RTCP packet in place (§3.4).
    pub fn protect_rtcp(&mut self, packet: &mut Vec<u8>) {
        let Some(ssrc) = rtcp_ssrc(packet) else { return };
        self.rtcp_sent = (self.rtcp_sent + 1) & 0x7fff_ffff;
        self.rtcp.crypt(ssrc, u64::from(self.rtcp_sent), &mut packet[8..]);
        packet.extend_from_slice(&(self.rtcp_sent | 0x8000_0000).to_be_bytes());
        let tag = self.rtcp.mac(packet, &[]).finalize().into_bytes();
        packet.extend_from_slice(&tag[..RTCP_TAG]);
    }

    /// Opens an SRTCP packet in place.
    ///
    /// # Errors
    /// [`SrtpError`].
    pub fn open_rtcp(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        let tag_at = packet.len().checked_sub(RTCP_TAG).ok_or(SrtpError::Short)?;
        let index_at = tag_at.checked_sub(RTCP_INDEX).filter(|at| *at >= 8).ok_or(SrtpError::Short)?;
        let ssrc = rtcp_ssrc(packet).ok_or(SrtpError::Short)?;
        let word = u32::from_be_bytes([
            packet[index_at],
            packet[index_at + 1],
            packet[index_at + 2],
            packet[index_at + 3],
        ]);
        let index = u64::from(word & 0x7fff_ffff);
        if !self.rtcp_seen.is_fresh(index) {
            return Err(SrtpError::Replayed);
        }
        self.rtcp
            .mac(&packet[..tag_at], &[])
            .verify_truncated_left(&packet[tag_at..])
            .map_err(|_| SrtpError::Forged)?;
        self.rtcp_seen.note(index);
        packet.truncate(index_at);
        if word & 0x8000_0000 != 0 {
            self.rtcp.crypt(ssrc, index, &mut packet[8..]);
        }
        Ok(())
    }
}

/// Returns sequence number, source, and where the payload begins.
fn outline(packet: &[u8]) -> Option<(u16, u32, usize)> {
    if packet.len() < HEADER_LEN || packet[0] >> 6 != 2 {
        return None;
    }
    let sequence = u16::from_be_bytes([packet[2], packet[3]]);
    let ssrc = u32::from_be_bytes([packet[8], packet[9], packet[10], packet[11]]);
    let mut payload = HEADER_LEN + usize::from(packet[0] & 0x0f) * 4;
    if packet[0] & 0x10 != 0 {
        let extension = packet.get(payload..payload + 4)?;
        payload += 4 + usize::from(u16::from_be_bytes([extension[2], extension[3]])) * 4;
    }
    (payload <= packet.len()).then_some((sequence, ssrc, payload))
}

fn rtcp_ssrc(packet: &[u8]) -> Option<u32> {
    let ssrc = packet.get(4..8)?;
    Some(u32::from_be_bytes([ssrc[0], ssrc[1], ssrc[2], ssrc[3]]))
}

/// Guesses the whole index of a packet from its sequence number and the newest index (§3.3.1).
fn next_index(newest: u64, sequence: u16) -> u64 {
    let rollover = newest >> 16;
    let last = (newest & 0xffff) as i32;
    let difference = i32::from(sequence) - last;
    let rollover = if difference > 0x8000 {
        rollover.saturating_sub(1)
    } else if difference < -0x8000 {
        rollover + 1
    } else {
        rollover
    };
    rollover << 16 | u64::from(sequence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::RtpPacket;
    use proptest::prelude::*;

    const MASTER: [u8; KEY_BYTES] = [
        0xE1, 0xF9, 0x7A, 0x0D, 0x3E, 0x01, 0x8B, 0xE0, 0xD6, 0x4F, 0xA3, 0x2C, 0x06, 0xDE, 0x41, 0x39, 0x0E,
        0xC6, 0x75, 0xAD, 0x49, 0x8A, 0xFE, 0xEB, 0xB6, 0x96, 0x0B, 0x3A, 0xAB, 0xE6,
    ];

    #[test]
    fn keys_are_derived_as_rfc_3711_b3_shows() {
        let keys = Keys::derive(&MASTER, 0);
        assert_eq!(
            keys.cipher,
            [0xC6, 0x1E, 0x7A, 0x93, 0x74, 0x4F, 0x39, 0xEE, 0x10, 0x73, 0x4A, 0xFE, 0x3F, 0xF7, 0xA0, 0x87]
        );
        assert_eq!(
            keys.salt,
            [0x30, 0xCB, 0xBC, 0x08, 0x86, 0x3D, 0x8C, 0x85, 0xD4, 0x9D, 0xB3, 0x4A, 0x9A, 0xE1]
        );
    }

    #[test]
    fn the_key_stream_is_that_of_rfc_3711_b2() {
        let keys = Keys {
            cipher: [
                0x2B, 0x7E, 0x15, 0x16, 0x28, 0xAE, 0xD2, 0xA6, 0xAB, 0xF7, 0x15, 0x88, 0x09, 0xCF, 0x4F,
                0x3C,
            ],
            salt: [0xF0, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA, 0xFB, 0xFC, 0xFD],
            auth: Hmac::new_from_slice(&[0; 20]).unwrap(),
        };
        let mut stream = [0; 32];
        keys.crypt(0, 0, &mut stream);
        assert_eq!(
            stream,
            [
                0xE0, 0x3E, 0xAD, 0x09, 0x35, 0xC9, 0x5E, 0x80, 0xE1, 0x66, 0xB1, 0x6D, 0xD9, 0x2B, 0x4E,
                0xB4, 0xD2, 0x35, 0x13, 0x16, 0x2B, 0x02, 0xD0, 0xF7, 0x2A, 0x43, 0xA2, 0xFE, 0x4A, 0x5F,
                0x97, 0xAB
            ]
        );
    }

    fn packet(sequence: u16, ssrc: u32) -> Vec<u8> {
        let mut out = Vec::new();
        let payload = [sequence as u8; 160];
        let packet =
            RtpPacket { marker: false, payload_type: 8, sequence, timestamp: 1, ssrc, payload: &payload };
        packet.write(&mut out);
        out
    }

    #[test]
    fn what_is_secured_opens_once_and_only_with_the_key() {
        for suite in [Suite::Sha1Tag80, Suite::Sha1Tag32] {
            let (mut near, mut far) = (Srtp::new(suite, &MASTER), Srtp::new(suite, &MASTER));
            let plain = packet(7, 9);
            let mut wire = plain.clone();
            near.protect(&mut wire);
            assert_eq!(wire.len(), plain.len() + suite.tag());
            assert_ne!(wire[HEADER_LEN..plain.len()], plain[HEADER_LEN..], "the sound is not readable");
            let mut broken = wire.clone();
            broken[20] ^= 1;
            assert_eq!(far.open(&mut broken), Err(SrtpError::Forged));
            let mut copy = wire.clone();
            assert_eq!(far.open(&mut wire), Ok(()));
            assert_eq!(wire, plain);
            assert_eq!(far.open(&mut copy), Err(SrtpError::Replayed));
            let mut other = Srtp::new(suite, &[1; KEY_BYTES]);
            let mut wire = packet(8, 9);
            near.protect(&mut wire);
            assert_eq!(other.open(&mut wire), Err(SrtpError::Forged));
        }
    }

    #[test]
    fn sequence_numbers_roll_over_and_may_be_out_of_order() {
        let (mut near, mut far) =
            (Srtp::new(Suite::Sha1Tag80, &MASTER), Srtp::new(Suite::Sha1Tag80, &MASTER));
        let mut wires = Vec::new();
        for n in 0..200_u32 {
            let mut wire = packet((65_450 + n) as u16, 9);
            near.protect(&mut wire);
            wires.push(wire);
        }
        for pair in wires.chunks_mut(2) {
            pair.reverse();
            for wire in pair {
                assert_eq!(far.open(wire), Ok(()));
            }
        }
    }

    #[test]
    fn reports_are_secured_too() {
        let (mut near, mut far) =
            (Srtp::new(Suite::Sha1Tag32, &MASTER), Srtp::new(Suite::Sha1Tag32, &MASTER));
        let plain = vec![0x80, 201, 0, 1, 0, 0, 0, 9, 1, 2, 3, 4];
        let mut wire = plain.clone();
        near.protect_rtcp(&mut wire);
        assert_eq!(wire.len(), plain.len() + 14);
        let mut copy = wire.clone();
        assert_eq!(far.open_rtcp(&mut wire), Ok(()));
        assert_eq!(wire, plain);
        assert_eq!(far.open_rtcp(&mut copy), Err(SrtpError::Replayed));
    }

    proptest! {
        #[test]
        fn bytes_of_strangers_never_panic_and_never_open(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut far = Srtp::new(Suite::Sha1Tag80, &MASTER);
            prop_assert!(far.open(&mut bytes.clone()).is_err());
            prop_assert!(far.open_rtcp(&mut bytes.clone()).is_err());
            far.protect(&mut bytes.clone());
            far.protect_rtcp(&mut bytes.clone());
        }
    }
}
