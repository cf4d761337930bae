//! A task that calls through simulated days: what the pacing must never do, whatever happens.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::Mode;
use super::pacing::{Candidate, Decision, Pace, Past, Room, decide};
use super::retry::{After, RetryRules, after};

const RESULTS: [&str; 7] = ["answered", "busy", "no_answer", "rejected", "invalid", "failed", "cancelled"];

#[derive(Clone, Debug)]
struct Moment {
    pass_ms: i64,
    open: bool,
    free_lines: usize,
    ready: usize,
    joined: usize,
    waiting: usize,
    /// How many running calls end, and how.
    ends: Vec<(usize, usize)>,
    unwanted: Option<usize>,
}

fn moment() -> impl Strategy<Value = Moment> {
    (
        0..5_400_000i64,
        prop::bool::weighted(0.8),
        0..6usize,
        0..5usize,
        0..5usize,
        prop_oneof![4 => Just(0usize), 1 => 1..3usize],
        prop::collection::vec((0..8usize, 0..RESULTS.len()), 0..4),
        prop::option::weighted(0.1, 0..6usize),
    )
        .prop_map(|(pass_ms, open, free_lines, ready, joined, waiting, ends, unwanted)| Moment {
            pass_ms,
            open,
            free_lines,
            ready,
            joined: joined.min(ready),
            waiting,
            ends,
            unwanted,
        })
}

/// A line of the list as the books have it.
#[derive(Clone, Debug)]
struct Line {
    number: String,
    attempts: i64,
    due_at: i64,
    state: &'static str,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn never_more_calls_than_allowed_never_twice_within_the_rule_never_who_is_unwanted(
        moments in prop::collection::vec(moment(), 1..80),
        mode in prop_oneof![Just(Mode::Notice), Just(Mode::Progressive), Just(Mode::Preview)],
        lines_max in 1..4usize,
        keep_ready in 0..3usize,
        day_max in 1..4usize,
        attempts_max in 1..4i64,
    ) {
        let rules = RetryRules { attempts_max, gap_minutes: 30, ..RetryRules::default() };
        let pace = Pace { mode, lines_max, keep_ready, attempts_max, day_max, gap_ms: 30 * 60_000 };
        // Two lines carry the same number.
        let mut lines: Vec<Line> = (0..12)
            .map(|n| Line { number: format!("n{}", n % 6), attempts: 0, due_at: 0, state: "waiting" })
            .collect();
        let mut now = 1_000_000_000;
        let mut running: Vec<usize> = Vec::new();
        let mut books: HashMap<String, Vec<i64>> = HashMap::new();
        let mut unwanted: HashSet<String> = HashSet::new();
        for moment in moments {
            now += moment.pass_ms;
            for (at, result) in moment.ends {
                if running.is_empty() { break }
                let line = &mut lines[running.remove(at % running.len())];
                match after(RESULTS[result], line.attempts, &rules, now) {
                    After::Reached | After::GivenUp => line.state = "done",
                    After::Again { at, counts } => {
                        line.state = "waiting";
                        line.due_at = at;
                        if !counts { line.attempts -= 1 }
                    }
                }
            }
            if let Some(n) = moment.unwanted { unwanted.insert(format!("n{n}")); }
            let seats: Vec<String> = (0..moment.joined).map(|n| format!("s{n}")).collect();
            let room = Room {
                open: moment.open,
                running: running.len(),
                free_lines: moment.free_lines,
                ready: moment.ready,
                seats,
                waiting: moment.waiting,
            };
            let candidates: Vec<Candidate> = lines
                .iter()
                .enumerate()
                .filter(|(_, line)| line.state == "waiting" && line.due_at <= now)
                .map(|(at, line)| Candidate {
                    target: at.to_string(),
                    number: line.number.clone(),
                    attempts: line.attempts,
                    due_at: line.due_at,
                })
                .collect();
            let past: Past = books.clone();
            let decisions = decide(&pace, &room, &candidates, &past, &|number| unwanted.contains(number), now);
            let mut seats_used = HashSet::new();
            let mut fresh = 0;
            for decision in decisions {
                match decision {
                    Decision::Call { target, seat } => {
                        let at: usize = target.parse().unwrap();
                        let number = lines[at].number.clone();
                        fresh += 1;
                        prop_assert!(moment.open, "called while closed");
                        prop_assert!(!unwanted.contains(&number), "called somebody who must not be called");
                        let calls = books.entry(number).or_default();
                        prop_assert!(calls.iter().all(|at| now - at >= pace.gap_ms), "called twice within the gap");
                        let day = calls.iter().filter(|at| **at > now - 24 * 3_600_000).count();
                        prop_assert!(day < day_max, "called too often in a day");
                        prop_assert!(lines[at].attempts < attempts_max);
                        calls.push(now);
                        lines[at].attempts += 1;
                        lines[at].state = "calling";
                        running.push(at);
                        prop_assert_eq!(seat.is_some(), mode == Mode::Progressive);
                        if let Some(seat) = seat {
                            prop_assert!(seats_used.insert(seat), "one agent, two calls");
                        }
                    }
                    Decision::Skip { target, why } => {
                        let line = &mut lines[target.parse::<usize>().unwrap()];
                        prop_assert!(why == "attempts" || unwanted.contains(&line.number));
                        line.state = "skipped";
                    }
                    Decision::Later { target, at } => {
                        prop_assert!(at > now);
                        lines[target.parse::<usize>().unwrap()].due_at = at;
                    }
                }
            }
            prop_assert!(running.len() <= lines_max.max(room.running), "more lines than the task may use");
            prop_assert!(fresh <= moment.free_lines, "more calls than there are lines");
            match mode {
                Mode::Progressive => {
                    prop_assert!(fresh <= moment.joined && (fresh == 0 || moment.waiting == 0));
                    prop_assert!(fresh == 0 || moment.ready - fresh >= keep_ready, "nobody was left for callers");
                }
                Mode::Preview => prop_assert_eq!(fresh, 0),
                Mode::Notice => {}
            }
        }
    }
}
