//! `/warnings`: early warnings, the orders behind them, who looks into them and what came of it.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::http::{Auth, Cell, Json, Path, Query, ReqCtx, Response, download_workbook, local_time};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Lang, Page};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Insight;
use crate::error::InsightError;
use crate::names::Names;
use crate::report::dimension;
use crate::store::warning_list::{Warning, WarningFilter};
use crate::warning::Kind;

/// Rows of an export.
const EXPORT_MAX: usize = 20_000;
/// Days over which the hit rate is told.
const HIT_DAYS: i64 = 90;

pub(super) fn routes() -> OpenApiRouter<Insight> {
    OpenApiRouter::new()
        .routes(routes!(list_warnings))
        .routes(routes!(export_warnings))
        .routes(routes!(sum_warnings_up))
        .routes(routes!(show_warning))
        .routes(routes!(take_warning))
        .routes(routes!(close_warning))
}

/// Which warnings.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct WarningQuery {
    /// `open`, `new`, `taken`, `closed`; all when absent.
    state: Option<String>,
    /// `surge`, `topic`, `repeat`, `group`, `words`.
    kind: Option<String>,
    /// At least so grave, 1 to 3.
    severity: Option<i64>,
    district: Option<String>,
    /// Only the reader's own.
    mine: Option<bool>,
    /// `real` or `false`.
    verdict: Option<String>,
    /// Raised at or after, epoch milliseconds.
    from: Option<i64>,
    /// Raised before, epoch milliseconds.
    to: Option<i64>,
    cursor: Option<String>,
    limit: Option<u32>,
}

impl WarningQuery {
    fn filter(&self, person: &str) -> WarningFilter {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        WarningFilter {
            state: given(&self.state),
            kind: given(&self.kind),
            severity: self.severity,
            district: given(&self.district),
            owner: self.mine.unwrap_or(false).then(|| person.to_owned()),
            verdict: given(&self.verdict),
            from: self.from,
            to: self.to,
        }
    }
}

/// A warning.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct WarningView {
    id: String,
    /// What people call it by, such as YJ00012.
    number: String,
    kind: String,
    kind_name: String,
    /// What it is about, in one sentence.
    text: String,
    rule: String,
    /// 1 low, 2 middle, 3 high.
    severity: i64,
    /// `new`, `taken`, `closed`.
    state: String,
    category: Option<String>,
    district: Option<String>,
    place: Option<String>,
    words: Vec<String>,
    orders: i64,
    callers: i64,
    /// How many orders are usual in the window.
    expected: Option<f64>,
    /// How likely so many are by chance.
    chance: Option<f64>,
    first_at: i64,
    last_at: i64,
    raised_at: i64,
    unit: String,
    /// Who was told.
    told: Vec<String>,
    /// By when it is to be closed.
    due_at: i64,
    owner_id: Option<String>,
    owner: Option<String>,
    taken_at: Option<i64>,
    closed_at: Option<i64>,
    /// `real` or `false`.
    verdict: Option<String>,
    note: Option<String>,
    version: i64,
}

/// A page of warnings.
#[derive(Serialize, ToSchema)]
struct WarningPage {
    items: Vec<WarningView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    total: Option<i64>,
}

/// Open warnings, and how often closed ones were real.
#[derive(Serialize, ToSchema)]
struct WarningSummary {
    new: i64,
    taken: i64,
    /// The reader's own open ones.
    mine: i64,
    /// Open ones of the highest severity.
    high: i64,
    /// Of the last 90 days, by kind.
    hits: Vec<WarningHits>,
}

/// How often warnings of a kind were real.
#[derive(Serialize, ToSchema)]
struct WarningHits {
    kind: String,
    kind_name: String,
    closed: i64,
    real: i64,
}

/// An order behind a warning.
#[derive(Serialize, ToSchema)]
struct WarningCase {
    id: String,
    number: String,
    title: String,
    status: String,
    created_at: i64,
}

/// An hour.
#[derive(Serialize, ToSchema)]
struct WarningHour {
    /// When it begins, epoch milliseconds.
    at: i64,
    /// Orders that came.
    count: i64,
    /// Orders that are usual; only of a sudden rise.
    usual: Option<f64>,
}

/// A warning with what stands behind it.
#[derive(Serialize, ToSchema)]
struct WarningDetail {
    warning: WarningView,
    /// The newest orders that the reader may open.
    cases: Vec<WarningCase>,
    /// Orders behind it that the reader may not open, or that are not shown.
    hidden: i64,
    /// Orders by hour.
    hours: Vec<WarningHour>,
    /// Whether the reader may take or close it.
    handles: bool,
}

/// The version that was read.
#[derive(Deserialize, ToSchema)]
struct WarningTaking {
    version: i64,
}

