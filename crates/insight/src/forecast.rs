//! What the coming four weeks will bring: contacts by day and hour with a band, how far earlier forecasts missed,
//! and how many agents the calls need.

use std::collections::{BTreeMap, HashMap};

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use kernel::calendar::{Day, WorkCalendar};
use kernel::{Lang, Principal, Scope};
use wfm::DayKind;
use wfm::erlang::{self, Target};
use wfm::forecast::{CallModel, Observation};
use wfm::score::Score;

use crate::Insight;
use crate::error::InsightError;
use crate::fact::{self, Table};
use crate::report::period::Period;
use crate::report::question::Question;

/// So many days are forecast, the present one first.
pub const AHEAD_DAYS: u64 = 28;
/// Fewer whole days of history are no ground for a forecast that also says how good it is.
pub const NEEDED_DAYS: usize = 28;
/// How far back the history goes; its hours, or half hours, stay below what a question may return.
const HISTORY_DAYS: u64 = 180;
const HALVES_HISTORY_DAYS: u64 = 100;
/// The model learns from so many days before it is tried on the week after.
const LEARNT_DAYS: usize = 14;
/// So many past weeks are forecast anew.
const TRIED_WEEKS: usize = 4;
/// Handling times are those of so many days.
const HANDLED_DAYS: u64 = 28;

/// What is forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Inbound calls.
    Calls,
    /// Orders, however they came.
    Orders,
}

impl Of {
    /// Reads the word of an address; calls when empty.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "" | "calls" => Some(Self::Calls),
            "orders" => Some(Self::Orders),
            _ => None,
        }
    }

    /// Returns the table and the measure that is counted.
    fn counted(self) -> (&'static str, &'static str) {
        match self {
            Self::Calls => ("calls", "inbound"),
            Self::Orders => ("orders", "created"),
        }
    }
}

/// How long a slot is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Slot {
    /// An hour.
    #[default]
    Hour,
    /// Half an hour.
    Half,
}

impl Slot {
    /// Reads the minutes of an address; an hour when absent.
    #[must_use]
    pub fn parse(minutes: Option<i64>) -> Option<Self> {
        match minutes {
            None | Some(60) => Some(Self::Hour),
            Some(30) => Some(Self::Half),
            Some(_) => None,
        }
    }

    /// Its length in minutes.
    #[must_use]
    pub fn minutes(self) -> i64 {
        match self {
            Self::Hour => 60,
            Self::Half => 30,
        }
    }

    fn history_days(self) -> u64 {
        match self {
            Self::Hour => HISTORY_DAYS,
            Self::Half => HALVES_HISTORY_DAYS,
        }
    }

    fn dimension(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Half => "half_hour",
        }
    }

    /// How many of them a day has.
    fn per_day(self) -> i64 {
        24 * 60 / self.minutes()
    }
}

/// What to expect of a day or a slot: one time in ten it is less than `low`, one in ten more than `high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    /// Its beginning, local.
    pub at: NaiveDateTime,
    /// The expectation.
    pub mean: f64,
    /// The lower end of the band.
    pub low: f64,
    /// The upper end.
    pub high: f64,
    /// Of a slot of calls: agents that reach the target; none when no handling time was measured.
    pub agents: Option<u32>,
}

/// A past week that was forecast from the days before it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tried {
    /// Its first day.
    pub from: NaiveDate,
    /// Its last day.
    pub to: NaiveDate,
    /// What was expected.
    pub expected: f64,
    /// What came.
    pub came: f64,
    /// The sum of the days' misses over what came.
    pub day_error: f64,
    /// The same of the slots.
    pub hour_error: f64,
    /// The share of slots within their band; 0.8 is promised.
    pub within: f64,
}

/// How long a call keeps an agent, as measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Handling {
    /// Talk and wrap-up, in seconds.
    pub secs: f64,
    /// The share of inbound calls that ask for an agent.
    pub queued: f64,
}

/// The forecast.
#[derive(Clone, Debug, Default)]
pub struct Outlook {
    /// Whole days of history.
    pub days_known: usize,
    /// Days to come; empty when the history is too short.
    pub days: Vec<Expected>,
    /// Their hours or half hours.
    pub hours: Vec<Expected>,
    /// Past weeks that were tried, the last one first.
    pub tried: Vec<Tried>,
    /// What came in the last four weeks, by day.
    pub past: Vec<(NaiveDate, f64)>,
    /// How long calls keep agents.
    pub handling: Option<Handling>,
}

