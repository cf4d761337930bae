//! Outbound tasks as a centre has them, and desk telephones of two seats.

use std::collections::{BTreeSet, HashMap};

use contract::contacts::ContactBook as _;
use kernel::{Audit, BoxError, Ctx, Timestamp};
use serde_json::json;
use voice::call::record::Record;
use voice::campaign::questions::{Question, QuestionKind};
use voice::campaign::{Mode, Plan, State};
use voice::store::campaign_calls::{Outcome, begin, conclude, finish};
use voice::store::campaign_targets::{NewTarget, TargetFilter, append};
use voice::store::{campaign_targets, campaigns};

use super::data::DemoCity;
use super::staff::{Seat, Staff};
use crate::City;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;
/// The table of times in which people may be called.
const HOURS: &str = "outbound";

/// Makes two tasks, one of them through and one that is paused in its middle, and two telephones.
pub(super) async fn create(
    city: &City,
    written: &DemoCity,
    staff: &Staff,
    now: Timestamp,
) -> Result<(), BoxError> {
    let settled = numbers(written, |steps| steps.contains(&"archive"));
    let first = satisfaction();
    run(city, staff, (&first, &settled[..36.min(settled.len())]), 36, now.plus_secs(-12 * DAY)).await?;
    let asked = numbers(written, |steps| !steps.contains(&"archive"));
    let second = heating();
    run(city, staff, (&second, &asked[..30.min(asked.len())]), 14, now.plus_secs(-2 * DAY)).await?;
    let keeper = staff.person("sysadmin")?;
    let ctx = Ctx::person(&keeper.person_id, &keeper.name, now.plus_secs(-30 * DAY));
    for (seat, note) in staff.agents().iter().rev().zip(["二楼受理大厅 东侧", "二楼受理大厅 西侧"])
    {
        city.voice.add_telephone(&ctx, (&seat.id, &seat.no), note).await?;
    }
    Ok(())
}

fn question(id: &str, kind: QuestionKind, title: &str, options: &[&str], required: bool) -> Question {
    Question {
        id: id.to_owned(),
        kind,
        title: title.to_owned(),
        options: options.iter().map(|option| (*option).to_owned()).collect(),
        required,
    }
}

fn satisfaction() -> Plan {
    plan(
        "办结工单满意度回访",
        "visit",
        "您好，这里是云州市12345热线。您反映的问题已经办结，想占用您一分钟了解您是否满意。",
        vec![
            question(
                "solved",
                QuestionKind::Single,
                "问题是否解决？",
                &["已解决", "部分解决", "未解决"],
                true,
            ),
            question("service", QuestionKind::Score, "您对办理单位的服务打几分？", &[], true),
            question("words", QuestionKind::Text, "您还有什么意见？", &[], false),
        ],
    )
}

fn heating() -> Plan {
    plan(
        "冬季供暖满意度调查",
        "survey",
        "您好，这里是云州市12345热线，正在了解今年冬季的供暖情况，请问方便回答两个问题吗？",
        vec![
            question(
                "warm",
                QuestionKind::Single,
                "家中温度是否达到 18 ℃？",
                &["达到", "时好时坏", "没有达到"],
                true,
            ),
            question("reply", QuestionKind::Score, "您对供热单位的答复打几分？", &[], true),
        ],
    )
}

fn plan(name: &str, purpose: &str, script: &str, questions: Vec<Question>) -> Plan {
    Plan {
        name: name.to_owned(),
        purpose: purpose.to_owned(),
        mode: Mode::Preview,
        script: script.to_owned(),
        questions,
        flow_id: None,
        hours_id: HOURS.to_owned(),
        lines_max: 4,
        keep_ready: 2,
        retry: voice::campaign::retry::RetryRules::default(),
    }
}

/// Returns numbers, names and titles of the orders whose steps fit, each number once.
fn numbers(written: &DemoCity, fits: impl Fn(&[&str]) -> bool) -> Vec<(String, String, String)> {
    let mut seen = BTreeSet::new();
    let fitting = written.orders.iter().filter(|order| {
        let steps: Vec<&str> = order.story.iter().map(|step| step.step.as_str()).collect();
        !order.confidential && fits(&steps)
    });
    fitting
        .filter(|order| seen.insert(order.contact.phone.clone()))
        .map(|order| (order.contact.phone.clone(), order.contact.name.clone(), order.title.clone()))
        .collect()
}

/// What comes of the calls to a number, in turn: most are reached, some at the second time, a few never.
fn course(place: usize) -> &'static [&'static str] {
    match place % 12 {
        3 | 8 => &["no_answer", "answered"],
        5 => &["busy", "no_answer", "answered"],
        10 => &["no_answer", "no_answer", "no_answer"],
        _ => &["answered"],
    }
}

