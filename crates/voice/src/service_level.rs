//! Service levels as GB/T 33358 asks for them: who was answered in time, who was answered at all.
//!
//! Counts are kept by minute, so that the last hour, the day and any twenty-four hours are sums of what is
//! there. Alarms are raised once at a crossing and taken back only when the level is well above it again.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;
use utoipa::ToSchema;

/// Minutes that are kept.
const KEPT_MINUTES: i64 = 24 * 60;
/// A level has to be so much above its target before the alarm is taken back, in per cent.
const CALM_PCT: f64 = 1.0;

/// Calls of some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Answered.
    pub answered: i64,
    /// Answered in time.
    pub in_time: i64,
    /// Gave up, or were refused.
    pub abandoned: i64,
    /// Sum of all waiting times.
    pub waited_ms: i64,
    /// The longest.
    pub longest_ms: i64,
}

impl Counts {
    fn add(&mut self, other: Self) {
        self.answered += other.answered;
        self.in_time += other.in_time;
        self.abandoned += other.abandoned;
        self.waited_ms += other.waited_ms;
        self.longest_ms = self.longest_ms.max(other.longest_ms);
    }

    /// Calls that wanted somebody.
    #[must_use]
    pub fn offered(&self) -> i64 {
        self.answered + self.abandoned
    }
}

/// Calls of some time, as screens are told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Level {
    /// Calls that wanted somebody.
    pub offered: i64,
    /// Answered.
    pub answered: i64,
    /// Gave up, or were refused.
    pub abandoned: i64,
    /// Mean waiting time, in milliseconds.
    pub mean_wait_ms: i64,
    /// Longest waiting time.
    pub longest_wait_ms: i64,
    /// Answered calls in per cent of all; absent without calls.
    pub connection_pct: Option<f64>,
    /// Calls answered in time in per cent of all answered; absent without answered calls.
    pub in_time_pct: Option<f64>,
}

impl From<Counts> for Level {
    fn from(counts: Counts) -> Self {
        Self {
            offered: counts.offered(),
            answered: counts.answered,
            abandoned: counts.abandoned,
            mean_wait_ms: counts.waited_ms / counts.offered().max(1),
            longest_wait_ms: counts.longest_ms,
            connection_pct: share(counts.answered, counts.offered()),
            in_time_pct: share(counts.in_time, counts.answered),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of calls")]
fn share(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| (part as f64 * 1000.0 / whole as f64).round() / 10.0)
}

/// What has to be reached.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Targets {
    /// Share of answered calls that is answered in time, by queue, in per cent.
    pub in_time_pct: HashMap<String, f64>,
    /// Connection rate of the floor over twenty-four hours, in per cent.
    pub connection_pct: f64,
    /// Calls below which nothing is said.
    pub calls_min: i64,
}

/// A level that has crossed its target.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Alarm {
    /// The queue; absent for the whole floor.
    pub queue_id: Option<String>,
    /// `in_time` over the last hour, or `connection` over twenty-four hours.
    pub measure: &'static str,
    /// The level, in per cent.
    pub value_pct: f64,
    /// The target.
    pub target_pct: f64,
    /// Whether the target is missed now; false when it is reached again.
    pub raised: bool,
}

/// The counts of all queues.
#[derive(Clone, Debug, Default)]
pub struct ServiceLevel {
    minutes: HashMap<String, BTreeMap<i64, Counts>>,
    raised: HashSet<(Option<String>, &'static str)>,
}

impl ServiceLevel {
    /// Adds what is known of a minute.
    pub fn add(&mut self, queue: &str, minute: i64, counts: Counts) {
        self.minutes.entry(queue.to_owned()).or_default().entry(minute).or_default().add(counts);
    }

    /// Counts a call that an agent answered.
    pub fn answered(&mut self, queue: &str, now: i64, waited_ms: i64, within_ms: i64) {
        let in_time = i64::from(waited_ms <= within_ms);
        let counts = Counts { answered: 1, in_time, waited_ms, longest_ms: waited_ms, ..Counts::default() };
        self.add(queue, now.div_euclid(60_000), counts);
    }

    /// Counts a call that nobody answered.
    pub fn abandoned(&mut self, queue: &str, now: i64, waited_ms: i64) {
        let counts = Counts { abandoned: 1, waited_ms, longest_ms: waited_ms, ..Counts::default() };
        self.add(queue, now.div_euclid(60_000), counts);
    }

    /// Forgets what is older than a day.
    pub fn forget(&mut self, now: i64) {
        let first = now.div_euclid(60_000) - KEPT_MINUTES;
        for minutes in self.minutes.values_mut() {
            *minutes = minutes.split_off(&first);
        }
    }

    /// Returns the counts of a queue, or of all, since an instant.
    #[must_use]
    pub fn since(&self, queue: Option<&str>, since: i64) -> Counts {
        let mut sum = Counts::default();
        for (key, minutes) in &self.minutes {
            if queue.is_none_or(|queue| queue == key) {
                minutes.range(since.div_euclid(60_000)..).for_each(|(_, counts)| sum.add(*counts));
            }
        }
        sum
    }

