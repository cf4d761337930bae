//! The cockpit and the layouts that show it.

use serde_json::{Value, json};
use testkit::{PersonBuilder, on_both, on_sqlite};

use crate::support::{World, told};

#[tokio::test]
async fn the_cockpit_says_what_happens_now_once_for_everybody() {
    on_sqlite(|site| async move {
        let world = World::new(site).await;
        for number in 0..5 {
            world.city.order(&format!("case-{number}"), "water", "complaint", 0);
        }
        world.city.order("case-old", "roads", "help", -40 * 24);
        world.city.cases.lock().unwrap().get_mut("case-old").unwrap().due_at = Some(1);
        world.city.settle("case-1", 0, true, Some(5));
        world.insight.catch_up().await.unwrap();
        let mut leader = world.server.as_person(PersonBuilder::new("leader").may(&["cockpit.read"]));
        let seen = leader.get("/cockpit").await.ok();
        let numbers = ["created", "settled", "open", "red", "yellow"].map(|name| seen[name].as_i64());
        assert_eq!(numbers, [Some(5), Some(1), Some(5), Some(1), Some(0)]);
        assert_eq!((&seen["on_time"], &seen["satisfied"]), (&json!(1.0), &json!(1.0)));
        assert_eq!(seen["orders_by_hour"][9], 5);
        assert_eq!(seen["by_type"], json!([{ "name": "投诉", "count": 5 }]));
        assert_eq!(seen["late_units"][0]["count"], 1);
        assert_eq!(seen["course"].as_array().unwrap().len(), 30);
        assert_eq!(seen["course"][29], json!({ "day": "2026-03-02", "created": 5, "settled": 1 }));
        assert_eq!(
            (seen["recent"].as_array().unwrap().len(), &seen["recent"][0]["unit"]),
            (5, &json!("水务局"))
        );
        // For some seconds everybody is told the same; then what is new.
        world.city.order("case-6", "water", "complaint", 0);
        world.insight.projection().take_in(world.insight.lake(), &[told(9, "case-6")]).await.unwrap();
        assert_eq!(leader.get("/cockpit").await.ok()["created"], 5);
        world.site.clock.advance_millis(5_000);
        assert_eq!(leader.get("/cockpit").await.ok()["created"], 6);
        let nobody = PersonBuilder::new("nobody").may(&["report.read"]);
        world.server.as_person(nobody).get("/cockpit").await.refused(403, "permission.denied");
    })
    .await;
}

#[tokio::test]
async fn a_layout_is_kept_shared_and_forgotten_by_its_owner() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let may = |name: &str, what: &[&str]| world.server.as_person(PersonBuilder::new(name).may(what));
        let (mut leader, mut other) =
            (may("leader", &["cockpit.read", "report.share"]), may("other", &["cockpit.read"]));
        let body = |tiles: Value, shared: bool| json!({ "name": "大厅", "tiles": tiles, "shared": shared });
        let tiles = json!([{ "kind": "calls", "x": 0, "y": 0, "w": 6, "h": 4 }]);
        let id =
            leader.post("/walls", body(tiles.clone(), true)).await.ok()["id"].as_str().unwrap().to_owned();
        let seen = other.get("/walls").await.ok();
        assert_eq!((&seen["walls"][0]["tiles"], &seen["walls"][0]["own"]), (&tiles, &json!(false)));
        other.post("/walls", body(tiles.clone(), true)).await.refused(403, "permission.denied");
        other.delete(&format!("/walls/{id}")).await.refused(404, "not_found");
        let beyond = json!([{ "kind": "calls", "x": 8, "y": 0, "w": 6, "h": 4 }]);
        leader.post("/walls", body(beyond, false)).await.refused(422, "invalid");
        may("nobody", &[]).get("/walls").await.refused(403, "permission.denied");
        leader.delete(&format!("/walls/{id}")).await.done();
        assert_eq!(other.get("/walls").await.ok()["walls"], json!([]));
    })
    .await;
}
