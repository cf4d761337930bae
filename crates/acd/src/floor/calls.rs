//! What callers do: join, come back, go.

use super::{Call, Due, Floor, Place};
use crate::trace::Trace;
use crate::turns::Turn;
use crate::types::{Arrival, CallKey, Effect, Rest, SeatKey, SeatState, WithdrawReason};

impl Floor {
    pub(super) fn enqueue(&mut self, arrival: Arrival, now: i64, out: &mut Vec<Effect>) {
        let Arrival { call: key, queue, medium, priority, prefer, first } = arrival;
        let queue = queue.and_then(|queue| self.queue_index(&queue)).unwrap_or(0);
        let config = &self.queues[queue].config;
        if self.calls.contains_key(&key)
            || self.waiting >= self.config.waiting_limit
            || self.queues[queue].waiting >= config.capacity
        {
            if !self.calls.contains_key(&key) {
                let (queue_key, waiting) = (config.key.clone(), self.queues[queue].waiting);
                self.trace(&key, Trace::Refused { queue: queue_key, waiting }, out);
            }
            out.push(Effect::Refused { call: key });
            return;
        }
        let priority = priority.saturating_add(config.priority);
        self.arrivals += 1;
        let head_start = i64::from(priority).saturating_mul(self.config.head_start_ms);
        let turn = (u8::from(!first), now.saturating_sub(head_start), self.arrivals);
        self.add(&key, queue, medium, priority, turn, now, out);
        let prefer = prefer.filter(|(seat, patience_ms)| self.can_be_waited_for(seat) && *patience_ms >= 0);
        if let Some((seat, patience_ms)) = prefer {
            self.hold_for(&key, seat, patience_ms, now, out);
        } else {
            self.enter_line(&key, now);
            self.spill_if_unstaffed(&key, now, out);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "all that makes a call, in one place")]
    fn add(
        &mut self,
        key: &CallKey,
        queue: usize,
        medium: crate::Medium,
        priority: u8,
        turn: Turn,
        now: i64,
        out: &mut Vec<Effect>,
    ) {
        let config = &self.queues[queue].config;
        let announce_next = now + config.first_announcement_ms;
        let queue_key = config.key.clone();
        let before = self.lines[super::line_of(queue, medium)].waiting.before(&turn);
        let staff = self.staff(queue, medium);
        self.calls.insert(
            key.clone(),
            Call {
                queue,
                medium,
                priority,
                place: Place::Waiting,
                turn,
                enqueued_at: now,
                joined_at: now,
                open: false,
                overflow_at: None,
                announce_next,
                timers: [None; 5],
                left: Vec::new(),
            },
        );
        self.reschedule(key);
        self.trace(key, Trace::Joined { queue: queue_key, medium, priority, before, staff }, out);
    }

    /// A seat is worth waiting for when somebody works there.
    fn can_be_waited_for(&self, seat: &SeatKey) -> bool {
        self.seats.get(seat).is_some_and(|seat| {
            !seat.leaving && seat.then.is_none() && !matches!(seat.state, SeatState::Resting(_))
        })
    }

    fn hold_for(&mut self, key: &CallKey, seat: SeatKey, patience_ms: i64, now: i64, out: &mut Vec<Effect>) {
        let Some(call) = self.calls.get_mut(key) else { return };
        call.place = Place::Held(seat.clone());
        let turn = call.turn;
        if let Some(seat) = self.seats.get_mut(&seat) {
            seat.wanted.insert((turn, key.clone()));
        }
        self.awaited.insert(seat.clone());
        self.trace(key, Trace::Held { seat, patience_ms }, out);
        self.arm(key, Due::Patience, Some(now.saturating_add(patience_ms)));
    }

    pub(super) fn return_call(&mut self, key: &CallKey, now: i64, out: &mut Vec<Effect>) {
        match self.calls.get(key).map(|call| (call.place.clone(), call.medium)) {
            Some((Place::Connected(seat), medium)) if medium.is_live() => {
                self.count_talk(&seat, now);
                self.wait_again(key, now);
                // The telephone was lost with the call: whoever sits there says when to go on.
                self.change(&seat, SeatState::Resting(Rest::NotReady), None, now, out);
                self.leave_if_wanted(&seat, now, out);
            }
            Some((Place::Connected(seat), _)) => {
                self.drop_written(&seat, key, now);
                self.wait_again(key, now);
            }
            Some((Place::Waiting | Place::Held(_) | Place::Offered(_), _)) => {}
            None => {
                self.arrivals += 1;
                let turn = (0, now, self.arrivals);
                self.add(key, 0, crate::Medium::Voice, 0, turn, now, out);
                self.enter_line(key, now);
                self.spill_if_unstaffed(key, now, out);
            }
        }
    }

    /// Lets a call go, wherever it is.
    pub(super) fn leave(&mut self, key: &CallKey, now: i64, out: &mut Vec<Effect>) {
        let Some(call) = self.calls.get(key) else { return };
        let (place, medium) = (call.place.clone(), call.medium);
        match place {
            Place::Waiting => self.leave_line(key),
            Place::Held(seat) => {
                let turn = call.turn;
                if let Some(seat) = self.seats.get_mut(&seat) {
                    seat.wanted.remove(&(turn, key.clone()));
                }
            }
            Place::Offered(seat) => {
                self.withdraw(key, &seat, WithdrawReason::CallerGone, out);
                if medium.is_live() {
                    self.rest_or_ready(&seat, now, out);
                } else {
                    self.drop_written(&seat, key, now);
                }
            }
            Place::Connected(seat) if medium.is_live() => self.begin_wrap_up(&seat, key, now, out),
            Place::Connected(seat) => self.drop_written(&seat, key, now),
        }
        self.forget(key);
    }

    pub(super) fn withdraw(
        &mut self,
        key: &CallKey,
        seat: &SeatKey,
        reason: WithdrawReason,
        out: &mut Vec<Effect>,
    ) {
        out.push(Effect::Withdraw { call: key.clone(), seat: seat.clone(), reason });
        self.trace(key, Trace::NotTaken { seat: seat.clone(), reason }, out);
    }

    pub(super) fn announce(&mut self, key: &CallKey, now: i64, out: &mut Vec<Effect>) {
        let Some(call) = self.calls.get(key).filter(|call| call.place == Place::Waiting) else { return };
        let position = self.position_of(call);
        let estimate_ms = self.estimate(call.queue, position);
        let next = now + self.queues[call.queue].config.announcement_ms.max(1_000);
        if let Some(call) = self.calls.get_mut(key) {
            call.announce_next = next;
        }
        self.arm(key, Due::Announce, Some(next));
        out.push(Effect::Announce { call: key.clone(), position, estimate_ms });
    }
}
