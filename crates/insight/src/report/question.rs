//! A question: facts, period, dimensions, measures, conditions; and how it is written for the engine.

use std::fmt::Write as _;

use super::dimension::{self, Dimension, Naming};
use super::measure::{self, Measure};
use super::period::{Comparison, Period};
use crate::error::InsightError;
use crate::fact::Table;
use crate::scope::quoted;

/// So many dimensions at most.
const BY_MAX: usize = 4;
/// So many measures at most.
const MEASURES_MAX: usize = 24;
/// So many conditions, and values in one of them.
const CONDITIONS_MAX: usize = 12;
const VALUES_MAX: usize = 200;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// The facts.
    pub table: &'static Table,
    /// The instant that decides whether a row is in the period.
    pub axis: &'static str,
    /// What is always left out.
    pub only: Option<&'static str>,
    /// The period.
    pub period: Period,
    /// What to compare with.
    pub compare: Option<Comparison>,
    /// What rows are told apart by.
    pub by: Vec<&'static Dimension>,
    /// What is counted.
    pub measures: Vec<&'static Measure>,
    /// Conditions: a dimension has one of these values; an empty value is none.
    pub conditions: Vec<(&'static Dimension, Vec<String>)>,
    /// What rows are sorted by: a measure, from the largest or the smallest; else by the dimensions.
    pub sort: Option<(&'static str, bool)>,
}

impl Question {
    /// Reads the dimensions, separated by commas.
    ///
    /// # Errors
    /// When one does not exist, or there are too many.
    pub fn dimensions(table: &Table, text: &str) -> Result<Vec<&'static Dimension>, InsightError> {
        let mut found: Vec<&'static Dimension> = Vec::new();
        for id in text.split(',').filter(|id| !id.is_empty()) {
            let one = dimension::find(table.name, id).ok_or_else(|| {
                InsightError::question(
                    "by",
                    format!("没有维度 {id}。"),
                    format!("There is no dimension {id}."),
                )
            })?;
            if !found.iter().any(|known| known.id == one.id) {
                found.push(one);
            }
        }
        if found.len() > BY_MAX {
            return Err(InsightError::question("by", "最多选择四个维度。", "At most four dimensions."));
        }
        Ok(found)
    }

    /// Reads the measures, separated by commas.
    ///
    /// # Errors
    /// When one does not exist, or there are too many or none.
    pub fn measures(table: &Table, text: &str) -> Result<Vec<&'static Measure>, InsightError> {
        let mut found: Vec<&'static Measure> = Vec::new();
        for id in text.split(',').filter(|id| !id.is_empty()) {
            let one = measure::find(table.name, id).ok_or_else(|| {
                InsightError::question(
                    "measures",
                    format!("没有指标 {id}。"),
                    format!("There is no measure {id}."),
                )
            })?;
            if !found.iter().any(|known| known.id == one.id) {
                found.push(one);
            }
        }
        if found.is_empty() || found.len() > MEASURES_MAX {
            return Err(InsightError::question(
                "measures",
                "请选择 1 到 24 个指标。",
                "Between 1 and 24 measures are needed.",
            ));
        }
        Ok(found)
    }

    /// Reads conditions such as `type:complaint,help;district:云阳区`. In values `\` stands before a sign that
    /// would else divide.
    ///
    /// # Errors
    /// When a dimension does not exist or there are too many.
    pub fn conditions(
        table: &Table,
        text: &str,
    ) -> Result<Vec<(&'static Dimension, Vec<String>)>, InsightError> {
        let mut found = Vec::new();
        for part in split(text, ';').into_iter().filter(|part| !part.is_empty()) {
            let (id, values) = part.split_once(':').unwrap_or((part.as_str(), ""));
            let one = dimension::find(table.name, id).ok_or_else(|| {
                InsightError::question(
                    "where",
                    format!("没有维度 {id}。"),
                    format!("There is no dimension {id}."),
                )
            })?;
            let values: Vec<String> = split(values, ',').iter().map(|value| plain(value)).collect();
            if values.len() > VALUES_MAX {
                return Err(InsightError::question("where", "筛选值过多。", "There are too many values."));
            }
            found.push((one, values));
        }
        if found.len() > CONDITIONS_MAX {
            return Err(InsightError::question("where", "筛选条件过多。", "There are too many conditions."));
        }
        Ok(found)
    }

    /// Reads what rows are sorted by: the id of a measure, with `-` before it from the largest on.
    ///
    /// # Errors
    /// When it is not among the measures.
    pub fn sorted(
        measures: &[&'static Measure],
        text: &str,
    ) -> Result<Option<(&'static str, bool)>, InsightError> {
        if text.is_empty() {
            return Ok(None);
        }
        let (id, descending) = text.strip_prefix('-').map_or((text, false), |id| (id, true));
        measures.iter().find(|one| one.id == id).map(|one| Some((one.id, descending))).ok_or_else(|| {
            InsightError::question("sort", "没有这个排序指标。", "It can't be sorted by this.")
        })
    }

    /// Writes the condition of the period, of what is left out and of the filters.
    #[must_use]
    pub fn condition(&self, period: Period, zone: chrono_tz::Tz, now: i64) -> String {
        let (from, to) = period.instants(zone);
        let axis = self.axis;
        let mut text = format!("{axis} >= {from} and {axis} < {to}");
        if let Some(only) = self.only {
            let _ = write!(text, " and ({})", only.replace("{now}", &now.to_string()));
        }
        for (one, values) in &self.conditions {
            let column = one.expression(axis, period.offset_ms(zone), now);
            let _ = write!(text, " and {}", among(&column, one, values));
        }
        text
    }

    /// Writes the question; without dimensions it asks for the totals.
    #[must_use]
    pub fn sql(&self, by: &[&Dimension], period: Period, zone: chrono_tz::Tz, now: i64) -> String {
        let offset_ms = period.offset_ms(zone);
        let mut columns: Vec<String> = by
            .iter()
            .enumerate()
            .map(|(at, one)| format!("{} as d{at}", one.expression(self.axis, offset_ms, now)))
            .collect();
        columns.extend(
            self.measures.iter().enumerate().map(|(at, one)| format!("{} as m{at}", one.expression(now))),
        );
        let mut text = format!(
            "select {} from {} where {}",
            columns.join(", "),
            self.table.name,
            self.condition(period, zone, now)
        );
        if !by.is_empty() {
            let places: Vec<String> = (1..=by.len()).map(|place| place.to_string()).collect();
            let _ = write!(text, " group by {}", places.join(", "));
        }
        text
    }
}

