//! The evaluation of units (三率): response, solution, satisfaction, weighted by tier; in classes and grades, not
//! as a ranking.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::InsightError;

/// What counts how much.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Weights {
    /// Of the response rate (响应率) in the score.
    pub response: f64,
    /// Of the solution rate (解决率).
    pub solution: f64,
    /// Of the satisfaction rate (满意率).
    pub satisfaction: f64,
    /// How much an order of a tier counts; 1 where nothing is said.
    pub tiers: BTreeMap<String, f64>,
}

impl Default for Weights {
    fn default() -> Self {
        let tiers = [("2h", 1.5), ("24h", 1.2)];
        Self {
            response: 20.0,
            solution: 40.0,
            satisfaction: 40.0,
            tiers: tiers.into_iter().map(|(tier, weight)| (tier.to_owned(), weight)).collect(),
        }
    }
}

impl Weights {
    /// Checks them.
    ///
    /// # Errors
    /// When one is no reasonable number, or all are nothing.
    pub fn check(&self) -> Result<(), InsightError> {
        let refuse = || {
            InsightError::question(
                "weights",
                "权重为 0 到 100 的数，且不能全为零；时限档权重为 0 到 10。",
                "Weights are numbers from 0 to 100 and not all zero; those of tiers from 0 to 10.",
            )
        };
        let rates = [self.response, self.solution, self.satisfaction];
        let fine =
            rates.iter().all(|weight| (0.0..=100.0).contains(weight)) && rates.iter().sum::<f64>() > 0.0;
        let tier_fine = |(tier, weight): (&String, &f64)| {
            !tier.is_empty()
                && tier.len() <= 8
                && tier.chars().all(|sign| sign.is_ascii_alphanumeric())
                && (0.0..=10.0).contains(weight)
        };
        if !fine || self.tiers.len() > 20 || !self.tiers.iter().all(tier_fine) {
            return Err(refuse());
        }
        Ok(())
    }

    /// Writes how much an order counts, as the engine reads it.
    #[must_use]
    pub fn of_order(&self) -> String {
        if self.tiers.is_empty() {
            return "1.0".to_owned();
        }
        let cases: Vec<String> = self
            .tiers
            .iter()
            .map(|(tier, weight)| format!("when {} then {weight:.4}", crate::scope::quoted(tier)))
            .collect();
        format!("(case tier {} else 1.0 end)", cases.join(" "))
    }
}

/// A part of a whole, weighted, with the orders behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// Weights of those that did well.
    pub part: f64,
    /// Weights of all that count.
    pub whole: f64,
}

impl Rate {
    /// Returns the rate; nothing when nothing counts.
    #[must_use]
    pub fn share(self) -> Option<f64> {
        (self.whole > 0.0).then(|| self.part / self.whole)
    }
}

/// A unit's month.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct UnitMonth {
    /// Orders that it got and that count.
    pub orders: i64,
    /// Orders that were struck out.
    pub struck_out: i64,
    /// Accepted in time.
    pub response: Rate,
    /// Settled in time and not taken up again.
    pub solution: Rate,
    /// Rated with three stars or more.
    pub satisfaction: Rate,
}

/// How a unit did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grade {
    /// 90 and more.
    Excellent,
    /// 80 and more.
    Good,
    /// 60 and more.
    Fair,
    /// Less.
    Poor,
    /// Nothing to judge.
    None,
}

impl Grade {
    /// Returns the code that screens are told.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Excellent => "excellent",
            Self::Good => "good",
            Self::Fair => "fair",
            Self::Poor => "poor",
            Self::None => "none",
        }
    }
}

impl UnitMonth {
    /// Returns the score, 0 to 100, of those rates that there are; nothing without any.
    #[must_use]
    pub fn score(&self, weights: &Weights) -> Option<f64> {
        let rates = [
            (self.response, weights.response),
            (self.solution, weights.solution),
            (self.satisfaction, weights.satisfaction),
        ];
        let there = rates.iter().filter_map(|(rate, weight)| Some((rate.share()?, *weight)));
        let (sum, all) =
            there.fold((0.0, 0.0), |(sum, all), (share, weight)| (sum + share * weight, all + weight));
        (all > 0.0).then(|| 100.0 * sum / all)
    }

