//! Rows of `cases_limit_rule`, kept in memory.

use std::sync::Arc;

use kernel::{Audit, Ctx, Timestamp};
use serde_json::json;
use sqlx::FromRow;

use crate::case::limit::{Limit, LimitName};
use crate::case::limit_rule::{Length, LimitRule, Question};
use crate::case::{Case, Kind};
use crate::error::{CaseError, Check};
use crate::{Cases, RuleBook};

#[derive(FromRow)]
struct RuleRow {
    id: String,
    name: String,
    kind: Option<String>,
    tier: Option<String>,
    unit_id: Option<String>,
    category_id: Option<String>,
    length: String,
    near_percent: Option<i64>,
    priority: i64,
    effective_from: i64,
    active: i64,
    note: String,
    version: i64,
}

/// A rule as somebody writes it.
#[derive(Clone, Debug)]
pub struct LimitRuleDraft {
    /// The rule to change; a new one when none.
    pub id: Option<String>,
    /// The limit that it sets.
    pub name: LimitName,
    /// Only for this type.
    pub kind: Option<Kind>,
    /// Only for this tier.
    pub tier: Option<String>,
    /// Only for this unit and those below.
    pub unit_id: Option<String>,
    /// Only for this category and those below.
    pub category_id: Option<String>,
    /// The length, such as `24h`.
    pub length: String,
    /// Yellow below this share.
    pub near_percent: Option<i64>,
    /// Greater wins.
    pub priority: i64,
    /// In force from then on.
    pub effective_from: Timestamp,
    /// Whether it is used.
    pub active: bool,
    /// What it is for.
    pub note: String,
    /// The version that was read.
    pub version: i64,
}

impl Cases {
    /// Reads the rules into memory.
    pub(crate) async fn reload_limit_rules(&self) -> Result<(), CaseError> {
        let rows: Vec<RuleRow> = sqlx::query_as(
            "select id, name, type as kind, tier, unit_id, category_id, length, near_percent, priority, \
             effective_from, active, note, version from cases_limit_rule order by id",
        )
        .fetch_all(self.kit().db.reader())
        .await?;
        let mut rules = Vec::with_capacity(rows.len());
        for row in rows {
            rules.push(self.rule_of(row).await?);
        }
        self.set_limit_rules(Arc::new(rules));
        Ok(())
    }

    async fn rule_of(&self, row: RuleRow) -> Result<LimitRule, CaseError> {
        let stored = |what: &str| CaseError::Stored { what: "limit rule", reason: what.to_owned() };
        let unit = match row.unit_id {
            None => None,
            Some(id) => {
                let unit = self.ports().directory.unit(&id.as_str().into()).await.map_err(CaseError::Port)?;
                // A unit that is gone matches nothing.
                Some((id, unit.map_or_else(|| "?".to_owned(), |unit| unit.path)))
            }
        };
        let categories = self.categories();
        let category = row.category_id.map(|id| {
            let path = categories.get(&id).map_or_else(|| "?".to_owned(), |category| category.path.clone());
            (id, path)
        });
        Ok(LimitRule {
            name: LimitName::parse(&row.name).ok_or_else(|| stored("unknown limit"))?,
            kind: row.kind.as_deref().and_then(Kind::parse),
            length: Length::parse(&row.length).ok_or_else(|| stored("unreadable length"))?,
            id: row.id,
            tier: row.tier,
            unit,
            category,
            near_percent: row.near_percent,
            priority: row.priority,
            effective_from: Timestamp(row.effective_from),
            active: row.active != 0,
            note: row.note,
            version: row.version,
        })
    }

