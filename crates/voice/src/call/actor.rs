//! The task of a call: it owns both legs, the sound, the timers and the record.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ::sip::sdp;
use kernel::Audience;
use serde::Serialize;
use tokio::sync::mpsc;
use utoipa::ToSchema;

use super::record::{CallRow, EventRow, Record, RecordingEnd, RecordingRow};
use super::state::{Attempt, CallState, Effect, Input, Note, Outcome, Phase, Sound};
use crate::core::Core;
use crate::desk::Joining;
use crate::media::{CallMedia, Codec, LegId, LegSpec, MediaError, MediaEvent, WebRtcRole};
use crate::pop::{Pop, Prefetch};
use crate::sip_port::{IncomingCall, Invitation, LegEvent, OfferReply, Origin, SipLeg};
use crate::sounds;

/// Messages that may wait for a call.
const MAILBOX: usize = 256;
/// The citizen's leg in the call's media.
const CITIZEN: LegId = LegId(1);
/// How long the end of a recording is waited for.
const RECORDING_WAIT: Duration = Duration::from_secs(15);

/// Whose leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The citizen's.
    Citizen,
    /// An agent's.
    Agent(Attempt),
}

/// What a call is told.
#[derive(Debug)]
pub enum CallMessage {
    /// An input for its rules.
    Input(Input),
    /// Something on a leg.
    Leg(Side, LegEvent),
}

/// A call as screens are told.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CallView {
    /// Id of the call.
    pub call_id: String,
    /// `greeting`, `queued`, `ringing`, `talking`, `held`, `agent_lost`, `farewell`, `ended`.
    pub state: String,
    /// The citizen's number; masked where the reader's role says so.
    pub caller: String,
    /// The number, masked.
    pub caller_masked: String,
    /// The seat that rings or talks.
    pub seat_no: Option<String>,
    /// When the call came, epoch milliseconds.
    pub started_at: i64,
    /// When an agent answered.
    pub answered_at: Option<i64>,
    /// Whether the citizen is on hold.
    pub held: bool,
    /// The citizen's file.
    pub contact_id: Option<String>,
}

/// Reaches a call. Clones reach the same one.
#[derive(Clone)]
pub struct CallHandle {
    mailbox: mpsc::Sender<CallMessage>,
    view: Arc<Mutex<CallView>>,
}

impl CallHandle {
    /// Hands a message over without waiting.
    pub fn send(&self, message: CallMessage) {
        if let Err(mpsc::error::TrySendError::Full(message)) = self.mailbox.try_send(message) {
            let mailbox = self.mailbox.clone();
            tokio::spawn(async move { mailbox.send(message).await });
        }
    }

