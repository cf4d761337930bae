//! SRTP and SRTCP (RFC 3711) with the suites that telephones exchange by SDES (RFC 4568 §6.2): AES in counter
//! mode with 128 bits, HMAC-SHA1 cut to 80 or 32 bits.
//!
//! One [`Protector`] for what is sent with a key, one [`Unprotector`] for what is received with one. A packet
//! is authenticated before anything else of it is believed, and no packet is taken twice.

use std::fmt;

use aes::Aes128;
use ctr::Ctr128BE;
use ctr::cipher::{KeyIvInit as _, StreamCipher as _};
use hmac::{Hmac, Mac as _};
use sha1::Sha1;
use subtle::ConstantTimeEq as _;

use crate::rtp::HEADER_LEN;

/// Bytes of a master key with its salt.
pub const MASTER_LEN: usize = 30;
/// Sources that may send with one key; a telephone needs one, and another after each change of its own.
const SOURCES_MAX: usize = 64;
/// Packets that may come out of order, and are remembered.
const WINDOW: u64 = 128;
/// Bytes of the SRTCP index behind the packet.
const INDEX_LEN: usize = 4;
/// SRTCP always carries 80 bits (RFC 4568 §6.2.2).
const RTCP_TAG_LEN: usize = 10;
/// Bytes of an RTCP packet that stay in the clear.
const RTCP_CLEAR: usize = 8;
/// Packets with one key at most (RFC 3711 §9.2).
const INDEX_MAX: u64 = 1 << 48;

type Keystream = Ctr128BE<Aes128>;

/// Why a packet was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SrtpError {
    /// Not a packet, or cut short.
    #[error("the protected packet can't be read")]
    Malformed,
    /// Its tag is wrong: another key, or somebody changed it.
    #[error("the protected packet is not authentic")]
    Forged,
    /// It was taken before, or is too old to know.
    #[error("the protected packet came before")]
    Replayed,
    /// More sources than one key may have, or more packets than one key may protect.
    #[error("the key is used up")]
    Exhausted,
}

/// How long the tag of a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Suite {
    /// `AES_CM_128_HMAC_SHA1_80`.
    Tag80,
    /// `AES_CM_128_HMAC_SHA1_32`.
    Tag32,
}

impl Suite {
    /// The name in SDP.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tag80 => "AES_CM_128_HMAC_SHA1_80",
            Self::Tag32 => "AES_CM_128_HMAC_SHA1_32",
        }
    }

    /// Reads the name in SDP.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Tag80, Self::Tag32].into_iter().find(|suite| suite.name().eq_ignore_ascii_case(name))
    }

    fn tag_len(self) -> usize {
        match self {
            Self::Tag80 => 10,
            Self::Tag32 => 4,
        }
    }
}

/// A suite with a master key and salt.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// What is done with it.
    pub suite: Suite,
    /// Sixteen bytes of key, fourteen of salt.
    pub master: [u8; MASTER_LEN],
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("suite", &self.suite).finish_non_exhaustive()
    }
}

/// Keys of both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPair {
    /// What this side sends with.
    pub local: Key,
    /// What the other side sends with.
    pub remote: Key,
}

/// The session keys of one kind of packet (RFC 3711 §4.3, key derivation rate 0).
#[derive(Clone)]
struct Session {
    key: [u8; 16],
    salt: [u8; 14],
    mac: Hmac<Sha1>,
}

impl Session {
    fn derive(master: &[u8; MASTER_LEN], first_label: u8) -> Self {
        let mut session =
            Self { key: [0; 16], salt: [0; 14], mac: Hmac::new_from_slice(&[]).expect("any length") };
        let mut mac_key = [0; 20];
        derive(master, first_label, &mut session.key);
        derive(master, first_label + 1, &mut mac_key);
        derive(master, first_label + 2, &mut session.salt);
        session.mac = Hmac::new_from_slice(&mac_key).expect("HMAC takes a key of any length");
        session
    }

    /// Encrypts or decrypts.
    fn apply(&self, ssrc: [u8; 4], index: u64, bytes: &mut [u8]) {
        let mut counter = [0; 16];
        counter[..14].copy_from_slice(&self.salt);
        for (at, byte) in ssrc.iter().enumerate() {
            counter[4 + at] ^= byte;
        }
        for (at, byte) in index.to_be_bytes()[2..].iter().enumerate() {
            counter[8 + at] ^= byte;
        }
        Keystream::new(&self.key.into(), &counter.into()).apply_keystream(bytes);
    }

    fn tag(&self, packet: &[u8], behind: &[u8]) -> [u8; 20] {
        let mut mac = self.mac.clone();
        mac.update(packet);
        mac.update(behind);
        mac.finalize().into_bytes().into()
    }
}

