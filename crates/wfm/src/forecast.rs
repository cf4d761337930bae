//! Forecast of counts in the slots of coming days, with intervals.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate, NaiveDateTime, Timelike as _};

use crate::days::{DayFeatures, DayKind, WEEKDAY_COLUMNS};
use crate::ridge::ridge;

/// Fewer days can't tell one weekday from another.
const DAYS_MIN: usize = 14;
/// A day that lacks more of its slots says nothing about its total.
const PRESENT_MIN: f64 = 0.6;
/// How far the weight of a day sinks each day, for regression, level and shape.
const DECAY: f64 = 0.998;
const LEVEL_DECAY: f64 = 0.85;
const SHAPE_DECAY: f64 = 0.985;
/// So many days of the mean are mixed into a weekday's shape, and into the level.
const SHAPE_SHRINK: f64 = 3.0;
const LEVEL_SHRINK: f64 = 3.0;
const DAY_PENALTY: f64 = 0.05;
const LEAN_PENALTY: f64 = 5.0;
/// A season shows itself after more than a year.
const SEASON_DAYS: i64 = 400;
/// Days ahead on which the model proves itself for the interval.
const PROOF_DAYS: usize = 20;
const PROOFS_MAX: usize = 3;
/// Noise between neighbouring slots is smoothed over a few minutes, the lean of a day over two hours; so slots of
/// half an hour keep their steps.
const SMOOTH_MINUTES: f64 = 5.0;
const LEAN_MINUTES: u32 = 120;

/// How many came in the slot that begins at `at` (local time).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observation {
    /// Beginning of the slot.
    pub at: NaiveDateTime,
    /// Calls in it.
    pub count: f64,
}

/// What to expect in a slot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// Beginning of the slot.
    pub at: NaiveDateTime,
    /// Expected calls.
    pub mean: f64,
    /// One time in ten it is less.
    pub low: f64,
    /// One time in ten it is more.
    pub high: f64,
}

/// Why there can't be a forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ForecastError {
    /// The history is too short.
    #[error("the history has {days} usable days; at least {DAYS_MIN} are needed")]
    TooShort {
        /// Days with most of their slots.
        days: usize,
    },
    /// A count is negative or not a number.
    #[error("the count at {at} is not a number of calls")]
    BadCount {
        /// The slot.
        at: NaiveDateTime,
    },
}

/// A day of the history.
#[derive(Clone)]
struct Day {
    date: NaiveDate,
    /// Calls, made up for missing slots.
    total: f64,
    /// Share of the total in each slot; none where nothing is known.
    shares: Vec<Option<f64>>,
}

/// What was learnt from a history.
pub struct CallModel {
    /// Minutes of the day at which slots begin.
    slots: Vec<u32>,
    kinds: BTreeMap<NaiveDate, DayKind>,
    fit: Fit,
    spread: Spread,
}

impl std::fmt::Debug for CallModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallModel").field("slots", &self.slots.len()).finish_non_exhaustive()
    }
}

/// How far reality strays from the mean, in units of `sqrt(mean + (day_error * mean)²)`.
#[derive(Clone, Copy, Debug)]
struct Spread {
    day_error: f64,
    low: f64,
    high: f64,
}

impl Spread {
    fn unit(day_error: f64, mean: f64) -> f64 {
        (mean.max(0.25) + (day_error * mean).powi(2)).sqrt()
    }
}

impl CallModel {
    /// Learns from `history`; `kinds` names the holidays and make-up days of past and future.
    ///
    /// # Errors
    /// [`ForecastError`] when there is too little to learn from, or a count is none.
    pub fn fit(history: &[Observation], kinds: &BTreeMap<NaiveDate, DayKind>) -> Result<Self, ForecastError> {
        let (slots, days) = by_day(history)?;
        if days.len() < DAYS_MIN {
            return Err(ForecastError::TooShort { days: days.len() });
        }
        let spread = prove(&days, &slots, kinds);
        Ok(Self { fit: Fit::of(&days, &slots, kinds), kinds: kinds.clone(), spread, slots })
    }

