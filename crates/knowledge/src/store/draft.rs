//! Writing: a first draft, the next version, sending it to review, taking it back, throwing it away.

use std::collections::HashMap;

use contract::identity::UnitId;
use contract::knowledge::{AnswerId, EntryId, KnowledgeWithdrawn};
use kernel::db::Statement;
use kernel::{Ctx, Principal, Scope, Tx};

use super::entry::{EntryRow, put_down, record, take_up, version};
use crate::Knowledge;
use crate::entry::Content;
use crate::entry::course::Course;
use crate::error::{KnowledgeError, Refusal};

/// Prefix of numbers.
const PREFIX: &str = "ZS";

impl Knowledge {
    /// Writes a new entry's first draft, for the person's own unit or for one below.
    ///
    /// # Errors
    /// When the person may not, or a field is wrong.
    pub async fn create_entry(
        &self,
        ctx: &Ctx,
        by: &Principal,
        unit: Option<&str>,
        content: Content,
    ) -> Result<EntryId, KnowledgeError> {
        let (unit_id, unit_path) = self.maintaining_unit(by, unit).await?;
        let id = EntryId::generate();
        let content = content.tidied(id.as_str());
        content.check_draft().map_err(KnowledgeError::Invalid)?;
        self.check_classes(&content).await?;
        let mut tx = self.kit().db.begin().await?;
        let (count,): (i64,) = sqlx::query_as(
            "insert into knowledge_counter (name, value) values ('entry', 1) \
             on conflict (name) do update set value = knowledge_counter.value + 1 returning value",
        )
        .fetch_one(tx.conn())
        .await?;
        let mut row = EntryRow {
            id: id.0.clone(),
            number: format!("{PREFIX}{count:06}"),
            unit_id,
            unit_path,
            region: content.region.clone(),
            business: content.business.clone(),
            kind: content.kind.map_or(String::new(), |kind| kind.code().to_owned()),
            title: content.title.clone(),
            state: String::new(),
            work: String::new(),
            published_no: None,
            work_no: None,
            last_no: 1,
            stage: 0,
            stages: 0,
            publisher: String::new(),
            published_at: None,
            valid_from: None,
            expires_at: None,
            review_due_at: None,
            public: i64::from(content.is_public()),
            views: 0,
            last_viewed_at: None,
            created_at: ctx.now.0,
            created_by: by.person_id.clone(),
            updated_at: ctx.now.0,
            version: 1,
        };
        row.follow(Course::begun());
        insert(&mut tx, &row).await?;
        write_version(&mut tx, ctx, by, &row, 1, content).await?;
        record(&mut tx, ctx, &row, "created", "");
        tx.commit().await?;
        Ok(id)
    }

    /// Saves the draft; of a published entry this begins the next version.
    ///
    /// # Errors
    /// While it is being reviewed, when somebody was faster, or a field is wrong.
    pub async fn save_draft(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &EntryId,
        lock: i64,
        content: Content,
    ) -> Result<(), KnowledgeError> {
        let content = content.tidied(id.as_str());
        content.check_draft().map_err(KnowledgeError::Invalid)?;
        self.check_classes(&content).await?;
        let mut tx = self.kit().db.begin().await?;
        let mut row = take_up(&mut tx, by, id.as_str(), lock, "knowledge.write").await?;
        let mut course = row.course();
        let begun = course.work_no.is_none();
        let no = course.save()?;
        row.follow(course);
        if row.published_no.is_none() {
            // Lists of what readers have show what readers have.
            show_in_lists(&mut row, &content);
        }
        write_version(&mut tx, ctx, by, &row, no, content).await?;
        put_down(&mut tx, &mut row, ctx.now.0).await?;
        record(&mut tx, ctx, &row, if begun { "version_begun" } else { "saved" }, "");
        Ok(tx.commit().await?)
    }

    /// Sends the draft to review, in as many stages as its region asks for.
    ///
    /// # Errors
    /// When something is missing, or there is no draft.
    pub async fn submit(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &EntryId,
        lock: i64,
    ) -> Result<(), KnowledgeError> {
        let stages = self.stage_counts().await?;
        let mut tx = self.kit().db.begin().await?;
        let mut row = take_up(&mut tx, by, id.as_str(), lock, "knowledge.write").await?;
        let mut course = row.course();
        let no = row.work_no.ok_or(KnowledgeError::Wrong("no_draft"))?;
        let content = version(tx.conn(), id.as_str(), no).await?.content()?;
        content.check_whole(ctx.now.0).map_err(KnowledgeError::Invalid)?;
        course.submit(super::class::stages_for(&stages, &content.region))?;
        row.follow(course);
        sqlx::query("update knowledge_version set submitted_at = $3 where entry_id = $1 and no = $2")
            .bind(&row.id)
            .bind(no)
            .bind(ctx.now.0)
            .execute(tx.conn())
            .await?;
        put_down(&mut tx, &mut row, ctx.now.0).await?;
        record(&mut tx, ctx, &row, "submitted", "");
        Ok(tx.commit().await?)
    }

