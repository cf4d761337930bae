//! The floor: several queues, many seats, one writer.

mod calls;
mod engaged;
mod matching;
mod places;
mod rest;
mod seats;
mod watch;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::config::{FloorConfig, Medium, QueueConfig, SeatProfile};
use crate::turns::{Turn, Turns};
use crate::types::{
    BreakRequest, CallKey, Effect, Input, QueueKey, Rest, SeatKey, SeatState, WithdrawReason,
};

pub use watch::{QueueFigures, Waiting};

/// What a seat is compared by in a line: the strategy's measure, then since when it is idle.
type Rank = (i64, i64);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Waiting,
    /// Waits for one seat alone.
    Held(SeatKey),
    Offered(SeatKey),
    Connected(SeatKey),
}

/// What a call's timers are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    Patience,
    Open,
    Overflow,
    Announce,
    Lease,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Call(Due, CallKey),
    Seat(SeatKey),
    Break(SeatKey),
}

#[derive(Clone, Debug)]
struct Call {
    queue: usize,
    medium: Medium,
    priority: u8,
    place: Place,
    /// Place in the queue, also if the call has to wait again.
    turn: Turn,
    enqueued_at: i64,
    /// When it joined the present queue.
    joined_at: i64,
    open: bool,
    overflow_at: Option<i64>,
    announce_next: i64,
    timers: [Option<i64>; 5],
    /// Queues that it has left for another one.
    left: Vec<QueueKey>,
}

#[derive(Clone, Debug)]
struct Seat {
    state: SeatState,
    since: i64,
    /// When it became idle; kept through an offer that came to nothing.
    idle_since: i64,
    reachable: bool,
    profile: SeatProfile,
    members: Vec<Member>,
    filed: Vec<(usize, bool, Rank)>,
    /// Whether it counts as at work in the queues where it is professional.
    at_work: bool,
    calls_taken: i64,
    talked_ms: i64,
    /// When the present call was answered, and in which queue it was.
    call_since: i64,
    call_queue: usize,
    written: BTreeMap<CallKey, Medium>,
    /// Calls that wait for this seat alone.
    wanted: BTreeSet<(Turn, CallKey)>,
    /// End of a lease or of the time for writing.
    deadline: Option<i64>,
    /// What the person wants after the present call.
    then: Option<Rest>,
    leaving: bool,
    /// Busy with a call that no queue gave it.
    engaged: bool,
    /// Leases in a row that ended before anything rang.
    silent_leases: u8,
    request: Option<BreakRequest>,
}

/// A line that a seat serves.
#[derive(Clone, Copy, Debug)]
struct Member {
    line: usize,
    professional: bool,
    level: i64,
}

/// Work items of one medium in one queue, and the seats that are free for them.
#[derive(Clone, Debug, Default)]
struct Line {
    waiting: Turns,
    /// Those of `waiting` that general seats may take.
    open: Turns,
    professionals: BTreeSet<(Rank, SeatKey)>,
    generals: BTreeSet<(Rank, SeatKey)>,
}

#[derive(Clone, Debug)]
struct Queue {
    config: QueueConfig,
    waiting: usize,
    signed_in: usize,
    at_work: usize,
    /// How long a call occupies a seat, lately.
    handling_ms: i64,
}

/// Assumed length of a call with writing until some have been measured.
const HANDLING_MS: i64 = 180_000;
/// Weight of the newest call in the mean is one to so many.
const HANDLING_WEIGHT: i64 = 8;
/// So many leases in a row may end before anything rings; then the seat's telephone is taken for dead. One
/// alone is more likely our own delay, for which nobody is set not ready.
const SILENT_LEASES_MAX: u8 = 3;

/// Queues and seats.
#[derive(Clone, Debug)]
pub struct Floor {
    config: FloorConfig,
    queues: Vec<Queue>,
    /// One for each queue and medium.
    lines: Vec<Line>,
    calls: HashMap<CallKey, Call>,
    waiting: usize,
    seats: HashMap<SeatKey, Seat>,
    general_signed_in: usize,
    general_at_work: usize,
    on_break: usize,
    timers: BTreeSet<(i64, Timer)>,
    arrivals: u64,
    /// Lines in which a call may meet a seat since the last input.
    stirred: BTreeSet<usize>,
    /// Seats that became free and that some call waits for alone.
    awaited: BTreeSet<SeatKey>,
    staff_left: bool,
}

