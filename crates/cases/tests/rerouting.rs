//! Orders that change hands against the drawn way; orders put together and taken apart.

use contract::cases::CitizenDesk;
use kernel::Lang;
use serde_json::json;
use testkit::on_both;

use crate::support::World;

#[tokio::test]
async fn what_was_sent_is_taken_back_until_somebody_opens_it() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.dispatched("roads").await;
        world
            .try_act("leader", &case, "recall", json!({ "reason": "派错了" }))
            .await
            .refused(403, "permission.denied");
        let case = world.act("dispatcher", &case, "recall", json!({ "reason": "派错了" })).await;
        assert_eq!(
            (&case["status"], &case["unit"], &case["tasks"][0]["step"]),
            (&json!("draft_logged"), &json!(null), &json!("dispatch"))
        );
        assert_eq!(world.sign_in("roads_clerk").get("/tasks").await.ok()["items"], json!([]));
        let case = world.act("dispatcher", &case, "dispatch", json!({ "unit_id": "water" })).await;
        assert_eq!(case["first_unit"]["id"], "water", "what was taken back does not count");

        world.read("water_clerk", &case).await;
        world
            .try_act("dispatcher", &case, "recall", json!({ "reason": "又错了" }))
            .await
            .refused(409, "case.wrong_step");
        let case = world.act("water_admin", &case, "assignment", json!({ "unit_id": "north" })).await;
        let case = world.act("water_admin", &case, "recall", json!({ "reason": "本局自办" })).await;
        assert_eq!(
            (&case["unit"]["id"], &case["tasks"][0]["unit"]["id"]),
            (&json!("water"), &json!("water"))
        );
    })
    .await;
}

#[tokio::test]
async fn an_order_is_transferred_and_jumps_with_its_limits() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.dispatched("water").await;
        let case = world.act("water_clerk", &case, "acceptance", json!({})).await;
        let body = json!({ "unit_id": "roads", "reason": "职责调整" });
        world.try_act("water_clerk", &case, "transfer", body.clone()).await.refused(403, "permission.denied");
        let case = world.act("dispatcher", &case, "transfer", body).await;
        assert_eq!(
            (&case["unit"]["id"], &case["status"], &case["tasks"][0]["step"]),
            (&json!("roads"), &json!("assigned"), &json!("acceptance"))
        );
        assert_eq!(case["first_unit"]["id"], "water");
        let path = format!("/cases/{}/deadlines", case["id"].as_str().unwrap());
        let limits = world.sign_in("leader").get(&path).await.ok();
        let open: Vec<_> = limits
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["state"] == "open")
            .map(|one| one["name"].clone())
            .collect();
        assert_eq!(open, [json!("accept")]);

        let refused =
            world.try_act("manager", &case, "jump", json!({ "step": "nonsense", "reason": "" })).await;
        assert_eq!(refused.refused(422, "invalid")["errors"].as_array().unwrap().len(), 2);
        world
            .try_act("leader", &case, "jump", json!({ "step": "handling", "reason": "急" }))
            .await
            .refused(403, "permission.denied");
        let case =
            world.act("manager", &case, "jump", json!({ "step": "handling", "reason": "已口头签收" })).await;
        assert_eq!((&case["status"], &case["tasks"][0]["step"]), (&json!("in_progress"), &json!("handling")));
        let case = world.act("roads_clerk", &case, "feedback", json!({ "result": "已修复" })).await;
        let case =
            world.act("manager", &case, "jump", json!({ "step": "dispatch", "reason": "重新派单" })).await;
        assert_eq!((&case["unit"], &case["tasks"][0]["step"]), (&json!(null), &json!("dispatch")));
        assert_eq!(world.site.events("cases.case_moved").await.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn the_main_order_answers_for_all_who_called() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let main = world.dispatched("water").await;
        let second = world.written().await;
        let body = json!({ "main": "NONSENSE", "reason": "同一事项" });
        let refused = world.try_act("dispatcher", &second, "merger", body).await;
        assert_eq!(refused.refused(422, "invalid")["errors"][0]["field"], "main");
        let body = json!({ "main": main["number"], "reason": "同一路口路灯" });
        let second = world.act("dispatcher", &second, "merger", body.clone()).await;
        assert_eq!((&second["status"], &second["main"]["name"]), (&json!("merged"), &main["number"]));
        let third = world.written().await;
        let third = world.act("leader", &third, "merger", body).await;
        let third = world.act("leader", &third, "unmerger", json!({ "reason": "另一路口" })).await;
        assert_eq!((&third["status"], &third["main"]), (&json!("draft_logged"), &json!(null)));
        let main = world.read("water_clerk", &main).await;
        assert_eq!(main["parts"].as_array().unwrap().len(), 1);

        let main = world.act("water_clerk", &main, "acceptance", json!({})).await;
        let main = world.act("water_clerk", &main, "feedback", json!({ "result": "路灯已全部修复" })).await;
        world.act("reviewer", &main, "result-review", json!({ "decision": "pass" })).await;
        let second = world.read("leader", &second).await;
        assert_eq!(second["answer"], "路灯已全部修复");
        world
            .try_act("leader", &second, "unmerger", json!({ "reason": "晚了" }))
            .await
            .refused(409, "case.wrong_step");
        let (number, code) = (second["number"].as_str().unwrap(), second["query_code"].as_str().unwrap());
        let shown = CitizenDesk::look_up(&world.cases, number, code, Lang::Zh).await.unwrap().unwrap();
        assert_eq!(shown.result.as_deref(), Some("路灯已全部修复"));
        assert_eq!(shown.steps.last().unwrap().state, "done");
        assert!(world.kinds(&second).await.ends_with(&["merged".to_owned(), "settled_with_main".to_owned()]));
    })
    .await;
}

