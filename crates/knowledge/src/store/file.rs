//! Rows of `knowledge_file`: what was uploaded, and the text that was found in it.

use contract::knowledge::Audience;
use kernel::db::Statement;
use kernel::{Audit, Ctx};
use serde_json::json;
use sqlx::FromRow;

use crate::Knowledge;
use crate::error::KnowledgeError;
use crate::extract;

/// The largest file, in bytes.
pub const FILE_BYTES_MAX: usize = 50 * 1024 * 1024;

/// A file without its text.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `knowledge_file` under their own names")]
pub struct FileRow {
    pub id: String,
    pub name: String,
    pub media_type: String,
    pub size_bytes: i64,
    pub blob_name: String,
    /// `none`, `read`, `broken`, `bomb`, `slow`.
    pub body_state: String,
    pub created_by: String,
}

impl Knowledge {
    /// Keeps a file and reads its text. A file whose text cannot be read is kept and says so.
    ///
    /// # Errors
    /// When it is none of the kinds that are taken, or too large.
    pub async fn keep_file(&self, ctx: &Ctx, name: &str, bytes: Vec<u8>) -> Result<FileRow, KnowledgeError> {
        if bytes.len() > FILE_BYTES_MAX {
            return Err(KnowledgeError::TooLarge);
        }
        let name: String =
            name.rsplit(['/', '\\']).next().unwrap_or_default().chars().filter(|c| !c.is_control()).collect();
        let format = extract::format_of(&name, &bytes).filter(|_| name.chars().count() <= 120);
        let Some(format) = format else {
            return Err(KnowledgeError::File {
                zh: "不支持此文件：名称过长、类型不在许可范围，或内容与扩展名不符。".to_owned(),
                en: "This file is not taken: its name is too long, its kind is unknown, or it is not what its name says."
                    .to_owned(),
            });
        };
        let size_bytes = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        let blob_name = self.kit().blobs.put(ctx.now, &bytes).await?;
        let (body, state) = match extract::text_of(format, bytes).await {
            Ok(None) => (String::new(), "none"),
            Ok(Some(text)) => (text, "read"),
            Err(why) => (String::new(), why.code()),
        };
        let row = FileRow {
            id: kernel::id::new_id(),
            name,
            media_type: format.media_type.to_owned(),
            size_bytes,
            blob_name,
            body_state: state.to_owned(),
            created_by: ctx.actor.id.clone(),
        };
        let mut tx = self.kit().db.begin().await?;
        sqlx::query(
            "insert into knowledge_file (id, name, media_type, size_bytes, blob_name, body, body_state, created_by, \
             created_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(&row.id)
        .bind(&row.name)
        .bind(&row.media_type)
        .bind(row.size_bytes)
        .bind(&row.blob_name)
        .bind(&body)
        .bind(&row.body_state)
        .bind(&row.created_by)
        .bind(ctx.now.0)
        .execute(tx.conn())
        .await?;
        tx.audit(
            ctx,
            Audit::new("knowledge.keep_file", "knowledge_file", &row.id)
                .detail(json!({ "name": row.name, "size_bytes": row.size_bytes, "text": row.body_state })),
        );
        tx.commit().await?;
        Ok(row)
    }

    /// Finds a file; for citizens only while a published public answer names it.
    ///
    /// # Errors
    /// [`KnowledgeError::NotFound`].
    pub async fn file(&self, id: &str, audience: Audience) -> Result<FileRow, KnowledgeError> {
        if audience == Audience::Public && !self.is_file_shown(id, true).await? {
            return Err(KnowledgeError::NotFound);
        }
        self.files(&[id.to_owned()]).await?.pop().ok_or(KnowledgeError::NotFound)
    }

    /// Finds files, in no order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn files(&self, ids: &[String]) -> Result<Vec<FileRow>, KnowledgeError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut sql = Statement::new(
            "select id, name, media_type, size_bytes, blob_name, body_state, created_by from knowledge_file \
             where id in (",
        );
        sql.bind_all(ids.iter().take(super::IDS_MAX)).push(")");
        Ok(sql.query_as().fetch_all(self.kit().db.reader()).await?)
    }

    /// Tells whether what is published now names a file; with `public`, in an answer for citizens.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_file_shown(&self, id: &str, public: bool) -> Result<bool, KnowledgeError> {
        let (shown,): (i64,) = sqlx::query_as(
            "select count(*) from knowledge_file_use u join knowledge_entry e on e.id = u.entry_id \
             where u.file_id = $1 and u.public >= $2 and e.state = 'published' \
             and (e.expires_at is null or e.expires_at > $3) and (e.valid_from is null or e.valid_from <= $3)",
        )
        .bind(id)
        .bind(i64::from(public))
        .bind(self.kit().now().0)
        .fetch_one(self.kit().db.reader())
        .await?;
        Ok(shown > 0)
    }
}
