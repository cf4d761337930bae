//! What a file is, by what it holds. Its name and what the sender says of it are only compared with that.

use std::io::Cursor;

use crate::error::CaseError;

/// Entries of a packed document that are looked at.
const ENTRIES_MAX: usize = 5_000;

/// How screens show a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// A picture.
    Image,
    /// Sound.
    Audio,
    /// Moving pictures.
    Video,
    /// Anything to read.
    Document,
}

impl FileKind {
    /// Returns the code that is stored.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Document => "document",
        }
    }
}

/// A type of files that orders take.
#[derive(Debug, PartialEq, Eq)]
pub struct FileType {
    /// The media type that it is served with.
    pub media_type: &'static str,
    /// How screens show it.
    pub kind: FileKind,
    /// What it is called.
    pub name: (&'static str, &'static str),
    /// The endings of names that fit it; the first is given to a name without one.
    pub endings: &'static [&'static str],
}

const fn file_type(
    media_type: &'static str,
    kind: FileKind,
    name: (&'static str, &'static str),
    endings: &'static [&'static str],
) -> FileType {
    FileType { media_type, kind, name, endings }
}

static JPEG: FileType =
    file_type("image/jpeg", FileKind::Image, ("JPEG 图片", "a JPEG picture"), &["jpg", "jpeg", "jfif"]);
static PNG: FileType = file_type("image/png", FileKind::Image, ("PNG 图片", "a PNG picture"), &["png"]);
static GIF: FileType = file_type("image/gif", FileKind::Image, ("GIF 图片", "a GIF picture"), &["gif"]);
static WEBP: FileType = file_type("image/webp", FileKind::Image, ("WebP 图片", "a WebP picture"), &["webp"]);
static MP3: FileType = file_type("audio/mpeg", FileKind::Audio, ("MP3 录音", "MP3 sound"), &["mp3"]);
static WAV: FileType = file_type("audio/wav", FileKind::Audio, ("WAV 录音", "WAV sound"), &["wav"]);
static AMR: FileType = file_type("audio/amr", FileKind::Audio, ("AMR 录音", "AMR sound"), &["amr"]);
static OGG: FileType =
    file_type("audio/ogg", FileKind::Audio, ("Ogg 录音", "Ogg sound"), &["ogg", "oga", "opus"]);
static M4A: FileType = file_type("audio/mp4", FileKind::Audio, ("M4A 录音", "M4A sound"), &["m4a", "mp4"]);
static MP4: FileType =
    file_type("video/mp4", FileKind::Video, ("MP4 视频", "an MP4 video"), &["mp4", "m4v", "3gp"]);
static MOV: FileType =
    file_type("video/quicktime", FileKind::Video, ("MOV 视频", "a MOV video"), &["mov", "mp4"]);
static WEBM: FileType =
    file_type("video/webm", FileKind::Video, ("WebM 视频", "a WebM video"), &["webm", "weba"]);
static PDF: FileType =
    file_type("application/pdf", FileKind::Document, ("PDF 文档", "a PDF document"), &["pdf"]);
static DOCX: FileType = file_type(
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    FileKind::Document,
    ("Word 文档", "a Word document"),
    &["docx"],
);
static XLSX: FileType = file_type(
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    FileKind::Document,
    ("Excel 表格", "an Excel workbook"),
    &["xlsx"],
);
static PPTX: FileType = file_type(
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    FileKind::Document,
    ("演示文稿", "a presentation"),
    &["pptx"],
);
static OFD: FileType =
    file_type("application/ofd", FileKind::Document, ("OFD 版式文件", "an OFD document"), &["ofd"]);
static OLD_OFFICE: FileType = file_type(
    "application/x-ole-storage",
    FileKind::Document,
    ("旧版 Office 或 WPS 文件", "an old Office or WPS document"),
    &["doc", "xls", "ppt", "wps", "et", "dps"],
);
static TEXT: FileType =
    file_type("text/plain", FileKind::Document, ("文本文件", "a text file"), &["txt", "csv"]);

/// The types by the ending of a name; it says what a sender claims.
static ALL: &[&FileType] = &[
    &JPEG,
    &PNG,
    &GIF,
    &WEBP,
    &MP3,
    &WAV,
    &AMR,
    &OGG,
    &M4A,
    &MP4,
    &MOV,
    &WEBM,
    &PDF,
    &DOCX,
    &XLSX,
    &PPTX,
    &OFD,
    &OLD_OFFICE,
    &TEXT,
];

