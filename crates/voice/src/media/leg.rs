//! One leg of a call: what came in, what it is played, what goes out.

use std::time::Instant;

use ::media::clip::Player;
use ::media::codec::{Codec, FRAME, Frame};
use ::media::detect::KeypadDetector;
use ::media::dtmf::{DtmfReceiver, DtmfSender, DtmfTick};
use ::media::jitter::{JitterBuffer, Popped};
use ::media::noise::ComfortNoise;
use ::media::rtcp::{Reception, SenderInfo};
use ::media::rtp::RtpPacket;
use ::media::tone::keypad_sample;

use super::ambient;
use super::rtp::RtpTransport;
use super::webrtc::{BrowserEvent, BrowserTransport};
use super::{LegId, LegSpec, LegStats, MediaEvent};

/// Milliseconds without a packet after which a leg counts as silent, and between repetitions.
const SILENT_MS: u64 = 10_000;
/// A peer that sends comfort noise counts as silent for so long at most, in seconds.
const SILENT_BY_WORD_SECS: u32 = 30;
/// Ticks between RTCP reports (5 s).
const REPORT_TICKS: u64 = 250;
/// Largest payload of a packet that is taken in (240 ms).
const MAX_PAYLOAD: usize = 1920;

/// How a leg reaches its peer.
pub(super) enum Transport {
    Rtp(Box<RtpTransport>),
    Browser(Box<BrowserTransport>),
}

/// The receiving half of a leg; transports put packets in.
pub(super) struct Intake {
    jitter: JitterBuffer,
    reception: Reception,
    digits: DtmfReceiver,
    pressed: Vec<char>,
    heard_event: bool,
    last_packet_ms: u64,
    heard_audio: bool,
    /// What the peer said it is silent with; none while it speaks.
    noise: Option<ComfortNoise>,
}

impl Intake {
    fn new(now_ms: u64) -> Self {
        Self {
            jitter: JitterBuffer::new(Codec::Pcma),
            reception: Reception::default(),
            digits: DtmfReceiver::default(),
            pressed: Vec::new(),
            heard_event: false,
            last_packet_ms: now_ms,
            heard_audio: false,
            noise: None,
        }
    }

    pub fn audio(&mut self, codec: Codec, packet: &RtpPacket<'_>, now_ms: u64) {
        if packet.payload.len() > MAX_PAYLOAD {
            return;
        }
        self.last_packet_ms = now_ms;
        self.heard_audio = true;
        self.noise = None;
        self.reception.note(packet.ssrc, packet.sequence, packet.timestamp, now_ms);
        let wanted = self.jitter.codec();
        if codec == wanted {
            self.jitter.push(packet.ssrc, packet.timestamp, packet.payload);
        } else {
            let mut codes = [0; MAX_PAYLOAD];
            let codes = &mut codes[..packet.payload.len()];
            for (to, &from) in codes.iter_mut().zip(packet.payload) {
                *to = codec.transcode(from, wanted);
            }
            self.jitter.push(packet.ssrc, packet.timestamp, codes);
        }
    }

    /// The peer falls silent and says how its silence sounds.
    pub fn noise(&mut self, packet: &RtpPacket<'_>, now_ms: u64) {
        self.last_packet_ms = now_ms;
        self.heard_audio = true;
        self.reception.note_untimed(packet.ssrc, packet.sequence);
        let Some(next) = ComfortNoise::read(packet.payload) else { return };
        match &mut self.noise {
            Some(noise) => noise.follow(next),
            None => self.noise = Some(next),
        }
    }

    pub fn event(&mut self, packet: &RtpPacket<'_>, now_ms: u64) {
        self.last_packet_ms = now_ms;
        self.heard_event = true;
        self.reception.note_untimed(packet.ssrc, packet.sequence);
        self.pressed.extend(self.digits.push(packet.ssrc, packet.timestamp, packet.payload));
    }

    fn set_codec(&mut self, codec: Codec) {
        if self.jitter.codec() != codec {
            self.jitter = JitterBuffer::new(codec);
        }
    }
}

/// A leg with everything that belongs to it.
pub(super) struct Leg {
    pub id: LegId,
    pub muted: bool,
    pub held: bool,
    /// What was received for this tick.
    pub input: Frame,
    pub popped: Popped,
    transport: Transport,
    intake: Intake,
    keypad: Option<KeypadDetector>,
    player: Option<(Player, u32)>,
    music: Option<Player>,
    dtmf: DtmfSender,
    ssrc: u32,
    sequence: u64,
    timestamp: u32,
    sent: u64,
    started: bool,
    silent_reports: u64,
    browser_events: Vec<BrowserEvent>,
}

