//! The questions of flows to other parts of the house and to other systems.

use std::time::Duration;

use bytes::Bytes;
use contract::bot::SpokenTurn;
use kernel::Lang;
use serde_json::{Value, json};

use super::{Caller, Flows};
use crate::callflow::check::host_of;
use crate::callflow::{Answer, Language, Request};

/// Bytes of an answer from another system at most.
const ANSWER_MAX: usize = 64 * 1024;
/// Characters of an order's result that are spoken.
const RESULT_CHARS: usize = 200;

impl Flows {
    /// Answers a flow's question; a failure is an answer too.
    pub async fn answer(&self, caller: &Caller, request: Request) -> Answer {
        match request {
            // Whoever listens to the call asks with what was heard.
            Request::Robot { .. } => Answer::Failed,
            Request::Order { number, code, language } => self.order(caller, &number, &code, language).await,
            Request::Messages { number, pin, mailbox } => {
                self.messages(caller, &number, &pin, &mailbox).await
            }
            Request::Password { access, digits } => self.password(caller, &access, &digits),
            Request::Http { method, url, body, timeout_secs } => {
                let time = Duration::from_secs(u64::from(timeout_secs.clamp(1, 10)));
                match tokio::time::timeout(time, self.http(&method, &url, body)).await {
                    Ok(Ok(value)) => Answer::Yes(value),
                    Ok(Err(error)) => {
                        tracing::warn!(%error, "another system did not answer a call flow");
                        Answer::Failed
                    }
                    Err(_) => Answer::Failed,
                }
            }
        }
    }

    /// Tells whether callers can talk with the robot.
    #[must_use]
    pub fn can_talk(&self) -> bool {
        self.recogniser.is_there() && self.ports.robot.get().is_some()
    }

    /// Answers what a caller said to the robot: what was heard, what is said, and how it goes on.
    pub async fn talk(&self, call_id: &str, caller: &Caller, heard: &Bytes, language: Language) -> Answer {
        let Some(robot) = self.ports.robot.get().filter(|_| self.can_talk()) else { return Answer::Failed };
        if heard.is_empty() {
            return Answer::Yes(json!({ "words": "" }));
        }
        let words = match self.recogniser.words(heard, language).await {
            Ok(words) => words,
            Err(error) => {
                tracing::warn!(call = call_id, %error, "what a caller said was not understood");
                return Answer::Failed;
            }
        };
        // A service makes punctuation even of a cough.
        if !words.chars().any(char::is_alphanumeric) {
            return Answer::Yes(json!({ "words": "" }));
        }
        match robot.answer_caller(call_id, &caller.number, language == Language::Zh, &words).await {
            Ok(said) => {
                let turn = match said.turn {
                    SpokenTurn::GoOn => "go_on",
                    SpokenTurn::Person => "person",
                    SpokenTurn::Over => "over",
                };
                Answer::Yes(json!({ "words": words, "text": said.text, "turn": turn }))
            }
            Err(error) => {
                tracing::error!(call = call_id, %error, "the robot could not answer a caller");
                Answer::Failed
            }
        }
    }

    /// Tells the robot that a call has ended.
    pub async fn talk_over(&self, call_id: &str) {
        let Some(robot) = self.ports.robot.get() else { return };
        if let Err(error) = robot.caller_gone(call_id).await {
            tracing::warn!(call = call_id, %error, "the robot's talk could not be ended");
        }
    }

    async fn order(&self, caller: &Caller, number: &str, code: &str, language: Language) -> Answer {
        let Some(citizens) = &self.ports.citizens else { return Answer::Failed };
        if self.queries.take(&caller.number, self.kit.now()).is_err() {
            return Answer::No;
        }
        let prefix = self.kit.parameters.get("cases.number_prefix");
        let prefix = prefix.as_ref().and_then(|prefix| prefix.value.as_str()).unwrap_or_default();
        let lang = if language == Language::En { Lang::En } else { Lang::Zh };
        let found = match citizens.look_up(&format!("{prefix}{number}"), code, lang).await {
            Ok(found) => found,
            Err(error) => {
                tracing::error!(%error, "a caller's order could not be looked up");
                return Answer::Failed;
            }
        };
        let Some(case) = found else { return Answer::No };
        let unit = case.unit_name.unwrap_or_default();
        let result: String = case.result.unwrap_or_default().chars().take(RESULT_CHARS).collect();
        let (unit_words, result_words) = match language {
            Language::Zh => (
                if unit.is_empty() { String::new() } else { format!("由{unit}办理。") },
                if result.is_empty() { String::new() } else { format!("办理结果：{result}") },
            ),
            Language::En => (
                if unit.is_empty() { String::new() } else { format!("It is with {unit}.") },
                if result.is_empty() { String::new() } else { format!("Result: {result}") },
            ),
        };
        Answer::Yes(json!({
            "number": case.number,
            "title": case.title,
            "status": case.status_name,
            "unit": unit,
            "date": crate::core::local_day(&self.kit, case.created_at),
            "result": result,
            "unit_words": unit_words,
            "result_words": result_words,
        }))
    }

    fn password(&self, caller: &Caller, access: &str, digits: &str) -> Answer {
        if self.passwords.take(&format!("{access} {}", caller.number), self.kit.now()).is_err() {
            return Answer::No;
        }
        let known = self.book().access.get(access).cloned();
        match known {
            Some((salt, hash)) if kernel::crypto::same_secret(&hash_code(&salt, digits), &hash) => {
                Answer::Yes(Value::Null)
            }
            _ => Answer::No,
        }
    }

    async fn http(&self, method: &str, url: &str, body: String) -> Result<Value, String> {
        let host = host_of(url).unwrap_or_default();
        if !self.config.flow_hosts.iter().any(|allowed| allowed == host) {
            return Err(format!("{host} is not allowed"));
        }
        let said = |error: reqwest::Error| error.without_url().to_string();
        let request = match method {
            "POST" => self.client.post(url).header("content-type", "application/json").body(body),
            _ => self.client.get(url),
        };
        let mut answer = request.send().await.map_err(said)?.error_for_status().map_err(said)?;
        let mut bytes = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(said)? {
            if bytes.len() + chunk.len() > ANSWER_MAX {
                return Err("the answer is too long".to_owned());
            }
            bytes.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&bytes).map_err(|error| error.to_string())
    }
}

/// Hashes an access code. It is short, so what protects it is the limit of tries; the hash only keeps
/// it out of backups and screens.
#[must_use]
pub fn hash_code(salt: &str, digits: &str) -> String {
    let mut hash = format!("{salt}:{digits}");
    for _ in 0..10_000 {
        hash = kernel::crypto::sha256_hex(hash.as_bytes());
    }
    hash
}
