//! A phone that says tones or digits over plain RTP and keeps what it hears.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use ::media::codec::{Codec, FRAME, Frame};
use ::media::detect::KeypadDetector;
use ::media::dtmf::{DtmfReceiver, DtmfSender, DtmfTick};
use ::media::g722::{self, Narrow};
use ::media::rtp::RtpPacket;
use ::media::srtp::{KeyPair, Protector, Unprotector};
use ::media::tone::{Tone, keypad_sample};

/// What is said.
pub enum Say {
    Nothing,
    Tone(u16),
    /// A tone over a bad line: one packet in ten lost, neighbours swapped.
    Badly(u16),
    /// Digits as telephone events.
    Events(&'static str),
    /// Digits as tones.
    Keys(&'static str),
}

/// Decides frame by frame what is sent.
pub struct Mouth {
    tone: Option<Tone>,
    digits: DtmfSender,
    events: bool,
}

impl Mouth {
    pub fn new(say: &Say) -> Self {
        let mut mouth = Self { tone: None, digits: DtmfSender::default(), events: true };
        match say {
            Say::Nothing => {}
            Say::Tone(hz) | Say::Badly(hz) => mouth.tone = Some(Tone::Steady(*hz)),
            Say::Events(digits) => mouth.digits.queue(digits),
            Say::Keys(digits) => {
                mouth.events = false;
                mouth.digits.queue(digits);
            }
        }
        mouth
    }

    /// Audio, or an event with its timestamp and marker.
    pub fn next(&mut self, timestamp: u32, codec: Codec) -> (Frame, Option<(u32, bool, [u8; 4])>) {
        let mut frame = Frame::silence(codec);
        let mut fill = |sample: &dyn Fn(u64) -> i16| {
            for (at, code) in frame.bytes.iter_mut().enumerate() {
                *code = codec.encode(sample(at as u64));
            }
        };
        match self.digits.tick(timestamp, self.events) {
            DtmfTick::Packet(packet) => {
                return (frame, Some((packet.timestamp, packet.marker, packet.event.to_bytes())));
            }
            DtmfTick::Tone(key, from) => fill(&|at| keypad_sample(key, from + at)),
            DtmfTick::Pause => {}
            DtmfTick::Idle => {
                if let Some(tone) = self.tone {
                    fill(&|at| tone.sample(u64::from(timestamp) + at));
                }
            }
        }
        (frame, None)
    }
}

pub struct Phone {
    socket: UdpSocket,
    codec: Codec,
    dtmf: Option<u8>,
    /// Where the leg receives.
    pub to: SocketAddr,
    secured: Option<(Protector, Unprotector)>,
    wide: Option<Narrow>,
    sequence: u16,
    timestamp: u32,
    /// Sequence, timestamp and source of every audio packet heard.
    pub received: Vec<(u16, u32, u32)>,
    /// Every byte of audio heard.
    pub codes: Vec<u8>,
    /// Digits heard, as events or tones.
    pub digits: String,
    receiver: DtmfReceiver,
    keypad: KeypadDetector,
}

impl Phone {
    pub fn new(codec: Codec, dtmf: Option<u8>) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.set_nonblocking(true).unwrap();
        let to = socket.local_addr().unwrap();
        Self {
            socket,
            codec,
            dtmf,
            to,
            secured: None,
            wide: None,
            sequence: 65_500,
            timestamp: 8000,
            received: Vec::new(),
            codes: Vec::new(),
            digits: String::new(),
            receiver: DtmfReceiver::default(),
            keypad: KeypadDetector::default(),
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    /// Encrypts from now on; `keys` are seen from here.
    pub fn secure(&mut self, keys: &KeyPair) {
        self.secured = Some((Protector::new(&keys.local), Unprotector::new(&keys.remote)));
    }

    /// Sends and takes G.722 from now on.
    pub fn widen(&mut self) {
        self.wide = Some(Narrow::default());
    }

    /// Says by a packet of comfort noise that nothing more comes for a while.
    pub fn fall_silent(&mut self, level: u8) {
        let packet = RtpPacket {
            marker: false,
            payload_type: ::media::noise::PAYLOAD_TYPE,
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: 0x1234_5678,
            payload: &[level],
        };
        let mut bytes = Vec::new();
        packet.write(&mut bytes);
        self.socket.send_to(&bytes, self.to).unwrap();
        self.sequence = self.sequence.wrapping_add(1);
        // Two seconds pass.
        self.timestamp = self.timestamp.wrapping_add(16_000);
    }

    /// Talks for a while and returns what was heard meanwhile.
    pub fn talk(&mut self, ms: u64, say: &Say) -> Vec<i16> {
        let mut mouth = Mouth::new(say);
        let mut heard = Vec::new();
        let mut held_back: Option<Vec<u8>> = None;
        let start = Instant::now();
        for frame in 0..ms / 20 {
            let bytes = self.packet(&mut mouth);
            if !matches!(say, Say::Badly(_)) {
                self.socket.send_to(&bytes, self.to).unwrap();
            } else if frame % 10 == 5 {
                // Lost.
            } else if let Some(earlier) = held_back.take() {
                self.socket.send_to(&bytes, self.to).unwrap();
                self.socket.send_to(&earlier, self.to).unwrap();
            } else {
                held_back = Some(bytes);
            }
            self.listen(&mut heard);
            let due = start + Duration::from_millis((frame + 1) * 20);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        self.listen(&mut heard);
        heard
    }

    fn packet(&mut self, mouth: &mut Mouth) -> Vec<u8> {
        let (frame, event) = mouth.next(self.timestamp, self.codec);
        let mut packet = RtpPacket {
            marker: false,
            payload_type: self.codec.payload_type(),
            sequence: self.sequence,
            timestamp: self.timestamp,
            ssrc: 0x1234_5678,
            payload: &frame.bytes,
        };
        let coded: Vec<u8>;
        if let Some(wide) = &mut self.wide {
            coded = frame.bytes.iter().map(|&code| wide.encode(self.codec.decode(code))).collect();
            packet.payload = &coded;
            packet.payload_type = g722::PAYLOAD_TYPE;
        }
        if let Some((timestamp, marker, payload)) = &event {
            packet.payload_type = self.dtmf.unwrap();
            packet.timestamp = *timestamp;
            packet.marker = *marker;
            packet.payload = payload;
        }
        let mut bytes = Vec::new();
        packet.write(&mut bytes);
        if let Some((outward, _)) = &mut self.secured {
            outward.protect(&mut bytes).unwrap();
        }
        self.sequence = self.sequence.wrapping_add(1);
        self.timestamp = self.timestamp.wrapping_add(FRAME as u32);
        bytes
    }

    fn listen(&mut self, heard: &mut Vec<i16>) {
        let mut datagram = [0; 2048];
        while let Ok(mut len) = self.socket.recv(&mut datagram) {
            if let Some((_, inward)) = &mut self.secured {
                len = inward.unprotect(&mut datagram[..len]).expect("what comes is encrypted");
            }
            let packet = RtpPacket::parse(&datagram[..len]).unwrap();
            if Some(packet.payload_type) == self.dtmf {
                let digit = self.receiver.push(packet.ssrc, packet.timestamp, packet.payload);
                self.digits.extend(digit);
                continue;
            }
            let expected = if self.wide.is_some() { g722::PAYLOAD_TYPE } else { self.codec.payload_type() };
            assert_eq!(packet.payload_type, expected);
            self.received.push((packet.sequence, packet.timestamp, packet.ssrc));
            self.codes.extend_from_slice(packet.payload);
            let mut samples = vec![0; packet.payload.len()];
            match &mut self.wide {
                Some(wide) => {
                    samples.iter_mut().zip(packet.payload).for_each(|(to, &byte)| *to = wide.decode(byte))
                }
                None => self.codec.decode_into(packet.payload, &mut samples),
            }
            self.digits.extend(self.keypad.push(&samples));
            heard.extend(samples);
        }
    }
}
