//! The handles that signalling holds: [`MediaPlane`] and [`CallMedia`].

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};

use tokio::sync::{mpsc, oneshot};

use super::ear::Attention;
use super::ports::Ports;
use super::recorder::{Recorder, RecordingPath};
use super::webrtc::{BrowserTransport, WebRtcFactory};
use super::worker::{self, CallKey, Command};
use super::{Clip, LegId, LegSpec, MediaConfig, MediaError, MediaEvent, WebRtcRole, rtp::RtpTransport};

/// Commands that may wait in a media thread's queue.
const COMMANDS: usize = 8192;

/// The media plane of this process. Clones are handles to the same one; its threads end when the
/// last handle and the last call are gone.
#[derive(Clone)]
pub struct MediaPlane {
    inner: Arc<Inner>,
}

struct Inner {
    workers: Vec<Worker>,
    ports: Ports,
    factory: WebRtcFactory,
    recorder: Recorder,
    next_call: AtomicU64,
}

struct Worker {
    commands: SyncSender<Command>,
    calls: Arc<AtomicUsize>,
}

impl MediaPlane {
    /// Starts the media threads and the recording writer.
    ///
    /// # Errors
    /// When a thread cannot be started or the recording folder cannot be created.
    pub fn start(config: MediaConfig) -> Result<Self, MediaError> {
        std::fs::create_dir_all(&config.recording_dir)?;
        let ports = Ports::new(config.bind_ip, config.external_ip, config.rtp_ports.clone());
        let recorder = Recorder::start(config.recording_dir.clone())?;
        let factory = WebRtcFactory::new()?;
        let mut workers = Vec::new();
        for index in 0..config.threads.max(1) {
            let (commands, queue) = sync_channel(COMMANDS);
            let calls = Arc::new(AtomicUsize::new(0));
            worker::spawn(index, queue, Arc::clone(&calls))?;
            workers.push(Worker { commands, calls });
        }
        Ok(Self {
            inner: Arc::new(Inner { workers, ports, factory, recorder, next_call: AtomicU64::new(1) }),
        })
    }

    /// Creates an empty call on the least busy thread. `call_id` names it in logs only; `events`
    /// receives what happens in it. An event that finds the channel full is dropped and logged,
    /// so give it room for a hundred or so.
    ///
    /// # Errors
    /// When the thread's command queue is full.
    pub fn create_call(
        &self,
        call_id: &str,
        events: mpsc::Sender<MediaEvent>,
    ) -> Result<CallMedia, MediaError> {
        let index = self
            .inner
            .workers
            .iter()
            .enumerate()
            .min_by_key(|(_, worker)| worker.calls.load(Ordering::Relaxed))
            .map_or(0, |(index, _)| index);
        let key = CallKey(self.inner.next_call.fetch_add(1, Ordering::Relaxed));
        let worker = &self.inner.workers[index];
        let call = CallMedia {
            inner: Arc::new(CallInner {
                plane: self.clone(),
                worker: index,
                key,
                call_id: call_id.to_owned(),
                next_play: AtomicU32::new(1),
                recording: Mutex::new(None),
            }),
        };
        // Counted before it is sent, so that the thread never counts down first.
        worker.calls.fetch_add(1, Ordering::Relaxed);
        let sent = call.send(Command::CreateCall { key, call_id: call_id.to_owned(), events });
        if sent.is_err() {
            worker.calls.fetch_sub(1, Ordering::Relaxed);
        }
        sent.map(|()| call)
    }

    /// Number of calls that exist now.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.inner.workers.iter().map(|worker| worker.calls.load(Ordering::Relaxed)).sum()
    }
}

/// The media of one call. Clones are handles to the same call; when the last one is dropped the
/// call ends as if [`CallMedia::end_call`] had been called.
#[derive(Clone)]
pub struct CallMedia {
    inner: Arc<CallInner>,
}

struct CallInner {
    plane: MediaPlane,
    worker: usize,
    key: CallKey,
    call_id: String,
    next_play: AtomicU32,
    recording: Mutex<Option<String>>,
}

impl Drop for CallInner {
    fn drop(&mut self) {
        let worker = &self.plane.inner.workers[self.worker];
        // A full queue must not leak a call: the command is retried off this thread, which may
        // be an async one and must not wait.
        if let Err(TrySendError::Full(command)) = worker.commands.try_send(Command::EndCall { key: self.key })
        {
            let commands = worker.commands.clone();
            std::thread::spawn(move || commands.send(command));
        }
    }
}

impl CallMedia {
    /// The name given at creation.
    #[must_use]
    pub fn call_id(&self) -> &str {
        &self.inner.call_id
    }

