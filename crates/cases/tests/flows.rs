//! Flows: drafts, versions, which one an order runs, and moving running orders.

use serde_json::{Value, json};
use testkit::on_both;

use crate::support::World;

fn admin(world: &World) -> testkit::Client {
    world.sign_in("sysadmin")
}

async fn draft(world: &World, name: &str, xml: &str) -> Value {
    let body = json!({ "name": name, "title": "试行流程", "xml": xml });
    admin(world).post("/flow-drafts", body).await.ok()
}

async fn publish(world: &World, name: &str, xml: &str) -> String {
    let draft = draft(world, name, xml).await;
    let path = format!("/flow-drafts/{}/publication", draft["id"].as_str().unwrap());
    let published =
        admin(world).post(&path, json!({ "version": draft["version"], "note": "试行" })).await.ok();
    published["flow_id"].as_str().unwrap().to_owned()
}

async fn flows(world: &World) -> Vec<Value> {
    admin(world).get("/flows").await.ok().as_array().unwrap().clone()
}

#[tokio::test]
async fn a_draft_is_drawn_checked_and_published() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let faulty = flow::STANDARD.replace("targetRef=\"end\"", "targetRef=\"nowhere\"");
        let begun = draft(&world, "standard", &faulty).await;
        let path = format!("/flow-drafts/{}", begun["id"].as_str().unwrap());
        admin(&world)
            .post("/flow-drafts", json!({ "name": "standard", "title": "又一个", "xml": "<a/>" }))
            .await
            .refused(409, "flow.draft_exists");
        world
            .sign_in("agent")
            .post("/flow-drafts", json!({ "name": "x", "title": "x", "xml": "<a/>" }))
            .await
            .refused(403, "permission.denied");

        let checked = admin(&world).post("/flow-checks", json!({ "xml": faulty })).await.ok();
        assert_eq!(checked[0]["code"], "reference.dangling");
        assert_eq!(checked[0]["element_id"], "archived");
        let refused = admin(&world)
            .post(&format!("{path}/publication"), json!({ "version": 1 }))
            .await
            .refused(422, "flow.refused");
        assert_eq!(refused["problems"][0]["element_id"], "archived");

        let good = flow::STANDARD.replace("归档\">", "办结归档\">");
        let change = |version: i64| json!({ "version": version, "title": "标准", "xml": good });
        let saved = admin(&world).put(&path, change(1)).await.ok();
        assert_eq!(saved["version"], 2);
        admin(&world).put(&path, change(1)).await.refused(409, "stale_version");
        let published =
            admin(&world).post(&format!("{path}/publication"), json!({ "version": 2 })).await.ok();
        admin(&world).get(&path).await.refused(404, "not_found");

        let listed = flows(&world).await;
        let newest = listed.iter().find(|flow| flow["id"] == published["flow_id"]).unwrap();
        assert_eq!((&newest["version"], &newest["active"]), (&json!(2), &json!(true)));
        let xml = admin(&world).get(&format!("/flows/{}/xml", newest["id"].as_str().unwrap())).await;
        assert_eq!(xml.text(), good, "the drawing is kept to the letter");
        // What people have published stays in force when the server starts again.
        world.cases.load().await.unwrap();
        assert_eq!(flows(&world).await.iter().filter(|flow| flow["active"] == true).count(), 2);
        let active = flows(&world).await.into_iter().find(|flow| flow["name"] == "standard").unwrap();
        assert_eq!(active["id"], published["flow_id"]);
    })
    .await;
}

#[tokio::test]
async fn simple_matters_take_the_short_path() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let rules = admin(&world).get("/flow-rules").await.ok();
        assert_eq!(rules["rules"], json!([]));
        let body = |mark: &Value, flow: &str| {
            json!({ "mark": mark, "rules": [{ "type": "consult", "flow_name": flow }] })
        };
        admin(&world).put("/flow-rules", body(&rules["mark"], "nothing")).await.refused(422, "invalid");
        admin(&world).put("/flow-rules", body(&rules["mark"], "short")).await.done();
        admin(&world).put("/flow-rules", body(&rules["mark"], "short")).await.refused(409, "stale_version");

        let mut question = world.draft();
        question["type"] = json!("consult");
        let asked = world.sign_in("agent").post("/cases", question).await.ok();
        let sent = world
            .act("dispatcher", &asked, "dispatch", json!({ "unit_id": "water", "opinion": "请答复" }))
            .await;
        let accepted = world.act("water_clerk", &sent, "acceptance", json!({})).await;
        let told = world
            .act("water_clerk", &accepted, "feedback", json!({ "result": "已答复", "contacted": true }))
            .await;
        let passed = world.act("reviewer", &told, "result-review", json!({ "decision": "pass" })).await;
        let closed = world.act("reviewer", &passed, "closure", json!({ "reason": "已答复市民" })).await;
        assert_eq!(closed["status"], "archived");

        // A complaint still goes the long way.
        let complaint = world.written().await;
        assert_eq!(complaint["tasks"][0]["step"], "review");
    })
    .await;
}

