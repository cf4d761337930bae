//! Lengths of time, and how long ago or ahead something is.

use std::sync::LazyLock;

use chrono::{Datelike, Duration, Months, NaiveDate, NaiveDateTime};
use regex::Regex;

use super::Moment;
use super::parts::{last_of_month, whole_days};
use crate::extract::numeral;

const NUMBER: &str =
    r"(?:\d[\d,]*(?:\.\d+)?[百千万亿]?|[零一二两俩三四五六七八九十百千万]+|好?几[十百]?|十几|数[十百]?|半)";
/// The longest that is counted with, so that dates stay dates.
const LONGEST_SECS: f64 = 3e11;

static PIECE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(
        r"^(?:零|又|加)?(?P<number>{NUMBER})\s?(?:多|来|余)?(?P<counted>个)?整?(?P<half>半)?(?:多)?(?P<unit>工作日|小时|钟头|分钟|分半钟|分|刻钟|季度|月|星期|礼拜|周|年|天|日|秒钟|秒|载|昼夜|晚|夜|世纪)(?P<more>半)?(?P<about>多)?"
    ))
    .expect("the pattern is constant")
});
static RANGE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(r"^(?P<first>{NUMBER})个?(?:多)?(?:-|~|—+|－|–|至|到)"))
        .expect("the pattern is constant")
});
static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?P<word>最近|过去|未来|今后|接下来|近|这|前|后|头|上|再过|过)(?:的|这)?")
        .expect("the pattern is constant")
});
static VAGUE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:(?P<week>前几天|前些天|前几日|近日|日前|近几天|近几日|这几天|这几日|这些天)|(?P<month>前段时间|前一段时间|前阵子|前一阵子?|前些日子|这段时间|近段时间|近一段时间|这阵子|这一阵子?))")
        .expect("the pattern is constant")
});

/// A length of time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Length {
    months: f64,
    secs: f64,
    /// The finest unit of it.
    finest: Unit,
    /// A half or a fraction stands in it.
    broken: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Unit {
    #[default]
    Year,
    Month,
    Week,
    Day,
    Hour,
    Quarter,
    Minute,
    Second,
}

impl Length {
    /// Returns it in seconds, a month as 30 days and a year as 365.
    pub fn secs(self) -> i64 {
        let years = (self.months / 12.0).floor();
        (years * 365.0 * 86_400.0 + (self.months - years * 12.0) * 30.0 * 86_400.0 + self.secs)
            .min(LONGEST_SECS) as i64
    }

    /// Returns the instant that is so far from another.
    fn from(self, then: NaiveDateTime, back: bool) -> Option<NaiveDateTime> {
        let whole = self.months.floor().min(120_000.0);
        let months = Months::new(whole as u32);
        let rest = ((self.months - whole).clamp(0.0, 1.0) * 30.0 * 86_400.0 + self.secs).min(LONGEST_SECS);
        let rest = Duration::seconds(rest as i64);
        if back {
            then.checked_sub_months(months)?.checked_sub_signed(rest)
        } else {
            then.checked_add_months(months)?.checked_add_signed(rest)
        }
    }
}

/// What was read at the beginning of a text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read {
    /// How many bytes.
    pub end: usize,
    /// What it means.
    pub moment: Moment,
    /// The day, when it names one by which a time of the day can follow: 三天前的下午.
    pub day: Option<NaiveDate>,
}

