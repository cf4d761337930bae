//! Times, as intervals of local time, lengths, and what comes again and again.

mod calendar;
mod clock;
mod feast;
mod length;
mod lunar;
mod parts;

use std::sync::LazyLock;

use chrono::{Datelike, Duration, NaiveDateTime};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{Span, Text};
use calendar::{CLOCK, DAY, Known, MONTH, PERIOD, WEEK, YEAR, unit};
use parts::{Interval, Parts};

/// A time: an interval of local time, a length, or one of the two that comes again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// The first second of it; `None` when only its end was said, or only how long it lasts.
    pub from: Option<NaiveDateTime>,
    /// The last second of it; an instant has the same as its beginning. `None` when it has no end that was said.
    pub to: Option<NaiveDateTime>,
    /// How long it lasts, when that was said: 三个小时.
    pub lasts_secs: Option<i64>,
    /// It comes again and again, and the interval is the present occurrence.
    pub repeats: bool,
}

impl Moment {
    fn between(from: NaiveDateTime, to: NaiveDateTime) -> Self {
        Self { from: Some(from), to: Some(to), lasts_secs: None, repeats: false }
    }
}

static JOINT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s?(?:(?:起|开始)?(?:一直|持续)?(?:至|直到|到了?)|起?[~—－–→-]+|延续到|截止到|直至)\s?")
        .expect("the pattern is constant")
});
static AGAIN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:每逢|每隔|每)(?P<count>\d{1,4}|[一二两三四五六七八九十百]{1,4}|半|几)?个?(?P<unit>周?工作日|周末|季度|小时|钟头|分钟|年|月|周|星期|礼拜|天|日|晚上|晚|早上|早|夜|秒)")
        .expect("the pattern is constant")
});
/// Words that a time of the past may begin a range with.
const SINCE: [&str; 3] = ["自从", "从", "自"];
/// Now, as the end of a range.
const NOW: [&str; 8] = ["现在", "目前为止", "目前", "如今", "当前", "此刻", "今为止", "今"];
/// What may stand behind a time and belongs to it.
const ABOUT: [&str; 5] = ["左右", "前后", "上下", "许", "期间"];

/// Finds the times in a text. `now` is when it was said.
pub(super) fn find(text: &Text<'_>, now: NaiveDateTime) -> Vec<Span<Moment>> {
    let mut out: Vec<Span<Moment>> = Vec::new();
    let mut known = Known { now, day: now.date() };
    let mut at = 0;
    let mut before = None;
    while let Some(first) = text.folded[at..].chars().next() {
        let found = (may_begin(first) && !is_blocked(before, first))
            .then(|| time(&text.folded[at..], before, known))
            .flatten();
        let Some((skip, end, moment)) = found else {
            at += first.len_utf8();
            before = Some(first);
            continue;
        };
        if let Some(moment) = moment {
            out.push(text.span(at + skip, at + end, moment));
            if let (Some(from), None) = (moment.from, moment.lasts_secs) {
                known.day = from.date();
            }
        }
        at += end;
        before = text.folded[..at].chars().next_back();
    }
    out
}

/// Tells whether a time can begin with a character.
fn may_begin(first: char) -> bool {
    const FIRST: &str = "零一二两俩三四五六七八九十百千万几数好半年月上下前后今明昨去大本这当每第周星礼春夏秋冬暑寒农阴旧正腊闰初廿早晚\
凌清黎拂白中午正晌傍黄夜深子入双元情妇植消愚劳青护母儿父建教国光感平圣除端鬼重小七惊谷芒处霜立大最近过未接头日自从刚方翌次隔同岁首雨";
    first.is_ascii_digit() || FIRST.contains(first)
}

/// Tells whether a character begins no time because of the one before it: inside a number, behind 第.
fn is_blocked(before: Option<char>, first: char) -> bool {
    let number = |c: char| c.is_ascii_digit() || "零一二两三四五六七八九十百千万".contains(c);
    before.is_some_and(|before| {
        before == '第'
            || before == '.'
            || (before.is_ascii_alphanumeric() && first.is_ascii_digit())
            || (number(before) && number(first))
            || (number(before) && "年月".contains(first))
    })
}

