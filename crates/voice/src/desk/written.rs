//! Written items on the same floor as calls: chats fill a seat up to its capacity.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use acd::{Arrival, CallKey, Effect, Input, Medium, SeatProfile};
use contract::voice::{WrittenChange, WrittenItem, WrittenListener, WrittenQueue, WrittenSeat};

use super::{Desk, Inner, State};

/// How long an item waits for the person that it should have.
const PATIENCE_MS: i64 = 60_000;
/// How long a seat whose page is gone keeps its items.
const GRACE: Duration = Duration::from_secs(60);

/// Items on the floor, each with the seat that it was offered to or is at.
#[derive(Default)]
pub(super) struct Written {
    at: HashMap<String, Option<String>>,
}

/// Who hears of items.
#[derive(Default)]
pub(super) struct Listening(OnceLock<Arc<dyn WrittenListener>>);

impl Written {
    fn holds(&self, item: &CallKey) -> bool {
        self.at.contains_key(item.as_str())
    }

    fn at_seat(&self, seat: &str) -> Vec<String> {
        let here = |held: &Option<String>| held.as_deref() == Some(seat);
        self.at.iter().filter(|(_, held)| here(held)).map(|(id, _)| id.clone()).collect()
    }
}

impl Desk {
    /// Returns what a seat can do, with the chats that it may have at a time.
    pub(super) fn profile_at(
        &self,
        seat_id: &str,
        seat_no: &str,
        place: Option<&super::SeatPlace>,
    ) -> SeatProfile {
        let skills = place.map(|place| place.skills.as_slice()).unwrap_or_default();
        let mut profile = self.0.routing.profile(seat_id, seat_no, skills);
        let chats = self.0.kit.parameters.i64("voice.chats_per_seat", 3).clamp(0, 20);
        if chats > 0 && place.is_some_and(|place| place.chats) {
            profile.capacity.insert(Medium::Chat, u8::try_from(chats).unwrap_or(3));
        }
        profile
    }

    /// Tells the listener of an effect on an item; false when it is about a call.
    pub(super) fn tell_written(&self, state: &mut State, effect: &Effect) -> bool {
        let Some(listener) = self.0.listening.0.get() else { return false };
        let person = |state: &State, seat: &str| {
            state.seats.get(seat).map(|entry| entry.sitting.person_id.clone()).unwrap_or_default()
        };
        match effect {
            Effect::Offer { call, seat } if state.written.holds(call) => {
                let id = call.to_string();
                state.written.at.insert(id.clone(), Some(seat.to_string()));
                listener.hear(WrittenChange::Offered { id, person_id: person(state, seat.as_str()) });
            }
            Effect::Withdraw { call, seat, reason } if state.written.holds(call) => {
                let id = call.to_string();
                state.written.at.insert(id.clone(), None);
                listener.hear(WrittenChange::Withdrawn {
                    id,
                    person_id: person(state, seat.as_str()),
                    reason: reason.name().to_owned(),
                });
            }
            Effect::Refused { call } | Effect::Forward { call, .. } if state.written.holds(call) => {
                state.written.at.remove(call.as_str());
                listener.hear(WrittenChange::Refused { id: call.to_string() });
            }
            Effect::Announce { call, .. } if state.written.holds(call) => {}
            _ => return false,
        }
        true
    }

    /// Gives a seat's items to others when its page does not come back.
    pub(super) fn watch_written(&self, seat: &str) {
        if self.state().written.at_seat(seat).is_empty() {
            return;
        }
        tokio::spawn(hand_over_when_gone(Arc::downgrade(&self.0), seat.to_owned()));
    }

    fn seat_of_person(&self, person_id: &str) -> Option<String> {
        self.sitting_of(person_id).map(|sitting| sitting.seat_no)
    }
}

async fn hand_over_when_gone(desk: Weak<Inner>, seat: String) {
    tokio::time::sleep(GRACE).await;
    let Some(desk) = desk.upgrade().map(Desk) else { return };
    let (items, person) = {
        let state = desk.state();
        if state.phones_of(&seat).page {
            return;
        }
        let person = state.seats.get(&seat).map(|entry| entry.sitting.person_id.clone());
        (state.written.at_seat(&seat), person)
    };
    // Whoever is gone takes nothing until back; else the floor would offer the items here again.
    desk.set_rest(&seat, Some(acd::Rest::NotReady));
    for id in items {
        desk.apply(Input::Return { call: id.as_str().into() });
        let mut state = desk.state();
        // Somebody else may have it by now.
        if state.written.at.get(&id).is_some_and(|held| held.as_deref() == Some(seat.as_str())) {
            state.written.at.insert(id.clone(), None);
        }
        drop(state);
        if let Some(listener) = desk.0.listening.0.get() {
            let person_id = person.clone().unwrap_or_default();
            listener.hear(WrittenChange::Withdrawn { id, person_id, reason: "seat_gone".to_owned() });
        }
    }
}

impl WrittenQueue for Desk {
    fn listen(&self, listener: Arc<dyn WrittenListener>) {
        let _ = self.0.listening.0.set(listener);
    }

    fn join(&self, item: &WrittenItem) {
        let prefer = item.person_id.as_deref().and_then(|person| self.seat_of_person(person));
        self.state().written.at.insert(item.id.clone(), None);
        self.apply(Input::Enqueue(Arrival {
            queue: item.queue.as_deref().map(Into::into),
            medium: Medium::Chat,
            prefer: prefer.map(|seat| (seat.as_str().into(), PATIENCE_MS)),
            first: item.first,
            ..Arrival::voice(item.id.as_str().into())
        }));
    }

    fn accept(&self, id: &str, person_id: &str) -> bool {
        let Some(seat) = self.seat_of_person(person_id) else { return false };
        let stands = |desk: &Self| {
            desk.state().written.at.get(id).is_some_and(|held| held.as_deref() == Some(seat.as_str()))
        };
        if !stands(self) {
            return false;
        }
        self.apply(Input::Accepted { seat: seat.as_str().into(), call: id.into() });
        // The lease may have ended in this moment.
        stands(self)
    }

    fn refuse(&self, id: &str, person_id: &str) {
        if let Some(seat) = self.seat_of_person(person_id) {
            self.apply(Input::Rejected { seat: seat.as_str().into(), call: id.into() });
        }
    }

    fn leave(&self, id: &str) {
        // Taken out first: nobody needs to be told of what they did themselves.
        if self.state().written.at.remove(id).is_some() {
            self.apply(Input::Ended { call: id.into() });
        }
    }

    fn position(&self, id: &str) -> Option<(usize, Option<i64>)> {
        Self::position(self, id)
    }

    fn seats(&self) -> Vec<WrittenSeat> {
        let may: HashMap<String, bool> =
            self.state().places.iter().map(|(no, place)| (no.clone(), place.chats)).collect();
        self.seat_views()
            .into_iter()
            .filter(|seat| may.get(&seat.seat_no).copied().unwrap_or(false))
            .map(|seat| WrittenSeat {
                person_id: seat.person_id,
                person_name: seat.person_name,
                seat_no: seat.seat_no,
                state: seat.state,
            })
            .collect()
    }

    fn queues(&self) -> Vec<(String, String)> {
        self.0
            .routing
            .queues()
            .iter()
            .filter(|queue| queue.set.active)
            .map(|queue| (queue.id.clone(), queue.set.name.clone()))
            .collect()
    }
}
