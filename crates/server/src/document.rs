//! The OpenAPI document.

use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa::openapi::server::Server;

#[derive(utoipa::OpenApi)]
#[openapi(info(
    title = "Yihao",
    description = "A city's hotline. Errors are application/problem+json; see docs/api-design.md.",
    license(name = "Apache-2.0", identifier = "Apache-2.0")
))]
struct Document;

/// Returns the head of the document.
pub(crate) fn describe() -> OpenApi {
    Document::openapi()
}

/// Adds what holds for all routes.
pub(crate) fn finish(mut document: OpenApi) -> OpenApi {
    document.servers = Some(vec![Server::new("/api/v1")]);
    document
}
