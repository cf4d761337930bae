//! Regions and businesses, stages of review, the city's own words.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::HttpResult;
use kernel::http::{Auth, Json, Path, Query, ReqCtx};
use kernel::problem::ProblemBody;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Knowledge;
use crate::store::class::{ClassRow, StageRow};

pub(super) fn routes() -> OpenApiRouter<Knowledge> {
    OpenApiRouter::new()
        .routes(routes!(list_knowledge_classes))
        .routes(routes!(put_knowledge_class))
        .routes(routes!(list_knowledge_stages))
        .routes(routes!(put_knowledge_stages))
        .routes(routes!(list_knowledge_words, add_knowledge_word))
        .routes(routes!(remove_knowledge_word))
}

/// A region or a business.
#[derive(Serialize, ToSchema)]
pub(super) struct KnowledgeClass {
    /// `region` or `business`.
    pub kind: String,
    pub code: String,
    pub parent_code: Option<String>,
    pub name: String,
    pub sort: i64,
    pub active: bool,
    pub version: i64,
}

pub(super) fn class_view(row: ClassRow) -> KnowledgeClass {
    KnowledgeClass {
        kind: row.kind,
        code: row.code,
        parent_code: row.parent_code,
        name: row.name,
        sort: row.sort,
        active: row.active != 0,
        version: row.version,
    }
}

/// A region or a business as it shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = KnowledgeClassRequest)]
struct ClassRequest {
    /// Of a business; a region's follows from its code.
    #[serde(default)]
    parent_code: Option<String>,
    name: String,
    #[serde(default)]
    sort: i64,
    active: bool,
    /// 0 for a new one.
    version: i64,
}

/// Lists regions and businesses.
#[utoipa::path(
    get, path = "/knowledge/classes", operation_id = "list_knowledge_classes", tag = "knowledge",
    responses((status = 200, description = "All of them", body = Vec<KnowledgeClass>))
)]
async fn list_knowledge_classes(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
) -> HttpResult<Json<Vec<KnowledgeClass>>> {
    by.require("knowledge.read")?;
    Ok(Json(knowledge.classes().await?.into_iter().map(class_view).collect()))
}

/// Sets a region or a business.
#[utoipa::path(
    put, path = "/knowledge/classes/{kind}/{code}", operation_id = "put_knowledge_class", tag = "knowledge",
    params(("kind" = String, Path, description = "`region` or `business`"), ("code" = String, Path, description = "Its code")),
    request_body = ClassRequest,
    responses(
        (status = 204, description = "It is set"),
        (status = 409, description = "In use, or somebody was faster", body = ProblemBody),
    )
)]
async fn put_knowledge_class(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path((kind, code)): Path<(String, String)>,
    Json(body): Json<ClassRequest>,
) -> HttpResult<StatusCode> {
    by.require("knowledge.manage")?;
    let class = ClassRow {
        kind,
        code,
        parent_code: body.parent_code.filter(|code| !code.is_empty()),
        name: body.name,
        sort: body.sort,
        active: i64::from(body.active),
        version: body.version,
    };
    knowledge.put_class(&ctx, &class).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How many stages the review of a region's texts has.
#[derive(Serialize, ToSchema)]
struct KnowledgeStages {
    region: String,
    stages: i64,
    version: i64,
}

/// As it shall be.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = KnowledgeStagesRequest)]
struct StagesRequest {
    /// 1 to 5.
    stages: i64,
    /// 0 when the region had none of its own.
    version: i64,
}

/// Lists the regions with stages of their own; others follow the one above, at last one stage.
#[utoipa::path(
    get, path = "/knowledge/stages", operation_id = "list_knowledge_stages", tag = "knowledge",
    responses((status = 200, description = "All of them", body = Vec<KnowledgeStages>))
)]
async fn list_knowledge_stages(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
) -> HttpResult<Json<Vec<KnowledgeStages>>> {
    by.require("knowledge.manage")?;
    let rows = knowledge.stages().await?;
    let shown =
        |row: StageRow| KnowledgeStages { region: row.region, stages: row.stages, version: row.version };
    Ok(Json(rows.into_iter().map(shown).collect()))
}

/// Sets how many stages the review of a region's texts has.
#[utoipa::path(
    put, path = "/knowledge/stages/{region}", operation_id = "put_knowledge_stages", tag = "knowledge",
    params(("region" = String, Path, description = "The region's code")), request_body = StagesRequest,
    responses((status = 204, description = "It is set"))
)]
async fn put_knowledge_stages(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(region): Path<String>,
    Json(body): Json<StagesRequest>,
) -> HttpResult<StatusCode> {
    by.require("knowledge.manage")?;
    knowledge.put_stages(&ctx, &StageRow { region, stages: body.stages, version: body.version }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A word of the city's own, or a group of words that mean the same.
#[derive(Serialize, ToSchema)]
struct KnowledgeWord {
    id: String,
    /// `word` or `synonym`.
    kind: String,
    /// The word; of a group all, with spaces between.
    text: String,
    created_by: String,
    created_at: i64,
}

/// Which words.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct WordQuery {
    /// `word` or `synonym`; both when absent.
    kind: Option<String>,
}

/// A word to be added.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = KnowledgeWordRequest)]
struct WordRequest {
    /// `word` or `synonym`.
    kind: String,
    text: String,
}

/// Lists the city's own words.
#[utoipa::path(
    get, path = "/knowledge/words", operation_id = "list_knowledge_words", tag = "knowledge", params(WordQuery),
    responses((status = 200, description = "The newest first", body = Vec<KnowledgeWord>))
)]
async fn list_knowledge_words(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    Query(query): Query<WordQuery>,
) -> HttpResult<Json<Vec<KnowledgeWord>>> {
    by.require("knowledge.manage")?;
    let rows = knowledge.words(query.kind.as_deref()).await?;
    Ok(Json(
        rows.into_iter()
            .map(|row| KnowledgeWord {
                id: row.id,
                kind: row.kind,
                text: row.text,
                created_by: row.created_by,
                created_at: row.created_at,
            })
            .collect(),
    ))
}

/// Adds a word; it is in force at once.
#[utoipa::path(
    post, path = "/knowledge/words", operation_id = "add_knowledge_word", tag = "knowledge", request_body = WordRequest,
    responses((status = 204, description = "It is in force"), (status = 422, description = "It is no word", body = ProblemBody))
)]
async fn add_knowledge_word(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<WordRequest>,
) -> HttpResult<StatusCode> {
    by.require("knowledge.manage")?;
    knowledge.add_word(&ctx, &body.kind, &body.text).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a word out; it is out of force at once.
#[utoipa::path(
    delete, path = "/knowledge/words/{id}", operation_id = "remove_knowledge_word", tag = "knowledge",
    params(("id" = String, Path, description = "The word")),
    responses((status = 204, description = "It is gone"))
)]
async fn remove_knowledge_word(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    by.require("knowledge.manage")?;
    knowledge.remove_word(&ctx, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
