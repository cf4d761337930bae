//! What staffing and routing would have meant for a day's callers: the day is taken from the books, changed as a
//! leader wishes, and played by [`acd::whatif`] with the code that gives calls to seats in the house.

use std::collections::{BTreeMap, HashMap};

use acd::whatif::{Caller, Day, Draw, Patience, Played, Tally, Worker};
use acd::{FloorConfig, Overflow, OverflowTarget, QueueKey, SeatProfile, Strategy};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Callers of one day at most.
pub const CALLERS_MAX: usize = 60_000;
/// Seats that may be added at most.
const EXTRA_MAX: i64 = 500;
/// Length of a slot of the figures.
pub const SLOT_MS: i64 = 3_600_000;
/// How long a telephone rings before it is answered.
const ANSWER_MS: i64 = 3_000;
/// States in which a seat takes calls, or works on one.
const WORKING: [&str; 5] = ["ready", "reserved", "ringing", "on_call", "wrap_up"];

/// When seats worked: by number, the seat's id and the spans from and to.
pub type Seats = BTreeMap<String, (String, Vec<(i64, i64)>)>;

/// A caller as the books have them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Came {
    /// When they joined their first queue, epoch milliseconds.
    pub at: i64,
    /// That queue.
    pub queue: String,
    /// Steps of priority.
    pub priority: i64,
    /// How long they waited in all.
    pub waited_ms: i64,
    /// How long they talked; none when nobody answered.
    pub talked_ms: Option<i64>,
    /// `answered`, `abandoned`, `refused`, `overflow`.
    pub outcome: String,
}

/// A change of a sitting's state, as the books have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sat {
    /// The sitting.
    pub session: String,
    /// The seat.
    pub seat_id: String,
    /// Its number.
    pub seat_no: String,
    /// When the sitting ended.
    pub signed_out_at: Option<i64>,
    /// When the state began.
    pub at: i64,
    /// The state.
    pub state: String,
}

/// Seats that are added.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WhatIfSeats)]
pub struct Extra {
    /// How many.
    pub count: i64,
    /// From, minutes of the day.
    pub from_minute: i64,
    /// To, minutes of the day.
    pub to_minute: i64,
    /// Their skills with levels; general seats without any.
    #[serde(default)]
    pub skills: BTreeMap<String, u8>,
}

/// Rules of a queue that are changed; what is absent stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WhatIfQueue)]
pub struct QueueChange {
    /// The queue.
    pub id: String,
    /// Which free seat is next.
    pub strategy: Option<String>,
    /// After so many seconds general seats help; below 0 never.
    pub general_after_secs: Option<i64>,
    /// Steps of priority.
    pub priority: Option<i64>,
    /// Time for writing.
    pub wrap_up_secs: Option<i64>,
    /// After so many seconds callers go to the other queue.
    pub overflow_after_secs: Option<i64>,
    /// The other queue; empty for none.
    pub overflow_queue: Option<String>,
}

/// What is tried.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = WhatIfChanges)]
pub struct Changes {
    /// More or fewer callers, in per cent of the day's.
    pub growth_pct: i64,
    /// Seats that are added.
    pub extra: Vec<Extra>,
    /// Seats that stay away, by their numbers.
    pub absent: Vec<String>,
    /// Rules that are changed.
    pub queues: Vec<QueueChange>,
}

