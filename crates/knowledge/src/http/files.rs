//! Files of answers: pictures, sounds, documents.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use contract::knowledge::Audience;
use kernel::http::{Auth, Json, Path, Query, ReqCtx, Served, serve_file};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Knowledge;
use crate::store::file::{FILE_BYTES_MAX, FileRow};

pub(super) fn routes() -> OpenApiRouter<Knowledge> {
    let uploads = OpenApiRouter::new()
        .routes(routes!(upload_knowledge_file))
        .layer(DefaultBodyLimit::max(FILE_BYTES_MAX));
    OpenApiRouter::new().routes(routes!(show_knowledge_file)).merge(uploads)
}

/// What is uploaded.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct UploadQuery {
    /// The file's name with its ending.
    name: String,
}

/// A file that was kept.
#[derive(Serialize, ToSchema)]
struct KnowledgeFile {
    id: String,
    name: String,
    media_type: String,
    size_bytes: i64,
    /// Whether its text is searched: `read`; `none` for pictures and the like; `broken`, `bomb`, `slow` when it could
    /// not be read.
    text: String,
}

/// Keeps a file for an answer; its text will be searched.
#[utoipa::path(
    post, path = "/knowledge/files", operation_id = "upload_knowledge_file", tag = "knowledge", params(UploadQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 201, description = "The file", body = KnowledgeFile),
        (status = 413, description = "Too large", body = ProblemBody),
        (status = 422, description = "Not a kind that is taken", body = ProblemBody),
    )
)]
async fn upload_knowledge_file(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<UploadQuery>,
    body: Bytes,
) -> HttpResult<(StatusCode, Json<KnowledgeFile>)> {
    by.require("knowledge.write")?;
    let row = knowledge.keep_file(&ctx, &query.name, body.to_vec()).await?;
    Ok((
        StatusCode::CREATED,
        Json(KnowledgeFile {
            id: row.id,
            name: row.name,
            media_type: row.media_type,
            size_bytes: row.size_bytes,
            text: row.body_state,
        }),
    ))
}

/// Sends a file.
#[utoipa::path(
    get, path = "/knowledge/files/{id}/file", operation_id = "show_knowledge_file", tag = "knowledge",
    params(("id" = String, Path, description = "The file")),
    responses((status = 200, description = "Its bytes"))
)]
async fn show_knowledge_file(
    State(knowledge): State<Knowledge>,
    Auth(by): Auth,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> HttpResult<Response> {
    by.require("knowledge.read")?;
    let row = knowledge.file(&id, Audience::Internal).await?;
    let writes = by.has("knowledge.write") || by.has("knowledge.review");
    if !writes && !knowledge.is_file_shown(&id, false).await? {
        return Err(Problem::not_found());
    }
    send(&knowledge, &row, &headers).await
}

/// Sends a file, or the part of it that a player asks for, as it is read. Only what a page shows in place is shown in
/// place.
pub(super) async fn send(knowledge: &Knowledge, row: &FileRow, headers: &HeaderMap) -> HttpResult<Response> {
    let file = Served {
        blob: &row.blob_name,
        name: &row.name,
        media_type: &row.media_type,
        size_bytes: row.size_bytes,
        // A file is never changed under its id.
        digest: &row.id,
    };
    serve_file(&knowledge.kit().blobs, file, headers).await
}
