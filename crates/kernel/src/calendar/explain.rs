//! A derivation in words, one line for each run of like days.

use chrono::{Datelike, NaiveDate, Weekday};
use serde::Serialize;

use super::{Deadline, EndOfLimit, Step, StepKind};

/// The language of an explanation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExplainLanguage {
    /// Chinese.
    Zh,
    /// English.
    En,
}

/// One line of an explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// The text.
    pub text: String,
    /// The first day that the line is about.
    pub from: NaiveDate,
    /// The last day that the line is about.
    pub to: NaiveDate,
}

impl Deadline {
    /// Explains the deadline line by line: what was not counted and why, what was counted, and when it ends.
    pub fn explain(&self, language: ExplainLanguage) -> Vec<Explained> {
        let mut lines: Vec<Explained> = runs(&self.derivation)
            .into_iter()
            .map(|run| {
                let (first, last) = (&run[0], &run[run.len() - 1]);
                let text = match language {
                    ExplainLanguage::Zh => line_zh(first, last, self.working_days),
                    ExplainLanguage::En => line_en(first, last, self.working_days),
                };
                Explained { text, from: first.date, to: last.date }
            })
            .collect();
        for year in &self.unannounced_years {
            let text = match language {
                ExplainLanguage::Zh => {
                    format!("{year}年放假安排尚未公布，暂只扣除周末和法定固定假日，公布后可能调整")
                }
                ExplainLanguage::En => format!(
                    "The holidays of {year} are not announced yet; only weekends and fixed holidays were left out, so the deadline may change"
                ),
            };
            lines.push(Explained { text, from: self.last_date, to: self.last_date });
        }
        let text = match language {
            ExplainLanguage::Zh => self.end_zh(),
            ExplainLanguage::En => self.end_en(),
        };
        lines.push(Explained { text, from: self.last_date, to: self.last_date });
        lines
    }

    fn end_zh(&self) -> String {
        let date = self.last_date;
        let end = match self.end {
            EndOfLimit::EndOfDay => "24:00".to_owned(),
            EndOfLimit::Closing { minute_of_day } => format!("{}（停止办公时间）", clock(minute_of_day)),
            EndOfLimit::SameTime => "起算的同一时刻".to_owned(),
        };
        let unit = if self.working_days { "个工作日" } else { "日" };
        format!(
            "期限{}{unit}，截止{}年{}月{}日（{}）{end}",
            self.days,
            date.year(),
            date.month(),
            date.day(),
            weekday_zh(date.weekday())
        )
    }

    fn end_en(&self) -> String {
        let end = match self.end {
            EndOfLimit::EndOfDay => "24:00".to_owned(),
            EndOfLimit::Closing { minute_of_day } => format!("{} (closing time)", clock(minute_of_day)),
            EndOfLimit::SameTime => "the time of day at which it began".to_owned(),
        };
        let unit = match (self.working_days, self.days) {
            (true, 1) => "working day",
            (true, _) => "working days",
            (false, 1) => "day",
            (false, _) => "days",
        };
        format!("{} {unit}, due {} at {end}", self.days, self.last_date.format("%a %-d %b %Y"))
    }
}

/// Cuts a derivation into runs of consecutive days that can be told in one line.
fn runs(steps: &[Step]) -> Vec<&[Step]> {
    steps.chunk_by(|left, right| alike(&left.kind, &right.kind)).collect()
}

fn alike(left: &StepKind, right: &StepKind) -> bool {
    match (left, right) {
        (StepKind::Counted { .. }, StepKind::Counted { .. })
        | (StepKind::Weekend, StepKind::Weekend)
        | (StepKind::Paused, StepKind::Paused) => true,
        (StepKind::Holiday { name: left }, StepKind::Holiday { name: right })
        | (StepKind::MakeUpDay { name: left, .. }, StepKind::MakeUpDay { name: right, .. }) => left == right,
        (StepKind::LastDayOff { name: left }, StepKind::LastDayOff { name: right }) => left == right,
        _ => false,
    }
}

