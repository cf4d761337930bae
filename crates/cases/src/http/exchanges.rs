//! `/exchanges`: what units write to each other beside orders.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use contract::cases::CaseId;
use kernel::http::{Auth, Cell, Idempotent, Json, Path, Query, ReqCtx, download_workbook, local_time};
use kernel::problem::ProblemBody;
use kernel::{Audit, Ctx, HttpResult, Lang, Page, Principal, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::case::exchange::{ExchangeDraft, ExchangeState};
use crate::error::CaseError;
use crate::http::attachment::AttachmentView;
use crate::http::view::Named;
use crate::store::exchange::{EXPORT_MAX, Exchange, ExchangeFilter, Party, Side};

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new()
        .routes(routes!(list_exchanges, write_exchange))
        .routes(routes!(export_exchanges))
        .routes(routes!(count_unread_exchanges))
        .routes(routes!(get_exchange))
        .routes(routes!(answer_exchange))
        .routes(routes!(read_exchange))
        .routes(routes!(close_exchange, reopen_exchange))
}

/// What narrows the list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct ExchangesQuery {
    /// A part of the subject or of what was written.
    q: Option<String>,
    /// Those that came, or those that went.
    #[param(inline)]
    side: Option<Side>,
    /// Where it stands.
    #[param(inline)]
    state: Option<ExchangeState>,
    /// Only what the reader has not read.
    unread: bool,
    /// Only what should have been answered by now.
    late: bool,
    /// A unit that it is between.
    unit_id: Option<String>,
    /// Written at or after, epoch milliseconds.
    from: Option<i64>,
    /// Written before, epoch milliseconds.
    to: Option<i64>,
    /// The word that came with the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<u32>,
}

/// What a unit writes to others.
#[derive(Debug, Deserialize, ToSchema)]
struct ExchangeRequest {
    /// Whom it is for, 1 to 30 units.
    unit_ids: Vec<String>,
    /// What it is about, at most 100 characters.
    subject: String,
    /// The text, at most 5,000 characters.
    body: String,
    /// The number of the order that it is about; everybody it is for has to do with the order.
    #[serde(default)]
    order: String,
    /// By when an answer is wished for, epoch milliseconds.
    #[serde(default)]
    answer_by: Option<i64>,
    /// Files that were sent before, by their ids; at most 20.
    #[serde(default)]
    files: Vec<String>,
}

/// Something to add.
#[derive(Debug, Deserialize, ToSchema)]
struct ExchangePostRequest {
    /// The text, at most 5,000 characters.
    body: String,
    /// Files that were sent before, by their ids; at most 20.
    #[serde(default)]
    files: Vec<String>,
}

/// The version that the writer saw.
#[derive(Debug, Deserialize, ToSchema)]
struct ExchangeVersion {
    /// The version.
    version: i64,
}

/// The exchange that was begun.
#[derive(Debug, Serialize, ToSchema)]
struct ExchangeMade {
    /// Its id.
    id: String,
}

/// A unit that an exchange is for.
#[derive(Debug, Serialize, ToSchema)]
struct ExchangeParty {
    id: String,
    name: String,
    /// When it answered first, epoch milliseconds.
    answered_at: Option<i64>,
}

/// An exchange as lists show it.
#[derive(Debug, Serialize, ToSchema)]
struct ExchangeItem {
    id: String,
    subject: String,
    /// The unit that wrote.
    unit: Named,
    person_name: String,
    /// Whom it is for.
    to: Vec<ExchangeParty>,
    state: ExchangeState,
    state_name: String,
    /// By when an answer is wished for, epoch milliseconds.
    answer_by: Option<i64>,
    /// Whether that day has passed and somebody has not answered.
    late: bool,
    /// Whether it came from the reader's own unit.
    sent: bool,
    /// Whether the reader has not read all of it.
    unread: bool,
    posts: i64,
    created_at: i64,
    last_at: i64,
    version: i64,
}

/// Something that was written.
#[derive(Debug, Serialize, ToSchema)]
struct ExchangePost {
    id: String,
    unit: Named,
    person_name: String,
    body: String,
    at: i64,
    files: Vec<AttachmentView>,
}

