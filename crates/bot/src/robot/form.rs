//! An order that the robot fills in with the citizen: it asks for what is missing, shows the order, and sends it when
//! the citizen says so.

use contract::cases::CitizenDraft;
use lang::normalize::fold;
use serde::{Deserialize, Serialize};

use super::Reply;

/// Shortest description of a matter, in characters.
const CONTENT_MIN: usize = 8;
/// Longest values.
const CONTENT_MAX: usize = 2_000;
const ADDRESS_MAX: usize = 200;
const NAME_MAX: usize = 20;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Slot {
    /// What happened and what is wanted.
    Content,
    /// Where it is.
    Address,
    /// How the citizen is called.
    Name,
    /// The number to be called back.
    Phone,
    /// Whether all is right.
    Confirm,
}

/// An order that is being filled in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Form {
    /// What happened.
    #[serde(default)]
    pub content: String,
    /// The title.
    #[serde(default)]
    pub title: String,
    /// Where it is; empty when the citizen said that there is no place.
    #[serde(default)]
    pub address: Option<String>,
    /// The district.
    #[serde(default)]
    pub district: Option<String>,
    /// Longitude and latitude.
    #[serde(default)]
    pub point: Option<(f64, f64)>,
    /// How the citizen is called.
    #[serde(default)]
    pub name: String,
    /// The number to be called back.
    #[serde(default)]
    pub phone: String,
    /// The type, as a code.
    #[serde(default)]
    pub kind: String,
    /// The category.
    #[serde(default)]
    pub category_id: Option<String>,
    /// What was asked for last.
    #[serde(default)]
    pub asked: Option<Slot>,
    /// The key under which the order is sent, so that a repetition makes no second one.
    #[serde(default)]
    pub key: String,
}

/// What becomes of the form.
#[derive(Clone, Debug, PartialEq)]
pub enum Filled {
    /// The robot asks on.
    Ask(Box<Reply>),
    /// The citizen wants it sent.
    Send,
    /// The citizen does not want it any more.
    Dropped,
}

/// What a text says of the fields.
#[derive(Clone, Debug, Default)]
pub struct Read {
    /// The address.
    pub address: Option<String>,
    /// The district.
    pub district: Option<String>,
    /// Longitude and latitude.
    pub point: Option<(f64, f64)>,
    /// A person's name.
    pub name: Option<String>,
    /// A telephone number.
    pub phone: Option<String>,
    /// A title.
    pub title: Option<String>,
    /// The type, as a code.
    pub kind: Option<String>,
    /// The category.
    pub category_id: Option<String>,
}

impl Read {
    /// Reads suggestions that were made of the text.
    #[must_use]
    pub fn of(suggestions: &[crate::suggestion::Suggestion]) -> Self {
        let value =
            |field: &str| suggestions.iter().find(|one| one.field == field).map(|one| one.value.clone());
        Self {
            address: value("address"),
            district: value("district"),
            point: suggestions.iter().find(|one| one.field == "address").and_then(|one| one.lng.zip(one.lat)),
            name: value("name"),
            phone: value("phone"),
            title: value("title"),
            kind: value("type"),
            category_id: value("category_id"),
        }
    }
}

impl Form {
    /// Takes in what the citizen wrote, and says what is next.
    pub fn hear(&mut self, text: &str, read: &Read, zh: bool) -> Filled {
        let folded = fold(text);
        let said = folded.trim();
        let is = |words: &[&str]| words.contains(&said.trim_end_matches(['。', '！', '!', '.']));
        if is(&["取消", "不用了", "算了", "不提交了", "不登记了", "cancel", "never mind"]) {
            return Filled::Dropped;
        }
        match self.asked {
            None => {}
            Some(Slot::Content) => self.tell(text, read),
            Some(Slot::Address) => {
                let none = is(&["没有", "无", "没有地点", "不涉及", "none", "no"]);
                self.address = Some(if none {
                    String::new()
                } else {
                    clip(&read.address.clone().unwrap_or_else(|| text.trim().to_owned()), ADDRESS_MAX)
                });
                if !none {
                    self.district = self.district.take().or_else(|| read.district.clone());
                    self.point = self.point.or(read.point);
                }
            }
            Some(Slot::Name) => {
                let name = read.name.clone().unwrap_or_else(|| name_in(text));
                self.name = clip(&name, NAME_MAX);
            }
            Some(Slot::Phone) => match read.phone.clone().or_else(|| phone_in(text)) {
                Some(phone) => self.phone = phone,
                None => {
                    let again = if zh {
                        "这个号码看起来不对，请输入11位手机号或带区号的固定电话。"
                    } else {
                        "This does not look like a number; please give one that you can be called on."
                    };
                    return Filled::Ask(Box::new(Reply::say(again)));
                }
            },
            Some(Slot::Confirm) => {
                if is(&[
                    "确认",
                    "确认提交",
                    "提交",
                    "是",
                    "是的",
                    "对",
                    "没问题",
                    "好的",
                    "可以",
                    "yes",
                    "ok",
                    "send",
                    "confirm",
                ]) {
                    return Filled::Send;
                }
                for (words, slot) in [
                    (["修改内容", "改内容", "change the matter"], Slot::Content),
                    (["修改地址", "改地址", "change the place"], Slot::Address),
                    (["修改姓名", "改姓名", "change the name"], Slot::Name),
                    (["修改电话", "改电话", "change the number"], Slot::Phone),
                ] {
                    if words.iter().any(|word| said.contains(word)) {
                        return self.ask(slot, zh);
                    }
                }
                // Whatever else is said belongs to the matter.
                if text.chars().count() >= 4 {
                    let more = format!("{}\n{}", self.content, text.trim());
                    self.content = clip(&more, CONTENT_MAX);
                }
            }
        }
        self.next(zh)
    }

