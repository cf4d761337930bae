//! `/registrations`: applications for an account, and what is decided on them.

use axum::extract::State;
use axum::response::Response;
use kernel::http::{Auth, Cell, EXPORT_ROWS_MAX, Json, Path, Query, ReqCtx, download_workbook, local_time};
use kernel::{Audit, Cursor, HttpResult, Page, Principal, Problem, Scope};
use serde::Deserialize;
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::covers;
use crate::error::IdentityError;
use crate::registration::{AccountApplication, PROPOSED_ROLE, StoredRegistration};
use crate::store::registration::RegistrationFilter;
use crate::{Identity, store};

/// What the list is narrowed by.
#[derive(Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct RegistrationsQuery {
    /// A part of the name, the telephone number, the job number or the application's number.
    q: Option<String>,
    /// `pending`, `approved` (waits for rights), `ready`, `refused` or `expired`.
    state: Option<String>,
    /// Only of this unit.
    unit_id: Option<String>,
    /// The word of the page before.
    cursor: Option<String>,
    /// Rows of a page.
    limit: Option<u32>,
}

/// An approval.
#[derive(Deserialize, ToSchema)]
struct RegistrationApproval {
    /// The version that the writer saw.
    version: i64,
    /// The account; the next free one of the unit when absent.
    #[serde(default)]
    account: Option<String>,
}

/// A refusal.
#[derive(Deserialize, ToSchema)]
struct RegistrationRefusal {
    /// The version that the writer saw.
    version: i64,
    /// Why; the applicant reads it.
    reason: String,
}

/// The rights of an approved account.
#[derive(Deserialize, ToSchema)]
struct RegistrationRights {
    /// Ids of roles; a unit's clerk when absent.
    #[serde(default)]
    roles: Option<Vec<String>>,
}

pub(crate) fn routes() -> OpenApiRouter<Identity> {
    OpenApiRouter::new()
        .routes(routes!(list_registrations))
        .routes(routes!(export_registrations))
        .routes(routes!(approve_registration))
        .routes(routes!(refuse_registration))
        .routes(routes!(grant_registration))
}

/// Says how far somebody reads applications: who decides, within the own scope; who gives rights, those that
/// were approved.
fn reading(principal: &Principal) -> Result<(Scope, bool), Problem> {
    match principal.scope("registration.decide") {
        Some(scope) => Ok((scope, false)),
        None => principal.require("role.write").map(|_| (Scope::All, true)),
    }
}

impl Identity {
    async fn registrations(
        &self,
        principal: &Principal,
        query: RegistrationsQuery,
        limit: usize,
    ) -> HttpResult<Vec<StoredRegistration>> {
        let (scope, with_account) = reading(principal)?;
        let mut wanted = RegistrationFilter {
            text: query.q,
            state: query.state,
            unit_id: query.unit_id.filter(|id| !id.is_empty()),
            with_account,
            before_id: query.cursor.and_then(|word| Cursor::decode(&word, 1)).and_then(|mut keys| keys.pop()),
            ..RegistrationFilter::default()
        };
        match scope {
            Scope::All => {}
            Scope::Subtree => wanted.under = Some(principal.unit_path.clone()),
            Scope::Unit | Scope::Own => wanted.within_unit = Some(principal.unit_id.clone()),
        }
        self.look_for_changes().await.map_err(IdentityError::from)?;
        let mut conn = self.kit.db.reader().acquire().await.map_err(IdentityError::from)?;
        Ok(store::registration::list(&mut conn, wanted, limit).await.map_err(IdentityError::from)?)
    }

    /// Refuses applications outside the scope as if they did not exist.
    async fn check_registration_within(&self, principal: &Principal, id: &str) -> HttpResult<()> {
        let scope = principal.require("registration.decide")?;
        let mut conn = self.kit.db.reader().acquire().await.map_err(IdentityError::from)?;
        let found = store::registration::find(&mut conn, id).await.map_err(IdentityError::from)?;
        let within = found.is_some_and(|found| {
            let path = self.directory.read(|snapshot| {
                snapshot.units.get(&found.unit_id).map(|unit| unit.path.clone()).unwrap_or_default()
            });
            covers(principal, scope, found.unit_id.as_str(), &path)
        });
        if within { Ok(()) } else { Err(IdentityError::NotFound.into()) }
    }
}

/// Lists applications for an account, newest first.
#[utoipa::path(
    get, path = "/registrations", operation_id = "list_registrations", tag = "people",
    params(RegistrationsQuery), responses((status = 200, body = Page<AccountApplication>))
)]
async fn list_registrations(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<RegistrationsQuery>,
) -> HttpResult<Json<Page<AccountApplication>>> {
    let limit = kernel::page::limit(query.limit);
    let rows = identity.registrations(&principal, query, limit + 1).await?;
    let masked = principal.is_masked("phone");
    let page = Page::cut(rows, limit, |row| Cursor::encode(std::slice::from_ref(&row.id)));
    Ok(Json(page.map(|row| identity.show_registration(&row, masked, ctx.lang))))
}

