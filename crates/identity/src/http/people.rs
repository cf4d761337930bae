//! `/people`.

use std::collections::HashMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use contract::identity::{PersonId, UnitId};
use kernel::http::{
    Auth, Cell, EXPORT_ROWS_MAX, Idempotent, Json, Path, Query, ReqCtx, download_workbook, local_time,
};
use kernel::{Audit, Cursor, HttpResult, Lang, Page, Principal, Scope};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::covers;
use crate::error::IdentityError;
use crate::person::{NewPassword, NewPerson, Person, PersonChange, StoredPerson};
use crate::store::person::PeopleFilter;
use crate::{Identity, store};

/// What the list is narrowed by.
#[derive(Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PeopleQuery {
    /// A part of account, name, job number, telephone number or e-mail address.
    q: Option<String>,
    /// Only people of this unit.
    unit_id: Option<String>,
    /// Only people of this unit and all below.
    under: Option<String>,
    /// Only people with this role.
    role: Option<String>,
    /// Only those who may sign in, or only the others.
    active: Option<bool>,
    /// The word of the page before.
    cursor: Option<String>,
    /// Rows of a page.
    limit: Option<u32>,
}

/// A new person.
#[derive(Deserialize, Serialize, ToSchema)]
struct PersonDraft {
    /// The name used at sign-in.
    account: String,
    /// The name on screen.
    name: String,
    /// The job number.
    job_no: Option<String>,
    /// The number to reach them by.
    phone: Option<String>,
    /// Where they get letters by e-mail.
    email: Option<String>,
    /// The unit.
    unit_id: UnitId,
    /// Roles; giving any needs `role.write`.
    #[serde(default)]
    roles: Vec<String>,
    /// The first password, to be changed at first sign-in.
    password: String,
}

/// A password that replaces a forgotten one.
#[derive(Deserialize, ToSchema)]
struct NewSecret {
    /// The password, to be changed at the next sign-in.
    password: String,
}

/// A person's new roles.
#[derive(Deserialize, ToSchema)]
struct RolesChange {
    /// The version that the writer saw.
    version: i64,
    /// Ids of all roles.
    roles: Vec<String>,
}

pub(crate) fn routes() -> OpenApiRouter<Identity> {
    OpenApiRouter::new()
        .routes(routes!(list_people, create_person))
        .routes(routes!(export_people))
        .routes(routes!(get_person, update_person))
        .routes(routes!(delete_lockout))
        .routes(routes!(put_person_password))
        .routes(routes!(delete_person_totp))
        .routes(routes!(put_person_roles))
}

impl Identity {
    /// Reads people within the reader's scope.
    async fn people(
        &self,
        principal: &Principal,
        scope: Scope,
        query: PeopleQuery,
        limit: usize,
        lang: Lang,
    ) -> Result<Vec<Person>, IdentityError> {
        self.look_for_changes().await?;
        let mut wanted = PeopleFilter {
            text: query.q,
            unit_id: query.unit_id.filter(|id| !id.is_empty()),
            role: query.role.filter(|role| !role.is_empty()),
            active: query.active,
            after_account: query
                .cursor
                .and_then(|word| Cursor::decode(&word, 1))
                .and_then(|mut keys| keys.pop()),
            ..PeopleFilter::default()
        };
        if let Some(id) = query.under.filter(|id| !id.is_empty()) {
            let path = self.directory.read(|snapshot| {
                snapshot.units.get(&UnitId(id)).map_or_else(|| "//".to_owned(), |unit| unit.path.clone())
            });
            wanted.under.push(path);
        }
        match scope {
            Scope::All => {}
            Scope::Subtree => wanted.under.push(principal.unit_path.clone()),
            Scope::Unit => wanted.within_unit = Some(principal.unit_id.clone()),
            Scope::Own => wanted.person_id = Some(principal.person_id.clone()),
        }
        let mut conn = self.kit.db.reader().acquire().await?;
        let people = store::person::list(&mut conn, wanted, limit).await?;
        let locks: HashMap<String, i64> =
            store::attempt::locks(&mut conn, self.kit.now()).await?.into_iter().collect();
        drop(conn);
        Ok(people.iter().map(|person| self.show_known(person, &locks, lang)).collect())
    }

