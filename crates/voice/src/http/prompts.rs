//! The library of prompts: upload, recording in the browser, voice; versions and languages.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use kernel::http::{Auth, Json, Path, Query, ReqCtx};
use kernel::{Audit, HttpResult, Problem};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::callflow::{key, word};
use crate::callflow::model::{Flow, Language, TEXT_MAX};
use crate::core::Core;
use crate::error::VoiceError;
use crate::speech::{VoiceState, library, wav};
use crate::store;
use crate::store::prompts::SoundRow;

/// Largest file that may be uploaded, in bytes: ten minutes in stereo would be more than anybody says.
const UPLOAD_MAX: usize = 24 * 1024 * 1024;
/// Prompts of the city's own at most.
const PROMPTS_MAX: usize = 500;

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    let uploads =
        OpenApiRouter::new().routes(routes!(upload_prompt_sound)).layer(DefaultBodyLimit::max(UPLOAD_MAX));
    OpenApiRouter::new()
        .routes(routes!(list_prompts))
        .routes(routes!(show_prompt, put_prompt, delete_prompt))
        .routes(routes!(choose_prompt_sound))
        .routes(routes!(speak_prompt_sound))
        .routes(routes!(show_prompt_audio))
        .routes(routes!(show_voices, preview_speech))
        .merge(uploads)
}

/// A prompt in the list.
#[derive(Serialize, ToSchema)]
struct PromptItem {
    /// Key.
    id: String,
    /// Name.
    name: String,
    /// Whether it ships with the house.
    shipped: bool,
    /// What it says in Chinese, where that is known.
    text: String,
    /// What it says in English, where that is known.
    text_en: String,
    /// The languages with a sound of the city's own.
    own: Vec<Language>,
    /// The languages in which it can be heard.
    languages: Vec<Language>,
    /// Its length in Chinese.
    duration_ms: i64,
    /// The flows that use it.
    uses: Vec<String>,
    /// For optimistic locking; 0 when nothing was changed.
    version: i64,
}

/// A sound of a prompt.
#[derive(Serialize, ToSchema)]
struct PromptSound {
    /// Id.
    id: String,
    /// The language.
    language: String,
    /// Its number.
    no: i64,
    /// `upload`, `recorded` or `voice`.
    source: String,
    /// The text that was spoken.
    text: String,
    /// Its length.
    duration_ms: i64,
    /// Whether callers hear it.
    in_force: bool,
    /// When, epoch milliseconds.
    created_at: i64,
    /// By whom.
    created_name: String,
}

/// A prompt with its sounds.
#[derive(Serialize, ToSchema)]
struct PromptDetail {
    #[serde(flatten)]
    item: PromptItem,
    /// Its sounds, newest first.
    sounds: Vec<PromptSound>,
}

