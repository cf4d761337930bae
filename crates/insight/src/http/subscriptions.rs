//! `/report-subscriptions`: reports by mail, to oneself and to colleagues.

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use contract::identity::{PersonId, UnitId};
use kernel::http::{
    Auth, Cell, EXPORT_ROWS_MAX, Json, Path, Query, ReqCtx, Response, download_workbook, local_time,
};
use kernel::problem::ProblemBody;
use kernel::{Cursor, HttpResult, Lang, Page, Principal, Problem, Scope};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::reports::{ReportFile, ReportQuery, known, report_file};
use super::special::{assessment_file, special_file};
use crate::Insight;
use crate::error::InsightError;
use crate::report::catalogue;
use crate::report::period::Period;
use crate::special;
use crate::store::subscription::{Subscription, Wish};
use crate::store::subscription_run::Run;
use crate::subscription::{ASSESSMENT, SPECIAL, Span, local_day, reason_words};

/// The longest name and the longest question.
const NAME_MAX: usize = 40;
const QUERY_MAX: usize = 4_000;
/// So many people are found at once.
const FOUND_MAX: usize = 20;

pub(super) fn routes() -> OpenApiRouter<Insight> {
    OpenApiRouter::new()
        .routes(routes!(list_report_subscriptions, create_report_subscription))
        .routes(routes!(update_report_subscription, delete_report_subscription))
        .routes(routes!(pause_report_subscription, resume_report_subscription))
        .routes(routes!(leave_report_subscription))
        .routes(routes!(list_report_runs, create_report_run))
        .routes(routes!(export_report_runs))
        .routes(routes!(list_report_receivers))
}

/// Makes a report's file with somebody's rights. `query` is the part of the report's address after the question mark;
/// its days are left out.
///
/// # Errors
/// When the report does not exist, its settings are wrong, or the engine refuses.
pub(crate) async fn make_file(
    insight: &Insight,
    by: &Principal,
    reach: Scope,
    report: &str,
    query: &str,
    period: Period,
    lang: Lang,
) -> HttpResult<ReportFile> {
    let query = about(query, period)?;
    match report {
        SPECIAL => special_file(insight, by, reach, &query.into(), lang).await,
        ASSESSMENT => assessment_file(insight, by, reach, &query.into(), lang).await,
        id => report_file(insight, by, reach, known(id)?, &query, lang).await,
    }
}

/// Reads a report's address, about these days.
fn about(query: &str, period: Period) -> HttpResult<ReportQuery> {
    let wrong = || InsightError::question("query", "报表设置无效。", "The report's settings are not valid.");
    let uri: Uri = format!("/?{query}").parse().map_err(|_| wrong())?;
    let axum::extract::Query(read) =
        axum::extract::Query::<ReportQuery>::try_from_uri(&uri).map_err(|_| wrong())?;
    Ok(ReportQuery { from: period.from.to_string(), to: period.to.to_string(), ..read })
}

/// Somebody who gets a report.
#[derive(Serialize, ToSchema)]
struct ReportReceiver {
    id: String,
    name: String,
    unit: String,
    /// Whether an e-mail address is known.
    address: bool,
}

/// A report that is sent by mail.
#[derive(Serialize, ToSchema)]
struct ReportSubscriptionView {
    id: String,
    name: String,
    /// The report of the catalogue, `special` or `risk-assessment`.
    report: String,
    report_title: String,
    /// The part of the report's address after the question mark.
    query: String,
    /// `yesterday`, `last_week`, `last_month`, `last_quarter`, `last_year`.
    span: String,
    /// `xlsx` or `docx`.
    format: String,
    /// `day`, `week`, `month`.
    every: String,
    /// The day of the week (1 Monday to 7 Sunday) or of the month.
    on_day: i64,
    hour: i64,
    /// `active` or `paused`.
    state: String,
    /// `owner` when its owner may not sign in or read reports any more.
    paused_why: Option<String>,
    /// The next time, epoch milliseconds.
    next_at: i64,
    /// Whether it is the reader's own.
    own: bool,
    owner: String,
    /// Who gets it; of somebody else's only the reader.
    receivers: Vec<ReportReceiver>,
    /// What became of the last time.
    last: Option<ReportRunView>,
    version: i64,
}

