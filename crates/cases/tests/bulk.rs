//! The same with several orders at once: each has a result of its own.

use serde_json::{Value, json};
use testkit::on_both;

use crate::support::World;

impl World {
    /// Does something with several orders; returns which were done.
    async fn bulk(
        &self,
        account: &str,
        noun: &str,
        cases: &[&Value],
        mut fields: Value,
    ) -> (Vec<bool>, Value) {
        fields["ids"] = cases.iter().map(|case| case["id"].clone()).collect();
        let results = self.sign_in(account).post(&format!("/cases/{noun}"), fields).await.ok();
        let done = results.as_array().unwrap().iter().map(|one| one["done"].as_bool().unwrap()).collect();
        (done, results)
    }
}

#[tokio::test]
async fn several_orders_are_dispatched_accepted_and_given_back() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let (one, two, fresh) = (world.reviewed().await, world.reviewed().await, world.written().await);
        let to_water = json!({ "unit_id": "water", "text": "请办理" });
        let (done, results) = world.bulk("dispatcher", "dispatches", &[&one, &two, &fresh], to_water).await;
        assert_eq!(done, [true, true, false]);
        assert_eq!(results[2]["number"], fresh["number"]);
        assert!(results[2]["detail"].as_str().unwrap().contains("派单"), "{results}");
        // The unit's clerk accepts; an order twice in the list is taken once, a stranger's is not known.
        let (done, _) = world.bulk("water_clerk", "acceptances", &[&one, &one, &fresh], json!({})).await;
        assert_eq!(done, [true, false]);
        let (done, results) = world.bulk("roads_clerk", "acceptances", &[&two], json!({})).await;
        assert_eq!((done.as_slice(), &results[0]["number"]), ([false].as_slice(), &Value::Null));
        let (done, _) = world.bulk("water_clerk", "returns", &[&two], json!({ "text": "" })).await;
        assert_eq!(done, [false], "a reason is needed, as on the order's own page");
        let (done, _) = world.bulk("water_clerk", "returns", &[&two], json!({ "text": "不属本局" })).await;
        assert_eq!(done, [true]);
        let (one, two) = (world.read("leader", &one).await, world.read("leader", &two).await);
        assert_eq!((&one["status"], &two["status"]), (&json!("in_progress"), &json!("returned")));
        assert!(world.kinds(&one).await.contains(&"accepted".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn without_a_unit_each_order_goes_where_the_catalogue_says() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let one = world.reviewed().await;
        let (done, results) = world.bulk("dispatcher", "dispatches", &[&one], json!({})).await;
        assert_eq!(done, [false], "{results}");
        assert!(results[0]["detail"].as_str().unwrap().contains("派单目录"));
        let id = world.draft_catalogue(&[crate::catalogue::lamps()]).await;
        world.publish_catalogue(&id).await;
        let (done, results) = world.bulk("dispatcher", "dispatches", &[&one], json!({})).await;
        assert_eq!(done, [true], "{results}");
        let one = world.read("dispatcher", &one).await;
        assert_eq!(one["unit"]["id"], "north");
        assert!(world.kinds(&one).await.contains(&"dispatched".to_owned()));
    })
    .await;
}

#[tokio::test]
async fn a_repetition_is_answered_as_before_and_an_archived_order_can_be_taken_up_again() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let one = world.visited(5).await;
        let body = json!({ "ids": [one["id"]], "text": "已办结" });
        let mut leader = world.sign_in("leader").with_header("idempotency-key", "closures-0001");
        let first = leader.post("/cases/closures", body.clone()).await;
        assert_eq!(first.json()[0]["done"], true, "{}", first.text());
        let again = leader.post("/cases/closures", body).await;
        assert_eq!(again.json(), first.json());
        let archived = world.read("leader", &one).await;
        assert_eq!(world.kinds(&archived).await.iter().filter(|kind| *kind == "closed").count(), 1);
        world.reopen("leader", &archived, "市民补充材料").await.done();
        let many: Vec<String> = (0..201).map(|n| n.to_string()).collect();
        let too_many = json!({ "ids": many, "text": "已办结" });
        world.sign_in("leader").post("/cases/closures", too_many).await.refused(422, "invalid");
    })
    .await;
}
