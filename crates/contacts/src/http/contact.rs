//! `/contacts`, `/contacts/{id}`.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use contract::contacts::ContactId;
use kernel::http::{
    Auth, EXPORT_ROWS_MAX, Idempotent, Json, Path, Query, ReqCtx, download_workbook, local_time,
};
use kernel::page::limit;
use kernel::problem::ProblemBody;
use kernel::{Audit, DbError, HttpResult, Page, Principal};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::contact::{Contact, ContactChange, NewContact};
use crate::phone::normalise;
use crate::store::list::Filter;
use crate::{Contacts, ContactsError, store};

pub(super) fn router() -> OpenApiRouter<Contacts> {
    OpenApiRouter::new()
        .routes(routes!(list_contacts, create_contact))
        .routes(routes!(export_contacts))
        .routes(routes!(get_contact, update_contact))
}

/// What a list is narrowed to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// A part of the name, or the beginning of a number.
    q: Option<String>,
    /// A whole number.
    phone: Option<String>,
    /// A tag.
    tag: Option<String>,
    /// The word of the page before.
    cursor: Option<String>,
    /// Rows of a page, 1 to 200.
    limit: Option<u32>,
}

/// Lists citizens' files, changed last first.
#[utoipa::path(
    get, path = "/contacts", operation_id = "list_contacts", tag = "contacts", params(ListQuery),
    responses((status = 200, body = Page<Contact>), (status = 403, body = ProblemBody))
)]
async fn list_contacts(
    State(contacts): State<Contacts>,
    Auth(principal): Auth,
    Query(query): Query<ListQuery>,
) -> HttpResult<Json<Page<Contact>>> {
    principal.require("contact.read")?;
    let (cursor, rows) = (query.cursor.clone(), limit(query.limit));
    Ok(Json(find(&contacts, &principal, query, cursor.as_deref(), rows).await?))
}

/// Gives the same list as an Excel file; who took it is on record.
#[utoipa::path(
    get, path = "/contacts.xlsx", operation_id = "export_contacts", tag = "contacts", params(ListQuery),
    responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body = Vec<u8>))
)]
async fn export_contacts(
    State(contacts): State<Contacts>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<ListQuery>,
) -> HttpResult<Response> {
    principal.require("contact.read")?;
    let files = find(&contacts, &principal, query, None, EXPORT_ROWS_MAX).await?.items;
    let mut tx = contacts.kit.db.begin().await?;
    tx.audit(&ctx, Audit::new("contact.export", "contact", "").detail(json!({ "rows": files.len() })));
    tx.commit().await?;
    let zone = &contacts.kit.config.zone;
    let rows = files
        .into_iter()
        .map(|file| {
            let numbers: Vec<String> = file.phones.into_iter().map(|phone| phone.number).collect();
            vec![
                file.name.into(),
                numbers.join("、").into(),
                file.district.into(),
                file.address.into(),
                file.tags.join("、").into(),
                local_time(zone, file.created_at.0).into(),
            ]
        })
        .collect();
    let head = ctx.lang.pick(
        vec!["姓名", "电话", "区域", "地址", "标签", "建档时间"],
        vec!["Name", "Phone", "District", "Address", "Tags", "Opened"],
    );
    download_workbook("contacts", head, rows).await
}

async fn find(
    contacts: &Contacts,
    principal: &Principal,
    query: ListQuery,
    cursor: Option<&str>,
    rows: usize,
) -> HttpResult<Page<Contact>> {
    let masked = principal.is_masked("phone");
    let q = query.q.map(|q| q.trim().to_owned()).filter(|q| !q.is_empty());
    let numeric = q.as_ref().is_some_and(|q| q.chars().all(|c| c.is_ascii_digit() || "+- ".contains(c)));
    let mut filter = Filter { tag: query.tag.filter(|tag| !tag.is_empty()), ..Filter::default() };
    if let Some(phone) = query.phone.filter(|phone| !phone.is_empty()) {
        filter.whole_number = true;
        filter.number = Some(normalise(&phone).unwrap_or(phone));
    } else if numeric {
        filter.number = q.map(|q| normalise(&q).unwrap_or(q));
    } else {
        filter.name = q;
    }
    if masked && filter.number.is_some() {
        // A mask would be worth little if one could try out numbers until a file appears.
        return Ok(Page { items: Vec::new(), next_cursor: None, total: None });
    }
    let mut conn = contacts.kit.db.reader().acquire().await.map_err(DbError::from)?;
    let page = store::list::page(&mut conn, &filter, cursor, rows).await?;
    Ok(page.map(|contact| contact.seen_by(principal)))
}

/// Opens a file.
#[utoipa::path(
    post, path = "/contacts", operation_id = "create_contact", tag = "contacts", request_body = NewContact,
    responses((status = 201, body = Contact), (status = 422, body = ProblemBody))
)]
async fn create_contact(
    State(contacts): State<Contacts>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Idempotent { body, idem }: Idempotent<NewContact>,
) -> HttpResult<Response> {
    principal.require("contact.write")?;
    if let Some(answer) = idem.replay(&contacts.kit).await? {
        return Ok(answer);
    }
    let contact = contacts.open(&ctx, body, &principal, &idem).await?;
    Ok((StatusCode::CREATED, Json(contact)).into_response())
}

/// Shows a file.
#[utoipa::path(
    get, path = "/contacts/{id}", operation_id = "get_contact", tag = "contacts", params(("id" = String, Path)),
    responses((status = 200, body = Contact), (status = 404, body = ProblemBody))
)]
async fn get_contact(
    State(contacts): State<Contacts>,
    Auth(principal): Auth,
    Path(id): Path<ContactId>,
) -> HttpResult<Json<Contact>> {
    principal.require("contact.read")?;
    let mut conn = contacts.kit.db.reader().acquire().await.map_err(DbError::from)?;
    let contact = store::find(&mut conn, &id).await?.ok_or(ContactsError::Absent)?;
    Ok(Json(contact.seen_by(&principal)))
}

/// Changes a file.
#[utoipa::path(
    patch, path = "/contacts/{id}", operation_id = "update_contact", tag = "contacts",
    params(("id" = String, Path)), request_body = ContactChange,
    responses((status = 200, body = Contact), (status = 409, body = ProblemBody), (status = 422, body = ProblemBody))
)]
async fn update_contact(
    State(contacts): State<Contacts>,
    Auth(principal): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<ContactId>,
    Json(wish): Json<ContactChange>,
) -> HttpResult<Json<Contact>> {
    principal.require("contact.write")?;
    Ok(Json(contacts.change(&ctx, &id, wish).await?.seen_by(&principal)))
}
