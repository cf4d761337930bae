//! Orders on the portal: write, look up, rate.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use contract::cases::{CitizenCase, CitizenDraft, Submitted};
use kernel::HttpResult;
use kernel::http::{Idempotent, Json, Path, Query, ReqCtx};
use kernel::problem::ProblemBody;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{Portal, failed, no_such_case, source};

/// Numbers and codes are shorter than this; what is longer is not looked for.
const WORD_MAX: usize = 40;

pub(crate) fn routes() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(submit_portal_case))
        .routes(routes!(look_up_portal_case))
        .routes(routes!(rate_portal_case))
        .routes(routes!(act_on_portal_case))
}

/// Who writes.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct PortalContact {
    /// The name.
    #[serde(default)]
    name: String,
    /// The number to be called back.
    #[serde(default)]
    phone: String,
    /// How to be told of the result: `phone`, `sms` or `email`.
    #[serde(default)]
    reply_way: Option<String>,
    /// The mail address, or another number for short messages.
    #[serde(default)]
    reply_to: Option<String>,
}

/// Where it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
struct PortalPlace {
    /// The district's name.
    #[serde(default)]
    district: Option<String>,
    /// The address.
    #[serde(default)]
    address: Option<String>,
    /// Longitude in degrees.
    #[serde(default)]
    lng: Option<f64>,
    /// Latitude in degrees.
    #[serde(default)]
    lat: Option<f64>,
}

/// An order as a citizen writes it.
#[derive(Debug, Deserialize, ToSchema)]
struct PortalDraft {
    /// One of the offered types.
    r#type: String,
    /// One of the offered categories; the centre chooses when absent.
    #[serde(default)]
    category_id: Option<String>,
    /// What it is about, at most 100 characters.
    title: String,
    /// What happened and what is asked for, at most 5,000 characters.
    content: String,
    /// Who writes.
    #[serde(default)]
    contact: PortalContact,
    /// Whether the citizen's identity is kept from the units.
    #[serde(default)]
    confidential: bool,
    /// Where it is.
    #[serde(default)]
    place: PortalPlace,
    /// The upload ticket under which files were sent.
    #[serde(default)]
    uploads: Option<String>,
    /// The kind of matter, when one was chosen; it says type and category.
    #[serde(default)]
    order_type_id: Option<String>,
    /// The version of its form that was filled in.
    #[serde(default)]
    form_id: Option<String>,
    /// What was filled in.
    #[serde(default)]
    #[schema(value_type = Object)]
    form: serde_json::Map<String, serde_json::Value>,
}

/// The code that came with the number.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct CodeQuery {
    /// The query code.
    code: String,
}

/// A rating.
#[derive(Debug, Deserialize, ToSchema)]
struct RatingRequest {
    /// The query code.
    code: String,
    /// 1 to 5.
    stars: i64,
    /// What the citizen says, at most 1,000 characters.
    #[serde(default)]
    comment: String,
}

/// What a citizen does with an order.
#[derive(Debug, Deserialize, ToSchema)]
struct ActRequest {
    /// The query code.
    code: String,
    /// `supplement`, `urge`, `withdraw`, `redo` or `reconsideration`, when the order offers it.
    act: String,
    /// What the citizen says.
    #[serde(default)]
    text: String,
    /// The upload ticket under which files were sent.
    #[serde(default)]
    uploads: Option<String>,
}

/// A ticket that a page sends along without having used one is none.
fn ticket(token: Option<&str>) -> Option<&str> {
    token.map(str::trim).filter(|token| !token.is_empty())
}

/// Writes an order. The number and the query code are all that a citizen needs later.
#[utoipa::path(
    post, path = "/portal/cases", operation_id = "submit_portal_case", tag = "portal",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body give the same order"),
        ("proof-of-work" = Option<String>, Header, description = "The proof; without one the refusal holds the task"),
    ),
    request_body = PortalDraft,
    responses(
        (status = 201, description = "Number and query code", body = Submitted),
        (status = 422, description = "Fields to correct", body = ProblemBody),
        (status = 428, description = "A proof of work is needed", body = ProblemBody),
        (status = 429, description = "Too often", body = ProblemBody),
    )
)]
async fn submit_portal_case(
    State(portal): State<Portal>,
    ReqCtx(ctx): ReqCtx,
    headers: HeaderMap,
    request: Idempotent<PortalDraft>,
) -> HttpResult<Response> {
    if let Some(replayed) = request.idem.replay(&portal.0.kit).await? {
        portal.0.requests.take(source(&ctx), ctx.now)?;
        return Ok(replayed);
    }
    portal.0.proofs.check(&headers, "submit", ctx.now)?;
    portal.0.submissions.take(source(&ctx), ctx.now)?;
    let body = request.body;
    let draft = CitizenDraft {
        r#type: body.r#type,
        category_id: body.category_id,
        title: body.title,
        content: body.content,
        name: body.contact.name,
        phone: body.contact.phone,
        reply_way: body.contact.reply_way,
        reply_to: body.contact.reply_to,
        confidential: body.confidential,
        district: body.place.district,
        address: body.place.address,
        lng: body.place.lng,
        lat: body.place.lat,
        order_type_id: body.order_type_id,
        form_id: body.form_id,
        form: body.form,
    };
    let submitted =
        portal.0.desk.submit_with(&ctx, draft, ticket(body.uploads.as_deref()), &request.idem).await?;
    Ok((StatusCode::CREATED, Json(submitted)).into_response())
}

