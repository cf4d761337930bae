//! The task of a call: it owns all legs, the sound, the timers and the record.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kernel::Audience;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

use super::aside::Aside;
use super::flowing::{Leading, Step};
use super::leg::{CITIZEN, Leg, Plain, media_of};
use super::record::{CallRow, RecordingEnd};
use super::state::{
    CallState, Command, Effect, Input, Leaving, Outcome, PartyNo, Phase, Phrase, Refusal, Sound, Target,
};
use super::view::{CallView, DetourView};
use crate::callflow;
use crate::core::Core;
use crate::desk::Joining;
use crate::error::VoiceError;
use crate::media::{CallMedia, Clip, MediaError, MediaEvent, Tone};
use crate::pop::Prefetch;
use crate::sip_port::{IncomingCall, LegEvent, Referred, Replaced, SipLeg, is_number};
use crate::sounds;

/// Messages that may wait for a call.
pub(super) const MAILBOX: usize = 256;

/// Whose leg.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The citizen's.
    Citizen,
    /// A further party's.
    Party(PartyNo),
    /// The agent's second conversation.
    Aside,
}

/// What a call is told.
#[derive(Debug)]
pub enum CallMessage {
    /// An input for its rules.
    Input(Input),
    /// What somebody's screen asks for, and where the answer goes.
    Ask(Command, oneshot::Sender<Result<(), Refusal>>),
    /// A step for its history that its rules know nothing of.
    Step(&'static str, String),
    /// Something on a leg.
    Leg(Side, LegEvent),
    /// The agent's telephone dials while the call runs, and whom.
    Aside(IncomingCall, Target),
    /// Another telephone of a seat takes the place of the one that has the call.
    Moved(IncomingCall, Replaced),
    /// Name and sound of a phrase of the agent's own that is said to the citizen, and where the answer goes.
    SayOwn(String, bytes::Bytes, oneshot::Sender<Result<(), Refusal>>),
    /// The sound of what the call's flow says under this number.
    Sound(u32, Vec<Clip>),
    /// What the call's flow is told from outside.
    Flow(callflow::Input),
}

/// Reaches a call. Clones reach the same one.
#[derive(Clone)]
pub struct CallHandle {
    pub(super) mailbox: mpsc::Sender<CallMessage>,
    pub(super) view: Arc<Mutex<CallView>>,
}

impl CallHandle {
    /// Hands a message over without waiting.
    pub fn send(&self, message: CallMessage) {
        if let Err(mpsc::error::TrySendError::Full(message)) = self.mailbox.try_send(message) {
            let mailbox = self.mailbox.clone();
            tokio::spawn(async move { mailbox.send(message).await });
        }
    }

    /// Hands a telephone's call over; 481 when this call is over and nobody would answer it.
    pub(super) async fn pass(&self, message: CallMessage) -> Result<(), u16> {
        self.mailbox.send(message).await.map_err(|_| 481)
    }

    /// Tells whether the call hears nothing any more.
    #[must_use]
    pub(super) fn is_over(&self) -> bool {
        self.mailbox.is_closed()
    }

    /// Asks the call to do something, and waits until it has begun to.
    ///
    /// # Errors
    /// Why it does not, or that the call is over.
    pub async fn ask(&self, command: Command) -> Result<(), VoiceError> {
        self.answered(|reply| CallMessage::Ask(command, reply)).await
    }

    /// Lets a phrase of the agent's own be said to the citizen.
    ///
    /// # Errors
    /// Why it is not, or that the call is over.
    pub async fn say_own(&self, title: String, sound: bytes::Bytes) -> Result<(), VoiceError> {
        self.answered(|reply| CallMessage::SayOwn(title, sound, reply)).await
    }

    async fn answered(
        &self,
        message: impl FnOnce(oneshot::Sender<Result<(), Refusal>>) -> CallMessage,
    ) -> Result<(), VoiceError> {
        let (sender, answer) = oneshot::channel();
        self.send(message(sender));
        answer.await.map_err(|_| VoiceError::NoCall)?.map_err(VoiceError::Refused)
    }

