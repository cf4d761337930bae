//! Tables that people upload: Excel workbooks and CSV in UTF-8 or GB18030. Every cell becomes plain text; a
//! formula is never evaluated, and what looks like one stays text.

use std::io::Cursor;

use calamine::{Data, Reader as _};
use chrono::Timelike as _;

/// The largest file, in bytes.
pub const FILE_BYTES_MAX: usize = 10 * 1024 * 1024;
/// The most rows of a table, its head included.
pub const ROWS_MAX: usize = 50_000;
/// The most columns of a table.
const COLUMNS_MAX: usize = 100;
/// The most bytes that a workbook may unpack to.
const UNPACKED_BYTES_MAX: u64 = 200 * 1024 * 1024;
/// The longest cell, in characters.
const CELL_CHARS_MAX: usize = 32_000;

/// Why a file is no table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SheetError {
    /// It is neither a workbook nor text.
    #[error("neither a workbook nor text: {0}")]
    Unreadable(String),
    /// It is too large.
    #[error("too large")]
    TooLarge,
    /// It has no head.
    #[error("empty")]
    Empty,
}

/// A table of texts, the head first. Line numbers are those that a person sees, from 1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// Titles of the columns.
    pub head: Vec<String>,
    /// Rows that are not blank, with their line in the file.
    pub rows: Vec<(usize, Vec<String>)>,
}

impl Sheet {
    /// Reads a file by what it holds, not by what it is called.
    ///
    /// # Errors
    /// [`SheetError`]; a damaged file never panics.
    pub fn read(bytes: &[u8]) -> Result<Self, SheetError> {
        if bytes.len() > FILE_BYTES_MAX {
            return Err(SheetError::TooLarge);
        }
        let lines = if bytes.starts_with(b"PK") { workbook(bytes)? } else { csv(&text(bytes)?)? };
        let mut lines = lines.into_iter().zip(1_usize..).filter_map(|(cells, line)| {
            let cells: Vec<String> = cells.into_iter().map(|cell| tidy(&cell)).collect();
            cells.iter().any(|cell| !cell.is_empty()).then_some((line, cells))
        });
        let (_, head) = lines.next().ok_or(SheetError::Empty)?;
        Ok(Self { head, rows: lines.collect() })
    }

    /// Finds the column that has one of these titles.
    #[must_use]
    pub fn column(&self, titles: &[&str]) -> Option<usize> {
        self.head.iter().position(|title| titles.iter().any(|known| title.eq_ignore_ascii_case(known)))
    }
}

/// Returns a cell of a row, or nothing.
#[must_use]
pub fn cell(row: &[String], column: Option<usize>) -> &str {
    column.and_then(|at| row.get(at)).map_or("", String::as_str)
}

/// Takes away what cannot be shown, and the apostrophe by which spreadsheets mark text.
fn tidy(cell: &str) -> String {
    let shown: String = cell
        .chars()
        .filter(|c| !c.is_control() || matches!(c, '\n' | '\t'))
        .filter(|c| !matches!(c, '\u{feff}' | '\u{200b}'))
        .take(CELL_CHARS_MAX)
        .collect();
    let shown = shown.trim();
    match shown.strip_prefix('\'') {
        Some(rest) if rest.starts_with(['=', '+', '-', '@']) => rest.to_owned(),
        _ => shown.to_owned(),
    }
}

fn workbook(bytes: &[u8]) -> Result<Vec<Vec<String>>, SheetError> {
    let refuse = |error: &dyn std::fmt::Display| SheetError::Unreadable(error.to_string());
    // A small file may unpack to something huge.
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| refuse(&error))?;
    let mut unpacked: u64 = 0;
    for at in 0..archive.len() {
        unpacked = unpacked.saturating_add(archive.by_index(at).map_err(|error| refuse(&error))?.size());
    }
    if unpacked > UNPACKED_BYTES_MAX {
        return Err(SheetError::TooLarge);
    }
    let read = || -> Result<Vec<Vec<String>>, SheetError> {
        let mut book: calamine::Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes))
            .map_err(|error: calamine::XlsxError| refuse(&error))?;
        let range = book.worksheet_range_at(0).ok_or(SheetError::Empty)?.map_err(|error| refuse(&error))?;
        let (height, width) = range.get_size();
        if height > ROWS_MAX || width > 10_000 {
            return Err(SheetError::TooLarge);
        }
        let skipped = range.start().map_or(0, |(line, _)| line as usize).min(ROWS_MAX);
        let mut lines = vec![Vec::new(); skipped];
        lines.extend(range.rows().map(|row| row.iter().take(COLUMNS_MAX).map(shown).collect()));
        Ok(lines)
    };
    // The reader of workbooks is a parser of strangers' files; what it stumbles over is a refusal.
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(SheetError::Unreadable("the workbook is damaged".to_owned())))
}

