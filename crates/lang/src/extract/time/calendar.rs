//! Years, months, weeks and days as they are named.

use std::sync::LazyLock;

use chrono::{Datelike, Days, Duration, NaiveDate, NaiveDateTime};
use regex::{Captures, Regex};

use super::feast::Feast;
use super::parts::{Part, Parts, monday, whole_days};
use crate::extract::numeral;

/// How fine a unit is; in one expression each is finer than the one before.
pub(super) const YEAR: u8 = 1;
const PART_OF_YEAR: u8 = 2;
pub(super) const MONTH: u8 = 3;
pub(super) const WEEK: u8 = 4;
pub(super) const DAY: u8 = 5;
pub(super) const PERIOD: u8 = 6;
pub(super) const CLOCK: u8 = 7;

/// What a rule knows besides the words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    /// When it was said.
    pub now: NaiveDateTime,
    /// The day that was told of before, or that on which it was said.
    pub day: NaiveDate,
}

type Read = fn(&Captures<'_>, &mut Parts, Known) -> Option<()>;

struct Rule {
    level: u8,
    pattern: Regex,
    read: Read,
}

const SMALL: &str = "[一二三四五六七八九]";
/// A day of a month or a number up to 39.
const TENS: &str =
    "(?:三十[一]?|[二廿]?十[一二三四五六七八九]?|廿[一二三四五六七八九]?|[一二三四五六七八九])";

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    let joint = r"\s?(?:-|~|—+|－|–|至|到)\s?";
    let month = format!("(?:1[0-2]|0?[1-9]|十[一二]?|{SMALL})");
    let day = format!("(?:3[01]|[12]\\d|0?[1-9]|{TENS})");
    let week = "(?:周|星期|礼拜)";
    let year = "(?:19|20)\\d{2}";
    let written: [(u8, String, Read); 36] = [
        (DAY, format!(r"^({year})([-/.年])(1[0-2]|0?[1-9])([-/.月])(3[01]|[12]\d|0?[1-9])(?:日|号)?"), numbers),
        (DAY, format!(r"^({year})()(0[1-9]|1[0-2])()(0[1-9]|[12]\d|3[01])"), numbers),
        (DAY, format!(r"^({year})( )(0[1-9]|1[0-2])( )(0[1-9]|[12]\d|3[01])"), numbers),
        (DAY, r"^(1[0-2]|0?[1-9])-(3[01]|[12]\d|0?[1-9])\s+((?:2[0-4]|[01]?\d):[0-5]\d(?::[0-5]\d)?)".to_owned(), day_and_clock),
        (YEAR, format!(r"^({year})年?{joint}({year})年"), years),
        (YEAR, r"^今明两年".to_owned(), years_now),
        (YEAR, format!(r"^(?:(?P<century>\d{{1,2}}|{TENS}|上个?|本|这个?)世纪)?(?:的|上)?(?:(?P<decade>\d0|[一二三四五六七八九]十)年代)?(?P<edge>初|末|中期|初期|末期)?"), decade),
        (MONTH, format!(r"^({year})[-/.](1[0-2]|0[1-9])"), year_month),
        (YEAR, format!(r"^(?:({year})|([零一二三四五六七八九]{{4}}|[零五六七八九][零一二三四五六七八九]|{SMALL}{SMALL}))年(?:度)?"), year_of),
        (YEAR, r"^(\d{2})()年(?:度)?".to_owned(), year_of),
        (YEAR, r"^(今年|去年|明年|前年|后年|大前年|本年度?|当年|上年|上一年|下一年|次年|同年|年内)".to_owned(), year_near),
        (PART_OF_YEAR, r"^(年初|年底|年末|年中|年尾|岁末|伊始|初(?:期)?|底|末)".to_owned(), edge_of_year),
        (PART_OF_YEAR, r"^(今|去|明|前|上|每)年(底|初|末|中)".to_owned(), edge_near),
        (PART_OF_YEAR, r"^(上半年|下半年|前半年|后半年)".to_owned(), half),
        (PART_OF_YEAR, r"^(?:的)?([第前]?[一二两三四1-4]个?|上个?|下个?|本|这个?)季度(初|末)?".to_owned(), quarter),
        (PART_OF_YEAR, format!(r"^(前|后)({month}|两)个?月"), months_of_year),
        (PART_OF_YEAR, r"^(春|夏|秋|冬)(?:天|季|季节|日)?".to_owned(), season),
        (PART_OF_YEAR, r"^(暑假|寒假|暑期|首月)(?:期间|里)?".to_owned(), vacation),
        (PART_OF_YEAR, r"^(?:农历|阴历|旧历)(?:的)?".to_owned(), moon),
        (MONTH, format!(r"^({month})(?:月)?{joint}({month})月(?:份)?"), months),
        (MONTH, format!(r"^(闰)?({month}|正|冬|腊)月(?:份)?"), month_of),
        (MONTH, r"^(上上|上|下下|下|本|这|当|次|同)一?个?月(?:份)?".to_owned(), month_near),
        (DAY, format!(r"^第([一二三四五1-5])个{week}([一二三四五六日天])"), weekday_of),
        (WEEK, format!(r"^第([一二三四五1-5])个?{week}"), week_of),
        (DAY, format!(r"^((?:上上|上|下下|下|本|这)?一?个?)({week}([一二三四五六日天末]|[1-7])|双休日)"), weekday),
        (WEEK, format!(r"^(上上|上|下下|下|本|这|当)一?个?{week}"), week_near),
        (DAY, format!(r"^(初{SMALL}|初十|廿{SMALL}?)()(?:日)?"), bare_day),
        (DAY, r"^(上旬|中旬|下旬|月初|月底|月末|月中|初|底|末)".to_owned(), part_of_month),
        (DAY, r"^(前)([一二两三四五六七八九十]|\d{1,2})天".to_owned(), days_of_month),
        (DAY, format!(r"^({day})(?:日|号)?{joint}({day})(?:日|号)"), days),
        (DAY, format!(r"^({day})(日|号)"), day_of),
        (DAY, r"^(?:第({0})天)".replace("{0}", &format!(r"\d{{1,3}}|{TENS}")), day_number),
        (DAY, format!(r"^()({day})"), bare_day),
        (DAY, r"^(大前天|大后天|大前日|今天|明天|后天|昨天|前天|今日|本日|当天|当日|次日|翌日|隔天|明日|昨日|前日|今晚|今早|今晨|今夜|昨晚|昨夜|昨早|明晚|明早|前晚|当晚|当夜|同日|头天|前一天)".to_owned(), day_near),
        (DAY, r"^(今明后三|今明两|明后两|昨今两|明后)天".to_owned(), days_near),
        (DAY, r"^(刚才|刚刚|方才)".to_owned(), just_now),
    ];
    written
        .into_iter()
        .map(|(level, pattern, read)| Rule {
            level,
            pattern: Regex::new(&pattern).expect("the pattern is constant"),
            read,
        })
        .collect()
});

