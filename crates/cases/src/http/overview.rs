//! `GET /overview` (ORD-29) and `GET /figures/me` (AGT-21).

use axum::extract::State;
use contract::identity::UnitId;
use kernel::http::{Auth, Json, Query, ReqCtx};
use kernel::{HttpResult, Lang, Problem, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::case::{Kind, Source, Status};
use crate::error::CaseError;
use crate::store::figures::Figures;
use crate::store::overview::{Count, OverviewFilter};

/// The span that is shown when none is asked for, in days.
const SPAN_DAYS: i64 = 30;
/// The longest span, in days.
const SPAN_DAYS_MAX: i64 = 3 * 366;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(get_overview)).routes(routes!(get_my_figures))
}

/// What the figures are about.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct OverviewQuery {
    /// Written at or after, epoch milliseconds; 30 days ago when absent.
    from: Option<i64>,
    /// Written before, epoch milliseconds; now when absent.
    to: Option<i64>,
    /// The unit in charge or one below.
    unit_id: Option<String>,
    /// The district.
    district: Option<String>,
}

/// Totals of a span.
#[derive(Serialize, ToSchema)]
struct Totals {
    /// Orders written.
    total: i64,
    /// Not settled yet.
    open: i64,
    settled: i64,
    /// Beyond a limit now.
    overdue: i64,
}

/// A word with a number.
#[derive(Serialize, ToSchema)]
struct NamedCount {
    /// The code; absent where orders have none.
    code: Option<String>,
    /// What it is called.
    name: String,
    count: i64,
}

/// A day with a number.
#[derive(Serialize, ToSchema)]
struct DayCount {
    /// `2026-03-02`.
    day: String,
    count: i64,
}

/// A bad rating.
#[derive(Serialize, ToSchema)]
struct BadRatingView {
    rating_id: String,
    case_id: String,
    case_number: String,
    case_title: String,
    stars: i64,
    comment: String,
    given_at: i64,
    state: String,
}

/// Figures for leaders.
#[derive(Serialize, ToSchema)]
struct OverviewView {
    from: i64,
    to: i64,
    totals: Totals,
    by_type: Vec<NamedCount>,
    /// The largest categories of the first level.
    by_category: Vec<NamedCount>,
    by_district: Vec<NamedCount>,
    by_status: Vec<NamedCount>,
    by_source: Vec<NamedCount>,
    by_day: Vec<DayCount>,
    /// The share of results that kept their limit, 0 to 1; absent without results.
    on_time_rate: Option<f64>,
    /// The share of ratings with three stars or more, 0 to 1; absent without ratings.
    satisfaction_rate: Option<f64>,
    recent_bad_ratings: Vec<BadRatingView>,
}

/// A person's own figures.
#[derive(Serialize, ToSchema)]
struct MyFigures {
    today: FiguresView,
    week: FiguresView,
    month: FiguresView,
}

/// What a person has done in a span.
#[derive(Serialize, ToSchema)]
struct FiguresView {
    written: i64,
    answered_at_once: i64,
    tasks_done: i64,
    tasks_in_time: i64,
    rated: i64,
    /// The mean of the stars; absent without ratings.
    stars_mean: Option<f64>,
}

fn share(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn named(counts: Vec<Count>, lang: Lang, name: impl Fn(&str) -> Option<String>) -> Vec<NamedCount> {
    counts
        .into_iter()
        .map(|Count { word, count }| NamedCount {
            name: match &word {
                Some(code) => name(code).unwrap_or_else(|| code.clone()),
                None => lang.pick("未填写", "Not given").to_owned(),
            },
            code: word,
            count,
        })
        .collect()
}

/// Shows figures within the reader's scope.
#[utoipa::path(
    get, path = "/overview", operation_id = "get_overview", tag = "overview", params(OverviewQuery),
    responses((status = 200, description = "The figures", body = OverviewView))
)]
async fn get_overview(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<OverviewQuery>,
) -> HttpResult<Json<OverviewView>> {
    by.require("overview.read")?;
    let to = query.to.map_or(ctx.now.plus_millis(1), Timestamp);
    let from = query.from.map_or(to.plus_secs(-SPAN_DAYS * 86_400), Timestamp);
    if !(0..=SPAN_DAYS_MAX * 86_400_000).contains(&to.millis_since(from)) {
        return Err(Problem::invalid().field(
            "from",
            "out_of_range",
            "统计区间最长三年。",
            "At most three years.",
        ));
    }
    let unit_path = match query.unit_id.filter(|id| !id.is_empty()) {
        None => None,
        Some(id) => {
            let unit = cases.ports().directory.unit(&UnitId(id)).await.map_err(CaseError::Port)?;
            Some(unit.ok_or_else(Problem::not_found)?.path)
        }
    };
    let filter =
        OverviewFilter { from, to, unit_path, district: query.district.filter(|name| !name.is_empty()) };
    let overview = cases.overview(&by, &filter, ctx.now).await?;
    let lang = ctx.lang;
    Ok(Json(OverviewView {
        from: from.0,
        to: to.0,
        totals: Totals {
            total: overview.totals.total,
            open: overview.totals.open,
            settled: overview.totals.settled,
            overdue: overview.totals.overdue,
        },
        by_type: named(overview.by_type, lang, |code| Some(Kind::parse(code)?.name(lang).to_owned())),
        by_category: named(overview.by_category, lang, |_| None),
        by_district: named(overview.by_district, lang, |_| None),
        by_status: named(overview.by_status, lang, |code| Some(Status::parse(code)?.name(lang).to_owned())),
        by_source: named(overview.by_source, lang, |code| Some(Source::parse(code)?.name(lang).to_owned())),
        by_day: overview
            .by_day
            .into_iter()
            .filter_map(|Count { word, count }| Some(DayCount { day: word?, count }))
            .collect(),
        on_time_rate: share(overview.totals.kept, overview.totals.judged),
        satisfaction_rate: share(overview.totals.satisfied, overview.totals.rated),
        recent_bad_ratings: overview
            .bad_ratings
            .into_iter()
            .map(|bad| BadRatingView {
                rating_id: bad.rating_id,
                case_id: bad.case_id,
                case_number: bad.number,
                case_title: bad.title,
                stars: bad.stars,
                comment: bad.comment,
                given_at: bad.given_at,
                state: bad.state,
            })
            .collect(),
    }))
}

impl From<Figures> for FiguresView {
    fn from(figures: Figures) -> Self {
        Self {
            written: figures.written,
            answered_at_once: figures.answered_at_once,
            tasks_done: figures.tasks_done,
            tasks_in_time: figures.tasks_in_time,
            rated: figures.rated,
            stars_mean: share(figures.stars, figures.rated),
        }
    }
}

/// Shows what the reader has done today, in the last 7 and in the last 30 days.
#[utoipa::path(
    get, path = "/figures/me", operation_id = "get_my_figures", tag = "overview",
    responses((status = 200, description = "The figures", body = MyFigures))
)]
async fn get_my_figures(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
) -> HttpResult<Json<MyFigures>> {
    let calendar = cases.rule_book().calendar;
    let today =
        calendar.date_at(ctx.now.0).and_then(|date| calendar.start_of(date)).map_err(CaseError::from)?;
    let since = |days: i64| Timestamp(today).plus_secs(-days * 86_400);
    Ok(Json(MyFigures {
        today: cases.figures(&by, since(0)).await?.into(),
        week: cases.figures(&by, since(6)).await?.into(),
        month: cases.figures(&by, since(29)).await?.into(),
    }))
}
