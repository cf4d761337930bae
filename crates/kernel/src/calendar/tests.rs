//! Deadlines worked out by hand, and every day of seventeen years.

use std::path::PathBuf;

use chrono::{DateTime, NaiveDate};

use super::*;

fn china() -> WorkCalendar {
    WorkCalendar::china("Asia/Shanghai").unwrap()
}

fn ms(text: &str) -> i64 {
    DateTime::parse_from_rfc3339(&format!("{}+08:00", text.replace(' ', "T"))).unwrap().timestamp_millis()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn wall(at_ms: i64) -> String {
    let utc = DateTime::from_timestamp_millis(at_ms).unwrap();
    utc.with_timezone(&chrono_tz::Asia::Shanghai).format("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

fn check(start: &str, n: u32, rule: Rule, expected: &str) -> Deadline {
    let deadline = china().add_working_days(ms(start), n, rule).unwrap();
    assert_eq!(wall(deadline.due_ms), expected, "{n} working days from {start}");
    if !rule.first_day_counted && n > 0 {
        let between = china().working_days_between(ms(start), deadline.due_ms, &[]).unwrap();
        assert_eq!(between, i64::from(n), "working days between {start} and {expected}");
    }
    deadline
}

const CIVIL: Rule = Rule { first_day_counted: false, end: EndOfLimit::EndOfDay };

#[test]
fn every_day_agrees_with_the_published_calendar() {
    let root = std::env::var_os("YIHAO_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")),
        PathBuf::from,
    );
    let Ok(text) = std::fs::read_to_string(root.join("calendar/cn_days_2010_2026.csv")) else {
        eprintln!("skipped: no calendar/cn_days_2010_2026.csv under {}", root.display());
        return;
    };
    let calendar = china();
    let mut days = 0;
    for line in text.lines().skip(1) {
        let mut fields = line.split(',');
        let (day, working) = (date(fields.next().unwrap()), fields.next().unwrap() == "1");
        assert_eq!(calendar.is_working(day), working, "{day}");
        days += 1;
    }
    assert_eq!(days, 6_209);
}

#[test]
fn national_day_2025_is_skipped_and_its_make_up_days_count() {
    check("2025-09-30 15:00:00", 1, CIVIL, "2025-10-09 23:59:59.999");
    check("2025-09-30 15:00:00", 3, CIVIL, "2025-10-11 23:59:59.999");
    check("2025-09-30 15:00:00", 5, CIVIL, "2025-10-14 23:59:59.999");
    // Sunday 28 September was a working day.
    check("2025-09-26 09:00:00", 1, CIVIL, "2025-09-28 23:59:59.999");
    // Begun in the middle of the holiday: the same as on its eve.
    check("2025-10-04 12:00:00", 1, CIVIL, "2025-10-09 23:59:59.999");
}

#[test]
fn spring_festival_2026_is_skipped_and_its_make_up_days_count() {
    check("2026-02-13 17:30:00", 1, CIVIL, "2026-02-14 23:59:59.999");
    check("2026-02-13 17:30:00", 2, CIVIL, "2026-02-24 23:59:59.999");
    check("2026-02-13 17:30:00", 6, CIVIL, "2026-02-28 23:59:59.999");
    check("2026-02-13 17:30:00", 7, CIVIL, "2026-03-02 23:59:59.999");
}

#[test]
fn the_first_day_and_the_end_are_parameters() {
    let first = Rule { first_day_counted: true, ..CIVIL };
    check("2025-11-03 09:00:00", 1, first, "2025-11-03 23:59:59.999");
    check("2025-11-03 09:00:00", 5, first, "2025-11-07 23:59:59.999");
    check("2025-11-01 09:00:00", 1, first, "2025-11-03 23:59:59.999");
    let closing = Rule { end: EndOfLimit::Closing { minute_of_day: 17 * 60 + 30 }, ..CIVIL };
    check("2025-11-03 09:00:00", 5, closing, "2025-11-10 17:30:00.000");
    let same = Rule { end: EndOfLimit::SameTime, ..CIVIL };
    check("2025-11-03 09:12:13", 5, same, "2025-11-10 09:12:13.000");
    check("2025-11-03 09:12:13", 0, same, "2025-11-03 09:12:13.000");
    check("2025-11-01 09:12:13", 0, CIVIL, "2025-11-03 23:59:59.999");
    // Closed already when it began: never due before its beginning.
    check("2025-11-03 20:00:00", 0, closing, "2025-11-03 20:00:00.000");
    let bad = Rule { end: EndOfLimit::Closing { minute_of_day: 1_440 }, ..CIVIL };
    assert!(matches!(china().add_working_days(0, 1, bad), Err(CalendarError::OutOfRange(_))));
}

#[test]
fn a_day_begins_at_midnight_of_the_zone() {
    check("2025-11-03 23:59:59.999", 1, CIVIL, "2025-11-04 23:59:59.999");
    check("2025-11-04 00:00:00", 1, CIVIL, "2025-11-05 23:59:59.999");
    assert_eq!(china().date_at(ms("2025-11-04 00:00:00")).unwrap(), date("2025-11-04"));
    assert_eq!(china().date_at(ms("2025-11-04 00:00:00") - 1).unwrap(), date("2025-11-03"));
    // 00:30 on the 4th in Shanghai is still the 3rd in London.
    let london = WorkCalendar::china("Europe/London").unwrap();
    assert_eq!(london.date_at(ms("2025-11-04 00:30:00")).unwrap(), date("2025-11-03"));
}

#[test]
fn days_of_a_zone_with_clock_changes_keep_their_civil_length() {
    let london = WorkCalendar::new("Europe/London", "t", [2025], []).unwrap();
    let day_ms = |text| london.end_of(date(text)).unwrap() + 1 - london.start_of(date(text)).unwrap();
    assert_eq!(day_ms("2025-03-30"), 23 * 3_600_000);
    assert_eq!(day_ms("2025-10-26"), 25 * 3_600_000);
    // Midnight of 2025-04-25 does not exist in Cairo: the day begins at 01:00.
    let cairo = WorkCalendar::new("Africa/Cairo", "t", [2025], []).unwrap();
    assert_eq!(cairo.end_of(date("2025-04-24")).unwrap() + 1, cairo.start_of(date("2025-04-25")).unwrap());
    for day in ["2025-01-01", "2025-07-01"] {
        assert_eq!(china().end_of(date(day)).unwrap() + 1 - china().start_of(date(day)).unwrap(), 86_400_000);
    }
}

#[test]
fn calendar_days_move_off_a_holiday_at_the_end_only() {
    let deadline = china().add_calendar_days(ms("2025-09-30 10:00:00"), 3, CIVIL).unwrap();
    assert_eq!(wall(deadline.due_ms), "2025-10-09 23:59:59.999");
    let deadline = china().add_calendar_days(ms("2025-09-30 10:00:00"), 15, CIVIL).unwrap();
    assert_eq!(wall(deadline.due_ms), "2025-10-15 23:59:59.999");
    let deadline = china().add_calendar_days(ms("2025-11-06 10:00:00"), 2, CIVIL).unwrap();
    assert_eq!(wall(deadline.due_ms), "2025-11-10 23:59:59.999");
    let lines: Vec<String> =
        deadline.explain(ExplainLanguage::Zh).into_iter().map(|line| line.text).collect();
    assert_eq!(
        lines,
        [
            "11月6日（周四） 起算当日，不计入",
            "11月7日（周五），计第1日",
            "11月8日至9日 期满日逢周末，顺延",
            "11月10日（周一） 工作日，为期限最后一日",
            "期限2日，截止2025年11月10日（周一）24:00",
        ]
    );
}

#[test]
fn a_pause_costs_the_working_days_that_end_in_it() {
    let add = |pauses: &[Pause]| {
        let deadline =
            china().add_working_days_with_pauses(ms("2025-11-03 09:00:00"), 5, CIVIL, pauses).unwrap();
        let days = china().working_days_between(ms("2025-11-03 09:00:00"), deadline.due_ms, pauses).unwrap();
        assert_eq!(days, 5);
        wall(deadline.due_ms)
    };
    let pause = |from, to| Pause { from_ms: ms(from), to_ms: ms(to) };
    assert_eq!(add(&[]), "2025-11-10 23:59:59.999");
    assert_eq!(add(&[pause("2025-11-04 10:00:00", "2025-11-04 18:00:00")]), "2025-11-10 23:59:59.999");
    assert_eq!(add(&[pause("2025-11-04 10:00:00", "2025-11-06 15:00:00")]), "2025-11-12 23:59:59.999");
    // Overlapping pauses cost no day twice; a pause over the weekend costs nothing.
    let overlapping = [
        pause("2025-11-04 10:00:00", "2025-11-06 15:00:00"),
        pause("2025-11-05 10:00:00", "2025-11-06 16:00:00"),
    ];
    assert_eq!(add(&overlapping), "2025-11-12 23:59:59.999");
    assert_eq!(add(&[pause("2025-11-08 00:00:00", "2025-11-09 23:00:00")]), "2025-11-10 23:59:59.999");
}

#[test]
fn working_time_leaves_out_days_off_and_pauses() {
    let calendar = china();
    let between = |from, to, pauses: &[Pause]| calendar.working_ms_between(ms(from), ms(to), pauses).unwrap();
    assert_eq!(between("2025-09-30 12:00:00", "2025-10-09 12:00:00", &[]), 86_400_000);
    assert_eq!(between("2025-10-09 12:00:00", "2025-09-30 12:00:00", &[]), 0);
    let pauses = [
        Pause { from_ms: ms("2025-10-09 01:00:00"), to_ms: ms("2025-10-09 03:00:00") },
        Pause { from_ms: ms("2025-10-09 02:00:00"), to_ms: ms("2025-10-09 04:00:00") },
    ];
    assert_eq!(between("2025-10-09 00:00:00", "2025-10-09 12:00:00", &pauses), 9 * 3_600_000);
    assert_eq!(
        calendar.working_days_between(ms("2025-10-10 00:00:00"), ms("2025-09-30 00:00:00"), &[]),
        Ok(-2)
    );
}

#[test]
fn an_explanation_compresses_runs() {
    let deadline = check("2025-09-29 15:00:00", 5, CIVIL, "2025-10-13 23:59:59.999");
    let text =
        |language| -> Vec<String> { deadline.explain(language).into_iter().map(|line| line.text).collect() };
    assert_eq!(
        text(ExplainLanguage::Zh),
        [
            "9月29日（周一） 起算当日，不计入",
            "9月30日（周二） 工作日，计第1日",
            "10月1日至8日 国庆节、中秋节放假，不计入",
            "10月9日至10日 工作日，计第2至3日",
            "10月11日（周六） 国庆节、中秋节调休上班，计第4日",
            "10月12日（周日） 周末，不计入",
            "10月13日（周一） 工作日，计第5日",
            "期限5个工作日，截止2025年10月13日（周一）24:00",
        ]
    );
    assert_eq!(
        text(ExplainLanguage::En),
        [
            "Mon 29 Sep: the period begins, not counted",
            "Tue 30 Sep: working day, counted as day 1",
            "1 to 8 Oct: holiday (国庆节、中秋节), not counted",
            "9 to 10 Oct: working days, counted as days 2 to 3",
            "Sat 11 Oct: make-up working day for 国庆节、中秋节, counted as day 4",
            "Sun 12 Oct: weekend, not counted",
            "Mon 13 Oct: working day, counted as day 5",
            "5 working days, due Mon 13 Oct 2025 at 24:00",
        ]
    );
}

#[test]
fn a_year_without_a_notice_is_provisional_but_keeps_what_the_law_fixes() {
    let calendar = WorkCalendar::china("Asia/Shanghai").unwrap();
    let year = (2020..2100).find(|year| !calendar.is_announced(*year)).unwrap();
    let start = ms(&format!("{}-12-31 10:00:00", year - 1));
    let deadline = calendar.add_working_days(start, 1, CIVIL).unwrap();
    assert_eq!(deadline.unannounced_years, [year]);
    assert_eq!(
        calendar.day(NaiveDate::from_ymd_opt(year, 1, 1).unwrap()),
        Day::Holiday { name: "元旦".to_owned() }
    );
    let lines = deadline.explain(ExplainLanguage::Zh);
    assert!(
        lines.iter().any(|line| line.text.starts_with(&format!("{year}年放假安排尚未公布"))),
        "{lines:?}"
    );
    assert!(check("2025-11-03 09:00:00", 5, CIVIL, "2025-11-10 23:59:59.999").unannounced_years.is_empty());
}

#[test]
fn a_city_changes_single_days() {
    let off = SpecialDay { date: date("2025-11-04"), off: true, name: "台风停工".to_owned() };
    let calendar = china().with_day(off).with_version("yunzhou-7");
    let deadline = calendar.add_working_days(ms("2025-11-03 09:00:00"), 1, CIVIL).unwrap();
    assert_eq!(
        (wall(deadline.due_ms).as_str(), deadline.calendar_version.as_str()),
        ("2025-11-05 23:59:59.999", "yunzhou-7")
    );
}

#[test]
fn nonsense_is_refused_and_never_hangs() {
    for zone in ["", "Asia/Atlantis", "asia shanghai", "../etc/passwd", "\u{0}"] {
        assert_eq!(WorkCalendar::china(zone).unwrap_err(), CalendarError::UnknownZone(zone.to_owned()));
    }
    let calendar = china();
    for at_ms in [i64::MIN, i64::MAX, -3_000_000_000_000, 8_000_000_000_000] {
        assert!(calendar.add_working_days(at_ms, 1, CIVIL).is_err());
        assert!(calendar.working_days_between(0, at_ms, &[]).is_err());
        assert!(calendar.working_ms_between(at_ms, 0, &[]).is_err());
    }
    assert!(calendar.add_working_days(0, u32::MAX, CIVIL).is_err());
    assert!(calendar.add_calendar_days(0, 3_661, CIVIL).is_err());
    assert!(calendar.add_working_days(0, 3_660, CIVIL).is_ok());
    let forever = Pause { from_ms: 0, to_ms: i64::MAX };
    assert!(calendar.add_working_days_with_pauses(0, 1, CIVIL, &[forever]).is_err());
    let year_off = (0..2_000).filter_map(|n| date("2025-01-01").checked_add_days(chrono::Days::new(n)));
    let days = year_off.map(|date| SpecialDay { date, off: true, name: "off".to_owned() });
    let never = WorkCalendar::new("Asia/Shanghai", "t", [], days).unwrap();
    assert!(never.add_working_days(ms("2025-01-01 00:00:00"), 1, CIVIL).is_err());
    assert!(never.add_calendar_days(ms("2025-01-01 00:00:00"), 1, CIVIL).is_err());
}

#[test]
fn a_deadline_survives_serialisation() {
    let deadline = check("2025-09-29 15:00:00", 5, CIVIL, "2025-10-13 23:59:59.999");
    let json = serde_json::to_string(&deadline).unwrap();
    assert_eq!(serde_json::from_str::<Deadline>(&json).unwrap(), deadline);
}
