//! Rows of `cases_template`, and the documents that are made from them.

use std::collections::HashMap;
use std::io::{Cursor, Write as _};
use std::sync::Arc;

use contract::cases::CaseId;
use kernel::{Audit, Ctx, Principal, Timestamp};
use serde_json::{Value, json};
use sqlx::FromRow;
use tokio::io::AsyncReadExt as _;

use super::attachment;
use super::run::{Outcome, Progress, RunFile};
use crate::Cases;
use crate::document::{Fault, Picture, Template, TemplateKind, fields};
use crate::error::{CaseError, Check};

/// What documents are for.
pub const PURPOSES: [&str; 5] = ["entrustment", "transfer", "supervision", "reply", "other"];
/// So many templates there are at most.
const TEMPLATES_MAX: i64 = 200;
/// A batch has so many orders at most.
pub const BATCH_MAX: usize = 500;
/// Pictures of one document, and their bytes.
const PICTURES_MAX: usize = 12;
const PICTURE_BYTES_MAX: i64 = 8 * 1024 * 1024;
/// A batch's file is so large at most, in bytes.
const BATCH_BYTES_MAX: usize = 200 * 1024 * 1024;

/// The templates of the first day.
const SHIPPED: [(&str, &str, &[u8]); 4] = [
    ("entrustment", "交办函", include_bytes!("../../templates/entrustment.docx")),
    ("transfer", "办理转送单", include_bytes!("../../templates/transfer.docx")),
    ("supervision", "督办函", include_bytes!("../../templates/supervision.docx")),
    ("reply", "答复函", include_bytes!("../../templates/reply.docx")),
];

/// A template as it is stored.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `cases_template` under their own names")]
pub struct TemplateRow {
    pub id: String,
    pub name: String,
    /// One of [`PURPOSES`].
    pub purpose: String,
    /// `docx` or `xlsx`.
    pub kind: String,
    pub blob: String,
    pub active: i64,
    pub version: i64,
    pub updated_at: i64,
    pub updated_by: String,
}

const SELECT: &str =
    "select id, name, purpose, kind, blob, active, version, updated_at, updated_by from cases_template ";

/// What an administrator says of a template.
#[derive(Clone, Debug, Default)]
pub struct TemplateWish {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub purpose: String,
    /// Whether it is offered.
    pub active: bool,
}

impl TemplateWish {
    fn check(&self) -> Result<(), CaseError> {
        let mut check = Check::default();
        check.text("name", &self.name, 60);
        if !PURPOSES.contains(&self.purpose.as_str()) {
            check.refuse("purpose", "unknown", "请选择用途。", "Please choose what it is for.");
        }
        check.done()
    }
}

/// A finished document.
#[derive(Clone, Debug)]
pub struct Made {
    /// What it is.
    pub kind: TemplateKind,
    /// What it is called.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

fn read(bytes: &[u8]) -> Result<Template, CaseError> {
    let template = Template::read(bytes).map_err(|fault| CaseError::Template(vec![fault]))?;
    let faults = template.faults(&fields::sample());
    if faults.is_empty() { Ok(template) } else { Err(CaseError::Template(faults)) }
}

async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, CaseError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| CaseError::Port(error.into()))
}

impl Cases {
    /// Puts the shipped templates in place where they are not yet.
    pub(crate) async fn ship_templates(&self, ctx: &Ctx) -> Result<(), CaseError> {
        for (code, name, bytes) in SHIPPED {
            let known: Option<(String,)> = sqlx::query_as("select id from cases_template where shipped = $1")
                .bind(code)
                .fetch_optional(self.kit().db.reader())
                .await?;
            if known.is_some() {
                continue;
            }
            let blob = self.keep_bytes(ctx.now, bytes).await?;
            let mut tx = self.kit().db.begin().await?;
            let written = sqlx::query(
                "insert into cases_template (id, name, purpose, kind, blob, digest, shipped, active, version, \
                 updated_at, updated_by) values ($1, $2, $3, 'docx', $4, $5, $6, 1, 1, $7, $8) \
                 on conflict (shipped) where shipped is not null do nothing",
            )
            .bind(kernel::id::new_id())
            .bind(name)
            .bind(code)
            .bind(blob)
            .bind(kernel::crypto::sha256_hex(bytes))
            .bind(code)
            .bind(ctx.now.0)
            .bind(&ctx.actor.name)
            .execute(tx.conn())
            .await?;
            if written.rows_affected() == 1 {
                tx.commit().await?;
            }
        }
        Ok(())
    }

