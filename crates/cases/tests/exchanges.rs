//! Units write to each other: who reads, who answers, what is unread, which orders may be referred to.

use axum::http::Method;
use contract::cases::ExchangeWritten;
use kernel::{Ctx, Event as _, Timestamp};
use serde_json::{Value, json};
use testkit::on_both;

use crate::support::World;

const DAY_MS: i64 = 86_400_000;

async fn written(world: &World, fields: Value) -> String {
    let mut body = json!({ "unit_ids": ["roads"], "subject": "道路开挖配合", "body": "请告知开挖时间。" });
    for (key, value) in fields.as_object().unwrap() {
        body[key] = value.clone();
    }
    let made = world.sign_in("water_clerk").post("/exchanges", body).await.ok();
    made["id"].as_str().unwrap().to_owned()
}

async fn subjects(world: &World, account: &str, query: &str) -> Vec<String> {
    let page = world.sign_in(account).get(&format!("/exchanges{query}")).await.ok();
    page["items"].as_array().unwrap().iter().map(|one| one["subject"].as_str().unwrap().to_owned()).collect()
}

async fn unread(world: &World, account: &str) -> i64 {
    world.sign_in(account).get("/exchanges/summary").await.ok()["unread"].as_i64().unwrap()
}

async fn told(world: &World) -> Vec<(String, Vec<String>)> {
    let events = world.site.events(ExchangeWritten::NAME).await;
    let read = |event: Value| -> ExchangeWritten { serde_json::from_value(event).unwrap() };
    events.into_iter().map(read).map(|event| (event.what, event.unit_ids)).collect()
}

#[tokio::test]
async fn a_unit_asks_others_and_reads_their_answers() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let by = world.site.kit.now().0 + 2 * DAY_MS;
        let id = written(&world, json!({ "unit_ids": ["roads", "north"], "answer_by": by })).await;
        assert_eq!(unread(&world, "roads_clerk").await, 1);
        assert_eq!(unread(&world, "water_clerk").await, 0, "one's own words are read");
        assert_eq!(subjects(&world, "roads_clerk", "?side=in&state=open").await.len(), 1);
        assert!(subjects(&world, "roads_clerk", "?side=out").await.is_empty());
        assert_eq!(subjects(&world, "water_clerk", "?side=out").await.len(), 1);
        assert_eq!(subjects(&world, "water_leader", "?side=in").await.len(), 1, "a unit below is asked");

        let path = format!("/exchanges/{id}");
        world.sign_in("roads_clerk").put(&format!("{path}/reading"), json!({})).await.done();
        assert_eq!(unread(&world, "roads_clerk").await, 0);
        world.site.clock.set(Timestamp(world.site.kit.now().0 + 60_000));
        let answer = json!({ "body": "周五夜间开挖。" });
        let seen = world.sign_in("roads_clerk").post(&format!("{path}/posts"), answer).await.ok();
        assert_eq!(seen["state"], "open", "one of two has answered");
        assert_eq!(seen["written"][1]["unit"]["name"], "城管局");
        assert_eq!(unread(&world, "water_clerk").await, 1);
        world
            .sign_in("north_clerk")
            .post(&format!("{path}/posts"), json!({ "body": "已派人。" }))
            .await
            .done();
        assert_eq!(subjects(&world, "water_clerk", "?state=answered&unread=true&q=开挖").await.len(), 1);
        assert_eq!(
            told(&world).await,
            [
                ("new".to_owned(), vec!["roads".to_owned(), "north".to_owned()]),
                ("answer".to_owned(), vec!["water".to_owned()]),
                ("answer".to_owned(), vec!["water".to_owned()]),
            ]
        );
        // The whole city's supervision reads, and writes nothing.
        let seen = world.sign_in("monitor").get(&path).await.ok();
        assert_eq!((&seen["may_answer"], &seen["may_close"]), (&json!(false), &json!(false)));
        let xlsx = world.sign_in("water_clerk").get("/exchanges.xlsx").await;
        assert_eq!(xlsx.status.as_u16(), 200);

        // Only the sender closes it, then nobody answers.
        let version = json!({ "version": seen["version"] });
        let closure = format!("{path}/closure");
        world.sign_in("roads_clerk").post(&closure, version.clone()).await.refused(409, "exchange.not_party");
        world.sign_in("water_clerk").post(&closure, version.clone()).await.done();
        world.sign_in("water_clerk").post(&closure, version).await.refused(409, "stale_version");
        let late = json!({ "body": "补充" });
        world
            .sign_in("roads_clerk")
            .post(&format!("{path}/posts"), late)
            .await
            .refused(409, "exchange.closed");
        let version = json!({ "version": seen["version"].as_i64().unwrap() + 1 }).to_string();
        let taken_up = world
            .sign_in("water_clerk")
            .send_raw(Method::DELETE, &closure, Some("application/json"), version.into())
            .await;
        taken_up.done();
        let more = json!({ "body": "补充" });
        world.sign_in("roads_clerk").post(&format!("{path}/posts"), more).await.done();
    })
    .await;
}

