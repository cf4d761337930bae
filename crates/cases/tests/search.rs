//! Lists and searches: every field narrows, words are found before and after the index has come to an order,
//! pages follow one another without loss.

use serde_json::{Value, json};
use testkit::on_both;

use crate::support::World;

impl World {
    async fn write(&self, title: &str, content: &str) -> Value {
        let mut draft = self.draft();
        draft["title"] = json!(title);
        draft["content"] = json!(content);
        self.sign_in("agent").post("/cases", draft).await.ok()
    }

    async fn found(&self, account: &str, query: &str) -> Vec<String> {
        let page = self.sign_in(account).get(&format!("/cases?{query}")).await.ok();
        let mut titles: Vec<String> = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["title"].as_str().unwrap().to_owned())
            .collect();
        titles.sort();
        titles
    }
}

/// Writes a text as it stands in an address.
fn q(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        encoded.push_str(&format!("%{byte:02X}"));
    }
    encoded
}

#[tokio::test]
async fn words_are_found_before_and_after_the_index_has_come_to_an_order() {
    on_both(|site| async move {
        let world = World::new(site).await;
        world.write("公园路灯不亮", "青石街口三盏").await;
        world.write("路面破损", "灯杆旁有坑，LED-12 号").await;
        for indexed in [false, true] {
            if indexed {
                assert_eq!(world.cases.index_all_texts().await.unwrap(), 2);
                assert_eq!(world.cases.index_all_texts().await.unwrap(), 0);
            }
            let check = async |text: &str, expected: &[&str]| {
                let found = world.found("leader", &format!("q={}", q(text))).await;
                assert_eq!(found, expected, "{text}, indexed: {indexed}");
            };
            check("路灯", &["公园路灯不亮"]).await;
            check("灯", &["公园路灯不亮", "路面破损"]).await;
            check("路灯 青石", &["公园路灯不亮"]).await;
            check("led-12", &["路面破损"]).await;
            // Grams that occur, but not next to one another.
            check("灯不坑", &[]).await;
            check("100%", &[]).await;
            check("' or 1=1 --", &[]).await;
            check("\" AND *", &[]).await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_corrected_order_is_found_by_its_new_words_only() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.write("公园路灯不亮", "青石街口三盏").await;
        world.cases.index_all_texts().await.unwrap();
        let path = format!("/cases/{}", case["id"].as_str().unwrap());
        let change = json!({ "version": case["version"], "title": "公园喷泉漏水" });
        world.sign_in("leader").patch(&path, change).await.done();
        assert_eq!(world.found("leader", &format!("q={}", q("喷泉"))).await, ["公园喷泉漏水"]);
        assert!(world.found("leader", &format!("q={}", q("路灯"))).await.is_empty());
        assert_eq!(world.found("leader", &format!("q={}", q("青石"))).await, ["公园喷泉漏水"]);
    })
    .await;
}

#[tokio::test]
async fn pages_of_a_search_follow_one_another_without_loss() {
    on_both(|site| async move {
        let world = World::new(site).await;
        for at in 0..23 {
            world.write(&format!("路灯 {at:02}"), "不亮").await;
            if at == 15 {
                world.cases.index_all_texts().await.unwrap();
            }
        }
        for sort in ["-created_at", "created_at", "due_at", "-updated_at"] {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let path = format!("/cases?q={}&limit=5&sort={sort}&cursor={cursor}", q("路灯"));
                let page = world.sign_in("leader").get(&path).await.ok();
                if cursor.is_empty() {
                    assert_eq!(page["total"], 23);
                }
                seen.extend(
                    page["items"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|one| one["title"].as_str().unwrap().to_owned()),
                );
                match page["next_cursor"].as_str() {
                    Some(next) => cursor = next.to_owned(),
                    None => break,
                }
            }
            let count = seen.len();
            seen.sort();
            seen.dedup();
            assert_eq!((count, seen.len()), (23, 23), "{sort}");
        }
    })
    .await;
}

#[tokio::test]
async fn every_field_narrows() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.dispatched("water").await;
        let first = world.act("water_clerk", &case, "acceptance", json!({})).await;
        world
            .act("water_clerk", &first, "feedback", json!({ "result": "已更换灯具", "contacted": true }))
            .await;
        let case = world.reviewed().await;
        world
            .act("dispatcher", &case, "dispatch", json!({ "unit_id": "roads", "co_units": ["north"] }))
            .await;
        world.written().await;
        let count = async |account: &str, query: &str| world.found(account, query).await.len();
        for (query, expected) in [
            ("", 3),
            ("unit_id=water", 1),
            ("unit_id=roads", 1),
            ("unit_id=centre", 2),
            ("co_unit_id=north", 1),
            ("direction=unit", 2),
            ("direction=centre", 1),
            ("direction=answered", 0),
            ("reply=replied", 1),
            ("reply=waiting", 1),
            ("reply=late", 0),
            ("created_by=agent", 3),
            ("created_by=agent2", 0),
            ("person_id=nobody", 0),
            ("urgency=normal&status=handled", 1),
        ] {
            assert_eq!(count("leader", query).await, expected, "{query}");
        }
        assert_eq!(count("leader", &format!("title={}&content={}", q("路灯"), q("青石街"))).await, 3);
        assert_eq!(count("leader", &format!("title={}", q("漏水"))).await, 0);
        // A unit sees its own, helps included, whichever way leads there.
        assert_eq!(count("water_clerk", "").await, 1);
        assert_eq!(count("north_clerk", "").await, 1);
        assert_eq!(count("water_admin", "").await, 1);
        assert_eq!(count("roads_clerk", &format!("q={}", q("路灯"))).await, 1);
        assert_eq!(count("roads_clerk", "unit_id=water").await, 0);
        world.sign_in("leader").get("/cases?direction=nowhere").await.refused(400, "query.malformed");
    })
    .await;
}

#[tokio::test]
async fn queries_are_kept_and_shared() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut leader = world.sign_in("leader");
        let body = |name: &str, shared: bool| json!({ "name": name, "query": "color=red", "shared": shared });
        leader.post("/saved-queries", body("", false)).await.refused(422, "invalid");
        leader.post("/saved-queries", body("超期", false)).await.done();
        leader.post("/saved-queries", body("超期", true)).await.done();
        world
            .sign_in("agent")
            .post("/saved-queries", body("我的", true))
            .await
            .refused(403, "permission.denied");
        let own = leader.get("/saved-queries").await.ok();
        assert_eq!(own.as_array().unwrap().len(), 1, "one's own of the same name is replaced");
        let seen = world.sign_in("agent").get("/saved-queries").await.ok();
        assert_eq!(
            (&seen[0]["name"], &seen[0]["own"], &seen[0]["owner"]),
            (&json!("超期"), &json!(false), &json!("leader"))
        );
        let path = format!("/saved-queries/{}", seen[0]["id"].as_str().unwrap());
        world.sign_in("agent").delete(&path).await.refused(404, "not_found");
        leader.delete(&path).await.done();
        assert!(leader.get("/saved-queries").await.ok().as_array().unwrap().is_empty());
    })
    .await;
}
