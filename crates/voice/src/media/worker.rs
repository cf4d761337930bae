//! A media thread: commands in, ticks on an absolute schedule.

use std::collections::HashMap;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::call::Call;
use super::ear::Attention;
use super::leg::Transport;
use super::recorder::{Recorder, RecordingPath};
use super::rtp::RtpTransport;
use super::webrtc::BrowserTransport;
use super::{Clip, LegId, LegSpec, MediaError, MediaEvent, ambient};

/// Length of a tick.
const TICK: Duration = Duration::from_millis(20);
/// How often commands and browsers are looked after between ticks.
const STEP: Duration = Duration::from_millis(5);
/// Ticks missed beyond this (a suspended machine) are skipped instead of caught up.
const MAX_LAG: Duration = Duration::from_millis(500);

/// Identifies a call within the media plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct CallKey(pub u64);

/// What signalling asks of a media thread.
pub(super) enum Command {
    CreateCall { key: CallKey, call_id: String, events: mpsc::Sender<MediaEvent> },
    AddRtpLeg { key: CallKey, spec: LegSpec, transport: Box<RtpTransport> },
    SetRemote { key: CallKey, spec: LegSpec },
    AddWebRtcLeg { key: CallKey, leg: LegId, transport: Box<BrowserTransport> },
    AcceptAnswer { key: CallKey, leg: LegId, sdp: String, reply: Reply<()> },
    Renegotiate { key: CallKey, leg: LegId, sdp: String, reply: Reply<String> },
    RemoveLeg { key: CallKey, leg: LegId },
    SetGain { key: CallKey, from: LegId, to: LegId, gain: f32 },
    Mute { key: CallKey, leg: LegId, muted: bool },
    Hold { key: CallKey, leg: LegId, held: bool },
    SetHoldMusic { key: CallKey, clips: Vec<Clip> },
    Play { key: CallKey, leg: Option<LegId>, clips: Vec<Clip>, repeat: bool, play: u32 },
    StopPlay { key: CallKey, leg: LegId },
    SendDtmf { key: CallKey, leg: LegId, digits: String },
    StartRecording { key: CallKey, path: RecordingPath, citizen: LegId, recorder: Recorder },
    SetRecordedLeg { key: CallKey, citizen: LegId },
    StopRecording { key: CallKey },
    Attend { key: CallKey, leg: LegId, attention: Option<Attention> },
    WatchQuiet { key: CallKey, leg: LegId, quiet_ms: u32 },
    EndCall { key: CallKey },
}

/// Where the outcome of a command goes that has one.
pub(super) type Reply<T> = oneshot::Sender<Result<T, MediaError>>;

/// Starts a media thread; it ends when all senders of `queue` and all calls are gone.
pub(super) fn spawn(index: usize, queue: Receiver<Command>, count: Arc<AtomicUsize>) -> io::Result<()> {
    std::thread::Builder::new()
        .name(format!("media-{index}"))
        .spawn(move || Worker { calls: HashMap::new(), count, start: ambient::now() }.run(&queue))?;
    Ok(())
}

struct Worker {
    calls: HashMap<CallKey, Call>,
    count: Arc<AtomicUsize>,
    start: Instant,
}

impl Worker {
    fn run(mut self, queue: &Receiver<Command>) {
        let mut tick = 0;
        let mut due = ambient::now();
        loop {
            if self.calls.is_empty() {
                // Nothing to pace: wait for work without waking up.
                let Ok(command) = queue.recv() else { return };
                self.obey(command);
                due = ambient::now();
            }
            loop {
                match queue.try_recv() {
                    Ok(command) => self.obey(command),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return self.end_all(),
                }
            }
            let now = ambient::now();
            if now >= due {
                self.each(|call, now, now_ms| call.tick(tick, now, now_ms));
                tick += 1;
                due += TICK;
                if ambient::now() > due + MAX_LAG {
                    tracing::warn!("audio fell behind by more than {MAX_LAG:?}; ticks are skipped");
                    due = ambient::now() + TICK;
                }
            } else {
                self.each(|call, now, now_ms| call.serve_browsers(now, now_ms));
            }
            let now = ambient::now();
            if due > now {
                std::thread::sleep((due - now).min(STEP));
            }
        }
    }

