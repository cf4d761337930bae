//! Three hundred orders with their stories, played in the order of time.

use cases::case::closure::Closure;
use cases::case::draft::Draft;
use cases::case::feedback::Feedback;
use cases::case::rating::{Rating, RatingSource};
use cases::case::reply::{Reply, ReplyWay};
use cases::case::result_review::ResultReview;
use cases::case::return_visit::ReturnVisit;
use cases::case::review::Review;
use cases::case::sending_back::SendingBack;
use cases::case::{self, Case, Citizen, Kind, Place, Source, Urgency};
use cases::seed;
use cases::store::assignment::Assignee;
use cases::store::creation::Enclosed;
use chrono::{Duration, NaiveTime, TimeZone as _};
use kernel::{Actor, ActorKind, BoxError, Ctx, Principal, Timestamp};

use super::calls::Calls;
use super::data::{DemoCity, Order, Step};
use super::forms::Types;
use super::staff::Staff;
use crate::City;

/// So many settled orders are shown on the portal.
const SHOWN_MAX: usize = 24;

const HOUR_MILLIS: f64 = 3_600_000.0;

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Orders written.
    pub orders: usize,
    /// Steps done.
    pub steps: usize,
    /// What a rule refused, in words.
    pub refusals: Vec<String>,
}

/// Something that happens to an order.
#[derive(Clone, Copy)]
enum Moment {
    Written,
    Step(usize),
}

/// Plays all stories, everything at its instant and in the order of time, limits running meanwhile.
pub(crate) async fn create(
    city: &City,
    written: &DemoCity,
    staff: &Staff,
    types: &Types,
    calls: &Calls,
    now: Timestamp,
) -> Result<Outcome, BoxError> {
    let mut moments = Vec::new();
    for (order_at, order) in written.orders.iter().enumerate() {
        let start = written_at(city, order, now)?;
        moments.push((start, order_at, Moment::Written));
        let mut last = start;
        for (step_at, step) in order.story.iter().enumerate() {
            // What would lie in the future has happened a moment ago instead, in its order.
            let wished = start.plus_millis((step.hours_after * HOUR_MILLIS) as i64).min(now);
            last = wished.max(last.plus_millis(1));
            moments.push((last, order_at, Moment::Step(step_at)));
        }
    }
    // A stable sort keeps the steps of one order in their order.
    moments.sort_by_key(|(at, _, _)| *at);
    let mut cases: Vec<Option<Case>> = written.orders.iter().map(|_| None).collect();
    let mut outcome = Outcome::default();
    let mut limits_checked_at = Timestamp(0);
    for (at, order_at, moment) in moments {
        let order = &written.orders[order_at];
        if at.millis_since(limits_checked_at) > 3_600_000 {
            city.cases.fire_timers(&Ctx::system("cases.timers", at)).await?;
            limits_checked_at = at;
        }
        match moment {
            Moment::Written => {
                cases[order_at] =
                    Some(write(city, written, staff, types, (order, calls.of_order(order_at)), at).await?);
                outcome.orders += 1;
            }
            Moment::Step(step_at) => {
                let Some(case) = cases[order_at].take() else { continue };
                let step = &order.story[step_at];
                match play(city, staff, &case, step, at).await {
                    Ok(after) => {
                        cases[order_at] = Some(after);
                        outcome.steps += 1;
                    }
                    // The rest of this story would make no sense.
                    Err(error) => outcome.refusals.push(format!("{} {}: {error}", order.key, step.step)),
                }
            }
        }
    }
    city.cases.fire_timers(&Ctx::system("cases.timers", now)).await?;
    let settled: Vec<&Case> = cases.iter().flatten().filter(|case| is_fit_to_show(case)).collect();
    for (age, case) in (0..).zip(settled.into_iter().step_by(2).take(SHOWN_MAX)) {
        if let Err(error) = show(city, staff, case, now.plus_secs(-3_600 * age)).await {
            outcome.refusals.push(format!("{} publication: {error}", case.number));
        }
    }
    Ok(outcome)
}

/// Tells whether everybody may read an order.
fn is_fit_to_show(case: &Case) -> bool {
    case.archived_at.is_some() && !case.confidential && case.answer.is_some()
}

/// Shows a settled order on the portal, as an editor of the centre approves it.
async fn show(city: &City, staff: &Staff, case: &Case, at: Timestamp) -> Result<(), BoxError> {
    let editor = staff.person("review01")?;
    let (text, _) = city.cases.propose_publication(editor, &case.id, at).await?;
    city.cases.publish_case(&seed::ctx(editor, at), editor, &case.id, &text).await?;
    Ok(())
}

/// Returns when an order was written: at its hour, or a moment ago where that is yet to come today.
pub(super) fn written_at(city: &City, order: &Order, now: Timestamp) -> Result<Timestamp, BoxError> {
    let zone: chrono_tz::Tz = city.kit.config.zone.parse().map_err(|_| "the configured zone is unknown")?;
    let today = zone.timestamp_millis_opt(now.0).earliest().ok_or("no such instant")?.date_naive();
    let time = NaiveTime::from_hms_opt(order.hour, order.minute, 0).ok_or("no such time of day")?;
    let local = (today - Duration::days(order.days_ago)).and_time(time);
    let at = zone.from_local_datetime(&local).earliest().ok_or("no such instant")?.timestamp_millis();
    // Today's orders of later hours came in the last half hour.
    Ok(if at < now.0 { Timestamp(at) } else { now.plus_secs(-60 * (1 + i64::from(order.minute) / 2)) })
}

