//! Times, as intervals of local time.

use std::sync::LazyLock;

use chrono::{Datelike, Days, Duration, Months, NaiveDate, NaiveDateTime, NaiveTime, Timelike};
use regex::Regex;
use serde::{Deserialize, Serialize};

use super::{Span, Text, numeral};

/// An interval of local time; an instant has the same beginning and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// The first second of it.
    pub from: NaiveDateTime,
    /// The last second of it.
    pub to: NaiveDateTime,
}

const N: &str = r"(?:\d+|[零〇一二两三四五六七八九十百]+)";

static UNIT: LazyLock<Regex> = LazyLock::new(|| {
    let parts = [
        r"(?P<iso>(?:19|20)\d{2}[-/.年](?:1[0-2]|0?[1-9])[-/.月](?:3[01]|[12]\d|0?[1-9])[日号]?)".to_owned(),
        r"(?P<clock>(?:[01]?\d|2[0-4])[:：][0-5]\d(?:[:：][0-5]\d)?)".to_owned(),
        format!(r"(?P<hour>(?:[01]?\d|2[0-4]|二?十[一二三四五六七八九]?|[零一二两三四五六七八九])(?:点钟|点整|点|时)(?:(?P<minute>{N})分(?:钟)?|(?P<half>半)|(?P<quarter>[一三1３3])刻|(?P<bare>[0-5]\d|[一二三四五]?十[一二三四五六七八九]?))?(?:许|左右)?)"),
        r"(?P<edge>(?:(?:19|20)\d{2}|\d{2}|今|去|明|前|每)年(?:底|初|末))".to_owned(),
        r"(?P<quarter_of>(?:第?[一二三四1-4]|上个?|下个?|本)季度)".to_owned(),
        r"(?P<holidays>暑假|寒假)".to_owned(),
        format!(r"(?P<span>(?:最近|近|过去|未来|今后|接下来)(?:的)?(?:{N}|半)(?:个)?(?:天|日|周|星期|月|年)(?:内|来|里)?)"),
        r"(?P<year>(?:(?:19|20)\d{2}|[零〇一二三四五六七八九]{4}|\d{2})年(?:度)?)".to_owned(),
        r"(?P<relyear>今年|去年|明年|前年|后年|本年|当年)".to_owned(),
        format!(r"(?P<ago>(?:大约|近|过去)?(?:{N}|半|数|几)(?:个)?(?:多|半)?(?:分钟|小时|钟头|天|日|周|星期|礼拜|月|年)(?:多)?(?:以|之)?(?P<way>前|后|内|来))"),
        r"(?P<month>(?:1[0-2]|0?[1-9]|十[一二]?|[一二三四五六七八九])月(?:份)?)".to_owned(),
        r"(?P<relmonth>(?:上上|上|下下|下|本|这)一?个?月|当月)".to_owned(),
        r"(?P<day>(?:3[01]|[12]\d|0?[1-9]|三十一?|二?十[一二三四五六七八九]?|[一二三四五六七八九])(?:日|号))".to_owned(),
        r"(?P<part>上旬|中旬|下旬|月初|月底|月末|年初|年底|年末|上半年|下半年)".to_owned(),
        r"(?P<week>(?:(?:上上|上|下下|下|本|这)(?:一)?(?:个)?(?:周)?)?(?:周|星期|礼拜)(?P<weekday>[一二三四五六日天末]|[1-7]))".to_owned(),
        r"(?P<relweek>(?:上上|上|下下|下|本|这)(?:个)?(?:周|星期|礼拜))".to_owned(),
        r"(?P<relday>大前天|大后天|今天|明天|后天|昨天|前天|今日|本日|次日|翌日|第二天|明日|昨日|前日|当天|当日|今晚|今早|今晨|昨晚|昨夜|明晚|明早|前晚)".to_owned(),
        r"(?P<feast>春节|元旦|清明节?|劳动节|五一|端午节?|中秋节?|国庆节?|除夕)".to_owned(),
        r"(?P<period>凌晨|清晨|早上|早晨|早间|上午|中午|正午|午后|下午|傍晚|晚上|晚间|夜里|夜间|夜晚|深夜|半夜|午夜|晚)".to_owned(),
    ];
    Regex::new(&format!("^(?:{})", parts.join("|"))).expect("the pattern is constant")
});
static JOINT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s?(?:至|到|~|—+|-+|－)\s?").expect("the pattern is constant"));

