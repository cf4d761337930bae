//! Acceptance by units.

use contract::cases::CaseId;
use kernel::{Ctx, Principal};

use crate::Cases;
use crate::case::Case;
use crate::case::acceptance;
use crate::case::action::Action;
use crate::error::CaseError;

impl Cases {
    /// Accepts an order for the unit in charge.
    ///
    /// # Errors
    /// Those of taking it up.
    pub async fn accept(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
    ) -> Result<Case, CaseError> {
        let mut work = self.take_up(by, id, version, Action::Accept).await?;
        let change = acceptance::accept(&mut work.case, ctx.now)?;
        work.finish(ctx, change).await
    }
}
