//! Whom an outbound task may call next: `(task, floor, numbers, history) -> decisions`.
//!
//! Nothing here dials. The rules never let more calls run than the task, the trunks and the agents allow, never
//! call a number on the do-not-call list, and never call one number sooner or more often than the rules say,
//! whatever other task called it before.

use std::collections::HashMap;

use super::plan::Mode;

/// A day, in milliseconds.
const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// What a task allows itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How numbers are called.
    pub mode: Mode,
    /// Lines that it may use at the same time.
    pub lines_max: usize,
    /// Agents who are left ready for citizens who call.
    pub keep_ready: usize,
    /// Calls to one number at most.
    pub attempts_max: i64,
    /// Calls to one number within a day at most, over all tasks.
    pub day_max: usize,
    /// Milliseconds between two calls to one number at least, over all tasks.
    pub gap_ms: i64,
}

/// How the floor and the trunks stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// Whether people may be called now.
    pub open: bool,
    /// Calls of this task that run.
    pub running: usize,
    /// Lines outward that are free.
    pub free_lines: usize,
    /// Agents who are ready, whether they take part or not.
    pub ready: usize,
    /// Seats of agents who take part and are ready, the longest idle first.
    pub seats: Vec<String>,
    /// Citizens who wait in a queue.
    pub waiting: usize,
}

/// A number that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The line of the list.
    pub target: String,
    /// The number, in the form in which numbers are compared.
    pub number: String,
    /// Calls so far.
    pub attempts: i64,
    /// Since when it is due, epoch milliseconds.
    pub due_at: i64,
}

/// What is done with a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Call it; with this agent, if there is one.
    Call {
        /// The line of the list.
        target: String,
        /// The agent's seat.
        seat: Option<String>,
    },
    /// Never call it.
    Skip {
        /// The line of the list.
        target: String,
        /// `do_not_call`, `attempts`.
        why: &'static str,
    },
    /// Not before this instant.
    Later {
        /// The line of the list.
        target: String,
        /// Epoch milliseconds.
        at: i64,
    },
}

/// When a number was called last, over all tasks: instants within the last day.
pub type Past = HashMap<String, Vec<i64>>;

/// Tells when a number may be called again, if not now.
#[must_use]
pub fn free_at(pace: &Pace, calls: &[i64], now: i64) -> Option<i64> {
    let recent = |at: &&i64| **at > now - DAY_MS;
    let gap = calls.iter().max().map(|last| last + pace.gap_ms);
    let mut day: Vec<i64> = calls.iter().filter(recent).copied().collect();
    day.sort_unstable();
    // The call that must be a day old before there may be another.
    let day = day.len().checked_sub(pace.day_max).and_then(|at| day.get(at)).map(|at| at + DAY_MS);
    gap.into_iter().chain(day).max().filter(|at| *at > now)
}

