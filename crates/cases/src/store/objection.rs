//! Objections to the dispatch, and their review.

use contract::cases::CaseId;
use kernel::{Ctx, Principal};

use crate::Cases;
use crate::case::action::Action;
use crate::case::application::Decision;
use crate::case::objection::{self, Objection, Review};
use crate::case::{Case, UnitRef};
use crate::error::{CaseError, Check};

impl Cases {
    /// Objects to the dispatch; `unit_id` is the unit that should have it, empty when the unit does not know.
    ///
    /// # Errors
    /// Those of taking it up, and of [`objection::object`].
    #[expect(clippy::too_many_arguments, reason = "who, which order, and the three fields of the form")]
    pub async fn object(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        reason: &str,
        evidence: &str,
        unit_id: &str,
    ) -> Result<Case, CaseError> {
        let unit = self.maybe_unit("unit_id", unit_id).await;
        let rule = |case: &mut Case, rules: &_| {
            let wish = Objection { reason: reason.to_owned(), evidence: evidence.to_owned(), unit: unit? };
            objection::object(case, &wish, by, rules, ctx.now)
        };
        self.perform(ctx, by, id, version, Action::Object, rule).await
    }

    /// Reviews an objection, as the centre or as a leader.
    ///
    /// # Errors
    /// Those of taking it up, and of [`objection::review`].
    #[expect(clippy::too_many_arguments, reason = "who, which order, as whom, and the fields of the form")]
    pub async fn review_objection(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        action: Action,
        decision: Decision,
        unit_id: &str,
    ) -> Result<Case, CaseError> {
        let unit = self.maybe_unit("unit_id", unit_id).await;
        let rule =
            |case: &mut Case, _: &_| objection::review(case, &Review { decision, unit: unit? }, by, ctx.now);
        self.perform(ctx, by, id, version, action, rule).await
    }

    /// Finds a unit that takes orders; none for an empty id.
    pub(crate) async fn maybe_unit(
        &self,
        field: &'static str,
        id: &str,
    ) -> Result<Option<UnitRef>, CaseError> {
        if id.is_empty() {
            return Ok(None);
        }
        let mut check = Check::default();
        let unit = self.unit_for_orders(&mut check, field, id).await?;
        check.done()?;
        Ok(unit)
    }
}
