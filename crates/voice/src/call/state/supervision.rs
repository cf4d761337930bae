//! Supervisors listen, whisper to the agent, barge in, or take the call over.

use super::parties::{Party, PartyNo, Role, Target};
use super::words::{Effect, Leaving, Note, Phase};
use super::{CallState, Refusal};

/// How a supervisor takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Supervision {
    /// Hears everybody; nobody hears the supervisor (监听).
    Listen,
    /// Is heard by the agent only (耳语).
    Whisper,
    /// Talks with both (强插).
    Barge,
    /// Replaces the agent (拦截).
    TakeOver,
}

impl Supervision {
    /// Returns the word that is sent and stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Listen => "listen",
            Self::Whisper => "whisper",
            Self::Barge => "barge",
            Self::TakeOver => "take_over",
        }
    }

    fn role(self) -> Role {
        match self {
            Self::Listen => Role::Listener,
            Self::Whisper => Role::Whisperer,
            Self::Barge => Role::Member,
            Self::TakeOver => Role::Agent,
        }
    }
}

impl CallState {
    pub(super) fn supervisor_at(&self, seat: &str) -> Option<&Party> {
        self.party_at(seat).filter(|party| party.supervisor)
    }

    pub(super) fn may_supervise(&self, seat: &str, mode: Supervision) -> Result<(), Refusal> {
        let runs = self.phase == Phase::Talking && self.agent().is_some();
        // Nobody takes over what somebody else is about to take over.
        let contested = mode == Supervision::TakeOver
            && self
                .parties
                .iter()
                .any(|party| party.role == Role::Agent && !party.up && party.target.seat() != Some(seat));
        if !runs || contested {
            return Err(Refusal::NotNow);
        }
        if self.supervisor_at(seat).is_some() {
            return Ok(());
        }
        self.has_room_for(&Target::Seat(seat.to_owned()))
    }

    pub(super) fn supervise(&mut self, seat: String, mode: Supervision, now_ms: i64, out: &mut Vec<Effect>) {
        out.push(Effect::Note(Note::Supervised(seat.clone(), mode)));
        let Some(party) = self.supervisor_at(&seat).cloned() else {
            self.add(Target::Seat(seat), mode.role(), true, now_ms, out);
            return;
        };
        if mode == Supervision::TakeOver && party.up {
            return self.take_over(&party, out);
        }
        if let Some(party) = self.party_mut(party.no) {
            party.role = mode.role();
        }
    }

    /// The supervisor replaces the agent and whomever the agent asked.
    pub(super) fn take_over(&mut self, heir: &Party, out: &mut Vec<Effect>) {
        let leaving: Vec<(PartyNo, Role)> = self
            .parties
            .iter()
            .filter(|party| party.no != heir.no)
            .filter(|party| matches!(party.role, Role::Agent | Role::Consulted | Role::Successor))
            .map(|party| (party.no, party.role))
            .collect();
        for (no, role) in leaving {
            self.remove(no, if role == Role::Agent { Leaving::WrapUp } else { Leaving::Back }, out);
        }
        if let Some(party) = self.party_mut(heir.no) {
            party.role = Role::Agent;
            party.supervisor = false;
        }
        out.push(Effect::Note(Note::TakenOver(heir.target.label().to_owned())));
        self.talk();
    }

    pub(super) fn end_supervision(&mut self, seat: &str, out: &mut Vec<Effect>) {
        if let Some(no) = self.supervisor_at(seat).map(|party| party.no) {
            self.remove(no, Leaving::Back, out);
        }
    }

    /// There is nothing left to listen to.
    pub(super) fn dismiss_supervisors(&mut self, out: &mut Vec<Effect>) {
        let supervisors: Vec<PartyNo> =
            self.parties.iter().filter(|party| party.supervisor).map(|party| party.no).collect();
        for no in supervisors {
            self.remove(no, Leaving::Back, out);
        }
    }
}
