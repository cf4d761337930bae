//! Keypad digits as telephone events (RFC 4733), received and sent.

use std::collections::VecDeque;

use crate::codec::FRAME;

/// Length of a sent digit in frames (100 ms).
const DIGIT_FRAMES: u16 = 5;
/// How often the end of a digit is sent.
const END_PACKETS: u16 = 3;
/// Frames of silence between digits (60 ms).
const PAUSE_FRAMES: u16 = 3;
/// Volume in −dBm0.
const VOLUME: u8 = 10;

/// One telephone-event payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TelephoneEvent {
    /// Event code; 0–15 are keys.
    pub event: u8,
    /// The key was released.
    pub end: bool,
    /// Volume in −dBm0, 0–63.
    pub volume: u8,
    /// Length so far in samples.
    pub duration: u16,
}

impl TelephoneEvent {
    /// Reads a payload; what follows the first event is ignored.
    #[must_use]
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let &[event, flags, high, low, ..] = payload else { return None };
        Some(Self {
            event,
            end: flags & 0x80 != 0,
            volume: flags & 0x3F,
            duration: u16::from_be_bytes([high, low]),
        })
    }

    /// The payload's bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 4] {
        let [high, low] = self.duration.to_be_bytes();
        [self.event, u8::from(self.end) << 7 | (self.volume & 0x3F), high, low]
    }

    /// The key, when the event is one.
    #[must_use]
    pub fn key(self) -> Option<char> {
        "0123456789*#ABCD".chars().nth(usize::from(self.event))
    }
}

/// The event code of a key.
#[must_use]
pub fn event_code(key: char) -> Option<u8> {
    "0123456789*#ABCD".chars().position(|each| each == key.to_ascii_uppercase()).map(|at| at as u8)
}

/// Makes one digit out of the many packets that a key press is sent as.
#[derive(Clone, Debug, Default)]
pub struct DtmfReceiver {
    last: Option<(u32, u32)>,
}

impl DtmfReceiver {
    /// Takes in an event packet and returns the key on the first packet of each press.
    ///
    /// All packets of a press carry the timestamp of its beginning, so a lost first or last
    /// packet neither loses nor doubles the digit.
    pub fn push(&mut self, ssrc: u32, timestamp: u32, payload: &[u8]) -> Option<char> {
        let event = TelephoneEvent::parse(payload)?;
        let key = event.key()?;
        if let Some((last_ssrc, last)) = self.last
            && last_ssrc == ssrc
            && timestamp.wrapping_sub(last) as i32 <= 0
            && timestamp.wrapping_sub(last) as i32 > -0x10_0000
        {
            return None;
        }
        self.last = Some((ssrc, timestamp));
        Some(key)
    }
}

/// A packet of a digit being sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DtmfPacket {
    /// RTP timestamp: the beginning of the press.
    pub timestamp: u32,
    /// Set on the first packet of a press.
    pub marker: bool,
    /// The event.
    pub event: TelephoneEvent,
}

/// What a leg sends in one frame while digits are under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DtmfTick {
    /// No digit: audio as usual.
    Idle,
    /// An event packet instead of audio.
    Packet(DtmfPacket),
    /// A pause between digits: silence.
    Pause,
    /// Tone instead of an event packet: the key and the position of its first sample.
    Tone(char, u64),
}

/// Sends digits one after the other, one step a frame.
#[derive(Clone, Debug, Default)]
pub struct DtmfSender {
    queue: VecDeque<char>,
    current: Option<(char, u8, u32, u16)>,
}

/// Digits that may wait to be sent.
const MAX_QUEUE: usize = 64;

impl DtmfSender {
    /// Queues digits; other characters are left out.
    pub fn queue(&mut self, digits: &str) {
        let keys = digits.chars().map(|key| key.to_ascii_uppercase());
        for key in keys.filter(|&key| event_code(key).is_some()) {
            if self.queue.len() < MAX_QUEUE {
                self.queue.push_back(key);
            }
        }
    }