#[derive(Debug, Clone, Copy, Default)]
struct Parts {
    year: Option<i32>,
    month: Option<u32>,
    day: Option<u32>,
    period: Option<(u32, u32)>,
    afternoon: bool,
    time: Option<(u32, u32, u32, bool)>,
    span: Option<Moment>,
    part: Option<Part>,
    alone: bool,
}

#[derive(Debug, Clone, Copy)]
enum Part {
    /// Days of a month.
    Days(u32, u32),
    /// Months of a year.
    Months(u32, u32),
}

pub(super) fn find(text: &Text<'_>, now: NaiveDateTime) -> Vec<Span<Moment>> {
    let mut out: Vec<Span<Moment>> = Vec::new();
    let mut at = 0;
    while at < text.folded.len() {
        let before = text.folded[..at].chars().next_back();
        let first = text.folded[at..].chars().next().map_or(1, char::len_utf8);
        // Not inside a number, and not after 第: those are no times.
        let blocked = before.is_some_and(|b| {
            (b.is_ascii_digit() && text.folded[at..].starts_with(|c: char| c.is_ascii_digit()))
                || b == '第'
                || b == '.'
        });
        let Some((end, parts)) =
            (!blocked).then(|| expression(&text.folded[at..], &Parts::default(), now)).flatten()
        else {
            at += first;
            continue;
        };
        if is_number_of_house(&text.folded[at..at + end], before, &text.folded[at + end..]) {
            at += end;
            continue;
        }
        let mut to = at + end;
        let mut moment = resolve(&parts, now);
        if let Some(joint) = JOINT.find(&text.folded[to..])
            && let Some((more, mut later)) = expression(&text.folded[to + joint.end()..], &parts, now)
        {
            later.year = later.year.or(parts.year);
            if later.span.is_none() {
                later.month = later.month.or(parts.month);
                later.day = later.day.or(parts.day);
            }
            if later.period.is_none() && !later.afternoon {
                later.afternoon = parts.afternoon;
            }
            if let (Some(begin), Some(until)) = (moment, resolve(&later, now)) {
                moment = Some(Moment { from: begin.from, to: until.to.max(begin.from) });
                to += joint.end() + more;
            }
        }
        if let Some(moment) = moment {
            out.push(text.span(at, to, moment));
        }
        at = to;
    }
    out
}

/// Tells whether a number with 号 counts houses, lines or gates and no days: 听澜路5号, 3号楼.
fn is_number_of_house(words: &str, before: Option<char>, after: &str) -> bool {
    const BEHIND: &str = "楼院线栋幢门库机店厂房铺窗桥井口座馆台桩仓棚";
    const BEFORE: &str = "路街巷弄道村苑区园城里湾府庭坊镇厦寓院段组";
    words.ends_with('号')
        && words.chars().count() <= 4
        && !words.contains(['月', '年'])
        && (after.starts_with(|c| BEHIND.contains(c)) || before.is_some_and(|c| BEFORE.contains(c)))
}

/// Reads units of time that follow each other: how many bytes, and what they say.
fn expression(text: &str, before: &Parts, now: NaiveDateTime) -> Option<(usize, Parts)> {
    let mut parts = Parts::default();
    let mut end = 0;
    let mut units = 0;
    while let Some(captures) = UNIT.captures(&text[end..]) {
        let (whole, _) = (captures.get(0)?, ());
        let known = apply(&captures, &mut parts, now);
        if !known {
            break;
        }
        units += 1;
        end += whole.end();
        let rest = &text[end..];
        let gap = rest.strip_prefix(['的', ' ']).filter(|more| UNIT.is_match(more));
        if let Some(more) = gap {
            end += rest.len() - more.len();
        }
    }
    // A lone day period or a two-digit year says too little.
    let little = units == 1
        && (parts.alone || (parts.period.is_some() && parts.time.is_none() && parts.span.is_none()));
    (units > 0 && (!little || before.day.is_some())).then_some((end, parts))
}

