//! What follows from the result of a call.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Calls to one number at most, whatever the rules say.
const ATTEMPTS_MAX: i64 = 10;
/// The longest pause between two calls, in minutes: a week.
const PAUSE_MAX: i64 = 7 * 24 * 60;

/// When who was not reached is called again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[schema(as = CampaignRetry)]
pub struct RetryRules {
    /// Calls to one number at most.
    pub attempts_max: i64,
    /// Calls to one number within a day at most, over all tasks.
    pub day_max: i64,
    /// Minutes between two calls to the same number at least, over all tasks.
    pub gap_minutes: i64,
    /// Minutes until the next call when the line was busy.
    pub busy_minutes: i64,
    /// Minutes until the next call when nobody answered.
    pub no_answer_minutes: i64,
    /// Minutes until the next call when the network failed.
    pub failed_minutes: i64,
}

impl Default for RetryRules {
    fn default() -> Self {
        Self {
            attempts_max: 3,
            day_max: 2,
            gap_minutes: 60,
            busy_minutes: 15,
            no_answer_minutes: 120,
            failed_minutes: 30,
        }
    }
}

impl RetryRules {
    /// Tells what is wrong, in both languages.
    #[must_use]
    pub fn problem(&self) -> Option<(&'static str, &'static str)> {
        if !(1..=ATTEMPTS_MAX).contains(&self.attempts_max) || !(1..=ATTEMPTS_MAX).contains(&self.day_max) {
            return Some(("呼叫次数为 1 至 10。", "A number is called between 1 and 10 times."));
        }
        let pauses = [self.busy_minutes, self.no_answer_minutes, self.failed_minutes];
        if !(0..=PAUSE_MAX).contains(&self.gap_minutes)
            || pauses.iter().any(|at| !(1..=PAUSE_MAX).contains(at))
        {
            return Some(("间隔为 1 分钟至 7 天。", "Pauses are between a minute and 7 days."));
        }
        None
    }
}

/// What becomes of a number after a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// The citizen was reached.
    Reached,
    /// It is called again at this instant.
    Again {
        /// Epoch milliseconds.
        at: i64,
        /// Whether the call counts as one of those that the rules allow.
        counts: bool,
    },
    /// It is not called again.
    GivenUp,
}

/// Decides what becomes of a number; `attempts` includes the call that has ended.
#[must_use]
pub fn after(result: &str, attempts: i64, rules: &RetryRules, now_ms: i64) -> After {
    let minutes = match result {
        "answered" | "self_service" => return After::Reached,
        "busy" => rules.busy_minutes,
        "no_answer" => rules.no_answer_minutes,
        // Whoever refuses, and whoever does not exist, is left in peace.
        "rejected" | "invalid" => return After::GivenUp,
        // The citizen's telephone never rang: the agent was gone, or the server stopped.
        "cancelled" | "interrupted" => return After::Again { at: now_ms + 30_000, counts: false },
        _ => rules.failed_minutes,
    };
    if attempts >= rules.attempts_max {
        return After::GivenUp;
    }
    let minutes = minutes.max(rules.gap_minutes);
    After::Again { at: now_ms + minutes * 60_000, counts: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_lead_where_the_rules_say() {
        let rules = RetryRules::default();
        assert_eq!(after("answered", 1, &rules, 0), After::Reached);
        assert_eq!(after("no_answer", 1, &rules, 0), After::Again { at: 120 * 60_000, counts: true });
        let at = 60 * 60_000;
        assert_eq!(after("busy", 2, &rules, 0), After::Again { at, counts: true }, "never before the gap");
        assert_eq!(after("busy", 3, &rules, 0), After::GivenUp);
        assert_eq!(after("rejected", 1, &rules, 0), After::GivenUp, "who refuses is left in peace");
        assert_eq!(after("cancelled", 3, &rules, 0), After::Again { at: 30_000, counts: false });
    }
}
