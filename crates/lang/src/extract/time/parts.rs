//! What the words of one expression say, put together, and the interval that comes of it.

use chrono::{Datelike, Days, Duration, Months, NaiveDate, NaiveDateTime, NaiveTime};

use super::feast::Feast;
use super::lunar;

/// An interval with both its ends.
pub(super) type Interval = (NaiveDateTime, NaiveDateTime);

/// What was said of a time so far. A field that nobody named is `None`.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Parts {
    pub year: Option<i32>,
    pub month: Option<u32>,
    /// Month and day are those of the moon.
    pub lunar: bool,
    /// The month is the leap one.
    pub leap: bool,
    pub day: Option<u32>,
    pub part: Option<Part>,
    pub feast: Option<Feast>,
    /// Weeks from the present one, for the day of the week that may follow.
    pub week: Option<i64>,
    /// Whole days that need nothing else.
    pub span: Option<Interval>,
    pub period: Option<Period>,
    pub clock: Option<Clock>,
    /// It says too little when nothing else stands with it.
    pub alone: bool,
}

/// A part of something longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Days of a month.
    Days(u32, u32),
    /// Months of a year; the second may be more than twelve.
    Months(u32, u32),
    /// The last days of a month, so many.
    LastDays(u32),
    /// A week of a month, or of a year, whose Monday is in it.
    Week(u32),
    /// So many a weekday of a month, Monday being 0.
    Weekday(u32, u32),
    /// A day of a year.
    DayOfYear(u32),
}

/// A part of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Period {
    /// Its first hour.
    pub from: u32,
    /// The hour that is no longer in it.
    pub until: u32,
    /// What an hour of it means.
    pub hours: Hours,
}

/// How an hour is to be read beside a part of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hours {
    /// As it is said.
    Plain,
    /// One to eleven are in the afternoon.
    Afternoon,
    /// Ten and eleven are before noon, one and two after it.
    Noon,
    /// Five to eleven are in the evening, twelve to four on the next day.
    Evening,
    /// Eight to eleven are in the evening, twelve is midnight, what is earlier is in the morning.
    Night,
}

/// A time of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Clock {
    pub hour: u32,
    pub minute: Option<u32>,
    pub second: Option<u32>,
    /// The hour until which it lasts: eight to ten.
    pub until: Option<u32>,
}

impl Parts {
    /// Tells whether a date is said and no time of day.
    pub fn is_date(&self) -> bool {
        self.period.is_none() && self.clock.is_none()
    }

    /// Tells whether anything says which day, month or year.
    pub fn has_date(&self) -> bool {
        self.year.is_some()
            || self.month.is_some()
            || self.day.is_some()
            || self.part.is_some()
            || self.feast.is_some()
            || self.span.is_some()
            || self.week.is_some()
    }

    /// Sets the day.
    pub fn set_date(&mut self, day: NaiveDate) {
        (self.year, self.month, self.day) = (Some(day.year()), Some(day.month()), Some(day.day()));
    }

    /// Takes over from the beginning of a range what its end leaves out.
    pub fn inherit(&mut self, earlier: &Self) {
        if self.span.is_some() || self.week.is_some() {
            return;
        }
        if !self.has_date() {
            let (period, clock) = (self.period, self.clock);
            *self = Self { period, clock, ..*earlier };
            return;
        }
        self.year = self.year.or(earlier.year);
        if self.day.is_some() && self.month.is_none() {
            (self.month, self.lunar, self.leap) = (earlier.month, earlier.lunar, earlier.leap);
        }
    }

    /// Returns the interval that was said. `now` is when it was said.
    pub fn resolve(&self, now: NaiveDateTime) -> Option<Interval> {
        if self.is_date() {
            return self.days(now);
        }
        let day = self.days(now).map_or(now.date(), |(first, _)| first.date());
        let Some(clock) = self.clock else {
            let period = self.period?;
            let from = at_hour(day, period.from)?;
            return Some((from, at_hour(day, period.until)? - Duration::seconds(1)));
        };
        let from = at_hour(day, self.hour(clock.hour))?
            + Duration::minutes(i64::from(clock.minute.unwrap_or(0)))
            + Duration::seconds(i64::from(clock.second.unwrap_or(0)));
        let to = match clock {
            Clock { until: Some(until), .. } => {
                let to = at_hour(day, self.hour(until))?;
                if to < from {
                    to + Duration::hours(if from - to > Duration::hours(12) { 24 } else { 12 })
                } else {
                    to
                }
            }
            Clock { second: Some(_), .. } => from,
            Clock { minute: Some(_), .. } => from + Duration::seconds(59),
            _ => from + Duration::seconds(3_599),
        };
        Some((from, to))
    }

