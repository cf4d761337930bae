//! Rows of `bot_question`, `bot_teaching`, `bot_trial` and `bot_publication`: what the robot could not answer, what it
//! was taught, the questions by which that is judged, and the versions that went live.

use contract::bot::ChatId;
use kernel::db::Statement;
use kernel::{Audit, Ctx, Cursor, Page};
use lang::normalize::fold;
use serde::Serialize;
use serde_json::json;
use sqlx::FromRow;
use utoipa::ToSchema;

use super::setting;
use crate::Bot;
use crate::error::BotError;
use crate::robot::answering::Taught;
use crate::store::chat::Chat;

/// Questions that are taught, and by which it is judged.
pub const TAUGHT_MAX: i64 = 5_000;
/// Questions of the test set.
pub const TRIALS_MAX: i64 = 300;
/// Longest question.
pub const QUESTION_MAX: usize = 200;

/// A question that the robot could not answer well.
#[derive(Clone, Debug, Serialize, FromRow, ToSchema)]
#[schema(as = RobotQuestion)]
pub struct Question {
    /// Names it.
    pub id: String,
    /// The question.
    pub text: String,
    /// `unanswered`, `badly_rated`, `repeated`.
    pub reason: String,
    /// `open`, `taught`, `ignored`.
    pub state: String,
    /// How often it was asked.
    pub times: i64,
    /// When it was asked first, epoch milliseconds.
    pub first_at: i64,
    /// When it was asked last.
    pub last_at: i64,
    /// A conversation in which it was asked.
    pub chat_id: Option<String>,
    /// What was answered, when that was rated badly.
    pub answer: String,
    /// The entry that was taught.
    pub entry_id: Option<String>,
}

/// Something taught.
#[derive(Clone, Debug, Serialize, FromRow, ToSchema)]
#[schema(as = RobotTeaching)]
pub struct Teaching {
    /// Names it.
    pub id: String,
    /// The question.
    pub question: String,
    /// The entry that answers it.
    pub entry_id: String,
    /// Its title.
    pub title: String,
    /// When, epoch milliseconds.
    pub created_at: i64,
    /// Who taught it.
    pub created_by: String,
    /// The version with which it went live; none while it is only written.
    pub from_version: Option<i64>,
    /// The version with which it was taken back.
    pub to_version: Option<i64>,
}

/// A question by which the robot is judged.
#[derive(Clone, Debug, Serialize, FromRow, ToSchema)]
#[schema(as = RobotTrial)]
pub struct Trial {
    /// Names it.
    pub id: String,
    /// The question.
    pub question: String,
    /// The entry that answers it; none when a person should.
    pub entry_id: Option<String>,
    /// Its title.
    pub title: String,
}

/// A version that went live.
#[derive(Clone, Debug, Serialize, FromRow, ToSchema)]
#[schema(as = RobotPublication)]
pub struct Publication {
    /// Its number.
    pub version: i64,
    /// When, epoch milliseconds.
    pub at: i64,
    /// Who put it live.
    pub by_name: String,
    /// Questions by which it was judged.
    pub trials: i64,
    /// Those that were right with the version before.
    pub right_before: i64,
    /// Those that are right with this one.
    pub right_after: i64,
}

const TEACHINGS: &str = "select id, question, entry_id, title, created_at, created_by, from_version, to_version \
    from bot_teaching ";

impl Bot {
    /// Notes a question that was not answered well; the same one is counted.
    pub(crate) async fn note_question(
        &self,
        ctx: &Ctx,
        chat: &Chat,
        text: &str,
        reason: &str,
    ) -> Result<(), BotError> {
        self.note_question_of(ctx, &chat.id, text, reason, "").await
    }