    /// Takes in a description of the matter with all that it says of the other fields.
    pub fn tell(&mut self, text: &str, read: &Read) {
        let text = text.trim();
        if self.asked == Some(Slot::Content) && !self.content.is_empty() && self.is_whole() {
            self.content = clip(text, CONTENT_MAX);
            self.title = String::new();
        } else {
            let more =
                if self.content.is_empty() { text.to_owned() } else { format!("{}\n{text}", self.content) };
            self.content = clip(&more, CONTENT_MAX);
        }
        if self.title.is_empty() {
            self.title = read.title.clone().unwrap_or_default();
        }
        if self.address.is_none() {
            self.address = read.address.clone();
            self.point = read.point;
        }
        self.district = self.district.take().or_else(|| read.district.clone());
        if self.name.is_empty() {
            self.name = read.name.clone().unwrap_or_default();
        }
        if self.phone.is_empty() {
            self.phone = read.phone.clone().unwrap_or_default();
        }
        if let Some(kind) = &read.kind {
            self.kind.clone_from(kind);
        }
        self.category_id = read.category_id.clone().or_else(|| self.category_id.take());
    }

    fn is_whole(&self) -> bool {
        self.missing().is_none()
    }

    fn missing(&self) -> Option<Slot> {
        if self.content.chars().filter(|c| c.is_alphanumeric()).count() < CONTENT_MIN {
            Some(Slot::Content)
        } else if self.address.is_none() {
            Some(Slot::Address)
        } else if self.name.trim().is_empty() {
            Some(Slot::Name)
        } else if self.phone.is_empty() {
            Some(Slot::Phone)
        } else {
            None
        }
    }

    /// Asks for what is missing, or shows the whole.
    pub fn next(&mut self, zh: bool) -> Filled {
        let slot = self.missing().unwrap_or(Slot::Confirm);
        self.ask(slot, zh)
    }

    fn ask(&mut self, slot: Slot, zh: bool) -> Filled {
        self.asked = Some(slot);
        let reply = match (slot, zh) {
            (Slot::Content, true) => {
                Reply::say("请描述您要反映的事情：发生了什么、什么时候、希望怎样解决。").options(&["取消"])
            }
            (Slot::Content, false) => {
                Reply::say("Please tell what happened, when, and what you ask for.").options(&["Cancel"])
            }
            (Slot::Address, true) => {
                Reply::say("请问具体在什么地方？（小区、路名、门牌号；不涉及地点请回复“没有”）").options(&["没有", "取消"])
            }
            (Slot::Address, false) => {
                Reply::say("Where is it? (quarter, road, number; say “none” if there is no place)")
                    .options(&["None", "Cancel"])
            }
            (Slot::Name, true) => Reply::say("请问怎么称呼您？"),
            (Slot::Name, false) => Reply::say("What is your name?"),
            (Slot::Phone, true) => Reply::say("请留下您的联系电话，方便承办单位与您核实。"),
            (Slot::Phone, false) => Reply::say("Please leave a number on which you can be called back."),
            (Slot::Confirm, true) => Reply::say(format!(
                "请核对工单内容：\n事项：{}\n内容：{}\n地址：{}\n姓名：{}\n电话：{}\n确认无误请回复“确认”，也可以说“修改地址”等。",
                self.title_or_content(),
                self.content,
                self.address.as_deref().filter(|address| !address.is_empty()).unwrap_or("（无）"),
                self.name,
                self.phone
            ))
            .kind("draft")
            .options(&["确认", "修改内容", "修改地址", "修改电话", "取消"]),
            (Slot::Confirm, false) => Reply::say(format!(
                "Please check your order:\nMatter: {}\nWhat: {}\nWhere: {}\nName: {}\nNumber: {}\nSay “confirm” to send it.",
                self.title_or_content(),
                self.content,
                self.address.as_deref().filter(|address| !address.is_empty()).unwrap_or("(none)"),
                self.name,
                self.phone
            ))
            .kind("draft")
            .options(&["Confirm", "Change the matter", "Change the place", "Change the number", "Cancel"]),
        };
        Filled::Ask(Box::new(reply))
    }

