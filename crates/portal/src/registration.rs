//! Applications of clerks of units for an account. What is answered never tells which accounts exist.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use contract::identity::{
    RegistrationDraft, RegistrationReceipt, RegistrationUnit, RegistrationView, UnitId,
};
use kernel::http::{Idempotent, Json, Path, Query, ReqCtx};
use kernel::problem::ProblemBody;
use kernel::{HttpResult, Problem};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{Portal, failed, source};

/// Numbers, codes and words are shorter than this, in bytes; what is longer is not looked for.
const WORD_MAX: usize = 200;

pub(crate) fn routes() -> OpenApiRouter<Portal> {
    OpenApiRouter::new()
        .routes(routes!(list_registration_units))
        .routes(routes!(submit_registration))
        .routes(routes!(look_up_registration))
}

/// An application for an account.
#[derive(Debug, Deserialize, ToSchema)]
struct PortalRegistration {
    /// The name, at most 50 characters.
    name: String,
    /// The telephone number by which the unit knows who it is.
    phone: String,
    /// The job number.
    #[serde(default)]
    job_no: Option<String>,
    /// One of the offered units.
    unit_id: UnitId,
    /// What the applicant does there, at most 50 characters.
    post: String,
    /// Why an account is needed, at most 500 characters.
    #[serde(default)]
    reason: String,
    /// The password that the account will have.
    password: String,
}

/// What narrows the units.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct UnitsQuery {
    /// A part of the unit's name.
    q: String,
}

/// The code that came with the number.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct CodeQuery {
    /// The query code.
    code: String,
}

fn no_such_registration() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "portal.no_such_registration")
        .detail_zh("申请编号或查询码不正确，请核对后重试。")
        .detail_en("The application's number or its code is wrong; please check both.")
}

/// Finds units to apply at.
#[utoipa::path(
    get, path = "/portal/registration-units", operation_id = "list_registration_units", tag = "portal",
    params(UnitsQuery),
    responses((status = 200, description = "At most 20 units", body = Vec<RegistrationUnit>))
)]
async fn list_registration_units(
    State(portal): State<Portal>,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<UnitsQuery>,
) -> HttpResult<Json<Vec<RegistrationUnit>>> {
    portal.0.views.take(source(&ctx), ctx.now)?;
    if query.q.len() > WORD_MAX {
        return Ok(Json(Vec::new()));
    }
    Ok(Json(portal.0.registrations.units(&query.q).await.map_err(failed)?))
}

/// Applies for an account. Number and query code are all that the applicant needs later.
#[utoipa::path(
    post, path = "/portal/registrations", operation_id = "submit_registration", tag = "portal",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body give the same application"),
        ("proof-of-work" = Option<String>, Header, description = "The proof; without one the refusal holds the task"),
    ),
    request_body = PortalRegistration,
    responses(
        (status = 201, description = "Number and query code", body = RegistrationReceipt),
        (status = 409, description = "The city takes no applications", body = ProblemBody),
        (status = 422, description = "Fields to correct", body = ProblemBody),
        (status = 428, description = "A proof of work is needed", body = ProblemBody),
        (status = 429, description = "Too often", body = ProblemBody),
    )
)]
async fn submit_registration(
    State(portal): State<Portal>,
    ReqCtx(ctx): ReqCtx,
    headers: HeaderMap,
    request: Idempotent<PortalRegistration>,
) -> HttpResult<Response> {
    if let Some(replayed) = request.idem.replay(&portal.0.kit).await? {
        portal.0.requests.take(source(&ctx), ctx.now)?;
        return Ok(replayed);
    }
    portal.0.proofs.check(&headers, "register", ctx.now)?;
    portal.0.submissions.take(source(&ctx), ctx.now)?;
    let body = request.body;
    let draft = RegistrationDraft {
        name: body.name,
        phone: body.phone,
        job_no: body.job_no,
        unit_id: body.unit_id,
        post: body.post,
        reason: body.reason,
        password: body.password,
    };
    let receipt = portal.0.registrations.register(&ctx, draft, &request.idem).await?;
    Ok((StatusCode::CREATED, Json(receipt)).into_response())
}

/// Shows an application to whoever has its number and query code.
#[utoipa::path(
    get, path = "/portal/registrations/{number}", operation_id = "look_up_registration", tag = "portal",
    params(("number" = String, Path, description = "The application's number"), CodeQuery),
    responses(
        (status = 200, description = "How it stands", body = RegistrationView),
        (status = 404, description = "Number or code is wrong", body = ProblemBody),
        (status = 429, description = "Too often", body = ProblemBody),
    )
)]
async fn look_up_registration(
    State(portal): State<Portal>,
    ReqCtx(ctx): ReqCtx,
    Path(number): Path<String>,
    Query(query): Query<CodeQuery>,
) -> HttpResult<Json<RegistrationView>> {
    portal.0.requests.take(source(&ctx), ctx.now)?;
    if number.len() > WORD_MAX || query.code.len() > WORD_MAX {
        return Err(no_such_registration());
    }
    // The same application in whatever writing, or everybody would have many more guesses.
    portal.0.attempts.take(&number.trim().to_uppercase(), ctx.now)?;
    let found = portal.0.registrations.look_up(&number, &query.code, ctx.lang).await.map_err(failed)?;
    found.map(Json).ok_or_else(no_such_registration)
}
