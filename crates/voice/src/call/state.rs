//! The rules of a call as a pure state machine: what happens, and what is to be done about it.
//!
//! A call has a citizen's side and any number of further parties: agents, colleagues who are asked,
//! supervisors, people outside. Every party has a number; what arrives about one that is gone changes
//! nothing but ends its leg. Who hears whom is not said step by step: it follows from where everybody
//! stands ([`hearing`]), and only the differences are carried out. One file a behaviour.

mod conference;
mod consultation;
mod detour;
mod dialling;
mod flow;
mod hearing;
mod loss;
mod parking;
mod parties;
mod queueing;
mod release;
mod supervision;
mod transfer;
mod words;

use std::collections::BTreeSet;

pub use dialling::Kind;
pub use flow::{FlowNews, FlowWord};
pub use hearing::CITIZEN;
pub use parties::{Party, PartyNo, Role, Target};
pub use supervision::Supervision;
pub use words::{Command, Effect, Input, Leaving, Note, Outcome, Phase, Phrase, Refusal, Sound};

use hearing::Ambience;

use crate::callflow::QueueNews;

/// A citizen from whom nothing was heard for this long is gone, in seconds.
pub const SILENCE_SECS: u32 = 90;
/// Parties of one call, the citizen not counted.
pub const PARTIES_MAX: usize = 12;

/// Times of a call, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// How long a citizen is kept for a lost agent.
    pub grace_ms: i64,
    /// How long a colleague's telephone rings.
    pub ring_ms: i64,
    /// How long a number outside is rung.
    pub dial_ms: i64,
    /// How long a parked citizen waits to be retrieved.
    pub park_ms: i64,
}

impl Default for Times {
    fn default() -> Self {
        Self { grace_ms: 30_000, ring_ms: 20_000, dial_ms: 60_000, park_ms: 180_000 }
    }
}

/// One call.
#[derive(Clone, Debug)]
pub struct CallState {
    phase: Phase,
    kind: Kind,
    /// The seat that dials; empty for a call that came in.
    dialler: String,
    parties: Vec<Party>,
    last_no: PartyNo,
    deadline: Option<i64>,
    times: Times,
    /// Whether a call flow leads the call.
    led: bool,
    /// Whether the flow goes on when nobody is left with the citizen.
    keep: bool,
    /// Whether the flow handed the citizen to somebody else.
    passed_on: bool,
    /// Whether the flow gave the citizen what they called for.
    served: bool,
    /// Whether the floor knows the call.
    in_queue: bool,
    /// Whether somebody talked with the citizen.
    talked: bool,
    /// Whether the citizen can be heard: connected, or sending sound before the answer.
    citizen_up: bool,
    held: bool,
    heard: BTreeSet<(PartyNo, PartyNo)>,
    ringback: BTreeSet<PartyNo>,
    ambience: Ambience,
}

impl CallState {
    /// Makes a call that came in. Without a flow that leads it, it joins the queue at once.
    #[must_use]
    pub fn new(times: Times, led: bool) -> Self {
        Self {
            phase: Phase::Flow,
            kind: Kind::In,
            dialler: String::new(),
            parties: Vec::new(),
            last_no: 0,
            deadline: None,
            times,
            led,
            keep: false,
            passed_on: false,
            served: false,
            in_queue: false,
            talked: false,
            citizen_up: true,
            held: false,
            heard: BTreeSet::new(),
            ringback: BTreeSet::new(),
            ambience: Ambience::Other,
        }
    }

    /// Returns where the call stands.
    #[must_use]
    pub fn phase(&self) -> &Phase {
        &self.phase
    }

    /// Returns whether it came in, goes out, or stays in the house.
    #[must_use]
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// Returns everybody but the citizen.
    #[must_use]
    pub fn parties(&self) -> &[Party] {
        &self.parties
    }

    /// Tells whether the citizen is on hold.
    #[must_use]
    pub fn held(&self) -> bool {
        self.held
    }

