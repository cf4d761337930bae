//! `/knowledge/entries` as lists, their export, and what waits for the reader.

use std::collections::HashMap;

use axum::extract::State;
use kernel::http::{
    Auth, Cell, EXPORT_ROWS_MAX, Json, Query, ReqCtx, Response, download_workbook, local_time,
};
use kernel::{HttpResult, Page, Principal, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::view::{EntryItem, item};
use crate::Knowledge;
use crate::entry::Kind;
use crate::store::list::{Filter, Shelf, Sort};

pub(super) fn routes() -> OpenApiRouter<Knowledge> {
    OpenApiRouter::new()
        .routes(routes!(list_knowledge_entries))
        .routes(routes!(export_knowledge_entries))
        .routes(routes!(count_knowledge_by_business))
        .routes(routes!(count_knowledge_tasks))
}

/// What narrows a list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// `published` (what readers have), `maintained`, `to_review`, `due`.
    shelf: Option<String>,
    /// Words of the title, or a number.
    q: Option<String>,
    /// Code of the region.
    region: Option<String>,
    /// Only what was written for just this region.
    region_exact: bool,
    /// Code of the business.
    business: Option<String>,
    /// The form.
    kind: Option<Kind>,
    /// The unit that maintains it.
    unit_id: Option<String>,
    /// `unpublished`, `published`, `expired`, `withdrawn`.
    state: Option<String>,
    /// `draft`, `in_review`, `returned`.
    work: Option<String>,
    /// `-updated_at`, `-published_at`, `-views`, `review_due_at`, `number`.
    sort: Option<String>,
    /// The word that came with the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<u32>,
}

impl ListQuery {
    fn filter(&self, by: &Principal) -> HttpResult<Filter> {
        let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        let malformed =
            || Problem::invalid().field("shelf", "unknown", "没有这个列表。", "There is no such list.");
        let shelf = match filled(&self.shelf) {
            None => Shelf::Published,
            Some(code) => Shelf::parse(&code).ok_or_else(malformed)?,
        };
        match shelf {
            Shelf::Published | Shelf::Public => by.require("knowledge.read")?,
            Shelf::Maintained if by.has("knowledge.review") => by.require("knowledge.review")?,
            Shelf::Maintained => by.require("knowledge.write")?,
            Shelf::ToReview | Shelf::Due => by.require("knowledge.review")?,
        };
        Ok(Filter {
            shelf,
            text: filled(&self.q),
            region: filled(&self.region),
            region_exact: self.region_exact,
            business: filled(&self.business),
            kind: self.kind,
            unit: filled(&self.unit_id),
            state: filled(&self.state),
            work: filled(&self.work),
            sort: filled(&self.sort).and_then(|code| Sort::parse(&code)).unwrap_or(match shelf {
                Shelf::Published | Shelf::Public => Sort::Published,
                Shelf::Due => Sort::Due,
                _ => Sort::Updated,
            }),
        })
    }
}

/// Lists entries.
#[utoipa::path(
    get, path = "/knowledge/entries", operation_id = "list_knowledge_entries", tag = "knowledge", params(ListQuery),
    responses((status = 200, description = "A page of entries", body = Page<EntryItem>))
)]
async fn list_knowledge_entries(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    Query(query): Query<ListQuery>,
) -> HttpResult<Json<Page<EntryItem>>> {
    let filter = query.filter(&by)?;
    let cursor = query.cursor.as_deref().filter(|cursor| !cursor.is_empty());
    let mut page = knowledge.list(Some(&by), &filter, cursor, kernel::page::limit(query.limit)).await?;
    if cursor.is_none() {
        page.total = Some(knowledge.count(Some(&by), &filter).await?);
    }
    Ok(Json(page.map(item)))
}

