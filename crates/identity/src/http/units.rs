//! `/units`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use contract::identity::UnitId;
use kernel::http::{Auth, Idempotent, Json, Path, Query, ReqCtx};
use kernel::{Cursor, HttpResult, Page, Principal, Scope};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::covers;
use crate::Identity;
use crate::error::IdentityError;
use crate::unit::{Dissolution, DissolutionPreview, NewUnit, Unit, UnitChange, is_under};

/// What the list is narrowed by.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct UnitsQuery {
    /// A part of name or code.
    q: Option<String>,
    /// Only units directly below this one.
    parent_id: Option<String>,
    /// Only this unit and all below.
    under: Option<String>,
    /// Only this level.
    level: Option<i64>,
    /// Only those in use, or only the others.
    active: Option<bool>,
    /// The word of the page before.
    cursor: Option<String>,
    /// Rows of a page.
    limit: Option<u32>,
}

pub(crate) fn routes() -> OpenApiRouter<Identity> {
    OpenApiRouter::new()
        .routes(routes!(list_units, create_unit))
        .routes(routes!(get_unit, update_unit))
        .routes(routes!(preview_unit_dissolution, dissolve_unit))
}

/// Lists units by level and code.
#[utoipa::path(
    get, path = "/units", operation_id = "list_units", tag = "units", params(UnitsQuery),
    responses((status = 200, body = Page<Unit>))
)]
async fn list_units(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    Query(query): Query<UnitsQuery>,
) -> HttpResult<Json<Page<Unit>>> {
    let scope = principal.require("unit.read")?;
    identity.look_for_changes().await?;
    let limit = kernel::page::limit(query.limit);
    let text = query.q.unwrap_or_default().trim().to_lowercase();
    let mut units: Vec<Unit> = identity.directory.read(|snapshot| {
        let under = query.under.map(|id| {
            snapshot.units.get(&UnitId(id)).map_or_else(|| "//".to_owned(), |unit| unit.path.clone())
        });
        snapshot
            .units
            .values()
            .filter(|unit| covers(&principal, scope, unit.id.as_str(), &unit.path))
            .filter(|unit| query.active.is_none_or(|active| unit.active == active))
            .filter(|unit| query.level.is_none_or(|level| unit.level == level))
            .filter(|unit| {
                query
                    .parent_id
                    .as_ref()
                    .is_none_or(|parent| unit.parent_id.as_ref().is_some_and(|id| id.0 == *parent))
            })
            .filter(|unit| under.as_ref().is_none_or(|path| is_under(&unit.path, path)))
            .filter(|unit| {
                text.is_empty() || format!("{}\n{}", unit.name, unit.code).to_lowercase().contains(&text)
            })
            .cloned()
            .collect()
    });
    units.sort_by(|a, b| (a.level, &a.code).cmp(&(b.level, &b.code)));
    let total = i64::try_from(units.len()).unwrap_or(i64::MAX);
    if let Some(after) = query.cursor.and_then(|cursor| Cursor::decode(&cursor, 2)) {
        let after = (after[0].parse::<i64>().unwrap_or(0), after[1].as_str());
        units.retain(|unit| (unit.level, unit.code.as_str()) > after);
    }
    units.truncate(limit + 1);
    let mut page =
        Page::cut(units, limit, |unit| Cursor::encode(&[unit.level.to_string(), unit.code.clone()]));
    page.total = Some(total);
    Ok(Json(page))
}

/// Makes a unit.
#[utoipa::path(
    post, path = "/units", operation_id = "create_unit", tag = "units", request_body = NewUnit,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe")),
    responses((status = 201, body = Unit), (status = 409, body = kernel::problem::ProblemBody), (status = 422, body = kernel::problem::ProblemBody))
)]
async fn create_unit(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Idempotent { body, idem }: Idempotent<NewUnit>,
) -> HttpResult<Response> {
    let scope = principal.require("unit.write")?;
    if let Some(answer) = idem.replay(&identity.kit).await? {
        return Ok(answer);
    }
    check_within(&identity, &principal, scope, body.parent_id.as_ref())?;
    let unit = identity.create_unit(&ctx, body, &idem).await?;
    Ok((StatusCode::CREATED, Json(unit)).into_response())
}

