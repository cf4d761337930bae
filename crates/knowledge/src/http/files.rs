//! Files of answers: pictures, sounds, documents.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use contract::knowledge::Audience;
use kernel::HttpResult;
use kernel::http::{Auth, Json, Path, Query, ReqCtx};
use kernel::problem::ProblemBody;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Knowledge;
use crate::extract;
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
    send(&knowledge, &row, &headers).await
}

/// Sends a file, or the part of it that a player asks for. Only what a page shows in place is shown in place.
pub(super) async fn send(knowledge: &Knowledge, row: &FileRow, headers: &HeaderMap) -> HttpResult<Response> {
    let bytes = knowledge.file_bytes(row).await?;
    let inline = extract::format_of(&row.name, &bytes).is_some_and(|format| format.inline);
    let whole = bytes.len();
    let part = headers
        .get(header::RANGE)
        .and_then(|value| value.to_str().ok())
        .and_then(|asked| range(asked, whole));
    let mut response = match part {
        Some((from, to)) => {
            let mut response = (StatusCode::PARTIAL_CONTENT, bytes[from..=to].to_vec()).into_response();
            if let Ok(value) = HeaderValue::from_str(&format!("bytes {from}-{to}/{whole}")) {
                response.headers_mut().insert(header::CONTENT_RANGE, value);
            }
            response
        }
        None => bytes.into_response(),
    };
    let head = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&row.media_type) {
        head.insert(header::CONTENT_TYPE, value);
    }
    head.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    head.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600"));
    let kind = if inline { "inline" } else { "attachment" };
    let name: String = row
        .name
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect();
    if let Ok(value) = HeaderValue::from_str(&format!("{kind}; filename*=UTF-8''{name}")) {
        head.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// Reads one range of bytes; anything else is as good as none, and the whole file is sent.
fn range(asked: &str, whole: usize) -> Option<(usize, usize)> {
    let (from, to) = asked.strip_prefix("bytes=")?.split_once('-')?;
    let last = whole.checked_sub(1)?;
    let (from, to) = match (from, to) {
        ("", tail) => (whole.saturating_sub(tail.parse().ok()?), last),
        (from, "") => (from.parse().ok()?, last),
        (from, to) => (from.parse().ok()?, to.parse::<usize>().ok()?.min(last)),
    };
    (from <= to).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::range;

    #[test]
    fn one_range_is_read_and_nonsense_is_none() {
        assert_eq!(range("bytes=0-", 10), Some((0, 9)));
        assert_eq!(range("bytes=2-5", 10), Some((2, 5)));
        assert_eq!(range("bytes=2-500", 10), Some((2, 9)));
        assert_eq!(range("bytes=-3", 10), Some((7, 9)));
        for nonsense in ["bytes=10-", "bytes=5-2", "bytes=0-1,3-4", "lines=1-2", "bytes=a-b", "bytes=-"] {
            assert_eq!(range(nonsense, 10), None, "{nonsense}");
        }
        assert_eq!(range("bytes=0-", 0), None);
    }
}
