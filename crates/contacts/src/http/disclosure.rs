//! `/contacts/{id}/disclosure`.

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
    OpenApiRouter::new().routes(routes!(create_contact_disclosure))
}

/// Why full numbers are needed.
#[derive(Debug, Deserialize, ToSchema)]
struct Disclosure {
    /// The reason; it is kept in the audit log.
    reason: String,
}

/// Shows a file with full numbers, on record.
#[utoipa::path(
    post, path = "/contacts/{id}/disclosure", operation_id = "create_contact_disclosure", tag = "contacts",
    params(("id" = String, Path)), request_body = Disclosure,
    responses((status = 200, body = Contact), (status = 403, body = ProblemBody))
)]
async fn create_contact_disclosure(
    State(contacts): State<Contacts>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<ContactId>,
    Json(disclosure): Json<Disclosure>,
) -> HttpResult<Json<Contact>> {
    principal.require("contact.read")?;
    principal.require("contact.unmask")?;
    Ok(Json(contacts.disclose(&ctx, &id, &disclosure.reason).await?))
}
