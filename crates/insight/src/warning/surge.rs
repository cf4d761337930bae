//! A sudden rise: more orders of a category in a district than its own weekday and hour lead one to expect.
//!
//! What is usual is an average with an uncertainty: the same weekday and hour of the last eight weeks, held up by
//! the same hour of all days. How likely a count is by chance is the tail of a negative binomial distribution, which
//! is a Poisson distribution where counts do not scatter more than that.

use std::collections::HashMap;

use super::rule::Rule;
use super::{Evidence, Finding, Kind, Severity};

/// Days that are looked back on.
pub const DAYS: i64 = 56;
/// Fewer days than this say nothing about a season.
pub const DAYS_MIN: i64 = 14;
/// The average of all days counts as much as so many same weekdays.
const HELD_UP: f64 = 3.0;
/// Terms of a tail at most.
const TERMS_MAX: u32 = 20_000;

/// Names a cell: category of the first level, and district.
pub type Cell = (String, String);

/// What an hour of the day brought in a cell over the days looked back on.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Past {
    /// Orders of all days.
    pub all: f64,
    /// Their squares by day.
    pub squares: f64,
    /// Orders of days of the same weekday.
    pub weekday: f64,
}

/// What is usual in one hour and in the hour before.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Season {
    /// Days that are known.
    pub days: i64,
    /// Of them, of the weekday of this hour and of the hour before.
    pub weekdays: [i64; 2],
    /// This hour and the hour before, by cell.
    pub past: HashMap<Cell, [Past; 2]>,
}

/// How many orders are usual, and how much that scatters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usual {
    /// The mean.
    pub mean: f64,
    /// The variance.
    pub variance: f64,
}

impl Season {
    /// Says what is usual in a cell over the last `minutes`, at most 60, when `minute` of the hour is reached.
    #[must_use]
    pub fn usual(&self, cell: &Cell, minutes: i64, minute: i64) -> Usual {
        let now = minutes.clamp(1, 60).min(minute.clamp(0, 60));
        let parts = [now as f64 / 60.0, (minutes.clamp(1, 60) - now) as f64 / 60.0];
        let days = self.days.max(1) as f64;
        let past = self.past.get(cell).copied().unwrap_or_default();
        let mut usual = Usual { mean: 0.0, variance: 0.0 };
        for ((part, past), weekdays) in parts.into_iter().zip(past).zip(self.weekdays) {
            let known = weekdays as f64 + HELD_UP;
            let shape = past.weekday + HELD_UP * past.all / days + 0.5;
            let rate = shape / known;
            let mean = past.all / days;
            let scatter = if mean > 0.0 { (past.squares / days - mean * mean) / mean } else { 1.0 };
            usual.mean += part * rate;
            usual.variance += part * rate * scatter.clamp(1.0, 6.0) + part * part * rate / known;
        }
        usual
    }
}

/// Returns how likely `count` or more are by chance.
#[must_use]
pub fn chance(count: i64, usual: Usual) -> f64 {
    if count <= 0 {
        return 1.0;
    }
    let mean = usual.mean.max(1e-9);
    // Negative binomial by mean and variance; a variance of hardly more than the mean is Poisson's.
    let size = if usual.variance > mean * 1.000_001 { mean * mean / (usual.variance - mean) } else { 1e9 };
    let share = size / (size + mean);
    let mut log = if size >= 1e9 { -mean } else { size * share.ln() };
    let step = |at: f64| {
        if size >= 1e9 { mean / (at + 1.0) } else { (at + size) / (at + 1.0) * (1.0 - share) }
    };
    let from = count.min(i64::from(TERMS_MAX));
    for at in 0..from {
        log += step(at as f64).ln();
    }
    let mut term = log.exp();
    let mut sum = term;
    let mut at = from as f64;
    for _ in 0..TERMS_MAX {
        term *= step(at);
        at += 1.0;
        sum += term;
        if term <= sum * 1e-12 && at > mean {
            break;
        }
    }
    sum.min(1.0)
}

