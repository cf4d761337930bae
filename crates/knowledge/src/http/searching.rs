//! `/knowledge/search`, `/knowledge/words/trial`, `/knowledge/index`.

use axum::extract::State;
use axum::http::StatusCode;
use contract::knowledge::Audience;
use kernel::HttpResult;
use kernel::http::{Auth, Json, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::view::{FoundView, found};
use crate::Knowledge;
use crate::entry::Kind;
use crate::search::Request;

pub(super) fn routes() -> OpenApiRouter<Knowledge> {
    OpenApiRouter::new()
        .routes(routes!(search_knowledge))
        .routes(routes!(try_knowledge_words))
        .routes(routes!(show_knowledge_index, rebuild_knowledge_index))
}

/// What is searched.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub(super) struct SearchQuery {
    /// Words, a sentence, pinyin, initials, or a number.
    pub q: String,
    /// Code of a region; what holds there, also from above, is found.
    pub region: Option<String>,
    /// Code of a business; what stands below it is found as well.
    pub business: Option<String>,
    /// The form.
    pub kind: Option<Kind>,
    /// The unit that maintains it.
    pub unit_id: Option<String>,
    /// Whether each result says why it is there.
    pub explain: bool,
    /// 1 to 50; 20 when absent.
    pub limit: Option<u32>,
}

impl SearchQuery {
    pub(super) fn request(&self) -> Request {
        let filled = |text: &Option<String>| text.clone().filter(|text| !text.is_empty() && text.len() <= 64);
        Request {
            text: self.q.clone(),
            region: filled(&self.region).filter(|code| crate::region::is_code(code)),
            business: filled(&self.business),
            kind: self.kind,
            unit: filled(&self.unit_id),
            limit: self.limit.unwrap_or(20).clamp(1, 50) as usize,
        }
    }
}

/// What was found.
#[derive(Serialize, ToSchema)]
#[schema(as = KnowledgeSearchView)]
pub(super) struct SearchView {
    pub results: Vec<FoundView>,
    /// The words that the question was cut into.
    pub words: Vec<String>,
    /// The index is being built anew: only titles and numbers were looked through.
    pub degraded: bool,
}

/// Searches what can be read now.
#[utoipa::path(
    get, path = "/knowledge/search", operation_id = "search_knowledge", tag = "knowledge", params(SearchQuery),
    responses((status = 200, description = "What was found, best first", body = SearchView))
)]
async fn search_knowledge(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    Query(query): Query<SearchQuery>,
) -> HttpResult<Json<SearchView>> {
    by.require("knowledge.read")?;
    let brought = knowledge.find(Audience::Internal, &query.request()).await?;
    Ok(Json(SearchView {
        results: brought.results.into_iter().map(|entry| found(entry, query.explain)).collect(),
        words: brought.words,
        degraded: brought.degraded,
    }))
}

/// Words to be tried before they are in force.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = KnowledgeTrialRequest)]
struct TrialRequest {
    /// The question.
    text: String,
    /// Words that would be known.
    #[serde(default)]
    words: Vec<String>,
    /// Groups that would be known.
    #[serde(default)]
    synonyms: Vec<String>,
}

/// A question with the words in force and with those to be tried.
#[derive(Serialize, ToSchema)]
#[schema(as = KnowledgeTrialView)]
struct TrialView {
    before: SearchView,
    after: SearchView,
}

/// Searches with words that are not in force yet, beside those that are.
#[utoipa::path(
    post, path = "/knowledge/words/trial", operation_id = "try_knowledge_words", tag = "knowledge",
    request_body = TrialRequest, responses((status = 200, description = "Both results", body = TrialView))
)]
async fn try_knowledge_words(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    Json(body): Json<TrialRequest>,
) -> HttpResult<Json<TrialView>> {
    by.require("knowledge.manage")?;
    let tidied = |kind: &str, texts: &[String]| -> HttpResult<Vec<String>> {
        let some = texts.iter().filter(|text| !text.trim().is_empty()).take(50);
        some.map(|text| Ok(crate::store::word::tidied(kind, text)?)).collect()
    };
    let (words, synonyms) = (tidied("word", &body.words)?, tidied("synonym", &body.synonyms)?);
    let request = Request { text: body.text, limit: 10, ..Request::default() };
    let (before, after) = knowledge.try_words(&request, words, synonyms).await?;
    let view = |brought: crate::search::finding::Found| SearchView {
        results: brought.results.into_iter().map(|entry| found(entry, true)).collect(),
        words: brought.words,
        degraded: brought.degraded,
    };
    Ok(Json(TrialView { before: view(before), after: view(after) }))
}

/// How the index stands.
#[derive(Serialize, ToSchema)]
#[schema(as = KnowledgeIndexView)]
struct IndexView {
    /// Whether it can be searched.
    ready: bool,
    /// Whether it is being built.
    building: bool,
    /// Entries in it.
    entries: u64,
    /// When it was last brought up to date.
    refreshed_at: Option<i64>,
    /// Why it was last built: `missing`, `damaged`, `words`, `asked`.
    reason: Option<&'static str>,
}

/// Shows how the index stands.
#[utoipa::path(
    get, path = "/knowledge/index", operation_id = "show_knowledge_index", tag = "knowledge",
    responses((status = 200, description = "The index", body = IndexView))
)]
async fn show_knowledge_index(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
) -> HttpResult<Json<IndexView>> {
    by.require("knowledge.read")?;
    let status = knowledge.index_status();
    Ok(Json(IndexView {
        ready: status.ready,
        building: status.building,
        entries: status.entries,
        refreshed_at: status.refreshed_at.map(|at| at.0),
        reason: status.reason,
    }))
}

/// Has the index built anew in the background; it is searched meanwhile.
#[utoipa::path(
    post, path = "/knowledge/index", operation_id = "rebuild_knowledge_index", tag = "knowledge",
    responses((status = 202, description = "It will be built"))
)]
async fn rebuild_knowledge_index(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
) -> HttpResult<StatusCode> {
    by.require("knowledge.manage")?;
    knowledge.want_reindex();
    Ok(StatusCode::ACCEPTED)
}
