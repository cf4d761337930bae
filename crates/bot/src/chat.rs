//! Conversations: the robot answers until a person is wanted or needed, then the queue of the call centre finds one.
//!
//! Whatever happens to one conversation happens in turn; the primary key of a message refuses whoever was overtaken by
//! another process.

mod answers;
mod spoken;
pub(crate) mod streams;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use contract::bot::ChatId;
use contract::voice::{WrittenChange, WrittenItem, WrittenListener, WrittenQueue, WrittenSeat};
use kernel::{Ctx, Principal, Problem};
use serde_json::json;
use tokio::sync::mpsc;

use crate::Bot;
use crate::error::BotError;
use crate::robot::answering::{Calibration, Taught};
use crate::robot::hearing::{Heard, TEXT_MAX, understand};
use crate::robot::model::LanguageModel;
use crate::robot::{Reason, Reply, greeting};
use crate::store::chat::{Chat, MESSAGES_MAX, State};
use crate::suggestion;

/// Turns are taken by groups of conversations.
const TURNS: usize = 64;
/// After so long without a word the robot ends a conversation, and a person's.
const ROBOT_IDLE_MS: i64 = 30 * 60_000;
const PERSON_IDLE_MS: i64 = 2 * 3_600_000;
/// For so long the citizen may read and rate a conversation that is over.
const TOKEN_AFTER_END_MS: i64 = 24 * 3_600_000;
/// So often something is tried again when another process was faster.
const TRIES: usize = 4;

/// What conversations need beside the rest of the slice.
pub(crate) struct Chats {
    turns: Vec<tokio::sync::Mutex<()>>,
    queue: OnceLock<Arc<dyn WrittenQueue>>,
    /// Who is asked to take which conversation.
    offers: Mutex<HashMap<String, String>>,
    pub(crate) teaching: std::sync::RwLock<Arc<Vec<Taught>>>,
    pub(crate) calibration: std::sync::RwLock<Arc<Calibration>>,
    model: Option<LanguageModel>,
    pub(crate) streams: streams::Streams,
    starts: kernel::http::RateLimiter,
    words: kernel::http::RateLimiter,
}

impl Chats {
    pub(crate) fn new(model: Option<LanguageModel>) -> Self {
        let limiter =
            |burst, per_minute| kernel::http::RateLimiter::new(kernel::http::RateLimit { burst, per_minute });
        Self {
            turns: (0..TURNS).map(|_| tokio::sync::Mutex::default()).collect(),
            queue: OnceLock::new(),
            offers: Mutex::default(),
            teaching: std::sync::RwLock::default(),
            calibration: std::sync::RwLock::default(),
            model,
            streams: streams::Streams::default(),
            starts: limiter(6, 6),
            words: limiter(20, 30),
        }
    }
}

/// Tells the slice what becomes of conversations in the queue. The queue must not wait, so changes are kept in order
/// until they are written down.
struct Ear(mpsc::UnboundedSender<WrittenChange>);

impl WrittenListener for Ear {
    fn hear(&self, change: WrittenChange) {
        // An error only says that the slice is gone.
        let _ = self.0.send(change);
    }
}

