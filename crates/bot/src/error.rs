//! What can go wrong, and what a client is told of it.

use axum::http::StatusCode;
use kernel::{BoxError, DbError, Problem, ToProblem};

use crate::learning::LearnError;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum BotError {
    /// There is no such thing, or it is somebody else's.
    #[error("no such thing")]
    NotFound,
    /// Somebody was faster.
    #[error("it changed meanwhile; it has version {current}")]
    Stale {
        /// The present version.
        current: i64,
    },
    /// Another process wrote to the conversation meanwhile; what is done now is read anew and tried again.
    #[error("another process was faster")]
    Overtaken,
    /// A field is refused.
    #[error("the field {field} is refused: {code}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// A stable code.
        code: &'static str,
        /// Why, in Chinese.
        zh: &'static str,
        /// Why, in English.
        en: &'static str,
    },
    /// It cannot be done as things stand.
    #[error("not now: {code}")]
    Refused {
        /// A stable code.
        code: &'static str,
        /// Why, in Chinese.
        zh: &'static str,
        /// Why, in English.
        en: &'static str,
    },
    /// Nothing was learnt.
    #[error(transparent)]
    Learn(#[from] LearnError),
    /// The database failed.
    #[error("the database failed")]
    Db(#[from] DbError),
    /// A file could not be written or read.
    #[error("a file failed")]
    File(#[from] std::io::Error),
    /// Something stored has another shape.
    #[error("what is stored as {0} cannot be read")]
    Stored(&'static str, #[source] serde_json::Error),
    /// Another part of the house failed.
    #[error("a port failed: {0}")]
    Port(BoxError),
    /// Work in the background was cut off.
    #[error("work in the background was cut off")]
    Cut(#[from] tokio::task::JoinError),
}

impl From<sqlx::Error> for BotError {
    fn from(error: sqlx::Error) -> Self {
        Self::Db(error.into())
    }
}

impl ToProblem for BotError {
    fn problem(&self) -> Problem {
        match self {
            Self::NotFound => Problem::not_found(),
            Self::Stale { current } => Problem::stale_version(*current),
            Self::Overtaken => Problem::new(StatusCode::CONFLICT, "chat.overtaken")
                .detail_zh("会话刚刚有了新变化，请重试。")
                .detail_en("The conversation has just changed; please try again."),
            Self::Invalid { field, code, zh, en } => Problem::invalid().field(field, code, zh, en),
            Self::Refused { code, zh, en } => {
                Problem::new(StatusCode::CONFLICT, code).detail_zh(*zh).detail_en(*en)
            }
            Self::Learn(LearnError::TooFew(orders)) => {
                Problem::new(StatusCode::CONFLICT, "assist.too_few_orders")
                    .detail_zh(format!(
                        "可供学习的工单只有 {orders} 件，至少需要 {} 件。",
                        crate::learning::ORDERS_MIN
                    ))
                    .detail_en(format!(
                        "Only {orders} orders to learn from; at least {} are needed.",
                        crate::learning::ORDERS_MIN
                    ))
            }
            Self::Learn(LearnError::NothingToTell) => {
                Problem::new(StatusCode::CONFLICT, "assist.nothing_to_tell")
                    .detail_zh("各类工单数量不足，暂时学不到可用的规律。")
                    .detail_en("No class has enough orders yet; nothing can be learnt.")
            }
            Self::Db(error) => error.problem(),
            Self::File(_) | Self::Stored(..) | Self::Port(_) | Self::Cut(_) => Problem::from_internal(self),
        }
    }
}
