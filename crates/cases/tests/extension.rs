//! More time for a unit: asked for, granted, refused, explained.

use serde_json::{Value, json};
use testkit::on_both;

use crate::support::{World, at};

async fn handling(world: &World) -> Value {
    world.site.clock.set(at(3, 2, 10));
    let case = world.dispatched("water").await;
    world.act("water_clerk", &case, "acceptance", json!({})).await
}

#[tokio::test]
async fn a_granted_extension_moves_the_limit_and_explains_itself() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = handling(&world).await;
        let before = case["due_at"].as_i64().unwrap();
        let asked = json!({ "days": 3, "reason": "需等待配件到货" });
        let case = world.act("water_clerk", &case, "extension", asked.clone()).await;
        assert_eq!(case["applications"][0]["state"], "open");
        assert_eq!(case["due_at"].as_i64().unwrap(), before, "the limit runs until it is decided");
        world.try_act("water_clerk", &case, "extension", asked).await.refused(409, "case.wrong_step");

        let tasks = world.sign_in("reviewer").get("/tasks?step=extension_review").await.ok();
        assert_eq!(tasks["items"][0]["case_id"], case["id"]);
        world
            .try_act("water_clerk", &case, "extension/decision", json!({ "approve": true }))
            .await
            .refused(403, "permission.denied");
        let case = world
            .act("reviewer", &case, "extension/decision", json!({ "approve": true, "opinion": "同意" }))
            .await;
        assert_eq!(case["applications"][0]["state"], "approved");
        assert_eq!(case["due_at"].as_i64().unwrap() - before, 3 * 86_400_000, "Monday to Thursday");
        assert!(case["tasks"].as_array().unwrap().iter().all(|task| task["step"] != "extension_review"));
        assert_eq!(case["tasks"][0]["due_at"], case["due_at"], "the unit's task moved along");

        let path = format!("/cases/{}/deadlines", case["id"].as_str().unwrap());
        let limits = world.sign_in("water_clerk").get(&path).await.ok();
        let close = limits.as_array().unwrap().iter().find(|limit| limit["name"] == "close").unwrap();
        assert_eq!((&close["days"], &close["extended_days"]), (&json!(18), &json!(3)));
        assert!(close["explain"][0]["text"].as_str().unwrap().contains("延期3个工作日"), "{close}");
        // A day off that is declared later moves the extended limit, and keeps the extension.
        let day = json!({ "kind": "off", "name": "临时放假" });
        world.sign_in("manager").put("/calendar/2026-03-04", day).await.done();
        let later = world.read("water_clerk", &case).await;
        assert_eq!(later["due_at"].as_i64().unwrap() - case["due_at"].as_i64().unwrap(), 86_400_000);
        assert!(world.kinds(&case).await.contains(&"extension_granted".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn extensions_are_bounded_and_come_before_the_end() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut case = handling(&world).await;
        let refused =
            world.try_act("water_clerk", &case, "extension", json!({ "days": 11, "reason": "" })).await;
        assert_eq!(refused.refused(422, "invalid")["errors"].as_array().unwrap().len(), 2);
        world
            .try_act("roads_clerk", &case, "extension", json!({ "days": 1, "reason": "好" }))
            .await
            .refused(404, "not_found");
        for approve in [false, true, true] {
            case = world.act("water_clerk", &case, "extension", json!({ "days": 2, "reason": "复杂" })).await;
            let decision = json!({ "approve": approve, "opinion": "研究后决定" });
            case = world.act("leader", &case, "extension/decision", decision).await;
        }
        world
            .try_act("water_clerk", &case, "extension", json!({ "days": 2, "reason": "复杂" }))
            .await
            .refused(409, "case.wrong_step");

        let late = handling(&world).await;
        world.wait_until(kernel::Timestamp(late["due_at"].as_i64().unwrap() + 1)).await;
        let late = world.read("water_clerk", &late).await;
        world
            .try_act("water_clerk", &late, "extension", json!({ "days": 1, "reason": "来不及" }))
            .await
            .refused(409, "extension.too_late");
    })
    .await;
}