    fn show_known(&self, person: &StoredPerson, locks: &HashMap<String, i64>, lang: Lang) -> Person {
        let roles = self.directory.read(|snapshot| {
            snapshot.people.get(&person.id).map(|known| known.roles.clone()).unwrap_or_default()
        });
        let digest = kernel::crypto::sha256_hex(person.account.as_bytes());
        self.show_person(person, &roles, locks.get(&digest).copied(), lang)
    }

    /// Refuses people outside the scope as if they did not exist.
    fn check_person_within(
        &self,
        principal: &Principal,
        scope: Scope,
        id: &PersonId,
    ) -> Result<(), IdentityError> {
        let within = self.directory.read(|snapshot| {
            let unit_id = &snapshot.people.get(id)?.brief.unit_id;
            let path = snapshot.units.get(unit_id).map(|unit| unit.path.clone()).unwrap_or_default();
            Some(match scope {
                Scope::Own => principal.person_id == id.0,
                wider => covers(principal, wider, unit_id.as_str(), &path),
            })
        });
        if within == Some(true) { Ok(()) } else { Err(IdentityError::NotFound) }
    }
}

/// Lists people by account.
#[utoipa::path(
    get, path = "/people", operation_id = "list_people", tag = "people", params(PeopleQuery),
    responses((status = 200, body = Page<Person>))
)]
async fn list_people(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<PeopleQuery>,
) -> HttpResult<Json<Page<Person>>> {
    let scope = principal.require("person.read")?;
    let limit = kernel::page::limit(query.limit);
    let people = identity.people(&principal, scope, query, limit + 1, ctx.lang).await?;
    Ok(Json(Page::cut(people, limit, |person| Cursor::encode(std::slice::from_ref(&person.account)))))
}

/// Exports the list as an Excel workbook.
#[utoipa::path(
    get, path = "/people.xlsx", operation_id = "export_people", tag = "people", params(PeopleQuery),
    responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body = Vec<u8>))
)]
async fn export_people(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<PeopleQuery>,
) -> HttpResult<Response> {
    let scope = principal.require("person.read")?;
    let people = identity.people(&principal, scope, query, EXPORT_ROWS_MAX, ctx.lang).await?;
    let zone = &identity.kit.config.zone;
    let rows: Vec<Vec<Cell>> = people
        .into_iter()
        .map(|person| {
            let roles: Vec<String> = person.roles.into_iter().map(|role| role.name).collect();
            vec![
                person.account.into(),
                person.name.into(),
                person.job_no.into(),
                person.phone.into(),
                person.email.into(),
                person.unit_name.into(),
                roles.join("、").into(),
                ctx.lang
                    .pick(
                        if person.active { "在岗" } else { "停用" },
                        if person.active { "active" } else { "inactive" },
                    )
                    .into(),
                person.last_login_at.map(|at| local_time(zone, at)).into(),
            ]
        })
        .collect();
    let mut tx = identity.kit.db.begin().await?;
    tx.audit(&ctx, Audit::new("person.export", "person", "").detail(json!({"rows": rows.len()})));
    tx.commit().await?;
    let head = ctx.lang.pick(
        vec!["账号", "姓名", "工号", "电话", "邮箱", "单位", "角色", "状态", "最近登录"],
        vec!["Account", "Name", "Job number", "Phone", "E-mail", "Unit", "Roles", "State", "Last sign-in"],
    );
    download_workbook("people", head, rows).await
}

/// Adds a person.
#[utoipa::path(
    post, path = "/people", operation_id = "create_person", tag = "people", request_body = PersonDraft,
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition safe")),
    responses((status = 201, body = Person), (status = 422, body = kernel::problem::ProblemBody))
)]
async fn create_person(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Idempotent { body, idem }: Idempotent<PersonDraft>,
) -> HttpResult<Response> {
    let scope = principal.require("person.write")?;
    if !body.roles.is_empty() {
        principal.require("role.write")?;
    }
    if let Some(answer) = idem.replay(&identity.kit).await? {
        return Ok(answer);
    }
    let path =
        identity.directory.read(|snapshot| snapshot.units.get(&body.unit_id).map(|unit| unit.path.clone()));
    if !covers(&principal, scope, body.unit_id.as_str(), &path.unwrap_or_default()) {
        return Err(IdentityError::NotFound.into());
    }
    let new = NewPerson {
        id: None,
        account: body.account,
        name: body.name,
        job_no: body.job_no,
        phone: body.phone,
        email: body.email,
        unit_id: body.unit_id,
        roles: body.roles,
        password: NewPassword::Plain(body.password),
        must_change: true,
    };
    let person = identity.create_person(&ctx, new, &idem).await?;
    Ok((StatusCode::CREATED, Json(person)).into_response())
}

