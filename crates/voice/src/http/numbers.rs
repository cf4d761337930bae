//! `/voice/numbers`: important callers and unwanted ones.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use contract::contacts::mask_phone;
use kernel::http::{Auth, Cell, EXPORT_ROWS_MAX, Json, Path, Query, ReqCtx, download_workbook, local_time};
use kernel::{Audit, HttpResult, Page, Principal, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::core::Core;
use crate::error::VoiceError;
use crate::routing::plain;
use crate::store::numbers::{self, Listed};
use crate::store::queues;

/// Numbers of one import.
const IMPORT_MAX: usize = 5_000;

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new()
        .routes(routes!(list_numbers, create_number))
        .routes(routes!(import_numbers))
        .routes(routes!(export_numbers))
        .routes(routes!(delete_number))
}

/// What narrows the list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct NumbersQuery {
    /// `vip`, `blacklist` or `do_not_call`.
    kind: String,
    /// Part of a number or reason.
    q: Option<String>,
    /// The word that brings the next page.
    cursor: Option<String>,
    /// Rows of a page, 200 at most.
    limit: Option<u32>,
}

/// A number on a list.
#[derive(Serialize, ToSchema)]
struct ListedNumber {
    /// Id.
    id: String,
    /// `vip`, `blacklist` or `do_not_call`.
    kind: String,
    /// The number, masked when the reader's role says so.
    number: String,
    /// Why.
    reason: String,
    /// Until when, epoch milliseconds; absent for ever.
    expires_at: Option<i64>,
    /// Since when.
    created_at: i64,
    /// Who put it there.
    created_by: String,
    /// Calls from it since.
    hits: i64,
    /// Whether it still counts.
    in_force: bool,
}

impl ListedNumber {
    fn new(row: Listed, masked: bool, now: i64) -> Self {
        Self {
            number: if masked { mask_phone(&row.number) } else { row.number },
            in_force: row.expires_at.is_none_or(|until| until > now),
            id: row.id,
            kind: row.kind,
            reason: row.reason,
            expires_at: row.expires_at,
            created_at: row.created_at,
            created_by: row.created_name,
            hits: row.hits,
        }
    }
}

/// A number for a list.
#[derive(Clone, Deserialize, ToSchema)]
struct NewNumber {
    /// `vip`, `blacklist` or `do_not_call`.
    kind: String,
    /// The number.
    number: String,
    /// Why.
    reason: String,
    /// Until when, epoch milliseconds; absent for ever.
    expires_at: Option<i64>,
}

#[derive(Deserialize, ToSchema)]
struct NumberImport {
    /// Numbers; one that is on the list gets the new reason.
    items: Vec<NewNumber>,
}

/// What came of an import.
#[derive(Serialize, ToSchema)]
struct NumberImported {
    /// Numbers that are on the list now.
    taken: usize,
    /// Lines that were refused, from 1.
    refused: Vec<usize>,
}

fn may_read(me: &Principal) -> Result<(), Problem> {
    if me.has("call.monitor") { Ok(()) } else { me.require("number.write").map(|_| ()) }
}

fn check(new: &NewNumber, now: i64) -> Result<String, Problem> {
    let mut problem = Problem::invalid();
    let number = plain(&new.number);
    if !["vip", "blacklist", "do_not_call"].contains(&new.kind.as_str()) {
        problem = problem.field("kind", "unknown", "请选择名单。", "Please choose a list.");
    }
    if !(3..=20).contains(&number.len()) {
        problem =
            problem.field("number", "malformed", "请填写 3 至 20 位号码。", "A number has 3 to 20 digits.");
    }
    let length = new.reason.trim().chars().count();
    if !(1..=200).contains(&length) {
        problem = problem.field(
            "reason",
            "length",
            "请填写原因，最多 200 字。",
            "A reason of at most 200 characters.",
        );
    }
    if new.expires_at.is_some_and(|until| until <= now) {
        problem = problem.field("expires_at", "past", "到期时间应在将来。", "The end lies in the future.");
    }
    if problem.has_fields() { Err(problem) } else { Ok(number) }
}

/// Lists the numbers of a list, newest first.
#[utoipa::path(get, path = "/voice/numbers", operation_id = "list_numbers", tag = "voice",
    params(NumbersQuery), responses((status = 200, body = Page<ListedNumber>)))]
async fn list_numbers(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Query(query): Query<NumbersQuery>,
) -> HttpResult<Json<Page<ListedNumber>>> {
    may_read(&me)?;
    let limit = kernel::page::limit(query.limit);
    let page = numbers::list(&core.kit.db, &query.kind, query.q.as_deref(), query.cursor.as_deref(), limit)
        .await
        .map_err(VoiceError::from)?;
    let (masked, now) = (me.is_masked("phone"), core.kit.now().0);
    Ok(Json(page.map(|row| ListedNumber::new(row, masked, now))))
}

/// Puts a number on a list; it counts from the next call on.
#[utoipa::path(post, path = "/voice/numbers", operation_id = "create_number", tag = "voice",
    request_body = NewNumber,
    responses((status = 201, body = ListedNumber), (status = 422, body = kernel::problem::ProblemBody)))]