/// Reads a time at the beginning of a text: how many bytes before it are none of it, where it ends, and what it
/// means. Words that look like a time and are none mean nothing.
fn time(text: &str, before: Option<char>, known: Known) -> Option<(usize, usize, Option<Moment>)> {
    if let Some((end, moment)) = again(text, known) {
        return Some((0, end, Some(moment)));
    }
    let since = SINCE.iter().find(|word| text.starts_with(**word)).map_or(0, |word| word.len());
    let rest = &text[since..];
    let spoken = expression(rest, known).filter(|(_, parts)| !parts.alone || since > 0);
    let length = (since == 0 && !is_year(rest)).then(|| length::read(rest, known.now)).flatten();
    if let Some(length) = length
        && spoken
            .as_ref()
            .is_none_or(|(end, _)| *end < length.end || (*end == length.end && is_length(rest, before)))
    {
        if is_name(&rest[..length.end], &rest[length.end..]) {
            return Some((0, length.end, None));
        }
        return Some(after_length(rest, length, known));
    }
    let (end, parts) = spoken?;
    if before.is_some_and(|before| !may_stand_before_feast(before))
        && parts.feast.is_some()
        && parts.year.is_none()
    {
        return Some((0, end, None));
    }
    if is_number_of_house(&rest[..end], before, &rest[end..]) || is_name(&rest[..end], &rest[end..]) {
        return Some((0, end, None));
    }
    // A part of the day alone says too little, unless a range begins with it.
    let little = !parts.has_date() && parts.clock.is_none();
    let interval = parts.resolve(known.now);
    if let Some((more, moment)) = interval.and_then(|interval| range(&rest[end..], &parts, interval, known)) {
        return Some((0, since + end + more, Some(moment)));
    }
    if little {
        return None;
    }
    let interval = interval?;
    let (more, moment, with_since) = ends(&rest[end..], interval, since > 0, known.now);
    // 从3日到5日 is one unit here.
    let with_since = with_since
        || (since > 0
            && rest[..end].contains(['到', '至', '-', '—', '~'])
            && (parts.span.is_some() || parts.part.is_some()));
    Some((if with_since { 0 } else { since }, since + end + more, Some(moment)))
}

/// Tells whether a text begins with a year that is no length: 2025年, 二零零六年, 九七年, but not 三四年.
fn is_year(text: &str) -> bool {
    let Some((number, _)) = text.split_once('年') else { return false };
    let row: Vec<usize> =
        number.chars().take(5).filter_map(|c| "零一二三四五六七八九".chars().position(|n| n == c)).collect();
    let spoken = row.len() == number.chars().count();
    let few = matches!(row[..], [a, b] if b == a + 1 || (a, b) == (3, 5));
    (number.len() == 4 && number.bytes().all(|b| b.is_ascii_digit()) && number.starts_with(['1', '2']))
        || (spoken && matches!(row.len(), 2 | 4) && !few)
}

/// Tells whether words that are a year or a length, 10年, are a length, by what stands around them.
fn is_length(text: &str, before: Option<char>) -> bool {
    let digits: String = text.chars().take_while(char::is_ascii_digit).collect();
    let year =
        digits.len() == 4 || digits.starts_with('0') || digits.parse().is_ok_and(|year: u32| year >= 50);
    let lasting = before.is_some_and(|c| "了满近约过到超逾用住等欠长共有干整达及为租修停".contains(c));
    let behind = text[digits.len()..].strip_prefix('年').unwrap_or_default();
    let counted = behind.starts_with(|c: char| "前后内来多以之了间时期历未没的质保合".contains(c));
    digits.is_empty() || (!year && (lasting || counted))
}

/// Goes on behind a length that names a day: 三天前的下午3点.
fn after_length(text: &str, length: length::Read, known: Known) -> (usize, usize, Option<Moment>) {
    let Some(day) = length.day else { return (0, length.end, Some(length.moment)) };
    let mut parts = Parts::default();
    parts.set_date(day);
    let rest = &text[length.end..];
    let gap = if rest.starts_with('的') { '的'.len_utf8() } else { 0 };
    let (more, level) = units(&rest[gap..], DAY, &mut parts, known);
    if level > DAY
        && let Some((from, to)) = parts.resolve(known.now)
    {
        return (0, length.end + gap + more, Some(Moment::between(from, to)));
    }
    (0, length.end, Some(length.moment))
}

/// Reads units of time that follow each other, from the coarse to the fine: how many bytes, and what they say.
fn expression(text: &str, known: Known) -> Option<(usize, Parts)> {
    let mut parts = Parts::default();
    let (end, level) = units(text, 0, &mut parts, known);
    // 初 alone, 农历 alone say nothing.
    (level > 0 && !(parts.lunar && parts.month.is_none() && parts.feast.is_none())).then_some((end, parts))
}