impl Insight {
    /// Forecasts the next four weeks, as far as `by` may see what came so far.
    ///
    /// # Errors
    /// As the engine's.
    pub async fn outlook(
        &self,
        by: &Principal,
        reach: Scope,
        of: Of,
        target: Target,
        slot: Slot,
    ) -> Result<Outlook, InsightError> {
        let today = self.local_now().date();
        let (table, measure) = of.counted();
        let before = |days: u64| Period { from: today - Days::new(days), to: today - Days::new(1) };
        let asked = question(known(table)?, before(slot.history_days()), slot.dimension(), measure)?;
        let lines = self.answer(by, reach, &asked, Lang::Zh).await?.lines;
        let counts = lines.iter().filter_map(|line| {
            let number: i64 = line.keys.first()?.parse().ok()?;
            Some((number, line.values.first().copied().flatten()?))
        });
        let history = history(&counts.collect(), today, slot);
        let handling =
            if of == Of::Calls { self.handling(by, reach, before(HANDLED_DAYS)).await? } else { None };
        let calendar = self.sources().calendar.calendar();
        let computed = tokio::task::spawn_blocking(move || {
            compute(&history, today, &kinds(&calendar, today), handling, target, slot)
        });
        computed.await.map_err(|error| InsightError::Files(format!("the forecast broke off: {error}")))
    }

    /// Measures how long calls kept agents.
    async fn handling(
        &self,
        by: &Principal,
        reach: Scope,
        period: Period,
    ) -> Result<Option<Handling>, InsightError> {
        let calls = question(known("calls")?, period, "", "inbound,queued,answered,talk_in_hours,outbound")?;
        let calls = self.answer(by, reach, &calls, Lang::Zh).await?.totals;
        let seats = question(known("seats")?, period, "", "wrap_up_hours")?;
        let seats = self.answer(by, reach, &seats, Lang::Zh).await?.totals;
        let of = |values: &[Option<f64>], at: usize| values.get(at).copied().flatten().unwrap_or(0.0);
        let (inbound, answered) = (of(&calls, 0), of(&calls, 2));
        if inbound <= 0.0 || answered <= 0.0 {
            return Ok(None);
        }
        // Wrap-up follows calls of both directions.
        let wrap_up_hours = of(&seats, 0) / (answered + of(&calls, 4));
        let secs = (of(&calls, 3) / answered + wrap_up_hours) * 3_600.0;
        Ok((secs > 0.0).then_some(Handling { secs, queued: (of(&calls, 1) / inbound).clamp(0.0, 1.0) }))
    }
}

fn known(name: &str) -> Result<&'static Table, InsightError> {
    fact::table(name).ok_or(InsightError::NotFound)
}

fn question(
    table: &'static Table,
    period: Period,
    by: &str,
    measures: &str,
) -> Result<Question, InsightError> {
    Ok(Question {
        table,
        axis: "at",
        only: None,
        period,
        compare: None,
        by: Question::dimensions(table, by)?,
        measures: Question::measures(table, measures)?,
        conditions: Vec::new(),
        sort: None,
    })
}

/// Holidays and make-up days of history and future, the city's own among them.
fn kinds(calendar: &WorkCalendar, today: NaiveDate) -> BTreeMap<NaiveDate, DayKind> {
    (today - Days::new(HISTORY_DAYS))
        .iter_days()
        .take_while(|day| *day < today + Days::new(AHEAD_DAYS))
        .filter_map(|day| match calendar.day(day) {
            Day::Holiday { .. } => Some((day, DayKind::Holiday)),
            Day::MakeUpDay { .. } => Some((day, DayKind::MakeUp)),
            _ => None,
        })
        .collect()
}

/// The number of the slot that holds an instant of the city's clock.
fn slot_of(at: NaiveDateTime, slot: Slot) -> i64 {
    at.and_utc().timestamp().div_euclid(slot.minutes() * 60)
}

