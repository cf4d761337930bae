//! What was done, counted.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Mutex;

use serde::Serialize;

/// Broken invariants that are told one by one; the rest is only counted.
const TOLD: usize = 20;
/// So many calls without a single answer mean that nobody can be reached.
const CALLS_UNANSWERED: u64 = 5;

/// All counts of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Counts {
    /// Invitations sent.
    pub calls_placed: u64,
    /// Calls in which a simulated agent talked with the citizen.
    pub calls_answered: u64,
    /// Calls in which somebody else did: a person who tries the system.
    pub calls_answered_by_people: u64,
    /// Citizens who gave up waiting, or hung up before an agent answered.
    pub calls_missed: u64,
    /// Calls that the server refused or did not answer.
    pub calls_refused: u64,
    /// Calls not placed because as many as allowed were running.
    pub calls_held_back: u64,
    /// Answered calls in which both sides were heard by the other.
    pub calls_heard_both_ways: u64,
    /// Answered calls that were too short to prove anything, because the run ended.
    pub calls_cut_short: u64,
    /// Calls that were put on hold and taken back.
    pub calls_held: u64,
    /// Packets of sound sent by citizens.
    pub rtp_sent: u64,
    /// Packets of sound that citizens received.
    pub rtp_received: u64,
    /// Calls whose caller was on the agent's screen before the agent answered.
    pub screen_pops: u64,
    /// Orders written by agents.
    pub orders_written: u64,
    /// Orders that citizens wrote on the portal.
    pub orders_from_portal: u64,
    /// Orders that were looked up on the portal.
    pub orders_looked_up: u64,
    /// States of the city that were pushed and new.
    pub states_pushed: u64,
    /// Steps of the office, by kind.
    pub steps: BTreeMap<String, u64>,
    /// Ratings by citizens on the portal, by stars.
    pub ratings: BTreeMap<String, u64>,
    /// What went wrong, by kind.
    pub errors: BTreeMap<String, u64>,
    /// What must never happen, but did.
    pub broken: Vec<String>,
    /// How often, in all.
    pub broken_count: u64,
}

/// Counts of a run that many tasks write.
#[derive(Default)]
pub(super) struct Tally(Mutex<Counts>);

impl Tally {
    /// Changes the counts.
    pub fn note(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    }

    /// Counts a step of the office.
    pub fn step(&self, kind: &str) {
        self.note(|counts| *counts.steps.entry(kind.to_owned()).or_default() += 1);
    }

    /// Counts an error.
    pub fn error(&self, kind: &str, detail: &str) {
        tracing::warn!(kind, detail, "the simulation met an error");
        self.note(|counts| *counts.errors.entry(kind.to_owned()).or_default() += 1);
    }

    /// Notes a broken invariant.
    pub fn broken(&self, what: String) {
        tracing::error!(what, "an invariant does not hold");
        self.note(|counts| {
            counts.broken_count += 1;
            if counts.broken.len() < TOLD {
                counts.broken.push(what);
            }
        });
    }

    /// Returns the counts so far.
    pub fn counts(&self) -> Counts {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

impl Counts {
    /// Tells whether anything was achieved and nothing went wrong that must not.
    pub fn is_success(&self) -> bool {
        let answered = self.calls_answered + self.calls_answered_by_people;
        let is_deaf = answered == 0 && self.calls_placed >= CALLS_UNANSWERED;
        self.broken_count == 0 && !is_deaf && answered + self.orders_from_portal > 0
    }

    /// Returns the summary for people.
    pub fn text(&self, speed: u32, simulated_minutes: f64, real_secs: f64) -> String {
        let mut text = format!(
            "Simulated {simulated_minutes:.1} min at {speed}× in {real_secs:.0} s.\n\
             Calls     placed {}, answered {} (heard both ways {}, cut short {}), by people {}, missed {}, refused {}, held back {}\n\
             Sound     {} packets sent, {} received; {} calls on hold for a moment; {} screen pops\n\
             Orders    written {}, from the portal {}, looked up {}; {} states of the city pushed\n",
            self.calls_placed,
            self.calls_answered,
            self.calls_heard_both_ways,
            self.calls_cut_short,
            self.calls_answered_by_people,
            self.calls_missed,
            self.calls_refused,
            self.calls_held_back,
            self.rtp_sent,
            self.rtp_received,
            self.calls_held,
            self.screen_pops,
            self.orders_written,
            self.orders_from_portal,
            self.orders_looked_up,
            self.states_pushed,
        );
        for (title, counts) in [("Steps", &self.steps), ("Ratings", &self.ratings), ("Errors", &self.errors)]
        {
            let list: Vec<_> = counts.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
            let list = if list.is_empty() { "none".to_owned() } else { list.join(", ") };
            let _ = writeln!(text, "{title:<9} {list}");
        }
        for what in &self.broken {
            let _ = writeln!(text, "BROKEN    {what}");
        }
        if self.broken_count > self.broken.len() as u64 {
            let _ = writeln!(text, "BROKEN    {} in all", self.broken_count);
        }
        text
    }

    /// Returns the summary for programs, in one line.
    pub fn json(&self, speed: u32, simulated_minutes: f64, real_secs: f64) -> String {
        let mut value = serde_json::json!(self);
        value["speed"] = speed.into();
        value["simulated_minutes"] = simulated_minutes.into();
        value["real_secs"] = real_secs.into();
        value["success"] = self.is_success().into();
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_did_nothing_or_broke_something_is_no_success() {
        let tally = Tally::default();
        assert!(!tally.counts().is_success());
        tally.note(|counts| counts.calls_answered += 1);
        assert!(tally.counts().is_success());
        tally.error("POST /cases 500 internal", "");
        assert!(tally.counts().is_success());
        let written = Counts { orders_from_portal: 3, ..Counts::default() };
        assert!(written.is_success());
        assert!(!Counts { calls_placed: 5, ..written }.is_success(), "nobody answers the telephone");
        tally.broken("a call without sound".to_owned());
        assert!(!tally.counts().is_success());
    }

    #[test]
    fn a_summary_tells_everything_in_both_forms() {
        let tally = Tally::default();
        tally.step("review");
        tally.step("review");
        tally.note(|counts| counts.calls_placed = 3);
        for number in 0..25 {
            tally.broken(format!("call {number}"));
        }
        let text = tally.counts().text(10, 60.0, 360.0);
        assert!(text.contains("placed 3,") && text.contains("Steps     review 2\n"), "{text}");
        assert!(text.contains("Errors    none\n") && text.contains("BROKEN    25 in all\n"), "{text}");
        let json = tally.counts().json(10, 60.0, 360.0);
        assert!(!json.contains('\n'));
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["steps"]["review"], 2);
        assert_eq!(value["broken_count"], 25);
        assert_eq!(value["success"], false);
    }
}
