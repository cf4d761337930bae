//! Periods: days of the city, from and to, with the period before and the year before.

use chrono::{Datelike as _, Days, Months, NaiveDate, NaiveTime, TimeZone as _};
use chrono_tz::Tz;

use super::dimension::Bucket;
use crate::error::InsightError;
use crate::fact::local;

/// The longest period, in days.
const DAYS_MAX: i64 = 3_660;
/// So many values of time are shown at most; a finer division is refused.
pub const BUCKETS_MAX: usize = 2_000;

/// Days, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
}

/// What a period is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The period before (环比).
    Previous,
    /// The same days a year before (同比).
    Year,
}

impl Period {
    /// Reads a period.
    ///
    /// # Errors
    /// When the days are none, end before they begin, or are too many.
    pub fn parse(from: &str, to: &str) -> Result<Self, InsightError> {
        let day = |field, text: &str| {
            NaiveDate::parse_from_str(text, "%Y-%m-%d")
                .ok()
                .filter(|day| (1990..2200).contains(&day.year()))
                .ok_or_else(|| {
                    InsightError::question(
                        field,
                        "请填写日期，如 2026-11-01。",
                        "A date is needed, such as 2026-11-01.",
                    )
                })
        };
        let (from, to) = (day("from", from)?, day("to", to)?);
        if to < from {
            return Err(InsightError::question("to", "结束日期早于开始日期。", "It ends before it begins."));
        }
        if (to - from).num_days() > DAYS_MAX {
            return Err(InsightError::question("from", "统计区间最长十年。", "At most ten years."));
        }
        Ok(Self { from, to })
    }

    /// Returns the first instant and the first after the last.
    #[must_use]
    pub fn instants(self, zone: Tz) -> (i64, i64) {
        let start = |day: NaiveDate| {
            zone.from_local_datetime(&day.and_time(NaiveTime::MIN)).earliest().map_or_else(
                || day.and_time(NaiveTime::MIN).and_utc().timestamp_millis(),
                |at| at.timestamp_millis(),
            )
        };
        (start(self.from), start(self.to + Days::new(1)))
    }

    /// Returns what the city's zone is ahead of UTC at the beginning, in milliseconds.
    #[must_use]
    pub fn offset_ms(self, zone: Tz) -> i64 {
        self.from.and_time(NaiveTime::MIN).and_utc().timestamp_millis() - self.instants(zone).0
    }

    /// Returns the period to compare with. Whole months are compared with as many whole months.
    #[must_use]
    pub fn before(self, how: Comparison) -> Self {
        match how {
            Comparison::Year => Self {
                from: self.from.checked_sub_months(Months::new(12)).unwrap_or(self.from),
                to: if self.ends_month() {
                    last_of_month(self.to.checked_sub_months(Months::new(12)).unwrap_or(self.to))
                } else {
                    self.to.checked_sub_months(Months::new(12)).unwrap_or(self.to)
                },
            },
            Comparison::Previous if self.from.day() == 1 && self.ends_month() => {
                let months = (self.to.year() * 12 + self.to.month0() as i32)
                    - (self.from.year() * 12 + self.from.month0() as i32)
                    + 1;
                let from =
                    self.from.checked_sub_months(Months::new(months.unsigned_abs())).unwrap_or(self.from);
                Self { from, to: self.from - Days::new(1) }
            }
            Comparison::Previous => {
                let days = (self.to - self.from).num_days() + 1;
                Self { from: self.from - chrono::Duration::days(days), to: self.from - Days::new(1) }
            }
        }
    }

    /// Returns the whole month of the first day.
    #[must_use]
    pub fn whole_month(self) -> Self {
        Self { from: self.from.with_day(1).unwrap_or(self.from), to: last_of_month(self.from) }
    }

    fn ends_month(self) -> bool {
        last_of_month(self.to) == self.to
    }

    /// Returns all values of a division of time, in their order.
    ///
    /// # Errors
    /// When there are too many.
    pub fn buckets(self, bucket: Bucket) -> Result<Vec<i64>, InsightError> {
        let mut values: Vec<i64> = match bucket {
            Bucket::HourOfDay => (0..24).collect(),
            Bucket::Weekday => (0..7).collect(),
            _ => {
                let (mut values, mut day) = (Vec::new(), self.from);
                while day <= self.to {
                    let number = i64::from(day.num_days_from_ce()) - 719_163;
                    let month = i64::from(day.year()) * 100 + i64::from(day.month());
                    match bucket {
                        Bucket::HalfHour => values.extend((0..48).map(|half| number * 48 + half)),
                        Bucket::Hour => values.extend((0..24).map(|hour| number * 24 + hour)),
                        Bucket::Day => values.push(number),
                        Bucket::Week => values.push((number + 3) / 7),
                        Bucket::Month => values.push(month),
                        Bucket::Quarter => values.push((month / 100) * 10 + ((month % 100) + 2) / 3),
                        _ => values.push(month / 100),
                    }
                    if values.len() > BUCKETS_MAX * 25 {
                        break;
                    }
                    day = day + Days::new(1);
                }
                values
            }
        };
        values.dedup();
        if values.len() > BUCKETS_MAX {
            return Err(InsightError::question(
                "by",
                "统计区间内的时间段过多，请选择更长的时间粒度。",
                "There are too many spans of time; choose longer ones.",
            ));
        }
        Ok(values)
    }

