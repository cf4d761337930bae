//! What a question is answered with: rows with names, totals, what they are compared with, and whether the
//! numbers add up.

use std::collections::HashMap;

use chrono::{NaiveDateTime, Timelike as _};
use kernel::Lang;

use super::dimension::{Bucket, Naming};
use super::measure::{BALANCES, Measure};
use super::period::{Comparison, Period};
use super::question::Question;
use crate::fact::{Row, Value};

/// A row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// Values of the dimensions, as codes.
    pub keys: Vec<String>,
    /// Their names.
    pub names: Vec<String>,
    /// Values of the measures.
    pub values: Vec<Option<f64>>,
    /// The same of what it is compared with; empty without a comparison.
    pub before: Vec<Option<f64>>,
}

/// Whether numbers add up.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// What should be the same.
    pub text: String,
    /// One side.
    pub left: f64,
    /// The other.
    pub right: f64,
    /// Whether they are the same.
    pub holds: bool,
}

/// The whole answer.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Rows.
    pub lines: Vec<Line>,
    /// Totals of the measures.
    pub totals: Vec<Option<f64>>,
    /// The same of what it is compared with.
    pub totals_before: Vec<Option<f64>>,
    /// Whether there would have been more rows.
    pub cut: bool,
    /// Whether numbers add up.
    pub checks: Vec<Check>,
}

/// Takes rows of the engine apart: dimensions first, then measures.
#[must_use]
pub fn lines(rows: &[Row], dimensions: usize) -> Vec<Line> {
    rows.iter()
        .map(|row| Line {
            keys: row.iter().take(dimensions).map(Value::key).collect(),
            names: Vec::new(),
            values: row.iter().skip(dimensions).map(Value::number).collect(),
            before: Vec::new(),
        })
        .collect()
}

/// Puts rows of zeros where time has no values, when time is the only dimension; what is still to come at `now` (the
/// city's clock) has no numbers yet.
#[must_use]
pub fn fill(question: &Question, lines: Vec<Line>, now: NaiveDateTime) -> Vec<Line> {
    let [one] = question.by.as_slice() else { return lines };
    let Naming::Time(bucket) = one.naming else { return lines };
    let Ok(all) = question.period.buckets(bucket) else { return lines };
    let today = Period { from: now.date(), to: now.date() };
    let present = match bucket {
        _ if !bucket.is_sequence() => None,
        Bucket::HalfHour => {
            let half = now.hour() as usize * 2 + usize::from(now.minute() >= 30);
            today.buckets(bucket).ok().and_then(|all| all.get(half).copied())
        }
        Bucket::Hour => today.buckets(bucket).ok().and_then(|all| all.get(now.hour() as usize).copied()),
        _ => today.buckets(bucket).ok().and_then(|all| all.last().copied()),
    };
    let begun = |value: i64| present.is_none_or(|present| value <= present);
    let mut known: HashMap<String, Line> =
        lines.into_iter().map(|line| (line.keys.first().cloned().unwrap_or_default(), line)).collect();
    all.into_iter()
        .map(|value| {
            let key = value.to_string();
            known.remove(&key).unwrap_or_else(|| Line {
                keys: vec![key],
                values: question
                    .measures
                    .iter()
                    .map(|one| (one.adds_up() && begun(value)).then_some(0.0))
                    .collect(),
                ..Line::default()
            })
        })
        .collect()
}

/// Adds to each row what it was in the period before; spans of time correspond by their place in the period, and those
/// that the period before has not are compared with nothing.
pub fn compare(question: &Question, before: Period, lines: &mut [Line], earlier: Vec<Line>) {
    let mut shifts: Vec<HashMap<String, String>> = Vec::new();
    for one in &question.by {
        let mut shift = HashMap::new();
        if let Naming::Time(bucket) = one.naming
            && bucket.is_sequence()
            && let (Ok(now), Ok(then)) = (question.period.buckets(bucket), before.buckets(bucket))
        {
            shift = now.iter().zip(&then).map(|(now, then)| (now.to_string(), then.to_string())).collect();
        }
        shifts.push(shift);
    }
    let known: HashMap<Vec<String>, Vec<Option<f64>>> =
        earlier.into_iter().map(|line| (line.keys, line.values)).collect();
    for line in lines {
        let keys: Option<Vec<String>> = line
            .keys
            .iter()
            .zip(&shifts)
            .map(|(key, shift)| if shift.is_empty() { Some(key.clone()) } else { shift.get(key).cloned() })
            .collect();
        line.before = match keys {
            Some(keys) => known.get(&keys).cloned().unwrap_or_else(|| {
                question.measures.iter().map(|one| one.adds_up().then_some(0.0)).collect()
            }),
            None => vec![None; question.measures.len()],
        };
    }
}

