//! `eval extract`: a JSON object in each line, `{"text": …, "now": …, "places": […], …}`.

use chrono::{DateTime, NaiveDateTime};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{EvalError, round};
use crate::extract::{Facts, extract};
use crate::lexicon::Lexicon;
use crate::normalize::{fold, tighten};

/// When nothing is said of it, texts are from then.
const NOW: &str = "2026-01-01T12:00:00";

#[derive(Debug, Deserialize)]
struct Line {
    text: String,
    now: Option<String>,
    places: Option<Vec<String>>,
    times: Option<Vec<Time>>,
    people: Option<Vec<String>>,
    phones: Option<Vec<String>>,
    amounts: Option<Vec<Money>>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Time {
    Words(String),
    Interval { text: String, from: Option<String>, to: Option<String> },
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Money {
    Words(String),
    Value { text: String, value: Option<f64> },
}

/// Found, expected, both.
#[derive(Debug, Default)]
struct Count([f64; 3]);

impl Count {
    fn add(&mut self, found: Vec<String>, expected: Option<Vec<String>>) {
        // A kind that a line does not name was not marked in it.
        let Some(mut expected) = expected.map(|all| all.iter().map(|one| plain(one)).collect::<Vec<_>>())
        else {
            return;
        };
        self.0[1] += expected.len() as f64;
        for one in found {
            self.0[0] += 1.0;
            if let Some(at) = expected.iter().position(|other| *other == plain(&one)) {
                expected.swap_remove(at);
                self.0[2] += 1.0;
            }
        }
    }

    fn f1(&self) -> Value {
        let [found, expected, both] = self.0;
        if expected == 0.0 { Value::Null } else { json!(round(2.0 * both / (found + expected))) }
    }
}

fn plain(text: &str) -> String {
    fold(&tighten(text)).chars().filter(|c| !c.is_whitespace()).collect()
}

fn digits(text: &str) -> String {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if digits.len() == 13 && digits.starts_with("861") { digits[2..].to_owned() } else { digits }
}

fn instant(text: &str) -> Option<NaiveDateTime> {
    DateTime::parse_from_rfc3339(text)
        .map(|then| then.naive_local())
        .ok()
        .or_else(|| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S").ok())
        .or_else(|| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok())
}

/// Extracts facts from the texts and scores them.
///
/// # Errors
/// When a line is not such an object.
pub fn score(test: &str, lexicon: &Lexicon) -> Result<Value, EvalError> {
    let test = test.strip_prefix('\u{feff}').unwrap_or(test);
    let mut counts: [Count; 5] = Default::default();
    let (mut intervals, mut right, mut values, mut right_values, mut texts) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for (number, line) in test.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let problem = |problem: String| EvalError::Line { line: number + 1, problem };
        let line: Line = serde_json::from_str(line).map_err(|error| problem(error.to_string()))?;
        let said = line.now.as_deref().unwrap_or(NOW);
        let now = instant(said).ok_or_else(|| problem(format!("`{said}` is no time")))?;
        let facts: Facts = extract(&line.text, now, lexicon);
        texts += 1.0;
        counts[0].add(facts.places.iter().map(|s| s.text.clone()).collect(), line.places);
        counts[2].add(facts.people.iter().map(|s| s.text.clone()).collect(), line.people);
        counts[3].add(
            facts.phones.iter().map(|s| s.value.clone()).collect(),
            line.phones.map(|all| all.iter().map(|one| digits(one)).collect()),
        );
        for time in line.times.iter().flatten() {
            if let Time::Interval { text, from, to } = time
                && (from.is_some() || to.is_some())
            {
                intervals += 1.0;
                let (from, to) = (from.as_deref().and_then(instant), to.as_deref().and_then(instant));
                let same = facts.times.iter().any(|span| {
                    plain(&span.text) == plain(text)
                        && from.is_none_or(|from| span.value.from == Some(from))
                        && to.is_none_or(|to| span.value.to == Some(to))
                });
                right += f64::from(u8::from(same));
            }
        }
        for amount in line.amounts.iter().flatten() {
            if let Money::Value { text, value: Some(value) } = amount {
                values += 1.0;
                let same = facts
                    .amounts
                    .iter()
                    .any(|span| plain(&span.text) == plain(text) && (span.value.value - value).abs() < 0.005);
                right_values += f64::from(u8::from(same));
            }
        }
        let words = |time: Time| match time {
            Time::Words(text) | Time::Interval { text, .. } => text,
        };
        counts[1].add(
            facts.times.iter().map(|s| s.text.clone()).collect(),
            line.times.map(|all| all.into_iter().map(words).collect()),
        );
        let words = |money: Money| match money {
            Money::Words(text) | Money::Value { text, .. } => text,
        };
        counts[4].add(
            facts.amounts.iter().map(|s| s.text.clone()).collect(),
            line.amounts.map(|all| all.into_iter().map(words).collect()),
        );
    }
    if texts == 0.0 {
        return Err(EvalError::File("no text in it".to_owned()));
    }
    let share = |part: f64, all: f64| if all == 0.0 { Value::Null } else { json!(round(part / all)) };
    Ok(json!({
        "task": "extract",
        "texts": texts,
        "places_f1": counts[0].f1(),
        "times_f1": counts[1].f1(),
        "people_f1": counts[2].f1(),
        "phones_f1": counts[3].f1(),
        "amounts_f1": counts[4].f1(),
        "times_resolved": share(right, intervals),
        "amounts_resolved": share(right_values, values),
    }))
}
