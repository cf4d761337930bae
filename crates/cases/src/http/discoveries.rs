//! `/discoveries`: the work log of what units find themselves, and the orders made of it.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use contract::identity::UnitId;
use kernel::http::{Auth, Cell, Json, Path, Query, ReqCtx, download_workbook, local_time};
use kernel::problem::ProblemBody;
use kernel::{Audit, Ctx, HttpResult, Lang, Page, Principal, Problem, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::case::discovery::{DiscoveryDraft, DiscoveryState, Handling, Making};
use crate::case::{Kind, Urgency};
use crate::error::CaseError;
use crate::http::view::PlaceBody;
use crate::store::discovery::{self, Discovery, DiscoveryFilter};

/// So many files an order is written with at most.
const ATTACHED_MAX: usize = 100;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new()
        .routes(routes!(list_discoveries, log_discovery))
        .routes(routes!(export_discoveries))
        .routes(routes!(list_opinion_prompts))
        .routes(routes!(count_discoveries))
        .routes(routes!(change_discovery))
        .routes(routes!(settle_discovery))
        .routes(routes!(order_discovery))
}

/// What narrows the work log.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct DiscoveriesQuery {
    /// A part of title, content or address.
    q: Option<String>,
    /// What became of it.
    #[param(inline)]
    state: Option<DiscoveryState>,
    /// The unit or one below.
    unit_id: Option<String>,
    /// Only what the reader found.
    mine: bool,
    /// Found at or after, epoch milliseconds.
    from: Option<i64>,
    /// Found before, epoch milliseconds.
    to: Option<i64>,
    /// The word that came with the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<u32>,
}

/// A find as it is written down.
#[derive(Debug, Deserialize, ToSchema)]
struct DiscoveryBody {
    /// The version that the writer saw; not looked at when it is new.
    #[serde(default)]
    version: i64,
    /// When it was found, epoch milliseconds; now when absent.
    #[serde(default)]
    found_at: Option<i64>,
    /// The category; needed once an order is made of it.
    #[serde(default)]
    category_id: Option<String>,
    /// What it is, at most 100 characters.
    title: String,
    /// What was seen, at most 5,000 characters.
    content: String,
    /// Where.
    #[serde(default)]
    place: PlaceBody,
}

/// What was done on the spot.
#[derive(Debug, Deserialize, ToSchema)]
struct DiscoverySettlement {
    /// The version that the writer saw.
    version: i64,
    /// What was done.
    note: String,
}

/// How an order is made of a find.
#[derive(Debug, Deserialize, ToSchema)]
struct DiscoveryOrder {
    /// The version that the writer saw.
    version: i64,
    /// The type.
    r#type: Kind,
    /// How much it hurries.
    #[serde(default)]
    urgency: Option<Urgency>,
    /// Who handles it.
    handling: Handling,
    /// Files that were sent before, by their ids.
    #[serde(default)]
    attachments: Vec<String>,
}

/// A find.
#[derive(Debug, Serialize, ToSchema)]
struct DiscoveryView {
    /// The line of the log.
    id: String,
    /// Who found it.
    person_name: String,
    /// The finder's unit.
    unit_id: String,
    /// Its name.
    unit_name: String,
    /// When it was found, epoch milliseconds.
    found_at: i64,
    /// The category.
    category_id: Option<String>,
    /// The category's name with those above it.
    category_name: Option<String>,
    /// What it is.
    title: String,
    /// What was seen.
    content: String,
    /// The district's name.
    district: Option<String>,
    /// The address.
    address: Option<String>,
    /// Longitude in degrees.
    lng: Option<f64>,
    /// Latitude in degrees.
    lat: Option<f64>,
    /// What became of it.
    state: DiscoveryState,
    /// Its name.
    state_name: String,
    /// Who handles the order.
    handling_name: Option<String>,
    /// The order that was made of it.
    case_id: Option<String>,
    /// The order's number.
    case_number: Option<String>,
    /// What was done on the spot.
    note: Option<String>,
    /// When it was written down, epoch milliseconds.
    created_at: i64,
    /// Whether the reader may change it or make an order of it.
    open: bool,
    /// For optimistic locking.
    version: i64,
}

