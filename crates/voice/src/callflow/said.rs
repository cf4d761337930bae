//! Numbers, codes, dates and times as people say them, as text for a voice.

use chrono::{Datelike as _, NaiveDate, NaiveTime, Timelike as _};

use super::model::Language;

const ZH: [char; 10] = ['零', '一', '二', '三', '四', '五', '六', '七', '八', '九'];
const EN: [&str; 10] = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

/// The forms that a text may ask for.
pub const FORMS: [&str; 6] = ["", "code", "digits", "number", "date", "time"];

/// Puts a value into words. `code` reads character by character with 幺 for one, `digits` with 一,
/// `number` as an amount, `date` a `YYYY-MM-DD`, `time` an `HH:MM`; what does not fit stays as it is.
#[must_use]
pub fn say(value: &str, form: &str, language: Language) -> String {
    let said = match form {
        "code" => Some(code(value, language)),
        "digits" => Some(digits(value, language)),
        "number" => value.trim().parse().ok().map(|number| count(number, language)),
        "date" => value.trim().parse().ok().map(|day| date(day, language)),
        "time" => NaiveTime::parse_from_str(value.trim(), "%H:%M").ok().map(|at| time(at, language)),
        _ => None,
    };
    said.unwrap_or_else(|| value.to_owned())
}

/// Reads a code or telephone number: 幺 for one, so that it is not heard as seven.
#[must_use]
pub fn code(text: &str, language: Language) -> String {
    match language {
        Language::Zh => digits(text, language).replace('一', "幺"),
        Language::En => digits(text, language),
    }
}

/// Reads digits one by one; letters stay, signs become pauses.
#[must_use]
pub fn digits(text: &str, language: Language) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match (c.to_digit(10), language) {
            (Some(digit), Language::Zh) => out.push(ZH[digit as usize]),
            (Some(digit), Language::En) => {
                out.push_str(EN[digit as usize]);
                out.push(' ');
            }
            (None, _) if c.is_alphabetic() => {
                out.push(c);
                out.push(' ');
            }
            (None, Language::Zh) => out.push('，'),
            (None, Language::En) => out.push_str(", "),
        }
    }
    out.trim_end().to_owned()
}

/// Says an amount: 一百零二, 两千三百, 十五.
#[must_use]
pub fn count(number: i64, language: Language) -> String {
    match language {
        Language::Zh => zh_count(number),
        Language::En => number.to_string(),
    }
}

/// Says an amount before a measure word: two is 两.
#[must_use]
pub fn count_of(number: i64, language: Language) -> String {
    match (number, language) {
        (2, Language::Zh) => "两".to_owned(),
        _ => count(number, language),
    }
}

fn zh_count(number: i64) -> String {
    if number < 0 {
        return format!("负{}", zh_unsigned(number.unsigned_abs()));
    }
    zh_unsigned(number.unsigned_abs())
}

fn zh_unsigned(number: u64) -> String {
    if number == 0 {
        return "零".to_owned();
    }
    let groups = [(1_0000_0000_0000, "万亿"), (1_0000_0000, "亿"), (1_0000, "万"), (1, "")];
    let mut out = String::new();
    let mut rest = number;
    let mut gap = false;
    for (size, name) in groups {
        let group = rest / size;
        rest %= size;
        if group == 0 {
            gap |= !out.is_empty();
            continue;
        }
        if !out.is_empty() && (gap || group < 1_000) {
            out.push('零');
        }
        gap = false;
        if group >= 10_000 {
            out.push_str(&zh_unsigned(group));
        } else if group == 2 && !name.is_empty() {
            out.push('两');
        } else {
            out.push_str(&zh_group(group, out.is_empty()));
        }
        out.push_str(name);
    }
    out
}

