//! `/knowledge/entries/{id}`: reading and writing.

use axum::extract::State;
use axum::http::StatusCode;
use contract::knowledge::{Audience, EntryId};
use kernel::http::{Auth, Json, Path, Query, ReqCtx};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Principal, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::view::{EntryView, LinkedEntry, allowed, item};
use crate::Knowledge;
use crate::entry::Content;
use crate::store::entry::{EntryRow, VersionRow};

pub(super) fn routes() -> OpenApiRouter<Knowledge> {
    OpenApiRouter::new()
        .routes(routes!(create_knowledge_entry))
        .routes(routes!(show_knowledge_entry, delete_knowledge_entry))
        .routes(routes!(show_knowledge_draft, save_knowledge_draft, discard_knowledge_draft))
}

/// Which version is read.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct ShowQuery {
    /// A version's number; maintainers may read all. What readers have when absent.
    no: Option<i64>,
}

/// The version that was read, for a change.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct LockQuery {
    /// The entry's `version`.
    version: i64,
}

/// A new entry.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = KnowledgeNewEntry)]
struct NewEntry {
    /// The unit that shall maintain it; the reader's own when absent.
    #[serde(default)]
    unit_id: Option<String>,
    content: Content,
}

/// A draft as it shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = KnowledgeDraftRequest)]
struct DraftRequest {
    content: Content,
    /// The entry's `version` that was read.
    version: i64,
}

/// A draft to be written on.
#[derive(Serialize, ToSchema)]
#[schema(as = KnowledgeDraftView)]
struct DraftView {
    id: String,
    number: String,
    /// Of the version that is written on.
    content: Content,
    /// Empty, `draft`, `in_review`, `returned`.
    work: String,
    state: String,
    /// For the next change.
    version: i64,
    allowed: Vec<&'static str>,
}

/// Writes a new entry's first draft.
#[utoipa::path(
    post, path = "/knowledge/entries", operation_id = "create_knowledge_entry", tag = "knowledge",
    request_body = NewEntry,
    responses(
        (status = 201, description = "The draft", body = DraftView),
        (status = 422, description = "Some fields are wrong", body = ProblemBody),
    )
)]
async fn create_knowledge_entry(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<NewEntry>,
) -> HttpResult<(StatusCode, Json<DraftView>)> {
    by.require("knowledge.write")?;
    let unit = body.unit_id.as_deref().filter(|unit| !unit.is_empty());
    let id = knowledge.create_entry(&ctx, &by, unit, body.content).await?;
    Ok((StatusCode::CREATED, Json(draft(&knowledge, &by, &id).await?)))
}

async fn draft(knowledge: &Knowledge, by: &Principal, id: &EntryId) -> HttpResult<DraftView> {
    let row = knowledge.maintained(by, id).await?;
    let no = row.work_no.or(row.published_no).ok_or_else(Problem::not_found)?;
    let written = knowledge.version(id, no).await?;
    Ok(DraftView {
        allowed: allowed(&row, by, &written.authors()),
        content: written.content()?,
        id: row.id,
        number: row.number,
        work: row.work,
        state: row.state,
        version: row.version,
    })
}

/// Shows an entry; readers get what is published and holds.
#[utoipa::path(
    get, path = "/knowledge/entries/{id}", operation_id = "show_knowledge_entry", tag = "knowledge",
    params(("id" = String, Path, description = "The entry"), ShowQuery),
    responses(
        (status = 200, description = "The entry", body = EntryView),
        (status = 404, description = "Not there, or not for this reader", body = ProblemBody),
    )
)]
async fn show_knowledge_entry(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    Path(id): Path<String>,
    Query(query): Query<ShowQuery>,
) -> HttpResult<Json<EntryView>> {
    by.require("knowledge.read")?;
    let id = EntryId(id);
    let (row, written) = match query.no {
        None => match knowledge.published(&id, Audience::Internal).await {
            Ok(found) => found,
            // Maintainers see also what readers do not have any more, or not yet.
            Err(_) => {
                let row = knowledge.maintained(&by, &id).await?;
                let no = row.work_no.or(row.published_no).ok_or_else(Problem::not_found)?;
                let written = knowledge.version(&id, no).await?;
                (row, written)
            }
        },
        Some(no) => (knowledge.maintained(&by, &id).await?, knowledge.version(&id, no).await?),
    };
    Ok(Json(view(&knowledge, &by, row, &written).await?))
}

