//! One call: its legs, who hears whom, and the tap of the recording.

use std::time::Instant;

use ::media::clip::{Clip, Player};
use ::media::codec::{Codec, Frame};
use ::media::detect::loudness;
use ::media::jitter::Popped;
use ::media::mixer::{Gain, GainMatrix, mix};
use tokio::sync::mpsc;

use super::ear::{Attention, Ear};
use super::leg::{Leg, Transport};
use super::recorder::{Recorder, RecordingPath, Tap};
use super::webrtc::BrowserTransport;
use super::{LegId, LegSpec, MediaError, MediaEvent, prompts};

/// A conference of a few legs.
pub(super) struct Call {
    call_id: String,
    events: mpsc::Sender<MediaEvent>,
    legs: Vec<Leg>,
    gains: GainMatrix,
    hold_music: Vec<Clip>,
    tap: Option<Tap>,
    noticed: Vec<MediaEvent>,
    quiet: Option<Quiet>,
    ear: Option<Ear>,
}

/// Waits for a leg to say nothing.
struct Quiet {
    leg: LegId,
    frames: u32,
    wanted: u32,
}

/// What counts as saying nothing, as a share of full scale.
const WHISPER: f64 = 0.005;
/// What counts as a pause in what is said to the robot: a line's own noise is louder than nothing.
const SOFTLY: f64 = 0.01;

impl Call {
    pub fn new(call_id: String, events: mpsc::Sender<MediaEvent>) -> Self {
        Self {
            call_id,
            events,
            legs: Vec::new(),
            gains: GainMatrix::default(),
            hold_music: vec![prompts::HOLD_MUSIC.into()],
            tap: None,
            noticed: Vec::new(),
            quiet: None,
            ear: None,
        }
    }

    /// Adds a leg, or gives an existing one a new connection.
    pub fn connect(&mut self, id: LegId, transport: Transport, now: Instant, now_ms: u64) {
        match self.leg(id) {
            Some(leg) => leg.replace(transport, now, now_ms),
            None => self.legs.push(Leg::new(id, transport, now_ms)),
        }
    }

    pub fn agree(&mut self, spec: &LegSpec) {
        if let Some(leg) = self.leg(spec.leg) {
            leg.agree(spec);
        }
    }

    /// Runs `act` on a browser leg's connection.
    pub fn negotiate<T>(
        &mut self,
        id: LegId,
        act: impl FnOnce(&mut BrowserTransport) -> Result<T, MediaError>,
    ) -> Result<T, MediaError> {
        let leg = self.leg(id).ok_or(MediaError::UnknownLeg(id))?;
        let done = act(leg.browser().ok_or(MediaError::UnknownLeg(id))?);
        leg.adopt();
        done
    }

    pub fn remove(&mut self, id: LegId, now: Instant) {
        if let Some(at) = self.legs.iter().position(|leg| leg.id == id) {
            let mut leg = self.legs.remove(at);
            leg.close(now);
            self.gains.remove(id.0);
            self.tell(MediaEvent::LegRemoved { leg: id, stats: leg.stats() });
        }
    }

    pub fn set_gain(&mut self, from: LegId, to: LegId, gain: f32) {
        self.gains.set(from.0, to.0, Gain::from_factor(gain));
    }

    pub fn mute(&mut self, id: LegId, muted: bool) {
        if let Some(leg) = self.leg(id) {
            leg.muted = muted;
        }
    }

    pub fn hold(&mut self, id: LegId, held: bool) {
        if let Some(leg) = self.leg(id) {
            leg.held = held;
        }
    }

    pub fn set_hold_music(&mut self, clips: Vec<Clip>) {
        self.hold_music = clips;
    }

    pub fn play(&mut self, id: Option<LegId>, clips: &[Clip], repeat: bool, play: u32) {
        for leg in self.legs.iter_mut().filter(|leg| id.is_none_or(|id| leg.id == id)) {
            leg.play(Player::new(clips.to_vec(), repeat), play);
        }
    }

    pub fn stop_play(&mut self, id: LegId) {
        if let Some(leg) = self.leg(id) {
            leg.stop_play();
        }
    }

    pub fn send_digits(&mut self, id: LegId, digits: &str) {
        if let Some(leg) = self.leg(id) {
            leg.send_digits(digits);
        }
    }

    pub fn start_recording(&mut self, path: RecordingPath, citizen: LegId, recorder: Recorder) {
        self.tap = Some(recorder.open(path, citizen, self.events.clone()));
    }

    pub fn set_recorded_leg(&mut self, citizen: LegId) {
        if let Some(tap) = &mut self.tap {
            tap.citizen = citizen;
        }
    }

    pub fn stop_recording(&mut self) {
        self.tap = None;
    }

    pub fn watch_quiet(&mut self, leg: LegId, quiet_ms: u32) {
        self.quiet = (quiet_ms > 0).then_some(Quiet { leg, frames: 0, wanted: quiet_ms / 20 });
    }

    pub fn attend(&mut self, leg: LegId, attention: Option<Attention>) {
        self.ear = attention.map(|attention| Ear::new(leg, attention));
    }