fn apply(captures: &regex::Captures<'_>, parts: &mut Parts, now: NaiveDateTime) -> bool {
    let get = |name: &str| captures.name(name).map(|found| found.as_str());
    let number =
        |text: &str| numeral::read(text.trim_end_matches(|c: char| "年月日号份度点时钟整分刻".contains(c)));
    let today = now.date();
    if let Some(text) = get("iso") {
        let fields: Vec<u32> =
            text.split(|c: char| !c.is_ascii_digit()).filter_map(|f| f.parse().ok()).collect();
        if let [year, month, day] = fields[..] {
            (parts.year, parts.month, parts.day) = (Some(year as i32), Some(month), Some(day));
        }
    } else if let Some(text) = get("year") {
        let digits: String = text.chars().take_while(|c| *c != '年').collect();
        let Some(year) = numeral::read(&digits) else { return false };
        let year = year as i32;
        parts.year = Some(if year < 50 {
            2000 + year
        } else if year < 100 {
            1900 + year
        } else {
            year
        });
    } else if let Some(text) = get("edge") {
        let head: String = text.chars().take_while(|c| *c != '年').collect();
        let year = match head.as_str() {
            "今" | "每" => now.year(),
            "去" => now.year() - 1,
            "明" => now.year() + 1,
            "前" => now.year() - 2,
            digits => digits.parse::<i32>().map_or(now.year(), |y| if y < 100 { 2000 + y } else { y }),
        };
        parts.year = Some(year);
        parts.part = Some(if text.ends_with('初') { Part::Months(1, 2) } else { Part::Months(11, 12) });
    } else if let Some(text) = get("quarter_of") {
        let present = now.month0() as i32 / 3;
        let quarter = match text.chars().find(|c| "一二三四1234上下本".contains(*c)) {
            Some('一' | '1') => 0,
            Some('二' | '2') => 1,
            Some('三' | '3') => 2,
            Some('四' | '4') => 3,
            Some('上') => present - 1,
            Some('下') => present + 1,
            _ => present,
        };
        if !(0..4).contains(&quarter) {
            parts.year = Some(now.year() + quarter.div_euclid(4));
        }
        let first = quarter.rem_euclid(4) as u32 * 3 + 1;
        parts.part = Some(Part::Months(first, first + 2));
    } else if let Some(text) = get("holidays") {
        parts.part = Some(if text == "暑假" { Part::Months(7, 8) } else { Part::Months(1, 2) });
    } else if let Some(text) = get("span") {
        let amount: String = text
            .chars()
            .filter(|c| c.is_ascii_digit() || "零一二两三四五六七八九十百".contains(*c))
            .collect();
        let count = numeral::read(&amount).unwrap_or(0.5);
        let days = if text.contains('年') {
            365.0
        } else if text.contains('月') {
            30.0
        } else if text.contains(['周', '期']) {
            7.0
        } else {
            1.0
        };
        let length = Duration::days((count * days).min(200_000.0) as i64);
        let ahead = ["未来", "今后", "接下来"].iter().any(|word| text.starts_with(word));
        parts.span = Some(if ahead {
            Moment { from: now, to: whole_day((now + length).date()).map_or(now, |day| day.to) }
        } else {
            Moment { from: whole_day((now - length).date()).map_or(now, |day| day.from), to: now }
        });
    } else if let Some(text) = get("relyear") {
        let step = match text {
            "去年" => -1,
            "前年" => -2,
            "明年" => 1,
            "后年" => 2,
            _ => 0,
        };
        parts.year = Some(now.year() + step);
    } else if let Some(text) = get("ago") {
        let back = get("way") != Some("后");
        let amount: String = text
            .chars()
            .filter(|c| c.is_ascii_digit() || "零一二两三四五六七八九十百".contains(*c))
            .collect();
        let half = text.contains('半');
        let count =
            numeral::read(&amount).unwrap_or(if half { 0.0 } else { 3.0 }) + if half { 0.5 } else { 0.0 };
        let shift = |seconds: f64| {
            let length = Duration::seconds((count * seconds).min(1e10) as i64);
            if back { now - length } else { now + length }
        };
        let until = |then: NaiveDateTime| match get("way") {
            Some("内") => whole_day((now + (now - then)).date()).map(|day| Moment { from: now, to: day.to }),
            Some("来") => Some(Moment { from: then, to: now }),
            _ => None,
        };
        let then = if text.contains("分钟") {
            shift(60.0)
        } else if text.contains("小时") || text.contains("钟头") {
            shift(3_600.0)
        } else if text.contains('周') || text.contains("星期") || text.contains("礼拜") {
            shift(7.0 * 86_400.0)
        } else if text.contains('月') || text.contains('年') {
            let months = (count * if text.contains('年') { 12.0 } else { 1.0 }).min(6_000.0) as u32;
            let moved = if back {
                now.checked_sub_months(Months::new(months))
            } else {
                now.checked_add_months(Months::new(months))
            };
            moved.unwrap_or(now)
        } else {
            shift(86_400.0)
        };
        let exact = text.contains("分钟") || text.contains("小时") || text.contains("钟头");
        parts.span = until(then)
            .or_else(|| if exact { Some(Moment { from: then, to: then }) } else { whole_day(then.date()) });
        if !exact && until(then).is_none() {
            set_date(parts, then.date());
        }
    } else if let Some(text) = get("month") {
        let Some(month) = number(text) else { return false };
        parts.month = Some(month as u32);
    } else if let Some(text) = get("relmonth") {
        let step = if text.starts_with("上上") {
            -2
        } else if text.starts_with('上') {
            -1
        } else if text.starts_with("下下") {
            2
        } else {
            i32::from(text.starts_with('下'))
        };
        let total = now.year() * 12 + now.month0() as i32 + step;
        (parts.year, parts.month) = (Some(total.div_euclid(12)), Some(total.rem_euclid(12) as u32 + 1));
    } else if let Some(text) = get("day") {
        let Some(day) = number(text) else { return false };
        parts.day = Some(day as u32);
        parts.alone =
            parts.month.is_none() && parts.year.is_none() && !text.chars().any(|c| c.is_ascii_digit());
    } else if let Some(text) = get("part") {
        parts.part = Some(match text {
            "上旬" | "月初" => Part::Days(1, 10),
            "中旬" => Part::Days(11, 20),
            "下旬" | "月底" | "月末" => Part::Days(21, 31),
            "年初" => Part::Months(1, 2),
            "上半年" => Part::Months(1, 6),
            "下半年" => Part::Months(7, 12),
            _ => Part::Months(11, 12),
        });
    } else if let Some(text) = get("week") {
        let weekday = get("weekday").unwrap_or("一");
        let offset = match weekday {
            "二" | "2" => 1,
            "三" | "3" => 2,
            "四" | "4" => 3,
            "五" | "5" => 4,
            "六" | "6" | "末" => 5,
            "日" | "天" | "7" => 6,
            _ => 0,
        };
        let Some(day) = monday(today, weeks(text)).checked_add_days(Days::new(offset)) else { return false };
        set_date(parts, day);
        if weekday == "末" {
            parts.span = day
                .succ_opt()
                .and_then(whole_day)
                .zip(whole_day(day))
                .map(|(sun, sat)| Moment { from: sat.from, to: sun.to });
        }
    } else if let Some(text) = get("relweek") {
        let first = monday(today, weeks(text));
        parts.span = whole_day(first)
            .zip(first.checked_add_days(Days::new(6)).and_then(whole_day))
            .map(|(a, b)| Moment { from: a.from, to: b.to });
    } else if let Some(text) = get("relday") {
        let step = match text {
            "大前天" => -3,
            "前天" | "前日" | "前晚" => -2,
            "昨天" | "昨日" | "昨晚" | "昨夜" => -1,
            "明天" | "明日" | "明晚" | "明早" | "次日" | "翌日" | "第二天" => 1,
            "后天" => 2,
            "大后天" => 3,
            _ => 0,
        };
        let Some(day) = today.checked_add_signed(Duration::days(step)) else { return false };
        set_date(parts, day);
        if text.ends_with(['晚', '夜']) {
            set_period(parts, (18, 24), true);
        } else if text.ends_with(['早', '晨']) {
            set_period(parts, (6, 9), false);
        }
    } else if let Some(text) = get("feast") {
        let (month, day) = match text {
            "元旦" => (1, 1),
            "清明" | "清明节" => (4, 5),
            "劳动节" | "五一" => (5, 1),
            "国庆" | "国庆节" => (10, 1),
            // Those of the moon need the calendar of the year, which is not here.
            _ => return false,
        };
        (parts.month, parts.day) = (Some(month), Some(day));
        parts.alone = text == "五一";
    } else if let Some(text) = get("period") {
        let (from, to, afternoon) = match text {
            "凌晨" => (0, 6, false),
            "清晨" | "早上" | "早晨" | "早间" => (6, 9, false),
            "上午" => (7, 12, false),
            "中午" | "正午" => (11, 13, true),
            "午后" | "下午" => (13, 18, true),
            "傍晚" => (17, 19, true),
            "深夜" | "半夜" | "午夜" => (0, 4, false),
            _ => (18, 24, true),
        };
        set_period(parts, (from, to), afternoon);
    } else if let Some(text) = get("clock") {
        let fields: Vec<u32> = text.split([':', '：']).filter_map(|f| f.parse().ok()).collect();
        parts.time = Some((
            fields[0],
            fields.get(1).copied().unwrap_or(0),
            fields.get(2).copied().unwrap_or(0),
            fields.len() > 2,
        ));
    } else if let Some(text) = get("hour") {
        let head: String = text.chars().take_while(|c| !matches!(c, '点' | '时')).collect();
        let Some(hour) = numeral::read(&head) else { return false };
        let minute = get("minute").or_else(|| get("bare")).and_then(numeral::read).unwrap_or(0.0) as u32;
        let minute = if get("half").is_some() {
            30
        } else if let Some(quarter) = get("quarter") {
            if matches!(quarter, "一" | "1") { 15 } else { 45 }
        } else {
            minute
        };
        parts.time = Some((hour as u32, minute.min(59), 0, false));
    } else {
        return false;
    }
    true
}

