//! Models: learnt on demand and by night, measured, kept, put in force and taken back.

use serde_json::json;
use testkit::on_both;

use crate::support::{World, history};

#[tokio::test]
async fn a_model_is_measured_kept_and_survives_a_restart() {
    on_both(|site| async move {
        let world = World::new(site).await;
        world.write(history(40)).await;
        let mut admin = world.with("admin", &["assist.learn"]);
        admin.post("/assist/models", json!({})).await.refused(409, "assist.too_few_orders");
        world.write(history(240).split_off(40)).await;
        let list = admin.post("/assist/models", json!({})).await.ok();
        let model = &list["models"][0];
        assert_eq!((model["active"].as_bool(), model["orders"].as_i64()), (Some(true), Some(240)));
        let score =
            model["scores"].as_array().unwrap().iter().find(|one| one["field"] == "category").unwrap();
        assert!(score["accuracy"].as_f64().unwrap() > 0.9, "{score}");
        assert!(score["ece"].is_number() && score["macro_f1"].is_number(), "{score}");
        // Another process, or this one after a restart, reads what is in force.
        let before = world.bot.active_model().unwrap().id.clone();
        let ports = bot::Ports {
            corpus: world.town.clone(),
            citizens: world.town.clone(),
            directory: world.town.clone(),
            knowledge: None,
        };
        let again = bot::Bot::new(world.site.kit.clone(), ports, []).unwrap();
        assert!(again.active_model().is_none());
        again.follow_model().await.unwrap();
        assert_eq!(again.active_model().unwrap().id, before);
    })
    .await;
}

#[tokio::test]
async fn an_older_model_comes_back_and_a_damaged_one_changes_nothing() {
    on_both(|site| async move {
        let world = World::new(site).await;
        world.write(history(120)).await;
        let first = world.bot.learn(&world.site.ctx(), false).await.unwrap();
        let second = world.bot.learn(&world.site.ctx(), false).await.unwrap();
        let mut admin = world.with("admin", &["assist.learn"]);
        let active = |list: &serde_json::Value| {
            list["models"]
                .as_array()
                .unwrap()
                .iter()
                .find(|one| one["active"] == true)
                .map(|one| one["id"].clone())
        };
        let list = admin.put("/assist/models/active", json!({ "id": first })).await.ok();
        assert_eq!(active(&list), Some(json!(first)));
        assert_eq!(world.bot.active_model().unwrap().id, first);
        admin.put("/assist/models/active", json!({ "id": "nothing" })).await.refused(404, "not_found");
        world
            .site
            .execute(&format!("update bot_model set file = '2026/01/01/gone' where id = '{second}'"))
            .await;
        admin.put("/assist/models/active", json!({ "id": second })).await.refused(500, "internal");
        assert_eq!(world.bot.active_model().unwrap().id, first, "the one in force stays");
        let list = admin.put("/assist/models/active", json!({ "id": null })).await.ok();
        assert_eq!(active(&list), None);
        assert!(world.bot.active_model().is_none(), "it is silent");
        assert_eq!(world.site.audited(&first).await, ["assist.model_learnt", "assist.model_activated"]);
    })
    .await;
}

#[tokio::test]
async fn by_night_it_learns_once() {
    on_both(|site| async move {
        let world = World::new(site).await;
        world.write(history(120)).await;
        assert!(!world.bot.learn_by_night(&world.site.ctx()).await.unwrap(), "nine in the morning");
        world.site.clock.advance_millis(17 * 3_600_000);
        assert!(world.bot.learn_by_night(&world.site.ctx()).await.unwrap());
        world.site.clock.advance_millis(600_000);
        assert!(!world.bot.learn_by_night(&world.site.ctx()).await.unwrap(), "once a night");
    })
    .await;
}