#[tokio::test]
async fn who_is_not_concerned_does_not_learn_of_it() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let id = written(&world, json!({ "unit_ids": ["north"] })).await;
        let path = format!("/exchanges/{id}");
        assert!(subjects(&world, "roads_clerk", "").await.is_empty());
        world.sign_in("roads_clerk").get(&path).await.refused(404, "not_found");
        let answer = json!({ "body": "我来看看" });
        world.sign_in("roads_clerk").post(&format!("{path}/posts"), answer).await.refused(404, "not_found");
        world
            .sign_in("roads_clerk")
            .put(&format!("{path}/reading"), json!({}))
            .await
            .refused(404, "not_found");
        world.sign_in("agent").get(&path).await.refused(403, "permission.denied");
        // The manager reads everything, and answers only where the own unit is asked.
        let answer = json!({ "body": "请抓紧" });
        let refused = world.sign_in("manager").post(&format!("{path}/posts"), answer).await;
        refused.refused(409, "exchange.not_party");
        let mut clerk = world.sign_in("water_clerk");
        for wrong in [
            json!({ "unit_ids": [], "subject": "x", "body": "x" }),
            json!({ "unit_ids": ["water"], "subject": "x", "body": "x" }),
            json!({ "unit_ids": ["nowhere"], "subject": "x", "body": "x" }),
            json!({ "unit_ids": ["roads"], "subject": "", "body": "x" }),
            json!({ "unit_ids": ["roads"], "subject": "x", "body": "长".repeat(5001) }),
            json!({ "unit_ids": ["roads"], "subject": "x", "body": "x", "answer_by": 1 }),
        ] {
            clerk.post("/exchanges", wrong).await.refused(422, "invalid");
        }
    })
    .await;
}

#[tokio::test]
async fn an_order_is_referred_to_only_among_those_who_may_see_it() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut draft = world.draft();
        draft["confidential"] = json!(true);
        let case = world.sign_in("agent").post("/cases", draft).await.ok();
        let case = world.act("leader", &case, "review", json!({ "decision": "pass" })).await;
        let case = world.act("dispatcher", &case, "dispatch", json!({ "unit_id": "water" })).await;
        let about = |unit: &str| {
            json!({ "unit_ids": [unit], "subject": "关于工单", "body": "请协助。", "order": case["number"] })
        };
        // The roads have nothing to do with it, whoever writes; and the roads cannot name it either.
        world.sign_in("water_clerk").post("/exchanges", about("roads")).await.refused(422, "invalid");
        world.sign_in("roads_clerk").post("/exchanges", about("water")).await.refused(422, "invalid");
        let made = world.sign_in("water_clerk").post("/exchanges", about("centre")).await.ok();
        let path = format!("/exchanges/{}", made["id"].as_str().unwrap());
        let seen = world.sign_in("dispatcher").get(&path).await.ok();
        assert_eq!(seen["order"]["name"], case["number"]);
        // Once it is somewhere else, the unit that lost it sees that there is one, not which.
        let body = json!({ "unit_id": "roads", "reason": "职责调整" });
        let case = world.read("dispatcher", &case).await;
        world.act("dispatcher", &case, "transfer", body).await;
        let seen = world.sign_in("water_clerk").get(&path).await.ok();
        assert_eq!((&seen["order"], &seen["order_hidden"]), (&Value::Null, &json!(true)));
    })
    .await;
}

#[tokio::test]
async fn files_go_along_and_stay_among_the_units() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let picture = crate::attachments::picture();
        let sent =
            crate::attachments::send(&world, "water_clerk", "/attachments", "现场.jpg", &picture).await.ok();
        let file = sent["id"].as_str().unwrap();
        let id = written(&world, json!({ "files": [file] })).await;
        let seen = world.sign_in("roads_clerk").get(&format!("/exchanges/{id}")).await.ok();
        assert_eq!(seen["written"][0]["files"][0]["name"], "现场.jpg");
        let path = format!("/attachments/{file}");
        assert_eq!(world.sign_in("roads_clerk").get(&path).await.status.as_u16(), 200);
        world.sign_in("north_clerk").get(&path).await.refused(404, "not_found");
        let refused = world.sign_in("water_clerk").delete(&path).await;
        refused.refused(409, "attachment.kept");
    })
    .await;
}

#[tokio::test]
async fn a_unit_that_lets_the_day_pass_is_told_once() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let now = world.site.kit.now().0;
        let id = written(&world, json!({ "unit_ids": ["roads", "north"], "answer_by": now + DAY_MS })).await;
        let answer = json!({ "body": "已阅" });
        world.sign_in("north_clerk").post(&format!("/exchanges/{id}/posts"), answer).await.done();
        let later = Timestamp(now + DAY_MS + 1);
        world.site.clock.set(later);
        let ctx = Ctx::system("cases.late_exchanges", later);
        assert_eq!(world.cases.tell_late_exchanges(&ctx).await.unwrap(), 1);
        assert_eq!(world.cases.tell_late_exchanges(&ctx).await.unwrap(), 0);
        assert_eq!(told(&world).await.last().unwrap(), &("late".to_owned(), vec!["roads".to_owned()]));
        assert_eq!(subjects(&world, "roads_clerk", "?late=true").await.len(), 1);
    })
    .await;
}
