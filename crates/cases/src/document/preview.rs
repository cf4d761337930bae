//! Shows a filled document as a page: paragraphs, tables, pictures, what is bold and where it stands. Nothing of
//! the document reaches the page but escaped text and pictures.

use std::fmt::Write as _;
use std::io::Cursor;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use calamine::{Reader as _, Xlsx};
use roxmltree::Node;

use super::TemplateKind;
use super::package::Package;

const W: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
/// Rows and columns of a sheet that are shown.
const ROWS_MAX: usize = 500;
const COLUMNS_MAX: usize = 60;
/// A page is so long at most, in bytes.
const PAGE_MAX: usize = 8 * 1024 * 1024;
/// Tables within tables.
const DEPTH_MAX: usize = 12;

const STYLE: &str = "body{margin:0;background:#fff;color:#111;font:15px/1.7 'Songti SC','SimSun',serif;padding:40px 48px;\
    max-width:720px;margin:0 auto}p{margin:0 0 6px;min-height:1em;overflow-wrap:anywhere;white-space:pre-wrap}\
    table{border-collapse:collapse;width:100%;margin:8px 0}td{border:1px solid #444;padding:4px 8px;vertical-align:top}\
    img{max-width:100%;height:auto}";

/// Makes the page; none when the file is no document.
#[must_use]
pub fn page(kind: TemplateKind, filled: &[u8]) -> Option<String> {
    let body = match kind {
        TemplateKind::Word => word(filled)?,
        TemplateKind::Excel => excel(filled)?,
    };
    Some(format!("<!doctype html><meta charset=\"utf-8\"><style>{STYLE}</style>{body}"))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn word(filled: &[u8]) -> Option<String> {
    let package = Package::read(filled).ok()?;
    let text = package.text("word/document.xml")?;
    let document = roxmltree::Document::parse(text).ok()?;
    let relations = package.text("word/_rels/document.xml.rels").unwrap_or_default();
    let relations = roxmltree::Document::parse(relations).ok();
    let picture = |id: &str| -> Option<String> {
        let target = relations
            .as_ref()?
            .descendants()
            .find(|node| node.attribute("Id") == Some(id))?
            .attribute("Target")?
            .to_owned();
        let media = if target.ends_with(".png") { "image/png" } else { "image/jpeg" };
        let (_, bytes) = package.parts.iter().find(|(name, _)| *name == format!("word/{target}"))?;
        Some(format!("<img alt=\"\" src=\"data:{media};base64,{}\">", STANDARD.encode(bytes)))
    };
    let mut out = String::new();
    let body = document.descendants().find(|node| node.has_tag_name((W, "body")))?;
    blocks(body, &picture, &mut out, 0);
    Some(out)
}

fn blocks(parent: Node<'_, '_>, picture: &dyn Fn(&str) -> Option<String>, out: &mut String, depth: usize) {
    if depth > DEPTH_MAX {
        return;
    }
    for node in parent.children() {
        if out.len() > PAGE_MAX {
            return;
        }
        if node.has_tag_name((W, "p")) {
            paragraph(node, picture, out);
        } else if node.has_tag_name((W, "tbl")) {
            out.push_str("<table>");
            for row in node.children().filter(|row| row.has_tag_name((W, "tr"))) {
                out.push_str("<tr>");
                for cell in row.children().filter(|cell| cell.has_tag_name((W, "tc"))) {
                    let span = property(cell, "tcPr", "gridSpan")
                        .and_then(|span| span.parse::<u32>().ok())
                        .filter(|span| (2..=COLUMNS_MAX as u32).contains(span));
                    match span {
                        Some(span) => {
                            let _ = write!(out, "<td colspan=\"{span}\">");
                        }
                        None => out.push_str("<td>"),
                    }
                    blocks(cell, picture, out, depth + 1);
                    out.push_str("</td>");
                }
                out.push_str("</tr>");
            }
            out.push_str("</table>");
        } else if node.has_tag_name((W, "sdt")) || node.has_tag_name((W, "sdtContent")) {
            blocks(node, picture, out, depth + 1);
        }
    }
}

/// Reads `w:val` of a property.
fn property(node: Node<'_, '_>, group: &str, name: &str) -> Option<String> {
    let group = node.children().find(|child| child.has_tag_name((W, group)))?;
    let property = group.children().find(|child| child.has_tag_name((W, name)))?;
    Some(property.attribute((W, "val")).unwrap_or("1").to_owned())
}

fn paragraph(node: Node<'_, '_>, picture: &dyn Fn(&str) -> Option<String>, out: &mut String) {
    let align = match property(node, "pPr", "jc").as_deref() {
        Some("center") => "center",
        Some("right" | "end") => "right",
        _ => "left",
    };
    let _ = write!(out, "<p style=\"text-align:{align}\">");
    for run in node.descendants().filter(|run| run.has_tag_name((W, "r"))) {
        let bold = property(run, "rPr", "b").is_some_and(|value| value != "0" && value != "false");
        // Half points.
        let size = property(run, "rPr", "sz").and_then(|size| size.parse::<f64>().ok());
        let size = size.map(|half| (half / 2.0).clamp(6.0, 48.0));
        let red = property(run, "rPr", "color")
            .filter(|color| color.len() == 6 && color.chars().all(|c| c.is_ascii_hexdigit()));
        out.push_str("<span style=\"");
        if bold {
            out.push_str("font-weight:700;");
        }
        if let Some(size) = size {
            let _ = write!(out, "font-size:{size}pt;");
        }
        if let Some(color) = red {
            let _ = write!(out, "color:#{color};");
        }
        out.push_str("\">");
        for piece in run.children() {
            match piece.tag_name().name() {
                "t" => out.push_str(&escape(piece.text().unwrap_or_default())),
                "br" | "cr" => out.push_str("<br>"),
                "tab" => out.push('\t'),
                "drawing" => {
                    let id = piece.descendants().find(|inner| inner.tag_name().name() == "blip").and_then(
                        |blip| {
                            blip.attributes()
                                .find(|one| one.name() == "embed")
                                .map(|one| one.value().to_owned())
                        },
                    );
                    if let Some(shown) = id.and_then(|id| picture(&id)) {
                        out.push_str(&shown);
                    }
                }
                _ => {}
            }
        }
        out.push_str("</span>");
    }
    out.push_str("</p>");
}

fn excel(filled: &[u8]) -> Option<String> {
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(filled.to_vec())).ok()?;
    let mut out = String::new();
    for name in book.sheet_names() {
        let range = book.worksheet_range(&name).ok()?;
        let _ = write!(out, "<p><b>{}</b></p><table>", escape(&name));
        for row in range.rows().take(ROWS_MAX) {
            out.push_str("<tr>");
            for cell in row.iter().take(COLUMNS_MAX) {
                let _ = write!(out, "<td>{}</td>", escape(&cell.to_string()));
            }
            out.push_str("</tr>");
        }
        out.push_str("</table>");
        if out.len() > PAGE_MAX {
            break;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_shows_text_and_never_markup() {
        let document = format!(
            "<w:document xmlns:w=\"{W}\"><w:body><w:p><w:pPr><w:jc w:val=\"center\"/></w:pPr><w:r><w:rPr><w:b/><w:sz w:val=\"44\"/></w:rPr><w:t>交办函</w:t></w:r></w:p>\
             <w:tbl><w:tr><w:tc><w:p><w:r><w:t>&lt;script&gt;x&lt;/script&gt;</w:t><w:br/><w:t>二</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:body></w:document>"
        );
        let package = Package { parts: vec![("word/document.xml".to_owned(), document.into_bytes())] };
        let page = page(TemplateKind::Word, &package.write().unwrap()).unwrap();
        assert!(page.contains("text-align:center") && page.contains("font-size:22pt"));
        assert!(page.contains("<td><p") && page.contains("&lt;script&gt;x") && !page.contains("<script"));
    }
}
