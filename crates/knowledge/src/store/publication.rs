//! What happens to what was published: withdrawn and given back, confirmed when it is due, expired.

use contract::knowledge::{EntryId, KnowledgePublished, KnowledgeWithdrawn};
use kernel::{Ctx, Principal};
use sqlx::AssertSqlSafe;

use super::entry::{COLUMNS, EntryRow, put_down, record, take_up};
use crate::Knowledge;
use crate::entry::course::State;
use crate::error::{KnowledgeError, Refusal};

/// Entries that one turn lets expire.
const TURN_MAX: i64 = 200;

impl Knowledge {
    /// Takes an entry away from readers.
    ///
    /// # Errors
    /// When it is not published, or no reason is given.
    pub async fn withdraw(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &EntryId,
        lock: i64,
        reason: &str,
    ) -> Result<(), KnowledgeError> {
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > crate::entry::NOTE_MAX {
            return Err(KnowledgeError::Invalid(vec![Refusal::required("reason")]));
        }
        let mut tx = self.kit().db.begin().await?;
        let mut row = take_up(&mut tx, by, id.as_str(), lock, "knowledge.review").await?;
        let mut course = row.course();
        course.withdraw()?;
        row.follow(course);
        put_down(&mut tx, &mut row, ctx.now.0).await?;
        record(&mut tx, ctx, &row, "withdrawn", reason);
        tx.emit(ctx, &KnowledgeWithdrawn { entry_id: id.clone(), reason: "withdrawn".to_owned() });
        Ok(tx.commit().await?)
    }

    /// Gives a withdrawn entry back to readers.
    ///
    /// # Errors
    /// When it was not withdrawn.
    pub async fn restore(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &EntryId,
        lock: i64,
    ) -> Result<(), KnowledgeError> {
        let mut tx = self.kit().db.begin().await?;
        let mut row = take_up(&mut tx, by, id.as_str(), lock, "knowledge.review").await?;
        let mut course = row.course();
        course.restore(row.expires_at.is_some_and(|at| at <= ctx.now.0))?;
        row.follow(course);
        put_down(&mut tx, &mut row, ctx.now.0).await?;
        record(&mut tx, ctx, &row, "restored", "");
        if course.state == State::Published {
            tx.emit(
                ctx,
                &KnowledgePublished {
                    entry_id: id.clone(),
                    version: row.published_no.unwrap_or_default(),
                    unit_id: Some(row.unit_id.clone()),
                },
            );
        }
        Ok(tx.commit().await?)
    }

    /// Says that a published entry was read again and still holds, until the next time.
    ///
    /// # Errors
    /// When it is not published, or the next time lies in the past.
    pub async fn confirm(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &EntryId,
        lock: i64,
        next_at: Option<i64>,
    ) -> Result<(), KnowledgeError> {
        let days = self.kit().parameters.i64("knowledge.review_days", 365).clamp(1, 3_650);
        let next_at = next_at.unwrap_or(ctx.now.plus_secs(days * 86_400).0);
        if next_at <= ctx.now.0 {
            return Err(KnowledgeError::Invalid(vec![Refusal::past("next_at")]));
        }
        let mut tx = self.kit().db.begin().await?;
        let mut row = take_up(&mut tx, by, id.as_str(), lock, "knowledge.review").await?;
        if row.course().state != State::Published {
            return Err(KnowledgeError::Wrong("not_published"));
        }
        row.review_due_at = Some(next_at);
        put_down(&mut tx, &mut row, ctx.now.0).await?;
        record(&mut tx, ctx, &row, "confirmed", "");
        Ok(tx.commit().await?)
    }

    /// Lets entries expire whose time is over. Returns how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn expire(&self, ctx: &Ctx) -> Result<usize, KnowledgeError> {
        let sql = format!(
            "select {COLUMNS} from knowledge_entry e where e.expires_at <= $1 and e.state = 'published' \
             order by e.expires_at limit $2"
        );
        let due: Vec<EntryRow> = sqlx::query_as(AssertSqlSafe(sql))
            .bind(ctx.now.0)
            .bind(TURN_MAX)
            .fetch_all(self.kit().db.reader())
            .await?;
        let mut count = 0;
        for mut row in due {
            let mut tx = self.kit().db.begin().await?;
            let mut course = row.course();
            course.state = State::Expired;
            row.follow(course);
            match put_down(&mut tx, &mut row, ctx.now.0).await {
                // Somebody works at it now; the next turn looks again.
                Err(KnowledgeError::Stale { .. }) => continue,
                other => other?,
            }
            record(&mut tx, ctx, &row, "expired", "");
            tx.emit(
                ctx,
                &KnowledgeWithdrawn { entry_id: EntryId(row.id.clone()), reason: "expired".to_owned() },
            );
            tx.commit().await?;
            count += 1;
        }
        Ok(count)
    }
}
