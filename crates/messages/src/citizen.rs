//! Texts to citizens: what they are told when the unit has reported, and when the result stands.

use contract::cases::CitizenReply;
use kernel::Lang;

use crate::error::MessageError;

/// The longest subject, in characters.
pub const SUBJECT_MAX: usize = 60;
/// The longest text as it is written, in characters.
pub const BODY_MAX: usize = 500;
/// The longest short message that goes out, in characters; a longer result is cut.
pub const SMS_MAX: usize = 350;

/// What a text may name.
pub const PLACES: &[(&str, &str, &str)] = &[
    ("number", "工单号", "the order's number"),
    ("code", "查询码", "the query code"),
    ("title", "标题", "the title"),
    ("unit", "承办单位", "the unit"),
    ("result", "办理结果", "the result"),
];

/// When a citizen is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// The unit has reported; the centre has not looked yet.
    Feedback,
    /// The result stands.
    Result,
}

impl Moment {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Feedback, Self::Result];

    /// Returns the code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Feedback => "feedback",
            Self::Result => "result",
        }
    }

    /// Reads a code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|moment| moment.code() == code)
    }

    /// Returns the name on screen.
    #[must_use]
    pub fn name(self, lang: Lang) -> &'static str {
        match self {
            Self::Feedback => lang.pick("单位已反馈（待审核）", "The unit has reported"),
            Self::Result => lang.pick("办理结果", "The result stands"),
        }
    }
}

/// A text as the city words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wording {
    /// When it goes out.
    pub moment: Moment,
    /// The subject of a mail.
    pub subject: String,
    /// The text.
    pub body: String,
    /// How often it changed; for optimistic locking.
    pub version: i64,
}

impl Wording {
    /// Returns the words of the first day.
    #[must_use]
    pub fn first(moment: Moment) -> Self {
        let (subject, body) = match moment {
            Moment::Feedback => (
                "12345工单 {number} 已办理反馈",
                "【12345热线】您反映的“{title}”（工单号{number}），{unit}已办理并反馈热线中心，审核后将告知您结果。凭查询码{code}可在市民网站查看进展。",
            ),
            Moment::Result => (
                "12345工单 {number} 办理结果",
                "【12345热线】您反映的“{title}”（工单号{number}）办理结果：{result} 凭查询码{code}可在市民网站查看全文并评价。",
            ),
        };
        Self { moment, subject: subject.to_owned(), body: body.to_owned(), version: 0 }
    }

    /// Checks the words before they are kept.
    ///
    /// # Errors
    /// [`MessageError::Wording`] with the field.
    pub fn check(&self) -> Result<(), MessageError> {
        for (field, text, most) in [("subject", &self.subject, SUBJECT_MAX), ("body", &self.body, BODY_MAX)] {
            let length = text.trim().chars().count();
            if length == 0 || length > most {
                return Err(MessageError::Wording { field, place: None });
            }
        }
        match self.unknown_place() {
            Some(place) => Err(MessageError::Wording { field: "body", place: Some(place) }),
            None => Ok(()),
        }
    }

    /// Returns the first place that no text may name.
    #[must_use]
    pub fn unknown_place(&self) -> Option<String> {
        [&self.subject, &self.body].into_iter().find_map(|text| {
            let unknown = |name: &&str| PLACES.iter().all(|(known, ..)| known != name);
            places(text).into_iter().find(unknown).map(ToOwned::to_owned)
        })
    }

    /// Returns subject and text for an order. A short message is cut within its result, never within the rest.
    #[must_use]
    pub fn filled(&self, reply: &CitizenReply) -> (String, String) {
        let subject = fill(&self.subject, reply, &reply.result);
        let whole = fill(&self.body, reply, &reply.result);
        let over = whole.chars().count().saturating_sub(SMS_MAX);
        if reply.way != "sms" || over == 0 {
            return (subject, whole);
        }
        let kept = reply.result.chars().count().saturating_sub(over + 1);
        let mut result: String = reply.result.chars().take(kept).collect();
        result.push('…');
        (subject, fill(&self.body, reply, &result).chars().take(SMS_MAX).collect())
    }
}

/// Returns the names between braces; a brace that is never closed ends with the text.
fn places(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        rest = &rest[at + 1..];
        let end = rest.find('}').unwrap_or(rest.len());
        found.push(&rest[..end]);
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    found
}

/// Fills every place once, so that what a citizen wrote between braces stays as it is.
fn fill(text: &str, reply: &CitizenReply, result: &str) -> String {
    let mut filled = String::with_capacity(text.len() + result.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            filled.push('{');
            filled.push_str(after);
            return filled;
        };
        filled.push_str(match name {
            "number" => &reply.number,
            "code" => &reply.query_code,
            "title" => &reply.title,
            "unit" if reply.unit.is_empty() => "承办单位",
            "unit" => &reply.unit,
            "result" => result,
            _ => "",
        });
        rest = after;
    }
    filled.push_str(rest);
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(way: &str, result: String) -> CitizenReply {
        CitizenReply {
            way: way.to_owned(),
            to: None,
            number: "YZ1".to_owned(),
            query_code: "123456".to_owned(),
            title: "路灯{code}不亮".to_owned(),
            unit: "水务局".to_owned(),
            result,
        }
    }

    #[test]
    fn a_short_message_is_cut_within_its_result() {
        let wording = Wording::first(Moment::Result);
        let (_, whole) = wording.filled(&reply("email", "好".repeat(2000)));
        assert!(whole.chars().count() > 2000);
        let (_, short) = wording.filled(&reply("sms", "好".repeat(2000)));
        assert_eq!(short.chars().count(), SMS_MAX);
        assert!(short.contains("好… 凭查询码123456"), "{short}");
        let (_, plain) = wording.filled(&reply("sms", "已修好。".to_owned()));
        assert!(plain.contains("路灯{code}不亮") && plain.contains("已修好。"), "{plain}");
    }

    #[test]
    fn only_known_places_may_be_named() {
        for moment in Moment::ALL {
            assert_eq!(Wording::first(moment).unknown_place(), None);
        }
        let with = |body: &str| Wording { body: body.to_owned(), ..Wording::first(Moment::Feedback) };
        assert_eq!(with("{number} {note}").unknown_place().as_deref(), Some("note"));
        assert_eq!(with("{number").unknown_place(), None);
        assert_eq!(with("{num").unknown_place().as_deref(), Some("num"));
    }
}