/// The line that was written.
#[derive(Debug, Serialize, ToSchema)]
struct DiscoveryMade {
    /// Its id.
    id: String,
}

/// The order that was made.
#[derive(Debug, Serialize, ToSchema)]
struct DiscoveryOrdered {
    /// The order.
    case_id: String,
    /// Its number.
    number: String,
}

/// How many finds there are.
#[derive(Debug, Serialize, ToSchema)]
struct DiscoveryCount {
    /// All.
    total: i64,
    /// Neither settled nor made into an order.
    logged: i64,
    /// Made into orders.
    ordered: i64,
    /// Settled on the spot.
    settled: i64,
    /// Orders of them that are settled.
    orders_settled: i64,
}

/// What citizens bring up again and again where the reader's unit is in charge.
#[derive(Debug, Serialize, ToSchema)]
struct OpinionPromptView {
    /// The category.
    category_id: String,
    /// The category's name with those above it.
    category_name: String,
    /// The district.
    district: Option<String>,
    /// Orders of citizens in the last 14 days.
    count: i64,
    /// In the 14 days before.
    before: i64,
    /// The newest of them, epoch milliseconds.
    last_at: i64,
}

fn require_reader(by: &Principal) -> Result<(), Problem> {
    if discovery::reach(by).is_none() {
        by.require("case.discover")?;
    }
    Ok(())
}

impl DiscoveriesQuery {
    async fn filter(self, cases: &Cases) -> HttpResult<DiscoveryFilter> {
        let unit_path = match self.unit_id.filter(|id| !id.is_empty()) {
            None => None,
            Some(id) => {
                let unit = cases.ports().directory.unit(&UnitId(id)).await.map_err(CaseError::Port)?;
                Some(unit.map_or_else(|| "//".to_owned(), |unit| unit.path))
            }
        };
        Ok(DiscoveryFilter {
            text: self.q.map(|q| q.chars().take(50).collect()),
            state: self.state,
            unit_path,
            mine: self.mine,
            from: self.from.map(Timestamp),
            to: self.to.map(Timestamp),
            cursor: self.cursor,
        })
    }
}

impl DiscoveryBody {
    fn draft(self, now: Timestamp) -> DiscoveryDraft {
        DiscoveryDraft {
            found_at: self.found_at.map_or(now, Timestamp),
            category_id: self.category_id.filter(|id| !id.is_empty()),
            title: self.title,
            content: self.content,
            place: self.place.into(),
        }
    }
}

impl Cases {
    async fn discovery_view(&self, by: &Principal, row: Discovery, lang: Lang) -> HttpResult<DiscoveryView> {
        let unit_name = self.unit_name(&row.unit_id).await?.unwrap_or_default();
        let state = DiscoveryState::parse(&row.state).unwrap_or(DiscoveryState::Logged);
        Ok(DiscoveryView {
            category_name: row.category_id.as_deref().map(|id| self.category_name(id)),
            unit_name,
            state,
            state_name: state.name(lang).to_owned(),
            handling_name: row
                .handling
                .as_deref()
                .and_then(Handling::parse)
                .map(|handling| handling.name(lang).to_owned()),
            open: state == DiscoveryState::Logged && by.has("case.discover"),
            id: row.id,
            person_name: row.person_name,
            unit_id: row.unit_id,
            found_at: row.found_at,
            category_id: row.category_id,
            title: row.title,
            content: row.content,
            district: row.district,
            address: row.address,
            lng: row.lng,
            lat: row.lat,
            case_id: row.case_id,
            case_number: row.case_number,
            note: row.note,
            created_at: row.created_at,
            version: row.version,
        })
    }

