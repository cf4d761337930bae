//! `/notices`: what the reader was told.

use axum::extract::State;
use axum::http::StatusCode;
use kernel::http::{Auth, Json, Path, Query, ReqCtx};
use kernel::{HttpResult, Lang, Page};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Messages;
use crate::kind::{Kind, sentence};
use crate::store::notice::StoredNotice;

pub(super) fn routes() -> OpenApiRouter<Messages> {
    OpenApiRouter::new()
        .routes(routes!(list_notices))
        .routes(routes!(count_notices))
        .routes(routes!(read_notice))
        .routes(routes!(read_all_notices))
}

/// A notice.
#[derive(Serialize, ToSchema)]
struct NoticeView {
    id: String,
    /// `due_soon`, `overdue`, …
    kind: String,
    /// What the kind is called.
    kind_name: String,
    urgent: bool,
    /// The sentence.
    text: String,
    /// What it is about: `case`, `tasks`.
    subject_kind: String,
    subject_id: String,
    made_at: i64,
    read_at: Option<i64>,
}

fn view(notice: StoredNotice, lang: Lang) -> NoticeView {
    let facts: Value = serde_json::from_str(&notice.facts).unwrap_or_default();
    let none = serde_json::Map::new();
    NoticeView {
        text: sentence(&notice.kind, facts.as_object().unwrap_or(&none), lang),
        kind_name: Kind::parse(&notice.kind).map_or_else(String::new, |kind| kind.name(lang).to_owned()),
        id: notice.id,
        kind: notice.kind,
        urgent: notice.urgent != 0,
        subject_kind: notice.subject_kind,
        subject_id: notice.subject_id,
        made_at: notice.made_at,
        read_at: notice.read_at,
    }
}

/// What narrows the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
struct NoticeQuery {
    /// Only what was not read.
    unread: bool,
    /// Only of this kind.
    kind: Option<String>,
    /// The word that came with the page before.
    cursor: Option<String>,
    /// 1 to 200; 50 when absent.
    limit: Option<u32>,
}

/// How many notices wait.
#[derive(Serialize, ToSchema)]
struct NoticeCount {
    unread: i64,
}

/// Lists the reader's notices, the newest first.
#[utoipa::path(
    get, path = "/notices", operation_id = "list_notices", tag = "notices", params(NoticeQuery),
    responses((status = 200, description = "A page of notices", body = Page<NoticeView>))
)]
async fn list_notices(
    State(messages): State<Messages>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<NoticeQuery>,
) -> HttpResult<Json<Page<NoticeView>>> {
    let kind = query.kind.as_deref().filter(|kind| !kind.is_empty());
    let cursor = query.cursor.as_deref().filter(|cursor| !cursor.is_empty());
    let page =
        messages.notices(&by.person_id, query.unread, kind, cursor, kernel::page::limit(query.limit)).await?;
    Ok(Json(page.map(|notice| view(notice, ctx.lang))))
}

/// Counts what the reader has not read.
#[utoipa::path(
    get, path = "/notices/summary", operation_id = "count_notices", tag = "notices",
    responses((status = 200, description = "The number", body = NoticeCount))
)]
async fn count_notices(State(messages): State<Messages>, Auth(by): Auth) -> HttpResult<Json<NoticeCount>> {
    Ok(Json(NoticeCount { unread: messages.unread(&by.person_id).await? }))
}

/// Marks a notice of the reader's as read.
#[utoipa::path(
    put, path = "/notices/{id}/reading", operation_id = "read_notice", tag = "notices",
    params(("id" = String, Path, description = "The notice")),
    responses((status = 204, description = "It is read"))
)]
async fn read_notice(
    State(messages): State<Messages>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    messages.mark_read(&by.person_id, Some(&id), ctx.now).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Marks all notices of the reader's as read.
#[utoipa::path(
    put, path = "/notices/reading", operation_id = "read_all_notices", tag = "notices",
    responses((status = 204, description = "They are read"))
)]
async fn read_all_notices(
    State(messages): State<Messages>,
    Auth(by): Auth,
    ReqCtx(ctx): ReqCtx,
) -> HttpResult<StatusCode> {
    messages.mark_read(&by.person_id, None, ctx.now).await?;
    Ok(StatusCode::NO_CONTENT)
}
