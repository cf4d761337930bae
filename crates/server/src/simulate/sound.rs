//! Voices and ears: each speaker has a tone of their own, so that whoever hears it knows whom.

use ::media::codec::{Codec, FRAME};
use ::media::detect::{amplitude, loudness};
use ::media::rtp::RtpPacket;
use ::media::tone::Tone;

/// Matched frames that prove that somebody was heard: 200 ms.
pub(super) const PROOF_FRAMES: u32 = 10;
/// Frames of a syllable and of the pause after it.
const SYLLABLE: (u32, u32) = (15, 5);

/// Returns the pitch of the `number`th citizen. Keypad tones lie elsewhere in pairs, so none is mistaken.
pub(super) fn citizen_hz(number: usize) -> u16 {
    700 + 50 * u16::try_from(number % 16).unwrap_or(0)
}

/// Returns the pitch of the `number`th agent; no citizen has it.
pub(super) fn agent_hz(number: usize) -> u16 {
    1700 + 50 * u16::try_from(number % 24).unwrap_or(0)
}

/// Speaks syllables at one pitch, in 20 ms frames of A-law.
pub(super) struct Voice {
    tone: Tone,
    frame: u32,
    /// Timestamp and sequence number of the next packet.
    pub timestamp: u32,
    sequence: u16,
    ssrc: u32,
}

impl Voice {
    pub fn new(hz: u16, ssrc: u32) -> Self {
        Self { tone: Tone::Steady(hz), frame: 0, timestamp: ssrc & 0xffff, sequence: 1, ssrc }
    }

    /// Returns the next frame; speaks only when `aloud`.
    pub fn frame(&mut self, aloud: bool) -> [u8; FRAME] {
        let mut frame = [Codec::Pcma.silence(); FRAME];
        if aloud && self.frame % (SYLLABLE.0 + SYLLABLE.1) < SYLLABLE.0 {
            let from = u64::from(self.frame) * FRAME as u64;
            for (at, code) in frame.iter_mut().enumerate() {
                *code = Codec::Pcma.encode(self.tone.sample(from + at as u64));
            }
        }
        self.frame = self.frame.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(FRAME as u32);
        frame
    }

    /// Returns the next packet.
    pub fn packet(&mut self, aloud: bool) -> Vec<u8> {
        let timestamp = self.timestamp;
        let frame = self.frame(aloud);
        let mut bytes = Vec::with_capacity(FRAME + 12);
        let packet = RtpPacket {
            marker: self.sequence == 1,
            payload_type: Codec::Pcma.payload_type(),
            sequence: self.sequence,
            timestamp,
            ssrc: self.ssrc,
            payload: &frame,
        };
        packet.write(&mut bytes);
        self.sequence = self.sequence.wrapping_add(1);
        bytes
    }
}

/// Tells whether a frame of A-law is the tone of `hz` and nothing else.
pub(super) fn is_voice(codes: &[u8], hz: u16) -> bool {
    let samples: Vec<i16> = codes.iter().map(|&code| Codec::Pcma.decode(code)).collect();
    let tone = amplitude(&samples, f64::from(hz));
    tone > 0.1 && tone / std::f64::consts::SQRT_2 > 0.8 * loudness(&samples)
}

/// Writes the offer of a telephone that speaks A-law.
pub(super) fn offer(address: std::net::SocketAddr) -> String {
    let (ip, port) = (address.ip(), address.port());
    format!(
        "v=0\r\no=- {port} 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8\r\n\
         a=rtpmap:8 PCMA/8000\r\na=ptime:20\r\na=sendrecv\r\n"
    )
}

/// Returns where an answer wants sound to be sent.
pub(super) fn audio_address(sdp: &str) -> Option<std::net::SocketAddr> {
    let description = ::sip::sdp::Description::parse(sdp).ok()?;
    let (_, stream) = description.audio().ok()?;
    Some((stream.address?, stream.port).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share_heard(voice: u16, ear: u16) -> usize {
        let mut voice = Voice::new(voice, 9);
        (0..100).filter(|_| is_voice(&voice.frame(true), ear)).count()
    }

    #[test]
    fn everybody_is_known_by_their_voice() {
        for one in [citizen_hz(0), citizen_hz(15), agent_hz(0), agent_hz(23)] {
            assert_eq!(share_heard(one, one), 75);
            for other in [citizen_hz(1), citizen_hz(14), agent_hz(1), agent_hz(22), 450] {
                assert!(share_heard(one, other) < 2, "{one} heard as {other}");
            }
        }
        assert!((0..40).all(|number| (0..40).all(|agent| citizen_hz(number) != agent_hz(agent))));
    }

    #[test]
    fn who_is_silent_is_not_heard() {
        let mut voice = Voice::new(700, 9);
        assert!((0..50).all(|_| !is_voice(&voice.frame(false), 700)));
    }

    #[test]
    fn packets_follow_each_other() {
        let mut voice = Voice::new(700, 9);
        let (one, two) = (voice.packet(true), voice.packet(true));
        let (one, two) = (RtpPacket::parse(&one).unwrap(), RtpPacket::parse(&two).unwrap());
        assert_eq!(two.sequence, one.sequence + 1);
        assert_eq!(two.timestamp, one.timestamp + 160);
        assert_eq!((one.payload_type, one.payload.len(), one.ssrc), (8, 160, 9));
    }

    #[test]
    fn an_offer_is_one_that_the_server_can_read() {
        let address = "127.0.0.1:4000".parse().unwrap();
        assert_eq!(audio_address(&offer(address)), Some(address));
        assert_eq!(audio_address("nonsense"), None);
    }
}