/// Makes slots of counts: those without any are slots too, from the first whole day on.
fn history(counts: &HashMap<i64, f64>, today: NaiveDate, slot: Slot) -> Vec<Observation> {
    let end = slot_of(today.and_time(NaiveTime::MIN), slot);
    let Some(first) = counts.iter().filter(|(_, count)| **count > 0.0).map(|(number, _)| *number).min()
    else {
        return Vec::new();
    };
    // The first day may have begun before anything was counted.
    let day = slot.per_day();
    let begin = if first.rem_euclid(day) == 0 { first } else { (first.div_euclid(day) + 1) * day };
    (begin..end)
        .filter_map(|number| {
            let at = chrono::DateTime::from_timestamp(number * slot.minutes() * 60, 0)?.naive_utc();
            Some(Observation { at, count: counts.get(&number).copied().unwrap_or(0.0) })
        })
        .collect()
}

/// Adds hours up to days.
fn by_day(hours: &[Observation]) -> Vec<Observation> {
    let mut days: BTreeMap<NaiveDate, f64> = BTreeMap::new();
    for hour in hours {
        *days.entry(hour.at.date()).or_default() += hour.count;
    }
    days.into_iter().map(|(day, count)| Observation { at: day.and_time(NaiveTime::MIN), count }).collect()
}

fn compute(
    history: &[Observation],
    today: NaiveDate,
    kinds: &BTreeMap<NaiveDate, DayKind>,
    handling: Option<Handling>,
    target: Target,
    slot: Slot,
) -> Outlook {
    let days = by_day(history);
    let past = days.iter().rev().take(28).rev().map(|day| (day.at.date(), day.count)).collect();
    let mut outlook = Outlook { days_known: days.len(), past, handling, ..Outlook::default() };
    if days.len() < NEEDED_DAYS {
        return outlook;
    }
    let (Ok(of_days), Ok(of_hours)) = (CallModel::fit(&days, kinds), CallModel::fit(history, kinds)) else {
        return outlook;
    };
    let ahead: Vec<NaiveDateTime> =
        (0..AHEAD_DAYS).map(|n| (today + Days::new(n)).and_time(NaiveTime::MIN)).collect();
    let slots: Vec<NaiveDateTime> = ahead
        .iter()
        .flat_map(|day| (0..slot.per_day()).map(|number| *day + TimeDelta::minutes(number * slot.minutes())))
        .collect();
    let expected = |model: &CallModel, at: &[NaiveDateTime]| -> Vec<Expected> {
        let told = model.forecast(at).into_iter();
        told.map(|one| Expected { at: one.at, mean: one.mean, low: one.low, high: one.high, agents: None })
            .collect()
    };
    outlook.days = expected(&of_days, &ahead);
    outlook.hours = expected(&of_hours, &slots);
    #[expect(clippy::cast_precision_loss, reason = "half an hour or an hour")]
    let slot_minutes = slot.minutes() as f64;
    if let Some(handling) = handling {
        for hour in &mut outlook.hours {
            let an_hour = hour.mean * 60.0 / slot_minutes;
            hour.agents = erlang::agents(an_hour * handling.queued, handling.secs, target);
        }
    }
    for week in 0..TRIED_WEEKS {
        let Some(start) = days.len().checked_sub(7 * (week + 1)).filter(|start| *start >= LEARNT_DAYS) else {
            break;
        };
        outlook.tried.extend(tried(history, &days[start..start + 7], kinds));
    }
    outlook
}

