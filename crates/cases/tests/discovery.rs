//! What units find themselves: the work log, the orders made of it, and what prompts them to look.

use contract::cases::CaseId;
use kernel::Ctx;
use serde_json::{Value, json};
use testkit::on_both;

use crate::support::World;

fn find(world: &World) -> Value {
    json!({
        "title": "井盖破损", "content": "人民路 12 号门前井盖破损，已设警示。", "category_id": world.category,
        "place": { "district": "云水区", "address": "人民路12号", "lng": 113.2, "lat": 23.1 },
    })
}

impl World {
    async fn log_find(&self, account: &str) -> String {
        let made = self.sign_in(account).post("/discoveries", find(self)).await.ok();
        made["id"].as_str().unwrap().to_owned()
    }

    async fn sent_by_itself(&self, case_id: &str) -> bool {
        let ctx = Ctx::system("cases.auto_dispatch", self.site.kit.now());
        self.cases.dispatch_automatically(&ctx, &CaseId(case_id.to_owned())).await.unwrap()
    }
}

#[tokio::test]
async fn a_find_becomes_an_order_of_the_own_unit_once() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let id = world.log_find("water_clerk").await;
        let making = json!({ "version": 1, "type": "repair", "handling": "own" });
        let path = format!("/discoveries/{id}/order");
        // Another unit's clerk does not know of it; a leader reads it and makes nothing of it.
        world.sign_in("roads_clerk").post(&path, making.clone()).await.refused(404, "not_found");
        let leader = world.sign_in("water_leader").get("/discoveries").await.ok();
        assert_eq!((&leader["items"][0]["id"], &leader["items"][0]["open"]), (&json!(id), &json!(false)));
        world.sign_in("water_leader").post(&path, making.clone()).await.refused(403, "permission.denied");

        let made = world.sign_in("water_clerk").post(&path, making.clone()).await.ok();
        let case_id = made["case_id"].as_str().unwrap();
        world.sign_in("water_clerk").post(&path, making).await.refused(409, "discovery.done");
        let order = world.read("water_clerk", &json!({ "id": case_id })).await;
        assert_eq!((&order["source"], &order["status"]), (&json!("discovered"), &json!("draft_logged")));
        assert_eq!(order["tasks"][0]["step"], "dispatch", "neither reviewed nor visited");
        assert!(world.sent_by_itself(case_id).await);
        assert!(!world.sent_by_itself(case_id).await, "the event may come twice");
        let order = world.read("water_clerk", &order).await;
        assert_eq!((&order["status"], &order["unit"]["id"]), (&json!("assigned"), &json!("water")));
        let order = world.act("water_clerk", &order, "acceptance", json!({})).await;
        let result = json!({ "result": "已更换井盖", "contacted": true });
        let order = world.act("water_clerk", &order, "feedback", result).await;
        world.act("reviewer", &order, "result-review", json!({ "decision": "pass" })).await;

        let log = world.sign_in("water_clerk").get("/discoveries?state=ordered").await.ok();
        assert_eq!(log["items"][0]["case_number"], made["number"]);
        let count = world.sign_in("manager").get("/discoveries/figures").await.ok();
        let expected = json!({ "total": 1, "logged": 0, "ordered": 1, "settled": 0, "orders_settled": 1 });
        assert_eq!(count, expected);
        let apart = world.sign_in("manager").get("/cases?source=discovered").await.ok();
        assert_eq!(apart["items"].as_array().unwrap().len(), 1);
        let months = world.cases.months(world.site.kit.now()).await.unwrap();
        assert_eq!(months.last().unwrap().received, 0, "the public figures are those of citizens");
    })
    .await;
}

#[tokio::test]
async fn a_find_for_the_centre_waits_for_its_dispatcher() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let id = world.log_find("north_clerk").await;
        let making = json!({ "version": 1, "type": "repair", "handling": "centre", "urgency": "urgent" });
        let path = format!("/discoveries/{id}/order");
        // The bureau above reaches down to its office.
        let made = world.sign_in("water_admin").post(&path, making).await.ok();
        let case_id = made["case_id"].as_str().unwrap();
        assert!(!world.sent_by_itself(case_id).await);
        let order = world.read("dispatcher", &json!({ "id": case_id })).await;
        assert_eq!(order["contact"]["name"], "north_clerk", "who found it, not who sent it up");
        let order = world.act("dispatcher", &order, "dispatch", json!({ "unit_id": "roads" })).await;
        assert_eq!(order["unit"]["id"], "roads");
    })
    .await;
}

#[tokio::test]
async fn the_log_is_corrected_and_settled_while_nothing_was_made_of_it() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut clerk = world.sign_in("water_clerk");
        let mut bare = find(&world);
        bare["title"] = json!(" ");
        clerk.post("/discoveries", bare.clone()).await.refused(422, "invalid");
        bare["title"] = json!("乱堆渣土");
        bare["category_id"] = Value::Null;
        let id = clerk.post("/discoveries", bare.clone()).await.ok()["id"].as_str().unwrap().to_owned();
        let order = json!({ "version": 1, "type": "repair", "handling": "own" });
        let path = format!("/discoveries/{id}");
        let problem = clerk.post(&format!("{path}/order"), order).await.refused(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], "category_id");
        bare["version"] = json!(1);
        bare["content"] = json!("人民路口渣土约两方");
        clerk.put(&path, bare.clone()).await.done();
        clerk.put(&path, bare).await.refused(409, "stale_version");
        let settlement = |note: &str| json!({ "version": 2, "note": note });
        clerk.post(&format!("{path}/settlement"), settlement("")).await.refused(422, "invalid");
        clerk.post(&format!("{path}/settlement"), settlement("当场责令清运")).await.done();
        clerk.post(&format!("{path}/settlement"), settlement("又来")).await.refused(409, "discovery.done");
        let log = clerk.get("/discoveries?q=渣土&mine=true").await.ok();
        assert_eq!(
            (&log["items"][0]["state"], &log["items"][0]["note"]),
            (&json!("settled"), &json!("当场责令清运"))
        );
        assert_eq!(clerk.get("/discoveries?q=%25").await.ok()["items"], json!([]));
        for n in 0..3 {
            let mut one = find(&world);
            one["title"] = json!(format!("第{n}处"));
            clerk.post("/discoveries", one).await.done();
        }
        let page = clerk.get("/discoveries?limit=2").await.ok();
        let cursor = page["next_cursor"].as_str().unwrap();
        let rest = clerk.get(&format!("/discoveries?limit=2&cursor={cursor}")).await.ok();
        assert_eq!(rest["items"].as_array().unwrap().len(), 2);
        let sheet = clerk.get("/discoveries.xlsx").await;
        assert!(sheet.status.is_success() && sheet.body.starts_with(b"PK"));
    })
    .await;
}

#[tokio::test]
async fn what_citizens_say_again_and_again_prompts_the_unit_in_charge() {
    on_both(|site| async move {
        let world = World::new(site).await;
        for _ in 0..3 {
            world.dispatched("north").await;
        }
        let prompts = world.sign_in("north_clerk").get("/discoveries/prompts").await.ok();
        let expected = (json!("云水区"), json!(3), json!(0));
        let first = &prompts[0];
        assert_eq!((first["district"].clone(), first["count"].clone(), first["before"].clone()), expected);
        assert!(first["category_name"].as_str().unwrap().contains("路灯照明"));
        assert_eq!(
            world.sign_in("water_admin").get("/discoveries/prompts").await.ok(),
            prompts,
            "from below too"
        );
        assert_eq!(world.sign_in("water_clerk").get("/discoveries/prompts").await.ok(), json!([]));
    })
    .await;
}