fn shown(cell: &Data) -> String {
    match cell {
        Data::Empty | Data::Error(_) => String::new(),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Bool(truth) => if *truth { "是" } else { "否" }.to_owned(),
        Data::Int(number) => number.to_string(),
        Data::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{number:.0}"),
        Data::Float(number) => number.to_string(),
        Data::DateTime(time) => time.as_datetime().map_or_else(
            || time.as_f64().to_string(),
            |time| {
                let day = time.num_seconds_from_midnight() == 0;
                time.format(if day { "%Y-%m-%d" } else { "%Y-%m-%d %H:%M:%S" }).to_string()
            },
        ),
    }
}

/// Decodes text: UTF-8 when it is, else GB18030, in which Chinese spreadsheets save CSV.
fn text(bytes: &[u8]) -> Result<String, SheetError> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok(text.to_owned());
    }
    let (text, _, damaged) = encoding_rs::GB18030.decode(bytes);
    if damaged || text.contains('\0') {
        return Err(SheetError::Unreadable("the text is neither UTF-8 nor GB18030".to_owned()));
    }
    Ok(text.into_owned())
}

/// Reads CSV as RFC 4180 has it, with comma, semicolon or tabulator, whichever the head has most of.
fn csv(text: &str) -> Result<Vec<Vec<String>>, SheetError> {
    let text = text.trim_start_matches('\u{feff}');
    let first = text.lines().next().unwrap_or_default();
    let separator = [',', ';', '\t']
        .into_iter()
        .max_by_key(|mark| (first.matches(*mark).count(), *mark == ','))
        .unwrap_or(',');
    let (mut lines, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if cell.is_empty() => quoted = true,
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                lines.push(std::mem::take(&mut row));
            }
            '\r' if !quoted => {}
            mark if mark == separator && !quoted => row.push(std::mem::take(&mut cell)),
            other => cell.push(other),
        }
        if lines.len() > ROWS_MAX || row.len() > COLUMNS_MAX {
            return Err(SheetError::TooLarge);
        }
    }
    row.push(cell);
    lines.push(row);
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use rust_xlsxwriter::{Formula, Workbook};

    use super::{Sheet, SheetError};

    #[test]
    fn csv_in_both_encodings_gives_the_same_table() {
        let text = "编号,事项,说明\r\nA1,路灯故障,\"含逗号,和\"\"引号\"\"\r\n两行\"\r\n\r\nA2,'=1+1,\r\n";
        let (gb, ..) = encoding_rs::GB18030.encode(text);
        let utf8 = Sheet::read(text.as_bytes()).unwrap();
        assert_eq!(utf8, Sheet::read(&gb).unwrap());
        assert_eq!(utf8.head, ["编号", "事项", "说明"]);
        assert_eq!(utf8.rows[0].1, ["A1", "路灯故障", "含逗号,和\"引号\"\n两行"]);
        assert_eq!(utf8.rows[1].1, ["A2", "=1+1", ""]);
    }

    #[test]
    fn a_workbook_is_read_as_text() {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        sheet.write_string(0, 0, "编号").unwrap().write_string(0, 1, "数").unwrap();
        sheet.write_string(1, 0, "A1").unwrap().write_number(1, 1, 12345678901.0).unwrap();
        sheet.write_formula(2, 1, Formula::new("=1+1").set_result("2")).unwrap();
        let bytes = book.save_to_buffer().unwrap();
        let sheet = Sheet::read(&bytes).unwrap();
        assert_eq!(sheet.column(&["编号"]), Some(0));
        assert_eq!(
            sheet.rows,
            [(2, vec!["A1".to_owned(), "12345678901".to_owned()]), (3, vec![String::new(), "2".to_owned()]),]
        );
    }

    #[test]
    fn what_is_no_table_is_refused() {
        assert_eq!(Sheet::read(b""), Err(SheetError::Empty));
        assert!(matches!(Sheet::read(b"PK\x03\x04 nonsense"), Err(SheetError::Unreadable(_))));
        assert!(matches!(Sheet::read(&[0x81, 0x00, 0xff]), Err(SheetError::Unreadable(_))));
        assert_eq!(Sheet::read(&vec![b'a'; super::FILE_BYTES_MAX + 1]), Err(SheetError::TooLarge));
    }
}
