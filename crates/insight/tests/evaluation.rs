//! The evaluation of units, on both databases.

use serde_json::json;
use testkit::{PersonBuilder, on_both};

use crate::support::{World, told};

async fn world(site: testkit::Site) -> World {
    let world = World::new(site).await;
    for number in 0..10 {
        let unit = if number < 4 { "water" } else { "roads" };
        world.city.order(&format!("case-{number:02}"), unit, "complaint", number);
    }
    world.city.settle("case-00", 5, true, Some(5));
    world.city.settle("case-01", 5, true, Some(1));
    world.city.settle("case-02", 50, false, None);
    {
        let mut cases = world.city.cases.lock().unwrap();
        for (id, hours) in [("case-00", 1), ("case-01", 30)] {
            let fact = cases.get_mut(id).unwrap();
            fact.accepted_at = fact.dispatched_at.map(|at| at + hours * 3_600_000);
            fact.accept_due_at = fact.dispatched_at.map(|at| at + 24 * 3_600_000);
            fact.tier = Some("2h".to_owned());
        }
    }
    world.site.clock.advance_millis(3 * 86_400_000);
    world.insight.catch_up().await.unwrap();
    world
}

#[tokio::test]
async fn units_are_judged_by_three_rates_and_other_weights_can_be_tried() {
    on_both(|site| async move {
        let world = world(site).await;
        let mut leader = world.leader();
        let month = leader.get("/evaluations/2026-03").await.ok();
        let water = month["units"].as_array().unwrap().iter().find(|one| one["unit_id"] == "water").unwrap();
        // Of two with a limit to accept one kept it; of three with a result two were solved (2h counts 1.5).
        assert_eq!(water["response"]["share"], 0.5);
        assert_eq!(water["solution"], json!({ "share": 0.75, "part": 3.0, "whole": 4.0 }));
        assert_eq!(water["satisfaction"]["share"], 0.5);
        assert_eq!(
            (&water["orders"], &water["grade"], &water["class"]),
            (&json!(4), &json!("fair"), &json!("small"))
        );
        let tried =
            leader.get("/evaluations/2026-03?response=0&solution=100&satisfaction=0&tiers=2h:1").await.ok();
        let water = tried["units"].as_array().unwrap().iter().find(|one| one["unit_id"] == "water").unwrap();
        assert_eq!((&tried["tried"], &water["grade"]), (&json!(true), &json!("fair")));
        assert_eq!(water["solution"]["share"].as_f64().map(|share| (share * 300.0).round()), Some(200.0));
        leader.get("/evaluations/2026-03?response=-1").await.refused(422, "invalid");
        leader.get("/evaluations/march").await.refused(422, "invalid");
        leader.get("/evaluations/2026-03?tiers=x").await.refused(422, "invalid");
    })
    .await;
}

#[tokio::test]
async fn a_unit_sees_what_counts_against_it_and_a_strike_out_changes_the_month_until_it_is_closed() {
    on_both(|site| async move {
        let world = world(site).await;
        let clerk = PersonBuilder::new("clerk").unit("/centre/water/");
        let mut clerk =
            world.server.as_person(clerk.may_within(kernel::Scope::Subtree, &["report.read", "case.read"]));
        let month = clerk.get("/evaluations/2026-03").await.ok();
        assert_eq!(month["units"].as_array().unwrap().len(), 1);
        let against = clerk.get("/evaluations/2026-03/cases?unit_id=water&rate=solution").await.ok();
        assert_eq!((&against["total"], &against["cases"][0]["number"]), (&json!(1), &json!("YZ-case-02")));
        let others = clerk.get("/evaluations/2026-03/cases?unit_id=roads&rate=solution").await.ok();
        assert_eq!(others["total"], 0);
        world.city.cases.lock().unwrap().get_mut("case-02").unwrap().struck_out = 1;
        world.insight.projection().take_in(world.insight.lake(), &[told(50, "case-02")]).await.unwrap();
        let month = clerk.get("/evaluations/2026-03").await.ok();
        assert_eq!(
            (&month["units"][0]["struck_out"], &month["units"][0]["solution"]["share"]),
            (&json!(1), &json!(1.0))
        );

        clerk.post("/evaluations/2026-03/closing", json!({})).await.refused(403, "permission.denied");
        let manager = PersonBuilder::new("manager").may(&["report.read", "evaluation.close", "case.read"]);
        let mut manager = world.server.as_person(manager);
        manager.post("/evaluations/2026-03/closing", json!({})).await.refused(422, "invalid");
        world.site.clock.advance_millis(31 * 86_400_000);
        manager.post("/evaluations/2026-03/closing", json!({})).await.done();
        manager.post("/evaluations/2026-03/closing", json!({})).await.refused(409, "insight.closed");
        world.city.cases.lock().unwrap().get_mut("case-00").unwrap().struck_out = 1;
        world.insight.projection().take_in(world.insight.lake(), &[told(51, "case-00")]).await.unwrap();
        let closed = clerk.get("/evaluations/2026-03").await.ok();
        assert_eq!(
            (&closed["units"][0]["struck_out"], closed["units"].as_array().unwrap().len()),
            (&json!(1), 1)
        );
        assert_eq!(closed["closed_by"], "manager");
        manager.delete("/evaluations/2026-03/closing").await.done();
        let open = clerk.get("/evaluations/2026-03").await.ok();
        assert_eq!(open["units"][0]["struck_out"], 2);
    })
    .await;
}

#[tokio::test]
async fn weights_are_set_once_a_version() {
    on_both(|site| async move {
        let world = world(site).await;
        let body = |version: i64, response: f64| json!({ "response": response, "solution": 30, "satisfaction": 40, "tiers": { "2h": 2 }, "version": version });
        let mut leader = world.leader();
        leader.put("/evaluation-weights", body(0, 30.0)).await.refused(403, "permission.denied");
        let mut manager = world.server.as_person(PersonBuilder::new("manager").may(&["report.read", "evaluation.close"]));
        assert_eq!(manager.put("/evaluation-weights", body(0, 30.0)).await.ok()["version"], 1);
        manager.put("/evaluation-weights", body(0, 50.0)).await.refused(409, "stale_version");
        manager.put("/evaluation-weights", body(1, 500.0)).await.refused(422, "invalid");
        assert_eq!(leader.get("/evaluation-weights").await.ok()["response"], 30.0);
    })
    .await;
}
