//! Rows of `messages_notice`: what people were told, and what they have read.

use async_trait::async_trait;
use contract::messages::{Notice, NoticeArrived, Notifier};
use kernel::db::Statement;
use kernel::{BoxError, Ctx, Cursor, Page, Timestamp};
use serde_json::{Map, Value};
use sqlx::FromRow;

use super::delivery;
use crate::Messages;
use crate::error::MessageError;
use crate::kind::Kind;
use crate::rule::Rule;

/// A notice as it is stored.
#[derive(Clone, Debug, FromRow)]
#[expect(missing_docs, reason = "columns of `messages_notice` under their own names")]
pub struct StoredNotice {
    pub id: String,
    pub kind: String,
    pub urgent: i64,
    pub facts: String,
    pub subject_kind: String,
    pub subject_id: String,
    pub made_at: i64,
    pub read_at: Option<i64>,
}

impl Messages {
    /// Tells people something, once for each key.
    pub(crate) async fn tell(
        &self,
        ctx: &Ctx,
        rule: &Rule,
        people: &[String],
        key: &str,
        facts: &Map<String, Value>,
        subject: (&str, &str),
    ) -> Result<(), MessageError> {
        let facts = Value::Object(facts.clone()).to_string();
        let channels = self.ready_channels(&rule.channels);
        let next_at = if rule.kind.is_urgent() { ctx.now } else { self.after_quiet(ctx.now) };
        let mut tx = self.kit().db.begin().await?;
        for person in people {
            let id = kernel::id::new_id();
            let made = sqlx::query(
                "insert into messages_notice (id, key, person_id, kind, urgent, facts, subject_kind, subject_id, \
                 made_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing",
            )
            .bind(&id)
            .bind(key)
            .bind(person)
            .bind(rule.kind.code())
            .bind(i64::from(rule.kind.is_urgent()))
            .bind(&facts)
            .bind(subject.0)
            .bind(subject.1)
            .bind(ctx.now.0)
            .execute(tx.conn())
            .await?
            .rows_affected();
            if made == 0 {
                continue;
            }
            for channel in &channels {
                delivery::queue(tx.conn(), &id, channel, next_at).await?;
            }
            tx.emit(
                ctx,
                &NoticeArrived {
                    notice_id: id,
                    person_id: person.clone(),
                    kind: rule.kind.code().to_owned(),
                    urgent: rule.kind.is_urgent(),
                },
            );
        }
        Ok(tx.commit().await?)
    }

    /// Lists a person's notices, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn notices(
        &self,
        person_id: &str,
        unread: bool,
        kind: Option<&str>,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<StoredNotice>, MessageError> {
        let mut sql = Statement::new(
            "select id, kind, urgent, facts, subject_kind, subject_id, made_at, read_at from messages_notice \
             where person_id = ",
        );
        sql.bind(person_id);
        if unread {
            sql.push(" and read_at is null");
        }
        if let Some(kind) = kind {
            sql.push(" and kind = ").bind(kind);
        }
        if let Some(keys) = cursor.and_then(|cursor| Cursor::decode(cursor, 2))
            && let Ok(at) = keys[0].parse::<i64>()
        {
            sql.push(" and (made_at < ").bind(at).push(" or (made_at = ").bind(at);
            sql.push(" and id < ").bind(keys[1].clone()).push("))");
        }
        sql.push(" order by made_at desc, id desc limit ").bind(i64::try_from(limit + 1).unwrap_or(i64::MAX));
        let rows: Vec<StoredNotice> = sql.query_as().fetch_all(self.kit().db.reader()).await?;
        Ok(Page::cut(rows, limit, |row| Cursor::encode(&[row.made_at.to_string(), row.id.clone()])))
    }

    /// Counts what a person has not read.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn unread(&self, person_id: &str) -> Result<i64, MessageError> {
        let (count,): (i64,) =
            sqlx::query_as("select count(*) from messages_notice where person_id = $1 and read_at is null")
                .bind(person_id)
                .fetch_one(self.kit().db.reader())
                .await?;
        Ok(count)
    }

    /// Marks one notice of a person as read, or all of them. Reading again changes nothing.
    ///
    /// # Errors
    /// [`MessageError::NotFound`] for somebody else's.
    pub async fn mark_read(
        &self,
        person_id: &str,
        id: Option<&str>,
        now: Timestamp,
    ) -> Result<(), MessageError> {
        let mut tx = self.kit().db.begin().await?;
        if let Some(id) = id {
            let known: Option<(String,)> =
                sqlx::query_as("select id from messages_notice where id = $1 and person_id = $2")
                    .bind(id)
                    .bind(person_id)
                    .fetch_optional(tx.conn())
                    .await?;
            known.ok_or(MessageError::NotFound)?;
        }
        let mut sql = Statement::new("update messages_notice set read_at = ");
        sql.bind(now.0).push(" where read_at is null and person_id = ").bind(person_id);
        if let Some(id) = id {
            sql.push(" and id = ").bind(id);
        }
        sql.query().execute(tx.conn()).await?;
        Ok(tx.commit().await?)
    }
}

#[async_trait]
impl Notifier for Messages {
    async fn notify(&self, ctx: &Ctx, notice: Notice) -> Result<(), BoxError> {
        let kind = Kind::parse(&notice.kind)
            .ok_or_else(|| format!("no kind of notice is called {}", notice.kind))?;
        let rule = self.rule(kind).await?;
        if !rule.active {
            return Ok(());
        }
        let people: Vec<String> = notice.people.into_iter().map(|person| person.0).collect();
        let subject = (notice.subject_kind.as_str(), notice.subject_id.as_str());
        self.tell(ctx, &rule, &people, &notice.key, &notice.facts, subject).await?;
        Ok(())
    }
}