fn line_zh(first: &Step, last: &Step, working_days: bool) -> String {
    let dates = dates_zh(first.date, last.date);
    match (&first.kind, &last.kind) {
        (StepKind::Counted { n: from }, StepKind::Counted { n: to }) => {
            let what = if working_days { " 工作日" } else { "" };
            format!("{dates}{what}，计第{}日", span_zh(*from, *to))
        }
        (StepKind::MakeUpDay { n: from, name }, StepKind::MakeUpDay { n: to, .. }) => {
            format!("{dates} {name}调休上班，计第{}日", span_zh(*from, *to))
        }
        (StepKind::StartDayNotCounted, _) => format!("{dates} 起算当日，不计入"),
        (StepKind::Weekend, _) => format!("{dates} 周末，不计入"),
        (StepKind::Holiday { name }, _) => format!("{dates} {name}放假，不计入"),
        (StepKind::Paused, _) => format!("{dates} 暂停计时，不计入"),
        (StepKind::LastDayOff { name: Some(name) }, _) => format!("{dates} 期满日逢{name}放假，顺延"),
        (StepKind::LastDayOff { name: None }, _) => format!("{dates} 期满日逢周末，顺延"),
        (StepKind::MovedHere, _) => format!("{dates} 工作日，为期限最后一日"),
        (StepKind::Counted { .. } | StepKind::MakeUpDay { .. }, _) => dates,
    }
}

fn line_en(first: &Step, last: &Step, working_days: bool) -> String {
    let dates = dates_en(first.date, last.date);
    let plural = first.date != last.date;
    match (&first.kind, &last.kind) {
        (StepKind::Counted { n: from }, StepKind::Counted { n: to }) => {
            let what = match (working_days, plural) {
                (true, true) => "working days, ",
                (true, false) => "working day, ",
                (false, _) => "",
            };
            format!("{dates}: {what}counted as {}", span_en(*from, *to))
        }
        (StepKind::MakeUpDay { n: from, name }, StepKind::MakeUpDay { n: to, .. }) => {
            format!("{dates}: make-up working day for {name}, counted as {}", span_en(*from, *to))
        }
        (StepKind::StartDayNotCounted, _) => format!("{dates}: the period begins, not counted"),
        (StepKind::Weekend, _) => format!("{dates}: weekend, not counted"),
        (StepKind::Holiday { name }, _) => format!("{dates}: holiday ({name}), not counted"),
        (StepKind::Paused, _) => format!("{dates}: paused, not counted"),
        (StepKind::LastDayOff { name: Some(name) }, _) => {
            format!("{dates}: the last day is a holiday ({name}), moved on")
        }
        (StepKind::LastDayOff { name: None }, _) => format!("{dates}: the last day is a weekend, moved on"),
        (StepKind::MovedHere, _) => format!("{dates}: working day, the last day"),
        (StepKind::Counted { .. } | StepKind::MakeUpDay { .. }, _) => dates,
    }
}

/// 10月1日至8日; a run that leaves the month repeats it: 9月30日至10月8日; one that leaves the year repeats that too.
fn dates_zh(first: NaiveDate, last: NaiveDate) -> String {
    let begin = format!("{}月{}日", first.month(), first.day());
    if first == last {
        format!("{begin}（{}）", weekday_zh(first.weekday()))
    } else if first.year() != last.year() {
        format!("{}年{begin}至{}年{}月{}日", first.year(), last.year(), last.month(), last.day())
    } else if first.month() != last.month() {
        format!("{begin}至{}月{}日", last.month(), last.day())
    } else {
        format!("{begin}至{}日", last.day())
    }
}

fn dates_en(first: NaiveDate, last: NaiveDate) -> String {
    if first == last {
        first.format("%a %-d %b").to_string()
    } else if first.year() != last.year() {
        format!("{} to {}", first.format("%-d %b %Y"), last.format("%-d %b %Y"))
    } else if first.month() != last.month() {
        format!("{} to {}", first.format("%-d %b"), last.format("%-d %b"))
    } else {
        format!("{} to {}", first.format("%-d"), last.format("%-d %b"))
    }
}

fn span_zh(from: u32, to: u32) -> String {
    if from == to { from.to_string() } else { format!("{from}至{to}") }
}

fn span_en(from: u32, to: u32) -> String {
    if from == to { format!("day {from}") } else { format!("days {from} to {to}") }
}

fn weekday_zh(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Mon => "周一",
        Weekday::Tue => "周二",
        Weekday::Wed => "周三",
        Weekday::Thu => "周四",
        Weekday::Fri => "周五",
        Weekday::Sat => "周六",
        Weekday::Sun => "周日",
    }
}

fn clock(minute_of_day: u16) -> String {
    format!("{:02}:{:02}", minute_of_day / 60, minute_of_day % 60)
}