/// Reads a unit that is finer than `above`: how many bytes, and how fine it is.
pub(super) fn unit(text: &str, above: u8, parts: &mut Parts, known: Known) -> Option<(usize, u8)> {
    let feast = (above < DAY).then(|| Feast::read(text)).flatten();
    if let Some((end, feast, false)) = feast {
        parts.feast = Some(feast);
        return Some((end, DAY));
    }
    for rule in RULES.iter().filter(|rule| rule.level > above) {
        let Some(found) = rule.pattern.captures(text) else { continue };
        let end = found.get(0)?.end();
        let mut more = *parts;
        if end > 0 && (rule.read)(&found, &mut more, known).is_some() && fits(&found, &text[end..], &more) {
            // Day and part of the day in one word: 昨晚.
            let level = match (more.clock, more.period) {
                (Some(_), _) => CLOCK,
                (None, Some(_)) => PERIOD,
                _ => rule.level,
            };
            *parts = more;
            return Some((end, level));
        }
    }
    let (end, feast, _) = feast?;
    parts.feast = Some(feast);
    parts.alone = above == 0;
    Some((end, DAY))
}

/// Tells whether numbers end where the words end: 2019.5万 is no month, 20240307 no part of a longer number.
fn fits(found: &Captures<'_>, rest: &str, parts: &Parts) -> bool {
    let whole = found.get(0).map_or("", |whole| whole.as_str());
    let digit = whole.ends_with(|c: char| c.is_ascii_digit());
    let goes_on = |c: char| c.is_ascii_alphanumeric() || "万亿元%‰".contains(c);
    let month_only = digit && parts.day.is_none();
    // 六月六 is a day, and none in 六月六日 or 六月六月中旬.
    let bare = whole.ends_with(|c: char| c.is_ascii_digit() || "一二三四五六七八九十".contains(c))
        && parts.day.is_some();
    if bare
        && rest.starts_with(|c| "月年个次人元天点万千百块件条家位名栋楼度小时分周星多几余日号斤".contains(c))
    {
        return false;
    }
    !(digit && rest.starts_with(goes_on) || month_only && rest.starts_with(['.', '/']))
}

