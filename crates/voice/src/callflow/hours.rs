//! Tables of working times: when the house is open, day by day.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDateTime, NaiveTime, Timelike as _};
use kernel::calendar::Day;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Periods of one day at most.
const PERIODS_MAX: usize = 8;
/// Dates with times of their own at most.
const DATES_MAX: usize = 200;

/// A period of a day, `from` included and `to` not; `24:00` is the end of the day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Period {
    /// `HH:MM`.
    pub from: String,
    /// `HH:MM`.
    pub to: String,
}

/// A table of working times.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Hours {
    /// Periods by day of the week, Monday first.
    pub week: [Vec<Period>; 7],
    /// Periods on days that the city's calendar calls holidays.
    pub holiday: Vec<Period>,
    /// Periods on make-up working days; those of the day of the week when absent.
    pub make_up: Option<Vec<Period>>,
    /// Periods of single dates, `YYYY-MM-DD`; they go before everything else.
    pub dates: BTreeMap<String, Vec<Period>>,
}

/// Reads `HH:MM` as minutes of the day, `24:00` included.
fn minutes(text: &str) -> Option<u32> {
    let (hour, minute) = text.split_once(':')?;
    let two = |part: &str| {
        (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit()))
            .then(|| part.parse::<u32>().ok())
            .flatten()
    };
    let (hour, minute) = (two(hour)?, two(minute)?);
    (minute < 60 && (hour < 24 || (hour == 24 && minute == 0))).then_some(hour * 60 + minute)
}

impl Hours {
    /// Makes a table that is never closed.
    #[must_use]
    pub fn always() -> Self {
        let day = || vec![Period { from: "00:00".to_owned(), to: "24:00".to_owned() }];
        Self { week: std::array::from_fn(|_| day()), holiday: day(), make_up: None, dates: BTreeMap::new() }
    }

    /// Tells whether the house is open at a local time on a day of this kind.
    #[must_use]
    pub fn open_at(&self, at: NaiveDateTime, day: &Day) -> bool {
        let weekday = &self.week[at.weekday().num_days_from_monday() as usize];
        let periods = match (self.dates.get(&at.date().to_string()), day) {
            (Some(periods), _) => periods,
            (None, Day::Holiday { .. }) => &self.holiday,
            (None, Day::MakeUpDay { .. }) => self.make_up.as_ref().unwrap_or(weekday),
            (None, Day::Working | Day::Weekend) => weekday,
        };
        let now = at.time().num_seconds_from_midnight() / 60;
        periods.iter().any(|period| match (minutes(&period.from), minutes(&period.to)) {
            (Some(from), Some(to)) => (from..to).contains(&now),
            _ => false,
        })
    }

    /// Tells what is wrong with the table: the day and why.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        if self.dates.len() > DATES_MAX {
            return Some(format!("dates: > {DATES_MAX}"));
        }
        let week = self.week.iter().enumerate().map(|(at, periods)| (format!("week.{at}"), periods));
        let rest = [("holiday".to_owned(), &self.holiday)].into_iter();
        let make_up = self.make_up.iter().map(|periods| ("make_up".to_owned(), periods));
        let dates = self.dates.iter().map(|(date, periods)| (date.clone(), periods));
        for date in self.dates.keys() {
            if date.parse::<chrono::NaiveDate>().is_err() {
                return Some(format!("dates: {}", date.chars().take(20).collect::<String>()));
            }
        }
        for (day, periods) in week.chain(rest).chain(make_up).chain(dates) {
            if periods.len() > PERIODS_MAX {
                return Some(format!("{day}: > {PERIODS_MAX}"));
            }
            for period in periods {
                let ends = (minutes(&period.from), minutes(&period.to));
                if !matches!(ends, (Some(from), Some(to)) if from < to) {
                    let text: String =
                        format!("{day}: {}–{}", period.from, period.to).chars().take(60).collect();
                    return Some(text);
                }
            }
        }
        None
    }
}

/// Returns the word that conditions and expressions use for a kind of day.
#[must_use]
pub fn day_name(day: &Day) -> &'static str {
    match day {
        Day::Working => "working",
        Day::Weekend => "weekend",
        Day::Holiday { .. } => "holiday",
        Day::MakeUpDay { .. } => "make_up",
    }
}

/// Returns a time of day as `HH:MM`.
#[must_use]
pub fn clock_time(time: NaiveTime) -> String {
    time.format("%H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(from: &str, to: &str) -> Period {
        Period { from: from.to_owned(), to: to.to_owned() }
    }

    fn office() -> Hours {
        let mut hours = Hours::default();
        for day in 0..5 {
            hours.week[day] = vec![period("08:30", "12:00"), period("14:00", "17:30")];
        }
        hours.dates.insert("2026-02-17".to_owned(), vec![period("10:00", "11:00")]);
        hours
    }

    fn open(hours: &Hours, at: &str, day: &Day) -> bool {
        hours.open_at(NaiveDateTime::parse_from_str(at, "%Y-%m-%d %H:%M:%S").unwrap(), day)
    }

    #[test]
    fn a_day_is_open_in_its_periods_only() {
        let hours = office();
        // 2026-03-02 is a Monday.
        assert!(!open(&hours, "2026-03-02 08:29:59", &Day::Working));
        assert!(open(&hours, "2026-03-02 08:30:00", &Day::Working));
        assert!(!open(&hours, "2026-03-02 12:00:00", &Day::Working), "the end is not included");
        assert!(open(&hours, "2026-03-02 17:29:59", &Day::Working));
        assert!(!open(&hours, "2026-03-07 09:00:00", &Day::Weekend));
        assert!(open(&Hours::always(), "2026-03-07 23:59:59", &Day::Weekend));
    }

    #[test]
    fn holidays_make_up_days_and_single_dates_go_before_the_week() {
        let mut hours = office();
        let holiday = Day::Holiday { name: "春节".to_owned() };
        let make_up = Day::MakeUpDay { name: "春节".to_owned() };
        assert!(!open(&hours, "2026-02-18 09:00:00", &holiday));
        assert!(open(&hours, "2026-02-17 10:30:00", &holiday), "the date has its own times");
        assert!(!open(&hours, "2026-02-28 09:00:00", &make_up), "a Saturday has no periods of its own");
        hours.make_up = Some(vec![period("09:00", "16:00")]);
        assert!(open(&hours, "2026-02-28 09:00:00", &make_up));
    }

    #[test]
    fn a_table_that_cannot_be_meant_is_named() {
        let mut hours = office();
        assert_eq!(hours.problem(), None);
        hours.week[6] = vec![period("18:00", "09:00")];
        assert_eq!(hours.problem().as_deref(), Some("week.6: 18:00–09:00"));
        hours.week[6] = vec![period("8:00", "09:00")];
        assert!(hours.problem().is_some());
        hours.week[6] = Vec::new();
        hours.dates.insert("2026-02-30".to_owned(), Vec::new());
        assert_eq!(hours.problem().as_deref(), Some("dates: 2026-02-30"));
        for odd in ["", ":", "24:01", "99:99", "+1:00", "００:00", "12:0a"] {
            assert_eq!(minutes(odd), None, "{odd}");
        }
    }
}
