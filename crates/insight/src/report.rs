//! Reports: declared once, asked in one way, shown by one page.

pub mod answer;
pub mod catalogue;
pub mod dimension;
pub mod measure;
pub mod period;
pub mod question;

use crate::fact::{self, Table};

/// A word in both languages.
pub type Words = (&'static str, &'static str);

/// A report that everybody finds in the list.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// Its id, also in addresses.
    pub id: &'static str,
    /// The heading that it stands under.
    pub group: Words,
    /// What it is called.
    pub title: Words,
    /// What counts and what does not.
    pub about: Words,
    /// The facts that it is made of.
    pub table: &'static str,
    /// The instant that decides whether a row is in the period: a column of the table.
    pub axis: &'static str,
    /// What is always left out, as a condition.
    pub only: Option<&'static str>,
    /// The dimensions that it begins with.
    pub by: &'static [&'static str],
    /// The measures that it begins with.
    pub measures: &'static [&'static str],
    /// The chart that it begins with: `bar`, `line`, `pie`, `tree`, `heat`, `pareto`, `control`, `box`.
    pub chart: &'static str,
}

impl Report {
    /// Returns the facts that it is made of.
    #[must_use]
    pub fn facts(&self) -> &'static Table {
        fact::table(self.table).expect("the catalogue's test knows every table")
    }
}

/// Words of axes: what the period is about.
#[must_use]
pub fn axis_words(table: &str, axis: &str) -> Words {
    match (table, axis) {
        ("orders", "settled_at") => ("按办结时间统计", "by the time of settlement"),
        ("orders", "rated_at") => ("按评价时间统计", "by the time of the rating"),
        ("orders", _) => ("按受理时间统计", "by the time of writing"),
        ("calls", _) => ("按来电（外拨）开始时间统计", "by the beginning of the call"),
        ("seats", _) => ("按状态开始时间统计", "by the beginning of the state"),
        ("steps", _) => ("按环节开始时间统计", "by the beginning of the step"),
        _ => ("按发生小时统计", "by the hour"),
    }
}
