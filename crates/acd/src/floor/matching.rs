//! Calls meet seats, and time passes.

use super::{Due, Floor, Place, Timer, line_of};
use crate::config::Medium;
use crate::trace::{Candidate, Group, TRACED_CANDIDATES, Trace};
use crate::turns::Turn;
use crate::types::{CallKey, Effect, SeatKey, SeatState, WithdrawReason};

impl Floor {
    /// Gives waiting calls to free seats until none of both fits the other. Only lines that the input
    /// touched are looked at, and of each only its head.
    pub(super) fn match_up(&mut self, now: i64, out: &mut Vec<Effect>) {
        for seat in std::mem::take(&mut self.awaited) {
            self.give_wanted(&seat, now, out);
        }
        loop {
            let mut best: Option<(Turn, CallKey, SeatKey, Group)> = None;
            let mut spent = Vec::new();
            for line in &self.stirred {
                match self.head_of(*line) {
                    None => spent.push(*line),
                    Some(head) => {
                        if best.as_ref().is_none_or(|best| head.0 < best.0) {
                            best = Some(head);
                        }
                    }
                }
            }
            for line in spent {
                self.stirred.remove(&line);
            }
            let Some((_, call, seat, group)) = best else { return };
            self.offer(&call, &seat, group, now, out);
        }
    }

    /// The first call of a line that a free seat may take, and that seat.
    fn head_of(&self, index: usize) -> Option<(Turn, CallKey, SeatKey, Group)> {
        let line = &self.lines[index];
        let (head, seat, group) = if let Some((_, seat)) = line.professionals.first() {
            (line.waiting.first(), seat, Group::Professional)
        } else {
            let (_, seat) = line.generals.first()?;
            let wide_open = self.queues[index / Medium::ALL.len()].is_wide_open();
            (if wide_open { line.waiting.first() } else { line.open.first() }, seat, Group::General)
        };
        head.map(|(turn, call)| (*turn, call.clone(), seat.clone(), group))
    }

    fn give_wanted(&mut self, key: &SeatKey, now: i64, out: &mut Vec<Effect>) {
        loop {
            let Some(seat) = self.seats.get(key) else { return };
            let next = seat
                .wanted
                .iter()
                .find(|(_, call)| self.calls.get(call).is_some_and(|call| seat.takes(call.medium)))
                .cloned();
            let Some((turn, call)) = next else { return };
            if let Some(seat) = self.seats.get_mut(key) {
                seat.wanted.remove(&(turn, call.clone()));
            }
            self.arm(&call, Due::Patience, None);
            self.offer(&call, key, Group::Preferred, now, out);
        }
    }

    fn offer(&mut self, key: &CallKey, seat: &SeatKey, group: Group, now: i64, out: &mut Vec<Effect>) {
        let Some(call) = self.calls.get(key) else { return };
        let (queue, medium) = (call.queue, call.medium);
        let line = &self.lines[line_of(queue, medium)];
        let free = if group == Group::General { &line.generals } else { &line.professionals };
        let candidates: Vec<Candidate> = match group {
            Group::Preferred => vec![Candidate { seat: seat.clone(), measure: 0 }],
            _ => free
                .iter()
                .take(TRACED_CANDIDATES)
                .map(|((measure, _), seat)| Candidate { seat: seat.clone(), measure: *measure })
                .collect(),
        };
        let config = &self.queues[queue].config;
        let trace = Trace::Chosen {
            queue: config.key.clone(),
            strategy: config.strategy,
            group,
            seat: seat.clone(),
            candidates,
            staff: self.staff(queue, medium),
        };
        self.trace(key, trace, out);
        if group != Group::Preferred {
            self.leave_line(key);
        }
        if let Some(call) = self.calls.get_mut(key) {
            call.place = Place::Offered(seat.clone());
        }
        if medium.is_live() {
            let state = SeatState::Reserved { call: key.clone() };
            self.change(seat, state, Some(now + self.config.reserve_ms), now, out);
        } else {
            self.arm(key, Due::Lease, Some(now + self.config.written_ms));
            if let Some(seat) = self.seats.get_mut(seat) {
                seat.written.insert(key.clone(), medium);
            }
            self.file(seat);
        }
        out.push(Effect::Offer { call: key.clone(), seat: seat.clone() });
    }

    /// Carries out what is due.
    pub(super) fn expire(&mut self, now: i64, out: &mut Vec<Effect>) {
        while let Some((at, _)) = self.timers.first()
            && *at <= now
        {
            let Some((_, timer)) = self.timers.pop_first() else { return };
            match timer {
                Timer::Seat(seat) => self.seat_due(&seat, now, out),
                Timer::Break(seat) => {
                    if self.seats.get(&seat).is_some_and(|seat| seat.request.is_some_and(|r| r.approved)) {
                        self.force_state(&seat, Some(crate::Rest::Break), now, out);
                    }
                }
                Timer::Call(due, call) => {
                    if let Some(call) = self.calls.get_mut(&call) {
                        call.timers[due as usize] = None;
                    }
                    self.call_due(due, &call, now, out);
                }
            }
        }
    }

    fn seat_due(&mut self, key: &SeatKey, now: i64, out: &mut Vec<Effect>) {
        let Some(seat) = self.seats.get_mut(key) else { return };
        seat.deadline = None;
        match seat.state.clone() {
            SeatState::Reserved { call } | SeatState::Ringing { call } => {
                self.take_back(key, &call, WithdrawReason::TimedOut, now, out);
            }
            SeatState::WrapUp { .. } => self.after_call(key, now, out),
            _ => {}
        }
    }

    fn call_due(&mut self, due: Due, key: &CallKey, now: i64, out: &mut Vec<Effect>) {
        match due {
            Due::Patience => self.release(key, now, out),
            Due::Open => {
                let Some(call) = self.calls.get_mut(key) else { return };
                call.open = true;
                let (queue, line) = (call.queue, line_of(call.queue, call.medium));
                let turn = call.turn;
                self.lines[line].open.insert(turn, key.clone());
                self.stirred.insert(line);
                let queue = self.queues[queue].config.key.clone();
                self.trace(key, Trace::Opened { queue }, out);
            }
            Due::Overflow => self.overflow_due(key, now, out),
            Due::Announce => self.announce(key, now, out),
            Due::Lease => {
                if let Some(Place::Offered(seat)) = self.calls.get(key).map(|call| call.place.clone()) {
                    self.take_back(&seat, key, WithdrawReason::TimedOut, now, out);
                }
            }
        }
    }
}