/// Decides what to do with numbers that are due, in their order.
#[must_use]
pub fn decide(
    pace: &Pace,
    room: &Room,
    candidates: &[Candidate],
    past: &Past,
    is_unwanted: &dyn Fn(&str) -> bool,
    now: i64,
) -> Vec<Decision> {
    if !room.open {
        return Vec::new();
    }
    let lines = pace.lines_max.saturating_sub(room.running).min(room.free_lines);
    let mut seats = room.seats.iter();
    let mut left = match pace.mode {
        // An agent asks for the next one.
        Mode::Preview => 0,
        Mode::Notice => lines,
        // Citizens who call go before citizens who are called.
        Mode::Progressive if room.waiting > 0 => 0,
        Mode::Progressive => lines.min(room.seats.len()).min(room.ready.saturating_sub(pace.keep_ready)),
    };
    let mut called: Past = HashMap::new();
    let mut decisions = Vec::new();
    for candidate in candidates {
        let target = candidate.target.clone();
        if is_unwanted(&candidate.number) {
            decisions.push(Decision::Skip { target, why: "do_not_call" });
            continue;
        }
        if candidate.attempts >= pace.attempts_max {
            decisions.push(Decision::Skip { target, why: "attempts" });
            continue;
        }
        let mut calls = past.get(&candidate.number).cloned().unwrap_or_default();
        calls.extend(called.get(&candidate.number).into_iter().flatten());
        if let Some(at) = free_at(pace, &calls, now) {
            decisions.push(Decision::Later { target, at });
            continue;
        }
        if left == 0 || candidate.due_at > now {
            continue;
        }
        let seat = match pace.mode {
            Mode::Progressive => match seats.next() {
                Some(seat) => Some(seat.clone()),
                None => continue,
            },
            Mode::Preview | Mode::Notice => None,
        };
        left -= 1;
        called.entry(candidate.number.clone()).or_default().push(now);
        decisions.push(Decision::Call { target, seat });
    }
    decisions
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn pace(mode: Mode) -> Pace {
        Pace { mode, lines_max: 3, keep_ready: 1, attempts_max: 3, day_max: 2, gap_ms: 3_600_000 }
    }

    fn numbers(all: &[&str]) -> Vec<Candidate> {
        all.iter()
            .enumerate()
            .map(|(at, number)| Candidate {
                target: at.to_string(),
                number: (*number).to_owned(),
                attempts: 0,
                due_at: 0,
            })
            .collect()
    }

    fn called(decisions: &[Decision]) -> Vec<(&str, Option<&str>)> {
        decisions
            .iter()
            .filter_map(|decision| match decision {
                Decision::Call { target, seat } => Some((target.as_str(), seat.as_deref())),
                _ => None,
            })
            .collect()
    }

    fn room() -> Room {
        let seats = ["1", "2", "3"].map(str::to_owned).to_vec();
        Room { open: true, running: 0, free_lines: 10, ready: 3, seats, waiting: 0 }
    }

    #[test]
    fn ready_agents_get_a_call_each_and_one_is_kept() {
        let list = numbers(&["13800000001", "13800000002", "13800000003"]);
        let decide = |room: &Room| decide(&pace(Mode::Progressive), room, &list, &Past::new(), &|_| false, 0);
        assert_eq!(called(&decide(&room())), [("0", Some("1")), ("1", Some("2"))]);
        assert!(decide(&Room { waiting: 1, ..room() }).is_empty(), "a citizen waits");
        assert!(decide(&Room { open: false, ..room() }).is_empty(), "nobody is called at night");
        assert_eq!(called(&decide(&Room { free_lines: 1, ..room() })).len(), 1);
        assert!(called(&decide(&Room { running: 3, ..room() })).is_empty());
    }

    #[test]
    fn a_number_that_stands_twice_is_called_once() {
        let list = numbers(&["13800000001", "13800000001"]);
        let decisions = decide(&pace(Mode::Notice), &room(), &list, &Past::new(), &|_| false, 0);
        assert_eq!(called(&decisions), [("0", None)]);
        assert_eq!(decisions[1], Decision::Later { target: "1".into(), at: 3_600_000 });
    }

    #[test]
    fn who_was_called_lately_or_often_waits_and_who_refused_is_left_in_peace() {
        let list = numbers(&["1", "2", "3"]);
        let now = 2 * DAY_MS;
        let past = Past::from([
            ("1".to_owned(), vec![now - 1_000]),
            ("2".to_owned(), vec![now - DAY_MS + 5, now - 4_000_000]),
        ]);
        let decisions = decide(&pace(Mode::Notice), &room(), &list, &past, &|number| number == "3", now);
        assert_eq!(
            decisions,
            [
                Decision::Later { target: "0".into(), at: now - 1_000 + 3_600_000 },
                Decision::Later { target: "1".into(), at: now + 5 },
                Decision::Skip { target: "2".into(), why: "do_not_call" },
            ]
        );
    }
}