    fn category_name(&self, id: &str) -> String {
        self.categories().get(id).map(|category| category.path_name.clone()).unwrap_or_default()
    }

    async fn discovery_rows(
        &self,
        ctx: &Ctx,
        by: &Principal,
        filter: &DiscoveryFilter,
    ) -> HttpResult<Vec<Vec<Cell>>> {
        let page = self.discoveries(by, filter, discovery::EXPORT_MAX).await?;
        let zone = self.kit().config.zone.clone();
        let mut rows = Vec::with_capacity(page.items.len());
        for row in page.items {
            let view = self.discovery_view(by, row, ctx.lang).await?;
            rows.push(vec![
                local_time(&zone, view.found_at).into(),
                view.unit_name.into(),
                view.person_name.into(),
                view.category_name.into(),
                view.title.into(),
                view.content.into(),
                view.district.into(),
                view.address.into(),
                view.state_name.into(),
                view.handling_name.into(),
                view.case_number.into(),
                view.note.into(),
            ]);
        }
        Ok(rows)
    }
}

/// Lists what units found, newest first.
#[utoipa::path(
    get, path = "/discoveries", operation_id = "list_discoveries", tag = "cases", params(DiscoveriesQuery),
    responses((status = 200, description = "A page of the work log", body = Page<DiscoveryView>))
)]
async fn list_discoveries(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<DiscoveriesQuery>,
) -> HttpResult<Json<Page<DiscoveryView>>> {
    require_reader(&by)?;
    let limit = kernel::page::limit(query.limit);
    let filter = query.filter(&cases).await?;
    let page = cases.discoveries(&by, &filter, limit).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for row in page.items {
        items.push(cases.discovery_view(&by, row, ctx.lang).await?);
    }
    Ok(Json(Page { items, next_cursor: page.next_cursor, total: None }))
}

/// Exports the work log as an Excel file.
#[utoipa::path(
    get, path = "/discoveries.xlsx", operation_id = "export_discoveries", tag = "cases",
    params(DiscoveriesQuery), responses((status = 200, description = "An Excel file"))
)]
async fn export_discoveries(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<DiscoveriesQuery>,
) -> HttpResult<Response> {
    require_reader(&by)?;
    let filter = DiscoveryFilter { cursor: None, ..query.filter(&cases).await? };
    let rows = cases.discovery_rows(&ctx, &by, &filter).await?;
    let mut tx = cases.kit().db.begin().await.map_err(CaseError::from)?;
    tx.audit(&ctx, Audit::new("discovery.export", "discovery", "").detail(json!({"rows": rows.len()})));
    tx.commit().await.map_err(CaseError::from)?;
    let head = ctx.lang.pick(
        vec![
            "发现时间",
            "单位",
            "发现人",
            "事项分类",
            "标题",
            "情况",
            "区域",
            "地址",
            "状态",
            "办理方式",
            "工单编号",
            "现场处置",
        ],
        vec![
            "Found",
            "Unit",
            "Found by",
            "Category",
            "Title",
            "What was seen",
            "District",
            "Address",
            "State",
            "Handled by",
            "Order",
            "Done on the spot",
        ],
    );
    download_workbook("discoveries", head, rows).await
}

/// Counts what units found, apart from what citizens report.
#[utoipa::path(
    get, path = "/discoveries/figures", operation_id = "count_discoveries", tag = "cases",
    params(DiscoveriesQuery), responses((status = 200, description = "The figures", body = DiscoveryCount))
)]
async fn count_discoveries(
    State(cases): State<Cases>,
    Auth(by): Auth,
    Query(query): Query<DiscoveriesQuery>,
) -> HttpResult<Json<DiscoveryCount>> {
    require_reader(&by)?;
    let filter = query.filter(&cases).await?;
    let figures = cases.discovery_figures(&by, &filter).await?;
    Ok(Json(DiscoveryCount {
        total: figures.total,
        logged: figures.logged,
        ordered: figures.ordered,
        settled: figures.settled,
        orders_settled: figures.orders_settled,
    }))
}

