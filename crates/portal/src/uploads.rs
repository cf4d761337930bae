//! Files of citizens and outside helpers.

use axum::extract::multipart::MultipartRejection;
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use contract::cases::{UploadRight, UploadTicket, UploadView, UploadedFile};
use kernel::http::{Json, Path, Query, ReqCtx, Served, THUMB_BYTES_MAX, read_upload, serve_file};
use kernel::problem::ProblemBody;
use kernel::{Ctx, HttpResult, Problem};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{Portal, no_such_link, source};

/// Secrets are shorter than this; what is longer is not looked for.
const TOKEN_MAX: usize = 200;
/// One file of a citizen or a helper, in bytes.
const FILE_BYTES_MAX: usize = 20 * 1024 * 1024;

/// A form, or why it is none; who may send one is asked first.
type Form = Result<Multipart, MultipartRejection>;

pub(crate) fn routes() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(open_portal_upload))
        .merge(
            OpenApiRouter::new()
                .routes(routes!(list_portal_uploads, send_portal_upload))
                .routes(routes!(list_help_files, send_help_file))
                .layer(DefaultBodyLimit::max(FILE_BYTES_MAX + THUMB_BYTES_MAX + 16 * 1024)),
        )
        .routes(routes!(show_portal_upload, take_portal_upload_back))
        .routes(routes!(show_help_file, take_help_file_back))
        .routes(routes!(list_portal_case_files))
        .routes(routes!(show_portal_case_file))
}

/// A form with a file.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of a form in the document; its parts are read as they come")]
struct PortalUploadForm {
    /// The file.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// A small picture of it, at most 96 KiB.
    #[schema(value_type = Option<String>, format = Binary)]
    thumb: Option<Vec<u8>>,
}

/// Which picture.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct FileQuery {
    /// The small picture instead of the file.
    thumb: bool,
    /// The query code, where the file belongs to an order.
    code: String,
}

fn bounded(words: &[&str]) -> HttpResult<()> {
    if words.iter().any(|word| word.len() > TOKEN_MAX) { Err(no_such_link()) } else { Ok(()) }
}

/// Gives the right to send files, for two hours. It takes a proof of work.
#[utoipa::path(
    post, path = "/portal/uploads", operation_id = "open_portal_upload", tag = "portal",
    params(("proof-of-work" = Option<String>, Header, description = "The proof; without one the refusal holds the task")),
    responses(
        (status = 201, description = "The right", body = UploadTicket),
        (status = 428, description = "A proof of work is needed", body = ProblemBody),
        (status = 429, description = "Too often", body = ProblemBody),
    )
)]
async fn open_portal_upload(
    State(portal): State<Portal>,
    ReqCtx(ctx): ReqCtx,
    headers: HeaderMap,
) -> HttpResult<(StatusCode, Json<UploadTicket>)> {
    portal.0.proofs.check(&headers, "upload", ctx.now)?;
    portal.0.submissions.take(source(&ctx), ctx.now)?;
    Ok((StatusCode::CREATED, Json(portal.0.uploads.open_ticket(&ctx).await?)))
}

async fn take(
    portal: &Portal,
    ctx: &Ctx,
    right: UploadRight<'_>,
    form: Form,
) -> HttpResult<Json<UploadView>> {
    portal.0.requests.take(source(ctx), ctx.now)?;
    // The right is looked at before the bytes are read.
    portal.0.uploads.list(ctx, right).await?;
    let turn = portal.0.upload_turns.acquire().await.map_err(|error| Problem::from_internal(&error))?;
    let upload = read_upload(form, FILE_BYTES_MAX).await?;
    let file = UploadedFile { name: upload.name, bytes: upload.bytes, thumb: upload.thumb };
    let taken = portal.0.uploads.put(ctx, right, file).await?;
    drop(turn);
    Ok(Json(taken))
}

async fn show(
    portal: &Portal,
    ctx: &Ctx,
    right: UploadRight<'_>,
    id: &str,
    thumb: bool,
    headers: &HeaderMap,
) -> HttpResult<Response> {
    portal.0.views.take(source(ctx), ctx.now)?;
    let file = portal.0.uploads.find(ctx, right, id, thumb).await?;
    let served = Served {
        blob: &file.blob,
        name: &file.name,
        media_type: &file.media_type,
        size_bytes: file.size_bytes,
        digest: &file.digest,
    };
    serve_file(&portal.0.kit.blobs, served, headers).await
}

