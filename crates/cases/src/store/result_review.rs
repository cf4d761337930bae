//! The centre's review of results.

use contract::cases::CaseId;
use kernel::{Ctx, Principal};

use crate::Cases;
use crate::case::Case;
use crate::case::action::Action;
use crate::case::result_review::{self, ResultReview};
use crate::error::CaseError;

impl Cases {
    /// Approves a unit's result, or gives it back.
    ///
    /// # Errors
    /// Those of taking it up, and of [`result_review::review_result`].
    pub async fn review_result(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        review: &ResultReview,
    ) -> Result<Case, CaseError> {
        let mut work = self.take_up(by, id, version, Action::ReviewResult).await?;
        let change = result_review::review_result(&mut work.case, review, ctx.now)?;
        if review.pass {
            work.settle_parts(ctx).await?;
        }
        work.finish(ctx, change).await
    }
}
