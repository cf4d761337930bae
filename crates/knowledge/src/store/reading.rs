//! Reading: what an entry says to whom, its versions, its change log, what it links to.

use contract::knowledge::{Audience, EntryId};
use kernel::db::Statement;
use sqlx::{AssertSqlSafe, FromRow};

use super::entry::{COLUMNS, EntryRow, VersionRow, find, version};
use crate::Knowledge;
use crate::error::KnowledgeError;

/// A line of the change log.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `knowledge_change` under their own names")]
pub struct ChangeRow {
    pub id: String,
    pub at: i64,
    pub person_id: String,
    pub person_name: String,
    pub action: String,
    pub note: String,
}

/// How often an answer was read.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `knowledge_answer` under their own names")]
pub struct AnswerUse {
    pub id: String,
    pub views: i64,
    pub last_viewed_at: Option<i64>,
}

impl Knowledge {
    /// Finds a published entry with the version that readers have.
    ///
    /// # Errors
    /// [`KnowledgeError::NotFound`] also for what has expired, or is not for citizens.
    pub async fn published(
        &self,
        id: &EntryId,
        audience: Audience,
    ) -> Result<(EntryRow, VersionRow), KnowledgeError> {
        let mut conn = self.kit().db.reader().acquire().await?;
        let row = find(&mut conn, id.as_str()).await?;
        let hidden = audience == Audience::Public && row.public == 0;
        if hidden || !row.is_found(self.kit().now().0) {
            return Err(KnowledgeError::NotFound);
        }
        let no = row.published_no.ok_or(KnowledgeError::NotFound)?;
        let text = version(&mut conn, id.as_str(), no).await?;
        Ok((row, text))
    }

    /// Finds a version by its number.
    ///
    /// # Errors
    /// [`KnowledgeError::NotFound`].
    pub async fn version(&self, id: &EntryId, no: i64) -> Result<VersionRow, KnowledgeError> {
        version(&mut *self.kit().db.reader().acquire().await?, id.as_str(), no).await
    }

    /// Lists the versions of an entry, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn versions(&self, id: &EntryId) -> Result<Vec<VersionRow>, KnowledgeError> {
        Ok(sqlx::query_as(
            "select entry_id, no, '' as content, authors, author_name, saved_at, submitted_at, published_at \
             from knowledge_version where entry_id = $1 order by no desc limit 500",
        )
        .bind(id.as_str())
        .fetch_all(self.kit().db.reader())
        .await?)
    }

    /// Lists what happened to an entry, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn changes(&self, id: &EntryId) -> Result<Vec<ChangeRow>, KnowledgeError> {
        Ok(sqlx::query_as(
            "select id, at, person_id, person_name, action, note from knowledge_change where entry_id = $1 \
             order by at desc, id desc limit 500",
        )
        .bind(id.as_str())
        .fetch_all(self.kit().db.reader())
        .await?)
    }

    /// Returns how often each answer of an entry was read.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn answer_uses(&self, id: &EntryId) -> Result<Vec<AnswerUse>, KnowledgeError> {
        Ok(sqlx::query_as("select id, views, last_viewed_at from knowledge_answer where entry_id = $1")
            .bind(id.as_str())
            .fetch_all(self.kit().db.reader())
            .await?)
    }

    /// Finds entries by their ids, in no order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn entries(&self, ids: &[String]) -> Result<Vec<EntryRow>, KnowledgeError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut sql = Statement::new("select ");
        sql.push(COLUMNS).push(" from knowledge_entry e where e.id in (");
        sql.bind_all(ids.iter().take(super::IDS_MAX)).push(")");
        Ok(sql.query_as().fetch_all(self.kit().db.reader()).await?)
    }

    /// Finds the versions that readers have of entries, in no order.
    pub(crate) async fn published_versions(&self, ids: &[String]) -> Result<Vec<VersionRow>, KnowledgeError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut sql = Statement::new(
            "select v.entry_id, v.no, v.content, v.authors, v.author_name, v.saved_at, v.submitted_at, \
             v.published_at from knowledge_version v join knowledge_entry e on e.id = v.entry_id \
             and e.published_no = v.no where e.id in (",
        );
        sql.bind_all(ids.iter().take(super::IDS_MAX)).push(")");
        Ok(sql.query_as().fetch_all(self.kit().db.reader()).await?)
    }

    /// Lists published entries that link to this one.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn linked_from(&self, id: &EntryId) -> Result<Vec<EntryRow>, KnowledgeError> {
        let sql = format!(
            "select {COLUMNS} from knowledge_link l join knowledge_entry e on e.id = l.from_id \
             where l.to_id = $1 and e.state = 'published' order by e.number limit 50"
        );
        Ok(sqlx::query_as(AssertSqlSafe(sql)).bind(id.as_str()).fetch_all(self.kit().db.reader()).await?)
    }
}
