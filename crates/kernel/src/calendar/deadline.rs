//! From a length in days to an instant, with the whole derivation.
//!
//! The rules are those of the Civil Code of the People's Republic of China: the day on which a period begins is not
//! counted (Article 201); a last day that is a day off moves to the next working day, and the last day ends at 24:00, or
//! when business closes (Article 203).

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate, NaiveTime};
use serde::{Deserialize, Serialize};

use super::{CalendarError, Day, WorkCalendar, next};

/// The longest limit that is computed, in days. Ten years; nothing that an office promises is longer.
const MAX_DAYS: u32 = 3_660;

/// When on its last day a limit ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub enum EndOfLimit {
    /// At 24:00, given as the last millisecond of the day so that the instant carries the last day's date.
    #[default]
    EndOfDay,
    /// When the office closes.
    Closing {
        /// Minutes after midnight, 1 to 1439.
        minute_of_day: u16,
    },
    /// At the time of day at which the period began.
    SameTime,
}

/// How days are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rule {
    /// Counts the day on which the period begins. The Civil Code says no.
    pub first_day_counted: bool,
    /// When the last day ends.
    pub end: EndOfLimit,
}

/// A time during which the limit does not run.
///
/// A working day is not counted when a pause is in force at its end. So a pause costs as many working days as ends of
/// working days it covers, and one that begins and ends on the same day costs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Beginning, epoch milliseconds.
    pub from_ms: i64,
    /// End (exclusive), epoch milliseconds; for a pause that still runs, the caller gives the present.
    pub to_ms: i64,
}

/// One day of a derivation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The day.
    pub date: NaiveDate,
    /// What became of it.
    pub kind: StepKind,
}

/// What became of a day in a derivation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StepKind {
    /// The period begins on this day, which is not counted.
    StartDayNotCounted,
    /// Counted as the `n`th day.
    Counted {
        /// Position, from 1.
        n: u32,
    },
    /// A make-up working day, counted as the `n`th day.
    MakeUpDay {
        /// Position, from 1.
        n: u32,
        /// The holiday for which it makes up.
        name: String,
    },
    /// A weekend, not counted.
    Weekend,
    /// A holiday, not counted.
    Holiday {
        /// The holiday's name.
        name: String,
    },
    /// A working day that ended during a pause, not counted.
    Paused,
    /// Calendar days only: the last day is a day off, so the period goes on.
    LastDayOff {
        /// The holiday's name; none for a weekend.
        name: Option<String>,
    },
    /// The next working day, on which a period ends that would have ended on a day off.
    MovedHere,
}

/// An instant and how it came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadline {
    /// The last instant that is in time, epoch milliseconds.
    pub due_ms: i64,
    /// The day on which it lies.
    pub last_date: NaiveDate,
    /// How many days were asked for.
    pub days: u32,
    /// Whether these are working days (else calendar days).
    pub working_days: bool,
    /// When on the last day it ends.
    pub end: EndOfLimit,
    /// Each day from the first to the last.
    pub derivation: Vec<Step>,
    /// Years that the derivation touches and whose holidays are not announced yet; the instant may still change.
    pub unannounced_years: Vec<i32>,
    /// The calendar that was used.
    pub calendar_version: String,
    /// Start of each derivation day is in this IANA zone.
    pub zone: String,
}

impl WorkCalendar {
    /// Adds working days to an instant.
    ///
    /// With `n` = 0 the limit ends on the first day itself, or on the next working day when that is a day off.
    ///
    /// # Errors
    /// [`CalendarError::OutOfRange`] for more than 3,660 days, an instant outside of 1900 to 2199, a bad closing time, or
    /// pauses without end.
    pub fn add_working_days(&self, start_ms: i64, n: u32, rule: Rule) -> Result<Deadline, CalendarError> {
        self.add_working_days_with_pauses(start_ms, n, rule, &[])
    }

