//! Bodies have to arrive at a bearable pace, so that nobody holds a request open byte by byte.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody as _};
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures::{StreamExt as _, stream};
use tokio::time::{Instant, timeout_at};

use crate::Problem;

/// Any body may take so long …
const GRACE: Duration = Duration::from_secs(20);
/// … and a large one a second more for each of these.
const BYTES_PER_SEC: u64 = 8 * 1024;

/// Cuts a request off whose body comes too slowly.
pub async fn pace(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    if body.is_end_stream() {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let is_late = Arc::new(AtomicBool::new(false));
    let paced =
        Paced { body: body.into_data_stream(), began: Instant::now(), received: 0, is_late: is_late.clone() };
    let body = Body::from_stream(stream::try_unfold(paced, Paced::next));
    let response = next.run(Request::from_parts(parts, body)).await;
    if !is_late.load(Ordering::Relaxed) {
        return response;
    }
    let mut response = Problem::new(StatusCode::REQUEST_TIMEOUT, "body.timeout")
        .detail_zh("提交的内容到达过慢，请检查网络后重试。")
        .detail_en("The request arrived too slowly; please check your network and try again.")
        .into_response();
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

struct Paced {
    body: BodyDataStream,
    began: Instant,
    received: u64,
    is_late: Arc<AtomicBool>,
}

impl Paced {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, axum::Error> {
        let deadline = self.began + GRACE + Duration::from_secs(self.received / BYTES_PER_SEC);
        match timeout_at(deadline, self.body.next()).await {
            Ok(Some(bytes)) => {
                let bytes = bytes?;
                self.received += bytes.len() as u64;
                Ok(Some((bytes, self)))
            }
            Ok(None) => Ok(None),
            Err(_) => {
                self.is_late.store(true, Ordering::Relaxed);
                Err(axum::Error::new("the body came too slowly"))
            }
        }
    }
}
