//! Hot and hard matters, the months of their peaks, and how strongly units solve what they get (解决力度), month by
//! month beside each other.

mod sheet;

use std::collections::HashMap;

use chrono::{Datelike as _, Months, NaiveDate};
use kernel::{Lang, Principal, Scope};

use crate::Insight;
use crate::error::InsightError;
use crate::fact::ORDERS;
use crate::report::answer::{Line, Table};
use crate::report::dimension::{self, Bucket, Dimension};
use crate::report::measure::{self, Measure};
use crate::report::period::Period;
use crate::report::question::Question;

pub use sheet::write;

/// So many months stand beside each other at most, and at least.
pub const MONTHS: std::ops::RangeInclusive<u32> = 2..=24;
/// So many matters and units are listed.
pub const LISTED: usize = 20;
/// A matter with fewer settled orders is not called hard for its median.
const SETTLED_LEAST: f64 = 3.0;

/// What says how strongly a unit solves; the first is shown first.
pub const STRENGTHS: [&str; 4] = ["settle_rate", "on_time_rate", "satisfaction_rate", "reopened_rate"];

/// What is asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The last month, any day of it.
    pub last: NaiveDate,
    /// So many months, the last among them.
    pub months: u32,
    /// Conditions on orders.
    pub conditions: Vec<(&'static Dimension, Vec<String>)>,
}

/// A matter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matter {
    /// The category.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Orders.
    pub orders: f64,
    /// Orders of each month.
    pub months: Vec<f64>,
    /// The month with most orders, by its place.
    pub peak: usize,
    /// Overdue now.
    pub overdue: f64,
    /// Taken up again.
    pub reopened: f64,
    /// The median time to settle, in hours.
    pub median_hours: Option<f64>,
    /// The share of satisfied citizens.
    pub satisfaction: Option<f64>,
}

/// A unit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Solver {
    /// The unit.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Orders.
    pub orders: f64,
    /// For each of [`STRENGTHS`] its value in each month; nothing where nothing was measured.
    pub months: Vec<Vec<Option<f64>>>,
    /// For each of [`STRENGTHS`] its value over all months.
    pub whole: Vec<Option<f64>>,
}

impl Solver {
    /// How a strength changed from the first month that has a value to the last of the months that are over, as a
    /// difference of shares: in a month that runs most orders are not due yet.
    #[must_use]
    pub fn change(&self, strength: usize, over: usize) -> Option<f64> {
        let mut known = self.months.get(strength)?.iter().take(over).copied().flatten();
        let first = known.next()?;
        known.next_back().map(|last| last - first)
    }
}

/// The whole report.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    /// The months, such as 202603.
    pub months: Vec<i64>,
    /// So many of them are over.
    pub over: usize,
    /// All orders of each month.
    pub orders: Vec<f64>,
    /// From most orders on.
    pub hot: Vec<Matter>,
    /// From the longest median time on.
    pub hard: Vec<Matter>,
    /// From most orders on.
    pub units: Vec<Solver>,
}

impl Asked {
    /// The days.
    #[must_use]
    pub fn period(&self) -> Period {
        let first = self.last.with_day(1).unwrap_or(self.last);
        let from = first.checked_sub_months(Months::new(self.months.saturating_sub(1))).unwrap_or(first);
        Period { from, to: (Period { from: first, to: first }).whole_month().to }
    }

