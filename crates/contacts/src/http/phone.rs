//! `/contacts/{id}/phones`.

use axum::extract::State;
use contract::contacts::ContactId;
use kernel::HttpResult;
use kernel::http::{Auth, Json, Path, ReqCtx};
use kernel::problem::ProblemBody;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Contacts;
use crate::contact::Contact;

pub(super) fn router() -> OpenApiRouter<Contacts> {
    OpenApiRouter::new().routes(routes!(create_contact_phone)).routes(routes!(delete_contact_phone))
}

/// A number to be added.
#[derive(Debug, Deserialize, ToSchema)]
struct NewPhone {
    /// The number.
    number: String,
    /// Whether it becomes the number to call first.
    #[serde(default)]
    primary: bool,
}

/// Adds a number to a file.
#[utoipa::path(
    post, path = "/contacts/{id}/phones", operation_id = "create_contact_phone", tag = "contacts",
    params(("id" = String, Path)), request_body = NewPhone,
    responses((status = 200, body = Contact), (status = 409, body = ProblemBody))
)]
async fn create_contact_phone(
    State(contacts): State<Contacts>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<ContactId>,
    Json(phone): Json<NewPhone>,
) -> HttpResult<Json<Contact>> {
    principal.require("contact.write")?;
    Ok(Json(
        contacts.add_phone(&ctx, &id, &phone.number, phone.primary, &principal).await?.seen_by(&principal),
    ))
}

/// Removes a number from a file.
#[utoipa::path(
    delete, path = "/contacts/{id}/phones/{phone_id}", operation_id = "delete_contact_phone", tag = "contacts",
    params(("id" = String, Path), ("phone_id" = String, Path)),
    responses((status = 200, body = Contact), (status = 409, body = ProblemBody))
)]
async fn delete_contact_phone(
    State(contacts): State<Contacts>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Path((id, phone_id)): Path<(ContactId, String)>,
) -> HttpResult<Json<Contact>> {
    principal.require("contact.write")?;
    Ok(Json(contacts.remove_phone(&ctx, &id, &phone_id).await?.seen_by(&principal)))
}