/// Reads units that are finer than `level`: how many bytes, and how fine the last of them is.
fn units(text: &str, mut level: u8, parts: &mut Parts, known: Known) -> (usize, u8) {
    let (mut end, mut gap) = (0, 0);
    loop {
        let rest = &text[end + gap..];
        let found = (level < DAY)
            .then(|| unit(rest, level, parts, known))
            .flatten()
            .or_else(|| {
                (level < PERIOD).then(|| clock::period(rest, parts).map(|end| (end, PERIOD))).flatten()
            })
            .or_else(|| (level < CLOCK).then(|| clock::clock(rest, parts).map(|end| (end, CLOCK))).flatten());
        let Some((length, finer)) = found else { break };
        if level > 0 && finer < CLOCK {
            parts.alone = false;
        }
        end += gap + length;
        level = finer;
        let rest = &text[end..];
        let digits = text[..end].ends_with(|c: char| c.is_ascii_digit());
        gap = match rest.chars().next() {
            Some('的') => '的'.len_utf8(),
            Some(' ') => rest.len() - rest.trim_start_matches(' ').len(),
            Some('-' | 't') if digits && level == DAY => 1,
            _ => 0,
        };
    }
    if parts.clock.is_some() && parts.has_date() {
        parts.alone = false;
    }
    (end, level)
}

/// Reads what comes again and again: 每周六上午9点到11点.
fn again(text: &str, known: Known) -> Option<(usize, Moment)> {
    let found = AGAIN.captures(text)?;
    let mut end = found.get(0)?.end();
    let word = found.name("unit")?;
    let counted = found.name("count").is_some_and(|count| count.as_str() != "一");
    let mut parts = Parts::default();
    // How fine the word is, and where the words begin that say which year, month, week or day of it.
    let (level, start) = match word.as_str() {
        "年" => (YEAR, end),
        "月" => (MONTH, end),
        // 每周六: the day of the week stands where the word for week ends.
        "周" | "星期" | "礼拜" | "周末" => (WEEK, word.start()),
        "天" | "日" | "工作日" | "周工作日" => (DAY, end),
        "晚上" | "晚" | "夜" | "早上" | "早" => (DAY, word.start()),
        _ => (CLOCK, end),
    };
    if level == DAY {
        parts.set_date(known.now.date());
    }
    let mut reached = level;
    if !counted {
        let (more, finer) = units(&text[start..], level, &mut parts, known);
        (end, reached) = (end.max(start + more), finer);
        if finer == WEEK {
            let (more, finer) = units(&text[end..], DAY, &mut parts, known);
            (end, reached) = (end + more, if finer > DAY { finer } else { WEEK });
        }
    }
    if reached == level {
        return Some((end, Moment { from: None, to: None, lasts_secs: None, repeats: true }));
    }
    let interval = parts.resolve(known.now)?;
    let (more, moment) =
        range(&text[end..], &parts, interval, known).unwrap_or((0, Moment::between(interval.0, interval.1)));
    Some((end + more, Moment { repeats: true, ..moment }))
}

/// Reads the end of a range that begins with `parts`: how many bytes, and the range.
fn range(text: &str, parts: &Parts, begin: Interval, known: Known) -> Option<(usize, Moment)> {
    let joint = JOINT.find(text)?;
    let rest = &text[joint.end()..];
    let there = Known { day: begin.0.date(), ..known };
    let spoken = expression(rest, there).or_else(|| {
        // 正月初五到十五: the day of the same month.
        let mut later = Parts { day: None, clock: None, period: None, ..*parts };
        let (end, level) = parts.day.map(|_| units(rest, MONTH, &mut later, there))?;
        (level > MONTH).then_some((end, later))
    });
    if let Some((end, mut later)) =
        spoken.filter(|(end, _)| !is_number_of_house(&rest[..*end], None, &rest[*end..]))
    {
        let dated = later.has_date();
        let spoken = later.period;
        later.inherit(parts);
        if later.clock.is_some() && later.period.is_none() {
            later.period = parts.period.filter(|_| !dated);
        }
        let mut to = until(&later, known.now)?;
        if to < begin.0 && spoken.is_none() && later.period.is_some() {
            later.period = None;
            to = until(&later, known.now)?;
        }
        if to < begin.0 && !dated {
            to += Duration::days(1);
        } else if to < begin.0 && later.month.is_some() && later.year == parts.year {
            later.year = Some(later.year.unwrap_or(begin.0.year()) + 1);
            to = until(&later, known.now)?;
        }
        if to < begin.0 {
            return None;
        }
        let mut end = joint.end() + end;
        let tails = ["止", "为止", "结束", "期间", "之间", "左右", "前"];
        if let Some(tail) = tails.iter().find(|tail| text[end..].starts_with(**tail))
            && !goes_on(tail, &text[end + tail.len()..])
        {
            end += tail.len();
        }
        return Some((end, Moment::between(begin.0, to)));
    }
    let word = NOW.iter().find(|word| rest.starts_with(**word))?;
    let spoken = *word != "今" || !rest[word.len()..].starts_with(['天', '年', '晚', '早', '后', '日']);
    let mut end = joint.end() + word.len();
    if text[end..].starts_with("为止") {
        end += "为止".len();
    }
    (spoken && begin.0 <= known.now).then(|| (end, Moment::between(begin.0, known.now)))
}

