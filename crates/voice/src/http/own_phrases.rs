//! Phrases that an agent recorded, uploaded or typed, and lets be heard in the own calls.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use kernel::http::{Auth, Json, Path, Query, ReqCtx};
use kernel::{Audit, Ctx, DbError, HttpResult, Principal, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::callflow::word;
use crate::callflow::Language;
use crate::core::Core;
use crate::error::VoiceError;
use crate::speech::wav;
use crate::store::own_phrases::{self, OwnPhrase};

/// Phrases of one person at most.
const PHRASES_MAX: i64 = 30;
/// The longest phrase, in milliseconds.
const LENGTH_MAX_MS: i64 = 60_000;
/// Largest file that may be uploaded, in bytes: a minute at 48 kHz in stereo.
const UPLOAD_MAX: usize = 12 * 1024 * 1024;
/// Characters of a text that is spoken at most.
const TEXT_MAX: usize = 300;

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    let uploads =
        OpenApiRouter::new().routes(routes!(upload_own_phrase)).layer(DefaultBodyLimit::max(UPLOAD_MAX));
    OpenApiRouter::new()
        .routes(routes!(list_own_phrases))
        .routes(routes!(speak_own_phrase))
        .routes(routes!(rename_own_phrase, delete_own_phrase))
        .routes(routes!(show_own_phrase_audio))
        .merge(uploads)
}

/// A phrase of my own.
#[derive(Serialize, ToSchema)]
#[schema(as = OwnPhrase)]
struct PhraseItem {
    /// Id.
    id: String,
    /// Its name.
    title: String,
    /// `upload`, `recorded` or `voice`.
    source: String,
    /// The text that was spoken.
    text: String,
    /// Its length.
    duration_ms: i64,
    /// When, epoch milliseconds.
    created_at: i64,
}

impl From<OwnPhrase> for PhraseItem {
    fn from(phrase: OwnPhrase) -> Self {
        let OwnPhrase { id, title, source, text, duration_ms, created_at, .. } = phrase;
        Self { id, title, source, text, duration_ms, created_at }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct UploadQuery {
    /// Its name.
    title: String,
    /// `upload` or `recorded`.
    source: Option<String>,
}

#[derive(Deserialize, ToSchema)]
struct OwnPhraseSpeech {
    /// Its name.
    title: String,
    /// What is said.
    text: String,
    /// The language.
    #[serde(default)]
    language: Language,
}

#[derive(Deserialize, ToSchema)]
struct OwnPhraseTitle {
    /// Its name.
    title: String,
}

/// Lists my phrases.
#[utoipa::path(get, path = "/voice/own-phrases", operation_id = "list_own_phrases", tag = "voice",
    responses((status = 200, body = Vec<PhraseItem>)))]
async fn list_own_phrases(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
) -> HttpResult<Json<Vec<PhraseItem>>> {
    me.require("call.answer")?;
    let phrases = own_phrases::of_person(&core.kit.db, &me.person_id).await.map_err(VoiceError::from)?;
    Ok(Json(phrases.into_iter().map(PhraseItem::from).collect()))
}

fn too_many() -> Problem {
    Problem::invalid().field("title", "many", "最多 30 条，请先删除", "There are 30 already")
}

/// Refuses somebody who has as many phrases as there may be, before work is done for another one.
async fn check_room(core: &Core, me: &Principal) -> HttpResult<()> {
    let known = own_phrases::of_person(&core.kit.db, &me.person_id).await.map_err(VoiceError::from)?;
    let is_full = i64::try_from(known.len()).is_ok_and(|count| count >= PHRASES_MAX);
    if is_full { Err(too_many()) } else { Ok(()) }
}

async fn remove_file(core: &Core, file: &str) {
    if let Err(error) = core.kit.blobs.remove(file).await {
        tracing::warn!(%error, file, "the sound of an own phrase stays on the disk");
    }
}

async fn keep(
    core: &Core,
    me: &Principal,
    ctx: &Ctx,
    (title, source, text): (&str, &str, &str),
    codes: &[u8],
) -> HttpResult<(StatusCode, Json<PhraseItem>)> {
    let title = word("title", title, 40)?;
    let duration_ms = wav::duration_ms(codes);
    if duration_ms > LENGTH_MAX_MS {
        return Err(Problem::invalid().field(
            "file",
            "long",
            "语音不超过 60 秒",
            "A phrase takes at most 60 seconds",
        ));
    }
    let file = core.kit.blobs.put(ctx.now, codes).await.map_err(|error| Problem::from_internal(&error))?;
    let phrase = OwnPhrase {
        id: kernel::id::new_id(),
        person_id: me.person_id.clone(),
        title,
        source: source.to_owned(),
        text: text.to_owned(),
        file,
        duration_ms,
        created_at: ctx.now.0,
    };
    match insert(core, ctx, &phrase).await {
        Ok(true) => Ok((StatusCode::CREATED, Json(phrase.into()))),
        Ok(false) => {
            remove_file(core, &phrase.file).await;
            Err(too_many())
        }
        Err(error) => Err(VoiceError::from(error).into()),
    }
}

