//! Lists, exports, to-do lists, figures: filters, pages, scopes, masks.

use serde_json::json;
use testkit::on_both;

use crate::support::World;

#[tokio::test]
async fn pages_follow_one_another_without_gap() {
    on_both(|site| async move {
        let world = World::new(site).await;
        for _ in 0..7 {
            world.written().await;
        }
        let mut leader = world.sign_in("leader");
        for sort in ["-created_at", "created_at", "due_at", "-updated_at"] {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = leader.get(&format!("/cases?limit=3&sort={sort}&cursor={cursor}")).await.ok();
                if cursor.is_empty() {
                    assert_eq!(page["total"], 7);
                }
                seen.extend(
                    page["items"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|item| item["id"].as_str().unwrap().to_owned()),
                );
                match page["next_cursor"].as_str() {
                    Some(next) => next.clone_into(&mut cursor),
                    None => break,
                }
            }
            seen.sort();
            seen.dedup();
            assert_eq!(seen.len(), 7, "{sort}");
        }
        leader.get("/cases?sort=title").await.refused(422, "invalid");
        leader.get("/cases?status=nonsense").await.refused(422, "invalid");
        assert_eq!(leader.get("/cases?cursor=nonsense").await.ok()["items"].as_array().unwrap().len(), 7);
    })
    .await;
}

#[tokio::test]
async fn every_filter_narrows() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let dispatched = world.dispatched("north").await;
        let mut other = world.draft();
        other["type"] = json!("consult");
        other["title"] = json!("100%_咨询");
        other["content"] = json!("办证需要什么材料？");
        other["place"] = json!({ "district": "青石区" });
        other["category_id"] = json!(world.cases.categories().by_code("other").unwrap().id);
        world.sign_in("agent2").post("/cases", other).await.done();
        let now = world.site.kit.now().0;
        let city = world.cases.categories().by_code("city").unwrap().id.clone();
        let number = dispatched["number"].as_str().unwrap();
        let mut leader = world.sign_in("leader");
        for (query, count) in [
            (String::new(), 2),
            ("q=路灯".to_owned(), 1),
            ("q=100%25_".to_owned(), 1),
            ("q=%25".to_owned(), 1),
            (format!("q={number}"), 1),
            ("status=assigned".to_owned(), 1),
            ("status=assigned,draft_logged".to_owned(), 2),
            ("type=consult".to_owned(), 1),
            (format!("category_id={city}"), 1),
            ("unit_id=water".to_owned(), 1),
            ("unit_id=roads".to_owned(), 0),
            ("district=青石区".to_owned(), 1),
            ("color=green".to_owned(), 2),
            ("color=red".to_owned(), 0),
            ("source=staff".to_owned(), 2),
            ("source=portal".to_owned(), 0),
            (format!("created_from={}", now + 1), 0),
            (format!("created_to={}", now + 1), 2),
            (format!("due_before={now}"), 0),
            ("mine=true".to_owned(), 0),
        ] {
            let page = leader.get(&format!("/cases?{query}")).await.ok();
            assert_eq!(page["items"].as_array().unwrap().len(), count, "{query}");
            assert_eq!(page["total"], count, "{query}");
        }
        let own = world.sign_in("agent").get("/cases?mine=true").await.ok();
        assert_eq!(own["items"].as_array().unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_list_shows_what_the_reader_may_see() {
    on_both(|site| async move {
        let world = World::new(site).await;
        world.dispatched("north").await;
        world.dispatched("roads").await;
        let case = world.dispatched("water").await;
        for (account, count) in [
            ("leader", 3),
            ("water_admin", 2),
            ("water_clerk", 1),
            ("north_clerk", 1),
            ("roads_clerk", 1),
            ("water_leader", 2),
        ] {
            let page = world.sign_in(account).get("/cases").await.ok();
            assert_eq!(page["items"].as_array().unwrap().len(), count, "{account}");
        }
        let seen = world.read("water_clerk", &case).await;
        assert_eq!((&seen["contact"]["phone"], &seen["query_code"]), (&json!("13900001234"), &json!(null)));
        let seen = world.read("water_leader", &case).await;
        assert_eq!(
            (&seen["contact"]["phone"], &seen["contact"]["phone_masked"]),
            (&json!(null), &json!("139****1234"))
        );
        assert!(world.read("leader", &case).await["query_code"].is_string());
    })
    .await;
}

#[tokio::test]
async fn a_confidential_order_hides_the_citizen_from_the_unit() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut draft = world.draft();
        draft["confidential"] = json!(true);
        let case = world.sign_in("agent").post("/cases", draft).await.ok();
        assert_eq!(case["contact"]["name"], "周女士");
        let case = world.act("leader", &case, "review", json!({ "decision": "pass" })).await;
        let case = world.act("dispatcher", &case, "dispatch", json!({ "unit_id": "water" })).await;
        let hidden = world.read("water_clerk", &case).await["contact"].clone();
        assert_eq!(
            hidden,
            json!({ "id": null, "name": "（保密）", "gender": null, "phone": null, "phone_masked": null, "hidden": true })
        );
        let line = world.sign_in("water_clerk").get("/cases").await.ok();
        assert_eq!(line["items"][0]["contact_name"], "（保密）");
        assert_eq!(world.read("dispatcher", &case).await["contact"]["name"], "周女士");
    })
    .await;
}

