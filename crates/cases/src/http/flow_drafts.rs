//! `GET|POST /flow-drafts`, `GET|PUT|DELETE /flow-drafts/{id}` and `POST /flow-drafts/{id}/publication`.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::HttpResult;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::store::flow_draft::FlowDraft;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new()
        .routes(routes!(list_flow_drafts, begin_flow_draft))
        .routes(routes!(get_flow_draft, save_flow_draft, drop_flow_draft))
        .routes(routes!(publish_flow_draft))
}

/// A drawing that is worked on.
#[derive(Serialize, ToSchema)]
struct FlowDraftView {
    id: String,
    /// The name by which versions belong together.
    name: String,
    title: String,
    /// The drawing, BPMN 2.0; empty in lists.
    xml: String,
    /// The version from which it began.
    base_id: Option<String>,
    version: i64,
    updated_at: i64,
    updated_by: String,
}

impl From<FlowDraft> for FlowDraftView {
    fn from(draft: FlowDraft) -> Self {
        let FlowDraft { id, name, title, xml, base_id, version, updated_at, updated_by } = draft;
        Self { id, name, title, xml, base_id, version, updated_at, updated_by }
    }
}

/// A new draft.
#[derive(Debug, Deserialize, ToSchema)]
struct FlowDraftRequest {
    /// The name by which versions belong together; small letters, digits, hyphens.
    name: String,
    title: String,
    /// The drawing, BPMN 2.0.
    xml: String,
    /// The version from which it begins.
    #[serde(default)]
    base_id: Option<String>,
}

/// What was drawn.
#[derive(Debug, Deserialize, ToSchema)]
struct FlowDraftChange {
    /// The version that was read.
    version: i64,
    title: String,
    /// The drawing, BPMN 2.0.
    xml: String,
}

/// Words for a publication.
#[derive(Debug, Deserialize, ToSchema)]
struct PublicationRequest {
    /// The version of the draft that was read.
    version: i64,
    /// What is different about it.
    #[serde(default)]
    note: String,
}

/// What was published.
#[derive(Serialize, ToSchema)]
struct Published {
    /// The version of the flow.
    flow_id: String,
}

/// Lists the drafts, the latest first, without their drawings.
#[utoipa::path(
    get, path = "/flow-drafts", operation_id = "list_flow_drafts", tag = "flows",
    responses((status = 200, description = "The drafts", body = Vec<FlowDraftView>))
)]
async fn list_flow_drafts(
    State(cases): State<Cases>,
    Auth(by): Auth,
) -> HttpResult<Json<Vec<FlowDraftView>>> {
    by.require("flow.read")?;
    let drafts = cases.flow_drafts().await?.into_iter();
    Ok(Json(drafts.map(|draft| FlowDraftView { xml: String::new(), ..draft.into() }).collect()))
}

/// Begins a draft.
#[utoipa::path(
    post, path = "/flow-drafts", operation_id = "begin_flow_draft", tag = "flows", request_body = FlowDraftRequest,
    responses(
        (status = 201, description = "The draft", body = FlowDraftView),
        (status = 409, description = "There is one already", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn begin_flow_draft(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<FlowDraftRequest>,
) -> HttpResult<(StatusCode, Json<FlowDraftView>)> {
    by.require("flow.write")?;
    let base = body.base_id.as_deref();
    let draft = cases.begin_flow_draft(&ctx, &body.name, &body.title, &body.xml, base).await?;
    Ok((StatusCode::CREATED, Json(draft.into())))
}

/// Shows a draft with its drawing.
#[utoipa::path(
    get, path = "/flow-drafts/{id}", operation_id = "get_flow_draft", tag = "flows",
    params(("id" = String, Path, description = "The draft")),
    responses(
        (status = 200, description = "The draft", body = FlowDraftView),
        (status = 404, description = "No such draft", body = ProblemBody),
    )
)]
async fn get_flow_draft(
    State(cases): State<Cases>,
    Auth(by): Auth,
    Path(id): Path<String>,
) -> HttpResult<Json<FlowDraftView>> {
    by.require("flow.read")?;
    Ok(Json(cases.flow_draft(&id).await?.into()))
}

/// Keeps what was drawn.
#[utoipa::path(
    put, path = "/flow-drafts/{id}", operation_id = "save_flow_draft", tag = "flows",
    params(("id" = String, Path, description = "The draft")), request_body = FlowDraftChange,
    responses(
        (status = 200, description = "The draft", body = FlowDraftView),
        (status = 409, description = "Somebody else saved first", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn save_flow_draft(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<FlowDraftChange>,
) -> HttpResult<Json<FlowDraftView>> {
    by.require("flow.write")?;
    let draft = cases.save_flow_draft(&ctx, &id, body.version, &body.title, &body.xml).await?;
    Ok(Json(draft.into()))
}

/// Throws a draft away.
#[utoipa::path(
    delete, path = "/flow-drafts/{id}", operation_id = "drop_flow_draft", tag = "flows",
    params(("id" = String, Path, description = "The draft")),
    responses(
        (status = 204, description = "Gone"),
        (status = 404, description = "No such draft", body = ProblemBody),
    )
)]
async fn drop_flow_draft(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    by.require("flow.write")?;
    cases.drop_flow_draft(&ctx, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Publishes a draft as the next version; new orders run it.
#[utoipa::path(
    post, path = "/flow-drafts/{id}/publication", operation_id = "publish_flow_draft", tag = "flows",
    params(("id" = String, Path, description = "The draft")), request_body = PublicationRequest,
    responses(
        (status = 200, description = "What was published", body = Published),
        (status = 409, description = "Somebody else saved first", body = ProblemBody),
        (status = 422, description = "The drawing has faults", body = ProblemBody),
    )
)]
async fn publish_flow_draft(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<PublicationRequest>,
) -> HttpResult<Json<Published>> {
    by.require("flow.write")?;
    let flow_id = cases.publish_flow_draft(&ctx, &id, body.version, &body.note).await?;
    Ok(Json(Published { flow_id }))
}
