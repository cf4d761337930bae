//! Reports by mail: when one is sent, and which days it is about. Sending is in [`sending`], SQL in `store`.

mod sending;

use chrono::{DateTime, Datelike as _, Days, Months, NaiveDate, NaiveTime, TimeZone as _, Weekday};
use chrono_tz::Tz;

use crate::error::InsightError;
use crate::report::period::Period;

pub(crate) use sending::words as reason_words;

/// So many one person may have.
pub const MOST: i64 = 50;
/// So many people may get one, its owner among them.
pub const RECEIVERS_MAX: usize = 20;
/// The special report, which is no report of the catalogue.
pub const SPECIAL: &str = "special";
/// The written assessment of risks, which is none either.
pub const ASSESSMENT: &str = "risk-assessment";

/// How often a report is sent, at an hour of the city's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    /// The days.
    pub every: Every,
    /// The hour, 0 to 23.
    pub hour: u32,
}

/// On which days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Every {
    /// Every day.
    Day,
    /// On one day of the week; 1 is Monday, 7 Sunday.
    Week(u32),
    /// On one day of the month, on its last day where it has not so many.
    Month(u32),
}

impl When {
    /// Reads what was written; `on` is the day of the week or of the month.
    ///
    /// # Errors
    /// When there is no such day or hour.
    pub fn read(every: &str, on: i64, hour: i64) -> Result<Self, InsightError> {
        let day = u32::try_from(on).unwrap_or(0);
        let every = match every {
            "day" => Every::Day,
            "week" if (1..=7).contains(&day) => Every::Week(day),
            "month" if (1..=31).contains(&day) => Every::Month(day),
            _ => {
                return Err(InsightError::question(
                    "every",
                    "请选择每天、每周的星期几或每月的几号。",
                    "Choose every day, a day of the week or a day of the month.",
                ));
            }
        };
        let hour = u32::try_from(hour).ok().filter(|hour| *hour < 24).ok_or_else(|| {
            InsightError::question("hour", "发送时间为 0 到 23 点。", "The hour is from 0 to 23.")
        })?;
        Ok(Self { every, hour })
    }

    fn falls_on(self, day: NaiveDate) -> bool {
        match self.every {
            Every::Day => true,
            Every::Week(weekday) => day.weekday().number_from_monday() == weekday,
            Every::Month(wanted) => day.day() == wanted.min(last_of_month(day)),
        }
    }

    /// The instant of a day, epoch milliseconds; an hour that the clock jumps over begins where it lands.
    fn at(self, zone: Tz, day: NaiveDate) -> i64 {
        let time = NaiveTime::from_hms_opt(self.hour, 0, 0).unwrap_or(NaiveTime::MIN);
        let local = day.and_time(time);
        (0..3)
            .find_map(|more| zone.from_local_datetime(&(local + chrono::Duration::hours(more))).earliest())
            .map_or_else(|| local.and_utc().timestamp_millis(), |at| at.timestamp_millis())
    }

    /// Returns the newest instant that is not after `now`.
    #[must_use]
    pub fn latest(self, zone: Tz, now: i64) -> i64 {
        let today = local_day(zone, now);
        (0..40)
            .filter_map(|back| today.checked_sub_days(Days::new(back)))
            .filter(|day| self.falls_on(*day))
            .map(|day| self.at(zone, day))
            .find(|at| *at <= now)
            .unwrap_or(now)
    }

    /// Returns the first instant after `now`.
    #[must_use]
    pub fn next(self, zone: Tz, now: i64) -> i64 {
        let today = local_day(zone, now);
        (0..40)
            .filter_map(|on| today.checked_add_days(Days::new(on)))
            .filter(|day| self.falls_on(*day))
            .map(|day| self.at(zone, day))
            .find(|at| *at > now)
            .unwrap_or_else(|| now.saturating_add(86_400_000))
    }
}

/// Which days a report is about, seen from the day on which it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// The day before.
    Yesterday,
    /// The week before, Monday to Sunday.
    LastWeek,
    /// The month before.
    LastMonth,
    /// The quarter before.
    LastQuarter,
    /// The year before.
    LastYear,
}

impl Span {
    /// Reads a code.
    ///
    /// # Errors
    /// When there is no such span.
    pub fn read(code: &str) -> Result<Self, InsightError> {
        Ok(match code {
            "yesterday" => Self::Yesterday,
            "last_week" => Self::LastWeek,
            "last_month" => Self::LastMonth,
            "last_quarter" => Self::LastQuarter,
            "last_year" => Self::LastYear,
            _ => {
                return Err(InsightError::question(
                    "span",
                    "请选择统计区间。",
                    "Choose the days that it is about.",
                ));
            }
        })
    }

