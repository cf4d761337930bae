//! Corrections before dispatch.

use contract::cases::CaseId;
use kernel::{Ctx, Principal};

use super::search;
use crate::Cases;
use crate::case::Case;
use crate::case::action::Action;
use crate::case::amendment::{self, Amendment};
use crate::error::{CaseError, Check};

impl Cases {
    /// Corrects an order's fields; what the shift leader had rejected goes to the review again.
    ///
    /// # Errors
    /// Those of taking it up, of [`amendment::amend`], and [`CaseError::Invalid`] for an unknown category.
    pub async fn amend(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        amendment: &Amendment,
    ) -> Result<Case, CaseError> {
        if let Some(category) = &amendment.category_id {
            let mut check = Check::default();
            self.check_category(&mut check, category);
            check.done()?;
        }
        let mut work = self.take_up(by, id, version, Action::Amend).await?;
        let change = amendment::amend(&mut work.case, amendment)?;
        if amendment.title.is_some() || amendment.content.is_some() {
            let (id, at) = (work.case.id.clone(), work.case.created_at.0);
            search::correct(&mut work.tx, &id, at, &work.case.title, &work.case.content).await?;
        }
        work.finish(ctx, change).await
    }
}