/// Writes that an expression has one of the values.
#[must_use]
pub fn among(column: &str, one: &Dimension, values: &[String]) -> String {
    let number = matches!(one.naming, Naming::Time(_)) || one.id == "stars";
    let listed: Vec<String> = values
        .iter()
        .filter(|value| !value.is_empty())
        .filter_map(|value| {
            if number {
                value.parse::<i64>().ok().map(|value| value.to_string())
            } else {
                Some(quoted(value))
            }
        })
        .collect();
    let mut any = Vec::new();
    if !listed.is_empty() {
        any.push(format!("({column}) in ({})", listed.join(", ")));
    }
    if values.iter().any(String::is_empty) {
        any.push(format!("({column}) is null"));
    }
    if any.is_empty() { "false".to_owned() } else { format!("({})", any.join(" or ")) }
}

/// Splits at a sign that has no `\` before it.
fn split(text: &str, at: char) -> Vec<String> {
    let (mut parts, mut part, mut escaped) = (Vec::new(), String::new(), false);
    for sign in text.chars() {
        if escaped {
            part.push('\\');
            part.push(sign);
            escaped = false;
        } else if sign == '\\' {
            escaped = true;
        } else if sign == at {
            parts.push(std::mem::take(&mut part));
        } else {
            part.push(sign);
        }
    }
    parts.push(part);
    parts
}

/// Takes the `\` away.
fn plain(text: &str) -> String {
    let (mut out, mut escaped) = (String::new(), false);
    for sign in text.chars() {
        if sign == '\\' && !escaped {
            escaped = true;
        } else {
            out.push(sign);
            escaped = false;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Question, among};
    use crate::fact::ORDERS;
    use crate::report::dimension;

    #[test]
    fn conditions_are_read_with_signs_in_their_values() {
        let read = Question::conditions(&ORDERS, r"district:云阳区,a\,b\;c;type:;status:archived").unwrap();
        let shown: Vec<(&str, Vec<String>)> =
            read.into_iter().map(|(one, values)| (one.id, values)).collect();
        assert_eq!(
            shown,
            [
                ("district", vec!["云阳区".to_owned(), "a,b;c".to_owned()]),
                ("type", vec![String::new()]),
                ("status", vec!["archived".to_owned()]),
            ]
        );
        assert!(Question::conditions(&ORDERS, "secret:1").is_err());
    }

    #[test]
    fn a_value_never_becomes_part_of_the_statement() {
        let district = dimension::find("orders", "district").unwrap();
        let hostile = vec!["x') or 1 = 1 --".to_owned()];
        assert_eq!(among("district", district, &hostile), "((district) in ('x'') or 1 = 1 --'))");
        let day = dimension::find("orders", "day").unwrap();
        assert_eq!(among("day", day, &["1 or 1 = 1".to_owned()]), "false");
    }
}