impl Bot {
    /// Gives the slice the queue in which conversations wait for agents.
    pub fn serve_with(&self, queue: Arc<dyn WrittenQueue>) {
        let (sender, mut changes) = mpsc::unbounded_channel();
        queue.listen(Arc::new(Ear(sender)));
        if self.0.chats.queue.set(queue).is_err() {
            return;
        }
        let bot = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            while let Some(change) = changes.recv().await {
                let Some(bot) = bot.upgrade().map(Self) else { return };
                if let Err(error) = bot.follow_queue(change).await {
                    tracing::warn!(error = %kernel::problem::chain(&error), "a conversation could not follow the queue");
                }
            }
        });
    }

    /// Returns who serves conversations, and the queues.
    pub(crate) fn targets(&self) -> (Vec<WrittenSeat>, Vec<(String, String)>) {
        self.queue().map(|queue| (queue.seats(), queue.queues())).unwrap_or_default()
    }

    fn queue(&self) -> Option<&Arc<dyn WrittenQueue>> {
        self.0.chats.queue.get()
    }

    async fn turn(&self, id: &str) -> tokio::sync::MutexGuard<'_, ()> {
        let at = id.bytes().fold(7_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)));
        self.0.chats.turns[at % TURNS].lock().await
    }

    /// Begins a conversation; returns it with the token that opens it.
    ///
    /// # Errors
    /// 429 when one address begins too many.
    pub async fn start_chat(&self, ctx: &Ctx, known: &[(String, String)]) -> Result<(Chat, String), Problem> {
        self.0.chats.starts.take(ctx.ip.as_deref().unwrap_or_default(), ctx.now)?;
        let zh = ctx.lang == kernel::Lang::Zh;
        let hour = chrono::Timelike::hour(&self.local(ctx.now));
        let chance = usize::try_from(ctx.now.0 / 997 % 1_000).unwrap_or(0);
        let mut first = vec![greeting(hour, chance, zh)];
        // Whoever comes with orders of one's own is told how they stand without asking.
        let mut remembered = Vec::new();
        for (number, code) in known.iter().take(3) {
            if let Some(progress) = self.progress_of(ctx, number, code, true).await? {
                first.push(progress);
                remembered.push((number.clone(), code.clone()));
            }
        }
        let (mut chat, token) = self.insert_chat(ctx, zh, &first).await?;
        if !remembered.is_empty() {
            chat.dialogue.known = remembered;
            self.say(ctx, &mut chat, &[]).await?;
        }
        Ok((chat, token))
    }

    /// Finds a conversation by its token.
    ///
    /// # Errors
    /// [`BotError::NotFound`] for a wrong id or token, and for a conversation that ended more than a day ago.
    pub async fn chat_of(&self, id: &str, token: &str) -> Result<Chat, BotError> {
        if id.len() > 64 || token.len() > 64 {
            return Err(BotError::NotFound);
        }
        let now = self.kit().now().0;
        self.find_chat(id)
            .await?
            .filter(|chat| chat.opens_with(token))
            // Whoever sits at the same computer tomorrow does not read on.
            .filter(|chat| chat.ended_at.is_none_or(|at| now < at + TOKEN_AFTER_END_MS))
            .ok_or(BotError::NotFound)
    }

    /// Takes a citizen's message and answers it.
    ///
    /// # Errors
    /// Those of [`Bot::chat_of`]; 422 for what is too long, 409 when the conversation is over.
    pub async fn hear_citizen(&self, ctx: &Ctx, id: &str, token: &str, text: &str) -> Result<Chat, Problem> {
        let chat = self.chat_of(id, token).await?;
        self.0.chats.words.take(chat.id.as_str(), ctx.now)?;
        let text = plain(text)?;
        let _turn = self.turn(id).await;
        // What was said is kept whatever becomes of the answer.
        let mut chat = self.keep_words(ctx, id, token, &text).await?;
        if chat.state != State::Robot {
            return Ok(chat);
        }
        let answers = self.respond(ctx, &mut chat, &text).await;
        let lines: Vec<(&str, &str, Reply)> = answers.into_iter().map(|reply| ("robot", "", reply)).collect();
        self.say(ctx, &mut chat, &lines).await?;
        Ok(chat)
    }

    /// Answers what a citizen said; that it cannot is an answer, too.
    async fn respond(&self, ctx: &Ctx, chat: &mut Chat, text: &str) -> Vec<Reply> {
        match self.answer(ctx, chat, text).await {
            Ok(answers) => answers,
            Err(problem) if problem.status.is_server_error() => {
                vec![
                    Reply::say(if chat.zh {
                        "抱歉，系统暂时出了点问题，您可以稍后再试，或转人工。"
                    } else {
                        "Something failed on our side. Try again in a moment, or ask for a person."
                    })
                    .options(if chat.zh { &["转人工"] } else { &["A person"] }),
                ]
            }
            Err(problem) => {
                // A refusal is told in words; the conversation goes on.
                vec![Reply::say(problem.detail(ctx.lang).to_owned())]
            }
        }
    }

    /// Keeps what a citizen said. An agent who writes at the same moment, perhaps through another process, is no reason
    /// to lose it.
    async fn keep_words(&self, ctx: &Ctx, id: &str, token: &str, text: &str) -> Result<Chat, BotError> {
        for _ in 0..TRIES {
            let mut chat = self.chat_of(id, token).await?;
            if chat.state == State::Ended {
                return Err(over());
            }
            if chat.last_no >= MESSAGES_MAX - 10 {
                return Err(BotError::Refused {
                    code: "chat.too_long",
                    zh: "本次会话消息过多，请重新发起会话。",
                    en: "This conversation is too long; please begin another one.",
                });
            }
            match self.say(ctx, &mut chat, &[("citizen", "", Reply::say(text))]).await {
                Err(BotError::Overtaken) => {}
                other => return other.map(|()| chat),
            }
        }
        Err(BotError::Overtaken)
    }

    /// Gives a conversation to the queue.
    fn hand_over(&self, ctx: &Ctx, chat: &mut Chat, reason: Reason) -> Reply {
        let zh = chat.zh;
        if chat.call_id.is_some() {
            // The call itself goes to the queue; the flow that leads it sees to that.
            reason.code().clone_into(&mut chat.reason);
            return Reply::say(match (reason, zh) {
                (Reason::Anger, true) => "非常抱歉给您带来不好的体验，马上为您转接话务员。",
                (Reason::Repeated | Reason::Unsure, true) => "这个问题我没有把握，正在为您转接话务员。",
                (Reason::Matter, true) => "这件事由话务员为您登记和查询，正在为您转接。",
                (Reason::Wish, true) => "好的，正在为您转接话务员，请稍候。",
                (Reason::Anger, false) => "I am sorry. I pass you to a person at once.",
                (_, false) => "I pass you to a person, please wait.",
            });
        }
        let Some(queue) = self.queue() else {
            return Reply::say(if zh {
                "目前没有在线人工服务，请拨打12345，或说“提交诉求”由我为您登记。"
            } else {
                "No person serves chats now; please dial 12345, or say “report a matter”."
            });
        };
        chat.state = State::Waiting;
        reason.code().clone_into(&mut chat.reason);
        chat.asked_at = Some(ctx.now.0);
        chat.dialogue.form = None;
        queue.join(&WrittenItem { id: chat.id.0.clone(), ..WrittenItem::default() });
        let nobody = queue.seats().is_empty();
        let text = match (reason, zh) {
            (_, true) if nobody => {
                "目前没有话务员在线，已为您排队，上线后会第一时间回复。您也可以拨打12345，或在这里留下诉求内容。"
            }
            (Reason::Wish, true) => "好的，正在为您转接人工，请稍候，之前的对话会一并转给话务员。",
            (Reason::Anger, true) => "非常抱歉给您带来不好的体验，马上为您转接人工。",
            (Reason::Repeated, true) => "看来我没能解决您的问题，正在为您转接人工。",
            (Reason::Unsure | Reason::Matter, true) => "这个问题我没有把握，正在为您转接人工。",
            (_, false) if nobody => {
                "Nobody is there now; you are in the queue and will be answered. You may also dial 12345."
            }
            (Reason::Anger, false) => "I am sorry. A person will take over in a moment.",
            (_, false) => "A person will take over in a moment and sees what was said so far.",
        };
        Reply::say(text)
    }

    /// Asks for a person by a button.
    ///
    /// # Errors
    /// Those of [`Bot::chat_of`].
    pub async fn want_person(&self, ctx: &Ctx, id: &str, token: &str) -> Result<Chat, BotError> {
        let _turn = self.turn(id).await;
        let mut chat = self.chat_of(id, token).await?;
        match chat.state {
            State::Robot => {
                let reply = self.hand_over(ctx, &mut chat, Reason::Wish);
                self.say(ctx, &mut chat, &[("robot", "", reply)]).await?;
                Ok(chat)
            }
            State::Waiting | State::Served => Ok(chat),
            State::Ended => Err(over()),
        }
    }

    /// Ends a conversation for its citizen.
    ///
    /// # Errors
    /// Those of [`Bot::chat_of`].
    pub async fn leave_chat(&self, ctx: &Ctx, id: &str, token: &str) -> Result<Chat, BotError> {
        let _turn = self.turn(id).await;
        let mut chat = self.chat_of(id, token).await?;
        if chat.state != State::Ended {
            self.end(ctx, &mut chat, "citizen").await?;
        }
        Ok(chat)
    }

    async fn end(&self, ctx: &Ctx, chat: &mut Chat, by: &str) -> Result<(), BotError> {
        let words = match (by, chat.zh) {
            ("citizen", true) => "您已结束会话。",
            ("citizen", false) => "You have ended the conversation.",
            ("agent", true) => "话务员已结束会话，请您评价本次服务。",
            ("agent", false) => "The agent has ended the conversation; please rate it.",
            (_, true) => "长时间没有新消息，会话已结束。",
            (_, false) => "The conversation ended because nothing was said for long.",
        };
        self.close_chat(ctx, chat, by, words).await?;
        let asked = self.offers().remove(chat.id.as_str());
        if let Some(person_id) = asked {
            self.tell_offer(&person_id, chat.id.as_str(), false);
        }
        if let Some(queue) = self.queue() {
            queue.leave(chat.id.as_str());
        }
        Ok(())
    }

    fn offers(&self) -> std::sync::MutexGuard<'_, HashMap<String, String>> {
        self.0.chats.offers.lock().expect("no holder of this lock can panic")
    }

    /// Returns how many wait before a conversation, and how long it is likely to wait, in seconds.
    #[must_use]
    pub fn place_of(&self, chat: &Chat) -> Option<(i64, Option<i64>)> {
        let (place, wait_ms) = self.queue()?.position(chat.id.as_str())?;
        Some((i64::try_from(place).unwrap_or(0) - 1, wait_ms.map(|wait_ms| wait_ms / 1000)))
    }

    /// Carries out what the queue decided about a conversation.
    async fn follow_queue(&self, change: WrittenChange) -> Result<(), BotError> {
        let ctx = Ctx::system("bot", self.kit().now());
        match change {
            WrittenChange::Offered { id, person_id } => {
                self.offers().insert(id.clone(), person_id.clone());
                self.tell_offer(&person_id, &id, true);
            }
            WrittenChange::Withdrawn { id, person_id, .. } => {
                self.offers().remove(&id);
                self.tell_offer(&person_id, &id, false);
                let _turn = self.turn(&id).await;
                if let Some(mut chat) = self.find_chat(&id).await?
                    && chat.state == State::Served
                    && chat.agent_id.as_deref() == Some(person_id.as_str())
                {
                    chat.state = State::Waiting;
                    chat.agent_id = None;
                    let words = if chat.zh {
                        "话务员暂时离线，正在为您转接其他话务员。"
                    } else {
                        "The agent is gone; another one takes over."
                    };
                    self.say(&ctx, &mut chat, &[("system", "", Reply::say(words))]).await?;
                }
            }
            WrittenChange::Refused { id } => {
                let _turn = self.turn(&id).await;
                if let Some(mut chat) = self.find_chat(&id).await?
                    && chat.state == State::Waiting
                {
                    chat.state = State::Robot;
                    chat.asked_at = None;
                    let words = if chat.zh {
                        "当前排队人数过多，暂时无法转人工。您可以说“提交诉求”，由我为您登记。"
                    } else {
                        "Too many are waiting for a person. Say “report a matter” and I write it down."
                    };
                    self.say(&ctx, &mut chat, &[("robot", "", Reply::say(words))]).await?;
                }
            }
        }
        Ok(())
    }

    fn tell_offer(&self, person_id: &str, id: &str, offered: bool) {
        let audience = [kernel::Audience::Person(person_id.to_owned())];
        self.kit().hub.push(&audience, "bot.chat_offered", &json!({ "chat_id": id, "offered": offered }));
    }

    /// Returns the conversations that are offered to a person.
    pub(crate) async fn offered_to(&self, person_id: &str) -> Result<Vec<Chat>, BotError> {
        let ids: Vec<String> = self
            .offers()
            .iter()
            .filter(|(_, person)| person.as_str() == person_id)
            .map(|(id, _)| id.clone())
            .collect();
        let mut chats = Vec::new();
        for id in ids {
            chats.extend(self.find_chat(&id).await?.filter(|chat| chat.state == State::Waiting));
        }
        Ok(chats)
    }

    /// Finds a conversation that an agent has.
    ///
    /// # Errors
    /// [`BotError::NotFound`] when somebody else has it.
    pub async fn served_by(&self, by: &Principal, id: &str) -> Result<Chat, BotError> {
        let chat = self.find_chat(id).await?.ok_or(BotError::NotFound)?;
        if chat.agent_id.as_deref() == Some(by.person_id.as_str()) {
            Ok(chat)
        } else {
            Err(BotError::NotFound)
        }
    }

    /// Tells whether a person may read a conversation: it is one's own, it is offered, or one reads all.
    #[must_use]
    pub fn may_read(&self, by: &Principal, chat: &Chat) -> bool {
        by.has("chat.read")
            || (by.has("chat.answer")
                && (chat.agent_id.as_deref() == Some(by.person_id.as_str())
                    || self.offers().get(chat.id.as_str()).is_some_and(|person| *person == by.person_id)))
    }

    /// Takes a conversation that is offered.
    ///
    /// # Errors
    /// [`BotError::Refused`] when the offer no longer stands.
    pub async fn accept_chat(&self, ctx: &Ctx, by: &Principal, id: &str) -> Result<Chat, BotError> {
        let _turn = self.turn(id).await;
        let mut chat = self.find_chat(id).await?.ok_or(BotError::NotFound)?;
        let gone = BotError::Refused {
            code: "chat.gone",
            zh: "该会话已结束或已分配给其他话务员。",
            en: "The conversation is over, or somebody else has it.",
        };
        let queue = self.queue().ok_or(BotError::NotFound)?;
        if chat.state != State::Waiting {
            // Another process served or ended it: this one's queue offers it no more.
            queue.leave(id);
            return Err(gone);
        }
        if !queue.accept(id, &by.person_id) {
            return Err(gone);
        }
        self.offers().remove(id);
        chat.state = State::Served;
        chat.agent_id = Some(by.person_id.clone());
        chat.agent_name = Some(shown_name(by));
        chat.answered_at = chat.answered_at.or(Some(ctx.now.0));
        let words = if chat.zh {
            format!("{}为您服务。", shown_name(by))
        } else {
            format!("{} is here for you.", shown_name(by))
        };
        match self.say(ctx, &mut chat, &[("system", "", Reply::say(words))]).await {
            Ok(()) => Ok(chat),
            Err(BotError::Overtaken) => {
                let present = self.find_chat(id).await?;
                match present.filter(|present| present.state == State::Waiting) {
                    // Only a word came between; it is offered again, before all others.
                    Some(present) => self.requeue(&present, None, None),
                    // Another process gave it to somebody: this one's queue forgets it.
                    None => queue.leave(id),
                }
                Err(gone)
            }
            Err(error) => {
                // Nobody knows that it was taken: it waits again, before all others.
                self.requeue(&chat, None, None);
                Err(error)
            }
        }
    }

    /// Refuses a conversation that is offered.
    pub fn refuse_chat(&self, by: &Principal, id: &str) {
        if let Some(queue) = self.queue() {
            queue.refuse(id, &by.person_id);
        }
    }

    fn requeue(&self, chat: &Chat, queue_id: Option<String>, person_id: Option<String>) {
        let Some(queue) = self.queue() else { return };
        queue.leave(chat.id.as_str());
        queue.join(&WrittenItem { id: chat.id.0.clone(), queue: queue_id, person_id, first: true });
    }

    /// Says something for an agent.
    ///
    /// # Errors
    /// Those of [`Bot::served_by`]; [`BotError::Refused`] when it is over.
    pub async fn say_as_agent(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &str,
        text: &str,
    ) -> Result<Chat, Problem> {
        let text = plain(text)?;
        let _turn = self.turn(id).await;
        for _ in 0..TRIES {
            let mut chat = self.served_by(by, id).await?;
            if chat.state != State::Served || chat.last_no >= MESSAGES_MAX - 5 {
                return Err(over().into());
            }
            match self.say(ctx, &mut chat, &[("agent", &shown_name(by), Reply::say(text.clone()))]).await {
                Err(BotError::Overtaken) => {}
                other => return Ok(other.map(|()| chat)?),
            }
        }
        Err(BotError::Overtaken.into())
    }

    /// Gives a conversation to another agent or queue.
    ///
    /// # Errors
    /// Those of [`Bot::served_by`]; [`BotError::Invalid`] for a person or queue that takes none.
    pub async fn transfer_chat(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &str,
        queue_id: Option<String>,
        person_id: Option<String>,
    ) -> Result<Chat, BotError> {
        let queue = self.queue().ok_or(BotError::NotFound)?;
        let known = match (&queue_id, &person_id) {
            (Some(queue_id), None) => queue.queues().iter().any(|(id, _)| id == queue_id),
            (None, Some(person)) => {
                *person != by.person_id && queue.seats().iter().any(|seat| seat.person_id == *person)
            }
            _ => false,
        };
        if !known {
            return Err(BotError::Invalid {
                field: "to",
                code: "unknown",
                zh: "请选择一个可以接待的队列或同事。",
                en: "Choose a queue or a colleague who takes chats.",
            });
        }
        let _turn = self.turn(id).await;
        let mut chat = self.served_by(by, id).await?;
        if chat.state != State::Served {
            return Err(over());
        }
        chat.state = State::Waiting;
        chat.agent_id = None;
        let words = if chat.zh {
            "正在为您转接，请稍候。"
        } else {
            "You are being transferred, please wait."
        };
        self.say(ctx, &mut chat, &[("system", "", Reply::say(words))]).await?;
        self.requeue(&chat, queue_id, person_id);
        Ok(chat)
    }

    /// Ends a conversation for its agent.
    ///
    /// # Errors
    /// Those of [`Bot::served_by`].
    pub async fn finish_chat(&self, ctx: &Ctx, by: &Principal, id: &str) -> Result<Chat, BotError> {
        let _turn = self.turn(id).await;
        let mut chat = self.served_by(by, id).await?;
        if chat.state != State::Ended {
            self.end(ctx, &mut chat, "agent").await?;
        }
        Ok(chat)
    }

    /// Notes the order that an agent wrote from a conversation, and tells the citizen its number.
    ///
    /// # Errors
    /// Those of [`Bot::served_by`]; [`BotError::NotFound`] for an order that the agent may not read.
    pub async fn note_order(
        &self,
        ctx: &Ctx,
        by: &Principal,
        id: &str,
        case_id: &str,
    ) -> Result<Chat, BotError> {
        let case_id = contract::cases::CaseId(case_id.to_owned());
        let corpus = &self.ports().corpus;
        let readable = corpus.readable(by, std::slice::from_ref(&case_id)).await.map_err(BotError::Port)?;
        let order =
            if readable.is_empty() { None } else { corpus.order(&case_id).await.map_err(BotError::Port)? };
        let order = order.ok_or(BotError::NotFound)?;
        let _turn = self.turn(id).await;
        let mut chat = self.served_by(by, id).await?;
        chat.case_number = Some(order.number.clone());
        let words = if chat.zh {
            format!("话务员已为您登记工单，编号 {}。", order.number)
        } else {
            format!("An order was written for you: {}.", order.number)
        };
        let said = [("system", "", Reply::say(words).kind("order"))];
        let said = if chat.state == State::Ended { &said[..0] } else { &said[..] };
        self.say(ctx, &mut chat, said).await?;
        Ok(chat)
    }

    /// Lets conversations that waited or were served before a stop wait again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn resume_chats(&self) -> Result<(), BotError> {
        let Some(queue) = self.queue() else { return Ok(()) };
        let ctx = Ctx::system("bot", self.kit().now());
        for mut chat in self.open_chats(None).await? {
            let _turn = self.turn(chat.id.as_str()).await;
            let first = chat.state == State::Served;
            if first {
                chat.state = State::Waiting;
                chat.agent_id = None;
                self.say(&ctx, &mut chat, &[]).await?;
            }
            queue.join(&WrittenItem { id: chat.id.0.clone(), first, ..WrittenItem::default() });
        }
        Ok(())
    }

    /// Ends conversations in which nothing has been said for long.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_idle_chats(&self, ctx: &Ctx) -> Result<usize, BotError> {
        let idle = self.idle_chats(ctx.now.0 - ROBOT_IDLE_MS, ctx.now.0 - PERSON_IDLE_MS).await?;
        let mut ended = 0;
        for chat in idle {
            let _turn = self.turn(chat.id.as_str()).await;
            let Some(mut fresh) = self.find_chat(chat.id.as_str()).await? else { continue };
            if fresh.updated_at == chat.updated_at && fresh.state != State::Ended {
                self.end(ctx, &mut fresh, "time").await?;
                ended += 1;
            }
        }
        Ok(ended)
    }

    /// Returns what a citizen has said in a conversation, without what only steers the robot.
    pub(crate) async fn told_in(&self, id: &ChatId) -> Result<String, BotError> {
        let messages = self.messages(id, 0).await?;
        let told: Vec<&str> = messages
            .iter()
            .filter(|message| message.speaker == "citizen")
            .map(|message| message.text.trim())
            .filter(|text| {
                text.chars().count() >= 4
                    && !matches!(
                        understand(text, 3),
                        Heard::Person | Heard::Talk(_) | Heard::Choice(_) | Heard::NoneOfThese
                    )
            })
            .collect();
        Ok(told.join("\n").chars().take(suggestion::TEXT_MAX).collect())
    }
}

/// Returns the name that citizens see: the job number where there is one.
fn shown_name(by: &Principal) -> String {
    by.job_no.as_ref().map_or_else(|| by.name.clone(), |number| format!("{number}号话务员"))
}

fn over() -> BotError {
    BotError::Refused { code: "chat.over", zh: "会话已结束。", en: "The conversation is over." }
}

/// Bounds a message.
fn plain(text: &str) -> Result<String, BotError> {
    let text = text.trim();
    let refuse = |code, zh, en| Err(BotError::Invalid { field: "text", code, zh, en });
    if text.is_empty() {
        return refuse("required", "请输入内容。", "Please write something.");
    }
    if text.chars().count() > TEXT_MAX {
        return refuse("too_long", "内容不能超过1000字。", "At most 1,000 characters.");
    }
    Ok(text.to_owned())
}
