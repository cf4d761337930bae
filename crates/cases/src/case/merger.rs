//! Several callers, one matter (并单, STD-05): the main order answers for all, and every caller is told.

use contract::cases::{CaseClosed, CaseEnded, CaseRestored};
use kernel::Timestamp;
use serde_json::json;

use super::change::{Change, Fact};
use super::ending::{leave, resume, stop};
use super::timeline::EntryKind;
use super::{Case, Status};
use crate::error::{CaseError, Check, TEXT_MAX};

/// Puts the order behind another one that answers for it.
///
/// # Errors
/// [`CaseError::Invalid`] without a reason, or for a main order that cannot answer for it.
pub fn merge(case: &mut Case, main: &Case, reason: &str) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("reason", reason, TEXT_MAX);
    if main.id == case.id {
        check.refuse("main", "itself", "不能并入自身。", "Not into itself.");
    } else if main.status.is_ended_early() {
        check.refuse(
            "main",
            "ended",
            "主单已终止或已并入其他工单，请选择正在办理的工单。",
            "That order was ended, or is merged itself; choose one that is handled.",
        );
    } else if main.status.is_settled() {
        check.refuse("main", "settled", "主单已办结，不能再并入。", "That order is settled already.");
    }
    check.done()?;
    leave(case);
    case.status = Status::Merged;
    case.standing.main_id = Some(main.id.clone());
    let ended = CaseEnded {
        case_id: case.id.clone(),
        status: Status::Merged.code().to_owned(),
        ground: main.number.clone(),
        unit_id: case.unit.as_ref().map(|unit| unit.id.clone()),
        created_by: case.created_by.clone(),
    };
    Ok(stop(Change::new(EntryKind::Merged, "case.merge"))
        .saying(reason)
        .with(json!({ "main_id": main.id, "number": main.number }))
        .telling(Fact::Ended(ended)))
}

/// Tells on the main order that another one was put behind it.
#[must_use]
pub fn take_in(part: &Case) -> Change {
    Change::new(EntryKind::MergedIn, "case.merge_in")
        .with(json!({ "part_id": part.id, "number": part.number }))
}

/// Takes the order out again: it goes on where it stood.
///
/// # Errors
/// [`CaseError::Invalid`] without a reason; [`CaseError::Refused`] when the main order has answered for it.
pub fn unmerge(case: &mut Case, reason: &str) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("reason", reason, TEXT_MAX);
    check.done()?;
    if case.settled_at.is_some() {
        return Err(CaseError::refused(
            "case.merged_settled",
            "主单已办结并答复，不能撤销并单。",
            "The main order is settled and has answered for this one.",
        ));
    }
    case.standing.main_id = None;
    let restored =
        CaseRestored { case_id: case.id.clone(), unit_id: case.unit.as_ref().map(|unit| unit.id.clone()) };
    Ok(resume(case, Change::new(EntryKind::Unmerged, "case.unmerge"))
        .saying(reason)
        .telling(Fact::Restored(restored)))
}

/// Gives the order the main order's answer.
#[must_use]
pub fn settle_with(case: &mut Case, main: &Case, now: Timestamp) -> Change {
    case.answer.clone_from(&main.answer);
    case.settled_at = Some(now);
    case.handled_at = main.handled_at;
    Change::new(EntryKind::SettledWithMain, "case.settle_with_main")
        .saying(main.answer.as_deref().unwrap_or_default())
        .with(json!({ "main_id": main.id, "number": main.number }))
        .telling(Fact::Closed(CaseClosed {
            case_id: case.id.clone(),
            unit_id: main.unit.as_ref().map(|unit| unit.id.clone()),
            r#type: case.kind.code().to_owned(),
            in_time: main.in_time,
        }))
}
