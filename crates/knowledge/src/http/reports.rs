//! Answers that somebody says are wrong.

use axum::extract::State;
use axum::http::StatusCode;
use contract::knowledge::EntryId;
use kernel::http::{Auth, Json, Path, Query, ReqCtx};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Page, Principal};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Knowledge;
use crate::store::report::ReportRow;

pub(super) fn routes() -> OpenApiRouter<Knowledge> {
    OpenApiRouter::new()
        .routes(routes!(report_knowledge_entry))
        .routes(routes!(list_knowledge_reports))
        .routes(routes!(resolve_knowledge_report))
}

/// What is wrong.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = KnowledgeReportRequest)]
struct ReportRequest {
    /// The answer, when one in particular.
    #[serde(default)]
    answer_id: Option<String>,
    text: String,
}

/// A report.
#[derive(Serialize, ToSchema)]
struct KnowledgeReport {
    id: String,
    entry_id: String,
    number: String,
    title: String,
    answer_id: Option<String>,
    unit_id: String,
    /// `agent` or `citizen`.
    source: String,
    text: String,
    person_name: String,
    at: i64,
    /// `open`, `fixed`, `dismissed`.
    state: String,
    reply: String,
    closed_by: String,
    closed_at: Option<i64>,
}

fn shown(row: ReportRow) -> KnowledgeReport {
    KnowledgeReport {
        id: row.id,
        entry_id: row.entry_id,
        number: row.number,
        title: row.title,
        answer_id: row.answer_id,
        unit_id: row.unit_id,
        source: row.source,
        text: row.text,
        person_name: row.person_name,
        at: row.at,
        state: row.state,
        reply: row.reply,
        closed_by: row.closed_by,
        closed_at: row.closed_at,
    }
}

/// Says that an answer is wrong.
#[utoipa::path(
    post, path = "/knowledge/entries/{id}/reports", operation_id = "report_knowledge_entry", tag = "knowledge",
    params(("id" = String, Path, description = "The entry")), request_body = ReportRequest,
    responses((status = 204, description = "The maintainer has it as a task"))
)]
async fn report_knowledge_entry(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<ReportRequest>,
) -> HttpResult<StatusCode> {
    by.require("knowledge.read")?;
    knowledge.report(&ctx, Some(&by), &EntryId(id), body.answer_id.as_deref(), &body.text).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What narrows the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct ReportQuery {
    /// `open`, `fixed`, `dismissed`.
    state: Option<String>,
    /// The word that came with the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<u32>,
}

fn maintains(by: &Principal) -> HttpResult<()> {
    if by.has("knowledge.write") {
        return Ok(());
    }
    by.require("knowledge.review").map(|_| ())
}

/// Lists reports on entries that the reader maintains.
#[utoipa::path(
    get, path = "/knowledge/reports", operation_id = "list_knowledge_reports", tag = "knowledge", params(ReportQuery),
    responses((status = 200, description = "A page of reports", body = Page<KnowledgeReport>))
)]
async fn list_knowledge_reports(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    Query(query): Query<ReportQuery>,
) -> HttpResult<Json<Page<KnowledgeReport>>> {
    maintains(&by)?;
    let state = query.state.as_deref().filter(|state| !state.is_empty());
    let cursor = query.cursor.as_deref().filter(|cursor| !cursor.is_empty());
    let page = knowledge.reports(&by, state, cursor, kernel::page::limit(query.limit)).await?;
    Ok(Json(page.map(shown)))
}

/// How a report was dealt with.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = KnowledgeResolutionRequest)]
struct ResolutionRequest {
    /// Whether the answer was put right; else it was right all along.
    fixed: bool,
    reply: String,
}

/// Closes a report.
#[utoipa::path(
    post, path = "/knowledge/reports/{id}/resolution", operation_id = "resolve_knowledge_report", tag = "knowledge",
    params(("id" = String, Path, description = "The report")), request_body = ResolutionRequest,
    responses(
        (status = 204, description = "It is closed"),
        (status = 409, description = "It was closed before", body = ProblemBody),
    )
)]
async fn resolve_knowledge_report(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<ResolutionRequest>,
) -> HttpResult<StatusCode> {
    maintains(&by)?;
    knowledge.resolve_report(&ctx, &by, &id, body.fixed, &body.reply).await?;
    Ok(StatusCode::NO_CONTENT)
}