fn get<'a>(found: &'a Captures<'_>, at: usize) -> &'a str {
    found.get(at).map_or("", |found| found.as_str())
}

/// Reads a number up to 39 in either script, also 廿三.
fn small(text: &str) -> Option<u32> {
    let plain = text.replace("廿十", "廿").replace('廿', "二十").replace('两', "二");
    numeral::read(&plain).map(|number| number as u32)
}

fn numbers(found: &Captures<'_>, parts: &mut Parts, _: Known) -> Option<()> {
    let (one, two) = (get(found, 2), get(found, 4));
    if one != two && (one, two) != ("年", "月") {
        return None;
    }
    let day =
        NaiveDate::from_ymd_opt(get(found, 1).parse().ok()?, small(get(found, 3))?, small(get(found, 5))?)?;
    parts.set_date(day);
    Some(())
}

fn day_and_clock(found: &Captures<'_>, parts: &mut Parts, _: Known) -> Option<()> {
    (parts.month, parts.day) = (Some(small(get(found, 1))?), Some(small(get(found, 2))?));
    super::clock::clock(get(found, 3), parts).map(|_| ())
}

fn years(found: &Captures<'_>, parts: &mut Parts, _: Known) -> Option<()> {
    span_of_years(parts, get(found, 1).parse().ok()?, get(found, 2).parse().ok()?)
}

fn years_now(_: &Captures<'_>, parts: &mut Parts, known: Known) -> Option<()> {
    span_of_years(parts, known.now.year(), known.now.year() + 1)
}

fn span_of_years(parts: &mut Parts, first: i32, last: i32) -> Option<()> {
    let (from, to) = (NaiveDate::from_ymd_opt(first, 1, 1)?, NaiveDate::from_ymd_opt(last, 12, 31)?);
    parts.span = Some(whole_days(from, to).filter(|_| first <= last)?);
    Some(())
}

fn decade(found: &Captures<'_>, parts: &mut Parts, known: Known) -> Option<()> {
    let present = known.now.year().div_euclid(100) + 1;
    let century = match found.name("century").map(|century| century.as_str()) {
        None => None,
        Some(word) if word.starts_with('上') => Some(present - 1),
        Some(word) if word.starts_with(['本', '这']) => Some(present),
        Some(word) => Some(small(word)? as i32),
    };
    let decade =
        found.name("decade").and_then(|decade| numeral::read(decade.as_str())).map(|decade| decade as i32);
    let (first, years) = match (century, decade) {
        (None, None) => return None,
        (Some(century), None) => ((century - 1) * 100, 100),
        (Some(century), Some(decade)) => ((century - 1) * 100 + decade, 10),
        (None, Some(decade)) => ((present - 2) * 100 + decade, 10),
    };
    let (first, last) = match found.name("edge").map(|edge| edge.as_str()) {
        Some(edge) if edge.starts_with('初') => (first, first + years / 5 - 1),
        Some(edge) if edge.starts_with('末') => (first + years - years / 5, first + years - 1),
        Some(_) => (first + years * 2 / 5, first + years * 3 / 5),
        None => (first, first + years - 1),
    };
    span_of_years(parts, first, last)
}

fn year_month(found: &Captures<'_>, parts: &mut Parts, _: Known) -> Option<()> {
    (parts.year, parts.month) = (Some(get(found, 1).parse().ok()?), Some(small(get(found, 2))?));
    Some(())
}

