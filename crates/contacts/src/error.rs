//! What can go wrong with a citizen's file.

use axum::http::StatusCode;
use kernel::{BoxError, DbError, Problem, ToProblem};

/// A refusal or failure.
#[derive(Debug, thiserror::Error)]
pub enum ContactsError {
    /// The database failed.
    #[error("the citizens' files could not be read or written")]
    Db(#[from] DbError),
    /// Another slice could not tell its part of the history.
    #[error("a part of the history could not be read")]
    History(#[source] BoxError),
    /// No such file or number.
    #[error("no such file")]
    Absent,
    /// Somebody else changed the file first.
    #[error("the file is at version {current}")]
    StaleVersion {
        /// The present version.
        current: i64,
    },
    /// The file has this number already.
    #[error("the file has this number")]
    DoubleNumber,
    /// The file has as many numbers as a file may have.
    #[error("the file has too many numbers")]
    Full,
    /// The last number of a file stays.
    #[error("the last number of a file stays")]
    LastNumber,
    /// Fields need correction.
    #[error("fields need correction")]
    Invalid(Box<Problem>),
}

impl From<sqlx::Error> for ContactsError {
    fn from(error: sqlx::Error) -> Self {
        Self::Db(error.into())
    }
}

impl ToProblem for ContactsError {
    fn problem(&self) -> Problem {
        match self {
            Self::Db(error) => error.problem(),
            Self::History(_) => Problem::from_internal(self),
            Self::Absent => Problem::not_found(),
            Self::StaleVersion { current } => Problem::stale_version(*current),
            Self::DoubleNumber => Problem::new(StatusCode::CONFLICT, "contact.double_number")
                .detail_zh("该服务对象已有这个号码。")
                .detail_en("This file has that number already."),
            Self::Full => Problem::new(StatusCode::CONFLICT, "contact.full")
                .detail_zh("该服务对象的号码已达上限。")
                .detail_en("This file has as many numbers as a file may have."),
            Self::LastNumber => Problem::new(StatusCode::CONFLICT, "contact.last_number")
                .detail_zh("至少保留一个号码。")
                .detail_en("A file keeps at least one number."),
            Self::Invalid(problem) => (**problem).clone(),
        }
    }
}
