//! What a citizen means: a wish for a person, anger, an order's number, small talk, a report, or a question.

use lang::normalize::fold;

/// Longest message.
pub const TEXT_MAX: usize = 1_000;

/// Small talk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Talk {
    /// A greeting.
    Hello,
    /// Thanks.
    Thanks,
    /// A farewell.
    Goodbye,
    /// Who or what the robot is.
    WhoAreYou,
    /// A joke, the weather, a poem.
    OffTopic,
}

/// What was meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A person is wanted.
    Person,
    /// The citizen is angry.
    Anger,
    /// The progress of an order is wanted; its number, when it was said.
    Progress(Option<String>),
    /// A matter is to be reported.
    Report,
    /// One of what was offered, from 0.
    Choice(usize),
    /// None of what was offered.
    NoneOfThese,
    /// Small talk.
    Talk(Talk),
    /// Anything else.
    Question,
}

const PERSON: [&str; 14] = [
    "转人工",
    "人工客服",
    "人工服务",
    "找人工",
    "要人工",
    "接人工",
    "真人",
    "话务员",
    "工作人员接",
    "a person",
    "real person",
    "human",
    "agent please",
    "operator",
];
const ANGER: [&str; 21] = [
    "垃圾机器人",
    "垃圾客服",
    "废物",
    "骗子",
    "什么破",
    "气死",
    "混蛋",
    "王八",
    "滚蛋",
    "滚开",
    "傻逼",
    "有病吧",
    "去死",
    "脑残",
    "太差劲",
    "忍无可忍",
    "useless",
    "stupid",
    "shit",
    "bullshit",
    "idiot",
];
const PROGRESS: [&str; 12] = [
    "查询工单",
    "工单进度",
    "查进度",
    "查询进度",
    "办理进度",
    "办得怎么样",
    "办到哪",
    "处理得怎么样",
    "处理到哪",
    "有结果了吗",
    "progress",
    "status of my",
];
const REPORT: [&str; 16] = [
    "提交诉求",
    "我要投诉",
    "我要举报",
    "我要反映",
    "我想投诉",
    "我想反映",
    "我想举报",
    "登记诉求",
    "提交工单",
    "帮我登记",
    "我要报修",
    "我要求助",
    "反映一个",
    "反映一下",
    "report a matter",
    "i want to report",
];
const OFF_TOPIC: [&str; 10] = [
    "讲个笑话",
    "讲笑话",
    "唱首歌",
    "写首诗",
    "写一首",
    "今天天气",
    "天气怎么样",
    "股票",
    "彩票",
    "tell me a joke",
];

/// Understands a message. `offered` is how many things the citizen was asked to choose among.
#[must_use]
pub fn understand(text: &str, offered: usize) -> Heard {
    let folded = fold(text);
    let said: String = folded.chars().filter(|c| !c.is_whitespace()).collect();
    let words = folded.trim();
    let has = |list: &[&str]| list.iter().any(|word| words.contains(word) || said.contains(word));
    let is_short = said.chars().count() <= 8;
    if let Some(choice) = chosen(&said, offered) {
        return choice;
    }
    if has(&PERSON) || (is_short && said.trim_end_matches(['。', '！', '!']) == "人工") {
        return Heard::Person;
    }
    if has(&ANGER) {
        return Heard::Anger;
    }
    let number = number_in(text);
    if number.is_some() || has(&PROGRESS) {
        return Heard::Progress(number);
    }
    if has(&REPORT) {
        return Heard::Report;
    }
    if has(&OFF_TOPIC) {
        return Heard::Talk(Talk::OffTopic);
    }
    if said.chars().count() <= 14
        && ["你是谁", "你叫什么", "你是机器人", "是机器人吗", "你是人吗", "whoareyou", "areyouarobot"]
            .iter()
            .any(|word| said.contains(word))
    {
        return Heard::Talk(Talk::WhoAreYou);
    }
    if is_short {
        if ["谢谢", "感谢", "多谢", "thanks", "thankyou"].iter().any(|word| said.contains(word)) {
            return Heard::Talk(Talk::Thanks);
        }
        if ["再见", "拜拜", "bye"].iter().any(|word| said.contains(word)) {
            return Heard::Talk(Talk::Goodbye);
        }
        let bare = said.trim_end_matches(|c: char| !c.is_alphanumeric());
        if ["你好", "您好", "在吗", "有人吗", "hi", "hello", "早上好", "下午好", "晚上好", "你好在吗"]
            .contains(&bare)
        {
            return Heard::Talk(Talk::Hello);
        }
    }
    Heard::Question
}