#[derive(Deserialize, ToSchema)]
struct PromptBody {
    /// Name.
    name: String,
    /// For optimistic locking; 0 for a new one.
    version: i64,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct UploadQuery {
    /// The language.
    language: Language,
    /// `upload` or `recorded`.
    source: Option<String>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct AudioQuery {
    /// The language; Chinese when absent.
    language: Option<Language>,
    /// A certain sound.
    sound: Option<String>,
}

#[derive(Deserialize, ToSchema)]
struct SpeechBody {
    /// What is said.
    text: String,
    /// The language.
    #[serde(default)]
    language: Language,
}

#[derive(Deserialize, ToSchema)]
struct ChoiceBody {
    /// The language.
    language: Language,
    /// The sound; what ships when absent.
    sound: Option<String>,
}

async fn items(core: &Core) -> HttpResult<Vec<PromptItem>> {
    let db = &core.kit.db;
    let rows = store::prompts::list(db).await.map_err(VoiceError::from)?;
    let sounds = store::prompts::sounds(db, None).await.map_err(VoiceError::from)?;
    let flows = store::callflow::list(db).await.map_err(VoiceError::from)?;
    let graphs: Vec<(String, Flow)> = flows
        .into_iter()
        .filter_map(|row| Some((row.name, serde_json::from_str(&row.draft).ok()?)))
        .collect();
    let uses = |key: &str| {
        let says = |flow: &Flow| flow.speeches().any(|(_, speech)| speech.prompt.as_deref() == Some(key));
        graphs.iter().filter(|(_, flow)| says(flow)).map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    let own = |key: &str| -> Vec<Language> {
        let of = sounds.iter().filter(|sound| sound.prompt_id == key);
        of.filter_map(|sound| Language::parse(&sound.language)).collect()
    };
    let said = |key: &str, language: &str| {
        let of = sounds.iter().find(|sound| sound.prompt_id == key && sound.language == language);
        of.map(|sound| sound.text.clone())
    };
    let length =
        |key: &str| core.flows.prompts.sound(key, Language::Zh).map_or(0, |sound| wav::duration_ms(&sound));
    let mut items: Vec<PromptItem> = library::SHIPPED
        .iter()
        .map(|shipped| {
            let row = rows.iter().find(|row| row.id == shipped.key);
            PromptItem {
                id: shipped.key.to_owned(),
                name: row.map_or_else(|| shipped.name.to_owned(), |row| row.name.clone()),
                shipped: true,
                text: said(shipped.key, "zh").unwrap_or_else(|| shipped.zh.to_owned()),
                text_en: said(shipped.key, "en").unwrap_or_else(|| shipped.en.to_owned()),
                own: own(shipped.key),
                languages: vec![Language::Zh, Language::En],
                duration_ms: length(shipped.key),
                uses: uses(shipped.key),
                version: row.map_or(0, |row| row.version),
            }
        })
        .collect();
    let cities = rows.into_iter().filter(|row| library::shipped(&row.id).is_none());
    items.extend(cities.map(|row| PromptItem {
        shipped: false,
        text: said(&row.id, "zh").unwrap_or_default(),
        text_en: said(&row.id, "en").unwrap_or_default(),
        own: own(&row.id),
        languages: own(&row.id),
        duration_ms: length(&row.id),
        uses: uses(&row.id),
        version: row.version,
        name: row.name,
        id: row.id,
    }));
    Ok(items)
}

async fn detail(core: &Core, id: &str) -> HttpResult<PromptDetail> {
    let item = items(core).await?.into_iter().find(|item| item.id == id).ok_or_else(Problem::not_found)?;
    let rows = store::prompts::sounds(&core.kit.db, Some(id)).await.map_err(VoiceError::from)?;
    let sounds = rows.into_iter().map(|row| PromptSound {
        id: row.id,
        language: row.language,
        no: row.no,
        source: row.source,
        text: row.text,
        duration_ms: row.duration_ms,
        in_force: row.in_force == 1,
        created_at: row.created_at,
        created_name: row.created_name,
    });
    Ok(PromptDetail { item, sounds: sounds.collect() })
}

fn heard(codes: &[u8]) -> Response {
    let headers = [(header::CONTENT_TYPE, "audio/wav"), (header::CACHE_CONTROL, "private, no-store")];
    (headers, wav::present(codes)).into_response()
}

/// Lists prompts.
#[utoipa::path(get, path = "/voice/prompts", operation_id = "list_prompts", tag = "voice",
    responses((status = 200, body = Vec<PromptItem>)))]
async fn list_prompts(State(core): State<Arc<Core>>, Auth(me): Auth) -> HttpResult<Json<Vec<PromptItem>>> {
    me.require("callflow.write")?;
    Ok(Json(items(&core).await?))
}

/// Shows a prompt with all its sounds.
#[utoipa::path(get, path = "/voice/prompts/{id}", operation_id = "show_prompt", tag = "voice",
    params(("id" = String, Path)), responses((status = 200, body = PromptDetail)))]
async fn show_prompt(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
) -> HttpResult<Json<PromptDetail>> {
    me.require("callflow.write")?;
    Ok(Json(detail(&core, &id).await?))
}

/// Names a prompt, or begins one.
#[utoipa::path(put, path = "/voice/prompts/{id}", operation_id = "put_prompt", tag = "voice",
    params(("id" = String, Path)), request_body = PromptBody, responses((status = 200, body = PromptDetail)))]
