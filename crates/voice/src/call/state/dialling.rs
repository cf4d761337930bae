//! Calls that the house makes: the agent's telephone rings first, then the citizen's.

use super::flow::FlowNews;
use super::parties::{PartyNo, Role, Target};
use super::words::{Effect, Note, Outcome, Phase};
use super::{CallState, Times};

/// Which way a call goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A citizen calls.
    In,
    /// An agent calls a citizen.
    Out,
    /// An agent calls a colleague, who stands in the citizen's place.
    Internal {
        /// The colleague's seat.
        seat: String,
    },
}

impl Kind {
    /// Tells whether no citizen is in the call.
    #[must_use]
    pub fn is_internal(&self) -> bool {
        matches!(self, Self::Internal { .. })
    }

    /// Returns the colleague's seat in the citizen's place.
    #[must_use]
    pub fn far_seat(&self) -> Option<&str> {
        match self {
            Self::Internal { seat } => Some(seat),
            Self::In | Self::Out => None,
        }
    }

    /// Returns the word that is sent and stored.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
            Self::Internal { .. } => "internal",
        }
    }
}

impl CallState {
    /// Makes a call that an agent dials.
    #[must_use]
    pub fn dialled(times: Times, kind: Kind, seat: &str) -> Self {
        let mut call = Self::new(times, false);
        call.kind = kind;
        call.phase = Phase::Dialling;
        call.citizen_up = false;
        call.dialler = seat.to_owned();
        call
    }

    /// Makes a call that a flow leads from the citizen's answer on; no agent dials it.
    #[must_use]
    pub fn announced(times: Times) -> Self {
        let mut call = Self::dialled(times, Kind::Out, "");
        call.led = true;
        call
    }

    fn is_announced(&self) -> bool {
        self.kind == Kind::Out && self.dialler.is_empty()
    }

    pub(super) fn ring_dialler(&mut self, now_ms: i64, out: &mut Vec<Effect>) {
        if self.is_announced() {
            return self.dial(now_ms, out);
        }
        let target = Target::Seat(self.dialler.clone());
        self.add(target, Role::Agent, false, now_ms, out);
    }

    pub(super) fn dial(&mut self, now_ms: i64, out: &mut Vec<Effect>) {
        self.deadline = Some(now_ms + self.times.dial_ms);
        out.extend([Effect::Note(Note::Dialled), Effect::Dial]);
    }

    pub(super) fn citizen_answered(&mut self, out: &mut Vec<Effect>) {
        if self.is_announced() && self.phase == Phase::Dialling {
            self.citizen_up = true;
            self.served = true;
            self.deadline = None;
            self.phase = Phase::Flow;
            out.extend([Effect::Note(Note::CitizenAnswered), Effect::Flow(FlowNews::Start)]);
            return;
        }
        let Some(agent) = self.agent().map(|agent| agent.target.label().to_owned()) else { return };
        if self.phase != Phase::Dialling {
            return;
        }
        if let Some(seat) = self.kind.far_seat() {
            out.push(Effect::Joined(seat.to_owned()));
        }
        self.citizen_up = true;
        out.extend([Effect::Note(Note::CitizenAnswered), Effect::Note(Note::Answered(agent))]);
        self.talk();
    }

    pub(super) fn citizen_failed(&mut self, code: u16, out: &mut Vec<Effect>) {
        if self.phase != Phase::Dialling {
            return self.end("citizen", false, out);
        }
        out.push(Effect::Note(Note::DialFailed(code)));
        let outcome = match code {
            486 | 600 | 603 => Outcome::Busy,
            408 | 480 | 487 => Outcome::NoAnswer,
            404 | 410 | 484 | 604 => Outcome::Invalid,
            _ => Outcome::Failed,
        };
        self.finish("citizen", true, outcome, out);
    }

    /// Tells whether a party is the seat that dialled.
    #[must_use]
    pub fn is_dialler(&self, no: PartyNo) -> bool {
        self.party(no).is_some_and(|party| {
            !self.dialler.is_empty() && party.target.seat() == Some(self.dialler.as_str())
        })
    }
}
