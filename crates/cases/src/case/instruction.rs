//! A leader's written instruction (批示, ORD-10, ORD-14): the order hurries, and whoever has it owes an answer.

use kernel::{Principal, Timestamp};

use super::change::Change;
use super::operation_rule::OperationRules;
use super::supervision::{self, Supervision};
use super::timeline::EntryKind;
use super::{Case, Step, Urgency};
use crate::error::{CaseError, Check, TEXT_MAX};

/// Writes an instruction. With a unit it is a supervision; before the dispatch it stands on the order for the
/// dispatcher to read.
///
/// # Errors
/// [`CaseError::Invalid`] without a text or for an odd limit.
pub fn instruct(
    case: &mut Case,
    text: &str,
    days: Option<i64>,
    by: &Principal,
    rules: &OperationRules,
    now: Timestamp,
) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("text", text, TEXT_MAX);
    check.done()?;
    if case.urgency == Urgency::Normal {
        case.urgency = Urgency::Urgent;
    }
    let with_unit = case.task(Step::Acceptance).is_some() || case.task(Step::Handling).is_some();
    if !with_unit {
        return Ok(Change::new(EntryKind::Instructed, "case.instruction").saying(text));
    }
    let wish = Supervision { opinion: text.to_owned(), days };
    let mut change = supervision::supervise(case, &wish, by, rules, now)?;
    change.kind = EntryKind::Instructed;
    change.audit = "case.instruction";
    Ok(change)
}
