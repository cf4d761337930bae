//! Standard phrases that agents read out.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use kernel::http::{Auth, EXPORT_ROWS_MAX, Json, Path, Query, ReqCtx, download_workbook};
use kernel::{Audit, Ctx, HttpResult, Page, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::core::Core;
use crate::error::VoiceError;
use crate::store::phrases::{self, Phrase};

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new()
        .routes(routes!(list_phrases, create_phrase))
        .routes(routes!(export_phrases))
        .routes(routes!(update_phrase, delete_phrase))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PhraseQuery {
    /// Part of topic, title or words.
    q: Option<String>,
    /// The word that brings the next page.
    cursor: Option<String>,
    /// Rows of a page, 200 at most.
    limit: Option<u32>,
}

/// A standard phrase.
#[derive(Serialize, ToSchema)]
#[schema(as = StandardPhrase)]
struct PhraseItem {
    /// Id.
    id: String,
    /// When it fits.
    topic: String,
    /// Its name.
    title: String,
    /// The words.
    body: String,
    /// Last change, epoch milliseconds.
    updated_at: i64,
}

impl From<Phrase> for PhraseItem {
    fn from(phrase: Phrase) -> Self {
        let Phrase { id, topic, title, body, updated_at } = phrase;
        Self { id, topic, title, body, updated_at }
    }
}

#[derive(Deserialize, ToSchema)]
#[schema(as = StandardPhraseBody)]
struct PhraseBody {
    /// When it fits.
    topic: String,
    /// Its name.
    title: String,
    /// The words.
    body: String,
}

fn read(id: String, body: &PhraseBody, now: i64) -> HttpResult<Phrase> {
    let mut problem = Problem::invalid();
    let texts = [("topic", &body.topic, 40), ("title", &body.title, 80), ("body", &body.body, 2_000)];
    for (field, text, most) in texts {
        if text.trim().is_empty() || text.chars().count() > most {
            problem = problem.field(
                field,
                "length",
                &format!("请填写，最多 {most} 字。"),
                &format!("Please fill in at most {most} characters."),
            );
        }
    }
    if problem.has_fields() {
        return Err(problem);
    }
    let text = |text: &str| text.trim().to_owned();
    Ok(Phrase {
        id,
        topic: text(&body.topic),
        title: text(&body.title),
        body: text(&body.body),
        updated_at: now,
    })
}

/// Lists phrases by topic.
#[utoipa::path(get, path = "/voice/standard-phrases", operation_id = "list_standard_phrases", tag = "voice",
    params(PhraseQuery), responses((status = 200, body = Page<PhraseItem>)))]
async fn list_phrases(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Query(query): Query<PhraseQuery>,
) -> HttpResult<Json<Page<PhraseItem>>> {
    if !me.has("phone_book.write") {
        me.require("call.answer")?;
    }
    let limit = kernel::page::limit(query.limit);
    let page = phrases::list(&core.kit.db, query.q.as_deref(), query.cursor.as_deref(), limit)
        .await
        .map_err(VoiceError::from)?;
    Ok(Json(page.map(PhraseItem::from)))
}

/// Exports the phrases.
#[utoipa::path(get, path = "/voice/standard-phrases.xlsx", operation_id = "export_standard_phrases", tag = "voice",
    params(PhraseQuery), responses((status = 200, content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body = Vec<u8>)))]
async fn export_phrases(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Query(query): Query<PhraseQuery>,
) -> HttpResult<Response> {
    me.require("phone_book.write")?;
    let page = phrases::list(&core.kit.db, query.q.as_deref(), None, EXPORT_ROWS_MAX)
        .await
        .map_err(VoiceError::from)?;
    let rows = page
        .items
        .into_iter()
        .map(|phrase| vec![phrase.topic.into(), phrase.title.into(), phrase.body.into()])
        .collect();
    download_workbook("standard-phrases", vec!["场景", "标题", "用语"], rows).await
}

async fn write(core: &Core, ctx: &Ctx, phrase: &Phrase, new: bool) -> HttpResult<bool> {
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    let done = phrases::save(&mut tx, phrase, new).await.map_err(VoiceError::from)?;
    let action = if new { "standard_phrase.create" } else { "standard_phrase.update" };
    let detail = serde_json::json!({ "title": phrase.title });
    tx.audit(ctx, Audit::new(action, "standard_phrase", &phrase.id).detail(detail));
    if done {
        tx.commit().await.map_err(VoiceError::from)?;
    }
    Ok(done)
}

/// Adds a phrase.
#[utoipa::path(post, path = "/voice/standard-phrases", operation_id = "create_standard_phrase", tag = "voice",
    request_body = PhraseBody, responses((status = 201, body = PhraseItem)))]
async fn create_phrase(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<PhraseBody>,
) -> HttpResult<(StatusCode, Json<PhraseItem>)> {
    me.require("phone_book.write")?;
    let phrase = read(kernel::id::new_id(), &body, ctx.now.0)?;
    write(&core, &ctx, &phrase, true).await?;
    Ok((StatusCode::CREATED, Json(phrase.into())))
}

/// Changes a phrase.
#[utoipa::path(put, path = "/voice/standard-phrases/{id}", operation_id = "update_standard_phrase", tag = "voice",
    params(("id" = String, Path)), request_body = PhraseBody, responses((status = 200, body = PhraseItem)))]
async fn update_phrase(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<PhraseBody>,
) -> HttpResult<Json<PhraseItem>> {
    me.require("phone_book.write")?;
    let phrase = read(id, &body, ctx.now.0)?;
    if !write(&core, &ctx, &phrase, false).await? {
        return Err(Problem::not_found());
    }
    Ok(Json(phrase.into()))
}

/// Removes a phrase.
#[utoipa::path(delete, path = "/voice/standard-phrases/{id}", operation_id = "delete_standard_phrase", tag = "voice",
    params(("id" = String, Path)), responses((status = 204)))]
async fn delete_phrase(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    me.require("phone_book.write")?;
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    if !phrases::remove(&mut tx, &id).await.map_err(VoiceError::from)? {
        return Err(Problem::not_found());
    }
    tx.audit(&ctx, Audit::new("standard_phrase.delete", "standard_phrase", id));
    tx.commit().await.map_err(VoiceError::from)?;
    Ok(StatusCode::NO_CONTENT)
}
