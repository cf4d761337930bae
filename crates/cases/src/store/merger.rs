//! Orders behind a main one, and orders split off.

use contract::cases::CaseId;
use kernel::{Ctx, Principal};

use super::brief::{self, BriefRow};
use super::case;
use super::creation::{Enclosed, Fresh};
use super::work::{self, Work};
use crate::Cases;
use crate::case::action::Action;
use crate::case::split::{self, Part};
use crate::case::{Case, merger};
use crate::error::{CaseError, Check};

impl Cases {
    /// Puts an order behind the one with the number `main`.
    ///
    /// # Errors
    /// Those of taking it up, of [`merger::merge`], and [`CaseError::Invalid`] for a number that nobody may read.
    pub async fn merge(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        main: &str,
        reason: &str,
    ) -> Result<Case, CaseError> {
        let mut work = self.take_up(by, id, version, Action::Merge).await?;
        let main_id: Option<String> = sqlx::query_scalar("select id from cases_case where number = $1")
            .bind(main.trim())
            .fetch_optional(work.tx.conn())
            .await?;
        let found = match main_id {
            Some(id) => case::load(work.tx.conn(), &CaseId(id)).await?,
            None => None,
        };
        let Some(main) = found.filter(|main| Action::Read.permit(main, by).is_ok()) else {
            let mut check = Check::default();
            check.refuse("main", "unknown", "没有这个编号的工单。", "There is no order with this number.");
            return Err(check.done().err().unwrap_or(CaseError::NotFound));
        };
        let change = merger::merge(&mut work.case, &main, reason)?;
        // A main order that is being settled, or merged itself, at this moment would leave this one behind.
        if !case::hold(work.tx.conn(), &main.id, main.version).await? {
            return Err(CaseError::Stale { current: case::version(work.tx.conn(), &main.id).await? });
        }
        let behind: i64 = sqlx::query_scalar("select count(*) from cases_case where main_id = $1")
            .bind(id.as_str())
            .fetch_one(work.tx.conn())
            .await?;
        if behind > 0 {
            return Err(CaseError::refused(
                "case.is_main",
                "已有工单并入此工单，请以此工单为主单。",
                "Other orders are merged into this one; let this one be the main order.",
            ));
        }
        let told = merger::take_in(&work.case);
        work::record(&mut work.tx, ctx, &main, &told);
        work.finish(ctx, change).await
    }

    /// Takes an order out from behind its main one.
    ///
    /// # Errors
    /// Those of taking it up, and of [`merger::unmerge`].
    pub async fn unmerge(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        reason: &str,
    ) -> Result<Case, CaseError> {
        let rule = |case: &mut Case, _: &_| merger::unmerge(case, reason);
        self.perform(ctx, by, id, version, Action::Unmerge, rule).await
    }

    /// Splits parts off an order: each becomes an order of its own, all of them or none.
    ///
    /// # Errors
    /// Those of taking it up, of [`split::split`], and of writing an order.
    pub async fn split(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &CaseId,
        version: i64,
        parts: &[Part],
    ) -> Result<Case, CaseError> {
        if !by.has(Action::Split.capability()) {
            return Err(CaseError::Forbidden(Action::Split));
        }
        let origin = self.read(by, id).await?;
        Action::Split.permit(&origin, by)?;
        if origin.version != version {
            return Err(CaseError::Stale { current: origin.version });
        }
        let change = split::split(parts)?;
        // What needs more than SQL happens before the order is taken up.
        let mut fresh = Vec::with_capacity(parts.len());
        for part in parts {
            fresh.push(self.compose(ctx, Some(by), split::draft(&origin, part), &Enclosed::default()).await?);
        }
        let mut work = self.take_up(by, id, version, Action::Split).await?;
        for Fresh { case, writes } in fresh {
            work.tx.append(writes);
            work::record(&mut work.tx, ctx, &case, &split::split_off(&work.case));
            work::record(&mut work.tx, ctx, &work.case, &split::part_written(&case));
        }
        work.finish(ctx, change).await
    }

    /// Returns the orders behind this one: id, number, title.
    pub(crate) async fn parts_of(&self, id: &CaseId) -> Result<Vec<(String, String, String)>, CaseError> {
        let sql = format!("{} where main_id = $1 order by created_at, id", brief::SELECT);
        let rows: Vec<BriefRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(id.as_str())
            .fetch_all(self.kit().db.reader())
            .await?;
        Ok(rows.into_iter().map(BriefRow::named).collect())
    }

    /// Returns id, number and title of an order.
    pub(crate) async fn brief_of(&self, id: &CaseId) -> Result<Option<(String, String, String)>, CaseError> {
        let sql = format!("{} where id = $1", brief::SELECT);
        let row: Option<BriefRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(id.as_str())
            .fetch_optional(self.kit().db.reader())
            .await?;
        Ok(row.map(BriefRow::named))
    }
}

impl Work {
    /// Gives the answer of this order to those behind it, in the same transaction.
    pub(super) async fn settle_parts(&mut self, ctx: &Ctx) -> Result<(), CaseError> {
        let parts: Vec<String> =
            sqlx::query_scalar("select id from cases_case where main_id = $1 and settled_at is null")
                .bind(self.case.id.as_str())
                .fetch_all(self.tx.conn())
                .await?;
        for id in parts {
            let Some(mut part) = case::load(self.tx.conn(), &CaseId(id)).await? else { continue };
            if !case::claim(self.tx.conn(), &part.id, part.version).await? {
                return Err(CaseError::Stale { current: part.version });
            }
            let change = merger::settle_with(&mut part, &self.case, ctx.now);
            part.updated_at = ctx.now;
            work::tell_citizen(&mut self.tx, ctx, &mut part, &change.facts, &self.rules.operations);
            case::update(self.tx.conn(), &part).await?;
            work::record(&mut self.tx, ctx, &part, &change);
        }
        Ok(())
    }
}
