//! The calendar of the moon, by which feasts and many birthdays are counted, and the terms of the sun.

use chrono::{Days, NaiveDate};

/// The first year of `YEARS`.
const FIRST_YEAR: i32 = 1950;
/// New Year of that year.
const FIRST_DAY: (i32, u32, u32) = (1950, 2, 17);
/// A year each: bit 15 down to 4 for months of 30 days among the twelve, the lowest four bits for the month that is
/// followed by a leap month, bit 16 for a leap month of 30 days.
#[rustfmt::skip]
const YEARS: [u32; 100] = [
    0x06ca0, 0x0b550, 0x15355, 0x04da0, 0x0a5b0, 0x14573, 0x052b0, 0x0a9a8, 0x0e950, 0x06aa0,
    0x0aea6, 0x0ab50, 0x04b60, 0x0aae4, 0x0a570, 0x05260, 0x0f263, 0x0d950, 0x05b57, 0x056a0,
    0x096d0, 0x04dd5, 0x04ad0, 0x0a4d0, 0x0d4d4, 0x0d250, 0x0d558, 0x0b540, 0x0b6a0, 0x195a6,
    0x095b0, 0x049b0, 0x0a974, 0x0a4b0, 0x0b27a, 0x06a50, 0x06d40, 0x0af46, 0x0ab60, 0x09570,
    0x04af5, 0x04970, 0x064b0, 0x074a3, 0x0ea50, 0x06b58, 0x055c0, 0x0ab60, 0x096d5, 0x092e0,
    0x0c960, 0x0d954, 0x0d4a0, 0x0da50, 0x07552, 0x056a0, 0x0abb7, 0x025d0, 0x092d0, 0x0cab5,
    0x0a950, 0x0b4a0, 0x0baa4, 0x0ad50, 0x055d9, 0x04ba0, 0x0a5b0, 0x15176, 0x052b0, 0x0a930,
    0x07954, 0x06aa0, 0x0ad50, 0x05b52, 0x04b60, 0x0a6e6, 0x0a4e0, 0x0d260, 0x0ea65, 0x0d530,
    0x05aa0, 0x076a3, 0x096d0, 0x04afb, 0x04ad0, 0x0a4d0, 0x1d0b6, 0x0d250, 0x0d520, 0x0dd45,
    0x0b5a0, 0x056d0, 0x055b2, 0x049b0, 0x0a577, 0x0a4b0, 0x0aa50, 0x1b255, 0x06d20, 0x0ada0,
];

/// Returns the first and the last day of a month of the moon, or of its leap month.
pub(super) fn month(year: i32, month: u32, leap: bool) -> Option<(NaiveDate, NaiveDate)> {
    let at = usize::try_from(year.checked_sub(FIRST_YEAR)?).ok()?;
    let code = *YEARS.get(at)?;
    if !(1..=12).contains(&month) || (leap && code & 0xf != month) {
        return None;
    }
    let before: u64 = YEARS[..at].iter().map(|code| days_of_year(*code)).sum();
    let mut day = before;
    for earlier in 1..month {
        day += days_of_month(code, earlier);
        if code & 0xf == earlier {
            day += days_of_leap_month(code);
        }
    }
    let length = if leap {
        day += days_of_month(code, month);
        days_of_leap_month(code)
    } else {
        days_of_month(code, month)
    };
    let (y, m, d) = FIRST_DAY;
    let first = NaiveDate::from_ymd_opt(y, m, d)?.checked_add_days(Days::new(day))?;
    Some((first, first.checked_add_days(Days::new(length - 1))?))
}

/// Returns a day of the calendar of the moon; the thirtieth of a month of 29 days is its last.
pub(super) fn day(year: i32, month_of_year: u32, day: u32, leap: bool) -> Option<NaiveDate> {
    let (first, last) = month(year, month_of_year, leap)?;
    let found = first.checked_add_days(Days::new(u64::from(day.checked_sub(1)?)))?;
    if day <= 30 { Some(found.min(last)) } else { None }
}

fn days_of_year(code: u32) -> u64 {
    let leap = if code & 0xf == 0 { 0 } else { days_of_leap_month(code) };
    (1..=12).map(|month| days_of_month(code, month)).sum::<u64>() + leap
}

fn days_of_month(code: u32, month: u32) -> u64 {
    if code & (0x1_0000 >> month) == 0 { 29 } else { 30 }
}

fn days_of_leap_month(code: u32) -> u64 {
    if code & 0x1_0000 == 0 { 29 } else { 30 }
}

/// The terms of the sun in the order of the year, with the constant of this century's formula for their day.
const TERMS: [(&str, f64); 24] = [
    ("小寒", 5.4055),
    ("大寒", 20.12),
    ("立春", 3.87),
    ("雨水", 18.73),
    ("惊蛰", 5.63),
    ("春分", 20.646),
    ("清明", 4.81),
    ("谷雨", 20.1),
    ("立夏", 5.52),
    ("小满", 21.04),
    ("芒种", 5.678),
    ("夏至", 21.37),
    ("小暑", 7.108),
    ("大暑", 22.83),
    ("立秋", 7.5),
    ("处暑", 23.13),
    ("白露", 7.646),
    ("秋分", 23.042),
    ("寒露", 8.318),
    ("霜降", 23.438),
    ("立冬", 7.438),
    ("小雪", 22.36),
    ("大雪", 7.18),
    ("冬至", 21.94),
];

/// Returns the day of a term of the sun in a year of this century.
pub(super) fn term(year: i32, name: &str) -> Option<NaiveDate> {
    let at = TERMS.iter().position(|(term, _)| *term == name)?;
    if !(2000..2100).contains(&year) {
        return None;
    }
    let of_century = year - 2000;
    let leaps = if at < 4 { (of_century - 1).div_euclid(4) } else { of_century / 4 };
    let day = (f64::from(of_century) * 0.2422 + TERMS[at].1).floor() as i32 - leaps;
    NaiveDate::from_ymd_opt(year, at as u32 / 2 + 1, u32::try_from(day).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(y: i32, m: u32, d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(y, m, d).unwrap()
    }

    #[test]
    fn feasts_fall_where_they_fell() {
        for (year, new_year) in [
            (1985, (2, 20)),
            (2008, (2, 7)),
            (2024, (2, 10)),
            (2025, (1, 29)),
            (2026, (2, 17)),
            (2027, (2, 6)),
        ] {
            assert_eq!(day(year, 1, 1, false), Some(date(year, new_year.0, new_year.1)), "{year}");
        }
        assert_eq!(day(2024, 8, 15, false), Some(date(2024, 9, 17)), "mid-autumn");
        assert_eq!(day(2020, 8, 15, false), Some(date(2020, 10, 1)), "after a leap month");
        assert_eq!(day(2026, 5, 5, false), Some(date(2026, 6, 19)), "dragon boats");
        assert_eq!(month(2020, 4, true), Some((date(2020, 5, 23), date(2020, 6, 20))));
        assert_eq!(month(2021, 4, true), None, "no leap month in that year");
        assert_eq!(month(1900, 1, false), None);
        assert_eq!(day(2026, 1, 31, false), None);
    }

    #[test]
    fn the_sun_has_its_terms() {
        assert_eq!(term(2024, "冬至"), Some(date(2024, 12, 21)));
        assert_eq!(term(2026, "清明"), Some(date(2026, 4, 5)));
        assert_eq!(term(2021, "小寒"), Some(date(2021, 1, 5)));
        assert_eq!(term(1999, "清明"), None);
    }
}
