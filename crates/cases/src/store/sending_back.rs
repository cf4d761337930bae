//! Returns to the centre.

use contract::cases::CaseId;
use kernel::{Ctx, Principal};

use crate::Cases;
use crate::case::Case;
use crate::case::action::Action;
use crate::case::sending_back::{self, SendingBack};
use crate::error::CaseError;

impl Cases {
    /// Gives an order back to the centre.
    ///
    /// # Errors
    /// Those of taking it up, and of [`sending_back::send_back`].
    pub async fn send_back(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        sending_back: &SendingBack,
    ) -> Result<Case, CaseError> {
        let mut work = self.take_up(by, id, version, Action::SendBack).await?;
        let change = sending_back::send_back(&mut work.case, sending_back)?;
        work.finish(ctx, change).await
    }
}
