//! Files in and out: an upload's parts, bounded; a stored file as an answer, with ranges.

use std::fmt::Write as _;
use std::io::SeekFrom;

use axum::body::Body;
use axum::extract::Multipart;
use axum::extract::multipart::{Field, MultipartError, MultipartRejection};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures::stream;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};

use crate::blobs::Blobs;
use crate::{HttpResult, Problem};

/// A small picture is so large at most, in bytes.
pub const THUMB_BYTES_MAX: usize = 96 * 1024;
/// Parts of one upload.
const PARTS_MAX: usize = 4;
/// Bytes of an answer that are read at once.
const PIECE: usize = 64 * 1024;

/// A file as it arrived, with the small picture that the sender's page made.
#[derive(Debug, Default)]
pub struct Upload {
    /// The name that the sender gives it.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
    /// The small picture.
    pub thumb: Option<Vec<u8>>,
}

fn malformed(error: &MultipartError) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return too_large();
    }
    Problem::new(StatusCode::BAD_REQUEST, "body.malformed")
        .detail_zh("文件没有完整到达，请重试。")
        .detail_en("The file did not arrive whole; please try again.")
}

fn too_large() -> Problem {
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "file.too_large")
        .detail_zh("文件过大。")
        .detail_en("The file is too large.")
}

/// Reads the parts `file` and `thumb` of a form.
///
/// # Errors
/// `invalid` when it is no such form; `body.malformed` when it breaks off; `file.too_large`.
pub async fn read_upload(
    form: Result<Multipart, MultipartRejection>,
    bytes_max: usize,
) -> HttpResult<Upload> {
    let mut form = form.map_err(|_| no_file())?;
    let mut upload = None;
    let mut thumb = None;
    for _ in 0..PARTS_MAX {
        let Some(part) = form.next_field().await.map_err(|error| malformed(&error))? else { break };
        match part.name().unwrap_or_default() {
            "file" if upload.is_none() => {
                let name = part.file_name().unwrap_or_default().to_owned();
                upload = Some((name, read_part(part, bytes_max).await?));
            }
            "thumb" if thumb.is_none() => thumb = Some(read_part(part, THUMB_BYTES_MAX).await?),
            _ => {}
        }
    }
    let (name, bytes) = upload.ok_or_else(no_file)?;
    Ok(Upload { name, bytes, thumb })
}

fn no_file() -> Problem {
    Problem::invalid().field("file", "required", "请选择文件。", "Please choose a file.")
}

async fn read_part(mut part: Field<'_>, bytes_max: usize) -> HttpResult<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(piece) = part.chunk().await.map_err(|error| malformed(&error))? {
        if bytes.len() + piece.len() > bytes_max {
            return Err(too_large());
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// A stored file to answer with.
#[derive(Clone, Copy, Debug)]
pub struct Served<'a> {
    /// Its name in the folder of files.
    pub blob: &'a str,
    /// The name that it is kept under.
    pub name: &'a str,
    /// Its media type.
    pub media_type: &'a str,
    /// Its size in bytes.
    pub size_bytes: i64,
    /// Names what it holds.
    pub digest: &'a str,
}

/// Answers with a stored file. Pictures, sound and video are shown where they are linked, with ranges; whatever
/// could run is only ever downloaded. No other site learns anything from it, and no cache between keeps it.
///
/// # Errors
/// 404 when the file is gone; 416 for a range beyond it.
pub async fn serve_file(blobs: &Blobs, file: Served<'_>, headers: &HeaderMap) -> HttpResult<Response> {
    let size = u64::try_from(file.size_bytes).unwrap_or_default();
    let tag = format!("\"{}\"", file.digest);
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        dress(&mut response, &file, &tag);
        return Ok(response);
    }
    let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let (from, to) = match range.map(|range| read_range(range, size)) {
        None | Some(Some(None)) => (0, size),
        Some(Some(Some(range))) => range,
        Some(None) => {
            let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
            if let Ok(value) = HeaderValue::from_str(&format!("bytes */{size}")) {
                response.headers_mut().insert(header::CONTENT_RANGE, value);
            }
            return Ok(response);
        }
    };
    let mut opened = blobs.open(file.blob).await.map_err(|_| Problem::not_found())?;
    opened.seek(SeekFrom::Start(from)).await.map_err(|error| Problem::from_internal(&error))?;
    let pieces = stream::try_unfold(opened.take(to - from), |mut rest| async move {
        let mut piece = vec![0; PIECE];
        let read = rest.read(&mut piece).await?;
        piece.truncate(read);
        Ok::<_, std::io::Error>((read > 0).then_some((piece, rest)))
    });
    let mut response = Body::from_stream(pieces).into_response();
    if (from, to) != (0, size) {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        if let Ok(value) = HeaderValue::from_str(&format!("bytes {from}-{}/{size}", to.saturating_sub(1))) {
            response.headers_mut().insert(header::CONTENT_RANGE, value);
        }
    }
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(to - from));
    dress(&mut response, &file, &tag);
    Ok(response)
}

