//! Conversations: the robot answers until a person is wanted or needed, then the queue of the call centre finds one.
//!
//! Whatever happens to one conversation happens in turn; the primary key of a message refuses whoever was overtaken by
//! another process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use contract::bot::ChatId;
use contract::knowledge::{Audience, KnowledgeQuestion, KnowledgeUsed, Passage};
use contract::voice::{WrittenChange, WrittenItem, WrittenListener, WrittenQueue, WrittenSeat};
use kernel::{Ctx, Principal, Problem};
use serde_json::json;
use tokio::sync::mpsc;

use crate::Bot;
use crate::error::BotError;
use crate::robot::answering::{self, Calibration, Found, Taught};
use crate::robot::form::{Filled, Form, Read};
use crate::robot::hearing::{Heard, TEXT_MAX, Talk, code_in, understand};
use crate::robot::model::LanguageModel;
use crate::robot::{Extra, MISSES_MAX, Reason, Reply, Source, greeting, small_talk};
use crate::store::chat::{Chat, MESSAGES_MAX, State};
use crate::suggestion;

/// Passages that are looked at for an answer.
const PASSAGES: usize = 5;
/// Turns are taken by groups of conversations.
const TURNS: usize = 64;
/// After so long without a word the robot ends a conversation, and a person's.
const ROBOT_IDLE_MS: i64 = 30 * 60_000;
const PERSON_IDLE_MS: i64 = 2 * 3_600_000;

/// What conversations need beside the rest of the slice.
pub(crate) struct Chats {
    turns: Vec<tokio::sync::Mutex<()>>,
    queue: OnceLock<Arc<dyn WrittenQueue>>,
    /// Who is asked to take which conversation.
    offers: Mutex<HashMap<String, String>>,
    pub(crate) teaching: std::sync::RwLock<Arc<Vec<Taught>>>,
    pub(crate) calibration: std::sync::RwLock<Arc<Calibration>>,
    model: Option<LanguageModel>,
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
    /// [`BotError::NotFound`] for a wrong id or token.
    pub async fn chat_of(&self, id: &str, token: &str) -> Result<Chat, BotError> {
        if id.len() > 64 || token.len() > 64 {
            return Err(BotError::NotFound);
        }
        self.find_chat(id).await?.filter(|chat| chat.opens_with(token)).ok_or(BotError::NotFound)
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
        let mut chat = self.chat_of(id, token).await?;
        if chat.state == State::Ended {
            return Err(over().into());
        }
        if chat.last_no >= MESSAGES_MAX - 10 {
            return Err(BotError::Refused {
                code: "chat.too_long",
                zh: "本次会话消息过多，请重新发起会话。",
                en: "This conversation is too long; please begin another one.",
            }
            .into());
        }
        let said = ("citizen", "", Reply::say(text.clone()));
        if chat.state != State::Robot {
            self.say(ctx, &mut chat, &[said]).await?;
            return Ok(chat);
        }
        // What was said is kept whatever becomes of the answer.
        self.say(ctx, &mut chat, &[said]).await?;
        let answers = match self.answer(ctx, &mut chat, &text).await {
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
        };
        let lines: Vec<(&str, &str, Reply)> = answers.into_iter().map(|reply| ("robot", "", reply)).collect();
        self.say(ctx, &mut chat, &lines).await?;
        Ok(chat)
    }

