//! The same with many orders in the background.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::on_both;

use crate::support::World;

impl World {
    /// Starts a run and waits for its end.
    async fn bulk_run(&self, account: &str, query: &str, body: Value) -> Value {
        let mut client = self.sign_in(account);
        let started = client.post(&format!("/cases/bulk-runs{query}"), body).await.ok();
        let path = format!("/runs/{}", started["run_id"].as_str().unwrap());
        for _ in 0..500 {
            let run = client.get(&path).await.ok();
            if run["state"] != "running" {
                assert_eq!(run["state"], "done", "{run}");
                return run;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the run has no end");
    }
}

fn figures(run: &Value) -> [i64; 4] {
    ["total", "done", "before", "failed"].map(|name| run["result"][name].as_i64().unwrap())
}

#[tokio::test]
async fn all_that_match_a_filter_are_dealt_with_and_each_has_its_result() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let (one, two) = (world.dispatched("water").await, world.dispatched("north").await);
        let other = world.dispatched("roads").await;
        let wish = json!({ "act": "urge", "text": "请尽快办理" });
        let run = world.bulk_run("leader", "?unit_id=water&status=assigned", wish.clone()).await;
        assert_eq!(figures(&run), [2, 2, 0, 0]);
        for case in [&one, &two] {
            assert!(world.kinds(case).await.contains(&"urged".to_owned()));
        }
        assert!(!world.kinds(&other).await.contains(&"urged".to_owned()), "it does not match");
        let file = world.sign_in("leader").get(&format!("/runs/{}/file", run["id"].as_str().unwrap())).await;
        assert!(file.status.is_success() && file.body.starts_with(b"PK"));

        let mut leader = world.sign_in("leader");
        let none =
            leader.post("/cases/bulk-runs?status=archived", wish.clone()).await.refused(422, "invalid");
        assert_eq!(none["errors"][0]["code"], "empty");
        let many: Vec<String> = (0..1001).map(|n| format!("id{n}")).collect();
        let refused = leader.post("/cases/bulk-runs", json!({ "act": "urge", "ids": many })).await;
        assert_eq!(refused.refused(422, "invalid")["errors"][0]["code"], "too_many");
        world.sign_in("water_clerk").post("/cases/bulk-runs", wish).await.refused(403, "permission.denied");
        // What is beyond the reader's scope is not chosen by the filter.
        let accepted = world.bulk_run("north_clerk", "", json!({ "act": "accept" })).await;
        assert_eq!(figures(&accepted), [1, 1, 0, 0]);
    })
    .await;
}

#[tokio::test]
async fn a_run_that_is_gone_on_with_counts_what_it_had_done_as_done() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let (one, late) = (world.dispatched("water").await, world.written().await);
        let wish = json!({ "act": "accept", "ids": [one["id"], late["id"]] });
        let first = world.bulk_run("water_admin", "", wish).await;
        assert_eq!(figures(&first), [2, 1, 0, 1]);
        let late = world.act("leader", &late, "review", json!({ "decision": "pass" })).await;
        world.act("dispatcher", &late, "dispatch", json!({ "unit_id": "water" })).await;
        let again = world.bulk_run("water_admin", "", json!({ "resume": first["id"] })).await;
        assert_eq!(figures(&again), [2, 1, 1, 0], "the one is neither done twice nor called a failure");
        assert_eq!(world.kinds(&one).await.iter().filter(|kind| *kind == "accepted").count(), 1);
        let mut other = world.sign_in("water_clerk");
        let body = json!({ "resume": first["id"] });
        other.post("/cases/bulk-runs", body).await.refused(404, "not_found");
    })
    .await;
}
