//! Limits in working days (SLA-01 to SLA-04, SLA-06): from a rule and the calendar to an instant, with the
//! whole derivation.

use std::sync::Arc;

use chrono::NaiveDate;
use kernel::calendar::{CalendarError, Deadline, EndOfLimit, ExplainLanguage, Pause, Rule, WorkCalendar};
use kernel::parameters::ParameterSpec;
use kernel::{Kit, Lang, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::limit_rule::{Length, LimitRule, Measure, Question, RuleUsed, decide};
use super::{Case, Kind, Step};

/// One working day, in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// What a limit is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitName {
    /// The centre gives the order out.
    Dispatch,
    /// The unit accepts it.
    Accept,
    /// The unit reports the result.
    Close,
    /// The shift leader reviews the fresh order.
    Review,
    /// The centre reviews the result.
    ResultReview,
    /// The centre asks the citizen.
    ReturnVisit,
    /// The centre puts it away.
    Archive,
}

impl LimitName {
    /// Returns the code that is stored.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Dispatch => "dispatch",
            Self::Accept => "accept",
            Self::Close => "close",
            Self::Review => "review",
            Self::ResultReview => "result_review",
            Self::ReturnVisit => "return_visit",
            Self::Archive => "archive",
        }
    }

    /// Reads a code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "dispatch" => Some(Self::Dispatch),
            "accept" => Some(Self::Accept),
            "close" => Some(Self::Close),
            "review" => Some(Self::Review),
            "result_review" => Some(Self::ResultReview),
            "return_visit" => Some(Self::ReturnVisit),
            "archive" => Some(Self::Archive),
            _ => None,
        }
    }

    /// Returns the name on screen.
    #[must_use]
    pub fn name(self, lang: Lang) -> &'static str {
        match self {
            Self::Dispatch => lang.pick("派单时限", "Dispatch"),
            Self::Accept => lang.pick("签收时限", "Acceptance"),
            Self::Close => lang.pick("办理时限", "Handling"),
            Self::Review => lang.pick("班长审核时限", "Review"),
            Self::ResultReview => lang.pick("结果审核时限", "Review of the result"),
            Self::ReturnVisit => lang.pick("回访时限", "Return visit"),
            Self::Archive => lang.pick("归档时限", "Archive"),
        }
    }

    /// Returns the limit of a step of the centre's that has one of its own (SLA-05), where a rule sets it.
    #[must_use]
    pub fn of_step(step: Step) -> Option<Self> {
        match step {
            Step::Review => Some(Self::Review),
            Step::ResultReview => Some(Self::ResultReview),
            Step::ReturnVisit => Some(Self::ReturnVisit),
            Step::Closure => Some(Self::Archive),
            _ => None,
        }
    }
}

/// The lengths of all limits, as the city has set them.
#[derive(Clone, Debug)]
pub struct LimitRules {
    dispatch_days: u32,
    accept_days: u32,
    close_days: Vec<(Kind, u32)>,
    near_percent: i64,
    rules: Arc<Vec<LimitRule>>,
}

/// Returns the parameters from which the rules are read.
#[must_use]
pub fn parameters() -> Vec<ParameterSpec> {
    let days = |key, default: i64, zh, en| ParameterSpec { key, default: json!(default), zh, en };
    vec![
        days("cases.dispatch_days", 1, "中心派单时限（工作日）", "Limit for dispatch (working days)"),
        days("cases.accept_days", 1, "单位签收时限（工作日）", "Limit for acceptance (working days)"),
        days("cases.consult_days", 5, "咨询办理时限（工作日）", "Limit for enquiries (working days)"),
        days("cases.complaint_days", 15, "投诉办理时限（工作日）", "Limit for complaints (working days)"),
        days("cases.report_days", 30, "举报办理时限（工作日）", "Limit for reports (working days)"),
        days("cases.help_days", 15, "求助办理时限（工作日）", "Limit for requests for help (working days)"),
        days("cases.suggestion_days", 15, "建议办理时限（工作日）", "Limit for suggestions (working days)"),
        days("cases.repair_days", 15, "报修办理时限（工作日）", "Limit for repairs (working days)"),
        days("cases.praise_days", 15, "表扬办理时限（工作日）", "Limit for praise (working days)"),
        days(
            "cases.difficult_days",
            30,
            "疑难办理时限（工作日）",
            "Limit for difficult matters (working days)",
        ),
        days("cases.reflection_days", 15, "反映办理时限（工作日）", "Limit for reflections (working days)"),
        days("cases.nuisance_days", 5, "骚扰办理时限（工作日）", "Limit for nuisance (working days)"),
        days("cases.other_days", 15, "其他办理时限（工作日）", "Limit for anything else (working days)"),
        days(
            "cases.near_percent",
            20,
            "剩余时限低于百分之几时预警",
            "Yellow below this share of the limit (per cent)",
        ),
    ]
}

