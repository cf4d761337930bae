//! Use: every reading is counted; rankings, trails and favourites live on it.

use contract::knowledge::{AnswerId, Audience, EntryId, KnowledgeUsed};
use kernel::db::Statement;
use kernel::http::local_time;
use kernel::{Ctx, Timestamp};
use sqlx::FromRow;

use crate::Knowledge;
use crate::error::{KnowledgeError, Refusal};

/// Stands for everybody together.
const EVERYBODY: &str = "*";
/// Entries that a ranking shows.
const RANKED: i64 = 50;
/// Entries that one person may keep.
const FAVOURITES_MAX: i64 = 500;

/// A place in a ranking, or a step of a trail.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `knowledge_use` and `knowledge_entry` under their own names")]
pub struct UseRow {
    pub entry_id: String,
    pub number: String,
    pub title: String,
    pub business: String,
    pub state: String,
    pub reads: i64,
    pub uses: i64,
    pub last_at: i64,
}

impl Knowledge {
    /// Counts that an entry was read, sent, pasted or shown. A citizen has no account and is counted without one.
    ///
    /// # Errors
    /// When the entry is not published, or the purpose is unknown.
    pub async fn count_use(
        &self,
        ctx: &Ctx,
        person: Option<&str>,
        id: &EntryId,
        answer: Option<&str>,
        purpose: &str,
    ) -> Result<(), KnowledgeError> {
        let citizen = person.is_none();
        let known =
            if citizen { &["portal", "robot"][..] } else { &["read", "sent", "pasted", "copied"][..] };
        if !known.contains(&purpose) {
            return Err(KnowledgeError::Invalid(vec![Refusal::unknown("purpose")]));
        }
        let audience = if citizen { Audience::Public } else { Audience::Internal };
        self.published(id, audience).await?;
        let reads = i64::from(matches!(purpose, "read" | "portal"));
        let day = self.day(ctx.now);
        let mut tx = self.kit().db.begin().await?;
        let mut counters = vec![EVERYBODY];
        counters.extend(person);
        for counter in counters {
            sqlx::query(
                "insert into knowledge_use (day, person_id, entry_id, reads, uses, last_at) \
                 values ($1, $2, $3, $4, $5, $6) on conflict (person_id, day, entry_id) do update set \
                 reads = knowledge_use.reads + excluded.reads, uses = knowledge_use.uses + excluded.uses, \
                 last_at = excluded.last_at",
            )
            .bind(&day)
            .bind(counter)
            .bind(id.as_str())
            .bind(reads)
            .bind(1 - reads)
            .bind(ctx.now.0)
            .execute(tx.conn())
            .await?;
        }
        if reads == 1 {
            sqlx::query("update knowledge_entry set views = views + 1, last_viewed_at = $2 where id = $1")
                .bind(id.as_str())
                .bind(ctx.now.0)
                .execute(tx.conn())
                .await?;
        }
        if let Some(answer) = answer {
            sqlx::query(
                "update knowledge_answer set views = views + 1, last_viewed_at = $3 where id = $1 and entry_id = $2",
            )
            .bind(answer)
            .bind(id.as_str())
            .bind(ctx.now.0)
            .execute(tx.conn())
            .await?;
        }
        tx.emit(
            ctx,
            &KnowledgeUsed {
                entry_id: id.clone(),
                answer_id: answer.map(|answer| AnswerId(answer.to_owned())),
                person_id: person.map(ToOwned::to_owned),
                purpose: purpose.to_owned(),
            },
        );
        Ok(tx.commit().await?)
    }

