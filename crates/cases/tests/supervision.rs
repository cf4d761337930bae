//! Supervision: given, answered, evaluated, repeated; urging of several orders; what the server does by itself.

use kernel::Timestamp;
use serde_json::json;
use testkit::on_both;

use crate::support::World;

#[tokio::test]
async fn a_supervision_is_answered_and_evaluated_and_may_be_repeated() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.dispatched("water").await;
        world
            .try_act("agent", &case, "supervision", json!({ "opinion": "急" }))
            .await
            .refused(403, "permission.denied");
        world
            .try_act("monitor", &case, "supervision", json!({ "opinion": "急" }))
            .await
            .refused(403, "permission.denied");
        let case =
            world.act("mayor", &case, "supervision", json!({ "opinion": "三日内解决", "days": 3 })).await;
        let tasks = world.sign_in("water_clerk").get("/tasks?step=supervision_reply").await.ok();
        assert_eq!(tasks["items"][0]["case_id"], case["id"]);
        assert!(tasks["items"][0]["due_at"].is_i64(), "the answer has a limit of its own");
        world
            .try_act("mayor", &case, "supervision/reply", json!({ "text": "好" }))
            .await
            .refused(403, "permission.denied");
        let case = world.act("water_clerk", &case, "supervision/reply", json!({ "text": "今晚抢修" })).await;
        let refused = world.try_act("mayor", &case, "supervision/evaluation", json!({ "good": false })).await;
        assert_eq!(refused.refused(422, "invalid")["errors"][0]["field"], "opinion");
        let body = json!({ "good": false, "opinion": "答非所问" });
        let case = world.act("mayor", &case, "supervision/evaluation", body).await;
        assert_eq!(
            (&case["errands"][0]["state"], &case["errands"][0]["grade"]),
            (&json!("evaluated"), &json!("poor"))
        );
        let case = world.act("reviewer", &case, "supervision", json!({ "opinion": "请重新回复" })).await;
        assert_eq!(case["errands"][1]["data"]["round"], 2);
        assert_eq!(world.kinds(&case).await.iter().filter(|kind| *kind == "supervised").count(), 2);
        let seen = world.read("monitor", &case).await;
        assert_eq!((seen["errands"].as_array().unwrap().len(), &seen["allowed"]), (2, &json!([])));
    })
    .await;
}

#[tokio::test]
async fn several_orders_are_urged_at_once_with_a_result_each() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let (one, two) = (world.dispatched("water").await, world.written().await);
        let body = json!({ "ids": [one["id"], two["id"], "nonsense"], "text": "请抓紧" });
        let results = world.sign_in("reviewer").post("/cases/urges", body.clone()).await.ok();
        let done: Vec<bool> =
            results.as_array().unwrap().iter().map(|one| one["done"].as_bool().unwrap()).collect();
        assert_eq!(done, [true, false, false]);
        assert!(results[1]["detail"].as_str().unwrap().contains("催办"), "{results}");
        let results = world.sign_in("reviewer").post("/cases/supervisions", body).await.ok();
        assert_eq!((&results[0]["done"], &results[1]["done"]), (&json!(true), &json!(false)));
        world
            .sign_in("reviewer")
            .post("/cases/urges", json!({ "ids": [], "text": "急" }))
            .await
            .refused(422, "invalid");
    })
    .await;
}

#[tokio::test]
async fn the_server_urges_before_the_end_and_supervises_after_it() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.dispatched("water").await;
        let case = world.act("water_clerk", &case, "acceptance", json!({})).await;
        let due_at = case["due_at"].as_i64().unwrap();
        world.wait_until(Timestamp(due_at - 3_600_000)).await;
        assert_eq!(
            world.kinds(&case).await.iter().filter(|kind| *kind == "urged").count(),
            0,
            "too late to press"
        );
        world.wait_until(Timestamp(due_at + 1)).await;
        let case = world.read("water_clerk", &case).await;
        assert_eq!(case["errands"][0]["kind"], "supervision");
        let tasks = world.sign_in("water_clerk").get("/tasks?step=supervision_reply").await.ok();
        assert_eq!(tasks["items"][0]["case_id"], case["id"]);
        let case =
            world.act("water_clerk", &case, "supervision/reply", json!({ "text": "因材料未到" })).await;
        assert_eq!(case["errands"][0]["state"], "answered");
    })
    .await;
}