    /// Returns an hour of the day as it is meant beside the part of the day.
    fn hour(&self, hour: u32) -> u32 {
        match self.period.map_or(Hours::Plain, |period| period.hours) {
            Hours::Afternoon if hour < 12 => hour + 12,
            Hours::Noon if hour < 10 => hour + 12,
            Hours::Evening if hour <= 4 => hour + 24,
            Hours::Evening if hour < 12 => hour + 12,
            Hours::Evening if hour == 12 => 24,
            Hours::Night if (8..12).contains(&hour) => hour + 12,
            Hours::Night if hour == 12 => 24,
            _ => hour,
        }
    }

    /// Returns the whole days that were said.
    fn days(&self, now: NaiveDateTime) -> Option<Interval> {
        if let Some(span) = self.span {
            return Some(span);
        }
        let year = self.year.unwrap_or(now.year());
        if let Some(feast) = self.feast {
            let (first, last) = feast.days(year)?;
            return whole_days(first, last);
        }
        if let Some(week) = self.week {
            let first = monday(now.date(), week);
            return whole_days(first, first.checked_add_days(Days::new(6))?);
        }
        if self.lunar {
            let month = self.month?;
            return match self.day {
                Some(day) => {
                    let day = lunar::day(year, month, day, self.leap)?;
                    whole_days(day, day)
                }
                None => {
                    lunar::month(year, month, self.leap).and_then(|(first, last)| whole_days(first, last))
                }
            };
        }
        let month = self.month.unwrap_or(now.month());
        let first = NaiveDate::from_ymd_opt(year, month, 1)?;
        match (self.part, self.month, self.day) {
            (Some(Part::Days(a, b)), ..) => whole_days(
                NaiveDate::from_ymd_opt(year, month, a)?,
                NaiveDate::from_ymd_opt(year, month, b.min(last_of_month(first)?.day()))?,
            ),
            (Some(Part::LastDays(count)), ..) => {
                let last = last_of_month(first)?;
                whole_days(last.checked_sub_days(Days::new(u64::from(count) - 1))?, last)
            }
            (Some(Part::Months(a, b)), ..) => {
                let january = NaiveDate::from_ymd_opt(year, 1, 1)?;
                let month = |number: u32| january.checked_add_months(Months::new(number - 1));
                whole_days(month(a)?, last_of_month(month(b)?)?)
            }
            (Some(Part::Week(number)), ..) => {
                let first = if self.month.is_some() { first } else { NaiveDate::from_ymd_opt(year, 1, 1)? };
                let to_monday = (7 - first.weekday().num_days_from_monday()) % 7;
                let monday = first.checked_add_days(Days::new(u64::from(to_monday + (number - 1) * 7)))?;
                whole_days(monday, monday.checked_add_days(Days::new(6))?)
            }
            (Some(Part::Weekday(number, weekday)), ..) => {
                let ahead = (7 + weekday - first.weekday().num_days_from_monday()) % 7 + (number - 1) * 7;
                let day = first.checked_add_days(Days::new(u64::from(ahead)))?;
                whole_days(day, day)
            }
            (Some(Part::DayOfYear(number)), ..) => {
                let day = NaiveDate::from_yo_opt(year, number)?;
                whole_days(day, day)
            }
            (None, _, Some(day)) => {
                let day = NaiveDate::from_ymd_opt(year, month, day)?;
                whole_days(day, day)
            }
            (None, Some(_), None) => whole_days(first, last_of_month(first)?),
            (None, None, None) => {
                self.year?;
                whole_days(NaiveDate::from_ymd_opt(year, 1, 1)?, NaiveDate::from_ymd_opt(year, 12, 31)?)
            }
        }
    }
}

/// Returns the Monday of the week that is so many weeks from that of `today`.
pub(super) fn monday(today: NaiveDate, weeks: i64) -> NaiveDate {
    today + Duration::days(weeks * 7 - i64::from(today.weekday().num_days_from_monday()))
}

/// Returns the interval from the first second of a day to the last of another.
pub(super) fn whole_days(first: NaiveDate, last: NaiveDate) -> Option<Interval> {
    Some((first.and_time(NaiveTime::MIN), last.and_hms_opt(23, 59, 59)?))
}

/// Returns the last day of the month that a day is in.
pub(super) fn last_of_month(day: NaiveDate) -> Option<NaiveDate> {
    day.with_day(1)?.checked_add_months(Months::new(1))?.pred_opt()
}

/// Returns the beginning of an hour, which may be one of the next day.
fn at_hour(day: NaiveDate, hour: u32) -> Option<NaiveDateTime> {
    day.and_time(NaiveTime::MIN).checked_add_signed(Duration::hours(i64::from(hour)))
}
