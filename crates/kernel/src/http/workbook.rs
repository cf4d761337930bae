//! Lists as Excel workbooks.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use rust_xlsxwriter::{Format, Workbook, XlsxError};

use crate::{HttpResult, Problem};

/// The most rows of one export.
pub const EXPORT_ROWS_MAX: usize = 50_000;

/// A cell of a list: text stays text, so that what people typed never becomes a formula.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Text; Excel takes 32,767 characters, the rest is cut.
    Text(String),
    /// A number, to be summed.
    Number(f64),
    /// Nothing.
    Empty,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Text(text) }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<i64> for Cell {
    fn from(number: i64) -> Self {
        Self::Number(number as f64)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

/// Answers with one sheet with a bold, frozen head and a filter, as a download called `<name>.xlsx`.
///
/// # Errors
/// When the workbook cannot be written.
pub async fn download_workbook<T>(
    name: &'static str,
    head: Vec<T>,
    rows: Vec<Vec<Cell>>,
) -> HttpResult<Response>
where
    T: AsRef<str> + Send + 'static,
{
    let write = move || {
        let head: Vec<&str> = head.iter().map(AsRef::as_ref).collect();
        write_workbook(&head, &rows)
    };
    let written = tokio::task::spawn_blocking(write).await.map_err(|error| Problem::from_internal(&error))?;
    let bytes = written.map_err(|error| Problem::from_internal(&error))?;
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    );
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}.xlsx\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// Writes one sheet with a bold, frozen head and a filter.
///
/// # Errors
/// When the workbook cannot be written.
pub fn write_workbook(head: &[&str], rows: &[Vec<Cell>]) -> Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let bold = Format::new().set_bold();
    for (column, title) in (0_u16..).zip(head) {
        sheet.write_string_with_format(0, column, *title, &bold)?;
        sheet.set_column_width(column, 18)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    for (line, row) in (1_u32..).zip(rows) {
        for (column, cell) in (0_u16..).zip(row) {
            match cell {
                Cell::Text(text) => {
                    sheet.write_string(line, column, text.chars().take(32_000).collect::<String>())?;
                }
                Cell::Number(number) => {
                    sheet.write_number(line, column, *number)?;
                }
                Cell::Empty => {}
            }
        }
    }
    if let (Ok(last_row), Ok(last_column)) =
        (u32::try_from(rows.len()), u16::try_from(head.len().saturating_sub(1)))
    {
        sheet.autofilter(0, 0, last_row, last_column)?;
    }
    workbook.save_to_buffer()
}

/// Returns an instant in the city's zone as text for a cell.
#[must_use]
pub fn local_time(zone: &str, at: i64) -> String {
    let zone: chrono_tz::Tz = zone.parse().unwrap_or(chrono_tz::Asia::Shanghai);
    chrono::DateTime::from_timestamp_millis(at)
        .map(|instant| instant.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S").to_string())
        .unwrap_or_default()
}
