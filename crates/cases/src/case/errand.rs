//! Errands (事项): what a unit or a person owes beside the main course of an order. Supervision, co-handling,
//! summons, delegation and countersigning share this shape; each has its rules in a file of its own.

use kernel::{Principal, Timestamp};
use serde_json::Value;

use super::word::words;
use super::{Case, Step, UnitRef};

words!(
    /// What is owed.
    ErrandKind {
        /// An answer to a supervision (督办).
        Supervision = "supervision", "督办", "Supervision";
        /// Help in one's own field (协办).
        CoHandling = "co_handling", "协办", "Co-handling";
        /// Coming to the spot when a street whistles (吹哨报到).
        Summons = "summons", "吹哨报到", "Summons";
        /// Handling in another's stead within the unit (委派).
        Delegation = "delegation", "委派", "Delegation";
        /// An opinion and a signature (会签).
        Countersignature = "countersignature", "会签", "Countersignature";
    }
);

words!(
    /// Where an errand stands.
    ErrandState {
        /// Waits for an answer.
        Open = "open", "待反馈", "Waiting";
        /// Answered.
        Answered = "answered", "已反馈", "Answered";
        /// The answer was looked at (supervision only).
        Evaluated = "evaluated", "已评价", "Evaluated";
        /// No longer needed.
        Cancelled = "cancelled", "已取消", "Cancelled";
    }
);

/// An errand.
#[derive(Clone, Debug, PartialEq)]
pub struct Errand {
    /// Its id.
    pub id: String,
    /// What is owed.
    pub kind: ErrandKind,
    /// Where it stands.
    pub state: ErrandState,
    /// What belongs together: a round of countersigning.
    pub round: Option<String>,
    /// The unit that owes it.
    pub unit: Option<UnitRef>,
    /// The person who owes it.
    pub person_id: Option<String>,
    /// What is asked for.
    pub text: String,
    /// What depends on the kind.
    pub data: Value,
    /// Who gave it; none for the server itself.
    pub given_by: Option<String>,
    /// The giver's name.
    pub given_by_name: String,
    /// When.
    pub given_at: Timestamp,
    /// Its limit in working days.
    pub days: Option<u32>,
    /// When the limit turns yellow.
    pub yellow_at: Option<Timestamp>,
    /// When the limit ends.
    pub due_at: Option<Timestamp>,
    /// When the unit reported on the spot (报到).
    pub reported_at: Option<Timestamp>,
    /// The answer.
    pub answer: Option<String>,
    /// When it was given.
    pub answered_at: Option<Timestamp>,
    /// By whom.
    pub answered_by_name: Option<String>,
    /// What came of it: `good`, `poor`, `approve`, `reject`.
    pub grade: Option<String>,
    /// What was said to the answer.
    pub evaluation: Option<String>,
    /// When.
    pub evaluated_at: Option<Timestamp>,
    /// By whom.
    pub evaluated_by_name: Option<String>,
}

impl Errand {
    /// Gives an errand to nobody yet.
    #[must_use]
    pub fn new(kind: ErrandKind, text: &str, by: &Principal, now: Timestamp) -> Self {
        Self {
            id: kernel::id::new_id(),
            kind,
            state: ErrandState::Open,
            round: None,
            unit: None,
            person_id: None,
            text: text.trim().to_owned(),
            data: Value::Null,
            given_by: Some(by.person_id.clone()),
            given_by_name: by.name.clone(),
            given_at: now,
            days: None,
            yellow_at: None,
            due_at: None,
            reported_at: None,
            answer: None,
            answered_at: None,
            answered_by_name: None,
            grade: None,
            evaluation: None,
            evaluated_at: None,
            evaluated_by_name: None,
        }
    }

    /// Tells what has to be done now and by whom: the step, the unit, the person. None when nothing is.
    #[must_use]
    pub fn waits_for(&self) -> Option<(Step, Option<&UnitRef>, Option<&str>)> {
        match (self.kind, self.state) {
            (ErrandKind::Supervision, ErrandState::Answered) => {
                Some((Step::SupervisionEvaluation, None, None))
            }
            (_, ErrandState::Open) => {
                let step = match self.kind {
                    ErrandKind::Supervision => Step::SupervisionReply,
                    ErrandKind::CoHandling => Step::CoHandling,
                    ErrandKind::Summons => Step::Summons,
                    ErrandKind::Delegation => Step::Delegation,
                    ErrandKind::Countersignature => Step::Countersignature,
                };
                Some((step, self.unit.as_ref(), self.person_id.as_deref()))
            }
            _ => None,
        }
    }

    /// Tells whether `person` is the one, or of the unit, that owes it.
    #[must_use]
    pub fn is_owed_by(&self, person: &Principal) -> bool {
        match (&self.person_id, &self.unit) {
            (Some(owner), _) => *owner == person.person_id,
            (None, Some(unit)) => {
                unit.id == person.unit_id || {
                    person.scope(Step::CoHandling.capability()) >= Some(kernel::Scope::Subtree)
                        && unit.path.starts_with(&person.unit_path)
                }
            }
            (None, None) => false,
        }
    }

    /// Takes an answer down.
    pub(super) fn answer(&mut self, text: &str, by: &Principal, now: Timestamp) {
        self.state = ErrandState::Answered;
        self.answer = Some(text.trim().to_owned());
        self.answered_at = Some(now);
        self.answered_by_name = Some(by.name.clone());
    }
}

impl Case {
    /// Returns open errands of a kind.
    pub fn open_errands(&self, kind: ErrandKind) -> impl Iterator<Item = &Errand> {
        self.errands.iter().filter(move |one| one.kind == kind && one.state == ErrandState::Open)
    }

    /// Returns the open errand of a kind that `person` owes.
    #[must_use]
    pub fn errand_of(&self, kind: ErrandKind, person: &Principal) -> Option<&Errand> {
        self.open_errands(kind).find(|one| one.is_owed_by(person))
    }

    /// The same, to be changed.
    pub(super) fn errand_of_mut(&mut self, kind: ErrandKind, person: &Principal) -> Option<&mut Errand> {
        self.errands
            .iter_mut()
            .find(|one| one.kind == kind && one.state == ErrandState::Open && one.is_owed_by(person))
    }

    /// Tells errands of these kinds that nobody needs them any more.
    pub(super) fn cancel_errands(&mut self, kinds: &[ErrandKind]) {
        for one in &mut self.errands {
            let waits = one.state == ErrandState::Open
                || (one.kind == ErrandKind::Supervision && one.state == ErrandState::Answered);
            if waits && kinds.contains(&one.kind) {
                one.state = ErrandState::Cancelled;
            }
        }
    }

    /// Ends whatever stands beside the course, because the course itself has ended.
    pub(super) fn end_side_work(&mut self) {
        self.cancel_errands(ErrandKind::ALL);
        self.drop_applications(super::application::ApplicationKind::ALL);
    }
}