/// An exchange with all that was written.
#[derive(Debug, Serialize, ToSchema)]
struct ExchangeView {
    #[serde(flatten)]
    item: ExchangeItem,
    /// The order that it is about, by number; absent for readers who may not see it.
    order: Option<Named>,
    /// Whether it is about an order that the reader may not see.
    order_hidden: bool,
    written: Vec<ExchangePost>,
    closed_at: Option<i64>,
    closed_by: Option<String>,
    /// Whether the reader may write in it.
    may_answer: bool,
    /// Whether the reader may close it, or take it up again.
    may_close: bool,
}

/// What is unread.
#[derive(Debug, Serialize, ToSchema)]
struct UnreadExchanges {
    /// Exchanges of the reader's own unit in which something is new.
    unread: i64,
}

impl ExchangesQuery {
    fn filter(self, now: Timestamp) -> ExchangeFilter {
        ExchangeFilter {
            text: self.q.map(|q| q.chars().take(50).collect()),
            side: self.side,
            state: self.state,
            unread: self.unread,
            late: self.late.then_some(now),
            unit_id: self.unit_id.filter(|id| !id.is_empty()),
            from: self.from.map(Timestamp),
            to: self.to.map(Timestamp),
            cursor: self.cursor,
        }
    }
}

impl Cases {
    async fn exchange_items(
        &self,
        ctx: &Ctx,
        by: &Principal,
        rows: Vec<Exchange>,
    ) -> HttpResult<Vec<ExchangeItem>> {
        let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
        let parties = self.exchange_parties(&ids).await?;
        let mut parties_of: HashMap<&str, Vec<&Party>> = HashMap::with_capacity(rows.len());
        for party in &parties {
            parties_of.entry(&party.exchange_id).or_default().push(party);
        }
        let mut items = Vec::with_capacity(rows.len());
        for row in rows {
            let own = parties_of.remove(row.id.as_str()).unwrap_or_default();
            items.push(self.exchange_item(ctx, by, row, &own).await?);
        }
        Ok(items)
    }

    async fn exchange_item(
        &self,
        ctx: &Ctx,
        by: &Principal,
        row: Exchange,
        parties: &[&Party],
    ) -> HttpResult<ExchangeItem> {
        let mut to = Vec::new();
        for party in parties.iter().filter(|party| party.sender == 0) {
            let name = self.unit_name(&party.unit_id).await?.unwrap_or_default();
            to.push(ExchangeParty { id: party.unit_id.clone(), name, answered_at: party.answered_at });
        }
        let state = row.state();
        let name = self.unit_name(&row.unit_id).await?.unwrap_or_default();
        Ok(ExchangeItem {
            state_name: state.name(ctx.lang).to_owned(),
            late: state == ExchangeState::Open && row.answer_by.is_some_and(|at| at < ctx.now.0),
            sent: row.unit_id == by.unit_id,
            unread: row.read_at < row.last_at,
            unit: Named { id: row.unit_id, name },
            id: row.id,
            subject: row.subject,
            person_name: row.person_name,
            to,
            state,
            answer_by: row.answer_by,
            posts: row.posts,
            created_at: row.created_at,
            last_at: row.last_at,
            version: row.version,
        })
    }

    async fn exchange_view(&self, ctx: &Ctx, by: &Principal, row: Exchange) -> HttpResult<ExchangeView> {
        let (posts, files) = self.exchange_posts(&row.id).await?;
        let mut written = Vec::with_capacity(posts.len());
        for post in posts {
            let name = self.unit_name(&post.unit_id).await?.unwrap_or_default();
            let own = files.iter().filter(|file| file.entry_id.as_deref() == Some(post.id.as_str()));
            written.push(ExchangePost {
                files: own.cloned().map(Into::into).collect(),
                unit: Named { id: post.unit_id, name },
                id: post.id,
                person_name: post.person_name,
                body: post.body,
                at: post.at,
            });
        }
        let order = match &row.case_id {
            None => None,
            Some(id) => match self.read(by, &CaseId(id.clone())).await {
                Ok(case) => Some(Named { id: case.id.0, name: case.number }),
                Err(CaseError::NotFound | CaseError::Forbidden(_)) => None,
                Err(error) => return Err(error.into()),
            },
        };
        let order_hidden = row.case_id.is_some() && order.is_none();
        let (closed_at, closed_by) = (row.closed_at, row.closed_by.clone());
        let parties = self.exchange_parties(std::slice::from_ref(&row.id)).await?;
        let writes = by.has("exchange.write");
        let party = parties.iter().any(|one| one.unit_id == by.unit_id);
        let item = self.exchange_item(ctx, by, row, &parties.iter().collect::<Vec<_>>()).await?;
        Ok(ExchangeView {
            may_answer: writes && party && closed_at.is_none(),
            may_close: writes && item.sent,
            item,
            order,
            order_hidden,
            written,
            closed_at,
            closed_by,
        })
    }

