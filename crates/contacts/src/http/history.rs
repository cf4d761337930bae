//! `/contacts/{id}/history`.

use axum::extract::State;
use contract::contacts::{ContactId, HistoryItem};
use kernel::http::{Auth, Json, Path};
use kernel::problem::ProblemBody;
use kernel::{DbError, HttpResult};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::{Contacts, ContactsError, store};

/// So many items of each kind are shown.
const ITEMS_OF_A_KIND: i64 = 50;

pub(super) fn router() -> OpenApiRouter<Contacts> {
    OpenApiRouter::new().routes(routes!(list_contact_history))
}

/// Lists a citizen's calls and orders, newest first.
#[utoipa::path(
    get, path = "/contacts/{id}/history", operation_id = "list_contact_history", tag = "contacts",
    params(("id" = String, Path)),
    responses((status = 200, body = Vec<HistoryItem>), (status = 404, body = ProblemBody))
)]
async fn list_contact_history(
    State(contacts): State<Contacts>,
    Auth(principal): Auth,
    Path(id): Path<ContactId>,
) -> HttpResult<Json<Vec<HistoryItem>>> {
    principal.require("contact.read")?;
    let mut conn = contacts.kit.db.reader().acquire().await.map_err(DbError::from)?;
    let contact = store::find(&mut conn, &id).await?.ok_or(ContactsError::Absent)?;
    drop(conn);
    let numbers: Vec<String> = contact.phones.into_iter().map(|phone| phone.number).collect();
    let mut items = Vec::new();
    for source in contacts.histories.iter() {
        let part = source.history(Some(&id), &numbers, ITEMS_OF_A_KIND).await;
        items.extend(part.map_err(ContactsError::History)?);
    }
    items.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.id.cmp(&b.id)));
    Ok(Json(items))
}