    /// Says what to expect in the slots that begin at `instants`. Days that a series skips count as closed: who
    /// asks for Friday and Monday but not for a weekend that is open as a rule asks for a Monday after a break.
    #[must_use]
    pub fn forecast(&self, instants: &[NaiveDateTime]) -> Vec<Forecast> {
        let mut dates: Vec<NaiveDate> = instants.iter().map(NaiveDateTime::date).collect();
        dates.sort_unstable();
        dates.dedup();
        let expected = self.fit.expect(&dates, &self.kinds);
        instants
            .iter()
            .map(|at| {
                let day = dates.binary_search(&at.date()).map_or(&[][..], |i| &expected[i]);
                let mean = self.at_minute(day, at.hour() * 60 + at.minute());
                let unit = Spread::unit(self.spread.day_error, mean);
                let low = (mean + self.spread.low * unit).clamp(0.0, mean);
                Forecast { at: *at, mean, low, high: mean + (self.spread.high * unit).max(0.0) }
            })
            .collect()
    }

    /// Reads a day's expectation at a minute: the slot that it falls into.
    fn at_minute(&self, day: &[f64], minute: u32) -> f64 {
        let slot = self.slots.partition_point(|begin| *begin <= minute);
        if slot == 0 { 0.0 } else { day.get(slot - 1).copied().unwrap_or(0.0) }
    }
}

/// Groups a history by day and slot.
fn by_day(history: &[Observation]) -> Result<(Vec<u32>, Vec<Day>), ForecastError> {
    let mut table: BTreeMap<NaiveDate, BTreeMap<u32, f64>> = BTreeMap::new();
    for Observation { at, count } in history {
        if !count.is_finite() || *count < 0.0 || *count > 1e9 {
            return Err(ForecastError::BadCount { at: *at });
        }
        *table.entry(at.date()).or_default().entry(at.hour() * 60 + at.minute()).or_default() += count;
    }
    let mut slots: Vec<u32> = table.values().flat_map(|day| day.keys().copied()).collect();
    slots.sort_unstable();
    slots.dedup();
    let mean_share = mean_shares(&table, &slots);
    let mut days = Vec::new();
    for (date, counts) in table {
        let known: f64 = slots
            .iter()
            .zip(&mean_share)
            .filter(|(slot, _)| counts.contains_key(slot))
            .map(|(_, share)| share)
            .sum();
        let total = counts.values().sum::<f64>() / known.max(1e-9);
        if known < PRESENT_MIN || total <= 0.0 {
            continue;
        }
        let shares = slots.iter().map(|slot| counts.get(slot).map(|count| count / total)).collect();
        days.push(Day { date, total, shares });
    }
    Ok((slots, days))
}

/// The share of each slot in all calls.
fn mean_shares(table: &BTreeMap<NaiveDate, BTreeMap<u32, f64>>, slots: &[u32]) -> Vec<f64> {
    let mut sums = vec![(0.0, 0_u32); slots.len()];
    for counts in table.values() {
        for (sum, slot) in sums.iter_mut().zip(slots) {
            if let Some(count) = counts.get(slot) {
                *sum = (sum.0 + count, sum.1 + 1);
            }
        }
    }
    let means: Vec<f64> = sums.iter().map(|(sum, days)| sum / f64::from((*days).max(1))).collect();
    let all: f64 = means.iter().sum::<f64>().max(1e-9);
    means.iter().map(|mean| mean / all).collect()
}

/// The parts of the model that are learnt from days.
struct Fit {
    days: Vec<NaiveDate>,
    open: [bool; 7],
    seasonal: bool,
    /// Of the logarithm of a day's total.
    beta: Vec<f64>,
    level: f64,
    /// Mean misfit of the logarithm of the total.
    misfit: f64,
    /// For each weekday, Monday first.
    shapes: Vec<Vec<f64>>,
    /// For each feature that is not the weekday, how the shape leans.
    lean: Vec<Vec<f64>>,
}