    fn title_or_content(&self) -> String {
        if self.title.chars().count() >= 2 { self.title.clone() } else { clip(&self.content, 28) }
    }

    /// Makes the order as it is sent.
    #[must_use]
    pub fn draft(&self) -> CitizenDraft {
        let kind = if self.kind.is_empty() { "help" } else { &self.kind };
        CitizenDraft {
            r#type: kind.to_owned(),
            category_id: self.category_id.clone(),
            title: self.title_or_content(),
            content: self.content.clone(),
            name: self.name.clone(),
            phone: self.phone.clone(),
            reply_way: None,
            reply_to: None,
            confidential: false,
            district: self.district.clone(),
            address: self.address.clone().filter(|address| !address.is_empty()),
            lng: self.point.map(|(lng, _)| lng),
            lat: self.point.map(|(_, lat)| lat),
            // The robot asks for the matter alone; forms of order types are for pages.
            order_type_id: None,
            form_id: None,
            form: serde_json::Map::new(),
        }
    }
}

fn clip(text: &str, limit: usize) -> String {
    text.trim().chars().take(limit).collect()
}

/// Returns what is likely a name in an answer to the question for it.
fn name_in(text: &str) -> String {
    let mut name = text.trim();
    for opening in ["我姓名是", "我的名字是", "我叫", "我姓", "叫我", "叫", "姓名", "I am ", "My name is "]
    {
        name = name.strip_prefix(opening).unwrap_or(name).trim_start_matches(['：', ':', ' ']);
    }
    name.trim_end_matches(['。', '.', '，', ',', '！']).to_owned()
}

/// Finds a telephone number in an answer to the question for it.
fn phone_in(text: &str) -> Option<String> {
    let digits: String = fold(text).chars().filter(|c| c.is_ascii_digit()).collect();
    (7..=12).contains(&digits.len()).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(filled: Filled) -> Reply {
        match filled {
            Filled::Ask(reply) => *reply,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn it_asks_only_for_what_is_missing_and_shows_the_order_before_it_is_sent() {
        let mut form = Form::default();
        let read = Read {
            address: Some("听澜雅苑3号楼".to_owned()),
            district: Some("澜溪区".to_owned()),
            title: Some("听澜雅苑3号楼电梯坏了".to_owned()),
            ..Read::default()
        };
        form.tell("听澜雅苑3号楼电梯坏了三天没人修", &read);
        assert!(reply(form.next(true)).text.contains("称呼"), "the place was said already");
        let asked = reply(form.hear("我叫李国强", &Read::default(), true));
        assert!(asked.text.contains("电话"));
        assert!(reply(form.hear("12", &Read::default(), true)).text.contains("不对"));
        let shown = reply(form.hear("199 0000 1234", &Read::default(), true));
        for part in ["听澜雅苑3号楼", "李国强", "19900001234", "电梯坏了三天"] {
            assert!(shown.text.contains(part), "{}", shown.text);
        }
        assert_eq!(form.hear("确认", &Read::default(), true), Filled::Send);
        let draft = form.draft();
        assert_eq!((draft.name.as_str(), draft.phone.as_str()), ("李国强", "19900001234"));
        assert_eq!(draft.district.as_deref(), Some("澜溪区"));
    }

    #[test]
    fn a_citizen_may_change_or_drop_it() {
        let mut form = Form { asked: Some(Slot::Confirm), ..Form::default() };
        form.content = "楼下烧烤店油烟很大影响休息".to_owned();
        form.address = Some("柳津大道8号".to_owned());
        (form.name, form.phone) = ("王".to_owned(), "19900001234".to_owned());
        assert!(reply(form.hear("修改地址", &Read::default(), true)).text.contains("什么地方"));
        let shown = reply(form.hear("折柳巷12号", &Read::default(), true));
        assert!(shown.text.contains("折柳巷12号"));
        assert_eq!(form.hear("取消", &Read::default(), true), Filled::Dropped);
    }

    #[test]
    fn places_may_be_none() {
        let mut form = Form::default();
        form.tell("希望开通网上办理社保卡补办的业务", &Read::default());
        assert!(reply(form.next(true)).text.contains("什么地方"));
        let _ = form.hear("没有", &Read::default(), true);
        assert_eq!(form.draft().address, None);
    }

    proptest::proptest! {
        #[test]
        fn a_form_is_bounded_whatever_is_said(texts in proptest::collection::vec("\\PC{0,120}", 0..12)) {
            let mut form = Form::default();
            let _ = form.next(true);
            for text in &texts {
                let _ = form.hear(text, &Read::default(), true);
                proptest::prop_assert!(form.content.chars().count() <= CONTENT_MAX);
                proptest::prop_assert!(form.name.chars().count() <= NAME_MAX);
            }
        }
    }
}
