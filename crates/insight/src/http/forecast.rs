//! `/forecast`: the next four weeks of calls or orders, as numbers and as an Excel file.

use axum::extract::State;
use chrono::{Datelike as _, NaiveDate, Timelike as _};
use kernel::http::{Auth, Cell, Json, Query, ReqCtx, Response, download_workbook};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Lang, Principal};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wfm::erlang::Target;

use crate::Insight;
use crate::error::InsightError;
use crate::forecast::{Expected, NEEDED_DAYS, Of, Outlook, Slot};
use crate::report::dimension::Bucket;
use crate::report::period::name_of;

pub(super) fn routes() -> OpenApiRouter<Insight> {
    OpenApiRouter::new().routes(routes!(show_forecast)).routes(routes!(export_forecast))
}

/// What is forecast, and what answering is to reach.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct ForecastQuery {
    /// `calls` (inbound, also when absent) or `orders`.
    of: Option<String>,
    /// Per cent of callers to be answered in time, 50 to 99; 80 when absent.
    level: Option<i64>,
    /// In so many seconds, 5 to 300; 15 when absent.
    within: Option<i64>,
    /// Minutes of a slot: 60 (also when absent) or 30.
    slot: Option<i64>,
}

/// A day to come.
#[derive(Serialize, ToSchema)]
struct ForecastDay {
    day: String,
    /// The expectation.
    mean: f64,
    /// One time in ten it is less.
    low: f64,
    /// One time in ten it is more.
    high: f64,
}

/// An hour or half an hour to come.
#[derive(Serialize, ToSchema)]
struct ForecastHour {
    day: String,
    /// 0 to 23.
    hour: u32,
    /// 0 or 30.
    minute: u32,
    mean: f64,
    low: f64,
    high: f64,
    /// Agents that reach the target; absent when no handling time was measured.
    agents: Option<u32>,
}

/// A past week that was forecast from the days before it.
#[derive(Serialize, ToSchema)]
struct ForecastWeek {
    from: String,
    to: String,
    expected: f64,
    came: f64,
    /// The sum of the days' misses over what came.
    day_error: f64,
    /// The same of the slots.
    hour_error: f64,
    /// The share of slots within their band.
    within: f64,
}

/// A day of the past.
#[derive(Serialize, ToSchema)]
struct ForecastPast {
    day: String,
    count: f64,
}

/// The forecast.
#[derive(Serialize, ToSchema)]
struct ForecastView {
    /// Whole days of history.
    days_known: usize,
    /// Days that a forecast needs.
    days_needed: usize,
    /// Empty when the history is too short.
    days: Vec<ForecastDay>,
    hours: Vec<ForecastHour>,
    /// Past weeks that were tried, the last one first.
    tried: Vec<ForecastWeek>,
    /// The last four weeks.
    past: Vec<ForecastPast>,
    /// How long a call keeps an agent with wrap-up, in seconds.
    handle_secs: Option<f64>,
    /// The share of inbound calls that ask for an agent.
    queued: Option<f64>,
    level: i64,
    within: i64,
    /// Minutes of a slot.
    slot: i64,
}

impl ForecastQuery {
    fn of(&self) -> Result<Of, InsightError> {
        Of::parse(self.of.as_deref().unwrap_or_default())
            .ok_or_else(|| InsightError::question("of", "没有这种预测。", "There is no such forecast."))
    }

    fn target(&self) -> Result<(i64, i64), InsightError> {
        let (level, within) = (self.level.unwrap_or(80), self.within.unwrap_or(15));
        if !(50..=99).contains(&level) {
            return Err(InsightError::question("level", "请填写 50 到 99。", "Between 50 and 99."));
        }
        if !(5..=300).contains(&within) {
            return Err(InsightError::question(
                "within",
                "请填写 5 到 300 秒。",
                "Between 5 and 300 seconds.",
            ));
        }
        Ok((level, within))
    }