    fn listen_to_words(&mut self) {
        let Some(ear) = &mut self.ear else { return };
        let Some(leg) = self.legs.iter().find(|leg| leg.id == ear.leg) else { return };
        let is_silent = leg.muted || leg.popped == Popped::Silence || loudness(&leg.input.samples()) < SOFTLY;
        if let Some(sound) = ear.hear(&leg.input.to_codec(Codec::Pcma).bytes, is_silent) {
            self.noticed.push(MediaEvent::LegSpoke { leg: ear.leg, sound: sound.into() });
            self.ear = None;
        }
    }

    fn listen_for_quiet(&mut self) {
        let Some(quiet) = &mut self.quiet else { return };
        let Some(leg) = self.legs.iter().find(|leg| leg.id == quiet.leg) else { return };
        let silent = leg.popped == Popped::Silence || loudness(&leg.input.samples()) < WHISPER;
        quiet.frames = if silent { quiet.frames + 1 } else { 0 };
        if quiet.frames >= quiet.wanted {
            self.noticed.push(MediaEvent::LegQuiet { leg: quiet.leg });
            self.quiet = None;
        }
    }

    pub fn end(mut self, now: Instant) {
        self.tap = None;
        while let Some(id) = self.legs.last().map(|leg| leg.id) {
            self.remove(id, now);
        }
    }

    /// Between ticks only browsers are served: their handshakes count round trips.
    pub fn serve_browsers(&mut self, now: Instant, now_ms: u64) {
        for leg in self.legs.iter_mut().filter(|leg| leg.is_browser()) {
            leg.receive(now, now_ms);
        }
    }

    /// Twenty milliseconds of the call.
    pub fn tick(&mut self, tick: u64, now: Instant, now_ms: u64) {
        for leg in &mut self.legs {
            leg.receive(now, now_ms);
        }
        for leg in &mut self.legs {
            leg.listen(now_ms, &mut self.noticed);
        }
        self.listen_for_quiet();
        self.listen_to_words();
        let mut left = Frame::silence(Codec::Pcma);
        let mut right = left;
        for at in 0..self.legs.len() {
            let heard = self.heard_by(at);
            let leg = &mut self.legs[at];
            if let Some(tap) = &self.tap
                && tap.citizen == leg.id
            {
                if !leg.muted {
                    left = leg.input.to_codec(Codec::Pcma);
                }
                right = heard.to_codec(Codec::Pcma);
            }
            leg.send(&heard, now, now_ms);
            leg.report(tick, now_ms);
        }
        if let Some(apart) = self.said_apart() {
            right = mix(&[(&right, Gain::UNITY), (&apart, Gain::UNITY)], Codec::Pcma);
        }
        if let Some(tap) = &mut self.tap {
            tap.push(&left, &right);
        }
        for event in std::mem::take(&mut self.noticed) {
            self.tell(event);
        }
    }

    /// What a leg hears: prompt or hold music, and the legs that the matrix lets through.
    fn heard_by(&mut self, listener: usize) -> Frame {
        let (id, held, codec) = {
            let leg = &self.legs[listener];
            (leg.id, leg.held, leg.codec())
        };
        let gains = &self.gains;
        let audible = |leg: &Leg| !held && gains.get(leg.id.0, id.0) > Gain::ZERO;
        let on_hold = self.legs.iter().any(|leg| leg.held && audible(leg));
        let prompt = self.legs[listener].prompt(&mut self.noticed);
        let hold_music = &self.hold_music;
        let music = self.legs[listener]
            .music(on_hold, || Player::new(hold_music.clone(), true))
            .filter(|_| prompt.is_none());
        let mut sources: Vec<(&Frame, Gain)> = Vec::with_capacity(self.legs.len() + 1);
        sources.extend(prompt.iter().chain(music.iter()).map(|frame| (frame, Gain::UNITY)));
        for leg in self.legs.iter().filter(|leg| audible(leg)) {
            if !leg.muted && !leg.held && leg.popped != Popped::Silence {
                sources.push((&leg.input, gains.get(leg.id.0, id.0)));
            }
        }
        mix(&sources, codec)
    }

    /// What two say to each other without the citizen hearing either, while somebody is asked; it is recorded
    /// beside what the citizen hears. Whispering is not, nor a supervisor who listens.
    fn said_apart(&self) -> Option<Frame> {
        let citizen = self.tap.as_ref()?.citizen;
        let heard = |from: &Leg, to: LegId| self.gains.get(from.id.0, to.0) > Gain::ZERO;
        let apart = |leg: &Leg| leg.id != citizen && !heard(leg, citizen);
        let talks = |leg: &Leg| {
            self.legs.iter().any(|other| apart(other) && heard(leg, other.id) && heard(other, leg.id))
        };
        let apart: Vec<(&Frame, Gain)> = self
            .legs
            .iter()
            .filter(|leg| !leg.muted && !leg.held && leg.popped != Popped::Silence)
            .filter(|leg| apart(leg) && talks(leg))
            .map(|leg| (&leg.input, Gain::UNITY))
            .collect();
        (!apart.is_empty()).then(|| mix(&apart, Codec::Pcma))
    }

    fn leg(&mut self, id: LegId) -> Option<&mut Leg> {
        self.legs.iter_mut().find(|leg| leg.id == id)
    }

    fn tell(&self, event: MediaEvent) {
        if let Err(mpsc::error::TrySendError::Full(event)) = self.events.try_send(event) {
            tracing::warn!(call_id = self.call_id, ?event, "media event dropped: nobody reads");
        }
    }
}