#[tokio::test]
async fn running_orders_stay_on_their_version_until_they_are_moved() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let fresh = world.written().await;
        let sent = world.dispatched("water").await;
        let renamed = flow::STANDARD.replace("\"accept\"", "\"sign\"").replace(
            "<yihao:form key=\"sign\" />",
            "<yihao:form key=\"accept\" /><yihao:property name=\"step\" value=\"accept\" />",
        );
        let renamed = renamed.replace("yihao:action name=\"sign\"", "yihao:action name=\"accept\"");
        let new = publish(&world, "standard", &renamed).await;
        let old = flows(&world).await.into_iter().find(|flow| flow["running"] == 2).unwrap();
        let old_id = old["id"].as_str().unwrap();
        let running = world.sign_in("leader").get(&case_flow(&sent)).await.ok();
        assert_eq!((&running["flow_id"], &running["active"]), (&old["id"], &json!(["accept"])));
        assert!(running["taken"].as_array().unwrap().contains(&json!("dispatched")));

        let preview = |mapping: Value| {
            let body = json!({ "to": new, "mapping": mapping });
            async { admin(&world).post(&format!("/flows/{old_id}/migration-previews"), body).await.ok() }
        };
        let told = preview(json!({})).await;
        assert_eq!((&told["total"], &told["movable"]), (&json!(2), &json!(1)));
        assert_eq!(told["unmoved"][0]["code"], "no_counterpart");
        assert_eq!(told["unmoved"][0]["element_id"], "accept");
        assert_eq!(told["places"][0]["target_id"], json!(null));
        let told = preview(json!({ "accept": "sign" })).await;
        assert_eq!(told["movable"], 2);

        let path = format!("/flows/{old_id}/migrations");
        let batch = admin(&world)
            .post(&path, json!({ "to": new, "mapping": { "accept": "sign" }, "limit": 1 }))
            .await
            .ok();
        assert_eq!(batch["moved"], 1);
        let rest = admin(&world)
            .post(&path, json!({ "to": new, "mapping": { "accept": "sign" }, "after": batch["next"] }))
            .await
            .ok();
        assert_eq!((&rest["moved"], &rest["next"]), (&json!(1), &json!(null)));
        admin(&world).post(&path, json!({ "to": old_id })).await.refused(422, "invalid");
        world.sign_in("agent").post(&path, json!({ "to": new })).await.refused(403, "permission.denied");

        let moved = world.read("leader", &sent).await;
        assert!(world.kinds(&sent).await.contains(&"flow_changed".to_owned()));
        let accepted = world.act("water_clerk", &moved, "acceptance", json!({})).await;
        assert_eq!(accepted["status"], "in_progress");
        let fresh = world.read("leader", &fresh).await;
        world.act("leader", &fresh, "review", json!({ "decision": "pass" })).await;
    })
    .await;
}

fn case_flow(case: &Value) -> String {
    format!("/cases/{}/flow", case["id"].as_str().unwrap())
}

#[tokio::test]
async fn an_order_shows_where_it_stands_to_those_who_may_read_it() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let sent = world.dispatched("water").await;
        world.sign_in("water_clerk").get(&case_flow(&sent)).await.done();
        world.sign_in("roads_clerk").get(&case_flow(&sent)).await.refused(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn a_drawing_is_rehearsed_and_compared() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let rehearse = |acts: Value| {
            let body = json!({ "xml": flow::STANDARD, "variables": {}, "acts": acts });
            async { admin(&world).post("/flow-trials", body).await }
        };
        let first = rehearse(json!([])).await.ok();
        assert_eq!(first["active"], json!(["review"]));
        assert_eq!(first["tasks"][0]["actions"][1]["name"], "reject");
        let act = json!({ "act": "complete", "task_id": first["tasks"][0]["task_id"], "action": "pass" });
        let second = rehearse(json!([act])).await.ok();
        assert_eq!(second["active"], json!(["dispatch"]));
        rehearse(json!([{ "act": "fire", "timer_id": "timer-9" }])).await.refused(422, "invalid");
        let many: Vec<Value> = (0..201).map(|_| json!({ "act": "signal", "name": "x" })).collect();
        rehearse(json!(many)).await.refused(422, "invalid");

        let changed = flow::STANDARD.replace("working_days=\"1\"", "working_days=\"2\"");
        let body = json!({ "old_xml": flow::STANDARD, "new_xml": changed });
        let differences = admin(&world).post("/flow-comparisons", body).await.ok();
        assert_eq!(differences.as_array().unwrap().len(), 1);
        assert_eq!(
            (&differences[0]["element_id"], &differences[0]["change"]),
            (&json!("accept"), &json!("changed"))
        );
        assert_eq!(
            differences[0]["details"],
            json!([{ "what": "limit", "old": "working_days=1", "new": "working_days=2" }])
        );
    })
    .await;
}
