//! Puts orders away and takes them up again; keeps why in `cases_closure`.

use contract::cases::CaseId;
use kernel::{Ctx, Principal};

use crate::Cases;
use crate::case::Case;
use crate::case::action::Action;
use crate::case::closure::{self, Closure};
use crate::error::CaseError;

impl Cases {
    /// Puts a settled order away.
    ///
    /// # Errors
    /// Those of taking it up, and of [`closure::close`].
    pub async fn close(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        closure: &Closure,
    ) -> Result<Case, CaseError> {
        let mut work = self.take_up(by, id, version, Action::Close).await?;
        let change = closure::close(&mut work.case, closure, ctx.now)?;
        sqlx::query(
            "insert into cases_closure (id, case_id, reason, closed_at, closed_by) values ($1, $2, $3, $4, $5)",
        )
        .bind(kernel::id::new_id())
        .bind(id.as_str())
        .bind(closure.reason.trim())
        .bind(ctx.now.0)
        .bind(&ctx.actor.id)
        .execute(work.tx.conn())
        .await?;
        work.finish(ctx, change).await
    }

    /// Takes an order up again.
    ///
    /// # Errors
    /// Those of taking it up, and of [`closure::reopen`].
    pub async fn reopen(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        closure: &Closure,
    ) -> Result<Case, CaseError> {
        let mut work = self.take_up(by, id, version, Action::Reopen).await?;
        let change = closure::reopen(&mut work.case, closure, ctx.now)?;
        sqlx::query(
            "update cases_closure set reopened_at = $2, reopened_by = $3, reopen_reason = $4 \
             where case_id = $1 and reopened_at is null",
        )
        .bind(id.as_str())
        .bind(ctx.now.0)
        .bind(&ctx.actor.id)
        .bind(closure.reason.trim())
        .execute(work.tx.conn())
        .await?;
        work.finish(ctx, change).await
    }
}
