//! Rows of `cases_form_draft`: forms that are worked on.

use forms::schema::SCHEMA_MAX;
use kernel::{Audit, Ctx};
use serde_json::json;
use sqlx::FromRow;

use super::form::insert_version;
use crate::Cases;
use crate::design;
use crate::error::{CaseError, Check, TEXT_MAX};

/// A draft.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `cases_form_draft` under their own names")]
pub struct FormDraft {
    pub id: String,
    pub name: String,
    pub title: String,
    pub form: String,
    pub base_id: Option<String>,
    pub version: i64,
    pub updated_at: i64,
    pub updated_by: String,
}

const SELECT: &str =
    "select id, name, title, form, base_id, version, updated_at, updated_by from cases_form_draft";

fn check_draft(title: &str, form: &str) -> Result<(), CaseError> {
    let mut check = Check::default();
    check.text("title", title, 60);
    let object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(form).is_ok();
    if !object || form.len() > SCHEMA_MAX {
        check.refuse(
            "form",
            "malformed",
            format!("表单定义须为JSON对象，最大{}KB。", SCHEMA_MAX / 1024),
            format!("A form is a JSON object of at most {} kB.", SCHEMA_MAX / 1024),
        );
    }
    check.done()
}

impl Cases {
    /// Lists the drafts, the latest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn form_drafts(&self) -> Result<Vec<FormDraft>, CaseError> {
        let sql = format!("{SELECT} order by updated_at desc, id limit 200");
        Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(self.kit().db.reader()).await?)
    }

    /// Reads a draft.
    ///
    /// # Errors
    /// [`CaseError::NotFound`].
    pub async fn form_draft(&self, id: &str) -> Result<FormDraft, CaseError> {
        let sql = format!("{SELECT} where id = $1");
        sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(id)
            .fetch_optional(self.kit().db.reader())
            .await?
            .ok_or(CaseError::NotFound)
    }

    /// Begins a draft of a form. There is one at a time, so that two people do not publish over each other.
    ///
    /// # Errors
    /// [`CaseError::FormDraftExists`]; [`CaseError::Invalid`] field by field.
    pub async fn begin_form_draft(
        &self,
        ctx: &Ctx,
        name: &str,
        title: &str,
        form: &str,
        base_id: Option<&str>,
    ) -> Result<FormDraft, CaseError> {
        design::check_name(name)?;
        check_draft(title, form)?;
        let id = kernel::id::new_id();
        let mut tx = self.kit().db.begin().await?;
        let begun = sqlx::query(
            "insert into cases_form_draft (id, name, title, form, base_id, version, updated_at, updated_by) \
             values ($1, $2, $3, $4, $5, 1, $6, $7) on conflict (name) do nothing",
        )
        .bind(&id)
        .bind(name)
        .bind(title.trim())
        .bind(form)
        .bind(base_id)
        .bind(ctx.now.0)
        .bind(&ctx.actor.name)
        .execute(tx.conn())
        .await?;
        if begun.rows_affected() == 0 {
            let id = sqlx::query_scalar("select id from cases_form_draft where name = $1")
                .bind(name)
                .fetch_one(tx.conn())
                .await?;
            return Err(CaseError::FormDraftExists { id });
        }
        tx.audit(ctx, Audit::new("form.draft", "form_draft", &id).detail(json!({ "name": name })));
        tx.commit().await?;
        self.form_draft(&id).await
    }

    /// Keeps what was designed. Faults do not matter yet.
    ///
    /// # Errors
    /// [`CaseError::Stale`] when somebody else saved first.
    pub async fn save_form_draft(
        &self,
        ctx: &Ctx,
        id: &str,
        version: i64,
        title: &str,
        form: &str,
    ) -> Result<FormDraft, CaseError> {
        check_draft(title, form)?;
        let current = self.form_draft(id).await?.version;
        let mut tx = self.kit().db.begin().await?;
        let saved = sqlx::query(
            "update cases_form_draft set title = $3, form = $4, version = version + 1, updated_at = $5, \
             updated_by = $6 where id = $1 and version = $2",
        )
        .bind(id)
        .bind(version)
        .bind(title.trim())
        .bind(form)
        .bind(ctx.now.0)
        .bind(&ctx.actor.name)
        .execute(tx.conn())
        .await?;
        if saved.rows_affected() == 0 {
            return Err(CaseError::Stale { current });
        }
        tx.commit().await?;
        self.form_draft(id).await
    }

    /// Throws a draft away.
    ///
    /// # Errors
    /// [`CaseError::NotFound`].
    pub async fn drop_form_draft(&self, ctx: &Ctx, id: &str) -> Result<(), CaseError> {
        let mut tx = self.kit().db.begin().await?;
        let gone =
            sqlx::query("delete from cases_form_draft where id = $1").bind(id).execute(tx.conn()).await?;
        if gone.rows_affected() == 0 {
            return Err(CaseError::NotFound);
        }
        tx.audit(ctx, Audit::new("form.drop_draft", "form_draft", id));
        Ok(tx.commit().await?)
    }

    /// Publishes a draft as the next version and ends it. Returns the version's id.
    ///
    /// # Errors
    /// [`CaseError::FormFaults`] with everything that is wrong; [`CaseError::Stale`] when somebody else saved
    /// meanwhile.
    pub async fn publish_form_draft(
        &self,
        ctx: &Ctx,
        id: &str,
        version: i64,
        note: &str,
    ) -> Result<String, CaseError> {
        let mut check = Check::default();
        check.optional("note", note, TEXT_MAX);
        check.done()?;
        let draft = self.form_draft(id).await?;
        if draft.version != version {
            return Err(CaseError::Stale { current: draft.version });
        }
        let form = self.publishable(&draft.form).await?;
        let mut tx = self.kit().db.begin().await?;
        let gone = sqlx::query("delete from cases_form_draft where id = $1 and version = $2")
            .bind(id)
            .bind(version)
            .execute(tx.conn())
            .await?;
        if gone.rows_affected() == 0 {
            return Err(CaseError::Stale { current: version });
        }
        let form_id = insert_version(&mut tx, ctx, &draft.name, &form, note.trim()).await?;
        tx.commit().await?;
        self.reload_forms().await?;
        Ok(form_id)
    }
}
