//! Word, Excel and PowerPoint: zipped XML.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

use calamine::{Data, Reader as _};
use roxmltree::{Document, Node, ParsingOptions};
use zip::ZipArchive;

use super::Unreadable;

/// Parts of one package.
const PARTS_MAX: usize = 5_000;
/// Bytes of one unpacked part.
const PART_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Bytes of everything that is unpacked of a package.
const PACKAGE_BYTES_MAX: u64 = 200 * 1024 * 1024;
/// Nodes of one part.
const NODES_MAX: u32 = 2_000_000;
/// Slides of a presentation.
const SLIDES_MAX: usize = 500;
/// Rows of one sheet.
const ROWS_MAX: usize = 20_000;
/// Columns of one sheet.
const COLUMNS_MAX: usize = 60;
/// Bytes of text that the cells of a workbook may say together.
const SAID_BYTES_MAX: usize = 16 * 1024 * 1024;

type Package<'a> = ZipArchive<Cursor<&'a [u8]>>;

/// A paragraph or a table of a Word document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    /// A heading with its level, from 1.
    Heading(u8, String),
    /// A paragraph.
    Paragraph(String),
    /// A table, row by row.
    Table(Vec<Vec<String>>),
}

fn open(bytes: &[u8]) -> Result<Package<'_>, Unreadable> {
    let package = ZipArchive::new(Cursor::new(bytes)).map_err(|_| Unreadable::Broken)?;
    if package.len() > PARTS_MAX {
        return Err(Unreadable::Bomb);
    }
    Ok(package)
}

/// Refuses a package whose parts together, or one of which, claim more than a document has.
fn weigh(package: &mut Package<'_>) -> Result<(), Unreadable> {
    let mut total = 0_u64;
    for at in 0..package.len() {
        let size = package.by_index_raw(at).map_err(|_| Unreadable::Broken)?.size();
        total = total.saturating_add(size);
        if total > PACKAGE_BYTES_MAX {
            return Err(Unreadable::Bomb);
        }
    }
    Ok(())
}

fn part(package: &mut Package<'_>, name: &str) -> Result<String, Unreadable> {
    let file = package.by_name(name).map_err(|_| Unreadable::Broken)?;
    let mut text = String::new();
    // What the directory claims is not believed: reading stops by itself.
    let read = file.take(PART_BYTES_MAX + 1).read_to_string(&mut text).map_err(|_| Unreadable::Broken)?;
    if read as u64 > PART_BYTES_MAX { Err(Unreadable::Bomb) } else { Ok(text) }
}

fn parse(text: &str) -> Result<Document<'_>, Unreadable> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX };
    Document::parse_with_options(text, options).map_err(|_| Unreadable::Broken)
}

/// Returns the text of a Word document, a paragraph a line.
pub(super) fn document(bytes: &[u8]) -> Result<String, Unreadable> {
    let lines: Vec<String> = blocks(bytes)?
        .into_iter()
        .flat_map(|block| match block {
            Block::Heading(_, text) | Block::Paragraph(text) => vec![text],
            Block::Table(rows) => rows.into_iter().map(|row| row.join(" ")).collect(),
        })
        .collect();
    Ok(lines.join("\n"))
}

/// Returns the paragraphs and tables of a Word document in order.
pub(crate) fn blocks(bytes: &[u8]) -> Result<Vec<Block>, Unreadable> {
    let mut package = open(bytes)?;
    weigh(&mut package)?;
    let text = part(&mut package, "word/document.xml")?;
    let tree = parse(&text)?;
    let body = tree.descendants().find(|node| node.tag_name().name() == "body").ok_or(Unreadable::Broken)?;
    let mut found = Vec::new();
    for child in body.children() {
        match child.tag_name().name() {
            "p" => {
                let text = run_text(child);
                let text = text.trim();
                if text.is_empty() {
                    continue;
                }
                found.push(match heading(child) {
                    Some(level) => Block::Heading(level, text.to_owned()),
                    None => Block::Paragraph(text.to_owned()),
                });
            }
            "tbl" => {
                let rows = child.children().filter(|node| node.tag_name().name() == "tr").map(|row| {
                    let cells = row.children().filter(|node| node.tag_name().name() == "tc");
                    cells.map(|cell| run_text(cell).trim().to_owned()).collect()
                });
                found.push(Block::Table(rows.collect()));
            }
            _ => {}
        }
    }
    Ok(found)
}

/// Returns the level of a paragraph that is a heading, by the name of its style or its outline.
fn heading(paragraph: Node<'_, '_>) -> Option<u8> {
    let properties = paragraph.children().find(|node| node.tag_name().name() == "pPr")?;
    let value = |name: &str| {
        let node = properties.children().find(|node| node.tag_name().name() == name)?;
        node.attributes()
            .find(|attribute| attribute.name() == "val")
            .map(|attribute| attribute.value().to_owned())
    };
    if let Some(level) =
        value("outlineLvl").and_then(|level| level.parse::<u8>().ok()).filter(|level| *level < 9)
    {
        return Some(level + 1);
    }
    let style = value("pStyle")?.to_ascii_lowercase();
    if style == "title" {
        return Some(1);
    }
    // Chinese Word writes the bare number of the style.
    let digits = style.strip_prefix("heading").unwrap_or(&style);
    digits.trim().parse::<u8>().ok().filter(|level| (1..=9).contains(level))
}

