//! The page of an outside helper: reads what it may, sends one result.

use axum::extract::State;
use contract::cases::HelperView;
use kernel::HttpResult;
use kernel::http::{Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{Portal, no_such_link, source};

/// Secrets are shorter than this; what is longer is not looked for.
const TOKEN_MAX: usize = 200;

pub(crate) fn routes() -> OpenApiRouter<Portal> {
    OpenApiRouter::new().routes(routes!(open_help, answer_help))
}

/// A helper's result.
#[derive(Debug, Deserialize, ToSchema)]
struct HelpAnswer {
    /// What was done.
    #[serde(default)]
    text: String,
}

/// Shows what a helper was asked for. An expired link says so.
#[utoipa::path(
    get, path = "/portal/help/{token}", operation_id = "open_help", tag = "portal",
    params(("token" = String, Path, description = "The secret of the link")),
    responses(
        (status = 200, description = "What is asked for", body = HelperView),
        (status = 404, description = "There is no such link", body = ProblemBody),
        (status = 410, description = "The link has ended", body = ProblemBody),
        (status = 429, description = "Too often", body = ProblemBody),
    )
)]
async fn open_help(
    State(portal): State<Portal>,
    ReqCtx(ctx): ReqCtx,
    Path(token): Path<String>,
) -> HttpResult<Json<HelperView>> {
    portal.0.requests.take(source(&ctx), ctx.now)?;
    if token.len() > TOKEN_MAX {
        return Err(no_such_link());
    }
    Ok(Json(portal.0.helpers.open(&ctx, &token).await?))
}

/// Sends a helper's result, once.
#[utoipa::path(
    post, path = "/portal/help/{token}", operation_id = "answer_help", tag = "portal",
    params(("token" = String, Path, description = "The secret of the link")),
    request_body = HelpAnswer,
    responses(
        (status = 200, description = "What was sent", body = HelperView),
        (status = 404, description = "There is no such link", body = ProblemBody),
        (status = 409, description = "Sent already, or the order is settled", body = ProblemBody),
        (status = 410, description = "The link has ended", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
        (status = 429, description = "Too often", body = ProblemBody),
    )
)]
async fn answer_help(
    State(portal): State<Portal>,
    ReqCtx(ctx): ReqCtx,
    Path(token): Path<String>,
    Json(body): Json<HelpAnswer>,
) -> HttpResult<Json<HelperView>> {
    portal.0.requests.take(source(&ctx), ctx.now)?;
    if token.len() > TOKEN_MAX {
        return Err(no_such_link());
    }
    Ok(Json(portal.0.helpers.answer(&ctx, &token, &body.text).await?))
}