/// Says what citizens bring up again and again where the reader's unit is in charge.
#[utoipa::path(
    get, path = "/discoveries/prompts", operation_id = "list_opinion_prompts", tag = "cases",
    responses((status = 200, description = "The most first", body = Vec<OpinionPromptView>))
)]
async fn list_opinion_prompts(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
) -> HttpResult<Json<Vec<OpinionPromptView>>> {
    by.require("case.discover")?;
    let prompts = cases.opinion_prompts(&by, ctx.now).await?;
    let shown = prompts.into_iter().map(|prompt| OpinionPromptView {
        category_name: cases.category_name(&prompt.category_id),
        category_id: prompt.category_id,
        district: prompt.district,
        count: prompt.count,
        before: prompt.before,
        last_at: prompt.last_at,
    });
    Ok(Json(shown.collect()))
}

/// Writes a find down.
#[utoipa::path(
    post, path = "/discoveries", operation_id = "log_discovery", tag = "cases", request_body = DiscoveryBody,
    responses(
        (status = 201, description = "The line", body = DiscoveryMade),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn log_discovery(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<DiscoveryBody>,
) -> HttpResult<(StatusCode, Json<DiscoveryMade>)> {
    by.require("case.discover")?;
    let id = cases.log_discovery(&ctx, &by, body.draft(ctx.now)).await?;
    Ok((StatusCode::CREATED, Json(DiscoveryMade { id })))
}

/// Corrects a line that nothing was made of yet.
#[utoipa::path(
    put, path = "/discoveries/{id}", operation_id = "change_discovery", tag = "cases",
    request_body = DiscoveryBody, params(("id" = String, Path, description = "The line")),
    responses(
        (status = 204),
        (status = 409, description = "discovery.done or stale_version", body = ProblemBody),
    )
)]
async fn change_discovery(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<DiscoveryBody>,
) -> HttpResult<StatusCode> {
    by.require("case.discover")?;
    let version = body.version;
    cases.change_discovery(&ctx, &by, &id, version, body.draft(ctx.now)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Notes that it was settled on the spot.
#[utoipa::path(
    post, path = "/discoveries/{id}/settlement", operation_id = "settle_discovery", tag = "cases",
    request_body = DiscoverySettlement, params(("id" = String, Path, description = "The line")),
    responses(
        (status = 204),
        (status = 409, description = "discovery.done or stale_version", body = ProblemBody),
    )
)]
async fn settle_discovery(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<DiscoverySettlement>,
) -> HttpResult<StatusCode> {
    by.require("case.discover")?;
    cases.settle_discovery(&ctx, &by, &id, body.version, &body.note).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes an order of a find, once.
#[utoipa::path(
    post, path = "/discoveries/{id}/order", operation_id = "order_discovery", tag = "cases",
    request_body = DiscoveryOrder, params(("id" = String, Path, description = "The line")),
    responses(
        (status = 201, description = "The order", body = DiscoveryOrdered),
        (status = 409, description = "discovery.done or stale_version", body = ProblemBody),
        (status = 422, description = "The category is missing", body = ProblemBody),
    )
)]
async fn order_discovery(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<DiscoveryOrder>,
) -> HttpResult<(StatusCode, Json<DiscoveryOrdered>)> {
    by.require("case.discover")?;
    let making = Making {
        kind: body.r#type,
        urgency: body.urgency.unwrap_or(Urgency::Normal),
        handling: body.handling,
    };
    let attachments = body.attachments.into_iter().take(ATTACHED_MAX).collect();
    let case = cases.order_discovery(&ctx, &by, &id, body.version, making, attachments).await?;
    Ok((StatusCode::CREATED, Json(DiscoveryOrdered { case_id: case.id.0, number: case.number })))
}