    /// Returns how the call stands.
    #[must_use]
    pub fn view(&self) -> CallView {
        self.view.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

struct Leg {
    sip: SipLeg,
    media: LegId,
    seat: String,
}

/// How the citizen's telephone was agreed with.
struct Plain {
    spec: LegSpec,
    local: sdp::Local,
}

struct Actor {
    core: Arc<Core>,
    row: CallRow,
    state: CallState,
    media: CallMedia,
    citizen: SipLeg,
    /// None for a browser.
    plain: Option<Plain>,
    legs: HashMap<Attempt, Leg>,
    playing: Option<(u32, Sound)>,
    notes: i64,
    prefetch: Prefetch,
    handle: CallHandle,
    outcome: Option<Outcome>,
    recording: Option<RecordingEnd>,
    citizen_holds: bool,
    told: Option<(&'static str, Option<String>)>,
}

/// Takes an incoming call: answers it and starts its task, or refuses it.
pub fn take(core: &Arc<Core>, call: IncomingCall) {
    let core = core.clone();
    tokio::spawn(async move {
        let leg = call.leg;
        if let Err(code) = run(&core, call).await {
            core.port.reject(leg, code);
        }
    });
}

async fn run(core: &Arc<Core>, call: IncomingCall) -> Result<(), u16> {
    let id = kernel::id::new_id();
    let (mailbox, inbox) = mpsc::channel(MAILBOX);
    let (media_events, media_inbox) = mpsc::channel(MAILBOX);
    let now = core.kit.now().0;
    let handle = CallHandle {
        mailbox,
        view: Arc::new(Mutex::new(CallView {
            call_id: id.clone(),
            state: "greeting".to_owned(),
            caller: call.caller.clone(),
            caller_masked: contract::contacts::mask_phone(&call.caller),
            seat_no: None,
            started_at: now,
            answered_at: None,
            held: false,
            contact_id: None,
        })),
    };
    if !core.desk.add_call(&id, handle.clone(), core.config.call_limit) {
        tracing::warn!(limit = core.config.call_limit, "a call was refused: the house is full");
        return Err(486);
    }
    let media = match core.media.create_call(&id, media_events) {
        Ok(media) => media,
        Err(error) => {
            core.desk.remove_call(&id);
            tracing::error!(%error, "a call was refused: no media");
            return Err(503);
        }
    };
    let (answer, plain) = match connect(&media, &call.offer, now) {
        Ok(connected) => connected,
        Err(code) => {
            core.desk.remove_call(&id);
            return Err(code);
        }
    };
    let row = CallRow {
        id: id.clone(),
        origin: match &call.origin {
            Origin::Trunk(name) => format!("trunk:{name}"),
            Origin::Portal(_) => "portal".to_owned(),
        },
        caller: call.caller.clone(),
        called: call.called,
        started_at: now,
        answered_at: None,
        ended_at: None,
        seat_no: None,
        agent_id: None,
        agent_name: None,
        contact_id: None,
        result: None,
        hung_up_by: None,
        waited_ms: 0,
        talked_ms: 0,
        recording_id: None,
    };
    let mut actor = Actor {
        prefetch: Prefetch::start(core.clone(), call.caller),
        core: core.clone(),
        row,
        state: CallState::new(i64::from(core.config.grace_secs) * 1000, core.config.greeting),
        media,
        citizen: call.leg,
        plain,
        legs: HashMap::new(),
        playing: None,
        notes: 0,
        handle: handle.clone(),
        outcome: None,
        recording: None,
        citizen_holds: false,
        told: None,
    };
    forward(call.events, handle, Side::Citizen);
    actor.start_recording();
    actor.write(Record::Call(Box::new(actor.row.clone())));
    actor.note("started", "");
    core.port.answer(call.leg, answer);
    actor.live(inbox, media_inbox).await;
    Ok(())
}

/// Opens the citizen's media; returns our answer.
fn connect(media: &CallMedia, offer: &str, now: i64) -> Result<(String, Option<Plain>), u16> {
    let refused = |error: &dyn std::fmt::Display, code: u16| {
        tracing::info!(%error, code, "a session description was refused");
        code
    };
    let description = sdp::Description::parse(offer).map_err(|error| refused(&error, 488))?;
    let (_, stream) = description.audio().map_err(|error| refused(&error, 488))?;
    if stream.is_webrtc() {
        let role = WebRtcRole::Answer { remote_sdp: offer.to_owned() };
        return media
            .add_webrtc_leg(CITIZEN, role)
            .map(|answer| (answer, None))
            .map_err(|error| refused(&error, if matches!(error, MediaError::Sdp(_)) { 488 } else { 503 }));
    }
    let agreed = sdp::agree(&description).map_err(|error| refused(&error, 488))?;
    let spec = spec(&agreed);
    let local = media.add_rtp_leg(spec.clone()).map_err(|error| refused(&error, 503))?;
    let local = sdp::Local {
        address: local.ip(),
        port: local.port(),
        session_id: u64::try_from(now).unwrap_or(1),
        version: 1,
    };
    Ok((sdp::answer(&description, &agreed, &local), Some(Plain { spec, local })))
}

fn spec(agreed: &sdp::Agreed) -> LegSpec {
    LegSpec {
        leg: CITIZEN,
        codec: match agreed.law {
            sdp::Law::A => Codec::Pcma,
            sdp::Law::Mu => Codec::Pcmu,
        },
        dtmf_payload_type: agreed.event_payload_type,
        remote: Some(SocketAddr::new(agreed.remote_address, agreed.remote_port))
            .filter(|remote| !remote.ip().is_unspecified() && remote.port() != 0),
    }
}

/// Brings a leg's events to the call's mailbox.
fn forward(mut events: mpsc::Receiver<LegEvent>, handle: CallHandle, side: Side) {
    tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            if handle.mailbox.send(CallMessage::Leg(side, event)).await.is_err() {
                return;
            }
        }
    });
}