    /// Runs `act` on every call; a call that panics is dropped and the others go on.
    fn each(&mut self, mut act: impl FnMut(&mut Call, Instant, u64)) {
        let now = ambient::now();
        let now_ms = self.now_ms(now);
        let count = &self.count;
        self.calls.retain(|key, call| {
            let sound = catch_unwind(AssertUnwindSafe(|| act(call, now, now_ms))).is_ok();
            if !sound {
                tracing::error!(?key, "a call's media panicked and was dropped");
                count.fetch_sub(1, Ordering::Relaxed);
            }
            sound
        });
    }

    fn obey(&mut self, command: Command) {
        let now = ambient::now();
        let now_ms = self.now_ms(now);
        match command {
            Command::CreateCall { key, call_id, events } => {
                self.calls.insert(key, Call::new(call_id, events));
            }
            Command::EndCall { key } => {
                if let Some(call) = self.calls.remove(&key) {
                    self.count.fetch_sub(1, Ordering::Relaxed);
                    call.end(now);
                }
            }
            Command::AddRtpLeg { key, spec, transport } => self.with(key, |call| {
                call.connect(spec.leg, Transport::Rtp(transport), now, now_ms);
            }),
            Command::AddWebRtcLeg { key, leg, transport } => self.with(key, |call| {
                call.connect(leg, Transport::Browser(transport), now, now_ms);
            }),
            Command::SetRemote { key, spec } => self.with(key, |call| call.agree(&spec)),
            // A dropped reply means that the call is gone; whoever asked may be gone as well.
            Command::AcceptAnswer { key, leg, sdp, reply } => self.with(key, |call| {
                let _ = reply.send(call.negotiate(leg, |browser| browser.accept_answer(&sdp)));
            }),
            Command::Renegotiate { key, leg, sdp, reply } => self.with(key, |call| {
                let _ = reply.send(call.negotiate(leg, |browser| browser.answer(&sdp)));
            }),
            Command::RemoveLeg { key, leg } => self.with(key, |call| call.remove(leg, now)),
            Command::SetGain { key, from, to, gain } => {
                self.with(key, |call| call.set_gain(from, to, gain));
            }
            Command::Mute { key, leg, muted } => self.with(key, |call| call.mute(leg, muted)),
            Command::Hold { key, leg, held } => self.with(key, |call| call.hold(leg, held)),
            Command::SetHoldMusic { key, clips } => {
                self.with(key, |call| call.set_hold_music(clips));
            }
            Command::Play { key, leg, clips, repeat, play } => {
                self.with(key, |call| call.play(leg, &clips, repeat, play));
            }
            Command::StopPlay { key, leg } => self.with(key, |call| call.stop_play(leg)),
            Command::SendDtmf { key, leg, digits } => {
                self.with(key, |call| call.send_digits(leg, &digits));
            }
            Command::StartRecording { key, path, citizen, recorder } => {
                self.with(key, |call| call.start_recording(path, citizen, recorder));
            }
            Command::SetRecordedLeg { key, citizen } => {
                self.with(key, |call| call.set_recorded_leg(citizen));
            }
            Command::StopRecording { key } => self.with(key, Call::stop_recording),
            Command::Attend { key, leg, attention } => self.with(key, |call| call.attend(leg, attention)),
            Command::WatchQuiet { key, leg, quiet_ms } => {
                self.with(key, |call| call.watch_quiet(leg, quiet_ms))
            }
        }
    }

    fn with(&mut self, key: CallKey, act: impl FnOnce(&mut Call)) {
        if let Some(call) = self.calls.get_mut(&key) {
            act(call);
        }
    }

    fn end_all(mut self) {
        for (_, call) in self.calls.drain() {
            call.end(ambient::now());
        }
    }

    fn now_ms(&self, now: Instant) -> u64 {
        now.duration_since(self.start).as_millis() as u64
    }
}