impl Floor {
    /// Makes an empty floor. A configuration without a queue gets the default one.
    #[must_use]
    pub fn new(mut config: FloorConfig) -> Self {
        if config.queues.is_empty() {
            config.queues = FloorConfig::default().queues;
        }
        let queues: Vec<Queue> = config.queues.iter().cloned().map(Queue::new).collect();
        Self {
            lines: vec![Line::default(); queues.len() * Medium::ALL.len()],
            config,
            queues,
            calls: HashMap::new(),
            waiting: 0,
            seats: HashMap::new(),
            general_signed_in: 0,
            general_at_work: 0,
            on_break: 0,
            timers: BTreeSet::new(),
            arrivals: 0,
            stirred: BTreeSet::new(),
            awaited: BTreeSet::new(),
            staff_left: false,
        }
    }

    /// Replaces the rules while calls wait and seats work. Leases that run keep their deadlines, calls keep
    /// their turns; those of a queue that is no longer there go to the first one.
    pub fn configure(&mut self, mut config: FloorConfig, now_ms: i64) -> Vec<Effect> {
        let mut out = Vec::new();
        if config.queues.is_empty() {
            config.queues = FloorConfig::default().queues;
        }
        let old: Vec<QueueKey> = self.queues.iter().map(|queue| queue.config.key.clone()).collect();
        let handling: HashMap<QueueKey, i64> =
            self.queues.iter().map(|queue| (queue.config.key.clone(), queue.handling_ms)).collect();
        let mut waiting: Vec<(Turn, CallKey)> = self
            .calls
            .iter()
            .filter(|(_, call)| call.place == Place::Waiting)
            .map(|(key, call)| (call.turn, key.clone()))
            .collect();
        waiting.sort();
        for (_, key) in &waiting {
            self.leave_line(key);
        }
        let seats: Vec<SeatKey> = self.seats.keys().cloned().collect();
        for seat in &seats {
            self.disenroll(seat);
        }
        self.queues = config.queues.iter().cloned().map(Queue::new).collect();
        for queue in &mut self.queues {
            queue.handling_ms = handling.get(&queue.config.key).copied().unwrap_or(HANDLING_MS);
        }
        self.lines = vec![Line::default(); self.queues.len() * Medium::ALL.len()];
        self.config = config;
        self.stirred.clear();
        let place: Vec<Option<usize>> = old.iter().map(|key| self.queue_index(key)).collect();
        let moved = |queue: usize| place.get(queue).copied().flatten();
        let mut homeless = BTreeSet::new();
        for (key, call) in &mut self.calls {
            if let Some(queue) = moved(call.queue) {
                call.queue = queue;
            } else {
                homeless.insert((key.clone(), call.queue));
                call.queue = 0;
                call.joined_at = now_ms;
            }
        }
        for seat in self.seats.values_mut() {
            seat.call_queue = moved(seat.call_queue).unwrap_or(0);
        }
        for seat in &seats {
            self.enroll(seat);
        }
        for (key, queue) in homeless {
            let (from, to) = (old[queue].clone(), self.queues[0].config.key.clone());
            self.trace(
                &key,
                crate::Trace::Moved { from, to, cause: crate::OverflowCause::Removed },
                &mut out,
            );
        }
        for (_, key) in &waiting {
            self.reschedule(key);
            self.enter_line(key, now_ms);
        }
        self.staff_left = true;
        self.settle(now_ms, &mut out);
        out
    }

