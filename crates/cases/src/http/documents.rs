//! `/templates`, `/cases/{id}/documents/{template_id}` and `/documents`: templates, and what is made from them.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use contract::cases::CaseId;
use kernel::http::{Auth, Json, Path, Query, ReqCtx, local_time};
use kernel::problem::ProblemBody;
use kernel::{Ctx, HttpResult, Principal, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::case::timeline::EntryKind;
use crate::document::fields::{self, Line, ORDER_FIELDS, OTHER_FIELDS, Surroundings};
use crate::document::preview;
use crate::error::CaseError;
use crate::http::runs::{RunStarted, attachment};
use crate::store::document::{BATCH_MAX, Batch, Made, TemplateRow, TemplateWish, tell};
use crate::store::run::Progress;

/// A template's file is so large at most, in bytes.
const FILE_MAX: usize = 5 * 1024 * 1024;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new()
        .merge(
            OpenApiRouter::new()
                .routes(routes!(list_templates, add_template))
                .routes(routes!(change_template, delete_template))
                .layer(DefaultBodyLimit::max(FILE_MAX + 1024)),
        )
        .routes(routes!(list_template_fields))
        .routes(routes!(download_template_file))
        .routes(routes!(make_document))
        .routes(routes!(preview_document))
        .routes(routes!(make_documents))
}

/// A template.
#[derive(Serialize, ToSchema)]
struct TemplateView {
    id: String,
    name: String,
    /// `entrustment`, `transfer`, `supervision`, `reply` or `other`.
    purpose: String,
    /// `docx` or `xlsx`.
    kind: String,
    /// Whether it is offered.
    active: bool,
    version: i64,
    updated_at: i64,
    updated_by: String,
}

impl From<TemplateRow> for TemplateView {
    fn from(row: TemplateRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            purpose: row.purpose,
            kind: row.kind,
            active: row.active != 0,
            version: row.version,
            updated_at: row.updated_at,
            updated_by: row.updated_by,
        }
    }
}

/// A field that templates can name.
#[derive(Serialize, ToSchema)]
struct TemplateField {
    /// What is written between the braces.
    name: String,
    /// What it holds.
    text: String,
}

/// What is said of a template; its file is the body, empty to keep the old one.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct TemplateQuery {
    /// Its name.
    name: String,
    /// What it is for.
    purpose: String,
    /// Whether it is offered; true when absent.
    active: Option<bool>,
    /// The version that was read, when it is changed.
    version: i64,
}

impl TemplateQuery {
    fn wish(&self) -> TemplateWish {
        TemplateWish {
            name: self.name.clone(),
            purpose: self.purpose.clone(),
            active: self.active.unwrap_or(true),
        }
    }
}

/// Which orders go through which template.
#[derive(Debug, Deserialize, ToSchema)]
struct BatchRequest {
    /// The template.
    template_id: String,
    /// Orders, at most 500.
    ids: Vec<String>,
}

/// A page that shows a document.
#[derive(Serialize, ToSchema)]
struct PreviewView {
    /// The page; it has no scripts and links nowhere.
    html: String,
    /// What the file would be called.
    name: String,
}

fn no_file() -> Problem {
    Problem::invalid().field("file", "required", "请选择模板文件。", "Please choose the template's file.")
}

fn body(bytes: Result<Bytes, axum::extract::rejection::BytesRejection>) -> HttpResult<Bytes> {
    bytes.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "file.too_large")
                .detail_zh("模板文件不能超过 5 MB。")
                .detail_en("A template may have 5 MB at most.")
        } else {
            no_file()
        }
    })
}

/// Lists the templates of documents.
#[utoipa::path(
    get, path = "/templates", operation_id = "list_templates", tag = "documents",
    responses((status = 200, description = "The templates", body = Vec<TemplateView>))
)]
async fn list_templates(State(cases): State<Cases>, Auth(by): Auth) -> HttpResult<Json<Vec<TemplateView>>> {
    if !by.has("template.write") {
        by.require("case.read")?;
    }
    let shown = cases.templates().await?.into_iter();
    Ok(Json(shown.filter(|row| row.active != 0 || by.has("template.write")).map(Into::into).collect()))
}

