//! Quiet hours: when channels outside do not disturb.

use chrono::{DateTime, Days, NaiveTime, TimeZone};
use kernel::Timestamp;

/// A daily span in which only what is urgent goes out; it may cross midnight. Equal ends mean none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quiet {
    /// It begins.
    pub from: NaiveTime,
    /// It ends.
    pub to: NaiveTime,
}

/// Reads `22:00`; anything else is as good as midnight.
#[must_use]
pub fn time_of_day(text: &str) -> NaiveTime {
    NaiveTime::parse_from_str(text.trim(), "%H:%M").unwrap_or(NaiveTime::MIN)
}

impl Quiet {
    /// Returns the first instant at or after `at` at which something may go out, in a zone.
    #[must_use]
    pub fn next<Z: TimeZone>(self, zone: &Z, at: Timestamp) -> Timestamp {
        let Some(local) = DateTime::from_timestamp_millis(at.0).map(|utc| utc.with_timezone(zone)) else {
            return at;
        };
        let time = local.time();
        let quiet = if self.from <= self.to {
            (self.from..self.to).contains(&time)
        } else {
            time >= self.from || time < self.to
        };
        if !quiet {
            return at;
        }
        let mut date = local.date_naive();
        if time >= self.to {
            date = date.checked_add_days(Days::new(1)).unwrap_or(date);
        }
        zone.from_local_datetime(&date.and_time(self.to))
            .earliest()
            .map_or(at, |end| Timestamp(end.timestamp_millis()))
    }
}

#[cfg(test)]
mod tests {
    use chrono::FixedOffset;
    use kernel::Timestamp;

    use super::{Quiet, time_of_day};

    #[track_caller]
    fn check(from: &str, to: &str, at: &str, expected: &str) {
        let zone = FixedOffset::east_opt(8 * 3600).unwrap();
        let instant = |text: &str| {
            let time = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
            Timestamp(time.and_local_timezone(zone).unwrap().timestamp_millis())
        };
        let quiet = Quiet { from: time_of_day(from), to: time_of_day(to) };
        assert_eq!(quiet.next(&zone, instant(at)), instant(expected));
    }

    #[test]
    fn what_is_not_urgent_waits_for_the_morning() {
        check("22:00", "07:30", "2026-03-02 23:10", "2026-03-03 07:30");
        check("22:00", "07:30", "2026-03-03 05:00", "2026-03-03 07:30");
        check("22:00", "07:30", "2026-03-03 07:30", "2026-03-03 07:30");
        check("12:00", "14:00", "2026-03-03 13:00", "2026-03-03 14:00");
        check("12:00", "12:00", "2026-03-03 12:00", "2026-03-03 12:00");
        check("nonsense", "07:00", "2026-03-03 05:00", "2026-03-03 07:00");
    }
}