/// Reads a length, with what stands before and behind it: 近三年, 两个小时前, 15天内.
pub(super) fn read(text: &str, now: NaiveDateTime) -> Option<Read> {
    if let Some(found) = VAGUE.captures(text) {
        let word = found.get(0)?.as_str();
        let days = if found.name("week").is_some() { 7 } else { 30 };
        let to = if word.starts_with('前') { now - Duration::days(1) } else { now };
        let from = now - Duration::days(days);
        return Some(Read { end: word.len(), moment: Moment::between(day_begins(from), to), day: None });
    }
    if let Some(found) = BEFORE.captures(text) {
        let start = found.get(0)?.end();
        let word = found.name("word")?.as_str();
        let (mut end, length) =
            length(&text[start..], matches!(word, "近" | "最近" | "过去" | "未来" | "今后" | "接下来"))?;
        end += start;
        if matches!(word, "上" | "头" | "这" | "后")
            && length.finest == Unit::Year
            && !text[..end].contains(['几', '两', '三', '十'])
        {
            return None;
        }
        let inside = ["以内", "之内", "内", "以来", "里面", "里", "间", "来"]
            .iter()
            .find(|tail| text[end..].starts_with(**tail));
        end += inside.map_or(0, |tail| tail.len());
        return Some(Read { end, moment: around(word, length, now)?, day: None });
    }
    let (mut end, length) = length(text, false)?;
    let lasts = Moment { from: None, to: None, lasts_secs: Some(length.secs()), repeats: false };
    let rest = &text[end..];
    if let Some(about) = ["左右", "上下", "以上", "以下"].iter().find(|about| rest.starts_with(**about))
    {
        return Some(Read { end: end + about.len(), moment: lasts, day: None });
    }
    let tails = ["以前", "之前", "以后", "之后", "以内", "之内", "以来", "前", "后", "内", "来"];
    let Some(tail) = tails.iter().find(|tail| rest.starts_with(**tail)) else {
        if rest.starts_with('了') {
            // 停水三天了: it began so long ago.
            let from = length.from(now, true)?;
            let from = if length.finest <= Unit::Day { day_begins(from) } else { from };
            return Some(Read {
                end,
                moment: Moment { lasts_secs: Some(length.secs()), ..Moment::between(from, now) },
                day: None,
            });
        }
        return Some(Read { end, moment: lasts, day: None });
    };
    let after = &rest[tail.len()..];
    if super::goes_on(tail, after) {
        return Some(Read { end, moment: lasts, day: None });
    }
    end += tail.len();
    let back = tail.ends_with('前') || tail.ends_with('来');
    let then = length.from(now, back)?;
    let (from, to) = grain(length, then)?;
    let day = (from.date() == to.date() && length.finest <= Unit::Day).then(|| from.date());
    let moment = match *tail {
        "以前" | "之前" => Moment {
            from: None,
            ..Moment::between(from, if length.finest >= Unit::Hour { then } else { to })
        },
        "以后" | "之后" => Moment { to: None, ..Moment::between(from, to) },
        "内" | "以内" | "之内" => Moment::between(
            now,
            if length.finest >= Unit::Hour {
                end_of_minute(then)?
            } else {
                whole_days(then.date(), then.date())?.1
            },
        ),
        "来" | "以来" => Moment::between(
            if length.finest <= Unit::Month {
                from
            } else if length.broken {
                then
            } else {
                day_begins(then)
            },
            now,
        ),
        _ => Moment::between(from, to),
    };
    Some(Read { end, moment, day: day.filter(|_| matches!(*tail, "前" | "后")) })
}

/// Returns what a length means behind a word that says on which side of now it lies.
fn around(word: &str, length: Length, now: NaiveDateTime) -> Option<Moment> {
    let days = length.finest <= Unit::Month;
    Some(match word {
        "过" | "再过" => {
            let from = day_begins(length.from(now, false)?);
            Moment { to: None, ..Moment::between(from, from) }
        }
        "未来" | "今后" | "接下来" | "后" => {
            let to = length.from(now, false)?;
            Moment::between(now, if days { whole_days(to.date(), to.date())?.1 } else { to })
        }
        "前" | "上" | "头" => {
            let from = length.from(now, true)?;
            if length.finest <= Unit::Year {
                let (first, last) = (
                    NaiveDate::from_ymd_opt(from.year(), 1, 1)?,
                    NaiveDate::from_ymd_opt(now.year() - 1, 12, 31)?,
                );
                let (from, to) = whole_days(first, last.max(first))?;
                return Some(Moment::between(from, to));
            }
            let day = length.finest <= Unit::Day;
            let yesterday = whole_days(now.date(), now.date())?.1 - Duration::days(1);
            let from = if day { day_begins(from) } else { from };
            Moment::between(from, if length.finest == Unit::Day { yesterday.max(from) } else { now })
        }
        "这" if length.finest == Unit::Day => Moment::between(
            day_begins(length.from(now, true)? + Duration::days(1)),
            whole_days(now.date(), now.date())?.1,
        ),
        _ => {
            let from = length.from(now, true)?;
            Moment::between(if days { day_begins(from) } else { from }, now)
        }
    })
}

