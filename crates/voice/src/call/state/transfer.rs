//! The call is handed to somebody else: in one step, after asking, or back to the queue.

use super::parties::{Party, Role, Target};
use super::words::{Effect, Leaving, Note, Phase};
use super::{CallState, Refusal};

impl CallState {
    pub(super) fn may_transfer(&self, target: &Target) -> Result<(), Refusal> {
        self.may_consult(target)
    }

    /// In one step: the citizen hears a telephone ring; the agent stays until it is answered and can undo it.
    pub(super) fn transfer(&mut self, target: Target, now_ms: i64, out: &mut Vec<Effect>) {
        out.push(Effect::Note(Note::Transferring(target.clone())));
        self.held = false;
        self.add(target, Role::Successor, false, now_ms, out);
    }

    pub(super) fn cancel_transfer(&mut self, out: &mut Vec<Effect>) {
        if let Some(no) = self.successor().map(|party| party.no) {
            self.remove(no, Leaving::Back, out);
            out.push(Effect::Note(Note::TransferCancelled));
        }
    }

    pub(super) fn transfer_to_queue(&mut self, out: &mut Vec<Effect>) {
        if let Some(no) = self.agent().map(|party| party.no) {
            self.remove(no, Leaving::WrapUp, out);
        }
        self.back_to_queue(out);
    }

    /// Hands the call to whom was asked, at once or when they answer.
    pub(super) fn complete_transfer(&mut self, out: &mut Vec<Effect>) {
        let Some(asked) = self.consulted().cloned() else { return };
        self.held = false;
        if asked.up {
            return self.hand_over(&asked, out);
        }
        if let Some(party) = self.party_mut(asked.no) {
            party.role = Role::Successor;
        }
        out.push(Effect::Note(Note::Transferring(asked.target)));
    }

    /// The agent hangs up while somebody is asked: the same, without waiting for the answer.
    pub(super) fn complete_transfer_leaving(&mut self, out: &mut Vec<Effect>) {
        self.complete_transfer(out);
        if self.successor().is_some() {
            if let Some(no) = self.agent().map(|party| party.no) {
                self.remove(no, Leaving::WrapUp, out);
            }
            self.carry_on("agent", out);
        }
    }

    /// Somebody answers for the call from now on; whoever did before is done.
    pub(super) fn hand_over(&mut self, heir: &Party, out: &mut Vec<Effect>) {
        if let Some(no) = self.agent().map(|party| party.no) {
            self.remove(no, Leaving::WrapUp, out);
        }
        if let Some(party) = self.party_mut(heir.no) {
            party.role = Role::Agent;
        }
        out.push(Effect::Note(Note::Transferred(heir.target.clone())));
        self.talk();
    }

    /// Nobody answered: the agent goes on, or the citizen is served before all others.
    pub(super) fn successor_failed(&mut self, out: &mut Vec<Effect>) {
        if self.phase != Phase::Redirected || self.passed_on_in_vain(out) {
            return;
        }
        if self.parties.iter().any(|party| party.up && party.role == Role::Member) {
            self.phase = Phase::Talking;
            return self.carry_on("agent", out);
        }
        self.back_to_queue(out);
    }
}
