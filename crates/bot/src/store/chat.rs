//! Rows of `bot_chat` and `bot_message`: conversations, who has them, and what was said.

use contract::bot::{ChatChanged, ChatEnded, ChatId, ChatRated};
use kernel::db::Statement;
use kernel::{Ctx, Cursor, DbError, Page, Tx};
use serde::Serialize;
use sqlx::FromRow;
use utoipa::ToSchema;

use crate::Bot;
use crate::error::BotError;
use crate::robot::{Dialogue, Extra, Reply};

/// Messages of one conversation.
pub const MESSAGES_MAX: i64 = 1_000;

/// Where a conversation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// The robot answers.
    Robot,
    /// It waits for an agent.
    Waiting,
    /// An agent has it.
    Served,
    /// It is over.
    Ended,
}

impl State {
    /// Returns the word that is stored and shown.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Robot => "robot",
            Self::Waiting => "waiting",
            Self::Served => "served",
            Self::Ended => "ended",
        }
    }

    /// Reads a stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Robot, Self::Waiting, Self::Served, Self::Ended].into_iter().find(|state| state.code() == word)
    }
}

/// A conversation.
#[derive(Clone, Debug)]
pub struct Chat {
    /// Names it.
    pub id: ChatId,
    /// Whether it is held in Chinese.
    pub zh: bool,
    /// Where it stands.
    pub state: State,
    /// What the robot remembers.
    pub dialogue: Dialogue,
    /// How the citizen is called, when known.
    pub name: String,
    /// The citizen's number, when given.
    pub phone: Option<String>,
    /// The order that was written from it.
    pub case_number: Option<String>,
    /// The agent who has or had it last.
    pub agent_id: Option<String>,
    /// Their name.
    pub agent_name: Option<String>,
    /// Why it was handed over, as a code.
    pub reason: String,
    /// When a person was asked for, epoch milliseconds.
    pub asked_at: Option<i64>,
    /// When an agent took it.
    pub answered_at: Option<i64>,
    /// When it began.
    pub started_at: i64,
    /// When something happened last.
    pub updated_at: i64,
    /// When it ended.
    pub ended_at: Option<i64>,
    /// The citizen's rating.
    pub stars: Option<i64>,
    /// The call in which it is spoken; none for a written one.
    pub call_id: Option<String>,
    /// The number of the newest message.
    pub last_no: i64,
    token_digest: String,
    version: i64,
}

#[derive(FromRow)]
struct ChatRow {
    id: String,
    token_digest: String,
    lang: String,
    state: String,
    dialogue: String,
    name: String,
    phone: Option<String>,
    case_number: Option<String>,
    agent_id: Option<String>,
    agent_name: Option<String>,
    reason: String,
    asked_at: Option<i64>,
    answered_at: Option<i64>,
    started_at: i64,
    updated_at: i64,
    ended_at: Option<i64>,
    stars: Option<i64>,
    call_id: Option<String>,
    last_no: i64,
    version: i64,
}

impl From<ChatRow> for Chat {
    fn from(row: ChatRow) -> Self {
        Self {
            id: ChatId(row.id),
            zh: row.lang != "en",
            state: State::parse(&row.state).unwrap_or(State::Ended),
            // A dialogue of another version begins anew.
            dialogue: serde_json::from_str(&row.dialogue).unwrap_or_default(),
            name: row.name,
            phone: row.phone,
            case_number: row.case_number,
            agent_id: row.agent_id,
            agent_name: row.agent_name,
            reason: row.reason,
            asked_at: row.asked_at,
            answered_at: row.answered_at,
            started_at: row.started_at,
            updated_at: row.updated_at,
            ended_at: row.ended_at,
            stars: row.stars,
            call_id: row.call_id,
            last_no: row.last_no,
            token_digest: row.token_digest,
            version: row.version,
        }
    }
}

