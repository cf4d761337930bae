//! Hot and hard matters with their peaks, and units' solving strength over months.

use serde_json::json;
use testkit::{PersonBuilder, on_both};

use crate::support::World;

#[tokio::test]
async fn matters_have_their_peak_and_units_their_strength_month_by_month() {
    on_both(|site| async move {
        let world = World::new(site).await;
        // February: three about water at the water bureau, none settled; March: four about water, three settled in ten
        // hours, and five about roads, four settled in eighty hours.
        let add = |id: &str, unit: &str, category: &str, hours: i64, settled: Option<i64>| {
            world.city.order(id, unit, "help", hours);
            world.city.cases.lock().unwrap().get_mut(id).unwrap().category_id = Some(category.to_owned());
            if let Some(hours) = settled {
                world.city.settle(id, hours, hours < 50, Some(5));
            }
        };
        for number in 0..3 {
            add(&format!("feb-{number}"), "water", "停水", -24 * 20 + number, None);
        }
        for number in 0..4 {
            add(&format!("water-{number}"), "water", "停水", number, (number > 0).then_some(10));
        }
        for number in 0..5 {
            add(&format!("roads-{number}"), "roads", "路面", number, (number > 0).then_some(80));
        }
        world.insight.catch_up().await.unwrap();
        let running = world.leader().get("/problem-report?month=2026-03&months=2").await.ok();
        assert!(
            running["units"].as_array().unwrap().iter().all(|unit| unit["change"][0].is_null()),
            "March still runs"
        );
        world.site.clock.advance_millis(35 * 86_400_000);
        let mut leader = world.leader();
        let told = leader.get("/problem-report?month=2026-03&months=2").await.ok();
        assert_eq!(told["months"], json!(["2026-02", "2026-03"]));
        assert_eq!((&told["orders"], &told["peak"]), (&json!([3.0, 9.0]), &json!("2026-03")));
        let hot = &told["hot"];
        assert_eq!(
            (&hot[0]["id"], &hot[0]["orders"], &hot[0]["months"], &hot[0]["peak"]),
            (&json!("停水"), &json!(7.0), &json!([3.0, 4.0]), &json!("2026-03"))
        );
        assert_eq!(
            (&told["hard"][0]["id"], &told["hard"][0]["median_hours"]),
            (&json!("路面"), &json!(80.0))
        );
        let water = told["units"].as_array().unwrap().iter().find(|unit| unit["id"] == "water").unwrap();
        assert_eq!(told["measures"][0]["id"], "settle_rate");
        assert_eq!((&water["months"][0], &water["change"][0]), (&json!([0.0, 0.75]), &json!(0.75)));
        let roads = told["units"].as_array().unwrap().iter().find(|unit| unit["id"] == "roads").unwrap();
        assert_eq!((&roads["months"][0], &roads["change"][0]), (&json!([null, 0.8]), &json!(null)));
        // Within the reader's scope, and as a file.
        let clerk = PersonBuilder::new("clerk").unit("/centre/water/");
        let clerk = clerk.may_within(kernel::Scope::Subtree, &["report.read"]);
        let own = world.server.as_person(clerk).get("/problem-report?month=2026-03&months=2").await.ok();
        assert_eq!((own["units"].as_array().unwrap().len(), &own["orders"]), (1, &json!([3.0, 4.0])));
        let file = leader.get("/problem-report.xlsx?month=2026-03&months=2").await;
        assert_eq!((file.status.as_u16(), &file.body[..2]), (200, &b"PK"[..]));
        let none = leader.get("/problem-report?month=2020-01&months=24").await.ok();
        assert_eq!(
            (&none["hot"], &none["peak"], none["months"].as_array().unwrap().len()),
            (&json!([]), &json!(null), 24)
        );
        for wrong in ["month=x", "months=1", "months=25", "where=secret:1"] {
            leader.get(&format!("/problem-report?{wrong}")).await.refused(422, "invalid");
        }
    })
    .await;
}
