//! The shipped list of China's holidays and make-up days.

use chrono::NaiveDate;
use serde::Deserialize;

use super::{CalendarError, SpecialDay, WorkCalendar};

const HOLIDAYS: &str = include_str!("../../data/holidays_cn.json");

#[derive(Deserialize)]
struct List {
    version: String,
    years: Vec<Year>,
}

#[derive(Deserialize)]
struct Year {
    year: i32,
    days: Vec<ListedDay>,
}

#[derive(Deserialize)]
struct ListedDay {
    date: NaiveDate,
    off: bool,
    name: String,
}

pub(super) fn load(zone: &str) -> Result<WorkCalendar, CalendarError> {
    let list: List =
        serde_json::from_str(HOLIDAYS).map_err(|error| CalendarError::BadData(error.to_string()))?;
    let announced: Vec<i32> = list.years.iter().map(|year| year.year).collect();
    let last_announced = announced.iter().copied().max().unwrap_or(0);
    let listed = list.years.into_iter().flat_map(|year| year.days).map(|day| SpecialDay {
        date: day.date,
        off: day.off,
        name: day.name,
    });
    let fixed = (last_announced + 1..=last_announced + FIXED_YEARS).flat_map(fixed_days);
    WorkCalendar::new(zone, list.version, announced, fixed.chain(listed))
}

/// For how many years after the last notice the days off that the law fixes are filled in.
const FIXED_YEARS: i32 = 10;

/// The days off that the State Council's regulation fixes by solar date (2024 revision: New Year, two days in May, three
/// in October). They are certain before the year's notice; the lunar holidays and the make-up days are not.
fn fixed_days(year: i32) -> impl Iterator<Item = SpecialDay> {
    [
        (1, 1, "元旦"),
        (5, 1, "劳动节"),
        (5, 2, "劳动节"),
        (10, 1, "国庆节"),
        (10, 2, "国庆节"),
        (10, 3, "国庆节"),
    ]
    .into_iter()
    .filter_map(move |(month, day, name)| {
        let date = NaiveDate::from_ymd_opt(year, month, day)?;
        Some(SpecialDay { date, off: true, name: name.to_owned() })
    })
}
