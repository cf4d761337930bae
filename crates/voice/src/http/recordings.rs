//! Recordings as sound that browsers play.

use std::io::SeekFrom;
use std::ops::Range;
use std::sync::Arc;

use ::media::recording::WavView;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use contract::voice::{CallId, RecordingId};
use kernel::http::{Auth, Json, Path, Query, ReqCtx};
use kernel::{Audit, HttpResult, Principal, Problem, Scope};
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::core::Core;
use crate::error::VoiceError;
use crate::store;
use crate::store::downloads::Download;
use crate::store::recordings::RecordingRow;

/// Bytes of the answer that are made at once.
const CHUNK: u64 = 64 * 1024;

pub(super) fn routes() -> OpenApiRouter<Arc<Core>> {
    OpenApiRouter::new()
        .routes(routes!(show_recording_audio))
        .routes(routes!(show_recording_peaks))
        .routes(routes!(list_recording_downloads, download_recording))
}

/// Plays a recording: WAV, 8 kHz, 16 bit, the citizen left and everybody else right. Ranges are
/// served.
#[utoipa::path(get, path = "/voice/recordings/{id}/audio", operation_id = "show_recording_audio", tag = "voice",
    params(("id" = String, Path)),
    responses((status = 200, content_type = "audio/wav", body = Vec<u8>), (status = 206, content_type = "audio/wav", body = Vec<u8>)))]
async fn show_recording_audio(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> HttpResult<Response> {
    let recording = audible(&core, &me, &id).await?;
    let file = tokio::fs::File::open(core.recording_dir.join(&recording.path))
        .await
        .map_err(VoiceError::RecordingGone)?;
    let len = file.metadata().await.map_err(VoiceError::RecordingGone)?.len();
    let view = WavView::new(len);
    let total = view.len();
    let wanted = headers.get(header::RANGE).and_then(|value| value.to_str().ok());
    let (status, range) = match wanted.map(|text| parse_range(text, total)) {
        None => (StatusCode::OK, 0..total),
        Some(Some(range)) => (StatusCode::PARTIAL_CONTENT, range),
        Some(None) => {
            return Ok((
                StatusCode::RANGE_NOT_SATISFIABLE,
                [(header::CONTENT_RANGE, format!("bytes */{total}"))],
            )
                .into_response());
        }
    };
    // Listening is written down once, not for every range that a player asks for.
    if range.start == 0 {
        let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
        tx.audit(&ctx, Audit::new("call.listen", "recording", id));
        tx.commit().await.map_err(VoiceError::from)?;
    }
    let content_range = format!("bytes {}-{}/{total}", range.start, range.end.saturating_sub(1));
    let length = (range.end - range.start).to_string();
    let mut response = Response::builder()
        .status(status)
        .header(header::CONTENT_TYPE, "audio/wav")
        .header(header::ACCEPT_RANGES, "bytes")
        .header(header::CACHE_CONTROL, "private, no-store")
        .header(header::CONTENT_LENGTH, length);
    if status == StatusCode::PARTIAL_CONTENT {
        response = response.header(header::CONTENT_RANGE, content_range);
    }
    response.body(stream(file, view, range)).map_err(|error| Problem::from_internal(&error))
}

/// Finds a finished recording that the person may hear.
async fn audible(core: &Core, me: &Principal, id: &str) -> HttpResult<RecordingRow> {
    let recording = store::recordings::find(&core.kit.db, id)
        .await
        .map_err(VoiceError::from)?
        .ok_or_else(Problem::not_found)?;
    if !may_listen(core, me, &recording).await? {
        return Err(Problem::not_found());
    }
    if recording.state == "open" {
        return Err(VoiceError::RecordingOpen.into());
    }
    Ok(recording)
}

/// What narrows the wave.
#[derive(serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
struct PeaksQuery {
    /// Columns of the picture, 1,000 at most.
    bins: Option<usize>,
}

/// The loudest moments of both sides, for a picture.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct RecordingPeaks {
    /// Length.
    duration_ms: i64,
    /// The citizen, 0 to 100 for each column.
    left: Vec<u8>,
    /// Everybody else.
    right: Vec<u8>,
}

