//! Helping and summoned units, delegates, and people who countersign.

use serde_json::json;
use testkit::on_both;

use crate::support::World;

#[tokio::test]
async fn helpers_have_tasks_of_their_own_and_the_unit_in_charge_waits_for_them() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.written().await;
        let case = world.act("leader", &case, "review", json!({ "decision": "pass" })).await;
        let body = json!({ "unit_id": "water", "co_units": ["roads"], "opinion": "路面由城管局配合恢复" });
        let case = world.act("dispatcher", &case, "dispatch", body).await;
        let tasks = world.sign_in("roads_clerk").get("/tasks").await.ok();
        assert_eq!(
            (&tasks["items"][0]["step"], &tasks["items"][0]["case_id"]),
            (&json!("co_handling"), &case["id"])
        );
        assert!(tasks["items"][0]["due_at"].is_i64());
        let seen = world.read("roads_clerk", &case).await;
        assert!(
            seen["allowed"].as_array().unwrap().contains(&json!("co_handling_answer")),
            "{}",
            seen["allowed"]
        );
        assert!(
            !seen["allowed"].as_array().unwrap().contains(&json!("acceptance")),
            "only the unit in charge accepts"
        );

        let case = world.act("water_clerk", &case, "acceptance", json!({})).await;
        let refused = world.try_act("water_clerk", &case, "feedback", json!({ "result": "管道已修" })).await;
        refused.refused(409, "case.helpers_open");
        world
            .try_act("water_clerk", &case, "co-handling/answer", json!({ "text": "好" }))
            .await
            .refused(403, "permission.denied");
        let case =
            world.act("roads_clerk", &case, "co-handling/answer", json!({ "text": "路面已恢复" })).await;
        assert_eq!(
            (&case["errands"][0]["state"], &case["errands"][0]["answer"]),
            (&json!("answered"), &json!("路面已恢复"))
        );
        assert_eq!(world.sign_in("roads_clerk").get("/tasks").await.ok()["items"], json!([]));

        let more = json!({ "unit_ids": ["north"], "text": "请核实" });
        let case = world.act("dispatcher", &case, "co-handling", more).await;
        let done = json!({ "result": "管道已修", "without_helpers": true });
        let case = world.act("water_clerk", &case, "feedback", done).await;
        assert_eq!(case["errands"][1]["state"], "cancelled", "who was not waited for owes nothing");
        assert_eq!(case["status"], "handled");
    })
    .await;
}

#[tokio::test]
async fn a_whistle_summons_units_that_report_and_answer() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.dispatched("north").await;
        let body = json!({ "unit_ids": ["roads", "north"], "text": "路口塌陷，请到场" });
        let refused = world.try_act("north_clerk", &case, "summons", body).await;
        assert_eq!(refused.refused(422, "invalid")["errors"][0]["code"], "same_unit");
        let body = json!({ "unit_ids": ["roads"], "text": "路口塌陷，请到场" });
        let case = world.act("north_clerk", &case, "summons", body).await;
        let case = world.act("roads_clerk", &case, "summons/report", json!({ "text": "已到场" })).await;
        assert!(case["errands"][0]["reported_at"].is_i64());
        world.try_act("roads_clerk", &case, "summons/report", json!({})).await.refused(409, "case.reported");
        let case = world.act("roads_clerk", &case, "summons/answer", json!({ "text": "已围挡回填" })).await;
        assert_eq!(case["errands"][0]["state"], "answered");
        let kinds = world.kinds(&case).await;
        assert!(
            kinds.ends_with(&["summoned", "summons_reported", "summons_answered"].map(ToOwned::to_owned))
        );
        assert_eq!(world.read("roads_clerk", &case).await["id"], case["id"], "who helped may read on");
    })
    .await;
}

#[tokio::test]
async fn a_delegate_answers_and_the_unit_reports() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.dispatched("water").await;
        let case = world.act("water_clerk", &case, "acceptance", json!({})).await;
        let across = json!({ "people": ["roads_clerk"], "text": "请代办" });
        let refused = world.try_act("water_clerk", &case, "delegation", across).await;
        assert_eq!(refused.refused(422, "invalid")["errors"][0]["code"], "not_below");
        let case = world
            .act("water_clerk", &case, "delegation", json!({ "people": ["water_admin"], "text": "请代办" }))
            .await;
        assert_eq!(
            world.sign_in("water_admin").get("/tasks?step=delegation").await.ok()["items"][0]["case_id"],
            case["id"]
        );
        world
            .try_act("water_clerk", &case, "delegation/answer", json!({ "text": "好" }))
            .await
            .refused(403, "permission.denied");
        let case = world.act("water_admin", &case, "delegation/answer", json!({ "text": "现场已查" })).await;
        assert_eq!(case["errands"][0]["answer"], "现场已查");
        let case = world.act("water_clerk", &case, "feedback", json!({ "result": "已修复" })).await;
        assert_eq!(case["status"], "handled");
    })
    .await;
}

#[tokio::test]
async fn signatures_are_gathered_before_the_result_goes_on() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.handled().await;
        let round = json!({ "people": ["leader", "manager"], "rule": "all", "text": "请会签答复口径" });
        let case = world.act("reviewer", &case, "countersignature", round).await;
        world
            .try_act("reviewer", &case, "result-review", json!({ "decision": "pass" }))
            .await
            .refused(409, "case.countersigning");
        world
            .try_act("agent", &case, "countersignature/answer", json!({ "agree": true }))
            .await
            .refused(403, "permission.denied");
        let case = world.act("leader", &case, "countersignature/answer", json!({ "agree": true })).await;
        // 减签 the manager, 加签 the mayor.
        let change = json!({ "add": ["mayor"], "remove": ["manager"] });
        let case = world.act("reviewer", &case, "countersignature/signers", change).await;
        assert_eq!(
            world.sign_in("manager").get("/tasks?step=countersignature").await.ok()["items"],
            json!([])
        );
        let refused =
            world.try_act("mayor", &case, "countersignature/answer", json!({ "agree": false })).await;
        assert_eq!(refused.refused(422, "invalid")["errors"][0]["field"], "opinion");
        let case = world
            .act("mayor", &case, "countersignature/answer", json!({ "agree": true, "opinion": "同意" }))
            .await;
        let case = world.act("reviewer", &case, "result-review", json!({ "decision": "pass" })).await;
        assert_eq!(case["status"], "approved");
    })
    .await;
}

#[tokio::test]
async fn a_unit_that_helps_does_not_hold_the_order_up_with_signatures() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.written().await;
        let case = world.act("leader", &case, "review", json!({ "decision": "pass" })).await;
        let helped = json!({ "unit_id": "water", "co_units": ["roads"] });
        let case = world.act("dispatcher", &case, "dispatch", helped).await;
        let round = json!({ "people": ["agent"], "rule": "all", "text": "请会签" });
        world
            .try_act("roads_clerk", &case, "countersignature", round.clone())
            .await
            .refused(403, "permission.denied");
        // The unit in charge asks, and does not touch the round that the centre asks for.
        let case = world.act("reviewer", &case, "countersignature", round).await;
        let change = json!({ "add": ["mayor"], "remove": ["agent"] });
        world
            .try_act("water_clerk", &case, "countersignature/signers", change.clone())
            .await
            .refused(403, "permission.denied");
        world.act("dispatcher", &case, "countersignature/signers", change).await;
    })
    .await;
}