impl Actor {
    async fn live(mut self, mut inbox: mpsc::Receiver<CallMessage>, mut sound: mpsc::Receiver<MediaEvent>) {
        self.apply(Input::Started).await;
        while self.outcome.is_none() {
            let now = self.core.kit.now().0;
            let pause_ms = self.state.deadline().map_or(60_000, |at| (at - now).clamp(0, 60_000));
            let pause = Duration::from_millis(u64::try_from(pause_ms).unwrap_or(0));
            tokio::select! {
                message = inbox.recv() => match message {
                    Some(CallMessage::Input(input)) => self.apply(input).await,
                    Some(CallMessage::Leg(side, event)) => self.leg(side, event).await,
                    None => self.apply(Input::HangUp).await,
                },
                event = sound.recv() => if let Some(event) = event { self.media_event(event).await },
                () = tokio::time::sleep(pause) => self.apply(Input::Tick).await,
            }
        }
        self.finish(sound).await;
        // Legs whose events crossed the end are ended when their events arrive.
        inbox.close();
        while let Some(message) = inbox.recv().await {
            if let CallMessage::Leg(Side::Agent(attempt), LegEvent::Answered { .. }) = message
                && let Some(leg) = self.legs.remove(&attempt)
            {
                self.core.port.hang_up(leg.sip);
            }
        }
    }