/// Shows the wave of a recording.
#[utoipa::path(get, path = "/voice/recordings/{id}/peaks", operation_id = "show_recording_peaks", tag = "voice",
    params(("id" = String, Path), PeaksQuery), responses((status = 200, body = RecordingPeaks)))]
async fn show_recording_peaks(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
    Query(query): Query<PeaksQuery>,
) -> HttpResult<Json<RecordingPeaks>> {
    let recording = audible(&core, &me, &id).await?;
    let path = core.recording_dir.join(&recording.path);
    let bins = query.bins.unwrap_or(300).clamp(1, 1_000);
    let peaks = tokio::task::spawn_blocking(move || {
        let file = std::fs::File::open(path)?;
        let len = file.metadata()?.len();
        ::media::peaks::of_recording(std::io::BufReader::new(file), len, bins)
    })
    .await
    .map_err(|error| Problem::from_internal(&error))?
    .map_err(VoiceError::RecordingGone)?;
    Ok(Json(RecordingPeaks { duration_ms: recording.duration_ms, left: peaks.left, right: peaks.right }))
}

#[derive(serde::Deserialize, utoipa::ToSchema)]
struct DownloadBody {
    /// What the file is needed for.
    reason: String,
}

/// A filed download.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct DownloadItem {
    /// Who.
    person_name: String,
    /// Why.
    reason: String,
    /// When, epoch milliseconds.
    at: i64,
}

/// Downloads of a recording.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct Downloads {
    /// Newest first.
    items: Vec<DownloadItem>,
}

/// Lists who took a recording out of the house, and why.
#[utoipa::path(get, path = "/voice/recordings/{id}/downloads", operation_id = "list_recording_downloads", tag = "voice",
    params(("id" = String, Path)), responses((status = 200, body = Downloads)))]
async fn list_recording_downloads(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    Path(id): Path<String>,
) -> HttpResult<Json<Downloads>> {
    me.require("call.download")?;
    audible(&core, &me, &id).await?;
    let rows = store::downloads::of_recording(&core.kit.db, &id).await.map_err(VoiceError::from)?;
    let items = rows
        .into_iter()
        .map(|row| DownloadItem { person_name: row.person_name, reason: row.reason, at: row.at })
        .collect();
    Ok(Json(Downloads { items }))
}

/// Downloads a recording as WAV; the download is filed with its reason.
#[utoipa::path(post, path = "/voice/recordings/{id}/downloads", operation_id = "create_recording_download", tag = "voice",
    params(("id" = String, Path)), request_body = DownloadBody,
    responses((status = 200, content_type = "audio/wav", body = Vec<u8>)))]
async fn download_recording(
    State(core): State<Arc<Core>>,
    Auth(me): Auth,
    ReqCtx(ctx): ReqCtx,
    Path(id): Path<String>,
    Json(body): Json<DownloadBody>,
) -> HttpResult<Response> {
    me.require("call.download")?;
    let reason = body.reason.trim().to_owned();
    if reason.is_empty() || reason.chars().count() > 200 {
        return Err(Problem::invalid().field(
            "reason",
            "length",
            "请填写下载用途，最多 200 字。",
            "Please say what the file is needed for, in at most 200 characters.",
        ));
    }
    let recording = audible(&core, &me, &id).await?;
    let file = tokio::fs::File::open(core.recording_dir.join(&recording.path))
        .await
        .map_err(VoiceError::RecordingGone)?;
    let view = WavView::new(file.metadata().await.map_err(VoiceError::RecordingGone)?.len());
    let mut tx = core.kit.db.begin().await.map_err(VoiceError::from)?;
    let download = Download {
        id: kernel::id::new_id(),
        recording_id: id.clone(),
        call_id: recording.call_id,
        person_id: me.person_id.clone(),
        person_name: me.name.clone(),
        reason,
        at: ctx.now.0,
    };
    store::downloads::file(&mut tx, &download).await.map_err(VoiceError::from)?;
    let detail = serde_json::json!({ "reason": download.reason, "call_id": download.call_id });
    tx.audit(&ctx, Audit::new("call.download", "recording", &id).detail(detail));
    tx.commit().await.map_err(VoiceError::from)?;
    Response::builder()
        .header(header::CONTENT_TYPE, "audio/wav")
        .header(header::CACHE_CONTROL, "private, no-store")
        .header(header::CONTENT_LENGTH, view.len().to_string())
        .header(header::CONTENT_DISPOSITION, format!("attachment; filename=\"{id}.wav\""))
        .body(stream(file, view, 0..view.len()))
        .map_err(|error| Problem::from_internal(&error))
}