impl Changes {
    /// Tells what is wrong, in both languages.
    #[must_use]
    pub fn problem(&self) -> Option<(&'static str, &'static str, &'static str)> {
        if !(-90..=300).contains(&self.growth_pct) {
            return Some(("growth_pct", "来电量变化为 -90% 至 300%。", "Between -90 and 300 per cent."));
        }
        let fits = |extra: &Extra| {
            (0..=EXTRA_MAX).contains(&extra.count)
                && (0..=1_440).contains(&extra.from_minute)
                && (extra.from_minute..=1_440).contains(&extra.to_minute)
                && extra.skills.len() <= 10
        };
        if self.extra.len() > 20 || !self.extra.iter().all(fits) {
            return Some(("extra", "增加的座席数或时段不正确。", "The added seats are out of range."));
        }
        if self.absent.len() > 2_000 || self.queues.len() > 60 {
            return Some(("absent", "改动太多。", "Too many changes."));
        }
        let known =
            |one: &QueueChange| one.strategy.as_deref().is_none_or(|word| Strategy::parse(word).is_some());
        let sound = |one: &QueueChange| {
            one.priority.is_none_or(|steps| (0..=20).contains(&steps))
                && one.general_after_secs.is_none_or(|secs| (-1..=3_600).contains(&secs))
                && one.wrap_up_secs.is_none_or(|secs| (0..=3_600).contains(&secs))
                && one.overflow_after_secs.is_none_or(|secs| (1..=7_200).contains(&secs))
        };
        if !self.queues.iter().all(|one| known(one) && sound(one)) {
            return Some(("queues", "队列规则不正确。", "A rule of a queue is out of range."));
        }
        None
    }

    /// Changes the rules.
    #[must_use]
    pub fn rules(&self, mut config: FloorConfig) -> FloorConfig {
        for change in &self.queues {
            let Some(queue) = config.queues.iter_mut().find(|queue| queue.key.as_str() == change.id) else {
                continue;
            };
            if let Some(strategy) = change.strategy.as_deref().and_then(Strategy::parse) {
                queue.strategy = strategy;
            }
            if let Some(secs) = change.general_after_secs {
                queue.general_after_ms = (secs >= 0).then_some(secs * 1_000);
            }
            if let Some(steps) = change.priority {
                queue.priority = u8::try_from(steps).unwrap_or(0);
            }
            if let Some(secs) = change.wrap_up_secs {
                queue.wrap_up_ms = secs * 1_000;
            }
            match change.overflow_queue.as_deref() {
                Some("") => queue.overflow = None,
                Some(to) => {
                    queue.overflow = Some(Overflow {
                        after_ms: Some(change.overflow_after_secs.unwrap_or(60) * 1_000),
                        when_unstaffed: true,
                        to: OverflowTarget::Queue(to.into()),
                    });
                }
                None => {
                    if let (Some(overflow), Some(secs)) = (&mut queue.overflow, change.overflow_after_secs) {
                        overflow.after_ms = Some(secs * 1_000);
                    }
                }
            }
        }
        config
    }
}

/// Learns how long callers are ready to wait.
#[must_use]
pub fn patience(came: &[Came]) -> Patience {
    let waits: Vec<(i64, bool)> = came
        .iter()
        .filter(|one| one.outcome == "answered" || one.outcome == "abandoned")
        .map(|one| (one.waited_ms, one.outcome == "abandoned"))
        .collect();
    Patience::of(&waits)
}

fn talks(came: &[Came]) -> Vec<i64> {
    came.iter().filter_map(|one| one.talked_ms).filter(|ms| *ms > 0).collect()
}

/// Makes the day's callers, more or fewer of them. Who gave up is known to have waited that long; who was answered
/// would have waited longer, as others did; who was not answered would have talked as others did.
#[must_use]
pub fn callers(came: &[Came], growth_pct: i64, seed: u64) -> Vec<Caller> {
    let mut draw = Draw::new(seed);
    let (patience, talks) = (patience(came), talks(came));
    let share = 1.0 + growth_pct as f64 / 100.0;
    let mut callers = Vec::new();
    for one in came {
        // The part behind the comma is drawn, so that 30 per cent more are 30 per cent more.
        let times = share.floor() as u32 + u32::from(draw.unit() < share.fract());
        for copy in 0..times {
            let real = copy == 0;
            let patience_ms = match one.outcome.as_str() {
                "abandoned" if real => Some(one.waited_ms),
                _ => patience.draw(if real { one.waited_ms } else { 0 }, &mut draw),
            };
            let known = one.talked_ms.filter(|ms| *ms > 0 && real);
            let talk_ms = known.or_else(|| draw.one_of(&talks).copied()).unwrap_or(180_000);
            let moved = if real { 0 } else { (draw.unit() * 600_000.0) as i64 - 300_000 };
            callers.push(Caller {
                at: one.at + moved,
                queue: one.queue.as_str().into(),
                priority: u8::try_from(one.priority.clamp(0, 255)).unwrap_or(0),
                patience_ms,
                talk_ms,
            });
        }
    }
    callers.sort_by_key(|caller| caller.at);
    callers.truncate(CALLERS_MAX);
    callers
}

