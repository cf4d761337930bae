//! `/portal/knowledge`: what citizens read, without an account; also the interface for other sites.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use contract::knowledge::{Audience, EntryId};
use kernel::http::{Json, Path, Query, ReqCtx, Response, source_of};
use kernel::problem::ProblemBody;
use kernel::{Ctx, HttpResult};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::lists::BusinessCount;
use super::searching::{SearchQuery, SearchView};
use super::settings::{KnowledgeClass, class_view};
use super::view::{AnswerView, LinkedEntry, found};
use crate::Knowledge;
use crate::entry::Kind;
use crate::store::list::{Filter, Shelf, Sort};

pub(super) fn routes() -> OpenApiRouter<Knowledge> {
    OpenApiRouter::new()
        .routes(routes!(search_portal_knowledge))
        .routes(routes!(list_portal_knowledge))
        .routes(routes!(list_portal_knowledge_classes))
        .routes(routes!(show_portal_knowledge))
        .routes(routes!(judge_portal_knowledge))
        .routes(routes!(show_portal_knowledge_file))
}

/// Takes a request off what the address has left.
fn pace(knowledge: &Knowledge, ctx: &Ctx) -> HttpResult<()> {
    knowledge.requests().take(&source_of(ctx.ip.as_deref().unwrap_or_default()), ctx.now)
}

/// Searches what citizens can read.
#[utoipa::path(
    get, path = "/portal/knowledge/search", operation_id = "search_portal_knowledge", tag = "portal",
    params(SearchQuery),
    responses(
        (status = 200, description = "What was found, best first", body = SearchView),
        (status = 429, description = "Too often", body = ProblemBody),
    )
)]
async fn search_portal_knowledge(
    State(knowledge): State<Knowledge>,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<SearchQuery>,
) -> HttpResult<Json<SearchView>> {
    pace(&knowledge, &ctx)?;
    let brought = knowledge.find(Audience::Public, &query.request()).await?;
    Ok(Json(SearchView {
        results: brought.results.into_iter().map(|entry| found(entry, false)).collect(),
        words: brought.words,
        degraded: brought.degraded,
    }))
}

/// What is browsed.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct BrowseQuery {
    /// Code of the business; everything when absent.
    business: Option<String>,
    /// Code of the region; what holds there, also from above.
    region: Option<String>,
    /// `-views` (the most read first) or `-published_at`; the first when absent.
    sort: Option<String>,
    /// 1 to 50; 20 when absent.
    limit: Option<u32>,
}

/// An entry in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = KnowledgePublicItem)]
struct PublicItem {
    id: String,
    number: String,
    title: String,
    business: String,
    kind: Option<Kind>,
    publisher: String,
    published_at: Option<i64>,
}

/// Lists what citizens can read.
#[utoipa::path(
    get, path = "/portal/knowledge/entries", operation_id = "list_portal_knowledge", tag = "portal", params(BrowseQuery),
    responses((status = 200, description = "Entries", body = Vec<PublicItem>))
)]
async fn list_portal_knowledge(
    State(knowledge): State<Knowledge>,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<BrowseQuery>,
) -> HttpResult<Json<Vec<PublicItem>>> {
    pace(&knowledge, &ctx)?;
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty() && text.len() <= 64);
    let filter = Filter {
        shelf: Shelf::Public,
        business: filled(query.business),
        region: filled(query.region).filter(|code| crate::region::is_code(code)),
        sort: if query.sort.as_deref() == Some("-published_at") { Sort::Published } else { Sort::Views },
        ..Filter::default()
    };
    let limit = query.limit.unwrap_or(20).clamp(1, 50) as usize;
    let page = knowledge.list(None, &filter, None, limit).await?;
    let shown = page.items.into_iter().map(|row| PublicItem {
        kind: Kind::parse(&row.kind),
        id: row.id,
        number: row.number,
        title: row.title,
        business: row.business,
        publisher: row.publisher,
        published_at: row.published_at,
    });
    Ok(Json(shown.collect()))
}

/// Regions, businesses, and how much citizens find in each.
#[derive(Serialize, ToSchema)]
#[schema(as = KnowledgePublicClasses)]
struct PublicClasses {
    classes: Vec<KnowledgeClass>,
    counts: Vec<BusinessCount>,
}

