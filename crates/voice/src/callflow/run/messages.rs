//! Staff hear what callers left, one message after the other, and say by keys what becomes of each.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::model::{Language, Target};
use super::super::said;
use super::super::template::{Use, fill};
use super::nodes::is_dialable;
use super::{Effect, Item, Run, Stage, Then, Turn, What};

/// How long a key is waited for after a message, in milliseconds.
const KEY_MS: i64 = 8_000;
/// How often the keys are said before the listener counts as gone.
const TRIES: u32 = 3;
/// Boxes that may fail to open in one call before it ends.
const UNOPENED_MAX: u32 = 3;
/// How long a caller who is called back is rung, in seconds.
const RING_SECS: u32 = 40;

/// A message in the list of whoever listens.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Left {
    /// Id.
    pub id: String,
    /// The caller's number.
    pub caller: String,
    /// The city's day, `YYYY-MM-DD`.
    pub date: String,
    /// The city's time, `HH:MM`.
    pub time: String,
}

/// Who listens, and to what.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Hearing {
    /// The person.
    pub person_id: String,
    /// Their name.
    pub person_name: String,
    /// Whether they may call outside numbers.
    pub may_dial: bool,
    /// The messages, in the order in which they are heard.
    pub messages: Vec<Left>,
    #[serde(skip)]
    at: usize,
}

/// What becomes of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// It is being heard.
    Heard,
    /// It was seen to; the words say how.
    Done(&'static str),
}

impl Run {
    /// A box did not open: another try, but not without end.
    pub(super) fn unopened(&mut self, turn: &mut Turn<'_>) {
        self.unopened += 1;
        if self.unopened < UNOPENED_MAX {
            return self.leave("wrong", turn);
        }
        let wrong = Item::Prompt { key: "message_wrong".to_owned(), language: self.language };
        self.say_then(vec![wrong], Then::HangUp, turn);
    }

    /// Begins with what the world answered.
    pub(super) fn hear(&mut self, answer: Value, turn: &mut Turn<'_>) {
        let Ok(hearing) = serde_json::from_value::<Hearing>(answer) else { return self.leave("wrong", turn) };
        let count = hearing.messages.len();
        self.hearing = Some(hearing);
        if count == 0 {
            let none = self.words("没有未处理的留言。", "There are no messages.", json!({}));
            return self.say_then(vec![none], Then::Exit("next"), turn);
        }
        let intro = self.words(
            "有{{n}}条未处理的留言。",
            "There are {{n}} messages.",
            json!({ "n": said::count_of(i64::try_from(count).unwrap_or(0), self.language) }),
        );
        self.present(vec![intro], turn);
    }

    /// Plays the present message, or says that it was the last.
    fn present(&mut self, mut items: Vec<Item>, turn: &mut Turn<'_>) {
        let Some((no, left)) =
            self.hearing.as_ref().and_then(|hearing| Some((hearing.at, hearing.left()?.clone())))
        else {
            items.push(self.words("没有更多留言了。", "There are no more messages.", json!({})));
            return self.say_then(items, Then::Exit("next"), turn);
        };
        let tail: String = left.caller.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
        items.push(self.words(
            "第{{no|number}}条，{{date|date}}{{time|time}}，尾号{{tail|code}}。",
            "Message {{no|number}}, {{date|date}}, {{time|time}}, from a number that ends in {{tail|code}}.",
            json!({ "no": (no + 1).to_string(), "date": left.date, "time": left.time, "tail": tail }),
        ));
        items.push(Item::Message { id: left.id });
        self.treat(Treatment::Heard, turn);
        self.offer_keys(items, 0, turn);
    }

    fn offer_keys(&mut self, mut items: Vec<Item>, tries: u32, turn: &mut Turn<'_>) {
        items.push(Item::Prompt { key: "message_keys".to_owned(), language: self.language });
        let saying = self.say(items, turn);
        self.stage = Stage::Hearing { saying, tries };
    }

    /// What was said of a message came to its end.
    pub(super) fn heard(&mut self, tries: u32, turn: &Turn<'_>) {
        self.stage = Stage::Hearing { saying: None, tries };
        self.deadline = Some(turn.now_ms + KEY_MS);
    }

    /// No key was pressed in time.
    pub(super) fn unheard(&mut self, tries: u32, turn: &mut Turn<'_>) {
        if tries + 1 >= TRIES {
            return self.leave("next", turn);
        }
        self.offer_keys(Vec::new(), tries + 1, turn);
    }

    /// A key was pressed at a message.
    pub(super) fn message_key(&mut self, key: char, tries: u32, turn: &mut Turn<'_>) {
        self.happened(What::Key(key), turn);
        turn.out.push(Effect::Hush);
        match key {
            '1' => self.present(Vec::new(), turn),
            '2' => self.next_message(turn),
            '3' => {
                self.treat(Treatment::Done("电话收听后删除"), turn);
                self.next_message(turn);
            }
            '4' => self.call_back(turn),
            '*' => self.leave("next", turn),
            _ if tries + 1 >= TRIES => self.leave("next", turn),
            _ => {
                let invalid = Item::Prompt { key: "invalid".to_owned(), language: self.language };
                self.offer_keys(vec![invalid], tries + 1, turn);
            }
        }
    }

    fn next_message(&mut self, turn: &mut Turn<'_>) {
        if let Some(hearing) = &mut self.hearing {
            hearing.at += 1;
        }
        self.present(Vec::new(), turn);
    }

    fn call_back(&mut self, turn: &mut Turn<'_>) {
        let Some(hearing) = &self.hearing else { return };
        let number = hearing.left().map(|left| left.caller.clone()).filter(|number| is_dialable(number));
        match number.filter(|_| hearing.may_dial) {
            Some(number) => {
                self.stage = Stage::Transferring;
                self.deadline = None;
                let to = Target::Number { number };
                turn.out.push(Effect::Transfer { to, ring_secs: RING_SECS, keep: true });
            }
            None => {
                let no = self.words("不能回拨这个号码。", "This number can't be called back.", json!({}));
                self.offer_keys(vec![no], 0, turn);
            }
        }
    }

    /// The caller of the message was called back, or did not answer.
    pub(super) fn called_back(&mut self, talked: bool, turn: &mut Turn<'_>) {
        if talked {
            self.treat(Treatment::Done("电话收听后回拨"), turn);
            return self.next_message(turn);
        }
        let nobody = self.words("对方没有接听。", "Nobody answered.", json!({}));
        self.offer_keys(vec![nobody], 0, turn);
    }

    fn treat(&self, what: Treatment, turn: &mut Turn<'_>) {
        let Some(hearing) = &self.hearing else { return };
        let Some(left) = hearing.left() else { return };
        turn.out.push(Effect::Treated {
            message_id: left.id.clone(),
            person_id: hearing.person_id.clone(),
            person_name: hearing.person_name.clone(),
            what,
        });
    }

    fn words(&self, zh: &str, en: &str, values: Value) -> Item {
        let values = match values {
            Value::Object(values) => values,
            _ => Map::new(),
        };
        let text = if self.language == Language::En { en } else { zh };
        Item::Text { text: fill(text, &values, Use::Speech(self.language)), language: self.language }
    }
}

impl Hearing {
    fn left(&self) -> Option<&Left> {
        self.messages.get(self.at)
    }
}
