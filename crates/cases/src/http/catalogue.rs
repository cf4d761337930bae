//! `/catalogues`: versions of the dispatch catalogue (派单目录), their trial and publication.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::HttpResult;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::runs::RunStarted;
use crate::Cases;
use crate::store::catalogue::CatalogueVersion;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new()
        .routes(routes!(list_catalogues, create_catalogue))
        .routes(routes!(get_catalogue, delete_catalogue))
        .routes(routes!(start_catalogue_trial))
        .routes(routes!(publish_catalogue))
}

/// A version of the dispatch catalogue.
#[derive(Serialize, ToSchema)]
struct CatalogueView {
    id: String,
    /// Its number.
    version: i64,
    /// `draft`, `published`, `retired`.
    state: String,
    note: String,
    rows: i64,
    made_at: i64,
    made_by: String,
    changed_at: i64,
    /// When its present rows were tried on past orders; absent while they were not.
    tried_at: Option<i64>,
    /// What that trial found.
    trial: Option<Value>,
    published_at: Option<i64>,
    published_by: Option<String>,
}

impl From<CatalogueVersion> for CatalogueView {
    fn from(version: CatalogueVersion) -> Self {
        let tried = version.is_tried();
        Self {
            id: version.id,
            version: version.version,
            state: version.state,
            note: version.note,
            rows: version.rows,
            made_at: version.made_at,
            made_by: version.made_by,
            changed_at: version.changed_at,
            tried_at: version.trial_at.filter(|_| tried),
            trial: version.trial.filter(|_| tried).and_then(|text| serde_json::from_str(&text).ok()),
            published_at: version.published_at,
            published_by: version.published_by,
        }
    }
}

/// A new draft.
#[derive(Debug, Deserialize, ToSchema)]
struct CatalogueRequest {
    /// The version whose rows it begins with; empty when absent.
    #[serde(default)]
    from: Option<String>,
    /// What it is for.
    #[serde(default)]
    note: String,
}

/// What a trial looks at.
#[derive(Debug, Deserialize, ToSchema)]
struct TrialRequest {
    /// Orders dispatched in so many last days; 90 when absent.
    #[serde(default)]
    days: Option<i64>,
}

/// Lists versions of the catalogue, the newest first.
#[utoipa::path(
    get, path = "/catalogues", operation_id = "list_catalogues", tag = "catalogue",
    responses((status = 200, description = "The versions", body = Vec<CatalogueView>))
)]
async fn list_catalogues(State(cases): State<Cases>, Auth(by): Auth) -> HttpResult<Json<Vec<CatalogueView>>> {
    by.require("catalogue.read")?;
    Ok(Json(cases.catalogues().await?.into_iter().map(Into::into).collect()))
}

/// Begins a draft.
#[utoipa::path(
    post, path = "/catalogues", operation_id = "create_catalogue", tag = "catalogue", request_body = CatalogueRequest,
    responses((status = 201, description = "The draft", body = CatalogueView))
)]
async fn create_catalogue(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<CatalogueRequest>,
) -> HttpResult<(StatusCode, Json<CatalogueView>)> {
    by.require("catalogue.write")?;
    let from = body.from.filter(|id| !id.is_empty());
    let id = cases.draft_catalogue(&ctx, from.as_deref(), &body.note).await?;
    Ok((StatusCode::CREATED, Json(cases.catalogue_version(&id).await?.into())))
}

/// Shows a version.
#[utoipa::path(
    get, path = "/catalogues/{id}", operation_id = "get_catalogue", tag = "catalogue",
    params(("id" = String, Path, description = "The version")),
    responses((status = 200, description = "The version", body = CatalogueView))
)]
async fn get_catalogue(
    State(cases): State<Cases>,
    Auth(by): Auth,
    Path(id): Path<String>,
) -> HttpResult<Json<CatalogueView>> {
    by.require("catalogue.read")?;
    Ok(Json(cases.catalogue_version(&id).await?.into()))
}

/// Throws a draft away.
#[utoipa::path(
    delete, path = "/catalogues/{id}", operation_id = "delete_catalogue", tag = "catalogue",
    params(("id" = String, Path, description = "The draft")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 409, description = "It is published", body = ProblemBody),
    )
)]
async fn delete_catalogue(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    by.require("catalogue.write")?;
    cases.drop_catalogue(&ctx, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Tries a version on past orders: where each would go, against where people sent it.
#[utoipa::path(
    post, path = "/catalogues/{id}/trial", operation_id = "start_catalogue_trial", tag = "catalogue",
    params(("id" = String, Path, description = "The version")), request_body = TrialRequest,
    responses((status = 202, description = "The run that tries", body = RunStarted))
)]
async fn start_catalogue_trial(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<TrialRequest>,
) -> HttpResult<(StatusCode, Json<RunStarted>)> {
    by.require("catalogue.write")?;
    let run_id = cases.try_catalogue(&ctx, &by, &id, body.days.unwrap_or(90)).await?;
    Ok((StatusCode::ACCEPTED, Json(RunStarted { run_id })))
}

/// Publishes a draft that was tried; from now on orders get its proposals.
#[utoipa::path(
    post, path = "/catalogues/{id}/publication", operation_id = "publish_catalogue", tag = "catalogue",
    params(("id" = String, Path, description = "The draft")),
    responses(
        (status = 200, description = "The published version", body = CatalogueView),
        (status = 409, description = "It is published already, or was not tried", body = ProblemBody),
    )
)]
async fn publish_catalogue(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<Json<CatalogueView>> {
    by.require("catalogue.write")?;
    cases.publish_catalogue(&ctx, &id).await?;
    Ok(Json(cases.catalogue_version(&id).await?.into()))
}
