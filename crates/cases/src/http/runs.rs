//! `GET /runs/{id}` and `GET /runs/{id}/file`: long pieces of work that somebody started.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use kernel::http::{Auth, Json, Path, ReqCtx, disposition};
use kernel::{HttpResult, Problem};
use serde::Serialize;
use serde_json::Value;
use tokio::io::AsyncReadExt as _;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(get_run, stop_run)).routes(routes!(download_run_file))
}

/// A run that began.
#[derive(Serialize, ToSchema)]
pub(super) struct RunStarted {
    /// Its id, to ask how far it is.
    pub(super) run_id: String,
}

/// How far a run is.
#[derive(Serialize, ToSchema)]
struct RunView {
    id: String,
    /// `catalogue_trial`, …
    kind: String,
    /// `running`, `done`, `failed`, or `lost` when the server was stopped meanwhile.
    state: String,
    done: i64,
    /// How much there is to do; 0 while nobody knows.
    total: i64,
    /// What it found; its members depend on the kind.
    result: Value,
    /// The name of the file that it made.
    file_name: Option<String>,
    made_at: i64,
}

/// Shows how far a run of one's own is.
#[utoipa::path(
    get, path = "/runs/{id}", operation_id = "get_run", tag = "runs",
    params(("id" = String, Path, description = "The run")),
    responses((status = 200, description = "The run", body = RunView))
)]
async fn get_run(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<Json<RunView>> {
    let run = cases.run(&by, &id, ctx.now).await?;
    Ok(Json(RunView {
        id: run.id,
        kind: run.kind,
        state: run.state,
        done: run.done,
        total: run.total,
        result: serde_json::from_str(&run.result).unwrap_or_default(),
        file_name: run.file_name,
        made_at: run.made_at,
    }))
}

/// Asks a run of one's own to stop; what it made so far is kept.
#[utoipa::path(
    delete, path = "/runs/{id}", operation_id = "stop_run", tag = "runs",
    params(("id" = String, Path, description = "The run")),
    responses((status = 204, description = "It will stop"), (status = 404, description = "It has ended, or is not one's own"))
)]
async fn stop_run(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    cases.stop_run(&ctx, &by, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Downloads the file that a run of one's own made.
#[utoipa::path(
    get, path = "/runs/{id}/file", operation_id = "download_run_file", tag = "runs",
    params(("id" = String, Path, description = "The run")),
    responses((status = 200, description = "The file", body = Vec<u8>, content_type = "application/octet-stream"))
)]
async fn download_run_file(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<Response> {
    let run = cases.run(&by, &id, ctx.now).await?;
    let (Some(file), Some(name)) = (run.file, run.file_name) else { return Err(Problem::not_found()) };
    let mut bytes = Vec::new();
    let mut opened = cases.kit().blobs.open(&file).await.map_err(|_| Problem::not_found())?;
    opened.read_to_end(&mut bytes).await.map_err(|error| Problem::from_internal(&error))?;
    Ok(attachment(bytes, &name, run.file_type.as_deref().unwrap_or("application/octet-stream")))
}

/// Answers with a file to keep, under a name that may be Chinese.
pub(super) fn attachment(bytes: Vec<u8>, name: &str, media_type: &str) -> Response {
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(media_type) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    if let Ok(value) = HeaderValue::from_str(&disposition("attachment", name)) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}
