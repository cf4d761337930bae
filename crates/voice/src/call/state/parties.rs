//! Everybody in a call but the citizen.

use super::words::{Effect, Leaving, Note};
use super::{CallState, PARTIES_MAX, Refusal};

/// Numbers the parties of a call, from 1.
pub type PartyNo = u32;

/// Whom a party is reached at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A seat in the house, by its number.
    Seat(String),
    /// A number outside, through a trunk.
    Outside(String),
}

impl Target {
    /// Returns the seat's number.
    #[must_use]
    pub fn seat(&self) -> Option<&str> {
        match self {
            Self::Seat(seat) => Some(seat),
            Self::Outside(_) => None,
        }
    }

    /// Returns the seat's or the outside number.
    #[must_use]
    pub fn label(&self) -> &str {
        match self {
            Self::Seat(text) | Self::Outside(text) => text,
        }
    }

    /// Returns the word that is sent and stored.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Seat(_) => "seat",
            Self::Outside(_) => "outside",
        }
    }
}

/// What a party does, or will do once it has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Answers for the call: an agent, or whoever it was handed to.
    Agent,
    /// Is asked by the agent while the citizen waits.
    Consulted,
    /// Gets the call on answering.
    Successor,
    /// Takes part in the conversation.
    Member,
    /// Hears everybody and is heard by nobody.
    Listener,
    /// Hears everybody and is heard by the agent only.
    Whisperer,
}

impl Role {
    /// Returns the word that is sent and stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Consulted => "consulted",
            Self::Successor => "successor",
            Self::Member => "member",
            Self::Listener => "listener",
            Self::Whisperer => "whisperer",
        }
    }
}

/// Somebody in a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// Number.
    pub no: PartyNo,
    /// Where.
    pub target: Target,
    /// As what.
    pub role: Role,
    /// Whether they have answered.
    pub up: bool,
    /// Whether their line sends sound before the answer.
    pub early: bool,
    /// Whether the call took the seat by itself, and not from the queue.
    pub engaged: bool,
    /// Whether they came to supervise.
    pub supervisor: bool,
    /// When ringing ends.
    pub until: Option<i64>,
}

impl CallState {
    /// Finds a party.
    #[must_use]
    pub fn party(&self, no: PartyNo) -> Option<&Party> {
        self.parties.iter().find(|party| party.no == no)
    }

    pub(super) fn party_mut(&mut self, no: PartyNo) -> Option<&mut Party> {
        self.parties.iter_mut().find(|party| party.no == no)
    }

    /// Finds the party at a seat.
    #[must_use]
    pub fn party_at(&self, seat: &str) -> Option<&Party> {
        self.parties.iter().find(|party| party.target.seat() == Some(seat))
    }

    /// Finds whoever answers for the call and has answered.
    #[must_use]
    pub fn agent(&self) -> Option<&Party> {
        self.parties.iter().find(|party| party.role == Role::Agent && party.up)
    }

    pub(super) fn consulted(&self) -> Option<&Party> {
        self.parties.iter().find(|party| party.role == Role::Consulted)
    }

    pub(super) fn successor(&self) -> Option<&Party> {
        self.parties.iter().find(|party| party.role == Role::Successor)
    }

    /// Tells whether one more may be asked in.
    pub(super) fn has_room_for(&self, target: &Target) -> Result<(), Refusal> {
        let far = self.kind.far_seat();
        if self.parties.iter().any(|party| party.target == *target)
            || far.is_some_and(|seat| target.seat() == Some(seat))
        {
            return Err(Refusal::AlreadyThere);
        }
        if self.parties.len() >= PARTIES_MAX { Err(Refusal::Full) } else { Ok(()) }
    }

    /// Rings somebody.
    pub(super) fn add(
        &mut self,
        target: Target,
        role: Role,
        supervisor: bool,
        now_ms: i64,
        out: &mut Vec<Effect>,
    ) -> PartyNo {
        let ring_ms = match target {
            Target::Seat(_) => self.times.ring_ms,
            Target::Outside(_) => self.times.dial_ms,
        };
        let engaged = target.seat().is_some();
        let no = self.ring(target, role, engaged, Some(now_ms + ring_ms), engaged, out);
        if let Some(party) = self.party_mut(no) {
            party.supervisor = supervisor;
        }
        no
    }

    /// Shows the call and rings; `engage` says whether the floor must be asked for the seat.
    pub(super) fn ring(
        &mut self,
        target: Target,
        role: Role,
        engaged: bool,
        until: Option<i64>,
        engage: bool,
        out: &mut Vec<Effect>,
    ) -> PartyNo {
        self.last_no += 1;
        let no = self.last_no;
        if let Some(seat) = target.seat() {
            out.push(Effect::Pop { seat: seat.to_owned(), role });
        }
        out.push(Effect::Invite { target: target.clone(), party: no, engage });
        self.parties.push(Party {
            no,
            target,
            role,
            up: false,
            early: false,
            engaged,
            supervisor: false,
            until,
        });
        no
    }

    /// Ends a party's leg and keeps its seat.
    pub(super) fn forget(&mut self, no: PartyNo, out: &mut Vec<Effect>) -> Option<Party> {
        let at = self.parties.iter().position(|party| party.no == no)?;
        let party = self.parties.remove(at);
        out.push(Effect::Drop(no));
        if party.up {
            out.push(Effect::Note(Note::Left(party.clone())));
        }
        Some(party)
    }

    /// Ends a party's leg and lets go of its seat.
    pub(super) fn remove(&mut self, no: PartyNo, leaving: Leaving, out: &mut Vec<Effect>) {
        let Some(party) = self.forget(no, out) else { return };
        let Target::Seat(seat) = party.target else { return };
        if party.engaged {
            out.push(Effect::Free { seat, leaving });
        } else if party.up && self.in_queue {
            // The queue's part ends with the seat that it gave.
            self.in_queue = false;
            out.push(Effect::Done);
        }
    }
}
