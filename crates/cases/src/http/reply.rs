//! `POST /cases/{id}/reply` and `/telling`: how the citizen is told, and calls that tell.

use axum::extract::State;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Lang, Principal};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Cases;
use crate::case::Case;
use crate::case::reply::{Reply, ReplyWay, Telling};
use crate::http::view::CaseView;
use crate::store::reply::Told;

pub(super) fn routes() -> OpenApiRouter<Cases> {
    OpenApiRouter::new().routes(routes!(agree_case_reply)).routes(routes!(tell_case_citizen))
}

/// How the citizen wants to be told.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(crate) struct ReplyBody {
    /// The way.
    way: ReplyWay,
    /// The mail address or fax number, or another number than the one to call back; at most 100 characters.
    #[serde(default)]
    to: Option<String>,
}

impl From<ReplyBody> for Reply {
    fn from(body: ReplyBody) -> Self {
        Self::new(body.way, body.to.as_deref())
    }
}

/// Another way of telling.
#[derive(Debug, Deserialize, ToSchema)]
struct ReplyRequest {
    /// The version that was read.
    version: i64,
    /// The way.
    way: ReplyWay,
    /// The mail address or fax number, or another number than the one to call back; at most 100 characters.
    #[serde(default)]
    to: Option<String>,
}

/// What came of a call.
#[derive(Debug, Deserialize, ToSchema)]
struct TellingRequest {
    /// The version that was read.
    version: i64,
    /// Whether the citizen was told.
    told: bool,
    /// Whether nobody shall try again.
    #[serde(default)]
    give_up: bool,
    /// What was said; required when the citizen was not told.
    #[serde(default)]
    note: String,
}

/// How the citizen wants to be told, as far as the reader may know.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReplyView {
    /// The way.
    way: ReplyWay,
    /// What it is called.
    way_name: String,
    /// The number or address; its middle is hidden from those who do not see numbers whole.
    to: Option<String>,
}

/// What came of telling the citizen in writing.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ToldView {
    /// `feedback`: the unit has reported; `result`: the result stands.
    moment: String,
    /// What the way is called.
    way_name: String,
    /// Why not: `by_call`, `no_channel`, `no_address`, `undeliverable`; absent when it went out.
    failure: Option<String>,
    /// When, epoch milliseconds.
    at: i64,
}

/// Shows what was agreed.
pub(super) fn reply_view(case: &Case, by: &Principal, lang: Lang) -> Option<ReplyView> {
    let agreed = case.citizen.reply.as_ref()?;
    let to = agreed.address(case.citizen.phone.as_deref()).filter(|_| case.shows_citizen_to(by));
    Some(ReplyView {
        way: agreed.way,
        way_name: agreed.way.name(lang).to_owned(),
        to: to.map(|to| if by.is_masked("phone") { agreed.way.masked(to) } else { to.to_owned() }),
    })
}

/// Shows what came of it.
pub(super) fn told_view(told: Told, lang: Lang) -> ToldView {
    let way_name = ReplyWay::parse(&told.way).map_or(told.way.as_str(), |way| way.name(lang)).to_owned();
    ToldView { moment: told.moment, way_name, failure: told.failure, at: told.at }
}

/// Agrees on another way of telling the citizen (答复方式).
#[utoipa::path(
    post, path = "/cases/{id}/reply", operation_id = "agree_case_reply", tag = "cases",
    params(("id" = String, Path, description = "The order")),
    request_body = ReplyRequest,
    responses(
        (status = 200, description = "The order afterwards", body = CaseView),
        (status = 409, description = "Somebody was faster, or the citizen was told", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn agree_case_reply(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<ReplyRequest>,
) -> HttpResult<Json<CaseView>> {
    let agreed = Reply::new(body.way, body.to.as_deref());
    let case = cases.agree_reply(&ctx, &by, &id.into(), body.version, agreed).await?;
    Ok(Json(cases.view(&ctx, &by, case).await?))
}

/// Writes down that the citizen was told by telephone, or why not (告知市民).
#[utoipa::path(
    post, path = "/cases/{id}/telling", operation_id = "tell_case_citizen", tag = "cases",
    params(("id" = String, Path, description = "The order")),
    request_body = TellingRequest,
    responses(
        (status = 200, description = "The order afterwards", body = CaseView),
        (status = 409, description = "Somebody was faster, or nobody has to be told", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
    )
)]
async fn tell_case_citizen(
    State(cases): State<Cases>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<TellingRequest>,
) -> HttpResult<Json<CaseView>> {
    let telling = Telling { told: body.told, give_up: body.give_up, note: body.note };
    let case = cases.tell(&ctx, &by, &id.into(), body.version, &telling).await?;
    Ok(Json(cases.view(&ctx, &by, case).await?))
}