    /// Adds a plain RTP leg and returns the address to put into SDP. The leg neither hears nor is
    /// heard until gains are set.
    ///
    /// # Errors
    /// When no port is free or the command queue is full.
    pub fn add_rtp_leg(&self, spec: LegSpec) -> Result<SocketAddr, MediaError> {
        let (pair, local) = self.inner.plane.inner.ports.bind_pair()?;
        let transport = RtpTransport::new(pair, &spec);
        self.send(Command::AddRtpLeg { key: self.inner.key, spec, transport: Box::new(transport) })?;
        Ok(local)
    }

    /// Tells an RTP leg where its peer receives, and with which codec and digits; the source
    /// address is latched anew.
    ///
    /// # Errors
    /// When the command queue is full.
    pub fn set_remote(&self, spec: LegSpec) -> Result<(), MediaError> {
        self.send(Command::SetRemote { key: self.inner.key, spec })
    }

    /// Adds a browser leg and returns the local session description (offer or answer).
    ///
    /// # Errors
    /// When no port is free, the offer is unusable or the command queue is full.
    pub fn add_webrtc_leg(&self, leg: LegId, role: WebRtcRole) -> Result<String, MediaError> {
        let (transport, sdp) = self.browser(role)?;
        self.send(Command::AddWebRtcLeg { key: self.inner.key, leg, transport: Box::new(transport) })?;
        Ok(sdp)
    }

    /// Gives a leg a new browser connection (the page was reloaded, or the agent moved); its
    /// gains, prompts and the recording go on. Works for an RTP leg as well.
    ///
    /// # Errors
    /// When no port is free, the offer is unusable or the command queue is full.
    pub fn replace_webrtc_leg(&self, leg: LegId, role: WebRtcRole) -> Result<String, MediaError> {
        self.add_webrtc_leg(leg, role)
    }

