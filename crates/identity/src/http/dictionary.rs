//! `/dictionary`.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::HttpResult;
use kernel::http::{Auth, Json, Path, ReqCtx};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::dictionary::{DictionaryChange, DictionaryEntry};
use crate::error::IdentityError;
use crate::{Identity, store};

pub(crate) fn routes() -> OpenApiRouter<Identity> {
    OpenApiRouter::new()
        .routes(routes!(list_dictionary))
        .routes(routes!(get_dictionary))
        .routes(routes!(put_entry, delete_entry))
}

async fn entries(identity: &Identity, kind: &str) -> Result<Vec<DictionaryEntry>, IdentityError> {
    let mut conn = identity.kit.db.reader().acquire().await?;
    Ok(store::dictionary::list(&mut conn, kind).await?)
}

/// Lists all words of all lists.
#[utoipa::path(
    get, path = "/dictionary", operation_id = "list_dictionary", tag = "dictionary",
    responses((status = 200, body = Vec<DictionaryEntry>))
)]
async fn list_dictionary(
    State(identity): State<Identity>,
    Auth(_reader): Auth,
) -> HttpResult<Json<Vec<DictionaryEntry>>> {
    Ok(Json(entries(&identity, "").await?))
}

/// Lists the words of one list.
#[utoipa::path(
    get, path = "/dictionary/{kind}", operation_id = "get_dictionary", tag = "dictionary",
    params(("kind" = String, Path, description = "The list, such as `district`")),
    responses((status = 200, body = Vec<DictionaryEntry>))
)]
async fn get_dictionary(
    State(identity): State<Identity>,
    Auth(_reader): Auth,
    Path(kind): Path<String>,
) -> HttpResult<Json<Vec<DictionaryEntry>>> {
    Ok(Json(entries(&identity, &kind).await?))
}

/// Adds or changes a word.
#[utoipa::path(
    put, path = "/dictionary/{kind}/{code}", operation_id = "update_dictionary_entry", tag = "dictionary",
    request_body = DictionaryChange,
    params(("kind" = String, Path, description = "The list"), ("code" = String, Path, description = "The word's code")),
    responses((status = 200, body = DictionaryEntry), (status = 409, body = kernel::problem::ProblemBody))
)]
async fn put_entry(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Path((kind, code)): Path<(String, String)>,
    Json(body): Json<DictionaryChange>,
) -> HttpResult<Json<DictionaryEntry>> {
    principal.require("dictionary.write")?;
    Ok(Json(identity.put_entry(&ctx, &kind, &code, body).await?))
}

/// Removes a word that was entered by mistake.
#[utoipa::path(
    delete, path = "/dictionary/{kind}/{code}", operation_id = "delete_dictionary_entry", tag = "dictionary",
    params(("kind" = String, Path, description = "The list"), ("code" = String, Path, description = "The word's code")),
    responses((status = 204), (status = 404, body = kernel::problem::ProblemBody))
)]
async fn delete_entry(
    State(identity): State<Identity>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Path((kind, code)): Path<(String, String)>,
) -> HttpResult<StatusCode> {
    principal.require("dictionary.write")?;
    identity.delete_entry(&ctx, &kind, &code).await?;
    Ok(StatusCode::NO_CONTENT)
}
