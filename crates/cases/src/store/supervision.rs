//! Supervision: given, answered, evaluated; and by the server itself when a limit was missed.

use contract::cases::CaseId;
use kernel::{Ctx, Principal};

use super::work::Work;
use crate::Cases;
use crate::case::action::Action;
use crate::case::supervision::{self, Evaluation, Supervision};
use crate::case::{Case, urge};
use crate::error::CaseError;

impl Cases {
    /// Supervises the unit in charge.
    ///
    /// # Errors
    /// Those of taking it up, and of [`supervision::supervise`].
    pub async fn supervise(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        wish: &Supervision,
    ) -> Result<Case, CaseError> {
        let rule = |case: &mut Case, rules: &_| supervision::supervise(case, wish, by, rules, ctx.now);
        self.perform(ctx, by, id, version, Action::Supervise, rule).await
    }

    /// Answers a supervision.
    ///
    /// # Errors
    /// Those of taking it up, and of [`supervision::reply`].
    pub async fn reply_supervision(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        text: &str,
    ) -> Result<Case, CaseError> {
        let rule = |case: &mut Case, _: &_| supervision::reply(case, text, by, ctx.now);
        self.perform(ctx, by, id, version, Action::ReplySupervision, rule).await
    }

    /// Evaluates the answer to a supervision.
    ///
    /// # Errors
    /// Those of taking it up, and of [`supervision::evaluate`].
    pub async fn evaluate_supervision(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        evaluation: &Evaluation,
    ) -> Result<Case, CaseError> {
        let rule = |case: &mut Case, _: &_| supervision::evaluate(case, evaluation, by, ctx.now);
        self.perform(ctx, by, id, version, Action::EvaluateSupervision, rule).await
    }
}

impl Work {
    /// Does what the city's rules say of a limit that turned yellow, or was missed: urge, or supervise, in the
    /// server's own name.
    pub(super) async fn insist(&mut self, ctx: &Ctx, missed: bool) -> Result<(), CaseError> {
        let rules = self.rules.operations.clone();
        let wanted = if missed { rules.auto_supervise } else { rules.auto_urge };
        let action = if missed { Action::Supervise } else { Action::Urge };
        if !wanted || self.case.unit.is_none() || action.fits(&self.case, &rules).is_err() {
            return Ok(());
        }
        let change = if missed {
            let server = nobody(&ctx.actor.name);
            supervision::supervise_by_itself(&mut self.case, &server, &rules, ctx.now)
        } else {
            urge::urge(&self.case, "办理时限临近，请抓紧办理。")?
        };
        let (applications, errands) = self.take_before();
        self.settle_side_work(ctx, &applications, &errands).await?;
        super::work::record(&mut self.tx, ctx, &self.case, &change);
        Ok(())
    }
}

/// Somebody without an account, where a rule asks who: the server itself, or a citizen.
pub(super) fn nobody(name: &str) -> Principal {
    Principal {
        person_id: String::new(),
        account: String::new(),
        name: name.to_owned(),
        job_no: None,
        unit_id: String::new(),
        unit_path: String::new(),
        roles: Vec::new(),
        grants: std::sync::Arc::default(),
        masks: std::sync::Arc::default(),
        session_id: String::new(),
    }
}