    /// Hands the browser's answer to a leg that was added with [`WebRtcRole::Offer`].
    ///
    /// # Errors
    /// When the leg is unknown, the answer unusable or the call gone.
    pub async fn accept_webrtc_answer(&self, leg: LegId, sdp: String) -> Result<(), MediaError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::AcceptAnswer { key: self.inner.key, leg, sdp, reply })?;
        answer.await.map_err(|_| MediaError::CallGone)?
    }

    /// Answers a further offer of a browser on the same connection (hold, ICE restart).
    ///
    /// # Errors
    /// When the leg is unknown, the offer unusable or the call gone.
    pub async fn renegotiate_webrtc_leg(&self, leg: LegId, offer: String) -> Result<String, MediaError> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Renegotiate { key: self.inner.key, leg, sdp: offer, reply })?;
        answer.await.map_err(|_| MediaError::CallGone)?
    }

    /// Removes a leg and closes its sockets.
    ///
    /// # Errors
    /// When the command queue is full.
    pub fn remove_leg(&self, leg: LegId) -> Result<(), MediaError> {
        self.send(Command::RemoveLeg { key: self.inner.key, leg })
    }

    /// Sets how loud `to` hears `from`: 0.0 not at all, 1.0 unchanged, at most 4.0. May be set
    /// before the legs exist.
    ///
    /// # Errors
    /// When the command queue is full.
    pub fn set_gain(&self, from: LegId, to: LegId, gain: f32) -> Result<(), MediaError> {
        self.send(Command::SetGain { key: self.inner.key, from, to, gain })
    }

    /// Lets two legs hear each other.
    ///
    /// # Errors
    /// When the command queue is full.
    pub fn bridge(&self, a: LegId, b: LegId) -> Result<(), MediaError> {
        self.set_gain(a, b, 1.0)?;
        self.set_gain(b, a, 1.0)
    }

    /// Undoes [`CallMedia::bridge`].
    ///
    /// # Errors
    /// When the command queue is full.
    pub fn unbridge(&self, a: LegId, b: LegId) -> Result<(), MediaError> {
        self.set_gain(a, b, 0.0)?;
        self.set_gain(b, a, 0.0)
    }

    /// Silences what a leg says, for the others and the recording.
    ///
    /// # Errors
    /// When the command queue is full.
    pub fn mute(&self, leg: LegId, muted: bool) -> Result<(), MediaError> {
        self.send(Command::Mute { key: self.inner.key, leg, muted })
    }

    /// Puts the others on hold for this leg: whoever would hear it hears hold music, and it hears
    /// nobody.
    ///
    /// # Errors
    /// When the command queue is full.
    pub fn hold(&self, leg: LegId, held: bool) -> Result<(), MediaError> {
        self.send(Command::Hold { key: self.inner.key, leg, held })
    }

    /// Replaces the hold music of this call.
    ///
    /// # Errors
    /// When the command queue is full.
    pub fn set_hold_music(&self, clips: Vec<Clip>) -> Result<(), MediaError> {
        self.send(Command::SetHoldMusic { key: self.inner.key, clips })
    }

    /// Plays clips to one leg, once or in a loop, in place of what was being played to it. Other
    /// legs that it hears are mixed in. Returns the number that `PlayFinished` will carry.
    ///
    /// # Errors
    /// When the command queue is full.
    pub fn play(&self, leg: LegId, clips: Vec<Clip>, repeat: bool) -> Result<u32, MediaError> {
        self.play_to(Some(leg), clips, repeat)
    }

    /// Plays clips to every leg that exists now.
    ///
    /// # Errors
    /// When the command queue is full.
    pub fn play_all(&self, clips: Vec<Clip>, repeat: bool) -> Result<u32, MediaError> {
        self.play_to(None, clips, repeat)
    }

    /// Stops what is being played to a leg, without `PlayFinished`.
    ///
    /// # Errors
    /// When the command queue is full.
    pub fn stop_play(&self, leg: LegId) -> Result<(), MediaError> {
        self.send(Command::StopPlay { key: self.inner.key, leg })
    }

    /// Sends digits to a leg's peer (RFC 4733, or tones when it has no telephone events). Other
    /// characters than digits, `*`, `#` and `A`–`D` are left out.
    ///
    /// # Errors
    /// When the command queue is full.
    pub fn send_dtmf(&self, leg: LegId, digits: &str) -> Result<(), MediaError> {
        self.send(Command::SendDtmf { key: self.inner.key, leg, digits: digits.to_owned() })
    }

    /// Listens to what a leg says and reports it once, with [`MediaEvent::LegSpoke`]; none no longer listens.
    ///
    /// # Errors
    /// When the command queue is full.
    pub fn attend(&self, leg: LegId, attention: Option<Attention>) -> Result<(), MediaError> {
        self.send(Command::Attend { key: self.inner.key, leg, attention })
    }

    /// Reports once, with [`MediaEvent::LegQuiet`], when a leg has said nothing for this long; 0 no
    /// longer watches.
    ///
    /// # Errors
    /// When the command queue is full.
    pub fn watch_quiet(&self, leg: LegId, quiet_ms: u32) -> Result<(), MediaError> {
        self.send(Command::WatchQuiet { key: self.inner.key, leg, quiet_ms })
    }

    /// Starts recording: the left channel is what `citizen` says, the right one what it hears and what the
    /// others say to each other.
    /// `date` is the local day `YYYY-MM-DD` (or `YYYY/MM/DD`) that the file is filed under. A
    /// call has one recording at a time; starting another stops the one before.
    ///
    /// # Errors
    /// When id or date are not usable in a path, or the command queue is full. A disk that fails
    /// later is reported by [`MediaEvent::RecordingFailed`].
    pub fn start_recording(&self, recording_id: &str, date: &str, citizen: LegId) -> Result<(), MediaError> {
        let path = RecordingPath::new(recording_id, date)?;
        let recorder = self.inner.plane.inner.recorder.clone();
        self.send(Command::StartRecording { key: self.inner.key, path, citizen, recorder })?;
        *self.inner.recording.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) =
            Some(recording_id.to_owned());
        Ok(())
    }

    /// Tells the recording that the citizen is now another leg.
    ///
    /// # Errors
    /// When the command queue is full.
    pub fn set_recorded_leg(&self, citizen: LegId) -> Result<(), MediaError> {
        self.send(Command::SetRecordedLeg { key: self.inner.key, citizen })
    }

    /// The recording that was started last and not stopped.
    #[must_use]
    pub fn recording_id(&self) -> Option<String> {
        self.inner.recording.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    /// Stops the recording; `RecordingStopped` follows when it is on disk.
    ///
    /// # Errors
    /// When the command queue is full.
    pub fn stop_recording(&self) -> Result<(), MediaError> {
        self.send(Command::StopRecording { key: self.inner.key })?;
        *self.inner.recording.lock().unwrap_or_else(|poisoned| poisoned.into_inner()) = None;
        Ok(())
    }

    /// Ends the call: legs are removed, the recording is stopped and finished.
    ///
    /// # Errors
    /// When the command queue is full; dropping the handles then ends the call nevertheless.
    pub fn end_call(&self) -> Result<(), MediaError> {
        self.send(Command::EndCall { key: self.inner.key })
    }

    fn play_to(&self, leg: Option<LegId>, clips: Vec<Clip>, repeat: bool) -> Result<u32, MediaError> {
        let play = self.inner.next_play.fetch_add(1, Ordering::Relaxed);
        self.send(Command::Play { key: self.inner.key, leg, clips, repeat, play })?;
        Ok(play)
    }

    fn browser(&self, role: WebRtcRole) -> Result<(BrowserTransport, String), MediaError> {
        let plane = &self.inner.plane.inner;
        let (socket, candidates) = plane.ports.bind_single()?;
        plane.factory.create(socket, &candidates, role)
    }

    fn send(&self, command: Command) -> Result<(), MediaError> {
        self.inner.plane.inner.workers[self.inner.worker].commands.try_send(command).map_err(|error| {
            match error {
                TrySendError::Full(_) => MediaError::Overloaded,
                TrySendError::Disconnected(_) => MediaError::CallGone,
            }
        })
    }
}