/// What came of it.
#[derive(Deserialize, ToSchema)]
struct WarningClosing {
    version: i64,
    /// `real` or `false`.
    verdict: String,
    /// What was found, 1 to 500 characters.
    note: String,
}

async fn view(
    insight: &Insight,
    names: &mut Names<'_>,
    warning: &Warning,
    lang: Lang,
) -> Result<WarningView, InsightError> {
    let name = |id: &str| dimension::find("orders", id);
    let category = match (name("category"), &warning.category_id) {
        (Some(one), Some(id)) => Some(names.name(one, id).await?),
        _ => None,
    };
    let unit = match name("unit") {
        Some(one) => names.name(one, &warning.unit_id).await?,
        None => String::new(),
    };
    Ok(WarningView {
        id: warning.id.clone(),
        number: warning.label(),
        kind: warning.kind.clone(),
        kind_name: Kind::parse(&warning.kind)
            .map_or_else(|| warning.kind.clone(), |kind| kind.name(lang).to_owned()),
        text: insight.sentence(warning, lang).await?,
        rule: warning.rule_name.clone(),
        severity: warning.severity,
        state: warning.state.clone(),
        category,
        district: warning.district.clone(),
        place: warning.place.clone(),
        words: warning.found_words(),
        orders: warning.orders,
        callers: warning.callers,
        expected: warning.expected,
        chance: warning.chance,
        first_at: warning.first_at,
        last_at: warning.last_at,
        raised_at: warning.raised_at,
        unit,
        told: warning.told_names(),
        due_at: warning.due_at,
        owner_id: warning.owner_id.clone(),
        owner: warning.owner_name.clone(),
        taken_at: warning.taken_at,
        closed_at: warning.closed_at,
        verdict: warning.verdict.clone(),
        note: warning.note.clone(),
        version: warning.version,
    })
}

async fn views(
    insight: &Insight,
    warnings: &[Warning],
    lang: Lang,
) -> Result<Vec<WarningView>, InsightError> {
    let mut names = Names::new(insight.sources(), lang);
    let mut views = Vec::with_capacity(warnings.len());
    for warning in warnings {
        views.push(view(insight, &mut names, warning, lang).await?);
    }
    Ok(views)
}

/// Lists warnings, the newest first.
#[utoipa::path(
    get, path = "/warnings", operation_id = "list_warnings", tag = "warnings", params(WarningQuery),
    responses((status = 200, description = "The warnings", body = WarningPage))
)]
async fn list_warnings(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<WarningQuery>,
) -> HttpResult<Json<WarningPage>> {
    let reach = by.require("warning.read")?;
    let limit = kernel::page::limit(query.limit);
    let filter = query.filter(&by.person_id);
    let page: Page<Warning> = insight.warnings(&by, reach, &filter, query.cursor.as_deref(), limit).await?;
    let items = views(&insight, &page.items, ctx.lang).await?;
    Ok(Json(WarningPage { items, next_cursor: page.next_cursor, total: page.total }))
}

/// The same as a workbook.
#[utoipa::path(
    get, path = "/warnings.xlsx", operation_id = "export_warnings", tag = "warnings", params(WarningQuery),
    responses((status = 200, description = "A workbook", content_type = "application/octet-stream", body = String))
)]
async fn export_warnings(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<WarningQuery>,
) -> HttpResult<Response> {
    let reach = by.require("warning.read")?;
    let filter = query.filter(&by.person_id);
    let lang = ctx.lang;
    let page = insight.warnings(&by, reach, &filter, None, EXPORT_MAX).await?;
    let zone = insight.lake().zone();
    let at = |at: Option<i64>| -> Cell { at.map(|at| local_time(zone.name(), at)).into() };
    let rows = views(&insight, &page.items, lang)
        .await?
        .into_iter()
        .map(|one| -> Vec<Cell> {
            vec![
                one.number.into(),
                one.kind_name.into(),
                severity(one.severity, lang).into(),
                state(&one.state, lang).into(),
                one.text.into(),
                one.orders.into(),
                one.expected.map_or(Cell::Empty, Cell::Number),
                one.unit.into(),
                one.told.join(" ").into(),
                one.owner.into(),
                at(Some(one.raised_at)),
                at(one.closed_at),
                one.verdict
                    .map(|verdict| match verdict.as_str() {
                        "real" => lang.pick("属实", "real").to_owned(),
                        _ => lang.pick("误报", "false").to_owned(),
                    })
                    .into(),
                one.note.into(),
            ]
        })
        .collect();
    let head = match lang {
        Lang::Zh => vec![
            "编号",
            "类别",
            "级别",
            "状态",
            "内容",
            "工单数",
            "往常",
            "单位",
            "已告知",
            "处置人",
            "发现时间",
            "办结时间",
            "结论",
            "核实情况",
        ],
        Lang::En => vec![
            "Number", "Kind", "Severity", "State", "About", "Orders", "Usual", "Unit", "Told", "Owner",
            "Raised", "Closed", "Verdict", "Note",
        ],
    };
    download_workbook("warnings", head, rows).await
}