#[tokio::test]
async fn a_confidential_order_is_not_found_by_its_citizen() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut draft = world.draft();
        draft["confidential"] = json!(true);
        draft["title"] = json!("周女士反映路灯不亮");
        let case = world.sign_in("agent").post("/cases", draft).await.ok();
        let contact = case["contact"]["id"].as_str().unwrap().to_owned();
        world.cases.index_all_texts().await.unwrap();
        let found = async |account: &str, query: &str| {
            let list = world.sign_in(account).get(&format!("/cases?{query}")).await.ok();
            list["items"].as_array().unwrap().len()
        };
        let word = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
        let (name, matter) = (word("周女士"), word("路灯"));
        for query in [
            format!("q={name}"),
            format!("title={name}"),
            format!("q={}", word("周女士反映")),
            format!("contact_id={contact}"),
        ] {
            assert_eq!(found("mayor", &query).await, 0, "{query}");
            assert_eq!(found("dispatcher", &query).await, 1, "{query}: return visitors may know");
            assert_eq!(found("agent", &query).await, 1, "{query}: who wrote it knows");
        }
        assert_eq!(found("mayor", &format!("q={matter}")).await, 1, "the matter itself is no secret");
        // What is told elsewhere in one line names nobody either.
        let id = case["id"].as_str().unwrap().into();
        let brief = contract::cases::CaseLookup::brief(&world.cases, &id).await.unwrap().unwrap();
        assert_eq!(brief.title, "＊＊反映路灯不亮");
    })
    .await;
}

#[tokio::test]
async fn the_to_do_list_is_each_ones_own() {
    on_both(|site| async move {
        let world = World::new(site).await;
        world.written().await;
        let case = world.dispatched("water").await;
        for (account, steps) in [
            ("leader", json!([{ "step": "review", "name": "班长审核", "count": 1 }])),
            ("water_clerk", json!([{ "step": "acceptance", "name": "签收", "count": 1 }])),
            ("north_clerk", json!([])),
            ("water_admin", json!([{ "step": "acceptance", "name": "签收", "count": 1 }])),
            ("dispatcher", json!([])),
            ("mayor", json!([])),
        ] {
            let summary = world.sign_in(account).get("/tasks/summary").await.ok();
            assert_eq!(summary["by_step"], steps, "{account}");
        }
        let mut clerk = world.sign_in("water_clerk");
        let line = clerk.get("/tasks").await.ok()["items"][0].clone();
        assert_eq!(
            (&line["case_number"], &line["actions"]),
            (&case["number"], &json!(["acceptance", "return", "assignment"]))
        );
        world.act("water_clerk", &case, "acceptance", json!({})).await;
        assert_eq!(clerk.get("/tasks?state=done").await.ok()["items"].as_array().unwrap().len(), 1);
        let figures = clerk.get("/figures/me").await.ok();
        assert_eq!(
            (&figures["today"]["tasks_done"], &figures["today"]["tasks_in_time"]),
            (&json!(1), &json!(1))
        );
        let written = world.sign_in("agent").get("/figures/me").await.ok();
        assert_eq!(written["today"]["written"], 2);
    })
    .await;
}

#[tokio::test]
async fn the_overview_adds_up_within_the_scope() {
    on_both(|site| async move {
        let world = World::new(site).await;
        world.visited(1).await;
        world.visited(5).await;
        world.dispatched("roads").await;
        let all = world.sign_in("mayor").get("/overview").await.ok();
        assert_eq!(all["totals"], json!({ "total": 3, "open": 1, "settled": 2, "overdue": 0 }));
        assert_eq!((&all["on_time_rate"], &all["satisfaction_rate"]), (&json!(1.0), &json!(0.5)));
        assert_eq!(all["by_day"], json!([{ "day": "2026-03-02", "count": 3 }]));
        assert_eq!(all["by_category"][0]["name"], "城市管理");
        assert_eq!(all["recent_bad_ratings"][0]["stars"], 1);
        let part = world.sign_in("water_leader").get("/overview").await.ok();
        assert_eq!(part["totals"]["total"], 2);
        let none = world.sign_in("mayor").get("/overview?district=青石区").await.ok();
        assert_eq!((&none["totals"]["total"], &none["on_time_rate"]), (&json!(0), &json!(null)));
        world.sign_in("agent").get("/overview").await.refused(403, "permission.denied");
    })
    .await;
}

#[tokio::test]
async fn an_export_holds_the_list_and_is_audited() {
    on_both(|site| async move {
        let world = World::new(site).await;
        world.written().await;
        let file = world.sign_in("leader").get("/cases.xlsx?type=complaint").await;
        assert_eq!(file.status, 200);
        assert!(file.body.starts_with(b"PK"), "an Excel file is a zip archive");
        assert_eq!(world.site.audited("").await, ["case.export"]);
        world.sign_in("agent").get("/cases.xlsx").await.refused(403, "permission.denied");
    })
    .await;
}