    /// Returns the months that rows of the period may be filed under when they are filed by another instant:
    /// an order that was settled in the period may have been written long before.
    #[must_use]
    pub fn months(self, zone: Tz, axis: &str) -> std::ops::RangeInclusive<i64> {
        let (from, to) = self.instants(zone);
        let first = if axis == "at" { local(zone, from).month } else { 0 };
        first..=local(zone, to - 1).month
    }
}

fn last_of_month(day: NaiveDate) -> NaiveDate {
    let first = day.with_day(1).unwrap_or(day);
    first.checked_add_months(Months::new(1)).map_or(day, |next| next - Days::new(1))
}

/// Names a value of a division of time.
#[must_use]
pub fn name_of(bucket: Bucket, value: i64, zh: bool) -> String {
    let date = |days: i64| {
        i32::try_from(days + 719_163).ok().and_then(NaiveDate::from_num_days_from_ce_opt).unwrap_or_default()
    };
    match bucket {
        Bucket::HalfHour => {
            let half = value.rem_euclid(48);
            format!("{} {:02}:{:02}", date(value.div_euclid(48)), half / 2, half % 2 * 30)
        }
        Bucket::Hour => format!("{} {:02}:00", date(value.div_euclid(24)), value.rem_euclid(24)),
        Bucket::Day => date(value).to_string(),
        Bucket::Week => {
            let monday = date(value * 7 - 3);
            format!("{monday} ~ {}", (monday + Days::new(6)).format("%m-%d"))
        }
        Bucket::Month => format!("{}-{:02}", value / 100, value % 100),
        Bucket::Quarter if zh => format!("{} 年 {} 季度", value / 10, value % 10),
        Bucket::Quarter => format!("{} Q{}", value / 10, value % 10),
        Bucket::Year => value.to_string(),
        Bucket::HourOfDay => format!("{value:02}:00–{:02}:00", value + 1),
        Bucket::Weekday => {
            let names: [&str; 7] = if zh {
                ["周一", "周二", "周三", "周四", "周五", "周六", "周日"]
            } else {
                ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
            };
            usize::try_from(value)
                .ok()
                .and_then(|at| names.get(at))
                .map_or_else(|| value.to_string(), |name| (*name).to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Bucket, Comparison, Period, name_of};

    fn period(from: &str, to: &str) -> Period {
        Period::parse(from, to).unwrap()
    }

    #[test]
    fn a_whole_month_is_compared_with_the_month_before() {
        assert_eq!(
            period("2026-03-01", "2026-03-31").before(Comparison::Previous),
            period("2026-02-01", "2026-02-28")
        );
        assert_eq!(
            period("2026-01-01", "2026-03-31").before(Comparison::Previous),
            period("2025-10-01", "2025-12-31")
        );
        assert_eq!(
            period("2026-03-02", "2026-03-08").before(Comparison::Previous),
            period("2026-02-23", "2026-03-01")
        );
        assert_eq!(
            period("2025-02-01", "2025-02-28").before(Comparison::Year),
            period("2024-02-01", "2024-02-29")
        );
        assert_eq!(
            period("2024-02-29", "2024-02-29").before(Comparison::Year),
            period("2023-02-28", "2023-02-28")
        );
    }

    #[test]
    fn buckets_cover_the_period_without_holes() {
        let all = |from: &str, to: &str, bucket| -> Vec<String> {
            let values = period(from, to).buckets(bucket).unwrap();
            values.into_iter().map(|value| name_of(bucket, value, true)).collect()
        };
        assert_eq!(all("2026-02-27", "2026-03-01", Bucket::Day), ["2026-02-27", "2026-02-28", "2026-03-01"]);
        assert_eq!(
            all("2026-03-01", "2026-03-09", Bucket::Week),
            ["2026-02-23 ~ 03-01", "2026-03-02 ~ 03-08", "2026-03-09 ~ 03-15"]
        );
        assert_eq!(
            all("2025-12-31", "2026-04-01", Bucket::Quarter),
            ["2025 年 4 季度", "2026 年 1 季度", "2026 年 2 季度"]
        );
        assert!(period("2020-01-01", "2026-01-01").buckets(Bucket::Hour).is_err());
    }

    #[test]
    fn nonsense_is_refused() {
        for (from, to) in [
            ("2026-03-02", "2026-03-01"),
            ("x", "2026-03-01"),
            ("2000-01-01", "2026-01-01"),
            ("0001-01-01", "0001-01-02"),
        ] {
            assert!(Period::parse(from, to).is_err(), "{from} {to}");
        }
    }
}