fn year_of(found: &Captures<'_>, parts: &mut Parts, known: Known) -> Option<()> {
    let words = if get(found, 1).is_empty() { get(found, 2) } else { get(found, 1) };
    let year = numeral::read(words)? as i32;
    let century = known.now.year().div_euclid(100) * 100;
    parts.year = Some(match year {
        0..100 if year <= known.now.year() - century + 15 => century + year,
        0..100 => century - 100 + year,
        _ => year,
    });
    Some(())
}

fn year_near(found: &Captures<'_>, parts: &mut Parts, known: Known) -> Option<()> {
    parts.year = Some(match get(found, 1) {
        "去年" | "上年" | "上一年" => known.now.year() - 1,
        "前年" => known.now.year() - 2,
        "大前年" => known.now.year() - 3,
        "明年" | "下一年" => known.now.year() + 1,
        "后年" => known.now.year() + 2,
        "当年" | "同年" => known.day.year(),
        "次年" => known.day.year() + 1,
        _ => known.now.year(),
    });
    Some(())
}

fn edge_of_year(found: &Captures<'_>, parts: &mut Parts, _: Known) -> Option<()> {
    let word = get(found, 1);
    // 底 and 初 alone belong to a year that was named.
    if parts.year.is_none() && (!word.starts_with('年') || word == "年中") && word != "岁末" {
        return None;
    }
    parts.part = Some(if word == "伊始" {
        Part::Months(1, 1)
    } else if word.contains('初') {
        Part::Months(1, 2)
    } else if word == "年中" {
        Part::Months(6, 7)
    } else {
        Part::Months(11, 12)
    });
    Some(())
}

fn edge_near(found: &Captures<'_>, parts: &mut Parts, known: Known) -> Option<()> {
    let step = match get(found, 1) {
        "去" | "上" => -1,
        "前" => -2,
        "明" => 1,
        _ => 0,
    };
    parts.year = Some(known.now.year() + step);
    parts.part = Some(match get(found, 2) {
        "初" => Part::Months(1, 2),
        "中" => Part::Months(6, 7),
        _ => Part::Months(11, 12),
    });
    Some(())
}

fn half(found: &Captures<'_>, parts: &mut Parts, _: Known) -> Option<()> {
    parts.part = Some(match get(found, 1) {
        "上半年" | "前半年" => Part::Months(1, 6),
        _ => Part::Months(7, 12),
    });
    Some(())
}

fn quarter(found: &Captures<'_>, parts: &mut Parts, known: Known) -> Option<()> {
    let (word, edge) = (get(found, 1), get(found, 2));
    let present = known.now.month0() as i32 / 3;
    let number = word.chars().find_map(|c| "一二三四".chars().position(|n| n == c).or("1234".find(c)));
    let quarter = match (word.chars().next()?, number) {
        ('前', None) => 1,
        ('上', _) => present - 1,
        ('下', _) => present + 1,
        (_, Some(number)) => number as i32,
        _ => present,
    };
    if !(0..4).contains(&quarter) {
        parts.year = Some(known.now.year() + quarter.div_euclid(4));
    }
    let last = quarter.rem_euclid(4) as u32 * 3 + 3;
    parts.part = Some(match (word.starts_with('前'), edge) {
        (true, _) => Part::Months(1, last),
        (_, "末") => Part::Months(last, last),
        (_, "初") => Part::Months(last - 2, last - 2),
        _ => Part::Months(last - 2, last),
    });
    Some(())
}

fn months_of_year(found: &Captures<'_>, parts: &mut Parts, _: Known) -> Option<()> {
    parts.year?;
    let count = small(get(found, 2))?;
    parts.part =
        Some(if get(found, 1) == "前" { Part::Months(1, count) } else { Part::Months(13 - count, 12) });
    Some(())
}

fn season(found: &Captures<'_>, parts: &mut Parts, _: Known) -> Option<()> {
    let lone = get(found, 0) == get(found, 1);
    if lone && parts.year.is_none() || get(found, 0).ends_with('日') {
        return None;
    }
    let first = match get(found, 1) {
        "春" => 3,
        "夏" => 6,
        "秋" => 9,
        _ => 12,
    };
    parts.part = Some(Part::Months(first, first + 2));
    Some(())
}

