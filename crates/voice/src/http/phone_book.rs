//! The phone book, and whom a call can go to.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use kernel::http::{Auth, Cell, EXPORT_ROWS_MAX, Json, Path, Query, ReqCtx, download_workbook};
use kernel::{Audit, Ctx, HttpResult, Page, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::core::Core;
use crate::error::VoiceError;
use crate::sip_port::is_number;
use crate::store::phone_book::{self, Entry};

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new()
        .routes(routes!(list_entries, create_entry))
        .routes(routes!(export_entries))
        .routes(routes!(update_entry, delete_entry))
        .routes(routes!(list_destinations))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct BookQuery {
    /// Part of name, number or note.
    q: Option<String>,
    /// `unit` or `outside`.
    kind: Option<String>,
    /// The word that brings the next page.
    cursor: Option<String>,
    /// Rows of a page, 200 at most.
    limit: Option<u32>,
}

/// An entry of the phone book.
#[derive(Serialize, ToSchema)]
#[schema(as = PhoneBookEntry)]
struct EntryItem {
    /// Id.
    id: String,
    /// Whose number.
    name: String,
    /// The number.
    number: String,
    /// `unit` for a unit of the city, `outside` for others.
    kind: String,
    /// What it is for.
    note: String,
    /// Last change, epoch milliseconds.
    updated_at: i64,
}

impl From<Entry> for EntryItem {
    fn from(entry: Entry) -> Self {
        let Entry { id, name, number, kind, note, updated_at } = entry;
        Self { id, name, number, kind, note, updated_at }
    }
}

#[derive(Deserialize, ToSchema)]
#[schema(as = PhoneBookBody)]
struct EntryBody {
    /// Whose number.
    name: String,
    /// The number.
    number: String,
    /// `unit` or `outside`.
    kind: String,
    /// What it is for.
    #[serde(default)]
    note: String,
}

/// A seat or number that a call can go to.
#[derive(Serialize, ToSchema)]
struct DestinationItem {
    /// `seat` or `outside`.
    kind: String,
    /// Seat or outside number.
    number: String,
    /// The person at the seat, or whose number.
    name: String,
    /// What the number is for; what the seat does.
    note: String,
    /// Whether it can be rung now.
    free: bool,
}

#[derive(Serialize, ToSchema)]
struct Destinations {
    /// Seats with somebody there, then entries of the phone book.
    items: Vec<DestinationItem>,
}

fn read(id: String, body: EntryBody, now: i64) -> HttpResult<Entry> {
    let number: String = body.number.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')')).collect();
    let mut problem = Problem::invalid();
    let name = body.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > 80 {
        problem = problem.field(
            "name",
            "length",
            "请填写名称，最多 80 字。",
            "Please give a name of at most 80 characters.",
        );
    }
    if !is_number(&number) {
        problem = problem.field(
            "number",
            "number",
            "请输入可拨打的号码。",
            "Please enter a number that can be dialled.",
        );
    }
    if !matches!(body.kind.as_str(), "unit" | "outside") {
        problem = problem.field("kind", "kind", "请选择类别。", "Please choose a kind.");
    }
    if body.note.chars().count() > 200 {
        problem =
            problem.field("note", "length", "备注最多 200 字。", "The note takes at most 200 characters.");
    }
    if problem.has_fields() {
        return Err(problem);
    }
    Ok(Entry { id, name, number, kind: body.kind, note: body.note.trim().to_owned(), updated_at: now })
}

/// Lists the phone book by name.
#[utoipa::path(get, path = "/voice/phone-book", operation_id = "list_phone_book", tag = "voice",
    params(BookQuery), responses((status = 200, body = Page<EntryItem>)))]
async fn list_entries(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Query(query): Query<BookQuery>,
) -> HttpResult<Json<Page<EntryItem>>> {
    if !me.has("phone_book.write") {
        me.require("call.answer")?;
    }
    let limit = kernel::page::limit(query.limit);
    let page = phone_book::list(
        &core.kit.db,
        query.q.as_deref(),
        query.kind.as_deref(),
        query.cursor.as_deref(),
        limit,
    )
    .await
    .map_err(VoiceError::from)?;
    Ok(Json(page.map(EntryItem::from)))
}

/// Exports the phone book.
#[utoipa::path(get, path = "/voice/phone-book.xlsx", operation_id = "export_phone_book", tag = "voice",
    params(BookQuery), responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body = Vec<u8>)))]