    /// Returns the days.
    #[must_use]
    pub fn period(self, day: NaiveDate) -> Period {
        let month = day.with_day(1).unwrap_or(day);
        let months = |first: NaiveDate, count: u32| {
            let from = first.checked_sub_months(Months::new(count)).unwrap_or(first);
            Period { from, to: first.pred_opt().unwrap_or(first) }
        };
        match self {
            Self::Yesterday => {
                let before = day.pred_opt().unwrap_or(day);
                Period { from: before, to: before }
            }
            Self::LastWeek => {
                let monday = day.week(Weekday::Mon).first_day();
                Period { from: monday - Days::new(7), to: monday - Days::new(1) }
            }
            Self::LastMonth => months(month, 1),
            Self::LastQuarter => {
                let into = month.month0() % 3;
                months(month.checked_sub_months(Months::new(into)).unwrap_or(month), 3)
            }
            Self::LastYear => months(month.with_month(1).unwrap_or(month), 12),
        }
    }
}

/// Returns the day of the city's calendar.
#[must_use]
pub fn local_day(zone: Tz, at: i64) -> NaiveDate {
    DateTime::from_timestamp_millis(at).unwrap_or_default().with_timezone(&zone).date_naive()
}

fn last_of_month(day: NaiveDate) -> u32 {
    u32::from(day.num_days_in_month())
}

#[cfg(test)]
mod tests {
    use chrono::{NaiveDate, TimeZone as _};
    use chrono_tz::{Asia::Shanghai, Europe::Berlin, Tz};

    use super::{Every, Span, When};

    fn at(zone: Tz, year: i32, month: u32, day: u32, hour: u32) -> i64 {
        zone.with_ymd_and_hms(year, month, day, hour, 0, 0).earliest().unwrap().timestamp_millis()
    }

    #[test]
    fn the_next_time_and_the_one_before_it_are_found() {
        let day = When { every: Every::Day, hour: 8 };
        let now = at(Shanghai, 2026, 3, 4, 8);
        assert_eq!((day.latest(Shanghai, now), day.next(Shanghai, now)), (now, at(Shanghai, 2026, 3, 5, 8)));
        assert_eq!(day.latest(Shanghai, now - 1), at(Shanghai, 2026, 3, 3, 8));
        let monday = When { every: Every::Week(1), hour: 9 };
        assert_eq!(monday.next(Shanghai, now), at(Shanghai, 2026, 3, 9, 9));
        assert_eq!(monday.latest(Shanghai, now), at(Shanghai, 2026, 3, 2, 9));
        // The thirty-first is the last day of shorter months.
        let last = When { every: Every::Month(31), hour: 0 };
        assert_eq!(last.latest(Shanghai, now), at(Shanghai, 2026, 2, 28, 0));
        assert_eq!(last.next(Shanghai, at(Shanghai, 2026, 3, 31, 0)), at(Shanghai, 2026, 4, 30, 0));
    }

    #[test]
    fn an_hour_that_the_clock_jumps_over_or_repeats_comes_once() {
        let two = When { every: Every::Day, hour: 2 };
        let spring = two.next(Berlin, at(Berlin, 2026, 3, 28, 12));
        assert_eq!(spring, at(Berlin, 2026, 3, 29, 3));
        assert_eq!(two.next(Berlin, spring), at(Berlin, 2026, 3, 30, 2));
        let autumn = two.next(Berlin, at(Berlin, 2026, 10, 24, 12));
        assert_eq!(two.next(Berlin, autumn), at(Berlin, 2026, 10, 26, 2));
    }

    #[test]
    fn the_days_before_are_whole() {
        let day = NaiveDate::from_ymd_opt(2026, 3, 4).unwrap();
        let told = |span: Span| {
            let period = span.period(day);
            format!("{} {}", period.from, period.to)
        };
        assert_eq!(told(Span::Yesterday), "2026-03-03 2026-03-03");
        assert_eq!(told(Span::LastWeek), "2026-02-23 2026-03-01");
        assert_eq!(told(Span::LastMonth), "2026-02-01 2026-02-28");
        assert_eq!(told(Span::LastQuarter), "2025-10-01 2025-12-31");
        assert_eq!(told(Span::LastYear), "2025-01-01 2025-12-31");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for (every, on, hour) in
            [("week", 0, 8), ("week", 8, 8), ("month", 32, 8), ("year", 1, 8), ("day", 0, 24)]
        {
            assert!(When::read(every, on, hour).is_err(), "{every} {on} {hour}");
        }
        assert!(When::read("day", -5, 23).is_ok());
    }
}
