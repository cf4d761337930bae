//! Files of orders: who may send them, who may see them, where they go, what is refused.

use axum::http::Method;
use contract::cases::{CitizenDesk as _, CitizenDraft, UploadDesk, UploadRight, UploadedFile};
use kernel::http::Idem;
use serde_json::{Value, json};
use testkit::{Answer, on_both};

use crate::support::World;

/// A picture that says where it was taken.
pub fn picture() -> Vec<u8> {
    let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xE1, 0, 20];
    bytes.extend_from_slice(b"Exif\0\0GPS-31.2-121");
    bytes.extend_from_slice(&[0xFF, 0xDB, 0, 4, 1, 2, 0xFF, 0xDA, 0, 4, 1, 2, 9, 9, 0xFF, 0xD9]);
    bytes
}

fn form(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut body =
        b"--edge\r\ncontent-disposition: form-data; name=\"thumb\"; filename=\"t.jpg\"\r\n\r\n".to_vec();
    body.extend_from_slice(&picture());
    body.extend_from_slice(
        format!("\r\n--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n")
            .as_bytes(),
    );
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--edge--\r\n");
    body
}

/// Sends a file.
pub async fn send(world: &World, account: &str, path: &str, name: &str, bytes: &[u8]) -> Answer {
    world
        .sign_in(account)
        .send_raw(Method::POST, path, Some("multipart/form-data; boundary=edge"), form(name, bytes))
        .await
}