    async fn keep_bytes(&self, now: Timestamp, bytes: &[u8]) -> Result<String, CaseError> {
        self.kit().blobs.put(now, bytes).await.map_err(|error| CaseError::Port(error.into()))
    }

    /// Reads a file of the folder whole.
    pub(crate) async fn read_blob(&self, blob: &str) -> Result<Vec<u8>, CaseError> {
        let mut bytes = Vec::new();
        let mut file = self.kit().blobs.open(blob).await.map_err(|error| CaseError::Port(error.into()))?;
        file.read_to_end(&mut bytes).await.map_err(|error| CaseError::Port(error.into()))?;
        Ok(bytes)
    }

    /// Lists templates by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn templates(&self) -> Result<Vec<TemplateRow>, CaseError> {
        let sql = format!("{SELECT} order by purpose, name, id");
        Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(self.kit().db.reader()).await?)
    }

    /// Finds a template.
    ///
    /// # Errors
    /// [`CaseError::NotFound`].
    pub async fn template(&self, id: &str) -> Result<TemplateRow, CaseError> {
        let sql = format!("{SELECT} where id = $1");
        let row: Option<TemplateRow> =
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(self.kit().db.reader()).await?;
        row.ok_or(CaseError::NotFound)
    }

    /// Adds a template.
    ///
    /// # Errors
    /// [`CaseError::Template`] with every fault and its place.
    pub async fn add_template(
        &self,
        ctx: &Ctx,
        wish: &TemplateWish,
        bytes: Vec<u8>,
    ) -> Result<TemplateRow, CaseError> {
        wish.check()?;
        let (bytes, read) = off_thread(move || {
            let read = read(&bytes);
            (bytes, read)
        })
        .await?;
        let kind = read?.kind();
        let blob = self.keep_bytes(ctx.now, &bytes).await?;
        let id = kernel::id::new_id();
        let mut tx = self.kit().db.begin().await?;
        let (count,): (i64,) =
            sqlx::query_as("select count(*) from cases_template").fetch_one(tx.conn()).await?;
        if count >= TEMPLATES_MAX {
            return Err(CaseError::refused(
                "template.too_many",
                format!("最多保存 {TEMPLATES_MAX} 个模板，请先删除不用的。"),
                format!("There are {TEMPLATES_MAX} templates at most; please delete some."),
            ));
        }
        sqlx::query(
            "insert into cases_template (id, name, purpose, kind, blob, digest, shipped, active, version, updated_at, \
             updated_by) values ($1, $2, $3, $4, $5, $6, null, $7, 1, $8, $9)",
        )
        .bind(&id)
        .bind(wish.name.trim())
        .bind(&wish.purpose)
        .bind(kind.ending())
        .bind(&blob)
        .bind(kernel::crypto::sha256_hex(&bytes))
        .bind(i64::from(wish.active))
        .bind(ctx.now.0)
        .bind(&ctx.actor.name)
        .execute(tx.conn())
        .await?;
        tx.audit(
            ctx,
            Audit::new("template.add", "template", id.clone()).detail(json!({ "name": wish.name })),
        );
        tx.commit().await?;
        self.template(&id).await
    }

    /// Renames a template, offers it or not, and replaces its file when one is given.
    ///
    /// # Errors
    /// [`CaseError::Stale`] when somebody was faster; those of [`Cases::add_template`].
    pub async fn change_template(
        &self,
        ctx: &Ctx,
        id: &str,
        version: i64,
        wish: &TemplateWish,
        bytes: Option<Vec<u8>>,
    ) -> Result<TemplateRow, CaseError> {
        wish.check()?;
        let old = self.template(id).await?;
        let mut file = (old.blob.clone(), old.kind.clone());
        if let Some(bytes) = bytes {
            let (bytes, read) = off_thread(move || {
                let read = read(&bytes);
                (bytes, read)
            })
            .await?;
            file = (self.keep_bytes(ctx.now, &bytes).await?, read?.kind().ending().to_owned());
        }
        let mut tx = self.kit().db.begin().await?;
        let changed = sqlx::query(
            "update cases_template set name = $3, purpose = $4, active = $5, blob = $6, kind = $7, version = version + 1, \
             updated_at = $8, updated_by = $9 where id = $1 and version = $2",
        )
        .bind(id)
        .bind(version)
        .bind(wish.name.trim())
        .bind(&wish.purpose)
        .bind(i64::from(wish.active))
        .bind(&file.0)
        .bind(&file.1)
        .bind(ctx.now.0)
        .bind(&ctx.actor.name)
        .execute(tx.conn())
        .await?;
        if changed.rows_affected() == 0 {
            return Err(CaseError::Stale { current: old.version });
        }
        tx.audit(ctx, Audit::new("template.change", "template", id).detail(json!({ "name": wish.name })));
        tx.commit().await?;
        self.template(id).await
    }

    /// Deletes a template.
    ///
    /// # Errors
    /// [`CaseError::NotFound`]; [`CaseError::Refused`] for a shipped one, which can only be switched off.
    pub async fn delete_template(&self, ctx: &Ctx, id: &str) -> Result<(), CaseError> {
        let row = self.template(id).await?;
        let mut tx = self.kit().db.begin().await?;
        let gone = sqlx::query("delete from cases_template where id = $1 and shipped is null")
            .bind(id)
            .execute(tx.conn())
            .await?;
        if gone.rows_affected() == 0 {
            return Err(CaseError::refused(
                "template.shipped",
                "系统自带的模板不能删除，可以停用。",
                "A shipped template is not deleted; switch it off instead.",
            ));
        }
        tx.audit(ctx, Audit::new("template.delete", "template", id).detail(json!({ "name": row.name })));
        Ok(tx.commit().await?)
    }

    /// Notes in the audit log that somebody made a document of an order.
    pub(crate) async fn note_document(&self, ctx: &Ctx, id: &CaseId, name: &str) -> Result<(), CaseError> {
        let mut tx = self.kit().db.begin().await?;
        tx.audit(ctx, Audit::new("document.make", "case", id.as_str()).detail(json!({ "template": name })));
        Ok(tx.commit().await?)
    }

    /// Notes in the audit log that somebody made documents of many orders.
    pub(crate) async fn note_documents(&self, ctx: &Ctx, name: &str, count: usize) -> Result<(), CaseError> {
        let mut tx = self.kit().db.begin().await?;
        let detail = json!({ "template": name, "orders": count });
        tx.audit(ctx, Audit::new("document.batch", "template", "").detail(detail));
        Ok(tx.commit().await?)
    }

    /// Returns the city's name, as the portal shows it.
    pub(crate) fn city(&self) -> String {
        #[derive(Default, serde::Deserialize)]
        #[serde(default)]
        struct Portal {
            city: Option<String>,
        }
        let section: Portal = self.kit().config.section("portal").unwrap_or_default();
        section.city.unwrap_or_else(|| "云州市".to_owned())
    }

    /// Finds the pictures of an order that `by` may see and documents may show.
    pub(crate) async fn pictures_of(
        &self,
        by: &Principal,
        id: &CaseId,
    ) -> Result<(Vec<(String, String)>, HashMap<String, Picture>), CaseError> {
        let (files, _) = self.attachments(by, id).await?;
        let (mut names, mut pictures) = (Vec::new(), HashMap::new());
        for file in files.iter().filter(|file| file.entry_id.is_some()) {
            let ending = match file.media_type.as_str() {
                "image/jpeg" => "jpg",
                "image/png" => "png",
                _ => continue,
            };
            if names.len() >= PICTURES_MAX || file.size_bytes > PICTURE_BYTES_MAX {
                continue;
            }
            let mut conn = self.kit().db.reader().acquire().await?;
            let stored = attachment::to_serve(&mut conn, file, false).await?;
            drop(conn);
            names.push((file.id.clone(), file.name.clone()));
            pictures.insert(file.id.clone(), Picture { ending, bytes: self.read_blob(&stored.blob).await? });
        }
        Ok((names, pictures))
    }

    /// Fills a template.
    pub(crate) async fn fill_template(
        &self,
        row: &TemplateRow,
        context: Value,
        pictures: HashMap<String, Picture>,
        number: &str,
    ) -> Result<Made, CaseError> {
        let bytes = self.read_blob(&row.blob).await?;
        let made = off_thread(move || {
            let template = Template::read(&bytes)?;
            Ok::<_, Fault>((template.kind(), template.fill(&context, &Arc::new(pictures))?))
        })
        .await?;
        let (kind, bytes) = made.map_err(|fault| CaseError::Template(vec![fault]))?;
        Ok(Made { kind, name: format!("{}-{number}.{}", row.name, kind.ending()), bytes })
    }
}