/// Shows an order to whoever has its number and query code.
#[utoipa::path(
    get, path = "/portal/cases/{number}", operation_id = "look_up_portal_case", tag = "portal",
    params(("number" = String, Path, description = "The order's number"), CodeQuery),
    responses(
        (status = 200, description = "The order", body = CitizenCase),
        (status = 404, description = "Number or code is wrong", body = ProblemBody),
        (status = 429, description = "Too often", body = ProblemBody),
    )
)]
async fn look_up_portal_case(
    State(portal): State<Portal>,
    ReqCtx(ctx): ReqCtx,
    Path(number): Path<String>,
    Query(query): Query<CodeQuery>,
) -> HttpResult<Json<CitizenCase>> {
    portal.0.requests.take(source(&ctx), ctx.now)?;
    if number.len() > WORD_MAX || query.code.len() > WORD_MAX {
        return Err(no_such_case());
    }
    // The same order by whatever blanks around its number, or everybody would have many more guesses.
    portal.0.attempts.take(number.trim(), ctx.now)?;
    let found = portal.0.desk.look_up(&number, &query.code, ctx.lang).await.map_err(failed)?;
    found.map(Json).ok_or_else(no_such_case)
}

/// Rates an order, once.
#[utoipa::path(
    post, path = "/portal/cases/{number}/rating", operation_id = "rate_portal_case", tag = "portal",
    params(("number" = String, Path, description = "The order's number")),
    request_body = RatingRequest,
    responses(
        (status = 200, description = "The order afterwards", body = CitizenCase),
        (status = 404, description = "Number or code is wrong", body = ProblemBody),
        (status = 409, description = "Rated already, or too early", body = ProblemBody),
        (status = 429, description = "Too often", body = ProblemBody),
    )
)]
async fn rate_portal_case(
    State(portal): State<Portal>,
    ReqCtx(ctx): ReqCtx,
    Path(number): Path<String>,
    Json(body): Json<RatingRequest>,
) -> HttpResult<Json<CitizenCase>> {
    portal.0.requests.take(source(&ctx), ctx.now)?;
    if number.len() > WORD_MAX || body.code.len() > WORD_MAX {
        return Err(no_such_case());
    }
    // The same order by whatever blanks around its number, or everybody would have many more guesses.
    portal.0.attempts.take(number.trim(), ctx.now)?;
    let rated = portal.0.desk.rate(&ctx, &number, &body.code, body.stars, &body.comment).await?;
    rated.map(Json).ok_or_else(no_such_case)
}

/// Supplements, urges or withdraws an order, or asks for it to be handled again.
#[utoipa::path(
    post, path = "/portal/cases/{number}/acts", operation_id = "act_on_portal_case", tag = "portal",
    params(("number" = String, Path, description = "The order's number")),
    request_body = ActRequest,
    responses(
        (status = 200, description = "The order afterwards", body = CitizenCase),
        (status = 404, description = "Number or code is wrong", body = ProblemBody),
        (status = 409, description = "Not now", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
        (status = 429, description = "Too often", body = ProblemBody),
    )
)]
async fn act_on_portal_case(
    State(portal): State<Portal>,
    ReqCtx(ctx): ReqCtx,
    Path(number): Path<String>,
    Json(body): Json<ActRequest>,
) -> HttpResult<Json<CitizenCase>> {
    portal.0.requests.take(source(&ctx), ctx.now)?;
    if number.len() > WORD_MAX || body.code.len() > WORD_MAX || body.act.len() > WORD_MAX {
        return Err(no_such_case());
    }
    // The same order by whatever blanks around its number, or everybody would have many more guesses.
    portal.0.attempts.take(number.trim(), ctx.now)?;
    let (order, uploads) = ((number.as_str(), body.code.as_str()), ticket(body.uploads.as_deref()));
    let done = portal.0.desk.act_with(&ctx, order, &body.act, &body.text, uploads).await?;
    done.map(Json).ok_or_else(no_such_case)
}
