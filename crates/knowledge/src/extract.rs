//! Text out of attached files, so that it can be searched. Everything here is bounded: files of strangers may be
//! broken, endless or made to do harm, and then are named as such and kept as they are.

mod office;
mod pdf;

use std::time::Duration;

/// Characters of a file's text that are kept.
const TEXT_MAX: usize = 200_000;
/// How long one file may take.
const TIME_MAX: Duration = Duration::from_secs(20);
/// Stack of the thread that reads: a file of deeply nested parts must not end the program.
const STACK_BYTES: usize = 64 * 1024 * 1024;
/// Files that are read at the same time.
static READERS: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(4);

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Ending of the name.
    pub ending: &'static str,
    /// Media type under which it is sent out.
    pub media_type: &'static str,
    /// Whether a page shows it in place; anything else is only downloaded.
    pub inline: bool,
}

const FORMATS: [Format; 19] = [
    format("png", "image/png", true),
    format("jpg", "image/jpeg", true),
    format("jpeg", "image/jpeg", true),
    format("gif", "image/gif", true),
    format("webp", "image/webp", true),
    format("mp3", "audio/mpeg", true),
    format("wav", "audio/wav", true),
    format("ogg", "audio/ogg", true),
    format("m4a", "audio/mp4", true),
    format("mp4", "video/mp4", true),
    format("webm", "video/webm", true),
    format("pdf", "application/pdf", false),
    format("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", false),
    format("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", false),
    format("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation", false),
    format("txt", "text/plain; charset=utf-8", false),
    format("md", "text/markdown; charset=utf-8", false),
    format("csv", "text/csv; charset=utf-8", false),
    format("zip", "application/zip", false),
];

const fn format(ending: &'static str, media_type: &'static str, inline: bool) -> Format {
    Format { ending, media_type, inline }
}

/// Returns what a file is by the ending of its name, where its first bytes do not say otherwise.
#[must_use]
pub fn format_of(name: &str, bytes: &[u8]) -> Option<Format> {
    let ending = name.rsplit_once('.')?.1.to_ascii_lowercase();
    let format = FORMATS.into_iter().find(|format| format.ending == ending)?;
    let begins = |magic: &[u8]| bytes.starts_with(magic);
    let has = |at: usize, magic: &[u8]| bytes.get(at..at + magic.len()) == Some(magic);
    let fits = match format.ending {
        "png" => begins(b"\x89PNG"),
        "jpg" | "jpeg" => begins(b"\xff\xd8\xff"),
        "gif" => begins(b"GIF8"),
        "webp" => begins(b"RIFF") && has(8, b"WEBP"),
        "wav" => begins(b"RIFF") && has(8, b"WAVE"),
        "ogg" => begins(b"OggS"),
        "mp3" => {
            begins(b"ID3") || (bytes.first() == Some(&0xff) && bytes.get(1).is_some_and(|b| b & 0xe0 == 0xe0))
        }
        "mp4" | "m4a" => has(4, b"ftyp"),
        "webm" => begins(b"\x1a\x45\xdf\xa3"),
        "pdf" => begins(b"%PDF-"),
        "docx" | "xlsx" | "pptx" | "zip" => begins(b"PK"),
        _ => !bytes.contains(&0),
    };
    fits.then_some(format)
}

/// Why a file's text cannot be searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is no such file, or damaged.
    Broken,
    /// It unpacks into far more than a document has.
    Bomb,
    /// It took too long.
    Slow,
}

impl Unreadable {
    /// Returns the code under which it is stored.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Broken => "broken",
            Self::Bomb => "bomb",
            Self::Slow => "slow",
        }
    }
}

/// Returns the text of a file; none for what has no text.
///
/// # Errors
/// Why it cannot be read.
pub async fn text_of(format: Format, bytes: Vec<u8>) -> Result<Option<String>, Unreadable> {
    let read: fn(&[u8]) -> Result<String, Unreadable> = match format.ending {
        "docx" => office::document,
        "pptx" => office::slides,
        "xlsx" => office::sheets,
        "pdf" => pdf::text,
        "txt" | "md" | "csv" => |bytes| Ok(String::from_utf8_lossy(bytes).into_owned()),
        _ => return Ok(None),
    };
    apart(bytes, read).await.map(|text| Some(bounded(&text)))
}

/// Runs a reader on a thread of its own: with a deep stack, so that neither its panic nor its hanging reaches
/// anybody else. Few are read at once; one that hangs keeps its place, so that hanging ones never take the machine.
pub(crate) async fn apart<T: Send + 'static>(
    bytes: Vec<u8>,
    read: impl FnOnce(&[u8]) -> Result<T, Unreadable> + Send + 'static,
) -> Result<T, Unreadable> {
    let turn = tokio::time::timeout(TIME_MAX, READERS.acquire()).await;
    let Ok(Ok(turn)) = turn else { return Err(Unreadable::Slow) };
    let (tell, told) = tokio::sync::oneshot::channel();
    let work = move || {
        let _turn = turn;
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| read(&bytes)));
        let _ = tell.send(outcome.unwrap_or(Err(Unreadable::Broken)));
    };
    let begun = std::thread::Builder::new().name("document".to_owned()).stack_size(STACK_BYTES).spawn(work);
    if begun.is_err() {
        return Err(Unreadable::Slow);
    }
    match tokio::time::timeout(TIME_MAX, told).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(Unreadable::Broken),
        Err(_) => Err(Unreadable::Slow),
    }
}

fn bounded(text: &str) -> String {
    text.chars().filter(|c| *c != '\0').take(TEXT_MAX).collect()
}

pub(crate) use office::{Block, blocks, rows};

#[cfg(test)]
mod tests;
