//! Conversations in writing (在线会话) and their events.

use async_trait::async_trait;
use kernel::event::{Audience, Event};
use kernel::{BoxError, Timestamp};
use serde::{Deserialize, Serialize};

use crate::cases::CaseId;

kernel::id!(
    /// Names a conversation.
    ChatId
);

/// Something was written in a conversation, or it changed hands.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChatChanged {
    /// The conversation.
    pub chat_id: ChatId,
    /// The number of its newest message.
    pub no: i64,
    /// `robot`, `waiting`, `served`, `ended`.
    pub state: String,
    /// The agent who has it.
    pub agent_id: Option<String>,
}

impl Event for ChatChanged {
    const NAME: &'static str = "bot.chat_changed";
    fn subject(&self) -> String {
        self.chat_id.0.clone()
    }
    fn audience(&self) -> Vec<Audience> {
        let mut audience = vec![Audience::Capability("chat.read".to_owned())];
        audience.extend(self.agent_id.clone().map(Audience::Person));
        audience
    }
}

/// A conversation is over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChatEnded {
    /// The conversation.
    pub chat_id: ChatId,
    /// The agent who had it last; none when the robot was enough.
    pub agent_id: Option<String>,
    /// Who ended it: `citizen`, `agent`, `time`.
    pub by: String,
    /// Why it was handed over, as a code; empty when it was not.
    pub reason: String,
    /// How long the citizen waited for an agent.
    pub waited_ms: Option<i64>,
    /// How many messages there were.
    pub messages: i64,
}

impl Event for ChatEnded {
    const NAME: &'static str = "bot.chat_ended";
    fn subject(&self) -> String {
        self.chat_id.0.clone()
    }
}

/// A citizen rated a conversation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChatRated {
    /// The conversation.
    pub chat_id: ChatId,
    /// The agent who had it last.
    pub agent_id: Option<String>,
    /// 1 (very dissatisfied) to 5 (very satisfied).
    pub stars: i64,
}

impl Event for ChatRated {
    const NAME: &'static str = "bot.chat_rated";
    fn subject(&self) -> String {
        self.chat_id.0.clone()
    }
}

/// An order of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicCase {
    /// The order.
    pub id: CaseId,
    /// When it was written, epoch milliseconds.
    pub created_at: i64,
    /// Its category.
    pub category_id: Option<String>,
    /// Its district.
    pub district: Option<String>,
    /// Its address.
    pub address: Option<String>,
}

/// Orders that tell of one event in other words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicBrief {
    /// The orders, newest first.
    pub orders: Vec<TopicCase>,
    /// How many different callers told of it.
    pub callers: usize,
}

/// Knows which of the newest orders tell of one event.
#[async_trait]
pub trait TopicSource: Send + Sync {
    /// Groups the orders written since `since` that tell of one event; groups of at least `least`, the largest first.
    async fn topics_since(
        &self,
        since: i64,
        least: usize,
        now: Timestamp,
    ) -> Result<Vec<TopicBrief>, BoxError>;
}

/// How a talk with the robot goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpokenTurn {
    /// The caller is listened to again.
    GoOn,
    /// A person takes over.
    Person,
    /// The caller said good-bye.
    Over,
}

/// What the robot says on the telephone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpokenAnswer {
    /// The words, as they are to be spoken.
    pub text: String,
    /// What follows.
    pub turn: SpokenTurn,
}

/// A robot with whom callers talk.
#[async_trait]
pub trait SpokenRobot: Send + Sync {
    /// Answers what a caller said. The first words of a call begin a conversation, which is kept like a written one.
    async fn answer_caller(
        &self,
        call_id: &str,
        caller: &str,
        zh: bool,
        words: &str,
    ) -> Result<SpokenAnswer, BoxError>;

    /// Ends the conversation of a call, if one is open.
    async fn caller_gone(&self, call_id: &str) -> Result<(), BoxError>;
}
