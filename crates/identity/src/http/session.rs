//! `/session`: sign-in, who is signed in, sign-out, one's own password and second factor.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum_extra::extract::CookieJar;
use contract::identity::{PersonId, UnitId};
use kernel::http::{Auth, Json, ReqCtx, session_cookie};
use kernel::{HttpResult, Lang, Principal, Scope};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Identity;
use crate::error::IdentityError;
use crate::person::RoleName;
use crate::session::{Credentials, TotpOffer};

/// The signed-in person with everything that screens decide by.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct Me {
    /// The person.
    person_id: PersonId,
    /// The account.
    account: String,
    /// The name on screen.
    name: String,
    /// The job number that agents announce.
    job_no: Option<String>,
    /// The unit.
    unit_id: UnitId,
    /// The unit's name.
    unit_name: String,
    /// The unit's level.
    unit_level: i64,
    /// Roles.
    roles: Vec<RoleName>,
    /// Capabilities with their scopes; empty while the password must be changed.
    #[schema(value_type = std::collections::HashMap<String, Scope>)]
    capabilities: BTreeMap<String, Scope>,
    /// Fields that are masked.
    masks: Vec<String>,
    /// Whether sign-in asks for a one-time code.
    totp_enabled: bool,
    /// Whether the password must be changed before anything else.
    must_change_password: bool,
    /// The language of the request.
    lang: Lang,
}

/// An old and a new password.
#[derive(Deserialize, ToSchema)]
pub(crate) struct PasswordChange {
    /// The present one.
    old: String,
    /// The new one.
    new: String,
}

/// A one-time code.
#[derive(Deserialize, ToSchema)]
pub(crate) struct TotpCode {
    /// Six digits.
    code: String,
}

/// The password, as proof.
#[derive(Deserialize, ToSchema)]
pub(crate) struct PasswordProof {
    /// The present password.
    password: String,
}

pub(crate) fn routes() -> OpenApiRouter<Identity> {
    OpenApiRouter::new()
        .routes(routes!(get_session, create_session, delete_session))
        .routes(routes!(put_password))
        .routes(routes!(create_totp, confirm_totp, delete_totp))
}

/// Signs in and sets the session cookie.
#[utoipa::path(
    post, path = "/session", operation_id = "create_session", tag = "session", request_body = Credentials,
    responses((status = 200, body = Me), (status = 401, description = "session.refused, session.totp_required or session.totp_wrong", body = kernel::problem::ProblemBody), (status = 429, description = "session.locked", body = kernel::problem::ProblemBody))
)]
async fn create_session(
    State(identity): State<Identity>,
    ReqCtx(ctx): ReqCtx,
    headers: HeaderMap,
    jar: CookieJar,
    Json(credentials): Json<Credentials>,
) -> HttpResult<Response> {
    let ip = ctx.ip.clone().unwrap_or_default();
    let window_millis = identity.lock_millis();
    identity.address_failures.check(&ip, ctx.now, identity.address_failures_max(), window_millis)?;
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).map(ToOwned::to_owned);
    let signed_in = match identity.sign_in(&ctx, credentials, agent).await {
        Ok(signed_in) => signed_in,
        Err(error) => {
            if matches!(error, IdentityError::SignInRefused | IdentityError::TotpWrong) {
                identity.address_failures.count(&ip, ctx.now, window_millis);
            }
            return Err(error.into());
        }
    };
    identity.look_for_changes().await?;
    let principal = identity
        .directory
        .read(|snapshot| snapshot.principal(&signed_in.person_id, &signed_in.session_id))
        .ok_or(IdentityError::SignInRefused)?;
    let me = me(&identity, &principal, ctx.lang).await?;
    let max_age_secs = identity.lifetimes().absolute_millis / 1000;
    let cookie = session_cookie(signed_in.token, max_age_secs, identity.kit.config.secure_cookies);
    Ok((jar.add(cookie), Json(me)).into_response())
}