    /// Returns how the call stands.
    #[must_use]
    pub fn view(&self) -> CallView {
        self.view.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

pub(super) struct Actor {
    pub(super) core: Arc<Core>,
    pub(super) row: CallRow,
    pub(super) state: CallState,
    pub(super) media: CallMedia,
    /// None until the citizen is rung.
    pub(super) citizen: Option<SipLeg>,
    /// None for a browser.
    pub(super) plain: Option<Plain>,
    pub(super) legs: HashMap<PartyNo, Leg>,
    /// The telephone that dialled, until its seat is taken.
    pub(super) offered: Option<Box<IncomingCall>>,
    pub(super) aside: Option<Aside>,
    pub(super) playing: Option<(u32, Sound)>,
    /// The call flow that leads a call that came in.
    pub(super) flow: Option<Box<Leading>>,
    pub(super) notes: i64,
    pub(super) prefetch: Prefetch,
    pub(super) handle: CallHandle,
    pub(super) outcome: Option<Outcome>,
    pub(super) recording: Option<RecordingEnd>,
    pub(super) citizen_holds: bool,
    /// With which code dialling the citizen failed.
    pub(super) dial_code: Option<u16>,
    /// What a dialled call is about.
    pub(super) reason: String,
    /// Name and sound of the phrase that the agent lets be said.
    pub(super) own_phrase: (String, bytes::Bytes),
    /// When the citizen hung up and the agent kept the line, epoch milliseconds.
    pub(super) left_at: Option<i64>,
    /// The last way through a flow that an agent sent the citizen.
    pub(super) detour: Option<DetourView>,
}

/// Brings a leg's events to the call's mailbox, until it is told otherwise.
pub(super) fn forward(mut events: mpsc::Receiver<LegEvent>, handle: CallHandle, side: Side) -> AbortHandle {
    let following = tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            if handle.mailbox.send(CallMessage::Leg(side, event)).await.is_err() {
                return;
            }
        }
    });
    following.abort_handle()
}

impl Actor {
    pub(super) fn new(
        core: Arc<Core>,
        row: CallRow,
        state: CallState,
        media: CallMedia,
        prefetch: Prefetch,
        handle: CallHandle,
    ) -> Self {
        Self {
            core,
            row,
            state,
            media,
            citizen: None,
            plain: None,
            legs: HashMap::new(),
            offered: None,
            aside: None,
            playing: None,
            flow: None,
            notes: 0,
            prefetch,
            handle,
            outcome: None,
            recording: None,
            citizen_holds: false,
            dial_code: None,
            reason: String::new(),
            own_phrase: (String::new(), bytes::Bytes::new()),
            left_at: None,
            detour: None,
        }
    }

    pub(super) async fn live(
        mut self,
        mut inbox: mpsc::Receiver<CallMessage>,
        mut sound: mpsc::Receiver<MediaEvent>,
    ) {
        self.apply(Input::Started).await;
        while self.outcome.is_none() {
            let now = self.core.kit.clock.elapsed_ms();
            let next = self.state.deadline().into_iter().chain(self.flow_deadline()).min();
            let pause_ms = next.map_or(60_000, |at| (at - now).clamp(0, 60_000));
            let pause = Duration::from_millis(u64::try_from(pause_ms).unwrap_or(0));
            tokio::select! {
                message = inbox.recv() => match message {
                    Some(message) => self.hear(message).await,
                    None => self.apply(Input::Stop).await,
                },
                event = sound.recv() => if let Some(event) = event { self.media_event(event).await },
                () = tokio::time::sleep(pause) => self.tick().await,
            }
        }
        self.finish(sound).await;
        // Legs whose events crossed the end are ended when their events arrive.
        inbox.close();
        while let Some(message) = inbox.recv().await {
            match message {
                CallMessage::Leg(Side::Party(no), LegEvent::Answered { .. }) => {
                    if let Some(leg) = self.legs.remove(&no) {
                        self.core.port.hang_up(leg.sip);
                    }
                }
                CallMessage::Aside(call, _) | CallMessage::Moved(call, _) => {
                    self.core.port.reject(call.leg, 481);
                }
                _ => {}
            }
        }
    }

    async fn hear(&mut self, message: CallMessage) {
        match message {
            CallMessage::Input(input) => self.apply(input).await,
            CallMessage::Ask(command, reply) => {
                let fits = self.state.check(&command);
                if fits.is_ok() {
                    self.apply(Input::Do(command)).await;
                }
                // The asker may be gone by now.
                let _ = reply.send(fits);
            }
            CallMessage::Step(kind, detail) => self.note(kind, &detail),
            CallMessage::Leg(side, event) => self.leg(side, event).await,
            CallMessage::Aside(call, target) => self.ask_aside(call, target).await,
            CallMessage::Moved(call, replaced) => self.move_telephone(call, replaced).await,
            CallMessage::SayOwn(title, sound, reply) => {
                let command = Command::Say(Phrase::Own);
                let fits = self.state.check(&command);
                if fits.is_ok() {
                    self.own_phrase = (title, sound);
                    self.apply(Input::Do(command)).await;
                }
                // The asker may be gone by now.
                let _ = reply.send(fits);
            }
            CallMessage::Sound(no, clips) => self.say(no, clips).await,
            CallMessage::Flow(input) => self.lead(input).await,
        }
    }

