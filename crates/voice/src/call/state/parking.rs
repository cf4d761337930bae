//! The citizen is put aside for any seat to fetch.

use super::parties::{Role, Target};
use super::words::{Effect, Leaving, Note, Phase};
use super::{CallState, Refusal};

impl CallState {
    pub(super) fn may_park(&self) -> bool {
        self.phase == Phase::Talking
            && !self.kind.is_internal()
            && self.agent().is_some_and(|agent| agent.target.seat().is_some())
            && self.parties.iter().all(|party| party.role == Role::Agent || party.supervisor)
    }

    pub(super) fn park(&mut self, now_ms: i64, out: &mut Vec<Effect>) {
        let Some((no, seat)) = self.agent().map(|agent| (agent.no, agent.target.label().to_owned())) else {
            return;
        };
        self.dismiss_supervisors(out);
        self.remove(no, Leaving::WrapUp, out);
        self.held = false;
        self.deadline = Some(now_ms + self.times.park_ms);
        out.push(Effect::Note(Note::Parked(seat.clone())));
        self.phase = Phase::Parked { seat };
    }

    pub(super) fn may_retrieve(&self, seat: &str) -> Result<(), Refusal> {
        if !matches!(self.phase, Phase::Parked { .. }) || !self.parties.is_empty() {
            return Err(Refusal::NotNow);
        }
        self.has_room_for(&Target::Seat(seat.to_owned()))
    }

    pub(super) fn retrieve(&mut self, seat: String, now_ms: i64, out: &mut Vec<Effect>) {
        self.add(Target::Seat(seat), Role::Agent, false, now_ms, out);
    }
}
