//! Files: what is taken, who may have it, and that its text is found.

use axum::http::Method;
use serde_json::json;
use testkit::{Answer, on_both};

use crate::support::{World, entry, titles};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";

async fn upload(world: &World, account: &str, name: &str, bytes: Vec<u8>) -> Answer {
    let path = format!("/knowledge/files?name={name}");
    world.as_(account).send_raw(Method::POST, &path, Some("application/octet-stream"), bytes).await
}

#[tokio::test]
async fn the_text_of_an_attachment_is_found_and_its_bytes_are_for_whom_the_answer_is() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let table = kernel::http::write_workbook(&["收费项目"], &[vec!["水表检定费".into()]]).unwrap();
        let file = upload(&world, "writer", "price.xlsx", table.clone()).await.ok();
        assert_eq!(file["text"], "read");
        let file_id = file["id"].as_str().unwrap();
        let mut content = entry("收费标准", "见附件。");
        content["answers"][0]["attachments"] = json!([{ "file_id": file_id, "name": "price.xlsx" }]);
        content["answers"][0]["audience"] = json!("internal");
        let public_path = format!("/portal/knowledge/files/{file_id}/file");
        let mut citizen = world.server.anonymous();
        citizen.get(&public_path).await.refused(404, "not_found");
        let id = world.publish(content).await;
        let found = world.as_("agent").get("/knowledge/search?q=水表检定费&explain=true").await.ok();
        assert_eq!(titles(&found), ["收费标准"]);
        assert_eq!(found["results"][0]["why"]["words"][0]["place"], "attachment");
        let sent = world.as_("agent").get(&format!("/knowledge/files/{file_id}/file")).await;
        assert_eq!(sent.body.as_ref(), table.as_slice());
        assert!(sent.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
        // Of an internal answer, it is internal.
        citizen.get(&public_path).await.refused(404, "not_found");
        let draft = world.as_("writer").get(&format!("/knowledge/entries/{id}/draft")).await.ok();
        let mut content = draft["content"].clone();
        content["answers"][0]["audience"] = json!("public");
        let body = json!({ "version": draft["version"], "content": content });
        world.as_("writer").put(&format!("/knowledge/entries/{id}/draft"), body).await.done();
        citizen.get(&public_path).await.refused(404, "not_found");
        world.pass(&id).await;
        citizen.get(&public_path).await.done();
    })
    .await;
}

#[tokio::test]
async fn what_is_no_document_is_refused_and_what_cannot_be_read_is_kept_and_named() {
    on_both(|site| async move {
        let world = World::new(site).await;
        upload(&world, "writer", "page.html", b"<script>".to_vec()).await.refused(422, "knowledge.file");
        upload(&world, "writer", "picture.png", b"<script>".to_vec()).await.refused(422, "knowledge.file");
        upload(&world, "agent", "a.png", PNG.to_vec()).await.refused(403, "permission.denied");
        let broken = upload(&world, "writer", "a.docx", b"PK\x03\x04 broken".to_vec()).await.ok();
        assert_eq!(broken["text"], "broken");
        let picture = upload(&world, "writer", "a.png", PNG.to_vec()).await.ok();
        assert_eq!(picture["text"], "none");
        let path = format!("/knowledge/files/{}/file", picture["id"].as_str().unwrap());
        // Until something that is published names it, it is for those who write.
        world.as_("agent").get(&path).await.refused(404, "not_found");
        let sent = world.as_("writer").get(&path).await;
        assert_eq!(sent.headers["content-type"], "image/png");
        assert!(sent.headers["content-disposition"].to_str().unwrap().starts_with("inline"));
        let part = world.as_("writer").with_header("range", "bytes=1-3").get(&path).await;
        assert_eq!((part.status.as_u16(), part.body.as_ref()), (206, &b"PNG"[..]));
        // An answer that names a file which is not there is refused.
        let mut content = entry("图", "x");
        content["answers"][0]["html"] = json!("<img src=\"file/01890a5d-ac96-774b-bcce-b302099a8057\">");
        let body = json!({ "content": content });
        world.as_("writer").post("/knowledge/entries", body).await.refused(422, "invalid");
    })
    .await;
}
