//! The state of the demonstration city: weather, roads and environment of the last day, and how they go on. The same
//! instant gives the same state, so that what was seeded and what is simulated fit together.

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use geo::Point;
use kernel::{BoxError, Ctx, Timestamp};
use map::feed::{FeedKind, State};

use super::data::{DemoCity, District};
use crate::City;

/// Who is said to push.
const OFFICES: [(FeedKind, &str); 3] = [
    (FeedKind::Weather, "市气象局"),
    (FeedKind::Road, "市交警支队"),
    (FeedKind::Environment, "市生态环境局"),
];
/// The course that is there from the beginning, and how close its states are, in milliseconds.
const PAST_MS: i64 = 24 * 3_600_000;
const EVERY_MS: i64 = 30 * 60_000;
/// Main roads with their course.
const ROADS: [(&str, &[Point]); 8] = [
    ("二环路东段", &[[112.556, 30.226], [112.558, 30.238], [112.556, 30.250]]),
    ("二环路西段", &[[112.494, 30.226], [112.492, 30.238], [112.494, 30.250]]),
    ("二环路南段", &[[112.508, 30.213], [112.525, 30.212], [112.542, 30.213]]),
    ("云穗大道", &[[112.551, 30.225], [112.577, 30.212], [112.602, 30.199]]),
    ("青砚大道", &[[112.504, 30.242], [112.483, 30.247], [112.462, 30.251]]),
    ("枫江大道", &[[112.509, 30.225], [112.494, 30.211], [112.478, 30.198]]),
    ("北辰大道", &[[112.522, 30.252], [112.520, 30.266], [112.517, 30.280]]),
    ("霁岭大道", &[[112.541, 30.251], [112.557, 30.264], [112.574, 30.277]]),
];

/// Fills the last day, and gives each office a key that nobody knows.
pub(super) async fn create(city: &City, ctx: &Ctx, written: &DemoCity) -> Result<(), BoxError> {
    let now = ctx.now;
    let zone: chrono_tz::Tz = city.kit.config.zone.parse().map_err(|_| "the configured zone is unknown")?;
    for (kind, office) in OFFICES {
        city.map.add_feed_source(ctx, office, &[kind]).await?;
    }
    let mut at = now.plus_millis(-PAST_MS);
    while at <= now {
        for (kind, office) in OFFICES {
            city.map.take_states(kind, office, &states(kind, &written.districts, at, zone), now).await?;
        }
        at = at.plus_millis(EVERY_MS);
    }
    Ok(())
}

/// Returns the state of a kind at an instant.
pub(crate) fn states(
    kind: FeedKind,
    districts: &[District],
    at: Timestamp,
    zone: chrono_tz::Tz,
) -> Vec<State> {
    let hour = hour_of(at, zone);
    match kind {
        FeedKind::Weather => {
            districts.iter().enumerate().map(|(number, one)| weather(one, number, at, hour)).collect()
        }
        FeedKind::Road => {
            ROADS.iter().enumerate().map(|(number, road)| traffic(*road, number, at, hour)).collect()
        }
        FeedKind::Environment => {
            districts.iter().enumerate().map(|(number, one)| air(one, number, at, hour)).collect()
        }
    }
}

fn hour_of(at: Timestamp, zone: chrono_tz::Tz) -> f64 {
    use chrono::Timelike as _;
    chrono::DateTime::from_timestamp_millis(at.0).map_or(0.0, |instant| {
        let local = instant.with_timezone(&zone);
        f64::from(local.hour()) + f64::from(local.minute()) / 60.0
    })
}

/// A slow wave of its own for each thing, -1 to 1.
#[expect(clippy::cast_precision_loss, reason = "minutes and small numbers")]
fn wave(at: Timestamp, number: usize, hours: f64) -> f64 {
    let minutes = (at.0 / 60_000) as f64;
    ((minutes / 60.0 / hours + number as f64 * 0.37).fract() * TAU).sin()
}

fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn figures<const N: usize>(list: [(&str, f64); N]) -> BTreeMap<String, f64> {
    list.into_iter().map(|(name, value)| (name.to_owned(), tenth(value))).collect()
}