    async fn answer(&self, ctx: &Ctx, chat: &mut Chat, text: &str) -> Result<Vec<Reply>, Problem> {
        let zh = chat.zh;
        let heard = understand(text, chat.dialogue.offered.len());
        match &heard {
            Heard::Person => return Ok(vec![self.hand_over(ctx, chat, Reason::Wish)]),
            Heard::Anger => return Ok(vec![self.hand_over(ctx, chat, Reason::Anger)]),
            _ => {}
        }
        if let Some(form) = chat.dialogue.form.take() {
            return self.fill_form(ctx, chat, form, text).await;
        }
        if let Some(number) = chat.dialogue.number.take()
            && let Some(code) = code_in(text)
        {
            return Ok(vec![self.tell_progress(ctx, chat, &number, &code).await?]);
        }
        let offered = std::mem::take(&mut chat.dialogue.offered);
        match heard {
            Heard::Choice(at) => {
                let Some((entry, title)) = offered.get(at) else { return self.search(ctx, chat, text).await };
                chat.dialogue.misses = 0;
                let passages = self.passages(title).await?;
                let found = passages.into_iter().find(|passage| passage.entry_id.as_str() == entry);
                match found {
                    Some(passage) => Ok(vec![self.give(ctx, chat, title, passage, 0.9).await?]),
                    None => Ok(vec![self.miss(ctx, chat, title).await?]),
                }
            }
            Heard::NoneOfThese => {
                let asked = chat.dialogue.last_question.clone();
                Ok(vec![self.miss(ctx, chat, &asked).await?])
            }
            Heard::Progress(Some(number)) => match code_in(&text.to_uppercase().replace(&number, " ")) {
                Some(code) => Ok(vec![self.tell_progress(ctx, chat, &number, &code).await?]),
                None => {
                    let known = chat.dialogue.known.iter().find(|(known, _)| *known == number).cloned();
                    if let Some((number, code)) = known {
                        return Ok(vec![self.tell_progress(ctx, chat, &number, &code).await?]);
                    }
                    chat.dialogue.number = Some(number);
                    Ok(vec![Reply::say(if zh {
                        "请输入这件工单的6位查询码（提交成功时随工单编号一起给您的）。"
                    } else {
                        "Please type the six-digit code that came with the order's number."
                    })])
                }
            },
            Heard::Progress(None) => {
                let mut replies = Vec::new();
                for (number, code) in chat.dialogue.known.clone() {
                    replies.extend(self.progress_of(ctx, &number, &code, false).await?);
                }
                if replies.is_empty() {
                    replies.push(Reply::say(if zh {
                        "请告诉我工单编号（例如 YZ2026…）和6位查询码。"
                    } else {
                        "Please give me the order's number (such as YZ2026…) and its six-digit code."
                    }));
                }
                Ok(replies)
            }
            Heard::Report => {
                let mut form =
                    Form { key: kernel::id::new_id(), kind: kind_of(text).to_owned(), ..Form::default() };
                let rest = without_opening(text);
                if rest.chars().count() >= 8 {
                    let read = self.read_fields(rest.to_owned(), ctx.now).await?;
                    form.tell(rest, &read);
                }
                let filled = form.next(zh);
                self.go_on(ctx, chat, form, filled).await
            }
            Heard::Talk(talk) => {
                if talk != Talk::OffTopic {
                    chat.dialogue.misses = 0;
                }
                Ok(vec![small_talk(talk, zh)])
            }
            Heard::Question | Heard::Person | Heard::Anger => self.search(ctx, chat, text).await,
        }
    }

    async fn search(&self, ctx: &Ctx, chat: &mut Chat, text: &str) -> Result<Vec<Reply>, Problem> {
        let before = std::mem::replace(&mut chat.dialogue.last_question, text.chars().take(200).collect());
        if answering::is_repeated(text, &before) {
            self.note_question(ctx, chat, text, "repeated").await?;
            return Ok(vec![self.hand_over(ctx, chat, Reason::Repeated)]);
        }
        let teaching = self.teaching();
        match self.find_answer(text, &teaching).await? {
            Found::Answer { passage, confidence } => {
                chat.dialogue.misses = 0;
                Ok(vec![self.give(ctx, chat, text, passage, confidence).await?])
            }
            Found::Which(which, confidence) => {
                chat.dialogue.offered =
                    which.iter().map(|passage| (passage.entry_id.0.clone(), passage.title.clone())).collect();
                let lines: Vec<String> = which
                    .iter()
                    .enumerate()
                    .map(|(at, passage)| format!("{}. {}", at + 1, passage.title))
                    .collect();
                let mut options: Vec<String> = (1..=which.len()).map(|number| number.to_string()).collect();
                options.push(if chat.zh { "都不是" } else { "None of these" }.to_owned());
                let head =
                    if chat.zh { "您想了解的是哪一个？" } else { "Which of these do you mean?" };
                let extra = Extra {
                    kind: "choice".to_owned(),
                    confidence: Some(round(confidence)),
                    options,
                    question: text.to_owned(),
                    ..Extra::default()
                };
                Ok(vec![Reply { text: format!("{head}\n{}", lines.join("\n")), extra }])
            }
            Found::Nothing(_) => Ok(vec![self.miss(ctx, chat, text).await?]),
        }
    }

