//! Rows of `knowledge_class` and `knowledge_stage`: regions, businesses, and how many stages a region's review has.

use std::collections::HashMap;

use kernel::db::Statement;
use kernel::{Audit, Ctx};
use serde_json::json;
use sqlx::FromRow;

use crate::Knowledge;
use crate::error::{KnowledgeError, Refusal};
use crate::region;

/// Classes of one kind.
const CLASSES_MAX: i64 = 5_000;
/// Stages that a review may have.
const STAGES_MAX: i64 = 5;

/// A region or a business.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `knowledge_class` under their own names")]
pub struct ClassRow {
    pub kind: String,
    pub code: String,
    pub parent_code: Option<String>,
    pub name: String,
    pub sort: i64,
    pub active: i64,
    pub version: i64,
}

/// A region with stages of its own.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `knowledge_stage` under their own names")]
pub struct StageRow {
    pub region: String,
    pub stages: i64,
    pub version: i64,
}

/// Returns how many stages a text of a region goes through: what the region says, or the nearest one above it.
#[must_use]
pub fn stages_for(rules: &[StageRow], code: &str) -> i64 {
    region::with_parents(code)
        .iter()
        .find_map(|code| rules.iter().find(|rule| rule.region == *code))
        .map_or(1, |rule| rule.stages.clamp(1, STAGES_MAX))
}