async fn create_number(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(new): Json<NewNumber>,
) -> HttpResult<(StatusCode, Json<ListedNumber>)> {
    me.require("number.write")?;
    let number = check(&new, ctx.now.0)?;
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    let id = numbers::put(&mut tx, &ctx, &new.kind, &number, new.reason.trim(), new.expires_at)
        .await
        .map_err(VoiceError::from)?;
    queues::touch(&mut tx).await.map_err(VoiceError::from)?;
    if let Some(book) = &core.ports.contacts {
        book.tag(&mut tx, &ctx, &number, &new.kind, true).await.map_err(VoiceError::from)?;
    }
    tx.audit(&ctx, Audit::new("number.list", "number", id.clone()).detail(detail(&new.kind, &number)));
    tx.commit().await.map_err(VoiceError::from)?;
    core.desk.settings_changed().await.map_err(VoiceError::from)?;
    let row =
        numbers::find(&core.kit.db, &id).await.map_err(VoiceError::from)?.ok_or_else(Problem::not_found)?;
    Ok((StatusCode::CREATED, Json(ListedNumber::new(row, me.is_masked("phone"), ctx.now.0))))
}

fn detail(kind: &str, number: &str) -> serde_json::Value {
    serde_json::json!({ "list": kind, "number": mask_phone(number) })
}

/// Puts many numbers on their lists; lines that cannot be are named and left out.
#[utoipa::path(post, path = "/voice/number-imports", operation_id = "create_number_import", tag = "voice",
    request_body = NumberImport, responses((status = 200, body = NumberImported)))]
async fn import_numbers(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<NumberImport>,
) -> HttpResult<Json<NumberImported>> {
    me.require("number.write")?;
    if body.items.len() > IMPORT_MAX {
        return Err(Problem::invalid().field(
            "items",
            "too_many",
            "一次最多导入 5000 行。",
            "At most 5,000 lines at a time.",
        ));
    }
    let (mut taken, mut refused) = (0, Vec::new());
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    for (index, new) in body.items.iter().enumerate() {
        let Ok(number) = check(new, ctx.now.0) else {
            refused.push(index + 1);
            continue;
        };
        numbers::put(&mut tx, &ctx, &new.kind, &number, new.reason.trim(), new.expires_at)
            .await
            .map_err(VoiceError::from)?;
        if let Some(book) = &core.ports.contacts {
            book.tag(&mut tx, &ctx, &number, &new.kind, true).await.map_err(VoiceError::from)?;
        }
        taken += 1;
    }
    queues::touch(&mut tx).await.map_err(VoiceError::from)?;
    tx.audit(
        &ctx,
        Audit::new("number.import", "number", "")
            .detail(serde_json::json!({ "taken": taken, "refused": refused.len() })),
    );
    tx.commit().await.map_err(VoiceError::from)?;
    core.desk.settings_changed().await.map_err(VoiceError::from)?;
    Ok(Json(NumberImported { taken, refused }))
}

/// Takes a number off its list.
#[utoipa::path(delete, path = "/voice/numbers/{id}", operation_id = "delete_number", tag = "voice",
    params(("id" = String, Path)), responses((status = 204)))]
async fn delete_number(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    me.require("number.write")?;
    let row =
        numbers::find(&core.kit.db, &id).await.map_err(VoiceError::from)?.ok_or_else(Problem::not_found)?;
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    if !numbers::remove(&mut tx, &id).await.map_err(VoiceError::from)? {
        return Err(Problem::not_found());
    }
    queues::touch(&mut tx).await.map_err(VoiceError::from)?;
    if let Some(book) = &core.ports.contacts {
        book.tag(&mut tx, &ctx, &row.number, &row.kind, false).await.map_err(VoiceError::from)?;
    }
    tx.audit(&ctx, Audit::new("number.unlist", "number", id).detail(detail(&row.kind, &row.number)));
    tx.commit().await.map_err(VoiceError::from)?;
    core.desk.settings_changed().await.map_err(VoiceError::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Exports a list as a table for spreadsheets.
#[utoipa::path(get, path = "/voice/numbers.xlsx", operation_id = "export_numbers", tag = "voice",
    params(NumbersQuery), responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body = Vec<u8>)))]
async fn export_numbers(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(mut query): Query<NumbersQuery>,
) -> HttpResult<Response> {
    may_read(&me)?;
    let mut rows = Vec::new();
    let (masked, zone) = (me.is_masked("phone"), core.kit.config.zone.clone());
    loop {
        let page =
            numbers::list(&core.kit.db, &query.kind, query.q.as_deref(), query.cursor.as_deref(), 1_000)
                .await
                .map_err(VoiceError::from)?;
        rows.extend(page.items.into_iter().map(|row| {
            let row = ListedNumber::new(row, masked, ctx.now.0);
            vec![
                Cell::from(row.number),
                row.reason.into(),
                row.expires_at.map(|at| local_time(&zone, at)).into(),
                local_time(&zone, row.created_at).into(),
                row.created_by.into(),
                row.hits.into(),
            ]
        }));
        query.cursor = page.next_cursor;
        if query.cursor.is_none() || rows.len() >= EXPORT_ROWS_MAX {
            break;
        }
    }
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    tx.audit(
        &ctx,
        Audit::new("number.export", "number", "").detail(serde_json::json!({ "rows": rows.len() })),
    );
    tx.commit().await.map_err(VoiceError::from)?;
    download_workbook("numbers", vec!["号码", "原因", "到期", "加入时间", "加入人", "来电次数"], rows).await
}
