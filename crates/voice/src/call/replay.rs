//! A call played back from its own steps: who was in it when, and as what.

use std::collections::BTreeMap;

/// One step, as the history keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When, epoch milliseconds.
    pub at: i64,
    /// What.
    pub kind: String,
    /// Particulars.
    pub detail: String,
}

/// A stretch of time in which somebody was something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// What: `waiting`, `talking`, `held`, `parked`, `lost` for the citizen; a role for others.
    pub what: String,
    /// From, epoch milliseconds.
    pub from: i64,
    /// To, epoch milliseconds.
    pub to: i64,
}

/// Somebody's line through the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// 0 for the citizen.
    pub no: u32,
    /// `citizen`, `seat`, `outside`.
    pub kind: String,
    /// Seat or outside number; empty for the citizen.
    pub label: String,
    /// What they did, in order.
    pub stretches: Vec<Stretch>,
}

/// Where the citizen is after a step; `None` when the step moves them nowhere.
fn citizen_after(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "started" | "queued" | "requeued" => "waiting",
        "dial_asked" | "dialled" => "dialled",
        "answered" | "resumed" | "agent_back" | "transferred" | "taken_over" | "retrieved" | "taken_back"
        | "transfer_cancelled" => "talking",
        "held" | "consulting" => "held",
        "transferring" => "waiting",
        "parked" => "parked",
        "agent_lost" => "lost",
        _ => return None,
    })
}

/// Reads `<no> <kind>:<label> <role>`.
fn party(detail: &str) -> Option<(u32, &str, &str, &str)> {
    let mut words = detail.split(' ');
    let no = words.next()?.parse().ok()?;
    let (kind, label) = words.next()?.split_once(':')?;
    Some((no, kind, label, words.next()?))
}

/// Plays steps back up to `end`.
#[must_use]
pub fn lanes(steps: &[Step], end: i64) -> Vec<Lane> {
    let mut citizen = Lane { no: 0, kind: "citizen".to_owned(), label: String::new(), stretches: Vec::new() };
    let mut others: BTreeMap<u32, Lane> = BTreeMap::new();
    let mut now: Option<(&'static str, i64)> = None;
    let close = |stretches: &mut Vec<Stretch>, what: &str, from: i64, to: i64| {
        if to > from {
            stretches.push(Stretch { what: what.to_owned(), from, to });
        }
    };
    for step in steps {
        let mut after = citizen_after(&step.kind);
        // Joining the conversation ends the waiting for an answer to a question.
        if step.kind == "conference" && now.is_some_and(|(what, _)| what == "held") {
            after = Some("talking");
        }
        if let Some(what) = after
            && now.is_none_or(|(before, _)| before != what)
        {
            if let Some((before, from)) = now {
                close(&mut citizen.stretches, before, from, step.at);
            }
            now = Some((what, step.at));
        }
        match (step.kind.as_str(), party(&step.detail)) {
            ("joined", Some((no, kind, label, role))) => {
                let lane = others.entry(no).or_insert_with(|| Lane {
                    no,
                    kind: kind.to_owned(),
                    label: label.to_owned(),
                    stretches: Vec::new(),
                });
                lane.stretches.push(Stretch { what: role.to_owned(), from: step.at, to: end });
            }
            ("left", Some((no, _, _, role))) => {
                if let Some(last) = others.get_mut(&no).and_then(|lane| lane.stretches.last_mut()) {
                    // A line that is kept after the citizen's end is no part of the call.
                    last.to = step.at.min(end);
                    // What somebody became in mid-call shows at the end.
                    role.clone_into(&mut last.what);
                }
            }
            _ => {}
        }
    }
    if let Some((what, from)) = now {
        close(&mut citizen.stretches, what, from, end);
    }
    std::iter::once(citizen).chain(others.into_values()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(lines: &[(i64, &str, &str)]) -> Vec<Step> {
        lines
            .iter()
            .map(|(at, kind, detail)| Step { at: *at, kind: (*kind).into(), detail: (*detail).into() })
            .collect()
    }

    #[test]
    fn a_consultation_and_transfer_are_played_back() {
        let lanes = lanes(
            &steps(&[
                (0, "started", ""),
                (0, "queued", ""),
                (10, "joined", "1 seat:1001 agent"),
                (10, "answered", "1001"),
                (20, "consulting", "seat:1002"),
                (22, "joined", "2 seat:1002 consulted"),
                (30, "left", "1 seat:1001 agent"),
                (30, "transferred", "seat:1002"),
                (50, "left", "2 seat:1002 agent"),
                (50, "hung_up", "citizen"),
            ]),
            50,
        );
        let told: Vec<_> = lanes[0].stretches.iter().map(|s| (s.what.as_str(), s.from, s.to)).collect();
        assert_eq!(told, [("waiting", 0, 10), ("talking", 10, 20), ("held", 20, 30), ("talking", 30, 50)]);
        assert_eq!((lanes[1].label.as_str(), lanes[1].stretches[0].to), ("1001", 30));
        assert_eq!((lanes[2].stretches[0].from, lanes[2].stretches[0].to), (22, 50));
    }

    #[test]
    fn whatever_stands_in_a_history_is_played_back() {
        let broken =
            steps(&[(5, "joined", ""), (4, "left", "x y z"), (3, "joined", "1 seat"), (9, "nonsense", "1")]);
        assert_eq!(lanes(&broken, 0).len(), 1);
        assert!(lanes(&[], 0)[0].stretches.is_empty());
    }
}
