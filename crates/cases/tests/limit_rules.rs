//! Rules of limits: the most specific one wins and is named, tiers count by the clock, steps have limits.

use serde_json::{Value, json};
use testkit::on_both;

use crate::support::{World, at};

impl World {
    async fn rule(&self, rule: Value) -> Value {
        self.sign_in("manager").post("/limit-rules", rule).await.ok()
    }

    async fn deadlines(&self, case: &Value) -> Vec<Value> {
        let path = format!("/cases/{}/deadlines", case["id"].as_str().unwrap());
        self.sign_in("leader").get(&path).await.ok().as_array().unwrap().clone()
    }
}

fn texts(limit: &Value) -> String {
    let lines = limit["explain"].as_array().unwrap();
    lines.iter().map(|line| line["text"].as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_tier_counts_by_the_clock_and_says_so() {
    on_both(|site| async move {
        let world = World::new(site).await;
        // Friday 2026-03-06, 17:00: a weekend follows, and does not matter.
        world.wait_until(at(3, 6, 17)).await;
        let case = world.reviewed().await;
        let case =
            world.act("dispatcher", &case, "dispatch", json!({ "unit_id": "water", "tier": "24h" })).await;
        let case = world.act("water_clerk", &case, "acceptance", json!({})).await;
        let limits = world.deadlines(&case).await;
        let close = limits.iter().find(|limit| limit["name"] == "close").unwrap();
        assert_eq!(close["due_at"], at(3, 7, 17).0);
        assert_eq!((&close["days"], &close["measure"]), (&json!(24), &json!("h")));
        let explained = texts(close);
        assert!(
            explained.contains("依据工单时限档：24 小时") && explained.contains("2026-03-07 17:00"),
            "{explained}"
        );
        assert_eq!(case["due_at"], at(3, 7, 17).0);
        // It turns yellow and red like any other.
        world.wait_until(at(3, 7, 18)).await;
        let case = world.read("leader", &case).await;
        assert_eq!(case["color"], "red");
    })
    .await;
}

#[tokio::test]
async fn the_most_specific_rule_wins_and_is_named() {
    on_both(|site| async move {
        let world = World::new(site).await;
        world.rule(json!({ "limit": "close", "length": "10w", "note": "全市" })).await;
        world.rule(json!({ "limit": "close", "length": "5d", "unit_id": "water", "note": "水务局" })).await;
        world.rule(json!({ "limit": "close", "length": "3w", "unit_id": "north", "note": "城北所" })).await;
        let due = async |unit: &str| {
            let body =
                json!({ "limit": "close", "type": "complaint", "unit_id": unit, "start_at": at(3, 2, 10).0 });
            world.sign_in("manager").post("/limit-rules/trial", body).await.ok()
        };
        let north = due("north").await;
        assert_eq!(north["due_at"], at(3, 6, 0).0 - 1);
        assert!(texts(&north).starts_with("依据时限规则“城北所”：3 个工作日"), "{}", texts(&north));
        // Five calendar days from Monday the 2nd end on Saturday; the end moves to Monday.
        let water = due("water").await;
        assert_eq!(water["due_at"], at(3, 10, 0).0 - 1);
        assert!(texts(&due("roads").await).contains("“全市”"));
        // An order follows them too.
        let case = world.dispatched("north").await;
        let case = world.act("north_clerk", &case, "acceptance", json!({})).await;
        let close = world.deadlines(&case).await.pop().unwrap();
        assert!(texts(&close).contains("城北所"), "{}", texts(&close));
    })
    .await;
}

#[tokio::test]
async fn steps_of_the_centre_have_limits_where_a_rule_sets_one() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.handled().await;
        assert!(case["due_at"].is_null());
        world.rule(json!({ "limit": "result_review", "length": "4h" })).await;
        let case = world.handled().await;
        let now = world.site.kit.now();
        assert_eq!(case["due_at"], now.0 + 4 * 3_600_000);
        assert_eq!(case["tasks"][0]["due_at"], now.0 + 4 * 3_600_000);
        let case = world.act("reviewer", &case, "result-review", json!({ "decision": "pass" })).await;
        assert!(case["due_at"].is_null());
        let limits = world.deadlines(&case).await;
        let review = limits.iter().find(|limit| limit["name"] == "result_review").unwrap();
        assert_eq!(review["state"], "met");
    })
    .await;
}

#[tokio::test]
async fn rules_are_checked_changed_and_deleted() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut manager = world.sign_in("manager");
        for bad in [
            json!({ "limit": "close", "length": "soon" }),
            json!({ "limit": "nothing", "length": "5w" }),
            json!({ "limit": "close", "length": "5w", "unit_id": "nobody" }),
            json!({ "limit": "close", "length": "5w", "near_percent": 101 }),
        ] {
            manager.post("/limit-rules", bad).await.refused(422, "invalid");
        }
        let rule = world.rule(json!({ "limit": "close", "length": "5w" })).await;
        let path = format!("/limit-rules/{}", rule["id"].as_str().unwrap());
        let change = |version: i64| json!({ "limit": "close", "length": "6w", "version": version });
        manager.put(&path, change(1)).await.done();
        manager.put(&path, change(1)).await.refused(409, "stale_version");
        assert_eq!(manager.get("/limit-rules").await.ok()[0]["length"], "6w");
        manager.delete(&path).await.done();
        manager.delete(&path).await.refused(404, "not_found");
        // A limit that runs is not moved by a rule that comes later.
        let case = world.dispatched("water").await;
        let due = world.act("water_clerk", &case, "acceptance", json!({})).await["due_at"].clone();
        world.rule(json!({ "limit": "close", "length": "1h", "priority": 5 })).await;
        assert_eq!(world.read("leader", &case).await["due_at"], due);
    })
    .await;
}
