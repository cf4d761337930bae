//! Dictionary, parameters, seats.

use serde_json::json;
use testkit::on_both;

use crate::site::city;

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_is_in_force_at_once() {
    on_both(|site| async move {
        let city = city(site).await;
        let mut system = city.client("sys1").await;
        let path = "/parameters/identity.session_idle_minutes";
        system.put(path, json!({"value": "ten", "version": 0})).await.refused(422, "invalid");
        system.put(path, json!({"value": -1, "version": 0})).await.refused(422, "invalid");
        let set = system.put(path, json!({"value": 5, "version": 0})).await.ok();
        assert_eq!((set["value"].clone(), set["version"].clone()), (json!(5), json!(1)));
        system.put(path, json!({"value": 6, "version": 0})).await.refused(409, "stale_version");
        system.put("/parameters/no.such", json!({"value": 6, "version": 0})).await.refused(404, "not_found");
        let mut agent = city.client("agent1").await;
        agent.put(path, json!({"value": 60, "version": 1})).await.refused(403, "permission.denied");
        city.site.clock.advance_millis(6 * 60_000);
        agent.get("/session").await.refused(401, "session.required");
        assert_eq!(city.site.audited("identity.session_idle_minutes").await, ["parameter.change"]);
        assert_eq!(city.site.events("identity.parameter_changed").await.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dictionary_grows() {
    on_both(|site| async move {
        let city = city(site).await;
        let mut system = city.client("sys1").await;
        let path = "/dictionary/district/yunhe";
        let put = |version: i64| json!({"version": version, "zh": "云河区", "en": "", "sort": 1});
        let made = system.put(path, put(0)).await.ok();
        assert_eq!((made["en"].clone(), made["version"].clone()), (json!("云河区"), json!(1)));
        system.put(path, put(0)).await.refused(409, "stale_version");
        system.put(path, put(1)).await.done();
        system.put("/dictionary/district/a%20b", put(0)).await.refused(422, "invalid");
        let mut agent = city.client("agent1").await;
        assert_eq!(agent.get("/dictionary/district").await.ok().as_array().unwrap().len(), 1);
        assert!(agent.get("/dictionary").await.ok().as_array().unwrap().len() > 10);
        agent.delete(path).await.refused(403, "permission.denied");
        system.delete(path).await.done();
        system.delete(path).await.refused(404, "not_found");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_has_one_person_and_a_person_one_seat() {
    on_both(|site| async move {
        use contract::identity::Directory as _;
        let city = city(site).await;
        let root = identity::ROOT_UNIT_ID;
        let mut system = city.client("sys1").await;
        let seat = |no: &str, person: Option<&str>| {
            json!({"no": no, "name": "", "unit_id": root, "person_id": person, "skills": ["general"]})
        };
        let first = system.post("/seats", seat("8001", Some("agent1"))).await.ok();
        let problem = system.post("/seats", seat("8001", None)).await.refused(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], "no");
        let problem = system.post("/seats", seat("8002", Some("agent1"))).await.refused(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], "person_id");
        system.post("/seats", seat("80a", None)).await.refused(422, "invalid");
        system.post("/seats", seat("8002", Some("leader1"))).await.done();
        let of_agent = city.identity.seat_of(&"agent1".into()).await.unwrap().unwrap();
        assert_eq!(of_agent.no, "8001");
        let rows = city.all(&mut system, "/seats", 1).await;
        assert_eq!(rows[1]["person_name"], "leader1先生");
        let path = format!("/seats/{}", first["id"].as_str().unwrap());
        system.patch(&path, json!({"version": 1, "person_id": ""})).await.done();
        system.patch(&path, json!({"version": 1, "name": "x"})).await.refused(409, "stale_version");
        assert!(city.identity.seat_of(&"agent1".into()).await.unwrap().is_none());
        system.patch("/people/leader1", json!({"version": 1, "active": false})).await.done();
        assert!(city.identity.seat_of(&"leader1".into()).await.unwrap().is_none(), "who leaves frees the seat");
    })
    .await;
}