/// Finds out what a file is.
#[must_use]
pub fn detect(bytes: &[u8]) -> Option<&'static FileType> {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    let at = |offset: usize, magic: &[u8]| bytes.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    Some(if starts(&[0xFF, 0xD8, 0xFF]) {
        &JPEG
    } else if starts(b"\x89PNG\r\n\x1a\n") {
        &PNG
    } else if starts(b"GIF87a") || starts(b"GIF89a") {
        &GIF
    } else if starts(b"RIFF") && at(8, b"WEBP") {
        &WEBP
    } else if starts(b"RIFF") && at(8, b"WAVE") {
        &WAV
    } else if starts(b"#!AMR") {
        &AMR
    } else if starts(b"OggS") {
        &OGG
    } else if starts(&[0x1A, 0x45, 0xDF, 0xA3]) {
        &WEBM
    } else if at(4, b"ftyp") {
        return movie(bytes);
    } else if starts(b"%PDF-") {
        &PDF
    } else if starts(&[0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]) {
        &OLD_OFFICE
    } else if starts(b"PK\x03\x04") {
        return packed(bytes);
    } else if starts(b"ID3") || is_mp3_frame(bytes) {
        &MP3
    } else if is_text(bytes) {
        &TEXT
    } else {
        return None;
    })
}

/// A family of files tells its member in its first box. Pictures of telephones (HEIC) belong to it too and are
/// not taken: few browsers show them, and telephones send JPEG when asked for it.
fn movie(bytes: &[u8]) -> Option<&'static FileType> {
    match bytes.get(8..12)? {
        b"M4A " | b"M4B " => Some(&M4A),
        b"qt  " => Some(&MOV),
        b"isom" | b"iso2" | b"iso3" | b"iso4" | b"iso5" | b"iso6" | b"mp41" | b"mp42" | b"avc1" | b"dash"
        | b"M4V " | b"MSNV" | b"3gp4" | b"3gp5" | b"3gp6" | b"mmp4" => Some(&MP4),
        _ => None,
    }
}

/// A layer III frame: its sync word and no reserved value.
fn is_mp3_frame(bytes: &[u8]) -> bool {
    matches!(bytes, [0xFF, second, third, ..]
        if second & 0xE6 == 0xE2 && second & 0x18 != 0x08 && third & 0xF0 != 0xF0 && third & 0x0C != 0x0C)
}

/// Documents that are archives of parts. Those with programs inside are not taken.
fn packed(bytes: &[u8]) -> Option<&'static FileType> {
    let archive = zip::ZipArchive::new(Cursor::new(bytes)).ok()?;
    if archive.len() > ENTRIES_MAX {
        return None;
    }
    let has = |name: &str| archive.file_names().any(|known| known == name);
    if archive.file_names().any(|name| name.to_ascii_lowercase().ends_with("vbaproject.bin")) {
        return None;
    }
    if has("OFD.xml") {
        return Some(&OFD);
    }
    if !has("[Content_Types].xml") {
        return None;
    }
    if has("word/document.xml") {
        Some(&DOCX)
    } else if has("xl/workbook.xml") {
        Some(&XLSX)
    } else if has("ppt/presentation.xml") {
        Some(&PPTX)
    } else {
        None
    }
}

/// Text without what cannot be printed, in UTF-8 or GB 18030, that no browser takes for a page.
fn is_text(bytes: &[u8]) -> bool {
    if bytes.is_empty() || bytes.iter().any(|byte| *byte < 0x20 && !matches!(byte, b'\n' | b'\r' | b'\t')) {
        return false;
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => std::borrow::Cow::Borrowed(text),
        Err(_) => match encoding_rs::GB18030.decode_without_bom_handling_and_without_replacement(bytes) {
            Some(text) => text,
            None => return false,
        },
    };
    let head: String = text.trim_start_matches('\u{feff}').trim_start().chars().take(512).collect();
    let head = head.to_ascii_lowercase();
    !["<!doctype", "<html", "<svg", "<?xml", "<script", "#!/"].iter().any(|start| head.contains(start))
}