    /// Finds what answers a question; what was taught comes first.
    pub(crate) async fn find_answer(&self, text: &str, teaching: &[Taught]) -> Result<Found, BotError> {
        if let Some((taught, likeness)) = answering::taught(text, teaching) {
            let passages = self.passages(&taught.title).await?;
            if let Some(passage) =
                passages.into_iter().find(|passage| passage.entry_id.as_str() == taught.entry_id)
            {
                return Ok(Found::Answer { passage, confidence: round(0.5 + likeness / 2.0) });
            }
        }
        let passages = self.passages(text).await?;
        let calibration = self.0.chats.calibration.read().expect("no holder of this lock can panic").clone();
        Ok(answering::choose(text, &passages, &calibration, &self.lexicon()))
    }

    pub(crate) fn teaching(&self) -> Arc<Vec<Taught>> {
        self.0.chats.teaching.read().expect("no holder of this lock can panic").clone()
    }

    /// Asks the knowledge base for what citizens may read; without one nothing is found.
    pub(crate) async fn passages(&self, text: &str) -> Result<Vec<Passage>, BotError> {
        let Some(knowledge) = self.ports().knowledge.as_ref() else { return Ok(Vec::new()) };
        let question = KnowledgeQuestion {
            text: text.chars().take(200).collect(),
            region: None,
            audience: Audience::Public,
            limit: PASSAGES,
        };
        let asking = tokio::time::timeout(std::time::Duration::from_secs(3), knowledge.passages(&question));
        match asking.await {
            Ok(found) => found.map_err(BotError::Port),
            Err(_) => Err(BotError::Port("the knowledge base did not answer in time".into())),
        }
    }

    async fn give(
        &self,
        ctx: &Ctx,
        chat: &Chat,
        question: &str,
        passage: Passage,
        confidence: f64,
    ) -> Result<Reply, BotError> {
        let mut text = answering::shortened(&passage.text);
        if let Some(model) = &self.0.chats.model {
            match model.phrase(question, std::slice::from_ref(&passage), chat.zh).await {
                Ok(phrased) => text = phrased,
                Err(unfit) => tracing::info!(%unfit, "the passage itself is the answer"),
            }
        }
        let mut tx = self.kit().db.begin().await?;
        tx.emit(
            ctx,
            &KnowledgeUsed {
                entry_id: passage.entry_id.clone(),
                answer_id: passage.answer_id.clone(),
                person_id: None,
                purpose: "robot".to_owned(),
            },
        );
        tx.commit().await?;
        Ok(Reply {
            text,
            extra: Extra {
                kind: "answer".to_owned(),
                source: Some(Source {
                    entry_id: passage.entry_id.0,
                    number: passage.number,
                    title: passage.title,
                    publisher: passage.publisher,
                    published_at: passage.published_at,
                }),
                confidence: Some(round(confidence)),
                question: question.to_owned(),
                ..Extra::default()
            },
        })
    }

