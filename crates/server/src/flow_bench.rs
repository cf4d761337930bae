//! How many steps of flows are taken in a second: by the engine alone, and as behaviours of orders that are kept in
//! the database with run, task, time line, events and audit row.

use std::sync::Arc;
use std::time::Duration;

use cases::case::amendment::Amendment;
use cases::case::draft::Draft;
use cases::case::review::Review;
use cases::case::{Citizen, Kind, Place, Source, Urgency};
use cases::{CAPABILITIES, seed};
use flow::{Input, Instance, Model};
use kernel::{BoxError, Clock as _, Ctx, Principal, Scope, SystemClock};
use serde_json::{Map, Value, json};

use crate::City;
use crate::cli::DataArgs;
use crate::run::{configure, quiet};

/// So many orders move at the same time.
const AT_ONCE: usize = 64;

pub(crate) async fn measure(data: &DataArgs, length: Duration) -> Result<Value, BoxError> {
    let in_memory = in_memory(length)?;
    let city = City::assemble(quiet(configure(data)?), Arc::new(SystemClock)).await?;
    city.load().await?;
    let stop = crate::Stop::default();
    let city = Arc::new(city);
    let working = tokio::spawn({
        let (city, stop) = (city.clone(), stop.clone());
        async move { city.work(&stop).await }
    });
    let until = SystemClock.now().plus_millis(i64::try_from(length.as_millis())?);
    let started = SystemClock.now();
    let mut orders = Vec::new();
    for number in 0..AT_ONCE {
        let city = city.clone();
        orders.push(tokio::spawn(async move { turn_round(&city, number, until).await }));
    }
    let mut steps = 0_u64;
    for order in orders {
        steps += order.await??;
    }
    let elapsed_ms = SystemClock.now().millis_since(started);
    stop.tell();
    working.await??;
    Ok(json!({ "steps_per_s": in_memory, "persisted_steps_per_s": rate(steps, elapsed_ms) }))
}

/// Completes the tasks of the standard flow over and over.
fn in_memory(length: Duration) -> Result<f64, BoxError> {
    let model = Model::parse(flow::STANDARD).map_err(|problems| format!("{problems:?}"))?;
    let ways = ["pass", "dispatch", "accept", "feedback", "pass", "done", "close"];
    let started = SystemClock.now();
    let mut steps = 0_u64;
    loop {
        let (mut instance, _) = Instance::start(&model, Map::new(), 0)?;
        for action in ways {
            let task_id =
                instance.open_tasks().next().map(|task| task.task_id.to_owned()).unwrap_or_default();
            let input = Input::CompleteTask { task_id, action: action.to_owned(), vars: Map::new() };
            instance.apply(&model, input, 0)?;
            steps += 1;
        }
        let elapsed_ms = SystemClock.now().millis_since(started);
        if elapsed_ms >= i64::try_from(length.as_millis())? {
            return Ok(rate(steps, elapsed_ms));
        }
    }
}

/// Rejects an order and submits it again until the time is up; each is a step of its flow.
async fn turn_round(city: &City, number: usize, until: kernel::Timestamp) -> Result<u64, BoxError> {
    let by = everybody(number);
    let ctx = |at| Ctx::person(&by.person_id, &by.name, at);
    let category = city.cases.categories().all.iter().find(|one| one.active != 0).map(|one| one.id.clone());
    let draft = Draft {
        kind: Kind::Repair,
        category_id: category,
        title: "路灯不亮".to_owned(),
        content: "路口三盏路灯不亮。".to_owned(),
        citizen: Citizen { name: "测试".to_owned(), ..Citizen::default() },
        confidential: false,
        place: Place::default(),
        call_id: None,
        preliminary_opinion: None,
        answer: None,
        urgency: Urgency::Normal,
        source: Source::Staff,
    };
    let mut order = city.cases.create(&ctx(SystemClock.now()), Some(&by), draft, seed::forget).await?;
    let back = Review { pass: false, opinion: "请补充".to_owned() };
    let mut steps = 0;
    while SystemClock.now() < until {
        let at = ctx(SystemClock.now());
        order = city.cases.review(&at, &by, &order.id, order.version, &back).await?;
        let amendment = Amendment { content: Some("已补充地址。".to_owned()), ..Amendment::default() };
        order = city.cases.amend(&at, &by, &order.id, order.version, &amendment).await?;
        steps += 2;
    }
    Ok(steps)
}

fn everybody(number: usize) -> Principal {
    Principal {
        person_id: format!("bench-{number}"),
        account: format!("bench-{number}"),
        name: "测试".to_owned(),
        job_no: None,
        unit_id: "bench".to_owned(),
        unit_path: "/bench/".to_owned(),
        roles: Vec::new(),
        grants: Arc::new(CAPABILITIES.iter().map(|one| (one.name.to_owned(), Scope::All)).collect()),
        masks: Arc::default(),
        session_id: String::new(),
    }
}

fn rate(steps: u64, elapsed_ms: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "counts of one measurement")]
    let (steps, elapsed_ms) = (steps as f64, elapsed_ms.max(1) as f64);
    (steps * 1000.0 / elapsed_ms).round()
}