    fn question(
        &self,
        by: &str,
        measures: &[&str],
        sort: Option<(&'static str, bool)>,
    ) -> Result<Question, InsightError> {
        Ok(Question {
            table: &ORDERS,
            axis: "at",
            only: None,
            period: self.period(),
            compare: None,
            by: Question::dimensions(&ORDERS, by)?,
            measures: Question::measures(&ORDERS, &measures.join(","))?,
            conditions: self.conditions.clone(),
            sort,
        })
    }

    /// The same about the rows that lead.
    fn of(mut self, one: &'static str, leading: &[&Line]) -> Self {
        if let Some(one) = dimension::find(ORDERS.name, one) {
            let keys = leading.iter().filter_map(|line| line.keys.first().cloned()).collect();
            self.conditions.push((one, keys));
        }
        self
    }
}

fn named(table: &Table) -> impl Iterator<Item = &Line> {
    table.lines.iter().filter(|line| line.keys.first().is_some_and(|key| !key.is_empty()))
}

fn number(line: &Line, at: usize) -> f64 {
    line.values.get(at).copied().flatten().unwrap_or(0.0)
}

/// Values by their row and month.
fn by_month(table: &Table) -> HashMap<(String, String), Vec<Option<f64>>> {
    let key = |line: &Line| Some((line.keys.first()?.clone(), line.keys.get(1)?.clone()));
    table.lines.iter().filter_map(|line| Some((key(line)?, line.values.clone()))).collect()
}

const MATTER: [&str; 6] = ["created", "overdue", "reopened", "handle_median", "satisfaction_rate", "settled"];

fn matter(line: &Line, months: &[i64], known: &HashMap<(String, String), Vec<Option<f64>>>) -> Matter {
    let id = line.keys.first().cloned().unwrap_or_default();
    let counts: Vec<f64> = months
        .iter()
        .map(|month| known.get(&(id.clone(), month.to_string())).and_then(|values| values[0]).unwrap_or(0.0))
        .collect();
    let peak = (0..counts.len()).fold(0, |best, at| if counts[at] > counts[best] { at } else { best });
    Matter {
        name: line.names.first().cloned().unwrap_or_default(),
        orders: number(line, 0),
        overdue: number(line, 1),
        reopened: number(line, 2),
        median_hours: line.values.get(3).copied().flatten(),
        satisfaction: line.values.get(4).copied().flatten(),
        id,
        months: counts,
        peak,
    }
}

impl Insight {
    /// Answers the report as far as `by` may see.
    ///
    /// # Errors
    /// As the engine's.
    pub async fn problems(
        &self,
        by: &Principal,
        reach: Scope,
        asked: &Asked,
        lang: Lang,
    ) -> Result<Problems, InsightError> {
        let months = asked.period().buckets(Bucket::Month)?;
        let all = self.answer(by, reach, &asked.question("month", &["created"], None)?, lang).await?;
        let orders = all.lines.iter().map(|line| number(line, 0)).collect();
        let matters = self
            .answer(by, reach, &asked.question("category", &MATTER, Some(("created", true)))?, lang)
            .await?;
        let hot: Vec<&Line> = named(&matters).take(LISTED).collect();
        let mut hard: Vec<&Line> = named(&matters)
            .filter(|line| {
                line.values.get(3).copied().flatten().is_some() && number(line, 5) >= SETTLED_LEAST
            })
            .collect();
        hard.sort_by(|left, right| {
            number(right, 3).total_cmp(&number(left, 3)).then_with(|| left.keys.cmp(&right.keys))
        });
        hard.truncate(LISTED);
        let both: Vec<&Line> = hot.iter().chain(&hard).copied().collect();
        let course = if both.is_empty() {
            Table::default()
        } else {
            let about = asked.clone().of("category", &both);
            self.answer(by, reach, &about.question("category,month", &["created"], None)?, lang).await?
        };
        let course = by_month(&course);
        let strengths: Vec<&str> = std::iter::once("created").chain(STRENGTHS).collect();
        let units = asked.question("unit", &strengths, Some(("created", true)))?;
        let units = self.answer(by, reach, &units, lang).await?;
        let leading: Vec<&Line> = named(&units).take(LISTED).collect();
        let solved = if leading.is_empty() {
            Table::default()
        } else {
            let about = asked.clone().of("unit", &leading);
            self.answer(by, reach, &about.question("unit,month", &strengths, None)?, lang).await?
        };
        let solved = by_month(&solved);
        let solver = |line: &&Line| {
            let id = line.keys.first().cloned().unwrap_or_default();
            let value = |month: &i64, at: usize| {
                solved
                    .get(&(id.clone(), month.to_string()))
                    .and_then(|values| values.get(at).copied().flatten())
            };
            Solver {
                name: line.names.first().cloned().unwrap_or_default(),
                orders: number(line, 0),
                months: (1..=STRENGTHS.len())
                    .map(|at| months.iter().map(|month| value(month, at)).collect())
                    .collect(),
                whole: line.values.iter().skip(1).copied().collect(),
                id,
            }
        };
        let today = self.local_now().date();
        let present = i64::from(today.year()) * 100 + i64::from(today.month());
        Ok(Problems {
            over: months.iter().filter(|month| **month < present).count(),
            orders,
            hot: hot.iter().map(|line| matter(line, &months, &course)).collect(),
            hard: hard.iter().map(|line| matter(line, &months, &course)).collect(),
            units: leading.iter().map(solver).collect(),
            months,
        })
    }
}

/// Finds a strength.
#[must_use]
pub fn strength(id: &str) -> Option<&'static Measure> {
    measure::find(ORDERS.name, id)
}

#[cfg(test)]
mod tests {
    use super::Solver;

    #[test]
    fn the_change_is_from_the_first_measured_month_to_the_last() {
        let solver = |months: &[Option<f64>]| Solver { months: vec![months.to_vec()], ..Solver::default() };
        let change = |months: &[Option<f64>]| solver(months).change(0, 5).map(|by| (by * 100.0).round());
        assert_eq!(change(&[None, Some(0.5), Some(0.2), Some(0.75), None]), Some(25.0));
        assert_eq!((change(&[Some(0.5)]), change(&[None])), (None, None));
        assert_eq!(solver(&[Some(0.5), Some(0.75), Some(0.0)]).change(0, 2), Some(0.25));
    }
}
