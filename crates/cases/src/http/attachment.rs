//! `/cases/{id}/attachments` and `/attachments`: files of an order and of its steps.

use axum::extract::multipart::MultipartRejection;
use axum::extract::{DefaultBodyLimit, Multipart, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use contract::cases::CaseId;
use kernel::http::{Auth, Json, Path, Query, ReqCtx, Served, THUMB_BYTES_MAX, read_upload, serve_file};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Principal};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::case::attachment::{Attachment, FILE_BYTES_MAX};
use crate::store::attachment::Incoming;

/// A form, or why it is none; who may send one is asked first.
type Form = Result<Multipart, MultipartRejection>;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    let most = usize::try_from(FILE_BYTES_MAX).unwrap_or(usize::MAX) + THUMB_BYTES_MAX + 16 * 1024;
    let uploads = OpenApiRouter::new()
        .routes(routes!(list_case_attachments, attach_to_case))
        .routes(routes!(list_waiting_attachments, attach_to_draft))
        .layer(DefaultBodyLimit::max(most));
    uploads.merge(OpenApiRouter::new().routes(routes!(download_attachment, detach)))
}

/// A file of an order.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AttachmentView {
    id: String,
    /// The action or part that it was sent with.
    step: String,
    /// The line of the time line that it belongs to; none while its step is not done.
    entry_id: Option<String>,
    name: String,
    /// `image`, `audio`, `video` or `document`.
    kind: String,
    media_type: String,
    size_bytes: i64,
    /// Whether there is a small picture of it.
    has_thumb: bool,
    from_citizen: bool,
    /// Where it was taken, as the sender's device says; longitude in degrees.
    lng: Option<f64>,
    /// Latitude in degrees.
    lat: Option<f64>,
    by_name: String,
    uploaded_at: i64,
}

impl From<Attachment> for AttachmentView {
    fn from(file: Attachment) -> Self {
        Self {
            has_thumb: file.thumb_digest.is_some(),
            lng: file.position.map(|(lng, _)| lng),
            lat: file.position.map(|(_, lat)| lat),
            id: file.id,
            step: file.step,
            entry_id: file.entry_id,
            name: file.name,
            kind: file.kind,
            media_type: file.media_type,
            size_bytes: file.size_bytes,
            from_citizen: file.from_citizen,
            by_name: file.by_name,
            uploaded_at: file.uploaded_at.0,
        }
    }
}

/// The files of an order.
#[derive(Serialize, ToSchema)]
struct Attachments {
    items: Vec<AttachmentView>,
    /// So many are kept from the reader, because the citizen is.
    hidden: usize,
}

/// What a file is sent for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct StepQuery {
    /// The action that it goes along with, such as `feedback` or `note`.
    step: String,
    /// Where it was taken; longitude in degrees.
    lng: Option<f64>,
    /// Latitude in degrees.
    lat: Option<f64>,
}

/// Which picture.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct SizeQuery {
    /// The small picture instead of the file.
    thumb: bool,
}

/// A form with a file.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the shape of a form in the document; its parts are read as they come")]
struct UploadForm {
    /// The file.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// A small picture of it, at most 96 KiB.
    #[schema(value_type = Option<String>, format = Binary)]
    thumb: Option<Vec<u8>>,
}

/// Lists the files of an order, oldest first: those of its steps, and the reader's own that wait for one.
#[utoipa::path(
    get, path = "/cases/{id}/attachments", operation_id = "list_case_attachments", tag = "cases",
    params(("id" = String, Path, description = "The order")),
    responses((status = 200, description = "The files", body = Attachments))
)]
async fn list_case_attachments(
    State(cases): State<Cases>,
    Auth(by): Auth,
    Path(id): Path<String>,
) -> HttpResult<Json<Attachments>> {
    by.require("case.read")?;
    let (items, hidden) = cases.attachments(&by, &id.into()).await?;
    Ok(Json(Attachments { items: items.into_iter().map(Into::into).collect(), hidden }))
}

