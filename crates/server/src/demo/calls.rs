//! The calls of the last 90 days: who called, who answered, how long it took, what citizens thought of it. None has a
//! recording, since nobody spoke.

mod draw;
mod trace;

use std::collections::{BTreeMap, HashMap, HashSet};

use contract::contacts::ContactBook as _;
use kernel::{Audit, BoxError, Ctx, Principal, Timestamp};
use serde_json::json;
use voice::call::record::{CallRow, EventRow, FlowRecord, Record, SittingRow, VisitRow};
use voice::queue::{MAIN, Queue, QueueDraft};
use voice::store::flow_counts::{CountRow, HOUR_MS};
use voice::store::summaries::Summary;
use voice::store::surveys::SurveyRow;

use self::draw::{Call, Fixed, GREETING, OPEN, RINGING, Way, draw};
use super::data::DemoCity;
use super::staff::{Seat, Staff};
use crate::City;

/// The flow that leads calls from the first day on.
const MAIN_FLOW: &str = voice::callflow::model::MAIN;
/// The city's own hotline, and the one of social security that rings here too.
const HOTLINE: &str = "12345";
const SECOND_HOTLINE: &str = "12333";
const SECOND_QUEUE: &str = "social_security";
/// Records that share a transaction.
const BATCH: usize = 2_000;
/// A pause between two calls that is longer ends a sitting.
const SITTING_GAP_MS: i64 = 2 * 3_600_000;
/// Before the first and after the last call somebody sits at a seat for so long.
const MARGIN_MS: i64 = 11 * 60_000;
const MINUTE: i64 = 60_000;

/// What the city's calls will be, before they are written.
pub(super) struct Calls {
    all: Vec<Call>,
    ids: Vec<String>,
    seats: Vec<Seat>,
    /// Accounts of those who know social security.
    professional: HashSet<String>,
    now: i64,
}

impl Calls {
    /// Returns the call out of which an order came.
    pub(super) fn of_order(&self, order: usize) -> Option<&str> {
        let place = self.all.iter().position(|call| call.order == Some(order))?;
        Some(&self.ids[place])
    }
}

/// Something to write, and when it happened.
type Written = (Timestamp, Record);

/// Draws the calls and writes down those out of which orders will come, so that the orders can name them.
pub(super) async fn begin(
    city: &City,
    written: &DemoCity,
    staff: &Staff,
    now: Timestamp,
) -> Result<Calls, BoxError> {
    let zone: chrono_tz::Tz = city.kit.config.zone.parse().map_err(|_| "the configured zone is unknown")?;
    let seats = staff.agents().to_vec();
    let mut fixed = Vec::new();
    let mut known: Vec<String> = Vec::new();
    for (at, order) in written.orders.iter().enumerate() {
        if !known.contains(&order.contact.phone) {
            known.push(order.contact.phone.clone());
        }
        let by = order.by.as_deref().filter(|_| order.source == "phone");
        let agent = by.and_then(|account| seats.iter().position(|seat| seat.account == account));
        if let Some(agent) = agent {
            let at_ms = super::orders::written_at(city, order, now)?.0;
            fixed.push(Fixed { order: at, agent, at: at_ms, number: order.contact.phone.clone() });
        }
    }
    let all = draw(zone, now.0, seats.len(), &fixed, &known);
    let ids = all.iter().map(|_| kernel::id::new_id()).collect();
    let knows = |skills: &[String]| skills.iter().any(|skill| skill == SECOND_QUEUE);
    let professional = written.people.people.iter().filter(|person| knows(&person.skills));
    let professional = professional.map(|person| person.account.clone()).collect();
    let calls = Calls { all, ids, seats, professional, now: now.0 };
    let first = calls.all.iter().zip(&calls.ids).filter(|(call, _)| call.order.is_some());
    let records = first
        .map(|(call, id)| (Timestamp(call.started_at), Record::Call(Box::new(row(&calls, call, id, None)))))
        .collect::<Vec<_>>();
    write(city, &records).await?;
    add_queue(city, now.plus_secs(-(draw::DAYS + 1) * 86_400)).await?;
    Ok(calls)
}

