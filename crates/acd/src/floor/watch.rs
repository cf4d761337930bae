//! What can be seen of a floor, and its promises.

use std::collections::HashMap;

use super::{Call, Due, Floor, Place, Timer, line_of};
use crate::config::{FloorConfig, Medium};
use crate::types::{BreakRequest, CallKey, QueueKey, Rest, SeatKey, SeatState};

/// How a queue stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueFigures {
    /// The queue.
    pub key: QueueKey,
    /// Work items without a seat.
    pub waiting: usize,
    /// How long the first of them has waited, in milliseconds.
    pub longest_wait_ms: i64,
    /// Professional seats that are signed in.
    pub signed_in: usize,
    /// Those of them that are at work.
    pub at_work: usize,
    /// Those of them that are free for a telephone call.
    pub free: usize,
    /// General seats that are free and would help.
    pub general_free: usize,
    /// How long a call occupies a seat, lately, in milliseconds.
    pub handling_ms: i64,
    /// How long one more caller would wait; `None` when nobody works.
    pub estimate_ms: Option<i64>,
}

/// A work item that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The call.
    pub call: CallKey,
    /// Its queue.
    pub queue: QueueKey,
    /// How it came.
    pub medium: Medium,
    /// Steps of priority.
    pub priority: u8,
    /// 1 for the next one.
    pub position: usize,
    /// Since when it waits.
    pub since: i64,
    /// Whether it had a seat before.
    pub came_back: bool,
}

impl Floor {
    /// Returns the rules that are in force.
    #[must_use]
    pub fn config(&self) -> &FloorConfig {
        &self.config
    }

    /// Returns how many calls wait without an offer.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// Returns how long the caller who stands first somewhere has waited, in milliseconds.
    #[must_use]
    pub fn longest_wait_ms(&self, now_ms: i64) -> i64 {
        (0..self.queues.len()).map(|queue| self.longest_in(queue, now_ms)).max().unwrap_or(0)
    }

    fn longest_in(&self, queue: usize, now_ms: i64) -> i64 {
        Medium::ALL
            .iter()
            .filter_map(|medium| self.lines[line_of(queue, *medium)].waiting.first())
            .filter_map(|(_, call)| self.calls.get(call))
            .map(|call| now_ms - call.enqueued_at)
            .max()
            .unwrap_or(0)
    }

    /// Returns a seat's state and since when it lasts.
    #[must_use]
    pub fn seat(&self, seat: &SeatKey) -> Option<(&SeatState, i64)> {
        self.seats.get(seat).map(|seat| (&seat.state, seat.since))
    }

    /// Returns what a person has asked for.
    #[must_use]
    pub fn break_request(&self, seat: &SeatKey) -> Option<BreakRequest> {
        self.seats.get(seat)?.request
    }

    /// Returns what the person wants to do after the present call.
    #[must_use]
    pub fn rest_after_call(&self, seat: &SeatKey) -> Option<Rest> {
        self.seats.get(seat)?.then
    }

    /// Returns all seats with their states and whether their telephones can be reached.
    pub fn seats(&self) -> impl Iterator<Item = (&SeatKey, &SeatState, bool)> {
        self.seats.iter().map(|(key, seat)| (key, &seat.state, seat.reachable))
    }

    /// Returns how many seats are on a break.
    #[must_use]
    pub fn on_break(&self) -> usize {
        self.on_break
    }

    /// Returns how every queue stands.
    #[must_use]
    pub fn queue_figures(&self, now_ms: i64) -> Vec<QueueFigures> {
        (0..self.queues.len())
            .map(|index| {
                let queue = &self.queues[index];
                let staff = self.staff(index, Medium::Voice);
                QueueFigures {
                    key: queue.config.key.clone(),
                    waiting: queue.waiting,
                    longest_wait_ms: self.longest_in(index, now_ms),
                    signed_in: staff.signed_in,
                    at_work: staff.at_work,
                    free: staff.free,
                    general_free: staff.general_free,
                    handling_ms: queue.handling_ms,
                    estimate_ms: self.estimate(index, queue.waiting + 1),
                }
            })
            .collect()
    }

