//! What can go wrong with figures, and what a client is told of it.

use axum::http::StatusCode;
use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datafusion::parquet::errors::ParquetError;
use kernel::{BoxError, DbError, Problem, ToProblem};

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub enum InsightError {
    /// There is no such thing, or it is somebody else's.
    #[error("no such thing")]
    NotFound,
    /// A question names something that does not exist.
    #[error("the question's {field} is wrong: {zh}")]
    Question {
        /// What is wrong.
        field: &'static str,
        /// Said in Chinese.
        zh: String,
        /// Said in English.
        en: String,
    },
    /// Somebody changed it first.
    #[error("it changed meanwhile; it has version {current}")]
    Stale {
        /// The present version.
        current: i64,
    },
    /// What was decided cannot be changed any more.
    #[error("it is closed")]
    Closed,
    /// A warning is closed.
    #[error("the warning is closed")]
    WarningClosed,
    /// A warning is closed by whoever has taken it.
    #[error("somebody else has the warning, or nobody")]
    NotOwner,
    /// The question took too long.
    #[error("the question took too long")]
    TooLong,
    /// The question needs more memory than it may have.
    #[error("the question needs too much memory")]
    TooLarge,
    /// Too many ask at once.
    #[error("too many questions at once")]
    Busy,
    /// A statement that somebody wrote cannot be run.
    #[error("the statement cannot be run: {0}")]
    Statement(String),
    /// Files of facts cannot be read or written.
    #[error("the files of the facts failed: {0}")]
    Files(String),
    /// The engine failed.
    #[error("the engine failed")]
    Engine(#[source] Box<DataFusionError>),
    /// The database failed.
    #[error("the database failed")]
    Db(#[from] DbError),
    /// Another part of the house failed.
    #[error("a port failed: {0}")]
    Port(BoxError),
}

impl InsightError {
    /// A failure of the files.
    pub(crate) fn files(error: object_store::Error) -> Self {
        Self::Files(error.to_string())
    }

    /// A wrong question.
    pub(crate) fn question(field: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Question { field, zh: zh.into(), en: en.into() }
    }
}

impl From<ParquetError> for InsightError {
    fn from(error: ParquetError) -> Self {
        Self::Files(error.to_string())
    }
}

impl From<ArrowError> for InsightError {
    fn from(error: ArrowError) -> Self {
        Self::Files(error.to_string())
    }
}

impl From<DataFusionError> for InsightError {
    fn from(error: DataFusionError) -> Self {
        match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => Self::TooLarge,
            _ => Self::Engine(Box::new(error)),
        }
    }
}

impl From<sqlx::Error> for InsightError {
    fn from(error: sqlx::Error) -> Self {
        Self::Db(error.into())
    }
}

impl ToProblem for InsightError {
    fn problem(&self) -> Problem {
        match self {
            Self::NotFound => Problem::not_found(),
            Self::Question { field, zh, en } => Problem::invalid().field(field, "invalid", zh, en),
            Self::Stale { current } => Problem::stale_version(*current),
            Self::Closed => Problem::new(StatusCode::CONFLICT, "insight.closed")
                .detail_zh("本月考核已经结账，不能再修改。")
                .detail_en("This month's evaluation is closed and can't be changed."),
            Self::WarningClosed => Problem::new(StatusCode::CONFLICT, "warning.closed")
                .detail_zh("该预警已经办结。")
                .detail_en("This warning is closed."),
            Self::NotOwner => Problem::new(StatusCode::CONFLICT, "warning.not_owner")
                .detail_zh("请先接手该预警，再办结。")
                .detail_en("Take this warning over before you close it."),
            Self::TooLong => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "insight.too_long")
                .detail_zh("查询时间过长，已经停止。请缩短统计区间或减少维度。")
                .detail_en("The question took too long and was stopped. Ask for a shorter span or fewer dimensions."),
            Self::TooLarge => Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "insight.too_large")
                .detail_zh("查询需要的内存过大，已经停止。请缩短统计区间或减少维度。")
                .detail_en("The question needs too much memory and was stopped. Ask for a shorter span or fewer dimensions."),
            Self::Busy => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "insight.busy")
                .detail_zh("统计查询较多，请稍后重试。")
                .detail_en("Many questions are being answered; please try again.")
                .retry_after(3),
            Self::Statement(reason) => Problem::invalid().field(
                "sql",
                "invalid",
                &format!("语句无法执行：{reason}"),
                &format!("The statement can't be run: {reason}"),
            ),
            Self::Db(error) => error.problem(),
            Self::Files(_) | Self::Engine(_) | Self::Port(_) => Problem::from_internal(self),
        }
    }
}
