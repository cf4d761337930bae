//! Rows of `cases_form`: published versions of forms, and those that are kept in memory.

use std::collections::HashMap;
use std::sync::Arc;

use contract::cases::FormPublished;
use forms::{Difference, Form, ScriptError};
use kernel::{Audit, Ctx, Tx};
use serde_json::json;
use sqlx::FromRow;

use crate::Cases;
use crate::case::order_type::OrderType;
use crate::design;
use crate::error::CaseError;

/// A published form without its fields.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `cases_form` under their own names")]
pub struct FormLine {
    pub id: String,
    pub name: String,
    pub version: i64,
    pub title_zh: String,
    pub title_en: String,
    pub active: i64,
    pub note: String,
    pub published_at: i64,
    pub published_by: String,
    pub fault: Option<String>,
    pub fault_at: Option<i64>,
    /// So many orders were filled in with it.
    pub orders: i64,
}

/// A published form.
#[derive(Debug)]
pub struct FormVersion {
    /// Its id, as stored with every order that was filled in with it.
    pub id: String,
    /// The name by which versions belong together.
    pub name: String,
    /// Its number.
    pub version: i64,
    /// The checked form.
    pub form: Form,
}

/// Forms and order types that are kept in memory.
#[derive(Default)]
pub(crate) struct Shelf {
    by_id: HashMap<String, Arc<FormVersion>>,
    active: HashMap<String, Arc<FormVersion>>,
    pub(super) types: Arc<Vec<OrderType>>,
}

impl Shelf {
    pub(crate) fn active(&self, name: &str) -> Option<Arc<FormVersion>> {
        self.active.get(name).cloned()
    }

    pub(crate) fn by_id(&self, id: &str) -> Option<Arc<FormVersion>> {
        self.by_id.get(id).cloned()
    }

    pub(crate) fn order_type(&self, id: &str) -> Option<OrderType> {
        self.types.iter().find(|one| one.id == id).cloned()
    }
}

const LINE: &str = "select f.id, f.name, f.version, f.title_zh, f.title_en, f.active, f.note, f.published_at, \
    f.published_by, f.fault, f.fault_at, \
    (select count(*) from cases_form_answer a where a.form_id = f.id) as orders from cases_form f";

impl Cases {
    /// Publishes a form: new orders are filled in with it, earlier ones keep theirs. The same form is not
    /// published twice. Returns its id.
    ///
    /// # Errors
    /// [`CaseError::FormFaults`] with everything that is wrong with it.
    pub async fn publish_form(
        &self,
        ctx: &Ctx,
        name: &str,
        schema: &str,
        note: &str,
    ) -> Result<String, CaseError> {
        design::check_name(name)?;
        let form = self.publishable(schema).await?;
        let mut tx = self.kit().db.begin().await?;
        let id = insert_version(&mut tx, ctx, name, &form, note).await?;
        tx.commit().await?;
        self.reload_forms().await?;
        Ok(id)
    }

    /// Reads a form that is to be published: its script has to come to an end too.
    pub(crate) async fn publishable(&self, schema: &str) -> Result<Form, CaseError> {
        let form = Form::parse(schema).map_err(CaseError::FormFaults)?;
        let reader = forms::Reader { node: forms::access::CREATE, today: "2026-01-01", ..Default::default() };
        match self.run_script(&form, &reader, form.defaults()).await? {
            Err(error)
                if matches!(
                    error.code,
                    "script.syntax" | "script.time" | "script.memory" | "script.depth"
                ) =>
            {
                Err(CaseError::FormFaults(vec![forms::Fault {
                    field: "script".to_owned(),
                    code: error.code,
                    zh: error.zh,
                    en: error.en,
                }]))
            }
            _ => Ok(form),
        }
    }

    /// Reads again which forms and order types there are.
    pub(crate) async fn reload_forms(&self) -> Result<(), CaseError> {
        let rows: Vec<(String, String, i64, String)> =
            sqlx::query_as("select id, name, version, form from cases_form where active = 1 order by name")
                .fetch_all(self.kit().db.reader())
                .await?;
        let types = self.read_order_types().await?;
        let mut active = HashMap::new();
        for (id, name, version, schema) in rows {
            let kept = self.shelf().by_id(&id);
            let form = match kept {
                Some(kept) => kept,
                None => Arc::new(read(id, name.clone(), version, &schema)?),
            };
            active.insert(name, form);
        }
        let mut shelf = self.shelf_mut();
        for form in active.values() {
            shelf.by_id.insert(form.id.clone(), form.clone());
        }
        shelf.active = active;
        shelf.types = Arc::new(types);
        Ok(())
    }

    /// Returns the form in force of a name.
    pub(crate) fn active_form(&self, name: &str) -> Option<Arc<FormVersion>> {
        self.shelf().active(name)
    }

