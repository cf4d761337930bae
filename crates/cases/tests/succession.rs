//! A unit is dissolved: whatever hung on it is its successor's, as things stand.

use contract::identity::{UnitCharge as _, UnitDissolved, UnitHoldings, UnitId};
use kernel::Timestamp;
use serde_json::{Value, json};
use testkit::on_both;

use crate::support::World;

impl World {
    /// Lets a unit be dissolved, and what is heard twice be heard twice.
    async fn dissolve(&self, unit_id: &str, successor: Option<&str>) {
        self.town.closed.lock().unwrap().push(unit_id.to_owned());
        let event = UnitDissolved {
            unit_id: UnitId(unit_id.to_owned()),
            code: unit_id.to_owned(),
            name: "城管局".to_owned(),
            successor_id: successor.map(|id| UnitId(id.to_owned())),
        };
        for _ in 0..2 {
            self.cases.note_dissolution(&event, Timestamp(self.site.kit.now().0)).await.unwrap();
        }
    }

    async fn carry_over(&self) -> usize {
        self.cases.carry_over(&self.site.ctx()).await.unwrap()
    }

    async fn holdings(&self, unit_id: &str) -> UnitHoldings {
        self.cases.holdings(&UnitId(unit_id.to_owned()), unit_id).await.unwrap()
    }
}

fn due(case: &Value) -> Value {
    assert!(case["due_at"].is_i64(), "{case}");
    case["due_at"].clone()
}

#[tokio::test]
async fn orders_move_with_their_limits_and_the_catalogue_names_the_successor() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let catalogue = world.draft_catalogue(&[crate::catalogue::lamps()]).await;
        world.publish_catalogue(&catalogue).await;
        let draft = world.draft_catalogue(&[crate::catalogue::lamps()]).await;
        let handled = world.dispatched("roads").await;
        let handled = world.act("roads_clerk", &handled, "acceptance", json!({})).await;
        let helped = world.reviewed().await;
        let to_north = json!({ "unit_id": "north", "co_units": ["roads"], "opinion": "请办理" });
        let helped = world.act("dispatcher", &helped, "dispatch", to_north).await;
        let waiting = world.dispatched("roads").await;
        assert_eq!(
            world.holdings("roads").await,
            UnitHoldings { orders: 3, tasks: 3, catalogue_rows: 1 },
            "one in hand, one to accept, one to help with"
        );

        world.dissolve("roads", Some("water")).await;
        assert_eq!(world.carry_over().await, 3);
        assert_eq!(world.carry_over().await, 0, "nothing moves twice");
        assert_eq!(world.holdings("roads").await, UnitHoldings::default());

        let moved = world.read("water_clerk", &handled).await;
        assert_eq!((&moved["unit"]["id"], due(&moved)), (&json!("water"), due(&handled)));
        assert_eq!(moved["status"], handled["status"], "it need not be accepted anew");
        assert!(world.kinds(&moved).await.contains(&"handed_over".to_owned()));
        world
            .sign_in("roads_clerk")
            .get(&format!("/cases/{}", handled["id"].as_str().unwrap()))
            .await
            .refused(404, "not_found");
        let settled = json!({ "result": "已更换灯具", "contacted": true });
        world.act("water_clerk", &moved, "feedback", settled).await;
        let waiting = world.read("water_clerk", &waiting).await;
        world.act("water_clerk", &waiting, "acceptance", json!({})).await;
        let helped = world.read("water_clerk", &helped).await;
        world.act("water_clerk", &helped, "co-handling/answer", json!({ "text": "已协助" })).await;

        let mut manager = world.sign_in("manager");
        let versions = manager.get("/catalogues").await.ok();
        let published: Vec<&Value> =
            versions.as_array().unwrap().iter().filter(|one| one["state"] == "published").collect();
        assert_eq!((published.len(), &published[0]["version"]), (1, &json!(3)), "{versions}");
        for id in [published[0]["id"].as_str().unwrap(), draft.as_str()] {
            let rows = manager.get(&format!("/catalogues/{id}/rows")).await.ok();
            assert!(!rows.to_string().contains("roads"), "{rows}");
        }
        let old = manager.get(&format!("/catalogues/{catalogue}/rows")).await.ok();
        assert!(old.to_string().contains("roads"), "a version that was in force is not rewritten");

        let told = world.site.events("succession.unit_succeeded").await;
        assert_eq!(
            (told.len(), &told[0]["orders"], &told[0]["successor_id"]),
            (1, &json!(3), &json!("water"))
        );
        let shown = world.sign_in("sysadmin").get("/successions/roads").await.ok();
        assert_eq!((&shown["done"], &shown["moved"], &shown["left"]), (&json!(true), &json!(3), &json!(0)));
    })
    .await;
}

#[tokio::test]
async fn a_stop_in_between_and_a_late_order_lose_nothing() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let (one, two) = (world.dispatched("roads").await, world.dispatched("roads").await);
        world.dissolve("roads", Some("water")).await;
        // The process dies after the first order: what it did is there, the rest is found again.
        world.carry_over().await;
        world.site.execute("update cases_succession set state = 'open'").await;
        assert_eq!(world.carry_over().await, 0);
        for case in [&one, &two] {
            let kinds = world.kinds(case).await;
            assert_eq!(kinds.iter().filter(|kind| *kind == "handed_over").count(), 1, "{kinds:?}");
        }
        // Another process did not know yet, and dispatched to the unit.
        world.town.closed.lock().unwrap().clear();
        let late = world.dispatched("roads").await;
        world.town.closed.lock().unwrap().push("roads".to_owned());
        assert_eq!(world.carry_over().await, 1);
        assert_eq!(world.read("water_clerk", &late).await["unit"]["id"], "water");
    })
    .await;
}

#[tokio::test]
async fn a_successor_that_is_dissolved_too_passes_it_on_and_without_one_the_dispatcher_has_it() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let one = world.dispatched("roads").await;
        let two = world.dispatched("north").await;
        world.dissolve("water", Some("north")).await;
        world.dissolve("roads", Some("water")).await;
        assert_eq!(world.carry_over().await, 1);
        assert_eq!(world.read("north_clerk", &one).await["unit"]["id"], "north");
        world.dissolve("north", None).await;
        assert_eq!(world.carry_over().await, 2);
        let two = world.read("dispatcher", &two).await;
        assert!(two["unit"].is_null(), "{two}");
        world.act("dispatcher", &two, "dispatch", json!({ "unit_id": "centre" })).await;
    })
    .await;
}

#[tokio::test]
async fn a_unit_that_is_used_again_keeps_what_it_gets() {
    on_both(|site| async move {
        let world = World::new(site).await;
        world.dissolve("roads", Some("water")).await;
        world.carry_over().await;
        world.town.closed.lock().unwrap().clear();
        let case = world.dispatched("roads").await;
        world.site.clock.set(Timestamp(world.site.kit.now().0 + 120_000));
        assert_eq!(world.carry_over().await, 0);
        assert_eq!(world.read("roads_clerk", &case).await["unit"]["id"], "roads");
        world.sign_in("sysadmin").get("/successions/roads").await.refused(404, "not_found");
    })
    .await;
}
