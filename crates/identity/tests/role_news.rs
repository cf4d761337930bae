//! An installation that exists already meets a version that grants its roles more.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use serde_json::{Value, json};
use testkit::{Site, on_both};

use crate::site::{City, city};

/// Makes a role what an earlier version would have left: without `capability`, and that is what was shipped.
async fn as_before(site: &Site, role: &str, capability: &str) {
    site.execute(&format!(
        "delete from identity_grant where role_id = '{role}' and capability = '{capability}'"
    ))
    .await;
    site.execute(&format!("update identity_role set shipped = null where id = '{role}'")).await;
}

async fn grants(city: &City, role: &str) -> Value {
    let list = city.client("sec1").await.get("/roles").await.ok();
    let found = list["items"].as_array().unwrap().iter().find(|one| one["id"] == role).unwrap();
    json!({"version": found["version"], "grants": found["grants"]})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_was_left_alone_follows_at_the_next_start() {
    on_both(|site| async move {
        let city = city(site).await;
        as_before(&city.site, "agent", "case.urge").await;
        city.identity.bootstrap("云州市").await.unwrap();
        let agent = grants(&city, "agent").await;
        assert_eq!(agent["grants"]["case.urge"], "all");
        assert_eq!(agent["version"], 2, "an editor that is open learns of it");
        let mine = city.client("agent1").await.get("/session").await.ok();
        assert_eq!(mine["capabilities"]["case.urge"], "all", "and it is in force at once: {mine}");
        let audited = city.site.audited("agent").await;
        assert_eq!(audited.iter().filter(|one| *one == "role.follow_defaults").count(), 1);
        // The next start changes nothing.
        city.identity.bootstrap("云州市").await.unwrap();
        assert_eq!(grants(&city, "agent").await["version"], 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_was_changed_stays_and_its_administrator_decides() {
    on_both(|site| async move {
        let city = city(site).await;
        let mut security = city.client("sec1").await;
        for (role, missing) in [("agent", "case.urge"), ("dispatcher", "case.merge")] {
            as_before(&city.site, role, missing).await;
            city.site.execute("update identity_generation set n = n + 1").await;
            city.site.clock.advance_millis(3_000);
            let now = grants(&city, role).await;
            let mut own = now["grants"].clone();
            own.as_object_mut().unwrap().remove("contact.read").unwrap();
            security
                .put(&format!("/roles/{role}/grants"), json!({"version": now["version"], "grants": own}))
                .await
                .done();
        }
        city.identity.bootstrap("云州市").await.unwrap();
        let kept = grants(&city, "agent").await;
        assert!(kept["grants"]["case.urge"].is_null() && kept["grants"]["contact.read"].is_null());

        let news = security.get("/roles/news").await.ok();
        let of = |role: &str| news.as_array().unwrap().iter().find(|one| one["role_id"] == role).cloned();
        assert_eq!(of("agent").unwrap()["added"]["case.urge"], "all", "{news}");
        assert!(of("reviewer").is_none(), "a role as shipped has no news: {news}");

        let version = kept["version"].as_i64().unwrap();
        security
            .put("/roles/agent/news", json!({"version": version - 1, "take": true}))
            .await
            .refused(409, "stale_version");
        let taken = security.put("/roles/agent/news", json!({"version": version, "take": true})).await.ok();
        assert_eq!(taken["grants"]["case.urge"], "all");
        let version = grants(&city, "dispatcher").await["version"].clone();
        let left =
            security.put("/roles/dispatcher/news", json!({"version": version, "take": false})).await.ok();
        assert!(left["grants"]["case.merge"].is_null());
        let news = security.get("/roles/news").await.ok();
        assert_eq!(news, json!([]), "nobody is asked twice");
        let again = json!({"version": left["version"], "take": true});
        security.put("/roles/dispatcher/news", again).await.refused(404, "not_found");
        // The next start asks nothing either.
        city.identity.bootstrap("云州市").await.unwrap();
        assert_eq!(security.get("/roles/news").await.ok(), json!([]));
    })
    .await;
}
