//! How good a forecast was.

use std::str::FromStr as _;

use chrono::NaiveDateTime;

use crate::forecast::{Forecast, Observation};

/// Figures of a forecast against what came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// Root of the mean square error, in calls a slot.
    pub rmse: f64,
    /// Sum of absolute errors over the sum of calls.
    pub wape: f64,
    /// Share of slots whose count lay within `low..=high`.
    pub coverage80: f64,
}

impl Score {
    /// Compares forecasts with what came, pairwise; none without pairs.
    #[must_use]
    pub fn of(told: &[Forecast], came: &[Observation]) -> Option<Self> {
        let pairs = told.len().min(came.len());
        if pairs == 0 {
            return None;
        }
        let slots = f64::from(u32::try_from(pairs).unwrap_or(u32::MAX));
        let (mut squares, mut misses, mut calls, mut within) = (0.0, 0.0, 0.0, 0.0);
        for (told, came) in told.iter().zip(came) {
            let miss = told.mean - came.count;
            squares += miss * miss;
            misses += miss.abs();
            calls += came.count;
            // Counts are whole: an interval from 3.2 to 7.8 promises 3 to 8.
            if (told.low.floor()..=told.high.ceil()).contains(&came.count) {
                within += 1.0;
            }
        }
        Some(Self {
            rmse: (squares / slots).sqrt(),
            wape: misses / calls.max(1e-9),
            coverage80: within / slots,
        })
    }
}

/// Reads lines `time,calls`, with or without a heading; times as RFC 3339 or `2026-01-05 08:00`, taken as local.
///
/// # Errors
/// The number of the line that can't be read, and why.
pub fn read_counts(text: &str) -> Result<Vec<Observation>, String> {
    let mut counts = Vec::new();
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || (number == 0 && line.starts_with(|first: char| !first.is_ascii_digit())) {
            continue;
        }
        let read = || {
            let (time, calls) = line.split_once(',').ok_or("expected `time,calls`")?;
            let at = read_time(time.trim().trim_matches('"')).ok_or("the time is unreadable")?;
            let count =
                f64::from_str(calls.trim().trim_matches('"')).map_err(|_| "the count is unreadable")?;
            Ok(Observation { at, count })
        };
        counts.push(read().map_err(|why: &str| format!("line {}: {why}", number + 1))?);
    }
    Ok(counts)
}

fn read_time(text: &str) -> Option<NaiveDateTime> {
    // The offset is dropped: a call at eight in the morning is one at eight in the morning.
    let plain = text.trim_end_matches('Z').replace('T', " ");
    let plain = plain.split('+').next()?.trim();
    ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M"]
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(plain, format).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_ways_to_write_a_count_are_read() {
        let read =
            read_counts("\u{feff}time,calls\r\n2003-03-03T07:00:00Z,111\r\n\r\n2003-03-03 07:05,\"9\"\n");
        let read = read.expect("readable");
        assert_eq!(read.len(), 2);
        assert_eq!((read[0].count, read[1].count), (111.0, 9.0));
        assert_eq!(read[1].at.to_string(), "2003-03-03 07:05:00");
        assert_eq!(
            read_counts("2003-03-03T07:00:00Z,many").expect_err("no number"),
            "line 1: the count is unreadable"
        );
    }

    #[test]
    fn a_perfect_forecast_has_no_error() {
        let at = read_time("2026-01-05 08:00").expect("a time");
        let told = Forecast { at, mean: 5.0, low: 4.0, high: 6.0 };
        let score = Score::of(&[told], &[Observation { at, count: 5.0 }]).expect("one slot");
        assert_eq!(score, Score { rmse: 0.0, wape: 0.0, coverage80: 1.0 });
        assert_eq!(Score::of(&[], &[]), None);
    }
}
