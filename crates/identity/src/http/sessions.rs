//! `/sessions`: who is signed in where.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::http::{Auth, Json, Path, Query, ReqCtx};
use kernel::{Cursor, HttpResult, Page};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::IdentityError;
use crate::session::Session;
use crate::{Identity, store};

/// What the list is narrowed by.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SessionsQuery {
    /// Whose sessions; without `session.revoke` always one's own.
    person_id: Option<String>,
    /// The word of the page before.
    cursor: Option<String>,
    /// Rows of a page.
    limit: Option<u32>,
}

pub(crate) fn routes() -> OpenApiRouter<Identity> {
    OpenApiRouter::new().routes(routes!(list_sessions)).routes(routes!(revoke_session))
}

/// Lists living sessions, newest first.
#[utoipa::path(
    get, path = "/sessions", operation_id = "list_sessions", tag = "session", params(SessionsQuery),
    responses((status = 200, body = Page<Session>))
)]
async fn list_sessions(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<SessionsQuery>,
) -> HttpResult<Json<Page<Session>>> {
    let person =
        if principal.has("session.revoke") { query.person_id } else { Some(principal.person_id.clone()) };
    let limit = kernel::page::limit(query.limit);
    let after = query.cursor.and_then(|cursor| Cursor::decode(&cursor, 1)).and_then(|mut keys| keys.pop());
    let mut conn = identity.kit.db.reader().acquire().await.map_err(IdentityError::from)?;
    let lifetimes = identity.lifetimes();
    let mut rows =
        store::session::alive(&mut conn, person.as_deref(), after, ctx.now, lifetimes, limit + 1).await?;
    for row in &mut rows {
        row.current = row.id == principal.session_id;
    }
    Ok(Json(Page::cut(rows, limit, |row| Cursor::encode(std::slice::from_ref(&row.id)))))
}

/// Ends a session: one's own, or anybody's with `session.revoke`.
#[utoipa::path(
    delete, path = "/sessions/{id}", operation_id = "revoke_session", tag = "session",
    params(("id" = String, Path, description = "The session")),
    responses((status = 204), (status = 404, body = kernel::problem::ProblemBody))
)]
async fn revoke_session(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    let mut conn = identity.kit.db.reader().acquire().await.map_err(IdentityError::from)?;
    let owner = store::session::owner(&mut conn, &id).await?.ok_or(IdentityError::NotFound)?;
    drop(conn);
    if owner != principal.person_id && !principal.has("session.revoke") {
        return Err(IdentityError::NotFound.into());
    }
    identity.end_session(&ctx, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