    /// Returns a version of a form, read once in the life of the process.
    ///
    /// # Errors
    /// [`CaseError::NotFound`].
    pub async fn form(&self, id: &str) -> Result<Arc<FormVersion>, CaseError> {
        if let Some(form) = self.shelf().by_id(id) {
            return Ok(form);
        }
        let row: Option<(String, i64, String)> =
            sqlx::query_as("select name, version, form from cases_form where id = $1")
                .bind(id)
                .fetch_optional(self.kit().db.reader())
                .await?;
        let (name, version, schema) = row.ok_or(CaseError::NotFound)?;
        let form = Arc::new(read(id.to_owned(), name, version, &schema)?);
        self.shelf_mut().by_id.insert(id.to_owned(), form.clone());
        Ok(form)
    }

    /// Lists published forms, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn form_lines(&self) -> Result<Vec<FormLine>, CaseError> {
        let sql = format!("{LINE} order by f.published_at desc, f.name, f.version desc limit 500");
        Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(self.kit().db.reader()).await?)
    }

    /// Reads what is known of a published form.
    ///
    /// # Errors
    /// [`CaseError::NotFound`].
    pub async fn form_line(&self, id: &str) -> Result<FormLine, CaseError> {
        let sql = format!("{LINE} where f.id = $1");
        sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(id)
            .fetch_optional(self.kit().db.reader())
            .await?
            .ok_or(CaseError::NotFound)
    }

    /// Compares two versions of forms, or a version with a draft.
    ///
    /// # Errors
    /// [`CaseError::NotFound`]; [`CaseError::FormFaults`] for a draft that cannot be read yet.
    pub async fn compare_forms(&self, old: &str, new: &str) -> Result<Vec<Difference>, CaseError> {
        let (old, new) = (self.version_or_draft(old).await?, self.version_or_draft(new).await?);
        Ok(forms::compare::compare(&old, &new))
    }

    async fn version_or_draft(&self, id: &str) -> Result<Form, CaseError> {
        match self.form(id).await {
            Ok(version) => Ok(version.form.clone()),
            Err(CaseError::NotFound) => {
                Form::parse(&self.form_draft(id).await?.form).map_err(CaseError::FormFaults)
            }
            Err(error) => Err(error),
        }
    }

    /// Keeps how a published form's script failed, so that its author sees it.
    pub(crate) async fn note_script_fault(&self, ctx: &Ctx, form_id: &str, error: &ScriptError) {
        tracing::warn!(
            form_id,
            code = error.code,
            "the script of a form failed; the order went on without it"
        );
        let text: String = format!("{}\n{}", error.zh, error.en).chars().take(1000).collect();
        let noted = async {
            let mut tx = self.kit().db.begin().await?;
            sqlx::query("update cases_form set fault = $2, fault_at = $3 where id = $1")
                .bind(form_id)
                .bind(&text)
                .bind(ctx.now.0)
                .execute(tx.conn())
                .await?;
            tx.commit().await
        };
        if let Err(error) = noted.await {
            tracing::warn!(%error, "the fault of a form's script could not be kept");
        }
    }
}

fn read(id: String, name: String, version: i64, schema: &str) -> Result<FormVersion, CaseError> {
    let form = Form::parse(schema)
        .map_err(|faults| CaseError::Stored { what: "form", reason: format!("{:?}", faults.first()) })?;
    Ok(FormVersion { id, name, version, form })
}

/// Writes a version and puts it in force.
pub(super) async fn insert_version(
    tx: &mut Tx,
    ctx: &Ctx,
    name: &str,
    form: &Form,
    note: &str,
) -> Result<String, CaseError> {
    let schema = form.to_json();
    let digest = kernel::crypto::sha256_hex(schema.as_bytes());
    let newest: Option<(String, String, i64)> = sqlx::query_as(
        "select id, digest, version from cases_form where name = $1 order by version desc limit 1",
    )
    .bind(name)
    .fetch_optional(tx.conn())
    .await?;
    if let Some((id, known, _)) = &newest
        && *known == digest
    {
        return Ok(id.clone());
    }
    let version = newest.map_or(0, |newest| newest.2) + 1;
    let id = kernel::id::new_id();
    let title = &form.schema().title;
    sqlx::query("update cases_form set active = 0 where name = $1").bind(name).execute(tx.conn()).await?;
    sqlx::query(
        "insert into cases_form (id, name, version, digest, title_zh, title_en, form, active, note, published_at, \
         published_by) values ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9, $10)",
    )
    .bind(&id)
    .bind(name)
    .bind(version)
    .bind(digest)
    .bind(&title.zh)
    .bind(&title.en)
    .bind(schema)
    .bind(note)
    .bind(ctx.now.0)
    .bind(&ctx.actor.name)
    .execute(tx.conn())
    .await?;
    tx.emit(ctx, &FormPublished { form_id: id.clone(), name: name.to_owned(), version });
    let detail = json!({ "name": name, "version": version, "note": note });
    tx.audit(ctx, Audit::new("form.publish", "form", &id).detail(detail));
    Ok(id)
}
