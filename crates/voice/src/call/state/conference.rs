//! More than two who talk with each other.

use super::parties::{PartyNo, Role, Target};
use super::words::{Effect, Leaving, Note, Phase};
use super::{CallState, Refusal};

impl CallState {
    /// Whom the agent asked joins the conversation with the citizen.
    pub(super) fn conference(&mut self, out: &mut Vec<Effect>) {
        let Some(asked) = self.consulted().cloned() else { return };
        if let Some(party) = self.party_mut(asked.no) {
            party.role = Role::Member;
        }
        self.hold(false, out);
        out.push(Effect::Note(Note::Conference(asked.target)));
    }

    pub(super) fn may_invite(&self, target: &Target) -> Result<(), Refusal> {
        let invites = self.phase == Phase::Talking && self.agent().is_some() && self.successor().is_none();
        if invites { self.has_room_for(target) } else { Err(Refusal::NotNow) }
    }

    /// Rings somebody who joins on answering; the others go on talking.
    pub(super) fn invite_member(&mut self, target: Target, now_ms: i64, out: &mut Vec<Effect>) {
        out.push(Effect::Note(Note::Conference(target.clone())));
        self.add(target, Role::Member, false, now_ms, out);
    }

    pub(super) fn may_drop(&self, no: PartyNo) -> bool {
        self.party(no).is_some_and(|party| party.role == Role::Member && !party.supervisor)
    }

    pub(super) fn drop_member(&mut self, no: PartyNo, out: &mut Vec<Effect>) {
        self.remove(no, Leaving::Back, out);
    }
}
