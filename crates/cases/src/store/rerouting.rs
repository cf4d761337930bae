//! Orders that change hands against the drawn way, and the note that somebody has opened what was sent.

use contract::cases::CaseId;
use kernel::{Ctx, Principal};

use crate::Cases;
use crate::case::action::Action;
use crate::case::{Case, Step, rerouting};
use crate::error::{CaseError, Check};

impl Cases {
    /// Passes an order from its unit to another.
    ///
    /// # Errors
    /// Those of taking it up, and of [`rerouting::transfer`].
    pub async fn transfer(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        unit_id: &str,
        reason: &str,
    ) -> Result<Case, CaseError> {
        let mut check = Check::default();
        let unit = self.unit_for_orders(&mut check, "unit_id", unit_id).await?;
        let rule = |case: &mut Case, _: &_| {
            check.done()?;
            let unit = unit.expect("the check refuses when there is none");
            rerouting::transfer(case, &unit, reason, by, ctx.now)
        };
        self.perform(ctx, by, id, version, Action::Transfer, rule).await
    }

    /// Takes back what one has just passed on.
    ///
    /// # Errors
    /// Those of taking it up, and of [`rerouting::recall`].
    pub async fn recall(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        reason: &str,
    ) -> Result<Case, CaseError> {
        let rule = |case: &mut Case, _: &_| rerouting::recall(case, reason, ctx.now);
        self.perform(ctx, by, id, version, Action::Recall, rule).await
    }

    /// Moves an order to another step.
    ///
    /// # Errors
    /// Those of taking it up, and of [`rerouting::jump`].
    pub async fn jump(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        step: Option<Step>,
        reason: &str,
    ) -> Result<Case, CaseError> {
        let rule = |case: &mut Case, _: &_| rerouting::jump(case, step, reason, ctx.now);
        self.perform(ctx, by, id, version, Action::Jump, rule).await
    }

    /// Reads an order for a screen. Once somebody of the unit that it was sent to has opened it, it cannot be taken
    /// back any more.
    ///
    /// # Errors
    /// [`CaseError::NotFound`] when `by` may not read it.
    pub async fn open_page(&self, ctx: &Ctx, by: &Principal, id: &CaseId) -> Result<Case, CaseError> {
        let case = self.read(by, id).await?;
        let arrives = case.standing.sent.as_ref().is_some_and(|sent| {
            sent.opened_at.is_none()
                && sent.by != by.person_id
                && case.unit.as_ref().is_some_and(|unit| unit.id == by.unit_id)
        });
        if !arrives {
            return Ok(case);
        }
        let mut work = self.open(id).await?;
        if let Some(sent) = &mut work.case.standing.sent {
            sent.opened_at.get_or_insert(ctx.now);
        }
        // The version stays: nobody's form is disturbed by somebody reading.
        sqlx::query("update cases_case set standing = $2 where id = $1 and version = $3")
            .bind(id.as_str())
            .bind(serde_json::to_string(&work.case.standing).expect("a standing is plain data"))
            .bind(work.case.version)
            .execute(work.tx.conn())
            .await?;
        let case = work.case.clone();
        work.tx.commit().await?;
        Ok(case)
    }
}