/// Finds the cells that rise suddenly. `counted` are the orders of the rule's window by cell.
#[must_use]
pub fn find(
    rule: &Rule,
    season: &Season,
    counted: &HashMap<Cell, Vec<Evidence>>,
    minute: i64,
) -> Vec<Finding> {
    if season.days < DAYS_MIN {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (cell, orders) in counted {
        let count = i64::try_from(orders.len()).unwrap_or(i64::MAX);
        if cell.0.is_empty() || count < rule.least {
            continue;
        }
        let usual = season.usual(cell, rule.window_minutes, minute);
        let chance = chance(count, usual);
        if chance * rule.one_in as f64 > 1.0 {
            continue;
        }
        let severity =
            if chance < 1e-8 && count >= 2 * rule.least { Severity::High } else { Severity::Middle };
        findings.push(Finding {
            kind: Kind::Surge,
            key: format!("surge:{}:{}", cell.0, cell.1),
            by_orders: false,
            orders: orders.clone(),
            least: usize::try_from(rule.least).unwrap_or(usize::MAX),
            callers: 0,
            expected: Some(usual.mean),
            chance: Some(chance),
            severity,
            category_id: Some(cell.0.clone()),
            district: Some(cell.1.clone()).filter(|district| !district.is_empty()),
            place: None,
            words: Vec::new(),
        });
    }
    findings.sort_by(|one, other| one.key.cmp(&other.key));
    findings
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{Past, Season, Usual, chance, find};
    use crate::warning::rule::Rule;
    use crate::warning::{Evidence, Kind, Severity};

    fn poisson(mean: f64) -> Usual {
        Usual { mean, variance: mean }
    }

    #[test]
    fn tails_are_those_of_the_tables() {
        // Poisson: P(X >= 5 | 2) = 0.052653, P(X >= 10 | 3) = 0.0011025.
        assert!((chance(5, poisson(2.0)) - 0.052_653).abs() < 1e-6);
        assert!((chance(10, poisson(3.0)) - 0.001_102_5).abs() < 1e-6);
        // Negative binomial with size 2 and mean 2: P(X >= 5) = 0.109375.
        assert!((chance(5, Usual { mean: 2.0, variance: 4.0 }) - 0.109_375).abs() < 1e-9);
        assert_eq!(chance(0, poisson(2.0)), 1.0);
        assert!((chance(1, poisson(0.0))) < 1e-8);
    }

    #[test]
    fn extremes_neither_overflow_nor_hang() {
        assert!(chance(i64::MAX, poisson(3.0)) < 1e-300);
        assert!(chance(10, poisson(1e7)).is_finite());
        let most = chance(100, poisson(1_000.0));
        assert!((0.999..=1.0).contains(&most), "{most}");
    }

    #[test]
    fn scatter_makes_a_rise_likelier() {
        let calm = chance(12, poisson(3.0));
        assert!(calm < chance(12, Usual { mean: 3.0, variance: 9.0 }));
    }

    fn season(days: i64, all: f64, weekday: f64) -> Season {
        let past = Past { all, squares: all, weekday };
        let cell = ("water".to_owned(), "澜溪区".to_owned());
        Season { days, weekdays: [days / 7; 2], past: HashMap::from([(cell, [past; 2])]) }
    }

    fn rule() -> Rule {
        Rule {
            id: "surge".to_owned(),
            kind: Kind::Surge,
            name: "突增".to_owned(),
            active: true,
            window_minutes: 60,
            least: 8,
            one_in: 10_000,
            words: Vec::new(),
            unit_id: None,
            version: 1,
        }
    }

    fn counted(count: usize) -> HashMap<(String, String), Vec<Evidence>> {
        let orders = (0..count).map(|at| Evidence { id: format!("c{at}"), at: 0 }).collect();
        HashMap::from([(("water".to_owned(), "澜溪区".to_owned()), orders)])
    }

    #[test]
    fn the_same_count_is_a_rise_where_it_is_unusual_only() {
        assert_eq!(find(&rule(), &season(56, 28.0, 4.0), &counted(12), 30).len(), 1);
        // Ten an hour on this weekday: twelve are nothing.
        assert!(find(&rule(), &season(56, 500.0, 80.0), &counted(12), 30).is_empty());
        // A weekday that is always busy is not held against the quiet ones.
        assert!(find(&rule(), &season(56, 90.0, 80.0), &counted(12), 30).is_empty());
    }

    #[test]
    fn few_orders_and_short_memories_are_silent() {
        assert!(find(&rule(), &season(56, 0.0, 0.0), &counted(7), 0).is_empty());
        assert!(find(&rule(), &season(13, 0.0, 0.0), &counted(50), 0).is_empty());
        let mut unknown = counted(20);
        let orders = unknown.drain().next().unwrap().1;
        unknown.insert((String::new(), "澜溪区".to_owned()), orders);
        assert!(find(&rule(), &season(56, 28.0, 4.0), &unknown, 0).is_empty());
    }

    #[test]
    fn what_is_very_unlikely_is_grave() {
        let found = find(&rule(), &season(56, 28.0, 4.0), &counted(40), 59);
        assert_eq!(found[0].severity, Severity::High);
        let expected = found[0].expected.unwrap();
        assert!((0.3..1.0).contains(&expected), "{expected}");
    }

    #[test]
    fn a_window_across_the_hour_mixes_both_hours() {
        let mut season = season(56, 56.0, 8.0);
        let cell = ("water".to_owned(), "澜溪区".to_owned());
        season.past.get_mut(&cell).unwrap()[1] = Past { all: 560.0, squares: 5_600.0, weekday: 80.0 };
        let at = |minute| season.usual(&cell, 60, minute).mean;
        assert!(at(0) > 9.0 && at(60) < 1.2 && (at(30) - (at(0) + at(60)) / 2.0).abs() < 1e-9);
        assert!((season.usual(&cell, 15, 59).mean - at(60) / 4.0).abs() < 1e-9);
    }
}