async fn put_prompt(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<PromptBody>,
) -> HttpResult<Json<PromptDetail>> {
    me.require("callflow.write")?;
    let (id, name) = (key("id", &id)?, word("name", &body.name, 40)?);
    let known = store::prompts::list(&core.kit.db).await.map_err(VoiceError::from)?;
    let row = known.iter().find(|row| row.id == id);
    if row.is_none() && known.len() >= PROMPTS_MAX {
        return Err(Problem::invalid().field("id", "many", "素材已达上限", "There are too many prompts"));
    }
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    if !store::prompts::put(&mut tx, &ctx, &id, &name, body.version).await.map_err(VoiceError::from)? {
        return Err(Problem::stale_version(row.map_or(0, |row| row.version)));
    }
    tx.audit(&ctx, Audit::new("prompt.name", "prompt", id.clone()));
    tx.commit().await.map_err(VoiceError::from)?;
    Ok(Json(detail(&core, &id).await?))
}

/// Removes a prompt of the city's own that no flow uses.
#[utoipa::path(delete, path = "/voice/prompts/{id}", operation_id = "delete_prompt", tag = "voice",
    params(("id" = String, Path)), responses((status = 204)))]
async fn delete_prompt(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
) -> HttpResult<StatusCode> {
    me.require("callflow.write")?;
    let item = detail(&core, &id).await?.item;
    // A version in force may still say what a draft no longer does.
    let in_force = store::callflow::in_force(&core.kit.db).await.map_err(VoiceError::from)?;
    let published = in_force.iter().any(|(_, _, graph)| graph.contains(&format!("\"prompt\":\"{id}\"")));
    if item.shipped || published || !item.uses.is_empty() {
        return Err(VoiceError::PromptInUse.into());
    }
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    store::prompts::remove(&mut tx, &id).await.map_err(VoiceError::from)?;
    tx.audit(&ctx, Audit::new("prompt.delete", "prompt", id));
    tx.commit().await.map_err(VoiceError::from)?;
    core.flows.reload().await.map_err(VoiceError::from)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Keeps a sound as the newest of its prompt and language, and lets callers hear it.
async fn keep(
    core: &Core,
    ctx: &kernel::Ctx,
    id: &str,
    (language, source, text): (Language, &str, &str),
    codes: &[u8],
) -> HttpResult<()> {
    let db = &core.kit.db;
    let known = store::prompts::list(db).await.map_err(VoiceError::from)?;
    let (name, version) = match known.into_iter().find(|row| row.id == id) {
        Some(row) => (row.name, row.version),
        None => (library::shipped(id).ok_or_else(Problem::not_found)?.name.to_owned(), 0),
    };
    let file = core.kit.blobs.put(ctx.now, codes).await.map_err(|error| Problem::from_internal(&error))?;
    let row = SoundRow {
        id: kernel::id::new_id(),
        prompt_id: id.to_owned(),
        language: language.name().to_owned(),
        no: 0,
        source: source.to_owned(),
        text: text.to_owned(),
        file,
        duration_ms: wav::duration_ms(codes),
        in_force: 1,
        created_at: ctx.now.0,
        created_name: ctx.actor.name.clone(),
    };
    let mut tx = db.begin().await.map_err(VoiceError::from)?;
    if !store::prompts::put(&mut tx, ctx, id, &name, version).await.map_err(VoiceError::from)? {
        return Err(Problem::stale_version(version));
    }
    store::prompts::add_sound(&mut tx, &row).await.map_err(VoiceError::from)?;
    let detail =
        serde_json::json!({ "language": language, "source": source, "duration_ms": row.duration_ms });
    tx.audit(ctx, Audit::new("prompt.sound", "prompt", id).detail(detail));
    tx.commit().await.map_err(VoiceError::from)?;
    core.flows.reload().await.map_err(VoiceError::from)?;
    Ok(())
}

/// Takes a WAV file as the sound of a prompt: PCM or G.711, any usual rate, mono or stereo.
#[utoipa::path(post, path = "/voice/prompts/{id}/sounds", operation_id = "upload_prompt_sound", tag = "voice",
    params(("id" = String, Path), UploadQuery),
    request_body(content = Vec<u8>, content_type = "audio/wav"), responses((status = 200, body = PromptDetail)))]
async fn upload_prompt_sound(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Query(query): Query<UploadQuery>,
    body: Bytes,
) -> HttpResult<Json<PromptDetail>> {
    me.require("callflow.write")?;
    let read = tokio::task::spawn_blocking(move || wav::to_alaw(&body))
        .await
        .map_err(|error| Problem::from_internal(&error))?;
    let codes = read.map_err(VoiceError::Wav)?;
    let source = if query.source.as_deref() == Some("recorded") { "recorded" } else { "upload" };
    keep(&core, &ctx, &id, (query.language, source, ""), &codes).await?;
    Ok(Json(detail(&core, &id).await?))
}

