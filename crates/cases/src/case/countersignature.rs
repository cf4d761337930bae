//! Countersigning (会签): several people give an opinion and sign. All must agree (会签), one is enough (或签), or a share of
//! them (票签). People may be added and taken off while the round is open (加签、减签).

use contract::cases::{ErrandAnswered, ErrandGiven};
use kernel::{Principal, Timestamp};
use serde_json::json;

use super::Case;
use super::change::{Change, Fact};
use super::errand::{Errand, ErrandKind, ErrandState};
use super::timeline::EntryKind;
use super::word::words;
use crate::error::{CaseError, Check, TEXT_MAX};

/// So many people sign at most.
pub const SIGNERS_MAX: usize = 20;

words!(
    /// When a round has passed.
    SignRule {
        /// Everybody agrees (会签).
        All = "all", "全部同意（会签）", "Everybody agrees";
        /// One agrees (或签).
        Any = "any", "一人同意（或签）", "One agrees";
        /// More than half agree (票签).
        Majority = "majority", "过半数同意（票签）", "More than half agree";
    }
);

/// A round.
#[derive(Clone, Debug)]
pub struct Round {
    /// Who signs; they exist.
    pub people: Vec<String>,
    /// When it has passed.
    pub rule: SignRule,
    /// What they are asked.
    pub text: String,
}

fn errand(
    case: &Case,
    round: &str,
    rule: SignRule,
    person: &str,
    text: &str,
    by: &Principal,
    now: Timestamp,
) -> Errand {
    Errand {
        round: Some(round.to_owned()),
        person_id: Some(person.to_owned()),
        data: json!({ "rule": rule.code() }),
        due_at: case.due_at,
        yellow_at: case.yellow_at,
        ..Errand::new(ErrandKind::Countersignature, text, by, now)
    }
}

fn given(case: &Case, one: &Errand) -> Fact {
    Fact::Given(ErrandGiven {
        case_id: case.id.clone(),
        errand_id: one.id.clone(),
        kind: ErrandKind::Countersignature.code().to_owned(),
        unit_id: None,
        person_id: one.person_id.clone(),
    })
}

/// Asks people to sign.
///
/// # Errors
/// [`CaseError::Invalid`] without people or a text.
pub fn ask(case: &mut Case, round: &Round, by: &Principal, now: Timestamp) -> Result<Change, CaseError> {
    let mut check = Check::default();
    check.text("text", &round.text, TEXT_MAX);
    if !(1..=SIGNERS_MAX).contains(&round.people.len()) {
        check.refuse("people", "out_of_range", "请选择 1 至 20 人。", "Choose 1 to 20 people.");
    }
    check.done()?;
    let id = kernel::id::new_id();
    let mut people = round.people.clone();
    people.sort();
    people.dedup();
    let mut change = Change::new(EntryKind::CountersignatureAsked, "case.countersignature")
        .saying(&round.text)
        .with(json!({ "people": people, "rule": round.rule.code() }));
    for person in &people {
        let one = errand(case, &id, round.rule, person, &round.text, by, now);
        change = change.telling(given(case, &one));
        case.errands.push(one);
    }
    Ok(change)
}

/// Adds people to the open round, and takes others off who have not signed.
///
/// # Errors
/// [`CaseError::Invalid`] when nothing would change, or nobody would be left.
pub fn change_signers(
    case: &mut Case,
    add: &[String],
    remove: &[String],
    by: &Principal,
    now: Timestamp,
) -> Result<Change, CaseError> {
    let Some(first) = case.open_errands(ErrandKind::Countersignature).next().cloned() else {
        return Err(CaseError::NotFound);
    };
    let round = first.round.clone().unwrap_or_default();
    let of_round = |one: &Errand| {
        one.kind == ErrandKind::Countersignature
            && one.round.as_deref() == Some(round.as_str())
            && one.state != ErrandState::Cancelled
    };
    let known = |person: &String| {
        case.errands.iter().any(|one| of_round(one) && one.person_id.as_ref() == Some(person))
    };
    let fresh: Vec<String> = add.iter().filter(|person| !known(person)).cloned().collect();
    let gone = |one: &Errand| {
        of_round(one)
            && one.state == ErrandState::Open
            && one.person_id.as_ref().is_some_and(|person| remove.contains(person))
    };
    let leaving = case.errands.iter().filter(|one| gone(one)).count();
    let present = case.errands.iter().filter(|one| of_round(one)).count();
    let mut check = Check::default();
    if fresh.is_empty() && leaving == 0 {
        check.refuse("people", "no_change", "没有需要加签或减签的人员。", "Nobody to add or to take off.");
    } else if present + fresh.len() <= leaving {
        check.refuse("people", "nobody_left", "至少保留一名会签人。", "Somebody has to stay.");
    } else if present + fresh.len() - leaving > SIGNERS_MAX {
        check.refuse("people", "too_many", "最多 20 人。", "At most 20 people.");
    }
    check.done()?;
    let gone: Vec<String> = case.errands.iter().filter(|one| gone(one)).map(|one| one.id.clone()).collect();
    for one in case.errands.iter_mut().filter(|one| gone.contains(&one.id)) {
        one.state = ErrandState::Cancelled;
    }
    let rule = first.data["rule"].as_str().and_then(SignRule::parse).unwrap_or(SignRule::All);
    let mut change = Change::new(EntryKind::SignersChanged, "case.signers")
        .with(json!({ "added": fresh, "removed": remove }));
    for person in &fresh {
        let one = errand(case, &round, rule, person, &first.text, by, now);
        change = change.telling(given(case, &one));
        case.errands.push(one);
    }
    conclude(case, &round, rule);
    Ok(change)
}