fn dress(response: &mut Response, file: &Served<'_>, tag: &str) {
    let shown = ["image/", "audio/", "video/"].iter().any(|start| file.media_type.starts_with(start))
        && file.media_type != "image/svg+xml";
    let kind = if shown { "inline" } else { "attachment" };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, file.media_type),
        (header::CONTENT_DISPOSITION, &disposition(kind, file.name)),
        (header::ETAG, tag),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; media-src 'self'; sandbox"),
        (header::CACHE_CONTROL, "private, no-cache"),
        (header::ACCEPT_RANGES, "bytes"),
    ] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
}

/// Says how a file is to be taken, under a name that may be Chinese.
#[must_use]
pub fn disposition(kind: &str, name: &str) -> String {
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    format!("{kind}; filename*=UTF-8''{encoded}")
}

/// Reads the one range that players ask for: none when it is beyond the file, `Some(None)` when it is to be
/// ignored.
fn read_range(text: &str, size: u64) -> Option<Option<(u64, u64)>> {
    let Some((from, to)) = text.strip_prefix("bytes=").and_then(|range| range.split_once('-')) else {
        return Some(None);
    };
    if to.contains(',') {
        return Some(None);
    }
    let (from, to) = match (from.trim().parse::<u64>(), to.trim().parse::<u64>()) {
        (Ok(from), Ok(to)) if to < from => return Some(None),
        (Ok(from), Ok(to)) => (from, to.saturating_add(1).min(size)),
        (Ok(from), Err(_)) if to.trim().is_empty() => (from, size),
        (Err(_), Ok(last)) if from.trim().is_empty() && last > 0 => (size.saturating_sub(last), size),
        _ => return Some(None),
    };
    (from < size).then_some(Some((from, to)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_players_are_read() {
        assert_eq!(read_range("bytes=0-", 10), Some(Some((0, 10))));
        assert_eq!(read_range("bytes=2-4", 10), Some(Some((2, 5))));
        assert_eq!(read_range("bytes=2-99", 10), Some(Some((2, 10))));
        assert_eq!(read_range("bytes=-3", 10), Some(Some((7, 10))));
        assert_eq!(read_range("bytes=10-", 10), None);
        for odd in ["bytes=1-2,4-5", "lines=1-2", "bytes=x-y", "bytes=5-2", "bytes=-", "bytes=-0"] {
            assert_eq!(read_range(odd, 10), Some(None), "{odd}");
        }
        assert_eq!(read_range("bytes=0-0", 0), None);
    }

    #[test]
    fn chinese_names_are_encoded_whole() {
        assert_eq!(disposition("attachment", "函 1.pdf"), "attachment; filename*=UTF-8''%E5%87%BD%201.pdf");
        assert_eq!(disposition("inline", "a\"\r\nb"), "inline; filename*=UTF-8''a%22%0D%0Ab");
    }
}