/// Reads a unit.
#[utoipa::path(
    get, path = "/units/{id}", operation_id = "get_unit", tag = "units",
    params(("id" = String, Path, description = "The unit")),
    responses((status = 200, body = Unit), (status = 404, body = kernel::problem::ProblemBody))
)]
async fn get_unit(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    Path(id): Path<UnitId>,
) -> HttpResult<Json<Unit>> {
    let scope = principal.require("unit.read")?;
    identity.look_for_changes().await?;
    let unit = identity.directory.read(|snapshot| snapshot.units.get(&id).cloned());
    let unit = unit.filter(|unit| covers(&principal, scope, unit.id.as_str(), &unit.path));
    Ok(Json(unit.ok_or(IdentityError::NotFound)?))
}

/// Changes, moves or deactivates a unit.
#[utoipa::path(
    patch, path = "/units/{id}", operation_id = "update_unit", tag = "units", request_body = UnitChange,
    params(("id" = String, Path, description = "The unit")),
    responses((status = 200, body = Unit), (status = 409, description = "stale_version, unit.cycle, unit.level or unit.in_use", body = kernel::problem::ProblemBody))
)]
async fn update_unit(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<UnitId>,
    Json(body): Json<UnitChange>,
) -> HttpResult<Json<Unit>> {
    let scope = principal.require("unit.write")?;
    check_within(&identity, &principal, scope, Some(&id))?;
    if let Some(parent) = &body.parent_id {
        check_within(&identity, &principal, scope, Some(parent))?;
    }
    Ok(Json(identity.change_unit(&ctx, &id, body).await?))
}

/// Counts what hangs on a unit, before it is dissolved.
#[utoipa::path(
    get, path = "/units/{id}/dissolution", operation_id = "preview_unit_dissolution", tag = "units",
    params(("id" = String, Path, description = "The unit")),
    responses((status = 200, body = DissolutionPreview), (status = 404, body = kernel::problem::ProblemBody))
)]
async fn preview_unit_dissolution(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    Path(id): Path<UnitId>,
) -> HttpResult<Json<DissolutionPreview>> {
    let scope = principal.require("unit.write")?;
    check_within(&identity, &principal, scope, Some(&id))?;
    Ok(Json(identity.preview_dissolution(&id).await?))
}

/// Dissolves a unit (撤并): a successor takes over its open orders, tasks, rows of the catalogue, seats and people.
#[utoipa::path(
    post, path = "/units/{id}/dissolution", operation_id = "dissolve_unit", tag = "units",
    params(("id" = String, Path, description = "The unit")), request_body = Dissolution,
    responses(
        (status = 200, body = Unit),
        (status = 409, description = "stale_version, unit.in_use, unit.gone or role.last_administrator", body = kernel::problem::ProblemBody),
        (status = 422, body = kernel::problem::ProblemBody),
    )
)]
async fn dissolve_unit(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<UnitId>,
    Json(body): Json<Dissolution>,
) -> HttpResult<Json<Unit>> {
    let scope = principal.require("unit.write")?;
    check_within(&identity, &principal, scope, Some(&id))?;
    if let Some(successor) = &body.successor_id {
        check_within(&identity, &principal, scope, Some(successor))?;
    }
    Ok(Json(identity.dissolve_unit(&ctx, &id, body).await?))
}

/// Refuses what lies outside the writer's scope as if it did not exist.
fn check_within(
    identity: &Identity,
    principal: &Principal,
    scope: Scope,
    unit: Option<&UnitId>,
) -> Result<(), IdentityError> {
    if scope == Scope::All {
        return Ok(());
    }
    let path = identity.directory.read(|snapshot| {
        unit.and_then(|id| snapshot.units.get(id)).map(|unit| (unit.id.0.clone(), unit.path.clone()))
    });
    match path {
        Some((id, path)) if covers(principal, scope, &id, &path) => Ok(()),
        _ => Err(IdentityError::NotFound),
    }
}
