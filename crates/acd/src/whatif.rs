//! A day of callers played through the real [`Floor`]: what staffing and rules would have meant for them.
//!
//! Nothing is estimated here but what a caller does: when they come, how long they wait before they give up, how
//! long they talk. Who gets which seat is decided by the same code as in the house. The same day gives the same
//! outcome.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use crate::config::{FloorConfig, SeatProfile};
use crate::floor::Floor;
use crate::types::{Arrival, CallKey, Effect, Input, QueueKey, Rest, SeatKey, SeatState};

/// Steps of one day at most; a rule that never settles must not run for ever.
const STEPS_MAX: u64 = 20_000_000;

/// Somebody who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// When they join the queue, in milliseconds.
    pub at: i64,
    /// The queue.
    pub queue: QueueKey,
    /// Steps of priority.
    pub priority: u8,
    /// After so long they give up; `None` for never.
    pub patience_ms: Option<i64>,
    /// How long they talk.
    pub talk_ms: i64,
}

/// Somebody who works.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    /// The seat.
    pub seat: SeatKey,
    /// What it can do.
    pub profile: SeatProfile,
    /// When it takes calls: from, to.
    pub spans: Vec<(i64, i64)>,
}

/// A day to be played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// The callers.
    pub callers: Vec<Caller>,
    /// The seats.
    pub workers: Vec<Worker>,
    /// The rules.
    pub config: FloorConfig,
    /// How long a telephone rings before it is answered.
    pub answer_ms: i64,
    /// A call counts as answered in time within this, by queue.
    pub within_ms: BTreeMap<QueueKey, i64>,
    /// Length of a slot of the figures, and where the first begins.
    pub slot_ms: i64,
    /// Where the first slot begins.
    pub from: i64,
}

/// What became of callers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// They called.
    pub offered: i64,
    /// They were answered.
    pub answered: i64,
    /// … in time.
    pub in_time: i64,
    /// They gave up.
    pub abandoned: i64,
    /// There was no room, or they were sent out of the house.
    pub refused: i64,
    /// How long those waited who were answered or gave up, in sum.
    pub waited_ms: i64,
    /// The longest wait.
    pub longest_ms: i64,
}

impl Tally {
    fn wait(&mut self, ms: i64) {
        self.waited_ms += ms;
        self.longest_ms = self.longest_ms.max(ms);
    }
}

/// What came of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// By the queue that callers joined first.
    pub queues: BTreeMap<QueueKey, Tally>,
    /// By slot in which callers came.
    pub slots: BTreeMap<i64, Tally>,
    /// Time talked, in sum.
    pub talked_ms: i64,
    /// Time at work, in sum.
    pub worked_ms: i64,
    /// Whether the day was cut off because it did not settle.
    pub cut: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Begin(usize),
    Arrive(usize),
    Accept { caller: usize, worker: usize },
    End(usize),
    GiveUp(usize),
    Stop(usize),
}

struct Stage<'a> {
    day: &'a Day,
    floor: Floor,
    events: BinaryHeap<Reverse<(i64, u64, What)>>,
    serial: u64,
    callers: HashMap<CallKey, usize>,
    workers: HashMap<SeatKey, usize>,
    waiting: Vec<bool>,
    /// The latest instant that the floor was told; time never goes back.
    now: i64,
    played: Played,
}