/// What somebody who was reached answers, and what the agent writes.
fn said(place: usize, plan: &Plan) -> (&'static str, serde_json::Value, &'static str) {
    if place % 12 == 7 {
        return ("refused", json!({}), "市民表示不方便。");
    }
    let score = [5, 4, 5, 3, 5, 4, 2][place % 7];
    let choice = usize::from(score < 4) + usize::from(score < 3);
    let mut answers = serde_json::Map::new();
    for question in &plan.questions {
        match question.kind {
            QuestionKind::Single => {
                answers.insert(question.id.clone(), json!(question.options[choice]));
            }
            QuestionKind::Score => {
                answers.insert(question.id.clone(), json!(score));
            }
            QuestionKind::Text if score < 3 => {
                answers.insert(question.id.clone(), json!("希望处理得再快一些。"));
            }
            QuestionKind::Multi | QuestionKind::Text => {}
        }
    }
    ("completed", answers.into(), "")
}

/// Lets a task call the first numbers of its list, hour by hour, and then pauses or ends it.
async fn run(
    city: &City,
    staff: &Staff,
    (plan, list): (&Plan, &[(String, String, String)]),
    called: usize,
    from: Timestamp,
) -> Result<(), BoxError> {
    let leader = staff.person("shift01")?;
    let ctx = Ctx::person(&leader.person_id, &leader.name, from);
    let id = kernel::id::new_id();
    let mut rows = Vec::with_capacity(list.len());
    for (number, name, title) in list {
        let file = city.contacts.by_phone(number).await?;
        rows.push(NewTarget {
            number: number.clone(),
            name: name.clone(),
            contact_id: file.map(|file| file.id.0),
            fields: json!({ "工单": title }).to_string(),
            ..NewTarget::default()
        });
    }
    let mut tx = city.kit.db.begin().await?;
    campaigns::insert(&mut tx, &ctx, &id, plan, &serde_json::to_string(plan)?).await?;
    tx.audit(&ctx, Audit::new("campaign.create", "campaign", &id).detail(json!({ "name": plan.name })));
    append(&mut tx, &id, &rows, from.0).await?;
    let started = from.plus_secs(HOUR / 2);
    campaigns::set_state(&mut tx, &id, State::Draft, State::Running, started.0).await?;
    tx.commit().await?;
    let filter = TargetFilter { limit: list.len(), ..TargetFilter::default() };
    let scope = (kernel::Scope::All, leader);
    let targets = campaign_targets::list(&city.kit.db, &id, scope, &filter).await?.items;
    let places: HashMap<&str, usize> = targets.iter().map(|target| target.id.as_str()).zip(0..).collect();
    let mut end = started;
    for target in targets.iter().take(called) {
        let place = places[target.id.as_str()];
        let seat = &staff.agents()[place % staff.agents().len()];
        let mut at = started.plus_secs(i64::try_from(place).unwrap_or(0) * 240);
        for result in course(place) {
            call(city, plan, (&target.id, place), seat, result, at).await?;
            end = end.max(at);
            at = at.plus_secs(3 * HOUR);
        }
    }
    end = end.plus_secs(600);
    let mut tx = city.kit.db.begin().await?;
    let row = campaigns::find(&city.kit.db, &id).await?.ok_or("the task is gone")?;
    if !finish(&mut tx, &row, end.0).await? {
        campaigns::set_state(&mut tx, &id, State::Running, State::Paused, end.0).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Calls a number once.
async fn call(
    city: &City,
    plan: &Plan,
    (target, place): (&str, usize),
    seat: &Seat,
    result: &str,
    at: Timestamp,
) -> Result<(), BoxError> {
    let attempt = kernel::id::new_id();
    let mut tx = city.kit.db.begin().await?;
    if !begin(&mut tx, &attempt, target, Some((&seat.person_id, &seat.name)), at.0).await? {
        return Ok(());
    }
    let reached = result == "answered";
    let talked_ms = if reached { 40_000 + i64::try_from(place % 9).unwrap_or(0) * 11_000 } else { 0 };
    let ended = Record::CampaignCalled {
        attempt_id: attempt,
        call_id: String::new(),
        result: result.to_owned(),
        at: at.0 + 15_000 + talked_ms,
        talked_ms,
        keys: Vec::new(),
    };
    voice::store::record::write(&mut tx, at, &ended).await?;
    if reached {
        let (result, answers, note) = said(place, plan);
        let answers = answers.to_string();
        let outcome = Outcome { result, answers: &answers, note, call_at: None };
        conclude(&mut tx, target, &outcome, at.0 + 30_000 + talked_ms).await?;
    }
    tx.commit().await?;
    Ok(())
}
