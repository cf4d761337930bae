//! Return visits.

use contract::cases::CaseId;
use kernel::{Ctx, Principal};

use super::rating;
use crate::Cases;
use crate::case::Case;
use crate::case::action::Action;
use crate::case::return_visit::{self, ReturnVisit};
use crate::error::CaseError;

impl Cases {
    /// Writes a return visit down; stars given in it become the citizen's rating.
    ///
    /// # Errors
    /// Those of taking it up, and of [`return_visit::visit`].
    pub async fn visit(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        visit: &ReturnVisit,
    ) -> Result<Case, CaseError> {
        let mut work = self.take_up(by, id, version, Action::Visit).await?;
        let (change, rating) = return_visit::visit(&mut work.case, visit, &kernel::id::new_id())?;
        if let Some(rating) = rating {
            rating::insert(work.tx.conn(), ctx, &work.case, &rating).await?;
        }
        work.finish(ctx, change).await
    }
}
