//! Positions that clerks measure on the spot.

use contract::cases::CaseId;
use kernel::{Ctx, Principal};

use crate::Cases;
use crate::case::Case;
use crate::case::action::Action;
use crate::case::position::{self, Position};
use crate::error::CaseError;

impl Cases {
    /// Puts an order where the clerk stands.
    ///
    /// # Errors
    /// Those of taking it up, and of [`position::locate`].
    pub async fn locate(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        position: Position,
    ) -> Result<Case, CaseError> {
        self.perform(ctx, by, id, version, Action::Locate, |case, _| position::locate(case, position)).await
    }
}
