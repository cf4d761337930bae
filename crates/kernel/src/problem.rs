//! Errors as clients see them: RFC 9457 problem details with a stable code.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::Lang;

/// The result of a handler.
pub type HttpResult<T> = Result<T, Problem>;

/// One field that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The path of the field in the request, such as `contact.phone`.
    pub field: String,
    /// A stable code, such as `required`.
    pub code: String,
    /// What is wrong, in the reader's language.
    pub detail: String,
}

/// A refusal or failure that is safe to show: a stable code and a sentence in both languages.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// The stable code, such as `case.stale_version`.
    pub code: &'static str,
    // Boxed, because a problem is the other half of every handler's result.
    rest: Box<Rest>,
}

#[derive(Clone, Debug, Default)]
struct Rest {
    zh: String,
    en: String,
    fields: Vec<Refusal>,
    extra: Map<String, Value>,
    retry_after_secs: Option<u64>,
    lang: Lang,
    trace_id: String,
}

/// A field that was refused, with the sentence in each language.
#[derive(Clone, Debug)]
struct Refusal {
    field: String,
    code: String,
    zh: String,
    en: String,
}

/// Turns a slice's error into what a client may know of it.
pub trait ToProblem {
    /// Returns the external face of the error.
    fn problem(&self) -> Problem;
}

impl Problem {
    /// Makes a problem with a status and a stable code.
    #[must_use]
    pub fn new(status: StatusCode, code: &'static str) -> Self {
        Self { status, code, rest: Box::default() }
    }

    /// Says it in Chinese.
    #[must_use]
    pub fn detail_zh(mut self, text: impl Into<String>) -> Self {
        self.rest.zh = text.into();
        self
    }

    /// Says it in English.
    #[must_use]
    pub fn detail_en(mut self, text: impl Into<String>) -> Self {
        self.rest.en = text.into();
        self
    }

    /// Adds a machine-readable member.
    #[must_use]
    pub fn with(mut self, key: &str, value: Value) -> Self {
        self.rest.extra.insert(key.to_owned(), value);
        self
    }

    /// Names a field that was refused, with a code and a sentence in each language.
    #[must_use]
    pub fn field(mut self, field: &str, code: &str, zh: &str, en: &str) -> Self {
        self.rest.fields.push(Refusal {
            field: field.to_owned(),
            code: code.to_owned(),
            zh: zh.to_owned(),
            en: en.to_owned(),
        });
        self
    }

    /// Tells whether any field was refused.
    #[must_use]
    pub fn has_fields(&self) -> bool {
        !self.rest.fields.is_empty()
    }

    /// Asks the client to wait before it tries again.
    #[must_use]
    pub fn retry_after(mut self, secs: u64) -> Self {
        self.rest.retry_after_secs = Some(secs);
        self
    }

    /// What does not exist, or what the reader may not know to exist.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found")
            .detail_zh("没有找到，可能已被删除或您无权查看。")
            .detail_en("Not found: it may be gone, or not yours to see.")
    }

    /// Input that a form would mark; add the fields with [`Problem::field`].
    #[must_use]
    pub fn invalid() -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid")
            .detail_zh("有些内容需要更正。")
            .detail_en("Some fields need correction.")
    }

    /// Somebody else changed the thing first; `current` is its present version.
    #[must_use]
    pub fn stale_version(current: i64) -> Self {
        Self::new(StatusCode::CONFLICT, "stale_version")
            .detail_zh("内容已被他人修改，请刷新后重试。")
            .detail_en("Somebody changed this meanwhile; reload and try again.")
            .with("current", current.into())
    }

    /// A failure of ours; the text inside stays in the log.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal")
            .detail_zh("系统出错，您填写的内容没有丢失，请稍后重试。")
            .detail_en("Something failed on our side; please try again.")
    }

    /// Logs `error` for the operator and returns what the client may see of it.
    #[must_use]
    pub fn from_internal(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = %chain(error), "request failed");
        Self::internal()
    }

    /// Says in which language and for which request the problem is written; the edge does.
    pub(crate) fn address(&mut self, lang: Lang, trace_id: &str) {
        self.rest.lang = lang;
        trace_id.clone_into(&mut self.rest.trace_id);
    }

    /// Returns the sentence in `lang`.
    #[must_use]
    pub fn detail(&self, lang: Lang) -> &str {
        lang.pick(&self.rest.zh, &self.rest.en)
    }

    fn body(&self) -> Value {
        let lang = self.rest.lang;
        let mut body = json!({
            "type": format!("urn:yihao:problem:{}", self.code),
            "title": self.status.canonical_reason().unwrap_or("Error"),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail(lang),
            "trace_id": self.rest.trace_id,
        });
        if let Value::Object(map) = &mut body {
            if !self.rest.fields.is_empty() {
                let errors: Vec<FieldError> = self
                    .rest
                    .fields
                    .iter()
                    .map(|refusal| FieldError {
                        field: refusal.field.clone(),
                        code: refusal.code.clone(),
                        detail: lang.pick(&refusal.zh, &refusal.en).clone(),
                    })
                    .collect();
                map.insert("errors".to_owned(), json!(errors));
            }
            for (key, value) in &self.rest.extra {
                map.insert(key.clone(), value.clone());
            }
        }
        body
    }
}

impl<E: ToProblem> From<E> for Problem {
    fn from(error: E) -> Self {
        error.problem()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body())).into_response();
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(secs) = self.rest.retry_after_secs {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Returns an error and all its causes in one line, for the log.
#[must_use]
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

/// The shape of a problem in the OpenAPI document.
#[derive(Serialize, ToSchema)]
pub struct ProblemBody {
    /// A URN that names the kind of problem.
    pub r#type: String,
    /// The HTTP status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: String,
    /// What happened and what to do, in the reader's language.
    pub detail: String,
    /// Ties the message to the operator's log.
    pub trace_id: String,
    /// Fields that were refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub errors: Option<Vec<FieldError>>,
}
