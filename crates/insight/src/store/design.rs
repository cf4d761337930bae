//! Rows of `insight_design`: reports that people have put together, for themselves or for everybody.

use kernel::{Audit, Ctx, Principal};
use sqlx::FromRow;

use crate::Insight;
use crate::error::InsightError;

/// So many one person may keep.
const MOST: i64 = 200;
/// The longest name and the longest question.
const NAME_MAX: usize = 40;
const QUERY_MAX: usize = 4_000;

/// A report that somebody has put together.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `insight_design` under their own names")]
pub struct Design {
    pub id: String,
    pub owner_id: String,
    pub owner_name: String,
    /// The report of the catalogue that it begins with.
    pub report: String,
    pub name: String,
    /// The part of the page's address after the question mark.
    pub query: String,
    pub shared: i64,
}

impl Insight {
    /// Returns a person's own designs and those that others share.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn designs(&self, by: &Principal) -> Result<Vec<Design>, InsightError> {
        Ok(sqlx::query_as(
            "select id, owner_id, owner_name, report, name, query, shared from insight_design \
             where owner_id = $1 or shared = 1 \
             order by case when owner_id = $2 then 0 else 1 end, name, id limit 500",
        )
        .bind(&by.person_id)
        .bind(&by.person_id)
        .fetch_all(self.kit().db.reader())
        .await?)
    }

    /// Keeps a design; one's own of the same name is replaced. Returns its id.
    ///
    /// # Errors
    /// For a bad name, an unknown report, or too many.
    pub async fn keep_design(
        &self,
        ctx: &Ctx,
        by: &Principal,
        report: &str,
        name: &str,
        query: &str,
        shared: bool,
    ) -> Result<String, InsightError> {
        let name = name.trim();
        if name.is_empty() || name.chars().count() > NAME_MAX {
            return Err(InsightError::question(
                "name",
                "名称为 1 到 40 个字。",
                "A name of 1 to 40 characters is needed.",
            ));
        }
        if query.chars().count() > QUERY_MAX || crate::report::catalogue::find(report).is_none() {
            return Err(InsightError::question(
                "query",
                "报表设置无效。",
                "The report's settings are not valid.",
            ));
        }
        let mut tx = self.kit().db.begin().await?;
        sqlx::query("delete from insight_design where owner_id = $1 and name = $2")
            .bind(&by.person_id)
            .bind(name)
            .execute(tx.conn())
            .await?;
        let (kept,): (i64,) = sqlx::query_as("select count(*) from insight_design where owner_id = $1")
            .bind(&by.person_id)
            .fetch_one(tx.conn())
            .await?;
        if kept >= MOST {
            return Err(InsightError::question(
                "name",
                "最多保存 200 张报表。",
                "At most 200 reports can be kept.",
            ));
        }
        let id = kernel::id::new_id();
        sqlx::query(
            "insert into insight_design (id, owner_id, owner_name, report, name, query, shared, version, made_at) \
             values ($1, $2, $3, $4, $5, $6, $7, 1, $8)",
        )
        .bind(&id)
        .bind(&by.person_id)
        .bind(&by.name)
        .bind(report)
        .bind(name)
        .bind(query)
        .bind(i64::from(shared))
        .bind(ctx.now.0)
        .execute(tx.conn())
        .await?;
        if shared {
            tx.audit(ctx, Audit::new("report.share", "report_design", &id));
        }
        tx.commit().await?;
        Ok(id)
    }

    /// Forgets a design of one's own.
    ///
    /// # Errors
    /// [`InsightError::NotFound`] for anybody else's.
    pub async fn forget_design(&self, by: &Principal, id: &str) -> Result<(), InsightError> {
        let mut tx = self.kit().db.begin().await?;
        let gone = sqlx::query("delete from insight_design where id = $1 and owner_id = $2")
            .bind(id)
            .bind(&by.person_id)
            .execute(tx.conn())
            .await?;
        if gone.rows_affected() == 0 {
            return Err(InsightError::NotFound);
        }
        Ok(tx.commit().await?)
    }
}
