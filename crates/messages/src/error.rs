//! What can go wrong with notices, and what a client is told of it.

use kernel::{BoxError, DbError, Problem, ToProblem};

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// There is no such notice or rule, or it is somebody else's.
    #[error("no such notice or rule")]
    NotFound,
    /// Somebody changed the rule first.
    #[error("the rule changed meanwhile; it has version {current}")]
    Stale {
        /// The present version.
        current: i64,
    },
    /// A rule names a channel that does not exist.
    #[error("no channel {0:?}")]
    NoChannel(String),
    /// A text to citizens cannot be sent like this.
    #[error("{field} cannot be sent like this")]
    Wording {
        /// The field.
        field: &'static str,
        /// A place that no text may name; none when the text is empty or too long.
        place: Option<String>,
    },
    /// The database failed.
    #[error("the database failed")]
    Db(#[from] DbError),
    /// Another part of the house failed.
    #[error("a port failed: {0}")]
    Port(BoxError),
}

impl From<sqlx::Error> for MessageError {
    fn from(error: sqlx::Error) -> Self {
        Self::Db(error.into())
    }
}

impl ToProblem for MessageError {
    fn problem(&self) -> Problem {
        match self {
            Self::NotFound => Problem::not_found(),
            Self::Stale { current } => Problem::stale_version(*current),
            Self::NoChannel(_) => Problem::invalid().field(
                "channels",
                "unknown",
                "没有这个通知渠道。",
                "There is no such channel.",
            ),
            Self::Wording { field, place: None } => Problem::invalid().field(
                field,
                "length",
                "请填写此项，且不要过长（标题60字、正文500字以内）。",
                "Please fill this in, the subject with 60 characters at most, the text with 500.",
            ),
            Self::Wording { field, place: Some(place) } => Problem::invalid().field(
                field,
                "unknown_place",
                &format!("没有占位符 {{{place}}}。"),
                &format!("There is no place {{{place}}}."),
            ),
            Self::Db(error) => error.problem(),
            Self::Port(_) => Problem::from_internal(self),
        }
    }
}