/// Sorts rows: by a measure, else by time, else from the largest first measure on.
pub fn sort(question: &Question, lines: &mut [Line]) {
    let by_time = matches!(question.by.first().map(|one| one.naming), Some(Naming::Time(_)));
    let (at, descending) = match question.sort {
        Some((id, descending)) => (question.measures.iter().position(|one| one.id == id), descending),
        None if by_time => (None, false),
        None => (Some(0), true),
    };
    lines.sort_by(|left, right| {
        let order = at.map_or(std::cmp::Ordering::Equal, |at| {
            let of = |line: &Line| line.values.get(at).copied().flatten();
            match (of(left), of(right)) {
                (Some(left), Some(right)) if descending => right.total_cmp(&left),
                (Some(left), Some(right)) => left.total_cmp(&right),
                // What has no value comes last, in either order.
                (left, right) => right.is_some().cmp(&left.is_some()),
            }
        });
        order.then_with(|| keys(left).cmp(&keys(right)))
    });
}

fn keys(line: &Line) -> Vec<(i64, &str)> {
    line.keys.iter().map(|key| (key.parse().unwrap_or(i64::MAX), key.as_str())).collect()
}

/// Says which numbers should add up, and whether they do.
#[must_use]
pub fn checks(question: &Question, table: &Table, lang: Lang) -> Vec<Check> {
    let mut found = Vec::new();
    let name = |one: &Measure| lang.pick(one.name.0, one.name.1).to_owned();
    let place = |id: &str| question.measures.iter().position(|one| one.id == id);
    let total = |at: usize| table.totals.get(at).copied().flatten().unwrap_or(0.0);
    if !question.by.is_empty() && !table.cut {
        for (at, one) in question.measures.iter().enumerate().filter(|(_, one)| one.adds_up()) {
            let sum: f64 = table.lines.iter().filter_map(|line| line.values.get(at).copied().flatten()).sum();
            let text = match lang {
                Lang::Zh => format!("各行{}之和 = 合计", name(one)),
                Lang::En => format!("{}: the rows' sum = the total", name(one)),
            };
            found.push(check(text, sum, total(at)));
        }
    }
    for (facts, whole, parts) in BALANCES {
        if *facts != question.table.name {
            continue;
        }
        let places: Option<Vec<usize>> = parts.iter().map(|id| place(id)).collect();
        let (Some(at), Some(places)) = (place(whole), places) else { continue };
        let sum = places.iter().map(|at| total(*at)).sum();
        let names: Vec<String> = places.iter().map(|at| name(question.measures[*at])).collect();
        found.push(check(format!("{} = {}", name(question.measures[at]), names.join(" + ")), total(at), sum));
    }
    found
}

fn check(text: String, left: f64, right: f64) -> Check {
    // Hours are sums of fractions: a billionth is no difference.
    let holds = (left - right).abs() <= 1e-6 * left.abs().max(right.abs()).max(1.0);
    Check { text, left, right, holds }
}

/// Reads what to compare with.
#[must_use]
pub fn comparison(code: &str) -> Option<Comparison> {
    match code {
        "previous" => Some(Comparison::Previous),
        "year" => Some(Comparison::Year),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::{Comparison, Line, Period, Question, compare, fill};
    use crate::fact;

    #[test]
    fn what_is_still_to_come_and_what_has_no_counterpart_is_not_zero() {
        let table = fact::table("orders").unwrap();
        let period = Period::parse("2026-03-01", "2026-03-31").unwrap();
        let question = Question {
            table,
            axis: "at",
            only: None,
            period,
            compare: Some(Comparison::Previous),
            by: Question::dimensions(table, "day").unwrap(),
            measures: Question::measures(table, "created").unwrap(),
            conditions: Vec::new(),
            sort: None,
        };
        let now = NaiveDate::from_ymd_opt(2026, 3, 3).unwrap().and_hms_opt(9, 0, 0).unwrap();
        let mut lines = fill(&question, Vec::new(), now);
        let values: Vec<Option<f64>> = lines.iter().map(|line| line.values[0]).collect();
        assert_eq!((values.len(), &values[..4]), (31, &[Some(0.0), Some(0.0), Some(0.0), None][..]));
        let before = period.before(Comparison::Previous);
        let first = before.buckets(super::Bucket::Day).unwrap()[0].to_string();
        let earlier = vec![Line { keys: vec![first], values: vec![Some(7.0)], ..Line::default() }];
        compare(&question, before, &mut lines, earlier);
        let told: Vec<Option<f64>> = lines.iter().map(|line| line.before[0]).collect();
        assert_eq!((told[0], told[1], told[27], told[28]), (Some(7.0), Some(0.0), Some(0.0), None));
    }
}
