//! Versions of an entry, two of them compared, its change log and decisions.

use axum::extract::State;
use contract::knowledge::EntryId;
use kernel::HttpResult;
use kernel::http::{Auth, Json, Path, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Knowledge;
use crate::compare::{Compared, compare};

pub(super) fn routes() -> OpenApiRouter<Knowledge> {
    OpenApiRouter::new().routes(routes!(show_knowledge_history)).routes(routes!(compare_knowledge_versions))
}

/// A version of an entry.
#[derive(Serialize, ToSchema)]
#[schema(as = KnowledgeEntryVersion)]
struct EntryVersion {
    no: i64,
    author_name: String,
    saved_at: i64,
    submitted_at: Option<i64>,
    published_at: Option<i64>,
}

/// A line of the change log.
#[derive(Serialize, ToSchema)]
#[schema(as = KnowledgeEntryChange)]
struct EntryChange {
    id: String,
    at: i64,
    person_name: String,
    /// `created`, `saved`, `submitted`, `passed`, `returned`, `published`, `withdrawn`, …
    action: String,
    note: String,
}

/// A reviewer's decision.
#[derive(Serialize, ToSchema)]
#[schema(as = KnowledgeEntryDecision)]
struct EntryDecision {
    id: String,
    no: i64,
    stage: i64,
    passed: bool,
    opinion: String,
    person_name: String,
    at: i64,
}

/// All that happened to an entry.
#[derive(Serialize, ToSchema)]
#[schema(as = KnowledgeEntryHistory)]
struct EntryHistory {
    versions: Vec<EntryVersion>,
    changes: Vec<EntryChange>,
    decisions: Vec<EntryDecision>,
}

/// Shows all that happened to an entry.
#[utoipa::path(
    get, path = "/knowledge/entries/{id}/history", operation_id = "show_knowledge_history", tag = "knowledge",
    params(("id" = String, Path, description = "The entry")),
    responses((status = 200, description = "Versions, changes, decisions", body = EntryHistory))
)]
async fn show_knowledge_history(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    Path(id): Path<String>,
) -> HttpResult<Json<EntryHistory>> {
    by.require("knowledge.read")?;
    let id = EntryId(id);
    knowledge.maintained(&by, &id).await?;
    Ok(Json(EntryHistory {
        versions: knowledge
            .versions(&id)
            .await?
            .into_iter()
            .map(|row| EntryVersion {
                no: row.no,
                author_name: row.author_name,
                saved_at: row.saved_at,
                submitted_at: row.submitted_at,
                published_at: row.published_at,
            })
            .collect(),
        changes: knowledge
            .changes(&id)
            .await?
            .into_iter()
            .map(|row| EntryChange {
                id: row.id,
                at: row.at,
                person_name: row.person_name,
                action: row.action,
                note: row.note,
            })
            .collect(),
        decisions: knowledge
            .decisions(&id)
            .await?
            .into_iter()
            .map(|row| EntryDecision {
                id: row.id,
                no: row.no,
                stage: row.stage,
                passed: row.passed != 0,
                opinion: row.opinion,
                person_name: row.person_name,
                at: row.at,
            })
            .collect(),
    }))
}

/// Two versions.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CompareQuery {
    /// The earlier version's number.
    from: i64,
    /// The later version's number.
    to: i64,
}

/// Compares two versions field by field.
#[utoipa::path(
    get, path = "/knowledge/entries/{id}/comparison", operation_id = "compare_knowledge_versions", tag = "knowledge",
    params(("id" = String, Path, description = "The entry"), CompareQuery),
    responses((status = 200, description = "Field by field", body = Vec<Compared>))
)]
async fn compare_knowledge_versions(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    Path(id): Path<String>,
    Query(query): Query<CompareQuery>,
) -> HttpResult<Json<Vec<Compared>>> {
    by.require("knowledge.read")?;
    let id = EntryId(id);
    knowledge.maintained(&by, &id).await?;
    let (from, to) = (knowledge.version(&id, query.from).await?, knowledge.version(&id, query.to).await?);
    let (from, to) = (from.content()?, to.content()?);
    let compared = crate::search::keeping::blocking(move || compare(&from, &to)).await?;
    Ok(Json(compared))
}