    async fn miss(&self, ctx: &Ctx, chat: &mut Chat, text: &str) -> Result<Reply, BotError> {
        self.note_question(ctx, chat, text, "unanswered").await?;
        chat.dialogue.misses += 1;
        if chat.dialogue.misses >= MISSES_MAX {
            return Ok(self.hand_over(ctx, chat, Reason::Unsure));
        }
        Ok(Reply::say(if chat.zh {
            "抱歉，我没有找到可靠的答案。您可以换个说法再问一次，也可以提交诉求或转人工。"
        } else {
            "I found no reliable answer. Ask in other words, report the matter, or ask for a person."
        })
        .kind("miss")
        .options(if chat.zh {
            &["提交诉求", "转人工"]
        } else {
            &["Report a matter", "A person"]
        }))
    }

    async fn fill_form(
        &self,
        ctx: &Ctx,
        chat: &mut Chat,
        mut form: Form,
        text: &str,
    ) -> Result<Vec<Reply>, Problem> {
        let read = self.read_fields(text.to_owned(), ctx.now).await?;
        let filled = form.hear(text, &read, chat.zh);
        self.go_on(ctx, chat, form, filled).await
    }

    async fn go_on(
        &self,
        ctx: &Ctx,
        chat: &mut Chat,
        form: Form,
        filled: Filled,
    ) -> Result<Vec<Reply>, Problem> {
        match filled {
            Filled::Ask(reply) => {
                chat.name.clone_from(&form.name);
                chat.phone = Some(form.phone.clone()).filter(|phone| !phone.is_empty());
                chat.dialogue.form = Some(form);
                Ok(vec![reply])
            }
            Filled::Dropped => Ok(vec![Reply::say(if chat.zh {
                "好的，已取消登记。还有什么可以帮您？"
            } else {
                "It was not sent. What else can I do for you?"
            })]),
            Filled::Send => {
                let sent = self.ports().citizens.submit(ctx, form.draft(), &kernel::http::Idem::none()).await;
                match sent {
                    Ok(sent) => {
                        chat.case_number = Some(sent.number.clone());
                        chat.dialogue.known.push((sent.number.clone(), sent.query_code.clone()));
                        let text = if chat.zh {
                            format!(
                                "您的诉求已登记。\n工单编号：{}\n查询码：{}\n请妥善保存，凭这两项随时查询进度。",
                                sent.number, sent.query_code
                            )
                        } else {
                            format!(
                                "Your order was written.\nNumber: {}\nCode: {}\nKeep both to look it up.",
                                sent.number, sent.query_code
                            )
                        };
                        Ok(vec![Reply::say(text).kind("order")])
                    }
                    Err(problem) => {
                        // What was filled in stays; the citizen corrects it or asks for a person.
                        let words = problem.detail(ctx.lang).to_owned();
                        chat.dialogue.form = Some(form);
                        Ok(vec![Reply::say(words).options(if chat.zh {
                            &["修改内容", "修改电话", "转人工"]
                        } else {
                            &["Change the matter", "Change the number", "A person"]
                        })])
                    }
                }
            }
        }
    }

    async fn read_fields(&self, text: String, now: kernel::Timestamp) -> Result<Read, BotError> {
        let bot = self.clone();
        let work = move || {
            let lexicon = bot.lexicon();
            let facts = suggestion::facts(&text, bot.local(now), &lexicon);
            let (mut all, _) = suggestion::from_facts(&text, &facts, &bot.places());
            let tree = bot.tree();
            if let Some(active) = bot.active_model() {
                all.extend(suggestion::from_model(&text, &active.model, &tree, &lexicon, bot.sure()));
            }
            Read::of(&all)
        };
        Ok(tokio::task::spawn_blocking(work).await?)
    }

    async fn tell_progress(
        &self,
        ctx: &Ctx,
        chat: &mut Chat,
        number: &str,
        code: &str,
    ) -> Result<Reply, Problem> {
        self.0.attempts.take(number, ctx.now)?;
        if let Some(reply) = self.progress_of(ctx, number, code, false).await? {
            let pair = (number.to_owned(), code.to_owned());
            if !chat.dialogue.known.contains(&pair) && chat.dialogue.known.len() < 10 {
                chat.dialogue.known.push(pair);
            }
            return Ok(reply);
        }
        Ok(Reply::say(if chat.zh {
            "工单编号或查询码不正确，请核对后再发给我。"
        } else {
            "The number or the code is wrong; please check both."
        }))
    }