async fn spoken(core: &Core, body: &SpeechBody) -> HttpResult<bytes::Bytes> {
    let text = word("text", &body.text, TEXT_MAX)?;
    Ok(core.flows.voices.speak(&text, body.language).await.map_err(VoiceError::Speech)?)
}

/// Lets the voice speak a text as the sound of a prompt.
#[utoipa::path(post, path = "/voice/prompts/{id}/speech", operation_id = "speak_prompt_sound", tag = "voice",
    params(("id" = String, Path)), request_body = SpeechBody, responses((status = 200, body = PromptDetail)))]
async fn speak_prompt_sound(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<SpeechBody>,
) -> HttpResult<Json<PromptDetail>> {
    me.require("callflow.write")?;
    let codes = spoken(&core, &body).await?;
    keep(&core, &ctx, &id, (body.language, "voice", body.text.trim()), &codes).await?;
    Ok(Json(detail(&core, &id).await?))
}

/// Chooses which sound callers hear.
#[utoipa::path(put, path = "/voice/prompts/{id}/sound", operation_id = "choose_prompt_sound", tag = "voice",
    params(("id" = String, Path)), request_body = ChoiceBody, responses((status = 200, body = PromptDetail)))]
async fn choose_prompt_sound(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<ChoiceBody>,
) -> HttpResult<Json<PromptDetail>> {
    me.require("callflow.write")?;
    let now = detail(&core, &id).await?;
    let fits = |sound: &String| {
        now.sounds.iter().any(|one| one.id == *sound && one.language == body.language.name())
    };
    if !body.sound.as_ref().map_or(now.item.shipped, fits) {
        return Err(Problem::not_found());
    }
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    let (name, version) = (&now.item.name, now.item.version);
    if !store::prompts::put(&mut tx, &ctx, &id, name, version).await.map_err(VoiceError::from)? {
        return Err(Problem::stale_version(version));
    }
    store::prompts::put_in_force(&mut tx, &id, body.language.name(), body.sound.as_deref())
        .await
        .map_err(VoiceError::from)?;
    tx.audit(&ctx, Audit::new("prompt.choose", "prompt", id.clone()));
    tx.commit().await.map_err(VoiceError::from)?;
    core.flows.reload().await.map_err(VoiceError::from)?;
    Ok(Json(detail(&core, &id).await?))
}

/// Plays a prompt as callers hear it, or one of its sounds.
#[utoipa::path(get, path = "/voice/prompts/{id}/audio", operation_id = "show_prompt_audio", tag = "voice",
    params(("id" = String, Path), AudioQuery), responses((status = 200, content_type = "audio/wav", body = Vec<u8>)))]
async fn show_prompt_audio(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
    Query(query): Query<AudioQuery>,
) -> HttpResult<Response> {
    me.require("callflow.write")?;
    if let Some(sound) = &query.sound {
        let row = store::prompts::sound(&core.kit.db, sound).await.map_err(VoiceError::from)?;
        let row = row.filter(|row| row.prompt_id == id).ok_or_else(Problem::not_found)?;
        let codes = core.flows.sound_file(&row.file).await.map_err(VoiceError::RecordingGone)?;
        return Ok(heard(&codes));
    }
    let sound = core.flows.prompts.sound(&id, query.language.unwrap_or_default());
    Ok(heard(&sound.ok_or_else(Problem::not_found)?))
}

/// Says which voices there are.
#[utoipa::path(get, path = "/voice/speech", operation_id = "show_voices", tag = "voice",
    responses((status = 200, body = VoiceState)))]
async fn show_voices(State(core): State<Arc<Core>>, Auth(me): Auth) -> HttpResult<Json<VoiceState>> {
    me.require("callflow.write")?;
    Ok(Json(core.flows.voices.state()))
}

/// Speaks a text, to be heard before it is used.
#[utoipa::path(post, path = "/voice/speech", operation_id = "preview_speech", tag = "voice",
    request_body = SpeechBody, responses((status = 200, content_type = "audio/wav", body = Vec<u8>)))]
async fn preview_speech(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Json(body): Json<SpeechBody>,
) -> HttpResult<Response> {
    me.require("callflow.write")?;
    Ok(heard(&spoken(&core, &body).await?))
}
