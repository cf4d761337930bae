//! What a planner would miss in a forecast.

use std::collections::BTreeMap;

use chrono::{Datelike as _, Days, NaiveDate, NaiveDateTime};
use proptest::prelude::*;
use wfm::DayKind;
use wfm::forecast::{CallModel, ForecastError, Observation};

fn day(offset: u64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 5).expect("a Monday") + Days::new(offset)
}

fn slot(date: NaiveDate, half_hour: u32) -> NaiveDateTime {
    date.and_hms_opt(half_hour / 2, half_hour % 2 * 30, 0).expect("a time of day")
}

/// Half-hours from eight to eighteen; Mondays have half as many again, mornings twice as many.
fn calls(date: NaiveDate, half_hour: u32) -> f64 {
    let busy = if date.weekday().num_days_from_monday() == 0 { 1.5 } else { 1.0 };
    let morning = if half_hour < 24 { 2.0 } else { 1.0 };
    (20.0 * busy * morning * (1.0 + 0.02 * f64::from((date.day() * 7 + half_hour * 3) % 5))).round()
}

fn working_days(from: u64, to: u64) -> Vec<NaiveDate> {
    (from..to).map(day).filter(|date| date.weekday().num_days_from_monday() < 5).collect()
}

fn history(days: &[NaiveDate]) -> Vec<Observation> {
    days.iter()
        .flat_map(|date| {
            (16..36)
                .map(|half_hour| Observation { at: slot(*date, half_hour), count: calls(*date, half_hour) })
        })
        .collect()
}

#[test]
fn weekday_and_time_of_day_are_learnt() {
    let model = CallModel::fit(&history(&working_days(0, 84)), &BTreeMap::new()).expect("enough days");
    for date in working_days(84, 112) {
        for half_hour in 16..36 {
            let told = model.forecast(&[slot(date, half_hour)])[0];
            let came = calls(date, half_hour);
            assert!((told.mean - came).abs() < came * 0.15, "{told:?}, came {came}");
        }
    }
}

#[test]
fn the_day_after_a_break_is_fuller() {
    let days: Vec<NaiveDate> =
        working_days(0, 140).into_iter().filter(|date| ![30, 58, 93].map(day).contains(date)).collect();
    let mut counts = history(&days);
    for count in &mut counts {
        if [31, 59, 94].map(day).contains(&count.at.date()) {
            count.count *= 1.4;
        }
    }
    let model = CallModel::fit(&counts, &BTreeMap::new()).expect("enough days");
    let (wednesday, thursday) = (day(142), day(143));
    let usual =
        model.forecast(&[slot(day(140), 20), slot(day(141), 20), slot(wednesday, 20), slot(thursday, 20)]);
    let skipped = model.forecast(&[slot(day(140), 20), slot(day(141), 20), slot(thursday, 20)]);
    assert!(skipped[2].mean > usual[3].mean * 1.15, "{} against {}", skipped[2].mean, usual[3].mean);
}

#[test]
fn a_holiday_that_was_seen_is_expected_again() {
    let holidays = [23, 46, 71].map(day);
    let mut counts = history(&working_days(0, 98));
    for count in &mut counts {
        if holidays.contains(&count.at.date()) {
            count.count = (count.count * 0.3).round();
        }
    }
    let next = day(102);
    let kinds: BTreeMap<_, _> = holidays.into_iter().chain([next]).map(|d| (d, DayKind::Holiday)).collect();
    let model = CallModel::fit(&counts, &kinds).expect("enough days");
    let told = model.forecast(&[slot(next, 20)])[0].mean;
    assert!(told < calls(next, 20) * 0.6, "{told}");
}

#[test]
fn four_of_five_fall_into_the_interval() {
    // A generator of its own: the same noise on every machine.
    let mut seed = 12_345_u64;
    let mut noise = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        #[expect(clippy::cast_precision_loss, reason = "noise")]
        let unit = (seed >> 11) as f64 / (1_u64 << 53) as f64;
        (unit - 0.5) * 20.0
    };
    let mut counts = history(&working_days(0, 200));
    for count in &mut counts {
        count.count = (count.count + noise()).max(0.0).round();
    }
    let (past, future): (Vec<_>, Vec<_>) = counts.iter().partition(|count| count.at.date() < day(170));
    let model = CallModel::fit(&past, &BTreeMap::new()).expect("enough days");
    let told = model.forecast(&future.iter().map(|count| count.at).collect::<Vec<_>>());
    let within = told.iter().zip(&future).filter(|(t, came)| (t.low..=t.high).contains(&came.count)).count();
    let share = within * 100 / future.len();
    assert!((72..=88).contains(&share), "{share} %");
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let mut counts = history(&working_days(0, 60));
    let asked = [slot(day(63), 20)];
    let told = CallModel::fit(&counts, &BTreeMap::new()).expect("enough days").forecast(&asked);
    counts.reverse();
    assert_eq!(CallModel::fit(&counts, &BTreeMap::new()).expect("enough days").forecast(&asked), told);
}

#[test]
fn too_little_and_nonsense_are_refused() {
    let short = history(&working_days(0, 10));
    assert_eq!(
        CallModel::fit(&short, &BTreeMap::new()).expect_err("two weeks are needed"),
        ForecastError::TooShort { days: 8 }
    );
    let mut bad = history(&working_days(0, 60));
    bad[7].count = f64::NAN;
    assert!(matches!(CallModel::fit(&bad, &BTreeMap::new()), Err(ForecastError::BadCount { .. })));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_history_gives_finite_figures(
        counts in proptest::collection::vec(0.0_f64..1e6, 400..900),
        gaps in proptest::collection::vec(0_u64..4, 60),
        ahead in 1_u64..400,
    ) {
        let mut date = day(0);
        let mut history = Vec::new();
        for (i, count) in counts.iter().enumerate() {
            if i % 15 == 0 {
                date = date + Days::new(1 + gaps[i / 15]);
            }
            history.push(Observation { at: slot(date, u32::try_from(i % 15 + 10).expect("small")), count: *count });
        }
        if let Ok(model) = CallModel::fit(&history, &BTreeMap::new()) {
            for told in model.forecast(&[slot(date + Days::new(ahead), 3), slot(date + Days::new(ahead), 12)]) {
                prop_assert!(told.mean.is_finite() && told.high.is_finite());
                prop_assert!(0.0 <= told.low && told.low <= told.mean && told.mean <= told.high, "{told:?}");
            }
        }
    }
}