    async fn tick(&mut self) {
        self.drive(VecDeque::from([Step::Call(Input::Tick), Step::Flow(callflow::Input::Tick)])).await;
    }

    pub(super) async fn apply(&mut self, input: Input) {
        self.drive(VecDeque::from([Step::Call(input)])).await;
    }

    pub(super) async fn lead(&mut self, input: callflow::Input) {
        self.drive(VecDeque::from([Step::Flow(input)])).await;
    }

    /// Takes steps until neither the rules nor the flow have more to say.
    async fn drive(&mut self, mut steps: VecDeque<Step>) {
        while let Some(step) = steps.pop_front().or_else(|| self.settle_aside().map(Step::Call)) {
            let input = match step {
                Step::Call(input) => input,
                Step::Flow(input) => {
                    self.follow_flow(input, &mut steps);
                    continue;
                }
            };
            let lost = matches!(input, Input::PartyLost(_));
            // A clock that is set must not end a ring, nor prolong one.
            let effects = self.state.apply(input, self.core.kit.clock.elapsed_ms());
            for effect in effects {
                if let Effect::Flow(news) = effect {
                    steps.push_back(Step::Flow(news.into()));
                } else if let Effect::Lead { flow, node, back } = effect {
                    self.begin_detour(flow, node, back);
                    steps.push_back(Step::Flow(callflow::Input::Start));
                } else if let Some(input) = self.carry_out(effect).await {
                    steps.push_back(Step::Call(input));
                }
            }
            if self.outcome.is_some() {
                steps.push_back(Step::Flow(callflow::Input::Gone));
            }
            // The page may have come back on a new connection before the old one was missed.
            if lost
                && let Phase::AgentLost { seat, .. } = self.state.phase()
                && self.core.port.is_reachable(self.core.desk.phone_choice(seat).place, seat)
            {
                steps.push_back(Step::Call(Input::PhoneBack { seat: seat.clone() }));
            }
        }
        self.tell();
    }

    async fn carry_out(&mut self, effect: Effect) -> Option<Input> {
        let call = || acd::CallKey::from(self.row.id.as_str());
        let desk = &self.core.desk;
        match effect {
            Effect::Play(sound) => self.play(sound),
            Effect::Silence => {
                self.playing = None;
                self.media_done(self.media.stop_play(CITIZEN));
            }
            Effect::Ringback(no, on) => self.media_done(if on {
                self.media.play(media_of(no), vec![Tone::Ringback.into()], true).map(|_| ())
            } else {
                self.media.stop_play(media_of(no))
            }),
            Effect::BusyTone(no) => {
                self.media_done(self.media.play(media_of(no), vec![Tone::Busy.into()], true).map(|_| ()));
            }
            Effect::Hear { from, to, on } => {
                let gain = if on { 1.0 } else { 0.0 };
                self.media_done(self.media.set_gain(media_of(from), media_of(to), gain));
            }
            Effect::Enqueue => {
                let (queue, priority) = self.flow.as_ref().map_or((None, 0), |flow| flow.queue());
                desk.enqueue(Joining {
                    call_id: self.row.id.clone(),
                    queue,
                    caller: self.row.caller.clone(),
                    called: self.row.called.clone(),
                    priority,
                    is_vip: self.prefetch.is_vip(),
                    ..Joining::default()
                });
            }
            Effect::Abandon => desk.apply(acd::Input::Abandon { call: call() }),
            Effect::Return => desk.apply(acd::Input::Return { call: call() }),
            Effect::Done => desk.apply(acd::Input::Ended { call: call() }),
            Effect::Rung(seat) => {
                desk.apply(acd::Input::Rung { seat: seat.as_str().into(), call: call() });
            }
            Effect::Accepted(seat) => {
                desk.apply(acd::Input::Accepted { seat: seat.as_str().into(), call: call() });
            }
            Effect::Rejected(seat) => {
                desk.apply(acd::Input::Rejected { seat: seat.as_str().into(), call: call() });
            }
            Effect::Joined(seat) => {
                desk.apply(acd::Input::Joined { seat: seat.as_str().into(), call: call() });
            }
            Effect::Free { seat, leaving } => {
                desk.release(&seat, &self.row.id, leaving == Leaving::WrapUp, leaving == Leaving::Lost);
            }
            Effect::Pop { seat, role } => self.pop(&seat, role).await,
            Effect::Invite { target, party, engage } => return self.invite(target, party, engage),
            Effect::Dial => return self.dial_citizen(),
            Effect::Drop(no) => {
                if let Some(leg) = self.legs.remove(&no) {
                    self.core.port.hang_up(leg.sip);
                    self.media_done(self.media.remove_leg(leg.media));
                }
            }
            Effect::HangUpCitizen => {
                if let Some(citizen) = self.citizen {
                    self.core.port.hang_up(citizen);
                }
            }
            Effect::Unreached { label, code } => self.tell_unreached(&label, code),
            Effect::Note(note) => self.take_note(&note),
            Effect::DetourOver { early } => self.end_detour(early),
            // Taken out by whoever carries effects out.
            Effect::Flow(_) | Effect::Lead { .. } => {}
            Effect::Finish(outcome) => self.outcome = Some(outcome),
        }
        None
    }