    pub(crate) async fn note_question_of(
        &self,
        ctx: &Ctx,
        chat_id: &ChatId,
        text: &str,
        reason: &str,
        answer: &str,
    ) -> Result<(), BotError> {
        // What may be a telephone number or a card is nobody's business here.
        let mut digits = 0;
        let text: String = text
            .trim()
            .chars()
            .take(QUESTION_MAX)
            .map(|c| {
                digits = if c.is_ascii_digit() { digits + 1 } else { 0 };
                if digits > 4 { '*' } else { c }
            })
            .collect();
        let folded: String = fold(&text).chars().filter(|c| c.is_alphanumeric()).collect();
        if folded.chars().count() < 2 {
            return Ok(());
        }
        let mut tx = self.kit().db.begin().await?;
        sqlx::query(
            "insert into bot_question (id, folded, text, reason, state, times, first_at, last_at, chat_id, answer, \
             changed_by) values ($1, $2, $3, $4, 'open', 1, $5, $6, $7, $8, '') on conflict (folded) do update set \
             times = bot_question.times + 1, last_at = excluded.last_at, chat_id = excluded.chat_id, \
             reason = excluded.reason, answer = excluded.answer, \
             state = case when bot_question.state = 'taught' and excluded.reason = 'unanswered' then 'open' \
             else bot_question.state end",
        )
        .bind(kernel::id::new_id())
        .bind(folded)
        .bind(text)
        .bind(reason)
        .bind(ctx.now.0)
        .bind(ctx.now.0)
        .bind(chat_id.as_str())
        .bind(answer.chars().take(500).collect::<String>())
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Returns a page of questions, those that were asked most first.
    pub(crate) async fn list_questions(
        &self,
        state: &str,
        q: Option<&str>,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Question>, BotError> {
        let mut sql = Statement::new(
            "select id, text, reason, state, times, first_at, last_at, chat_id, answer, entry_id from bot_question \
             where state = ",
        );
        sql.bind(state);
        if let Some(q) = q.map(str::trim).filter(|q| !q.is_empty()) {
            let like: String = q.chars().take(50).filter(|c| !matches!(c, '%' | '_' | '\\')).collect();
            sql.push(" and text like ").bind(format!("%{like}%"));
        }
        if let Some(keys) = cursor.and_then(|cursor| Cursor::decode(cursor, 2))
            && let Ok(times) = keys[0].parse::<i64>()
        {
            sql.push(" and (times < ").bind(times);
            sql.push(" or (times = ").bind(times);
            sql.push(" and id > ").bind(&keys[1]).push("))");
        }
        sql.push(" order by times desc, id limit ").bind(i64::try_from(limit).unwrap_or(200) + 1);
        let rows: Vec<Question> = sql.query_as().fetch_all(self.kit().db.reader()).await?;
        Ok(Page::cut(rows, limit, |row| Cursor::encode(&[row.times.to_string(), row.id.clone()])))
    }

    /// Says that a question needs no answer, or that it does after all.
    pub(crate) async fn set_question(&self, ctx: &Ctx, id: &str, state: &str) -> Result<(), BotError> {
        let mut tx = self.kit().db.begin().await?;
        let changed = sqlx::query("update bot_question set state = $2, changed_by = $3 where id = $1")
            .bind(id)
            .bind(state)
            .bind(&ctx.actor.name)
            .execute(tx.conn())
            .await?
            .rows_affected();
        if changed == 0 {
            return Err(BotError::NotFound);
        }
        tx.audit(ctx, Audit::new("robot.question_set", "question", id).detail(json!({ "state": state })));
        tx.commit().await?;
        Ok(())
    }

    /// Teaches a question; it counts once the next version is live. The question becomes one by which the robot is
    /// judged, too.
    pub(crate) async fn teach(
        &self,
        ctx: &Ctx,
        question_id: Option<&str>,
        question: &str,
        entry_id: &str,
        title: &str,
    ) -> Result<(), BotError> {
        let mut tx = self.kit().db.begin().await?;
        let many: i64 = sqlx::query_scalar("select count(*) from bot_teaching where to_version is null")
            .fetch_one(tx.conn())
            .await?;
        if many >= TAUGHT_MAX {
            return Err(BotError::Refused {
                code: "robot.too_many_taught",
                zh: "已教的问法过多，请先整理。",
                en: "Too many questions are taught; tidy up first.",
            });
        }
        let id = kernel::id::new_id();
        sqlx::query(
            "insert into bot_teaching (id, question, entry_id, title, created_at, created_by) \
             values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(&id)
        .bind(question)
        .bind(entry_id)
        .bind(title)
        .bind(ctx.now.0)
        .bind(&ctx.actor.name)
        .execute(tx.conn())
        .await?;
        if let Some(question_id) = question_id {
            sqlx::query(
                "update bot_question set state = 'taught', entry_id = $2, changed_by = $3 where id = $1",
            )
            .bind(question_id)
            .bind(entry_id)
            .bind(&ctx.actor.name)
            .execute(tx.conn())
            .await?;
        }
        tx.audit(ctx, Audit::new("robot.taught", "teaching", id).detail(json!({ "entry": entry_id })));
        tx.commit().await?;
        self.add_trial(ctx, question, Some((entry_id, title))).await
    }

    /// Returns what is taught and not taken back, the newest first.
    pub(crate) async fn teachings(&self) -> Result<Vec<Teaching>, BotError> {
        let sql =
            format!("{TEACHINGS}where to_version is null order by created_at desc, id limit {TAUGHT_MAX}");
        Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql)).fetch_all(self.kit().db.reader()).await?)
    }

