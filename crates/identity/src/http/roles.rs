//! `/roles` and `/capabilities`.

use axum::extract::State;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::{HttpResult, Page};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Identity;
use crate::role::{GrantsChange, NewsDecision, Role, RoleNews};

/// Something that a role may be granted.
#[derive(Serialize, Deserialize, ToSchema)]
struct CapabilityInfo {
    /// The name.
    name: String,
    /// In the reader's language.
    label: String,
    /// In Chinese.
    zh: String,
    /// In English.
    en: String,
    /// Whether a data scope narrows it.
    scoped: bool,
}

pub(crate) fn routes() -> OpenApiRouter<Identity> {
    OpenApiRouter::new()
        .routes(routes!(list_roles))
        .routes(routes!(put_grants))
        .routes(routes!(list_role_news))
        .routes(routes!(put_role_news))
        .routes(routes!(list_capabilities))
}

/// Lists roles with their grants.
#[utoipa::path(
    get, path = "/roles", operation_id = "list_roles", tag = "roles",
    responses((status = 200, body = Page<Role>))
)]
async fn list_roles(State(identity): State<Identity>, Auth(_reader): Auth) -> HttpResult<Json<Page<Role>>> {
    identity.look_for_changes().await?;
    let mut items: Vec<Role> = identity.directory.read(|snapshot| snapshot.roles.values().cloned().collect());
    items.sort_by(|a, b| (a.sort, &a.id).cmp(&(b.sort, &b.id)));
    let total = i64::try_from(items.len()).ok();
    Ok(Json(Page { items, next_cursor: None, total }))
}

/// Replaces a role's grants and masks.
#[utoipa::path(
    put, path = "/roles/{id}/grants", operation_id = "update_role_grants", tag = "roles",
    request_body = GrantsChange, params(("id" = String, Path, description = "The role")),
    responses((status = 200, body = Role), (status = 409, description = "role.powers_exclusive, role.exclusive, role.own or stale_version", body = kernel::problem::ProblemBody))
)]
async fn put_grants(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<GrantsChange>,
) -> HttpResult<Json<Role>> {
    principal.require("role.write")?;
    Ok(Json(identity.change_grants(&ctx, &id, body).await?))
}

/// Lists what this version grants roles that were changed here and have not been asked about it.
#[utoipa::path(
    get, path = "/roles/news", operation_id = "list_role_news", tag = "roles",
    responses((status = 200, body = Vec<RoleNews>))
)]
async fn list_role_news(
    State(identity): State<Identity>,
    Auth(principal): Auth,
) -> HttpResult<Json<Vec<RoleNews>>> {
    principal.require("role.write")?;
    identity.look_for_changes().await?;
    Ok(Json(identity.role_news()))
}

/// Takes over what this version grants a changed role, or leaves the role as it is.
#[utoipa::path(
    put, path = "/roles/{id}/news", operation_id = "update_role_news", tag = "roles",
    request_body = NewsDecision, params(("id" = String, Path, description = "The role")),
    responses((status = 200, body = Role), (status = 409, description = "role.powers_exclusive, role.exclusive, role.own or stale_version", body = kernel::problem::ProblemBody))
)]
async fn put_role_news(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<NewsDecision>,
) -> HttpResult<Json<Role>> {
    principal.require("role.write")?;
    Ok(Json(identity.decide_news(&ctx, &id, body).await?))
}

/// Lists what roles may be granted.
#[utoipa::path(
    get, path = "/capabilities", operation_id = "list_capabilities", tag = "roles",
    responses((status = 200, body = Vec<CapabilityInfo>))
)]
async fn list_capabilities(
    State(identity): State<Identity>,
    Auth(_reader): Auth,
    ReqCtx(ctx): ReqCtx,
) -> HttpResult<Json<Vec<CapabilityInfo>>> {
    let mut list: Vec<CapabilityInfo> = identity
        .capabilities()
        .into_iter()
        .map(|capability| CapabilityInfo {
            name: capability.name.to_owned(),
            label: ctx.lang.pick(capability.zh, capability.en).to_owned(),
            zh: capability.zh.to_owned(),
            en: capability.en.to_owned(),
            scoped: capability.scoped,
        })
        .collect();
    list.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Json(list))
}