async fn export_entries(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Query(query): Query<BookQuery>,
) -> HttpResult<Response> {
    me.require("phone_book.write")?;
    let page =
        phone_book::list(&core.kit.db, query.q.as_deref(), query.kind.as_deref(), None, EXPORT_ROWS_MAX)
            .await
            .map_err(VoiceError::from)?;
    let rows = page
        .items
        .into_iter()
        .map(|entry| {
            let kind = if entry.kind == "unit" { "单位" } else { "外部" };
            vec![entry.name.into(), entry.number.into(), Cell::from(kind), entry.note.into()]
        })
        .collect();
    download_workbook("phone-book", vec!["名称", "号码", "类别", "备注"], rows).await
}

async fn write(core: &Core, ctx: &Ctx, entry: &Entry, new: bool) -> HttpResult<bool> {
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    let done = phone_book::save(&mut tx, entry, new).await.map_err(VoiceError::from)?;
    let action = if new { "phone_book.create" } else { "phone_book.update" };
    tx.audit(
        ctx,
        Audit::new(action, "phone_book", &entry.id).detail(serde_json::json!({ "name": entry.name })),
    );
    if done {
        tx.commit().await.map_err(VoiceError::from)?;
    }
    Ok(done)
}

/// Adds an entry.
#[utoipa::path(post, path = "/voice/phone-book", operation_id = "create_phone_book_entry", tag = "voice",
    request_body = EntryBody, responses((status = 201, body = EntryItem)))]
async fn create_entry(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<EntryBody>,
) -> HttpResult<(StatusCode, Json<EntryItem>)> {
    me.require("phone_book.write")?;
    let entry = read(kernel::id::new_id(), body, ctx.now.0)?;
    write(&core, &ctx, &entry, true).await?;
    Ok((StatusCode::CREATED, Json(entry.into())))
}

/// Changes an entry.
#[utoipa::path(put, path = "/voice/phone-book/{id}", operation_id = "update_phone_book_entry", tag = "voice",
    params(("id" = String, Path)), request_body = EntryBody, responses((status = 200, body = EntryItem)))]
async fn update_entry(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<EntryBody>,
) -> HttpResult<Json<EntryItem>> {
    me.require("phone_book.write")?;
    let entry = read(id, body, ctx.now.0)?;
    if !write(&core, &ctx, &entry, false).await? {
        return Err(Problem::not_found());
    }
    Ok(Json(entry.into()))
}

/// Removes an entry.
#[utoipa::path(delete, path = "/voice/phone-book/{id}", operation_id = "delete_phone_book_entry", tag = "voice",
    params(("id" = String, Path)), responses((status = 204)))]
async fn delete_entry(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    me.require("phone_book.write")?;
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    if !phone_book::remove(&mut tx, &id).await.map_err(VoiceError::from)? {
        return Err(Problem::not_found());
    }
    tx.audit(&ctx, Audit::new("phone_book.delete", "phone_book", id));
    tx.commit().await.map_err(VoiceError::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists whom a call can go to: seats with somebody there, and the phone book.
#[utoipa::path(get, path = "/voice/destinations", operation_id = "list_destinations", tag = "voice",
    params(BookQuery), responses((status = 200, body = Destinations)))]
async fn list_destinations(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Query(query): Query<BookQuery>,
) -> HttpResult<Json<Destinations>> {
    me.require("call.answer")?;
    let text = query.q.as_deref().unwrap_or_default().trim().to_lowercase();
    let mut items: Vec<DestinationItem> = core
        .desk
        .seat_views()
        .into_iter()
        .filter(|seat| seat.person_id != me.person_id)
        .filter(|seat| {
            text.is_empty()
                || format!("{}\n{}", seat.seat_no, seat.person_name).to_lowercase().contains(&text)
        })
        .map(|seat| DestinationItem {
            free: core.desk.is_free(&seat.seat_no),
            kind: "seat".to_owned(),
            number: seat.seat_no,
            name: seat.person_name,
            note: seat.state,
        })
        .collect();
    items.sort_by(|a, b| (!a.free, &a.number).cmp(&(!b.free, &b.number)));
    items.truncate(60);
    if me.has("call.dial") {
        let page = phone_book::list(&core.kit.db, query.q.as_deref(), None, None, 60)
            .await
            .map_err(VoiceError::from)?;
        items.extend(page.items.into_iter().map(|entry| DestinationItem {
            kind: "outside".to_owned(),
            number: entry.number,
            name: entry.name,
            note: entry.note,
            free: true,
        }));
    }
    Ok(Json(Destinations { items }))
}
