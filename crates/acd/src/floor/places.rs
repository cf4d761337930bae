//! Where calls stand: joining a line, leaving it, waiting again, going to another queue.

use super::{Due, Floor, Place, line_of};
use crate::config::OverflowTarget;
use crate::trace::{OverflowCause, Staff, Trace};
use crate::types::{CallKey, Effect};

/// A queue that was full is tried again after so long.
const FULL_AGAIN_MS: i64 = 5_000;

impl Floor {
    /// Sets the instants at which a call of its present queue may overflow.
    pub(super) fn reschedule(&mut self, key: &CallKey) {
        let Some(call) = self.calls.get_mut(key) else { return };
        let config = &self.queues[call.queue].config;
        call.overflow_at = config
            .overflow
            .as_ref()
            .and_then(|overflow| overflow.after_ms)
            .map(|after| call.joined_at + after);
    }

    /// Puts a call into the line of its queue and arms its timers.
    pub(super) fn enter_line(&mut self, key: &CallKey, now: i64) {
        let Some(call) = self.calls.get_mut(key) else { return };
        let queue = &mut self.queues[call.queue];
        let opens_at = queue
            .config
            .general_after_ms
            .filter(|_| !queue.config.skills.is_empty())
            .map(|after| call.joined_at + after);
        let is_open = opens_at.is_some_and(|at| at <= now);
        let line = line_of(call.queue, call.medium);
        call.place = Place::Waiting;
        call.open = is_open;
        queue.waiting += 1;
        self.waiting += 1;
        self.lines[line].waiting.insert(call.turn, key.clone());
        if is_open {
            self.lines[line].open.insert(call.turn, key.clone());
        }
        self.stirred.insert(line);
        let (overflow_at, announce) = (call.overflow_at, call.medium.is_live().then_some(call.announce_next));
        self.arm(key, Due::Open, opens_at.filter(|_| !is_open));
        self.arm(key, Due::Overflow, overflow_at);
        self.arm(key, Due::Announce, announce);
    }

    /// Takes a waiting call out of its line and disarms its timers.
    pub(super) fn leave_line(&mut self, key: &CallKey) {
        let Some(call) = self.calls.get_mut(key) else { return };
        let line = &mut self.lines[line_of(call.queue, call.medium)];
        line.waiting.remove(&call.turn);
        line.open.remove(&call.turn);
        self.queues[call.queue].waiting -= 1;
        self.waiting -= 1;
        for due in [Due::Open, Due::Overflow, Due::Announce] {
            self.arm(key, due, None);
        }
    }

    /// Puts a call that had a seat back, in front of all that never had one.
    pub(super) fn wait_again(&mut self, key: &CallKey, now: i64) {
        self.arm(key, Due::Lease, None);
        if let Some(call) = self.calls.get_mut(key) {
            call.turn.0 = 0;
            self.enter_line(key, now);
        }
    }

    /// Lets a call wait for everybody that waited for one seat alone.
    pub(super) fn release(&mut self, key: &CallKey, now: i64, out: &mut Vec<Effect>) {
        let Some(call) = self.calls.get(key) else { return };
        let Place::Held(seat) = call.place.clone() else { return };
        let turn = call.turn;
        if let Some(seat) = self.seats.get_mut(&seat) {
            seat.wanted.remove(&(turn, key.clone()));
        }
        self.arm(key, Due::Patience, None);
        self.trace(key, Trace::Released { seat }, out);
        self.enter_line(key, now);
        self.spill_if_unstaffed(key, now, out);
    }

    /// A call's time in its queue is over, or a queue that was full is tried again.
    pub(super) fn overflow_due(&mut self, key: &CallKey, now: i64, out: &mut Vec<Effect>) {
        let Some(call) = self.calls.get_mut(key) else { return };
        call.overflow_at = None;
        let (queue, joined_at) = (call.queue, call.joined_at);
        let after = self.queues[queue].config.overflow.as_ref().and_then(|overflow| overflow.after_ms);
        if self.is_unstaffed(queue) {
            self.overflow(key, OverflowCause::Unstaffed, now, out);
        } else if after.is_some_and(|after| joined_at + after <= now) {
            self.overflow(key, OverflowCause::Waited, now, out);
        }
    }

