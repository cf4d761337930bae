//! Every route with every kind of person, and what a scope reaches.

use axum::http::Method;
use serde_json::json;
use testkit::{on_both, on_sqlite};

use crate::support::{World, entry};

const PEOPLE: [&str; 6] = ["nobody", "agent", "writer", "reviewer", "manager", "author_reviewer"];

/// One letter for each of [`PEOPLE`]: `+` gets through, `-` is refused for want of a capability.
const TABLE: &[(&str, &str, &str)] = &[
    ("GET", "/knowledge/search?q=x", "-+++++"),
    ("GET", "/knowledge/entries", "-+++++"),
    ("GET", "/knowledge/entries.xlsx", "-+++++"),
    ("GET", "/knowledge/entries?shelf=maintained", "--++-+"),
    ("GET", "/knowledge/entries?shelf=to_review", "---+-+"),
    ("GET", "/knowledge/entries?shelf=due", "---+-+"),
    ("GET", "/knowledge/businesses", "-+++++"),
    ("GET", "/knowledge/tasks", "-+++++"),
    ("GET", "/knowledge/index", "-+++++"),
    ("POST", "/knowledge/index", "----+-"),
    ("POST", "/knowledge/words/trial", "----+-"),
    ("GET", "/knowledge/words", "----+-"),
    ("POST", "/knowledge/words", "----+-"),
    ("DELETE", "/knowledge/words/x", "----+-"),
    ("GET", "/knowledge/classes", "-+++++"),
    ("PUT", "/knowledge/classes/region/x", "----+-"),
    ("GET", "/knowledge/stages", "----+-"),
    ("PUT", "/knowledge/stages/x", "----+-"),
    ("GET", "/knowledge/ranking", "-+++++"),
    ("GET", "/knowledge/ranking.xlsx", "-+++++"),
    ("GET", "/knowledge/trail", "-+++++"),
    ("GET", "/knowledge/favourites", "-+++++"),
    ("PUT", "/knowledge/favourites/x", "-+++++"),
    ("DELETE", "/knowledge/favourites/x", "-+++++"),
    ("GET", "/knowledge/reports", "--++-+"),
    ("POST", "/knowledge/reports/x/resolution", "--++-+"),
    ("POST", "/knowledge/entries", "--+--+"),
    ("GET", "/knowledge/entries/{id}", "-+++++"),
    ("DELETE", "/knowledge/entries/{id}?version=0", "---+-+"),
    ("GET", "/knowledge/entries/{id}/draft", "--+--+"),
    ("PUT", "/knowledge/entries/{id}/draft", "--+--+"),
    ("DELETE", "/knowledge/entries/{id}/draft?version=0", "--+--+"),
    ("POST", "/knowledge/entries/{id}/submission", "--+--+"),
    ("DELETE", "/knowledge/entries/{id}/submission?version=0", "--+--+"),
    ("POST", "/knowledge/entries/{id}/decision", "---+-+"),
    ("POST", "/knowledge/entries/{id}/withdrawal", "---+-+"),
    ("DELETE", "/knowledge/entries/{id}/withdrawal?version=0", "---+-+"),
    ("POST", "/knowledge/entries/{id}/confirmation", "---+-+"),
    ("GET", "/knowledge/entries/{id}/history", "-+++++"),
    ("GET", "/knowledge/entries/{id}/comparison?from=1&to=1", "-+++++"),
    ("POST", "/knowledge/entries/{id}/uses", "-+++++"),
    ("POST", "/knowledge/entries/{id}/reports", "-+++++"),
    ("POST", "/knowledge/files?name=x", "--+--+"),
    ("GET", "/knowledge/files/x/file", "-+++++"),
    ("POST", "/knowledge/imports?name=x", "--+--+"),
    ("GET", "/knowledge/case-drafts/x", "--+--+"),
];

#[tokio::test]
async fn every_route_asks_for_its_capability() {
    on_sqlite(|site| async move {
        let world = World::new(site).await;
        let id = world.publish(entry("水", "水。")).await;
        let body = json!({
            "version": 0, "content": { "title": "" }, "text": "", "kind": "other", "name": "", "active": true,
            "stages": 0, "fixed": true, "reply": "", "passed": true, "reason": "", "purpose": "none",
        });
        for (method, path, row) in TABLE {
            let path = path.replace("{id}", &id);
            for (account, mark) in PEOPLE.iter().zip(row.chars()) {
                let method: Method = method.parse().unwrap();
                let content = (method != Method::GET && method != Method::DELETE)
                    .then(|| body.to_string().into_bytes());
                let answer = world
                    .as_(account)
                    .send_raw(method.clone(), &path, Some("application/json"), content.unwrap_or_default())
                    .await;
                let refused = answer.status.as_u16() == 403;
                assert_eq!(
                    refused,
                    mark == '-',
                    "{account} {method} {path}: {} {}",
                    answer.status,
                    answer.text()
                );
            }
            let stranger = world
                .server
                .anonymous()
                .send_raw(
                    method.parse().unwrap(),
                    &path,
                    Some("application/json"),
                    body.to_string().into_bytes(),
                )
                .await;
            assert!(matches!(stranger.status.as_u16(), 401 | 400), "{method} {path}: {}", stranger.status);
        }
    })
    .await;
}

#[tokio::test]
async fn a_unit_keeps_its_own_part_and_the_unit_above_supervises() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let own = world.write("pipes_writer", entry("管网维修", "联系管网所。")).await;
        let path = format!("/knowledge/entries/{own}/draft");
        for (account, status) in
            [("pipes_writer", 200), ("chief", 200), ("writer", 404), ("police_writer", 404)]
        {
            assert_eq!(world.as_(account).get(&path).await.status.as_u16(), status, "{account}");
        }
        let count = async |account: &str| {
            let list = world.as_(account).get("/knowledge/entries?shelf=maintained").await.ok();
            list["items"].as_array().unwrap().len()
        };
        assert_eq!((count("pipes_writer").await, count("chief").await), (1, 1));
        assert_eq!((count("writer").await, count("police_writer").await), (0, 0));
        let for_below = json!({ "unit_id": "pipes", "content": entry("水表", "水表。") });
        world
            .as_("writer")
            .post("/knowledge/entries", for_below.clone())
            .await
            .refused(403, "permission.denied");
        world.as_("chief").post("/knowledge/entries", for_below).await.done();
        let elsewhere = json!({ "unit_id": "police", "content": entry("户口", "户口。") });
        world.as_("chief").post("/knowledge/entries", elsewhere).await.refused(403, "permission.denied");
        let save = json!({ "version": 1, "content": entry("改了", "改了。") });
        world.as_("police_writer").put(&path, save).await.refused(404, "not_found");
    })
    .await;
}
