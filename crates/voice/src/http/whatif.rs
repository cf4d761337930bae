//! What staffing and routing would have meant for a day: tried before it is set.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use acd::QueueKey;
use acd::whatif::play;
use axum::extract::State;
use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone as _};
use contract::identity::SeatId;
use kernel::calendar::Day as CalendarDay;
use kernel::http::{Auth, Json};
use kernel::{HttpResult, Problem, Scope};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wfm::DayKind;
use wfm::forecast::{CallModel, Observation};

use crate::core::Core;
use crate::error::VoiceError;
use crate::store::whatif as books;
use crate::whatif::{self, Changes, Side};

/// A day, in milliseconds.
const DAY_MS: i64 = 24 * 3_600_000;
/// How far back a forecast looks, in days.
const HISTORY_DAYS: i64 = 120;
/// A quarter of an hour, in milliseconds.
const QUARTER_MS: i64 = 900_000;
/// The seed of what is drawn; the same question gets the same answer.
const SEED: u64 = 12_345;

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new().routes(routes!(try_what_if))
}

/// What is tried on which day.
#[derive(Deserialize, ToSchema)]
struct WhatIf {
    /// The day whose seats, and whose callers unless they are forecast, are taken: `YYYY-MM-DD`.
    day: String,
    /// Whether the callers are those that the forecast expects on such a day.
    #[serde(default)]
    forecast: bool,
    /// What is changed.
    #[serde(default)]
    changes: Changes,
}

/// A seat that worked on the day.
#[derive(Serialize, ToSchema)]
struct WhatIfSeat {
    /// Its number.
    no: String,
    /// Time at work.
    worked_ms: i64,
}

/// A queue's name.
#[derive(Serialize, ToSchema)]
struct WhatIfName {
    /// The queue.
    id: String,
    /// Its name.
    name: String,
}

/// How a day went, would have gone by the same code, and would have gone with the changes.
#[derive(Serialize, ToSchema)]
struct WhatIfAnswer {
    /// What really happened, by the books.
    happened: Side,
    /// The same day played with the rules of today: how far the play can be trusted.
    as_is: Side,
    /// The day played with the changes.
    changed: Side,
    /// Callers that were played.
    callers: usize,
    /// Seats that worked on the day.
    seats: Vec<WhatIfSeat>,
    /// Names of queues.
    queues: Vec<WhatIfName>,
    /// Whether callers were forecast.
    forecast: bool,
    /// How long the play took.
    took_ms: i64,
}

/// Plays a day of the past, or the forecast of such a day, with other seats and rules. Nothing is changed by it.
#[utoipa::path(post, path = "/voice/what-if", operation_id = "try_what_if", tag = "voice",
    request_body = WhatIf, responses((status = 200, body = WhatIfAnswer)))]
