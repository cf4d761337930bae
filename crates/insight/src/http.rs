//! The slice's addresses.

mod cockpit;
mod designs;
mod evaluation;
mod forecast;
mod problems;
mod reports;
mod special;
mod statements;
mod subscriptions;
mod warning_rules;
mod warnings;

use utoipa_axum::router::OpenApiRouter;

use crate::Insight;

pub(crate) use reports::ReportFile;
pub(crate) use subscriptions::make_file;

/// Returns all routes, to be nested below `/api/v1`.
pub(crate) fn router(insight: Insight) -> OpenApiRouter {
    OpenApiRouter::new()
        .merge(reports::routes())
        .merge(special::routes())
        .merge(problems::routes())
        .merge(forecast::routes())
        .merge(designs::routes())
        .merge(subscriptions::routes())
        .merge(statements::routes())
        .merge(evaluation::routes())
        .merge(cockpit::routes())
        .merge(warnings::routes())
        .merge(warning_rules::routes())
        .with_state(insight)
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
