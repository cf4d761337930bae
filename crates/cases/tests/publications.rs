//! Settled orders that everybody may read.

use axum::http::Method;
use contract::cases::{CitizenDesk, PublishedFilter};
use kernel::Ctx;
use serde_json::{Value, json};
use testkit::on_both;

use crate::support::World;

async fn words(world: &World, q: &str) -> Vec<String> {
    let filter = PublishedFilter { q: q.to_owned(), ..PublishedFilter::default() };
    let page = CitizenDesk::published(&world.cases, &filter).await.unwrap();
    page.items.into_iter().map(|one| one.title).collect()
}

fn path(case: &Value) -> String {
    format!("/cases/{}/publication", case["id"].as_str().unwrap())
}

#[tokio::test]
async fn an_editor_shows_a_settled_order_without_its_citizen_and_takes_it_back() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let open = world.handled().await;
        world.sign_in("reviewer").get(&path(&open)).await.refused(409, "publication.not_settled");

        let mut draft = world.draft();
        draft["content"] = json!("周女士住云水路18号3单元502室，电话13900001234，路灯不亮。");
        let case = world.sign_in("agent").post("/cases", draft).await.ok();
        let case = world.act("leader", &case, "review", json!({ "decision": "pass" })).await;
        let case = world.act("dispatcher", &case, "dispatch", json!({ "unit_id": "water" })).await;
        let case = world.act("water_clerk", &case, "acceptance", json!({})).await;
        let case = world
            .act("water_clerk", &case, "feedback", json!({ "result": "已更换灯具", "contacted": true }))
            .await;
        let case = world.act("reviewer", &case, "result-review", json!({ "decision": "pass" })).await;

        let proposal = world.sign_in("reviewer").get(&path(&case)).await.ok();
        let content = proposal["content"].as_str().unwrap();
        assert_eq!(proposal["state"], "proposed");
        for secret in ["周女士", "13900001234", "502"] {
            assert!(!content.contains(secret), "{content}");
        }
        assert!(content.contains("路灯不亮"), "{content}");
        assert_eq!(words(&world, "").await, [""; 0], "a proposal is shown to nobody");

        let put = |body: Value| {
            let mut reviewer = world.sign_in("reviewer");
            let path = path(&case);
            async move {
                reviewer.send_raw(Method::PUT, &path, Some("application/json"), body.to_string().into()).await
            }
        };
        let named = json!({ "title": "路灯", "content": "周女士反映路灯不亮", "result": "已修" });
        let refused = put(named).await.refused(422, "invalid");
        assert_eq!(refused["errors"][0]["code"], "names_the_citizen");
        let shown = json!({ "title": "路灯不亮", "content": content, "result": "已更换灯具" });
        put(shown).await.done();
        assert_eq!(words(&world, "灯具").await, ["路灯不亮"]);
        assert_eq!(words(&world, "井盖").await, [""; 0]);
        let filter = PublishedFilter { category_id: Some("none".to_owned()), ..PublishedFilter::default() };
        assert!(CitizenDesk::published(&world.cases, &filter).await.unwrap().items.is_empty());
        let filter =
            PublishedFilter { category_id: Some(world.category.clone()), ..PublishedFilter::default() };
        let page = CitizenDesk::published(&world.cases, &filter).await.unwrap();
        assert_eq!((page.items[0].unit.as_str(), page.items[0].category.as_str()), ("水务局", "路灯照明"));
        let one = CitizenDesk::published_one(&world.cases, &page.items[0].id).await.unwrap();
        assert_eq!(one.unwrap().result, "已更换灯具");
        world.sign_in("water_clerk").get(&path(&case)).await.refused(403, "permission.denied");

        world.sign_in("reviewer").delete(&path(&case)).await.done();
        assert_eq!(words(&world, "").await, [""; 0]);
        assert!(CitizenDesk::published_one(&world.cases, &page.items[0].id).await.unwrap().is_none());
        world.sign_in("reviewer").delete(&path(&case)).await.refused(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn the_months_count_what_came_and_what_was_settled() {
    on_both(|site| async move {
        let world = World::new(site).await;
        world.visited(5).await;
        world.written().await;
        let now = Ctx::system("portal", world.site.kit.now()).now;
        let months = CitizenDesk::months(&world.cases, now).await.unwrap();
        assert_eq!(months.len(), 12);
        let last = months.last().unwrap();
        assert_eq!((last.month.as_str(), last.received, last.settled), ("2026-03", 2, 1));
        assert_eq!(months[10].received, 0);
    })
    .await;
}