/// Adds a template; a broken placeholder is named with its place.
#[utoipa::path(
    post, path = "/templates", operation_id = "add_template", tag = "documents",
    params(TemplateQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 201, description = "The template", body = TemplateView),
        (status = 422, description = "Faults, each with its place", body = ProblemBody),
    )
)]
async fn add_template(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<TemplateQuery>,
    bytes: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> HttpResult<(StatusCode, Json<TemplateView>)> {
    by.require("template.write")?;
    let bytes = body(bytes)?;
    if bytes.is_empty() {
        return Err(no_file());
    }
    let row = cases.add_template(&ctx, &query.wish(), bytes.to_vec()).await?;
    Ok((StatusCode::CREATED, Json(row.into())))
}

/// Changes a template; an empty body keeps its file.
#[utoipa::path(
    put, path = "/templates/{id}", operation_id = "change_template", tag = "documents",
    params(("id" = String, Path, description = "The template"), TemplateQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses(
        (status = 200, description = "The template", body = TemplateView),
        (status = 409, description = "Somebody was faster", body = ProblemBody),
        (status = 422, description = "Faults, each with its place", body = ProblemBody),
    )
)]
async fn change_template(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Query(query): Query<TemplateQuery>,
    bytes: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> HttpResult<Json<TemplateView>> {
    by.require("template.write")?;
    let bytes = body(bytes)?;
    let file = (!bytes.is_empty()).then(|| bytes.to_vec());
    Ok(Json(cases.change_template(&ctx, &id, query.version, &query.wish(), file).await?.into()))
}

/// Deletes a template that was uploaded.
#[utoipa::path(
    delete, path = "/templates/{id}", operation_id = "delete_template", tag = "documents",
    params(("id" = String, Path, description = "The template")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 409, description = "It is a shipped one", body = ProblemBody),
    )
)]
async fn delete_template(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    by.require("template.write")?;
    cases.delete_template(&ctx, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Downloads a template's file, to change it and send it again.
#[utoipa::path(
    get, path = "/templates/{id}/file", operation_id = "download_template_file", tag = "documents",
    params(("id" = String, Path, description = "The template")),
    responses((status = 200, description = "The file", body = Vec<u8>, content_type = "application/octet-stream"))
)]
async fn download_template_file(
    State(cases): State<Cases>,
    Auth(by): Auth,
    Path(id): Path<String>,
) -> HttpResult<Response> {
    by.require("template.write")?;
    let row = cases.template(&id).await?;
    let bytes = cases.read_blob(&row.blob).await?;
    Ok(attachment(bytes, &format!("{}.{}", row.name, row.kind), "application/octet-stream"))
}

/// Lists what templates can name.
#[utoipa::path(
    get, path = "/template-fields", operation_id = "list_template_fields", tag = "documents",
    responses((status = 200, description = "The fields", body = Vec<TemplateField>))
)]
async fn list_template_fields(
    State(_cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
) -> HttpResult<Json<Vec<TemplateField>>> {
    by.require("template.write")?;
    let order = ORDER_FIELDS.iter().map(|(name, zh, en)| (format!("工单.{name}"), ctx.lang.pick(*zh, *en)));
    let other = OTHER_FIELDS.iter().map(|(name, zh, en)| ((*name).to_owned(), ctx.lang.pick(*zh, *en)));
    Ok(Json(order.chain(other).map(|(name, text)| TemplateField { name, text: text.to_owned() }).collect()))
}

/// Gathers what `by` may see of an order and fills a template with it.
async fn fill(
    cases: &Cases,
    ctx: &Ctx,
    by: &Principal,
    id: &CaseId,
    template: &TemplateRow,
    place: usize,
) -> Result<Made, CaseError> {
    let case = cases.read(by, id).await?;
    let number = case.number.clone();
    let entries = cases.timeline(by, id).await?;
    let (names, pictures) = cases.pictures_of(by, id).await?;
    let view = cases.view(ctx, by, case).await?;
    let view = serde_json::to_value(&view)
        .map_err(|error| CaseError::Stored { what: "order", reason: error.to_string() })?;
    let zone = cases.kit().config.zone.clone();
    let time = |at: i64| {
        let text = local_time(&zone, at);
        words(&text, true)
    };
    let mut lines = Vec::with_capacity(entries.len());
    for entry in entries {
        let unit = match &entry.unit_id {
            Some(id) => cases.unit_name(id).await?.unwrap_or_default(),
            None => String::new(),
        };
        lines.push(Line {
            at: time(entry.at),
            title: EntryKind::title(&entry.kind, ctx.lang).to_owned(),
            kind: entry.kind,
            actor: entry.actor_name,
            unit,
            text: entry.text.unwrap_or_default(),
        });
    }
    let around = Surroundings {
        lines,
        pictures: names,
        today: words(&local_time(&zone, ctx.now.0), false),
        maker: by.name.clone(),
        maker_unit: cases.unit_name(&by.unit_id).await?.unwrap_or_default(),
        city: cases.city(),
        number: place,
    };
    cases.fill_template(template, fields::context(&view, &around, &time), pictures, &number).await
}

/// Turns `2026-03-02 09:00:00` into the words of an official letter.
fn words(text: &str, with_time: bool) -> String {
    let (date, time) = text.split_once(' ').unwrap_or((text, ""));
    let mut parts = date.splitn(3, '-').map(|part| part.trim_start_matches('0'));
    let (Some(year), Some(month), Some(day)) = (parts.next(), parts.next(), parts.next()) else {
        return text.to_owned();
    };
    let date = format!("{year}年{month}月{day}日");
    if with_time { format!("{date} {}", time.get(..5).unwrap_or_default()) } else { date }
}

async fn offered(cases: &Cases, by: &Principal, id: &str) -> Result<TemplateRow, CaseError> {
    let row = cases.template(id).await?;
    if row.active == 0 && !by.has("template.write") {
        return Err(CaseError::NotFound);
    }
    Ok(row)
}

/// Makes a document of an order from a template, with what the reader may see of it.
#[utoipa::path(
    get, path = "/cases/{id}/documents/{template_id}", operation_id = "make_document", tag = "documents",
    params(("id" = String, Path, description = "The order"), ("template_id" = String, Path, description = "The template")),
    responses((status = 200, description = "The file", body = Vec<u8>, content_type = "application/octet-stream"))
)]
async fn make_document(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path((id, template_id)): Path<(String, String)>,
) -> HttpResult<Response> {
    by.require("case.read")?;
    let id = CaseId(id);
    cases.read(&by, &id).await?;
    let template = offered(&cases, &by, &template_id).await?;
    let made = fill(&cases, &ctx, &by, &id, &template, 1).await?;
    cases.note_document(&ctx, &id, &template.name).await?;
    Ok(attachment(made.bytes, &made.name, made.kind.media_type()))
}

