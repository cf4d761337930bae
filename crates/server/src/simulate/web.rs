//! A person's browser: signs in, keeps the cookie, asks and sends JSON.

use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

/// Longest time for an answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A request that did not do what it should.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    /// Method, address without ids, status and code: what errors are counted by.
    pub kind: String,
    /// The status; none when no answer came.
    pub status: Option<u16>,
    /// What the server said.
    pub detail: String,
}

/// One person's session, or a citizen without one.
pub(super) struct Web {
    http: reqwest::Client,
    base: String,
    credentials: Option<(String, String)>,
    in_flight: Arc<Semaphore>,
    capabilities: OnceLock<Value>,
}

impl Web {
    /// Opens a browser, at an address of its own if one is given; nothing is asked yet.
    pub fn new(
        base: &str,
        credentials: Option<(String, String)>,
        address: Option<IpAddr>,
        in_flight: Arc<Semaphore>,
    ) -> reqwest::Result<Self> {
        let http = reqwest::Client::builder()
            .cookie_store(true)
            .no_proxy()
            .connect_timeout(TIMEOUT)
            .local_address(address)
            .build()?;
        Ok(Self {
            http,
            base: base.trim_end_matches('/').to_owned(),
            credentials,
            in_flight,
            capabilities: OnceLock::new(),
        })
    }

    /// Signs in.
    pub async fn sign_in(&self) -> Result<Value, Fault> {
        let Some((account, password)) = &self.credentials else { return Ok(Value::Null) };
        let body = json!({ "account": account, "password": password });
        let me = self.once(Method::POST, "/session", Some(&body), None).await?;
        self.capabilities.get_or_init(|| me["capabilities"].clone());
        Ok(me)
    }

    /// Tells whether the person may do something.
    pub fn may(&self, capability: &str) -> bool {
        self.capabilities.get().is_some_and(|capabilities| !capabilities[capability].is_null())
    }

    /// Signs out.
    pub async fn sign_out(&self) -> Result<Value, Fault> {
        self.once(Method::DELETE, "/session", None, None).await
    }

    /// Asks for something.
    pub async fn get(&self, path: &str) -> Result<Value, Fault> {
        self.ask(Method::GET, path, None, None).await
    }

    /// Sends something.
    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Value, Fault> {
        self.ask(method, path, Some(body), None).await
    }

    /// Creates something, at most once even when the request is repeated.
    pub async fn create(&self, path: &str, body: &Value) -> Result<Value, Fault> {
        let key = kernel::id::new_id();
        self.ask(Method::POST, path, Some(body), Some(&key)).await
    }

    /// Opens the stream of events.
    pub async fn events(&self) -> reqwest::Result<reqwest::Response> {
        let request = self.http.get(format!("{}/api/v1/events", self.base));
        request.header("accept", "text/event-stream").send().await?.error_for_status()
    }

    /// Asks, and signs in again when the session is over.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        key: Option<&str>,
    ) -> Result<Value, Fault> {
        match self.once(method.clone(), path, body, key).await {
            Err(fault) if fault.status == Some(401) && self.credentials.is_some() => {
                self.sign_in().await?;
                self.once(method, path, body, key).await
            }
            answer => answer,
        }
    }

    async fn once(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        key: Option<&str>,
    ) -> Result<Value, Fault> {
        let kind = format!("{method} {}", without_ids(path));
        let lost = |error: reqwest::Error| {
            let why = if error.is_timeout() { "timeout" } else { "unreachable" };
            Fault { kind: format!("{kind} {why}"), status: None, detail: kernel::problem::chain(&error) }
        };
        let Ok(_permit) = self.in_flight.acquire().await else {
            return Err(Fault { kind: format!("{kind} stopped"), status: None, detail: String::new() });
        };
        let mut proof: Option<String> = None;
        let (status, text, value) = loop {
            let address = format!("{}/api/v1{path}", self.base);
            let mut request = self.http.request(method.clone(), address).timeout(TIMEOUT);
            if let Some(body) = body {
                request = request.json(body);
            }
            if let Some(key) = key {
                request = request.header("idempotency-key", key);
            }
            if let Some(proof) = &proof {
                request = request.header(portal::proof::HEADER, proof);
            }
            let response = request.send().await.map_err(lost)?;
            let status = response.status();
            let text = response.text().await.map_err(lost)?;
            let value: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
            match (value["stamp"].as_str(), value["bits"].as_u64()) {
                // A page computes what is asked for, once.
                (Some(stamp), Some(bits)) if status.as_u16() == 428 && proof.is_none() => {
                    proof = Some(portal::proof::solve(stamp, u32::try_from(bits).unwrap_or_default()));
                }
                _ => break (status, text, value),
            }
        };
        if status.is_success() {
            return Ok(value);
        }
        let code = value["code"].as_str().unwrap_or("?");
        Err(Fault {
            kind: format!("{kind} {} {code}", status.as_u16()),
            status: Some(status.as_u16()),
            detail: text.chars().take(400).collect(),
        })
    }
}

/// Replaces ids in a path, so that errors of one kind are counted together.
fn without_ids(path: &str) -> String {
    let path = path.split('?').next().unwrap_or(path);
    let is_id = |part: &&str| part.chars().any(|c| c.is_ascii_digit());
    path.split('/').map(|part| if is_id(&part) { "{id}" } else { part }).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::without_ids;

    #[test]
    fn errors_are_counted_by_what_was_asked() {
        assert_eq!(without_ids("/cases/0198-ab/return-visit"), "/cases/{id}/return-visit");
        assert_eq!(without_ids("/portal/cases/YZ2026?code=1"), "/portal/cases/{id}");
        assert_eq!(without_ids("/voice/seat/state"), "/voice/seat/state");
    }
}