/// Downloads applications as an Excel file.
#[utoipa::path(
    get, path = "/registrations.xlsx", operation_id = "export_registrations", tag = "people",
    params(RegistrationsQuery), responses((status = 200, description = "An Excel file"))
)]
async fn export_registrations(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<RegistrationsQuery>,
) -> HttpResult<Response> {
    let found = identity.registrations(&principal, query, EXPORT_ROWS_MAX).await?;
    let masked = principal.is_masked("phone");
    let zone = &identity.kit.config.zone;
    let rows: Vec<Vec<Cell>> = found
        .iter()
        .map(|row| identity.show_registration(row, masked, ctx.lang))
        .map(|row| {
            let account = if row.person_id.is_some() { row.account } else { None };
            vec![
                row.number.into(),
                row.state_name.into(),
                row.name.into(),
                row.phone.into(),
                row.job_no.into(),
                row.unit_name.into(),
                row.post.into(),
                row.reason.into(),
                local_time(zone, row.created_at).into(),
                account.into(),
                row.decided_by.into(),
                row.decided_at.map(|at| local_time(zone, at)).into(),
                row.answer.into(),
            ]
        })
        .collect();
    let mut tx = identity.kit.db.begin().await.map_err(IdentityError::from)?;
    tx.audit(&ctx, Audit::new("registration.export", "registration", "").detail(json!({"rows": rows.len()})));
    tx.commit().await.map_err(IdentityError::from)?;
    let head = ctx.lang.pick(
        vec![
            "申请编号",
            "状态",
            "姓名",
            "电话",
            "工号",
            "单位",
            "岗位",
            "申请说明",
            "申请时间",
            "账号",
            "审批人",
            "审批时间",
            "审批意见",
        ],
        vec![
            "Number",
            "State",
            "Name",
            "Phone",
            "Job number",
            "Unit",
            "Post",
            "Reason",
            "Written",
            "Account",
            "Decided by",
            "Decided",
            "Answer",
        ],
    );
    download_workbook("registrations", head, rows).await
}

/// Approves an application; the account has no rights until the security administrator gives some.
#[utoipa::path(
    post, path = "/registrations/{id}/approval", operation_id = "approve_registration", tag = "people",
    request_body = RegistrationApproval, params(("id" = String, Path, description = "The application")),
    responses(
        (status = 200, body = AccountApplication),
        (status = 409, description = "registration.decided or stale_version", body = kernel::problem::ProblemBody),
        (status = 422, description = "The account is taken", body = kernel::problem::ProblemBody),
    )
)]
async fn approve_registration(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<RegistrationApproval>,
) -> HttpResult<Json<AccountApplication>> {
    identity.check_registration_within(&principal, &id).await?;
    let found = identity.approve_registration(&ctx, &id, body.account, body.version).await?;
    Ok(Json(identity.show_registration(&found, principal.is_masked("phone"), ctx.lang)))
}

/// Refuses an application with a reason.
#[utoipa::path(
    post, path = "/registrations/{id}/refusal", operation_id = "refuse_registration", tag = "people",
    request_body = RegistrationRefusal, params(("id" = String, Path, description = "The application")),
    responses(
        (status = 200, body = AccountApplication),
        (status = 409, description = "registration.decided or stale_version", body = kernel::problem::ProblemBody),
    )
)]
async fn refuse_registration(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<RegistrationRefusal>,
) -> HttpResult<Json<AccountApplication>> {
    identity.check_registration_within(&principal, &id).await?;
    let found = identity.refuse_registration(&ctx, &id, &body.reason, body.version).await?;
    Ok(Json(identity.show_registration(&found, principal.is_masked("phone"), ctx.lang)))
}

/// Gives an approved account its rights.
#[utoipa::path(
    put, path = "/registrations/{id}/roles", operation_id = "grant_registration", tag = "people",
    request_body = RegistrationRights, params(("id" = String, Path, description = "The application")),
    responses(
        (status = 200, body = AccountApplication),
        (status = 409, description = "registration.decided or role.exclusive", body = kernel::problem::ProblemBody),
    )
)]
async fn grant_registration(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<RegistrationRights>,
) -> HttpResult<Json<AccountApplication>> {
    principal.require("role.write")?;
    let roles = body.roles.unwrap_or_else(|| vec![PROPOSED_ROLE.to_owned()]);
    let found = identity.grant_registration(&ctx, &id, roles).await?;
    Ok(Json(identity.show_registration(&found, principal.is_masked("phone"), ctx.lang)))
}