    /// Returns what a version knows.
    pub(crate) async fn taught_in(&self, version: i64) -> Result<Vec<Taught>, BotError> {
        let sql = format!(
            "{TEACHINGS}where from_version <= $1 and (to_version is null or to_version > $2) order by created_at desc \
             limit {TAUGHT_MAX}"
        );
        let rows: Vec<Teaching> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(version)
            .bind(version)
            .fetch_all(self.kit().db.reader())
            .await?;
        Ok(rows.into_iter().map(taught).collect())
    }

    /// Takes something taught back: what is only written disappears, what is live ends with the next version.
    pub(crate) async fn forget_teaching(&self, ctx: &Ctx, id: &str) -> Result<(), BotError> {
        let next = self.newest_version().await? + 1;
        let mut tx = self.kit().db.begin().await?;
        let dropped = sqlx::query("delete from bot_teaching where id = $1 and from_version is null")
            .bind(id)
            .execute(tx.conn())
            .await?
            .rows_affected();
        let ended = if dropped == 0 {
            sqlx::query("update bot_teaching set to_version = $2 where id = $1 and to_version is null")
                .bind(id)
                .bind(next)
                .execute(tx.conn())
                .await?
                .rows_affected()
        } else {
            0
        };
        if dropped + ended == 0 {
            return Err(BotError::NotFound);
        }
        tx.audit(ctx, Audit::new("robot.teaching_forgotten", "teaching", id));
        tx.commit().await?;
        Ok(())
    }

    pub(crate) async fn trials(&self) -> Result<Vec<Trial>, BotError> {
        Ok(sqlx::query_as(
            "select id, question, entry_id, title from bot_trial order by created_at desc, id limit $1",
        )
        .bind(TRIALS_MAX)
        .fetch_all(self.kit().db.reader())
        .await?)
    }