async fn take(
    cases: &Cases,
    ctx: &kernel::Ctx,
    by: &Principal,
    case_id: Option<&CaseId>,
    query: &StepQuery,
    form: Form,
) -> HttpResult<Json<AttachmentView>> {
    let turn = cases.upload_turn().await?;
    let upload = read_upload(form, usize::try_from(FILE_BYTES_MAX).unwrap_or(usize::MAX)).await?;
    let file = Incoming {
        name: upload.name,
        bytes: upload.bytes,
        thumb: upload.thumb,
        position: query.lng.zip(query.lat),
    };
    let attachment = cases.attach(ctx, by, case_id, &query.step, file).await?;
    drop(turn);
    Ok(Json(attachment.into()))
}

/// Sends a file for a step of an order. It waits until the sender does the step; the same file is kept once.
#[utoipa::path(
    post, path = "/cases/{id}/attachments", operation_id = "attach_to_case", tag = "cases",
    params(("id" = String, Path, description = "The order"), StepQuery),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The file", body = AttachmentView),
        (status = 409, description = "No room, or the order is at another step", body = ProblemBody),
        (status = 413, description = "Too large", body = ProblemBody),
        (status = 422, description = "A file that is not taken, or lies about its type", body = ProblemBody),
    )
)]
async fn attach_to_case(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Query(query): Query<StepQuery>,
    form: Form,
) -> HttpResult<Json<AttachmentView>> {
    by.require("case.read")?;
    let id = CaseId(id);
    // Nobody's bytes are read for an order that they may not know of.
    cases.may_attach(&by, &id, &query.step).await?;
    take(&cases, &ctx, &by, Some(&id), &query, form).await
}

/// Lists the reader's own files that wait for an order to be written.
#[utoipa::path(
    get, path = "/attachments", operation_id = "list_waiting_attachments", tag = "cases",
    responses((status = 200, description = "The files, oldest first", body = Vec<AttachmentView>))
)]
async fn list_waiting_attachments(
    State(cases): State<Cases>,
    Auth(by): Auth,
) -> HttpResult<Json<Vec<AttachmentView>>> {
    require_writer(&by)?;
    Ok(Json(cases.waiting_attachments(&by).await?.into_iter().map(Into::into).collect()))
}

fn require_writer(by: &Principal) -> HttpResult<()> {
    if !by.has("case.discover") && !by.has("exchange.write") {
        by.require("case.create")?;
    }
    Ok(())
}

/// Sends a file for an order that is about to be written.
#[utoipa::path(
    post, path = "/attachments", operation_id = "attach_to_draft", tag = "cases",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, description = "The file", body = AttachmentView),
        (status = 409, description = "No room", body = ProblemBody),
        (status = 413, description = "Too large", body = ProblemBody),
        (status = 422, description = "A file that is not taken, or lies about its type", body = ProblemBody),
    )
)]
async fn attach_to_draft(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    form: Form,
) -> HttpResult<Json<AttachmentView>> {
    require_writer(&by)?;
    take(&cases, &ctx, &by, None, &StepQuery::default(), form).await
}

/// Hands a file out: pictures, sound and video to be shown, everything else to be kept.
#[utoipa::path(
    get, path = "/attachments/{id}", operation_id = "download_attachment", tag = "cases",
    params(("id" = String, Path, description = "The file"), SizeQuery),
    responses(
        (status = 200, description = "The file", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, description = "The range that was asked for"),
        (status = 404, description = "No such file for the reader", body = ProblemBody),
    )
)]
async fn download_attachment(
    State(cases): State<Cases>,
    Auth(by): Auth,
    Path(id): Path<String>,
    Query(query): Query<SizeQuery>,
    headers: HeaderMap,
) -> HttpResult<Response> {
    let file = cases.attachment_file(&by, &id, query.thumb).await?;
    let served = Served {
        blob: &file.blob,
        name: &file.name,
        media_type: &file.media_type,
        size_bytes: file.size_bytes,
        digest: &file.digest,
    };
    serve_file(&cases.kit().blobs, served, &headers).await
}

/// Forgets a file of one's own whose step is not done yet.
#[utoipa::path(
    delete, path = "/attachments/{id}", operation_id = "detach", tag = "cases",
    params(("id" = String, Path, description = "The file")),
    responses(
        (status = 204, description = "It is forgotten"),
        (status = 409, description = "It belongs to the order's record", body = ProblemBody),
    )
)]
async fn detach(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    cases.detach(&ctx, &by, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