/// Makes callers of a day that is only expected: `slots` are beginnings and means; queues, patience and lengths are
/// drawn from those who `came` before.
#[must_use]
pub fn expected(slots: &[(i64, f64)], slot_ms: i64, came: &[Came], seed: u64) -> Vec<Caller> {
    let mut draw = Draw::new(seed);
    let (patience, talks) = (patience(came), talks(came));
    let mut callers = Vec::new();
    for (begin, mean) in slots {
        for _ in 0..draw.count(*mean) {
            let like = draw.one_of(came);
            callers.push(Caller {
                at: begin + (draw.unit() * slot_ms as f64) as i64,
                queue: like.map_or_else(|| crate::queue::MAIN, |one| one.queue.as_str()).into(),
                priority: like.map_or(0, |one| u8::try_from(one.priority.clamp(0, 255)).unwrap_or(0)),
                patience_ms: patience.draw(0, &mut draw),
                talk_ms: draw.one_of(&talks).copied().unwrap_or(180_000),
            });
        }
        if callers.len() > CALLERS_MAX {
            break;
        }
    }
    callers.sort_by_key(|caller| caller.at);
    callers.truncate(CALLERS_MAX);
    callers
}

/// Returns when each seat worked between two instants: seat, its id, spans.
#[must_use]
pub fn spans(sat: &[Sat], from: i64, to: i64) -> Seats {
    let mut seats = Seats::new();
    for (at, one) in sat.iter().enumerate() {
        if !WORKING.contains(&one.state.as_str()) {
            continue;
        }
        let next = sat.get(at + 1).filter(|next| next.session == one.session).map(|next| next.at);
        let end = next.or(one.signed_out_at).unwrap_or(to).min(to);
        let begin = one.at.max(from);
        if begin >= end {
            continue;
        }
        let (_, spans) =
            seats.entry(one.seat_no.clone()).or_insert_with(|| (one.seat_id.clone(), Vec::new()));
        match spans.last_mut() {
            // States that follow each other are one span of work.
            Some(last) if last.1 >= begin => last.1 = last.1.max(end),
            _ => spans.push((begin, end)),
        }
    }
    seats
}

/// Makes the day's workers.
#[must_use]
pub fn workers(
    seats: &Seats,
    profiles: &HashMap<String, SeatProfile>,
    changes: &Changes,
    day: i64,
) -> Vec<Worker> {
    let mut workers: Vec<Worker> = seats
        .iter()
        .filter(|(no, _)| !changes.absent.contains(no))
        .map(|(no, (_, spans))| Worker {
            seat: no.as_str().into(),
            profile: profiles.get(no).cloned().unwrap_or_default(),
            spans: spans.clone(),
        })
        .collect();
    for (at, extra) in changes.extra.iter().enumerate() {
        for n in 0..extra.count {
            workers.push(Worker {
                seat: format!("+{at}.{n}").as_str().into(),
                profile: SeatProfile {
                    general: extra.skills.is_empty(),
                    skills: extra.skills.clone(),
                    ..SeatProfile::default()
                },
                spans: vec![(day + extra.from_minute * 60_000, day + extra.to_minute * 60_000)],
            });
        }
    }
    workers
}

/// Puts a day together.
#[must_use]
pub fn day(
    callers: Vec<Caller>,
    workers: Vec<Worker>,
    config: FloorConfig,
    within_ms: BTreeMap<QueueKey, i64>,
    from: i64,
) -> Day {
    Day { callers, workers, config, answer_ms: ANSWER_MS, within_ms, slot_ms: SLOT_MS, from }
}

