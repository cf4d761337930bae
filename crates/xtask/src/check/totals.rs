//! How many tests a runner says it ran. A runner that fails without naming a failed test, or that names
//! none at all, counts as one failure: a check that did not happen is not a check that passed.

use std::fmt;

/// The runners whose closing lines are understood.
#[derive(Clone, Copy, Debug)]
pub enum Runner {
    /// `cargo nextest run`
    Nextest,
    /// `cargo test`: one line for each binary
    CargoTest,
    /// `vitest run`
    Vitest,
    /// `node --test`
    Node,
}

/// Counted checks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Those that held.
    pub passed: u64,
    /// Those that did not, or could not be made.
    pub failed: u64,
    /// Those that were left out on purpose.
    pub skipped: u64,
}

impl Totals {
    /// One step that worked or did not.
    pub fn of_step(ok: bool) -> Self {
        Self { passed: u64::from(ok), failed: u64::from(!ok), skipped: 0 }
    }

    /// Adds another count.
    pub fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// Counts a runner's output against how it ended; the reason is there when anything failed.
pub fn judge(runner: Runner, output: &str, failure: Option<String>) -> (Totals, Option<String>) {
    let plain = without_colours(output);
    let found = match runner {
        Runner::Nextest => nextest(&plain),
        Runner::CargoTest => cargo_test(&plain),
        Runner::Vitest => vitest(&plain),
        Runner::Node => node(&plain),
    };
    let mut totals = found.unwrap_or_default();
    let reason = match (failure, found) {
        (Some(reason), _) => Some(reason),
        (None, None) => Some("it ended well but told no totals".to_owned()),
        (None, Some(totals)) if totals.failed > 0 => Some("tests failed".to_owned()),
        (None, Some(_)) => None,
    };
    if reason.is_some() && totals.failed == 0 {
        totals.failed = 1;
    }
    (totals, reason)
}

/// `Summary [ 1.2s] 12 tests run: 11 passed (1 slow), 1 failed, 2 skipped`
fn nextest(text: &str) -> Option<Totals> {
    let line = text.lines().rev().find(|line| line.trim_start().starts_with("Summary ["))?;
    let counts = line.split_once(" run: ")?.1;
    let failed = ["failed", "timed out", "exec failed"];
    Some(Totals {
        passed: before(counts, "passed"),
        failed: failed.iter().map(|word| before(counts, word)).sum(),
        skipped: before(counts, "skipped"),
    })
}

/// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; …`, once for each binary
fn cargo_test(text: &str) -> Option<Totals> {
    let mut sum = None;
    for line in text.lines().filter(|line| line.starts_with("test result:")) {
        let counts = line.split_once(". ").map_or("", |(_, counts)| counts);
        sum.get_or_insert_with(Totals::default).add(&Totals {
            passed: before(counts, "passed"),
            failed: before(counts, "failed"),
            skipped: before(counts, "ignored"),
        });
    }
    sum
}

/// `Tests  1 failed | 11 passed | 2 skipped (14)`
fn vitest(text: &str) -> Option<Totals> {
    let line = text.lines().rev().find_map(|line| line.trim_start().strip_prefix("Tests  "))?;
    Some(Totals {
        passed: before(line, "passed"),
        failed: before(line, "failed"),
        skipped: before(line, "skipped") + before(line, "todo"),
    })
}

/// `ℹ pass 3`, one count a line
fn node(text: &str) -> Option<Totals> {
    let count = |name: &str| {
        text.lines().rev().find_map(|line| {
            let line = line.strip_prefix("ℹ ").or_else(|| line.strip_prefix("# "))?;
            line.strip_prefix(name)?.trim().parse::<u64>().ok()
        })
    };
    Some(Totals {
        passed: count("pass ")?,
        failed: count("fail ")? + count("cancelled ").unwrap_or(0),
        skipped: count("skipped ").unwrap_or(0) + count("todo ").unwrap_or(0),
    })
}

/// The number before a word in a list such as `3 passed, 1 failed`; 0 without it.
fn before(list: &str, word: &str) -> u64 {
    list.split([',', ';', '|', '('])
        .filter_map(|part| part.trim().split_once(' '))
        .find(|(_, rest)| rest.trim_end_matches(')').trim() == word)
        .and_then(|(number, _)| number.parse().ok())
        .unwrap_or(0)
}

fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((clean, coloured)) = rest.split_once("\u{1b}[") {
        plain.push_str(clean);
        rest = coloured.split_once(|c: char| c.is_ascii_alphabetic()).map_or("", |(_, rest)| rest);
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn totals(passed: u64, failed: u64, skipped: u64) -> Totals {
        Totals { passed, failed, skipped }
    }

    #[test]
    fn each_runner_is_understood() {
        let nextest = "     Summary [   3.005s] 14 tests run: 11 passed (1 slow, 2 leaky), 2 failed, 1 timed out, 5 skipped\n";
        assert_eq!(judge(Runner::Nextest, nextest, Some("x".into())).0, totals(11, 3, 5));
        let cargo = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\ntest result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured\n";
        assert_eq!(judge(Runner::CargoTest, cargo, Some("x".into())).0, totals(5, 1, 1));
        let vitest = " Test Files  3 passed (3)\n\u{1b}[2m      Tests  \u{1b}[22m1 failed | 11 passed | 2 skipped (14)\n";
        assert_eq!(judge(Runner::Vitest, vitest, Some("x".into())).0, totals(11, 1, 2));
        let node = "ℹ tests 5\nℹ suites 0\nℹ pass 3\nℹ fail 0\nℹ cancelled 1\nℹ skipped 1\nℹ todo 0\n";
        assert_eq!(judge(Runner::Node, node, Some("x".into())).0, totals(3, 1, 1));
    }

    #[test]
    fn what_did_not_happen_did_not_pass() {
        let (counted, reason) = judge(Runner::Nextest, "error: could not compile", Some("exit 101".into()));
        assert_eq!((counted, reason.as_deref()), (totals(0, 1, 0), Some("exit 101")));
        let (counted, reason) = judge(Runner::Vitest, "", None);
        assert_eq!(counted, totals(0, 1, 0));
        assert!(reason.unwrap().contains("no totals"));
        let (counted, reason) = judge(Runner::Node, "ℹ pass 3\nℹ fail 0\n", None);
        assert_eq!((counted, reason), (totals(3, 0, 0), None));
    }

    #[test]
    fn the_closing_line_has_the_agreed_form() {
        assert_eq!(totals(3, 0, 0).to_string(), "3 passed, 0 failed");
        assert_eq!(totals(3, 1, 2).to_string(), "3 passed, 1 failed, 2 skipped");
    }
}