fn stream(file: tokio::fs::File, view: WavView, range: Range<u64>) -> Body {
    let chunks = futures::stream::try_unfold((file, view, range), |(mut file, view, left)| async move {
        if left.start >= left.end {
            return Ok::<_, std::io::Error>(None);
        }
        let part = left.start..left.end.min(left.start + CHUNK);
        let source = view.source(&part);
        let mut bytes = vec![0; usize::try_from(source.end - source.start).unwrap_or(0)];
        file.seek(SeekFrom::Start(source.start)).await?;
        file.read_exact(&mut bytes).await?;
        let sound = view.present(&part, &bytes);
        let next = part.end..left.end;
        Ok(Some((sound, (file, view, next))))
    });
    Body::from_stream(chunks)
}

/// Reads a header `Range: bytes=a-b`; the first range counts.
fn parse_range(text: &str, total: u64) -> Option<Range<u64>> {
    let first = text.strip_prefix("bytes=")?.split(',').next()?.trim();
    let (from, to) = first.split_once('-')?;
    let range = if from.is_empty() {
        let last: u64 = to.parse().ok()?;
        total.saturating_sub(last)..total
    } else {
        let from: u64 = from.parse().ok()?;
        let to = if to.is_empty() { total } else { to.parse::<u64>().ok()?.saturating_add(1).min(total) };
        from..to
    };
    (range.start < range.end).then_some(range)
}

/// Who listens: all with the capability for everything, an agent the own calls, others when an
/// order that they may read belongs to the call.
async fn may_listen(core: &Core, me: &Principal, recording: &RecordingRow) -> HttpResult<bool> {
    if me.scope("call.listen") == Some(Scope::All) {
        return Ok(true);
    }
    let call = store::calls::find(&core.kit.db, &recording.call_id).await.map_err(VoiceError::from)?;
    if me.has("call.listen") && call.and_then(|call| call.agent_id).as_deref() == Some(&me.person_id) {
        return Ok(true);
    }
    match &core.ports.recordings {
        Some(access) => {
            let (call, id) = (CallId(recording.call_id.clone()), RecordingId(recording.id.clone()));
            access.may_listen(me, &call, &id).await.map_err(|error| VoiceError::Port(error).into())
        }
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::parse_range;

    #[test]
    fn ranges_are_read_as_players_ask_for_them() {
        assert_eq!(parse_range("bytes=0-", 100), Some(0..100));
        assert_eq!(parse_range("bytes=10-19", 100), Some(10..20));
        assert_eq!(parse_range("bytes=-5", 100), Some(95..100));
        assert_eq!(parse_range("bytes=90-1000", 100), Some(90..100));
        assert_eq!(parse_range("bytes=100-", 100), None);
        assert_eq!(parse_range("bytes=5-4", 100), None);
        assert_eq!(parse_range("items=0-1", 100), None);
        assert_eq!(parse_range("bytes=0-18446744073709551615", 100), Some(0..100));
    }
}
