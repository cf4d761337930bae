//! What the city shows to everybody: settled orders with search and paging, and the figures of the months.

use axum::extract::State;
use contract::cases::{
    MonthFigures, PublicCommitment, PublicCommitmentFilter, PublishedCase, PublishedFilter,
};
use kernel::http::{Json, Path, Query, ReqCtx};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Page, Problem};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{Portal, failed, source};

/// Words of a question are shorter than this, in bytes.
const WORD_MAX: usize = 400;

pub(crate) fn routes() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(list_published_cases))
        .routes(routes!(show_published_case))
        .routes(routes!(list_published_figures))
        .routes(routes!(list_published_commitments))
}

/// What narrows the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct PublishedQuery {
    /// Words that title, question or answer hold.
    q: String,
    /// A category, with all below it.
    category_id: String,
    /// The word that came with the page before.
    cursor: Option<String>,
}

/// Lists settled orders that the city shows, newest first.
#[utoipa::path(
    get, path = "/portal/published", operation_id = "list_published_cases", tag = "portal",
    params(PublishedQuery),
    responses(
        (status = 200, description = "A page", body = Page<PublishedCase>),
        (status = 429, description = "Too often", body = ProblemBody),
    )
)]
async fn list_published_cases(
    State(portal): State<Portal>,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<PublishedQuery>,
) -> HttpResult<Json<Page<PublishedCase>>> {
    portal.0.requests.take(source(&ctx), ctx.now)?;
    if query.q.len() > WORD_MAX || query.category_id.len() > WORD_MAX {
        return Ok(Json(Page { items: Vec::new(), next_cursor: None, total: Some(0) }));
    }
    let filter = PublishedFilter {
        q: query.q,
        category_id: Some(query.category_id).filter(|id| !id.is_empty()),
        cursor: query.cursor,
    };
    Ok(Json(portal.0.desk.published(&filter).await.map_err(failed)?))
}

/// Shows one of them.
#[utoipa::path(
    get, path = "/portal/published/{id}", operation_id = "show_published_case", tag = "portal",
    params(("id" = String, Path, description = "The publication")),
    responses(
        (status = 200, description = "The order as everybody may read it", body = PublishedCase),
        (status = 404, description = "It is not shown", body = ProblemBody),
    )
)]
async fn show_published_case(
    State(portal): State<Portal>,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<Json<PublishedCase>> {
    portal.0.requests.take(source(&ctx), ctx.now)?;
    if id.len() > WORD_MAX {
        return Err(Problem::not_found());
    }
    portal.0.desk.published_one(&id).await.map_err(failed)?.map(Json).ok_or_else(Problem::not_found)
}

/// Says how many orders came and were settled in each of the last twelve months.
#[utoipa::path(
    get, path = "/portal/figures", operation_id = "list_published_figures", tag = "portal",
    responses(
        (status = 200, description = "The months, oldest first", body = Vec<MonthFigures>),
        (status = 429, description = "Too often", body = ProblemBody),
    )
)]
async fn list_published_figures(
    State(portal): State<Portal>,
    ReqCtx(ctx): ReqCtx,
) -> HttpResult<Json<Vec<MonthFigures>>> {
    portal.0.requests.take(source(&ctx), ctx.now)?;
    Ok(Json(portal.0.desk.months(ctx.now).await.map_err(failed)?))
}

/// What narrows the list of promises.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct CommitmentsQuery {
    /// Words that the unit's name or the promise hold.
    q: String,
    /// The word that came with the page before.
    cursor: Option<String>,
}

/// Lists what the city's units promise: service, content, standard, process, time limit.
#[utoipa::path(
    get, path = "/portal/commitments", operation_id = "list_published_commitments", tag = "portal",
    params(CommitmentsQuery),
    responses(
        (status = 200, description = "A page", body = Page<PublicCommitment>),
        (status = 429, description = "Too often", body = ProblemBody),
    )
)]
async fn list_published_commitments(
    State(portal): State<Portal>,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<CommitmentsQuery>,
) -> HttpResult<Json<Page<PublicCommitment>>> {
    portal.0.requests.take(source(&ctx), ctx.now)?;
    if query.q.len() > WORD_MAX {
        return Ok(Json(Page { items: Vec::new(), next_cursor: None, total: Some(0) }));
    }
    let filter = PublicCommitmentFilter { q: query.q, cursor: query.cursor };
    Ok(Json(portal.0.desk.commitments(&filter).await.map_err(failed)?))
}
