//! A Word file of paragraphs, tables and charts: A4, headings, tables whose heads repeat, numbered pages. Texts are
//! written as texts, so that none becomes markup.

mod chart;

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use kernel::Lang;

pub use chart::{Chart, Shape};

/// A text is cut after so many characters.
const TEXT_MAX: usize = 2_000;
/// The width between the margins, in twentieths of a point.
const WIDTH: usize = 9_070;

/// A part of the file, in the order of reading.
#[derive(Clone, Debug, PartialEq)]
pub enum Block {
    /// The title of the title page.
    Title(String),
    /// A centred line of the title page.
    Line(String),
    /// What follows begins on a new page.
    NewPage,
    /// A heading.
    Heading(String),
    /// A paragraph.
    Text(String),
    /// A note in small print.
    Note(String),
    /// A table.
    Table(Grid),
    /// A chart.
    Chart(Chart),
}

/// A table: a head, and rows of as many cells. The first `names` columns are texts, the others numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grid {
    /// The head.
    pub head: Vec<String>,
    /// Rows.
    pub rows: Vec<Vec<String>>,
    /// So many columns are texts.
    pub names: usize,
    /// The one of them that holds sentences and takes half of their width.
    pub wide: Option<usize>,
}

/// A part of the archive by its name.
type Part = (String, Vec<u8>);

const TYPES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Default Extension="xlsx" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"/><Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/><Override PartName="/word/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.styles+xml"/><Override PartName="/word/footer1.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.footer+xml"/>"#;
const ROOT: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>"#;
const LINKS: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/footer" Target="footer1.xml"/>"#;
const FOOTER: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:ftr xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:p><w:pPr><w:jc w:val="center"/></w:pPr><w:r><w:t xml:space="preserve">— </w:t></w:r><w:fldSimple w:instr=" PAGE "><w:r><w:t>1</w:t></w:r></w:fldSimple><w:r><w:t xml:space="preserve"> —</w:t></w:r></w:p></w:ftr>"#;
const STYLES: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:docDefaults><w:rPrDefault><w:rPr><w:rFonts w:ascii="Times New Roman" w:hAnsi="Times New Roman" w:cs="Times New Roman" w:eastAsia="仿宋"/><w:sz w:val="28"/><w:szCs w:val="28"/><w:lang w:val="en-US" w:eastAsia="zh-CN"/></w:rPr></w:rPrDefault><w:pPrDefault/></w:docDefaults><w:style w:type="paragraph" w:default="1" w:styleId="Normal"><w:name w:val="Normal"/></w:style><w:style w:type="paragraph" w:styleId="Title"><w:name w:val="Title"/><w:basedOn w:val="Normal"/><w:pPr><w:spacing w:before="3600" w:after="600"/><w:jc w:val="center"/></w:pPr><w:rPr><w:rFonts w:eastAsia="宋体"/><w:b/><w:sz w:val="52"/><w:szCs w:val="52"/></w:rPr></w:style><w:style w:type="paragraph" w:styleId="Subtitle"><w:name w:val="Subtitle"/><w:basedOn w:val="Normal"/><w:pPr><w:spacing w:after="200"/><w:jc w:val="center"/></w:pPr></w:style><w:style w:type="paragraph" w:styleId="Heading1"><w:name w:val="heading 1"/><w:basedOn w:val="Normal"/><w:next w:val="BodyText"/><w:pPr><w:keepNext/><w:spacing w:before="320" w:after="160"/><w:outlineLvl w:val="0"/></w:pPr><w:rPr><w:rFonts w:eastAsia="黑体"/><w:sz w:val="32"/><w:szCs w:val="32"/></w:rPr></w:style><w:style w:type="paragraph" w:styleId="BodyText"><w:name w:val="Body Text"/><w:basedOn w:val="Normal"/><w:pPr><w:spacing w:after="160" w:line="480" w:lineRule="exact"/><w:ind w:firstLineChars="200" w:firstLine="560"/></w:pPr></w:style><w:style w:type="paragraph" w:styleId="Note"><w:name w:val="Note"/><w:basedOn w:val="Normal"/><w:pPr><w:spacing w:before="60" w:after="60"/></w:pPr><w:rPr><w:color w:val="555555"/><w:sz w:val="20"/><w:szCs w:val="20"/></w:rPr></w:style><w:style w:type="paragraph" w:styleId="Cell"><w:name w:val="Cell"/><w:basedOn w:val="Normal"/><w:rPr><w:sz w:val="21"/><w:szCs w:val="21"/></w:rPr></w:style></w:styles>"#;

