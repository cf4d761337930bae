//! What the robot says: plain rules over what a citizen wrote, what was said before, and what was found. It knows
//! where it ends: what it is not sure of goes to a person.

pub mod answering;
pub mod form;
pub mod hearing;
pub mod model;
pub mod speaking;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::form::Form;

/// Misses in a row after which a person takes over.
pub const MISSES_MAX: u32 = 2;

/// Why a conversation goes to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = HandOverReason)]
pub enum Reason {
    /// The citizen wants one.
    Wish,
    /// The citizen is angry.
    Anger,
    /// The same question again.
    Repeated,
    /// Nothing certain was found.
    Unsure,
    /// On the telephone: something is to be written down or looked up.
    Matter,
}

impl Reason {
    /// Returns the word that is stored and shown.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Wish => "wish",
            Self::Anger => "anger",
            Self::Repeated => "repeated",
            Self::Unsure => "unsure",
            Self::Matter => "matter",
        }
    }
}

/// An entry that an answer is from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = RobotSource)]
pub struct Source {
    /// The entry.
    pub entry_id: String,
    /// Its number.
    pub number: String,
    /// Its title.
    pub title: String,
    /// Who published it.
    pub publisher: String,
    /// When it was published, epoch milliseconds.
    pub published_at: i64,
}

/// What goes with a message.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ChatExtra)]
pub struct Extra {
    /// `answer`, `choice`, `miss`, `order`, `progress`, `draft`, or nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// Where an answer is from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// How sure the robot was, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// What the citizen may tap instead of typing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// The question that was answered.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub question: String,
}

/// One thing that the robot says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    /// The words.
    pub text: String,
    /// What goes with them.
    pub extra: Extra,
}

impl Reply {
    /// Says something.
    #[must_use]
    pub fn say(text: impl Into<String>) -> Self {
        Self { text: text.into(), extra: Extra::default() }
    }

    /// Says what kind of message it is.
    #[must_use]
    pub fn kind(mut self, kind: &str) -> Self {
        self.extra.kind = kind.to_owned();
        self
    }

    /// Offers something to tap.
    #[must_use]
    pub fn options(mut self, options: &[&str]) -> Self {
        self.extra.options = options.iter().map(|option| (*option).to_owned()).collect();
        self
    }
}

/// What the robot remembers of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Dialogue {
    /// The question before, as it is compared.
    #[serde(default)]
    pub last_question: String,
    /// Questions in a row that found no answer.
    #[serde(default)]
    pub misses: u32,
    /// Entries among which the citizen was asked to choose, by id and title.
    #[serde(default)]
    pub offered: Vec<(String, String)>,
    /// The order that is being filled in.
    #[serde(default)]
    pub form: Option<Form>,
    /// An order's number that waits for its code.
    #[serde(default)]
    pub number: Option<String>,
    /// Orders whose code the citizen has given, with the code.
    #[serde(default)]
    pub known: Vec<(String, String)>,
}

/// Returns the greeting of a conversation: by the time of day, one of several wordings.
#[must_use]
pub fn greeting(hour: u32, chance: usize, zh: bool) -> Reply {
    let day = match (hour, zh) {
        (5..=10, true) => "早上好",
        (11..=12, true) => "中午好",
        (13..=17, true) => "下午好",
        (18..=22, true) => "晚上好",
        (_, true) => "您好",
        (5..=11, false) => "Good morning",
        (12..=17, false) => "Good afternoon",
        (_, false) => "Hello",
    };
    let wordings = if zh {
        [
            "我是12345智能客服，可以为您解答政策、查询工单进度、登记诉求。请问有什么可以帮您？",
            "这里是12345智能客服。您可以直接说您的问题，或点下面的选项。",
            "我是12345智能客服，咨询、查进度、提诉求都可以找我，需要时随时转人工。",
        ]
    } else {
        [
            "I am the robot of 12345. I answer questions, look up orders and write them down. What can I do for you?",
            "This is the robot of 12345. Just say what you need, or tap one of these.",
            "I am the robot of 12345. Ask, look up, report; a person can take over at any time.",
        ]
    };
    let options: &[&str] = if zh {
        &["查询工单进度", "提交诉求", "转人工"]
    } else {
        &["Progress of my order", "Report a matter", "A person"]
    };
    Reply::say(format!("{day}{}{}", if zh { "！" } else { "! " }, wordings[chance % wordings.len()]))
        .options(options)
}

/// Answers small talk; it says what the robot is and never pretends.
#[must_use]
pub fn small_talk(talk: hearing::Talk, zh: bool) -> Reply {
    let text = match (talk, zh) {
        (hearing::Talk::Hello, true) => "您好，请问有什么可以帮您？",
        (hearing::Talk::Hello, false) => "Hello, what can I do for you?",
        (hearing::Talk::Thanks, true) => "不客气，很高兴能帮到您。还有其他问题吗？",
        (hearing::Talk::Thanks, false) => "You are welcome. Is there anything else?",
        (hearing::Talk::Goodbye, true) => "感谢您的来访，再见！",
        (hearing::Talk::Goodbye, false) => "Thank you, good-bye!",
        (hearing::Talk::WhoAreYou, true) => {
            "我是12345热线的智能客服，是一个程序，只能根据本市公开发布的知识回答。需要人工时请说“转人工”。"
        }
        (hearing::Talk::WhoAreYou, false) => {
            "I am a program of the hotline and answer from what the city has published. Say “a person” to be handed over."
        }
        (hearing::Talk::OffTopic, true) => {
            "这个问题超出了我的能力范围，我只能帮您咨询政务服务、查询进度或登记诉求。"
        }
        (hearing::Talk::OffTopic, false) => {
            "This is beyond me: I only know of public services, progress of orders and reports."
        }
    };
    Reply::say(text)
}

#[cfg(test)]
mod tests {
    use super::{greeting, hearing, small_talk};

    #[test]
    fn greetings_follow_the_hour_and_vary() {
        assert!(greeting(9, 0, true).text.starts_with("早上好"));
        assert!(greeting(20, 1, true).text.starts_with("晚上好"));
        assert_ne!(greeting(9, 0, true).text, greeting(9, 1, true).text);
        assert_eq!(greeting(9, 5, false).extra.options.len(), 3);
    }

    #[test]
    fn it_does_not_pretend_to_be_a_person() {
        assert!(small_talk(hearing::Talk::WhoAreYou, true).text.contains("程序"));
    }
}
