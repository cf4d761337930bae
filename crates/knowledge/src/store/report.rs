//! Rows of `knowledge_report` and `knowledge_opinion`: answers that somebody says are wrong, and whether they helped.

use contract::knowledge::{Audience, EntryId};
use kernel::db::Statement;
use kernel::{Audit, Ctx, Cursor, Page, Principal};
use serde_json::json;
use sqlx::FromRow;

use super::entry::narrow;
use crate::Knowledge;
use crate::error::{KnowledgeError, Refusal};

/// Characters of what is said to be wrong.
const TEXT_MAX: usize = 1_000;
/// Open reports of one entry; a page that is attacked does not fill the list.
const OPEN_MAX: i64 = 100;

/// A report.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `knowledge_report` and `knowledge_entry` under their own names")]
pub struct ReportRow {
    pub id: String,
    pub entry_id: String,
    pub number: String,
    pub title: String,
    pub answer_id: Option<String>,
    pub unit_id: String,
    pub source: String,
    pub text: String,
    pub person_name: String,
    pub at: i64,
    pub state: String,
    pub reply: String,
    pub closed_by: String,
    pub closed_at: Option<i64>,
}

impl Knowledge {
    /// Says that an answer is wrong, which is a task of whoever maintains the entry.
    ///
    /// # Errors
    /// When the entry is not published for this person, or nothing is said.
    pub async fn report(
        &self,
        ctx: &Ctx,
        person: Option<&Principal>,
        id: &EntryId,
        answer: Option<&str>,
        text: &str,
    ) -> Result<String, KnowledgeError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(KnowledgeError::Invalid(vec![Refusal::required("text")]));
        }
        if text.chars().count() > TEXT_MAX {
            return Err(KnowledgeError::Invalid(vec![Refusal::too_long("text", TEXT_MAX)]));
        }
        let audience = if person.is_some() { Audience::Internal } else { Audience::Public };
        let (row, _) = self.published(id, audience).await?;
        let report = kernel::id::new_id();
        let mut tx = self.kit().db.begin().await?;
        let (open,): (i64,) = sqlx::query_as(
            "select count(*) from knowledge_report where entry_id = $1 and state = 'open' and source = 'citizen'",
        )
        .bind(id.as_str())
        .fetch_one(tx.conn())
        .await?;
        if person.is_none() && open >= OPEN_MAX {
            // The maintainer knows already.
            return Ok(report);
        }
        sqlx::query(
            "insert into knowledge_report (id, entry_id, answer_id, unit_id, unit_path, source, text, person_id, \
             person_name, at, state, reply, closed_by) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'open', '', '')",
        )
        .bind(&report)
        .bind(id.as_str())
        .bind(answer.filter(|answer| answer.len() <= 40))
        .bind(&row.unit_id)
        .bind(&row.unit_path)
        .bind(if person.is_some() { "agent" } else { "citizen" })
        .bind(text)
        .bind(person.map_or("", |person| person.person_id.as_str()))
        .bind(person.map_or("", |person| person.name.as_str()))
        .bind(ctx.now.0)
        .execute(tx.conn())
        .await?;
        tx.audit(
            ctx,
            Audit::new("knowledge.report", "knowledge_entry", id.as_str())
                .detail(json!({ "number": row.number, "report": report })),
        );
        tx.commit().await?;
        Ok(report)
    }

    /// Lists reports on entries that a person maintains, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn reports(
        &self,
        by: &Principal,
        state: Option<&str>,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<ReportRow>, KnowledgeError> {
        let mut sql = Statement::new(
            "select r.id, r.entry_id, e.number, e.title, r.answer_id, r.unit_id, r.source, r.text, r.person_name, r.at, \
             r.state, r.reply, r.closed_by, r.closed_at from knowledge_report r join knowledge_entry e \
             on e.id = r.entry_id where 1 = 1",
        );
        narrow(&mut sql, by, &["knowledge.write", "knowledge.review"]);
        if let Some(state) = state {
            sql.push(" and r.state = ").bind(state);
        }
        if let Some(keys) = cursor.and_then(|cursor| Cursor::decode(cursor, 2))
            && let Ok(at) = keys[0].parse::<i64>()
        {
            sql.push(" and (r.at < ").bind(at).push(" or (r.at = ").bind(at);
            sql.push(" and r.id < ").bind(keys[1].clone()).push("))");
        }
        sql.push(" order by r.at desc, r.id desc limit ");
        sql.bind(i64::try_from(limit + 1).unwrap_or(i64::MAX));
        let rows: Vec<ReportRow> = sql.query_as().fetch_all(self.kit().db.reader()).await?;
        Ok(Page::cut(rows, limit, |row| Cursor::encode(&[row.at.to_string(), row.id.clone()])))
    }

    /// Counts open reports on entries that a person maintains, up to a bound.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_reports(&self, by: &Principal) -> Result<i64, KnowledgeError> {
        let mut sql = Statement::new(
            "select count(*) from (select 1 from knowledge_report r join knowledge_entry e on e.id = r.entry_id \
             where r.state = 'open'",
        );
        narrow(&mut sql, by, &["knowledge.write", "knowledge.review"]);
        sql.push(" limit 1000) as counted");
        let (count,): (i64,) = sql.query_as().fetch_one(self.kit().db.reader()).await?;
        Ok(count)
    }

    /// Closes a report: the answer was put right, or was right all along.
    ///
    /// # Errors
    /// When it is closed already, or somebody else's to close.
    pub async fn resolve_report(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &str,
        fixed: bool,
        reply: &str,
    ) -> Result<(), KnowledgeError> {
        let reply = reply.trim();
        if reply.is_empty() {
            return Err(KnowledgeError::Invalid(vec![Refusal::required("reply")]));
        }
        if reply.chars().count() > TEXT_MAX {
            return Err(KnowledgeError::Invalid(vec![Refusal::too_long("reply", TEXT_MAX)]));
        }
        let mut tx = self.kit().db.begin().await?;
        let known: Option<(String, String)> =
            sqlx::query_as("select entry_id, state from knowledge_report where id = $1")
                .bind(id)
                .fetch_optional(tx.conn())
                .await?;
        let (entry, state) = known.ok_or(KnowledgeError::NotFound)?;
        let row = super::entry::find(tx.conn(), &entry).await?;
        if !row.is_maintained_by(by) {
            return Err(KnowledgeError::NotFound);
        }
        if state != "open" {
            return Err(KnowledgeError::Wrong("closed"));
        }
        let closed = sqlx::query(
            "update knowledge_report set state = $2, reply = $3, closed_by = $4, closed_at = $5 \
             where id = $1 and state = 'open'",
        )
        .bind(id)
        .bind(if fixed { "fixed" } else { "dismissed" })
        .bind(reply)
        .bind(&by.name)
        .bind(ctx.now.0)
        .execute(tx.conn())
        .await?
        .rows_affected();
        if closed == 0 {
            return Err(KnowledgeError::Wrong("closed"));
        }
        super::entry::record(
            &mut tx,
            ctx,
            &row,
            if fixed { "report_fixed" } else { "report_dismissed" },
            reply,
        );
        Ok(tx.commit().await?)
    }

    /// Counts whether a published entry helped a citizen.
    ///
    /// # Errors
    /// When citizens do not have the entry.
    pub async fn count_opinion(&self, id: &EntryId, helpful: bool) -> Result<(), KnowledgeError> {
        self.published(id, Audience::Public).await?;
        let mut tx = self.kit().db.begin().await?;
        sqlx::query(
            "insert into knowledge_opinion (entry_id, helpful, unhelpful) values ($1, $2, $3) \
             on conflict (entry_id) do update set helpful = knowledge_opinion.helpful + excluded.helpful, \
             unhelpful = knowledge_opinion.unhelpful + excluded.unhelpful",
        )
        .bind(id.as_str())
        .bind(i64::from(helpful))
        .bind(i64::from(!helpful))
        .execute(tx.conn())
        .await?;
        Ok(tx.commit().await?)
    }

    /// Returns how many citizens an entry helped, and how many not.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn opinions_on(&self, id: &EntryId) -> Result<(i64, i64), KnowledgeError> {
        let row: Option<(i64, i64)> =
            sqlx::query_as("select helpful, unhelpful from knowledge_opinion where entry_id = $1")
                .bind(id.as_str())
                .fetch_optional(self.kit().db.reader())
                .await?;
        Ok(row.unwrap_or_default())
    }
}