    /// Writes a rule. Limits that run stay as they are; those that begin afterwards follow it.
    ///
    /// # Errors
    /// [`CaseError::Invalid`] field by field, [`CaseError::Stale`], [`CaseError::NotFound`].
    pub async fn write_limit_rule(&self, ctx: &Ctx, draft: LimitRuleDraft) -> Result<LimitRule, CaseError> {
        let mut check = Check::default();
        if Length::parse(&draft.length).is_none() {
            check.refuse(
                "length",
                "malformed",
                "时限写作数字加 h（小时）、d（日）或 w（工作日），如 2h、7d、15w。",
                "A length is a number with h (hours), d (days) or w (working days).",
            );
        }
        if let Some(id) = &draft.category_id {
            self.check_category(&mut check, id);
        }
        if let Some(id) = &draft.unit_id {
            self.unit_for_orders(&mut check, "unit_id", id).await?;
        }
        check.done()?;
        let id = draft.id.clone().unwrap_or_else(kernel::id::new_id);
        let row = RuleRow {
            id: id.clone(),
            name: draft.name.code().to_owned(),
            kind: draft.kind.map(|kind| kind.code().to_owned()),
            tier: draft.tier.clone(),
            unit_id: draft.unit_id.clone(),
            category_id: draft.category_id.clone(),
            length: draft.length.clone(),
            near_percent: draft.near_percent,
            priority: draft.priority,
            effective_from: draft.effective_from.0,
            active: i64::from(draft.active),
            note: draft.note.trim().to_owned(),
            version: draft.version + 1,
        };
        let rule = self.rule_of(row).await?;
        rule.check()?;
        let mut tx = self.kit().db.begin().await?;
        let done = if draft.id.is_none() {
            sqlx::query(
                "insert into cases_limit_rule (id, name, type, tier, unit_id, category_id, length, near_percent, \
                 priority, effective_from, active, note, version, changed_at, changed_by) \
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13 + 1, $14, $15)",
            )
        } else {
            sqlx::query(
                "update cases_limit_rule set name = $2, type = $3, tier = $4, unit_id = $5, category_id = $6, \
                 length = $7, near_percent = $8, priority = $9, effective_from = $10, active = $11, note = $12, \
                 version = version + 1, changed_at = $14, changed_by = $15 where id = $1 and version = $13",
            )
        };
        let done = done
            .bind(&id)
            .bind(draft.name.code())
            .bind(draft.kind.map(Kind::code))
            .bind(draft.tier.as_ref())
            .bind(draft.unit_id.as_ref())
            .bind(draft.category_id.as_ref())
            .bind(&draft.length)
            .bind(draft.near_percent)
            .bind(draft.priority)
            .bind(draft.effective_from.0)
            .bind(i64::from(draft.active))
            .bind(draft.note.trim())
            .bind(draft.version)
            .bind(ctx.now.0)
            .bind(&ctx.actor.name)
            .execute(tx.conn())
            .await?;
        if done.rows_affected() == 0 {
            let current: Option<(i64,)> =
                sqlx::query_as("select version from cases_limit_rule where id = $1")
                    .bind(&id)
                    .fetch_optional(tx.conn())
                    .await?;
            return Err(current.map_or(CaseError::NotFound, |(current,)| CaseError::Stale { current }));
        }
        tx.audit(
            ctx,
            Audit::new("limit_rule.write", "limit_rule", &id).detail(json!({
                "name": draft.name.code(), "type": draft.kind.map(Kind::code), "tier": draft.tier,
                "unit_id": draft.unit_id, "category_id": draft.category_id, "length": draft.length,
                "priority": draft.priority, "active": draft.active,
            })),
        );
        tx.commit().await?;
        self.reload_limit_rules().await?;
        Ok(rule)
    }

    /// Deletes a rule.
    ///
    /// # Errors
    /// [`CaseError::NotFound`].
    pub async fn drop_limit_rule(&self, ctx: &Ctx, id: &str) -> Result<(), CaseError> {
        let mut tx = self.kit().db.begin().await?;
        let gone =
            sqlx::query("delete from cases_limit_rule where id = $1").bind(id).execute(tx.conn()).await?;
        if gone.rows_affected() == 0 {
            return Err(CaseError::NotFound);
        }
        tx.audit(ctx, Audit::new("limit_rule.drop", "limit_rule", id));
        tx.commit().await?;
        self.reload_limit_rules().await
    }

    /// Computes a limit of an order that begins now.
    pub(crate) fn limit_of(
        &self,
        rules: &RuleBook,
        name: LimitName,
        case: &Case,
        start: Timestamp,
    ) -> Result<Limit, CaseError> {
        let categories = self.categories();
        let category = case.category_id.as_deref().and_then(|id| categories.get(id));
        let question = Question {
            name,
            kind: case.kind,
            tier: case.tier.as_deref(),
            unit_path: case.unit.as_ref().map(|unit| unit.path.as_str()),
            category_path: category.map(|category| category.path.as_str()),
            start,
        };
        Ok(rules.limits.limit_for(&rules.calendar, &question)?)
    }

    /// Computes the limit of a step that begins now; none where no rule sets one.
    pub(crate) fn step_limit_of(
        &self,
        rules: &RuleBook,
        name: LimitName,
        case: &Case,
        start: Timestamp,
    ) -> Result<Option<Limit>, CaseError> {
        if !rules.limits.sets(name) {
            return Ok(None);
        }
        let limit = self.limit_of(rules, name, case, start)?;
        Ok(Some(limit).filter(|limit| limit.rule.is_some()))
    }
}
