//! Which telephone a seat answers on: the one in its page, or the one on its desk.

use acd::{Input, SeatState};
use kernel::Audience;

use super::{Desk, State, view};
use crate::sip_port::Place;

/// What whoever sits there has chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhoneChoice {
    /// The telephone that rings.
    pub place: Place,
    /// Whether the desk telephone is asked to answer by itself.
    pub auto_answer: bool,
}

impl Default for PhoneChoice {
    fn default() -> Self {
        Self { place: Place::Page, auto_answer: false }
    }
}

/// A seat's telephones.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Phones {
    pub(super) page: bool,
    pub(super) desk: bool,
    pub(super) choice: PhoneChoice,
    /// Whether whoever sits there lets go of the line by hand when the other side has hung up.
    pub(super) by_hand: bool,
}

impl Phones {
    /// Whether the one that rings can be reached.
    pub(super) fn reachable(&self) -> bool {
        match self.choice.place {
            Place::Page => self.page,
            Place::Desk => self.desk,
        }
    }
}

impl State {
    pub(super) fn phones_of(&self, seat: &str) -> Phones {
        self.phones.get(seat).copied().unwrap_or_default()
    }
}

impl Desk {
    /// Takes note of a telephone that came or went; returns the call that the seat is busy with, when it is the
    /// telephone that the seat answers on.
    pub fn phone(&self, seat: &str, place: Place, reachable: bool) -> Option<String> {
        let concerned = {
            let mut state = self.state();
            let phones = state.phones.entry(seat.to_owned()).or_default();
            match place {
                Place::Page => phones.page = reachable,
                Place::Desk => phones.desk = reachable,
            }
            phones.choice.place == place
        };
        if concerned {
            self.apply(Input::Phone { seat: seat.into(), reachable });
        }
        // Chats are in the page, whatever telephone rings.
        if place == Place::Page && !reachable {
            self.watch_written(seat);
        }
        self.tell_phone(seat).filter(|_| concerned)
    }

    /// Lets a seat answer on another telephone from the next call on.
    pub fn choose_phone(&self, seat: &str, choice: PhoneChoice) {
        let reachable = {
            let mut state = self.state();
            let phones = state.phones.entry(seat.to_owned()).or_default();
            phones.choice = choice;
            phones.reachable()
        };
        self.apply(Input::Phone { seat: seat.into(), reachable });
        self.tell_phone(seat);
    }

    /// Says whether whoever sits at a seat lets go of the line by hand when the other side has hung up.
    pub fn release_by_hand(&self, seat: &str, by_hand: bool) {
        self.state().phones.entry(seat.to_owned()).or_default().by_hand = by_hand;
    }

    /// Tells whether whoever sits at a seat lets go of the line by hand.
    #[must_use]
    pub fn releases_by_hand(&self, seat: &str) -> bool {
        self.state().phones_of(seat).by_hand
    }

    /// Returns which telephone a seat answers on.
    #[must_use]
    pub fn phone_choice(&self, seat: &str) -> PhoneChoice {
        self.state().phones_of(seat).choice
    }

    /// Tells whether one of a seat's telephones can be reached.
    #[must_use]
    pub fn has_phone(&self, seat: &str, place: Place) -> bool {
        let phones = self.state().phones_of(seat);
        match place {
            Place::Page => phones.page,
            Place::Desk => phones.desk,
        }
    }

    /// Shows the seat's telephones to whoever sits there; returns the call that it is busy with.
    fn tell_phone(&self, seat: &str) -> Option<String> {
        let mut state = self.state();
        self.touch(&mut state, seat);
        let (current, since) = state.floor.seat(&seat.into())?;
        let entry = state.seats.get(seat)?;
        let audience = [Audience::Person(entry.sitting.person_id.clone())];
        let shown = view(&entry.sitting, Some(current), self.time_of_day(since), state.phones_of(seat));
        self.0.kit.hub.push(&audience, "voice.seat_state", &shown);
        match current {
            SeatState::OnCall { call } => Some(call.to_string()),
            _ => None,
        }
    }
}
