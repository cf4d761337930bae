//! Agents who let go of the line by hand when the citizen is gone.

use super::CallState;
use super::parties::{PartyNo, Role};
use super::words::{Effect, Leaving, Note, Phase};

/// How long an agent may keep a line on which nobody is left, in milliseconds.
pub const LINE_OPEN_MS: i64 = 60_000;

impl CallState {
    /// The citizen hung up while an agent talked with them who wants to hear it and let go by hand. Anybody else
    /// in the call is done with it; nothing is recorded any more.
    pub(super) fn citizen_left(&mut self, now_ms: i64, out: &mut Vec<Effect>) {
        let talks = self.phase == Phase::Talking && !self.kind.is_internal() && self.successor().is_none();
        let agent = self.agent().filter(|agent| agent.target.seat().is_some()).map(|agent| agent.no);
        let Some(agent) = agent.filter(|_| talks) else { return self.end("citizen", false, out) };
        let others: Vec<PartyNo> =
            self.parties.iter().filter(|party| party.no != agent).map(|party| party.no).collect();
        for no in others {
            self.remove(no, Leaving::Back, out);
        }
        debug_assert!(self.parties.iter().all(|party| party.role == Role::Agent), "only the agent is left");
        self.citizen_up = false;
        self.held = false;
        self.phase = Phase::LineOpen;
        self.deadline = Some(now_ms + LINE_OPEN_MS);
        out.extend([Effect::Note(Note::CitizenLeft), Effect::BusyTone(agent)]);
    }
}
