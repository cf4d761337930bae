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
    /// The floor's time.
    first_joined: i64,
    joined: i64,
    is_over: bool,
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
                let fresh = self.0.get(call.as_str()).is_some_and(|visit| visit.no == 0);
                if let Some(visit) = self.0.remove(call.as_str()).filter(|_| fresh) {
                    level.abandoned(&visit.queue, at.now, 0);
                    out.push(Visit { no: 1, ..visit }.row(call, at, "refused", None));
                }
            }
            Effect::Forward { call, .. } => {
                self.0.remove(call.as_str());
            }
            _ => {}
        }
        out
    }

    /// Takes note of a call that is over, or given up.
    pub(super) fn ended(&mut self, call: &CallKey, at: Moment, level: &mut ServiceLevel) -> Option<Record> {
        let visit = self.0.remove(call.as_str()).filter(|visit| !visit.is_over)?;
        level.abandoned(&visit.queue, at.now, at.floor - visit.first_joined);
        Some(visit.row(call, at, "abandoned", None))
    }

    fn follow(&mut self, call: &CallKey, trace: &Trace, at: Moment, out: &mut Vec<Record>) {
        match trace {
            Trace::Joined { queue, priority, .. } => {
                let visit = self.0.entry(call.to_string()).or_insert_with(|| Visit::new(at));
                visit.no += 1;
                visit.queue = queue.to_string();
                visit.priority = i64::from(*priority);
                visit.joined = at.floor;
                visit.is_over = false;
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
            is_over: false,
        }
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