impl LimitRules {
    /// Reads the rules in force.
    #[must_use]
    pub fn read(kit: &Kit, rules: Arc<Vec<LimitRule>>) -> Self {
        let days = |key: &str, otherwise: i64| {
            u32::try_from(kit.parameters.i64(key, otherwise).clamp(0, 3000)).unwrap_or_default()
        };
        Self {
            dispatch_days: days("cases.dispatch_days", 1),
            accept_days: days("cases.accept_days", 1),
            close_days: Kind::ALL
                .iter()
                .map(|kind| (*kind, days(&format!("cases.{}_days", kind.code()), 15)))
                .collect(),
            near_percent: kit.parameters.i64("cases.near_percent", 20).clamp(0, 100),
            rules,
        }
    }

    /// Returns the length of a limit of `case`, in working days.
    #[must_use]
    pub fn days(&self, name: LimitName, kind: Kind) -> u32 {
        match name {
            LimitName::Dispatch => self.dispatch_days,
            LimitName::Accept => self.accept_days,
            LimitName::Close => {
                self.close_days.iter().find(|(of, _)| *of == kind).map_or(15, |(_, days)| *days)
            }
            // Only a rule gives these a length.
            LimitName::Review | LimitName::ResultReview | LimitName::ReturnVisit | LimitName::Archive => 0,
        }
    }

    /// Computes a limit: by the most specific rule, else by the order's tier, else by its type.
    ///
    /// # Errors
    /// When the calendar cannot compute it.
    pub fn limit_for(
        &self,
        calendar: &WorkCalendar,
        question: &Question<'_>,
    ) -> Result<Limit, CalendarError> {
        let (length, near_percent, rule) = match decide(&self.rules, question) {
            Some((length, near_percent, rule)) => (length, near_percent, Some(rule)),
            None => (Length::working_days(self.days(question.name, question.kind)), None, None),
        };
        let near_percent = near_percent.unwrap_or(self.near_percent);
        let limit =
            Limit::compute_measured(calendar, question.name, length, 0, near_percent, question.start, &[])?;
        Ok(Limit { rule, ..limit })
    }

    /// Tells whether any rule sets this limit.
    #[must_use]
    pub fn sets(&self, name: LimitName) -> bool {
        self.rules.iter().any(|rule| rule.active && rule.name == name)
    }

    /// Returns the share of a limit below which it is yellow.
    #[must_use]
    pub fn near_percent(&self) -> i64 {
        self.near_percent
    }
}

/// A limit that runs or has run.
#[derive(Clone, Debug)]
pub struct Limit {
    /// What it is for.
    pub name: LimitName,
    /// When it began.
    pub start_at: Timestamp,
    /// When it turns yellow.
    pub yellow_at: Timestamp,
    /// The last instant in time.
    pub due_at: Timestamp,
    /// How that came about.
    pub deadline: Deadline,
    /// How it is counted.
    pub measure: Measure,
    /// What decided its length; none when it was the type alone.
    pub rule: Option<RuleUsed>,
}

/// One line of an explanation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExplainedLine {
    /// The text.
    pub text: String,
    /// The first day it is about.
    pub from: NaiveDate,
    /// The last day it is about.
    pub to: NaiveDate,
}

impl Limit {
    /// Computes a limit of `days` working days.
    ///
    /// # Errors
    /// When the calendar cannot compute it.
    pub fn compute(
        calendar: &WorkCalendar,
        name: LimitName,
        days: u32,
        near_percent: i64,
        start: Timestamp,
    ) -> Result<Self, CalendarError> {
        Self::compute_paused(calendar, name, days, near_percent, start, &[])
    }

    /// Computes a limit of `days` working days that did not run during `pauses`.
    ///
    /// # Errors
    /// When the calendar cannot compute it.
    pub fn compute_paused(
        calendar: &WorkCalendar,
        name: LimitName,
        days: u32,
        near_percent: i64,
        start: Timestamp,
        pauses: &[Pause],
    ) -> Result<Self, CalendarError> {
        Self::compute_measured(calendar, name, Length::working_days(days), 0, near_percent, start, pauses)
    }

