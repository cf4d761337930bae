//! Creation that may be repeated: the same key and body give the same answer for a day.

use axum::Json as AxumJson;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::auth::MaybeAuth;
use super::body::refuse_nul;
use crate::crypto::sha256_hex;
use crate::db::Write;
use crate::{DbError, HttpResult, Kit, Problem};

/// The shortest key of a request without a session; a UUID has 36.
const PUBLIC_KEY_MIN: usize = 32;

fn malformed_key() -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "idempotency.malformed")
        .detail_zh("Idempotency-Key 应为 8 至 128 个可见字符，未登录时至少 32 个。")
        .detail_en("Idempotency-Key must have 8 to 128 visible characters, without a session at least 32.")
}

/// A JSON body with the `Idempotency-Key` that came with it.
#[derive(Debug)]
pub struct Idempotent<T> {
    /// The body.
    pub body: T,
    /// The key, if the client sent one.
    pub idem: Idem,
}

/// The key of a repeatable creation.
#[derive(Clone, Debug)]
pub struct Idem(Option<Key>);

#[derive(Clone, Debug)]
struct Key {
    scope: String,
    key: String,
    fingerprint: String,
}

/// An answer to be kept.
#[derive(Debug)]
pub struct StoredAnswer {
    key: Key,
    status: StatusCode,
    response: String,
    at: i64,
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Idempotent<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        use axum::extract::FromRequestParts as _;
        let (mut parts, body) = request.into_parts();
        let MaybeAuth(principal) = MaybeAuth::from_request_parts(&mut parts, state).await?;
        let key = match parts.headers.get("idempotency-key") {
            None => None,
            Some(value) => Some(
                value
                    .to_str()
                    .ok()
                    .filter(|key| (8..=128).contains(&key.len()))
                    .ok_or_else(malformed_key)?
                    .to_owned(),
            ),
        };
        let path = parts.uri.path().to_owned();
        let content_type = parts.headers.get(header::CONTENT_TYPE).cloned();
        let bytes =
            Bytes::from_request(Request::from_parts(parts, body), state).await.map_err(|rejection| {
                if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body.too_large")
                        .detail_zh("提交的内容过大。")
                        .detail_en("The request is too large.")
                } else {
                    Problem::new(StatusCode::BAD_REQUEST, "body.malformed")
                        .detail_zh("提交的内容没有完整到达。")
                        .detail_en("The request did not arrive whole.")
                }
            })?;
        let is_json = content_type
            .as_ref()
            .and_then(|value: &HeaderValue| value.to_str().ok())
            .is_some_and(|value| value.starts_with("application/json"));
        if !is_json {
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "body.malformed")
                .detail_zh("提交的内容应为 JSON。")
                .detail_en("The request body must be JSON."));
        }
        refuse_nul(&bytes)?;
        let parsed =
            AxumJson::<T>::from_bytes(&bytes).map_err(|rejection| super::body::refuse_json(&rejection))?;
        let fingerprint = sha256_hex(&[path.as_bytes(), b"\n", &bytes].concat());
        let idem = match (key, principal) {
            (None, _) => None,
            (Some(key), Some(principal)) => Some(Key { scope: principal.person_id, key, fingerprint }),
            // Citizens share a scope: nobody may occupy another's key, or get another's answer by guessing one.
            (Some(key), None) if key.len() >= PUBLIC_KEY_MIN => Some(Key {
                scope: "public".to_owned(),
                key: sha256_hex(format!("{key}\n{fingerprint}").as_bytes()),
                fingerprint,
            }),
            (Some(_), None) => return Err(malformed_key()),
        };
        Ok(Self { body: parsed.0, idem: Idem(idem) })
    }
}

