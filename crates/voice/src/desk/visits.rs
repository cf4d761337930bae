//! What a call waited and why it went where it went, from the effects of the floor.

use std::collections::HashMap;

use acd::{CallKey, Effect, Strategy, Trace};
use serde_json::{Value, json};

use crate::call::record::{Record, TraceRow, VisitRow};
use crate::service_level::ServiceLevel;

/// Lines of a call's trace; a call that is offered again and again does not fill the disk.
const TRACE_MAX: i64 = 100;

struct Visit {
    queue: String,
    no: i64,
    lines: i64,
    priority: i64,
    /// Since when the caller has waited, whichever queues that was in; the floor's time.
    first_joined: i64,
    joined: i64,
    /// Nobody waits: the caller talks, or is elsewhere.
    is_over: bool,
    /// The floor said that there is no room.
    is_refused: bool,
}

/// Two clocks at one moment.
#[derive(Clone, Copy)]
pub(super) struct Moment {
    /// The time of day.
    pub(super) now: i64,
    /// The floor's time.
    pub(super) floor: i64,
}

/// Calls that wait or talk.
#[derive(Default)]
pub(super) struct Visits(HashMap<String, Visit>);

impl Visits {
    /// Takes note of an effect. `within_ms` tells a queue's target.
    pub(super) fn hear(
        &mut self,
        effect: &Effect,
        at: Moment,
        level: &mut ServiceLevel,
        within_ms: impl Fn(&str) -> i64,
    ) -> Vec<Record> {
        let mut out = Vec::new();
        match effect {
            Effect::Traced { call, trace } => {
                self.trace(call, trace, at, &mut out);
                self.follow(call, trace, at, &mut out);
            }
            Effect::Connected { call, seat } => {
                if let Some(visit) = self.0.get_mut(call.as_str()).filter(|visit| !visit.is_over) {
                    let waited_ms = at.floor - visit.first_joined;
                    level.answered(&visit.queue, at.now, waited_ms, within_ms(&visit.queue));
                    visit.is_over = true;
                    out.push(visit.row(call, at, "answered", Some(seat.to_string())));
                }
            }
            Effect::Refused { call } => {
                // A call that is in the queue already is refused too, and stays where it is.
                if let Some(visit) = self.0.get_mut(call.as_str()).filter(|visit| visit.is_refused) {
                    visit.is_refused = false;
                    visit.begin(at);
                    visit.is_over = true;
                    level.abandoned(&visit.queue, at.now, 0);
                    out.push(visit.row(call, at, "refused", None));
                }
            }
            Effect::Forward { call, .. } => {
                if let Some(visit) = self.0.get_mut(call.as_str()) {
                    visit.is_over = true;
                }
            }
            _ => {}
        }
        out
    }

    /// Takes note of a call that was talked with and waits again.
    pub(super) fn returned(&mut self, call: &CallKey, at: Moment) {
        if let Some(visit) = self.0.get_mut(call.as_str()).filter(|visit| visit.is_over) {
            visit.begin(at);
        }
    }

    /// Takes note of a call that has left the queue for good or for now. It may join again, so its rows go on to be
    /// counted until [`Visits::forget`].
    pub(super) fn ended(&mut self, call: &CallKey, at: Moment, level: &mut ServiceLevel) -> Option<Record> {
        let visit = self.0.get_mut(call.as_str()).filter(|visit| !visit.is_over)?;
        visit.is_over = true;
        level.abandoned(&visit.queue, at.now, at.floor - visit.first_joined);
        Some(visit.row(call, at, "abandoned", None))
    }

    /// Forgets a call that has left the house.
    pub(super) fn forget(&mut self, call: &str) {
        self.0.remove(call);
    }

    fn follow(&mut self, call: &CallKey, trace: &Trace, at: Moment, out: &mut Vec<Record>) {
        match trace {
            Trace::Joined { queue, priority, .. } => {
                let visit = self.0.entry(call.to_string()).or_insert_with(|| Visit::new(at));
                if visit.is_over {
                    visit.begin(at);
                }
                visit.queue = queue.to_string();
                visit.priority = i64::from(*priority);
            }
            Trace::Moved { to, .. } => {
                if let Some(visit) = self.0.get_mut(call.as_str()) {
                    if !visit.is_over {
                        out.push(visit.row(call, at, "overflow", None));
                        visit.no += 1;
                        visit.joined = at.floor;
                    }
                    visit.queue = to.to_string();
                }
            }
            Trace::Forwarded { .. } => {
                if let Some(visit) = self.0.get(call.as_str()) {
                    out.push(visit.row(call, at, "overflow", None));
                }
            }
            Trace::Refused { queue, .. } => {
                let visit = self.0.entry(call.to_string()).or_insert_with(|| Visit::new(at));
                visit.queue = queue.to_string();
                visit.is_refused = true;
            }
            _ => {}
        }
    }

