//! `GET /cases` and `GET /cases.xlsx`.

use axum::extract::State;
use axum::response::Response;
use contract::identity::UnitId;
use kernel::http::{Auth, Json, Query, ReqCtx};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Page, Problem, Timestamp};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::case::{Color, Kind, Source, Status, Urgency};
use crate::error::CaseError;
use crate::export;
use crate::http::view::CaseItem;
use crate::store::list::{CaseFilter, Direction, Reply, Sort};

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(list_cases)).routes(routes!(export_cases))
}

/// What narrows a list of orders.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Words in title or content, a number, or a phone number.
    q: Option<String>,
    /// Statuses, separated by commas.
    status: Option<String>,
    /// The type.
    r#type: Option<Kind>,
    /// The category or one below.
    category_id: Option<String>,
    /// The unit in charge or one below.
    unit_id: Option<String>,
    /// The district.
    district: Option<String>,
    /// The colour of the running limit.
    color: Option<Color>,
    /// How it came.
    source: Option<Source>,
    /// Written at or after, epoch milliseconds.
    created_from: Option<i64>,
    /// Written before, epoch milliseconds.
    created_to: Option<i64>,
    /// Due before, epoch milliseconds.
    due_before: Option<i64>,
    /// Only what the reader wrote or is in charge of.
    mine: bool,
    /// Only orders of this citizen's file.
    contact_id: Option<String>,
    /// The person in charge within the unit (主办人).
    person_id: Option<String>,
    /// A unit that helps (协办机构).
    co_unit_id: Option<String>,
    /// Somebody who helps (协办人).
    helper_id: Option<String>,
    /// Who wrote it.
    created_by: Option<String>,
    /// Where it went (分流方向): `answered`, `unit`, `centre`.
    #[param(inline)]
    direction: Option<Direction>,
    /// Whether the unit has answered (回复状态): `replied`, `waiting`, `late`.
    #[param(inline)]
    reply: Option<Reply>,
    /// How much it hurries.
    urgency: Option<Urgency>,
    /// Rated with at most so many stars.
    stars_to: Option<i64>,
    /// Settled at or after, epoch milliseconds.
    settled_from: Option<i64>,
    /// Settled before, epoch milliseconds.
    settled_to: Option<i64>,
    /// Words in the title alone.
    title: Option<String>,
    /// Words in the content alone.
    content: Option<String>,
    /// `-created_at` (when absent), `created_at`, `due_at`, `-updated_at`.
    sort: Option<String>,
    /// The word that came with the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<u32>,
}

impl ListQuery {
    /// Reads the filter.
    pub(super) async fn filter(self, cases: &Cases) -> HttpResult<CaseFilter> {
        let refuse = |field: &str| {
            Problem::invalid().field(field, "unknown", "没有这个选项。", "There is no such choice.")
        };
        let statuses = self
            .status
            .iter()
            .flat_map(|codes| codes.split(','))
            .filter(|code| !code.is_empty())
            .map(Status::parse)
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| refuse("status"))?;
        let sort = match self.sort.as_deref() {
            None | Some("") => Sort::default(),
            Some(code) => Sort::parse(code).ok_or_else(|| refuse("sort"))?,
        };
        let unit_path = match self.unit_id.filter(|id| !id.is_empty()) {
            None => None,
            Some(id) => {
                let unit = cases.ports().directory.unit(&UnitId(id)).await.map_err(CaseError::Port)?;
                Some(unit.ok_or_else(|| refuse("unit_id"))?.path)
            }
        };
        let text = |text: Option<String>| text.filter(|text| !text.is_empty());
        let categories = cases.categories();
        Ok(CaseFilter {
            text: text(self.q),
            statuses,
            kind: self.r#type,
            category_ids: text(self.category_id).map(|id| categories.under(&id)).unwrap_or_default(),
            unit_path,
            district: text(self.district),
            color: self.color,
            source: self.source,
            created_from: self.created_from.map(Timestamp),
            created_to: self.created_to.map(Timestamp),
            due_before: self.due_before.map(Timestamp),
            mine: self.mine,
            contact_id: text(self.contact_id),
            person_id: text(self.person_id),
            co_unit_id: text(self.co_unit_id),
            helper_id: text(self.helper_id),
            created_by: text(self.created_by),
            direction: self.direction,
            reply: self.reply,
            urgency: self.urgency,
            stars_to: self.stars_to,
            settled_from: self.settled_from.map(Timestamp),
            settled_to: self.settled_to.map(Timestamp),
            title: text(self.title).map(|title| title.chars().take(50).collect()),
            content: text(self.content).map(|content| content.chars().take(50).collect()),
            sort,
            cursor: text(self.cursor),
            limit: kernel::page::limit(self.limit),
        })
    }
}

/// Lists orders within the reader's scope.
#[utoipa::path(
    get, path = "/cases", operation_id = "list_cases", tag = "cases", params(ListQuery),
    responses((status = 200, description = "A page of orders", body = Page<CaseItem>))
)]
async fn list_cases(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<ListQuery>,
) -> HttpResult<Json<Page<CaseItem>>> {
    by.require("case.read")?;
    let filter = query.filter(&cases).await?;
    let page = cases.list(&by, &filter, ctx.now).await?;
    let mut items = Vec::with_capacity(page.items.len());
    for case in page.items {
        items.push(cases.item(&ctx, &by, case).await?);
    }
    Ok(Json(Page { items, next_cursor: page.next_cursor, total: page.total }))
}

/// Exports the orders of the same filter as an Excel file.
#[utoipa::path(
    get, path = "/cases.xlsx", operation_id = "export_cases", tag = "cases", params(ListQuery),
    responses(
        (status = 200, description = "The file", body = Vec<u8>,
         content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (status = 422, description = "Too many orders for one file", body = ProblemBody),
    )
)]
async fn export_cases(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<ListQuery>,
) -> HttpResult<Response> {
    by.require("case.export")?;
    by.require("case.read")?;
    let filter = query.filter(&cases).await?;
    export::download(&cases, &ctx, &by, &filter).await
}
