//! The shift leader's review.

use contract::cases::CaseId;
use kernel::{Ctx, Principal};

use crate::Cases;
use crate::case::Case;
use crate::case::action::Action;
use crate::case::review::{self, Review};
use crate::error::CaseError;

impl Cases {
    /// Reviews a fresh order.
    ///
    /// # Errors
    /// Those of taking it up, and of [`review::review`].
    pub async fn review(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        review: &Review,
    ) -> Result<Case, CaseError> {
        let mut work = self.take_up(by, id, version, Action::Review).await?;
        let change = review::review(&mut work.case, review)?;
        work.finish(ctx, change).await
    }
}