    /// Returns the first `limit` work items that wait in each queue.
    #[must_use]
    pub fn waiting_items(&self, limit: usize) -> Vec<Waiting> {
        let mut items = Vec::new();
        for line in &self.lines {
            for (index, (_, key)) in line.waiting.iter().take(limit).enumerate() {
                items.extend(self.calls.get(key).map(|call| self.describe(key, call, index + 1)));
            }
        }
        items
    }

    /// Returns where a call stands and how long it will take, while it waits.
    #[must_use]
    pub fn position(&self, key: &CallKey) -> Option<(usize, Option<i64>)> {
        let call = self.calls.get(key).filter(|call| call.place == Place::Waiting)?;
        let position = self.position_of(call);
        Some((position, self.estimate(call.queue, position)))
    }

    /// Returns the queue of a call.
    #[must_use]
    pub fn queue_of(&self, key: &CallKey) -> Option<&QueueKey> {
        self.calls.get(key).map(|call| &self.queues[call.queue].config.key)
    }

    fn describe(&self, key: &CallKey, call: &Call, position: usize) -> Waiting {
        Waiting {
            call: key.clone(),
            queue: self.queues[call.queue].config.key.clone(),
            medium: call.medium,
            priority: call.priority,
            position,
            since: call.enqueued_at,
            came_back: call.turn.0 == 0,
        }
    }

    pub(super) fn position_of(&self, call: &Call) -> usize {
        self.lines[line_of(call.queue, call.medium)].waiting.before(&call.turn) + 1
    }

    /// Seats that work end their calls one after the other, at the mean distance of a call's length divided
    /// by their number; a caller in place n waits for n of these ends. Seats that serve several queues count
    /// in each, so the estimate is the best case.
    pub(super) fn estimate(&self, queue: usize, position: usize) -> Option<i64> {
        let queue = &self.queues[queue];
        let helpers = match queue.config.general_after_ms {
            Some(_) if !queue.config.skills.is_empty() => self.general_at_work,
            _ => 0,
        };
        let seats = i64::try_from(queue.at_work + helpers).ok().filter(|seats| *seats > 0)?;
        let position = i64::try_from(position).unwrap_or(i64::MAX);
        Some(position.saturating_mul(queue.handling_ms) / seats)
    }

    /// Returns when [`crate::Input::Tick`] is needed next.
    #[must_use]
    pub fn next_tick_at(&self) -> Option<i64> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Checks the invariants of the crate's README.
    ///
    /// # Panics
    /// When one does not hold; for tests.
    #[doc(hidden)]
    pub fn check(&self) {
        let mut waiting = 0;
        for (key, call) in &self.calls {
            let line = &self.lines[line_of(call.queue, call.medium)];
            let waits = call.place == Place::Waiting;
            waiting += usize::from(waits);
            assert_eq!(line.waiting.contains(&call.turn), waits, "{key} is filed wrongly");
            assert_eq!(line.open.contains(&call.turn), waits && call.open, "{key} is open and is not");
            match &call.place {
                Place::Waiting => {}
                Place::Held(seat) => {
                    assert!(self.seats[seat].wanted.contains(&(call.turn, key.clone())), "{key} lost");
                    assert!(
                        call.timers[Due::Patience as usize].is_some(),
                        "{key} waits for one seat for ever"
                    );
                    assert!(!self.seats[seat].takes(call.medium), "{key} waits beside the seat it wants");
                }
                Place::Offered(seat) if call.medium.is_live() => assert!(
                    matches!(self.state(seat), Some(SeatState::Reserved { call } | SeatState::Ringing { call }) if call == key),
                    "{key} is offered to a seat that does not know"
                ),
                Place::Connected(seat) if call.medium.is_live() => assert!(
                    matches!(self.state(seat), Some(SeatState::OnCall { call }) if call == key),
                    "{key} is connected to a seat that does not know"
                ),
                Place::Offered(seat) => {
                    assert_eq!(self.seats[seat].written.get(key), Some(&call.medium));
                    assert!(call.timers[Due::Lease as usize].is_some(), "{key} is offered without an end");
                }
                Place::Connected(seat) => {
                    assert_eq!(self.seats[seat].written.get(key), Some(&call.medium));
                }
            }
        }
        assert_eq!(self.waiting, waiting);
        assert_eq!(self.waiting, self.lines.iter().map(|line| line.waiting.len()).sum::<usize>());
        assert_eq!(self.waiting, self.queues.iter().map(|queue| queue.waiting).sum::<usize>());
        self.check_seats();
        self.check_counts();
        for (index, line) in self.lines.iter().enumerate() {
            assert!(line.waiting.is_empty() || line.professionals.is_empty(), "a call waits beside a seat");
            let wide_open = self.queues[index / Medium::ALL.len()].is_wide_open();
            let may = if wide_open { &line.waiting } else { &line.open };
            assert!(may.is_empty() || line.generals.is_empty(), "a call waits beside a general seat");
        }
    }