async fn view(
    knowledge: &Knowledge,
    by: &Principal,
    row: EntryRow,
    written: &VersionRow,
) -> HttpResult<EntryView> {
    let id = EntryId(row.id.clone());
    let content = written.content()?;
    let maintains = row.is_maintained_by(by);
    let audience = if maintains { None } else { Some(Audience::Internal) };
    let answers = knowledge.answers_view(&id, &content, audience).await?;
    let (helpful, unhelpful) = knowledge.opinions_on(&id).await?;
    let linked_from = knowledge.linked_from(&id).await?;
    let authors = match row.work_no {
        Some(no) => knowledge.version(&id, no).await?.authors(),
        None => Vec::new(),
    };
    Ok(EntryView {
        answers,
        links: knowledge.links_view(&content, Audience::Internal).await?,
        linked_from: linked_from
            .into_iter()
            .map(|row| LinkedEntry { id: row.id, number: row.number, title: row.title, found: true })
            .collect(),
        favourite: knowledge.is_favourite(&by.person_id, &id).await?,
        allowed: allowed(&row, by, &authors),
        no: written.no,
        published_no: row.published_no,
        description: content.description,
        keywords: content.keywords,
        questions: content.questions,
        remark: if maintains { content.remark } else { String::new() },
        valid_from: content.valid_from,
        valid_to: content.valid_to,
        review_at: content.review_at,
        author_name: written.author_name.clone(),
        helpful,
        unhelpful,
        entry: super::view::EntryItem {
            // A version is shown under its own title, whatever the lists show.
            title: content.title,
            ..item(row)
        },
    })
}

/// Deletes an entry that readers no longer have.
#[utoipa::path(
    delete, path = "/knowledge/entries/{id}", operation_id = "delete_knowledge_entry", tag = "knowledge",
    params(("id" = String, Path, description = "The entry"), LockQuery),
    responses(
        (status = 204, description = "It is gone"),
        (status = 409, description = "It is still published, or somebody was faster", body = ProblemBody),
    )
)]
async fn delete_knowledge_entry(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Query(lock): Query<LockQuery>,
) -> HttpResult<StatusCode> {
    by.require("knowledge.review")?;
    knowledge.delete_entry(&ctx, &by, &EntryId(id), lock.version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Shows what is written on, or would be.
#[utoipa::path(
    get, path = "/knowledge/entries/{id}/draft", operation_id = "show_knowledge_draft", tag = "knowledge",
    params(("id" = String, Path, description = "The entry")),
    responses((status = 200, description = "The draft", body = DraftView))
)]
async fn show_knowledge_draft(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    Path(id): Path<String>,
) -> HttpResult<Json<DraftView>> {
    by.require("knowledge.write")?;
    Ok(Json(draft(&knowledge, &by, &EntryId(id)).await?))
}

/// Saves the draft; of a published entry this begins the next version.
#[utoipa::path(
    put, path = "/knowledge/entries/{id}/draft", operation_id = "save_knowledge_draft", tag = "knowledge",
    params(("id" = String, Path, description = "The entry")), request_body = DraftRequest,
    responses(
        (status = 200, description = "The draft", body = DraftView),
        (status = 409, description = "It is being reviewed, or somebody was faster", body = ProblemBody),
        (status = 422, description = "Some fields are wrong", body = ProblemBody),
    )
)]
async fn save_knowledge_draft(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<DraftRequest>,
) -> HttpResult<Json<DraftView>> {
    by.require("knowledge.write")?;
    let id = EntryId(id);
    knowledge.save_draft(&ctx, &by, &id, body.version, body.content).await?;
    Ok(Json(draft(&knowledge, &by, &id).await?))
}

/// Throws the draft away; an entry of which nothing was published goes with it.
#[utoipa::path(
    delete, path = "/knowledge/entries/{id}/draft", operation_id = "discard_knowledge_draft", tag = "knowledge",
    params(("id" = String, Path, description = "The entry"), LockQuery),
    responses((status = 204, description = "It is gone"))
)]
async fn discard_knowledge_draft(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Query(lock): Query<LockQuery>,
) -> HttpResult<StatusCode> {
    by.require("knowledge.write")?;
    knowledge.discard_draft(&ctx, &by, &EntryId(id), lock.version).await?;
    Ok(StatusCode::NO_CONTENT)
}
