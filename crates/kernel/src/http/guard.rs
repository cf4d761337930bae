//! What every request passes through: a trace id, the peer's address, the check of its origin.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::http::auth::lang;
use crate::{Kit, Problem};

/// Ties log lines, audit rows and error messages together.
#[derive(Clone, Debug)]
pub struct TraceId(pub String);

/// The address of whoever asks, behind trusted proxies.
#[derive(Clone, Copy, Debug)]
pub struct PeerAddress(pub IpAddr);

/// Gives the request its trace id and peer address, and problems their language and trace.
pub async fn dress(kit: Kit, mut request: Request, next: Next) -> Response {
    let trace_id = crate::id::new_id();
    let peer = peer(&kit, &request);
    let (mut parts, body) = request.into_parts();
    let language = lang(&parts);
    parts.extensions.insert(TraceId(trace_id.clone()));
    parts.extensions.insert(PeerAddress(peer));
    parts.extensions.insert(kit);
    request = Request::from_parts(parts, body);
    let mut response = next.run(request).await;
    if let Some(mut problem) = response.extensions_mut().remove::<Problem>() {
        let headers = std::mem::take(response.headers_mut());
        problem.address(language, &trace_id);
        response = problem.into_response();
        let mut last = None;
        for (name, value) in headers {
            // Of a header that comes more than once only the first has its name.
            last = name.or(last);
            if let Some(name) = last
                .as_ref()
                .filter(|name| **name != header::CONTENT_TYPE && **name != header::CONTENT_LENGTH)
            {
                response.headers_mut().append(name.clone(), value);
            }
        }
        response.extensions_mut().clear();
    }
    if let Ok(value) = HeaderValue::from_str(&trace_id) {
        response.headers_mut().insert("x-trace-id", value);
    }
    response
}

fn peer(kit: &Kit, request: &Request) -> IpAddr {
    let direct = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::from([127, 0, 0, 1]), |info| info.0.ip());
    if kit.config.trusted_proxies == 0 {
        return direct;
    }
    // Each proxy appends the address that it saw; the one that our outermost proxy saw is the caller's. What
    // stands before it the caller may have invented, so places are counted from the end and none is left out.
    let headers = request.headers().get_all("x-forwarded-for");
    let hops: Vec<&[u8]> =
        headers.iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).collect();
    hops.len()
        .checked_sub(kit.config.trusted_proxies)
        .and_then(|at| hops.get(at))
        .and_then(|hop| address(std::str::from_utf8(hop).ok()?.trim()))
        .unwrap_or(direct)
}

/// Reads an address, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    text.parse::<IpAddr>().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}

/// Refuses changes that a page of another origin asks for.
pub async fn guard_origin(kit: Kit, request: Request, next: Next) -> Response {
    if matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS)
        || is_own_origin(&kit, request.headers())
    {
        return next.run(request).await;
    }
    Problem::new(StatusCode::FORBIDDEN, "origin.foreign")
        .detail_zh("请求来自其他网站，已被拒绝。")
        .detail_en("The request came from another site and was refused.")
        .into_response()
}

/// Tells whether the browser's `Origin` is this server's host or an allowed one. Clients that are no
/// browsers send none, and neither do they send cookies unasked.
#[must_use]
pub fn is_own_origin(kit: &Kit, headers: &HeaderMap) -> bool {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(origin) = text(header::ORIGIN) else {
        return headers.get("sec-fetch-site").is_none_or(|site| site == "same-origin" || site == "none");
    };
    if kit.config.allowed_origins.iter().any(|allowed| allowed == origin) {
        return true;
    }
    let authority = origin.parse::<Uri>().ok().and_then(|uri| uri.authority().map(ToString::to_string));
    authority.is_some_and(|authority| text(header::HOST) == Some(authority.as_str()))
}
