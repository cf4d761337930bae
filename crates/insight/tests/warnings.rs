//! Early warnings: raised once, grown, told, taken, closed, and seen by whom they concern.

use contract::bot::{TopicBrief, TopicCase};
use contract::cases::CorpusCase;
use insight::warning::Swept;
use serde_json::{Value, json};
use testkit::{Client, PersonBuilder, START, on_both, on_sqlite};

use crate::support::World;

const MINUTE: i64 = 60_000;

/// Writes an order's text so many minutes after the beginning.
pub fn text(world: &World, id: &str, phone: &str, content: &str, minutes: i64) {
    let order = CorpusCase {
        id: id.into(),
        number: format!("YZ-{id}"),
        title: "诉求".to_owned(),
        content: content.to_owned(),
        r#type: "complaint".to_owned(),
        category_id: Some("water-off".to_owned()),
        urgency: "normal".to_owned(),
        status: "in_progress".to_owned(),
        settled: false,
        unit_id: None,
        district: Some("云阳区".to_owned()),
        address: Some("云阳区翠湖花园3栋".to_owned()),
        lng: None,
        lat: None,
        phone: Some(phone.to_owned()),
        confidential: false,
        created_by: None,
        created_at: START.0 + minutes * MINUTE,
        main_id: None,
    };
    world.city.texts.lock().unwrap().insert((order.created_at, id.to_owned()), order);
    world.city.order(id, "water", "complaint", 0);
}

async fn sweep(world: &World) -> Swept {
    world.insight.sweep(&world.site.ctx()).await.unwrap()
}

fn watcher(world: &World) -> Client {
    let may = ["warning.read", "warning.handle", "warning.rule", "case.read"];
    world.server.as_person(PersonBuilder::new("watcher").may(&may))
}

async fn only(client: &mut Client, query: &str) -> Value {
    let page = client.get(&format!("/warnings{query}")).await.ok();
    assert_eq!(page["total"], 1, "{page}");
    page["items"][0].clone()
}

#[tokio::test]
async fn a_risk_word_is_told_once_taken_and_closed_with_what_it_was() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut client = watcher(&world);
        text(&world, "a", "13800000001", "有人要跳 樓，请快来", 0);
        text(&world, "b", "13800000002", "路灯不亮", 0);
        assert_eq!(sweep(&world).await, Swept { found: 1, raised: 1, grown: 0 });
        // The same evidence again is no second warning and no second notice.
        assert_eq!(sweep(&world).await, Swept { found: 1, raised: 0, grown: 0 });
        let warning = only(&mut client, "?state=open&kind=words").await;
        assert_eq!((&warning["severity"], &warning["words"]), (&json!(2), &json!(["跳楼"])));
        assert_eq!((&warning["state"], &warning["told"]), (&json!("new"), &json!(["centre-watch 的姓名"])));
        {
            let notices = world.city.notices.lock().unwrap();
            assert_eq!((notices.len(), notices[0].subject_id.as_str()), (1, warning["id"].as_str().unwrap()));
            assert!(notices[0].facts["zh"].as_str().unwrap().contains("跳楼"));
        }
        assert_eq!(client.get("/warnings/summary").await.ok()["new"], 1);
        let path = format!("/warnings/{}", warning["id"].as_str().unwrap());
        let detail = client.get(&path).await.ok();
        assert_eq!((&detail["cases"][0]["number"], &detail["hidden"]), (&json!("YZ-a"), &json!(0)));
        assert_eq!(detail["hours"].as_array().unwrap().len(), 1);

        let closing = |version: i64| json!({ "version": version, "verdict": "real", "note": "已联系公安" });
        client.post(&format!("{path}/closure"), closing(1)).await.refused(409, "warning.not_owner");
        client
            .post(&format!("{path}/ownership"), json!({ "version": 7 }))
            .await
            .refused(409, "stale_version");
        client.post(&format!("{path}/ownership"), json!({ "version": 1 })).await.done();
        let empty = json!({ "version": 2, "verdict": "real", "note": " " });
        client.post(&format!("{path}/closure"), empty).await.refused(422, "invalid");
        client.post(&format!("{path}/closure"), closing(2)).await.done();
        client
            .post(&format!("{path}/ownership"), json!({ "version": 3 }))
            .await
            .refused(409, "warning.closed");
        // What was looked into does not come back.
        assert_eq!(sweep(&world).await.raised, 0);
        let summary = client.get("/warnings/summary").await.ok();
        assert_eq!(summary["new"], 0);
        assert_eq!((&summary["hits"][0]["closed"], &summary["hits"][0]["real"]), (&json!(1), &json!(1)));
        let steps = world.site.audited(warning["id"].as_str().unwrap()).await;
        assert_eq!(steps, ["warning.take", "warning.close"]);
    })
    .await;
}