    /// The next step; `timestamp` is that of the frame, `events` says whether the peer
    /// understands telephone events.
    pub fn tick(&mut self, timestamp: u32, events: bool) -> DtmfTick {
        let (key, code, start, step) = match self.current {
            Some(current) => current,
            None => {
                let Some(key) = self.queue.pop_front() else { return DtmfTick::Idle };
                let Some(code) = event_code(key) else { return DtmfTick::Idle };
                (key, code, timestamp, 0)
            }
        };
        let last = DIGIT_FRAMES + END_PACKETS - 1 + PAUSE_FRAMES - 1;
        self.current = (step < last).then_some((key, code, start, step + 1));
        if !events {
            let tone = step < DIGIT_FRAMES;
            let at = u64::from(step) * FRAME as u64;
            return if tone { DtmfTick::Tone(key, at) } else { DtmfTick::Pause };
        }
        if step >= DIGIT_FRAMES + END_PACKETS - 1 {
            return DtmfTick::Pause;
        }
        let frames = (step + 1).min(DIGIT_FRAMES);
        DtmfTick::Packet(DtmfPacket {
            timestamp: start,
            marker: step == 0,
            event: TelephoneEvent {
                event: code,
                end: step + 1 >= DIGIT_FRAMES,
                volume: VOLUME,
                duration: frames * FRAME as u16,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rtp::RtpPacket;

    /// The UDP payloads of a capture in classic little-endian pcap format over Ethernet.
    fn capture(name: &str) -> Option<Vec<Vec<u8>>> {
        let root = std::env::var("YIHAO_DATA")
            .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data").to_owned());
        let path = format!("{root}/media/sipp_pcap/{name}");
        let Ok(bytes) = std::fs::read(&path) else {
            eprintln!("skipped: {path} is absent");
            return None;
        };
        let link = u32::from_le_bytes([bytes[20], bytes[21], bytes[22], bytes[23]]);
        let ip_at = if link == 113 { 16 } else { 14 };
        let mut rest = &bytes[24..];
        let mut packets = Vec::new();
        while rest.len() > 16 {
            let len = u32::from_le_bytes([rest[8], rest[9], rest[10], rest[11]]) as usize;
            let packet = &rest[16..16 + len];
            let ip_len = usize::from(packet[ip_at] & 0x0F) * 4;
            let udp_len =
                usize::from(u16::from_be_bytes([packet[ip_at + ip_len + 4], packet[ip_at + ip_len + 5]]));
            packets.push(packet[ip_at + ip_len + 8..ip_at + ip_len + udp_len].to_vec());
            rest = &rest[16 + len..];
        }
        Some(packets)
    }

    #[test]
    fn captured_key_presses_give_one_digit_each() {
        let keys = ('0'..='9').map(|key| (key, key.to_string()));
        let named = [('*', "star".to_owned()), ('#', "pound".to_owned())];
        for (key, name) in keys.chain(named) {
            let Some(packets) = capture(&format!("dtmf_2833_{name}.pcap")) else { return };
            assert!(packets.len() > 3);
            let mut receiver = DtmfReceiver::default();
            let heard: String = packets
                .iter()
                .filter_map(|bytes| {
                    let packet = RtpPacket::parse(bytes).unwrap();
                    receiver.push(packet.ssrc, packet.timestamp, packet.payload)
                })
                .collect();
            assert_eq!(heard, key.to_string());
        }
    }

    #[test]
    fn sent_digits_are_received_once_each_even_with_loss() {
        let mut sender = DtmfSender::default();
        sender.queue("1a1 x#");
        for lost in [None, Some(0), Some(3)] {
            let mut sender = sender.clone();
            let mut receiver = DtmfReceiver::default();
            let mut heard = String::new();
            let mut ends = 0;
            for frame in 0..60_u32 {
                if let DtmfTick::Packet(packet) =
                    sender.tick(4_294_967_000_u32.wrapping_add(frame * 160), true)
                {
                    ends += u32::from(packet.event.end);
                    if lost.is_none_or(|lost| packet.event.duration / 160 != lost) {
                        heard.extend(receiver.push(5, packet.timestamp, &packet.event.to_bytes()));
                    }
                }
            }
            assert_eq!(heard, "1A1#");
            assert_eq!(ends, 12);
        }
    }

    #[test]
    fn without_events_tones_are_sent() {
        let mut sender = DtmfSender::default();
        sender.queue("5");
        let ticks: Vec<_> = (0..12).map(|frame| sender.tick(frame * 160, false)).collect();
        assert_eq!(ticks[4], DtmfTick::Tone('5', 640));
        assert_eq!(ticks[5], DtmfTick::Pause);
        assert_eq!(ticks[11], DtmfTick::Idle);
    }

    proptest! {
        #[test]
        fn no_input_panics(packets in prop::collection::vec((any::<u32>(), any::<u32>(), prop::collection::vec(any::<u8>(), 0..8)), 0..20)) {
            let mut receiver = DtmfReceiver::default();
            for (ssrc, timestamp, payload) in packets {
                let _ = receiver.push(ssrc, timestamp, &payload);
            }
        }
    }
}