    /// Adds working days to an instant and leaves out those that ended during a pause.
    ///
    /// # Errors
    /// As [`WorkCalendar::add_working_days`].
    pub fn add_working_days_with_pauses(
        &self,
        start_ms: i64,
        n: u32,
        rule: Rule,
        pauses: &[Pause],
    ) -> Result<Deadline, CalendarError> {
        let mut date = self.first_date(start_ms, n)?;
        let last_allowed = self.last_allowed(start_ms, n, pauses)?;
        let mut derivation = Vec::new();
        let mut counted = 0;
        if n > 0 && !rule.first_day_counted {
            derivation.push(Step { date, kind: StepKind::StartDayNotCounted });
            date = next(date)?;
        }
        loop {
            let day = self.day(date);
            let kind = if day.is_working() && self.is_paused(date, pauses)? {
                StepKind::Paused
            } else {
                match day {
                    Day::Weekend => StepKind::Weekend,
                    Day::Holiday { name } => StepKind::Holiday { name },
                    Day::Working if n == 0 => StepKind::MovedHere,
                    Day::MakeUpDay { .. } if n == 0 => StepKind::MovedHere,
                    Day::Working => {
                        counted += 1;
                        StepKind::Counted { n: counted }
                    }
                    Day::MakeUpDay { name } => {
                        counted += 1;
                        StepKind::MakeUpDay { n: counted, name }
                    }
                }
            };
            let ends_here = match kind {
                StepKind::MovedHere => true,
                StepKind::Counted { n: nth } | StepKind::MakeUpDay { n: nth, .. } => nth == n,
                _ => false,
            };
            derivation.push(Step { date, kind });
            if ends_here {
                break;
            }
            date = next(date)?;
            if date > last_allowed {
                return Err(CalendarError::OutOfRange(format!("no end within {} days", derivation.len())));
            }
        }
        self.finish(start_ms, n, true, rule, date, derivation)
    }

    /// Adds calendar days to an instant; a last day off moves to the next working day.
    ///
    /// # Errors
    /// As [`WorkCalendar::add_working_days`].
    pub fn add_calendar_days(&self, start_ms: i64, n: u32, rule: Rule) -> Result<Deadline, CalendarError> {
        let mut date = self.first_date(start_ms, n)?;
        let last_allowed = self.last_allowed(start_ms, n, &[])?;
        let mut derivation = Vec::new();
        if n > 0 && !rule.first_day_counted {
            derivation.push(Step { date, kind: StepKind::StartDayNotCounted });
            date = next(date)?;
        }
        for nth in 1..n {
            derivation.push(Step { date, kind: StepKind::Counted { n: nth } });
            date = next(date)?;
        }
        let nominal = date;
        loop {
            let kind = match self.day(date) {
                Day::Weekend => StepKind::LastDayOff { name: None },
                Day::Holiday { name } => StepKind::LastDayOff { name: Some(name) },
                Day::Working | Day::MakeUpDay { .. } if date == nominal && n > 0 => StepKind::Counted { n },
                Day::Working | Day::MakeUpDay { .. } => StepKind::MovedHere,
            };
            let ends_here = !matches!(kind, StepKind::LastDayOff { .. });
            derivation.push(Step { date, kind });
            if ends_here {
                break;
            }
            date = next(date)?;
            if date > last_allowed {
                return Err(CalendarError::OutOfRange("no working day follows".to_owned()));
            }
        }
        self.finish(start_ms, n, false, rule, date, derivation)
    }

    /// Counts the working days after the day of `from_ms` up to and including the day of `to_ms`.
    ///
    /// So `working_days_between(start, add_working_days(start, n).due_ms)` is `n`. Negative when `to_ms` is on an earlier
    /// day. Days that ended during a pause are left out.
    ///
    /// # Errors
    /// [`CalendarError::OutOfRange`] for an instant outside of 1900 to 2199.
    pub fn working_days_between(
        &self,
        from_ms: i64,
        to_ms: i64,
        pauses: &[Pause],
    ) -> Result<i64, CalendarError> {
        let (from, to) = (self.date_at(from_ms)?, self.date_at(to_ms)?);
        if to < from {
            return Ok(-self.working_days_between(to_ms, from_ms, pauses)?);
        }
        let mut count = 0;
        let mut date = from;
        while date < to {
            date = next(date)?;
            if self.is_working(date) && !self.is_paused(date, pauses)? {
                count += 1;
            }
        }
        Ok(count)
    }