/// Lists the files that were sent under a ticket.
#[utoipa::path(
    get, path = "/portal/uploads/{token}/files", operation_id = "list_portal_uploads", tag = "portal",
    params(("token" = String, Path, description = "The ticket's secret")),
    responses(
        (status = 200, description = "The files, oldest first", body = Vec<UploadView>),
        (status = 410, description = "The ticket has ended", body = ProblemBody),
    )
)]
async fn list_portal_uploads(
    State(portal): State<Portal>,
    ReqCtx(ctx): ReqCtx,
    Path(token): Path<String>,
) -> HttpResult<Json<Vec<UploadView>>> {
    portal.0.requests.take(source(&ctx), ctx.now)?;
    bounded(&[&token])?;
    Ok(Json(portal.0.uploads.list(&ctx, UploadRight::Ticket(&token)).await?))
}

/// Sends a file under a ticket. The same file is taken once.
#[utoipa::path(
    post, path = "/portal/uploads/{token}/files", operation_id = "send_portal_upload", tag = "portal",
    params(("token" = String, Path, description = "The ticket's secret")),
    request_body(content = PortalUploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The file", body = UploadView),
        (status = 409, description = "No room", body = ProblemBody),
        (status = 410, description = "The ticket has ended", body = ProblemBody),
        (status = 413, description = "Too large", body = ProblemBody),
        (status = 422, description = "A file that is not taken, or lies about its type", body = ProblemBody),
        (status = 429, description = "Too often", body = ProblemBody),
    )
)]
async fn send_portal_upload(
    State(portal): State<Portal>,
    ReqCtx(ctx): ReqCtx,
    Path(token): Path<String>,
    form: Form,
) -> HttpResult<Json<UploadView>> {
    bounded(&[&token])?;
    take(&portal, &ctx, UploadRight::Ticket(&token), form).await
}

/// Shows a file that was sent under a ticket.
#[utoipa::path(
    get, path = "/portal/uploads/{token}/files/{id}", operation_id = "show_portal_upload", tag = "portal",
    params(("token" = String, Path, description = "The ticket's secret"), ("id" = String, Path, description = "The file"), FileQuery),
    responses((status = 200, description = "The file", body = Vec<u8>, content_type = "application/octet-stream"))
)]
async fn show_portal_upload(
    State(portal): State<Portal>,
    ReqCtx(ctx): ReqCtx,
    Path((token, id)): Path<(String, String)>,
    Query(query): Query<FileQuery>,
    headers: HeaderMap,
) -> HttpResult<Response> {
    bounded(&[&token, &id])?;
    show(&portal, &ctx, UploadRight::Ticket(&token), &id, query.thumb, &headers).await
}

/// Forgets a file that has not gone to an order.
#[utoipa::path(
    delete, path = "/portal/uploads/{token}/files/{id}", operation_id = "take_portal_upload_back", tag = "portal",
    params(("token" = String, Path, description = "The ticket's secret"), ("id" = String, Path, description = "The file")),
    responses((status = 204, description = "It is forgotten"))
)]
async fn take_portal_upload_back(
    State(portal): State<Portal>,
    ReqCtx(ctx): ReqCtx,
    Path((token, id)): Path<(String, String)>,
) -> HttpResult<StatusCode> {
    portal.0.requests.take(source(&ctx), ctx.now)?;
    bounded(&[&token, &id])?;
    portal.0.uploads.take_back(&ctx, UploadRight::Ticket(&token), &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists what a helper may see of the citizen's pictures, and what the helper sent.
#[utoipa::path(
    get, path = "/portal/help/{token}/files", operation_id = "list_help_files", tag = "portal",
    params(("token" = String, Path, description = "The secret of the link")),
    responses(
        (status = 200, description = "The files", body = Vec<UploadView>),
        (status = 410, description = "The link has ended", body = ProblemBody),
    )
)]
async fn list_help_files(
    State(portal): State<Portal>,
    ReqCtx(ctx): ReqCtx,
    Path(token): Path<String>,
) -> HttpResult<Json<Vec<UploadView>>> {
    portal.0.requests.take(source(&ctx), ctx.now)?;
    bounded(&[&token])?;
    Ok(Json(portal.0.uploads.list(&ctx, UploadRight::Link(&token)).await?))
}