/// Says 1 to 9,999; `first` drops the one of ten at the beginning: 十五, but 一百一十五.
fn zh_group(group: u64, first: bool) -> String {
    let mut out = String::new();
    let mut gap = false;
    for (size, name) in [(1_000, "千"), (100, "百"), (10, "十"), (1, "")] {
        let digit = (group / size) % 10;
        if digit == 0 {
            gap |= !out.is_empty();
            continue;
        }
        if gap {
            out.push('零');
            gap = false;
        }
        match (digit, size) {
            (1, 10) if first && out.is_empty() => {}
            (2, 1_000) => out.push('两'),
            _ => out.push(ZH[digit as usize]),
        }
        out.push_str(name);
    }
    out
}

/// Says a date: the year digit by digit, month and day as amounts.
#[must_use]
pub fn date(day: NaiveDate, language: Language) -> String {
    match language {
        Language::Zh => format!(
            "{}年{}月{}日",
            digits(&format!("{:04}", day.year()), language),
            zh_count(i64::from(day.month())),
            zh_count(i64::from(day.day())),
        ),
        Language::En => day.format("%B %-d, %Y").to_string(),
    }
}

/// Says a time of day: 两点, 十点零五分, 十四点半.
#[must_use]
pub fn time(at: NaiveTime, language: Language) -> String {
    match language {
        Language::Zh => {
            let hour = count_of(i64::from(at.hour()), language);
            match at.minute() {
                0 => format!("{hour}点"),
                30 => format!("{hour}点半"),
                minute @ 1..=9 => format!("{hour}点零{}分", ZH[minute as usize]),
                minute => format!("{hour}点{}分", zh_count(i64::from(minute))),
            }
        }
        Language::En => at.format("%-I:%M %p").to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zh(value: &str, form: &str) -> String {
        say(value, form, Language::Zh)
    }

    #[test]
    fn codes_are_read_digit_by_digit_with_yao() {
        assert_eq!(zh("13810002", "code"), "幺三八幺零零零二");
        assert_eq!(zh("YZ2026-01", "code"), "Y Z 二零二六，零幺");
        assert_eq!(zh("110", "digits"), "一一零");
        assert_eq!(say("12a", "code", Language::En), "one two a");
    }

    #[test]
    fn amounts_are_said_as_people_say_them() {
        for (number, said) in [
            ("0", "零"),
            ("2", "二"),
            ("10", "十"),
            ("12", "十二"),
            ("20", "二十"),
            ("102", "一百零二"),
            ("110", "一百一十"),
            ("115", "一百一十五"),
            ("200", "二百"),
            ("2000", "两千"),
            ("2002", "两千零二"),
            ("2222", "两千二百二十二"),
            ("10000", "一万"),
            ("10010", "一万零一十"),
            ("20000", "两万"),
            ("100000", "十万"),
            ("120345", "十二万零三百四十五"),
            ("200000000", "两亿"),
            ("300000005", "三亿零五"),
            ("-7", "负七"),
        ] {
            assert_eq!(zh(number, "number"), said, "{number}");
        }
        assert_eq!(count_of(2, Language::Zh), "两");
        assert_eq!(zh("many", "number"), "many");
    }

    #[test]
    fn every_amount_has_words() {
        for shift in 0..63 {
            let said = count(1_i64 << shift, Language::Zh);
            assert!(!said.is_empty() && !said.contains("零零"), "{said}");
        }
        assert!(!count(i64::MIN, Language::Zh).is_empty());
    }

    #[test]
    fn dates_and_times_are_said_in_full() {
        assert_eq!(zh("2026-11-21", "date"), "二零二六年十一月二十一日");
        assert_eq!(zh("2020-02-02", "date"), "二零二零年二月二日");
        assert_eq!(zh("14:00", "time"), "十四点");
        assert_eq!(zh("02:05", "time"), "两点零五分");
        assert_eq!(zh("08:30", "time"), "八点半");
        assert_eq!(zh("22:42", "time"), "二十二点四十二分");
        assert_eq!(say("2026-11-21", "date", Language::En), "November 21, 2026");
        assert_eq!(zh("2026-13-01", "date"), "2026-13-01");
    }
}
