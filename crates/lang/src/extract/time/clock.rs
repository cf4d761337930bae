//! Parts of the day and times of the clock.

use std::sync::LazyLock;

use regex::Regex;

use super::parts::{Clock, Hours, Parts, Period};
use crate::extract::numeral;

/// Parts of the day, longer names first.
const PERIODS: [(&str, u32, u32, Hours); 40] = [
    ("大清早", 5, 9, Hours::Plain),
    ("一大早", 5, 9, Hours::Plain),
    ("大早上", 5, 9, Hours::Plain),
    ("大半夜", 0, 4, Hours::Night),
    ("后半夜", 0, 4, Hours::Night),
    ("前半夜", 20, 24, Hours::Night),
    ("大中午", 11, 13, Hours::Noon),
    ("大晚上", 18, 24, Hours::Evening),
    ("凌晨", 0, 6, Hours::Night),
    ("清晨", 5, 9, Hours::Plain),
    ("清早", 5, 9, Hours::Plain),
    ("黎明", 4, 7, Hours::Plain),
    ("拂晓", 4, 7, Hours::Plain),
    ("早上", 6, 10, Hours::Plain),
    ("早晨", 6, 10, Hours::Plain),
    ("早间", 6, 10, Hours::Plain),
    ("上午", 7, 12, Hours::Plain),
    ("白天", 6, 19, Hours::Plain),
    ("中午", 11, 13, Hours::Noon),
    ("正午", 11, 13, Hours::Noon),
    ("晌午", 11, 13, Hours::Noon),
    ("午间", 11, 13, Hours::Noon),
    ("午后", 13, 18, Hours::Afternoon),
    ("下午", 13, 18, Hours::Afternoon),
    ("傍晚", 17, 19, Hours::Afternoon),
    ("黄昏", 17, 19, Hours::Afternoon),
    ("晚上", 18, 24, Hours::Evening),
    ("晚间", 18, 24, Hours::Evening),
    ("夜晚", 18, 24, Hours::Evening),
    ("当晚", 18, 24, Hours::Evening),
    ("夜里", 20, 24, Hours::Night),
    ("夜间", 20, 24, Hours::Night),
    ("入夜", 20, 24, Hours::Night),
    ("深夜", 0, 4, Hours::Night),
    ("半夜", 0, 4, Hours::Night),
    ("午夜", 0, 4, Hours::Night),
    ("子夜", 0, 4, Hours::Night),
    ("晚", 18, 24, Hours::Evening),
    ("早", 6, 10, Hours::Plain),
    ("夜", 20, 24, Hours::Night),
];
const HOUR: &str = r"(?:2[0-4]|[01]?\d|二十[一二三四]?|十[一二三四五六七八九]?|[零一二两三四五六七八九])";

static DIGITAL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(2[0-4]|[01]?\d):([0-5]\d)(?::([0-5]\d))?(?:时|分|许|左右)?")
        .expect("the pattern is constant")
});
static SPOKEN: LazyLock<Regex> = LazyLock::new(|| {
    let small = "[一二三四五六七八九]";
    Regex::new(&format!(
        r"^(?P<hour>{HOUR})(?P<word>点|时)(?P<full>钟|整)?(?:(?P<half>半)|(?P<quarter>[一三13])刻|过?(?P<minute>[0-5]?\d|零?{small}|[一二三四五]?十{small}?)分(?:钟)?(?:(?P<second>[0-5]?\d|零?{small}|[一二三四五]?十{small}?)秒)?|(?P<bare>[0-5]\d|零{small}|[二三四五]?十{small}?|[二三四五]十{small}))?(?P<about>多钟|来钟|多|许|左右)?"
    ))
    .expect("the pattern is constant")
});
static HOURS_FROM_TO: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(r"^(?P<from>{HOUR})\s?(?:-|~|—|－|至|到)\s?(?P<to>{HOUR})(?:点钟|点|时)(?P<rest>.?)"))
        .expect("the pattern is constant")
});
/// 下午三四点.
static ABOUT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("^([一二两三四五六七八九])([二三四五六七八九])点(?:多?钟|多)?")
        .expect("the pattern is constant")
});
/// Words after a number of points that are no time.
const POINTS: [&str; 22] = [
    "建议", "意见", "要求", "问题", "诉求", "疑问", "原因", "理由", "情况", "说明", "内容", "希望", "请求",
    "看法", "想法", "不满", "如下", "水", "心", "事", "来说", "需要",
];