impl Fit {
    fn of(days: &[Day], slots: &[u32], kinds: &BTreeMap<NaiveDate, DayKind>) -> Self {
        let dates: Vec<NaiveDate> = days.iter().map(|day| day.date).collect();
        let open = open_weekdays(&dates);
        let seasonal = dates
            .first()
            .zip(dates.last())
            .is_some_and(|(first, last)| (*last - *first).num_days() >= SEASON_DAYS);
        let rows = DayFeatures { open, kinds, seasonal }.rows(&dates);
        let y: Vec<f64> = days.iter().map(|day| (day.total + 0.5).ln()).collect();
        let age = |i: usize| f64::from(u32::try_from(days.len() - 1 - i).unwrap_or(u32::MAX));
        let weights: Vec<f64> = (0..days.len()).map(|i| DECAY.powf(age(i))).collect();
        let mut penalty = vec![DAY_PENALTY; rows.first().map_or(0, Vec::len)];
        penalty[0] = 1e-6;
        let beta = ridge(&rows, &y, &weights, &penalty);
        let residuals: Vec<f64> = rows.iter().zip(&y).map(|(row, y)| y - dot(row, &beta)).collect();
        let (mut sum, mut weight) = (0.0, LEVEL_SHRINK);
        for (i, residual) in residuals.iter().enumerate() {
            let w = LEVEL_DECAY.powf(age(i));
            sum += w * residual;
            weight += w;
        }
        let misfit = (residuals.iter().map(|r| r * r).sum::<f64>()
            / f64::from(u32::try_from(days.len()).unwrap_or(u32::MAX)))
        .sqrt();
        let shape_weights: Vec<f64> = (0..days.len()).map(|i| SHAPE_DECAY.powf(age(i))).collect();
        let shapes = shapes(days, slots, &shape_weights);
        let lean = lean(days, &rows, &shapes, &shape_weights, step_minutes(slots));
        Self { days: dates, open, seasonal, beta, level: sum / weight, misfit, shapes, lean }
    }

    /// Expected calls in each slot of each of `dates`, which must be sorted.
    fn expect(&self, dates: &[NaiveDate], kinds: &BTreeMap<NaiveDate, DayKind>) -> Vec<Vec<f64>> {
        // The days before are needed to see a break.
        let Some(first) = dates.first() else { return Vec::new() };
        let known = self.days.partition_point(|day| day < first);
        let before = &self.days[known.saturating_sub(2)..known];
        let series: Vec<NaiveDate> = before.iter().chain(dates).copied().collect();
        let features = DayFeatures { open: self.open, kinds, seasonal: self.seasonal };
        features
            .rows(&series)
            .iter()
            .zip(&series)
            .skip(before.len())
            .map(|(row, date)| {
                // No more than ten times e beyond anything learnt, so that nothing overflows.
                let total = (dot(row, &self.beta) + self.level).clamp(-20.0, 20.0).exp();
                let shape = &self.shapes[date.weekday().num_days_from_monday() as usize];
                let mut leaning: Vec<f64> = shape
                    .iter()
                    .enumerate()
                    .map(|(slot, share)| {
                        let lean: f64 =
                            row[WEEKDAY_COLUMNS..].iter().zip(&self.lean).map(|(x, by)| x * by[slot]).sum();
                        share * (1.0 + lean).max(0.05)
                    })
                    .collect();
                let sum: f64 = leaning.iter().sum::<f64>().max(1e-12);
                leaning.iter_mut().for_each(|share| *share *= total / sum);
                leaning
            })
            .collect()
    }
}

/// The usual distance of slots.
fn step_minutes(slots: &[u32]) -> u32 {
    slots.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap_or(60).max(1)
}

/// Weekdays on which at least half of the weeks have calls.
fn open_weekdays(dates: &[NaiveDate]) -> [bool; 7] {
    let weeks =
        dates.first().zip(dates.last()).map_or(1, |(first, last)| (*last - *first).num_days() / 7 + 1);
    let mut seen = [0_i64; 7];
    for date in dates {
        seen[date.weekday().num_days_from_monday() as usize] += 1;
    }
    seen.map(|days| days * 2 >= weeks)
}

/// The smoothed shape of each weekday's day, mixed with the mean of all days.
fn shapes(days: &[Day], slots: &[u32], weights: &[f64]) -> Vec<Vec<f64>> {
    let width = SMOOTH_MINUTES / f64::from(step_minutes(slots));
    let kernel = [2.0, 1.0, 0.0, 1.0, 2.0].map(|distance: f64| (-0.5 * (distance / width).powi(2)).exp());
    let slots = slots.len();
    let mean_of = |only: Option<u32>, prior: Option<&[f64]>| -> Vec<f64> {
        (0..slots)
            .map(|slot| {
                let (mut sum, mut weight) =
                    prior.map_or((0.0, 1e-9), |mean| (SHAPE_SHRINK * mean[slot], SHAPE_SHRINK));
                for (day, w) in days.iter().zip(weights) {
                    let weekday = day.date.weekday().num_days_from_monday();
                    if let Some(share) = day.shares[slot]
                        && only.is_none_or(|only| only == weekday)
                    {
                        sum += w * share;
                        weight += w;
                    }
                }
                sum / weight
            })
            .collect()
    };
    let all = mean_of(None, None);
    (0..7)
        .map(|weekday| {
            let shape = smooth(&mean_of(Some(weekday), Some(&all)), &kernel);
            let sum: f64 = shape.iter().sum::<f64>().max(1e-12);
            shape.iter().map(|share| (share / sum).max(0.0)).collect()
        })
        .collect()
}