    /// Sends a call that has waited too long to where its queue says.
    pub(super) fn overflow(&mut self, key: &CallKey, cause: OverflowCause, now: i64, out: &mut Vec<Effect>) {
        let Some(call) = self.calls.get(key).filter(|call| call.place == Place::Waiting) else { return };
        let from = call.queue;
        let Some(overflow) = self.queues[from].config.overflow.clone() else { return };
        let from_key = self.queues[from].config.key.clone();
        let to = match overflow.to {
            OverflowTarget::Number(number) => {
                self.leave_line(key);
                self.forget(key);
                self.trace(key, Trace::Forwarded { from: from_key, number: number.clone(), cause }, out);
                out.push(Effect::Forward { call: key.clone(), number });
                return;
            }
            OverflowTarget::Queue(to) => to,
        };
        let target = self.queue_index(&to).filter(|to| *to != from);
        let Some(target) = target.filter(|_| !call.left.contains(&to)) else {
            // It has been there; round and round nobody is helped.
            if let Some(call) = self.calls.get_mut(key) {
                call.overflow_at = None;
            }
            self.arm(key, Due::Overflow, None);
            return;
        };
        if self.queues[target].waiting >= self.queues[target].config.capacity {
            let again = Some(now + overflow.after_ms.unwrap_or(FULL_AGAIN_MS).max(1_000));
            if let Some(call) = self.calls.get_mut(key) {
                call.overflow_at = again;
            }
            self.arm(key, Due::Overflow, again);
            return;
        }
        self.leave_line(key);
        if let Some(call) = self.calls.get_mut(key) {
            call.left.push(from_key.clone());
            call.queue = target;
            call.joined_at = now;
        }
        self.reschedule(key);
        self.trace(key, Trace::Moved { from: from_key, to, cause }, out);
        self.enter_line(key, now);
        self.spill_if_unstaffed(key, now, out);
    }

    /// Sends a waiting call on at once when nobody serves its queue and the queue says so.
    pub(super) fn spill_if_unstaffed(&mut self, key: &CallKey, now: i64, out: &mut Vec<Effect>) {
        let Some(call) = self.calls.get(key) else { return };
        if self.is_unstaffed(call.queue) {
            self.overflow(key, OverflowCause::Unstaffed, now, out);
        }
    }

    /// Does so for all queues, after somebody has left.
    pub(super) fn spill_unstaffed(&mut self, now: i64, out: &mut Vec<Effect>) {
        for queue in 0..self.queues.len() {
            if self.queues[queue].waiting == 0 || !self.is_unstaffed(queue) {
                continue;
            }
            let lines = line_of(queue, crate::Medium::ALL[0])..line_of(queue + 1, crate::Medium::ALL[0]);
            let mut calls: Vec<_> =
                self.lines[lines].iter().flat_map(|line| line.waiting.iter().cloned()).collect();
            calls.sort();
            for (_, key) in calls {
                self.overflow(&key, OverflowCause::Unstaffed, now, out);
            }
        }
    }

    fn is_unstaffed(&self, queue: usize) -> bool {
        let queue = &self.queues[queue];
        let helped = queue.config.general_after_ms.is_some() && self.general_signed_in > 0;
        queue.config.overflow.as_ref().is_some_and(|overflow| overflow.when_unstaffed)
            && queue.signed_in == 0
            && !helped
    }

    /// Forgets a call and its timers.
    pub(super) fn forget(&mut self, key: &CallKey) {
        for due in [Due::Patience, Due::Open, Due::Overflow, Due::Announce, Due::Lease] {
            self.arm(key, due, None);
        }
        self.calls.remove(key);
    }

    pub(super) fn staff(&self, queue: usize, medium: crate::Medium) -> Staff {
        let line = &self.lines[line_of(queue, medium)];
        Staff {
            signed_in: self.queues[queue].signed_in,
            at_work: self.queues[queue].at_work,
            free: line.professionals.len(),
            general_free: line.generals.len(),
        }
    }
}