/// Tells who is signed in.
#[utoipa::path(
    get, path = "/session", operation_id = "get_session", tag = "session",
    responses((status = 200, body = Me), (status = 401, body = kernel::problem::ProblemBody))
)]
async fn get_session(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
) -> HttpResult<Json<Me>> {
    Ok(Json(me(&identity, &principal, ctx.lang).await?))
}

/// Signs out.
#[utoipa::path(
    delete, path = "/session", operation_id = "delete_session", tag = "session",
    responses((status = 204))
)]
async fn delete_session(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    jar: CookieJar,
) -> HttpResult<Response> {
    match identity.end_session(&ctx, &principal.session_id).await {
        // Two tabs may sign out at once.
        Ok(()) | Err(IdentityError::NotFound) => {}
        Err(error) => return Err(error.into()),
    }
    let gone = session_cookie(String::new(), 0, identity.kit.config.secure_cookies);
    Ok((StatusCode::NO_CONTENT, jar.add(gone)).into_response())
}

/// Changes one's own password; other sessions end.
#[utoipa::path(
    put, path = "/session/password", operation_id = "update_own_password", tag = "session",
    request_body = PasswordChange, responses((status = 204), (status = 422, body = kernel::problem::ProblemBody))
)]
async fn put_password(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<PasswordChange>,
) -> HttpResult<StatusCode> {
    let id = PersonId(principal.person_id);
    identity.change_password(&ctx, &id, &principal.session_id, body.old, body.new).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Offers a second factor, to be confirmed with a code.
#[utoipa::path(
    post, path = "/session/totp", operation_id = "create_totp", tag = "session",
    responses((status = 200, body = TotpOffer), (status = 409, body = kernel::problem::ProblemBody))
)]
async fn create_totp(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
) -> HttpResult<Json<TotpOffer>> {
    Ok(Json(identity.offer_totp(&ctx, &PersonId(principal.person_id)).await?))
}

/// Turns the offered second factor on.
#[utoipa::path(
    put, path = "/session/totp", operation_id = "confirm_totp", tag = "session", request_body = TotpCode,
    responses((status = 204), (status = 401, body = kernel::problem::ProblemBody))
)]
async fn confirm_totp(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<TotpCode>,
) -> HttpResult<StatusCode> {
    identity.confirm_totp(&ctx, &PersonId(principal.person_id), &body.code).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Turns one's own second factor off.
#[utoipa::path(
    delete, path = "/session/totp", operation_id = "delete_totp", tag = "session",
    request_body = PasswordProof, responses((status = 204), (status = 422, body = kernel::problem::ProblemBody))
)]
async fn delete_totp(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<PasswordProof>,
) -> HttpResult<StatusCode> {
    identity.remove_own_totp(&ctx, &PersonId(principal.person_id), body.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn me(identity: &Identity, principal: &Principal, lang: Lang) -> Result<Me, IdentityError> {
    let id = PersonId(principal.person_id.clone());
    let mut conn = identity.kit.db.reader().acquire().await?;
    let person = crate::store::person::find(&mut conn, &id).await?.ok_or(IdentityError::NotFound)?;
    let shown = identity.show_person(&person, &principal.roles, None, lang);
    let mut masks: Vec<String> = principal.masks.iter().cloned().collect();
    masks.sort();
    Ok(Me {
        unit_level: identity
            .directory
            .read(|snapshot| snapshot.units.get(&shown.unit_id).map_or(0, |unit| unit.level)),
        person_id: shown.id,
        account: shown.account,
        name: shown.name,
        job_no: shown.job_no,
        unit_id: shown.unit_id,
        unit_name: shown.unit_name,
        roles: shown.roles,
        capabilities: principal.grants.iter().map(|(name, scope)| (name.clone(), *scope)).collect(),
        masks,
        totp_enabled: shown.totp_enabled,
        must_change_password: shown.must_change_password,
        lang,
    })
}