fn middle(district: &District) -> Point {
    let sum =
        district.streets.iter().fold([0.0, 0.0], |[x, y], street| [x + street.centre.0, y + street.centre.1]);
    #[expect(clippy::cast_precision_loss, reason = "a handful of streets")]
    sum.map(|value| value / district.streets.len().max(1) as f64)
}

fn weather(district: &District, number: usize, at: Timestamp, hour: f64) -> State {
    let rain = (wave(at, 0, 31.0) + 0.25 * wave(at, number, 7.0) - 0.55).max(0.0) * 26.0;
    let temp = 13.0 + 5.5 * ((hour - 14.5) / 24.0 * TAU).cos() - rain * 0.15 + 0.4 * wave(at, number, 5.0);
    let wind = 2.4 + 1.6 * wave(at, 1, 17.0) + 0.5 * wave(at, number, 3.0) + rain * 0.12;
    let severity = match rain {
        rain if rain >= 10.0 => 2,
        rain if rain >= 4.0 => 1,
        _ => 0,
    };
    let text = match severity {
        2 => "大雨，注意低洼处积水",
        1 => "中雨",
        _ if rain > 0.0 => "小雨",
        _ if wave(at, 0, 31.0) > 0.2 => "阴",
        _ => "多云",
    };
    State {
        id: format!("weather-{}", district.code),
        at,
        until: None,
        name: format!("{}气象站", district.name),
        severity,
        place: middle(district),
        line: Vec::new(),
        text: text.to_owned(),
        figures: figures([
            ("temp_c", temp),
            ("rain_mm_h", rain),
            ("wind_ms", wind.max(0.2)),
            ("humidity_pct", (62.0 + rain * 2.0 - 9.0 * ((hour - 14.5) / 24.0 * TAU).cos()).min(98.0)),
        ]),
    }
}

fn traffic((name, line): (&str, &[Point]), number: usize, at: Timestamp, hour: f64) -> State {
    let peak = |centre: f64, width: f64| (-((hour - centre) / width).powi(2)).exp();
    let load = 0.25
        + 0.6 * peak(8.2, 1.1)
        + 0.65 * peak(18.0, 1.4)
        + 0.15 * peak(13.0, 3.0)
        + 0.12 * wave(at, number, 2.3);
    let speed = (58.0 * (1.0 - load)).clamp(6.0, 60.0);
    let severity = match speed {
        speed if speed < 12.0 => 2,
        speed if speed < 25.0 => 1,
        _ => 0,
    };
    State {
        id: format!("road-{number}"),
        at,
        until: None,
        name: name.to_owned(),
        severity,
        place: line[line.len() / 2],
        line: line.to_vec(),
        text: ["畅通", "缓行", "拥堵"][usize::try_from(severity).unwrap_or(0)].to_owned(),
        figures: figures([("speed_kmh", speed), ("flow_h", 700.0 + 2_600.0 * load.min(1.0))]),
    }
}

fn air(district: &District, number: usize, at: Timestamp, hour: f64) -> State {
    let pm25 = (48.0
        + 26.0 * wave(at, 2, 43.0)
        + 8.0 * wave(at, number, 9.0)
        + 6.0 * ((hour - 7.0) / 24.0 * TAU).cos())
    .max(6.0);
    let noise = 51.0 + 9.0 * ((hour - 15.0) / 24.0 * TAU).cos() + 2.0 * wave(at, number, 2.0);
    // The air quality index of HJ 633 for PM2.5 up to 75 µg/m³.
    let aqi = if pm25 <= 35.0 { pm25 / 35.0 * 50.0 } else { 50.0 + (pm25 - 35.0) / 40.0 * 50.0 };
    let severity = i64::from(aqi > 100.0) + i64::from(aqi > 150.0);
    let text = match aqi {
        aqi if aqi <= 50.0 => "优",
        aqi if aqi <= 100.0 => "良",
        _ => "轻度污染",
    };
    State {
        id: format!("air-{}", district.code),
        at,
        until: None,
        name: format!("{}空气站", district.name),
        severity,
        place: middle(district).map(|value| value + 0.002),
        line: Vec::new(),
        text: text.to_owned(),
        figures: figures([("aqi", aqi), ("pm25", pm25), ("noise_db", noise)]),
    }
}
