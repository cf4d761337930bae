//! Outside helpers without an account (外部协办, ORD-22): a secret link that ends by itself, shows what a helper may know,
//! and takes one result.

use kernel::Timestamp;
use serde_json::json;

use super::Case;
use super::change::Change;
use super::feedback::RESULT_MAX;
use super::timeline::EntryKind;
use crate::error::{CaseError, Check, TEXT_MAX};

/// A link lives so long at most, in hours.
pub const HOURS_MAX: i64 = 30 * 24;

/// A link.
#[derive(Clone, Debug)]
pub struct ExternalLink {
    /// Its id.
    pub id: String,
    /// Who helps.
    pub helper: String,
    /// What is asked for.
    pub text: String,
    /// When it was made.
    pub given_at: Timestamp,
    /// By whom.
    pub given_by_name: String,
    /// When it ends.
    pub expires_at: Timestamp,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
    /// When it was first opened.
    pub opened_at: Option<Timestamp>,
    /// The result.
    pub answer: Option<String>,
    /// When it came.
    pub answered_at: Option<Timestamp>,
}

/// What a link is asked for.
#[derive(Clone, Debug)]
pub struct LinkWish {
    /// Who helps.
    pub helper: String,
    /// What is asked for.
    pub text: String,
    /// For so many hours.
    pub hours: i64,
}

/// Makes a link.
///
/// # Errors
/// [`CaseError::Invalid`] without a helper, a text, or for an odd time.
pub fn share(wish: &LinkWish) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("helper", &wish.helper, 100);
    check.text("text", &wish.text, TEXT_MAX);
    if !(1..=HOURS_MAX).contains(&wish.hours) {
        check.refuse("hours", "out_of_range", "有效期为 1 至 720 小时。", "1 to 720 hours.");
    }
    check.done()?;
    Ok(Change::new(EntryKind::Shared, "case.share")
        .saying(&wish.text)
        .with(json!({ "helper": wish.helper.trim(), "hours": wish.hours })))
}

/// Checks that a link still opens.
///
/// # Errors
/// [`CaseError::Gone`] when it ended or was taken back.
pub fn check_open(link: &ExternalLink, now: Timestamp) -> Result<(), CaseError> {
    if link.revoked_at.is_some() {
        return Err(CaseError::Gone { code: "link.revoked" });
    }
    if now >= link.expires_at {
        return Err(CaseError::Gone { code: "link.expired" });
    }
    Ok(())
}

/// Takes the helper's result down.
///
/// # Errors
/// [`CaseError::Invalid`] without a text; [`CaseError::Refused`] a second time, or when the order is settled.
pub fn answer(case: &Case, link: &ExternalLink, text: &str) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("text", text, RESULT_MAX);
    check.done()?;
    if link.answer.is_some() {
        return Err(CaseError::refused("link.answered", "结果已经提交过。", "The result was sent already."));
    }
    if case.status.is_settled() || case.status.is_ended_early() {
        return Err(CaseError::refused("link.settled", "该工单已经办结。", "The order is settled already."));
    }
    Ok(Change::new(EntryKind::OutsideResult, "case.outside_result")
        .saying(text)
        .with(json!({ "helper": link.helper })))
}
