//! What is decided after the result: handling again, strike-out, praise; and what the centre and leaders do themselves.

use serde_json::json;
use testkit::on_both;

use crate::support::World;

#[tokio::test]
async fn a_leader_decides_whether_an_order_is_handled_again() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.handled().await;
        let case = world.act("reviewer", &case, "result-review", json!({ "decision": "pass" })).await;
        let case = world.act("leader", &case, "redo", json!({ "reason": "市民反映问题未解决" })).await;
        world
            .try_act("leader", &case, "redo/decision", json!({ "approve": true }))
            .await
            .refused(403, "permission.denied");
        let refused = world
            .act("manager", &case, "redo/decision", json!({ "approve": false, "opinion": "已按规定办理" }))
            .await;
        assert_eq!(refused["tasks"][0]["step"], "return_visit");
        let case = world.act("leader", &refused, "redo", json!({ "reason": "问题再次出现" })).await;
        let case = world
            .act("mayor", &case, "redo/decision", json!({ "approve": true, "opinion": "同意重办" }))
            .await;
        assert_eq!(
            (&case["status"], &case["reopened"], &case["tasks"][0]["step"]),
            (&json!("draft_logged"), &json!(1), &json!("dispatch"))
        );
        assert_eq!(case["tasks"].as_array().unwrap().len(), 1);
        assert!(case["due_at"].is_i64(), "the dispatcher has a limit again");
    })
    .await;
}

#[tokio::test]
async fn a_struck_out_order_does_not_count() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.visited(1).await;
        let before = world.sign_in("water_admin").get("/figures/unit").await.ok();
        assert_eq!(
            (&before["judged"], &before["rated"], &before["satisfied"]),
            (&json!(1), &json!(1), &json!(0))
        );
        let all = world.sign_in("leader").get("/overview").await.ok();
        assert_eq!(
            (all["on_time_rate"].as_f64(), all["satisfaction_rate"].as_f64()),
            (Some(1.0), Some(0.0)),
            "{all}"
        );
        world
            .try_act("roads_clerk", &case, "strike-out", json!({ "reason": "诉求超出法定范围" }))
            .await
            .refused(404, "not_found");
        let case =
            world.act("water_clerk", &case, "strike-out", json!({ "reason": "诉求超出法定范围" })).await;
        world
            .try_act("water_clerk", &case, "strike-out/decision", json!({ "approve": true }))
            .await
            .refused(403, "permission.denied");
        let case = world.act("reviewer", &case, "strike-out/decision", json!({ "approve": true })).await;
        assert_eq!(case["struck_out"], true);
        let after = world.sign_in("water_admin").get("/figures/unit").await.ok();
        assert_eq!(
            (&after["judged"], &after["rated"], &after["struck_out"]),
            (&json!(0), &json!(0), &json!(1))
        );
        let all = world.sign_in("leader").get("/overview").await.ok();
        assert_eq!((&all["on_time_rate"], &all["satisfaction_rate"]), (&json!(null), &json!(null)));

        let case = world.read("agent", &case).await;
        let case = world
            .act("agent", &case, "praise", json!({ "person_id": "water_clerk", "text": "师傅冒雨抢修" }))
            .await;
        let refused = world
            .try_act("agent", &case, "praise", json!({ "person_id": "roads_clerk", "text": "好" }))
            .await;
        assert_eq!(refused.refused(422, "invalid")["errors"][0]["field"], "person_id");
        let figures = world.sign_in("water_clerk").get("/figures/unit").await.ok();
        assert_eq!((&figures["praised"], &figures["praise"][0]["text"]), (&json!(1), &json!("师傅冒雨抢修")));
        assert_eq!(world.sign_in("roads_clerk").get("/figures/unit").await.ok()["praised"], 0);
    })
    .await;
}

#[tokio::test]
async fn the_centre_handles_itself_and_entrusts_by_letter() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.written().await;
        let case = world.act("leader", &case, "review", json!({ "decision": "pass" })).await;
        world
            .try_act("leader", &case, "self-handling", json!({ "result": "好" }))
            .await
            .refused(403, "permission.denied");
        let own =
            world.act("dispatcher", &case, "self-handling", json!({ "result": "已电话答复政策" })).await;
        assert_eq!(
            (&own["status"], &own["mode"], &own["in_time"]),
            (&json!("handled"), &json!("own"), &json!(true))
        );
        assert_eq!(own["tasks"][0]["step"], "result_review");

        let case = world.written().await;
        let case = world.act("leader", &case, "review", json!({ "decision": "pass" })).await;
        let case = world.act("mayor", &case, "instruction", json!({ "text": "请认真办理" })).await;
        assert_eq!((&case["urgency"], case["errands"].as_array().unwrap().len()), (&json!("urgent"), 0));
        let body =
            json!({ "unit_id": "water", "mode": "entrust", "letter": "请于五个工作日内办结并书面报告。" });
        let case = world.act("dispatcher", &case, "dispatch", body).await;
        assert_eq!(
            (&case["mode"], &case["letter"]),
            (&json!("entrust"), &json!("请于五个工作日内办结并书面报告。"))
        );
        assert!(case["letter_no"].as_str().unwrap().contains(case["number"].as_str().unwrap()));
        let case =
            world.act("mayor", &case, "instruction", json!({ "text": "周五前报结果", "days": 2 })).await;
        assert_eq!(
            (&case["errands"][0]["kind"], &case["errands"][0]["text"]),
            (&json!("supervision"), &json!("周五前报结果"))
        );
        assert!(world.kinds(&case).await.ends_with(&["instructed".to_owned()]));
    })
    .await;
}