    fn trace(&mut self, call: &CallKey, trace: &Trace, at: Moment, out: &mut Vec<Record>) {
        let visit = self.0.entry(call.to_string()).or_insert_with(|| Visit::new(at));
        visit.lines += 1;
        if visit.lines <= TRACE_MAX {
            let (kind, detail) = tell(trace, at.floor);
            out.push(Record::Trace(TraceRow {
                call_id: call.to_string(),
                no: visit.lines,
                at: at.now,
                kind,
                detail: detail.to_string(),
            }));
        }
    }
}

impl Visit {
    fn new(at: Moment) -> Self {
        Self {
            queue: String::new(),
            no: 0,
            lines: 0,
            priority: 0,
            first_joined: at.floor,
            joined: at.floor,
            is_over: true,
            is_refused: false,
        }
    }

    /// The caller waits from now on. What was waited before the last talk is that talk's.
    fn begin(&mut self, at: Moment) {
        self.no += 1;
        self.first_joined = at.floor;
        self.joined = at.floor;
        self.is_over = false;
    }

    fn row(&self, call: &CallKey, at: Moment, outcome: &'static str, seat_no: Option<String>) -> Record {
        Record::Visit(VisitRow {
            call_id: call.to_string(),
            no: self.no,
            queue_id: self.queue.clone(),
            joined_at: at.now - (at.floor - self.joined),
            left_at: at.now,
            waited_ms: at.floor - self.first_joined,
            priority: self.priority,
            outcome,
            seat_no,
        })
    }
}

fn staff(staff: acd::Staff) -> Value {
    json!({
        "signed_in": staff.signed_in, "at_work": staff.at_work,
        "free": staff.free, "general_free": staff.general_free,
    })
}

