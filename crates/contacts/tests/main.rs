//! The citizen's file on both databases, over HTTP.

use std::sync::Arc;

use async_trait::async_trait;
use contacts::{Contacts, MIGRATIONS};
use contract::contacts::{ContactBook as _, ContactId, HistoryItem, HistorySource};
use kernel::BoxError;
use serde_json::json;
use testkit::{Client, PersonBuilder, Site, TestServer, on_both};

struct OneCall;

#[async_trait]
impl HistorySource for OneCall {
    async fn history(
        &self,
        _: Option<&ContactId>,
        phones: &[String],
        _: i64,
    ) -> Result<Vec<HistoryItem>, BoxError> {
        Ok(phones
            .iter()
            .map(|phone| HistoryItem {
                kind: "call".to_owned(),
                id: format!("call-of-{phone}"),
                at: 1,
                title: String::new(),
                status: "answered".to_owned(),
            })
            .collect())
    }
}

async fn open(site: &Site) -> (Contacts, TestServer) {
    site.migrate("contacts", MIGRATIONS).await;
    let contacts = Contacts::new(site.kit.clone(), vec![Arc::new(OneCall)]);
    let server = TestServer::new(site, vec![contacts.slice().router]);
    (contacts, server)
}

fn agent(server: &TestServer) -> Client {
    server.as_person(PersonBuilder::new("agent").may(&["contact.read", "contact.write"]))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_opened_changed_and_found_again() {
    on_both(|site| async move {
        let (_contacts, server) = open(&site).await;
        let mut agent = agent(&server);
        let file = agent
            .post("/contacts", json!({ "name": "丁婉秋", "phones": ["+86 199 0000 1001", "0999-5010000"] }))
            .await
            .ok();
        let id = file["id"].as_str().unwrap().to_owned();
        assert_eq!(file["phones"][0]["number"], "19900001001");
        let changed = agent
            .patch(
                &format!("/contacts/{id}"),
                json!({ "version": 1, "address": "听澜路 1 号", "tags": ["vip"] }),
            )
            .await
            .ok();
        assert_eq!((&changed["version"], &changed["tags"][0]), (&json!(2), &json!("vip")));
        let stale = agent.patch(&format!("/contacts/{id}"), json!({ "version": 1, "name": "x" })).await;
        assert_eq!(stale.refused(409, "stale_version")["current"], 2);
        for query in ["q=婉", "phone=19900001001", "q=19900001", "tag=vip"] {
            let encoded = query.replace('婉', "%E5%A9%89");
            let list = agent.get(&format!("/contacts?{encoded}")).await.ok();
            assert_eq!(list["items"][0]["id"], json!(id), "{query}");
        }
        assert_eq!(agent.get("/contacts?q=%25").await.ok()["items"], json!([]), "a wildcard is no wildcard");
        let workbook = agent.get("/contacts.xlsx?q=%E5%A9%89").await;
        assert!(workbook.body.starts_with(b"PK"), "an Excel file is a ZIP archive");
        let history = agent.get(&format!("/contacts/{id}/history")).await.ok();
        assert_eq!(history[0]["id"], "call-of-09995010000");
        assert_eq!(site.audited(&id).await, ["contact.open", "contact.change"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_fields_are_named_one_by_one() {
    on_both(|site| async move {
        let (_contacts, server) = open(&site).await;
        let mut agent = agent(&server);
        let problem = agent
            .post(
                "/contacts",
                json!({ "name": "x".repeat(61), "phones": ["abc"], "gender": "y", "tags": ["A B"] }),
            )
            .await
            .refused(422, "invalid");
        let mut fields: Vec<_> =
            problem["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["gender", "name", "phones.0", "tags"]);
        agent.post("/contacts", json!({})).await.refused(422, "invalid");
        let mut stranger = server.as_person(PersonBuilder::new("clerk"));
        stranger.get("/contacts").await.refused(403, "permission.denied");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_come_and_go_and_one_is_primary() {
    on_both(|site| async move {
        let (_contacts, server) = open(&site).await;
        let mut agent = agent(&server);
        let file = agent.post("/contacts", json!({ "name": "郑", "phones": ["19900001008"] })).await.ok();
        let phones = format!("/contacts/{}/phones", file["id"].as_str().unwrap());
        agent.post(&phones, json!({ "number": "19900001008" })).await.refused(409, "contact.double_number");
        let two = agent.post(&phones, json!({ "number": "19900001009", "primary": true })).await.ok();
        assert_eq!(two["phones"][0]["number"], "19900001009");
        assert_eq!(two["phones"][1]["primary"], false);
        let first = two["phones"][0]["id"].as_str().unwrap();
        let one = agent.delete(&format!("{phones}/{first}")).await.ok();
        assert_eq!(
            (&one["phones"][0]["number"], &one["phones"][0]["primary"]),
            (&json!("19900001008"), &json!(true))
        );
        let last = one["phones"][0]["id"].as_str().unwrap();
        agent.delete(&format!("{phones}/{last}")).await.refused(409, "contact.last_number");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_masked_reader_sees_no_number_and_a_disclosure_is_on_record() {
    on_both(|site| async move {
        let (_contacts, server) = open(&site).await;
        let file =
            agent(&server).post("/contacts", json!({ "name": "丁", "phones": ["19900001001"] })).await.ok();
        let id = file["id"].as_str().unwrap().to_owned();
        let mut leader =
            server.as_person(PersonBuilder::new("leader").may(&["contact.read"]).masked("phone"));
        let seen = leader.get(&format!("/contacts/{id}")).await;
        assert!(!seen.text().contains("19900001001"));
        assert_eq!(seen.ok()["phones"][0]["number"], "199****1001");
        assert_eq!(leader.get("/contacts?phone=19900001001").await.ok()["items"], json!([]));
        let ask = json!({ "reason": "回访核实" });
        leader
            .post(&format!("/contacts/{id}/disclosure"), ask.clone())
            .await
            .refused(403, "permission.denied");
        let mut manager = server.as_person(
            PersonBuilder::new("manager").may(&["contact.read", "contact.unmask"]).masked("phone"),
        );
        manager
            .post(&format!("/contacts/{id}/disclosure"), json!({ "reason": " " }))
            .await
            .refused(422, "invalid");
        let shown = manager.post(&format!("/contacts/{id}/disclosure"), ask).await.ok();
        assert_eq!(shown["phones"][0]["number"], "19900001001");
        assert_eq!(site.audited(&id).await, ["contact.open", "contact.disclose"]);
    })
    .await;
}

/// Finds or opens a file and writes what that takes.
#[expect(clippy::unwrap_used, reason = "a panic is the report of a test")]
async fn found(
    site: &Site,
    contacts: &Contacts,
    ctx: &kernel::Ctx,
    name: &str,
    phone: Option<&str>,
) -> contract::contacts::ContactId {
    let mut writes = kernel::Writes::new();
    let file = contacts.find_or_open(&mut writes, ctx, name, phone, None).await.unwrap();
    site.kit.db.write(writes).await.unwrap();
    file
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_of_one_citizen_at_once_open_one_file() {
    on_both(|site| async move {
        let (contacts, _server) = open(&site).await;
        let (site, contacts) = (std::sync::Arc::new(site), std::sync::Arc::new(contacts));
        let work: Vec<_> = (0..20)
            .map(|_| {
                let (site, contacts) = (site.clone(), contacts.clone());
                tokio::spawn(async move {
                    found(&site, &contacts, &site.ctx(), "丁婉秋", Some("19900001001")).await
                })
            })
            .collect();
        let mut files = std::collections::HashSet::new();
        for one in work {
            files.insert(one.await.unwrap());
        }
        assert_eq!(files.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_opened_by_another_process_meanwhile_is_not_opened_twice() {
    on_both(|site| async move {
        let (here, _server) = open(&site).await;
        let there = Contacts::new(site.kit.clone(), Vec::new());
        let mut slow = kernel::Writes::new();
        here.find_or_open(&mut slow, &site.ctx(), "丁婉秋", Some("19900001001"), None).await.unwrap();
        let file = found(&site, &there, &site.ctx(), "丁婉秋", Some("19900001001")).await;
        assert!(matches!(site.kit.db.write(slow).await, Err(kernel::DbError::Raced)));
        assert_eq!(found(&site, &here, &site.ctx(), "丁婉秋", Some("19900001001")).await, file);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_book_tells_people_at_one_telephone_apart() {
    on_both(|site| async move {
        let (contacts, _server) = open(&site).await;
        let ctx = site.ctx();
        let unnamed = found(&site, &contacts, &ctx, "", Some("19900001001")).await;
        let named = found(&site, &contacts, &ctx, "丁婉秋", Some("+8619900001001")).await;
        assert_eq!(unnamed, named, "a nameless file learns its name");
        let other = found(&site, &contacts, &ctx, "丁父", Some("19900001001")).await;
        assert_ne!(named, other);
        let again = found(&site, &contacts, &ctx, "丁婉秋", Some("19900001001")).await;
        assert_eq!(named, again);
        let nobody = found(&site, &contacts, &ctx, "匿名", None).await;
        assert_eq!(contacts.contact(&named).await.unwrap().unwrap().name, "丁婉秋");
        assert_eq!(contacts.contact(&nobody).await.unwrap().unwrap().phone, None);
        assert!(contacts.by_phone("19900001001").await.unwrap().is_some());
        assert!(contacts.by_phone("nonsense").await.unwrap().is_none());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_pages_without_gaps_or_doubles() {
    on_both(|site| async move {
        let (_contacts, server) = open(&site).await;
        let mut agent = agent(&server);
        for n in 0..25 {
            // The clock stands still, so that many rows share the sort key and only the id tells them apart.
            agent.post("/contacts", json!({ "name": format!("市民{n}") })).await.done();
        }
        let (mut seen, mut cursor) = (std::collections::HashSet::new(), String::new());
        loop {
            let page = agent.get(&format!("/contacts?limit=10&cursor={cursor}")).await.ok();
            for item in page["items"].as_array().unwrap() {
                assert!(seen.insert(item["id"].as_str().unwrap().to_owned()));
            }
            match page["next_cursor"].as_str() {
                Some(next) => cursor = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(seen.len(), 25);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stranger_typed_changes_nobodys_file() {
    on_both(|site| async move {
        let (contacts, _server) = open(&site).await;
        let ctx = site.ctx();
        let caller = found(&site, &contacts, &ctx, "来电人", Some("19900001001")).await;
        let mut stranger = site.ctx();
        stranger.actor.kind = kernel::ActorKind::Citizen;
        let typed = found(&site, &contacts, &stranger, "冒名者", Some("19900001001")).await;
        let again = found(&site, &contacts, &stranger, "冒名者", Some("19900001001")).await;
        assert_ne!(caller, typed);
        assert_eq!(typed, again);
        assert_eq!(contacts.contact(&caller).await.unwrap().unwrap().name, "来电人");
        assert_eq!(contacts.by_phone("19900001001").await.unwrap().unwrap().id, caller);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_masked_writer_cannot_try_out_numbers() {
    on_both(|site| async move {
        let (_contacts, server) = open(&site).await;
        let file =
            agent(&server).post("/contacts", json!({ "name": "丁", "phones": ["19900001001"] })).await.ok();
        let phones = format!("/contacts/{}/phones", file["id"].as_str().unwrap());
        let mut masked = server
            .as_person(PersonBuilder::new("masked").may(&["contact.read", "contact.write"]).masked("phone"));
        masked.post(&phones, json!({ "number": "19900001001" })).await.done();
        masked.post(&phones, json!({ "number": "19900001002" })).await.done();
        for n in 3..11 {
            agent(&server).post(&phones, json!({ "number": format!("199000010{n:02}") })).await.done();
        }
        agent(&server).post(&phones, json!({ "number": "19900001099" })).await.refused(409, "contact.full");
    })
    .await;
}