    fn slot(&self) -> Result<Slot, InsightError> {
        Slot::parse(self.slot).ok_or_else(|| {
            InsightError::question("slot", "时段为 30 或 60 分钟。", "A slot has 30 or 60 minutes.")
        })
    }

    async fn outlook(&self, insight: &Insight, by: &Principal) -> HttpResult<Outlook> {
        let reach = by.require("report.read")?;
        let (level, within) = self.target()?;
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let target = Target { share: level as f64 / 100.0, within_secs: within as f64 };
        Ok(insight.outlook(by, reach, self.of()?, target, self.slot()?).await?)
    }
}

/// Shows what the next four weeks will bring, how far earlier weeks were missed, and the agents that calls need.
#[utoipa::path(
    get, path = "/forecast", operation_id = "show_forecast", tag = "reports",
    params(ForecastQuery),
    responses(
        (status = 200, description = "The forecast", body = ForecastView),
        (status = 422, description = "Something is asked that does not exist", body = ProblemBody),
    )
)]
async fn show_forecast(
    State(insight): State<Insight>,
    Auth(by): Auth,
    Query(query): Query<ForecastQuery>,
) -> HttpResult<Json<ForecastView>> {
    let told = query.outlook(&insight, &by).await?;
    let (level, within) = query.target()?;
    let day = |one: &Expected| ForecastDay {
        day: one.at.date().to_string(),
        mean: one.mean,
        low: one.low,
        high: one.high,
    };
    let hour = |one: &Expected| ForecastHour {
        day: one.at.date().to_string(),
        hour: one.at.hour(),
        minute: one.at.minute(),
        mean: one.mean,
        low: one.low,
        high: one.high,
        agents: one.agents,
    };
    Ok(Json(ForecastView {
        days_known: told.days_known,
        days_needed: NEEDED_DAYS,
        days: told.days.iter().map(day).collect(),
        hours: told.hours.iter().map(hour).collect(),
        tried: told
            .tried
            .iter()
            .map(|week| ForecastWeek {
                from: week.from.to_string(),
                to: week.to.to_string(),
                expected: week.expected,
                came: week.came,
                day_error: week.day_error,
                hour_error: week.hour_error,
                within: week.within,
            })
            .collect(),
        past: told
            .past
            .iter()
            .map(|(day, count)| ForecastPast { day: day.to_string(), count: *count })
            .collect(),
        handle_secs: told.handling.map(|one| one.secs),
        queued: told.handling.map(|one| one.queued),
        level,
        within,
        slot: query.slot()?.minutes(),
    }))
}

fn weekday(day: NaiveDate, lang: Lang) -> String {
    name_of(Bucket::Weekday, i64::from(day.weekday().num_days_from_monday()), lang == Lang::Zh)
}

/// Downloads the hours of the forecast as an Excel file.
#[utoipa::path(
    get, path = "/forecast.xlsx", operation_id = "export_forecast", tag = "reports",
    params(ForecastQuery),
    responses((status = 200, description = "An Excel file", body = String, content_type = "application/octet-stream"))
)]
async fn export_forecast(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<ForecastQuery>,
) -> HttpResult<Response> {
    let told = query.outlook(&insight, &by).await?;
    let lang = ctx.lang;
    let head: Vec<&'static str> = [
        ("日期", "Day"),
        ("星期", "Weekday"),
        ("时段", "From"),
        ("预测", "Expected"),
        ("下限", "Low"),
        ("上限", "High"),
        ("所需座席", "Agents"),
    ]
    .map(|(zh, en)| lang.pick(zh, en))
    .to_vec();
    let tenth = |value: f64| Cell::Number((value * 10.0).round() / 10.0);
    let row = |one: &Expected| {
        vec![
            one.at.date().to_string().into(),
            weekday(one.at.date(), lang).into(),
            format!("{:02}:{:02}", one.at.hour(), one.at.minute()).into(),
            tenth(one.mean),
            tenth(one.low),
            tenth(one.high),
            one.agents.map(i64::from).into(),
        ]
    };
    download_workbook("forecast", head, told.hours.iter().map(row).collect()).await
}