fn vacation(found: &Captures<'_>, parts: &mut Parts, _: Known) -> Option<()> {
    parts.part = Some(match get(found, 1) {
        "寒假" => Part::Months(1, 2),
        "首月" if parts.year.is_some() => Part::Months(1, 1),
        "首月" => return None,
        _ => Part::Months(7, 8),
    });
    Some(())
}

fn moon(_: &Captures<'_>, parts: &mut Parts, _: Known) -> Option<()> {
    (parts.lunar, parts.alone) = (true, true);
    Some(())
}

fn months(found: &Captures<'_>, parts: &mut Parts, _: Known) -> Option<()> {
    let (first, last) = (small(get(found, 1))?, small(get(found, 2))?);
    parts.part = Some(Part::Months(first, if last < first { last + 12 } else { last }));
    Some(())
}

fn month_of(found: &Captures<'_>, parts: &mut Parts, _: Known) -> Option<()> {
    let word = get(found, 2);
    parts.leap = !get(found, 1).is_empty();
    parts.lunar |= parts.leap || matches!(word, "正" | "冬" | "腊");
    parts.month = Some(match word {
        "正" => 1,
        "冬" => 11,
        "腊" => 12,
        _ => small(word)?,
    });
    parts.alone = false;
    Some(())
}

fn month_near(found: &Captures<'_>, parts: &mut Parts, known: Known) -> Option<()> {
    let (base, step) = match get(found, 1) {
        "上上" => (known.now.date(), -2),
        "上" => (known.now.date(), -1),
        "下下" => (known.now.date(), 2),
        "下" => (known.now.date(), 1),
        "次" => (known.day, 1),
        "当" | "同" => (known.day, 0),
        _ => (known.now.date(), 0),
    };
    let total = base.year() * 12 + base.month0() as i32 + step;
    (parts.year, parts.month) = (Some(total.div_euclid(12)), Some(total.rem_euclid(12) as u32 + 1));
    Some(())
}

fn week_of(found: &Captures<'_>, parts: &mut Parts, _: Known) -> Option<()> {
    parts.month.or(parts.year.map(|_| 1))?;
    parts.part = Some(Part::Week(small(get(found, 1))?));
    Some(())
}

fn weekday_of(found: &Captures<'_>, parts: &mut Parts, _: Known) -> Option<()> {
    parts.month?;
    parts.part = Some(Part::Weekday(small(get(found, 1))?, days_from_monday(get(found, 2))));
    Some(())
}

fn days_from_monday(word: &str) -> u32 {
    match word {
        "二" | "2" => 1,
        "三" | "3" => 2,
        "四" | "4" => 3,
        "五" | "5" => 4,
        "六" | "6" | "末" => 5,
        "日" | "天" | "7" => 6,
        _ => 0,
    }
}

fn weekday(found: &Captures<'_>, parts: &mut Parts, known: Known) -> Option<()> {
    let weeks = if get(found, 1).is_empty() { parts.week.unwrap_or(0) } else { weeks(get(found, 1)) };
    let word = if get(found, 3).is_empty() { "末" } else { get(found, 3) };
    let day =
        monday(known.now.date(), weeks).checked_add_days(Days::new(u64::from(days_from_monday(word))))?;
    (parts.week, parts.span) = (None, None);
    if word == "末" {
        parts.span = whole_days(day, day.succ_opt()?);
    } else {
        parts.set_date(day);
    }
    Some(())
}

fn week_near(found: &Captures<'_>, parts: &mut Parts, _: Known) -> Option<()> {
    parts.week = Some(weeks(get(found, 1)));
    Some(())
}

fn weeks(word: &str) -> i64 {
    if word.starts_with("上上") {
        -2
    } else if word.starts_with('上') {
        -1
    } else if word.starts_with("下下") {
        2
    } else {
        i64::from(word.starts_with('下'))
    }
}

fn part_of_month(found: &Captures<'_>, parts: &mut Parts, _: Known) -> Option<()> {
    let word = get(found, 1);
    if parts.month.is_none() && word.chars().count() == 1 {
        return None;
    }
    parts.part = Some(match word {
        "上旬" => Part::Days(1, 10),
        "中旬" => Part::Days(11, 20),
        "下旬" => Part::Days(21, 31),
        "月中" => Part::Days(13, 17),
        "月初" | "初" => Part::Days(1, 5),
        _ => Part::LastDays(7),
    });
    Some(())
}

