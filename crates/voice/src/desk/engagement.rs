//! Seats that calls take by themselves: for consultation, transfer, dialling out, supervision.

use acd::{CallKey, Input, Rest};

use super::Desk;

impl Desk {
    /// Takes a free seat for a call; false when nobody is there or the seat has another call.
    pub fn engage(&self, seat: &str, call: &str) -> bool {
        let free = self.is_free(seat);
        if free {
            self.apply(Input::Engage { seat: seat.into(), call: CallKey::from(call) });
        }
        // Somebody else may have been faster.
        free && self.seat_view(seat).is_some_and(|view| view.call_id.as_deref() == Some(call))
    }

    /// Tells whether somebody is at a seat who could be rung now.
    #[must_use]
    pub fn is_free(&self, seat: &str) -> bool {
        let state = self.state();
        state.phones.get(seat).copied().unwrap_or(false) && state.floor.is_free(&seat.into())
    }

    /// Lets go of a seat that was engaged. After the loss of its telephone it rests until somebody there says
    /// otherwise.
    pub fn release(&self, seat: &str, call: &str, wrap_up: bool, lost: bool) {
        if lost && self.seat_view(seat).is_some_and(|view| view.call_id.as_deref() == Some(call)) {
            self.apply(Input::SetState { seat: seat.into(), rest: Some(Rest::NotReady) });
        }
        self.apply(Input::Disengage { seat: seat.into(), call: CallKey::from(call), wrap_up });
    }
}