    fn check_seats(&self) {
        for (key, seat) in &self.seats {
            for member in &seat.members {
                let line = &self.lines[member.line];
                let set = if member.professional { &line.professionals } else { &line.generals };
                let takes = seat.takes(Medium::ALL[member.line % Medium::ALL.len()]);
                assert_eq!(set.iter().any(|(_, other)| other == key), takes, "{key} is filed wrongly");
            }
            assert!(!seat.state.eq(&SeatState::Ready) || !seat.leaving, "{key} should have left");
            assert!(
                seat.wanted.is_empty() || !matches!(seat.state, SeatState::Resting(_)),
                "somebody waits for {key}, which rests"
            );
            match &seat.state {
                SeatState::Ringing { .. } | SeatState::OnCall { .. } if seat.engaged => {
                    assert!(seat.deadline.is_none(), "{key} is engaged and has a lease");
                }
                _ if seat.engaged => panic!("{key} is engaged without a call"),
                SeatState::Reserved { call } | SeatState::Ringing { call } => {
                    assert!(seat.deadline.is_some(), "{key} holds a lease without an end");
                    assert!(matches!(&self.calls[call].place, Place::Offered(s) if s == key));
                }
                SeatState::WrapUp { .. } => assert!(seat.deadline.is_some()),
                SeatState::OnCall { call } => {
                    assert!(matches!(&self.calls[call].place, Place::Connected(s) if s == key));
                }
                SeatState::Ready | SeatState::Resting(_) => {}
            }
            if let Some(at) = seat.deadline {
                assert!(self.timers.contains(&(at, Timer::Seat(key.clone()))));
            }
        }
    }

    fn check_counts(&self) {
        let mut counts: HashMap<usize, (usize, usize)> = HashMap::new();
        for seat in self.seats.values() {
            for (index, queue) in self.queues.iter().enumerate() {
                if seat.profile.level(&queue.config).is_some() {
                    let count = counts.entry(index).or_default();
                    count.0 += 1;
                    count.1 += usize::from(seat.at_work);
                }
            }
        }
        for (index, queue) in self.queues.iter().enumerate() {
            let (signed_in, at_work) = counts.get(&index).copied().unwrap_or_default();
            assert_eq!((queue.signed_in, queue.at_work), (signed_in, at_work));
        }
        let on_break =
            self.seats.values().filter(|seat| seat.state == SeatState::Resting(Rest::Break)).count();
        assert_eq!(self.on_break, on_break);
        let general = |at_work: bool| {
            self.seats.values().filter(|seat| seat.profile.general && (!at_work || seat.at_work)).count()
        };
        assert_eq!((self.general_signed_in, self.general_at_work), (general(false), general(true)));
        let timers = self.calls.values().flat_map(|call| call.timers.iter().flatten()).count()
            + self.seats.values().filter(|seat| seat.deadline.is_some()).count()
            + self.timers.iter().filter(|(_, timer)| matches!(timer, Timer::Break(_))).count();
        assert_eq!(self.timers.len(), timers, "a timer outlived its reason");
    }
}