    async fn apply(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            let lost = matches!(input, Input::AgentLost(_));
            let effects = self.state.apply(input, self.core.kit.now().0);
            for effect in effects {
                if let Some(input) = self.carry_out(effect).await {
                    inputs.push_back(input);
                }
            }
            // The page may have come back on a new connection before the old one was missed.
            if lost
                && let Phase::AgentLost { seat, attempt: None } = self.state.phase()
                && self.core.port.is_reachable(seat)
            {
                inputs.push_back(Input::PhoneBack { seat: seat.clone() });
            }
        }
        self.tell();
    }

    async fn carry_out(&mut self, effect: Effect) -> Option<Input> {
        let call = || acd::CallKey::from(self.row.id.as_str());
        match effect {
            Effect::Play(sound) => self.play(sound),
            Effect::Silence => {
                self.playing = None;
                self.media_done(self.media.stop_play(CITIZEN));
            }
            Effect::Enqueue => self.core.desk.enqueue(Joining {
                call_id: self.row.id.clone(),
                caller: self.row.caller.clone(),
                called: self.row.called.clone(),
                ..Joining::default()
            }),
            Effect::Abandon => self.core.desk.apply(acd::Input::Abandon { call: call() }),
            Effect::Return => self.core.desk.apply(acd::Input::Return { call: call() }),
            Effect::Rung(seat) => {
                self.core.desk.apply(acd::Input::Rung { seat: seat.as_str().into(), call: call() });
            }
            Effect::Accepted(seat) => {
                self.core.desk.apply(acd::Input::Accepted { seat: seat.as_str().into(), call: call() });
            }
            Effect::Rejected(seat) => {
                self.core.desk.apply(acd::Input::Rejected { seat: seat.as_str().into(), call: call() });
            }
            Effect::Pop(seat) => self.pop(&seat).await,
            Effect::Invite { seat, attempt } => return self.invite(seat, attempt),
            Effect::Drop(attempt) => {
                if let Some(leg) = self.legs.remove(&attempt) {
                    self.core.port.hang_up(leg.sip);
                    self.media_done(self.media.remove_leg(leg.media));
                }
            }
            Effect::Bridge(attempt) => {
                if let Some(leg) = self.legs.get(&attempt) {
                    self.media_done(self.media.bridge(CITIZEN, leg.media));
                }
            }
            Effect::Hold(attempt, hold) => {
                if let Some(leg) = self.legs.get(&attempt) {
                    self.media_done(self.media.hold(leg.media, hold));
                }
            }
            Effect::HangUpCitizen => self.core.port.hang_up(self.citizen),
            Effect::Note(note) => self.take_note(&note),
            Effect::Finish(outcome) => self.outcome = Some(outcome),
        }
        None
    }

    fn invite(&mut self, seat: String, attempt: Attempt) -> Option<Input> {
        let media = LegId(CITIZEN.0 + attempt);
        let offer = match self.media.add_webrtc_leg(media, WebRtcRole::Offer) {
            Ok(offer) => offer,
            Err(error) => {
                tracing::error!(call = self.row.id, %error, "no media for an agent's leg");
                return Some(Input::Failed(attempt, 500));
            }
        };
        let (sip, events) = self.core.port.invite(Invitation {
            seat: seat.clone(),
            caller: self.caller_for(&seat),
            call_id: self.row.id.clone(),
            offer,
        });
        self.legs.insert(attempt, Leg { sip, media, seat });
        forward(events, self.handle.clone(), Side::Agent(attempt));
        None
    }

    async fn leg(&mut self, side: Side, event: LegEvent) {
        match (side, event) {
            (Side::Citizen, LegEvent::Ended | LegEvent::FlowLost | LegEvent::Failed { .. }) => {
                self.apply(Input::CitizenEnded).await;
            }
            (Side::Citizen, LegEvent::Ringing | LegEvent::Answered { .. }) => {}
            (Side::Agent(attempt), LegEvent::Ringing) => self.apply(Input::Ringing(attempt)).await,
            (Side::Agent(attempt), LegEvent::Answered { sdp }) => self.agent_answered(attempt, sdp).await,
            (Side::Agent(attempt), LegEvent::Failed { code }) => {
                self.apply(Input::Failed(attempt, code)).await
            }
            (Side::Agent(attempt), LegEvent::Ended) => self.apply(Input::AgentEnded(attempt)).await,
            (Side::Agent(attempt), LegEvent::FlowLost) => self.apply(Input::AgentLost(attempt)).await,
            (side, LegEvent::Digit(digit)) => self.digit(side, digit),
            (side, LegEvent::Offer { sdp, reply }) => self.further_offer(side, sdp, reply).await,
        }
    }

    async fn agent_answered(&mut self, attempt: Attempt, sdp: String) {
        let Some(leg) = self.legs.get(&attempt) else { return };
        match self.media.accept_webrtc_answer(leg.media, sdp).await {
            Ok(()) => self.apply(Input::Answered(attempt)).await,
            Err(error) => {
                tracing::warn!(call = self.row.id, seat = leg.seat, %error, "the telephone's answer is unusable");
                self.apply(Input::Failed(attempt, 488)).await;
            }
        }
    }

    async fn further_offer(&mut self, side: Side, offer: String, reply: OfferReply) {
        let answer = match (side, &mut self.plain) {
            (Side::Citizen, Some(plain)) => {
                let answered = sdp::Description::parse(&offer).and_then(|description| {
                    let agreed = sdp::agree(&description)?;
                    plain.spec = spec(&agreed);
                    plain.local.version += 1;
                    self.citizen_holds = !matches!(agreed.direction, sdp::Direction::SendRecv);
                    Ok(sdp::answer(&description, &agreed, &plain.local))
                });
                let spec = plain.spec.clone();
                match answered {
                    // While the other side holds, there is nowhere to send to and nothing to latch.
                    Ok(answer) if self.citizen_holds => Ok(answer),
                    Ok(answer) => self.media.set_remote(spec).map(|()| answer).map_err(|_| 500),
                    Err(_) => Err(488),
                }
            }
            (Side::Citizen, None) => self.media.renegotiate_webrtc_leg(CITIZEN, offer).await.map_err(|_| 488),
            (Side::Agent(attempt), _) => match self.legs.get(&attempt) {
                Some(leg) => self.media.renegotiate_webrtc_leg(leg.media, offer).await.map_err(|_| 488),
                None => Err(481),
            },
        };
        // The asker may be gone by now.
        let _ = reply.send(answer);
    }

    async fn media_event(&mut self, event: MediaEvent) {
        match event {
            MediaEvent::PlayFinished { play, .. } => {
                if let Some((current, sound)) = self.playing
                    && current == play
                {
                    self.playing = None;
                    self.apply(Input::Played(sound)).await;
                }
            }
            MediaEvent::Dtmf { leg, digit } => {
                let side = if leg == CITIZEN { Side::Citizen } else { Side::Agent(leg.0 - CITIZEN.0) };
                self.digit(side, digit);
            }
            MediaEvent::LegSilent { leg: CITIZEN, secs } if !self.citizen_holds => {
                self.apply(Input::CitizenSilent(secs)).await;
            }
            MediaEvent::WebRtcConnected { leg } => self.note("media_connected", &leg.to_string()),
            MediaEvent::WebRtcFailed { leg, reason } => {
                tracing::warn!(call = self.row.id, %leg, reason, "a browser's media connection failed");
                self.note("media_failed", &leg.to_string());
                self.tell_problem("no_connection");
            }
            MediaEvent::RecordingStopped { .. } | MediaEvent::RecordingFailed { .. } => self.recorded(event),
            MediaEvent::LegSilent { leg, .. } if leg != CITIZEN => self.tell_problem("agent_silent"),
            MediaEvent::LegSilent { .. }
            | MediaEvent::LegMediaStarted { .. }
            | MediaEvent::LegRemoved { .. } => {}
        }
    }

    /// Tells the agent's screen why nothing is heard: a blocked network, a missing microphone.
    fn tell_problem(&self, problem: &'static str) {
        let Some(sitting) = self.state.phase().seat().and_then(|seat| self.core.desk.sitting_at(seat)) else {
            return;
        };
        let told = serde_json::json!({ "call_id": self.row.id, "problem": problem });
        self.core.kit.hub.push(&[Audience::Person(sitting.person_id)], "voice.media_problem", &told);
    }

    fn digit(&mut self, side: Side, digit: char) {
        let who = if side == Side::Citizen { "citizen" } else { "agent" };
        self.note("digit", &format!("{who} {digit}"));
    }

    fn play(&mut self, sound: Sound) {
        let (clips, repeat) = sounds::clips(sound);
        match self.media.play(CITIZEN, clips, repeat) {
            Ok(play) => self.playing = Some((play, sound)),
            Err(error) => tracing::warn!(call = self.row.id, %error, "a prompt could not be played"),
        }
    }

    fn media_done(&self, done: Result<(), MediaError>) {
        if let Err(error) = done {
            tracing::warn!(call = self.row.id, %error, "a media command was not taken");
        }
    }

    fn start_recording(&mut self) {
        let id = kernel::id::new_id();
        let day = crate::core::local_day(&self.core.kit, self.row.started_at);
        if let Err(error) = self.media.start_recording(&id, &day, CITIZEN) {
            tracing::error!(call = self.row.id, %error, "a recording could not be started");
            return;
        }
        self.row.recording_id = Some(id.clone());
        self.write(Record::RecordingOpened(RecordingRow {
            id,
            call_id: self.row.id.clone(),
            path: String::new(),
            started_at: self.row.started_at,
        }));
    }

    fn recorded(&mut self, event: MediaEvent) {
        let mut end = RecordingEnd {
            id: String::new(),
            call_id: self.row.id.clone(),
            path: None,
            duration_ms: 0,
            bytes: 0,
            repaired: false,
        };
        match event {
            MediaEvent::RecordingStopped { recording_id, path, duration_ms, bytes, dropped_ms } => {
                if dropped_ms > 0 {
                    tracing::error!(call = self.row.id, dropped_ms, "the disk was too slow for a recording");
                }
                end.id = recording_id;
                end.path = Some(path.to_string_lossy().into_owned());
                end.duration_ms = i64::try_from(duration_ms).unwrap_or(i64::MAX);
                end.bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
            }
            MediaEvent::RecordingFailed { recording_id, reason } => {
                tracing::error!(call = self.row.id, reason, "a recording failed");
                self.note("recording_failed", "");
                end.id = recording_id;
            }
            _ => return,
        }
        self.write(Record::RecordingEnded(end.clone()));
        self.recording = Some(end);
    }

    fn take_note(&mut self, note: &Note) {
        let now = self.core.kit.now().0;
        match note {
            Note::Queued => self.note("queued", ""),
            Note::Announced(position) => self.note("announced", &position.to_string()),
            Note::Offered(seat) => self.note("offered", seat),
            Note::NotTaken(seat, code) => {
                let code = code.map_or(String::new(), |code| format!(" {code}"));
                self.note("not_taken", &format!("{seat}{code}"));
            }
            Note::Answered(seat) => {
                let sitting = self.core.desk.sitting_at(seat);
                self.row.seat_no = Some(seat.clone());
                self.row.agent_id = sitting.as_ref().map(|sitting| sitting.person_id.clone());
                self.row.agent_name = sitting.map(|sitting| sitting.person_name);
                self.row.contact_id = self.prefetch.contact_id();
                let first = self.row.answered_at.is_none();
                if first {
                    self.row.answered_at = Some(now);
                    self.row.waited_ms = now - self.row.started_at;
                }
                self.note("answered", seat);
                let row = Box::new(self.row.clone());
                self.write(if first { Record::Answered(row) } else { Record::Call(row) });
            }
            Note::Held => self.note("held", ""),
            Note::Resumed => self.note("resumed", ""),
            Note::AgentLost(seat) => self.note("agent_lost", seat),
            Note::AgentBack(seat) => self.note("agent_back", seat),
            Note::HungUp(by) => {
                self.row.hung_up_by = Some((*by).to_owned());
                self.note("hung_up", by);
            }
        }
    }

    fn note(&mut self, kind: &'static str, detail: &str) {
        self.notes += 1;
        self.write(Record::Event(EventRow {
            call_id: self.row.id.clone(),
            no: self.notes,
            at: self.core.kit.now().0,
            kind,
            detail: detail.to_owned(),
        }));
    }

    fn write(&self, record: Record) {
        self.core.writer.write(record);
    }

    fn caller_for(&self, seat: &str) -> String {
        let masked = self.core.desk.sitting_at(seat).is_none_or(|sitting| sitting.masked);
        if masked { contract::contacts::mask_phone(&self.row.caller) } else { self.row.caller.clone() }
    }

    /// Shows the caller on the agent's screen.
    async fn pop(&mut self, seat: &str) {
        let Some(sitting) = self.core.desk.sitting_at(seat) else { return };
        let known = self.prefetch.within(Duration::from_millis(150)).await;
        let pop = Pop::new(&self.row, &sitting, known, matches!(self.state.phase(), Phase::AgentLost { .. }));
        self.core.kit.hub.push(&[Audience::Person(sitting.person_id)], "voice.offer", &pop);
    }

    /// Tells the agent's screen when the call's state or seat has changed.
    fn tell(&mut self) {
        let phase = self.state.phase();
        let now = (phase.name(), phase.seat().map(str::to_owned));
        let view = {
            let mut view = self.handle.view.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            phase.name().clone_into(&mut view.state);
            view.seat_no.clone_from(&now.1);
            view.answered_at = self.row.answered_at;
            view.held = matches!(phase, Phase::Talking { held: true, .. });
            view.contact_id = self.prefetch.contact_id();
            view.clone()
        };
        if self.told.as_ref() == Some(&now) {
            return;
        }
        // The seat that loses the call must hear of it too.
        let before = self.told.as_ref().and_then(|(_, seat)| seat.clone());
        for seat in [now.1.clone(), before.filter(|seat| Some(seat) != now.1.as_ref())].into_iter().flatten()
        {
            if let Some(sitting) = self.core.desk.sitting_at(&seat) {
                let mut view = view.clone();
                if sitting.masked {
                    view.caller.clone_from(&view.caller_masked);
                }
                self.core.kit.hub.push(&[Audience::Person(sitting.person_id)], "voice.call_state", &view);
            }
        }
        self.told = Some(now);
    }

    async fn finish(&mut self, mut sound: mpsc::Receiver<MediaEvent>) {
        let now = self.core.kit.now().0;
        self.row.ended_at = Some(now);
        self.row.result = self.outcome.map(|outcome| outcome.name().to_owned());
        match self.row.answered_at {
            Some(at) => self.row.talked_ms = now - at,
            None => self.row.waited_ms = now - self.row.started_at,
        }
        if self.row.contact_id.is_none() {
            self.row.contact_id = self.prefetch.contact_id();
        }
        self.write(Record::Ended(Box::new(self.row.clone())));
        self.core.desk.remove_call(&self.row.id);
        if self.row.recording_id.is_some() && self.recording.is_none() {
            self.media_done(self.media.stop_recording());
            let until = tokio::time::sleep(RECORDING_WAIT);
            tokio::pin!(until);
            while self.recording.is_none() {
                tokio::select! {
                    event = sound.recv() => match event {
                        Some(event @ (MediaEvent::RecordingStopped { .. } | MediaEvent::RecordingFailed { .. })) => {
                            self.recorded(event);
                        }
                        Some(_) => {}
                        None => break,
                    },
                    () = &mut until => {
                        tracing::error!(call = self.row.id, "a recording was not finished; the next start repairs it");
                        break;
                    }
                }
            }
        }
        self.media_done(self.media.end_call());
    }
}