    /// Returns the word that screens are told.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match &self.phase {
            Phase::Talking if self.successor().is_some() => "transferring",
            Phase::Talking if self.consulted().is_some() => "consulting",
            Phase::Talking if self.held => "held",
            phase => phase.name(),
        }
    }

    /// Returns the seat that answers for the call: the agent's, or the one that rings for it.
    #[must_use]
    pub fn seat(&self) -> Option<&str> {
        if let Phase::AgentLost { seat, .. } = &self.phase {
            return Some(seat);
        }
        let agents = || self.parties.iter().filter(|party| party.role == Role::Agent);
        let there = agents().find(|party| party.up).or_else(|| agents().next());
        there.and_then(|party| party.target.seat()).or_else(|| self.kept_seat())
    }

    /// Returns when [`Input::Tick`] is needed.
    #[must_use]
    pub fn deadline(&self) -> Option<i64> {
        self.parties.iter().filter_map(|party| party.until).chain(self.deadline).min()
    }

    /// Applies an input.
    pub fn apply(&mut self, input: Input, now_ms: i64) -> Vec<Effect> {
        let mut out = Vec::new();
        if self.phase == Phase::Ended {
            // What is left of parties that crossed the end is dropped.
            if let Input::Answered(party) | Input::Ringing(party) = input {
                out.push(Effect::Drop(party));
            }
            return out;
        }
        match input {
            Input::Started => self.started(now_ms, &mut out),
            Input::Played(sound) => self.played(sound, &mut out),
            Input::Offer { seat } => self.offer(seat, &mut out),
            Input::Withdraw { seat } => self.withdraw(&seat, &mut out),
            Input::Refused => self.refused(now_ms, &mut out),
            Input::Announce(position) => self.announce(position, &mut out),
            Input::Ringing(party) => self.ringing(party, &mut out),
            Input::Progress(party) => self.progress(party),
            Input::Answered(party) => self.answered(party, now_ms, &mut out),
            Input::Failed(party, code) => self.failed(party, code, &mut out),
            Input::PartyEnded(party) => self.party_ended(party, &mut out),
            Input::PartyLost(party) => self.party_lost(party, now_ms, &mut out),
            Input::PhoneBack { seat } => self.phone_back(&seat, &mut out),
            Input::CitizenProgress => self.citizen_up = self.citizen_up || self.phase == Phase::Dialling,
            Input::CitizenAnswered => self.citizen_answered(&mut out),
            Input::CitizenFailed(code) => self.citizen_failed(code, &mut out),
            Input::CitizenEnded => self.end("citizen", false, &mut out),
            Input::CitizenLeft => self.citizen_left(now_ms, &mut out),
            Input::CitizenSilent(secs) => {
                if secs >= SILENCE_SECS {
                    self.end("system", true, &mut out);
                }
            }
            Input::Flow(word) => self.flow(word, now_ms, &mut out),
            Input::Kicked { seat } => self.kicked(&seat, &mut out),
            // Who was waiting is called back.
            Input::Stop if !self.talked && self.kind == Kind::In => {
                self.finish("system", true, Outcome::Missed, &mut out);
            }
            Input::Stop => self.end("system", true, &mut out),
            Input::Do(command) => {
                if self.check(&command).is_ok() {
                    self.carry_out(command, now_ms, &mut out);
                }
            }
            Input::Tick => self.tick(now_ms, &mut out),
        }
        if self.phase != Phase::Ended {
            self.settle(&mut out);
        }
        out
    }

    /// Tells whether a command fits now.
    ///
    /// # Errors
    /// Why it does not.
    pub fn check(&self, command: &Command) -> Result<(), Refusal> {
        let fits = match command {
            Command::Hold(_) => self.phase == Phase::Talking && self.successor().is_none(),
            Command::HangUp { .. } => self.phase != Phase::Ended,
            Command::Leave(no) => self.party(*no).is_some(),
            Command::Consult(target) => return self.may_consult(target),
            Command::TakeBack => self.consulted().is_some() || self.is_on_detour(),
            Command::Transfer(target) => return self.may_transfer(target),
            Command::TransferToQueue => {
                self.phase == Phase::Talking && self.agent().is_some() && !self.kind.is_internal()
            }
            Command::CompleteTransfer => self.consulted().is_some(),
            Command::CancelTransfer => self.successor().is_some() && self.agent().is_some(),
            Command::Conference => self.consulted().is_some_and(|party| party.up),
            Command::Invite(target) => return self.may_invite(target),
            Command::DropParty(no) => self.may_drop(*no),
            Command::Supervise { seat, mode } => return self.may_supervise(seat, *mode),
            Command::EndSupervision { seat } => self.supervisor_at(seat).is_some(),
            Command::Park => self.may_park(),
            Command::Retrieve { seat } => return self.may_retrieve(seat),
            Command::Detour { .. } => self.may_detour(),
            Command::Say(_) => self.phase == Phase::Talking && self.citizen_up && !self.kind.is_internal(),
        };
        if fits { Ok(()) } else { Err(Refusal::NotNow) }
    }

    fn carry_out(&mut self, command: Command, now_ms: i64, out: &mut Vec<Effect>) {
        match command {
            Command::Hold(hold) => self.hold(hold, out),
            Command::HangUp { by } => self.hang_up(by, out),
            Command::Leave(no) => self.party_ended(no, out),
            Command::Consult(target) => self.consult(target, now_ms, out),
            Command::TakeBack if self.is_on_detour() => self.detour_over(true, now_ms, out),
            Command::TakeBack => self.take_back(out),
            Command::Transfer(target) => self.transfer(target, now_ms, out),
            Command::TransferToQueue => self.transfer_to_queue(out),
            Command::CompleteTransfer => self.complete_transfer(out),
            Command::CancelTransfer => self.cancel_transfer(out),
            Command::Conference => self.conference(out),
            Command::Invite(target) => self.invite_member(target, now_ms, out),
            Command::DropParty(no) => self.drop_member(no, out),
            Command::Supervise { seat, mode } => self.supervise(seat, mode, now_ms, out),
            Command::EndSupervision { seat } => self.end_supervision(&seat, out),
            Command::Park => self.park(now_ms, out),
            Command::Retrieve { seat } => self.retrieve(seat, now_ms, out),
            Command::Detour { flow, node, back } => self.detour(flow, node, back, out),
            Command::Say(phrase) => {
                out.extend([Effect::Note(Note::Said(phrase)), Effect::Play(Sound::Phrase(phrase))]);
            }
        }
    }

    /// An agent whose screen hangs up leaves the citizen to the flow that goes on; a leader ends the call.
    fn hang_up(&mut self, by: &'static str, out: &mut Vec<Effect>) {
        if self.phase == Phase::LineOpen {
            return self.end("citizen", false, out);
        }
        match self.agent().map(|agent| agent.no) {
            Some(no) if by == "screen" && self.keep && self.phase == Phase::Talking => {
                self.party_ended(no, out)
            }
            Some(no) if by == "screen" && self.is_on_detour() => self.party_ended(no, out),
            _ => self.end(by, true, out),
        }
    }

    fn started(&mut self, now_ms: i64, out: &mut Vec<Effect>) {
        match self.kind {
            Kind::In if self.led => out.push(Effect::Flow(FlowNews::Start)),
            Kind::In => self.enqueue(out),
            Kind::Out | Kind::Internal { .. } => self.ring_dialler(now_ms, out),
        }
    }

    fn played(&mut self, sound: Sound, out: &mut Vec<Effect>) {
        match (&self.phase, sound) {
            (Phase::Queued, Sound::Position(_)) | (Phase::AgentLost { .. }, Sound::AgentLost) => {
                out.push(Effect::Play(Sound::Music));
            }
            (Phase::Farewell, Sound::Busy) => self.end("system", true, out),
            (_, Sound::Phrase(_)) if self.ambience == Ambience::Music => self.play_ambience(out),
            _ => {}
        }
    }

    fn ringing(&mut self, no: PartyNo, out: &mut Vec<Effect>) {
        match self.party(no) {
            Some(party) if !party.up => {
                if let (Target::Seat(seat), false) = (&party.target, party.engaged)
                    && matches!(self.phase, Phase::Offering { .. })
                {
                    out.push(Effect::Rung(seat.clone()));
                }
            }
            Some(_) => {}
            None => out.push(Effect::Drop(no)),
        }
    }

    fn progress(&mut self, no: PartyNo) {
        if let Some(party) = self.party_mut(no) {
            party.early = true;
        }
    }

    fn answered(&mut self, no: PartyNo, now_ms: i64, out: &mut Vec<Effect>) {
        let Some(party) = self.party_mut(no) else {
            out.push(Effect::Drop(no));
            return;
        };
        if party.up {
            return;
        }
        party.up = true;
        party.until = None;
        let party = party.clone();
        if let (Target::Seat(seat), true) = (&party.target, party.engaged)
            && !matches!(self.phase, Phase::AgentLost { .. } | Phase::Detour { .. })
        {
            out.push(Effect::Joined(seat.clone()));
        }
        out.push(Effect::Note(Note::Joined(party.clone())));
        match party.role {
            Role::Agent => self.agent_answered(&party, now_ms, out),
            Role::Successor => self.hand_over(&party, out),
            Role::Consulted | Role::Member | Role::Listener | Role::Whisperer => {}
        }
    }

    fn agent_answered(&mut self, party: &Party, now_ms: i64, out: &mut Vec<Effect>) {
        let Some(seat) = party.target.seat().map(str::to_owned) else { return };
        match self.phase {
            Phase::Offering { .. } => {
                out.extend([Effect::Accepted(seat.clone()), Effect::Note(Note::Answered(seat))]);
                self.tell_queue(QueueNews::Answered, out);
                self.talk();
            }
            Phase::AgentLost { .. } => {
                self.deadline = None;
                out.push(Effect::Note(Note::AgentBack(seat)));
                self.talk();
            }
            Phase::Parked { .. } => {
                self.deadline = None;
                out.extend([Effect::Note(Note::Retrieved(seat.clone())), Effect::Note(Note::Answered(seat))]);
                self.talk();
            }
            Phase::Detour { .. } => out.push(Effect::Note(Note::AgentBack(seat))),
            Phase::Dialling => self.dial(now_ms, out),
            Phase::Talking => self.take_over(party, out),
            _ => {}
        }
    }

    fn talk(&mut self) {
        self.phase = Phase::Talking;
        self.talked = true;
        self.held = false;
        self.deadline = None;
    }

    fn failed(&mut self, no: PartyNo, code: u16, out: &mut Vec<Effect>) {
        let Some(party) = self.party(no).cloned() else {
            out.push(Effect::Drop(no));
            return;
        };
        if party.up {
            return self.party_ended(no, out);
        }
        match (&party.role, &self.phase) {
            (Role::Agent, Phase::Offering { .. }) => self.offer_failed(no, code, out),
            // The new page may still be loading: the telephone rings again when it says so.
            (Role::Agent, Phase::AgentLost { .. } | Phase::Detour { .. }) => {
                self.forget(no, out);
            }
            _ => {
                let label = party.target.label().to_owned();
                out.push(Effect::Note(Note::NotTaken(label.clone(), Some(code))));
                self.remove(no, Leaving::Back, out);
                out.push(Effect::Unreached { label, code });
                match party.role {
                    Role::Successor => self.successor_failed(out),
                    Role::Agent if self.phase == Phase::Dialling => self.end("agent", true, out),
                    _ => {}
                }
            }
        }
    }

    /// A party hung up, or left by its own word.
    fn party_ended(&mut self, no: PartyNo, out: &mut Vec<Effect>) {
        let Some(party) = self.party(no).cloned() else {
            out.push(Effect::Drop(no));
            return;
        };
        if !party.up {
            return self.failed(no, 603, out);
        }
        if party.role != Role::Agent {
            self.remove(no, Leaving::Back, out);
            return self.carry_on("agent", out);
        }
        if self.phase == Phase::Dialling {
            return self.end("agent", true, out);
        }
        if self.phase == Phase::LineOpen {
            return self.end("citizen", false, out);
        }
        if self.is_on_detour() {
            return self.let_go(no, out);
        }
        // Whoever hangs up while somebody else is asked, hands the call over.
        if self.consulted().is_some() {
            return self.complete_transfer_leaving(out);
        }
        self.remove(no, Leaving::WrapUp, out);
        self.carry_on("agent", out);
    }

    /// Decides what becomes of the call after somebody left.
    fn carry_on(&mut self, by: &'static str, out: &mut Vec<Effect>) {
        if self.phase != Phase::Talking || self.agent().is_some() {
            return;
        }
        if self.successor().is_some() {
            self.dismiss_supervisors(out);
            self.phase = Phase::Redirected;
            return;
        }
        match self.parties.iter().position(|party| party.up && party.role == Role::Member) {
            Some(at) => {
                let heir = &mut self.parties[at];
                heir.role = Role::Agent;
                heir.supervisor = false;
                out.push(Effect::Note(Note::Transferred(heir.target.clone())));
            }
            None if self.led_on(out) => {}
            None => self.end(by, true, out),
        }
    }

    fn hold(&mut self, hold: bool, out: &mut Vec<Effect>) {
        if self.held != hold {
            self.held = hold;
            out.push(Effect::Note(if hold { Note::Held } else { Note::Resumed }));
        }
    }

    fn tick(&mut self, now_ms: i64, out: &mut Vec<Effect>) {
        while let Some(no) =
            self.parties.iter().find(|party| party.until.is_some_and(|at| at <= now_ms)).map(|party| party.no)
        {
            self.failed(no, 408, out);
        }
        if self.phase == Phase::Ended || self.deadline.is_none_or(|at| at > now_ms) {
            return;
        }
        self.deadline = None;
        match self.phase {
            Phase::AgentLost { .. } => self.give_up_agent(out),
            Phase::Parked { .. } => {
                out.push(Effect::Note(Note::ParkedTooLong));
                self.back_to_queue(out);
            }
            Phase::Dialling => self.citizen_failed(408, out),
            Phase::Farewell => self.end("system", true, out),
            Phase::LineOpen => self.end("citizen", false, out),
            _ => {}
        }
    }

    /// Ends the call.
    fn end(&mut self, by: &'static str, hang_up_citizen: bool, out: &mut Vec<Effect>) {
        let outcome = if self.talked {
            Outcome::Answered
        } else if self.served {
            Outcome::SelfService
        } else if self.phase == Phase::Dialling {
            Outcome::Cancelled
        } else if self.phase == Phase::Farewell || by == "system" {
            Outcome::Failed
        } else {
            Outcome::Missed
        };
        self.finish(by, hang_up_citizen, outcome, out);
    }

    /// Ends the call with an outcome: nobody is left behind.
    fn finish(&mut self, by: &'static str, hang_up_citizen: bool, outcome: Outcome, out: &mut Vec<Effect>) {
        // Whoever answers now hears nothing: the invitations go first.
        let everybody: Vec<(PartyNo, bool)> =
            self.parties.iter().map(|party| (party.no, party.role == Role::Agent)).collect();
        let had_parties = !everybody.is_empty();
        for (no, agent) in everybody {
            if agent && matches!(self.phase, Phase::AgentLost { .. }) {
                self.forget(no, out);
            } else {
                let talked = agent && self.talked;
                self.remove(no, if talked { Leaving::WrapUp } else { Leaving::Back }, out);
            }
        }
        if let Phase::AgentLost { seat, engaged: true } = &self.phase {
            out.push(Effect::Free { seat: seat.clone(), leaving: Leaving::WrapUp });
        }
        if let Phase::Detour { seat, engaged: true, kept: true } = &self.phase
            && !had_parties
        {
            out.push(Effect::Free { seat: seat.clone(), leaving: Leaving::WrapUp });
        }
        if hang_up_citizen {
            out.push(Effect::HangUpCitizen);
        }
        if let Kind::Internal { seat } = &self.kind {
            out.push(Effect::Free { seat: seat.clone(), leaving: Leaving::Back });
        }
        if self.in_queue {
            self.in_queue = false;
            out.push(Effect::Abandon);
        }
        out.push(Effect::Note(Note::HungUp(by)));
        out.push(Effect::Finish(outcome));
        self.phase = Phase::Ended;
        self.deadline = None;
    }
}

#[cfg(test)]
mod scenarios;
#[cfg(test)]
#[path = "state_tests.rs"]
mod tests;
