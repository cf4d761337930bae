//! The built web pages, inside the binary (in a development build: read from the folder).

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, Uri, header};
use axum::response::IntoResponse;
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Pages;

/// Serves a file of the build, or the page that routes the address itself: the desk below `/desk`, the
/// portal everywhere else.
pub(crate) async fn serve_asset(uri: Uri) -> Response<Body> {
    let path = uri.path().trim_start_matches('/');
    if let Some(response) = file(path) {
        return response;
    }
    if path.starts_with("assets/") || path.starts_with("api/") {
        return StatusCode::NOT_FOUND.into_response();
    }
    let page = if path == "desk" || path.starts_with("desk/") {
        "desk.html"
    } else if path == "wallboard" || path.starts_with("wallboard/") {
        "wallboard.html"
    } else {
        "portal.html"
    };
    file(page).unwrap_or_else(|| {
        (
            StatusCode::SERVICE_UNAVAILABLE,
            "The web pages are not built: run `cargo xtask up`, or `npm run build` in web/.",
        )
            .into_response()
    })
}

/// Serves the citizens' page for a frame of another site, under a policy that names the sites.
pub(crate) async fn serve_embedded(uri: Uri, policy: HeaderValue) -> Response<Body> {
    let mut response = serve_asset(uri).await;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

fn file(path: &str) -> Option<Response<Body>> {
    let asset = Pages::get(path)?;
    // Names below assets/ carry a digest of their content, so a browser may keep them for ever.
    let cache = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = Response::new(Body::from(asset.data));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    Some(response)
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "json" | "webmanifest" => "application/json",
        "woff2" => "font/woff2",
        "wasm" => "application/wasm",
        _ => "application/octet-stream",
    }
}