fn holds(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

async fn listed(world: &World, account: &str, case: &Value) -> Value {
    world.sign_in(account).get(&format!("/cases/{}/attachments", case["id"].as_str().unwrap())).await.ok()
}

#[tokio::test]
async fn files_wait_for_their_step_and_then_belong_to_its_line() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.dispatched("water").await;
        let path = format!("/cases/{}/attachments?step=acceptance", case["id"].as_str().unwrap());
        let sent = send(&world, "water_clerk", &path, "现场.jpg", &picture()).await.ok();
        assert_eq!(
            (&sent["kind"], &sent["entry_id"], &sent["has_thumb"]),
            (&json!("image"), &json!(null), &json!(true))
        );
        // An answer that was lost: the same file again is the same file.
        let again = send(&world, "water_clerk", &path, "现场.jpg", &picture()).await.ok();
        assert_eq!(again["id"], sent["id"]);
        assert_eq!(listed(&world, "water_clerk", &case).await["items"].as_array().unwrap().len(), 1);
        assert_eq!(
            listed(&world, "dispatcher", &case).await["items"],
            json!([]),
            "not yet part of the order"
        );

        world.act("water_clerk", &case, "acceptance", json!({})).await;
        let shown = listed(&world, "dispatcher", &case).await;
        let lines = world
            .sign_in("dispatcher")
            .get(&format!("/cases/{}/timeline", case["id"].as_str().unwrap()))
            .await
            .ok();
        let line = lines.as_array().unwrap().iter().find(|line| line["kind"] == "accepted").unwrap();
        assert_eq!(shown["items"][0]["entry_id"], line["id"]);
        let file = format!("/attachments/{}", sent["id"].as_str().unwrap());
        let got = world.sign_in("dispatcher").get(&file).await;
        assert_eq!(got.headers["content-type"], "image/jpeg");
        assert!(
            got.headers["content-disposition"]
                .to_str()
                .unwrap()
                .starts_with("inline; filename*=UTF-8''%E7%8E%B0")
        );
        assert_eq!(got.headers["x-content-type-options"], "nosniff");
        assert!(holds(&got.body, b"GPS-31.2"), "a clerk's own picture proves where it was taken");
        assert!(!holds(&world.sign_in("dispatcher").get(&format!("{file}?thumb=true")).await.body, b"GPS"));
        let part = world.sign_in("dispatcher").with_header("range", "bytes=0-1").get(&file).await;
        assert_eq!((part.status.as_u16(), &part.body[..]), (206, &[0xFF, 0xD8][..]));
        // It is part of the record now.
        world.sign_in("water_clerk").delete(&file).await.refused(409, "attachment.kept");
        world.sign_in("roads_clerk").get(&file).await.refused(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn lying_files_and_strangers_are_refused() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.dispatched("water").await;
        let base = format!("/cases/{}/attachments", case["id"].as_str().unwrap());
        let path = format!("{base}?step=note");
        let lying = send(&world, "water_clerk", &path, "现场.jpg", b"MZ\x90\0 a program").await;
        assert_eq!(lying.refused(422, "invalid")["errors"][0]["code"], "lying");
        let page = send(&world, "water_clerk", &path, "a.html", b"<html><script>alert(1)</script>").await;
        assert_eq!(page.refused(422, "invalid")["errors"][0]["code"], "unsupported");
        send(&world, "roads_clerk", &path, "a.jpg", &picture()).await.refused(404, "not_found");
        let step = format!("{base}?step=feedback");
        send(&world, "water_clerk", &step, "a.jpg", &picture()).await.refused(409, "case.wrong_step");
        send(&world, "agent", &step, "a.jpg", &picture()).await.refused(403, "permission.denied");
        let nonsense = format!("{base}?step=nonsense");
        send(&world, "water_clerk", &nonsense, "a.jpg", &picture()).await.refused(422, "invalid");
        let broken = world
            .sign_in("water_clerk")
            .send_raw(
                Method::POST,
                &path,
                Some("multipart/form-data; boundary=edge"),
                b"--edge\r\nnothing".to_vec(),
            )
            .await;
        broken.refused(400, "body.malformed");
        assert_eq!(listed(&world, "water_clerk", &case).await["items"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn files_of_a_new_order_go_with_it_and_only_the_writers_own() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let sent = send(&world, "agent", "/attachments", "来信.jpg", &picture()).await.ok();
        let other = send(&world, "agent2", "/attachments", "别人.jpg", &picture()).await.ok();
        send(&world, "water_clerk", "/attachments", "巡查.jpg", &picture()).await.done();
        send(&world, "mayor", "/attachments", "a.jpg", &picture()).await.refused(403, "permission.denied");
        let mut draft = world.draft();
        draft["attachments"] = json!([sent["id"], other["id"]]);
        let case = world.sign_in("agent").post("/cases", draft).await.ok();
        let shown = listed(&world, "leader", &case).await;
        assert_eq!(shown["items"].as_array().unwrap().len(), 1);
        assert_eq!(shown["items"][0]["id"], sent["id"]);
        let got =
            world.sign_in("leader").get(&format!("/attachments/{}", sent["id"].as_str().unwrap())).await;
        assert!(
            !holds(&got.body, b"GPS"),
            "what an agent got from a citizen keeps the citizen's position secret"
        );
    })
    .await;
}

fn draft(confidential: bool) -> CitizenDraft {
    CitizenDraft {
        r#type: "report".to_owned(),
        title: "夜间施工".to_owned(),
        content: "工地夜间施工噪声大，影响休息。".to_owned(),
        name: "周女士".to_owned(),
        phone: "13900001234".to_owned(),
        confidential,
        ..CitizenDraft::default()
    }
}

#[tokio::test]
async fn a_citizens_pictures_come_by_ticket_and_stay_hidden_with_the_citizen() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let ctx = world.site.ctx();
        let ticket = world.cases.open_ticket(&ctx).await.unwrap();
        let right = UploadRight::Ticket(&ticket.token);
        let file = |name: &str, bytes: Vec<u8>| UploadedFile { name: name.to_owned(), bytes, thumb: None };
        let sent = world.cases.put(&ctx, right, file("照片.jpg", picture())).await.unwrap();
        let again = world.cases.put(&ctx, right, file("照片.jpg", picture())).await.unwrap();
        assert_eq!((again.id, again.waiting), (sent.id.clone(), true));
        for n in 1..9_u8 {
            world.cases.put(&ctx, right, file("x.txt", vec![b'a' + n; 3])).await.unwrap();
        }
        let tenth = world.cases.put(&ctx, right, file("x.txt", b"zzz".to_vec())).await;
        assert!(tenth.is_err(), "nine are enough");
        let last = UploadDesk::list(&world.cases, &ctx, right).await.unwrap().pop().unwrap();
        world.cases.take_back(&ctx, right, &last.id).await.unwrap();

        let none = Idem::none();
        let submitted = world.cases.submit_with(&ctx, draft(true), Some(&ticket.token), &none).await.unwrap();
        let page = world.sign_in("leader").get("/cases?q=夜间施工").await.ok();
        let case = page["items"][0].clone();
        let case =
            world.sign_in("leader").get(&format!("/cases/{}", case["id"].as_str().unwrap())).await.ok();
        let own = UploadRight::Order { number: &submitted.number, code: &submitted.query_code };
        assert_eq!(UploadDesk::list(&world.cases, &ctx, own).await.unwrap().len(), 8);
        let wrong = UploadRight::Order { number: &submitted.number, code: "000000x" };
        assert!(UploadDesk::list(&world.cases, &ctx, wrong).await.is_err());

        // The shift leader makes return visits and may know; the unit may not.
        let path = format!("/attachments/{}", sent.id);
        let got = world.sign_in("leader").get(&path).await;
        assert!(got.status.is_success() && !holds(&got.body, b"GPS"));
        let case = world.act("leader", &case, "review", json!({ "decision": "pass" })).await;
        world.act("dispatcher", &case, "dispatch", json!({ "unit_id": "water" })).await;
        let shown = listed(&world, "water_clerk", &case).await;
        assert_eq!((&shown["items"], &shown["hidden"]), (&json!([]), &json!(8)));
        world.sign_in("water_clerk").get(&path).await.refused(404, "not_found");

        // A ticket ends.
        let late = kernel::Ctx { now: ctx.now.plus_millis(2 * 3_600_000), ..ctx.clone() };
        assert!(world.cases.put(&late, right, file("y.jpg", picture())).await.is_err());
        assert!(
            world.cases.put(&ctx, UploadRight::Ticket("guessed"), file("y.jpg", picture())).await.is_err()
        );
    })
    .await;
}