/// Reads a person.
#[utoipa::path(
    get, path = "/people/{id}", operation_id = "get_person", tag = "people",
    params(("id" = String, Path, description = "The person")),
    responses((status = 200, body = Person), (status = 404, body = kernel::problem::ProblemBody))
)]
async fn get_person(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<PersonId>,
) -> HttpResult<Json<Person>> {
    let scope = principal.require("person.read")?;
    identity.look_for_changes().await?;
    identity.check_person_within(&principal, scope, &id)?;
    let mut conn = identity.kit.db.reader().acquire().await.map_err(IdentityError::from)?;
    let person = store::person::find(&mut conn, &id).await?.ok_or(IdentityError::NotFound)?;
    let locks = store::attempt::locks(&mut conn, ctx.now).await?.into_iter().collect();
    Ok(Json(identity.show_known(&person, &locks, ctx.lang)))
}

/// Changes or deactivates a person.
#[utoipa::path(
    patch, path = "/people/{id}", operation_id = "update_person", tag = "people", request_body = PersonChange,
    params(("id" = String, Path, description = "The person")),
    responses((status = 200, body = Person), (status = 409, body = kernel::problem::ProblemBody))
)]
async fn update_person(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<PersonId>,
    Json(body): Json<PersonChange>,
) -> HttpResult<Json<Person>> {
    let scope = principal.require("person.write")?;
    identity.check_person_within(&principal, scope, &id)?;
    if let Some(unit_id) = &body.unit_id {
        let path =
            identity.directory.read(|snapshot| snapshot.units.get(unit_id).map(|unit| unit.path.clone()));
        if !covers(&principal, scope, unit_id.as_str(), &path.unwrap_or_default()) {
            return Err(IdentityError::NotFound.into());
        }
    }
    Ok(Json(identity.change_person(&ctx, &id, body).await?))
}

/// Lifts the lock after failed sign-ins.
#[utoipa::path(
    delete, path = "/people/{id}/lockout", operation_id = "delete_lockout", tag = "people",
    params(("id" = String, Path, description = "The person")), responses((status = 204))
)]
async fn delete_lockout(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<PersonId>,
) -> HttpResult<StatusCode> {
    principal.require("person.recover")?;
    identity.unlock(&ctx, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Replaces a forgotten password; it must be changed at the next sign-in.
#[utoipa::path(
    put, path = "/people/{id}/password", operation_id = "update_person_password", tag = "people",
    request_body = NewSecret, params(("id" = String, Path, description = "The person")),
    responses((status = 204), (status = 422, body = kernel::problem::ProblemBody))
)]
async fn put_person_password(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<PersonId>,
    Json(body): Json<NewSecret>,
) -> HttpResult<StatusCode> {
    principal.require("person.recover")?;
    identity.reset_password(&ctx, &id, body.password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes away a lost second factor.
#[utoipa::path(
    delete, path = "/people/{id}/totp", operation_id = "delete_person_totp", tag = "people",
    params(("id" = String, Path, description = "The person")), responses((status = 204))
)]
async fn delete_person_totp(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<PersonId>,
) -> HttpResult<StatusCode> {
    principal.require("person.recover")?;
    identity.reset_totp(&ctx, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Replaces a person's roles.
#[utoipa::path(
    put, path = "/people/{id}/roles", operation_id = "update_person_roles", tag = "people",
    request_body = RolesChange, params(("id" = String, Path, description = "The person")),
    responses((status = 200, body = Person), (status = 409, description = "role.exclusive, role.own, role.last_administrator or stale_version", body = kernel::problem::ProblemBody))
)]
async fn put_person_roles(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<PersonId>,
    Json(body): Json<RolesChange>,
) -> HttpResult<Json<Person>> {
    principal.require("role.write")?;
    Ok(Json(identity.assign_roles(&ctx, &id, body.roles, body.version).await?))
}