    async fn leg(&mut self, side: Side, event: LegEvent) {
        match (side, event) {
            (Side::Citizen, LegEvent::Ended | LegEvent::FlowLost) => {
                let seat = self.state.seat();
                let by_hand = seat.is_some_and(|seat| self.core.desk.releases_by_hand(seat));
                self.apply(if by_hand { Input::CitizenLeft } else { Input::CitizenEnded }).await;
            }
            (Side::Citizen, LegEvent::Failed { code }) => self.apply(Input::CitizenFailed(code)).await,
            (Side::Citizen, LegEvent::Ringing) => {}
            (Side::Aside, LegEvent::Ended | LegEvent::FlowLost | LegEvent::Failed { .. }) => {
                self.aside_over().await;
            }
            (Side::Aside, LegEvent::Ringing | LegEvent::Progress { .. } | LegEvent::Answered { .. }) => {}
            (Side::Party(no), LegEvent::Ringing) => self.apply(Input::Ringing(no)).await,
            (side, LegEvent::Progress { sdp }) => {
                // Ringing that can't be heard is ringing nevertheless.
                if self.accept(side, sdp).await.is_ok() {
                    self.apply(match side {
                        Side::Citizen => Input::CitizenProgress,
                        Side::Party(no) => Input::Progress(no),
                        Side::Aside => return,
                    })
                    .await;
                }
            }
            (side, LegEvent::Answered { sdp }) => self.answered(side, sdp).await,
            (Side::Party(no), LegEvent::Failed { code }) => self.apply(Input::Failed(no, code)).await,
            (Side::Party(no), LegEvent::Ended) => self.apply(Input::PartyEnded(no)).await,
            (Side::Party(no), LegEvent::FlowLost) => self.apply(Input::PartyLost(no)).await,
            (side, LegEvent::Digit(digit)) => self.digit(side, digit).await,
            (side, LegEvent::Offer { sdp, reply }) => self.further_offer(side, sdp, reply).await,
            (side, LegEvent::Refer { to, reply, told }) => {
                let referred = self.refer(side, &to).await;
                let code = referred.as_ref().err().copied().unwrap_or(200);
                let whom = match &to {
                    // Nobody has looked at the characters of what can't be called.
                    Referred::Number(number) if referred.is_ok() || is_number(number) => number,
                    Referred::Number(_) => "unknown",
                    Referred::Leg(_) => "aside",
                };
                self.note("referred", &format!("{whom} {code}"));
                // The telephone may be gone by now.
                let _ = reply.send(code);
                if let Ok(command) = referred {
                    self.hand_over(command, told);
                }
            }
        }
    }

    async fn answered(&mut self, side: Side, sdp: String) {
        if let Side::Party(no) = side
            && !self.legs.contains_key(&no)
        {
            return;
        }
        let accepted = self.accept(side, sdp).await;
        if let Err(error) = &accepted {
            tracing::warn!(call = self.row.id, ?side, error, "a telephone's answer is unusable");
        }
        if let (Side::Citizen, false, Some(leg)) = (side, accepted.is_ok(), self.citizen) {
            self.core.port.hang_up(leg);
        }
        self.apply(match (side, accepted.is_ok()) {
            (Side::Citizen, true) => Input::CitizenAnswered,
            (Side::Citizen, false) => Input::CitizenFailed(488),
            (Side::Party(no), true) => Input::Answered(no),
            (Side::Party(no), false) => Input::Failed(no, 488),
            (Side::Aside, _) => return,
        })
        .await;
    }