impl Knowledge {
    /// Lists all regions and businesses.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn classes(&self) -> Result<Vec<ClassRow>, KnowledgeError> {
        Ok(sqlx::query_as(
            "select kind, code, parent_code, name, sort, active, version from knowledge_class \
             order by kind, sort, code limit 10000",
        )
        .fetch_all(self.kit().db.reader())
        .await?)
    }

    /// Sets a region or a business; a region's parent follows from its code.
    ///
    /// # Errors
    /// When a field is wrong, somebody was faster, or it is put away while entries use it.
    pub async fn put_class(&self, ctx: &Ctx, class: &ClassRow) -> Result<(), KnowledgeError> {
        let mut wrong = Vec::new();
        let is_region = class.kind == "region";
        if !matches!(class.kind.as_str(), "region" | "business") {
            return Err(KnowledgeError::NotFound);
        }
        let coded = class.code.len() <= 20
            && !class.code.is_empty()
            && class.code.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        if !coded || (is_region && !region::is_code(&class.code)) {
            wrong.push(Refusal::unknown("code"));
        }
        if class.name.trim().is_empty() {
            wrong.push(Refusal::required("name"));
        }
        if class.name.chars().count() > 60 {
            wrong.push(Refusal::too_long("name", 60));
        }
        let parent = if is_region { region::parent(&class.code) } else { class.parent_code.clone() };
        if !is_region && let Some(parent) = &parent {
            let above = self.lineage(parent).await?;
            if above.is_empty() || above.contains(&class.code) {
                wrong.push(Refusal::unknown("parent_code"));
            }
        }
        if !wrong.is_empty() {
            return Err(KnowledgeError::Invalid(wrong));
        }
        let mut tx = self.kit().db.begin().await?;
        let known: Option<(i64,)> =
            sqlx::query_as("select version from knowledge_class where kind = $1 and code = $2")
                .bind(&class.kind)
                .bind(&class.code)
                .fetch_optional(tx.conn())
                .await?;
        let current = known.map_or(0, |(version,)| version);
        if current != class.version {
            return Err(KnowledgeError::Stale { current });
        }
        if current == 0 {
            let (count,): (i64,) = sqlx::query_as("select count(*) from knowledge_class where kind = $1")
                .bind(&class.kind)
                .fetch_one(tx.conn())
                .await?;
            if count >= CLASSES_MAX {
                return Err(KnowledgeError::Invalid(vec![Refusal::too_many("code", CLASSES_MAX as usize)]));
            }
        }
        if class.active == 0 {
            let mut used = Statement::new("select count(*) from (select 1 from knowledge_entry e where ");
            used.push(if is_region { "e.region = " } else { "e.business = " }).bind(&class.code);
            used.push(" limit 1) as used");
            let (count,): (i64,) = used.query_as().fetch_one(tx.conn()).await?;
            if count > 0 {
                return Err(KnowledgeError::Wrong("in_use"));
            }
        }
        sqlx::query(
            "insert into knowledge_class (kind, code, parent_code, name, sort, active, version) \
             values ($1, $2, $3, $4, $5, $6, 1) on conflict (kind, code) do update set \
             parent_code = excluded.parent_code, name = excluded.name, sort = excluded.sort, \
             active = excluded.active, version = knowledge_class.version + 1",
        )
        .bind(&class.kind)
        .bind(&class.code)
        .bind(parent)
        .bind(class.name.trim())
        .bind(class.sort)
        .bind(class.active)
        .execute(tx.conn())
        .await?;
        tx.audit(
            ctx,
            Audit::new("knowledge.set_class", "knowledge_class", format!("{}/{}", class.kind, class.code))
                .detail(json!({ "name": class.name, "active": class.active != 0 })),
        );
        Ok(tx.commit().await?)
    }

    pub(crate) async fn has_class(&self, kind: &str, code: &str) -> Result<bool, KnowledgeError> {
        let (count,): (i64,) = sqlx::query_as(
            "select count(*) from knowledge_class where kind = $1 and code = $2 and active = 1",
        )
        .bind(kind)
        .bind(code)
        .fetch_one(self.kit().db.reader())
        .await?;
        Ok(count > 0)
    }

    /// Returns the code of a business and all above it; nothing when it does not exist.
    async fn lineage(&self, code: &str) -> Result<Vec<String>, KnowledgeError> {
        Ok(lineage(&self.business_parents().await?, code))
    }

    pub(crate) async fn business_parents(&self) -> Result<HashMap<String, Option<String>>, KnowledgeError> {
        let rows: Vec<(String, Option<String>)> =
            sqlx::query_as("select code, parent_code from knowledge_class where kind = 'business'")
                .fetch_all(self.kit().db.reader())
                .await?;
        Ok(rows.into_iter().collect())
    }

    /// Returns the code of a business and of all below it.
    pub(crate) async fn businesses_under(&self, code: &str) -> Result<Vec<String>, KnowledgeError> {
        let parents = self.business_parents().await?;
        let mut under: Vec<String> = parents
            .keys()
            .filter(|one| lineage(&parents, one).iter().any(|above| above == code))
            .cloned()
            .collect();
        under.sort_unstable();
        Ok(under)
    }

    pub(crate) async fn stage_counts(&self) -> Result<Vec<StageRow>, KnowledgeError> {
        Ok(sqlx::query_as("select region, stages, version from knowledge_stage order by region")
            .fetch_all(self.kit().db.reader())
            .await?)
    }

    /// Lists how many stages regions ask for.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn stages(&self) -> Result<Vec<StageRow>, KnowledgeError> {
        self.stage_counts().await
    }

    /// Sets how many stages a region's review has; reviews that run keep theirs.
    ///
    /// # Errors
    /// When the region does not exist, the number is impossible, or somebody was faster.
    pub async fn put_stages(&self, ctx: &Ctx, rule: &StageRow) -> Result<(), KnowledgeError> {
        if !self.has_class("region", &rule.region).await? {
            return Err(KnowledgeError::NotFound);
        }
        if !(1..=STAGES_MAX).contains(&rule.stages) {
            return Err(KnowledgeError::Invalid(vec![Refusal::too_many("stages", STAGES_MAX as usize)]));
        }
        let mut tx = self.kit().db.begin().await?;
        let known: Option<(i64,)> = sqlx::query_as("select version from knowledge_stage where region = $1")
            .bind(&rule.region)
            .fetch_optional(tx.conn())
            .await?;
        let current = known.map_or(0, |(version,)| version);
        if current != rule.version {
            return Err(KnowledgeError::Stale { current });
        }
        sqlx::query(
            "insert into knowledge_stage (region, stages, version) values ($1, $2, 1) on conflict (region) \
             do update set stages = excluded.stages, version = knowledge_stage.version + 1",
        )
        .bind(&rule.region)
        .bind(rule.stages)
        .execute(tx.conn())
        .await?;
        tx.audit(
            ctx,
            Audit::new("knowledge.set_stages", "knowledge_stage", &rule.region)
                .detail(json!({ "stages": rule.stages })),
        );
        Ok(tx.commit().await?)
    }
}

/// Returns a code and all above it; a ring, which nobody can make on screen, ends where it begins.
pub(crate) fn lineage(parents: &HashMap<String, Option<String>>, code: &str) -> Vec<String> {
    let mut line: Vec<String> = Vec::new();
    let mut at = Some(code.to_owned());
    while let Some(code) = at.filter(|code| parents.contains_key(code) && !line.contains(code)) {
        at = parents.get(&code).cloned().flatten();
        line.push(code);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_region_above_says_how_many_stages() {
        let rule = |region: &str, stages| StageRow { region: region.to_owned(), stages, version: 1 };
        let rules = [rule("000000", 3), rule("990100", 2)];
        assert_eq!(stages_for(&rules, "990102"), 2);
        assert_eq!(stages_for(&rules, "990000"), 3);
        assert_eq!(stages_for(&[], "990102"), 1);
    }

    #[test]
    fn a_ring_of_businesses_ends() {
        let parents = [("a".to_owned(), Some("b".to_owned())), ("b".to_owned(), Some("a".to_owned()))].into();
        assert_eq!(lineage(&parents, "a"), ["a", "b"]);
        assert!(lineage(&parents, "c").is_empty());
    }
}