/// The reader's subscriptions.
#[derive(Serialize, ToSchema)]
struct ReportSubscriptions {
    items: Vec<ReportSubscriptionView>,
    /// Whether a mail server is named in the settings.
    ready: bool,
    /// Whether the reader's own address is known.
    address: bool,
}

/// What became of one time for one receiver.
#[derive(Serialize, ToSchema)]
struct ReportRunView {
    id: String,
    /// When it was due, epoch milliseconds.
    due_at: i64,
    person: String,
    /// `waiting`, `sending`, `sent`, `failed`, `unclear`.
    state: String,
    /// Why it was not sent (yet).
    reason: Option<String>,
    tries: i64,
    /// When it is tried again, epoch milliseconds.
    next_at: Option<i64>,
    done_at: Option<i64>,
}

/// What somebody subscribes to.
#[derive(Debug, Deserialize, ToSchema)]
struct ReportSubscriptionRequest {
    /// Its name, 1 to 40 characters.
    name: String,
    /// The report of the catalogue, `special` or `risk-assessment`.
    report: String,
    /// The part of the report's address after the question mark.
    #[serde(default)]
    query: String,
    /// `yesterday`, `last_week`, `last_month`, `last_quarter`, `last_year`.
    span: String,
    /// `day`, `week`, `month`.
    every: String,
    /// The day of the week (1 Monday to 7 Sunday) or of the month.
    #[serde(default)]
    on_day: i64,
    /// 0 to 23, by the city's clock.
    hour: i64,
    /// Ids of those who get it; others than oneself take `report.share`.
    receivers: Vec<String>,
    /// Of a change: the version that was read.
    #[serde(default)]
    version: i64,
}

/// The id of what was made.
#[derive(Serialize, ToSchema)]
struct ReportSubscriptionId {
    id: String,
}

/// Which page.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RunsQuery {
    /// The word of the page before.
    cursor: Option<String>,
    /// Rows of a page.
    limit: Option<u32>,
}

/// Whom to look for.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ReceiversQuery {
    /// A part of the name or account, or the job number.
    q: String,
}

impl ReportSubscriptionRequest {
    async fn wish(self, insight: &Insight, by: &Principal, lang: Lang) -> HttpResult<Wish> {
        let name = self.name.trim().to_owned();
        if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
            let error = InsightError::question(
                "name",
                "名称为 1 到 40 个字。",
                "A name of 1 to 40 characters is needed.",
            );
            return Err(error.into());
        }
        if self.query.chars().count() > QUERY_MAX {
            let error =
                InsightError::question("query", "报表设置无效。", "The report's settings are not valid.");
            return Err(error.into());
        }
        if self.receivers.iter().any(|id| *id != by.person_id) {
            by.require("report.share")?;
        }
        let period = Span::read(&self.span)?.period(local_day(insight.lake().zone(), insight.kit().now().0));
        let query = about(&self.query, period)?;
        // What cannot be asked is said now and not on the day.
        match self.report.as_str() {
            SPECIAL | ASSESSMENT => {
                let part = super::special::SpecialQuery::from(query).part(&special::KEY);
                part.question(insight, known(special::KEY.report)?).await?;
            }
            id => {
                query.question(insight, known(id)?).await?;
            }
        }
        Ok(Wish {
            name,
            report: self.report,
            query: self.query,
            span: self.span,
            every: self.every,
            on_day: self.on_day,
            hour: self.hour,
            lang: lang.pick("zh", "en").to_owned(),
            receivers: self.receivers,
        })
    }
}