/// Lists regions and businesses.
#[utoipa::path(
    get, path = "/portal/knowledge/classes", operation_id = "list_portal_knowledge_classes", tag = "portal",
    responses((status = 200, description = "All of them", body = PublicClasses))
)]
async fn list_portal_knowledge_classes(
    State(knowledge): State<Knowledge>,
    ReqCtx(ctx): ReqCtx,
) -> HttpResult<Json<PublicClasses>> {
    pace(&knowledge, &ctx)?;
    let classes = knowledge.classes().await?.into_iter().filter(|class| class.active != 0);
    let counts = knowledge.count_by_business(true).await?;
    Ok(Json(PublicClasses {
        classes: classes.map(class_view).collect(),
        counts: counts.into_iter().map(|(business, count)| BusinessCount { business, count }).collect(),
    }))
}

/// An entry as citizens read it.
#[derive(Serialize, ToSchema)]
#[schema(as = KnowledgePublicEntry)]
struct PublicEntry {
    id: String,
    number: String,
    title: String,
    description: String,
    business: String,
    region: String,
    kind: Option<Kind>,
    publisher: String,
    published_at: Option<i64>,
    expires_at: Option<i64>,
    answers: Vec<AnswerView>,
    links: Vec<LinkedEntry>,
}

/// Shows an entry, and counts that it was read.
#[utoipa::path(
    get, path = "/portal/knowledge/entries/{id}", operation_id = "show_portal_knowledge", tag = "portal",
    params(("id" = String, Path, description = "The entry")),
    responses(
        (status = 200, description = "The entry", body = PublicEntry),
        (status = 404, description = "Citizens do not have it", body = ProblemBody),
    )
)]
async fn show_portal_knowledge(
    State(knowledge): State<Knowledge>,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<Json<PublicEntry>> {
    pace(&knowledge, &ctx)?;
    let id = EntryId(id);
    let (row, written) = knowledge.published(&id, Audience::Public).await?;
    let content = written.content()?;
    let mut answers = knowledge.answers_view(&id, &content, Some(Audience::Public)).await?;
    // Remarks are for those who maintain it.
    answers.iter_mut().for_each(|answer| answer.remark.clear());
    let links = knowledge.links_view(&content, Audience::Public).await?;
    let citizen = Ctx {
        actor: kernel::Actor {
            kind: kernel::ActorKind::Citizen, id: String::new(), name: "市民".to_owned()
        },
        ..ctx
    };
    knowledge.count_use(&citizen, None, &id, None, "portal").await?;
    Ok(Json(PublicEntry {
        kind: content.kind,
        title: content.title,
        description: content.description,
        id: row.id,
        number: row.number,
        business: row.business,
        region: row.region,
        publisher: row.publisher,
        published_at: row.published_at,
        expires_at: row.expires_at,
        answers,
        links,
    }))
}

/// Whether it helped.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = KnowledgeOpinionRequest)]
struct OpinionRequest {
    /// Whether it helped.
    helpful: bool,
    /// What is wrong, if anything; a task of the maintainer.
    #[serde(default)]
    text: String,
}

/// Takes a citizen's opinion.
#[utoipa::path(
    post, path = "/portal/knowledge/entries/{id}/opinion", operation_id = "judge_portal_knowledge", tag = "portal",
    params(("id" = String, Path, description = "The entry")), request_body = OpinionRequest,
    responses(
        (status = 204, description = "It is noted"),
        (status = 429, description = "Too often", body = ProblemBody),
    )
)]
async fn judge_portal_knowledge(
    State(knowledge): State<Knowledge>,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<OpinionRequest>,
) -> HttpResult<StatusCode> {
    knowledge.opinions().take(&source_of(ctx.ip.as_deref().unwrap_or_default()), ctx.now)?;
    let id = EntryId(id);
    if !body.text.trim().is_empty() {
        knowledge.report(&ctx, None, &id, None, &body.text).await?;
    }
    knowledge.count_opinion(&id, body.helpful).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Sends a file of a public answer.
#[utoipa::path(
    get, path = "/portal/knowledge/files/{id}/file", operation_id = "show_portal_knowledge_file", tag = "portal",
    params(("id" = String, Path, description = "The file")),
    responses((status = 200, description = "Its bytes"))
)]
async fn show_portal_knowledge_file(
    State(knowledge): State<Knowledge>,
    ReqCtx(ctx): ReqCtx,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> HttpResult<Response> {
    pace(&knowledge, &ctx)?;
    let row = knowledge.file(&id, Audience::Public).await?;
    super::files::send(&knowledge, &row, &headers).await
}