impl Leg {
    pub fn new(id: LegId, transport: Transport, now_ms: u64) -> Self {
        let origin = ambient::origin();
        let mut leg = Self {
            id,
            muted: false,
            held: false,
            input: Frame::silence(Codec::Pcma),
            popped: Popped::Silence,
            transport,
            intake: Intake::new(now_ms),
            keypad: None,
            player: None,
            music: None,
            dtmf: DtmfSender::default(),
            ssrc: origin.ssrc,
            sequence: origin.sequence,
            timestamp: origin.timestamp,
            sent: 0,
            started: false,
            silent_reports: 0,
            browser_events: Vec::new(),
        };
        leg.adopt();
        leg
    }

    /// Takes a new connection to the peer; everything else of the leg stays.
    pub fn replace(&mut self, transport: Transport, now: Instant, now_ms: u64) {
        self.close(now);
        self.transport = transport;
        self.sequence = ambient::origin().sequence;
        self.started = false;
        self.intake.heard_audio = false;
        self.intake.noise = None;
        self.intake.last_packet_ms = now_ms;
        self.adopt();
    }

    pub fn agree(&mut self, spec: &LegSpec) {
        if let Transport::Rtp(rtp) = &mut self.transport {
            rtp.agree(spec);
        }
        self.adopt();
    }

    pub fn browser(&mut self) -> Option<&mut BrowserTransport> {
        match &mut self.transport {
            Transport::Browser(browser) => Some(browser),
            Transport::Rtp(_) => None,
        }
    }

    /// Brings the codec and the way of hearing digits in line with what was agreed.
    pub fn adopt(&mut self) {
        self.intake.set_codec(self.codec());
        let tones = match &self.transport {
            Transport::Rtp(rtp) => rtp.hears_tones(),
            // Not known before the browser has answered; browsers never send keys as tones.
            Transport::Browser(_) => false,
        };
        if tones != self.keypad.is_some() {
            self.keypad = tones.then(KeypadDetector::default);
        }
    }

    pub fn codec(&self) -> Codec {
        match &self.transport {
            Transport::Rtp(rtp) => rtp.codec(),
            Transport::Browser(browser) => browser.codec(),
        }
    }

    /// A phone that still rings is not silent.
    fn expects_audio(&self) -> bool {
        match &self.transport {
            Transport::Rtp(rtp) => rtp.has_remote(),
            Transport::Browser(browser) => browser.is_established(),
        }
    }

    pub fn is_browser(&self) -> bool {
        matches!(self.transport, Transport::Browser(_))
    }

    /// Reads what has arrived.
    pub fn receive(&mut self, now: Instant, now_ms: u64) {
        match &mut self.transport {
            Transport::Rtp(rtp) => rtp.receive(&mut self.intake, now_ms),
            Transport::Browser(browser) => {
                browser.receive(&mut self.intake, now, now_ms, &mut self.browser_events);
            }
        }
    }

    /// Takes this tick's frame from the jitter buffer and reports what was noticed.
    pub fn listen(&mut self, now_ms: u64, events: &mut Vec<MediaEvent>) {
        let leg = self.id;
        if self.is_browser() {
            self.adopt();
        }
        self.popped = self.intake.jitter.pop(&mut self.input);
        if self.popped == Popped::Silence
            && let Some(noise) = &mut self.intake.noise
        {
            noise.fill(&mut self.input);
            self.popped = Popped::Received;
        }
        if let Some(keypad) = &mut self.keypad
            && !self.intake.heard_event
        {
            self.intake.pressed.extend(keypad.push(&self.input.samples()));
        }
        for event in self.browser_events.drain(..) {
            events.push(match event {
                BrowserEvent::Connected => MediaEvent::WebRtcConnected { leg },
                BrowserEvent::Failed(reason) => MediaEvent::WebRtcFailed { leg, reason },
            });
        }
        if !self.started && self.intake.heard_audio {
            self.started = true;
            events.push(MediaEvent::LegMediaStarted { leg });
        }
        events.extend(self.intake.pressed.drain(..).map(|digit| MediaEvent::Dtmf { leg, digit }));
        if !self.expects_audio() {
            self.intake.last_packet_ms = now_ms;
        }
        let silent_ms = now_ms.saturating_sub(self.intake.last_packet_ms);
        let reports_due = silent_ms / SILENT_MS;
        if reports_due > self.silent_reports {
            // Whoever said that they are silent may be so for long; they are asked whether they are there all the same.
            let most = if self.intake.noise.is_some() { SILENT_BY_WORD_SECS } else { u32::MAX };
            let secs = u32::try_from(silent_ms / 1000).unwrap_or(u32::MAX).min(most);
            events.push(MediaEvent::LegSilent { leg, secs });
        }
        self.silent_reports = reports_due;
    }

