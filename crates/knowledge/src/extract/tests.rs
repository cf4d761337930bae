use std::io::{Cursor, Write as _};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

/// Zips parts into a package.
fn package(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, body) in parts {
        out.start_file(*name, SimpleFileOptions::default()).unwrap();
        out.write_all(body).unwrap();
    }
    out.finish().unwrap().into_inner()
}

fn word(body: &str) -> Vec<u8> {
    let text = format!("<w:document xmlns:w=\"w\"><w:body>{body}</w:body></w:document>");
    package(&[("word/document.xml", text.as_bytes())])
}

async fn read(name: &str, bytes: Vec<u8>) -> Result<Option<String>, Unreadable> {
    text_of(format_of(name, &bytes).expect("a known format"), bytes).await
}

#[tokio::test]
async fn text_is_read_from_word_powerpoint_and_excel() {
    let docx = word(
        "<w:p><w:pPr><w:pStyle w:val=\"Heading1\"/></w:pPr><w:r><w:t>居住证</w:t></w:r></w:p>\
         <w:p><w:r><w:t>到派出所</w:t></w:r><w:r><w:t>办理</w:t></w:r></w:p>\
         <w:tbl><w:tr><w:tc><w:p><w:r><w:t>材料</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>照片</w:t></w:r></w:p></w:tc></w:tr></w:tbl>",
    );
    assert_eq!(read("a.DOCX", docx).await.unwrap().unwrap(), "居住证\n到派出所办理\n材料 照片");
    let slide = "<p:sld xmlns:p=\"p\" xmlns:a=\"a\"><a:p><a:r><a:t>供热报停</a:t></a:r></a:p></p:sld>";
    let pptx = package(&[("ppt/slides/slide1.xml", slide.as_bytes())]);
    assert_eq!(read("a.pptx", pptx).await.unwrap().unwrap().trim(), "供热报停");
    let rows = [vec!["事项".into(), "时限".into()], vec!["落户".into(), kernel::http::Cell::Number(5.0)]];
    let xlsx = kernel::http::write_workbook(&["甲", "乙"], &rows).unwrap();
    assert_eq!(read("a.xlsx", xlsx).await.unwrap().unwrap(), "甲 乙\n事项 时限\n落户 5");
}

#[tokio::test]
async fn what_is_broken_or_a_bomb_is_named_and_nothing_falls() {
    assert_eq!(read("a.docx", b"PK\x03\x04 but no more".to_vec()).await, Err(Unreadable::Broken));
    assert_eq!(read("a.pdf", b"%PDF-1.7 nonsense".to_vec()).await, Err(Unreadable::Broken));
    assert_eq!(read("a.docx", package(&[("other.xml", b"<a/>")])).await, Err(Unreadable::Broken));
    let entity = "<!DOCTYPE a [<!ENTITY b \"c\">]><w:document xmlns:w=\"w\"><w:body/></w:document>";
    let docx = package(&[("word/document.xml", entity.as_bytes())]);
    assert_eq!(read("a.docx", docx).await, Err(Unreadable::Broken));
    // Forty megabytes of spaces pack into forty kilobytes.
    let bomb = package(&[("word/document.xml", &vec![b' '; 40 * 1024 * 1024])]);
    assert!(bomb.len() < 100_000);
    assert_eq!(read("a.docx", bomb).await, Err(Unreadable::Bomb));
    let far = "<worksheet><sheetData><row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row></sheetData></worksheet>";
    let wide = package(&[("xl/workbook.xml", b"<workbook/>"), ("xl/worksheets/sheet1.xml", far.as_bytes())]);
    assert_eq!(read("a.xlsx", wide).await, Err(Unreadable::Bomb));
    let deep = format!("{}{}", "<w:p>".repeat(50_000), "</w:p>".repeat(50_000));
    let _ = read("a.docx", word(&deep)).await;
}

#[tokio::test]
async fn a_reader_that_panics_is_a_broken_file() {
    let outcome = apart(Vec::new(), |_| -> Result<(), Unreadable> { panic!("a bad reader") }).await;
    assert_eq!(outcome, Err(Unreadable::Broken));
}

#[test]
fn a_file_is_what_its_first_bytes_say() {
    assert_eq!(format_of("x.png", b"\x89PNG....").map(|format| format.media_type), Some("image/png"));
    assert_eq!(format_of("x.png", b"<html>"), None);
    assert_eq!(format_of("x.svg", b"<svg/>"), None, "a picture that can carry a script is not taken");
    assert_eq!(format_of("x.html", b"<html>"), None);
    assert_eq!(format_of("noending", b"PK"), None);
    assert!(format_of("x.docx", b"PK\x03\x04").is_some_and(|format| !format.inline));
}
