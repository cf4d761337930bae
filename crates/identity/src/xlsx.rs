//! Writes lists as Excel workbooks.

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use rust_xlsxwriter::{Format, Workbook};

use crate::error::IdentityError;

/// The most rows of one export.
pub(crate) const ROWS_MAX: usize = 50_000;

/// Writes one sheet with a bold, frozen head and answers with it as a download.
pub(crate) async fn download(
    name: &'static str,
    head: Vec<&'static str>,
    rows: Vec<Vec<String>>,
) -> Result<Response, IdentityError> {
    let bytes = tokio::task::spawn_blocking(move || workbook(&head, &rows))
        .await
        .map_err(|error| IdentityError::Workbook(error.into()))?
        .map_err(|error| IdentityError::Workbook(error.into()))?;
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

fn workbook(head: &[&str], rows: &[Vec<String>]) -> Result<Vec<u8>, rust_xlsxwriter::XlsxError> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let bold = Format::new().set_bold();
    for (column, title) in (0_u16..).zip(head) {
        sheet.write_string_with_format(0, column, *title, &bold)?;
        sheet.set_column_width(column, 18)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    for (line, row) in (1_u32..).zip(rows) {
        for (column, text) in (0_u16..).zip(row) {
            // Cells are text, never formulas, whatever people typed.
            sheet.write_string(line, column, text.chars().take(32_000).collect::<String>())?;
        }
    }
    workbook.save_to_buffer()
}

/// Returns an instant in the city's zone as text.
pub(crate) fn local_time(zone: &str, at: i64) -> String {
    let zone: chrono_tz::Tz = zone.parse().unwrap_or(chrono_tz::Asia::Shanghai);
    chrono::DateTime::from_timestamp_millis(at)
        .map(|instant| instant.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S").to_string())
        .unwrap_or_default()
}