/// Plays a day.
#[must_use]
pub fn play(day: &Day) -> Played {
    let mut stage = Stage {
        day,
        floor: Floor::new(day.config.clone()),
        events: BinaryHeap::new(),
        serial: 0,
        callers: HashMap::new(),
        workers: day.workers.iter().enumerate().map(|(at, worker)| (worker.seat.clone(), at)).collect(),
        waiting: vec![false; day.callers.len()],
        now: i64::MIN,
        played: Played::default(),
    };
    for (at, worker) in day.workers.iter().enumerate() {
        for &(from, to) in worker.spans.iter().filter(|(from, to)| from < to) {
            stage.later(from, What::Begin(at));
            stage.later(to, What::Stop(at));
            stage.played.worked_ms += to - from;
        }
    }
    for (at, caller) in day.callers.iter().enumerate() {
        stage.callers.insert(key(at), at);
        stage.later(caller.at, What::Arrive(at));
    }
    for _ in 0..STEPS_MAX {
        let event = stage.events.peek().map(|Reverse((at, ..))| *at);
        let tick = stage.floor.next_tick_at().filter(|_| event.is_some() || stage.floor.waiting() > 0);
        match (event, tick) {
            (None, None) => return stage.played,
            // A floor that nobody will ever come to again: whoever waits there without an end is left out.
            (None, Some(_)) if stage.waiting.iter().all(|waits| !waits) => return stage.played,
            (event, Some(tick)) if event.is_none_or(|at| tick <= at) => {
                if event.is_none() && tick > stage.end() {
                    return stage.played;
                }
                stage.apply(Input::Tick, tick);
            }
            _ => {
                if let Some(Reverse((now, _, what))) = stage.events.pop() {
                    stage.happen(what, now);
                }
            }
        }
    }
    stage.played.cut = true;
    stage.played
}

fn key(at: usize) -> CallKey {
    CallKey::from(at.to_string().as_str())
}

impl Stage<'_> {
    /// When nobody comes or goes any more, only an overflow may still move somebody; it takes two hours at most.
    fn end(&self) -> i64 {
        self.day.callers.iter().map(|caller| caller.at).max().unwrap_or(0) + 8_000_000
    }

    fn later(&mut self, at: i64, what: What) {
        self.serial += 1;
        self.events.push(Reverse((at, self.serial, what)));
    }

    fn slot(&self, at: i64) -> i64 {
        (at - self.day.from).div_euclid(self.day.slot_ms.max(1))
    }

    fn count(&mut self, caller: usize, count: impl Fn(&mut Tally)) {
        let one = &self.day.callers[caller];
        let slot = self.slot(one.at);
        count(self.played.queues.entry(one.queue.clone()).or_default());
        count(self.played.slots.entry(slot).or_default());
    }

    fn happen(&mut self, what: What, now: i64) {
        match what {
            What::Begin(at) => {
                let worker = &self.day.workers[at];
                let seat = || worker.seat.clone();
                let profile = worker.profile.clone();
                for input in [
                    Input::SignIn { seat: seat() },
                    Input::Profile { seat: seat(), profile },
                    Input::Phone { seat: seat(), reachable: true },
                    Input::ForceState { seat: seat(), rest: None },
                ] {
                    self.apply(input, now);
                }
            }
            What::Stop(at) => {
                let seat = self.day.workers[at].seat.clone();
                self.apply(Input::ForceState { seat: seat.clone(), rest: Some(Rest::NotReady) }, now);
                self.apply(Input::SignOut { seat }, now);
            }
            What::Arrive(at) => {
                let caller = &self.day.callers[at];
                self.waiting[at] = true;
                if let Some(patience) = caller.patience_ms {
                    self.later(now + patience.max(0), What::GiveUp(at));
                }
                let arrival = Arrival {
                    queue: Some(caller.queue.clone()),
                    priority: caller.priority,
                    ..Arrival::voice(key(at))
                };
                self.count(at, |tally| tally.offered += 1);
                self.apply(Input::Enqueue(arrival), now);
            }
            What::Accept { caller, worker } => {
                let seat = self.day.workers[worker].seat.clone();
                let rings = matches!(
                    self.floor.seat(&seat),
                    Some((SeatState::Ringing { call }, _)) if *call == key(caller)
                );
                if rings {
                    self.apply(Input::Accepted { seat, call: key(caller) }, now);
                }
            }
            What::End(at) => self.apply(Input::Ended { call: key(at) }, now),
            What::GiveUp(at) => {
                if std::mem::take(&mut self.waiting[at]) {
                    let waited = now - self.day.callers[at].at;
                    self.count(at, |tally| {
                        tally.abandoned += 1;
                        tally.wait(waited);
                    });
                    self.apply(Input::Abandon { call: key(at) }, now);
                }
            }
        }
    }

    fn apply(&mut self, input: Input, now: i64) {
        self.now = self.now.max(now);
        let now = self.now;
        for effect in self.floor.apply(input, now) {
            self.hear(effect, now);
        }
    }

    fn hear(&mut self, effect: Effect, now: i64) {
        match effect {
            Effect::Offer { call, seat } => {
                let (Some(&caller), Some(&worker)) = (self.callers.get(&call), self.workers.get(&seat))
                else {
                    return;
                };
                self.later(now + self.day.answer_ms.max(0), What::Accept { caller, worker });
                self.apply(Input::Rung { seat, call }, now);
            }
            Effect::Connected { call, .. } => {
                let Some(&caller) = self.callers.get(&call) else { return };
                if !std::mem::take(&mut self.waiting[caller]) {
                    return;
                }
                let one = &self.day.callers[caller];
                let waited = now - one.at;
                let in_time = waited <= self.day.within_ms.get(&one.queue).copied().unwrap_or(15_000);
                let talk = one.talk_ms.max(1_000);
                self.played.talked_ms += talk;
                self.count(caller, |tally| {
                    tally.answered += 1;
                    tally.in_time += i64::from(in_time);
                    tally.wait(waited);
                });
                self.later(now + talk, What::End(caller));
            }
            Effect::Refused { call } | Effect::Forward { call, .. } => {
                if let Some(&caller) = self.callers.get(&call)
                    && std::mem::take(&mut self.waiting[caller])
                {
                    self.count(caller, |tally| tally.refused += 1);
                }
            }
            _ => {}
        }
    }
}

