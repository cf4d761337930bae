//! Documents from templates: what they show, what is refused, many at once.

use std::io::{Cursor, Read as _, Write as _};

use axum::http::Method;
use serde_json::{Value, json};
use testkit::{Answer, on_both};

use crate::attachments::{picture, send};
use crate::support::World;

fn word(text: &str) -> Vec<u8> {
    let document = format!(
        "<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>"
    );
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, part) in [("[Content_Types].xml", "<Types></Types>"), ("word/document.xml", document.as_str())]
    {
        writer.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(part.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn text_of(file: &[u8]) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(file.to_vec())).unwrap();
    let mut text = String::new();
    archive.by_name("word/document.xml").unwrap().read_to_string(&mut text).unwrap();
    text
}

async fn upload(world: &World, account: &str, query: &str, bytes: Vec<u8>) -> Answer {
    world
        .sign_in(account)
        .send_raw(Method::POST, &format!("/templates?{query}"), Some("application/octet-stream"), bytes)
        .await
}

async fn shipped(world: &World, purpose: &str) -> String {
    let all = world.sign_in("water_clerk").get("/templates").await.ok();
    let found = all.as_array().unwrap().iter().find(|one| one["purpose"] == purpose).unwrap();
    found["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn shipped_documents_are_made_with_what_the_reader_may_see() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut draft = world.draft();
        draft["confidential"] = json!(true);
        let case = world.sign_in("agent").post("/cases", draft).await.ok();
        let case = world.act("leader", &case, "review", json!({ "decision": "pass" })).await;
        let body = json!({ "unit_id": "water", "opinion": "请尽快<办理>", "mode": "entrust", "letter": "请依职责办理" });
        let case = world.act("dispatcher", &case, "dispatch", body).await;
        let id = case["id"].as_str().unwrap();
        let path = format!("/cases/{id}/attachments?step=note");
        send(&world, "water_clerk", &path, "现场.jpg", &picture()).await.done();
        world.sign_in("water_clerk").post(&format!("/cases/{id}/notes"), json!({ "text": "见图" })).await.done();

        for purpose in ["entrustment", "transfer", "supervision", "reply"] {
            let template = shipped(&world, purpose).await;
            let made = world.sign_in("water_clerk").get(&format!("/cases/{id}/documents/{template}")).await;
            assert!(made.status.is_success(), "{purpose}: {}", made.text());
            let text = text_of(&made.body);
            assert!(text.contains(case["number"].as_str().unwrap()), "{purpose}");
            assert!(!text.contains("{{") && !text.contains("{%"), "{purpose}: a placeholder was left");
            assert!(!text.contains("周女士") && !text.contains("13900001234"), "{purpose}: the citizen is confidential");
        }
        let transfer = shipped(&world, "transfer").await;
        let made = world.sign_in("dispatcher").get(&format!("/cases/{id}/documents/{transfer}")).await;
        assert!(text_of(&made.body).contains("请尽快&lt;办理&gt;"));
        let page = world.sign_in("water_clerk").get(&format!("/cases/{id}/documents/{transfer}/preview")).await.ok();
        let html = page["html"].as_str().unwrap();
        assert!(html.contains("办 理 转 送 单") && html.contains("&lt;办理&gt;") && !html.contains("<script"));
        world.sign_in("roads_clerk").get(&format!("/cases/{id}/documents/{transfer}")).await.refused(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn a_template_is_checked_when_it_is_uploaded() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let name = "name=%E7%AD%94%E5%A4%8D&purpose=other";
        let broken = upload(&world, "manager", name, word("{{ 工单.编码 }}")).await.refused(422, "template.refused");
        assert_eq!(broken["faults"][0]["place"], "正文第 1 段");
        assert_eq!(broken["faults"][0]["placeholder"], "{{ 工单.编码 }}");
        upload(&world, "manager", name, b"no document".to_vec()).await.refused(422, "template.refused");
        upload(&world, "manager", name, Vec::new()).await.refused(422, "invalid");
        upload(&world, "water_admin", name, word("x")).await.refused(403, "permission.denied");

        let kept = upload(&world, "manager", name, word("{{ 工单.编号 }}号")).await.ok();
        let case = world.written().await;
        let path = format!("/cases/{}/documents/{}", case["id"].as_str().unwrap(), kept["id"].as_str().unwrap());
        let made = world.sign_in("agent").get(&path).await;
        assert!(text_of(&made.body).contains(&format!("{}号", case["number"].as_str().unwrap())));
        // Switched off, it is no longer offered; a stale change is refused.
        let change = |version: i64| format!("/templates/{}?{name}&active=false&version={version}", kept["id"].as_str().unwrap());
        let put = |path: String| {
            let mut manager = world.sign_in("manager");
            async move { manager.send_raw(Method::PUT, &path, Some("application/octet-stream"), Vec::new()).await }
        };
        put(change(7)).await.refused(409, "stale_version");
        put(change(1)).await.done();
        world.sign_in("agent").get(&path).await.refused(404, "not_found");
        let shipped = shipped(&world, "reply").await;
        world.sign_in("manager").delete(&format!("/templates/{shipped}")).await.refused(409, "template.shipped");
        world.sign_in("manager").delete(&format!("/templates/{}", kept["id"].as_str().unwrap())).await.done();
    })
    .await;
}

async fn ended(world: &World, account: &str, run: &Value) -> Value {
    loop {
        let state =
            world.sign_in(account).get(&format!("/runs/{}", run["run_id"].as_str().unwrap())).await.ok();
        if state["state"] != "running" {
            return state;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn many_orders_become_one_file_and_strangers_are_named() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let (mine, other) = (world.dispatched("water").await, world.dispatched("roads").await);
        let template = shipped(&world, "transfer").await;
        let body = json!({ "template_id": template, "ids": [mine["id"], other["id"]] });
        let run = world.sign_in("water_admin").post("/documents", body.clone()).await.ok();
        let run_end = ended(&world, "water_admin", &run).await;
        assert_eq!((&run_end["state"], &run_end["result"]["made"]), (&json!("done"), &json!(1)));
        assert_eq!(run_end["result"]["failed"].as_array().unwrap().len(), 1);
        let path = format!("/runs/{}/file", run["run_id"].as_str().unwrap());
        let file = world.sign_in("water_admin").get(&path).await;
        let archive = zip::ZipArchive::new(Cursor::new(file.body.to_vec())).unwrap();
        let names: Vec<&str> = archive.file_names().collect();
        assert_eq!(names, [format!("办理转送单-{}.docx", mine["number"].as_str().unwrap())]);
        world.sign_in("manager").get(&path).await.refused(404, "not_found");
        let none = json!({ "template_id": template, "ids": [] });
        world.sign_in("water_admin").post("/documents", none).await.refused(422, "invalid");
        // Its file is forgotten after some days.
        let later = world.site.kit.now().plus_millis(8 * 24 * 3_600_000);
        assert_eq!(world.cases.forget_run_files(later).await.unwrap(), 1);
        world.sign_in("water_admin").get(&path).await.refused(404, "not_found");
    })
    .await;
}
