//! `/cases/{id}/publication`: what everybody may read of a settled order.

use axum::extract::State;
use axum::http::StatusCode;
use contract::cases::CaseId;
use kernel::HttpResult;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::case::publication::PublicText;
use crate::store::publication::Publication;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(propose_publication, publish_case, withdraw_publication))
}

/// What everybody may read of an order, or the proposal for it.
#[derive(Serialize, ToSchema)]
struct PublicationView {
    /// `proposed`, `published` or `withdrawn`.
    state: String,
    title: String,
    content: String,
    result: String,
    published_at: Option<i64>,
    published_by: Option<String>,
}

/// The words that an editor approves.
#[derive(Debug, Deserialize, ToSchema)]
struct PublicationRequest {
    #[serde(default)]
    title: String,
    #[serde(default)]
    content: String,
    #[serde(default)]
    result: String,
}

fn view(text: PublicText, known: Option<&Publication>) -> PublicationView {
    PublicationView {
        state: known.map_or("proposed", |known| known.state.as_str()).to_owned(),
        title: text.title,
        content: text.content,
        result: text.result,
        published_at: known.map(|known| known.published_at),
        published_by: known.map(|known| known.published_by.clone()),
    }
}

/// Shows what everybody reads of an order, or proposes it with the citizen blacked out.
#[utoipa::path(
    get, path = "/cases/{id}/publication", operation_id = "propose_publication", tag = "cases",
    params(("id" = String, Path, description = "The order")),
    responses(
        (status = 200, description = "The words", body = PublicationView),
        (status = 409, description = "It cannot be shown", body = ProblemBody),
    )
)]
async fn propose_publication(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<Json<PublicationView>> {
    by.require("publication.write")?;
    let (text, known) = cases.propose_publication(&by, &CaseId(id), ctx.now).await?;
    Ok(Json(view(text, known.as_ref())))
}

/// Shows an order to everybody in an editor's words, or changes them.
#[utoipa::path(
    put, path = "/cases/{id}/publication", operation_id = "publish_case", tag = "cases",
    params(("id" = String, Path, description = "The order")),
    request_body = PublicationRequest,
    responses(
        (status = 200, description = "The words", body = PublicationView),
        (status = 409, description = "It cannot be shown", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn publish_case(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<PublicationRequest>,
) -> HttpResult<Json<PublicationView>> {
    by.require("publication.write")?;
    let text = PublicText { title: body.title, content: body.content, result: body.result };
    let known = cases.publish_case(&ctx, &by, &CaseId(id), &text).await?;
    Ok(Json(view(text, Some(&known))))
}

/// Takes a publication back at once.
#[utoipa::path(
    delete, path = "/cases/{id}/publication", operation_id = "withdraw_publication", tag = "cases",
    params(("id" = String, Path, description = "The order")),
    responses(
        (status = 204, description = "Nobody reads it any more"),
        (status = 404, description = "It was not shown", body = ProblemBody),
    )
)]
async fn withdraw_publication(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    by.require("publication.write")?;
    let id = CaseId(id);
    cases.read(&by, &id).await?;
    cases.withdraw_publication(&ctx, &by, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