    /// Returns the grade of a score.
    #[must_use]
    pub fn grade(&self, weights: &Weights) -> Grade {
        match self.score(weights) {
            None => Grade::None,
            Some(score) if score >= 90.0 => Grade::Excellent,
            Some(score) if score >= 80.0 => Grade::Good,
            Some(score) if score >= 60.0 => Grade::Fair,
            Some(_) => Grade::Poor,
        }
    }

    /// Returns the class by the number of orders, so that units are seen beside those with as much to do.
    #[must_use]
    pub fn class(&self) -> &'static str {
        match self.orders {
            200.. => "large",
            30..=199 => "middle",
            _ => "small",
        }
    }
}

/// Which rate an order counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// Not accepted in time.
    Response,
    /// Not settled in time, or taken up again.
    Solution,
    /// A bad rating.
    Satisfaction,
}

impl Against {
    /// Reads a code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "response" => Some(Self::Response),
            "solution" => Some(Self::Solution),
            "satisfaction" => Some(Self::Satisfaction),
            _ => None,
        }
    }

    /// Writes which orders count for the rate and which of them did well, as the engine reads it; `end` is the
    /// instant up to which limits are judged.
    #[must_use]
    pub fn conditions(self, end: i64) -> (String, &'static str) {
        match self {
            Self::Response => (
                format!("accept_due_at is not null and (accepted_at is not null or accept_due_at < {end})"),
                "accepted_at is not null and accepted_at <= accept_due_at",
            ),
            Self::Solution => (
                format!("in_time is not null or settled_at is not null or close_due_at < {end}"),
                "settled_at is not null and coalesce(in_time, 1) = 1 and reopened = 0",
            ),
            Self::Satisfaction => ("stars is not null".to_owned(), "stars > 2"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Grade, Rate, UnitMonth, Weights};

    fn month(response: (f64, f64), solution: (f64, f64), satisfaction: (f64, f64)) -> UnitMonth {
        let rate = |(part, whole)| Rate { part, whole };
        UnitMonth {
            orders: 40,
            struck_out: 0,
            response: rate(response),
            solution: rate(solution),
            satisfaction: rate(satisfaction),
        }
    }

    #[test]
    fn a_score_is_of_the_rates_that_there_are() {
        let weights = Weights::default();
        assert_eq!(month((9.0, 10.0), (8.0, 10.0), (5.0, 10.0)).score(&weights), Some(70.0));
        assert_eq!(month((9.0, 10.0), (8.0, 10.0), (0.0, 0.0)).score(&weights).map(f64::round), Some(83.0));
        assert_eq!(month((0.0, 0.0), (0.0, 0.0), (0.0, 0.0)).score(&weights), None);
        assert_eq!(month((0.0, 0.0), (0.0, 0.0), (0.0, 0.0)).grade(&weights), Grade::None);
        assert_eq!(month((1.0, 1.0), (9.0, 10.0), (9.0, 10.0)).grade(&weights), Grade::Excellent);
    }

    #[test]
    fn other_weights_give_another_score() {
        let only_satisfaction =
            Weights { response: 0.0, solution: 0.0, satisfaction: 1.0, ..Weights::default() };
        assert_eq!(month((9.0, 10.0), (8.0, 10.0), (5.0, 10.0)).score(&only_satisfaction), Some(50.0));
    }

    #[test]
    fn weights_that_make_no_sense_are_refused() {
        let good = Weights::default();
        assert!(good.check().is_ok());
        for bad in [
            Weights { response: -1.0, ..good.clone() },
            Weights { response: f64::NAN, ..good.clone() },
            Weights { response: 0.0, solution: 0.0, satisfaction: 0.0, ..good.clone() },
            Weights { tiers: [("2h'".to_owned(), 1.0)].into(), ..good.clone() },
            Weights { tiers: [("2h".to_owned(), 11.0)].into(), ..good.clone() },
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
    }
}