/// Exports a list of entries.
#[utoipa::path(
    get, path = "/knowledge/entries.xlsx", operation_id = "export_knowledge_entries", tag = "knowledge",
    params(ListQuery), responses((status = 200, description = "The workbook"))
)]
async fn export_knowledge_entries(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<ListQuery>,
) -> HttpResult<Response> {
    let filter = query.filter(&by)?;
    let classes: HashMap<(String, String), String> =
        knowledge.classes().await?.into_iter().map(|class| ((class.kind, class.code), class.name)).collect();
    let name = |kind: &str, code: &str| {
        classes.get(&(kind.to_owned(), code.to_owned())).cloned().unwrap_or_else(|| code.to_owned())
    };
    let zone = knowledge.kit().config.zone.clone();
    let at = |at: Option<i64>| at.map(|at| local_time(&zone, at));
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut cursor: Option<String> = None;
    while rows.len() < EXPORT_ROWS_MAX {
        let page = knowledge.list(Some(&by), &filter, cursor.as_deref(), 1_000).await?;
        for row in page.items {
            let kind = Kind::parse(&row.kind).map_or("", |kind| kind.name(ctx.lang));
            rows.push(vec![
                row.number.clone().into(),
                row.title.clone().into(),
                name("region", &row.region).into(),
                name("business", &row.business).into(),
                kind.into(),
                state_name(&row.state, ctx.lang).into(),
                state_name(&row.work, ctx.lang).into(),
                row.publisher.clone().into(),
                at(row.published_at).into(),
                at(row.expires_at).into(),
                at(row.review_due_at).into(),
                row.views.into(),
                at(row.last_viewed_at).into(),
            ]);
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let head = ctx.lang.pick(
        vec![
            "编号",
            "标题",
            "地区",
            "业务",
            "类型",
            "状态",
            "编写",
            "发布单位",
            "发布时间",
            "有效期至",
            "复审日期",
            "浏览次数",
            "最近浏览",
        ],
        vec![
            "Number",
            "Title",
            "Region",
            "Business",
            "Form",
            "State",
            "Work",
            "Publisher",
            "Published",
            "Valid until",
            "Review due",
            "Views",
            "Last viewed",
        ],
    );
    download_workbook("knowledge", head, rows).await
}

fn state_name(code: &str, lang: kernel::Lang) -> &'static str {
    let (zh, en) = match code {
        "unpublished" => ("未发布", "Unpublished"),
        "published" => ("已发布", "Published"),
        "expired" => ("已过期", "Expired"),
        "withdrawn" => ("已下架", "Withdrawn"),
        "draft" => ("草稿", "Draft"),
        "in_review" => ("审核中", "In review"),
        "returned" => ("已退回", "Returned"),
        _ => ("", ""),
    };
    lang.pick(zh, en)
}

/// How many entries a business has.
#[derive(Serialize, ToSchema)]
#[schema(as = KnowledgeBusinessCount)]
pub(super) struct BusinessCount {
    pub business: String,
    pub count: i64,
}

/// Counts what can be read by business.
#[utoipa::path(
    get, path = "/knowledge/businesses", operation_id = "count_knowledge_by_business", tag = "knowledge",
    responses((status = 200, description = "Numbers", body = Vec<BusinessCount>))
)]
async fn count_knowledge_by_business(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
) -> HttpResult<Json<Vec<BusinessCount>>> {
    by.require("knowledge.read")?;
    let counts = knowledge.count_by_business(false).await?;
    Ok(Json(counts.into_iter().map(|(business, count)| BusinessCount { business, count }).collect()))
}

/// What waits for the reader.
#[derive(Serialize, ToSchema)]
#[schema(as = KnowledgeTaskCount)]
struct TaskCount {
    /// Texts to be reviewed.
    to_review: i64,
    /// Entries to be read again.
    due: i64,
    /// Answers that somebody says are wrong.
    reports: i64,
    /// Own texts that came back.
    returned: i64,
}

/// Counts what waits for the reader.
#[utoipa::path(
    get, path = "/knowledge/tasks", operation_id = "count_knowledge_tasks", tag = "knowledge",
    responses((status = 200, description = "Numbers", body = TaskCount))
)]
async fn count_knowledge_tasks(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
) -> HttpResult<Json<TaskCount>> {
    by.require("knowledge.read")?;
    let count = async |shelf: Shelf, work: Option<&str>, capability: &str| -> HttpResult<i64> {
        if !by.has(capability) {
            return Ok(0);
        }
        let filter = Filter { shelf, work: work.map(ToOwned::to_owned), ..Filter::default() };
        Ok(knowledge.count(Some(&by), &filter).await?)
    };
    let maintains = by.has("knowledge.write") || by.has("knowledge.review");
    Ok(Json(TaskCount {
        to_review: count(Shelf::ToReview, None, "knowledge.review").await?,
        due: count(Shelf::Due, None, "knowledge.review").await?,
        returned: count(Shelf::Maintained, Some("returned"), "knowledge.write").await?,
        reports: if maintains { knowledge.count_reports(&by).await? } else { 0 },
    }))
}