fn derive(master: &[u8; MASTER_LEN], label: u8, out: &mut [u8]) {
    let mut counter = [0; 16];
    counter[..14].copy_from_slice(&master[16..]);
    counter[7] ^= label;
    let mut key = [0; 16];
    key.copy_from_slice(&master[..16]);
    out.fill(0);
    Keystream::new(&key.into(), &counter.into()).apply_keystream(out);
}

/// Protects what one source sends.
pub struct Protector {
    suite: Suite,
    rtp: Session,
    rtcp: Session,
    /// Rollover counter with the last sequence number.
    last: Option<u64>,
    rtcp_index: u32,
}

impl fmt::Debug for Protector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Protector")
            .field("suite", &self.suite)
            .field("last", &self.last)
            .finish_non_exhaustive()
    }
}

impl Protector {
    /// Begins with a key; each source needs a key of its own.
    #[must_use]
    pub fn new(key: &Key) -> Self {
        Self {
            suite: key.suite,
            rtp: Session::derive(&key.master, 0),
            rtcp: Session::derive(&key.master, 3),
            last: None,
            rtcp_index: 0,
        }
    }

    /// Takes another key; the count of packets goes on (RFC 3711 §3.3.1).
    pub fn rekey(&mut self, key: &Key) {
        *self = Self { last: self.last, ..Self::new(key) };
    }

    /// Encrypts an RTP packet in place and puts its tag behind it.
    ///
    /// # Errors
    /// When it is no RTP packet, or the key is used up.
    pub fn protect(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        let head = Head::read(packet)?;
        let index = match self.last {
            None => u64::from(head.sequence),
            Some(last) => guess(last, head.sequence),
        };
        if index >= INDEX_MAX {
            return Err(SrtpError::Exhausted);
        }
        self.last = Some(self.last.map_or(index, |last| last.max(index)));
        self.rtp.apply(head.ssrc, index, &mut packet[head.len..]);
        let tag = self.rtp.tag(packet, &rollover(index));
        packet.extend_from_slice(&tag[..self.suite.tag_len()]);
        Ok(())
    }

    /// Encrypts a compound RTCP packet in place and puts index and tag behind it.
    ///
    /// # Errors
    /// When it is no RTCP packet, or the key is used up.
    pub fn protect_rtcp(&mut self, packet: &mut Vec<u8>) -> Result<(), SrtpError> {
        let ssrc = rtcp_ssrc(packet)?;
        let index = self.rtcp_index;
        if index >= 1 << 31 {
            return Err(SrtpError::Exhausted);
        }
        self.rtcp_index += 1;
        self.rtcp.apply(ssrc, u64::from(index), &mut packet[RTCP_CLEAR..]);
        packet.extend_from_slice(&(index | 1 << 31).to_be_bytes());
        let tag = self.rtcp.tag(packet, &[]);
        packet.extend_from_slice(&tag[..RTCP_TAG_LEN]);
        Ok(())
    }
}

/// What was taken from one source.
#[derive(Clone, Copy, Debug)]
struct Source {
    ssrc: [u8; 4],
    highest: u64,
    /// Bit n: the packet n before the highest one was taken.
    taken: u128,
}

impl Source {
    fn is_fresh(&self, index: u64) -> bool {
        let Some(behind) = self.highest.checked_sub(index) else { return true };
        behind < WINDOW && self.taken & (1 << behind) == 0
    }

    fn take(&mut self, index: u64) {
        if index > self.highest {
            let ahead = index - self.highest;
            self.taken = if ahead < WINDOW { self.taken << ahead } else { 0 };
            self.highest = index;
        }
        self.taken |= 1 << (self.highest - index).min(WINDOW - 1);
    }
}

/// Opens what is received with one key.
pub struct Unprotector {
    suite: Suite,
    rtp: Session,
    rtcp: Session,
    sources: Vec<Source>,
    rtcp_sources: Vec<Source>,
    /// Sources under the key before, whose count of packets may go on under this one.
    before: Vec<Source>,
}

impl fmt::Debug for Unprotector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unprotector").field("suite", &self.suite).finish_non_exhaustive()
    }
}

impl Unprotector {
    /// Begins with a key.
    #[must_use]
    pub fn new(key: &Key) -> Self {
        Self {
            suite: key.suite,
            rtp: Session::derive(&key.master, 0),
            rtcp: Session::derive(&key.master, 3),
            sources: Vec::new(),
            rtcp_sources: Vec::new(),
            before: Vec::new(),
        }
    }

    /// Takes another key. Whether a source's rollover counter goes on, as RFC 3711 §3.3.1 asks, or begins again,
    /// as many telephones do, is seen from its first packet.
    pub fn rekey(&mut self, key: &Key) {
        let before = std::mem::take(&mut self.sources);
        *self = Self { before, ..Self::new(key) };
    }

