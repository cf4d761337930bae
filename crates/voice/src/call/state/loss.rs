//! Pages that are lost in mid-call, and seats that are put out of service.

use super::CallState;
use super::parties::{PartyNo, Role, Target};
use super::words::{Effect, Leaving, Note, Phase, Sound};

impl CallState {
    pub(super) fn party_lost(&mut self, no: PartyNo, now_ms: i64, out: &mut Vec<Effect>) {
        let Some(party) = self.party(no).cloned() else {
            out.push(Effect::Drop(no));
            return;
        };
        if !party.up {
            return self.failed(no, 480, out);
        }
        if self.is_on_detour() {
            return self.lost_on_detour(&party, out);
        }
        let seat = match (party.role, party.target.seat()) {
            (Role::Agent, Some(seat)) if self.phase == Phase::Talking => seat.to_owned(),
            (Role::Agent, _) => return self.party_ended(no, out),
            _ => {
                self.remove(no, Leaving::Lost, out);
                return self.carry_on("agent", out);
            }
        };
        // Somebody else is with the citizen, or about to be.
        if self.successor().is_some() || self.parties.iter().any(|p| p.up && p.role == Role::Member) {
            self.dismiss_consulted(out);
            self.remove(no, Leaving::Lost, out);
            return self.carry_on("agent", out);
        }
        self.forget(no, out);
        let others: Vec<PartyNo> = self.parties.iter().map(|party| party.no).collect();
        for other in others {
            self.remove(other, Leaving::Back, out);
        }
        self.held = false;
        self.deadline = Some(now_ms + self.times.grace_ms);
        out.extend([Effect::Play(Sound::AgentLost), Effect::Note(Note::AgentLost(seat.clone()))]);
        self.phase = Phase::AgentLost { seat, engaged: party.engaged };
    }

    pub(super) fn phone_back(&mut self, seat: &str, out: &mut Vec<Effect>) {
        if let Phase::AgentLost { seat: lost, engaged } | Phase::Detour { seat: lost, engaged, kept: true } =
            &self.phase
            && lost == seat
            && self.parties.is_empty()
        {
            let engaged = *engaged;
            self.ring(Target::Seat(seat.to_owned()), Role::Agent, engaged, None, false, out);
        }
    }

    /// The page did not come back in time: the citizen is served before all others.
    pub(super) fn give_up_agent(&mut self, out: &mut Vec<Effect>) {
        let Phase::AgentLost { seat, engaged } = self.phase.clone() else { return };
        let ringing: Vec<PartyNo> = self.parties.iter().map(|party| party.no).collect();
        for no in ringing {
            self.forget(no, out);
        }
        out.push(Effect::Note(Note::NotTaken(seat.clone(), None)));
        if engaged {
            out.push(Effect::Free { seat, leaving: Leaving::Lost });
        }
        // A seat that the queue gave is freed by the return.
        self.phase = Phase::Queued;
        self.back_to_queue(out);
    }

    pub(super) fn kicked(&mut self, seat: &str, out: &mut Vec<Effect>) {
        if let Phase::AgentLost { seat: lost, .. } = &self.phase
            && lost == seat
        {
            out.push(Effect::Note(Note::Kicked(seat.to_owned())));
            return self.give_up_agent(out);
        }
        if self.phase == Phase::LineOpen && self.party_at(seat).is_some() {
            return self.end("citizen", false, out);
        }
        if self.kind.far_seat() == Some(seat) {
            return self.end("leader", true, out);
        }
        if self.kept_seat() == Some(seat) {
            return self.kicked_on_detour(out);
        }
        let Some(party) = self.party_at(seat).cloned() else { return };
        // What the queue offers is taken back by the floor.
        if matches!(self.phase, Phase::Offering { .. }) {
            return;
        }
        out.push(Effect::Note(Note::Kicked(seat.to_owned())));
        if party.role != Role::Agent || !party.up {
            return self.failed(party.no, 480, out);
        }
        if self.phase == Phase::Dialling {
            return self.end("leader", true, out);
        }
        let heir = self.successor().is_some()
            || self.parties.iter().any(|party| party.up && party.role == Role::Member);
        if heir {
            self.dismiss_consulted(out);
            self.remove(party.no, Leaving::Back, out);
            return self.carry_on("leader", out);
        }
        if party.engaged {
            self.remove(party.no, Leaving::Lost, out);
        } else {
            self.forget(party.no, out);
        }
        self.back_to_queue(out);
    }
}
