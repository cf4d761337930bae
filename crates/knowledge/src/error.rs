//! What can go wrong with the knowledge base, and what a client is told of it.

use axum::http::StatusCode;
use kernel::{BoxError, DbError, Problem, ToProblem};

/// A field that was refused, with the sentence in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The path of the field.
    pub field: String,
    /// A stable code.
    pub code: &'static str,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

impl Refusal {
    fn new(field: &str, code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { field: field.to_owned(), code, zh: zh.into(), en: en.into() }
    }

    /// It is missing.
    #[must_use]
    pub fn required(field: &str) -> Self {
        Self::new(field, "required", "请填写此项。", "This is required.")
    }

    /// It is too long.
    #[must_use]
    pub fn too_long(field: &str, most: usize) -> Self {
        Self::new(field, "too_long", format!("内容过长，最多 {most}。"), format!("Too long; at most {most}."))
    }

    /// There are too many.
    #[must_use]
    pub fn too_many(field: &str, most: usize) -> Self {
        Self::new(
            field,
            "too_many",
            format!("数量过多，最多 {most} 个。"),
            format!("Too many; at most {most}."),
        )
    }

    /// It names what does not exist.
    #[must_use]
    pub fn unknown(field: &str) -> Self {
        Self::new(field, "unknown", "没有这个选项。", "There is no such choice.")
    }

    /// It ends before it begins.
    #[must_use]
    pub fn order(field: &str) -> Self {
        Self::new(field, "order", "结束时间应晚于开始时间。", "The end must come after the beginning.")
    }

    /// It lies in the past.
    #[must_use]
    pub fn past(field: &str) -> Self {
        Self::new(field, "past", "时间已过。", "This lies in the past.")
    }
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum KnowledgeError {
    /// There is no such thing, or it is not for this person.
    #[error("no such entry")]
    NotFound,
    /// The person may not do this to this entry.
    #[error("not allowed")]
    Forbidden,
    /// Whoever wrote a text does not review it.
    #[error("the author does not review their own text")]
    OwnText,
    /// Whoever passed an earlier stage does not decide a later one.
    #[error("this person decided an earlier stage")]
    SameReviewer,
    /// The entry is not where this could be done.
    #[error("not possible now: {0}")]
    Wrong(&'static str),
    /// Somebody changed the entry first.
    #[error("the entry changed meanwhile; it has version {current}")]
    Stale {
        /// The present version.
        current: i64,
    },
    /// Some fields are wrong.
    #[error("some fields are wrong")]
    Invalid(Vec<Refusal>),
    /// A file cannot be taken.
    #[error("the file cannot be taken: {zh}")]
    File {
        /// Why, in Chinese.
        zh: String,
        /// Why, in English.
        en: String,
    },
    /// A file is larger than the house takes.
    #[error("the file is too large")]
    TooLarge,
    /// The database failed.
    #[error("the database failed")]
    Db(#[from] DbError),
    /// A stored text cannot be read.
    #[error("a stored entry cannot be read")]
    Stored(#[from] serde_json::Error),
    /// The folder of files failed.
    #[error("a file could not be read or written")]
    Io(#[from] std::io::Error),
    /// The index failed.
    #[error("the index failed")]
    Index(#[from] lang::retrieve::IndexError),
    /// Another part of the house failed.
    #[error("a port failed: {0}")]
    Port(BoxError),
}

impl From<sqlx::Error> for KnowledgeError {
    fn from(error: sqlx::Error) -> Self {
        Self::Db(error.into())
    }
}

impl ToProblem for KnowledgeError {
    fn problem(&self) -> Problem {
        let conflict =
            |code, zh: &str, en: &str| Problem::new(StatusCode::CONFLICT, code).detail_zh(zh).detail_en(en);
        match self {
            Self::NotFound => Problem::not_found(),
            Self::Forbidden => Problem::new(StatusCode::FORBIDDEN, "permission.denied")
                .detail_zh("您没有进行此操作的权限。")
                .detail_en("You may not do this."),
            Self::OwnText => conflict(
                "knowledge.own_text",
                "不能审核自己编写的内容，请由其他审核人审核。",
                "Whoever wrote a text does not review it; somebody else has to.",
            ),
            Self::SameReviewer => conflict(
                "knowledge.same_reviewer",
                "您已审核过前一级，请由其他审核人继续。",
                "You decided an earlier stage; somebody else decides this one.",
            ),
            Self::Wrong(why) => {
                let (zh, en) = wrong(why);
                conflict("knowledge.wrong_state", zh, en)
            }
            Self::Stale { current } => Problem::stale_version(*current),
            Self::Invalid(refusals) => refusals.iter().fold(Problem::invalid(), |problem, refusal| {
                problem.field(&refusal.field, refusal.code, &refusal.zh, &refusal.en)
            }),
            Self::File { zh, en } => {
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "knowledge.file").detail_zh(zh).detail_en(en)
            }
            Self::TooLarge => Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body.too_large")
                .detail_zh("文件过大。")
                .detail_en("The file is too large."),
            Self::Db(error) => error.problem(),
            Self::Stored(_) | Self::Io(_) | Self::Index(_) | Self::Port(_) => Problem::from_internal(self),
        }
    }
}

fn wrong(why: &str) -> (&'static str, &'static str) {
    match why {
        "in_review" => (
            "此条目正在审核中，请先撤回再修改。",
            "This entry is being reviewed; take it back before you change it.",
        ),
        "no_draft" => ("此条目没有待处理的草稿。", "This entry has no draft."),
        "not_in_review" => ("此条目不在审核中。", "This entry is not being reviewed."),
        "not_published" => ("此条目未在发布状态。", "This entry is not published."),
        "not_withdrawn" => ("此条目没有被下架。", "This entry was not withdrawn."),
        "closed" => ("此问题已处理。", "This has been dealt with already."),
        "in_use" => ("仍有条目使用，不能停用。", "Entries still use this."),
        _ => ("现在不能进行此操作。", "This is not possible now."),
    }
}
