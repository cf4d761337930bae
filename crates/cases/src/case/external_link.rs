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
/// So many links of an order are open at the same time.
pub const LINKS_MAX: i64 = 20;

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
/// [`CaseError::Invalid`] without a helper, a text, or for an odd time; [`CaseError::Refused`] when many are `open`.
pub fn share(wish: &LinkWish, open: i64) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("helper", &wish.helper, 100);
    check.text("text", &wish.text, TEXT_MAX);
    if !(1..=HOURS_MAX).contains(&wish.hours) {
        check.refuse("hours", "out_of_range", "有效期为 1 至 720 小时。", "1 to 720 hours.");
    }
    check.done()?;
    if open >= LINKS_MAX {
        return Err(CaseError::refused(
            "link.too_many",
            format!("一张工单最多同时有 {LINKS_MAX} 个有效链接，请先撤销不用的链接。"),
            format!("At most {LINKS_MAX} links of an order are open; take back those that are not needed."),
        ));
    }
    Ok(Change::new(EntryKind::Shared, "case.share")
        .saying(&wish.text)
        .with(json!({ "helper": wish.helper.trim(), "hours": wish.hours })))
}

/// Checks that a link still opens: it does not outlive its order.
///
/// # Errors
/// [`CaseError::Gone`] when it ended, was taken back, or the order is done with.
pub fn check_open(case: &Case, link: &ExternalLink, now: Timestamp) -> Result<(), CaseError> {
    if link.revoked_at.is_some() {
        return Err(CaseError::Gone { code: "link.revoked" });
    }
    if case.status.is_settled() || case.status.is_ended_early() {
        return Err(CaseError::Gone { code: "link.settled" });
    }
    if now >= link.expires_at {
        return Err(CaseError::Gone { code: "link.expired" });
    }
    Ok(())
}

/// Takes the helper's result down.
///
/// # Errors
/// [`CaseError::Invalid`] without a text; [`CaseError::Refused`] a second time.
pub fn answer(link: &ExternalLink, text: &str) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("text", text, RESULT_MAX);
    check.done()?;
    if link.answer.is_some() {
        return Err(CaseError::refused("link.answered", "结果已经提交过。", "The result was sent already."));
    }
    Ok(Change::new(EntryKind::OutsideResult, "case.outside_result")
        .saying(text)
        .with(json!({ "helper": link.helper })))
}