/// Signs. When the round is decided, those who have not signed need not any more.
///
/// # Errors
/// [`CaseError::Invalid`] when somebody disagrees without saying why.
pub fn sign(
    case: &mut Case,
    agree: bool,
    opinion: &str,
    by: &Principal,
    now: Timestamp,
) -> Result<Change, CaseError> {
    let mut check = Check::default();
    if agree {
        check.optional("opinion", opinion, TEXT_MAX);
    } else {
        check.text("opinion", opinion, TEXT_MAX);
    }
    check.done()?;
    let one = case.errand_of_mut(ErrandKind::Countersignature, by).ok_or(CaseError::NotFound)?;
    one.answer(if opinion.trim().is_empty() { "同意" } else { opinion }, by, now);
    one.grade = Some(if agree { "approve" } else { "reject" }.to_owned());
    let (round, given_by, errand_id) = (one.round.clone(), one.given_by.clone(), one.id.clone());
    let rule = one.data["rule"].as_str().and_then(SignRule::parse).unwrap_or(SignRule::All);
    let outcome = conclude(case, &round.unwrap_or_default(), rule);
    let answered = ErrandAnswered {
        case_id: case.id.clone(),
        errand_id,
        kind: ErrandKind::Countersignature.code().to_owned(),
        unit_id: None,
        given_by,
    };
    Ok(Change::new(EntryKind::Countersigned, "case.countersignature_answer")
        .saying(opinion)
        .with(json!({ "agree": agree, "passed": outcome }))
        .telling(Fact::Answered(answered)))
}

impl Case {
    /// Refuses to go on while people are asked to sign.
    pub(super) fn awaits_no_signature(&self) -> Result<(), CaseError> {
        let open = self.open_errands(ErrandKind::Countersignature).count();
        if open == 0 {
            return Ok(());
        }
        Err(CaseError::refused(
            "case.countersigning",
            format!("会签尚未完成，还有 {open} 人未签署。"),
            format!("Countersigning is not done; {open} people have not signed."),
        ))
    }
}

/// Ends a round that is decided: returns whether it has passed, or none while it is open.
fn conclude(case: &mut Case, round: &str, rule: SignRule) -> Option<bool> {
    let of_round = |one: &&Errand| {
        one.kind == ErrandKind::Countersignature
            && one.round.as_deref() == Some(round)
            && one.state != ErrandState::Cancelled
    };
    let count = |wanted: Option<&str>| {
        case.errands.iter().filter(of_round).filter(|one| one.grade.as_deref() == wanted).count()
    };
    let (yes, no, open) = (count(Some("approve")), count(Some("reject")), count(None));
    let outcome = decided(rule, yes, no, open)?;
    for one in &mut case.errands {
        if one.round.as_deref() == Some(round) && one.state == ErrandState::Open {
            one.state = ErrandState::Cancelled;
        }
    }
    Some(outcome)
}

/// Tells whether a round is decided by so many who agree, disagree, and have not signed.
fn decided(rule: SignRule, yes: usize, no: usize, open: usize) -> Option<bool> {
    let all = yes + no + open;
    let passed = match rule {
        SignRule::All => yes == all,
        SignRule::Any => yes > 0,
        SignRule::Majority => yes * 2 > all,
    };
    let failed = match rule {
        SignRule::All => no > 0,
        SignRule::Any => no == all,
        SignRule::Majority => (yes + open) * 2 <= all,
    };
    if passed { Some(true) } else { failed.then_some(false) }
}

#[cfg(test)]
mod tests {
    use super::{SignRule, decided};

    #[test]
    fn a_round_is_decided_as_soon_as_it_can_be() {
        assert_eq!(decided(SignRule::All, 2, 0, 1), None);
        assert_eq!(decided(SignRule::All, 0, 1, 2), Some(false));
        assert_eq!(decided(SignRule::Any, 0, 2, 1), None);
        assert_eq!(decided(SignRule::Any, 1, 0, 5), Some(true));
        assert_eq!(decided(SignRule::Majority, 2, 1, 1), None);
        assert_eq!(decided(SignRule::Majority, 3, 0, 2), Some(true));
        assert_eq!(decided(SignRule::Majority, 1, 2, 1), Some(false), "two of four are not more than half");
    }

    /// Whatever was signed in whatever order, nobody's later word turns a decided round around.
    #[test]
    fn what_is_decided_stays_decided() {
        for rule in SignRule::ALL {
            for (yes, no, open) in
                (0..6).flat_map(|y| (0..6).flat_map(move |n| (1..6).map(move |o| (y, n, o))))
            {
                if let Some(outcome) = decided(*rule, yes, no, open) {
                    for more in 0..=open {
                        assert_eq!(decided(*rule, yes + more, no + open - more, 0), Some(outcome));
                    }
                }
            }
        }
    }
}