fn days_of_month(found: &Captures<'_>, parts: &mut Parts, _: Known) -> Option<()> {
    parts.month?;
    parts.part = Some(Part::Days(1, small(get(found, 2)).filter(|days| (1..=31).contains(days))?));
    Some(())
}

fn days(found: &Captures<'_>, parts: &mut Parts, _: Known) -> Option<()> {
    let (first, last) = (small(get(found, 1))?, small(get(found, 2))?);
    parts.part = Some(Part::Days(first, Some(last).filter(|last| first <= *last && *last <= 31)?));
    Some(())
}

fn day_of(found: &Captures<'_>, parts: &mut Parts, _: Known) -> Option<()> {
    let word = get(found, 1);
    parts.alone = !parts.has_date() && !word.contains(|c: char| c.is_ascii_digit());
    parts.day = Some(small(word).filter(|day| (1..=31).contains(day))?);
    // The moon's days are not called 号.
    parts.lunar &= get(found, 2) == "日";
    Some(())
}

fn day_number(found: &Captures<'_>, parts: &mut Parts, known: Known) -> Option<()> {
    let number = small(get(found, 1)).filter(|number| (1..=366).contains(number))?;
    if parts.year.is_some() && parts.month.is_none() {
        parts.part = Some(Part::DayOfYear(number));
    } else if parts.has_date() {
        return None;
    } else {
        parts.set_date(known.day.checked_add_days(Days::new(u64::from(number) - 1))?);
    }
    Some(())
}

/// Reads a day without a word behind it: 腊月十八, 五月初五.
fn bare_day(found: &Captures<'_>, parts: &mut Parts, _: Known) -> Option<()> {
    let month = parts.month.filter(|_| parts.day.is_none() && parts.part.is_none())?;
    let (first, word) = (get(found, 1), get(found, 2));
    let day = small(if first.is_empty() { word } else { first.trim_start_matches('初') })?;
    let spoken = !word.contains(|c: char| c.is_ascii_digit());
    if !first.is_empty()
        || word.starts_with('廿')
        || (spoken && day == 15 && matches!(month, 1 | 2 | 7 | 8 | 10))
    {
        parts.lunar = true;
    }
    parts.day = Some(day).filter(|day| (1..=31).contains(day));
    parts.day.map(|_| ())
}

fn day_near(found: &Captures<'_>, parts: &mut Parts, known: Known) -> Option<()> {
    let word = get(found, 1);
    let (base, step) = match word {
        "大前天" | "大前日" => (known.now.date(), -3),
        "前天" | "前日" | "前晚" => (known.now.date(), -2),
        "昨天" | "昨日" | "昨晚" | "昨夜" | "昨早" => (known.now.date(), -1),
        "明天" | "明日" | "明晚" | "明早" => (known.now.date(), 1),
        "后天" => (known.now.date(), 2),
        "大后天" => (known.now.date(), 3),
        "次日" | "翌日" | "隔天" => (known.day, 1),
        "头天" | "前一天" => (known.day, -1),
        "当天" | "当日" | "当晚" | "当夜" | "同日" => (known.day, 0),
        _ => (known.now.date(), 0),
    };
    parts.set_date(base.checked_add_signed(Duration::days(step))?);
    let last = word.char_indices().next_back()?.0;
    match &word[last..] {
        "晚" | "夜" => drop(super::clock::period("晚上", parts)),
        "早" | "晨" => drop(super::clock::period("早上", parts)),
        _ => {}
    }
    Some(())
}

fn days_near(found: &Captures<'_>, parts: &mut Parts, known: Known) -> Option<()> {
    let (first, last) = match get(found, 1) {
        "今明后三" => (0, 2),
        "今明两" => (0, 1),
        "昨今两" => (-1, 0),
        _ => (1, 2),
    };
    let day = |step: i64| known.now.date().checked_add_signed(Duration::days(step));
    parts.span = whole_days(day(first)?, day(last)?);
    Some(())
}

fn just_now(_: &Captures<'_>, parts: &mut Parts, known: Known) -> Option<()> {
    parts.span = Some((known.now - Duration::minutes(30), known.now));
    Some(())
}