/// Returns kind and particulars of a decision as they are stored.
fn tell(trace: &Trace, floor_now: i64) -> (&'static str, Value) {
    match trace {
        Trace::Joined { queue, medium, priority, before, staff: seats } => (
            "joined",
            json!({
                "queue": queue.as_str(), "medium": medium.name(), "priority": priority,
                "before": before, "staff": staff(*seats),
            }),
        ),
        Trace::Held { seat, patience_ms } => {
            ("held", json!({ "seat": seat.as_str(), "patience_secs": patience_ms / 1000 }))
        }
        Trace::Released { seat } => ("released", json!({ "seat": seat.as_str() })),
        Trace::Opened { queue } => ("opened", json!({ "queue": queue.as_str() })),
        Trace::Chosen { queue, strategy, group, seat, candidates, staff: seats } => {
            let candidates: Vec<Value> = candidates
                .iter()
                .map(|candidate| {
                    let measure = match strategy {
                        Strategy::LongestIdle => (floor_now - candidate.measure) / 1000,
                        Strategy::EqualTalk => candidate.measure / 1000,
                        Strategy::SkillFirst => -candidate.measure,
                        Strategy::EqualCalls | Strategy::FixedOrder => candidate.measure,
                    };
                    json!({ "seat": candidate.seat.as_str(), "measure": measure })
                })
                .collect();
            (
                "chosen",
                json!({
                    "queue": queue.as_str(), "strategy": strategy.name(), "group": group.name(),
                    "seat": seat.as_str(), "candidates": candidates, "staff": staff(*seats),
                }),
            )
        }
        Trace::NotTaken { seat, reason } => {
            ("not_taken", json!({ "seat": seat.as_str(), "reason": reason.name() }))
        }
        Trace::Moved { from, to, cause } => {
            ("moved", json!({ "from": from.as_str(), "to": to.as_str(), "cause": cause.name() }))
        }
        Trace::Forwarded { from, number, cause } => {
            ("forwarded", json!({ "from": from.as_str(), "number": number, "cause": cause.name() }))
        }
        Trace::Refused { queue, waiting } => {
            ("refused", json!({ "queue": queue.as_str(), "waiting": waiting }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CALL: &str = "c";

    #[derive(Default)]
    struct Stage {
        visits: Visits,
        level: ServiceLevel,
        secs: i64,
        rows: Vec<VisitRow>,
        lines: Vec<i64>,
    }

    impl Stage {
        fn at(&self) -> Moment {
            Moment { now: 1_000_000 + self.secs * 1_000, floor: self.secs * 1_000 }
        }

        fn keep(&mut self, records: impl IntoIterator<Item = Record>) {
            for record in records {
                match record {
                    Record::Visit(row) => self.rows.push(row),
                    Record::Trace(row) => self.lines.push(row.no),
                    _ => panic!("nothing else is told"),
                }
            }
        }

        fn hear(&mut self, secs: i64, effect: &Effect) {
            self.secs = secs;
            let at = self.at();
            let records = self.visits.hear(effect, at, &mut self.level, |_| 15_000);
            self.keep(records);
        }

        fn traced(&mut self, secs: i64, trace: Trace) {
            self.hear(secs, &Effect::Traced { call: CALL.into(), trace });
        }

        fn joined(&mut self, secs: i64, queue: &str) {
            let staff = acd::Staff::default();
            let queue = queue.into();
            self.traced(
                secs,
                Trace::Joined { queue, medium: acd::Medium::Voice, priority: 0, before: 0, staff },
            );
        }

        fn connected(&mut self, secs: i64, seat: &str) {
            self.hear(secs, &Effect::Connected { call: CALL.into(), seat: seat.into() });
        }

        fn ended(&mut self, secs: i64) {
            self.secs = secs;
            let record = self.visits.ended(&CALL.into(), self.at(), &mut self.level);
            self.keep(record);
        }

        /// Number, queue, outcome and seconds waited of each row.
        fn told(&self) -> Vec<(i64, &str, &str, i64)> {
            let rows = self.rows.iter();
            rows.map(|row| (row.no, row.queue_id.as_str(), row.outcome, row.waited_ms / 1_000)).collect()
        }
    }

    #[test]
    fn whoever_is_sent_back_to_the_queue_has_not_waited_while_talking() {
        let mut stage = Stage::default();
        stage.joined(0, "main");
        stage.connected(5, "1001");
        stage.ended(305);
        stage.joined(305, "tax");
        stage.connected(312, "1002");
        assert_eq!(stage.told(), [(1, "main", "answered", 5), (2, "tax", "answered", 7)]);
        assert_eq!(stage.rows[1].joined_at, 1_305_000);
        assert_eq!(stage.lines, [1, 2], "the second decision does not fall under the first one's number");
    }

    #[test]
    fn whoever_lost_their_agent_waits_anew_and_may_give_up() {
        let mut stage = Stage::default();
        stage.joined(0, "main");
        stage.connected(5, "1001");
        stage.secs = 100;
        stage.visits.returned(&CALL.into(), stage.at());
        stage.ended(120);
        assert_eq!(stage.told(), [(1, "main", "answered", 5), (2, "main", "abandoned", 20)]);
        stage.ended(130);
        assert_eq!(stage.rows.len(), 2, "nobody gives up twice");
    }

    #[test]
    fn whoever_overflows_has_waited_in_both_queues() {
        let mut stage = Stage::default();
        stage.joined(0, "a");
        let (from, to) = ("a".into(), "b".into());
        stage.traced(30, Trace::Moved { from, to, cause: acd::OverflowCause::Waited });
        stage.connected(40, "1001");
        assert_eq!(stage.told(), [(1, "a", "overflow", 30), (2, "b", "answered", 40)]);
        assert_eq!(stage.rows[1].joined_at, 1_030_000);
    }

    #[test]
    fn a_call_is_refused_once_and_one_that_waits_already_stays() {
        let mut stage = Stage::default();
        stage.traced(0, Trace::Refused { queue: "a".into(), waiting: 9 });
        stage.hear(0, &Effect::Refused { call: CALL.into() });
        stage.joined(10, "b");
        stage.hear(11, &Effect::Refused { call: CALL.into() });
        stage.connected(12, "1001");
        assert_eq!(stage.told(), [(1, "a", "refused", 0), (2, "b", "answered", 2)]);
    }
}
