//! Units write to each other beside orders (业务交流, DEP-03): a subject, posts with files, a day by which an
//! answer is wished for, and perhaps the order that it is about.

use contract::identity::UnitBrief;
use kernel::Timestamp;

use super::errand::ErrandState;
use super::word::words;
use super::{Case, UnitRef};
use crate::error::{CaseError, Check};

/// The longest subject, in characters.
pub const SUBJECT_MAX: usize = 100;
/// The longest post, in characters.
pub const BODY_MAX: usize = 5000;
/// So many units are written to at once.
pub const UNITS_MAX: usize = 30;
/// So many files go with a post.
pub const FILES_MAX: usize = 20;
/// So many posts an exchange has at most.
pub const POSTS_MAX: i64 = 200;
/// An answer is wished for within so long.
const WISH_MS: i64 = 366 * 86_400_000;

words!(
    /// Where an exchange stands.
    ExchangeState {
        /// Somebody has not answered yet.
        Open = "open", "待回复", "Waiting";
        /// Everybody has answered.
        Answered = "answered", "已回复", "Answered";
        /// The sender has closed it.
        Closed = "closed", "已结束", "Closed";
    }
);

/// What a unit writes to others.
#[derive(Clone, Debug)]
pub struct ExchangeDraft {
    /// Whom it is for.
    pub unit_ids: Vec<String>,
    /// What it is about.
    pub subject: String,
    /// The first post.
    pub body: String,
    /// The number of the order that it is about; empty for none.
    pub order: String,
    /// By when an answer is wished for.
    pub answer_by: Option<Timestamp>,
    /// Files that were sent before, by their ids.
    pub files: Vec<String>,
}

/// Checks a post.
pub(crate) fn check_post(check: &mut Check, body: &str, files: &[String]) {
    check.text("body", body, BODY_MAX);
    if files.len() > FILES_MAX {
        check.refuse("files", "too_many", "一次最多附 20 个文件。", "At most 20 files go with a post.");
    }
}

impl ExchangeDraft {
    /// Checks every field; whether units and the order exist is for the caller to look up.
    pub(crate) fn check(&self, check: &mut Check, now: Timestamp) {
        check.text("subject", &self.subject, SUBJECT_MAX);
        check_post(check, &self.body, &self.files);
        if self.unit_ids.is_empty() || self.unit_ids.len() > UNITS_MAX {
            check.refuse(
                "unit_ids",
                "out_of_range",
                "请选择 1 至 30 个收件单位。",
                "Please choose 1 to 30 units.",
            );
        }
        if self.answer_by.is_some_and(|by| by.0 <= now.0 || by.0 > now.0 + WISH_MS) {
            check.refuse(
                "answer_by",
                "out_of_range",
                "希望答复的日期应在今天之后一年之内。",
                "An answer can be wished for within the next year.",
            );
        }
    }
}

/// Tells whether an order concerns a unit, so that its people may see it: in charge of it or below it, written there,
/// helping, or asked for something.
#[must_use]
pub fn concerns(case: &Case, unit: &UnitBrief) -> bool {
    let below = |one: &Option<UnitRef>| one.as_ref().is_some_and(|one| one.path.starts_with(&unit.path));
    below(&case.unit)
        || below(&case.created_unit)
        || case.co_units.contains(&unit.id.0)
        || case.errands.iter().any(|one| {
            one.state != ErrandState::Cancelled && one.unit.as_ref().is_some_and(|of| of.id == unit.id.0)
        })
}

/// Says that an exchange takes no more posts.
#[must_use]
pub fn is_over() -> CaseError {
    CaseError::refused("exchange.closed", "交流已结束，不能再回复。", "The exchange is closed.")
}

/// Says that only the units it is between write in it.
#[must_use]
pub fn not_yours() -> CaseError {
    CaseError::refused(
        "exchange.not_party",
        "只有交流双方单位的人员可以回复，只有发起单位可以结束。",
        "Only people of the units it is between write here, and only the sender closes it.",
    )
}