#[tokio::test]
async fn several_matters_become_orders_of_their_own() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.written().await;
        let refused = world.try_act("dispatcher", &case, "split", json!({ "parts": [{ "title": "" }] })).await;
        assert_eq!(refused.refused(422, "invalid")["errors"].as_array().unwrap().len(), 2);
        let parts = json!([{ "title": "井盖缺失", "content": "路灯旁井盖缺失" }, { "title": "垃圾清运", "content": "路口垃圾三天未清" }]);
        let case = world.act("dispatcher", &case, "split", json!({ "parts": parts })).await;
        let found = world.sign_in("dispatcher").get("/cases?sort=created_at").await.ok();
        let titles: Vec<&str> = found["items"].as_array().unwrap().iter().map(|one| one["title"].as_str().unwrap()).collect();
        assert_eq!(titles, ["云水路路灯不亮", "井盖缺失", "垃圾清运"]);
        assert!(world.kinds(&case).await.contains(&"part_written".to_owned()));
        let part = world.read("dispatcher", &found["items"][1]).await;
        assert_eq!((&part["contact"]["name"], &part["tasks"][0]["step"]), (&json!("周女士"), &json!("review")));
    })
    .await;
}

#[tokio::test]
async fn a_split_makes_all_its_parts_or_none() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.written().await;
        let parts = json!([
            { "title": "井盖缺失", "content": "路灯旁井盖缺失" },
            { "title": "垃圾清运", "content": "路口垃圾三天未清", "category_id": "no-such" },
        ]);
        let refused = world.try_act("dispatcher", &case, "split", json!({ "parts": parts })).await;
        assert_eq!(refused.refused(422, "invalid")["errors"][0]["field"], "category_id");
        let found = world.sign_in("dispatcher").get("/cases").await.ok();
        assert_eq!(found["items"].as_array().unwrap().len(), 1, "no part was written");
        assert!(!world.kinds(&case).await.contains(&"split".to_owned()), "and nothing is said of it");
        let parts = json!({ "parts": [{ "title": "井盖缺失", "content": "井盖缺失" }] });
        let stale = json!({ "id": case["id"], "version": case["version"].as_i64().unwrap() - 1 });
        world.try_act("dispatcher", &stale, "split", parts.clone()).await.refused(409, "stale_version");
        world.act("dispatcher", &case, "split", parts).await;
        assert_eq!(world.site.events("cases.case_created").await.len(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_left_behind_a_main_order_that_is_settled_at_the_same_moment() {
    on_both(|site| async move {
        let world = World::new(site).await;
        for _ in 0..6 {
            let main = world.handled().await;
            let part = world.written().await;
            let body = json!({ "main": main["number"], "reason": "同一路口" });
            let (merged, settled) = tokio::join!(
                world.try_act("dispatcher", &part, "merger", body),
                world.try_act("reviewer", &main, "result-review", json!({ "decision": "pass" })),
            );
            let part = world.read("dispatcher", &part).await;
            let main = world.read("dispatcher", &main).await;
            let is_merged = part["status"] == "merged";
            assert_eq!(merged.status.is_success(), is_merged);
            if settled.status.is_success() {
                assert!(!is_merged || part["answer"] == main["answer"], "{part}");
            } else {
                assert!(is_merged, "one of the two got through");
            }
        }
    })
    .await;
}
