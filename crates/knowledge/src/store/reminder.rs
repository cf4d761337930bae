//! What maintainers have to be told of.

use sqlx::FromRow;

use crate::Knowledge;
use crate::error::KnowledgeError;

/// Things of one kind in one turn.
const TURN_MAX: i64 = 500;

/// Something that a maintainer has to know.
#[derive(Clone, Debug)]
pub(crate) struct Reminder {
    /// The kind of notice.
    pub kind: String,
    /// Names it; told twice, it is told once.
    pub key: String,
    pub entry_id: String,
    pub number: String,
    pub title: String,
    pub unit_id: String,
    /// What was said of it.
    pub note: String,
    /// Who need not be told: they wrote it.
    pub authors: Vec<String>,
}

#[derive(FromRow)]
struct Row {
    entry_id: String,
    number: String,
    title: String,
    unit_id: String,
    mark: String,
    note: String,
    authors: String,
}

impl Knowledge {
    /// Returns what came up between `since` and `now`, and what expires within `ahead_ms`, in epoch milliseconds.
    pub(crate) async fn reminders(
        &self,
        since: i64,
        now: i64,
        ahead_ms: i64,
    ) -> Result<Vec<Reminder>, KnowledgeError> {
        let reviews = "select e.id as entry_id, e.number, e.title, e.unit_id, \
             cast(e.work_no as text) || '.' || cast(v.submitted_at as text) || '.' || cast(e.stage as text) as mark, \
             '' as note, v.authors from knowledge_entry e \
             join knowledge_version v on v.entry_id = e.id and v.no = e.work_no \
             where e.work = 'in_review' and e.updated_at > $1 and e.updated_at <= $2 order by e.updated_at limit $3";
        let reports = "select e.id as entry_id, e.number, e.title, e.unit_id, r.id as mark, r.text as note, \
             r.person_id as authors from knowledge_report r join knowledge_entry e on e.id = r.entry_id \
             where r.state = 'open' and r.at > $1 and r.at <= $2 order by r.at limit $3";
        let due = "select e.id as entry_id, e.number, e.title, e.unit_id, cast(e.review_due_at as text) as mark, \
             '' as note, '' as authors from knowledge_entry e \
             where e.state = 'published' and e.review_due_at > $1 and e.review_due_at <= $2 \
             order by e.review_due_at limit $3";
        let expiring = "select e.id as entry_id, e.number, e.title, e.unit_id, cast(e.expires_at as text) as mark, \
             '' as note, '' as authors from knowledge_entry e \
             where e.state in ('published', 'expired') and e.expires_at > $1 and e.expires_at <= $2 \
             order by e.expires_at limit $3";
        let mut found = Vec::new();
        for (kind, sql, from, to) in [
            ("knowledge_review", reviews, since, now),
            ("knowledge_report", reports, since, now),
            ("knowledge_due", due, since, now),
            ("knowledge_expiring", expiring, (since + ahead_ms).min(now + ahead_ms), now + ahead_ms),
            ("knowledge_expired", expiring, since, now),
        ] {
            let rows: Vec<Row> = sqlx::query_as(sql)
                .bind(from)
                .bind(to)
                .bind(TURN_MAX)
                .fetch_all(self.kit().db.reader())
                .await?;
            found.extend(rows.into_iter().map(|row| Reminder {
                kind: kind.to_owned(),
                key: format!("{}.{}", row.entry_id, row.mark),
                entry_id: row.entry_id,
                number: row.number,
                title: row.title,
                unit_id: row.unit_id,
                note: row.note.chars().take(100).collect(),
                authors: row.authors.split(' ').filter(|id| !id.is_empty()).map(ToOwned::to_owned).collect(),
            }));
        }
        Ok(found)
    }
}