impl Idem {
    /// A request without a key, for callers inside the process.
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }

    /// A key that a caller inside the process keeps by itself, such as the one of a form that a robot fills in. What
    /// comes under it a second time is the first again, whatever it says by then.
    #[must_use]
    pub fn inside(scope: &str, key: &str) -> Self {
        Self(Some(Key { scope: scope.to_owned(), key: key.to_owned(), fingerprint: String::new() }))
    }

    /// Returns the answer that was given to this key before, if any.
    ///
    /// # Errors
    /// `idempotency.mismatch` when the key came with another body.
    pub async fn replay(&self, kit: &Kit) -> HttpResult<Option<Response>> {
        let Some(key) = &self.0 else { return Ok(None) };
        let known: Option<(String, i64, String)> = sqlx::query_as(
            "select fingerprint, status, response from kernel_idempotency where scope = $1 and key = $2",
        )
        .bind(&key.scope)
        .bind(&key.key)
        .fetch_optional(kit.db.reader())
        .await
        .map_err(DbError::from)?;
        let Some((fingerprint, status, response)) = known else { return Ok(None) };
        if fingerprint != key.fingerprint {
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "idempotency.mismatch")
                .detail_zh("同一个 Idempotency-Key 已用于不同的内容。")
                .detail_en("This Idempotency-Key was used with another body."));
        }
        let status =
            u16::try_from(status).ok().and_then(|s| StatusCode::from_u16(s).ok()).unwrap_or_default();
        let mut replayed = (status, response).into_response();
        replayed.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        replayed.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
        Ok(Some(replayed))
    }

    /// As [`Idem::replay`], but asks the database only when the key came before, as far as this process remembers.
    /// Of a creation that fails nevertheless [`Idem::instead_of`] tells whether it was one already.
    ///
    /// # Errors
    /// As [`Idem::replay`].
    pub async fn replay_known(&self, kit: &Kit) -> HttpResult<Option<Response>> {
        match &self.0 {
            Some(key) if kit.recent_keys.see(&key.scope, &key.key) => self.replay(kit).await,
            _ => Ok(None),
        }
    }

    /// Returns the answer that was given to this key before, by another process or before a restart; for a
    /// creation that was begun after [`Idem::replay_known`] and failed.
    ///
    /// # Errors
    /// `failure` when nothing is kept under the key; as [`Idem::replay`].
    pub async fn instead_of(&self, kit: &Kit, failure: impl Into<Problem>) -> HttpResult<Response> {
        match self.replay(kit).await? {
            Some(replayed) => Ok(replayed),
            None => Err(failure.into()),
        }
    }

    /// Reads back what [`Idem::answer`] kept under a key of [`Idem::inside`], if anything.
    ///
    /// # Errors
    /// When the database fails, or what is kept has another shape.
    pub async fn kept<T: DeserializeOwned>(&self, kit: &Kit) -> HttpResult<Option<T>> {
        let Some(key) = &self.0 else { return Ok(None) };
        let known: Option<(String,)> =
            sqlx::query_as("select response from kernel_idempotency where scope = $1 and key = $2")
                .bind(&key.scope)
                .bind(&key.key)
                .fetch_optional(kit.db.reader())
                .await
                .map_err(DbError::from)?;
        known
            .map(|(response,)| serde_json::from_str(&response))
            .transpose()
            .map_err(|error| Problem::from_internal(&error))
    }

    /// Makes what [`crate::Tx::remember`] keeps; none without a key.
    #[must_use]
    pub fn answer<T: Serialize>(&self, kit: &Kit, status: StatusCode, body: &T) -> Option<StoredAnswer> {
        self.answer_text(kit, status, &serde_json::to_string(body).ok()?)
    }

    /// As [`Idem::answer`], of JSON that was written already.
    #[must_use]
    pub fn answer_text(&self, kit: &Kit, status: StatusCode, body: &str) -> Option<StoredAnswer> {
        let key = self.0.clone()?;
        Some(StoredAnswer { key, status, response: body.to_owned(), at: kit.now().0 })
    }
}

impl StoredAnswer {
    pub(crate) fn row(&self) -> Write {
        Write::Row {
            into: "kernel_idempotency (scope, key, fingerprint, status, response, at)",
            values: vec![
                (&self.key.scope).into(),
                (&self.key.key).into(),
                (&self.key.fingerprint).into(),
                i64::from(self.status.as_u16()).into(),
                (&self.response).into(),
                self.at.into(),
            ],
        }
    }
}

/// Forgets answers that are older than a day.
///
/// # Errors
/// When the database fails.
pub async fn forget_old_answers(kit: &Kit) -> Result<(), DbError> {
    let mut tx = kit.db.begin().await?;
    sqlx::query("delete from kernel_idempotency where at < $1")
        .bind(kit.now().plus_secs(-24 * 3600).0)
        .execute(tx.conn())
        .await?;
    tx.commit().await
}
