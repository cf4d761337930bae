//! An agent sends the citizen through a call flow, and gets them back or lets them go.
//!
//! The agent who waits keeps the line and hears nothing: what is typed is the citizen's own affair. Who
//! hangs up meanwhile lets the citizen go with the flow. Who is lost or sent away does not: at the flow's
//! end the citizen waits for their page, or is served before all others.

use super::CallState;
use super::parties::{Party, PartyNo};
use super::words::{Effect, Leaving, Note, Phase, Sound};

impl CallState {
    pub(super) fn may_detour(&self) -> bool {
        self.may_park() && self.citizen_up
    }

    pub(super) fn is_on_detour(&self) -> bool {
        matches!(self.phase, Phase::Detour { .. })
    }

    /// Returns the seat that is kept for a citizen on a detour.
    pub(super) fn kept_seat(&self) -> Option<&str> {
        match &self.phase {
            Phase::Detour { seat, kept: true, .. } => Some(seat),
            _ => None,
        }
    }

    pub(super) fn detour(&mut self, flow: String, node: Option<String>, back: bool, out: &mut Vec<Effect>) {
        let Some(agent) = self.agent().cloned() else { return };
        self.dismiss_supervisors(out);
        self.held = false;
        self.deadline = None;
        out.push(Effect::Note(Note::Detour { flow: flow.clone(), node: node.clone(), back }));
        if back {
            let seat = agent.target.label().to_owned();
            self.phase = Phase::Detour { seat, engaged: agent.engaged, kept: true };
        } else {
            self.remove(agent.no, Leaving::WrapUp, out);
            self.led_away();
        }
        out.extend([Effect::Silence, Effect::Lead { flow, node, back }]);
    }

    /// The flow that the agent chose leads from here on, and nobody waits for the citizen.
    fn led_away(&mut self) {
        self.phase = Phase::Flow;
        self.led = true;
        self.keep = false;
        self.passed_on = false;
    }

    /// The citizen is back, or fetched back.
    pub(super) fn detour_over(&mut self, early: bool, now_ms: i64, out: &mut Vec<Effect>) {
        let Phase::Detour { seat, engaged, kept } = self.phase.clone() else { return };
        out.extend([Effect::DetourOver { early }, Effect::Note(Note::DetourOver)]);
        if self.agent().is_some() {
            self.talk();
        } else if kept {
            self.deadline = Some(now_ms + self.times.grace_ms);
            out.push(Effect::Play(Sound::AgentLost));
            self.phase = Phase::AgentLost { seat, engaged };
        } else {
            self.back_to_queue(out);
        }
    }

    /// The agent hung up: the flow goes on to its own end.
    pub(super) fn let_go(&mut self, no: PartyNo, out: &mut Vec<Effect>) {
        if let Some(seat) = self.kept_seat().map(str::to_owned) {
            out.push(Effect::Note(Note::LetGo(seat)));
        }
        self.remove(no, Leaving::WrapUp, out);
        self.led_away();
    }

    /// The agent's page is gone: the seat is kept, for the flow goes on meanwhile.
    pub(super) fn lost_on_detour(&mut self, party: &Party, out: &mut Vec<Effect>) {
        out.push(Effect::Note(Note::AgentLost(party.target.label().to_owned())));
        self.forget(party.no, out);
    }

    /// The seat is put out of service: the citizen will be served before all others.
    pub(super) fn kicked_on_detour(&mut self, out: &mut Vec<Effect>) {
        let Phase::Detour { seat, engaged, .. } = self.phase.clone() else { return };
        out.push(Effect::Note(Note::Kicked(seat.clone())));
        let there = self.party_at(&seat).map(|party| (party.no, party.up));
        if let Some((no, _)) = there {
            self.remove(no, Leaving::Lost, out);
        } else if engaged {
            out.push(Effect::Free { seat: seat.clone(), leaving: Leaving::Lost });
        }
        // A seat that the queue gave and whose page is away is let go here.
        if std::mem::take(&mut self.in_queue) {
            out.push(Effect::Done);
        }
        self.phase = Phase::Detour { seat, engaged, kept: false };
    }
}
