//! Calls, states of seats, and what callers pressed.

use contract::voice::{CallFact, KeyFact, SeatFact};

use super::{Column, Kind, Row, ScopeColumns, Table};

const fn column(name: &'static str, kind: Kind, about: &'static str) -> Column {
    Column { name, kind, about }
}

const SCOPE: ScopeColumns =
    ScopeColumns { people: &["agent_id"], units: &["unit_id"], paths: &["unit_path"], helpers: &[] };

/// Calls.
pub const CALLS: Table = Table {
    name: "calls",
    about: "one row for each call that is over or runs",
    columns: &[
        column("id", Kind::Text, "the call"),
        column("at", Kind::Int, "when it began"),
        column("direction", Kind::Text, "in, out, internal"),
        column("origin", Kind::Text, "trunk or page that it came through"),
        column("hotline", Kind::Text, "number that was called when it came in"),
        column("line", Kind::Text, "what kind of line the citizen has: mobile, landline, web, other"),
        column("citizen", Kind::Text, "the caller, as a keyed digest"),
        column("answered_at", Kind::Int, "when an agent answered"),
        column("ended_at", Kind::Int, "when it was over"),
        column("agent_id", Kind::Text, "the agent"),
        column("unit_id", Kind::Text, "the agent's unit"),
        column("unit_path", Kind::Text, "path of ids of the agent's unit"),
        column("seat_no", Kind::Text, "the agent's seat"),
        column("result", Kind::Text, "answered, missed, failed"),
        column("hung_up_by", Kind::Text, "who hung up"),
        column("waited_ms", Kind::Int, "from the beginning to the answer or the end, also in a call flow"),
        column("talked_ms", Kind::Int, "how long they talked"),
        column("queue_id", Kind::Text, "queue that it waited in last"),
        column("queued_ms", Kind::Int, "how long it waited in queues until it was answered or given up"),
        column("queues", Kind::Int, "queues that it waited in"),
        column("stars", Kind::Int, "the caller's stars for the talk, 1 to 5"),
        column("summary", Kind::Text, "what came of it, as a code"),
    ],
    scope: SCOPE,
};

/// States of seats.
pub const SEATS: Table = Table {
    name: "seats",
    about: "one row for each while that somebody at a seat was in one state",
    columns: &[
        column("id", Kind::Text, "sitting and number of the state"),
        column("at", Kind::Int, "since when"),
        column("agent_id", Kind::Text, "who sat there"),
        column("unit_id", Kind::Text, "the person's unit"),
        column("unit_path", Kind::Text, "path of ids of the person's unit"),
        column("seat_no", Kind::Text, "the seat"),
        column("state", Kind::Text, "ready, reserved, ringing, on_call, wrap_up, not_ready, break"),
        column("until", Kind::Int, "until when; nothing while it lasts"),
        column("signed_in_at", Kind::Int, "when the person signed in"),
        column("signed_out_at", Kind::Int, "when the person signed out"),
    ],
    scope: SCOPE,
};

/// What callers pressed.
pub const KEYS: Table = Table {
    name: "keys",
    about: "how often something happened at a node of a call flow within an hour",
    columns: &[
        column("id", Kind::Text, "hour, flow, version, node and what"),
        column("at", Kind::Int, "the hour's beginning"),
        column("flow_id", Kind::Text, "the flow"),
        column("node_id", Kind::Text, "the node, as flow/node"),
        column("what", Kind::Text, "entered, gone, problem, or key: and a key"),
        column("times", Kind::Int, "how often"),
    ],
    scope: ScopeColumns { people: &[], units: &[], paths: &[], helpers: &[] },
};

/// An agent's unit and its path.
pub type Home = (Option<String>, Option<String>);

/// Makes the row of a call; `citizen` keys the caller, `home` is the agent's unit.
#[must_use]
pub fn call_row(fact: &CallFact, citizen: impl Fn(&str) -> String, home: Home) -> Row {
    vec![
        fact.id.as_str().into(),
        fact.started_at.into(),
        fact.direction.as_str().into(),
        fact.origin.as_str().into(),
        fact.hotline.as_str().into(),
        fact.line.as_str().into(),
        fact.caller_key.as_deref().map(citizen).into(),
        fact.answered_at.into(),
        fact.ended_at.into(),
        fact.agent_id.clone().into(),
        home.0.into(),
        home.1.into(),
        fact.seat_no.clone().into(),
        fact.result.clone().into(),
        fact.hung_up_by.clone().into(),
        fact.waited_ms.into(),
        fact.talked_ms.into(),
        fact.queue_id.clone().into(),
        fact.queued_ms.into(),
        fact.queues.into(),
        fact.stars.into(),
        fact.summary.clone().into(),
    ]
}

/// Makes the row of a state of a seat.
#[must_use]
pub fn seat_row(fact: &SeatFact, home: Home) -> Row {
    vec![
        fact.id.as_str().into(),
        fact.at.into(),
        fact.person_id.as_str().into(),
        home.0.into(),
        home.1.into(),
        fact.seat_no.as_str().into(),
        fact.state.as_str().into(),
        fact.until.into(),
        fact.signed_in_at.into(),
        fact.signed_out_at.into(),
    ]
}

/// Makes the row of a count.
#[must_use]
pub fn key_row(fact: &KeyFact) -> Row {
    vec![
        format!("{}/{}/{}/{}/{}", fact.hour, fact.flow_id, fact.version, fact.node_id, fact.what).into(),
        fact.hour.into(),
        fact.flow_id.as_str().into(),
        format!("{}/{}", fact.flow_id, fact.node_id).into(),
        fact.what.as_str().into(),
        fact.times.into(),
    ]
}