fn title(report: &str, lang: Lang) -> String {
    match (report, catalogue::find(report)) {
        (SPECIAL, _) => lang.pick("社情民意专报", "Special report").to_owned(),
        (ASSESSMENT, _) => lang.pick("社会风险评估报告", "Assessment of risks").to_owned(),
        (_, Some(known)) => lang.pick(known.title.0, known.title.1).to_owned(),
        (id, None) => id.to_owned(),
    }
}

fn run_view(run: Run, lang: Lang) -> ReportRunView {
    let waits = run.state == "waiting";
    ReportRunView {
        id: run.id,
        due_at: run.due_at,
        person: run.person_name,
        state: run.state,
        reason: run.reason.map(|code| {
            let (zh, en) = reason_words(&code);
            lang.pick(zh, en).to_owned()
        }),
        tries: run.tries,
        next_at: waits.then_some(run.next_at),
        done_at: run.done_at,
    }
}

async fn receiver_view(insight: &Insight, id: String, name: String) -> HttpResult<ReportReceiver> {
    let directory = &insight.sources().directory;
    let found = directory.receiver(&PersonId(id.clone())).await.map_err(InsightError::Port)?;
    let unit = match &found {
        Some(found) => {
            let unit = directory.unit(&UnitId(found.principal.unit_id.clone())).await;
            unit.map_err(InsightError::Port)?.map(|unit| unit.name).unwrap_or_default()
        }
        None => String::new(),
    };
    Ok(ReportReceiver { id, name, unit, address: found.is_some_and(|found| found.email.is_some()) })
}

async fn view(
    insight: &Insight,
    by: &Principal,
    one: Subscription,
    lang: Lang,
) -> HttpResult<ReportSubscriptionView> {
    let own = one.owner_id == by.person_id;
    let mut receivers = Vec::new();
    for named in insight.receivers(&one.id).await? {
        if own || named.person_id == by.person_id {
            receivers.push(receiver_view(insight, named.person_id, named.person_name).await?);
        }
    }
    let mine = (!own).then_some(by.person_id.as_str());
    let last = insight.mail_runs(&one.id, mine, None, 1).await?.pop().map(|run| run_view(run, lang));
    Ok(ReportSubscriptionView {
        report_title: title(&one.report, lang),
        format: if matches!(one.report.as_str(), SPECIAL | ASSESSMENT) { "docx" } else { "xlsx" }.to_owned(),
        id: one.id,
        name: one.name,
        report: one.report,
        query: one.query,
        span: one.span,
        every: one.every,
        on_day: one.on_day,
        hour: one.hour,
        state: one.state,
        paused_why: one.paused_why,
        next_at: one.next_at,
        own,
        owner: one.owner_name,
        receivers,
        last,
        version: one.version,
    })
}

/// Lists the reader's own subscriptions and those that the reader gets.
#[utoipa::path(
    get, path = "/report-subscriptions", operation_id = "list_report_subscriptions", tag = "reports",
    responses((status = 200, description = "The subscriptions", body = ReportSubscriptions))
)]
async fn list_report_subscriptions(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
) -> HttpResult<Json<ReportSubscriptions>> {
    by.require("report.read")?;
    let mut items = Vec::new();
    for one in insight.subscriptions(&by).await? {
        items.push(view(&insight, &by, one, ctx.lang).await?);
    }
    let own = receiver_view(&insight, by.person_id.clone(), by.name.clone()).await?;
    Ok(Json(ReportSubscriptions { items, ready: insight.can_mail(), address: own.address }))
}

/// Subscribes to a report.
#[utoipa::path(
    post, path = "/report-subscriptions", operation_id = "create_report_subscription", tag = "reports",
    request_body = ReportSubscriptionRequest,
    responses(
        (status = 201, description = "It is sent from now on", body = ReportSubscriptionId),
        (status = 422, description = "A bad name, time, report or receiver, or too many", body = ProblemBody),
    )
)]
async fn create_report_subscription(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<ReportSubscriptionRequest>,
) -> HttpResult<(StatusCode, Json<ReportSubscriptionId>)> {
    by.require("report.read")?;
    let wish = body.wish(&insight, &by, ctx.lang).await?;
    let id = insight.subscribe(&ctx, &by, &wish).await?;
    Ok((StatusCode::CREATED, Json(ReportSubscriptionId { id })))
}

