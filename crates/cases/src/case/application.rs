//! Applications (申请): what somebody asks for beside the flow and somebody else decides. Extension, objection,
//! strike-out, redoing and reconsideration share this shape; each has its rules in a file of its own.

use kernel::{Principal, Timestamp};
use serde_json::Value;

use super::word::words;
use super::{Case, Step, UnitRef};
use crate::error::{CaseError, Check, TEXT_MAX};

words!(
    /// What is asked for.
    ApplicationKind {
        /// More time (延期).
        Extension = "extension", "延期申请", "Extension";
        /// Another unit (派单异议).
        Objection = "objection", "派单异议", "Objection to the dispatch";
        /// That the order does not count for the unit (剔除).
        StrikeOut = "strike_out", "剔除申请", "Strike-out from evaluation";
        /// That the order is handled again (重新办理).
        Redo = "redo", "重办申请", "Handling again";
        /// The citizen wants the answer looked at again (复查).
        Reconsideration = "reconsideration", "复查申请", "Reconsideration";
        /// The citizen does not accept what the reconsideration said (复核); its answer is final.
        ReExamination = "re_examination", "复核申请", "Re-examination";
    }
);

words!(
    /// Where an application stands.
    ApplicationState {
        /// Waits for a decision.
        Open = "open", "待审批", "Waiting";
        /// Granted.
        Approved = "approved", "已同意", "Granted";
        /// Refused.
        Rejected = "rejected", "未同意", "Refused";
        /// Taken back, or without object because the order moved on.
        Withdrawn = "withdrawn", "已撤回", "Withdrawn";
    }
);

words!(
    /// Who decides.
    Decider {
        /// The centre.
        Centre = "centre", "热线中心", "The centre";
        /// A leader.
        Leader = "leader", "领导", "A leader";
    }
);

/// An application.
#[derive(Clone, Debug, PartialEq)]
pub struct Application {
    /// Its id.
    pub id: String,
    /// What is asked for.
    pub kind: ApplicationKind,
    /// Where it stands.
    pub state: ApplicationState,
    /// Who decides.
    pub decider: Decider,
    /// Why.
    pub reason: String,
    /// What depends on the kind, such as the days of an extension.
    pub data: Value,
    /// The unit that asks; none for citizens and the centre.
    pub unit: Option<UnitRef>,
    /// Who asks; citizens have no id.
    pub asked_by: Option<String>,
    /// The name of whoever asks.
    pub asked_by_name: String,
    /// When.
    pub asked_at: Timestamp,
    /// Who decided.
    pub decided_by: Option<String>,
    /// The name of whoever decided.
    pub decided_by_name: Option<String>,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// What was said to it.
    pub opinion: Option<String>,
}

/// What was decided.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Whether it is granted.
    pub approve: bool,
    /// Why; required when it is refused.
    pub opinion: String,
}

impl Decision {
    pub(super) fn check(&self) -> Result<(), CaseError> {
        let mut check = Check::default();
        if self.approve {
            check.optional("opinion", &self.opinion, TEXT_MAX);
        } else {
            check.text("opinion", &self.opinion, TEXT_MAX);
        }
        check.done()
    }
}

impl Application {
    /// Returns by when it is decided, where it has a limit of its own.
    #[must_use]
    pub fn due_at(&self) -> Option<Timestamp> {
        self.data["due_at"].as_i64().map(Timestamp)
    }

    /// Returns when that limit turns yellow: with a fifth of it left.
    #[must_use]
    pub fn yellow_at(&self) -> Option<Timestamp> {
        self.due_at().map(|due| Timestamp(due.0 - (due.0 - self.asked_at.0) / 5))
    }

    /// Tells which step decides it.
    #[must_use]
    pub fn step(&self) -> Step {
        match (self.kind, self.decider) {
            (ApplicationKind::Extension, _) => Step::ExtensionReview,
            (ApplicationKind::Objection, Decider::Centre) => Step::ObjectionReview,
            (ApplicationKind::Objection, Decider::Leader) => Step::ObjectionRuling,
            (ApplicationKind::StrikeOut, _) => Step::StrikeOutReview,
            (ApplicationKind::Redo, _) => Step::RedoReview,
            (ApplicationKind::Reconsideration | ApplicationKind::ReExamination, _) => Step::Reconsideration,
        }
    }
}

impl Case {
    /// Returns the open application of a kind; there is one at most.
    #[must_use]
    pub fn open_application(&self, kind: ApplicationKind) -> Option<&Application> {
        self.applications.iter().find(|one| one.kind == kind && one.state == ApplicationState::Open)
    }

    /// Counts applications of a kind that were granted.
    #[must_use]
    pub fn granted(&self, kind: ApplicationKind) -> usize {
        let granted = |one: &&Application| one.kind == kind && one.state == ApplicationState::Approved;
        self.applications.iter().filter(granted).count()
    }

    /// Makes an application in the name of `by`, and of the unit in charge when it is the unit's.
    pub(super) fn apply_for(
        &mut self,
        kind: ApplicationKind,
        decider: Decider,
        by: &Principal,
        reason: &str,
        data: Value,
        now: Timestamp,
    ) {
        self.applications.push(Application {
            id: kernel::id::new_id(),
            kind,
            state: ApplicationState::Open,
            decider,
            reason: reason.trim().to_owned(),
            data,
            unit: self.unit.clone(),
            asked_by: Some(by.person_id.clone()),
            asked_by_name: by.name.clone(),
            asked_at: now,
            decided_by: None,
            decided_by_name: None,
            decided_at: None,
            opinion: None,
        });
    }

    /// Decides the open application of a kind; returns it as it was.
    pub(super) fn decide(
        &mut self,
        kind: ApplicationKind,
        decision: &Decision,
        by: &Principal,
        now: Timestamp,
    ) -> Option<Application> {
        let state = if decision.approve { ApplicationState::Approved } else { ApplicationState::Rejected };
        let one = self
            .applications
            .iter_mut()
            .find(|one| one.kind == kind && one.state == ApplicationState::Open)?;
        let before = one.clone();
        one.state = state;
        one.decided_by = Some(by.person_id.clone());
        one.decided_by_name = Some(by.name.clone());
        one.decided_at = Some(now);
        one.opinion = Some(decision.opinion.trim().to_owned()).filter(|text| !text.is_empty());
        Some(before)
    }

    /// Drops what waits for a decision that no longer makes sense, because the order has moved on.
    pub(super) fn drop_applications(&mut self, kinds: &[ApplicationKind]) {
        for one in &mut self.applications {
            if one.state == ApplicationState::Open && kinds.contains(&one.kind) {
                one.state = ApplicationState::Withdrawn;
            }
        }
    }
}