/// Writes a phrase down; false when the person has too many.
async fn insert(core: &Core, ctx: &Ctx, phrase: &OwnPhrase) -> Result<bool, DbError> {
    let mut tx = core.kit.db.begin().await?;
    if own_phrases::count_for_adding(&mut tx, &phrase.person_id).await? >= PHRASES_MAX {
        return Ok(false);
    }
    own_phrases::insert(&mut tx, phrase).await?;
    let detail = serde_json::json!({ "title": phrase.title, "source": phrase.source });
    tx.audit(ctx, Audit::new("own_phrase.create", "own_phrase", phrase.id.clone()).detail(detail));
    tx.commit().await?;
    Ok(true)
}

/// Takes a WAV file as a phrase of mine.
#[utoipa::path(post, path = "/voice/own-phrases", operation_id = "upload_own_phrase", tag = "voice",
    params(UploadQuery), request_body(content = Vec<u8>, content_type = "audio/wav"),
    responses((status = 201, body = PhraseItem)))]
async fn upload_own_phrase(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Query(query): Query<UploadQuery>,
    body: Bytes,
) -> HttpResult<(StatusCode, Json<PhraseItem>)> {
    me.require("call.answer")?;
    check_room(&core, &me).await?;
    let read = tokio::task::spawn_blocking(move || wav::to_alaw(&body))
        .await
        .map_err(|error| Problem::from_internal(&error))?;
    let codes = read.map_err(VoiceError::Wav)?;
    let source = if query.source.as_deref() == Some("recorded") { "recorded" } else { "upload" };
    keep(&core, &me, &ctx, (&query.title, source, ""), &codes).await
}

/// Lets the voice speak a text as a phrase of mine.
#[utoipa::path(post, path = "/voice/own-phrases/speech", operation_id = "speak_own_phrase", tag = "voice",
    request_body = OwnPhraseSpeech, responses((status = 201, body = PhraseItem)))]
async fn speak_own_phrase(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Json(body): Json<OwnPhraseSpeech>,
) -> HttpResult<(StatusCode, Json<PhraseItem>)> {
    me.require("call.answer")?;
    let text = word("text", &body.text, TEXT_MAX)?;
    check_room(&core, &me).await?;
    let codes = core.flows.voices.speak(&text, body.language).await.map_err(VoiceError::Speech)?;
    keep(&core, &me, &ctx, (&body.title, "voice", &text), &codes).await
}

/// Names a phrase of mine anew.
#[utoipa::path(put, path = "/voice/own-phrases/{id}", operation_id = "rename_own_phrase", tag = "voice",
    params(("id" = String, Path)), request_body = OwnPhraseTitle, responses((status = 204)))]
async fn rename_own_phrase(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<OwnPhraseTitle>,
) -> HttpResult<StatusCode> {
    me.require("call.answer")?;
    let title = word("title", &body.title, 40)?;
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    if !own_phrases::rename(&mut tx, &id, &me.person_id, &title).await.map_err(VoiceError::from)? {
        return Err(Problem::not_found());
    }
    tx.audit(&ctx, Audit::new("own_phrase.rename", "own_phrase", id));
    tx.commit().await.map_err(VoiceError::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a phrase of mine.
#[utoipa::path(delete, path = "/voice/own-phrases/{id}", operation_id = "delete_own_phrase", tag = "voice",
    params(("id" = String, Path)), responses((status = 204)))]
async fn delete_own_phrase(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    me.require("call.answer")?;
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    let removed = own_phrases::remove(&mut tx, &id, &me.person_id).await.map_err(VoiceError::from)?;
    let file = removed.ok_or_else(Problem::not_found)?;
    tx.audit(&ctx, Audit::new("own_phrase.delete", "own_phrase", id));
    tx.commit().await.map_err(VoiceError::from)?;
    remove_file(&core, &file).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Reads the sound of a phrase of this person.
pub(super) async fn sound(core: &Core, me: &Principal, id: &str) -> HttpResult<(String, bytes::Bytes)> {
    let phrase = own_phrases::find(&core.kit.db, id, &me.person_id).await.map_err(VoiceError::from)?;
    let phrase = phrase.ok_or_else(Problem::not_found)?;
    let codes = core.flows.sound_file(&phrase.file).await.map_err(VoiceError::RecordingGone)?;
    Ok((phrase.title, codes))
}

/// Plays a phrase of mine.
#[utoipa::path(get, path = "/voice/own-phrases/{id}/audio", operation_id = "show_own_phrase_audio", tag = "voice",
    params(("id" = String, Path)), responses((status = 200, content_type = "audio/wav", body = Vec<u8>)))]
async fn show_own_phrase_audio(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
) -> HttpResult<Response> {
    me.require("call.answer")?;
    let (_, codes) = sound(&core, &me, &id).await?;
    let headers = [(header::CONTENT_TYPE, "audio/wav"), (header::CACHE_CONTROL, "private, no-store")];
    Ok((headers, wav::present(&codes)).into_response())
}