#[tokio::test]
async fn what_repeats_grows_and_turns_graver_and_starts_anew_only_with_new_evidence() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut client = watcher(&world);
        for number in 0..5 {
            text(&world, &format!("r{number}"), "138-0000-0001", "噪声", number);
        }
        assert_eq!(sweep(&world).await, Swept { found: 1, raised: 1, grown: 0 });
        let first = only(&mut client, "?kind=repeat").await;
        assert_eq!((&first["orders"], &first["severity"]), (&json!(5), &json!(1)));
        for number in 5..8 {
            text(&world, &format!("r{number}"), "+8613800000001", "噪声", number);
        }
        assert_eq!(sweep(&world).await, Swept { found: 1, raised: 0, grown: 1 });
        let grown = only(&mut client, "?kind=repeat").await;
        assert_eq!(
            (&grown["orders"], &grown["severity"], &grown["version"]),
            (&json!(8), &json!(2), &json!(1))
        );
        assert_eq!(world.city.notices.lock().unwrap().len(), 2, "a graver one is told again");
        let path = format!("/warnings/{}", grown["id"].as_str().unwrap());
        client.post(&format!("{path}/ownership"), json!({ "version": 1 })).await.done();
        let closing = json!({ "version": 2, "verdict": "false", "note": "同一事项多次催办" });
        client.post(&format!("{path}/closure"), closing).await.done();
        text(&world, "r8", "13800000001", "噪声", 8);
        assert_eq!(sweep(&world).await.raised, 0);
        for number in 9..13 {
            text(&world, &format!("r{number}"), "13800000001", "噪声", number);
        }
        assert_eq!(sweep(&world).await.raised, 1);
        assert_eq!(client.get("/warnings?kind=repeat").await.ok()["total"], 2);
    })
    .await;
}

#[tokio::test]
async fn many_callers_at_one_place_and_one_event_are_told_apart_from_one_caller() {
    on_sqlite(|site| async move {
        let world = World::new(site).await;
        let mut client = watcher(&world);
        for number in 0..5 {
            text(&world, &format!("g{number}"), &format!("1380000000{number}"), "停水", number);
        }
        let topic = |ids: &[&str]| TopicBrief {
            orders: ids
                .iter()
                .map(|id| TopicCase {
                    id: (*id).into(),
                    created_at: START.0,
                    category_id: None,
                    district: None,
                    address: None,
                })
                .collect(),
            callers: ids.len(),
        };
        *world.city.topics.lock().unwrap() = vec![topic(&["g0", "g1", "g2", "g3"])];
        assert_eq!(sweep(&world).await, Swept { found: 2, raised: 2, grown: 0 });
        let group = only(&mut client, "?kind=group").await;
        assert_eq!((&group["callers"], &group["place"]), (&json!(5), &json!("云阳区翠湖花园")));
        // An event whose first order has left the window is still the same.
        *world.city.topics.lock().unwrap() = vec![topic(&["g1", "g2", "g3", "g4"])];
        world.site.clock.advance_millis(6 * MINUTE);
        assert_eq!(sweep(&world).await.raised, 0);
        assert_eq!(only(&mut client, "?kind=topic").await["orders"], 5);
    })
    .await;
}

