//! Notes.

use contract::cases::CaseId;
use kernel::{Ctx, Principal};

use super::work::Files;
use crate::Cases;
use crate::case::Case;
use crate::case::action::Action;
use crate::case::note;
use crate::error::CaseError;

impl Cases {
    /// Writes a note. Notes do not disturb others: they need no version.
    ///
    /// # Errors
    /// Those of taking it up, and of [`note::note`].
    pub async fn note(&self, ctx: &Ctx, by: &Principal, id: &CaseId, text: &str) -> Result<Case, CaseError> {
        if !by.has(Action::Note.capability()) {
            return Err(CaseError::Forbidden(Action::Note));
        }
        let mut work = self.open(id).await?;
        Action::Note.permit(&work.case, by)?;
        Action::Note.fits(&work.case, &work.rules.operations)?;
        let change = note::note(text)?;
        work.claim().await?;
        work.take_files(Files::Of { person_id: by.person_id.clone(), action: Action::Note });
        work.finish(ctx, change).await
    }
}
