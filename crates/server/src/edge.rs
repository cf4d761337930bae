//! What stands around all routes: limits, headers, the check of the origin, the pages.

use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use kernel::http::{BODY_BYTES_MAX, dress, guard_origin, pace};
use kernel::{Kit, Problem};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate as _, SizeAbove};
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::openapi::OpenApi;

use crate::assets::{serve_asset, serve_embedded};

/// The content security policy of the pages: nothing from elsewhere, no inline scripts. Scripts of forms run in a
/// worker made of their text, apart from the page. Styles may be
/// inline because the component library sets positions that way.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self' ws: wss:; font-src 'self' data:; \
     worker-src 'self' blob:; \
     frame-ancestors 'self'; base-uri 'self'; form-action 'self'; object-src 'none'";

/// Where 天地图 has its pictures.
pub(crate) const TIANDITU: &str = "https://*.tianditu.gov.cn";

/// What the policy of the pages opens.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Around<'a> {
    /// The sites that may show the pages below `/embed` in a frame.
    pub ancestors: &'a [String],
    /// A site whose pictures the pages show.
    pub foreign_pictures: Option<&'static str>,
}

/// Wraps the routes of all slices. `sip` is the WebSocket of browser phones, outside `/api`.
pub(crate) fn enclose(kit: &Kit, api: Router, sip: Router, document: OpenApi, around: Around<'_>) -> Router {
    let policy = page_policy(around.foreign_pictures);
    let embedded = embedding_policy(&policy, around.ancestors);
    let document = std::sync::Arc::new(document);
    let unknown = || async { Problem::not_found() };
    let api = api
        .route(
            "/openapi.json",
            get(move || {
                let document = document.clone();
                async move { Json((*document).clone()) }
            }),
        )
        .fallback(unknown)
        .method_not_allowed_fallback(|| async {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method.unknown")
                .detail_zh("此地址不支持该操作。")
                .detail_en("This address does not take that method.")
        });
    let embed_policy = policy.clone();
    let policy = HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static(CONTENT_SECURITY_POLICY));
    let (guard_kit, dress_kit, embed_kit) = (kit.clone(), kit.clone(), kit.clone());
    Router::new()
        .nest("/api/v1", api)
        .merge(sip)
        .route("/healthz", get(|| async { "ok" }))
        .route("/embed/{*page}", get(move |uri| serve_embedded(uri, embedded)))
        .fallback(serve_asset)
        .layer(from_fn(move |request: Request, next: Next| {
            embed(embed_kit.clone(), embed_policy.clone(), request, next)
        }))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn(pace))
        .layer(from_fn(move |request: Request, next: Next| guard_origin(guard_kit.clone(), request, next)))
        .layer(CatchPanicLayer::custom(on_panic))
        .layer(from_fn(move |request: Request, next: Next| dress(dress_kit.clone(), request, next)))
        .layer(from_fn(log))
        .layer(
            CompressionLayer::new().compress_when(
                SizeAbove::new(1024)
                    .and(NotForContentType::new("audio/"))
                    .and(NotForContentType::new("image/"))
                    .and(NotForContentType::new("video/"))
                    .and(NotForContentType::new("text/event-stream")),
            ),
        )
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed(header::REFERRER_POLICY, "same-origin"))
        .layer(SetResponseHeaderLayer::if_not_present(header::CONTENT_SECURITY_POLICY, policy))
        .layer(fixed(HeaderName::from_static("permissions-policy"), "microphone=(self), geolocation=(self)"))
}

/// Returns the policy of the pages, with one more site for pictures.
fn page_policy(pictures: Option<&str>) -> String {
    match pictures {
        Some(site) => CONTENT_SECURITY_POLICY.replace("img-src 'self'", &format!("img-src 'self' {site}")),
        None => CONTENT_SECURITY_POLICY.to_owned(),
    }
}

/// Returns the policy of the pages below `/embed`: that of the others, with more sites that may show them. What is no
/// origin is left out, so that a slip in the settings never opens more than was meant.
fn embedding_policy(policy: &str, ancestors: &[String]) -> HeaderValue {
    let is_origin = |site: &&String| {
        site.split_once("://").is_some_and(|(scheme, host)| {
            matches!(scheme, "http" | "https")
                && !host.is_empty()
                && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-:".contains(c))
        })
    };
    let sites = ancestors.iter().filter(is_origin).fold("'self'".to_owned(), |list, site| list + " " + site);
    let policy = policy.replace("frame-ancestors 'self'", &format!("frame-ancestors {sites}"));
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static(CONTENT_SECURITY_POLICY))
}

/// Lets the pages of other systems that the parameters name show the telephone's page, and no other, in a frame.
async fn embed(kit: Kit, policy: String, request: Request, next: Next) -> Response {
    let softphone = request.uri().path() == "/desk/softphone";
    let mut response = next.run(request).await;
    let origins = if softphone { contract::voice::embed_origins(&kit.parameters) } else { Vec::new() };
    if !origins.is_empty() {
        let policy = policy
            .replace("frame-ancestors 'self'", &format!("frame-ancestors 'self' {}", origins.join(" ")));
        if let Ok(policy) = HeaderValue::from_str(&policy) {
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        }
    }
    response
}

fn fixed(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}

fn on_panic(panic: Box<dyn std::any::Any + Send>) -> Response {
    use axum::response::IntoResponse as _;
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("unknown panic");
    tracing::error!(panic = text, "a handler panicked");
    Problem::internal().into_response()
}

/// Logs slow and failed requests; the rest only at debug level.
async fn log(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let start = tokio::time::Instant::now();
    let response = next.run(request).await;
    let (millis, status) = (start.elapsed().as_millis(), response.status().as_u16());
    let trace = response.headers().get("x-trace-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
    if status >= 500 {
        tracing::error!(%method, path, status, millis, trace, "request");
    } else if start.elapsed() > Duration::from_secs(1) && !path.ends_with("/events") {
        tracing::warn!(%method, path, status, millis, trace, "slow request");
    } else {
        tracing::debug!(%method, path, status, millis, trace, "request");
    }
    response
}

#[cfg(test)]
mod tests {
    use super::{CONTENT_SECURITY_POLICY, TIANDITU, embedding_policy, page_policy};

    #[test]
    fn only_sites_that_are_origins_may_show_a_page_in_a_frame() {
        let sites =
            ["https://www.example.gov.cn", "*", "https://*", "javascript:1", "https://a; script-src *"];
        let policy = embedding_policy(CONTENT_SECURITY_POLICY, &sites.map(str::to_owned));
        assert!(
            policy.to_str().unwrap().contains("frame-ancestors 'self' https://www.example.gov.cn; base-uri")
        );
        assert!(
            embedding_policy(CONTENT_SECURITY_POLICY, &[])
                .to_str()
                .unwrap()
                .contains("frame-ancestors 'self';")
        );
    }

    #[test]
    fn pictures_of_another_site_are_shown_only_when_it_is_offered() {
        assert_eq!(page_policy(None), CONTENT_SECURITY_POLICY);
        assert!(
            page_policy(Some(TIANDITU)).contains("img-src 'self' https://*.tianditu.gov.cn data: blob:;")
        );
    }
}
