//! What is counted, and how.

mod office;
mod voice;

use super::Words;

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A whole number.
    Count,
    /// A share, 0 to 1.
    Share,
    /// Hours.
    Hours,
    /// Seconds.
    Seconds,
    /// Stars.
    Stars,
    /// So many of one thing for each of another.
    Ratio,
    /// An instant, epoch milliseconds.
    Instant,
}

impl Unit {
    /// Returns the code that screens are told.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Share => "share",
            Self::Hours => "hours",
            Self::Seconds => "seconds",
            Self::Stars => "stars",
            Self::Ratio => "ratio",
            Self::Instant => "instant",
        }
    }
}

/// How a measure is computed. Conditions and values are written as the engine reads them; `{now}` is the present.
#[derive(Clone, Copy, Debug)]
pub enum How {
    /// Rows for which the condition holds.
    Count(&'static str),
    /// Different values among them.
    Distinct(&'static str),
    /// Rows that have a value, for each different one.
    Per(&'static str),
    /// The sum of a value where the condition holds.
    Sum(&'static str, &'static str),
    /// Rows for which both hold, of those for which the second holds.
    Share(&'static str, &'static str),
    /// The sum of a value where the first condition holds, of its sum where the second holds.
    Ratio(&'static str, &'static str, &'static str),
    /// The mean of a value where the condition holds.
    Mean(&'static str, &'static str),
    /// The value below which such a share lies, where the condition holds.
    Quantile(&'static str, &'static str, f64),
    /// How far values are from their mean.
    Deviation(&'static str, &'static str),
    /// The smallest.
    Min(&'static str, &'static str),
    /// The largest.
    Max(&'static str, &'static str),
}

/// A measure.
#[derive(Clone, Copy, Debug)]
pub struct Measure {
    /// Its id, also in addresses.
    pub id: &'static str,
    /// The table.
    pub table: &'static str,
    /// What it is called.
    pub name: Words,
    /// What counts.
    pub about: Words,
    /// How it is written.
    pub unit: Unit,
    /// How it is computed.
    pub how: How,
}

const fn measure(
    id: &'static str,
    table: &'static str,
    name: Words,
    about: Words,
    unit: Unit,
    how: How,
) -> Measure {
    Measure { id, table, name, about, unit, how }
}

/// Returns all measures.
pub fn all() -> impl Iterator<Item = &'static Measure> {
    office::MEASURES.iter().chain(voice::MEASURES)
}

/// Finds a measure of a table.
#[must_use]
pub fn find(table: &str, id: &str) -> Option<&'static Measure> {
    all().find(|one| one.id == id && one.table == table)
}

/// Returns the measures of a table.
pub fn of(table: &'static str) -> impl Iterator<Item = &'static Measure> {
    all().filter(move |one| one.table == table)
}

impl Measure {
    /// Writes the measure as the engine reads it.
    #[must_use]
    pub fn expression(&self, now: i64) -> String {
        let text = match self.how {
            How::Count(which) => format!("sum(case when {which} then 1 else 0 end)"),
            How::Distinct(value) => format!("count(distinct {value})"),
            How::Per(value) => format!("cast(count({value}) as double) / nullif(count(distinct {value}), 0)"),
            How::Sum(value, which) => format!("sum(case when {which} then {value} else 0 end)"),
            How::Share(part, whole) => format!(
                "cast(sum(case when ({whole}) and ({part}) then 1 else 0 end) as double) \
                 / nullif(sum(case when {whole} then 1 else 0 end), 0)"
            ),
            How::Ratio(value, part, whole) => format!(
                "sum(case when {part} then {value} else 0 end) \
                 / nullif(sum(case when {whole} then {value} else 0 end), 0)"
            ),
            How::Mean(value, which) => format!("avg(case when {which} then cast({value} as double) end)"),
            How::Quantile(value, which, share) => format!(
                "approx_percentile_cont({share}) within group (order by case when {which} then cast({value} as double) end)"
            ),
            How::Deviation(value, which) => {
                format!("stddev(case when {which} then cast({value} as double) end)")
            }
            How::Min(value, which) => format!("min(case when {which} then {value} end)"),
            How::Max(value, which) => format!("max(case when {which} then {value} end)"),
        };
        text.replace("{now}", &now.to_string())
    }

    /// Writes which rows stand behind the measure.
    #[must_use]
    pub fn rows(&self, now: i64) -> String {
        let text = match self.how {
            How::Count(which) | How::Sum(_, which) => which.to_owned(),
            How::Distinct(value) | How::Per(value) => format!("({value}) is not null"),
            // Behind a share stand the rows that it is a share of.
            How::Share(_, whole) | How::Ratio(_, _, whole) => whole.to_owned(),
            How::Mean(_, which)
            | How::Quantile(_, which, _)
            | How::Deviation(_, which)
            | How::Min(_, which)
            | How::Max(_, which) => which.to_owned(),
        };
        text.replace("{now}", &now.to_string())
    }

    /// Tells whether the numbers of groups add up to the total.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        matches!(self.how, How::Count(_) | How::Sum(..))
    }
}

/// Numbers that should add up: the first is the sum of the others.
pub const BALANCES: &[(&str, &str, &[&str])] = &[
    ("orders", "created", &["settled", "open", "ended"]),
    ("orders", "settled", &["at_once", "by_unit"]),
    ("calls", "calls", &["inbound", "outbound", "internal"]),
    ("calls", "inbound", &["answered", "unanswered"]),
    ("steps", "steps", &["steps_done", "steps_open", "steps_cancelled"]),
    (
        "seats",
        "signed_in_hours",
        &["ready_hours", "ringing_hours", "on_call_hours", "wrap_up_hours", "not_ready_hours", "break_hours"],
    ),
];