/// How days after a break, in a part of the month or of a kind differ in shape from their weekday.
fn lean(
    days: &[Day],
    rows: &[Vec<f64>],
    shapes: &[Vec<f64>],
    weights: &[f64],
    step_minutes: u32,
) -> Vec<Vec<f64>> {
    let slots = shapes.first().map_or(0, Vec::len);
    let window = vec![1.0; (LEAN_MINUTES / step_minutes) as usize | 1];
    let misses: Vec<Vec<f64>> = days
        .iter()
        .map(|day| {
            let shape = &shapes[day.date.weekday().num_days_from_monday() as usize];
            let ratio: Vec<f64> = day
                .shares
                .iter()
                .zip(shape)
                .map(|(share, usual)| match share {
                    Some(share) if *usual > 1e-9 => (share / usual - 1.0).clamp(-1.0, 3.0),
                    _ => 0.0,
                })
                .collect();
            smooth(&ratio, &window)
        })
        .collect();
    let x: Vec<Vec<f64>> = rows.iter().map(|row| row[WEEKDAY_COLUMNS..].to_vec()).collect();
    let columns = x.first().map_or(0, Vec::len);
    let mut lean = vec![vec![0.0; slots]; columns];
    for slot in 0..slots {
        let y: Vec<f64> = misses.iter().map(|miss| miss[slot]).collect();
        for (column, by) in ridge(&x, &y, weights, &vec![LEAN_PENALTY; columns]).into_iter().enumerate() {
            lean[column][slot] = by;
        }
    }
    lean
}

/// A weighted moving mean that sees less at the edges.
fn smooth(values: &[f64], kernel: &[f64]) -> Vec<f64> {
    let half = kernel.len() / 2;
    (0..values.len())
        .map(|i| {
            let (mut sum, mut weight) = (0.0, 0.0);
            for (offset, w) in kernel.iter().enumerate() {
                if let Some(value) = (i + offset).checked_sub(half).and_then(|at| values.get(at)) {
                    sum += w * value;
                    weight += w;
                }
            }
            sum / weight
        })
        .collect()
}

/// Forecasts days of the history that the model has not seen, and measures how far off it was.
fn prove(days: &[Day], slots: &[u32], kinds: &BTreeMap<NaiveDate, DayKind>) -> Spread {
    let ahead = PROOF_DAYS.min(days.len() / 4).max(1);
    let mut misses = Vec::new();
    let mut day_misses = Vec::new();
    for proof in 1..=PROOFS_MAX {
        let Some(origin) = days.len().checked_sub(proof * ahead).filter(|origin| *origin >= DAYS_MIN) else {
            break;
        };
        let (seen, unseen) = (&days[..origin], &days[origin..origin + ahead]);
        let fit = Fit::of(seen, slots, kinds);
        let dates: Vec<NaiveDate> = unseen.iter().map(|day| day.date).collect();
        for (day, expected) in unseen.iter().zip(fit.expect(&dates, kinds)) {
            day_misses.push((day.total / expected.iter().sum::<f64>().max(1e-9)).ln());
            for (share, mean) in day.shares.iter().zip(expected) {
                if let Some(share) = share {
                    misses.push((share * day.total, mean));
                }
            }
        }
    }
    let middle_miss = {
        let mut sizes: Vec<f64> = day_misses.iter().map(|miss| miss.abs()).collect();
        quantile(&mut sizes, 0.5)
    };
    // The median of absolute misses of a normal variable is 0.6745 of its deviation.
    let day_error = middle_miss.map_or_else(|| Fit::of(days, slots, kinds).misfit, |m| m / 0.6745);
    let mut units: Vec<f64> =
        misses.iter().map(|(count, mean)| (count - mean) / Spread::unit(day_error, *mean)).collect();
    let low = quantile(&mut units, 0.1).unwrap_or(-1.2816).min(0.0);
    let high = quantile(&mut units, 0.9).unwrap_or(1.2816).max(0.0);
    Spread { day_error, low, high }
}

fn quantile(values: &mut [f64], share: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index into a list that fits in memory"
    )]
    let index = (values.len().saturating_sub(1) as f64 * share).round() as usize;
    values.get(index).copied()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
