//! Days, months and times as texts.

use chrono::{NaiveDate, NaiveTime};

/// Tells whether a text is a day such as `2026-03-02`, of a year between 1900 and 2999.
pub(crate) fn is_date(text: &str) -> bool {
    text.len() == 10
        && ("1900"..="2999").contains(&text.get(..4).unwrap_or_default())
        && NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()
}

/// Tells whether a text is a month such as `2026-03`.
pub(crate) fn is_month(text: &str) -> bool {
    text.len() == 7 && is_date(&format!("{text}-01"))
}

/// Tells whether a text is a time of day such as `18:30`.
pub(crate) fn is_time(text: &str) -> bool {
    text.len() == 5 && NaiveTime::parse_from_str(text, "%H:%M").is_ok()
}