    async fn media_event(&mut self, event: MediaEvent) {
        match event {
            MediaEvent::PlayFinished { play, .. } => {
                if let Some((current, sound)) = self.playing
                    && current == play
                {
                    self.playing = None;
                    self.apply(Input::Played(sound)).await;
                } else {
                    self.flow_played(play).await;
                }
            }
            MediaEvent::LegQuiet { leg: CITIZEN } => self.lead(callflow::Input::Silence).await,
            MediaEvent::LegSpoke { leg: CITIZEN, sound } => self.heard(sound).await,
            MediaEvent::Dtmf { leg, digit } => {
                let side = if leg == CITIZEN { Side::Citizen } else { Side::Party(leg.0 - CITIZEN.0) };
                self.digit(side, digit).await;
            }
            MediaEvent::LegSilent { leg: CITIZEN, secs } if !self.citizen_holds => {
                self.probe(CITIZEN);
                self.apply(Input::CitizenSilent(secs)).await;
            }
            MediaEvent::WebRtcConnected { leg } => self.note("media_connected", &leg.to_string()),
            MediaEvent::WebRtcFailed { leg, reason } => {
                tracing::warn!(call = self.row.id, %leg, reason, "a browser's media connection failed");
                self.note("media_failed", &leg.to_string());
                self.tell_problem("no_connection");
            }
            MediaEvent::RecordingStopped { .. } | MediaEvent::RecordingFailed { .. } => self.recorded(event),
            MediaEvent::LegSilent { leg, .. } if leg != CITIZEN => {
                self.probe(leg);
                self.tell_problem("agent_silent");
            }
            MediaEvent::LegSilent { .. }
            | MediaEvent::LegMediaStarted { .. }
            | MediaEvent::LegQuiet { .. }
            | MediaEvent::LegSpoke { .. }
            | MediaEvent::LegRemoved { .. } => {}
        }
    }

    /// Tells the agent's screen why nothing is heard: a blocked network, a missing microphone.
    fn tell_problem(&self, problem: &'static str) {
        let told = serde_json::json!({ "call_id": self.row.id, "problem": problem });
        self.tell_agent("voice.media_problem", &told);
    }

    /// Tells whoever answers for the call, or dialled, that somebody could not be reached.
    fn tell_unreached(&self, label: &str, code: u16) {
        let told = serde_json::json!({ "call_id": self.row.id, "number": label, "code": code });
        self.tell_agent("voice.unreached", &told);
    }

    fn tell_agent(&self, name: &str, told: &serde_json::Value) {
        let seat = self.state.seat().or(self.row.seat_no.as_deref());
        if let Some(sitting) = seat.and_then(|seat| self.core.desk.sitting_at(seat)) {
            self.core.kit.hub.push(&[Audience::Person(sitting.person_id)], name, told);
        }
    }

    async fn digit(&mut self, side: Side, digit: char) {
        if side != Side::Citizen {
            return self.note("digit", &format!("agent {digit}"));
        }
        let secret = self.flow.as_ref().is_some_and(|flow| flow.run.is_secret());
        self.note("digit", &format!("citizen {}", if secret { '•' } else { digit }));
        self.lead(callflow::Input::Key(digit)).await;
    }

    pub(super) fn play(&mut self, sound: Sound) {
        let (clips, repeat) = match sound {
            Sound::Phrase(Phrase::SeatNumber) => {
                (sounds::seat_number(self.state.seat().unwrap_or_default()), false)
            }
            Sound::Phrase(Phrase::Own) => (vec![Clip::Alaw(self.own_phrase.1.clone())], false),
            sound => sounds::clips(sound),
        };
        match self.media.play(CITIZEN, clips, repeat) {
            Ok(play) => {
                self.playing = Some((play, sound));
                self.flow_interrupted();
            }
            Err(error) => tracing::warn!(call = self.row.id, %error, "a prompt could not be played"),
        }
    }

    pub(super) fn media_done(&self, done: Result<(), MediaError>) {
        if let Err(error) = done {
            tracing::warn!(call = self.row.id, %error, "a media command was not taken");
        }
    }
}