/// Reads a part of the day: how many bytes.
pub(super) fn period(text: &str, parts: &mut Parts) -> Option<usize> {
    let (name, from, until, hours) = *PERIODS.iter().find(|(name, ..)| text.starts_with(name))?;
    let rest = &text[name.len()..];
    if matches!(name, "晚" | "早" | "夜") {
        // 8号晚8点, but not 早就, 晚点, 夜市.
        let follows = rest.starts_with(|c: char| c.is_ascii_digit() || "一二两三四五六七八九十".contains(c));
        if !parts.has_date() || !(follows || (rest.is_empty() && name != "早")) {
            return None;
        }
    }
    parts.period = Some(Period { from, until, hours });
    Some(name.len())
}

/// Reads a time of the clock: how many bytes.
pub(super) fn clock(text: &str, parts: &mut Parts) -> Option<usize> {
    if let Some(found) = DIGITAL.captures(text) {
        let end = found.get(0)?.end();
        if text[end..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == ':') {
            return None;
        }
        let number = |at: usize| found.get(at).and_then(|text| text.as_str().parse().ok());
        parts.clock = Some(Clock { hour: number(1)?, minute: number(2), second: number(3), until: None });
        return Some(end);
    }
    if let Some(found) = HOURS_FROM_TO.captures(text) {
        let number = |name: &str| found.name(name).and_then(|text| numeral::read(text.as_str()));
        let (from, to) = (number("from")? as u32, number("to")? as u32);
        let rest = found.name("rest")?;
        if !rest.as_str().starts_with(|c: char| c.is_ascii_digit() || "半一二三四五".contains(c)) {
            parts.clock = Some(Clock { hour: from, minute: None, second: None, until: Some(to) });
            return Some(rest.start());
        }
    }
    if let Some(found) = ABOUT.captures(text).filter(|_| parts.period.is_some() || parts.has_date()) {
        let number =
            |at: usize| found.get(at).and_then(|text| numeral::read(text.as_str())).map(|hour| hour as u32);
        let (from, to) = (number(1)?, number(2)?);
        if from < to {
            parts.clock = Some(Clock { hour: from, minute: None, second: None, until: Some(to) });
            return Some(found.get(0)?.end());
        }
    }
    let found = SPOKEN.captures(text)?;
    let get = |name: &str| found.name(name).map(|found| found.as_str());
    let end = found.get(0)?.end();
    let rest = &text[end..];
    let hour = get("hour")?;
    let precise =
        get("full").or(get("half")).or(get("quarter")).or(get("minute")).or(get("bare")).or(get("about"));
    if precise.is_none() {
        let number = |c: char| c.is_ascii_digit() || "零一二三四五六七八九.".contains(c);
        let few = matches!(hour, "一" | "两" | "二" | "三" | "几");
        let lone = parts.period.is_none() && !parts.has_date();
        // 七点八 is a decimal, 有一点吵 a little, 三点建议 a list, 一时 a while.
        if rest.starts_with(number)
            || (lone && few && !rest.starts_with(['到', '至', '-', '~', '以', '之']))
            || (lone && POINTS.iter().any(|word| rest.starts_with(word)))
        {
            return None;
        }
    }
    let minute = match (get("half"), get("quarter")) {
        (Some(_), _) => Some(30),
        (_, Some("一" | "1")) => Some(15),
        (_, Some(_)) => Some(45),
        _ => get("minute").or(get("bare")).and_then(numeral::read).map(|minute| (minute as u32).min(59)),
    };
    let second = get("second").and_then(numeral::read).map(|second| (second as u32).min(59));
    parts.clock = Some(Clock { hour: (numeral::read(hour)? as u32).min(24), minute, second, until: None });
    Some(end)
}
