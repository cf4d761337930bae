//! Seats that are busy with a call which no queue gave them.

use super::Floor;
use crate::types::{CallKey, Effect, SeatKey, SeatState};

impl Floor {
    /// Tells whether a seat could be engaged for a call now.
    #[must_use]
    pub fn is_free(&self, key: &SeatKey) -> bool {
        self.seats.get(key).is_some_and(|seat| {
            !seat.leaving
                && matches!(seat.state, SeatState::Ready | SeatState::Resting(_) | SeatState::WrapUp { .. })
        })
    }

    /// Returns when a seat's lease or time for writing ends.
    #[must_use]
    pub fn deadline_of(&self, key: &SeatKey) -> Option<i64> {
        self.seats.get(key).and_then(|seat| seat.deadline)
    }

    fn is_engaged(&self, key: &SeatKey, call: &CallKey) -> bool {
        self.seats.get(key).is_some_and(|seat| seat.engaged && seat.state.call() == Some(call))
    }

    pub(super) fn engage(&mut self, key: &SeatKey, call: CallKey, now: i64, out: &mut Vec<Effect>) {
        if !self.is_free(key) {
            return;
        }
        if let Some(seat) = self.seats.get_mut(key) {
            seat.engaged = true;
            seat.call_since = now;
            // Whoever rested before rests afterwards.
            if let SeatState::Resting(rest) = seat.state {
                seat.then.get_or_insert(rest);
            }
        }
        self.change(key, SeatState::Ringing { call }, None, now, out);
    }

    pub(super) fn joined(&mut self, key: &SeatKey, call: CallKey, now: i64, out: &mut Vec<Effect>) {
        if self.is_engaged(key, &call) {
            if let Some(seat) = self.seats.get_mut(key) {
                seat.call_since = now;
            }
            self.change(key, SeatState::OnCall { call }, None, now, out);
        }
    }

    pub(super) fn disengage(
        &mut self,
        key: &SeatKey,
        call: &CallKey,
        wrap_up: bool,
        now: i64,
        out: &mut Vec<Effect>,
    ) {
        if !self.is_engaged(key, call) {
            return;
        }
        if let Some(seat) = self.seats.get_mut(key) {
            seat.engaged = false;
        }
        if wrap_up {
            self.begin_wrap_up(key, call, now, out);
        } else {
            self.rest_or_ready(key, now, out);
            self.leave_if_wanted(key, now, out);
        }
    }
}