fn run_text(node: Node<'_, '_>) -> String {
    let mut text = String::new();
    for child in node.descendants() {
        match child.tag_name().name() {
            "t" => text.push_str(child.text().unwrap_or_default()),
            "tab" => text.push(' '),
            "br" | "p" if !text.is_empty() && !text.ends_with('\n') => text.push('\n'),
            _ => {}
        }
    }
    text
}

/// Returns the text of a presentation, slide by slide.
pub(super) fn slides(bytes: &[u8]) -> Result<String, Unreadable> {
    let mut package = open(bytes)?;
    weigh(&mut package)?;
    let mut names: Vec<(u32, String)> = package
        .file_names()
        .filter_map(|name| {
            let no = name.strip_prefix("ppt/slides/slide")?.strip_suffix(".xml")?.parse().ok()?;
            Some((no, name.to_owned()))
        })
        .collect();
    if names.is_empty() {
        return Err(Unreadable::Broken);
    }
    names.sort_unstable();
    let mut text = String::new();
    for (_, name) in names.into_iter().take(SLIDES_MAX) {
        let slide = part(&mut package, &name)?;
        text.push_str(&run_text(parse(&slide)?.root_element()));
        text.push('\n');
    }
    Ok(text)
}

/// Returns the text of a workbook, a row a line.
pub(super) fn sheets(bytes: &[u8]) -> Result<String, Unreadable> {
    let rows = rows_of(bytes, usize::MAX)?;
    Ok(rows.into_iter().map(|row| row.join(" ")).collect::<Vec<_>>().join("\n"))
}

/// Returns the rows of the first sheet of a workbook.
pub(crate) fn rows(bytes: &[u8]) -> Result<Vec<Vec<String>>, Unreadable> {
    rows_of(bytes, 1)
}

fn rows_of(bytes: &[u8], sheets: usize) -> Result<Vec<Vec<String>>, Unreadable> {
    let mut package = open(bytes)?;
    measure(&mut package)?;
    let mut workbook = calamine::Xlsx::new(Cursor::new(bytes)).map_err(|_| Unreadable::Broken)?;
    let mut found = Vec::new();
    let mut said_bytes = 0;
    for name in workbook.sheet_names().into_iter().take(sheets) {
        found.extend(sheet(&mut workbook, &name, &mut said_bytes)?);
    }
    Ok(found)
}

/// Reads the cells of a sheet one by one: laid out at once, a single cell far out would take the machine's memory.
fn sheet(
    workbook: &mut calamine::Xlsx<Cursor<&[u8]>>,
    name: &str,
    said_bytes: &mut usize,
) -> Result<Vec<Vec<String>>, Unreadable> {
    let mut cells = workbook.worksheet_cells_reader(name).map_err(|_| Unreadable::Broken)?;
    let mut rows: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    while let Some(one) = cells.next_cell().map_err(|_| Unreadable::Broken)? {
        let (row, column) = one.get_position();
        let (row, column) = (row as usize, column as usize);
        if row >= ROWS_MAX || column >= COLUMNS_MAX {
            continue;
        }
        let text = cell(&Data::from(one.get_value().clone()));
        // One long text may be named by every cell.
        *said_bytes += text.len();
        if *said_bytes > SAID_BYTES_MAX {
            return Err(Unreadable::Bomb);
        }
        let places = rows.entry(row).or_default();
        if places.len() <= column {
            places.resize(column + 1, String::new());
        }
        places[column] = text;
    }
    let (Some(first), Some(last)) = (rows.keys().next().copied(), rows.keys().next_back().copied()) else {
        return Ok(Vec::new());
    };
    let width = rows.values().map(Vec::len).max().unwrap_or(0);
    let whole = |row: usize| {
        let mut places = rows.get(&row).cloned().unwrap_or_default();
        places.resize(width, String::new());
        places
    };
    Ok((first..=last).map(whole).collect())
}

/// Unpacks every part once without keeping it. Neither what the directory claims of sizes is believed, nor which part
/// the package says is a sheet: any may be.
fn measure(package: &mut Package<'_>) -> Result<(), Unreadable> {
    let mut total = 0_u64;
    for at in 0..package.len() {
        let part = package.by_index(at).map_err(|_| Unreadable::Broken)?;
        let size = std::io::copy(&mut part.take(PART_BYTES_MAX + 1), &mut std::io::sink())
            .map_err(|_| Unreadable::Broken)?;
        total += size;
        if size > PART_BYTES_MAX || total > PACKAGE_BYTES_MAX {
            return Err(Unreadable::Bomb);
        }
    }
    Ok(())
}

fn cell(data: &Data) -> String {
    match data {
        Data::Empty | Data::Error(_) => String::new(),
        Data::DateTime(at) => {
            at.as_datetime().map_or_else(String::new, |at| at.format("%Y-%m-%d").to_string())
        }
        other => other.to_string().trim().to_owned(),
    }
}
