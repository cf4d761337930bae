//! `/cases/{id}/links`: secret links for outside helpers.

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
use crate::case::external_link::{ExternalLink, LinkWish};

/// A link lives so long when nobody says how long, in hours.
const HOURS: i64 = 72;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(list_case_links, share_case)).routes(routes!(unshare_case))
}

/// Who gets a link.
#[derive(Debug, Deserialize, ToSchema)]
struct LinkRequest {
    /// The version that was read.
    version: i64,
    /// Who helps: a name, a company.
    #[serde(default)]
    helper: String,
    /// What is asked for.
    #[serde(default)]
    text: String,
    /// For so many hours, 1 to 720; 72 when absent.
    #[serde(default)]
    hours: Option<i64>,
}

/// A fresh link.
#[derive(Serialize, ToSchema)]
struct FreshLink {
    /// The path of the page, with its secret. It is shown this once.
    path: String,
}

/// A link.
#[derive(Serialize, ToSchema)]
struct LinkView {
    id: String,
    helper: String,
    text: String,
    given_at: i64,
    given_by: String,
    expires_at: i64,
    revoked_at: Option<i64>,
    /// When it was first opened.
    opened_at: Option<i64>,
    answer: Option<String>,
    answered_at: Option<i64>,
    /// `open`, `answered`, `expired`, `revoked`.
    state: String,
}

fn view(link: ExternalLink, now: kernel::Timestamp) -> LinkView {
    let state = if link.answer.is_some() {
        "answered"
    } else if link.revoked_at.is_some() {
        "revoked"
    } else if now >= link.expires_at {
        "expired"
    } else {
        "open"
    };
    LinkView {
        id: link.id,
        helper: link.helper,
        text: link.text,
        given_at: link.given_at.0,
        given_by: link.given_by_name,
        expires_at: link.expires_at.0,
        revoked_at: link.revoked_at.map(|at| at.0),
        opened_at: link.opened_at.map(|at| at.0),
        answer: link.answer,
        answered_at: link.answered_at.map(|at| at.0),
        state: state.to_owned(),
    }
}

/// Lists the links of an order.
#[utoipa::path(
    get, path = "/cases/{id}/links", operation_id = "list_case_links", tag = "cases",
    params(("id" = String, Path, description = "The order")),
    responses((status = 200, description = "The links, oldest first", body = Vec<LinkView>))
)]
async fn list_case_links(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<Json<Vec<LinkView>>> {
    by.require("case.read")?;
    let links = cases.links(&by, &id.into()).await?;
    Ok(Json(links.into_iter().map(|link| view(link, ctx.now)).collect()))
}

/// Makes a link for an outside helper without an account (外部协办).
#[utoipa::path(
    post, path = "/cases/{id}/links", operation_id = "share_case", tag = "cases",
    params(("id" = String, Path, description = "The order")),
    request_body = LinkRequest,
    responses(
        (status = 201, description = "The link", body = FreshLink),
        (status = 409, description = "Somebody was faster, or the order is at another step", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn share_case(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<LinkRequest>,
) -> HttpResult<(StatusCode, Json<FreshLink>)> {
    let wish = LinkWish { helper: body.helper, text: body.text, hours: body.hours.unwrap_or(HOURS) };
    let token = cases.share(&ctx, &by, &CaseId(id), body.version, &wish).await?;
    Ok((StatusCode::CREATED, Json(FreshLink { path: format!("/help/{token}") })))
}

/// Takes a link back.
#[utoipa::path(
    delete, path = "/cases/{id}/links/{link_id}", operation_id = "unshare_case", tag = "cases",
    params(("id" = String, Path, description = "The order"), ("link_id" = String, Path, description = "The link")),
    responses((status = 204, description = "It opens no more"))
)]
async fn unshare_case(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path((id, link_id)): Path<(String, String)>,
) -> HttpResult<StatusCode> {
    by.require("case.share")?;
    cases.unshare(&ctx, &by, &CaseId(id), &link_id).await?;
    Ok(StatusCode::NO_CONTENT)
}