    /// Applies an input. Inputs that no longer fit (an answer after the caller hung up) change
    /// nothing; what they leave behind was cleared when the offer was withdrawn.
    pub fn apply(&mut self, input: Input, now_ms: i64) -> Vec<Effect> {
        let mut out = Vec::new();
        match input {
            Input::Enqueue(arrival) => self.enqueue(arrival, now_ms, &mut out),
            Input::Return { call } => self.return_call(&call, now_ms, &mut out),
            // Whatever state it was in, a call that has ended must leave nothing behind.
            Input::Abandon { call } | Input::Ended { call } => self.leave(&call, now_ms, &mut out),
            Input::SignIn { seat } => self.sign_in(seat, now_ms, &mut out),
            Input::Profile { seat, profile } => self.change_profile(&seat, profile, now_ms),
            Input::SignOut { seat } => self.sign_out(&seat, now_ms, &mut out),
            Input::Phone { seat, reachable } => self.phone(&seat, reachable, now_ms, &mut out),
            Input::SetState { seat, rest } => self.set_state(&seat, rest, now_ms, &mut out),
            Input::ForceState { seat, rest } => self.force_state(&seat, rest, now_ms, &mut out),
            Input::DecideBreak { seat, approved } => self.decide_break(&seat, approved, now_ms, &mut out),
            Input::WithdrawBreak { seat } => self.end_request(&seat, false, &mut out),
            Input::PostponeBreak { seat, by_ms } => self.postpone_break(&seat, by_ms, now_ms, &mut out),
            Input::Engage { seat, call } => self.engage(&seat, call, now_ms, &mut out),
            Input::Joined { seat, call } => self.joined(&seat, call, now_ms, &mut out),
            Input::Disengage { seat, call, wrap_up } => {
                self.disengage(&seat, &call, wrap_up, now_ms, &mut out);
            }
            Input::Rung { seat, call } => self.rung(&seat, &call, now_ms, &mut out),
            Input::Accepted { seat, call } => self.accepted(&seat, &call, now_ms, &mut out),
            Input::Rejected { seat, call } => {
                if self.offer_stands(&seat, &call) {
                    self.take_back(&seat, &call, WithdrawReason::Refused, now_ms, &mut out);
                }
            }
            Input::WrapUpDone { seat } => {
                if matches!(self.state(&seat), Some(SeatState::WrapUp { .. })) {
                    self.after_call(&seat, now_ms, &mut out);
                }
            }
            Input::Tick => self.expire(now_ms, &mut out),
        }
        self.settle(now_ms, &mut out);
        out
    }

    fn settle(&mut self, now: i64, out: &mut Vec<Effect>) {
        if std::mem::take(&mut self.staff_left) {
            self.spill_unstaffed(now, out);
        }
        self.match_up(now, out);
    }

    fn state(&self, seat: &SeatKey) -> Option<&SeatState> {
        self.seats.get(seat).map(|seat| &seat.state)
    }

    fn queue_index(&self, key: &QueueKey) -> Option<usize> {
        self.queues.iter().position(|queue| queue.config.key == *key)
    }

    fn trace(&self, call: &CallKey, trace: crate::Trace, out: &mut Vec<Effect>) {
        out.push(Effect::Traced { call: call.clone(), trace });
    }

    /// Arms, moves or disarms a call's timer.
    fn arm(&mut self, key: &CallKey, due: Due, at: Option<i64>) {
        let Some(call) = self.calls.get_mut(key) else { return };
        let slot = &mut call.timers[due as usize];
        if *slot == at {
            return;
        }
        if let Some(old) = std::mem::replace(slot, at) {
            self.timers.remove(&(old, Timer::Call(due, key.clone())));
        }
        if let Some(at) = at {
            self.timers.insert((at, Timer::Call(due, key.clone())));
        }
    }
}

impl Queue {
    fn new(config: QueueConfig) -> Self {
        Self { config, waiting: 0, signed_in: 0, at_work: 0, handling_ms: HANDLING_MS }
    }

    /// Tells whether general seats may take every call, since no professional seat is at work.
    fn is_wide_open(&self) -> bool {
        self.config.general_after_ms.is_some() && self.at_work == 0
    }
}

fn line_of(queue: usize, medium: Medium) -> usize {
    queue * Medium::ALL.len() + medium.index()
}