fn severity(number: i64, lang: Lang) -> &'static str {
    match number {
        3.. => lang.pick("高", "high"),
        2 => lang.pick("中", "middle"),
        _ => lang.pick("低", "low"),
    }
}

fn state(code: &str, lang: Lang) -> &'static str {
    match code {
        "taken" => lang.pick("处置中", "taken"),
        "closed" => lang.pick("已办结", "closed"),
        _ => lang.pick("待接手", "new"),
    }
}

/// Counts open warnings and tells how often closed ones were real.
#[utoipa::path(
    get, path = "/warnings/summary", operation_id = "sum_warnings_up", tag = "warnings",
    responses((status = 200, description = "The numbers", body = WarningSummary))
)]
async fn sum_warnings_up(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
) -> HttpResult<Json<WarningSummary>> {
    let reach = by.require("warning.read")?;
    let [new, taken, mine, high] = insight.open_warnings(&by, reach).await?;
    let hits = insight.hit_rates(&by, reach, ctx.now.0 - HIT_DAYS * 86_400_000).await?;
    let hits = hits
        .into_iter()
        .map(|one| WarningHits {
            kind_name: Kind::parse(&one.kind)
                .map_or_else(|| one.kind.clone(), |kind| kind.name(ctx.lang).to_owned()),
            kind: one.kind,
            closed: one.closed,
            real: one.real,
        })
        .collect();
    Ok(Json(WarningSummary { new, taken, mine, high, hits }))
}

/// Shows a warning with the orders behind it that the reader may open.
#[utoipa::path(
    get, path = "/warnings/{id}", operation_id = "show_warning", tag = "warnings",
    params(("id" = String, Path, description = "The warning")),
    responses(
        (status = 200, description = "The warning", body = WarningDetail),
        (status = 404, description = "There is none, or it is not the reader's", body = ProblemBody),
    )
)]
async fn show_warning(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<Json<WarningDetail>> {
    let reach = by.require("warning.read")?;
    let warning = insight.warning(&by, reach, &id).await?;
    let (times, lines) = insight.behind_warning(&by, &id).await?;
    let mut names = Names::new(insight.sources(), ctx.lang);
    let status = dimension::find("orders", "status");
    let mut cases = Vec::with_capacity(lines.len());
    for line in lines {
        let status = match status {
            Some(one) => names.name(one, &line.status).await?,
            None => line.status,
        };
        cases.push(WarningCase {
            id: line.id,
            number: line.number,
            title: line.title,
            status,
            created_at: line.created_at,
        });
    }
    let hours = insight.hours_of(&warning, &times, ctx.now.0).await?;
    let hours = hours.into_iter().map(|(at, count, usual)| WarningHour { at, count, usual }).collect();
    Ok(Json(WarningDetail {
        hidden: warning.orders - i64::try_from(cases.len()).unwrap_or(0),
        handles: by.has("warning.handle"),
        warning: view(&insight, &mut names, &warning, ctx.lang).await?,
        cases,
        hours,
    }))
}

/// Takes a warning over, also from somebody else.
#[utoipa::path(
    post, path = "/warnings/{id}/ownership", operation_id = "take_warning", tag = "warnings",
    params(("id" = String, Path, description = "The warning")), request_body = WarningTaking,
    responses(
        (status = 204, description = "It is the reader's now"),
        (status = 409, description = "It is closed, or somebody was faster", body = ProblemBody),
    )
)]
async fn take_warning(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<WarningTaking>,
) -> HttpResult<StatusCode> {
    let reach = by.require("warning.handle")?;
    insight.take_warning(&ctx, &by, reach, &id, body.version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Closes a warning that the reader has taken.
#[utoipa::path(
    post, path = "/warnings/{id}/closure", operation_id = "close_warning", tag = "warnings",
    params(("id" = String, Path, description = "The warning")), request_body = WarningClosing,
    responses(
        (status = 204, description = "It is closed"),
        (status = 409, description = "It is closed already, or somebody else's", body = ProblemBody),
        (status = 422, description = "No verdict or no note", body = ProblemBody),
    )
)]
async fn close_warning(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<WarningClosing>,
) -> HttpResult<StatusCode> {
    let reach = by.require("warning.handle")?;
    insight.close_warning(&ctx, &by, reach, &id, (body.version, &body.verdict, &body.note)).await?;
    Ok(StatusCode::NO_CONTENT)
}
