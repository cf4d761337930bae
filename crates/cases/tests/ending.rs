//! Orders that are ended before they are settled, and taken up again.

use contract::cases::CitizenDesk;
use kernel::Lang;
use serde_json::json;
use testkit::on_both;

use crate::support::World;

#[tokio::test]
async fn an_order_that_is_not_accepted_tells_the_citizen_why_and_can_be_restored() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.dispatched("water").await;
        let case = world.act("water_clerk", &case, "acceptance", json!({})).await;
        let due_at = case["due_at"].clone();
        let body = json!({ "ground": "nonsense", "reason": "已进入诉讼程序" });
        let refused = world.try_act("leader", &case, "non-acceptance", body).await;
        assert_eq!(refused.refused(422, "invalid")["errors"][0]["field"], "ground");
        let body = json!({ "ground": "litigation", "reason": "该事项已进入诉讼程序，请依法院裁判执行。" });
        world
            .try_act("water_clerk", &case, "non-acceptance", body.clone())
            .await
            .refused(403, "permission.denied");
        let ended = world.act("leader", &case, "non-acceptance", body.clone()).await;
        assert_eq!(
            (&ended["status"], &ended["tasks"], &ended["due_at"]),
            (&json!("not_accepted"), &json!([]), &json!(null))
        );
        world.try_act("leader", &ended, "non-acceptance", body).await.refused(409, "case.wrong_step");
        let told = world.site.events("cases.case_ended").await;
        assert_eq!((&told[0]["status"], &told[0]["ground"]), (&json!("not_accepted"), &json!("litigation")));

        let code = world.read("leader", &case).await["query_code"].as_str().unwrap().to_owned();
        let number = ended["number"].as_str().unwrap();
        let shown = CitizenDesk::look_up(&world.cases, number, &code, Lang::Zh).await.unwrap().unwrap();
        assert_eq!(shown.status_name, "不予受理");
        assert!(shown.result.unwrap().contains("法院裁判"), "the citizen reads why");
        assert_eq!(shown.steps.last().unwrap().state, "done");

        let restored = world.act("leader", &ended, "restoration", json!({ "reason": "法院未立案" })).await;
        assert_eq!((&restored["status"], &restored["due_at"]), (&json!("in_progress"), &due_at));
        assert_eq!(restored["tasks"][0]["step"], "handling");
        let done = world.act("water_clerk", &restored, "feedback", json!({ "result": "已处理" })).await;
        assert_eq!(done["status"], "handled");
    })
    .await;
}

#[tokio::test]
async fn a_void_order_waits_for_nobody() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.written().await;
        let case = world
            .act("leader", &case, "voiding", json!({ "ground": "duplicate", "reason": "重复登记" }))
            .await;
        assert_eq!((&case["status"], &case["ended_because"]), (&json!("voided"), &json!("重复登记")));
        let tasks = world.sign_in("leader").get("/tasks").await.ok();
        assert_eq!(tasks["items"], json!([]));
        assert_eq!(case["allowed"].as_array().unwrap().iter().filter(|one| *one != "note").count(), 1);
        let stale = world
            .try_act(
                "leader",
                &json!({ "id": case["id"], "version": 1 }),
                "restoration",
                json!({ "reason": "误操作" }),
            )
            .await;
        stale.refused(409, "stale_version");
        let back = world.act("leader", &case, "restoration", json!({ "reason": "误操作" })).await;
        assert_eq!((&back["status"], &back["tasks"][0]["step"]), (&json!("draft_logged"), &json!("review")));

        let settled = world.visited(5).await;
        let archived = world.act("reviewer", &settled, "closure", json!({ "reason": "满意" })).await;
        world
            .try_act("leader", &archived, "voiding", json!({ "ground": "duplicate", "reason": "重复" }))
            .await
            .refused(409, "case.wrong_step");
    })
    .await;
}