/// Shows a document of an order as a page, without making the file.
#[utoipa::path(
    get, path = "/cases/{id}/documents/{template_id}/preview", operation_id = "preview_document", tag = "documents",
    params(("id" = String, Path, description = "The order"), ("template_id" = String, Path, description = "The template")),
    responses((status = 200, description = "The page", body = PreviewView))
)]
async fn preview_document(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path((id, template_id)): Path<(String, String)>,
) -> HttpResult<Json<PreviewView>> {
    by.require("case.read")?;
    let id = CaseId(id);
    cases.read(&by, &id).await?;
    let template = offered(&cases, &by, &template_id).await?;
    let made = fill(&cases, &ctx, &by, &id, &template, 1).await?;
    let name = made.name.clone();
    let html = tokio::task::spawn_blocking(move || preview::page(made.kind, &made.bytes))
        .await
        .map_err(|error| Problem::from_internal(&error))?
        .ok_or_else(Problem::internal)?;
    Ok(Json(PreviewView { html, name }))
}

/// Makes documents of many orders as one file, in the background.
#[utoipa::path(
    post, path = "/documents", operation_id = "make_documents", tag = "documents",
    request_body = BatchRequest,
    responses(
        (status = 202, description = "The run that makes them", body = RunStarted),
        (status = 422, description = "Fields to correct", body = ProblemBody),
        (status = 429, description = "Several of one's runs are going on", body = ProblemBody),
    )
)]
async fn make_documents(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(request): Json<BatchRequest>,
) -> HttpResult<Response> {
    by.require("case.export")?;
    if request.ids.is_empty() || request.ids.len() > BATCH_MAX {
        return Err(Problem::invalid().field(
            "ids",
            "out_of_range",
            &format!("请选择 1 至 {BATCH_MAX} 件工单。"),
            &format!("Choose 1 to {BATCH_MAX} orders."),
        ));
    }
    let template = offered(&cases, &by, &request.template_id).await?;
    let (runner, run_ctx, run_by) = (cases.clone(), ctx.clone(), by.clone());
    let ids = request.ids;
    let run_id = cases
        .start_run(&ctx, &by, "documents", move |progress: Progress| async move {
            let (mut batch, total) = (Batch::new(), ids.len());
            for (place, id) in (1..).zip(&ids) {
                let id = CaseId(id.clone());
                let number = runner.read(&run_by, &id).await.map(|case| case.number).unwrap_or_default();
                let made = fill(&runner, &run_ctx, &run_by, &id, &template, place).await;
                batch.add(&number, made)?;
                if tell(&progress, place, total).await? {
                    break;
                }
            }
            runner.note_documents(&run_ctx, &template.name, ids.len()).await?;
            batch.finish(&template.name)
        })
        .await?;
    Ok((StatusCode::ACCEPTED, Json(RunStarted { run_id })).into_response())
}
