//! Waiting: the way of a call to its first agent.

use super::CallState;
use super::parties::{PartyNo, Role, Target};
use super::words::{Effect, Leaving, Note, Phase, Sound};
use crate::callflow::QueueNews;

/// How long the last words to a caller may take, in milliseconds.
pub(super) const FAREWELL_MS: i64 = 15_000;

impl CallState {
    pub(super) fn enqueue(&mut self, out: &mut Vec<Effect>) {
        self.phase = Phase::Queued;
        self.deadline = None;
        self.in_queue = true;
        out.extend([Effect::Play(Sound::Music), Effect::Note(Note::Queued), Effect::Enqueue]);
    }

    /// Puts the citizen before all others, with nobody else left in the call.
    pub(super) fn back_to_queue(&mut self, out: &mut Vec<Effect>) {
        if self.kind.is_internal() {
            return self.end("system", true, out);
        }
        let everybody: Vec<PartyNo> = self.parties.iter().map(|party| party.no).collect();
        for no in everybody {
            self.remove(no, Leaving::Back, out);
        }
        self.phase = Phase::Queued;
        self.deadline = None;
        self.held = false;
        self.in_queue = true;
        out.extend([Effect::Note(Note::Requeued), Effect::Play(Sound::Music), Effect::Return]);
    }

    pub(super) fn announce(&self, position: usize, out: &mut Vec<Effect>) {
        if self.phase == Phase::Queued {
            out.push(Effect::Play(Sound::Position(position)));
            out.push(Effect::Note(Note::Announced(position)));
        }
    }

    pub(super) fn offer(&mut self, seat: String, out: &mut Vec<Effect>) {
        if self.phase != Phase::Queued {
            // The floor believes that the call waits; it must learn that the seat is not used.
            out.push(Effect::Rejected(seat));
            return;
        }
        out.extend([Effect::Play(Sound::Connecting), Effect::Note(Note::Offered(seat.clone()))]);
        let party = self.ring(Target::Seat(seat), Role::Agent, false, None, false, out);
        self.phase = Phase::Offering { party };
        self.tell_queue(QueueNews::Offered, out);
    }

    pub(super) fn withdraw(&mut self, seat: &str, out: &mut Vec<Effect>) {
        if let Phase::Offering { party } = self.phase
            && self.party(party).is_some_and(|party| party.target.seat() == Some(seat))
        {
            self.forget(party, out);
            self.phase = Phase::Queued;
            out.extend([Effect::Note(Note::NotTaken(seat.to_owned(), None)), Effect::Play(Sound::Music)]);
        }
    }

    pub(super) fn offer_failed(&mut self, no: PartyNo, code: u16, out: &mut Vec<Effect>) {
        let Some(party) = self.forget(no, out) else { return };
        let seat = party.target.label().to_owned();
        self.phase = Phase::Queued;
        out.extend([
            Effect::Note(Note::NotTaken(seat.clone(), Some(code))),
            Effect::Play(Sound::Music),
            Effect::Rejected(seat),
        ]);
        self.tell_queue(QueueNews::Waiting, out);
    }
}
