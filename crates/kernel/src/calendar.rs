//! The calendar of working days: pure arithmetic from which every deadline comes.
//!
//! Times go in and out as epoch milliseconds; days are civil dates in the calendar's zone. Nothing here reads a clock.
//! Weekends are off unless listed as make-up days, weekdays are on unless listed as holidays. The shipped list is that of
//! the State Council's notices ([`WorkCalendar::china`]); a city lays its own exceptions over it ([`WorkCalendar::with_day`]).

mod china;
mod deadline;
mod explain;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, TimeZone, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

pub use deadline::{Deadline, EndOfLimit, Pause, Rule, Step, StepKind};
pub use explain::{ExplainLanguage, Explained};

/// What can be wrong with a calendar or with a question to it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CalendarError {
    /// The zone is not in the IANA database.
    #[error("unknown time zone {0:?}")]
    UnknownZone(String),
    /// The list of exceptional days cannot be read.
    #[error("bad list of days: {0}")]
    BadData(String),
    /// The instant or the number of days lies outside of what the calendar computes with.
    #[error("out of the calendar's range: {0}")]
    OutOfRange(String),
}

/// One exception from "Monday to Friday are working days".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecialDay {
    /// The civil date.
    pub date: NaiveDate,
    /// True when nobody works, false for a make-up working day.
    pub off: bool,
    /// What the day is called, for instance 国庆节.
    pub name: String,
}

/// What a date is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Day {
    /// An ordinary working day.
    Working,
    /// A Saturday or Sunday on which nobody works.
    Weekend,
    /// A listed day off.
    Holiday {
        /// The holiday's name.
        name: String,
    },
    /// A listed working day, usually a Saturday or Sunday.
    MakeUpDay {
        /// The holiday for which it makes up.
        name: String,
    },
}

impl Day {
    /// Says whether people work on such a day.
    pub fn is_working(&self) -> bool {
        matches!(self, Day::Working | Day::MakeUpDay { .. })
    }
}

/// A zone and a versioned set of exceptional days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkCalendar {
    zone: Tz,
    version: String,
    days: BTreeMap<NaiveDate, SpecialDay>,
    announced: BTreeSet<i32>,
}

impl WorkCalendar {
    /// Makes a calendar from a zone name (`Asia/Shanghai`), a version and its exceptional days.
    ///
    /// `announced` names the years whose exceptions are complete; a deadline that reaches into another year is provisional.
    /// Of two entries for one date the later one holds.
    pub fn new(
        zone: &str,
        version: impl Into<String>,
        announced: impl IntoIterator<Item = i32>,
        days: impl IntoIterator<Item = SpecialDay>,
    ) -> Result<Self, CalendarError> {
        let zone: Tz =
            zone.parse().map_err(|_| CalendarError::UnknownZone(zone.chars().take(64).collect()))?;
        Ok(Self {
            zone,
            version: version.into(),
            days: days.into_iter().map(|day| (day.date, day)).collect(),
            announced: announced.into_iter().collect(),
        })
    }

    /// Makes the calendar of mainland China from the shipped list, in the given zone.
    pub fn china(zone: &str) -> Result<Self, CalendarError> {
        china::load(zone)
    }

    /// Lays one exception of the city over the list; the version is not changed.
    #[must_use]
    pub fn with_day(mut self, day: SpecialDay) -> Self {
        self.days.insert(day.date, day);
        self
    }

    /// Gives the calendar another version, for instance after the city has changed a day.
    #[must_use]
    pub fn with_version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// The version that deadlines carry, so that an old derivation can be told from a new one.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The IANA name of the zone.
    pub fn zone_name(&self) -> &'static str {
        self.zone.name()
    }

    /// Says what a date is.
    pub fn day(&self, date: NaiveDate) -> Day {
        match self.days.get(&date) {
            Some(day) if day.off => Day::Holiday { name: day.name.clone() },
            Some(day) => Day::MakeUpDay { name: day.name.clone() },
            None if matches!(date.weekday(), Weekday::Sat | Weekday::Sun) => Day::Weekend,
            None => Day::Working,
        }
    }

    /// Says whether people work on a date.
    pub fn is_working(&self, date: NaiveDate) -> bool {
        self.day(date).is_working()
    }

    /// Says whether the exceptions of a year are known. Where they aren't, only weekends and what the law fixes are off.
    pub fn is_announced(&self, year: i32) -> bool {
        self.announced.contains(&year)
    }

    /// The exceptional days of one civil year, in order.
    pub fn special_days(&self, year: i32) -> impl Iterator<Item = &SpecialDay> {
        self.days.values().filter(move |day| day.date.year() == year)
    }

    /// The civil date of an instant.
    pub fn date_at(&self, at_ms: i64) -> Result<NaiveDate, CalendarError> {
        Ok(self.local(at_ms)?.date_naive())
    }

    /// The first instant of a date. Where a clock change skips midnight, it is the first instant that exists.
    pub fn start_of(&self, date: NaiveDate) -> Result<i64, CalendarError> {
        self.instant(date, NaiveTime::MIN)
    }

    /// The last millisecond of a date.
    pub fn end_of(&self, date: NaiveDate) -> Result<i64, CalendarError> {
        Ok(self.start_of(next(date)?)? - 1)
    }

    fn local(&self, at_ms: i64) -> Result<DateTime<Tz>, CalendarError> {
        // Years 1900 to 2200: far from every overflow, and no derivation can grow beyond reason.
        const FIRST_MS: i64 = -2_208_988_800_000;
        const LAST_MS: i64 = 7_258_118_400_000;
        let out_of_range = || CalendarError::OutOfRange(format!("{at_ms} ms"));
        if !(FIRST_MS..LAST_MS).contains(&at_ms) {
            return Err(out_of_range());
        }
        let utc = DateTime::from_timestamp_millis(at_ms).ok_or_else(out_of_range)?;
        Ok(utc.with_timezone(&self.zone))
    }

    /// The first instant at or after a wall-clock time that exists in the zone.
    pub fn instant(&self, date: NaiveDate, time: NaiveTime) -> Result<i64, CalendarError> {
        let mut wall = date.and_time(time);
        for _ in 0..=8 {
            if let Some(local) = self.zone.from_local_datetime(&wall).earliest() {
                return Ok(local.timestamp_millis());
            }
            wall += TimeDelta::minutes(30);
        }
        Err(CalendarError::OutOfRange(format!("{date} does not exist in {}", self.zone.name())))
    }
}

fn next(date: NaiveDate) -> Result<NaiveDate, CalendarError> {
    date.succ_opt().ok_or_else(|| CalendarError::OutOfRange(date.to_string()))
}
