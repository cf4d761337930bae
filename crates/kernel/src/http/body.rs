//! Bodies and queries whose refusal is a problem, not a bare text.

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::Problem;

/// The largest JSON body, in bytes.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// A JSON body, in or out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Json<T>(pub T);

pub(crate) fn refuse_json(rejection: &JsonRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body.too_large")
            .detail_zh("提交的内容过大。")
            .detail_en("The request is too large."),
        status => Problem::new(
            if status == StatusCode::UNSUPPORTED_MEDIA_TYPE { status } else { StatusCode::BAD_REQUEST },
            "body.malformed",
        )
        .detail_zh("提交的内容格式不正确。")
        .detail_en("The request body is not what this address takes.")
        .with("reason", rejection.body_text().into()),
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        match axum::Json::<Box<RawValue>>::from_request(request, state).await {
            Ok(axum::Json(body)) => {
                let bytes = body.get().as_bytes();
                refuse_nul(bytes)?;
                axum::Json::from_bytes(bytes)
                    .map(|body| Self(body.0))
                    .map_err(|rejection| refuse_json(&rejection))
            }
            Err(rejection) => Err(refuse_json(&rejection)),
        }
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// Refuses the character NUL, which SQLite keeps and PostgreSQL cannot; no text of a person has it. In JSON
/// it can only stand as an escape.
pub(crate) fn refuse_nul(json: &[u8]) -> Result<(), Problem> {
    if json.windows(6).any(|window| window == b"\\u0000") {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "body.malformed")
            .detail_zh("提交的内容含有无法保存的字符。")
            .detail_en("The request holds a character that cannot be stored."));
    }
    Ok(())
}

/// A query string.
#[derive(Clone, Copy, Debug, Default)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(Problem::new(StatusCode::BAD_REQUEST, "query.malformed")
                .detail_zh("查询条件格式不正确。")
                .detail_en("The query is not what this address takes."));
        }
        axum::extract::Query::<T>::from_request_parts(parts, state).await.map(|query| Self(query.0)).map_err(
            |rejection: QueryRejection| {
                Problem::new(StatusCode::BAD_REQUEST, "query.malformed")
                    .detail_zh("查询条件格式不正确。")
                    .detail_en("The query is not what this address takes.")
                    .with("reason", rejection.body_text().into())
            },
        )
    }
}

/// Parts of the path.
#[derive(Clone, Copy, Debug, Default)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if parts.uri.path().contains("%00") {
            return Err(Problem::not_found());
        }
        axum::extract::Path::<T>::from_request_parts(parts, state)
            .await
            .map(|path| Self(path.0))
            .map_err(|_: PathRejection| Problem::not_found())
    }
}
