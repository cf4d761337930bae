//! The library of prompts: those that ship with the house, and what the city recorded over them.

use std::collections::HashMap;
use std::sync::RwLock;

use bytes::Bytes;

use crate::callflow::Language;

/// A prompt that ships with the house.
#[derive(Clone, Copy, Debug)]
pub struct Shipped {
    /// Its key.
    pub key: &'static str,
    /// Its name on screens.
    pub name: &'static str,
    /// What it says.
    pub zh: &'static str,
    /// What its English variant says.
    pub en: &'static str,
    sound_zh: &'static [u8],
    sound_en: Option<&'static [u8]>,
}

macro_rules! shipped {
    ($($key:literal, $name:literal, $zh:literal, $en:literal;)*) => {
        &[$(Shipped {
            key: $key,
            name: $name,
            zh: $zh,
            en: $en,
            sound_zh: include_bytes!(concat!("../../prompts/", $key, ".alaw")),
            sound_en: Some(include_bytes!(concat!("../../prompts/", $key, ".en.alaw"))),
        }),*]
    };
}

/// The shipped prompts; `crates/voice/prompts/generate.py` makes their sound.
pub const SHIPPED: &[Shipped] = shipped![
    "greeting", "问候", "您好，一二三四五热线，通话将被录音。", "Welcome to the city hotline 12345. This call is recorded.";
    "all_busy", "全忙", "当前话务员全忙，请稍候。", "All lines are busy. Please hold.";
    "goodbye", "再见", "感谢您的来电，再见。", "Thank you for calling. Goodbye.";
    "choice", "等待中的选择", "继续等待请按一，留言请按二，需要回电请按三。",
        "To keep waiting, press 1. To leave a message, press 2. To be called back, press 3.";
    "nobody", "无人在线", "目前没有话务员在线。继续等待请按一，留言请按二，需要回电请按三。",
        "Nobody is here at the moment. To wait, press 1. To leave a message, press 2. To be called back, press 3.";
    "after_hours", "非工作时间", "现在是非工作时间。留言请按一，紧急事项请按二。",
        "We are closed now. To leave a message, press 1. If it is urgent, press 2.";
    "leave_message", "请留言", "请在提示音后留言，结束请按井号键。",
        "Please leave your message after the tone. Press the hash key when you are done.";
    "message_saved", "留言已保存", "留言已保存，我们会尽快回复您，再见。", "Your message is saved. We will answer soon. Goodbye.";
    "callback_saved", "已登记回电", "已为您登记，话务员会尽快给您回电。", "Your number is noted. We will call you back soon.";
    "connecting", "正在转接", "正在为您转接，请稍候。", "Please hold while we connect you.";
    "order_number", "输入工单编号", "请输入工单编号的数字部分，以井号键结束。",
        "Please enter the digits of your order number, then the hash key.";
    "order_code", "输入查询码", "请输入六位查询码。", "Please enter the six digits of your query code.";
    "order_unknown", "没有查到工单", "没有找到这个工单。重新输入请按一。", "No such order was found. To try again, press 1.";
    "again", "再听一次", "重听请按一，查询其他工单请按二。", "To hear it again, press 1. For another order, press 2.";
    "message_number", "输入工号", "请输入工号或座席号，以井号键结束。", "Please enter your job or seat number, then the hash key.";
    "message_pin", "输入收听口令", "请输入收听口令，以井号键结束。", "Please enter your code, then the hash key.";
    "message_wrong", "工号或口令不对", "工号或口令不对。", "The number or the code is wrong.";
    "message_keys", "收听留言的按键", "重听请按一，下一条请按二，删除请按三，回拨请按四，结束请按星号键。",
        "To hear it again, press 1. For the next one, press 2. To delete it, press 3. To call back, press 4. To finish, press star.";
    "survey", "满意度评价", "请对本次服务评价。非常满意请按一，满意请按二，一般请按三，不满意请按四，非常不满意请按五。",
        "Please rate our service. Very satisfied, press 1. Satisfied, press 2. Neutral, press 3. Dissatisfied, press 4. Very dissatisfied, press 5.";
    "thanks", "感谢评价", "感谢您的评价，再见。", "Thank you. Goodbye.";
    "invalid", "输入有误", "输入有误，请重新输入。", "That is not valid. Please try again.";
    "main_menu", "主菜单", "咨询请按一，投诉举报请按二，人工服务请按三，工单查询请按四，英语服务请按九，留言请按零。",
        "For advice, press 1. For complaints, press 2. For an agent, press 3. For the state of an order, press 4. To leave a message, press 0.";
];

/// Returns the keys of the shipped prompts.
pub fn shipped_keys() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().map(|prompt| prompt.key)
}

/// Finds a shipped prompt.
#[must_use]
pub fn shipped(key: &str) -> Option<&'static Shipped> {
    SHIPPED.iter().find(|prompt| prompt.key == key)
}

impl Shipped {
    /// Returns its sound in a language; Mandarin where there is no other.
    #[must_use]
    pub fn sound(&self, language: Language) -> Bytes {
        let sound = match language {
            Language::Zh => self.sound_zh,
            Language::En => self.sound_en.unwrap_or(self.sound_zh),
        };
        Bytes::from_static(sound)
    }
}

/// The sounds in force: what the city recorded, over what ships.
#[derive(Debug, Default)]
pub struct PromptBook(RwLock<HashMap<(String, Language), Bytes>>);

impl PromptBook {
    /// Returns a prompt's sound; another language's where there is none in this one.
    #[must_use]
    pub fn sound(&self, key: &str, language: Language) -> Option<Bytes> {
        let own = self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let find = |language| own.get(&(key.to_owned(), language)).cloned();
        find(language)
            .or_else(|| shipped(key).map(|prompt| prompt.sound(language)))
            .or_else(|| find(Language::Zh))
            .or_else(|| find(Language::En))
    }

    /// Puts other sounds in the place of all that the city recorded.
    pub fn replace(&self, sounds: HashMap<(String, Language), Bytes>) {
        *self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner) = sounds;
    }
}

#[cfg(test)]
mod tests {
    use ::media::codec::Codec;
    use ::media::detect::loudness;

    use super::*;

    #[test]
    fn every_shipped_prompt_is_audible_in_both_languages() {
        for prompt in SHIPPED {
            for language in [Language::Zh, Language::En] {
                let sound = prompt.sound(language);
                let samples: Vec<i16> = sound.iter().map(|&code| Codec::Pcma.decode(code)).collect();
                assert!(loudness(&samples) > 0.03, "{} {language:?}", prompt.key);
                assert!(sound.len() > 8_000, "{} {language:?}", prompt.key);
            }
        }
    }

    #[test]
    fn what_the_city_recorded_goes_before_what_ships() {
        let book = PromptBook::default();
        assert!(book.sound("greeting", Language::Zh).is_some());
        assert_eq!(book.sound("own", Language::Zh), None);
        let own = Bytes::from_static(&[1, 2, 3]);
        book.replace(HashMap::from([
            (("greeting".to_owned(), Language::Zh), own.clone()),
            (("own".to_owned(), Language::En), own.clone()),
        ]));
        assert_eq!(book.sound("greeting", Language::Zh), Some(own.clone()));
        assert_ne!(book.sound("greeting", Language::En), Some(own.clone()));
        assert_eq!(book.sound("own", Language::Zh), Some(own));
    }
}