/// A message.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ChatMessage)]
pub struct Message {
    /// Its number within the conversation, from 1.
    pub no: i64,
    /// When, epoch milliseconds.
    pub at: i64,
    /// `citizen`, `robot`, `agent`, `system`.
    pub speaker: String,
    /// The speaker's name, of agents.
    pub name: String,
    /// The words.
    pub text: String,
    /// What goes with them.
    pub extra: Extra,
    /// Whether the citizen found it helpful.
    pub helpful: Option<bool>,
}

#[derive(FromRow)]
struct MessageRow {
    no: i64,
    at: i64,
    speaker: String,
    name: String,
    text: String,
    extra: String,
    helpful: Option<i64>,
}

impl From<MessageRow> for Message {
    fn from(row: MessageRow) -> Self {
        Self {
            no: row.no,
            at: row.at,
            speaker: row.speaker,
            name: row.name,
            text: row.text,
            extra: serde_json::from_str(&row.extra).unwrap_or_default(),
            helpful: row.helpful.map(|helpful| helpful != 0),
        }
    }
}

/// Which conversations a list shows.
#[derive(Clone, Debug, Default)]
pub struct ChatFilter {
    /// Where they stand.
    pub state: Option<State>,
    /// Whose they are.
    pub agent_id: Option<String>,
    /// Whether they were handed over.
    pub handed_over: Option<bool>,
    /// With at most so many stars.
    pub stars_max: Option<i64>,
    /// Begun since, epoch milliseconds.
    pub from: Option<i64>,
    /// Begun before, epoch milliseconds.
    pub to: Option<i64>,
}

const COLUMNS: &str = "select id, token_digest, lang, state, dialogue, name, phone, case_number, agent_id, \
    agent_name, reason, asked_at, answered_at, started_at, updated_at, ended_at, stars, call_id, \
    last_no, version from bot_chat ";

impl Chat {
    /// Tells whether `token` belongs to it.
    #[must_use]
    pub fn opens_with(&self, token: &str) -> bool {
        kernel::crypto::same_secret(&self.token_digest, &kernel::crypto::sha256_hex(token.as_bytes()))
    }
}

impl Bot {
    /// Begins a conversation; returns it with the token that opens it.
    pub(crate) async fn insert_chat(
        &self,
        ctx: &Ctx,
        zh: bool,
        greeting: &[Reply],
    ) -> Result<(Chat, String), BotError> {
        self.insert_chat_of(ctx, zh, greeting, None).await
    }

    /// Begins a conversation on the telephone. Nobody has its token: only the call's own words get into it.
    pub(crate) async fn insert_spoken_chat(
        &self,
        ctx: &Ctx,
        zh: bool,
        call_id: &str,
        caller: &str,
    ) -> Result<Chat, BotError> {
        self.insert_chat_of(ctx, zh, &[], Some((call_id, caller))).await.map(|(chat, _)| chat)
    }

    async fn insert_chat_of(
        &self,
        ctx: &Ctx,
        zh: bool,
        greeting: &[Reply],
        call: Option<(&str, &str)>,
    ) -> Result<(Chat, String), BotError> {
        let token = kernel::crypto::random_token(24);
        let mut chat = Chat {
            id: ChatId::generate(),
            zh,
            state: State::Robot,
            dialogue: Dialogue::default(),
            name: String::new(),
            phone: call.map(|(_, caller)| caller.to_owned()).filter(|caller| !caller.is_empty()),
            case_number: None,
            agent_id: None,
            agent_name: None,
            reason: String::new(),
            asked_at: None,
            answered_at: None,
            started_at: ctx.now.0,
            updated_at: ctx.now.0,
            ended_at: None,
            stars: None,
            call_id: call.map(|(call_id, _)| call_id.to_owned()),
            last_no: 0,
            token_digest: kernel::crypto::sha256_hex(token.as_bytes()),
            version: 1,
        };
        let mut tx = self.kit().db.begin().await?;
        sqlx::query(
            "insert into bot_chat (id, token_digest, lang, state, dialogue, name, reason, started_at, updated_at, \
             comment, call_id, last_no, version) values ($1, $2, $3, 'robot', '{}', '', '', $4, $5, '', $6, 0, 1)",
        )
        .bind(chat.id.as_str())
        .bind(&chat.token_digest)
        .bind(if zh { "zh" } else { "en" })
        .bind(ctx.now.0)
        .bind(ctx.now.0)
        .bind(&chat.call_id)
        .execute(tx.conn())
        .await?;
        for reply in greeting {
            append(&mut tx, ctx, &mut chat, "robot", "", reply).await?;
        }
        save(&mut tx, ctx, &mut chat).await?;
        tx.commit().await?;
        Ok((chat, token))
    }

