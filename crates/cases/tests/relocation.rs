//! A unit that is moved in the tree takes along what it has: orders, tasks, finds, commitments, alarms, exchanges.

use contract::identity::UnitId;
use serde_json::json;
use testkit::on_both;

use crate::support::{World, at};

async fn rows(world: &World, account: &str, path: &str) -> usize {
    world.sign_in(account).get(path).await.ok()["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn what_a_moved_unit_has_is_seen_from_its_new_place() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.dispatched("north").await;
        let found = json!({ "title": "井盖破损", "content": "路口井盖破损", "place": {} });
        world.sign_in("north_clerk").post("/discoveries", found).await.done();
        let promise = json!({ "service": "抢修", "unit_id": "north" });
        world.sign_in("water_admin").post("/commitments", promise).await.done();
        let written = json!({ "unit_ids": ["north"], "subject": "配合", "body": "请配合" });
        world.sign_in("roads_clerk").post("/exchanges", written).await.done();
        // Its limit for acceptance is missed: an alarm.
        world.wait_until(at(3, 4, 9)).await;
        let lists = ["/cases", "/discoveries", "/alarms", "/exchanges"];
        for list in lists {
            assert_eq!(rows(&world, "water_admin", list).await, 1, "{list}");
        }

        // The unit goes to the roads: the water bureau sees nothing of it any more.
        world.town.moved.lock().unwrap().insert("north".to_owned(), "/centre/roads/north/".to_owned());
        world.cases.note_unit_change(&UnitId("north".to_owned()), world.site.kit.now()).await.unwrap();
        assert!(world.cases.follow_units(world.site.kit.now()).await.unwrap() >= 5);
        assert_eq!(world.cases.follow_units(world.site.kit.now()).await.unwrap(), 0);
        for list in lists {
            assert_eq!(rows(&world, "water_admin", list).await, 0, "{list}");
        }
        let kept = world.read("north_clerk", &case).await;
        assert_eq!(kept["unit"]["id"], "north");
        // It is looked at once more, then forgotten.
        let later = world.site.kit.now().plus_secs(61);
        assert_eq!(world.cases.follow_units(later).await.unwrap(), 0);
        let (left,): (i64,) = sqlx::query_as("select count(*) from cases_relocation")
            .fetch_one(world.site.kit.db.reader())
            .await
            .unwrap();
        assert_eq!(left, 0);
    })
    .await;
}