    /// Computes a limit of any measure that was extended by working days and did not run during `pauses`.
    ///
    /// # Errors
    /// When the calendar cannot compute it.
    pub fn compute_measured(
        calendar: &WorkCalendar,
        name: LimitName,
        length: Length,
        extended_days: u32,
        near_percent: i64,
        start: Timestamp,
        pauses: &[Pause],
    ) -> Result<Self, CalendarError> {
        let paused_ms: i64 = pauses.iter().map(|pause| (pause.to_ms - pause.from_ms).max(0)).sum();
        let (deadline, yellow) = match length.measure {
            Measure::WorkingDays => {
                let days = length.amount.saturating_add(extended_days);
                let deadline =
                    calendar.add_working_days_with_pauses(start.0, days, Rule::default(), pauses)?;
                let yellow = yellow_at(calendar, start, Timestamp(deadline.due_ms), near_percent)?;
                (deadline, yellow)
            }
            Measure::Days => {
                // A pause costs as many days as it took, begun ones included.
                let paused_days = u32::try_from((paused_ms + DAY_MS - 1) / DAY_MS).unwrap_or(u32::MAX);
                let days = length.amount.saturating_add(paused_days);
                let deadline = calendar.add_calendar_days(start.0, days, Rule::default())?;
                let deadline = longer(calendar, deadline, start, extended_days)?;
                let yellow = by_the_clock(start, deadline.due_ms, near_percent);
                (deadline, yellow)
            }
            Measure::Hours => {
                let due_ms = start.0 + i64::from(length.amount) * 3_600_000 + paused_ms;
                let deadline = Deadline {
                    due_ms,
                    last_date: calendar.date_at(due_ms)?,
                    days: length.amount,
                    working_days: false,
                    end: EndOfLimit::SameTime,
                    derivation: Vec::new(),
                    unannounced_years: Vec::new(),
                    calendar_version: calendar.version().to_owned(),
                    zone: calendar.zone_name().to_owned(),
                };
                let deadline = longer(calendar, deadline, start, extended_days)?;
                let yellow = by_the_clock(start, deadline.due_ms, near_percent);
                (deadline, yellow)
            }
        };
        Ok(Self {
            name,
            start_at: start,
            yellow_at: yellow,
            due_at: Timestamp(deadline.due_ms),
            deadline,
            measure: length.measure,
            rule: None,
        })
    }

    /// Explains a limit that is counted by the clock.
    #[must_use]
    pub fn explain_hours(&self, hours: i64, zone: &str, lang: Lang) -> Vec<ExplainedLine> {
        let at = |ms: i64| kernel::http::local_time(zone, ms);
        let (start, due) = (at(self.start_at.0), at(self.due_at.0));
        let line = |text| ExplainedLine { text, from: self.deadline.last_date, to: self.deadline.last_date };
        let mut lines = vec![line(lang.pick(
            format!("自{start}起按自然小时连续计时{hours}小时，夜间和节假日计入"),
            format!("{hours} hours by the clock from {start}, nights and holidays included"),
        ))];
        let whole_ms = self.due_at.0 - self.start_at.0 - hours * 3_600_000;
        if whole_ms >= 60_000 {
            let minutes = whole_ms / 60_000;
            lines.push(line(lang.pick(
                format!("暂停或延期共{}小时{}分，顺延", minutes / 60, minutes % 60),
                format!("moved on by {} h {} min of pauses or extensions", minutes / 60, minutes % 60),
            )));
        }
        lines.push(line(lang.pick(format!("截止{due}"), format!("due {due}"))));
        lines
    }

    /// Explains the limit line by line.
    #[must_use]
    pub fn explain(deadline: &Deadline, lang: Lang) -> Vec<ExplainedLine> {
        deadline
            .explain(lang.pick(ExplainLanguage::Zh, ExplainLanguage::En))
            .into_iter()
            .map(|line| ExplainedLine { text: line.text, from: line.from, to: line.to })
            .collect()
    }
}

/// Makes a limit longer by working days.
fn longer(
    calendar: &WorkCalendar,
    deadline: Deadline,
    start: Timestamp,
    extended_days: u32,
) -> Result<Deadline, CalendarError> {
    if extended_days == 0 {
        return Ok(deadline);
    }
    let extended = calendar.add_working_days(deadline.due_ms.max(start.0), extended_days, Rule::default())?;
    let mut derivation = deadline.derivation;
    derivation.extend(extended.derivation);
    Ok(Deadline { due_ms: extended.due_ms, last_date: extended.last_date, derivation, ..deadline })
}