fn weeks(text: &str) -> i64 {
    if text.starts_with("上上") {
        -2
    } else if text.starts_with('上') {
        -1
    } else if text.starts_with("下下") {
        2
    } else {
        i64::from(text.starts_with('下'))
    }
}

fn monday(today: NaiveDate, weeks: i64) -> NaiveDate {
    today + Duration::days(weeks * 7 - i64::from(today.weekday().num_days_from_monday()))
}

fn set_date(parts: &mut Parts, day: NaiveDate) {
    (parts.year, parts.month, parts.day) = (Some(day.year()), Some(day.month()), Some(day.day()));
}

fn set_period(parts: &mut Parts, period: (u32, u32), afternoon: bool) {
    parts.period = Some(period);
    parts.afternoon = afternoon;
}

fn whole_day(day: NaiveDate) -> Option<Moment> {
    Some(Moment { from: day.and_hms_opt(0, 0, 0)?, to: day.and_hms_opt(23, 59, 59)? })
}

fn last_day(year: i32, month: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year, month, 1)?.checked_add_months(Months::new(1))?.pred_opt()
}

fn resolve(parts: &Parts, now: NaiveDateTime) -> Option<Moment> {
    if let Some(span) = parts.span
        && parts.time.is_none()
        && parts.period.is_none()
    {
        return Some(span);
    }
    let year = parts.year.unwrap_or(now.year());
    if parts.time.is_none() && parts.period.is_none() {
        let (from, to) = match (parts.part, parts.month, parts.day) {
            (Some(Part::Days(a, b)), month, _) => {
                let month = month.unwrap_or(now.month());
                let last = last_day(year, month)?;
                (
                    NaiveDate::from_ymd_opt(year, month, a)?,
                    NaiveDate::from_ymd_opt(year, month, b.min(last.day()))?,
                )
            }
            (Some(Part::Months(a, b)), ..) => (NaiveDate::from_ymd_opt(year, a, 1)?, last_day(year, b)?),
            (None, month, Some(day)) => {
                let day = NaiveDate::from_ymd_opt(year, month.unwrap_or(now.month()), day)?;
                (day, day)
            }
            (None, Some(month), None) => (NaiveDate::from_ymd_opt(year, month, 1)?, last_day(year, month)?),
            (None, None, None) => {
                parts.year?;
                (NaiveDate::from_ymd_opt(year, 1, 1)?, NaiveDate::from_ymd_opt(year, 12, 31)?)
            }
        };
        return Some(Moment { from: whole_day(from)?.from, to: whole_day(to)?.to });
    }
    let day = NaiveDate::from_ymd_opt(
        year,
        parts.month.unwrap_or(now.month()),
        parts.day.unwrap_or(if parts.month.is_some() { 1 } else { now.day() }),
    )?;
    if let Some((hour, minute, second, exact)) = parts.time {
        let noon = parts.period == Some((11, 13));
        let midnight = matches!(parts.period, Some((18, 24) | (0, 4))) && hour == 12;
        let hour = if midnight {
            24
        } else if parts.afternoon && hour < 12 && !(noon && hour >= 10) {
            hour + 12
        } else {
            hour
        };
        let (day, hour) = if hour >= 24 { (day.succ_opt()?, hour - 24) } else { (day, hour) };
        let from = day.and_time(NaiveTime::from_hms_opt(hour, minute, second)?);
        let to = if exact {
            from
        } else if minute == 0 {
            from.with_minute(59)?.with_second(59)?
        } else {
            from.with_second(59)?
        };
        return Some(Moment { from, to });
    }
    let (from, to) = parts.period?;
    let end = if to >= 24 {
        day.and_hms_opt(23, 59, 59)?
    } else {
        day.and_hms_opt(to, 0, 0)?.checked_sub_signed(Duration::seconds(1))?
    };
    Some(Moment { from: day.and_hms_opt(from, 0, 0)?, to: end })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(said: &str, from: &str, to: &str) {
        let now = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap().and_hms_opt(10, 0, 0).unwrap();
        let facts = crate::extract::extract(said, now, &crate::lexicon::Lexicon::new([]));
        let found = facts.times.first().unwrap_or_else(|| panic!("no time in {said}")).value;
        assert_eq!(
            (found.from.to_string(), found.to.to_string()),
            (from.to_owned(), to.to_owned()),
            "{said}"
        );
    }

    #[test]
    fn resolves_what_people_say() {
        check("昨天晚上8点半开始停水", "2026-11-20 20:30:00", "2026-11-20 20:30:59");
        check("2026年3月5日交的钱", "2026-03-05 00:00:00", "2026-03-05 23:59:59");
        check("上周五下午3点", "2026-11-13 15:00:00", "2026-11-13 15:59:59");
        check("三天前报的修", "2026-11-18 00:00:00", "2026-11-18 23:59:59");
        check("去年十月份", "2025-10-01 00:00:00", "2025-10-31 23:59:59");
        check("每天22:00至23:30施工", "2026-11-21 22:00:00", "2026-11-21 23:30:59");
    }

    #[test]
    fn numbers_of_houses_are_no_days() {
        let now = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap().and_hms_opt(10, 0, 0).unwrap();
        let lexicon = crate::lexicon::Lexicon::new([]);
        for said in ["听澜雅苑3号楼电梯坏了", "住在人民路5号", "地铁2号线"] {
            let facts = crate::extract::extract(said, now, &lexicon);
            assert!(facts.times.is_empty(), "{said}: {:?}", facts.times);
        }
        check("5号停的水", "2026-11-05 00:00:00", "2026-11-05 23:59:59");
    }

    #[test]
    fn numbers_are_no_times() {
        let now = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap().and_hms_opt(10, 0, 0).unwrap();
        let facts =
            crate::extract::extract("身份证号140302197706220124", now, &crate::lexicon::Lexicon::new([]));
        assert!(facts.times.is_empty(), "{:?}", facts.times);
    }

    proptest::proptest! {
        #[test]
        fn never_panics(text in "[0-9年月日号点半分时上下周前后天个小至到:：-]{0,40}") {
            let now = NaiveDate::from_ymd_opt(2026, 11, 21).unwrap().and_hms_opt(10, 0, 0).unwrap();
            let chars: Vec<char> = text.chars().collect();
            let folded: String = crate::normalize::fold_aligned(&text).into_iter().collect();
            let view = Text { places: folded.char_indices().map(|(at, _)| at).collect(), folded: &folded, original: chars };
            let _ = find(&view, now);
        }
    }
}
