//! `/saved-queries`: filters of the list of orders that people keep.

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

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(list_saved_queries, save_query)).routes(routes!(delete_saved_query))
}

/// A saved query.
#[derive(Serialize, ToSchema)]
struct SavedQueryView {
    id: String,
    name: String,
    /// The part of the address after the question mark.
    query: String,
    /// Whether everybody sees it.
    shared: bool,
    /// Whether it is the reader's own.
    own: bool,
    owner: String,
}

/// A query to keep.
#[derive(Debug, Deserialize, ToSchema)]
struct SavedQueryRequest {
    /// Its name; one's own of the same name is replaced.
    name: String,
    /// The part of the address after the question mark.
    query: String,
    /// Whether everybody sees it; takes `query.share`.
    #[serde(default)]
    shared: bool,
}

/// The id of what was kept.
#[derive(Serialize, ToSchema)]
struct SavedQueryId {
    id: String,
}

/// Lists the reader's own queries and those that others share.
#[utoipa::path(
    get, path = "/saved-queries", operation_id = "list_saved_queries", tag = "cases",
    responses((status = 200, description = "The queries", body = Vec<SavedQueryView>))
)]
async fn list_saved_queries(
    State(cases): State<Cases>,
    Auth(by): Auth,
) -> HttpResult<Json<Vec<SavedQueryView>>> {
    by.require("case.read")?;
    let queries = cases.saved_queries(&by).await?;
    let view = |one: crate::store::saved_query::SavedQuery| SavedQueryView {
        own: one.owner_id == by.person_id,
        id: one.id,
        name: one.name,
        query: one.query,
        shared: one.shared != 0,
        owner: one.owner_name,
    };
    Ok(Json(queries.into_iter().map(view).collect()))
}

/// Keeps a query.
#[utoipa::path(
    post, path = "/saved-queries", operation_id = "save_query", tag = "cases", request_body = SavedQueryRequest,
    responses(
        (status = 201, description = "It is kept", body = SavedQueryId),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn save_query(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<SavedQueryRequest>,
) -> HttpResult<(StatusCode, Json<SavedQueryId>)> {
    by.require("case.read")?;
    if body.shared {
        by.require("query.share")?;
    }
    let id = cases.save_query(&ctx, &by, &body.name, &body.query, body.shared).await?;
    Ok((StatusCode::CREATED, Json(SavedQueryId { id })))
}

/// Forgets a query of one's own.
#[utoipa::path(
    delete, path = "/saved-queries/{id}", operation_id = "delete_saved_query", tag = "cases",
    params(("id" = String, Path, description = "The query")),
    responses((status = 204, description = "It is forgotten"))
)]
async fn delete_saved_query(
    State(cases): State<Cases>,
    Auth(by): Auth,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    by.require("case.read")?;
    cases.forget_query(&by, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