#[tokio::test]
async fn a_sudden_rise_is_judged_by_its_own_hour() {
    on_sqlite(|site| async move {
        let world = World::new(site).await;
        let mut client = watcher(&world);
        for day in 1..=30 {
            world.city.order(&format!("old-{day:02}"), "water", "complaint", -24 * day);
            let mut cases = world.city.cases.lock().unwrap();
            cases.get_mut(&format!("old-{day:02}")).unwrap().category_top_id = Some("supply".to_owned());
        }
        world.insight.catch_up().await.unwrap();
        for number in 0..12 {
            // Masked numbers are nobody's: neither a caller nor a group.
            text(&world, &format!("s{number:02}"), "138****0001", "停水", 0);
        }
        world.site.clock.advance_millis(30 * MINUTE);
        assert_eq!(sweep(&world).await, Swept { found: 1, raised: 1, grown: 0 });
        let surge = only(&mut client, "?kind=surge").await;
        assert!((0.5..2.5).contains(&surge["expected"].as_f64().unwrap()), "{surge}");
        assert!(surge["chance"].as_f64().unwrap() < 1e-4);
        let hours = client.get(&format!("/warnings/{}", surge["id"].as_str().unwrap())).await.ok();
        assert!(hours["hours"].as_array().unwrap().len() > 20);
    })
    .await;
}

#[tokio::test]
async fn a_unit_sees_its_own_warnings_and_only_orders_that_it_may_open() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut manager = watcher(&world);
        let rules = manager.get("/warning-rules").await.ok();
        let mut rule =
            rules.as_array().unwrap().iter().find(|rule| rule["id"] == "words-life").unwrap().clone();
        rule["unit_id"] = json!("roads");
        manager.put("/warning-rules/words-life", rule.clone()).await.done();
        manager.put("/warning-rules/words-life", rule).await.refused(409, "stale_version");
        text(&world, "a", "13800000001", "有人要跳楼", 0);
        sweep(&world).await;
        let within = |name: &str, unit: &str| {
            let person = PersonBuilder::new(name).unit(unit);
            let may = ["warning.read", "warning.handle", "case.read"];
            world.server.as_person(person.may_within(kernel::Scope::Subtree, &may))
        };
        let warning = only(&mut within("roads-leader", "/centre/roads/"), "").await;
        let path = format!("/warnings/{}", warning["id"].as_str().unwrap());
        // The order is the water unit's: the roads unit learns that there is one, and no more.
        let detail = within("roads-leader", "/centre/roads/").get(&path).await.ok();
        assert_eq!((&detail["cases"], &detail["hidden"]), (&json!([]), &json!(1)));
        let mut other = within("water-leader", "/centre/water/");
        assert_eq!(other.get("/warnings").await.ok()["total"], 0);
        other.get(&path).await.refused(404, "not_found");
        other.post(&format!("{path}/ownership"), json!({ "version": 1 })).await.refused(404, "not_found");
        assert_eq!(world.city.notices.lock().unwrap()[0].people[0].as_str(), "roads-watch");
    })
    .await;
}

#[tokio::test]
async fn lists_of_words_are_added_switched_off_and_dropped() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut client = watcher(&world);
        let list = |words: Value| json!({ "name": "校园", "active": true, "least": 5, "words": words });
        let words = json!([{ "word": "校园欺凌", "weight": 5 }]);
        client.post("/warning-rules", list(json!([]))).await.refused(422, "invalid");
        let id =
            client.post("/warning-rules", list(words.clone())).await.ok()["id"].as_str().unwrap().to_owned();
        text(&world, "a", "13800000001", "反映校园 欺凌", 0);
        assert_eq!(sweep(&world).await.raised, 1);
        let mut off = list(words);
        off["active"] = json!(false);
        off["version"] = json!(1);
        client.put(&format!("/warning-rules/{id}"), off).await.done();
        text(&world, "b", "13800000002", "反映校园欺凌", 1);
        assert_eq!(sweep(&world).await.found, 0);
        client.delete(&format!("/warning-rules/{id}")).await.done();
        client.delete("/warning-rules/surge").await.refused(404, "not_found");
        let unknown = json!({ "name": "x", "active": true, "least": 5, "unit_id": "", "words": [] });
        client.put("/warning-rules/none", unknown).await.refused(404, "not_found");
        let workbook = client.get("/warnings.xlsx").await;
        assert_eq!(workbook.status, 200);
    })
    .await;
}
