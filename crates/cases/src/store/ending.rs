//! Orders that are ended before they are settled, and taken up again.

use contract::cases::CaseId;
use kernel::{Ctx, Principal};

use crate::Cases;
use crate::case::Case;
use crate::case::action::Action;
use crate::case::ending::{self, Ending};
use crate::error::{CaseError, Check};

/// The dictionary's list of grounds for not accepting an order.
pub const NON_ACCEPTANCE_GROUND: &str = "non_acceptance_ground";
/// The dictionary's list of grounds for voiding one.
pub const VOID_GROUND: &str = "void_ground";

impl Cases {
    /// Says that the hotline may not deal with an order.
    ///
    /// # Errors
    /// Those of taking it up, of [`ending::refuse`], and [`CaseError::Invalid`] for an unknown ground.
    pub async fn refuse_acceptance(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        ground: &str,
        reason: &str,
    ) -> Result<Case, CaseError> {
        let ending = self.ending(NON_ACCEPTANCE_GROUND, ground, reason).await;
        let rule = |case: &mut Case, _: &_| ending::refuse(case, &ending?, ctx.now);
        self.perform(ctx, by, id, version, Action::RefuseAcceptance, rule).await
    }

    /// Says that an order is no matter at all.
    ///
    /// # Errors
    /// Those of taking it up, of [`ending::void`], and [`CaseError::Invalid`] for an unknown ground.
    pub async fn void(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        ground: &str,
        reason: &str,
    ) -> Result<Case, CaseError> {
        let ending = self.ending(VOID_GROUND, ground, reason).await;
        let rule = |case: &mut Case, _: &_| ending::void(case, &ending?, ctx.now);
        self.perform(ctx, by, id, version, Action::Void, rule).await
    }

    /// Takes an order up again that was ended early.
    ///
    /// # Errors
    /// Those of taking it up, and of [`ending::restore`].
    pub async fn restore(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        reason: &str,
    ) -> Result<Case, CaseError> {
        let rule = |case: &mut Case, _: &_| ending::restore(case, reason, ctx.now);
        self.perform(ctx, by, id, version, Action::Restore, rule).await
    }

    async fn ending(&self, list: &str, ground: &str, reason: &str) -> Result<Ending, CaseError> {
        let word = self.ports().directory.word(list, ground).await.map_err(CaseError::Port)?;
        let Some(word) = word.filter(|word| word.active) else {
            let mut check = Check::default();
            check.refuse("ground", "unknown", "请选择一项依据。", "Please choose a ground.");
            return Err(check.done().err().unwrap_or(CaseError::NotFound));
        };
        Ok(Ending { ground: ground.to_owned(), ground_name: word.zh, reason: reason.to_owned() })
    }
}
