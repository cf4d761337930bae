//! Objections to the dispatch: reviewed, limited, ruled on.

use serde_json::json;
use testkit::on_both;

use crate::support::{World, at};

#[tokio::test]
async fn after_the_free_return_an_objection_is_reviewed() {
    on_both(|site| async move {
        let world = World::new(site).await;
        world.site.clock.set(at(3, 2, 10));
        let case = world.dispatched("water").await;
        assert!(case["first_unit"]["id"] == "water");
        let case = world.act("water_clerk", &case, "return", json!({ "reason": "属城管局职责" })).await;
        let case = world.read("dispatcher", &case).await;
        let case = world.act("dispatcher", &case, "dispatch", json!({ "unit_id": "water" })).await;
        world
            .try_act("water_clerk", &case, "return", json!({ "reason": "再退" }))
            .await
            .refused(409, "case.wrong_step");

        let case = world.act("water_clerk", &case, "acceptance", json!({})).await;
        let before = case["due_at"].as_i64().unwrap();
        let wish = json!({ "reason": "路灯归城管局", "evidence": "三定方案第五条", "unit_id": "roads" });
        let case = world.act("water_clerk", &case, "objection", wish).await;
        assert_eq!(case["due_at"], json!(null), "the limit stands still");
        assert_eq!(case["applications"][0]["suggested_unit"]["id"], "roads");
        world
            .try_act("water_clerk", &case, "feedback", json!({ "result": "好" }))
            .await
            .refused(409, "case.wrong_step");

        world.site.clock.set(at(3, 4, 10));
        let refused =
            world.try_act("reviewer", &case, "objection/decision", json!({ "approve": false })).await;
        assert_eq!(refused.refused(422, "invalid")["errors"][0]["field"], "opinion");
        let case = world
            .act(
                "reviewer",
                &case,
                "objection/decision",
                json!({ "approve": false, "opinion": "按属地由水务局牵头" }),
            )
            .await;
        assert_eq!(
            case["due_at"].as_i64().unwrap() - before,
            86_400_000,
            "the one working day that ended meanwhile"
        );
        assert_eq!(case["unit"]["id"], "water");

        let case = world.act("water_clerk", &case, "objection", json!({ "reason": "有新依据" })).await;
        let body = json!({ "approve": true, "opinion": "依据充分", "unit_id": "roads" });
        let case = world.act("reviewer", &case, "objection/decision", body).await;
        assert_eq!((&case["unit"]["id"], &case["status"]), (&json!("roads"), &json!("assigned")));
        assert_eq!((&case["first_unit"]["id"], &case["returns"]), (&json!("water"), &json!(2)));
        world
            .sign_in("water_clerk")
            .get(&format!("/cases/{}", case["id"].as_str().unwrap()))
            .await
            .refused(404, "not_found");
        assert_eq!(world.sign_in("roads_clerk").get("/tasks").await.ok()["items"][0]["case_id"], case["id"]);

        // Two returns: the third time a leader says whose it is, and that is the end of it.
        let case = world.act("roads_clerk", &case, "objection", json!({ "reason": "不归我们" })).await;
        assert_eq!(case["applications"][2]["decider"], "leader");
        world
            .try_act("reviewer", &case, "objection/decision", json!({ "approve": true }))
            .await
            .refused(409, "case.wrong_step");
        assert_eq!(
            world.sign_in("manager").get("/tasks?step=objection_ruling").await.ok()["items"][0]["case_id"],
            case["id"]
        );
        let body = json!({ "approve": true, "opinion": "由水务局办理", "unit_id": "water" });
        let case = world.act("mayor", &case, "objection/ruling", body).await;
        assert_eq!((&case["unit"]["id"], &case["ruled"]), (&json!("water"), &json!(true)));
        world
            .try_act("water_clerk", &case, "objection", json!({ "reason": "还是不服" }))
            .await
            .refused(409, "case.wrong_step");
    })
    .await;
}
