//! Orders and their steps.

use contract::cases::CaseFact;

use super::{Column, Kind, Row, ScopeColumns, Table, Value};

const fn column(name: &'static str, kind: Kind, about: &'static str) -> Column {
    Column { name, kind, about }
}

const SCOPE: ScopeColumns = ScopeColumns {
    people: &["created_by", "person_id"],
    units: &["unit_id", "created_unit_id"],
    paths: &["unit_path", "created_unit_path"],
    helpers: &["helpers"],
};

/// Orders as they are now.
pub const ORDERS: Table = Table {
    name: "orders",
    about: "one row for each order, as it is now",
    columns: &[
        column("id", Kind::Text, "the order"),
        column("at", Kind::Int, "when it was written"),
        column("type", Kind::Text, "type, as a code"),
        column("category_id", Kind::Text, "category"),
        column("category_top_id", Kind::Text, "category of the first level"),
        column("district", Kind::Text, "district"),
        column("source", Kind::Text, "how it came, as a code"),
        column("urgency", Kind::Text, "how much it hurries, as a code"),
        column("tier", Kind::Text, "tier of its limit, such as 24h"),
        column("status", Kind::Text, "where it stands, as a code"),
        column("unit_id", Kind::Text, "unit in charge"),
        column("unit_path", Kind::Text, "path of ids of the unit in charge"),
        column("first_unit_id", Kind::Text, "unit that got it first"),
        column("person_id", Kind::Text, "person in charge"),
        column("created_by", Kind::Text, "who wrote it; nothing for citizens"),
        column("created_unit_id", Kind::Text, "the writer's unit"),
        column("created_unit_path", Kind::Text, "path of ids of the writer's unit"),
        column("helpers", Kind::Text, "ids of units and people who help, between commas"),
        column("citizen", Kind::Text, "the citizen, as a keyed digest"),
        column("call_id", Kind::Text, "the call in which it was written"),
        column("lng", Kind::Real, "longitude, in degrees"),
        column("lat", Kind::Real, "latitude, in degrees"),
        column("dispatched_at", Kind::Int, "when a unit got it"),
        column("accepted_at", Kind::Int, "when the unit accepted it"),
        column("handled_at", Kind::Int, "when the unit reported its result"),
        column("settled_at", Kind::Int, "when it was settled"),
        column("archived_at", Kind::Int, "when it was put away"),
        column("due_at", Kind::Int, "when the running limit ends"),
        column("yellow_at", Kind::Int, "when the running limit turns yellow"),
        column("accept_due_at", Kind::Int, "by when the unit had to accept"),
        column("close_due_at", Kind::Int, "by when it had to be handled"),
        column("extended_days", Kind::Int, "working days that were granted beside"),
        column("in_time", Kind::Int, "1 when the unit kept the limit, 0 when it did not"),
        column("stars", Kind::Int, "the citizen's stars, 1 to 5"),
        column("rated_by", Kind::Text, "how the stars came, as a code"),
        column("rated_at", Kind::Int, "when the stars came"),
        column("visits", Kind::Int, "return visits that were tried"),
        column("reopened", Kind::Int, "how often it was taken up again"),
        column("struck_out", Kind::Int, "1 when it does not count for its unit"),
    ],
    scope: SCOPE,
};

/// Steps of orders.
pub const STEPS: Table = Table {
    name: "steps",
    about: "one row for each step of an order: somebody had something to do",
    columns: &[
        column("id", Kind::Text, "the task"),
        column("at", Kind::Int, "since when"),
        column("case_id", Kind::Text, "the order"),
        column("step", Kind::Text, "the step, as a code"),
        column("unit_id", Kind::Text, "unit that had to do it"),
        column("unit_path", Kind::Text, "path of ids of that unit"),
        column("person_id", Kind::Text, "who did it"),
        column("state", Kind::Text, "open, done, cancelled"),
        column("closed_at", Kind::Int, "until when"),
        column("due_at", Kind::Int, "by when"),
        column("type", Kind::Text, "type of the order, as a code"),
        column("struck_out", Kind::Int, "1 when the order does not count for its unit"),
    ],
    scope: ScopeColumns { people: &["person_id"], units: &["unit_id"], paths: &["unit_path"], helpers: &[] },
};

/// Makes the row of an order; `citizen` keys the citizen.
#[must_use]
pub fn order_row(fact: &CaseFact, citizen: impl Fn(&str) -> String) -> Row {
    let helpers: Vec<&str> = fact.co_unit_ids.iter().chain(&fact.helper_ids).map(String::as_str).collect();
    let helpers = (!helpers.is_empty()).then(|| format!(",{},", helpers.join(",")));
    vec![
        fact.id.as_str().into(),
        fact.created_at.into(),
        fact.kind.as_str().into(),
        fact.category_id.clone().into(),
        fact.category_top_id.clone().into(),
        fact.district.clone().into(),
        fact.source.as_str().into(),
        fact.urgency.as_str().into(),
        fact.tier.clone().into(),
        fact.status.as_str().into(),
        fact.unit_id.clone().into(),
        fact.unit_path.clone().into(),
        fact.first_unit_id.clone().into(),
        fact.person_id.clone().into(),
        fact.created_by.clone().into(),
        fact.created_unit_id.clone().into(),
        fact.created_unit_path.clone().into(),
        helpers.into(),
        fact.contact_id.as_deref().map(citizen).into(),
        fact.call_id.clone().into(),
        fact.lng.into(),
        fact.lat.into(),
        fact.dispatched_at.into(),
        fact.accepted_at.into(),
        fact.handled_at.into(),
        fact.settled_at.into(),
        fact.archived_at.into(),
        fact.due_at.into(),
        fact.yellow_at.into(),
        fact.accept_due_at.into(),
        fact.close_due_at.into(),
        fact.extended_days.into(),
        fact.in_time.into(),
        fact.stars.into(),
        fact.rated_by.clone().into(),
        fact.rated_at.into(),
        fact.visits.into(),
        fact.reopened.into(),
        fact.struck_out.into(),
    ]
}

/// Makes the rows of an order's steps.
#[must_use]
pub fn step_rows(fact: &CaseFact) -> Vec<Row> {
    let row = |step: &contract::cases::StepFact| -> Row {
        vec![
            step.id.as_str().into(),
            step.opened_at.into(),
            fact.id.as_str().into(),
            step.step.as_str().into(),
            step.unit_id.clone().into(),
            step.unit_path.clone().into(),
            step.closed_by.clone().into(),
            step.state.as_str().into(),
            step.closed_at.into(),
            step.due_at.into(),
            fact.kind.as_str().into(),
            Value::from(fact.struck_out),
        ]
    };
    fact.steps.iter().map(row).collect()
}