async fn write(
    city: &City,
    written: &DemoCity,
    staff: &Staff,
    types: &Types,
    (order, call): (&Order, Option<&str>),
    at: Timestamp,
) -> Result<Case, BoxError> {
    let by = order.by.as_deref().map(|account| staff.person(account)).transpose()?;
    let ctx = match by {
        Some(by) => seed::ctx(by, at),
        None => citizen(at),
    };
    let district = written.districts.iter().find(|district| district.code == order.district);
    let categories = city.cases.categories();
    let draft = Draft {
        kind: Kind::parse(&order.case_type)
            .ok_or_else(|| format!("{}: no type {}", order.key, order.case_type))?,
        category_id: categories.by_code(&order.category).map(|category| category.id.clone()),
        title: order.title.clone(),
        content: order.content.clone(),
        citizen: Citizen {
            contact_id: None,
            name: order.contact.name.clone(),
            phone: Some(order.contact.phone.clone()),
            gender: order
                .contact
                .gender
                .as_deref()
                .map(|gender| if gender == "f" { "female" } else { "male" }.to_owned()),
            // Who called is called; who wrote by the portal said nothing.
            reply: (order.source == "phone").then(|| Reply::new(ReplyWay::Phone, None)),
        },
        confidential: order.confidential,
        place: Place {
            district: district.map(|district| district.name.clone()),
            address: Some(order.address.clone()),
            lng: Some(order.lng),
            lat: Some(order.lat),
        },
        call_id: call.map(str::to_owned),
        preliminary_opinion: order.opinion.clone(),
        answer: order.answer.clone(),
        urgency: Urgency::parse(&order.urgency).unwrap_or(Urgency::Normal),
        source: match order.source.as_str() {
            "phone" => Source::Phone,
            "portal" => Source::Portal,
            _ => Source::Staff,
        },
    };
    city.cases
        .create_with(
            &ctx,
            by,
            draft,
            &Enclosed { filling: types.filling(order), ..Enclosed::default() },
            seed::forget,
        )
        .await
        .map_err(|error| format!("{}: {}", order.key, kernel::problem::chain(&error)).into())
}

fn citizen(at: Timestamp) -> Ctx {
    Ctx {
        actor: Actor { kind: ActorKind::Citizen, id: String::new(), name: "市民".to_owned() },
        ..Ctx::system("demo", at)
    }
}

async fn play(city: &City, staff: &Staff, case: &Case, step: &Step, at: Timestamp) -> Result<Case, BoxError> {
    let (cases, id, version) = (&city.cases, &case.id, case.version);
    let text = step.text.clone();
    if step.step == "rate" {
        // Whoever said in the return visit how satisfied they are is not asked again.
        if case.stars.is_some() {
            return Ok(case.clone());
        }
        let rating = Rating {
            id: kernel::id::new_id(),
            stars: step.stars.unwrap_or(5),
            comment: text,
            source: RatingSource::Portal,
        };
        return Ok(cases.rate(&citizen(at), id, &rating).await?);
    }
    let by: &Principal = staff.person(step.by.as_deref().unwrap_or_default())?;
    let ctx = seed::ctx(by, at);
    let unit = || staff.unit(step.unit.as_deref().unwrap_or_default());
    let pass = !matches!(step.decision.as_deref(), Some("reject" | "back"));
    Ok(match step.step.as_str() {
        "review" => cases.review(&ctx, by, id, version, &Review { pass, opinion: text }).await?,
        "dispatch" => {
            let co_units = step
                .co_units
                .iter()
                .map(|code| staff.unit(code).map(|unit| unit.id.0.clone()))
                .collect::<Result<Vec<_>, _>>()?;
            cases.dispatch(&ctx, by, id, version, unit()?.id.as_str(), &co_units, &text).await?
        }
        "accept" => cases.accept(&ctx, by, id, version).await?,
        "return" => cases.send_back(&ctx, by, id, version, &SendingBack { reason: text }).await?,
        "assign" => {
            let assignee = Assignee::Unit(unit()?.id.0.clone());
            cases.assign(&ctx, by, id, version, &assignee, &text).await?
        }
        "handle" => {
            let feedback = Feedback { result: text, contacted: true, without_helpers: true };
            cases.give_feedback(&ctx, by, id, version, &feedback).await?
        }
        "result_review" => {
            cases.review_result(&ctx, by, id, version, &ResultReview { pass, opinion: text }).await?
        }
        "return_visit" => {
            let visit = ReturnVisit {
                reached: step.decision.as_deref() != Some("unreached"),
                satisfied: step.stars,
                comment: text,
            };
            cases.visit(&ctx, by, id, version, &visit).await?
        }
        "archive" => {
            // Who was not reached is called again before the order may be archived.
            let mut after = case.clone();
            while after.task(case::Step::ReturnVisit).is_some() {
                let visit = ReturnVisit {
                    reached: false,
                    satisfied: None,
                    comment: "再次回访，仍未接通。".to_owned(),
                };
                after = cases.visit(&ctx, by, id, after.version, &visit).await?;
            }
            cases.close(&ctx, by, id, after.version, &Closure { reason: text }).await?
        }
        "urge" => cases.urge(&ctx, by, id, &text).await?,
        other => return Err(format!("no step is called {other}").into()),
    })
}
