//! Entries out of files.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use kernel::HttpResult;
use kernel::http::{Auth, Json, Query, ReqCtx};
use kernel::problem::ProblemBody;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Knowledge;
use crate::entry::Kind;
use crate::import::Plan;

/// The largest file that is taken in, in bytes.
const IMPORT_BYTES_MAX: usize = 20 * 1024 * 1024;
/// Refused lines that the answer names; the file has all.
const REASONS_MAX: usize = 50;

pub(super) fn routes() -> OpenApiRouter<Knowledge> {
    OpenApiRouter::new().routes(routes!(import_knowledge)).layer(DefaultBodyLimit::max(IMPORT_BYTES_MAX))
}

/// What is done with the file.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ImportQuery {
    /// The file's name with its ending: `.xlsx`, `.docx`, `.md`.
    name: String,
    /// The region of entries that name none.
    #[serde(default)]
    region: Option<String>,
    /// The business of entries that name none.
    #[serde(default)]
    business: Option<String>,
    /// The form of entries that name none.
    #[serde(default)]
    kind: Option<Kind>,
    /// Nothing is written.
    #[serde(default)]
    dry_run: bool,
    /// What was written goes to review at once.
    #[serde(default)]
    submit: bool,
}

/// A line that was refused.
#[derive(Serialize, ToSchema)]
#[schema(as = KnowledgeRejectedLine)]
struct RejectedLine {
    line: usize,
    title: String,
    reason: String,
}

/// What came of it.
#[derive(Serialize, ToSchema)]
#[schema(as = KnowledgeImportResult)]
struct ImportResult {
    /// Entries that were written, or would be.
    accepted: usize,
    /// Titles of the first of them.
    titles: Vec<String>,
    /// How many were refused.
    rejected: usize,
    /// The first of these.
    reasons: Vec<RejectedLine>,
    /// All of them as a table to be put right; a file of `/knowledge/files/{id}/file`.
    file_id: Option<String>,
}

/// Takes a file in, or says what would come of it.
#[utoipa::path(
    post, path = "/knowledge/imports", operation_id = "import_knowledge", tag = "knowledge", params(ImportQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "What came of it", body = ImportResult),
        (status = 422, description = "The file cannot be read", body = ProblemBody),
    )
)]
async fn import_knowledge(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<ImportQuery>,
    body: Bytes,
) -> HttpResult<Json<ImportResult>> {
    by.require("knowledge.write")?;
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    let plan = Plan {
        unit: None,
        region: filled(query.region),
        business: filled(query.business),
        kind: query.kind,
        dry_run: query.dry_run,
        submit: query.submit,
    };
    let outcome = knowledge.import(&ctx, &by, &query.name, body.to_vec(), &plan).await?;
    Ok(Json(ImportResult {
        accepted: outcome.accepted,
        titles: outcome.titles,
        rejected: outcome.rejected.len(),
        reasons: outcome
            .rejected
            .into_iter()
            .take(REASONS_MAX)
            .map(|rejected| RejectedLine {
                line: rejected.line,
                title: rejected.title,
                reason: ctx.lang.pick(rejected.reason.0, rejected.reason.1),
            })
            .collect(),
        file_id: outcome.file_id,
    }))
}
