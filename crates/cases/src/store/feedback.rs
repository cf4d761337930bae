//! Reports of results.

use contract::cases::CaseId;
use kernel::{Ctx, Principal};

use crate::Cases;
use crate::case::Case;
use crate::case::action::Action;
use crate::case::feedback::{self, Feedback};
use crate::error::CaseError;

impl Cases {
    /// Reports a unit's result.
    ///
    /// # Errors
    /// Those of taking it up, and of [`feedback::give_feedback`].
    pub async fn give_feedback(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        feedback: &Feedback,
    ) -> Result<Case, CaseError> {
        let mut work = self.take_up(by, id, version, Action::GiveFeedback).await?;
        let change = feedback::give_feedback(&mut work.case, feedback, ctx.now)?;
        work.finish(ctx, change).await
    }
}