    async fn exchange_rows(
        &self,
        ctx: &Ctx,
        by: &Principal,
        filter: &ExchangeFilter,
    ) -> HttpResult<Vec<Vec<Cell>>> {
        let zone = self.kit().config.zone.clone();
        let page = self.exchanges(by, filter, EXPORT_MAX).await?;
        let items = self.exchange_items(ctx, by, page.items).await?;
        let row = |item: ExchangeItem| -> Vec<Cell> {
            let waiting: Vec<&str> = item
                .to
                .iter()
                .filter(|unit| unit.answered_at.is_none())
                .map(|unit| unit.name.as_str())
                .collect();
            let waiting = waiting.join("、");
            vec![
                local_time(&zone, item.created_at).into(),
                item.unit.name.into(),
                item.person_name.into(),
                item.to.iter().map(|unit| unit.name.as_str()).collect::<Vec<_>>().join("、").into(),
                item.subject.into(),
                item.state_name.into(),
                item.answer_by.map(|at| local_time(&zone, at)).into(),
                waiting.into(),
                item.posts.to_string().into(),
                local_time(&zone, item.last_at).into(),
            ]
        };
        Ok(items.into_iter().map(row).collect())
    }
}

fn head(lang: Lang) -> Vec<&'static str> {
    lang.pick(
        vec![
            "发起时间",
            "发起单位",
            "发起人",
            "收件单位",
            "主题",
            "状态",
            "希望答复日期",
            "未回复单位",
            "条数",
            "最近更新",
        ],
        vec![
            "Begun",
            "From",
            "By",
            "To",
            "Subject",
            "State",
            "Answer wished by",
            "Not answered",
            "Posts",
            "Last",
        ],
    )
}

/// Lists exchanges of the reader's units, those that something was written in last first.
#[utoipa::path(
    get, path = "/exchanges", operation_id = "list_exchanges", tag = "cases", params(ExchangesQuery),
    responses((status = 200, description = "A page of exchanges", body = Page<ExchangeItem>))
)]
async fn list_exchanges(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<ExchangesQuery>,
) -> HttpResult<Json<Page<ExchangeItem>>> {
    by.require("exchange.read")?;
    let limit = kernel::page::limit(query.limit);
    let page = cases.exchanges(&by, &query.filter(ctx.now), limit).await?;
    let items = cases.exchange_items(&ctx, &by, page.items).await?;
    Ok(Json(Page { items, next_cursor: page.next_cursor, total: None }))
}

/// Exports exchanges as an Excel file.
#[utoipa::path(
    get, path = "/exchanges.xlsx", operation_id = "export_exchanges", tag = "cases", params(ExchangesQuery),
    responses((status = 200, description = "An Excel file"))
)]
async fn export_exchanges(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<ExchangesQuery>,
) -> HttpResult<Response> {
    by.require("exchange.read")?;
    let filter = ExchangeFilter { cursor: None, ..query.filter(ctx.now) };
    let rows = cases.exchange_rows(&ctx, &by, &filter).await?;
    let mut tx = cases.kit().db.begin().await.map_err(CaseError::from)?;
    tx.audit(&ctx, Audit::new("exchange.export", "exchange", "").detail(json!({ "rows": rows.len() })));
    tx.commit().await.map_err(CaseError::from)?;
    download_workbook("exchanges", head(ctx.lang), rows).await
}

