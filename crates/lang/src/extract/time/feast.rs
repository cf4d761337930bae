//! Feasts and days that have a name.

use chrono::{Days, NaiveDate};

use super::lunar;

/// A day, or the days around it that are free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Feast {
    day: Day,
    /// Days before it and after it that are meant, too.
    around: (u32, u32),
}

/// How a day is found in a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Day {
    Sun(u32, u32),
    Moon(u32, u32),
    /// Month, how many a weekday, and which, Monday being 0.
    Weekday(u32, u32, u32),
    Term(&'static str),
}

/// Names of feasts; what begins like another is before it. The last says whether the name is also something else,
/// so that it needs a year or `节` or `假期` beside it.
const FEASTS: [(&str, Day, bool); 58] = [
    ("元旦节", Day::Sun(1, 1), false),
    ("元旦", Day::Sun(1, 1), false),
    ("情人节", Day::Sun(2, 14), false),
    ("妇女节", Day::Sun(3, 8), false),
    ("植树节", Day::Sun(3, 12), false),
    ("消费者权益日", Day::Sun(3, 15), false),
    ("愚人节", Day::Sun(4, 1), false),
    ("清明节", Day::Term("清明"), false),
    ("清明", Day::Term("清明"), false),
    ("五一劳动节", Day::Sun(5, 1), false),
    ("五一节", Day::Sun(5, 1), false),
    ("劳动节", Day::Sun(5, 1), false),
    ("青年节", Day::Sun(5, 4), false),
    ("护士节", Day::Sun(5, 12), false),
    ("母亲节", Day::Weekday(5, 2, 6), false),
    ("六一儿童节", Day::Sun(6, 1), false),
    ("六一节", Day::Sun(6, 1), false),
    ("儿童节", Day::Sun(6, 1), false),
    ("父亲节", Day::Weekday(6, 3, 6), false),
    ("建党节", Day::Sun(7, 1), false),
    ("建军节", Day::Sun(8, 1), false),
    ("教师节", Day::Sun(9, 10), false),
    ("国庆节", Day::Sun(10, 1), false),
    ("国庆", Day::Sun(10, 1), false),
    ("光棍节", Day::Sun(11, 11), false),
    ("感恩节", Day::Weekday(11, 4, 3), false),
    ("平安夜", Day::Sun(12, 24), false),
    ("圣诞节", Day::Sun(12, 25), false),
    ("圣诞", Day::Sun(12, 25), false),
    ("大年三十", Day::Moon(12, 30), false),
    ("年三十", Day::Moon(12, 30), false),
    ("大年初一", Day::Moon(1, 1), false),
    ("大年初二", Day::Moon(1, 2), false),
    ("大年初三", Day::Moon(1, 3), false),
    ("除夕夜", Day::Moon(12, 30), false),
    ("除夕", Day::Moon(12, 30), false),
    ("春节", Day::Moon(1, 1), false),
    ("元宵节", Day::Moon(1, 15), false),
    ("元宵", Day::Moon(1, 15), true),
    ("端午节", Day::Moon(5, 5), false),
    ("端午", Day::Moon(5, 5), false),
    ("七夕节", Day::Moon(7, 7), false),
    ("七夕", Day::Moon(7, 7), false),
    ("中元节", Day::Moon(7, 15), false),
    ("鬼节", Day::Moon(7, 15), false),
    ("中秋节", Day::Moon(8, 15), false),
    ("中秋", Day::Moon(8, 15), false),
    ("重阳节", Day::Moon(9, 9), false),
    ("重阳", Day::Moon(9, 9), true),
    ("腊八节", Day::Moon(12, 8), false),
    ("腊八", Day::Moon(12, 8), false),
    ("小年", Day::Moon(12, 23), true),
    ("五一", Day::Sun(5, 1), true),
    ("六一", Day::Sun(6, 1), true),
    ("七一", Day::Sun(7, 1), true),
    ("八一", Day::Sun(8, 1), true),
    ("十一", Day::Sun(10, 1), true),
    ("双十一", Day::Sun(11, 11), false),
];
/// Terms of the sun that nothing else is called by.
const TERMS: [&str; 20] = [
    "小寒", "大寒", "立春", "雨水", "惊蛰", "春分", "谷雨", "立夏", "芒种", "夏至", "小暑", "大暑", "立秋",
    "处暑", "秋分", "寒露", "霜降", "立冬", "大雪", "冬至",
];
/// Words behind a feast that mean its free days.
const HOLIDAYS: [&str; 6] = ["小长假", "长假", "黄金周", "假期", "放假", "期间"];

impl Feast {
    /// Reads the name of a feast at the beginning of a text: how many bytes, the feast, and whether the name alone
    /// says too little.
    pub fn read(text: &str) -> Option<(usize, Self, bool)> {
        if let Some((name, day, vague)) = FEASTS.iter().find(|(name, ..)| text.starts_with(name)) {
            let rest = &text[name.len()..];
            let Some(holidays) = HOLIDAYS.iter().find(|word| rest.starts_with(**word)) else {
                return Some((name.len(), Self { day: *day, around: (0, 0) }, *vague));
            };
            let around = match day {
                Day::Sun(10, 1) => (0, 6),
                Day::Sun(5, 1) => (0, 4),
                Day::Moon(1, 1) => (1, 6),
                _ => (0, 0),
            };
            return Some((name.len() + holidays.len(), Self { day: *day, around }, false));
        }
        let term = TERMS.iter().find(|term| text.starts_with(**term))?;
        // 大雪 and 雨水 also fall from the sky.
        let vague = matches!(*term, "大雪" | "雨水" | "大寒" | "小寒" | "大暑" | "小暑");
        Some((term.len(), Self { day: Day::Term(term), around: (0, 0) }, vague))
    }

    /// Returns its first and last day in a year.
    pub fn days(self, year: i32) -> Option<(NaiveDate, NaiveDate)> {
        let day = match self.day {
            Day::Sun(month, day) => NaiveDate::from_ymd_opt(year, month, day),
            Day::Moon(month, day) => lunar::day(year, month, day, false),
            Day::Weekday(month, number, weekday) => {
                let weekday = chrono::Weekday::try_from(u8::try_from(weekday).ok()?).ok()?;
                NaiveDate::from_weekday_of_month_opt(year, month, weekday, u8::try_from(number).ok()?)
            }
            // The small cold of a year of the farmers' calendar falls into January after it; people mean the sun's.
            Day::Term(name) => lunar::term(year, name),
        }?;
        let (before, after) = self.around;
        Some((
            day.checked_sub_days(Days::new(u64::from(before)))?,
            day.checked_add_days(Days::new(u64::from(after)))?,
        ))
    }
}