/// Draws from what was seen, the same for the same seed.
#[derive(Clone, Debug)]
pub struct Draw(u64);

impl Draw {
    /// Begins with a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed ^ 0x9e37_79b9_7f4a_7c15)
    }

    /// Returns a number from 0 up to 1 (SplitMix64).
    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Returns one of several.
    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        all.get((self.unit() * all.len() as f64) as usize)
    }

    /// Returns a count around a mean, as arrivals scatter (Poisson).
    pub fn count(&mut self, mean: f64) -> u32 {
        if mean.is_nan() || mean <= 0.0 {
            return 0;
        }
        // Large means in parts, so that the product below does not vanish.
        let parts = (mean / 30.0).ceil().clamp(1.0, 10_000.0);
        let floor = (-mean / parts).exp();
        let mut sum = 0;
        for _ in 0..parts as u32 {
            let mut product = self.unit();
            while product > floor {
                sum += 1;
                product *= self.unit();
            }
        }
        sum
    }
}

/// How long callers are ready to wait, from those who gave up and those who were answered before they did
/// (the product-limit estimate of Kaplan and Meier).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Patience {
    /// Waits after which somebody gave up, with the share who would still wait afterwards.
    steps: Vec<(i64, f64)>,
}

impl Patience {
    /// Learns from waits: how long, and whether the caller gave up.
    #[must_use]
    pub fn of(waits: &[(i64, bool)]) -> Self {
        let mut waits = waits.to_vec();
        waits.sort_unstable();
        let mut left = waits.len();
        let mut share = 1.0;
        let mut steps: Vec<(i64, f64)> = Vec::new();
        for (wait, gave_up) in waits {
            if gave_up {
                share *= 1.0 - 1.0 / left as f64;
                match steps.last_mut() {
                    Some(step) if step.0 == wait => step.1 = share,
                    _ => steps.push((wait, share)),
                }
            }
            left -= 1;
        }
        Self { steps }
    }

    /// Draws how long somebody waits who has waited `already`; `None` for longer than anybody was seen to.
    pub fn draw(&self, already: i64, draw: &mut Draw) -> Option<i64> {
        let now = self.steps.iter().rev().find(|(wait, _)| *wait <= already).map_or(1.0, |(_, share)| *share);
        let level = draw.unit() * now;
        self.steps.iter().find(|(wait, share)| *wait > already && *share <= level).map(|(wait, _)| *wait)
    }
}
