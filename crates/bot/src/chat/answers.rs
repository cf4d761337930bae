//! What the robot answers: small talk, progress, an order that is filled in, or what the knowledge base says.

use std::sync::Arc;

use contract::cases::Submitted;
use contract::knowledge::{Audience, KnowledgeQuestion, KnowledgeUsed, Passage};
use kernel::http::Idem;
use kernel::{Ctx, Problem};

use crate::Bot;
use crate::error::BotError;
use crate::robot::answering::{self, Found, Taught};
use crate::robot::form::{Filled, Form, Read};
use crate::robot::hearing::{Heard, Talk, code_in, understand};
use crate::robot::{Extra, MISSES_MAX, Reason, Reply, Source, small_talk};
use crate::store::chat::Chat;
use crate::suggestion;

/// Passages that are looked at for an answer.
const PASSAGES: usize = 5;
/// Orders that one conversation remembers.
const KNOWN_MAX: usize = 10;

impl Bot {
    /// Answers what a citizen wrote.
    pub(super) async fn answer(&self, ctx: &Ctx, chat: &mut Chat, text: &str) -> Result<Vec<Reply>, Problem> {
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
            match model.phrase(question, std::slice::from_ref(&passage), chat.zh, ctx.now.0).await {
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
                Ok(vec![*reply])
            }
            Filled::Dropped => Ok(vec![Reply::say(if chat.zh {
                "好的，已取消登记。还有什么可以帮您？"
            } else {
                "It was not sent. What else can I do for you?"
            })]),
            Filled::Send => {
                match self.send_order(ctx, &form).await {
                    Ok(sent) => {
                        chat.case_number = Some(sent.number.clone());
                        let pair = (sent.number.clone(), sent.query_code.clone());
                        if !chat.dialogue.known.contains(&pair) && chat.dialogue.known.len() < KNOWN_MAX {
                            chat.dialogue.known.push(pair);
                        }
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

    /// Sends the order under the form's own key: said "confirm" a second time, because the first answer was lost, it
    /// is the same order.
    async fn send_order(&self, ctx: &Ctx, form: &Form) -> Result<Submitted, Problem> {
        let idem = if form.key.is_empty() { Idem::none() } else { Idem::inside("bot.form", &form.key) };
        if let Some(before) = idem.kept::<Submitted>(self.kit()).await? {
            return Ok(before);
        }
        match self.ports().citizens.submit(ctx, form.draft(), &idem).await {
            Ok(sent) => Ok(sent),
            // Another process may have written it between the look and the writing.
            Err(problem) => idem.kept::<Submitted>(self.kit()).await?.ok_or(problem),
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
            if !chat.dialogue.known.contains(&pair) && chat.dialogue.known.len() < KNOWN_MAX {
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
    pub(super) async fn progress_of(
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