    pub fn play(&mut self, player: Player, play: u32) {
        self.player = Some((player, play));
    }

    pub fn stop_play(&mut self) {
        self.player = None;
    }

    /// The prompt's next frame, if one is playing.
    pub fn prompt(&mut self, events: &mut Vec<MediaEvent>) -> Option<Frame> {
        let (player, play) = self.player.as_mut()?;
        let play = *play;
        let mut frame = Frame::silence(Codec::Pcma);
        if player.fill(&mut frame) {
            return Some(frame);
        }
        self.player = None;
        events.push(MediaEvent::PlayFinished { leg: self.id, play });
        None
    }

    /// The hold music's next frame while it is wanted; it starts anew each time.
    pub fn music(&mut self, wanted: bool, start: impl FnOnce() -> Player) -> Option<Frame> {
        if !wanted {
            self.music = None;
            return None;
        }
        let mut frame = Frame::silence(Codec::Pcma);
        self.music.get_or_insert_with(start).fill(&mut frame).then_some(frame)
    }

    pub fn send_digits(&mut self, digits: &str) {
        self.dtmf.queue(digits);
    }

    /// Sends this tick's frame, or what takes its place while digits are sent.
    pub fn send(&mut self, frame: &Frame, now: Instant, now_ms: u64) {
        let codec = self.codec();
        let events = match &self.transport {
            Transport::Rtp(rtp) => rtp.sends_events(),
            Transport::Browser(browser) => browser.sends_events(),
        };
        let mut audio = frame.to_codec(codec);
        let mut event = None;
        match self.dtmf.tick(self.timestamp, events) {
            DtmfTick::Idle => {}
            DtmfTick::Packet(packet) => event = Some((packet, packet.event.to_bytes())),
            DtmfTick::Pause => audio = Frame::silence(codec),
            DtmfTick::Tone(key, from) => {
                for (at, code) in audio.bytes.iter_mut().enumerate() {
                    *code = codec.encode(keypad_sample(key, from + at as u64));
                }
            }
        }
        let packet = match &event {
            Some((packet, payload)) => {
                RtpPacket { marker: packet.marker, timestamp: packet.timestamp, payload, ..self.packet(&[]) }
            }
            None => RtpPacket { marker: self.sent == 0, ..self.packet(&audio.bytes) },
        };
        let sent = match &mut self.transport {
            Transport::Rtp(rtp) => rtp.send(packet, event.is_some()),
            Transport::Browser(browser) => browser.send(
                &packet,
                self.sequence,
                event.is_some(),
                &mut self.intake,
                (now, now_ms),
                &mut self.browser_events,
            ),
        };
        self.sent += u64::from(sent);
        self.timestamp = self.timestamp.wrapping_add(FRAME as u32);
        // What was never sent must not look lost to the peer.
        self.sequence += u64::from(sent);
    }

    /// Sends RTCP when it is due; browsers get theirs from str0m.
    pub fn report(&mut self, tick: u64, now_ms: u64) {
        // Legs take turns instead of reporting all in one tick.
        if !(tick + u64::from(self.ssrc)).is_multiple_of(REPORT_TICKS) {
            return;
        }
        if let Transport::Rtp(rtp) = &mut self.transport {
            let seconds = now_ms / 1000;
            let fraction = (now_ms % 1000) * (1 << 32) / 1000;
            let sender = SenderInfo {
                ntp: seconds << 32 | fraction,
                timestamp: self.timestamp,
                packets: self.sent as u32,
                bytes: (self.sent as u32).wrapping_mul(FRAME as u32),
            };
            rtp.report(self.ssrc, sender, self.intake.reception.report());
        }
    }

    pub fn stats(&self) -> LegStats {
        LegStats {
            packets_received: self.intake.reception.received(),
            packets_sent: self.sent,
            packets_lost: self.intake.reception.lost(),
            packets_late: self.intake.jitter.late(),
            frames_concealed: self.intake.jitter.concealed(),
            jitter_ms: self.intake.reception.jitter_ms(),
        }
    }

    pub fn close(&mut self, now: Instant) {
        if let Transport::Browser(browser) = &mut self.transport {
            browser.close(now);
        }
    }

    fn packet<'a>(&self, payload: &'a [u8]) -> RtpPacket<'a> {
        RtpPacket {
            marker: false,
            payload_type: 0,
            sequence: self.sequence as u16,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
            payload,
        }
    }
}