/// Decides what a file is and what it will be called.
///
/// # Errors
/// [`CaseError::Invalid`] when it is of no type that orders take, or its name says something else.
pub fn judge(name: &str, bytes: &[u8]) -> Result<(&'static FileType, String), CaseError> {
    if bytes.is_empty() {
        return Err(CaseError::field("file", "empty", "文件是空的。", "The file is empty."));
    }
    let name = tame(name);
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let claimed =
        ending.as_deref().and_then(|ending| ALL.iter().find(|known| known.endings.contains(&ending)));
    let Some(found) = detect(bytes) else {
        return Err(match claimed {
            Some(claimed) => CaseError::field(
                "file",
                "lying",
                format!("“{name}”的内容不是{}，未保存。请确认文件没有损坏或改过扩展名。", claimed.name.0),
                format!("What “{name}” holds is not {}; it was not kept.", claimed.name.1),
            ),
            None => CaseError::field(
                "file",
                "unsupported",
                format!("不支持“{name}”这种文件。可上传图片、录音、视频、PDF、OFD、Word、Excel、文本。"),
                format!(
                    "Files like “{name}” are not taken. Send pictures, sound, video, PDF, OFD, Word, Excel or text."
                ),
            ),
        });
    };
    match ending {
        Some(ending) if found.endings.contains(&ending.as_str()) => Ok((found, name)),
        // Where the name claims nothing that is known, what it holds decides; where it claims otherwise, it lies.
        Some(_) if claimed.is_some() => Err(CaseError::field(
            "file",
            "lying",
            format!("“{name}”的内容实际是{}，与扩展名不符，未保存。", found.name.0),
            format!("“{name}” is in truth {}, which its name denies; it was not kept.", found.name.1),
        )),
        _ if found.kind == FileKind::Document && found.media_type == TEXT.media_type => {
            Err(CaseError::field(
                "file",
                "unsupported",
                format!("不支持“{name}”这种文件。"),
                format!("Files like “{name}” are not taken."),
            ))
        }
        _ => Ok((found, format!("{name}.{}", found.endings[0]))),
    }
}

/// Makes a name that is safe in a folder and on a screen: no path, no control characters, no marks that turn the
/// direction of writing, 100 characters at most.
fn tame(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let clean: String = last
        .chars()
        .filter(|c| !c.is_control() && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '"' | '<' | '>' | '|' | '*' | '?' | ':'))
        .collect();
    let clean = clean.trim().trim_start_matches('.').trim();
    let count = clean.chars().count();
    if clean.is_empty() {
        return "file".to_owned();
    }
    if count <= 100 {
        return clean.to_owned();
    }
    // The ending stays.
    let tail: String = clean.chars().skip(count - 12).collect();
    let head: String = clean.chars().take(88).collect();
    format!("{head}{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(name: &str, bytes: &[u8]) -> Result<(&'static str, String), &'static str> {
        judge(name, bytes).map(|(found, name)| (found.media_type, name)).map_err(|error| match error {
            CaseError::Invalid(refusals) => refusals[0].code,
            _ => "other",
        })
    }

    fn archive(names: &[&str]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for name in names {
            writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn the_content_decides_and_a_lying_name_is_refused() {
        let jpeg = [0xFF, 0xD8, 0xFF, 0xE0, 0, 0];
        assert_eq!(code("现场.JPG", &jpeg), Ok(("image/jpeg", "现场.JPG".to_owned())));
        assert_eq!(code("现场", &jpeg), Ok(("image/jpeg", "现场.jpg".to_owned())));
        assert_eq!(code("现场.pdf", &jpeg), Err("lying"));
        assert_eq!(code("现场.jpg", b"MZ\x90\x00\x03\x00\x00\x00"), Err("lying"));
        assert_eq!(code("setup.exe", b"MZ\x90\x00\x03\x00\x00\x00"), Err("unsupported"));
        assert_eq!(code("page.html", b"<!DOCTYPE html><script>1</script>"), Err("unsupported"));
        assert_eq!(code("note.txt", b"<svg onload=alert(1)>"), Err("lying"));
        assert_eq!(code("说明.txt", "路灯不亮".as_bytes()).unwrap().0, "text/plain");
        assert_eq!(code("run.bat", b"del *.*"), Err("unsupported"));
        assert_eq!(code("x.jpg", b""), Err("empty"));
    }

    #[test]
    fn packed_documents_are_told_apart_and_programs_refused() {
        let docx = archive(&["[Content_Types].xml", "word/document.xml"]);
        assert_eq!(code("函.docx", &docx).unwrap().1, "函.docx");
        assert_eq!(code("函.xlsx", &docx), Err("lying"));
        assert_eq!(
            code("函.docx", &archive(&["[Content_Types].xml", "word/document.xml", "word/vbaProject.bin"])),
            Err("lying")
        );
        assert_eq!(code("all.zip", &archive(&["a.exe"])), Err("unsupported"));
        assert_eq!(code("红头.ofd", &archive(&["OFD.xml"])).unwrap().0, "application/ofd");
    }

    #[test]
    fn names_lose_paths_and_tricks() {
        assert_eq!(tame("../../etc/passwd"), "passwd");
        assert_eq!(tame("C:\\a\\b\u{202e}gpj.exe"), "bgpj.exe");
        assert_eq!(tame("  .. "), "file");
        assert!(tame(&format!("{}.pdf", "长".repeat(300))).ends_with(".pdf"));
        assert_eq!(tame(&"长".repeat(300)).chars().count(), 100);
    }
}
