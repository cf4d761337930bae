//! The slice's addresses.

mod cockpit;
mod designs;
mod evaluation;
mod forecast;
mod reports;
mod special;
mod statements;
mod warning_rules;
mod warnings;

use utoipa_axum::router::OpenApiRouter;

use crate::Insight;

/// Returns all routes, to be nested below `/api/v1`.
pub(crate) fn router(insight: Insight) -> OpenApiRouter {
    OpenApiRouter::new()
        .merge(reports::routes())
        .merge(special::routes())
        .merge(forecast::routes())
        .merge(designs::routes())
        .merge(statements::routes())
        .merge(evaluation::routes())
        .merge(cockpit::routes())
        .merge(warnings::routes())
        .merge(warning_rules::routes())
        .with_state(insight)
}

/// Answers with an Excel file.
pub(crate) fn workbook(name: &str, bytes: Vec<u8>) -> kernel::http::Response {
    file(name, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", bytes)
}

/// Answers with a file.
pub(crate) fn file(name: &str, content_type: &'static str, bytes: Vec<u8>) -> kernel::http::Response {
    use axum::http::{HeaderValue, header};
    use axum::response::IntoResponse as _;
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    response
}
