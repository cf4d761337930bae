//! Extensions: asked for by units, decided by the centre.

use contract::cases::CaseId;
use kernel::{Ctx, Principal};

use crate::Cases;
use crate::case::Case;
use crate::case::action::Action;
use crate::case::application::Decision;
use crate::case::extension::{self, Extension};
use crate::error::CaseError;

impl Cases {
    /// Asks for more time.
    ///
    /// # Errors
    /// Those of taking it up, and of [`extension::ask`].
    pub async fn ask_extension(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        wish: &Extension,
    ) -> Result<Case, CaseError> {
        let rule = |case: &mut Case, rules: &_| extension::ask(case, wish, by, rules, ctx.now);
        self.perform(ctx, by, id, version, Action::AskExtension, rule).await
    }

    /// Decides on more time.
    ///
    /// # Errors
    /// Those of taking it up, and of [`extension::decide`].
    pub async fn decide_extension(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        decision: &Decision,
    ) -> Result<Case, CaseError> {
        let rule = |case: &mut Case, _: &_| extension::decide(case, decision, by, ctx.now);
        self.perform(ctx, by, id, version, Action::DecideExtension, rule).await
    }
}