    /// Opens an RTP packet in place; returns its length without the tag. What fails leaves the state as it was
    /// and the bytes undefined.
    ///
    /// # Errors
    /// When the packet is not authentic, came before, or can't be read.
    pub fn unprotect(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let len = packet.len().checked_sub(self.suite.tag_len()).ok_or(SrtpError::Malformed)?;
        let (body, tag) = packet.split_at_mut(len);
        let head = Head::read(body)?;
        let known = self.sources.iter().position(|source| source.ssrc == head.ssrc);
        let is_authentic =
            |index: &u64| bool::from(self.rtp.tag(body, &rollover(*index))[..tag.len()].ct_eq(tag));
        let index = if let Some(at) = known {
            let index = guess(self.sources[at].highest, head.sequence);
            if !self.sources[at].is_fresh(index) {
                return Err(SrtpError::Replayed);
            }
            Some(index).filter(is_authentic)
        } else {
            let before = self.before.iter().find(|source| source.ssrc == head.ssrc);
            let goes_on = before.map(|source| guess(source.highest, head.sequence));
            goes_on.filter(is_authentic).or(Some(u64::from(head.sequence)).filter(is_authentic))
        };
        let index = index.ok_or(SrtpError::Forged)?;
        note(&mut self.sources, known, head.ssrc, index)?;
        self.rtp.apply(head.ssrc, index, &mut body[head.len..]);
        Ok(len)
    }

    /// Opens a compound RTCP packet in place; returns its length without index and tag.
    ///
    /// # Errors
    /// As [`Unprotector::unprotect`].
    pub fn unprotect_rtcp(&mut self, packet: &mut [u8]) -> Result<usize, SrtpError> {
        let signed = packet.len().checked_sub(RTCP_TAG_LEN).ok_or(SrtpError::Malformed)?;
        let (body, tag) = packet.split_at_mut(signed);
        let ssrc = rtcp_ssrc(body)?;
        let len =
            signed.checked_sub(INDEX_LEN).filter(|len| *len >= RTCP_CLEAR).ok_or(SrtpError::Malformed)?;
        let word = u32::from_be_bytes([body[len], body[len + 1], body[len + 2], body[len + 3]]);
        let (encrypted, index) = (word >> 31 == 1, u64::from(word & 0x7FFF_FFFF));
        let known = self.rtcp_sources.iter().position(|source| source.ssrc == ssrc);
        if known.is_some_and(|at| !self.rtcp_sources[at].is_fresh(index)) {
            return Err(SrtpError::Replayed);
        }
        let expected = self.rtcp.tag(body, &[]);
        if !bool::from(expected[..tag.len()].ct_eq(tag)) {
            return Err(SrtpError::Forged);
        }
        note(&mut self.rtcp_sources, known, ssrc, index)?;
        if encrypted {
            self.rtcp.apply(ssrc, index, &mut body[RTCP_CLEAR..len]);
        }
        Ok(len)
    }
}

fn note(sources: &mut Vec<Source>, known: Option<usize>, ssrc: [u8; 4], index: u64) -> Result<(), SrtpError> {
    match known {
        Some(at) => sources[at].take(index),
        // To forget one would let its packets be played again.
        None if sources.len() >= SOURCES_MAX => return Err(SrtpError::Exhausted),
        None => sources.push(Source { ssrc, highest: index, taken: 1 }),
    }
    Ok(())
}

/// Extends a sequence number by the rollover counter that puts it nearest to the last one (RFC 3711 §3.3.1).
fn guess(last: u64, sequence: u16) -> u64 {
    let ahead = sequence.wrapping_sub(last as u16).cast_signed();
    last.checked_add_signed(i64::from(ahead)).unwrap_or(u64::from(sequence))
}

fn rollover(index: u64) -> [u8; 4] {
    ((index >> 16) as u32).to_be_bytes()
}

struct Head {
    len: usize,
    sequence: u16,
    ssrc: [u8; 4],
}

impl Head {
    fn read(packet: &[u8]) -> Result<Self, SrtpError> {
        let fixed = packet.get(..HEADER_LEN).ok_or(SrtpError::Malformed)?;
        if fixed[0] >> 6 != 2 {
            return Err(SrtpError::Malformed);
        }
        let mut len = HEADER_LEN + usize::from(fixed[0] & 0x0F) * 4;
        if fixed[0] & 0x10 != 0 {
            let extension = packet.get(len..len + 4).ok_or(SrtpError::Malformed)?;
            len += 4 + usize::from(u16::from_be_bytes([extension[2], extension[3]])) * 4;
        }
        if packet.len() < len {
            return Err(SrtpError::Malformed);
        }
        Ok(Self {
            len,
            sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
            ssrc: [fixed[8], fixed[9], fixed[10], fixed[11]],
        })
    }
}

fn rtcp_ssrc(packet: &[u8]) -> Result<[u8; 4], SrtpError> {
    let head = packet.get(..RTCP_CLEAR).filter(|head| head[0] >> 6 == 2).ok_or(SrtpError::Malformed)?;
    Ok([head[4], head[5], head[6], head[7]])
}

#[cfg(test)]
#[path = "srtp_tests.rs"]
mod tests;
