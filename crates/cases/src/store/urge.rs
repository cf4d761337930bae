//! Urging.

use contract::cases::CaseId;
use kernel::{Ctx, Principal};

use crate::Cases;
use crate::case::Case;
use crate::case::action::Action;
use crate::case::urge;
use crate::error::CaseError;

impl Cases {
    /// Asks the unit in charge for more speed; needs no version, because it changes nothing that others decide on.
    ///
    /// # Errors
    /// Those of taking it up, and of [`urge::urge`].
    pub async fn urge(&self, ctx: &Ctx, by: &Principal, id: &CaseId, text: &str) -> Result<Case, CaseError> {
        if !by.has(Action::Urge.capability()) {
            return Err(CaseError::Forbidden(Action::Urge));
        }
        let mut work = self.open(id).await?;
        Action::Urge.permit(&work.case, by)?;
        Action::Urge.fits(&work.case, &work.rules.operations)?;
        let change = urge::urge(&work.case, text)?;
        work.claim().await?;
        work.finish(ctx, change).await
    }
}
