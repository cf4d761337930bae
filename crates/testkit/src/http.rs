//! The edge without a network: requests go through the same layers as in the server, straight into the
//! router.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::middleware::{Next, from_fn};
use http_body_util::BodyExt as _;
use kernel::http::{Authenticator, SESSION_COOKIE};
use kernel::{BoxError, Kit, Principal};
use serde_json::Value;
use tower::ServiceExt as _;
use utoipa_axum::router::OpenApiRouter;

use crate::{PersonBuilder, Site};

/// The host that requests name.
const HOST: &str = "yihao.test";

/// Routers under `/api/v1`, dressed as the server dresses them.
#[derive(Clone)]
pub struct TestServer {
    router: Router,
    people: Arc<People>,
}

/// Knows the people whom tests signed in without a password.
#[derive(Default)]
struct People(Mutex<HashMap<String, Principal>>);

#[async_trait]
impl Authenticator for People {
    async fn authenticate(&self, token: &str) -> Result<Option<Principal>, BoxError> {
        Ok(self.0.lock().unwrap().get(token).cloned())
    }
}

impl TestServer {
    /// Serves routers under `/api/v1`.
    ///
    /// People signed in with [`Self::as_person`] are known unless the test has set an authenticator of its
    /// own on the kit before.
    #[must_use]
    pub fn new(site: &Site, routers: Vec<OpenApiRouter>) -> Self {
        let mut api = OpenApiRouter::new();
        for router in routers {
            api = api.merge(router);
        }
        let (api, _) = OpenApiRouter::new().nest("/api/v1", api).split_for_parts();
        Self::of_router(&site.kit, api)
    }

    /// Serves a whole router as it is.
    #[must_use]
    pub fn of_router(kit: &Kit, router: Router) -> Self {
        let people = Arc::new(People::default());
        kit.gate.set(people.clone());
        let (dressing, guarding) = (kit.clone(), kit.clone());
        let router = router
            .layer(from_fn(move |request, next: Next| {
                kernel::http::guard_origin(guarding.clone(), request, next)
            }))
            .layer(from_fn(move |request, next: Next| kernel::http::dress(dressing.clone(), request, next)));
        Self { router, people }
    }

    /// Returns a client without a session.
    #[must_use]
    pub fn anonymous(&self) -> Client {
        Client { router: self.router.clone(), cookies: BTreeMap::new(), headers: HeaderMap::new() }
    }

    /// Returns a client with a session of the person.
    #[must_use]
    pub fn as_person(&self, person: PersonBuilder) -> Client {
        let principal = person.build();
        let token = format!("token-{}", principal.person_id);
        self.people.0.lock().unwrap().insert(token.clone(), principal);
        let mut client = self.anonymous();
        client.cookies.insert(SESSION_COOKIE.to_owned(), token);
        client
    }
}

/// A browser's side: keeps cookies, sends its origin.
#[derive(Clone)]
pub struct Client {
    router: Router,
    cookies: BTreeMap<String, String>,
    headers: HeaderMap,
}

impl Client {
    /// Sends a header with every request from now on, such as `idempotency-key` or a foreign `origin`.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.insert(name, value.parse().unwrap());
        self
    }

    /// Returns a cookie's value.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies.get(name).map(String::as_str)
    }

    /// Replaces a cookie, for instance by a forged one.
    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.insert(name.to_owned(), value.to_owned());
    }

    /// GETs a path below `/api/v1`.
    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    /// POSTs JSON to a path below `/api/v1`.
    pub async fn post(&mut self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    /// PUTs JSON to a path below `/api/v1`.
    pub async fn put(&mut self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body)).await
    }

    /// PATCHes a path below `/api/v1` with JSON.
    pub async fn patch(&mut self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body)).await
    }

    /// DELETEs a path below `/api/v1`.
    pub async fn delete(&mut self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    async fn send(&mut self, method: Method, path: &str, body: Option<Value>) -> Answer {
        match body {
            Some(body) => {
                self.send_raw(method, path, Some("application/json"), body.to_string().into_bytes()).await
            }
            None => self.send_raw(method, path, None, Vec::new()).await,
        }
    }

    /// Sends any bytes, for tests of bad input.
    pub async fn send_raw(
        &mut self,
        method: Method,
        path: &str,
        content_type: Option<&str>,
        body: Vec<u8>,
    ) -> Answer {
        let mut request = Request::builder()
            .method(method.clone())
            .uri(format!("/api/v1{path}"))
            .header(header::HOST, HOST)
            .header(header::ORIGIN, format!("http://{HOST}"));
        if let Some(content_type) = content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        if !self.cookies.is_empty() {
            request = request.header(header::COOKIE, self.cookie_line());
        }
        let mut request = request.body(Body::from(body)).unwrap();
        for (name, value) in &self.headers {
            request.headers_mut().insert(name, value.clone());
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        self.keep_cookies(&parts.headers);
        let body = body.collect().await.unwrap().to_bytes();
        Answer { asked: format!("{method} {path}"), status: parts.status, headers: parts.headers, body }
    }

    fn cookie_line(&self) -> String {
        let mut line = String::new();
        for (name, value) in &self.cookies {
            let joint = if line.is_empty() { "" } else { "; " };
            let _ = write!(line, "{joint}{name}={value}");
        }
        line
    }

    fn keep_cookies(&mut self, headers: &HeaderMap) {
        for line in headers.get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
            let Some((name, value)) = pair.split_once('=') else { continue };
            if value.is_empty() || attributes.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// What came back, with the question for messages of failed assertions.
#[derive(Clone, Debug)]
pub struct Answer {
    asked: String,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body's bytes.
    pub body: Bytes,
}

impl Answer {
    /// Returns the body as JSON, null when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Returns the body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Asserts success and returns the JSON.
    ///
    /// # Panics
    /// When the status is no success.
    #[must_use = "use `done` when the body does not matter"]
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!(self.status.is_success(), "{}: {} {}", self.asked, self.status, self.text());
        self.json()
    }

    /// Asserts success.
    ///
    /// # Panics
    /// When the status is no success.
    #[track_caller]
    pub fn done(self) {
        let _ = self.ok();
    }

    /// Asserts a refusal by status and problem code, and returns the problem.
    ///
    /// # Panics
    /// When the answer is another one.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Value {
        let problem = self.json();
        assert_eq!(
            (self.status.as_u16(), problem["code"].as_str()),
            (status, Some(code)),
            "{}: {}",
            self.asked,
            self.text()
        );
        problem
    }
}
