//! The course of an entry: submission, decision, withdrawal, confirmation.

use axum::extract::State;
use axum::http::StatusCode;
use contract::knowledge::EntryId;
use kernel::HttpResult;
use kernel::http::{Auth, Json, Path, Query, ReqCtx};
use kernel::problem::ProblemBody;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Knowledge;

pub(super) fn routes() -> OpenApiRouter<Knowledge> {
    OpenApiRouter::new()
        .routes(routes!(submit_knowledge_draft, take_back_knowledge_draft))
        .routes(routes!(decide_knowledge_draft))
        .routes(routes!(withdraw_knowledge_entry, restore_knowledge_entry))
        .routes(routes!(confirm_knowledge_entry))
}

/// The entry as it was read.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = KnowledgeVersionRequest)]
struct VersionRequest {
    /// The entry's `version`.
    version: i64,
}

/// The entry as it was read.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct VersionQuery {
    /// The entry's `version`.
    version: i64,
}

/// A reviewer's decision.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = KnowledgeDecisionRequest)]
struct DecisionRequest {
    version: i64,
    /// Whether it passes; else the author has it back.
    passed: bool,
    /// Why; needed when it does not pass.
    #[serde(default)]
    opinion: String,
}

/// Why readers shall no longer have it.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = KnowledgeWithdrawalRequest)]
struct WithdrawalRequest {
    version: i64,
    reason: String,
}

/// It was read again.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = KnowledgeConfirmationRequest)]
struct ConfirmationRequest {
    version: i64,
    /// To be read again by this instant; by the parameter `knowledge.review_days` when absent.
    #[serde(default)]
    next_at: Option<i64>,
}

/// Sends the draft to review.
#[utoipa::path(
    post, path = "/knowledge/entries/{id}/submission", operation_id = "submit_knowledge_draft", tag = "knowledge",
    params(("id" = String, Path, description = "The entry")), request_body = VersionRequest,
    responses(
        (status = 204, description = "It is being reviewed"),
        (status = 409, description = "There is no draft, or somebody was faster", body = ProblemBody),
        (status = 422, description = "Something is missing", body = ProblemBody),
    )
)]
async fn submit_knowledge_draft(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<VersionRequest>,
) -> HttpResult<StatusCode> {
    by.require("knowledge.write")?;
    knowledge.submit(&ctx, &by, &EntryId(id), body.version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes the draft back from review.
#[utoipa::path(
    delete, path = "/knowledge/entries/{id}/submission", operation_id = "take_back_knowledge_draft", tag = "knowledge",
    params(("id" = String, Path, description = "The entry"), VersionQuery),
    responses((status = 204, description = "It is a draft again"))
)]
async fn take_back_knowledge_draft(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Query(query): Query<VersionQuery>,
) -> HttpResult<StatusCode> {
    by.require("knowledge.write")?;
    knowledge.take_back(&ctx, &by, &EntryId(id), query.version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Decides the open stage of review; the last one that passes publishes.
#[utoipa::path(
    post, path = "/knowledge/entries/{id}/decision", operation_id = "decide_knowledge_draft", tag = "knowledge",
    params(("id" = String, Path, description = "The entry")), request_body = DecisionRequest,
    responses(
        (status = 204, description = "It is decided"),
        (status = 409, description = "The author, or not being reviewed", body = ProblemBody),
    )
)]
async fn decide_knowledge_draft(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<DecisionRequest>,
) -> HttpResult<StatusCode> {
    by.require("knowledge.review")?;
    knowledge.decide(&ctx, &by, &EntryId(id), body.version, body.passed, &body.opinion).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes an entry away from readers.
#[utoipa::path(
    post, path = "/knowledge/entries/{id}/withdrawal", operation_id = "withdraw_knowledge_entry", tag = "knowledge",
    params(("id" = String, Path, description = "The entry")), request_body = WithdrawalRequest,
    responses((status = 204, description = "Readers have it no longer"))
)]
async fn withdraw_knowledge_entry(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<WithdrawalRequest>,
) -> HttpResult<StatusCode> {
    by.require("knowledge.review")?;
    knowledge.withdraw(&ctx, &by, &EntryId(id), body.version, &body.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a withdrawn entry back to readers.
#[utoipa::path(
    delete, path = "/knowledge/entries/{id}/withdrawal", operation_id = "restore_knowledge_entry", tag = "knowledge",
    params(("id" = String, Path, description = "The entry"), VersionQuery),
    responses((status = 204, description = "Readers have it again"))
)]
async fn restore_knowledge_entry(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Query(query): Query<VersionQuery>,
) -> HttpResult<StatusCode> {
    by.require("knowledge.review")?;
    knowledge.restore(&ctx, &by, &EntryId(id), query.version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Says that an entry was read again and still holds.
#[utoipa::path(
    post, path = "/knowledge/entries/{id}/confirmation", operation_id = "confirm_knowledge_entry", tag = "knowledge",
    params(("id" = String, Path, description = "The entry")), request_body = ConfirmationRequest,
    responses((status = 204, description = "It holds until it is due again"))
)]
async fn confirm_knowledge_entry(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<ConfirmationRequest>,
) -> HttpResult<StatusCode> {
    by.require("knowledge.review")?;
    knowledge.confirm(&ctx, &by, &EntryId(id), body.version, body.next_at).await?;
    Ok(StatusCode::NO_CONTENT)
}
