//! Who asks.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};

use crate::event::BoxError;
use crate::http::guard::{PeerAddress, TraceId};
use crate::{Actor, ActorKind, Ctx, Kit, Lang, Principal, Problem};

/// The cookie that names a session.
pub const SESSION_COOKIE: &str = "yihao_session";

/// Finds the person behind a session's token; `identity` does.
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// Returns the person, or none when the token is unknown, expired or revoked.
    async fn authenticate(&self, token: &str) -> Result<Option<Principal>, BoxError>;

    /// As [`Authenticator::authenticate`], but does not count as a sign of life of the session.
    async fn peek(&self, token: &str) -> Result<Option<Principal>, BoxError> {
        self.authenticate(token).await
    }
}

/// Holds the authenticator once the composition has set it.
#[derive(Clone, Default)]
pub struct Gate(Arc<OnceLock<Arc<dyn Authenticator>>>);

impl Gate {
    /// Sets who authenticates; a second call has no effect.
    pub fn set(&self, authenticator: Arc<dyn Authenticator>) {
        let _ = self.0.set(authenticator);
    }

    /// Returns who holds a session now, without keeping the session alive; none also when nobody can tell.
    pub(crate) async fn peek(&self, token: &str) -> Option<Principal> {
        self.0.get()?.peek(token).await.ok().flatten()
    }

    async fn principal(&self, parts: &Parts) -> Result<Option<Principal>, Problem> {
        let Some(authenticator) = self.0.get() else { return Ok(None) };
        let Some(token) = token(parts) else { return Ok(None) };
        authenticator.authenticate(&token).await.map_err(|error| Problem::from_internal(error.as_ref()))
    }
}

fn token(parts: &Parts) -> Option<String> {
    let bearer = parts
        .headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "))
        .map(ToOwned::to_owned);
    let cookie = || {
        CookieJar::from_headers(&parts.headers).get(SESSION_COOKIE).map(|cookie| cookie.value().to_owned())
    };
    bearer.or_else(cookie).filter(|token| token.len() <= 512)
}

/// The token that a request came with; empty without one.
pub(crate) struct SessionToken(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for SessionToken {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(token(parts).unwrap_or_default()))
    }
}

/// Makes the session cookie: not readable by scripts, not sent from other sites.
#[must_use]
pub fn session_cookie(token: String, max_age_secs: i64, secure: bool) -> Cookie<'static> {
    let mut cookie = Cookie::new(SESSION_COOKIE, token);
    cookie.set_http_only(true);
    cookie.set_same_site(SameSite::Strict);
    cookie.set_secure(secure);
    cookie.set_path("/");
    cookie.set_max_age(time::Duration::seconds(max_age_secs));
    cookie
}

pub(crate) fn kit(parts: &Parts) -> Result<Kit, Problem> {
    parts.extensions.get::<Kit>().cloned().ok_or_else(Problem::internal)
}

pub(crate) fn lang(parts: &Parts) -> Lang {
    let jar = CookieJar::from_headers(&parts.headers);
    if let Some(cookie) = jar.get("lang") {
        return Lang::parse(cookie.value());
    }
    parts
        .headers
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .map_or(Lang::Zh, Lang::parse)
}

/// The signed-in person; without one the request ends with 401.
#[derive(Clone, Debug)]
pub struct Auth(pub Principal);

impl<S: Send + Sync> FromRequestParts<S> for Auth {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let MaybeAuth(principal) =
            <MaybeAuth as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        principal.map(Self).ok_or_else(|| {
            Problem::new(StatusCode::UNAUTHORIZED, "session.required")
                .detail_zh("请先登录，或登录已过期。")
                .detail_en("Please sign in; your session may have expired.")
        })
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Auth {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, Problem> {
        let MaybeAuth(principal) =
            <MaybeAuth as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        Ok(principal.map(Self))
    }
}

/// The signed-in person, if any.
#[derive(Clone, Debug)]
pub struct MaybeAuth(pub Option<Principal>);

#[derive(Clone)]
struct Known(Option<Principal>);

impl<S: Send + Sync> FromRequestParts<S> for MaybeAuth {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        if let Some(Known(principal)) = parts.extensions.get::<Known>() {
            return Ok(Self(principal.clone()));
        }
        let principal = kit(parts)?.gate.principal(parts).await?;
        parts.extensions.insert(Known(principal.clone()));
        Ok(Self(principal))
    }
}

/// The circumstances of the request.
#[derive(Clone, Debug)]
pub struct ReqCtx(pub Ctx);

impl<S: Send + Sync> FromRequestParts<S> for ReqCtx {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let MaybeAuth(principal) =
            <MaybeAuth as FromRequestParts<S>>::from_request_parts(parts, state).await?;
        let kit = kit(parts)?;
        let ip = parts.extensions.get::<PeerAddress>().map(|peer| peer.0.to_string());
        let actor = principal.map_or_else(
            || Actor { kind: ActorKind::Citizen, id: String::new(), name: "市民".to_owned() },
            |principal| principal.actor(),
        );
        Ok(Self(Ctx {
            actor,
            now: kit.now(),
            trace_id: parts.extensions.get::<TraceId>().map_or_else(crate::id::new_id, |id| id.0.clone()),
            ip,
            lang: lang(parts),
        }))
    }
}