/// Writes all calls, and what agents did at their seats. Returns how many calls there are.
pub(super) async fn finish(city: &City, staff: &Staff, calls: &Calls) -> Result<usize, BoxError> {
    let mut files: HashMap<&str, Option<String>> = HashMap::new();
    for call in calls.all.iter().filter(|call| call.way != Way::Page) {
        if !files.contains_key(call.number.as_str()) {
            let file = city.contacts.by_phone(&call.number).await?;
            files.insert(&call.number, file.map(|file| file.id.0));
        }
    }
    let mut records: Vec<Written> = Vec::new();
    for (place, (call, id)) in calls.all.iter().zip(&calls.ids).enumerate() {
        let file = files.get(call.number.as_str()).cloned().flatten();
        tell(calls, call, id, file, &mut records);
        trace::tell(calls, place, &mut records);
    }
    count_flow(&calls.all, &mut records);
    for (agent, seat) in calls.seats.iter().enumerate() {
        sit(calls, agent, seat, &mut records);
    }
    write(city, &records).await?;
    note(city, staff, calls).await?;
    Ok(calls.all.len())
}

/// Writes records as the writer behind real calls does.
async fn write(city: &City, records: &[Written]) -> Result<(), BoxError> {
    for some in records.chunks(BATCH) {
        let mut tx = city.kit.db.begin().await?;
        for (at, record) in some {
            voice::store::record::write(&mut tx, *at, record).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

/// The queue of the second hotline: who knows social security comes first.
async fn add_queue(city: &City, at: Timestamp) -> Result<(), BoxError> {
    let floor = city.kit.config.section::<voice::VoiceConfig>("voice")?.floor();
    let Some(main) = floor.queues.first().map(QueueDraft::main) else { return Ok(()) };
    let queue = Queue {
        id: SECOND_QUEUE.to_owned(),
        set: QueueDraft {
            name: "人社专席".to_owned(),
            identity: "12333 人社服务热线".to_owned(),
            numbers: vec![SECOND_HOTLINE.to_owned()],
            skills: BTreeMap::from([("social_security".to_owned(), 1)]),
            general_after_secs: Some(30),
            sort: 10,
            ..main
        },
        version: 1,
        updated_at: at.0,
    };
    let mut tx = city.kit.db.begin().await?;
    voice::store::queues::insert(&mut tx, &queue).await?;
    let detail = json!({ "name": queue.set.name });
    tx.audit(&Ctx::system("demo", at), Audit::new("queue.create", "queue", queue.id).detail(detail));
    tx.commit().await?;
    Ok(())
}

fn row(calls: &Calls, call: &Call, id: &str, contact_id: Option<String>) -> CallRow {
    let seat = call.agent.map(|agent| &calls.seats[agent]);
    let called = if call.second_line { SECOND_HOTLINE } else { HOTLINE };
    let dialled = call.way == Way::Dialled;
    CallRow {
        id: id.to_owned(),
        direction: if dialled { "out" } else { "in" }.to_owned(),
        origin: match (call.way, seat) {
            (Way::Page, _) => "portal".to_owned(),
            (Way::Dialled, Some(seat)) => format!("seat:{}", seat.no),
            _ => "trunk:demo".to_owned(),
        },
        caller: call.number.clone(),
        called: if dialled { call.number.clone() } else { called.to_owned() },
        started_at: call.started_at,
        answered_at: call.answered_at,
        ended_at: Some(call.ended_at),
        seat_no: seat.map(|seat| seat.no.clone()),
        agent_id: seat.map(|seat| seat.person_id.clone()),
        agent_name: seat.map(|seat| seat.name.clone()),
        contact_id,
        result: Some(call.result.to_owned()),
        hung_up_by: Some(call.hung_up_by.to_owned()),
        waited_ms: call.answered_at.unwrap_or(call.ended_at) - call.started_at,
        talked_ms: call.answered_at.map_or(0, |at| call.ended_at - at),
        recording_id: None,
    }
}

fn queue_of(call: &Call) -> &'static str {
    if call.second_line { SECOND_QUEUE } else { MAIN }
}

/// Tells a call from its first ring to the caller's stars.
fn tell(calls: &Calls, call: &Call, id: &str, file: Option<String>, records: &mut Vec<Written>) {
    let row = row(calls, call, id, file);
    let mut steps: Vec<(i64, &'static str, String)> = Vec::new();
    let seat = row.seat_no.clone().unwrap_or_default();
    if call.way == Way::Dialled {
        steps.push((call.started_at, "dial_asked", row.called.clone()));
        steps.push((call.started_at, "joined", format!("1 seat:{seat} agent")));
        steps.push((call.started_at + 1_000, "dialled", row.called.clone()));
        match call.answered_at {
            Some(at) => {
                steps.push((at, "citizen_answered", String::new()));
                steps.push((at, "answered", seat.clone()));
            }
            None => steps.push((call.ended_at, "dial_failed", "408".to_owned())),
        }
    } else {
        let joined = call.started_at + GREETING;
        steps.push((call.started_at, "started", String::new()));
        steps.push((joined, "queued", String::new()));
        if let Some(at) = call.answered_at {
            steps.push(((at - RINGING).max(joined), "offered", seat.clone()));
            steps.push((at, "joined", format!("1 seat:{seat} agent")));
            steps.push((at, "answered", seat.clone()));
        }
    }
    if call.agent.is_some() {
        steps.push((call.ended_at, "left", format!("1 seat:{seat} agent")));
    }
    steps.push((call.ended_at, "hung_up", call.hung_up_by.to_owned()));
    if call.answered_at.is_some() {
        let at = Timestamp(row.answered_at.unwrap_or(call.started_at));
        records.push((at, Record::Answered(Box::new(row.clone()))));
    }
    for ((at, kind, detail), no) in steps.into_iter().zip(1..) {
        let event = EventRow { call_id: id.to_owned(), no, at, kind, detail };
        records.push((Timestamp(at), Record::Event(event)));
    }
    let ended = Timestamp(call.ended_at);
    records.push((ended, Record::Ended(Box::new(row.clone()))));
    if call.way != Way::Dialled {
        let left_at = call.answered_at.unwrap_or(call.ended_at);
        let joined_at = call.started_at + GREETING;
        records.push((
            ended,
            Record::Visit(VisitRow {
                call_id: id.to_owned(),
                no: 1,
                queue_id: queue_of(call).to_owned(),
                joined_at,
                left_at,
                waited_ms: left_at - joined_at,
                priority: 0,
                outcome: if call.answered_at.is_some() { "answered" } else { "abandoned" },
                seat_no: row.seat_no.clone(),
            }),
        ));
    }
    if let Some(stars) = call.stars {
        let survey = SurveyRow {
            call_id: id.to_owned(),
            at: call.ended_at,
            state: if stars > 0 { "rated" } else { "wanted" }.to_owned(),
            stars: (stars > 0).then_some(stars),
            caller: call.number.clone(),
            agent_id: row.agent_id.clone(),
            agent_name: row.agent_name.clone(),
        };
        records.push((ended, Record::Flow(Box::new(FlowRecord::Survey(survey)))));
    }
    if let Some(place) = call.answers {
        records.push((
            Timestamp(call.answered_at.unwrap_or(call.ended_at)),
            Record::CalledBack {
                missed_id: calls.ids[place].clone(),
                call_id: id.to_owned(),
                agent_id: row.agent_id.unwrap_or_default(),
                agent_name: row.agent_name.unwrap_or_default(),
            },
        ));
    }
}

/// Counts how callers went through the main flow, hour by hour.
fn count_flow(calls: &[Call], records: &mut Vec<Written>) {
    let mut counts: BTreeMap<(i64, &'static str, String), i64> = BTreeMap::new();
    for call in calls.iter().filter(|call| call.way != Way::Dialled) {
        let hour = call.started_at - call.started_at.rem_euclid(HOUR_MS);
        let mut count =
            |node: &'static str, what: String| *counts.entry((hour, node, what)).or_default() += 1;
        let entered = || "entered".to_owned();
        for node in ["greeting", "queue"] {
            count(node, entered());
        }
        if call.answered_at.is_none() {
            count("queue", "gone".to_owned());
        }
        match call.stars {
            Some(0) => {
                count("survey", entered());
                count("survey", "gone".to_owned());
            }
            Some(stars) => {
                count("survey", entered());
                count("survey", format!("key:{stars}"));
            }
            None => {}
        }
    }
    for ((hour, node, what), times) in counts {
        let row = CountRow { flow_id: MAIN_FLOW.to_owned(), node_id: node.to_owned(), what, times };
        let count = FlowRecord::Count { at: hour, version: 0, row };
        records.push((Timestamp(hour), Record::Flow(Box::new(count))));
    }
}

/// Lets an agent sit at the seat around the calls: ready, ringing, talking, writing, and a break now and then.
fn sit(calls: &Calls, agent: usize, seat: &Seat, records: &mut Vec<Written>) {
    let mut own: Vec<usize> = (0..calls.all.len()).filter(|at| calls.all[*at].agent == Some(agent)).collect();
    own.sort_by_key(|at| calls.all[*at].busy_from());
    let until = |at: &usize| calls.all[*at].wrapped_at;
    for sitting in own.chunk_by(|one, next| calls.all[*next].busy_from() - until(one) < SITTING_GAP_MS) {
        let (Some(first), Some(last)) = (sitting.first(), sitting.last()) else { continue };
        // Nobody sits in two calls' minutes alike.
        let spread = i64::try_from(first % 7).unwrap_or(0) * MINUTE;
        let from = calls.all[*first].busy_from() - MARGIN_MS - spread;
        // Whoever talked a moment ago has just left.
        let to = (until(last) + MARGIN_MS + spread / 2).min(calls.now);
        let id = kernel::id::new_id();
        records.push((
            Timestamp(from),
            Record::SatDown(SittingRow {
                id: id.clone(),
                seat_no: seat.no.clone(),
                seat_id: seat.id.clone(),
                person_id: seat.person_id.clone(),
                person_name: seat.name.clone(),
                signed_in_at: from,
            }),
        ));
        let mut states: Vec<(i64, &'static str, Option<usize>)> = vec![(from, "ready", None)];
        let mut free_from = from;
        for at in sitting {
            let call = &calls.all[*at];
            let begin = call.busy_from();
            // A long pause has a break in it.
            if begin - free_from > 50 * MINUTE {
                let middle = free_from + (begin - free_from) / 2;
                states.push((middle, "break", None));
                states.push((middle + 12 * MINUTE, "ready", None));
            }
            if call.way != Way::Dialled {
                states.push((begin, "ringing", Some(*at)));
            }
            let on_call = call.answered_at.filter(|_| call.way != Way::Dialled).unwrap_or(begin);
            states.push((on_call, "on_call", Some(*at)));
            states.push((call.ended_at, "wrap_up", Some(*at)));
            states.push((call.wrapped_at, "ready", None));
            free_from = call.wrapped_at;
        }
        states.push((to, "signed_out", None));
        for ((at, state, call), no) in states.into_iter().zip(1..) {
            let call_id = call.map(|place| calls.ids[place].clone());
            records.push((Timestamp(at), Record::SeatState { sitting: id.clone(), no, at, state, call_id }));
        }
        records.push((Timestamp(to), Record::StoodUp { id, at: to }));
    }
}

/// Writes the agents' summaries, and what a leader found out about missed calls that nobody called back.
async fn note(city: &City, staff: &Staff, calls: &Calls) -> Result<(), BoxError> {
    let leader: &Principal = staff.person("shift01")?;
    let answered: Vec<usize> = calls.all.iter().filter_map(|call| call.answers).collect();
    let missed = (0..calls.all.len()).filter(|place| calls.all[*place].result == "missed");
    let open: Vec<usize> = missed.rev().take(OPEN).collect();
    let mut tx = city.kit.db.begin().await?;
    for (place, (call, id)) in calls.all.iter().zip(&calls.ids).enumerate() {
        if let (Some((result, note)), Some(agent)) = (call.summary, call.agent) {
            let seat = &calls.seats[agent];
            let summary = Summary {
                call_id: id.clone(),
                result: result.to_owned(),
                note: note.to_owned(),
                fields: "{}".to_owned(),
                agent_id: seat.person_id.clone(),
                agent_name: seat.name.clone(),
                written_at: call.wrapped_at,
            };
            voice::store::summaries::save(&mut tx, &summary).await?;
        }
        if call.result == "missed" && !open.contains(&place) && !answered.contains(&place) {
            let ctx = Ctx::person(&leader.person_id, &leader.name, Timestamp(call.ended_at + 45 * MINUTE));
            let note = if call.number == "web" {
                "网页来电，无号码可回拨。"
            } else {
                "已回拨，市民表示问题已解决。"
            };
            voice::store::missed::handle(&mut tx, &ctx, id, note).await?;
            tx.audit(&ctx, Audit::new("call.handle_missed", "call", id.clone()));
        }
    }
    tx.commit().await?;
    Ok(())
}
