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

    /// Returns how all calls in the house stand.
    #[must_use]
    pub fn call_views(&self) -> Vec<crate::call::CallView> {
        let handles: Vec<_> = self.calls().values().cloned().collect();
        handles.iter().map(crate::call::CallHandle::view).collect()
    }

    /// Tells whether somebody is at a seat who could be rung now.
    #[must_use]
    pub fn is_free(&self, seat: &str) -> bool {
        let state = self.state();
        state.phones_of(seat).reachable() && state.floor.is_free(&seat.into())
    }

    /// Returns when a seat's time for writing, or a ring, ends by itself, epoch milliseconds.
    #[must_use]
    pub fn until(&self, seat: &str) -> Option<i64> {
        let at = self.state().floor.deadline_of(&seat.into())?;
        Some(self.time_of_day(at))
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
