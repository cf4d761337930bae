//! Lists: every order, page by page, filters, the export.

use serde_json::Value;
use testkit::on_both;

use crate::support::{World, entry};

fn numbers(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|one| one["number"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn every_order_shows_each_entry_once_page_by_page() {
    on_both(|site| async move {
        let world = World::new(site).await;
        for title in ["水价", "水表", "水质", "水压"] {
            world.publish(entry(title, "水。")).await;
            world.site.clock.set(world.site.kit.now().plus_secs(60));
        }
        let mut agent = world.as_("agent");
        for sort in ["-updated_at", "-published_at", "-views", "review_due_at", "number"] {
            let mut seen = Vec::new();
            let mut cursor = String::new();
            loop {
                let path = format!("/knowledge/entries?sort={sort}&limit=3&cursor={cursor}");
                let page = agent.get(&path).await.ok();
                seen.extend(numbers(&page));
                match page["next_cursor"].as_str() {
                    Some(next) => next.clone_into(&mut cursor),
                    None => break,
                }
            }
            let mut once = seen.clone();
            once.sort();
            assert_eq!(once, ["ZS000001", "ZS000002", "ZS000003", "ZS000004"], "{sort}");
            if sort.ends_with("d_at") && sort.starts_with('-') {
                assert_eq!(seen[0], "ZS000004", "{sort}");
            }
        }
        let found = agent.get("/knowledge/entries?q=zs000002").await.ok();
        assert_eq!((numbers(&found), &found["total"]), (vec!["ZS000002".to_owned()], &Value::from(1)));
        assert_eq!(numbers(&agent.get("/knowledge/entries?q=水表&business=01").await.ok()), ["ZS000002"]);
        assert!(numbers(&agent.get("/knowledge/entries?business=11").await.ok()).is_empty());
        assert!(
            numbers(&agent.get("/knowledge/entries?q=%25").await.ok()).is_empty(),
            "a mark is no pattern"
        );
        agent.get("/knowledge/entries?shelf=secret").await.refused(422, "invalid");
        let sheet = agent.get("/knowledge/entries.xlsx").await;
        assert!(sheet.status.is_success() && sheet.body.starts_with(b"PK"));
        let counts = agent.get("/knowledge/businesses").await.ok();
        assert_eq!((&counts[0]["business"], &counts[0]["count"]), (&Value::from("0101"), &Value::from(4)));
    })
    .await;
}
