//! Rows of `cases_flow_draft`: drawings that are worked on.

use kernel::{Audit, Ctx};
use serde_json::json;
use sqlx::FromRow;

use super::flow::{Publication, insert_version};
use crate::Cases;
use crate::design::{self, XML_MAX};
use crate::error::{CaseError, Check, TEXT_MAX};

/// A draft.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `cases_flow_draft` under their own names")]
pub struct FlowDraft {
    pub id: String,
    pub name: String,
    pub title: String,
    pub xml: String,
    pub base_id: Option<String>,
    pub version: i64,
    pub updated_at: i64,
    pub updated_by: String,
}

const SELECT: &str =
    "select id, name, title, xml, base_id, version, updated_at, updated_by from cases_flow_draft";

fn check_drawing(title: &str, xml: &str) -> Result<(), CaseError> {
    let mut check = Check::default();
    check.text("title", title, 60);
    if xml.trim().is_empty() || xml.len() > XML_MAX {
        check.refuse(
            "xml",
            "size",
            format!("流程图不能为空，最大{}KB。", XML_MAX / 1000),
            format!("A drawing is not empty and has at most {} kB.", XML_MAX / 1000),
        );
    }
    check.done()
}

impl Cases {
    /// Lists the drafts, the latest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn flow_drafts(&self) -> Result<Vec<FlowDraft>, CaseError> {
        let sql = format!("{SELECT} order by updated_at desc, id limit 200");
        Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(self.kit().db.reader()).await?)
    }

    /// Reads a draft.
    ///
    /// # Errors
    /// [`CaseError::NotFound`].
    pub async fn flow_draft(&self, id: &str) -> Result<FlowDraft, CaseError> {
        let sql = format!("{SELECT} where id = $1");
        sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(id)
            .fetch_optional(self.kit().db.reader())
            .await?
            .ok_or(CaseError::NotFound)
    }

    /// Begins a draft of a flow. There is one at a time, so that two people do not publish over each other.
    ///
    /// # Errors
    /// [`CaseError::DraftExists`]; [`CaseError::Invalid`] field by field.
    pub async fn begin_flow_draft(
        &self,
        ctx: &Ctx,
        name: &str,
        title: &str,
        xml: &str,
        base_id: Option<&str>,
    ) -> Result<FlowDraft, CaseError> {
        design::check_name(name)?;
        check_drawing(title, xml)?;
        let mut tx = self.kit().db.begin().await?;
        let known: Option<String> = sqlx::query_scalar("select id from cases_flow_draft where name = $1")
            .bind(name)
            .fetch_optional(tx.conn())
            .await?;
        if let Some(id) = known {
            return Err(CaseError::DraftExists { id });
        }
        let id = kernel::id::new_id();
        sqlx::query(
            "insert into cases_flow_draft (id, name, title, xml, base_id, version, updated_at, updated_by) \
             values ($1, $2, $3, $4, $5, 1, $6, $7)",
        )
        .bind(&id)
        .bind(name)
        .bind(title.trim())
        .bind(xml)
        .bind(base_id)
        .bind(ctx.now.0)
        .bind(&ctx.actor.name)
        .execute(tx.conn())
        .await?;
        tx.audit(ctx, Audit::new("flow.draft", "flow_draft", &id).detail(json!({"name": name})));
        tx.commit().await?;
        self.flow_draft(&id).await
    }

    /// Keeps what was drawn. Faults do not matter yet.
    ///
    /// # Errors
    /// [`CaseError::Stale`] when somebody else saved first.
    pub async fn save_flow_draft(
        &self,
        ctx: &Ctx,
        id: &str,
        version: i64,
        title: &str,
        xml: &str,
    ) -> Result<FlowDraft, CaseError> {
        check_drawing(title, xml)?;
        let current = self.flow_draft(id).await?.version;
        let mut tx = self.kit().db.begin().await?;
        let saved = sqlx::query(
            "update cases_flow_draft set title = $3, xml = $4, version = version + 1, updated_at = $5, updated_by = $6 \
             where id = $1 and version = $2",
        )
        .bind(id)
        .bind(version)
        .bind(title.trim())
        .bind(xml)
        .bind(ctx.now.0)
        .bind(&ctx.actor.name)
        .execute(tx.conn())
        .await?;
        if saved.rows_affected() == 0 {
            return Err(CaseError::Stale { current });
        }
        tx.commit().await?;
        self.flow_draft(id).await
    }

    /// Throws a draft away.
    ///
    /// # Errors
    /// [`CaseError::NotFound`].
    pub async fn drop_flow_draft(&self, ctx: &Ctx, id: &str) -> Result<(), CaseError> {
        let mut tx = self.kit().db.begin().await?;
        let gone =
            sqlx::query("delete from cases_flow_draft where id = $1").bind(id).execute(tx.conn()).await?;
        if gone.rows_affected() == 0 {
            return Err(CaseError::NotFound);
        }
        tx.audit(ctx, Audit::new("flow.drop_draft", "flow_draft", id));
        Ok(tx.commit().await?)
    }

    /// Publishes a draft as the next version and ends it. Returns the version's id.
    ///
    /// # Errors
    /// [`CaseError::Drawing`] with every fault; [`CaseError::Stale`] when somebody else saved meanwhile.
    pub async fn publish_flow_draft(
        &self,
        ctx: &Ctx,
        id: &str,
        version: i64,
        note: &str,
    ) -> Result<String, CaseError> {
        let mut check = Check::default();
        check.optional("note", note, TEXT_MAX);
        check.done()?;
        let draft = self.flow_draft(id).await?;
        if draft.version != version {
            return Err(CaseError::Stale { current: draft.version });
        }
        let faults = design::faults(&draft.xml);
        if !faults.is_empty() {
            return Err(CaseError::Drawing(faults));
        }
        let mut tx = self.kit().db.begin().await?;
        let gone = sqlx::query("delete from cases_flow_draft where id = $1 and version = $2")
            .bind(id)
            .bind(version)
            .execute(tx.conn())
            .await?;
        if gone.rows_affected() == 0 {
            return Err(CaseError::Stale { current: version });
        }
        let publication = Publication { name: &draft.name, xml: &draft.xml, note: note.trim() };
        let flow_id = insert_version(&mut tx, ctx, &publication).await?;
        tx.commit().await?;
        self.reload_flows().await?;
        Ok(flow_id)
    }
}