/// Sends a helper's file; it goes to the order with the result.
#[utoipa::path(
    post, path = "/portal/help/{token}/files", operation_id = "send_help_file", tag = "portal",
    params(("token" = String, Path, description = "The secret of the link")),
    request_body(content = PortalUploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The file", body = UploadView),
        (status = 409, description = "No room", body = ProblemBody),
        (status = 410, description = "The link has ended", body = ProblemBody),
        (status = 413, description = "Too large", body = ProblemBody),
        (status = 422, description = "A file that is not taken, or lies about its type", body = ProblemBody),
        (status = 429, description = "Too often", body = ProblemBody),
    )
)]
async fn send_help_file(
    State(portal): State<Portal>,
    ReqCtx(ctx): ReqCtx,
    Path(token): Path<String>,
    form: Form,
) -> HttpResult<Json<UploadView>> {
    bounded(&[&token])?;
    take(&portal, &ctx, UploadRight::Link(&token), form).await
}

/// Shows a file to a helper.
#[utoipa::path(
    get, path = "/portal/help/{token}/files/{id}", operation_id = "show_help_file", tag = "portal",
    params(("token" = String, Path, description = "The secret of the link"), ("id" = String, Path, description = "The file"), FileQuery),
    responses((status = 200, description = "The file", body = Vec<u8>, content_type = "application/octet-stream"))
)]
async fn show_help_file(
    State(portal): State<Portal>,
    ReqCtx(ctx): ReqCtx,
    Path((token, id)): Path<(String, String)>,
    Query(query): Query<FileQuery>,
    headers: HeaderMap,
) -> HttpResult<Response> {
    bounded(&[&token, &id])?;
    show(&portal, &ctx, UploadRight::Link(&token), &id, query.thumb, &headers).await
}

/// Forgets a helper's file before the result is sent.
#[utoipa::path(
    delete, path = "/portal/help/{token}/files/{id}", operation_id = "take_help_file_back", tag = "portal",
    params(("token" = String, Path, description = "The secret of the link"), ("id" = String, Path, description = "The file")),
    responses((status = 204, description = "It is forgotten"))
)]
async fn take_help_file_back(
    State(portal): State<Portal>,
    ReqCtx(ctx): ReqCtx,
    Path((token, id)): Path<(String, String)>,
) -> HttpResult<StatusCode> {
    portal.0.requests.take(source(&ctx), ctx.now)?;
    bounded(&[&token, &id])?;
    portal.0.uploads.take_back(&ctx, UploadRight::Link(&token), &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the files that a citizen sent with an order of one's own.
#[utoipa::path(
    get, path = "/portal/cases/{number}/files", operation_id = "list_portal_case_files", tag = "portal",
    params(("number" = String, Path, description = "The order's number"), FileQuery),
    responses(
        (status = 200, description = "The files, oldest first", body = Vec<UploadView>),
        (status = 404, description = "Number or code is wrong", body = ProblemBody),
    )
)]
async fn list_portal_case_files(
    State(portal): State<Portal>,
    ReqCtx(ctx): ReqCtx,
    Path(number): Path<String>,
    Query(query): Query<FileQuery>,
) -> HttpResult<Json<Vec<UploadView>>> {
    portal.0.requests.take(source(&ctx), ctx.now)?;
    bounded(&[&number, &query.code])?;
    portal.0.attempts.take(&number, ctx.now)?;
    let right = UploadRight::Order { number: &number, code: &query.code };
    Ok(Json(portal.0.uploads.list(&ctx, right).await?))
}

/// Shows a file that a citizen sent with an order of one's own.
#[utoipa::path(
    get, path = "/portal/cases/{number}/files/{id}", operation_id = "show_portal_case_file", tag = "portal",
    params(("number" = String, Path, description = "The order's number"), ("id" = String, Path, description = "The file"), FileQuery),
    responses(
        (status = 200, description = "The file", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 404, description = "Number or code is wrong", body = ProblemBody),
    )
)]
async fn show_portal_case_file(
    State(portal): State<Portal>,
    ReqCtx(ctx): ReqCtx,
    Path((number, id)): Path<(String, String)>,
    Query(query): Query<FileQuery>,
    headers: HeaderMap,
) -> HttpResult<Response> {
    bounded(&[&number, &query.code, &id])?;
    let right = UploadRight::Order { number: &number, code: &query.code };
    // Nine pictures of one order are no guessing; a wrong code is.
    let shown = show(&portal, &ctx, right, &id, query.thumb, &headers).await;
    if shown.is_err() {
        portal.0.attempts.take(&number, ctx.now)?;
    }
    shown
}