/// Returns when less than `near_percent` of the time remains, nights included; of a short limit, half of it.
fn by_the_clock(start: Timestamp, due_ms: i64, near_percent: i64) -> Timestamp {
    let whole_ms = (due_ms - start.0).max(0);
    let share = if whole_ms <= 2 * DAY_MS { near_percent.clamp(25, 50) } else { near_percent };
    Timestamp(due_ms - whole_ms * share / 100)
}

/// Returns when less than `near_percent` of the working time, or less than one working day, remains; a limit
/// of a day or two is yellow in its second half only, or it would never be green. Days off do not count, so
/// a limit does not turn yellow during a long holiday only because time passes.
fn yellow_at(
    calendar: &WorkCalendar,
    start: Timestamp,
    due: Timestamp,
    near_percent: i64,
) -> Result<Timestamp, CalendarError> {
    // The limit ends with the last millisecond of a day; counted in whole days it ends with the next one.
    let end = due.0 + 1;
    let whole_ms = calendar.working_ms_between(start.0, end, &[])?;
    let left_ms = (whole_ms * near_percent / 100).max(DAY_MS).min(whole_ms / 2);
    if whole_ms <= left_ms {
        return Ok(start);
    }
    let mut date = calendar.date_at(due.0)?;
    loop {
        let begin = calendar.start_of(date)?;
        let remaining_ms = calendar.working_ms_between(begin, end, &[])?;
        if remaining_ms >= left_ms && calendar.is_working(date) {
            return Ok(Timestamp((begin + remaining_ms - left_ms).max(start.0)));
        }
        match date.pred_opt() {
            Some(earlier) if begin > start.0 => date = earlier,
            _ => return Ok(start),
        }
    }
}

impl Case {
    /// Puts the instants of the limit that runs now into the order.
    pub(crate) fn run_limit(&mut self, limit: Option<&Limit>) {
        self.due_at = limit.map(|limit| limit.due_at);
        self.yellow_at = limit.map(|limit| limit.yellow_at);
    }
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, FixedOffset};
    use kernel::Timestamp;
    use kernel::calendar::WorkCalendar;

    use super::{Limit, LimitName};

    fn at(text: &str) -> Timestamp {
        let zone = FixedOffset::east_opt(8 * 3600).unwrap();
        let time = chrono::NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M").unwrap();
        Timestamp(time.and_local_timezone(zone).unwrap().timestamp_millis())
    }

    fn shown(at: Timestamp) -> String {
        let zone = FixedOffset::east_opt(8 * 3600).unwrap();
        DateTime::from_timestamp_millis(at.0).unwrap().with_timezone(&zone).format("%m-%d %H:%M").to_string()
    }

    #[track_caller]
    fn check(days: u32, start: &str, yellow: &str, due: &str) {
        let calendar = WorkCalendar::china("Asia/Shanghai").unwrap();
        let limit = Limit::compute(&calendar, LimitName::Close, days, 20, at(start)).unwrap();
        assert_eq!((shown(limit.yellow_at), shown(limit.due_at)), (yellow.to_owned(), due.to_owned()));
    }

    /// 2025: National Day and Mid-Autumn are off from 1 to 8 October; 28 September and 11 October are worked.
    #[test]
    fn limits_across_national_day() {
        // Enquiry accepted on Friday 26 September: 28 (make-up Sunday), 29, 30, 9 and 10 October.
        check(5, "2025-09-26 10:00", "10-09 21:12", "10-10 23:59");
        // Acceptance of what was dispatched on 30 September is due on the first working day after the holiday.
        check(1, "2025-09-30 16:00", "10-09 08:00", "10-09 23:59");
        // A complaint: 28 to 30 September, 9 to 11, 13 to 17, 20 to 23 October.
        check(15, "2025-09-26 10:00", "10-20 21:12", "10-23 23:59");
    }

    #[test]
    fn an_ordinary_week() {
        // Monday to Tuesday; yellow in the second half.
        check(1, "2026-03-02 10:00", "03-03 05:00", "03-03 23:59");
        // Dispatched on a Sunday: green until noon of the only day.
        check(1, "2026-03-08 10:00", "03-09 12:00", "03-09 23:59");
        check(5, "2026-03-02 10:00", "03-06 21:12", "03-09 23:59");
    }
}
