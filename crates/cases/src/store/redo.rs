//! Handling again, reconsideration, strike-out, the centre's own handling, and instructions.

use contract::cases::CaseId;
use kernel::{Ctx, Principal};

use crate::Cases;
use crate::case::action::Action;
use crate::case::application::Decision;
use crate::case::{Case, instruction, redo, self_handling, strike_out};
use crate::error::CaseError;

impl Cases {
    /// Asks a leader whether an order shall be handled again.
    ///
    /// # Errors
    /// Those of taking it up, and of [`redo::ask`].
    pub async fn ask_redo(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        reason: &str,
    ) -> Result<Case, CaseError> {
        let rule = |case: &mut Case, _: &_| redo::ask(case, reason, by, ctx.now);
        self.perform(ctx, by, id, version, Action::AskRedo, rule).await
    }

    /// Decides an application of those that are decided by yes or no: handling again, reconsideration, strike-out.
    ///
    /// # Errors
    /// Those of taking it up, of [`redo::decide`], [`redo::reconsider`] and [`strike_out::decide`].
    pub async fn decide_application(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        action: Action,
        decision: &Decision,
    ) -> Result<Case, CaseError> {
        let rule = |case: &mut Case, _: &_| match action {
            Action::Reconsider => redo::reconsider(case, decision, by, ctx.now),
            Action::DecideStrikeOut => strike_out::decide(case, decision, by, ctx.now),
            _ => redo::decide(case, decision, by, ctx.now),
        };
        self.perform(ctx, by, id, version, action, rule).await
    }

    /// Asks that an order does not count for its unit.
    ///
    /// # Errors
    /// Those of taking it up, and of [`strike_out::ask`].
    pub async fn ask_strike_out(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        reason: &str,
    ) -> Result<Case, CaseError> {
        let rule = |case: &mut Case, _: &_| strike_out::ask(case, reason, by, ctx.now);
        self.perform(ctx, by, id, version, Action::AskStrikeOut, rule).await
    }

    /// Reports the centre's own result.
    ///
    /// # Errors
    /// Those of taking it up, and of [`self_handling::handle`].
    pub async fn handle_ourselves(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        result: &str,
    ) -> Result<Case, CaseError> {
        let rule = |case: &mut Case, _: &_| self_handling::handle(case, result, by, ctx.now);
        self.perform(ctx, by, id, version, Action::HandleOurselves, rule).await
    }

    /// Writes an instruction.
    ///
    /// # Errors
    /// Those of taking it up, and of [`instruction::instruct`].
    pub async fn instruct(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        text: &str,
        days: Option<i64>,
    ) -> Result<Case, CaseError> {
        let rule = |case: &mut Case, rules: &_| instruction::instruct(case, text, days, by, rules, ctx.now);
        self.perform(ctx, by, id, version, Action::Instruct, rule).await
    }
}