/// Changes a subscription of one's own.
#[utoipa::path(
    put, path = "/report-subscriptions/{id}", operation_id = "update_report_subscription", tag = "reports",
    params(("id" = String, Path, description = "The subscription")), request_body = ReportSubscriptionRequest,
    responses(
        (status = 204, description = "It is changed"),
        (status = 404, description = "There is none, or it is somebody else's", body = ProblemBody),
        (status = 409, description = "Somebody was faster", body = ProblemBody),
    )
)]
async fn update_report_subscription(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<ReportSubscriptionRequest>,
) -> HttpResult<StatusCode> {
    by.require("report.read")?;
    let version = body.version;
    let wish = body.wish(&insight, &by, ctx.lang).await?;
    insight.change_subscription(&ctx, &by, &id, &wish, version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a subscription of one's own.
#[utoipa::path(
    delete, path = "/report-subscriptions/{id}", operation_id = "delete_report_subscription", tag = "reports",
    params(("id" = String, Path, description = "The subscription")),
    responses(
        (status = 204, description = "Nothing is sent any more"),
        (status = 404, description = "There is none, or it is somebody else's", body = ProblemBody),
    )
)]
async fn delete_report_subscription(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    by.require("report.read")?;
    insight.end_subscription(&ctx, &by, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Pauses a subscription of one's own.
#[utoipa::path(
    post, path = "/report-subscriptions/{id}/pause", operation_id = "pause_report_subscription", tag = "reports",
    params(("id" = String, Path, description = "The subscription")),
    responses(
        (status = 204, description = "Nothing is sent until it goes on"),
        (status = 404, description = "There is none, or it is somebody else's", body = ProblemBody),
    )
)]
async fn pause_report_subscription(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    by.require("report.read")?;
    insight.pause_subscription(&ctx, &by, &id, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a paused subscription go on from the next time.
#[utoipa::path(
    delete, path = "/report-subscriptions/{id}/pause", operation_id = "resume_report_subscription", tag = "reports",
    params(("id" = String, Path, description = "The subscription")),
    responses(
        (status = 204, description = "It goes on"),
        (status = 404, description = "There is none, or it is somebody else's", body = ProblemBody),
    )
)]
async fn resume_report_subscription(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    by.require("report.read")?;
    insight.pause_subscription(&ctx, &by, &id, false).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Stops getting a report that somebody has subscribed to.
#[utoipa::path(
    delete, path = "/report-subscriptions/{id}/reception", operation_id = "leave_report_subscription", tag = "reports",
    params(("id" = String, Path, description = "The subscription")),
    responses(
        (status = 204, description = "The reader gets it no more"),
        (status = 404, description = "The reader does not get it", body = ProblemBody),
    )
)]
async fn leave_report_subscription(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    by.require("report.read")?;
    insight.leave_subscription(&ctx, &by, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a report to the reader now, at most once a minute.
#[utoipa::path(
    post, path = "/report-subscriptions/{id}/runs", operation_id = "create_report_run", tag = "reports",
    params(("id" = String, Path, description = "The subscription")),
    responses(
        (status = 202, description = "It is sent within half a minute"),
        (status = 422, description = "It was sent a moment ago", body = ProblemBody),
    )
)]
async fn create_report_run(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    by.require("report.read")?;
    let found = insight.subscription(&by, &id).await?;
    insight.mail_now(&ctx, &by, &found.id).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Lists what became of a subscription, newest first; of somebody else's what the reader got.
#[utoipa::path(
    get, path = "/report-subscriptions/{id}/runs", operation_id = "list_report_runs", tag = "reports",
    params(("id" = String, Path, description = "The subscription"), RunsQuery),
    responses(
        (status = 200, description = "What became of it", body = Page<ReportRunView>),
        (status = 404, description = "There is none, or it is somebody else's", body = ProblemBody),
    )
)]
async fn list_report_runs(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Query(query): Query<RunsQuery>,
) -> HttpResult<Json<Page<ReportRunView>>> {
    by.require("report.read")?;
    let found = insight.subscription(&by, &id).await?;
    let mine = (found.owner_id != by.person_id).then_some(by.person_id.as_str());
    let limit = kernel::page::limit(query.limit);
    let keys = query.cursor.and_then(|word| Cursor::decode(&word, 2));
    let before = keys.as_ref().and_then(|keys| Some((keys[0].parse().ok()?, keys[1].as_str())));
    let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
    let rows = insight.mail_runs(&id, mine, before, most).await?;
    let page = Page::cut(rows, limit, |run| Cursor::encode(&[run.due_at.to_string(), run.id.clone()]));
    Ok(Json(page.map(|run| run_view(run, ctx.lang))))
}