/// Returns the last second of the end of a range: until eight is until eight o'clock.
fn until(parts: &Parts, now: NaiveDateTime) -> Option<NaiveDateTime> {
    let (from, to) = parts.resolve(now)?;
    let hour = parts.clock.is_some_and(|clock| clock.minute.is_none() && clock.until.is_none());
    Some(if hour { from } else { to })
}

/// Reads what stands behind a time and opens it at one end: how many bytes, what it then means, and whether a word
/// for "since" before it belongs to it.
fn ends(text: &str, (from, to): Interval, since: bool, now: NaiveDateTime) -> (usize, Moment, bool) {
    let whole = Moment::between(from, to);
    let mut end = ABOUT.iter().find(|word| text.starts_with(**word)).map_or(0, |word| word.len());
    let rest = &text[end..];
    let until_now = Moment::between(from, now.max(from));
    let open = Moment { to: None, ..whole };
    let mut moment = whole;
    let mut with_since = false;
    for tail in
        ["以前", "之前", "以后", "之后", "以内", "之内", "以来", "至今", "起", "开始", "前", "后", "内"]
    {
        if !rest.starts_with(tail) || goes_on(tail, &rest[tail.len()..]) {
            continue;
        }
        (moment, with_since) = match tail {
            "以前" | "之前" | "前" if to >= now => (Moment::between(now.min(to), to), false),
            "以前" | "之前" | "前" => (Moment { from: None, ..whole }, false),
            "以后" | "之后" | "后" => (open, since),
            "以来" | "至今" => (until_now, true),
            "起" => (if from <= now && since { until_now } else { open }, true),
            "开始" if since => (if from <= now { until_now } else { open }, true),
            "开始" => break,
            _ => (whole, false),
        };
        end += tail.len();
        break;
    }
    (end, moment, with_since)
}

/// Tells whether a word for before, after or within is the beginning of another word: 前往, 后面, 内部, 来电.
fn goes_on(tail: &str, rest: &str) -> bool {
    let others = match tail {
        "前" => "往来面去台方门街院者途夕景提列沿后几期段阵些锋辈",
        "后" => "面来门勤台方续院果悔期边座背排街备天代厨",
        "内" => "部容环外设衣存墙科涝幕",
        "来" => "电访信函过自到了人件源回说不往往宾",
        "起" => "来火诉床因初源点码诉伏重吊",
        _ => return false,
    };
    rest.starts_with(|c| others.contains(c))
}

/// Tells whether a character may stand before a feast's name; behind others it is a part of a name: 李国庆.
fn may_stand_before_feast(before: char) -> bool {
    !crate::normalize::is_han(before)
        || "在到从自于至过逢值是近距今的了对和与及每因到像就前后".contains(before)
}

/// Tells whether words are a part of a name and no time: 国庆路, 八一小区, 五月花酒店.
fn is_name(words: &str, rest: &str) -> bool {
    if (words == "一天" && rest.starts_with("到晚")) || (words == "一年" && rest.starts_with("四季"))
    {
        return true;
    }
    let short = words.chars().count() <= 4 && !words.contains(|c: char| c.is_ascii_digit());
    let bare =
        words.ends_with(['庆', '节', '旦', '秋', '阳', '分', '春', '一', '月', '夜', '明', '午', '日', '天']);
    short
        && bare
        && [
            "路", "街", "巷", "村", "小区", "花园", "广场", "大道", "大厦", "桥", "公园", "酒店", "学校",
            "小学", "中学", "花", "社区", "号线", "山",
        ]
        .iter()
        .any(|name| rest.starts_with(name))
}

/// Tells whether a number with 号 counts houses, lines or gates and no days: 听澜路5号, 3号楼.
fn is_number_of_house(words: &str, before: Option<char>, after: &str) -> bool {
    const BEHIND: &str = "楼院线栋幢门库机店厂房铺窗桥井口座馆台桩仓棚文令车";
    const BEFORE: &str = "路街巷弄道村苑区园城里湾府庭坊镇厦寓院段组号场堤坪线";
    words.ends_with('号')
        && words.chars().count() <= 4
        && !words.contains(['月', '年'])
        && (after.starts_with(|c| BEHIND.contains(c)) || before.is_some_and(|c| BEFORE.contains(c)))
}

#[cfg(test)]
mod tests;
