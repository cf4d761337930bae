//! Single steps: who is refused, what goes back, who gets what.

use serde_json::json;
use testkit::on_both;

use crate::support::World;

#[tokio::test]
async fn a_rejected_order_comes_back_amended() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.written().await;
        world
            .try_act("leader", &case, "review", json!({ "decision": "reject" }))
            .await
            .refused(422, "invalid");
        let rejected =
            world.act("leader", &case, "review", json!({ "decision": "reject", "opinion": "地址不清" })).await;
        assert_eq!(rejected["tasks"][0]["step"], "amendment");
        assert_eq!(rejected["tasks"][0]["assignee"]["id"], "agent");

        let path = format!("/cases/{}", case["id"].as_str().unwrap());
        let body = json!({ "version": rejected["version"], "place": { "district": "云水区", "address": "云水路20号" } });
        world.sign_in("agent2").patch(&path, body.clone()).await.refused(403, "permission.denied");
        let amended = world.sign_in("agent").patch(&path, body).await.ok();
        assert_eq!(amended["place"]["address"], "云水路20号");
        assert_eq!(amended["tasks"][0]["step"], "review");
    })
    .await;
}

#[tokio::test]
async fn a_unit_gives_back_what_is_not_its_own() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.dispatched("water").await;
        let case = world.act("water_clerk", &case, "return", json!({ "reason": "属城管局职责" })).await;
        assert_eq!(case["status"], "returned");
        let read = world.read("dispatcher", &case).await;
        assert_eq!((&read["unit"], &read["tasks"][0]["step"]), (&json!(null), &json!("dispatch")));
        world
            .sign_in("water_clerk")
            .get(&format!("/cases/{}", read["id"].as_str().unwrap()))
            .await
            .refused(404, "not_found");
        let again = world.act("dispatcher", &read, "dispatch", json!({ "unit_id": "roads" })).await;
        assert_eq!(again["unit"]["id"], "roads");
    })
    .await;
}

#[tokio::test]
async fn an_order_goes_down_the_tree_but_not_across() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.dispatched("water").await;
        let across = world.try_act("water_admin", &case, "assignment", json!({ "unit_id": "roads" })).await;
        assert_eq!(across.refused(422, "invalid")["errors"][0]["code"], "not_below");
        let case = world.act("water_admin", &case, "assignment", json!({ "unit_id": "north" })).await;
        assert_eq!(case["tasks"][0]["unit"]["id"], "north");
        let tasks = world.sign_in("north_clerk").get("/tasks").await.ok();
        assert_eq!(tasks["items"][0]["case_id"], case["id"]);

        let case = world.act("north_clerk", &case, "acceptance", json!({})).await;
        let case = world.act("north_clerk", &case, "assignment", json!({ "person_id": "north_clerk" })).await;
        assert_eq!(case["assignee"]["id"], "north_clerk");
        let tasks = world.sign_in("water_clerk").get("/tasks").await.ok();
        assert_eq!(tasks["items"], json!([]), "what went down is not the upper unit's any more");
        let case = world.act("north_clerk", &case, "feedback", json!({ "result": "已修复" })).await;
        assert_eq!(case["status"], "handled");
    })
    .await;
}

#[tokio::test]
async fn two_clerks_at_once_do_it_once() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.dispatched("water").await;
        let path = format!("/cases/{}/acceptance", case["id"].as_str().unwrap());
        let body = json!({ "version": case["version"] });
        let (mut left, mut right) = (world.sign_in("water_clerk"), world.sign_in("water_admin"));
        let (left, right) = tokio::join!(left.post(&path, body.clone()), right.post(&path, body.clone()));
        let mut statuses = [left.status.as_u16(), right.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        let late = if left.status == 409 { left } else { right };
        assert_eq!(late.refused(409, "stale_version")["current"], case["version"].as_i64().unwrap() + 1);
        assert_eq!(world.kinds(&case).await.iter().filter(|kind| *kind == "accepted").count(), 1);
    })
    .await;
}

#[tokio::test]
async fn nobody_reached_is_called_three_times() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.handled().await;
        let mut case = world.act("reviewer", &case, "result-review", json!({ "decision": "pass" })).await;
        for _ in 0..2 {
            case = world.act("leader", &case, "return-visit", json!({ "reached": false })).await;
            assert_eq!(case["tasks"][0]["step"], "return_visit");
        }
        case = world.act("leader", &case, "return-visit", json!({ "reached": false })).await;
        assert_eq!(case["tasks"][0]["step"], "closure");
        let refused = world.try_act("leader", &case, "return-visit", json!({ "reached": true })).await;
        refused.refused(409, "case.wrong_step");
    })
    .await;
}

#[tokio::test]
async fn a_bad_rating_lands_with_the_shift_leader_and_reopens() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.visited(1).await;
        let mut leader = world.sign_in("leader");
        let ratings = leader.get("/ratings?bad=1&state=open").await.ok();
        assert_eq!(ratings["items"][0]["stars"], 1);
        let tasks = leader.get("/tasks?step=follow_up").await.ok();
        assert_eq!(tasks["items"][0]["case_id"], case["id"]);

        let path = format!("/ratings/{}/follow-up", ratings["items"][0]["id"].as_str().unwrap());
        leader.post(&path, json!({ "opinion": "" })).await.refused(422, "invalid");
        world
            .sign_in("agent")
            .post(&path, json!({ "opinion": "好" }))
            .await
            .refused(403, "permission.denied");
        let body = json!({ "opinion": "路灯又灭了，重新派单", "reopen": true });
        let reopened = leader.post(&path, body.clone()).await.ok();
        assert_eq!((&reopened["status"], &reopened["reopened"]), (&json!("draft_logged"), &json!(1)));
        assert_eq!(reopened["tasks"].as_array().unwrap().len(), 1);
        assert_eq!(reopened["tasks"][0]["step"], "dispatch");
        leader.post(&path, body).await.refused(409, "rating.followed_up");
    })
    .await;
}

#[tokio::test]
async fn urging_reaches_the_unit_and_notes_stay() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.dispatched("water").await;
        let id = case["id"].as_str().unwrap();
        let mut agent = world.sign_in("agent");
        agent.post(&format!("/cases/{id}/urge"), json!({ "text": "市民再次来电催促" })).await.done();
        agent.post(&format!("/cases/{id}/notes"), json!({ "text": "市民晚上方便接听" })).await.done();
        agent.post(&format!("/cases/{id}/notes"), json!({ "text": "" })).await.refused(422, "invalid");
        let urged = world.site.events("cases.case_urged").await;
        assert_eq!(urged[0]["unit_id"], "water");
        assert!(world.kinds(&case).await.ends_with(&["urged".to_owned(), "noted".to_owned()]));
    })
    .await;
}