    /// Tells how an order stands; with `open_only` nothing of one that is settled.
    async fn progress_of(
        &self,
        ctx: &Ctx,
        number: &str,
        code: &str,
        open_only: bool,
    ) -> Result<Option<Reply>, Problem> {
        if number.len() > 40 || code.len() > 40 {
            return Ok(None);
        }
        if open_only {
            self.0.attempts.take(number, ctx.now)?;
        }
        let found = self.ports().citizens.look_up(number, code, ctx.lang).await.map_err(BotError::Port)?;
        let Some(case) = found else { return Ok(None) };
        if open_only && case.result.is_some() && case.rating.is_some() {
            return Ok(None);
        }
        let zh = ctx.lang == kernel::Lang::Zh;
        let day = |at: i64| kernel::http::local_time(&self.kit().config.zone, at);
        let mut lines = vec![if zh {
            format!("您的工单 {}《{}》：{}", case.number, case.title, case.status_name)
        } else {
            format!("Your order {} “{}”: {}", case.number, case.title, case.status_name)
        }];
        if let Some(unit) = &case.unit_name {
            lines.push(if zh { format!("承办单位：{unit}") } else { format!("Unit: {unit}") });
        }
        if let Some(due) = case.due_at.filter(|_| case.result.is_none()) {
            lines.push(if zh {
                format!("办理期限：{}", day(due))
            } else {
                format!("Due: {}", day(due))
            });
        }
        if let Some(result) = &case.result {
            let result = answering::shortened(result);
            lines.push(if zh { format!("办理结果：{result}") } else { format!("Result: {result}") });
        }
        Ok(Some(Reply::say(lines.join("\n")).kind("progress")))
    }

    /// Gives a conversation to the queue.
    fn hand_over(&self, ctx: &Ctx, chat: &mut Chat, reason: Reason) -> Reply {
        let zh = chat.zh;
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
            (Reason::Unsure, true) => "这个问题我没有把握，正在为您转接人工。",
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
        if chat.state != State::Waiting || !queue.accept(id, &by.person_id) {
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
        if let Err(error) = self.say(ctx, &mut chat, &[("system", "", Reply::say(words))]).await {
            // Nobody knows that it was taken: it waits again, before all others.
            self.requeue(&chat, None, None);
            return Err(error);
        }
        Ok(chat)
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
        let mut chat = self.served_by(by, id).await?;
        if chat.state != State::Served || chat.last_no >= MESSAGES_MAX - 5 {
            return Err(over().into());
        }
        self.say(ctx, &mut chat, &[("agent", &shown_name(by), Reply::say(text))]).await?;
        Ok(chat)
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

fn kind_of(text: &str) -> &'static str {
    if text.contains("举报") {
        "report"
    } else if text.contains("投诉") {
        "complaint"
    } else if text.contains("报修") {
        "repair"
    } else {
        "help"
    }
}

/// Returns what is said behind the words that only announce a report.
fn without_opening(text: &str) -> &str {
    let mut rest = text.trim();
    for opening in [
        "提交诉求",
        "提交工单",
        "登记诉求",
        "帮我登记",
        "我要投诉",
        "我想投诉",
        "我要举报",
        "我想举报",
        "我要反映一下",
        "我要反映",
        "我想反映一下",
        "我想反映",
        "反映一个",
        "反映一下",
        "我要报修",
        "我要求助",
        "Report a matter",
    ] {
        if let Some(behind) = rest.strip_prefix(opening) {
            rest = behind;
            break;
        }
    }
    rest.trim_start_matches(['，', ',', '：', ':', '。', ' '])
}

fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