async fn try_what_if(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Json(body): Json<WhatIf>,
) -> HttpResult<Json<WhatIfAnswer>> {
    // Figures of the whole floor are for who sees the whole floor.
    if me.require("call.monitor")? != Scope::All {
        me.require("queue.write")?;
    }
    if let Some((field, zh, en)) = body.changes.problem() {
        return Err(Problem::invalid().field(field, "range", zh, en));
    }
    let refuse = |code: &'static str, zh: &str, en: &str| Problem::invalid().field("day", code, zh, en);
    let date: NaiveDate =
        body.day.parse().map_err(|_| refuse("malformed", "请选择日期。", "Please choose a day."))?;
    let zone: chrono_tz::Tz = core.kit.config.zone.parse().unwrap_or(chrono_tz::Asia::Shanghai);
    let start = |date: NaiveDate| {
        zone.from_local_datetime(&date.and_time(NaiveTime::MIN)).earliest().map(|at| at.timestamp_millis())
    };
    let from = start(date).ok_or_else(|| refuse("malformed", "请选择日期。", "Please choose a day."))?;
    let to = date.succ_opt().and_then(start).unwrap_or(from + DAY_MS);
    let db = &core.kit.db;
    let came = books::callers(db, from, to).await.map_err(VoiceError::from)?;
    let sat = books::sittings(db, from, to).await.map_err(VoiceError::from)?;
    let seats = whatif::spans(&sat, from, to.min(core.kit.now().0));
    if seats.is_empty() && body.changes.extra.is_empty() {
        return Err(refuse("empty", "这一天没有座席签入。", "Nobody was signed in on that day."));
    }
    let means = if body.forecast { Some(forecast(&core, date, zone).await?) } else { None };
    if came.is_empty() && means.is_none() {
        return Err(refuse("empty", "这一天没有来电。", "Nobody called on that day."));
    }

    let routing = core.desk.routing();
    let mut profiles = HashMap::new();
    for (no, (id, _)) in &seats {
        let skills = match &core.ports.directory {
            Some(directory) => directory.seat(&SeatId(id.clone())).await.map_err(VoiceError::Port)?,
            None => None,
        };
        let skills = skills.map(|seat| seat.skills).unwrap_or_default();
        profiles.insert(no.clone(), routing.profile(id, no, &skills));
    }
    let config = routing.floor(&core.config.floor(), &core.kit.parameters);
    let names: Vec<WhatIfName> =
        routing.queues().into_iter().map(|queue| WhatIfName { id: queue.id, name: queue.set.name }).collect();
    let within: BTreeMap<QueueKey, i64> = routing
        .queues()
        .into_iter()
        .map(|queue| (queue.id.as_str().into(), queue.set.answer_within_secs * 1_000))
        .collect();

    let clock = core.kit.clock.clone();
    let changes = body.changes;
    let played = tokio::task::spawn_blocking(move || {
        let began = clock.elapsed_ms();
        let callers = |growth: i64| match &means {
            Some(means) => {
                let share = 1.0 + growth as f64 / 100.0;
                let means: Vec<_> = means.iter().map(|(at, mean)| (*at, mean * share)).collect();
                whatif::expected(&means, QUARTER_MS, &came, SEED)
            }
            None => whatif::callers(&came, growth, SEED),
        };
        let side = |changes: &Changes| {
            let day = whatif::day(
                callers(changes.growth_pct),
                whatif::workers(&seats, &profiles, changes, from),
                changes.rules(config.clone()),
                within.clone(),
                from,
            );
            (Side::played(&play(&day)), day.callers.len())
        };
        let (as_is, _) = side(&Changes::default());
        let (changed, count) = side(&changes);
        let worked: i64 = seats.values().flat_map(|(_, spans)| spans).map(|(from, to)| to - from).sum();
        WhatIfAnswer {
            happened: Side::happened(&came, &within, from, worked),
            as_is,
            changed,
            callers: count,
            seats: seats
                .iter()
                .map(|(no, (_, spans))| WhatIfSeat {
                    no: no.clone(),
                    worked_ms: spans.iter().map(|(from, to)| to - from).sum(),
                })
                .collect(),
            queues: names,
            forecast: means.is_some(),
            took_ms: clock.elapsed_ms() - began,
        }
    })
    .await
    .map_err(|error| Problem::from_internal(&error))?;
    Ok(Json(played))
}

/// Returns what the forecast expects in the quarters of a day, learned from the days before it.
async fn forecast(core: &Core, date: NaiveDate, zone: chrono_tz::Tz) -> HttpResult<Vec<(i64, f64)>> {
    let local = |at: i64| {
        chrono::DateTime::from_timestamp_millis(at).unwrap_or_default().with_timezone(&zone).naive_local()
    };
    let instant =
        |at: &NaiveDateTime| zone.from_local_datetime(at).earliest().map(|at| at.timestamp_millis());
    let end = instant(&date.and_time(NaiveTime::MIN)).unwrap_or_default();
    let begin = end - HISTORY_DAYS * DAY_MS;
    let counts: HashMap<i64, i64> = books::quarters(&core.kit.db, begin, end.min(core.kit.now().0))
        .await
        .map_err(VoiceError::from)?
        .into_iter()
        .collect();
    let first = counts.keys().min().copied().unwrap_or(end);
    // Quarters without callers are quarters too, from the first whole day on.
    let first = instant(&(local(first).date() + TimeDelta::days(1)).and_time(NaiveTime::MIN)).unwrap_or(end);
    let history: Vec<Observation> = (0..)
        .map(|n| first + n * QUARTER_MS)
        .take_while(|at| *at < end)
        .map(|at| Observation { at: local(at), count: counts.get(&at).copied().unwrap_or(0) as f64 })
        .collect();
    let calendar = core.ports.calendar.as_ref().map(|city| city.calendar());
    let mut kinds = BTreeMap::new();
    for n in 0..=HISTORY_DAYS {
        let day = date - TimeDelta::days(n);
        match calendar.as_ref().map(|calendar| calendar.day(day)) {
            Some(CalendarDay::Holiday { .. }) => drop(kinds.insert(day, DayKind::Holiday)),
            Some(CalendarDay::MakeUpDay { .. }) => drop(kinds.insert(day, DayKind::MakeUp)),
            _ => {}
        }
    }
    let model = CallModel::fit(&history, &kinds).map_err(|_| {
        Problem::invalid().field(
            "forecast",
            "too_short",
            "话务历史不足 14 天，无法预测。",
            "Fewer than 14 days of calls are known; there can be no forecast.",
        )
    })?;
    let slots: Vec<NaiveDateTime> =
        (0..96).map(|n| date.and_time(NaiveTime::MIN) + TimeDelta::minutes(15 * n)).collect();
    Ok(model.forecast(&slots).into_iter().filter_map(|slot| Some((instant(&slot.at)?, slot.mean))).collect())
}
