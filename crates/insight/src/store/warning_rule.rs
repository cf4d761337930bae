//! Rows of `insight_warning_rule`.

use kernel::{Audit, Ctx};
use serde_json::json;
use sqlx::FromRow;

use crate::Insight;
use crate::error::InsightError;
use crate::warning::Kind;
use crate::warning::rule::Rule;

/// Lists of words at most.
const LISTS_MAX: i64 = 50;
const COLUMNS: &str = "id, kind, name, active, window_minutes, least, one_in, words, unit_id, version";

#[derive(FromRow)]
struct RuleRow {
    id: String,
    kind: String,
    name: String,
    active: i64,
    window_minutes: i64,
    least: i64,
    one_in: i64,
    words: String,
    unit_id: Option<String>,
    version: i64,
}

impl RuleRow {
    /// A rule of a later version is left out.
    fn rule(self) -> Option<Rule> {
        Some(Rule {
            kind: Kind::parse(&self.kind)?,
            id: self.id,
            name: self.name,
            active: self.active == 1,
            window_minutes: self.window_minutes,
            least: self.least,
            one_in: self.one_in,
            words: serde_json::from_str(&self.words).ok()?,
            unit_id: self.unit_id,
            version: self.version,
        })
    }
}

impl Insight {
    /// Returns the rules of early warning, lists of words last.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn warning_rules(&self) -> Result<Vec<Rule>, InsightError> {
        let sql = format!(
            "select {COLUMNS} from insight_warning_rule order by case when kind = 'words' then 1 else 0 end, id"
        );
        let rows: Vec<RuleRow> =
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(self.kit().db.reader()).await?;
        Ok(rows.into_iter().filter_map(RuleRow::rule).collect())
    }

    /// Writes a rule: a new list of words, or a change of what is there.
    ///
    /// # Errors
    /// [`InsightError::Question`], [`InsightError::Stale`], [`InsightError::NotFound`].
    pub async fn write_warning_rule(&self, ctx: &Ctx, rule: &Rule, new: bool) -> Result<(), InsightError> {
        rule.check()?;
        if let Some(id) = &rule.unit_id {
            let unit =
                self.sources().directory.unit(&id.as_str().into()).await.map_err(InsightError::Port)?;
            if unit.is_none() {
                return Err(InsightError::question("unit_id", "没有这个单位。", "There is no such unit."));
            }
        }
        let words = serde_json::to_string(&rule.words).map_err(|error| InsightError::Port(error.into()))?;
        let mut tx = self.kit().db.begin().await?;
        if new {
            let (lists,): (i64,) =
                sqlx::query_as("select count(*) from insight_warning_rule where kind = 'words'")
                    .fetch_one(tx.conn())
                    .await?;
            if lists >= LISTS_MAX {
                return Err(InsightError::question("name", "最多 50 个词表。", "At most 50 lists of words."));
            }
        }
        let text = if new {
            "insert into insight_warning_rule (id, kind, name, active, window_minutes, least, one_in, words, \
             unit_id, version, changed_at, changed_by) \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10 + 1, $11, $12)"
        } else {
            "update insight_warning_rule set name = $3, active = $4, window_minutes = $5, least = $6, one_in = $7, \
             words = $8, unit_id = $9, version = version + 1, changed_at = $11, changed_by = $12 \
             where id = $1 and kind = $2 and version = $10"
        };
        let done = sqlx::query(text)
            .bind(&rule.id)
            .bind(rule.kind.code())
            .bind(rule.name.trim())
            .bind(i64::from(rule.active))
            .bind(rule.window_minutes)
            .bind(rule.least)
            .bind(rule.one_in)
            .bind(&words)
            .bind(rule.unit_id.as_ref())
            .bind(rule.version)
            .bind(ctx.now.0)
            .bind(&ctx.actor.name)
            .execute(tx.conn())
            .await?;
        if done.rows_affected() == 0 {
            let current: Option<(i64,)> =
                sqlx::query_as("select version from insight_warning_rule where id = $1 and kind = $2")
                    .bind(&rule.id)
                    .bind(rule.kind.code())
                    .fetch_optional(tx.conn())
                    .await?;
            return Err(current.map_or(InsightError::NotFound, |(current,)| InsightError::Stale { current }));
        }
        tx.audit(
            ctx,
            Audit::new("warning_rule.write", "warning_rule", &rule.id).detail(json!({
                "name": rule.name, "active": rule.active, "window_minutes": rule.window_minutes,
                "least": rule.least, "one_in": rule.one_in, "words": rule.words, "unit_id": rule.unit_id,
            })),
        );
        Ok(tx.commit().await?)
    }

    /// Deletes a list of words. Other rules are switched off instead.
    ///
    /// # Errors
    /// [`InsightError::NotFound`].
    pub async fn drop_warning_rule(&self, ctx: &Ctx, id: &str) -> Result<(), InsightError> {
        let mut tx = self.kit().db.begin().await?;
        let gone = sqlx::query("delete from insight_warning_rule where id = $1 and kind = 'words'")
            .bind(id)
            .execute(tx.conn())
            .await?;
        if gone.rows_affected() == 0 {
            return Err(InsightError::NotFound);
        }
        tx.audit(ctx, Audit::new("warning_rule.drop", "warning_rule", id));
        Ok(tx.commit().await?)
    }
}