/// Reads a length and nothing else: how many bytes. `short` says that 三月 are three months here.
fn length(text: &str, short: bool) -> Option<(usize, Length)> {
    let mut end = 0;
    let mut all = Length::default();
    let mut last: Option<Unit> = None;
    // 30~90日: the second number says how long at most; it is the one that is kept.
    if let Some(found) = RANGE.captures(text) {
        end = found.get(0)?.end();
    }
    for _ in 0..4 {
        let Some(found) = PIECE.captures(&text[end..]) else { break };
        let get = |name: &str| found.name(name).map(|found| found.as_str());
        let (number, word) = (get("number")?, get("unit")?);
        let unit = match word {
            "年" | "载" | "世纪" => Unit::Year,
            "月" | "季度" => Unit::Month,
            "周" | "星期" | "礼拜" => Unit::Week,
            "小时" | "钟头" => Unit::Hour,
            "刻钟" => Unit::Quarter,
            "分钟" | "分半钟" | "分" => Unit::Minute,
            "秒" | "秒钟" => Unit::Second,
            _ => Unit::Day,
        };
        let rest = &text[end + found.get(0)?.end()..];
        // 三月 is a month and 5日 a day of one; three months are 三个月, five days 5天, or stand before 内 and the like.
        let tail = ["以", "之", "内", "前", "后", "来"].iter().any(|tail| rest.starts_with(tail));
        let month =
            word == "月" && get("counted").is_none() && number != "半" && last.is_none() && !tail && !short;
        let day = word == "日" && last.is_none() && !tail && !short && end == 0 && number != "半";
        let night = matches!(word, "晚" | "夜")
            && (last != Some(Unit::Day) && !text[..end].is_empty() || last.is_none() && number == "半");
        // 三分 are marks; 两小时三十分 is a length.
        let marks = word == "分" && last != Some(Unit::Hour);
        let class = word == "年" && rest.starts_with(['级', '代', '纪', '龄', '会', '货']);
        if month
            || day
            || night
            || marks
            || class
            || last.is_some_and(|last| unit < last || (unit == last && unit != Unit::Day))
        {
            break;
        }
        let half = get("half").is_some() || get("more").is_some() || word == "分半钟";
        let count = count_of(number)? + if half { 0.5 } else { 0.0 };
        // 6天5晚 is six days.
        let count = if unit == Unit::Day && last == Some(Unit::Day) { 0.0 } else { count };
        all.broken |= half || number == "半" || number.contains('.');
        match word {
            "年" | "载" => all.months += count * 12.0,
            "世纪" => all.months += count * 1_200.0,
            "月" => all.months += count,
            "季度" => all.months += count * 3.0,
            "周" | "星期" | "礼拜" => all.secs += count * 7.0 * 86_400.0,
            "小时" | "钟头" => all.secs += count * 3_600.0,
            "刻钟" => all.secs += count * 900.0,
            "分钟" | "分半钟" | "分" => all.secs += count * 60.0,
            "秒" | "秒钟" => all.secs += count,
            "工作日" => all.secs += (count + (count / 5.0).floor() * 2.0) * 86_400.0,
            _ => all.secs += count * 86_400.0,
        }
        if unit == Unit::Year && (half || number == "半") {
            all.finest = Unit::Month;
        } else {
            all.finest = unit;
        }
        last = Some(unit);
        end += found.get(0)?.end();
    }
    last?;
    Some((end, all))
}

/// Reads how many: a few are three, some tens thirty.
fn count_of(number: &str) -> Option<f64> {
    Some(match number {
        "半" => 0.5,
        "几" | "好几" | "数" => 3.0,
        "十几" => 15.0,
        "几十" | "好几十" | "数十" => 30.0,
        "几百" | "好几百" | "数百" => 300.0,
        "俩" => 2.0,
        _ => {
            // 两三天: the second is meant at most.
            let pair: Vec<char> = number.chars().collect();
            if let [a, b] = pair[..]
                && "一二两三四五六七八".contains(a)
                && "二三四五六七八九".contains(b)
            {
                numeral::read(&b.to_string())?
            } else {
                numeral::read(number)?
            }
        }
    })
    .filter(|count| count.is_finite())
}

/// Returns what lies as exactly at an instant as the length was said.
fn grain(length: Length, then: NaiveDateTime) -> Option<(NaiveDateTime, NaiveDateTime)> {
    let day = then.date();
    match length.finest {
        Unit::Year => whole_days(
            NaiveDate::from_ymd_opt(day.year(), 1, 1)?,
            NaiveDate::from_ymd_opt(day.year(), 12, 31)?,
        ),
        Unit::Month if length.months.fract() == 0.0 => whole_days(day.with_day(1)?, last_of_month(day)?),
        Unit::Month | Unit::Week | Unit::Day => whole_days(day, day),
        Unit::Hour => Some((then, then + Duration::minutes(if length.broken { 30 } else { 60 }))),
        Unit::Quarter => Some((then, then + Duration::minutes(15))),
        Unit::Minute => Some((then, then + Duration::minutes(1))),
        Unit::Second => Some((then, then + Duration::seconds(1))),
    }
}

fn day_begins(then: NaiveDateTime) -> NaiveDateTime {
    then.date().and_time(chrono::NaiveTime::MIN)
}

fn end_of_minute(then: NaiveDateTime) -> Option<NaiveDateTime> {
    use chrono::Timelike;
    then.with_second(59)
}