#[tokio::test]
async fn a_supplement_and_a_helpers_result_bring_files() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let ctx = world.site.ctx();
        let submitted = world.cases.submit(&ctx, draft(false), &Idem::none()).await.unwrap();
        let ticket = world.cases.open_ticket(&ctx).await.unwrap();
        let file = UploadedFile { name: "补充.jpg".to_owned(), bytes: picture(), thumb: None };
        world.cases.put(&ctx, UploadRight::Ticket(&ticket.token), file.clone()).await.unwrap();
        let order = (submitted.number.as_str(), submitted.query_code.as_str());
        world
            .cases
            .act_with(&ctx, order, "supplement", "补充一张照片", Some(&ticket.token))
            .await
            .unwrap()
            .unwrap();
        let case = world.sign_in("leader").get("/cases?q=夜间施工").await.ok()["items"][0].clone();
        let shown = listed(&world, "leader", &case).await;
        assert_eq!(shown["items"][0]["step"], "supplement");

        let case =
            world.sign_in("leader").get(&format!("/cases/{}", case["id"].as_str().unwrap())).await.ok();
        let case = world.act("leader", &case, "review", json!({ "decision": "pass" })).await;
        let case = world.act("dispatcher", &case, "dispatch", json!({ "unit_id": "water" })).await;
        let link = world
            .act("water_clerk", &case, "links", json!({ "helper": "某物业", "text": "请协助", "hours": 2 }))
            .await;
        let token = link["path"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        let right = UploadRight::Link(&token);
        assert_eq!(
            UploadDesk::list(&world.cases, &ctx, right).await.unwrap().len(),
            1,
            "the citizen's picture is shown to the helper"
        );
        let file =
            UploadedFile {
                name: "处理后.jpg".to_owned(), bytes: [picture(), vec![1]].concat(), thumb: None
            };
        world.cases.put(&ctx, right, file).await.unwrap();
        contract::cases::HelperDesk::answer(&world.cases, &ctx, &token, "已处理").await.unwrap();
        let shown = listed(&world, "water_clerk", &case).await;
        let helped = shown["items"].as_array().unwrap().iter().find(|one| one["step"] == "help").unwrap();
        assert_eq!((&helped["by_name"], helped["entry_id"].is_string()), (&json!("某物业"), true));
    })
    .await;
}

#[tokio::test]
async fn what_nobody_used_is_swept_and_what_is_used_stays() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.dispatched("water").await;
        let path = format!("/cases/{}/attachments?step=note", case["id"].as_str().unwrap());
        let kept = send(&world, "water_clerk", &path, "留.jpg", &picture()).await.ok();
        world
            .sign_in("water_clerk")
            .post(&format!("/cases/{}/notes", case["id"].as_str().unwrap()), json!({ "text": "见图" }))
            .await
            .done();
        let left = send(&world, "water_clerk", &path, "弃.txt", "无用".as_bytes()).await.ok();
        let later = world.site.kit.now().plus_millis(4 * 24 * 3_600_000);
        assert_eq!(world.cases.sweep_uploads(world.site.kit.now()).await.unwrap(), 0);
        assert_eq!(world.cases.sweep_uploads(later).await.unwrap(), 1);
        let get = |id: &Value| format!("/attachments/{}", id.as_str().unwrap());
        assert!(world.sign_in("water_clerk").get(&get(&kept["id"])).await.status.is_success());
        world.sign_in("water_clerk").get(&get(&left["id"])).await.refused(404, "not_found");
    })
    .await;
}