/// Figures of callers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = WhatIfFigures)]
pub struct Figures {
    /// They called.
    pub offered: i64,
    /// They were answered.
    pub answered: i64,
    /// … in time.
    pub in_time: i64,
    /// They gave up.
    pub abandoned: i64,
    /// There was no room.
    pub refused: i64,
    /// Share of callers answered in time, in per cent; none without callers.
    pub level_pct: Option<f64>,
    /// Mean wait.
    pub mean_wait_ms: i64,
    /// Longest wait.
    pub longest_ms: i64,
}

impl Figures {
    /// Sums tallies up.
    pub fn of<'a>(tallies: impl IntoIterator<Item = &'a Tally>) -> Self {
        let mut sum = Self::default();
        let mut waited = 0;
        for tally in tallies {
            sum.offered += tally.offered;
            sum.answered += tally.answered;
            sum.in_time += tally.in_time;
            sum.abandoned += tally.abandoned;
            sum.refused += tally.refused;
            sum.longest_ms = sum.longest_ms.max(tally.longest_ms);
            waited += tally.waited_ms;
        }
        sum.level_pct = (sum.offered > 0).then(|| 100.0 * sum.in_time as f64 / sum.offered as f64);
        sum.mean_wait_ms = waited / (sum.answered + sum.abandoned).max(1);
        sum
    }
}

/// Figures of a queue or a slot.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = WhatIfPart)]
pub struct Part {
    /// The queue, or the hour of the day.
    pub key: String,
    /// Its figures.
    pub figures: Figures,
}

/// One way in which the day went, or would have gone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
#[schema(as = WhatIfSide)]
pub struct Side {
    /// Everybody.
    pub all: Figures,
    /// Share of the time at work that was talked, in per cent.
    pub occupancy_pct: Option<f64>,
    /// By queue.
    pub queues: Vec<Part>,
    /// By hour in which callers came.
    pub hours: Vec<Part>,
}

impl Side {
    /// Makes one of a day that was played.
    #[must_use]
    pub fn played(played: &Played) -> Self {
        Self::made(&played.queues, &played.slots, played.talked_ms, played.worked_ms)
    }

    fn made(
        queues: &BTreeMap<QueueKey, Tally>,
        slots: &BTreeMap<i64, Tally>,
        talked_ms: i64,
        worked_ms: i64,
    ) -> Self {
        Self {
            all: Figures::of(queues.values()),
            occupancy_pct: (worked_ms > 0).then(|| (100.0 * talked_ms as f64 / worked_ms as f64).min(100.0)),
            queues: queues
                .iter()
                .map(|(key, tally)| Part { key: key.to_string(), figures: Figures::of([tally]) })
                .collect(),
            hours: slots
                .iter()
                .map(|(slot, tally)| Part { key: slot.to_string(), figures: Figures::of([tally]) })
                .collect(),
        }
    }

    /// Makes one of what really happened.
    #[must_use]
    pub fn happened(came: &[Came], within_ms: &BTreeMap<QueueKey, i64>, from: i64, worked_ms: i64) -> Self {
        let mut queues: BTreeMap<QueueKey, Tally> = BTreeMap::new();
        let mut slots: BTreeMap<i64, Tally> = BTreeMap::new();
        for one in came {
            let key = QueueKey::from(one.queue.as_str());
            let within = within_ms.get(&key).copied().unwrap_or(15_000);
            for tally in [
                queues.entry(key).or_default(),
                slots.entry((one.at - from).div_euclid(SLOT_MS)).or_default(),
            ] {
                tally.offered += 1;
                match one.outcome.as_str() {
                    "answered" => {
                        tally.answered += 1;
                        tally.in_time += i64::from(one.waited_ms <= within);
                    }
                    "abandoned" => tally.abandoned += 1,
                    _ => tally.refused += 1,
                }
                if matches!(one.outcome.as_str(), "answered" | "abandoned") {
                    tally.waited_ms += one.waited_ms;
                    tally.longest_ms = tally.longest_ms.max(one.waited_ms);
                }
            }
        }
        let talked = came.iter().filter_map(|one| one.talked_ms).sum();
        Self::made(&queues, &slots, talked, worked_ms)
    }
}

