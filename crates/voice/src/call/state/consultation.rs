//! The agent asks somebody while the citizen waits.

use super::parties::{Role, Target};
use super::words::{Effect, Leaving, Note, Phase};
use super::{CallState, Refusal};

impl CallState {
    /// Only an agent at a seat asks, and one person at a time.
    pub(super) fn may_consult(&self, target: &Target) -> Result<(), Refusal> {
        let asks = self.phase == Phase::Talking
            && self.agent().is_some_and(|agent| agent.target.seat().is_some())
            && self.consulted().is_none()
            && self.successor().is_none();
        if asks { self.has_room_for(target) } else { Err(Refusal::NotNow) }
    }

    /// Tells whether somebody is asked, or about to get the call.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.consulted().is_some() || self.successor().is_some()
    }

    pub(super) fn consult(&mut self, target: Target, now_ms: i64, out: &mut Vec<Effect>) {
        out.push(Effect::Note(Note::Consulting(target.clone())));
        self.add(target, Role::Consulted, false, now_ms, out);
    }

    pub(super) fn take_back(&mut self, out: &mut Vec<Effect>) {
        self.dismiss_consulted(out);
        self.hold(false, out);
        out.push(Effect::Note(Note::TakenBack));
    }

    pub(super) fn dismiss_consulted(&mut self, out: &mut Vec<Effect>) {
        if let Some(no) = self.consulted().map(|party| party.no) {
            self.remove(no, Leaving::Back, out);
        }
    }
}
