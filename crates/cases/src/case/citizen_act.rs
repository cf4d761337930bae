//! What a citizen does with an order of one's own: supplement, urge, withdraw, ask for it to be handled again.

use contract::cases::CitizenActed;
use kernel::{Principal, Timestamp};
use serde_json::json;

use super::application::{ApplicationKind, Decider};
use super::change::{Change, Fact};
use super::ending::{self, Ending};
use super::operation_rule::OperationRules;
use super::timeline::EntryKind;
use super::word::words;
use super::{Case, Status, Step, redo};
use crate::error::{CaseError, Check, TEXT_MAX};

/// A citizen urges once in so long.
const URGE_PAUSE_MS: i64 = 24 * 3_600_000;
/// A citizen adds something so often at most; clerks read all of it.
const SUPPLEMENTS_MAX: i64 = 20;

words!(
    /// What a citizen does.
    CitizenAct {
        /// Adds what was forgotten.
        Supplement = "supplement", "补充材料", "Add something";
        /// Asks for more speed.
        Urge = "urge", "催办", "Urge";
        /// Takes the matter back.
        Withdraw = "withdraw", "撤回", "Withdraw";
        /// Asks that it is handled again, before the archive.
        Redo = "redo", "申请重新办理", "Ask for handling again";
        /// Asks that the answer is looked at again, after the archive.
        Reconsideration = "reconsideration", "申请复查", "Ask for reconsideration";
        /// Asks that the answer to the reconsideration is examined by somebody else.
        ReExamination = "re_examination", "申请复核", "Ask for re-examination";
    }
);

impl CitizenAct {
    /// Tells whether a citizen may do this now.
    #[must_use]
    pub fn fits(self, case: &Case, rules: &OperationRules, now: Timestamp) -> bool {
        let at = |step| case.task(step).is_some();
        let with_unit = at(Step::Acceptance) || at(Step::Handling);
        let before = at(Step::Review) || at(Step::Amendment) || at(Step::Dispatch);
        match self {
            Self::Supplement => (before || with_unit) && case.standing.supplements < SUPPLEMENTS_MAX,
            Self::Withdraw => before || with_unit,
            Self::Urge => {
                let rested = |at: Timestamp| now.millis_since(at) >= URGE_PAUSE_MS;
                with_unit && case.standing.citizen_urged_at.is_none_or(rested)
            }
            Self::Redo => {
                case.status == Status::Approved && case.open_application(ApplicationKind::Redo).is_none()
            }
            Self::Reconsideration => redo::can_be_reconsidered(case, rules, now),
            Self::ReExamination => redo::can_be_re_examined(case, rules, now),
        }
    }
}

/// Does it.
///
/// # Errors
/// [`CaseError::Invalid`] without a text where one is needed; [`CaseError::Refused`] when it does not fit now.
pub fn act(
    case: &mut Case,
    act: CitizenAct,
    text: &str,
    citizen: &Principal,
    rules: &OperationRules,
    now: Timestamp,
) -> Result<Change, CaseError> {
    let mut check = Check::default();
    if act == CitizenAct::Urge {
        check.optional("text", text, TEXT_MAX);
    } else {
        check.text("text", text, TEXT_MAX);
    }
    check.done()?;
    if !act.fits(case, rules, now) {
        return Err(CaseError::refused(
            "case.not_now",
            "工单当前状态下不能进行此操作。",
            "This cannot be done with the order now.",
        ));
    }
    let told = CitizenActed {
        case_id: case.id.clone(),
        act: act.code().to_owned(),
        unit_id: case.unit.as_ref().map(|unit| unit.id.clone()),
        person_id: case.person_id.clone(),
    };
    let change = match act {
        CitizenAct::Supplement => {
            case.standing.supplements += 1;
            Change::new(EntryKind::Supplemented, "case.supplement").saying(text)
        }
        CitizenAct::Urge => {
            case.standing.citizen_urged_at = Some(now);
            Change::new(EntryKind::UrgedByCitizen, "case.citizen_urge").saying(text)
        }
        CitizenAct::Withdraw => {
            let ending = Ending {
                ground: "withdrawn".to_owned(),
                ground_name: "市民撤回".to_owned(),
                reason: text.to_owned(),
            };
            let mut change = ending::void(case, &ending, now)?;
            change.kind = EntryKind::WithdrawnByCitizen;
            change
        }
        CitizenAct::Redo => {
            case.apply_for(ApplicationKind::Redo, Decider::Leader, citizen, text, json!({}), now);
            if let Some(one) = case.applications.last_mut() {
                one.asked_by = None;
            }
            Change::new(EntryKind::RedoAsked, "case.redo").saying(text)
        }
        CitizenAct::Reconsideration => redo::apply_for_reconsideration(case, text, citizen, rules, now)?,
        CitizenAct::ReExamination => redo::apply_for_re_examination(case, text, citizen, rules, now)?,
    };
    let unit_id = told.unit_id.clone();
    Ok(change.about_unit(unit_id.as_deref()).telling(Fact::CitizenActed(told)))
}
