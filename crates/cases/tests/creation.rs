//! Writing orders: repeated, refused, many at once.

use std::collections::HashSet;
use std::sync::Arc;

use axum::http::Method;
use serde_json::json;
use testkit::on_both;

use crate::support::{self, World};

#[tokio::test]
async fn the_same_key_writes_one_order() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut agent = world.sign_in("agent").with_header("idempotency-key", "draft-0001");
        let first = agent.post("/cases", world.draft()).await.ok();
        let again = agent.post("/cases", world.draft()).await;
        assert_eq!(again.headers["idempotency-replayed"], "true");
        assert_eq!(again.ok(), first);
        let mut other = world.draft();
        other["title"] = json!("另一件事");
        agent.post("/cases", other).await.refused(422, "idempotency.mismatch");
        assert_eq!(world.sign_in("leader").get("/cases").await.ok()["total"], 1);
        assert_eq!(world.site.events("cases.case_created").await.len(), 1);
    })
    .await;
}

/// A process that was started anew, or another one, does not remember the key; the database does.
#[tokio::test]
async fn a_key_from_before_a_restart_writes_no_second_order() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let first = world
            .sign_in("agent")
            .with_header("idempotency-key", "draft-0001")
            .post("/cases", world.draft())
            .await
            .ok();
        world.site.execute("update kernel_idempotency set key = 'draft-0002' where key = 'draft-0001'").await;
        let mut agent = world.sign_in("agent").with_header("idempotency-key", "draft-0002");
        let again = agent.post("/cases", world.draft()).await;
        assert_eq!(again.headers["idempotency-replayed"], "true");
        assert_eq!(again.ok(), first);
        // What would be refused by now is answered as it was, too.
        world.site.execute("update kernel_idempotency set key = 'draft-0003' where key = 'draft-0002'").await;
        world.site.execute("update cases_category set active = 0").await;
        world.cases.load().await.unwrap();
        let mut agent = world.sign_in("agent").with_header("idempotency-key", "draft-0003");
        assert_eq!(agent.post("/cases", world.draft()).await.ok(), first);
        agent
            .with_header("idempotency-key", "draft-0004")
            .post("/cases", world.draft())
            .await
            .refused(422, "invalid");
        assert_eq!(world.sign_in("leader").get("/cases").await.ok()["total"], 1);
    })
    .await;
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut agent = world.sign_in("agent");
        let long = "字".repeat(101);
        for (field, value, code) in [
            ("title", json!(""), "required"),
            ("title", json!(long), "too_long"),
            ("content", json!("  "), "required"),
            ("category_id", json!("none"), "unknown"),
            ("category_id", json!(null), "required"),
        ] {
            let mut draft = world.draft();
            draft[field] = value;
            let problem = agent.post("/cases", draft).await.refused(422, "invalid");
            assert_eq!(
                (&problem["errors"][0]["field"], &problem["errors"][0]["code"]),
                (&json!(field), &json!(code))
            );
        }
        let mut draft = world.draft();
        draft["contact"] = json!({ "name": "", "phone": "call me" });
        draft["place"] = json!({ "lng": 300.0 });
        draft["answered_at_once"] = json!(true);
        let problem = agent.post("/cases", draft).await.refused(422, "invalid");
        let fields: Vec<_> = problem["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| error["field"].as_str().unwrap())
            .collect();
        assert_eq!(fields, ["contact.name", "contact.phone", "place.lng", "answer"]);

        let mut draft = world.draft();
        draft["type"] = json!("no such type");
        agent.post("/cases", draft).await.refused(400, "body.malformed");
        agent
            .send_raw(Method::POST, "/cases", Some("application/json"), b"{".to_vec())
            .await
            .refused(400, "body.malformed");
        agent
            .send_raw(Method::POST, "/cases", Some("text/plain"), b"{}".to_vec())
            .await
            .refused(415, "body.malformed");
    })
    .await;
}

#[tokio::test]
async fn a_citizen_with_a_file_is_found_again() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let first = world.written().await;
        let second = world.written().await;
        assert_eq!(first["contact"]["id"], second["contact"]["id"]);
        let mut draft = world.draft();
        draft["contact"] = json!({ "id": first["contact"]["id"] });
        let third = world.sign_in("agent").post("/cases", draft).await.ok();
        assert_eq!(
            (&third["contact"]["name"], &third["contact"]["phone"]),
            (&json!("周女士"), &json!("13900001234"))
        );
        let mut draft = world.draft();
        draft["contact"] = json!({ "id": "nobody" });
        world.sign_in("agent").post("/cases", draft).await.refused(422, "invalid");
        let path = format!("/cases?contact_id={}", first["contact"]["id"].as_str().unwrap());
        assert_eq!(world.sign_in("agent").get(&path).await.ok()["total"], 3);
    })
    .await;
}

/// Two processes (here: two slices on one database) write at once; every number is its own.
#[tokio::test]
async fn numbers_are_unique_across_processes() {
    on_both(|site| async move {
        let world = Arc::new(World::new(site).await);
        let other = support::start(&world.site, world.calls.clone()).await;
        let category = world.category.clone();
        let draft = move || support::plain_draft(&category);
        let mut writers = Vec::new();
        for writer in 0..8 {
            let cases = if writer % 2 == 0 { world.cases.clone() } else { other.clone() };
            let (ctx, draft) = (world.site.ctx_of("agent"), draft.clone());
            writers.push(tokio::spawn(async move {
                let by = support::person("agent").build();
                let mut numbers = Vec::new();
                for _ in 0..25 {
                    let case = cases.create(&ctx, Some(&by), draft(), cases::seed::forget).await.unwrap();
                    numbers.push(case.number);
                }
                numbers
            }));
        }
        let mut numbers = HashSet::new();
        for writer in writers {
            numbers.extend(writer.await.unwrap());
        }
        assert_eq!(numbers.len(), 200);
        assert_eq!(world.sign_in("leader").get("/cases").await.ok()["total"], 200);
        assert_eq!(world.site.events("cases.case_created").await.len(), 200);
        assert_eq!(world.site.events("cases.task_opened").await.len(), 200);
    })
    .await;
}
