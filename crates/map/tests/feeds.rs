//! What machines push: once, in order or late, with a key or without.

use serde_json::{Value, json};
use testkit::{START, on_both};

use crate::support::World;

fn state(id: &str, minutes: i64, temp: f64) -> Value {
    json!({ "id": id, "at": START.plus_secs(minutes * 60).0, "name": "澄心湖站", "severity": 1, "lng": 112.5,
        "lat": 30.2, "text": "中雨", "figures": { "temp_c": temp } })
}

#[tokio::test]
async fn late_and_repeated_states_change_the_course_but_not_the_present() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut bureau = world.person("bureau", &["feed.push"]);
        let mut leader = world.person("leader", &["cockpit.read"]);
        let push = json!({ "items": [state("s1", -20, 18.0), state("s1", 0, 20.0), state("s2", 0, 21.0)] });
        let taken = bureau.post("/feeds/weather", push.clone()).await.ok();
        assert_eq!(taken, json!({ "taken": 3, "late": 0, "repeated": 0, "outdated": 0 }));
        assert_eq!(
            bureau.post("/feeds/weather", push).await.ok(),
            json!({ "taken": 0, "late": 0, "repeated": 3, "outdated": 0 })
        );
        let late = json!({ "items": [state("s1", -10, 19.0), state("s1", -8 * 24 * 60, 1.0)] });
        assert_eq!(
            bureau.post("/feeds/weather", late).await.ok(),
            json!({ "taken": 1, "late": 1, "repeated": 0, "outdated": 1 })
        );
        let seen = leader.get("/feeds?kind=weather").await.ok();
        assert_eq!((seen.as_array().unwrap().len(), &seen[0]["figures"]["temp_c"]), (2, &json!(20.0)));
        assert_eq!((&seen[0]["source"], &seen[0]["stale"]), (&json!("bureau"), &json!(false)));
        let course = leader.get("/feeds/weather/course?id=s1").await.ok();
        let temps: Vec<f64> =
            course.as_array().unwrap().iter().map(|one| one["figures"]["temp_c"].as_f64().unwrap()).collect();
        assert_eq!(temps, [18.0, 19.0, 20.0]);

        world.site.clock.advance_millis(3 * 3_600_000);
        assert_eq!(leader.get("/feeds").await.ok()[0]["stale"], true);
        world.site.clock.advance_millis(8 * 86_400_000);
        assert_eq!(leader.get("/feeds").await.ok(), json!([]));
        world.map.forget_old_states(world.site.kit.now()).await.unwrap();
        assert_eq!(leader.get("/feeds/weather/course?id=s1&hours=168").await.ok(), json!([]));
    })
    .await;
}

#[tokio::test]
async fn one_wrong_item_and_none_is_taken() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut bureau = world.person("bureau", &["feed.push", "map.read"]);
        let mut bad = state("s2", 0, 20.0);
        bad["lat"] = json!(99.0);
        let push = json!({ "items": [state("s1", 0, 20.0), bad] });
        let refusal = bureau.post("/feeds/weather", push).await.refused(422, "invalid");
        assert_eq!(refusal["errors"][0]["field"], "items[1].lng");
        let ahead = json!({ "items": [state("s1", 10, 20.0)] });
        bureau.post("/feeds/weather", ahead).await.refused(422, "invalid");
        let many: Vec<Value> = (0..501).map(|number| state(&format!("s{number}"), 0, 1.0)).collect();
        bureau.post("/feeds/weather", json!({ "items": many })).await.refused(422, "invalid");
        bureau.post("/feeds/tides", json!({ "items": [] })).await.refused(404, "not_found");
        assert_eq!(bureau.get("/feeds").await.ok(), json!([]));
        // Places of another system are converted; a stretch comes with its corners.
        let mut road = state("r1", 0, 0.0);
        road["line"] = json!([[112.5, 30.2], [112.6, 30.2]]);
        bureau.post("/feeds/road", json!({ "crs": "gcj02", "items": [road] })).await.done();
        let seen = bureau.get("/feeds?kind=road").await.ok();
        let there = geo::crs::gcj02_to_wgs84([112.5, 30.2]);
        assert!((seen[0]["line"][0][0].as_f64().unwrap() - there[0]).abs() < 1e-9, "{seen}");
    })
    .await;
}

#[tokio::test]
async fn a_key_opens_its_own_kinds_until_it_is_deleted() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut admin = world.person("admin", &["feed.write", "map.read"]);
        let made =
            admin.post("/feed-sources", json!({ "name": "市气象局", "kinds": ["weather"] })).await.ok();
        let key = format!("Bearer {}", made["key"].as_str().unwrap());
        let push = json!({ "items": [state("s1", 0, 20.0)] });
        let mut machine = world.server.anonymous().with_header("authorization", &key);
        assert_eq!(machine.post("/feeds/weather", push.clone()).await.ok()["taken"], 1);
        machine.post("/feeds/road", push.clone()).await.refused(401, "feed.key");
        let mut stranger = world.server.anonymous().with_header("authorization", "Bearer yhf_guess");
        stranger.post("/feeds/weather", push.clone()).await.refused(401, "feed.key");
        // The key is no session: it reads nothing.
        machine.get("/feeds").await.refused(401, "session.required");
        let sources = admin.get("/feed-sources").await.ok();
        assert_eq!((&sources[0]["name"], &sources[0]["last_at"]), (&json!("市气象局"), &json!(START.0)));
        assert!(!sources.to_string().contains("yhf_"));
        assert_eq!(admin.get("/feeds").await.ok()[0]["source"], "市气象局");
        for bad in [
            json!({ "name": "", "kinds": ["road"] }),
            json!({ "name": "a", "kinds": [] }),
            json!({ "name": "a", "kinds": ["x"] }),
        ] {
            admin.post("/feed-sources", bad).await.refused(422, "invalid");
        }
        // Too often is too often.
        let mut limited = false;
        for _ in 0..80 {
            let answer = machine.post("/feeds/weather", push.clone()).await;
            limited |= answer.status.as_u16() == 429;
        }
        assert!(limited);
        let id = sources[0]["id"].as_str().unwrap();
        admin.delete(&format!("/feed-sources/{id}")).await.done();
        machine.post("/feeds/weather", push).await.refused(401, "feed.key");
        assert_eq!(world.site.audited(id).await, ["feed_source.add", "feed_source.drop"]);
    })
    .await;
}
