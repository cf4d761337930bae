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
    assert_eq!(read("a.xlsx", wide).await, Err(Unreadable::Broken), "it names no sheet");
    let deep = format!("{}{}", "<w:p>".repeat(50_000), "</w:p>".repeat(50_000));
    let _ = read("a.docx", word(&deep)).await;
}

const BOOK: &str = "<workbook xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" \
    xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"><sheets>\
    <sheet name=\"a\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>";

/// A workbook whose only sheet is a part of any name.
fn book(part: &str, sheet: &str, strings: Option<&str>) -> Vec<u8> {
    let links = format!(
        "<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
         <Relationship Id=\"r1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet\" \
         Target=\"{part}\"/></Relationships>"
    );
    let sheet = format!(
        "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>{sheet}</sheetData></worksheet>"
    );
    let place = format!("xl/{part}");
    let mut parts = vec![
        ("xl/workbook.xml", BOOK.as_bytes()),
        ("xl/_rels/workbook.xml.rels", links.as_bytes()),
        (place.as_str(), sheet.as_bytes()),
    ];
    if let Some(strings) = strings {
        parts.push(("xl/sharedStrings.xml", strings.as_bytes()));
    }
    package(&parts)
}

#[tokio::test]
async fn a_sheet_is_never_laid_out_by_what_it_claims() {
    // In other quotation marks, under a name that is no sheet's.
    let far = "<row r='1'><c r='A1'><v>7</v></c></row><row r='1048576'><c r='XFD1048576'><v>1</v></c></row>";
    assert_eq!(read("a.xlsx", book("worksheets/data.bin", far, None)).await.unwrap().unwrap(), "7");
    // One long text, named by very many cells.
    let text = format!(
        "<sst xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><si><t>{}</t></si></sst>",
        "长".repeat(20_000)
    );
    let rows: String = (1..=2_000)
        .map(|row| format!("<row r=\"{row}\"><c r=\"A{row}\" t=\"s\"><v>0</v></c></row>"))
        .collect();
    let many = book("worksheets/sheet1.xml", &rows, Some(&text));
    assert!(many.len() < 100_000);
    assert_eq!(read("a.xlsx", many).await, Err(Unreadable::Bomb));
    // A part that the reader would unpack without asking.
    let large = vec![b' '; 40 * 1024 * 1024];
    let hidden = package(&[("xl/workbook.xml", BOOK.as_bytes()), ("xl/data.bin", large.as_slice())]);
    assert_eq!(read("a.xlsx", hidden).await, Err(Unreadable::Bomb));
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