    /// Takes the draft back from review.
    ///
    /// # Errors
    /// When it is not being reviewed.
    pub async fn take_back(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &EntryId,
        lock: i64,
    ) -> Result<(), KnowledgeError> {
        let mut tx = self.kit().db.begin().await?;
        let mut row = take_up(&mut tx, by, id.as_str(), lock, "knowledge.write").await?;
        let mut course = row.course();
        course.take_back()?;
        row.follow(course);
        put_down(&mut tx, &mut row, ctx.now.0).await?;
        record(&mut tx, ctx, &row, "taken_back", "");
        Ok(tx.commit().await?)
    }

    /// Throws the draft away; an entry of which nothing was ever published goes with it.
    ///
    /// # Errors
    /// When there is none, or it is being reviewed.
    pub async fn discard_draft(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &EntryId,
        lock: i64,
    ) -> Result<(), KnowledgeError> {
        let mut tx = self.kit().db.begin().await?;
        let mut row = take_up(&mut tx, by, id.as_str(), lock, "knowledge.write").await?;
        let mut course = row.course();
        let no = row.work_no;
        let empty = course.discard()?;
        row.follow(course);
        record(&mut tx, ctx, &row, "discarded", "");
        if empty {
            delete_rows(&mut tx, &row).await?;
        } else {
            sqlx::query("delete from knowledge_version where entry_id = $1 and no = $2")
                .bind(&row.id)
                .bind(no)
                .execute(tx.conn())
                .await?;
            put_down(&mut tx, &mut row, ctx.now.0).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Deletes an entry that readers no longer have.
    ///
    /// # Errors
    /// While it is published or being reviewed.
    pub async fn delete_entry(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &EntryId,
        lock: i64,
    ) -> Result<(), KnowledgeError> {
        let mut tx = self.kit().db.begin().await?;
        let row = take_up(&mut tx, by, id.as_str(), lock, "knowledge.review").await?;
        if !matches!(row.state.as_str(), "withdrawn" | "expired") || row.work == "in_review" {
            return Err(KnowledgeError::Wrong("published"));
        }
        record(&mut tx, ctx, &row, "deleted", "");
        delete_rows(&mut tx, &row).await?;
        tx.emit(ctx, &KnowledgeWithdrawn { entry_id: id.clone(), reason: "deleted".to_owned() });
        Ok(tx.commit().await?)
    }

    /// Returns the unit that a person writes for.
    async fn maintaining_unit(
        &self,
        by: &Principal,
        unit: Option<&str>,
    ) -> Result<(String, String), KnowledgeError> {
        let scope = by.scope("knowledge.write").ok_or(KnowledgeError::Forbidden)?;
        let Some(unit) = unit.filter(|unit| *unit != by.unit_id) else {
            return Ok((by.unit_id.clone(), by.unit_path.clone()));
        };
        let found = self.directory().unit(&UnitId(unit.to_owned())).await.map_err(KnowledgeError::Port)?;
        let unit = found
            .filter(|unit| unit.active)
            .ok_or_else(|| KnowledgeError::Invalid(vec![Refusal::unknown("unit_id")]))?;
        let reached = match scope {
            Scope::All => true,
            Scope::Subtree => unit.path.starts_with(&by.unit_path),
            Scope::Unit | Scope::Own => false,
        };
        if reached { Ok((unit.id.0, unit.path)) } else { Err(KnowledgeError::Forbidden) }
    }

    /// Checks that the classifications exist and the files are there.
    async fn check_classes(&self, content: &Content) -> Result<(), KnowledgeError> {
        let mut wrong = Vec::new();
        for (kind, field, code) in
            [("region", "region", &content.region), ("business", "business", &content.business)]
        {
            if !code.is_empty() && !self.has_class(kind, code).await? {
                wrong.push(Refusal::unknown(field));
            }
        }
        let files: Vec<String> = content.files().into_iter().map(|(id, _)| id).collect();
        if files.len() > super::IDS_MAX {
            wrong.push(Refusal::too_many("answers", super::IDS_MAX));
        } else if self.files(&files).await?.len() < files.len() {
            wrong.push(Refusal::unknown("answers"));
        }
        if wrong.is_empty() { Ok(()) } else { Err(KnowledgeError::Invalid(wrong)) }
    }
}

/// Lets lists show what a version says.
pub(crate) fn show_in_lists(row: &mut EntryRow, content: &Content) {
    row.title.clone_from(&content.title);
    row.region.clone_from(&content.region);
    row.business.clone_from(&content.business);
    row.kind = content.kind.map_or(String::new(), |kind| kind.code().to_owned());
    row.public = i64::from(content.is_public());
}

async fn insert(tx: &mut Tx, row: &EntryRow) -> Result<(), KnowledgeError> {
    sqlx::query(
        "insert into knowledge_entry (id, number, unit_id, unit_path, region, business, kind, title, state, work, \
         published_no, work_no, last_no, stage, stages, publisher, public, views, created_at, created_by, updated_at, \
         version) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, \
         $21, $22)",
    )
    .bind(&row.id)
    .bind(&row.number)
    .bind(&row.unit_id)
    .bind(&row.unit_path)
    .bind(&row.region)
    .bind(&row.business)
    .bind(&row.kind)
    .bind(&row.title)
    .bind(&row.state)
    .bind(&row.work)
    .bind(row.published_no)
    .bind(row.work_no)
    .bind(row.last_no)
    .bind(row.stage)
    .bind(row.stages)
    .bind(&row.publisher)
    .bind(row.public)
    .bind(row.views)
    .bind(row.created_at)
    .bind(&row.created_by)
    .bind(row.updated_at)
    .bind(row.version)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes a version; answers keep their numbers, new ones get theirs.
async fn write_version(
    tx: &mut Tx,
    ctx: &Ctx,
    by: &Principal,
    row: &EntryRow,
    no: i64,
    mut content: Content,
) -> Result<(), KnowledgeError> {
    let known: Vec<(String, String)> =
        sqlx::query_as("select id, number from knowledge_answer where entry_id = $1")
            .bind(&row.id)
            .fetch_all(tx.conn())
            .await?;
    let ordinal = |number: &str| number.rsplit('-').next().and_then(|no| no.parse::<i64>().ok()).unwrap_or(0);
    let mut last = known.iter().map(|(_, number)| ordinal(number)).max().unwrap_or(0);
    let mut numbers: HashMap<String, String> = known.into_iter().collect();
    for answer in &mut content.answers {
        // An id that is not this entry's, or comes a second time, is as good as none.
        if let Some(number) = numbers.remove(&answer.id) {
            answer.number = number;
            continue;
        }
        last += 1;
        answer.id = AnswerId::generate().0;
        answer.number = format!("{}-{last}", row.number);
        tx.insert(
            "knowledge_answer (id, entry_id, number, views)",
            [(&answer.id).into(), (&row.id).into(), (&answer.number).into(), 0_i64.into()],
        );
    }
    let before: Option<(String,)> =
        sqlx::query_as("select authors from knowledge_version where entry_id = $1 and no = $2")
            .bind(&row.id)
            .bind(no)
            .fetch_optional(tx.conn())
            .await?;
    let mut authors: Vec<String> = before
        .map(|(authors,)| authors.split(' ').filter(|id| !id.is_empty()).map(ToOwned::to_owned).collect())
        .unwrap_or_default();
    if !authors.contains(&by.person_id) {
        authors.push(by.person_id.clone());
    }
    sqlx::query(
        "insert into knowledge_version (entry_id, no, content, authors, author_name, saved_at) \
         values ($1, $2, $3, $4, $5, $6) on conflict (entry_id, no) do update set content = excluded.content, \
         authors = excluded.authors, author_name = excluded.author_name, saved_at = excluded.saved_at",
    )
    .bind(&row.id)
    .bind(no)
    .bind(serde_json::to_string(&content)?)
    .bind(authors.join(" "))
    .bind(&by.name)
    .bind(ctx.now.0)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Deletes an entry with everything that belongs to it; the audit log keeps that it was there. Whoever wrote to it
/// meanwhile wins.
async fn delete_rows(tx: &mut Tx, row: &EntryRow) -> Result<(), KnowledgeError> {
    // Taken as by a writer first: somebody may have sent it to review between the look and now.
    let held = sqlx::query("update knowledge_entry set version = version + 1 where id = $1 and version = $2")
        .bind(&row.id)
        .bind(row.version)
        .execute(tx.conn())
        .await?
        .rows_affected();
    if held == 0 {
        return Err(KnowledgeError::Stale { current: row.version + 1 });
    }
    let id = row.id.as_str();
    for table in [
        "knowledge_version where entry_id",
        "knowledge_answer where entry_id",
        "knowledge_decision where entry_id",
        "knowledge_change where entry_id",
        "knowledge_link where from_id",
        "knowledge_file_use where entry_id",
        "knowledge_use where entry_id",
        "knowledge_favourite where entry_id",
        "knowledge_report where entry_id",
        "knowledge_opinion where entry_id",
        "knowledge_entry where id",
    ] {
        let mut sql = Statement::new("delete from ");
        sql.push(table).push(" = ").bind(id);
        // Rows that this transaction has yet to write are written first, so the deletion comes behind them.
        tx.defer(sql);
    }
    Ok(())
}
