//! What is known of a day before it comes.

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use chrono::{Datelike as _, NaiveDate};

/// What the calendar says of a day that is not like its weekday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayKind {
    /// A statutory holiday.
    Holiday,
    /// A working day at a weekend (调休上班).
    MakeUp,
}

/// Columns that belong to the weekday; the day's shape has its own way to know the weekday.
pub(crate) const WEEKDAY_COLUMNS: usize = 8;
/// Centres of the bumps over the day of the month: salaries, bills and closing dates pull callers.
const MONTH_CENTRES: [f64; 8] = [1.0, 4.0, 8.0, 12.0, 16.0, 20.0, 24.0, 28.0];
const MONTH_WIDTH_DAYS: f64 = 3.0;

/// Turns days into rows of a regression.
pub(crate) struct DayFeatures<'a> {
    /// Whether people call on this weekday as a rule, Monday first.
    pub(crate) open: [bool; 7],
    pub(crate) kinds: &'a BTreeMap<NaiveDate, DayKind>,
    /// Whether the history is long enough to tell a season from a trend.
    pub(crate) seasonal: bool,
}

impl DayFeatures<'_> {
    /// Returns a row for each of `days`, which must be sorted.
    pub(crate) fn rows(&self, days: &[NaiveDate]) -> Vec<Vec<f64>> {
        let after_break: Vec<bool> = days
            .iter()
            .enumerate()
            .map(|(i, day)| i > 0 && self.skipped_between(days[i - 1], *day))
            .collect();
        (0..days.len())
            .map(|i| {
                let day = days[i];
                let mut row = vec![0.0; WEEKDAY_COLUMNS];
                row[0] = 1.0;
                row[1 + day.weekday().num_days_from_monday() as usize] = 1.0;
                row.push(truth(after_break[i]));
                row.push(truth(i > 0 && after_break[i - 1]));
                row.push(truth(self.kinds.get(&day) == Some(&DayKind::Holiday)));
                row.push(truth(self.kinds.get(&day) == Some(&DayKind::MakeUp)));
                let of_month = f64::from(day.day());
                row.extend(MONTH_CENTRES.map(|centre| bump(of_month - centre)));
                let year = TAU * f64::from(day.ordinal()) / 365.25;
                for turn in [1.0, 2.0] {
                    let (sin, cos) = (turn * year).sin_cos();
                    row.extend(if self.seasonal { [sin, cos] } else { [0.0, 0.0] });
                }
                row
            })
            .collect()
    }

    /// Tells whether an open day lies between two days of a series: then callers waited.
    fn skipped_between(&self, earlier: NaiveDate, later: NaiveDate) -> bool {
        earlier
            .iter_days()
            .skip(1)
            .take_while(|day| *day < later)
            .take(31)
            .any(|day| self.open[day.weekday().num_days_from_monday() as usize])
    }
}

fn truth(is: bool) -> f64 {
    f64::from(u8::from(is))
}

fn bump(distance_days: f64) -> f64 {
    (-0.5 * (distance_days / MONTH_WIDTH_DAYS).powi(2)).exp()
}
