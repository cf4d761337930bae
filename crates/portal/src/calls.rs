//! `POST /portal/calls` and `GET /portal/calls/{token}`.

use axum::extract::State;
use axum::http::StatusCode;
use contract::voice::{CallProgress, CitizenCall};
use kernel::http::{Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{Portal, failed, source};

pub(crate) fn routes() -> OpenApiRouter<Portal> {
    OpenApiRouter::new().routes(routes!(start_portal_call)).routes(routes!(show_portal_call))
}

/// Who calls.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct CallRequest {
    /// The number to be called back, if the citizen wants to give one.
    #[serde(default)]
    phone: Option<String>,
}

/// The right to make one call from this page.
#[derive(Serialize, ToSchema)]
struct CallTicket {
    #[serde(flatten)]
    call: CitizenCall,
    /// Names the right.
    token: String,
}

/// Gives the right to call the hotline from the page, once.
#[utoipa::path(
    post, path = "/portal/calls", operation_id = "start_portal_call", tag = "portal",
    request_body = CallRequest,
    responses(
        (status = 201, description = "The right", body = CallTicket),
        (status = 429, description = "Too often", body = ProblemBody),
    )
)]
async fn start_portal_call(
    State(portal): State<Portal>,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<CallRequest>,
) -> HttpResult<(StatusCode, Json<CallTicket>)> {
    portal.0.call_starts.take(source(&ctx), ctx.now)?;
    let phone = body.phone.as_deref().map(str::trim).filter(|phone| !phone.is_empty());
    if phone.is_some_and(|phone| {
        phone.len() > 32 || !phone.chars().all(|c| c.is_ascii_digit() || "+- ".contains(c))
    }) {
        let (zh, en) = ("电话号码格式不正确。", "This is no telephone number.");
        return Err(Problem::invalid().field("phone", "malformed", zh, en));
    }
    let call = portal.0.calls.issue_citizen(&ctx, phone).await.map_err(failed)?;
    let token =
        call.uri.strip_prefix("sip:").and_then(|rest| rest.split('@').next()).unwrap_or_default().to_owned();
    Ok((StatusCode::CREATED, Json(CallTicket { call, token })))
}

/// Tells the page how its call stands.
#[utoipa::path(
    get, path = "/portal/calls/{token}", operation_id = "show_portal_call", tag = "portal",
    params(("token" = String, Path, description = "The right that the call is made with")),
    responses(
        (status = 200, body = CallProgress),
        (status = 404, description = "No call is made with it", body = ProblemBody),
    )
)]
async fn show_portal_call(
    State(portal): State<Portal>,
    Path(token): Path<String>,
) -> HttpResult<Json<CallProgress>> {
    Ok(Json(portal.0.calls.progress(&token).await.ok_or_else(Problem::not_found)?))
}