    /// Ranks entries by how often they were read in the last days, by everybody or by one person.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn ranking(&self, person: Option<&str>, days: i64) -> Result<Vec<UseRow>, KnowledgeError> {
        let since = self.day(self.kit().now().plus_secs(-(days.clamp(1, 400) - 1) * 86_400));
        Ok(sqlx::query_as(
            "select u.entry_id, e.number, e.title, e.business, e.state, cast(sum(u.reads) as bigint) as reads, \
             cast(sum(u.uses) as bigint) as uses, max(u.last_at) as last_at from knowledge_use u \
             join knowledge_entry e on e.id = u.entry_id where u.person_id = $1 and u.day >= $2 \
             group by u.entry_id, e.number, e.title, e.business, e.state \
             order by reads desc, uses desc, e.number limit $3",
        )
        .bind(person.unwrap_or(EVERYBODY))
        .bind(since)
        .bind(RANKED)
        .fetch_all(self.kit().db.reader())
        .await?)
    }

    /// Lists what a person read last, each entry once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn trail(&self, person: &str) -> Result<Vec<UseRow>, KnowledgeError> {
        let rows: Vec<UseRow> = sqlx::query_as(
            "select u.entry_id, e.number, e.title, e.business, e.state, u.reads, u.uses, u.last_at \
             from knowledge_use u join knowledge_entry e on e.id = u.entry_id where u.person_id = $1 \
             order by u.last_at desc limit 300",
        )
        .bind(person)
        .fetch_all(self.kit().db.reader())
        .await?;
        let mut once: Vec<UseRow> = Vec::new();
        for row in rows {
            match once.iter_mut().find(|known| known.entry_id == row.entry_id) {
                Some(known) => {
                    known.reads += row.reads;
                    known.uses += row.uses;
                }
                None => once.push(row),
            }
        }
        once.truncate(100);
        Ok(once)
    }

    /// Keeps an entry among a person's favourites, or no longer. Doing it again changes nothing.
    ///
    /// # Errors
    /// When the entry does not exist, or there are too many.
    pub async fn set_favourite(
        &self,
        person: &str,
        id: &EntryId,
        kept: bool,
        now: Timestamp,
    ) -> Result<(), KnowledgeError> {
        if kept {
            self.published(id, Audience::Internal).await?;
        }
        let mut tx = self.kit().db.begin().await?;
        let mut sql = if kept {
            let (count,): (i64,) =
                sqlx::query_as("select count(*) from knowledge_favourite where person_id = $1")
                    .bind(person)
                    .fetch_one(tx.conn())
                    .await?;
            if count >= FAVOURITES_MAX {
                return Err(KnowledgeError::Invalid(vec![Refusal::too_many(
                    "favourite",
                    FAVOURITES_MAX as usize,
                )]));
            }
            Statement::new("insert into knowledge_favourite (person_id, entry_id, at) values (")
        } else {
            Statement::new("delete from knowledge_favourite where person_id = ")
        };
        sql.bind(person);
        if kept {
            sql.push(", ").bind(id.as_str()).push(", ").bind(now.0).push(") on conflict do nothing");
        } else {
            sql.push(" and entry_id = ").bind(id.as_str());
        }
        sql.query().execute(tx.conn()).await?;
        Ok(tx.commit().await?)
    }

    /// Lists a person's favourites, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn favourites(&self, person: &str) -> Result<Vec<UseRow>, KnowledgeError> {
        Ok(sqlx::query_as(
            "select e.id as entry_id, e.number, e.title, e.business, e.state, e.views as reads, \
             cast(0 as bigint) as uses, f.at as last_at from knowledge_favourite f \
             join knowledge_entry e on e.id = f.entry_id where f.person_id = $1 order by f.at desc limit 500",
        )
        .bind(person)
        .fetch_all(self.kit().db.reader())
        .await?)
    }

    /// Tells whether an entry is among a person's favourites.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn is_favourite(&self, person: &str, id: &EntryId) -> Result<bool, KnowledgeError> {
        let (count,): (i64,) =
            sqlx::query_as("select count(*) from knowledge_favourite where person_id = $1 and entry_id = $2")
                .bind(person)
                .bind(id.as_str())
                .fetch_one(self.kit().db.reader())
                .await?;
        Ok(count > 0)
    }

    /// Returns the day of an instant in the city's zone.
    fn day(&self, at: Timestamp) -> String {
        local_time(&self.kit().config.zone, at.0).chars().take(10).collect()
    }
}