/// Writes the file.
///
/// # Errors
/// When it cannot be folded, or the workbook behind a chart cannot be written.
pub fn write(blocks: &[Block], lang: Lang) -> Result<Vec<u8>, kernel::BoxError> {
    let mut text = String::from(
        r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:c="http://schemas.openxmlformats.org/drawingml/2006/chart"><w:body>"#,
    );
    let (mut types, mut links) = (TYPES.to_owned(), LINKS.to_owned());
    let mut parts: Vec<Part> = Vec::new();
    let mut charts = 0;
    for block in blocks {
        match block {
            Block::Title(words) => paragraph(&mut text, "Title", None, words),
            Block::Line(words) => paragraph(&mut text, "Subtitle", None, words),
            Block::NewPage => text.push_str(r#"<w:p><w:r><w:br w:type="page"/></w:r></w:p>"#),
            Block::Heading(words) => paragraph(&mut text, "Heading1", None, words),
            Block::Text(words) => paragraph(&mut text, "BodyText", None, words),
            Block::Note(words) => paragraph(&mut text, "Note", None, words),
            Block::Table(grid) => table(&mut text, grid),
            Block::Chart(chart) => {
                charts += 1;
                chart.place(&mut text, charts, &format!("rIdChart{charts}"));
                attach(chart, charts, lang, &mut types, &mut links, &mut parts)?;
            }
        }
    }
    text.push_str(r#"<w:sectPr><w:footerReference w:type="default" r:id="rId2"/><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="1701" w:right="1418" w:bottom="1418" w:left="1418" w:header="851" w:footer="992" w:gutter="0"/><w:titlePg/></w:sectPr></w:body></w:document>"#);
    types.push_str("</Types>");
    links.push_str("</Relationships>");
    // In English a paragraph is not indented, and its lines follow the letters.
    let styles = match lang {
        Lang::Zh => STYLES.to_owned(),
        Lang::En => STYLES.replace(r#"<w:ind w:firstLineChars="200" w:firstLine="560"/>"#, ""),
    };
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let fixed = [
        ("[Content_Types].xml", types),
        ("_rels/.rels", ROOT.to_owned()),
        ("word/document.xml", text),
        ("word/styles.xml", styles),
        ("word/footer1.xml", FOOTER.to_owned()),
        ("word/_rels/document.xml.rels", links),
    ];
    let fixed = fixed.into_iter().map(|(name, part)| (name.to_owned(), part.into_bytes()));
    for (name, part) in fixed.chain(parts) {
        writer.start_file(name, zip::write::SimpleFileOptions::default())?;
        writer.write_all(&part)?;
    }
    Ok(writer.finish()?.into_inner())
}

/// Adds the parts of a chart: what is drawn, the workbook behind it, and how they find each other.
fn attach(
    chart: &Chart,
    number: usize,
    lang: Lang,
    types: &mut String,
    links: &mut String,
    parts: &mut Vec<Part>,
) -> Result<(), kernel::BoxError> {
    const KINDS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let _ = write!(
        types,
        r#"<Override PartName="/word/charts/chart{number}.xml" ContentType="application/vnd.openxmlformats-officedocument.drawingml.chart+xml"/>"#
    );
    let _ = write!(
        links,
        r#"<Relationship Id="rIdChart{number}" Type="{KINDS}/chart" Target="charts/chart{number}.xml"/>"#
    );
    let link = format!(
        r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="{KINDS}/package" Target="../embeddings/chart{number}.xlsx"/></Relationships>"#
    );
    parts.push((format!("word/charts/chart{number}.xml"), chart.part(lang).into_bytes()));
    parts.push((format!("word/charts/_rels/chart{number}.xml.rels"), link.into_bytes()));
    parts.push((format!("word/embeddings/chart{number}.xlsx"), chart.workbook()?));
    Ok(())
}

fn paragraph(into: &mut String, style: &str, align: Option<&str>, words: &str) {
    let _ = write!(into, r#"<w:p><w:pPr><w:pStyle w:val="{style}"/>"#);
    if let Some(align) = align {
        let _ = write!(into, r#"<w:jc w:val="{align}"/>"#);
    }
    let _ = write!(into, r#"</w:pPr><w:r><w:t xml:space="preserve">{}</w:t></w:r></w:p>"#, escaped(words));
}

fn table(into: &mut String, grid: &Grid) {
    let columns = grid.head.len().max(1);
    // Names take a third of the width, or half beside few numbers or with sentences; numbers share what is left.
    let numbers = columns.saturating_sub(grid.names);
    let named = if numbers == 0 {
        WIDTH
    } else if numbers < 3 || grid.wide.is_some() {
        WIDTH / 2
    } else {
        WIDTH / 3
    };
    let width = |column: usize| match grid.wide {
        _ if column >= grid.names => (WIDTH - named) / numbers.max(1),
        Some(wide) if wide == column => named / 2,
        Some(_) => named / 2 / grid.names.saturating_sub(1).max(1),
        None => named / grid.names.max(1),
    };
    let _ = write!(
        into,
        r#"<w:tbl><w:tblPr><w:tblW w:w="{WIDTH}" w:type="dxa"/><w:tblBorders><w:top w:val="single" w:sz="8"/><w:left w:val="single" w:sz="4"/><w:bottom w:val="single" w:sz="8"/><w:right w:val="single" w:sz="4"/><w:insideH w:val="single" w:sz="4"/><w:insideV w:val="single" w:sz="4"/></w:tblBorders><w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid>"#
    );
    for column in 0..columns {
        let _ = write!(into, r#"<w:gridCol w:w="{}"/>"#, width(column));
    }
    into.push_str("</w:tblGrid>");
    for (at, row) in std::iter::once(&grid.head).chain(&grid.rows).enumerate() {
        into.push_str("<w:tr><w:trPr><w:cantSplit/>");
        into.push_str(if at == 0 { "<w:tblHeader/></w:trPr>" } else { "</w:trPr>" });
        for (column, cell) in row.iter().enumerate() {
            let _ = write!(into, r#"<w:tc><w:tcPr><w:tcW w:w="{}" w:type="dxa"/>"#, width(column));
            into.push_str(if at == 0 {
                r#"<w:shd w:val="clear" w:color="auto" w:fill="E8EEF7"/></w:tcPr>"#
            } else {
                "</w:tcPr>"
            });
            let align = match (at, column < grid.names) {
                (0, _) => "center",
                (_, true) => "left",
                (_, false) => "right",
            };
            paragraph(into, "Cell", Some(align), cell);
            into.push_str("</w:tc>");
        }
        into.push_str("</w:tr>");
    }
    into.push_str("</w:tbl>");
}

/// Writes a text as XML, without signs that XML has no place for.
fn escaped(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for sign in text.chars().take(TEXT_MAX) {
        match sign {
            '&' => written.push_str("&amp;"),
            '<' => written.push_str("&lt;"),
            '>' => written.push_str("&gt;"),
            '"' => written.push_str("&quot;"),
            '\n' | '\r' | '\t' => written.push(' '),
            sign if sign.is_control() || matches!(sign, '\u{fffe}' | '\u{ffff}') => {}
            sign => written.push(sign),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn no_text_becomes_markup() {
        assert_eq!(escaped("<w:p>&\u{1}\n\"漏水\"\u{ffff}"), "&lt;w:p&gt;&amp; &quot;漏水&quot;");
        assert_eq!(escaped(&"水".repeat(9_000)).chars().count(), 2_000);
    }
}