/// Downloads what became of a subscription as an Excel file.
#[utoipa::path(
    get, path = "/report-subscriptions/{id}/runs.xlsx", operation_id = "export_report_runs", tag = "reports",
    params(("id" = String, Path, description = "The subscription")),
    responses((status = 200, description = "An Excel file", body = String, content_type = "application/octet-stream"))
)]
async fn export_report_runs(
    State(insight): State<Insight>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<Response> {
    by.require("report.read")?;
    let found = insight.subscription(&by, &id).await?;
    let mine = (found.owner_id != by.person_id).then_some(by.person_id.as_str());
    let most = i64::try_from(EXPORT_ROWS_MAX).unwrap_or(i64::MAX);
    let zone = insight.lake().zone();
    let lang = ctx.lang;
    let mut rows = Vec::new();
    for run in insight.mail_runs(&id, mine, None, most).await? {
        let run = run_view(run, lang);
        let state = match run.state.as_str() {
            "sent" => lang.pick("已发送", "Sent"),
            "failed" => lang.pick("失败", "Failed"),
            "unclear" => lang.pick("可能未送达", "May not have arrived"),
            "sending" => lang.pick("发送中", "Being sent"),
            _ => lang.pick("等待发送", "Waiting"),
        };
        rows.push(vec![
            Cell::from(local_time(zone.name(), run.due_at)),
            run.person.into(),
            state.into(),
            run.reason.into(),
            run.tries.into(),
            run.done_at.map(|at| local_time(zone.name(), at)).into(),
        ]);
    }
    let head = lang.pick(
        vec!["应发时间", "收件人", "状态", "原因", "尝试次数", "完成时间"],
        vec!["Due", "Receiver", "State", "Reason", "Tries", "Done"],
    );
    download_workbook("report-mail", head, rows).await
}

/// Finds colleagues to send a report to.
#[utoipa::path(
    get, path = "/report-receivers", operation_id = "list_report_receivers", tag = "reports", params(ReceiversQuery),
    responses((status = 200, description = "At most 20 people", body = Vec<ReportReceiver>))
)]
async fn list_report_receivers(
    State(insight): State<Insight>,
    Auth(by): Auth,
    Query(query): Query<ReceiversQuery>,
) -> HttpResult<Json<Vec<ReportReceiver>>> {
    by.require("report.share")?;
    by.require("report.read")?;
    let text = query.q.trim();
    if text.is_empty() || text.chars().count() > NAME_MAX {
        return Ok(Json(Vec::new()));
    }
    let people = insight.sources().directory.people_like(text, FOUND_MAX).await;
    let mut found = Vec::new();
    for person in people.map_err(|error| Problem::from_internal(error.as_ref()))? {
        found.push(receiver_view(&insight, person.id.0, person.name).await?);
    }
    Ok(Json(found))
}
