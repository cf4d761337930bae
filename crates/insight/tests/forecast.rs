//! The forecast: what came by the hour, told ahead, within the reader's scope.

use contract::voice::CallFact;
use serde_json::{Value, json};
use testkit::{PersonBuilder, START, Site, on_both, on_sqlite};

use crate::support::World;

/// So many days of six answered calls an hour from nine to twelve; the present is a Monday, nine in the morning.
async fn world(site: Site, days: i64) -> World {
    world_with(site, days, &[]).await
}

/// The same in a city in which people call in the first hour only on `off`, days before the present one.
async fn world_with(site: Site, days: i64, off: &[i64]) -> World {
    let world = World::new(site).await;
    {
        let mut calls = world.city.calls.lock().unwrap();
        for day in 1..=days {
            for hour in 0..if off.contains(&day) { 1 } else { 3 } {
                for minute in 0..6 {
                    let at = START.plus_secs(-day * 86_400 + hour * 3_600 + minute * 600).0;
                    let id = format!("call-{day:03}-{hour}-{minute}");
                    let fact = CallFact {
                        id: id.clone(),
                        direction: "in".to_owned(),
                        started_at: at,
                        answered_at: Some(at + 5_000),
                        ended_at: Some(at + 305_000),
                        agent_id: Some("agent".to_owned()),
                        result: Some("answered".to_owned()),
                        talked_ms: 300_000,
                        queue_id: Some("general".to_owned()),
                        queues: 1,
                        ..CallFact::default()
                    };
                    calls.insert(id, fact);
                }
            }
        }
    }
    world.insight.catch_up().await.unwrap();
    world
}

fn near(value: &Value, wanted: f64, by: f64) {
    let value = value.as_f64().unwrap();
    assert!((value - wanted).abs() <= by, "{value} instead of {wanted}");
}

#[tokio::test]
async fn four_weeks_are_told_with_band_error_and_agents() {
    on_both(|site| async move {
        let world = world(site, 60).await;
        let mut leader = world.leader();
        let told = leader.get("/forecast").await.ok();
        let (days, hours) = (told["days"].as_array().unwrap(), told["hours"].as_array().unwrap());
        assert_eq!((days.len(), hours.len(), &told["days_known"]), (28, 28 * 24, &json!(59)));
        assert_eq!((&days[0]["day"], &days[27]["day"]), (&json!("2026-03-02"), &json!("2026-03-29")));
        near(&days[3]["mean"], 18.0, 1.5);
        assert!(days.iter().all(|day| day["low"].as_f64() <= day["mean"].as_f64()));
        // Hour ten of the first day: six calls of five minutes are half an Erlang, which two agents answer in time.
        assert_eq!(hours[10]["hour"], 10);
        near(&hours[10]["mean"], 6.0, 0.8);
        near(&told["handle_secs"], 300.0, 0.5);
        assert_eq!(hours[10]["agents"], 2);
        near(&hours[3]["mean"], 0.0, 0.05);
        let tried = told["tried"].as_array().unwrap();
        assert_eq!(
            (tried.len(), &tried[0]["to"], &tried[0]["came"]),
            (4, &json!("2026-03-01"), &json!(126.0))
        );
        assert!(tried.iter().all(|week| week["day_error"].as_f64().unwrap() < 0.1), "{tried:?}");
        // A harder target needs more.
        let hard = leader.get("/forecast?level=99&within=5").await.ok();
        assert!(hard["hours"][10]["agents"].as_u64() > Some(2));
        let orders = leader.get("/forecast?of=orders").await.ok();
        assert_eq!((&orders["days_known"], orders["days"].as_array().unwrap().len()), (&json!(0), 0));
        // By half hours: six calls in thirty minutes where there were six in the first of them.
        let halves = leader.get("/forecast?slot=30").await.ok();
        let slots = halves["hours"].as_array().unwrap();
        assert_eq!((slots.len(), &halves["slot"], &slots[21]["minute"]), (28 * 48, &json!(30), &json!(30)));
        near(&slots[20]["mean"], 3.0, 0.6);
        near(&slots[21]["mean"], 3.0, 0.6);
        assert!(slots.iter().all(|slot| slot["low"].as_f64() <= slot["high"].as_f64()));
        for query in ["of=secret", "level=100", "within=1", "slot=15"] {
            leader.get(&format!("/forecast?{query}")).await.refused(422, "invalid");
        }
        let file = leader.get("/forecast.xlsx").await;
        assert_eq!(file.status, 200);
        let mut book = zip::ZipArchive::new(std::io::Cursor::new(file.body.to_vec())).unwrap();
        let mut sheet = String::new();
        let mut part = book.by_name("xl/worksheets/sheet1.xml").unwrap();
        std::io::Read::read_to_string(&mut part, &mut sheet).unwrap();
        assert_eq!(sheet.matches("<row ").count(), 28 * 24 + 1);
    })
    .await;
}

#[tokio::test]
async fn too_short_a_history_is_said_and_others_calls_are_not_counted() {
    on_sqlite(|site| async move {
        let world = world(site, 20).await;
        let told = world.leader().get("/forecast").await.ok();
        assert_eq!((&told["days_known"], &told["days_needed"]), (&json!(19), &json!(28)));
        assert_eq!((&told["days"], &told["hours"], &told["tried"]), (&json!([]), &json!([]), &json!([])));
        let clerk = PersonBuilder::new("clerk").unit("/centre/water/");
        let clerk = clerk.may_within(kernel::Scope::Subtree, &["report.read"]);
        let own = world.server.as_person(clerk).get("/forecast").await.ok();
        assert_eq!((&own["days_known"], &own["handle_secs"]), (&json!(0), &Value::Null));
    })
    .await;
}

#[tokio::test]
async fn a_day_off_of_the_city_is_forecast_like_its_days_off_before() {
    on_sqlite(|site| async move {
        let off = [10, 20, 30, 40, 50];
        let world = world_with(site, 80, &off).await;
        let today = chrono::NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
        {
            let mut days = world.city.days_off.lock().unwrap();
            days.extend(off.iter().map(|day| today - chrono::Duration::days(*day)));
            days.push(today + chrono::Duration::days(8));
        }
        let told = world.leader().get("/forecast").await.ok();
        let mean = |day: usize| told["days"][day]["mean"].as_f64().unwrap();
        assert!(mean(8) < 11.0, "{} on the day off", mean(8));
        assert!(mean(7) > 15.0 && mean(9) > 15.0, "{} and {} beside it", mean(7), mean(9));
    })
    .await;
}