    /// Finds a conversation.
    pub(crate) async fn find_chat(&self, id: &str) -> Result<Option<Chat>, BotError> {
        let row: Option<ChatRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!("{COLUMNS}where id = $1")))
            .bind(id)
            .fetch_optional(self.kit().db.reader())
            .await?;
        Ok(row.map(Into::into))
    }

    /// Finds the conversation that is spoken in a call.
    pub(crate) async fn chat_of_call(&self, call_id: &str) -> Result<Option<Chat>, BotError> {
        let row: Option<ChatRow> = sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "{COLUMNS}where call_id = $1 and state = 'robot' order by started_at desc limit 1"
        )))
        .bind(call_id)
        .fetch_optional(self.kit().db.reader())
        .await?;
        Ok(row.map(Into::into))
    }

    /// Returns the messages after a number, oldest first.
    pub(crate) async fn messages(&self, id: &ChatId, after: i64) -> Result<Vec<Message>, BotError> {
        let rows: Vec<MessageRow> = sqlx::query_as(
            "select no, at, speaker, name, text, extra, helpful from bot_message where chat_id = $1 and no > $2 \
             order by no limit $3",
        )
        .bind(id.as_str())
        .bind(after)
        .bind(MESSAGES_MAX)
        .fetch_all(self.kit().db.reader())
        .await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Returns conversations that an agent has, or that wait.
    pub(crate) async fn open_chats(&self, agent_id: Option<&str>) -> Result<Vec<Chat>, BotError> {
        let mut sql = Statement::new(COLUMNS);
        match agent_id {
            Some(agent) => sql.push("where state = 'served' and agent_id = ").bind(agent),
            None => sql.push("where state in ('waiting', 'served')"),
        };
        sql.push(" order by started_at, id limit 10000");
        let rows: Vec<ChatRow> = sql.query_as().fetch_all(self.kit().db.reader()).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Returns open conversations in which nothing has happened since `before`.
    pub(crate) async fn idle_chats(
        &self,
        robot_before: i64,
        person_before: i64,
    ) -> Result<Vec<Chat>, BotError> {
        let mut sql = Statement::new(COLUMNS);
        sql.push("where (state = 'robot' and updated_at < ").bind(robot_before);
        sql.push(") or (state in ('waiting', 'served') and updated_at < ").bind(person_before);
        sql.push(") order by updated_at limit 500");
        let rows: Vec<ChatRow> = sql.query_as().fetch_all(self.kit().db.reader()).await?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Returns a page of conversations, newest first.
    pub(crate) async fn list_chats(
        &self,
        filter: &ChatFilter,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Page<Chat>, BotError> {
        let mut sql = Statement::new(COLUMNS);
        sql.push("where 1 = 1");
        if let Some(state) = filter.state {
            sql.push(" and state = ").bind(state.code());
        }
        if let Some(agent) = &filter.agent_id {
            sql.push(" and agent_id = ").bind(agent);
        }
        match filter.handed_over {
            Some(true) => drop(sql.push(" and reason <> ''")),
            Some(false) => drop(sql.push(" and reason = ''")),
            None => {}
        }
        if let Some(stars) = filter.stars_max {
            sql.push(" and stars <= ").bind(stars);
        }
        if let Some(from) = filter.from {
            sql.push(" and started_at >= ").bind(from);
        }
        if let Some(to) = filter.to {
            sql.push(" and started_at < ").bind(to);
        }
        if let Some(keys) = cursor.and_then(|cursor| Cursor::decode(cursor, 2))
            && let Ok(at) = keys[0].parse::<i64>()
        {
            sql.push(" and (started_at < ").bind(at);
            sql.push(" or (started_at = ").bind(at);
            sql.push(" and id < ").bind(&keys[1]).push("))");
        }
        sql.push(" order by started_at desc, id desc limit ");
        sql.bind(i64::try_from(limit).unwrap_or(200) + 1);
        let rows: Vec<ChatRow> = sql.query_as().fetch_all(self.kit().db.reader()).await?;
        let chats: Vec<Chat> = rows.into_iter().map(Into::into).collect();
        Ok(Page::cut(chats, limit, |chat| Cursor::encode(&[chat.started_at.to_string(), chat.id.0.clone()])))
    }

    /// Writes down what was said and where the conversation stands, and tells screens.
    ///
    /// # Errors
    /// [`BotError::Overtaken`] when another process wrote to the conversation since it was read: nothing is written.
    pub(crate) async fn say(
        &self,
        ctx: &Ctx,
        chat: &mut Chat,
        said: &[(&str, &str, Reply)],
    ) -> Result<(), BotError> {
        let mut tx = self.kit().db.begin().await?;
        for (speaker, name, reply) in said {
            append(&mut tx, ctx, chat, speaker, name, reply).await?;
        }
        save(&mut tx, ctx, chat).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Ends a conversation.
    pub(crate) async fn close_chat(
        &self,
        ctx: &Ctx,
        chat: &mut Chat,
        by: &str,
        words: &str,
    ) -> Result<(), BotError> {
        chat.state = State::Ended;
        chat.ended_at = Some(ctx.now.0);
        let mut tx = self.kit().db.begin().await?;
        append(&mut tx, ctx, chat, "system", "", &Reply::say(words)).await?;
        save(&mut tx, ctx, chat).await?;
        sqlx::query("update bot_chat set ended_by = $2 where id = $1")
            .bind(chat.id.as_str())
            .bind(by)
            .execute(tx.conn())
            .await?;
        tx.emit(
            ctx,
            &ChatEnded {
                chat_id: chat.id.clone(),
                agent_id: chat.agent_id.clone(),
                by: by.to_owned(),
                reason: chat.reason.clone(),
                waited_ms: chat.asked_at.zip(chat.answered_at).map(|(asked, answered)| answered - asked),
                messages: chat.last_no,
            },
        );
        tx.commit().await?;
        Ok(())
    }

    /// Notes a citizen's rating, once; tells whether it was the first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rate_chat(
        &self,
        ctx: &Ctx,
        chat: &Chat,
        stars: i64,
        comment: &str,
    ) -> Result<bool, BotError> {
        let mut tx = self.kit().db.begin().await?;
        let rated =
            sqlx::query("update bot_chat set stars = $2, comment = $3 where id = $1 and stars is null")
                .bind(chat.id.as_str())
                .bind(stars)
                .bind(comment)
                .execute(tx.conn())
                .await?
                .rows_affected();
        if rated == 0 {
            return Ok(false);
        }
        tx.emit(ctx, &ChatRated { chat_id: chat.id.clone(), agent_id: chat.agent_id.clone(), stars });
        tx.commit().await?;
        Ok(true)
    }

    /// Notes whether the citizen found an answer helpful; returns the message.
    pub(crate) async fn judge_message(
        &self,
        chat: &Chat,
        no: i64,
        helpful: bool,
    ) -> Result<Option<Message>, BotError> {
        let mut tx = self.kit().db.begin().await?;
        sqlx::query(
            "update bot_message set helpful = $3 where chat_id = $1 and no = $2 and speaker = 'robot'",
        )
        .bind(chat.id.as_str())
        .bind(no)
        .bind(i64::from(helpful))
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(self.messages(&chat.id, no - 1).await?.into_iter().next().filter(|message| message.no == no))
    }

    /// Returns answers of the robot that citizens have judged, newest first: question, source, confidence, judgement.
    pub(crate) async fn judged_answers(&self, limit: i64) -> Result<Vec<(Extra, bool)>, BotError> {
        let rows: Vec<(String, i64)> = sqlx::query_as(
            "select extra, helpful from bot_message where helpful is not null and speaker = 'robot' \
             order by at desc limit $1",
        )
        .bind(limit)
        .fetch_all(self.kit().db.reader())
        .await?;
        Ok(rows
            .into_iter()
            .filter_map(|(extra, helpful)| Some((serde_json::from_str(&extra).ok()?, helpful != 0)))
            .collect())
    }

    /// Returns the comment that came with a rating.
    pub(crate) async fn comment_of(&self, id: &ChatId) -> Result<String, BotError> {
        let row: Option<(String,)> = sqlx::query_as("select comment from bot_chat where id = $1")
            .bind(id.as_str())
            .fetch_optional(self.kit().db.reader())
            .await?;
        Ok(row.map(|(comment,)| comment).unwrap_or_default())
    }
}

async fn append(
    tx: &mut Tx,
    ctx: &Ctx,
    chat: &mut Chat,
    speaker: &str,
    name: &str,
    reply: &Reply,
) -> Result<(), BotError> {
    chat.last_no += 1;
    let extra = serde_json::to_string(&reply.extra).unwrap_or_else(|_| "{}".to_owned());
    sqlx::query(
        "insert into bot_message (chat_id, no, at, speaker, name, text, extra) values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(chat.id.as_str())
    .bind(chat.last_no)
    .bind(ctx.now.0)
    .bind(speaker)
    .bind(name)
    .bind(&reply.text)
    .bind(extra)
    .execute(tx.conn())
    .await
    .map_err(|error| {
        let error = DbError::from(error);
        if error.is_unique_violation() { BotError::Overtaken } else { BotError::Db(error) }
    })?;
    Ok(())
}

async fn save(tx: &mut Tx, ctx: &Ctx, chat: &mut Chat) -> Result<(), BotError> {
    chat.updated_at = ctx.now.0;
    let dialogue = serde_json::to_string(&chat.dialogue).unwrap_or_else(|_| "{}".to_owned());
    let written = sqlx::query(
        "update bot_chat set state = $2, dialogue = $3, name = $4, phone = $5, case_number = $6, agent_id = $7, \
         agent_name = $8, reason = $9, asked_at = $10, answered_at = $11, updated_at = $12, ended_at = $13, \
         last_no = $14, version = version + 1 where id = $1 and version = $15",
    )
    .bind(chat.id.as_str())
    .bind(chat.state.code())
    .bind(dialogue)
    .bind(&chat.name)
    .bind(&chat.phone)
    .bind(&chat.case_number)
    .bind(&chat.agent_id)
    .bind(&chat.agent_name)
    .bind(&chat.reason)
    .bind(chat.asked_at)
    .bind(chat.answered_at)
    .bind(chat.updated_at)
    .bind(chat.ended_at)
    .bind(chat.last_no)
    .bind(chat.version)
    .execute(tx.conn())
    .await?
    .rows_affected();
    if written == 0 {
        return Err(BotError::Overtaken);
    }
    chat.version += 1;
    tx.emit(
        ctx,
        &ChatChanged {
            chat_id: chat.id.clone(),
            no: chat.last_no,
            state: chat.state.code().to_owned(),
            agent_id: chat.agent_id.clone(),
        },
    );
    Ok(())
}