    /// Compares levels with their targets and returns what has crossed one since the last time.
    pub fn judge(&mut self, targets: &Targets, now: i64) -> Vec<Alarm> {
        let hour = now - 3_600_000;
        let mut levels = Vec::new();
        for (queue, target) in &targets.in_time_pct {
            let counts = self.since(Some(queue), hour);
            levels.push((Some(queue.clone()), "in_time", counts.in_time, counts.answered, *target));
        }
        let day = self.since(None, now - 24 * 3_600_000);
        levels.push((None, "connection", day.answered, day.offered(), targets.connection_pct));
        levels.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
        let mut alarms = Vec::new();
        for (queue_id, measure, part, whole, target_pct) in levels {
            let key = (queue_id.clone(), measure);
            let is_raised = self.raised.contains(&key);
            let Some(value_pct) = share(part, whole).filter(|_| whole >= targets.calls_min || is_raised)
            else {
                continue;
            };
            let calm = value_pct >= (target_pct + CALM_PCT).min(100.0) || whole < targets.calls_min;
            let raised = if is_raised { !calm } else { value_pct < target_pct };
            if raised == is_raised {
                continue;
            }
            if raised {
                self.raised.insert(key);
            } else {
                self.raised.remove(&key);
            }
            alarms.push(Alarm { queue_id, measure, value_pct, target_pct, raised });
        }
        alarms
    }

    /// Returns the alarms that stand.
    #[must_use]
    pub fn standing(&self, targets: &Targets, now: i64) -> Vec<Alarm> {
        let mut alarms: Vec<Alarm> = self
            .raised
            .iter()
            .filter_map(|(queue_id, measure)| {
                let (value, target) = if *measure == "in_time" {
                    let counts = self.since(queue_id.as_deref(), now - 3_600_000);
                    let target = targets.in_time_pct.get(queue_id.as_deref()?).copied()?;
                    (share(counts.in_time, counts.answered)?, target)
                } else {
                    let counts = self.since(None, now - 24 * 3_600_000);
                    (share(counts.answered, counts.offered())?, targets.connection_pct)
                };
                Some(Alarm {
                    queue_id: queue_id.clone(),
                    measure,
                    value_pct: value,
                    target_pct: target,
                    raised: true,
                })
            })
            .collect();
        alarms.sort_by(|a, b| (&a.queue_id, a.measure).cmp(&(&b.queue_id, b.measure)));
        alarms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 3_600_000;

    fn targets() -> Targets {
        Targets {
            in_time_pct: HashMap::from([("main".to_owned(), 80.0)]),
            connection_pct: 95.0,
            calls_min: 10,
        }
    }

    #[test]
    fn an_alarm_is_raised_once_and_taken_back_well_above_the_target() {
        let mut level = ServiceLevel::default();
        let now = 100 * DAY;
        for n in 0..9 {
            level.answered("main", now, if n < 5 { 10_000 } else { 40_000 }, 15_000);
        }
        assert_eq!(level.judge(&targets(), now), [], "nine calls say little");
        level.answered("main", now, 10_000, 15_000);
        let alarms = level.judge(&targets(), now);
        assert_eq!(
            (alarms.len(), alarms[0].measure, alarms[0].value_pct, alarms[0].raised),
            (1, "in_time", 60.0, true)
        );
        assert_eq!(level.judge(&targets(), now), [], "once for each crossing");
        for _ in 0..10 {
            level.answered("main", now, 1_000, 15_000);
        }
        assert_eq!(level.since(Some("main"), now - 1).in_time, 16);
        assert_eq!(level.judge(&targets(), now), [], "at the target it might fall again at once");
        level.answered("main", now, 1_000, 15_000);
        level.answered("main", now, 1_000, 15_000);
        let alarms = level.judge(&targets(), now);
        assert_eq!((alarms.len(), alarms[0].raised), (1, false));
    }

    #[test]
    fn the_connection_rate_is_that_of_any_day() {
        let mut level = ServiceLevel::default();
        let now = 100 * DAY;
        for _ in 0..18 {
            level.answered("main", now, 1_000, 15_000);
        }
        level.abandoned("en", now, 60_000);
        level.abandoned("main", now, 20_000);
        let alarms = level.judge(&targets(), now);
        assert_eq!(
            (alarms[0].measure, alarms[0].value_pct, alarms[0].queue_id.as_deref()),
            ("connection", 90.0, None)
        );
        assert_eq!(level.standing(&targets(), now).len(), 1);
        let all = Level::from(level.since(None, now - DAY));
        assert_eq!(
            (all.offered, all.abandoned, all.longest_wait_ms, all.mean_wait_ms),
            (20, 2, 60_000, 4_900)
        );
        let later = now + DAY + 60_000;
        level.forget(later);
        assert_eq!(level.since(None, 0), Counts::default(), "yesterday is forgotten");
    }
}