fn chosen(said: &str, offered: usize) -> Option<Heard> {
    if offered == 0 {
        return None;
    }
    if said.contains("都不是") || said.contains("noneofthese") {
        return Some(Heard::NoneOfThese);
    }
    let bare = said.trim_matches(|c: char| !c.is_alphanumeric());
    let number = match bare {
        "1" | "一" | "第一个" | "第1个" => 1,
        "2" | "二" | "第二个" | "第2个" => 2,
        "3" | "三" | "第三个" | "第3个" => 3,
        _ => return None,
    };
    (number <= offered).then(|| Heard::Choice(number - 1))
}

/// Finds an order's number: two letters or more with at least eight digits behind them.
#[must_use]
pub fn number_in(text: &str) -> Option<String> {
    let chars: Vec<char> = text.chars().take(TEXT_MAX).collect();
    let mut at = 0;
    while at < chars.len() {
        if !chars[at].is_ascii_alphabetic() {
            at += 1;
            continue;
        }
        let letters = chars[at..].iter().take_while(|c| c.is_ascii_alphabetic()).count();
        let digits = chars[at + letters..].iter().take_while(|c| c.is_ascii_digit() || **c == '-').count();
        let count = chars[at + letters..at + letters + digits].iter().filter(|c| c.is_ascii_digit()).count();
        if (1..=4).contains(&letters) && (8..=20).contains(&count) {
            let number: String = chars[at..at + letters + digits].iter().collect();
            return Some(number.trim_end_matches('-').to_uppercase());
        }
        at += letters.max(1);
    }
    None
}

/// Finds a query code: six digits that stand alone.
#[must_use]
pub fn code_in(text: &str) -> Option<String> {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .find(|word| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit()))
        .map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_and_anger_come_first() {
        assert_eq!(understand("转人工", 0), Heard::Person);
        assert_eq!(understand("人工", 0), Heard::Person);
        assert_eq!(understand("你们这什么破机器人", 0), Heard::Anger);
        assert_eq!(understand("人工湖什么时候开放", 0), Heard::Question);
        assert_eq!(understand("小区垃圾没人清运", 0), Heard::Question, "rubbish may be the matter");
    }

    #[test]
    fn numbers_and_codes_are_found_in_what_was_said() {
        assert_eq!(
            understand("我的工单YZ202611270001办得怎么样了", 0),
            Heard::Progress(Some("YZ202611270001".to_owned()))
        );
        assert_eq!(understand("查询工单进度", 0), Heard::Progress(None));
        assert_eq!(code_in("查询码是 402913"), Some("402913".to_owned()));
        assert_eq!(code_in("电话19900001234"), None);
    }

    #[test]
    fn choices_are_only_what_was_offered() {
        assert_eq!(understand("第二个", 2), Heard::Choice(1));
        assert_eq!(understand("3", 2), Heard::Question);
        assert_eq!(understand("都不是", 2), Heard::NoneOfThese);
    }

    #[test]
    fn small_talk_is_small() {
        assert_eq!(understand("你好", 0), Heard::Talk(Talk::Hello));
        assert_eq!(understand("谢谢你", 0), Heard::Talk(Talk::Thanks));
        assert_eq!(understand("你好，新生儿怎么办医保", 0), Heard::Question);
        assert_eq!(understand("讲个笑话吧", 0), Heard::Talk(Talk::OffTopic));
    }

    proptest::proptest! {
        #[test]
        fn any_message_is_understood_as_something(text in "\\PC{0,200}", offered in 0_usize..4) {
            let _ = understand(&text, offered);
            let _ = code_in(&text);
        }
    }
}