#[cfg(test)]
mod tests {
    use acd::whatif::play;

    use super::*;

    fn came(at: i64, waited_ms: i64, outcome: &str) -> Came {
        Came {
            at,
            queue: "main".to_owned(),
            priority: 0,
            waited_ms,
            talked_ms: (outcome == "answered").then_some(120_000),
            outcome: outcome.to_owned(),
        }
    }

    fn sat(session: &str, no: &str, at: i64, state: &str) -> Sat {
        Sat {
            session: session.to_owned(),
            seat_id: format!("s{no}"),
            seat_no: no.to_owned(),
            signed_out_at: Some(10_000),
            at,
            state: state.to_owned(),
        }
    }

    #[test]
    fn spans_of_work_leave_breaks_out() {
        let sat = [
            sat("a", "1001", 0, "not_ready"),
            sat("a", "1001", 1_000, "ready"),
            sat("a", "1001", 2_000, "on_call"),
            sat("a", "1001", 4_000, "break"),
            sat("a", "1001", 6_000, "ready"),
            sat("b", "1002", 500, "ready"),
        ];
        let spans = spans(&sat, 0, 9_000);
        assert_eq!(spans["1001"].1, [(1_000, 4_000), (6_000, 9_000)]);
        assert_eq!(spans["1002"].1, [(500, 9_000)], "signed in until the end of what is looked at");
    }

    #[test]
    fn a_third_more_callers_are_a_third_more() {
        let day: Vec<Came> = (0..3_000).map(|n| came(n * 10_000, 5_000, "answered")).collect();
        let more = callers(&day, 33, 1).len();
        assert!((3_900..4_080).contains(&more), "{more}");
        assert_eq!(callers(&day, 0, 1).len(), 3_000);
        assert_eq!(callers(&day, 33, 1), callers(&day, 33, 1), "the same seed, the same day");
    }

    #[test]
    fn one_seat_more_helps_a_busy_day() {
        let day_: Vec<Came> = (0..200)
            .map(|n| {
                if n % 4 == 0 {
                    came(n * 60_000, 90_000, "abandoned")
                } else {
                    came(n * 60_000, 60_000, "answered")
                }
            })
            .collect();
        let sat = [sat("a", "1001", 0, "ready"), sat("b", "1002", 0, "ready")];
        let seats = spans(&sat, 0, 200 * 60_000);
        let seats: BTreeMap<_, _> =
            seats.into_iter().map(|(no, (id, _))| (no, (id, vec![(0, 210 * 60_000)]))).collect();
        let play_with = |changes: &Changes| {
            let workers = workers(&seats, &HashMap::new(), changes, 0);
            let config = changes.rules(FloorConfig::default());
            Side::played(&play(&day(callers(&day_, 0, 7), workers, config, BTreeMap::new(), 0)))
        };
        let before = play_with(&Changes::default());
        let extra = Extra { count: 1, from_minute: 0, to_minute: 210, skills: BTreeMap::new() };
        let after = play_with(&Changes { extra: vec![extra], ..Changes::default() });
        assert!(after.all.level_pct > before.all.level_pct, "{before:?} {after:?}");
        assert!(after.all.abandoned < before.all.abandoned);
        let faster = QueueChange {
            id: "main".into(),
            strategy: None,
            general_after_secs: None,
            priority: None,
            wrap_up_secs: Some(0),
            overflow_after_secs: None,
            overflow_queue: None,
        };
        let quick = play_with(&Changes { queues: vec![faster], ..Changes::default() });
        assert!(quick.all.mean_wait_ms < before.all.mean_wait_ms, "no time for writing, less waiting");
    }
}