    /// Counts the milliseconds between two instants that lie on working days and in no pause; 0 when `to_ms` is earlier.
    ///
    /// It is the measure for "a fifth of the limit remains", which must not jump over a long holiday.
    ///
    /// # Errors
    /// [`CalendarError::OutOfRange`] for an instant outside of 1900 to 2199.
    pub fn working_ms_between(
        &self,
        from_ms: i64,
        to_ms: i64,
        pauses: &[Pause],
    ) -> Result<i64, CalendarError> {
        let (mut date, last) = (self.date_at(from_ms)?, self.date_at(to_ms)?);
        let pauses = merged(pauses);
        let mut total_ms = 0;
        while date <= last {
            if self.is_working(date) {
                let begin = self.start_of(date)?.max(from_ms);
                let end = (self.end_of(date)? + 1).min(to_ms);
                let paused: i64 =
                    pauses.iter().map(|pause| (end.min(pause.to_ms) - begin.max(pause.from_ms)).max(0)).sum();
                total_ms += (end - begin - paused).max(0);
            }
            date = next(date)?;
        }
        Ok(total_ms)
    }

    fn first_date(&self, start_ms: i64, n: u32) -> Result<NaiveDate, CalendarError> {
        if n > MAX_DAYS {
            return Err(CalendarError::OutOfRange(format!("{n} days, at most {MAX_DAYS}")));
        }
        self.date_at(start_ms)
    }

    /// The day after which a search is given up. Generous: twice the days, a year of holidays, and the pauses.
    fn last_allowed(&self, start_ms: i64, n: u32, pauses: &[Pause]) -> Result<NaiveDate, CalendarError> {
        let paused_until_ms = pauses.iter().map(|pause| pause.to_ms).max().unwrap_or(start_ms);
        let from = self.date_at(paused_until_ms.max(start_ms))?;
        from.checked_add_days(chrono::Days::new(u64::from(n) * 2 + 400))
            .ok_or_else(|| CalendarError::OutOfRange(format!("{n} days")))
    }

    fn is_paused(&self, date: NaiveDate, pauses: &[Pause]) -> Result<bool, CalendarError> {
        if pauses.is_empty() {
            return Ok(false);
        }
        let end_ms = self.end_of(date)?;
        Ok(pauses.iter().any(|pause| pause.from_ms <= end_ms && end_ms < pause.to_ms))
    }

    fn finish(
        &self,
        start_ms: i64,
        days: u32,
        working_days: bool,
        rule: Rule,
        last_date: NaiveDate,
        derivation: Vec<Step>,
    ) -> Result<Deadline, CalendarError> {
        let due_ms = match rule.end {
            EndOfLimit::EndOfDay => self.end_of(last_date)?,
            EndOfLimit::Closing { minute_of_day } => {
                let time = NaiveTime::from_num_seconds_from_midnight_opt(u32::from(minute_of_day) * 60, 0)
                    .filter(|_| minute_of_day > 0)
                    .ok_or_else(|| CalendarError::OutOfRange(format!("closing at minute {minute_of_day}")))?;
                self.instant(last_date, time)?
            }
            EndOfLimit::SameTime => self.instant(last_date, self.local(start_ms)?.time())?,
        };
        let years: BTreeSet<i32> = derivation.iter().map(|step| step.date.year()).collect();
        Ok(Deadline {
            // A limit of no days that "closes" before it began would be overdue at birth.
            due_ms: due_ms.max(start_ms),
            last_date,
            days,
            working_days,
            end: rule.end,
            derivation,
            unannounced_years: years.into_iter().filter(|year| !self.is_announced(*year)).collect(),
            calendar_version: self.version().to_owned(),
            zone: self.zone_name().to_owned(),
        })
    }
}

/// Sorts pauses and joins those that overlap, so that no millisecond is taken off twice.
fn merged(pauses: &[Pause]) -> Vec<Pause> {
    let mut sorted: Vec<Pause> = pauses.iter().copied().filter(|pause| pause.from_ms < pause.to_ms).collect();
    sorted.sort_by_key(|pause| pause.from_ms);
    let mut joined: Vec<Pause> = Vec::with_capacity(sorted.len());
    for pause in sorted {
        match joined.last_mut() {
            Some(last) if pause.from_ms <= last.to_ms => last.to_ms = last.to_ms.max(pause.to_ms),
            _ => joined.push(pause),
        }
    }
    joined
}