/// Packs documents into one file as they are made, and tells how far it is.
pub(crate) struct Batch {
    writer: zip::ZipWriter<Cursor<Vec<u8>>>,
    size: usize,
    failed: Vec<Value>,
    made: usize,
}

impl Batch {
    pub(crate) fn new() -> Self {
        Self { writer: zip::ZipWriter::new(Cursor::new(Vec::new())), size: 0, failed: Vec::new(), made: 0 }
    }

    /// Adds a document, or says why there is none.
    pub(crate) fn add(&mut self, number: &str, made: Result<Made, CaseError>) -> Result<(), CaseError> {
        match made {
            Ok(made) if self.size + made.bytes.len() <= BATCH_BYTES_MAX => {
                self.size += made.bytes.len();
                self.made += 1;
                let options = zip::write::SimpleFileOptions::default();
                self.writer
                    .start_file(made.name.as_str(), options)
                    .map_err(|error| CaseError::Port(error.into()))?;
                self.writer.write_all(&made.bytes).map_err(|error| CaseError::Port(error.into()))
            }
            Ok(_) => {
                self.failed.push(json!({ "number": number, "reason": "合计过大 / too large together" }));
                Ok(())
            }
            Err(CaseError::NotFound) => {
                self.failed.push(json!({ "number": number, "reason": "无权查看或不存在 / not found" }));
                Ok(())
            }
            Err(CaseError::Template(faults)) => {
                let reason = faults.first().map(|fault| fault.zh.clone()).unwrap_or_default();
                self.failed.push(json!({ "number": number, "reason": reason }));
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    pub(crate) fn finish(self, name: &str) -> Result<Outcome, CaseError> {
        let bytes = self.writer.finish().map_err(|error| CaseError::Port(error.into()))?.into_inner();
        let result = json!({ "made": self.made, "failed": self.failed });
        if self.made == 0 {
            return Ok(Outcome { result, file: None });
        }
        Ok(Outcome {
            result,
            file: Some(RunFile { bytes, name: format!("{name}.zip"), media_type: "application/zip" }),
        })
    }
}

/// So many documents are made between two looks at whether to stop.
pub(crate) async fn tell(progress: &Progress, done: usize, total: usize) -> Result<bool, CaseError> {
    progress.tell(done, total).await?;
    progress.is_stopped().await
}