/// Counts exchanges of the reader's own unit in which something is new.
#[utoipa::path(
    get, path = "/exchanges/summary", operation_id = "count_unread_exchanges", tag = "cases",
    responses((status = 200, description = "The count", body = UnreadExchanges))
)]
async fn count_unread_exchanges(
    State(cases): State<Cases>,
    Auth(by): Auth,
) -> HttpResult<Json<UnreadExchanges>> {
    by.require("exchange.read")?;
    Ok(Json(UnreadExchanges { unread: cases.unread_exchanges(&by).await? }))
}

/// Writes to other units.
#[utoipa::path(
    post, path = "/exchanges", operation_id = "write_exchange", tag = "cases",
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key and body are written once")),
    request_body = ExchangeRequest,
    responses(
        (status = 201, description = "The exchange", body = ExchangeMade),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn write_exchange(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    request: Idempotent<ExchangeRequest>,
) -> HttpResult<Response> {
    by.require("exchange.write")?;
    if let Some(replayed) = request.idem.replay(cases.kit()).await? {
        return Ok(replayed);
    }
    let body = request.body;
    let draft = ExchangeDraft {
        unit_ids: body.unit_ids,
        subject: body.subject,
        body: body.body,
        order: body.order,
        answer_by: body.answer_by.map(Timestamp),
        files: body.files,
    };
    let made = |id: &str| ExchangeMade { id: id.to_owned() };
    let remember = |id: &str| request.idem.answer(cases.kit(), StatusCode::CREATED, &made(id));
    let id = cases.write_exchange(&ctx, &by, &draft, remember).await?;
    Ok((StatusCode::CREATED, Json(made(&id))).into_response())
}

/// Shows an exchange with all that was written.
#[utoipa::path(
    get, path = "/exchanges/{id}", operation_id = "get_exchange", tag = "cases",
    params(("id" = String, Path, description = "The exchange")),
    responses((status = 200, description = "The exchange", body = ExchangeView))
)]
async fn get_exchange(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<Json<ExchangeView>> {
    by.require("exchange.read")?;
    let row = cases.exchange(&by, &id).await?;
    Ok(Json(cases.exchange_view(&ctx, &by, row).await?))
}

/// Answers, or adds something.
#[utoipa::path(
    post, path = "/exchanges/{id}/posts", operation_id = "answer_exchange", tag = "cases",
    params(("id" = String, Path, description = "The exchange")), request_body = ExchangePostRequest,
    responses(
        (status = 200, description = "The exchange afterwards", body = ExchangeView),
        (status = 409, description = "exchange.closed, exchange.not_party or exchange.full", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn answer_exchange(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<ExchangePostRequest>,
) -> HttpResult<Json<ExchangeView>> {
    by.require("exchange.write")?;
    cases.answer_exchange(&ctx, &by, &id, &body.body, &body.files).await?;
    let row = cases.exchange(&by, &id).await?;
    Ok(Json(cases.exchange_view(&ctx, &by, row).await?))
}

/// Notes that the reader has read it.
#[utoipa::path(
    put, path = "/exchanges/{id}/reading", operation_id = "read_exchange", tag = "cases",
    params(("id" = String, Path, description = "The exchange")), responses((status = 204))
)]
async fn read_exchange(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    by.require("exchange.read")?;
    cases.read_exchange(&by, &id, ctx.now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Closes an exchange.
#[utoipa::path(
    post, path = "/exchanges/{id}/closure", operation_id = "close_exchange", tag = "cases",
    params(("id" = String, Path, description = "The exchange")), request_body = ExchangeVersion,
    responses((status = 204), (status = 409, description = "exchange.not_party or stale_version", body = ProblemBody))
)]
async fn close_exchange(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<ExchangeVersion>,
) -> HttpResult<StatusCode> {
    by.require("exchange.write")?;
    cases.close_exchange(&ctx, &by, &id, body.version, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes an exchange up again.
#[utoipa::path(
    delete, path = "/exchanges/{id}/closure", operation_id = "reopen_exchange", tag = "cases",
    params(("id" = String, Path, description = "The exchange")), request_body = ExchangeVersion,
    responses((status = 204), (status = 409, description = "exchange.not_party or stale_version", body = ProblemBody))
)]
async fn reopen_exchange(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<ExchangeVersion>,
) -> HttpResult<StatusCode> {
    by.require("exchange.write")?;
    cases.close_exchange(&ctx, &by, &id, body.version, false).await?;
    Ok(StatusCode::NO_CONTENT)
}