/// Forecasts a past week from the days before it, and compares.
fn tried(
    history: &[Observation],
    week: &[Observation],
    kinds: &BTreeMap<NaiveDate, DayKind>,
) -> Option<Tried> {
    let (from, to) = (week.first()?.at.date(), week.last()?.at.date());
    let known = history.partition_point(|hour| hour.at.date() < from);
    let end = history.partition_point(|hour| hour.at.date() <= to);
    let came = &history[known..end];
    let model = CallModel::fit(&history[..known], kinds).ok()?;
    let told = model.forecast(&came.iter().map(|hour| hour.at).collect::<Vec<_>>());
    let score = Score::of(&told, came)?;
    let told_days =
        by_day(&told.iter().map(|one| Observation { at: one.at, count: one.mean }).collect::<Vec<_>>());
    let total: f64 = week.iter().map(|day| day.count).sum();
    let missed: f64 = told_days.iter().zip(week).map(|(told, came)| (told.count - came.count).abs()).sum();
    Some(Tried {
        from,
        to,
        expected: told_days.iter().map(|day| day.count).sum(),
        came: total,
        day_error: missed / total.max(1.0),
        hour_error: score.wape,
        within: score.coverage80,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: (i32, u32, u32) = (2026, 6, 1);

    fn today() -> NaiveDate {
        NaiveDate::from_ymd_opt(TODAY.0, TODAY.1, TODAY.2).unwrap()
    }

    /// So many days with 60 calls in each hour from 8 to 18, half as many at weekends.
    fn hours(days: i64) -> Vec<Observation> {
        use chrono::Datelike as _;
        let first = today() - TimeDelta::days(days);
        let slots = first.iter_days().take(usize::try_from(days).unwrap());
        slots
            .flat_map(|day| (0..24).map(move |hour| day.and_time(NaiveTime::MIN) + TimeDelta::hours(hour)))
            .map(|at| {
                use chrono::Timelike as _;
                let full = if at.weekday().num_days_from_monday() < 5 { 60.0 } else { 30.0 };
                Observation { at, count: if (8..18).contains(&at.hour()) { full } else { 0.0 } }
            })
            .collect()
    }

    #[test]
    fn a_steady_city_is_forecast_as_it_was_and_too_short_a_history_is_said() {
        let target = Target { share: 0.8, within_secs: 20.0 };
        let handling = Some(Handling { secs: 180.0, queued: 1.0 });
        let told = compute(&hours(70), today(), &BTreeMap::new(), handling, target, Slot::Hour);
        assert_eq!((told.days_known, told.days.len(), told.hours.len(), told.tried.len()), (70, 28, 672, 4));
        // The first of June 2026 is a Monday.
        assert!((told.days[0].mean - 600.0).abs() < 30.0, "{:?}", told.days[0]);
        assert!((told.days[6].mean - 300.0).abs() < 20.0, "{:?}", told.days[6]);
        assert!(told.days.iter().all(|day| day.low <= day.mean && day.mean <= day.high));
        let ten = told.hours[10];
        assert_eq!(
            (ten.at.to_string(), ten.agents),
            ("2026-06-01 10:00:00".to_owned(), erlang::agents(ten.mean, 180.0, target))
        );
        assert!(ten.agents > Some(3), "three Erlangs need more than three: {ten:?}");
        assert!(told.tried.iter().all(|week| week.day_error < 0.05), "{:?}", told.tried);
        let short = compute(&hours(27), today(), &BTreeMap::new(), handling, target, Slot::Hour);
        assert_eq!((short.days_known, short.days.len(), short.past.len()), (27, 0, 27));
    }

    #[test]
    fn half_hours_add_up_to_the_hours_and_need_agents_for_their_own_rate() {
        let target = Target { share: 0.8, within_secs: 20.0 };
        let handling = Some(Handling { secs: 180.0, queued: 1.0 });
        let halves: Vec<Observation> = hours(70)
            .into_iter()
            .flat_map(|hour| {
                [0, 30].map(|more| Observation {
                    at: hour.at + TimeDelta::minutes(more),
                    count: hour.count / 2.0,
                })
            })
            .collect();
        let told = compute(&halves, today(), &BTreeMap::new(), handling, target, Slot::Half);
        assert_eq!((told.days.len(), told.hours.len(), told.tried.len()), (28, 28 * 48, 4));
        let (ten, half) = (told.hours[20], told.hours[21]);
        assert_eq!(half.at.to_string(), "2026-06-01 10:30:00");
        assert!((ten.mean - 30.0).abs() < 3.0 && (half.mean - 30.0).abs() < 3.0, "{ten:?} {half:?}");
        assert_eq!(ten.agents, erlang::agents(ten.mean * 2.0, 180.0, target));
        let known = HashMap::from([(48 * 20_000 + 19, 3.0), (48 * 20_001 + 19, 2.0)]);
        let read = history(&known, NaiveDate::from_ymd_opt(2024, 10, 6).unwrap(), Slot::Half);
        assert_eq!((read[0].at.to_string(), read[19].count), ("2024-10-05 00:00:00".to_owned(), 2.0));
    }

    #[test]
    fn hours_without_calls_are_hours_from_the_first_whole_day_on() {
        let begin = slot_of((today() - TimeDelta::days(3)).and_time(NaiveTime::MIN), Slot::Hour);
        let counts = HashMap::from([(begin + 9, 4.0), (begin + 24 + 9, 2.0), (begin + 30 * 24, 7.0)]);
        let hours = history(&counts, today(), Slot::Hour);
        assert_eq!((hours.len(), hours[9].count), (48, 2.0));
        assert!(history(&HashMap::new(), today(), Slot::Half).is_empty());
    }
}
