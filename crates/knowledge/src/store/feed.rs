//! What the index is fed with: published entries, and the events that say which of them changed.

use contract::knowledge::{KnowledgePublished, KnowledgeWithdrawn};
use kernel::Event as _;
use kernel::db::Statement;
use sqlx::FromRow;

use super::class::lineage;
use crate::Knowledge;
use crate::error::KnowledgeError;
use crate::search::Indexed;

#[derive(FromRow)]
struct FeedRow {
    id: String,
    unit_id: String,
    content: String,
}

impl Knowledge {
    /// Returns the number of the newest event.
    pub(crate) async fn newest_event(&self) -> Result<i64, KnowledgeError> {
        let (seq,): (i64,) = sqlx::query_as("select coalesce(max(seq), 0) from kernel_outbox where seq > 0")
            .fetch_one(self.kit().db.reader())
            .await?;
        Ok(seq)
    }

    /// Returns the entries that changed after one event and up to another, each with the number of the event.
    pub(crate) async fn changed_between(
        &self,
        after: i64,
        upto: i64,
        limit: i64,
    ) -> Result<Vec<(i64, String)>, KnowledgeError> {
        Ok(sqlx::query_as(
            "select seq, subject from kernel_outbox where seq > $1 and seq <= $2 and name in ($3, $4) \
             order by seq limit $5",
        )
        .bind(after)
        .bind(upto)
        .bind(KnowledgePublished::NAME)
        .bind(KnowledgeWithdrawn::NAME)
        .bind(limit)
        .fetch_all(self.kit().db.reader())
        .await?)
    }

    /// Returns published entries by their ids.
    pub(crate) async fn feed_of(&self, ids: &[String]) -> Result<Vec<Indexed>, KnowledgeError> {
        let mut sql = statement();
        sql.push(" and e.id in (").bind_all(ids.iter().take(super::IDS_MAX)).push(")");
        self.feed(sql).await
    }

    /// Returns published entries in the order of their ids, a page behind `after`.
    pub(crate) async fn feed_page(&self, after: &str, limit: i64) -> Result<Vec<Indexed>, KnowledgeError> {
        let mut sql = statement();
        sql.push(" and e.id > ").bind(after).push(" order by e.id limit ").bind(limit);
        self.feed(sql).await
    }

    async fn feed(&self, sql: Statement) -> Result<Vec<Indexed>, KnowledgeError> {
        let rows: Vec<FeedRow> = sql.query_as().fetch_all(self.kit().db.reader()).await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let parents = self.business_parents().await?;
        let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
        let mut attached: Vec<(String, String, String)> = Vec::new();
        for chunk in ids.chunks(super::IDS_MAX) {
            let mut sql = Statement::new(
                "select u.entry_id, f.id, f.body from knowledge_file_use u join knowledge_file f on f.id = u.file_id \
                 where f.body_state = 'read' and u.entry_id in (",
            );
            sql.bind_all(chunk).push(")");
            let found: Vec<(String, String, String)> =
                sql.query_as().fetch_all(self.kit().db.reader()).await?;
            attached.extend(found);
        }
        let mut feed = Vec::with_capacity(rows.len());
        for row in rows {
            let content: crate::entry::Content = serde_json::from_str(&row.content)?;
            feed.push(Indexed {
                businesses: lineage(&parents, &content.business),
                attached: attached
                    .iter()
                    .filter(|(entry, _, _)| *entry == row.id)
                    .map(|(_, file, body)| (file.clone(), body.clone()))
                    .collect(),
                entry_id: row.id,
                unit_id: row.unit_id,
                content,
            });
        }
        Ok(feed)
    }
}

fn statement() -> Statement {
    Statement::new(
        "select e.id, e.unit_id, v.content from knowledge_entry e join knowledge_version v on v.entry_id = e.id \
         and v.no = e.published_no where e.state = 'published'",
    )
}
