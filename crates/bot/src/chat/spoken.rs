//! Conversations on the telephone: a call flow hears the caller and speaks the answers. Whoever wants more than an
//! answer is passed to an agent, who has the line.

use contract::bot::{SpokenAnswer, SpokenRobot, SpokenTurn};
use kernel::{Actor, ActorKind, BoxError, Ctx, Lang};

use crate::Bot;
use crate::error::BotError;
use crate::robot::hearing::{Heard, Talk, understand};
use crate::robot::speaking::aloud;
use crate::robot::{Reason, Reply};
use crate::store::chat::{Chat, MESSAGES_MAX, State};

impl Bot {
    /// Answers what a caller said.
    async fn answer_spoken(
        &self,
        ctx: &Ctx,
        call_id: &str,
        caller: &str,
        words: &str,
    ) -> Result<SpokenAnswer, BotError> {
        let zh = ctx.lang == Lang::Zh;
        let _turn = self.turn(call_id).await;
        let mut chat = match self.chat_of_call(call_id).await? {
            Some(chat) => chat,
            None => self.insert_spoken_chat(ctx, zh, call_id, caller).await?,
        };
        self.say(ctx, &mut chat, &[("citizen", "", Reply::say(words))]).await?;
        let heard = understand(words, chat.dialogue.offered.len());
        let replies = match heard {
            // These need numbers and names, which are not typed here.
            Heard::Report | Heard::Progress(_) => vec![self.hand_over(ctx, &mut chat, Reason::Matter)],
            _ if chat.last_no >= MESSAGES_MAX - 10 => vec![self.hand_over(ctx, &mut chat, Reason::Unsure)],
            _ => self.respond(ctx, &mut chat, words).await,
        };
        let text = aloud(&replies, zh);
        let lines: Vec<(&str, &str, Reply)> = replies.into_iter().map(|reply| ("robot", "", reply)).collect();
        self.say(ctx, &mut chat, &lines).await?;
        let turn = if !chat.reason.is_empty() {
            SpokenTurn::Person
        } else if heard == Heard::Talk(Talk::Goodbye) {
            SpokenTurn::Over
        } else {
            SpokenTurn::GoOn
        };
        if turn != SpokenTurn::GoOn {
            self.close_spoken(ctx, &mut chat).await?;
        }
        Ok(SpokenAnswer { text, turn })
    }

    async fn close_spoken(&self, ctx: &Ctx, chat: &mut Chat) -> Result<(), BotError> {
        let words = match (chat.reason.is_empty(), chat.zh) {
            (true, true) => "通话结束。",
            (true, false) => "The talk is over.",
            (false, true) => "来电已转给话务员。",
            (false, false) => "The call went to an agent.",
        };
        self.close_chat(ctx, chat, "citizen", words).await
    }

    fn caller_ctx(&self, zh: bool) -> Ctx {
        let actor = Actor { kind: ActorKind::Citizen, id: String::new(), name: "市民".to_owned() };
        Ctx {
            actor,
            lang: if zh { Lang::Zh } else { Lang::En },
            ..Ctx::system("bot.telephone", self.kit().now())
        }
    }
}

#[async_trait::async_trait]
impl SpokenRobot for Bot {
    async fn answer_caller(
        &self,
        call_id: &str,
        caller: &str,
        zh: bool,
        words: &str,
    ) -> Result<SpokenAnswer, BoxError> {
        Ok(self.answer_spoken(&self.caller_ctx(zh), call_id, caller, words).await?)
    }

    async fn caller_gone(&self, call_id: &str) -> Result<(), BoxError> {
        let _turn = self.turn(call_id).await;
        if let Some(mut chat) = self.chat_of_call(call_id).await?
            && chat.state == State::Robot
        {
            self.close_spoken(&self.caller_ctx(chat.zh), &mut chat).await?;
        }
        Ok(())
    }
}
