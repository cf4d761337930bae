//! Review: a decision on the open stage, and what a passed last stage publishes.

use contract::identity::UnitId;
use contract::knowledge::{EntryId, KnowledgePublished};
use kernel::{Ctx, Principal, Tx};
use sqlx::FromRow;

use super::draft::show_in_lists;
use super::entry::{EntryRow, put_down, record, take_up, version};
use crate::Knowledge;
use crate::entry::Content;
use crate::entry::course::Outcome;
use crate::error::{KnowledgeError, Refusal};

/// A decision as it is stored.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `knowledge_decision` under their own names")]
pub struct DecisionRow {
    pub id: String,
    pub no: i64,
    pub round: i64,
    pub stage: i64,
    pub passed: i64,
    pub opinion: String,
    pub person_id: String,
    pub person_name: String,
    pub at: i64,
}

impl Knowledge {
    /// Decides the open stage of review. The last stage that passes publishes.
    ///
    /// # Errors
    /// When it is not being reviewed, by the author or by whoever decided an earlier stage; when an entry is sent back
    /// without a reason, or its time is over meanwhile.
    pub async fn decide(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &EntryId,
        lock: i64,
        passed: bool,
        opinion: &str,
    ) -> Result<Outcome, KnowledgeError> {
        let opinion = opinion.trim();
        if !passed && opinion.is_empty() {
            return Err(KnowledgeError::Invalid(vec![Refusal::required("opinion")]));
        }
        if opinion.chars().count() > crate::entry::NOTE_MAX {
            return Err(KnowledgeError::Invalid(vec![Refusal::too_long("opinion", crate::entry::NOTE_MAX)]));
        }
        let mut tx = self.kit().db.begin().await?;
        let mut row = take_up(&mut tx, by, id.as_str(), lock, "knowledge.review").await?;
        let no = row.work_no.ok_or(KnowledgeError::Wrong("not_in_review"))?;
        let written = version(tx.conn(), id.as_str(), no).await?;
        let round = written.submitted_at.unwrap_or_default();
        let earlier: Vec<(String,)> = sqlx::query_as(
            "select person_id from knowledge_decision where entry_id = $1 and no = $2 and round = $3 and passed = 1",
        )
        .bind(&row.id)
        .bind(no)
        .bind(round)
        .fetch_all(tx.conn())
        .await?;
        let earlier: Vec<String> = earlier.into_iter().map(|(person,)| person).collect();
        let mut course = row.course();
        let stage = course.stage;
        let outcome = course.decide(passed, &by.person_id, &written.authors(), &earlier)?;
        row.follow(course);
        if outcome == Outcome::Published {
            let content = written.content()?;
            content.check_whole(ctx.now.0).map_err(KnowledgeError::Invalid)?;
            self.publish(&mut tx, ctx, &mut row, no, &content).await?;
        }
        tx.insert(
            "knowledge_decision (id, entry_id, no, round, stage, passed, opinion, person_id, person_name, at)",
            [
                kernel::id::new_id().into(),
                (&row.id).into(),
                no.into(),
                round.into(),
                stage.into(),
                passed.into(),
                opinion.into(),
                (&by.person_id).into(),
                (&by.name).into(),
                ctx.now.0.into(),
            ],
        );
        put_down(&mut tx, &mut row, ctx.now.0).await?;
        let action = match outcome {
            Outcome::NextStage => "passed",
            Outcome::Published => "published",
            Outcome::Returned => "returned",
        };
        record(&mut tx, ctx, &row, action, opinion);
        tx.commit().await?;
        Ok(outcome)
    }

    /// Gives a version to readers.
    async fn publish(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        row: &mut EntryRow,
        no: i64,
        content: &Content,
    ) -> Result<(), KnowledgeError> {
        let unit = self.directory().unit(&UnitId(row.unit_id.clone())).await.map_err(KnowledgeError::Port)?;
        show_in_lists(row, content);
        row.publisher = unit.map_or_else(|| ctx.actor.name.clone(), |unit| unit.name);
        row.published_at = Some(ctx.now.0);
        row.valid_from = content.valid_from;
        row.expires_at = content.valid_to;
        let days = self.kit().parameters.i64("knowledge.review_days", 365).clamp(1, 3_650);
        row.review_due_at = Some(
            content.review_at.filter(|at| *at > ctx.now.0).unwrap_or(ctx.now.plus_secs(days * 86_400).0),
        );
        sqlx::query("update knowledge_version set published_at = $3 where entry_id = $1 and no = $2")
            .bind(&row.id)
            .bind(no)
            .bind(ctx.now.0)
            .execute(tx.conn())
            .await?;
        for table in [
            "delete from knowledge_link where from_id = $1",
            "delete from knowledge_file_use where entry_id = $1",
        ] {
            sqlx::query(table).bind(&row.id).execute(tx.conn()).await?;
        }
        for to in content.links() {
            tx.insert("knowledge_link (from_id, to_id)", [(&row.id).into(), to.into()]);
        }
        for (file, public) in content.files() {
            tx.insert(
                "knowledge_file_use (file_id, entry_id, public)",
                [file.into(), (&row.id).into(), public.into()],
            );
        }
        tx.emit(
            ctx,
            &KnowledgePublished {
                entry_id: EntryId(row.id.clone()),
                version: no,
                unit_id: Some(row.unit_id.clone()),
            },
        );
        Ok(())
    }

    /// Lists the decisions on an entry, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn decisions(&self, id: &EntryId) -> Result<Vec<DecisionRow>, KnowledgeError> {
        Ok(sqlx::query_as(
            "select id, no, round, stage, passed, opinion, person_id, person_name, at from knowledge_decision \
             where entry_id = $1 order by at desc, id desc limit 200",
        )
        .bind(id.as_str())
        .fetch_all(self.kit().db.reader())
        .await?)
    }
}