    /// Adds a question by which the robot is judged; one that is there already is left.
    pub(crate) async fn add_trial(
        &self,
        ctx: &Ctx,
        question: &str,
        entry: Option<(&str, &str)>,
    ) -> Result<(), BotError> {
        let known = self.trials().await?;
        if known.iter().any(|trial| trial.question == question) {
            return Ok(());
        }
        if known.len() as i64 >= TRIALS_MAX {
            return Err(BotError::Refused {
                code: "robot.too_many_trials",
                zh: "测试问题已达上限，请先删除一些。",
                en: "There are too many test questions; remove some first.",
            });
        }
        let mut tx = self.kit().db.begin().await?;
        sqlx::query(
            "insert into bot_trial (id, question, entry_id, title, created_at, created_by) \
             values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(kernel::id::new_id())
        .bind(question)
        .bind(entry.map(|(id, _)| id))
        .bind(entry.map_or("", |(_, title)| title))
        .bind(ctx.now.0)
        .bind(&ctx.actor.name)
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(())
    }

    pub(crate) async fn remove_trial(&self, id: &str) -> Result<(), BotError> {
        let mut tx = self.kit().db.begin().await?;
        let gone = sqlx::query("delete from bot_trial where id = $1").bind(id).execute(tx.conn()).await?;
        tx.commit().await?;
        if gone.rows_affected() == 0 { Err(BotError::NotFound) } else { Ok(()) }
    }

    /// Returns the versions, newest first.
    pub(crate) async fn publications(&self) -> Result<Vec<Publication>, BotError> {
        Ok(sqlx::query_as(
            "select version, at, by_name, trials, right_before, right_after from bot_publication \
             order by version desc limit 100",
        )
        .fetch_all(self.kit().db.reader())
        .await?)
    }

    async fn newest_version(&self) -> Result<i64, BotError> {
        Ok(sqlx::query_scalar("select coalesce(max(version), 0) from bot_publication")
            .fetch_one(self.kit().db.reader())
            .await?)
    }

    /// Returns the version that is live; 0 before the first.
    pub(crate) async fn live_version(&self) -> Result<i64, BotError> {
        let (value, _) = setting::get(&self.kit().db, setting::TEACHING).await?;
        Ok(value.and_then(|value| value.parse().ok()).unwrap_or(0))
    }

    /// Puts everything that is written live as a new version, with how it was judged.
    pub(crate) async fn publish_teaching(
        &self,
        ctx: &Ctx,
        trials: i64,
        right_before: i64,
        right_after: i64,
    ) -> Result<i64, BotError> {
        let version = self.newest_version().await? + 1;
        let mut tx = self.kit().db.begin().await?;
        // The primary key refuses a second one that publishes in this moment.
        sqlx::query(
            "insert into bot_publication (version, at, by_name, trials, right_before, right_after) \
             values ($1, $2, $3, $4, $5, $6)",
        )
        .bind(version)
        .bind(ctx.now.0)
        .bind(&ctx.actor.name)
        .bind(trials)
        .bind(right_before)
        .bind(right_after)
        .execute(tx.conn())
        .await?;
        sqlx::query("update bot_teaching set from_version = $1 where from_version is null")
            .bind(version)
            .execute(tx.conn())
            .await?;
        setting::set(&mut tx, setting::TEACHING, &version.to_string()).await?;
        tx.audit(
            ctx,
            Audit::new("robot.published", "teaching_version", version.to_string())
                .detail(json!({ "trials": trials, "before": right_before, "after": right_after })),
        );
        tx.commit().await?;
        self.follow_teaching().await?;
        Ok(version)
    }

    /// Puts an earlier version live again; 0 for none.
    pub(crate) async fn activate_teaching(&self, ctx: &Ctx, version: i64) -> Result<(), BotError> {
        if version < 0 || version > self.newest_version().await? {
            return Err(BotError::NotFound);
        }
        let mut tx = self.kit().db.begin().await?;
        setting::set(&mut tx, setting::TEACHING, &version.to_string()).await?;
        tx.audit(ctx, Audit::new("robot.version_activated", "teaching_version", version.to_string()));
        tx.commit().await?;
        self.follow_teaching().await
    }

    /// Reads what is live, and what was learnt of how sure to be.
    pub(crate) async fn follow_teaching(&self) -> Result<(), BotError> {
        let live = self.taught_in(self.live_version().await?).await?;
        *self.0.chats.teaching.write().expect("no holder of this lock can panic") = std::sync::Arc::new(live);
        Ok(())
    }
}

/// Returns what a row teaches.
pub(crate) fn taught(row: Teaching) -> Taught {
    Taught { question: row.question, entry_id: row.entry_id, title: row.title }
}
