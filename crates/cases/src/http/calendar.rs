//! `GET /calendar` and `PUT /calendar/{date}`.

use axum::extract::State;
use chrono::{Datelike as _, NaiveDate};
use kernel::calendar::Day;
use kernel::http::{Auth, Json, Path, Query, ReqCtx};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::error::CaseError;
use crate::store::calendar::DayChange;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(get_calendar)).routes(routes!(set_calendar_day))
}

/// Which year.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct CalendarQuery {
    /// The year; this one when absent.
    year: Option<i32>,
}

/// A day that is not as weekdays and weekends would have it.
#[derive(Serialize, ToSchema)]
struct DayView {
    /// `2026-10-01`.
    date: String,
    /// `off` or `work`.
    kind: String,
    name: String,
}

/// The calendar of a year.
#[derive(Serialize, ToSchema)]
struct CalendarView {
    year: i32,
    /// Which calendar this is; limits carry it.
    version: String,
    /// Whether the year's holidays are announced; else only weekends and fixed holidays are off.
    announced: bool,
    days: Vec<DayView>,
}

/// What a day is.
#[derive(Debug, Deserialize, ToSchema)]
struct DayRequest {
    /// `off`: nobody works. `work`: people work.
    kind: DayKind,
    /// What the day is called.
    name: String,
}

#[derive(Debug, Deserialize, ToSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum DayKind {
    Work,
    Off,
}

/// What became of a change.
#[derive(Serialize, ToSchema)]
struct DayChanged {
    date: String,
    working: bool,
    /// So many running limits were moved by it.
    moved: usize,
}

/// Shows the exceptional days of a year.
#[utoipa::path(
    get, path = "/calendar", operation_id = "get_calendar", tag = "calendar", params(CalendarQuery),
    responses((status = 200, description = "The calendar", body = CalendarView))
)]
async fn get_calendar(
    State(cases): State<Cases>,
    Auth(_by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<CalendarQuery>,
) -> HttpResult<Json<CalendarView>> {
    let calendar = cases.rule_book().calendar;
    let year = match query.year {
        Some(year) => year,
        None => calendar.date_at(ctx.now.0).map_err(CaseError::from)?.year(),
    };
    Ok(Json(CalendarView {
        year,
        version: calendar.version().to_owned(),
        announced: calendar.is_announced(year),
        days: calendar
            .special_days(year)
            .map(|day| DayView {
                date: day.date.to_string(),
                kind: if day.off { "off" } else { "work" }.to_owned(),
                name: day.name.clone(),
            })
            .collect(),
    }))
}

/// Says what a day is; every running limit is computed afresh.
#[utoipa::path(
    put, path = "/calendar/{date}", operation_id = "set_calendar_day", tag = "calendar",
    params(("date" = String, Path, description = "The day, `2026-10-01`")), request_body = DayRequest,
    responses(
        (status = 200, description = "What became of it", body = DayChanged),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn set_calendar_day(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(date): Path<String>,
    Json(body): Json<DayRequest>,
) -> HttpResult<Json<DayChanged>> {
    by.require("calendar.write")?;
    let date: NaiveDate =
        date.parse().ok().filter(|date: &NaiveDate| (2000..2100).contains(&date.year())).ok_or_else(
            || {
                Problem::invalid().field(
                    "date",
                    "malformed",
                    "日期应如 2026-10-01。",
                    "A date looks like 2026-10-01.",
                )
            },
        )?;
    let change = DayChange { date, off: body.kind == DayKind::Off, name: body.name };
    let moved = cases.set_day(&ctx, &change).await?;
    let working = matches!(cases.rule_book().calendar.day(date), Day::Working | Day::MakeUpDay { .. });
    Ok(Json(DayChanged { date: date.to_string(), working, moved }))
}
