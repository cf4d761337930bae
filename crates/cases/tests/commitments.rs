//! What units promise citizens: written by the unit, published by an editor, read by everybody.

use std::time::Duration;

use axum::http::Method;
use contract::cases::PublicCommitmentFilter;
use serde_json::{Value, json};
use testkit::{Client, on_both};

use crate::support::World;

fn promise(service: &str) -> Value {
    json!({
        "service": service, "audience": "居民用户", "content": "受理新装水表申请", "standard": "一次告知，上门服务",
        "process": "申请—勘察—施工—通水", "time_limit": "5个工作日", "basis": "城市供水条例", "contact": "0571-12345",
    })
}

impl World {
    async fn promised(&self, account: &str, service: &str) -> String {
        let made = self.sign_in(account).post("/commitments", promise(service)).await.ok();
        made["id"].as_str().unwrap().to_owned()
    }

    async fn shown(&self, q: &str) -> Vec<(String, String)> {
        let filter = PublicCommitmentFilter { q: q.to_owned(), cursor: None };
        let page = self.cases.public_commitments(&filter).await.unwrap();
        page.items.into_iter().map(|one| (one.service, one.time_limit)).collect()
    }
}

/// Sends a file and waits until it was taken in.
async fn import(client: &mut Client, csv: &str, dry_run: bool) -> Value {
    let path = format!("/commitments/import?dry_run={dry_run}");
    let kind = Some("application/octet-stream");
    let started = client.send_raw(Method::POST, &path, kind, csv.as_bytes().to_vec()).await.ok();
    let path = format!("/runs/{}", started["run_id"].as_str().unwrap());
    for _ in 0..200 {
        let run = client.get(&path).await.ok();
        if run["state"] != "running" {
            assert_eq!(run["state"], "done", "{run}");
            return run["result"].clone();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the run has no end");
}

#[tokio::test]
async fn a_promise_is_written_published_changed_and_withdrawn() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let id = world.promised("water_admin", "供水报装").await;
        let path = format!("/commitments/{id}");
        let version = |version: i64| json!({ "version": version });
        let mut admin = world.sign_in("water_admin");
        let mut editor = world.sign_in("reviewer");
        let decision = |version: i64, publish: bool, note: &str| {
            json!({ "version": version, "publish": publish, "note": note })
        };
        let again = admin.post("/commitments", promise(" 供水报装 ")).await.refused(422, "invalid");
        assert_eq!(again["errors"][0]["code"], "taken");
        admin.post("/commitments", json!({ "service": "x", "unit_id": "roads" })).await.refused(422, "invalid");

        editor.post(&format!("{path}/decision"), decision(1, true, "")).await.refused(409, "commitment.wrong_state");
        admin.post(&format!("{path}/submission"), version(1)).await.done();
        assert!(world.shown("").await.is_empty(), "nobody but the editor sees it yet");
        editor.post(&format!("{path}/decision"), decision(2, false, "")).await.refused(422, "invalid");
        editor.post(&format!("{path}/decision"), decision(2, false, "请写明收费依据")).await.done();
        let row = admin.get("/commitments?state=returned").await.ok()["items"][0].clone();
        assert_eq!((&row["note"], &row["unit_name"]), (&json!("请写明收费依据"), &json!("水务局")));
        admin.post(&format!("{path}/submission"), version(3)).await.done();
        editor.post(&format!("{path}/decision"), decision(4, true, "")).await.done();
        let first = ("供水报装".to_owned(), "5个工作日".to_owned());
        for q in ["", "水务局 报装", "供水条例"] {
            assert_eq!(world.shown(q).await, std::slice::from_ref(&first), "{q}");
        }
        assert!(world.shown("燃气").await.is_empty());
        assert!(world.shown("%").await.is_empty(), "a sign is no wildcard");

        // A change shows only once it was published too.
        let mut changed = promise("供水报装");
        changed["time_limit"] = json!("3个工作日");
        changed["version"] = json!(5);
        admin.put(&path, changed.clone()).await.done();
        admin.put(&path, changed).await.refused(409, "stale_version");
        assert_eq!(world.shown("").await, [first]);
        admin.delete(&format!("{path}?version=6")).await.refused(409, "commitment.wrong_state");
        admin.post(&format!("{path}/submission"), version(6)).await.done();
        editor.post(&format!("{path}/decision"), decision(7, true, "")).await.done();
        assert_eq!(world.shown("").await[0].1, "3个工作日");
        editor.post(&format!("{path}/withdrawal"), version(8)).await.done();
        assert!(world.shown("").await.is_empty());
        editor.post(&format!("{path}/withdrawal"), version(9)).await.refused(409, "commitment.wrong_state");
        admin.delete(&format!("{path}?version=9")).await.done();
        assert_eq!(admin.get("/commitments").await.ok()["items"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn what_is_missing_is_named_before_it_is_handed_in_and_others_units_stay_out_of_reach() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut admin = world.sign_in("water_admin");
        let made =
            admin.post("/commitments", json!({ "service": "水质检测", "unit_id": "north" })).await.ok();
        let path = format!("/commitments/{}", made["id"].as_str().unwrap());
        let refused = admin.post(&format!("{path}/submission"), json!({ "version": 1 })).await;
        let fields = refused.refused(422, "invalid")["errors"].as_array().unwrap().len();
        assert_eq!(fields, 4);
        let id = world.promised("manager", "城市服务").await;
        let other = format!("/commitments/{id}");
        let mut body = promise("改名");
        body["version"] = json!(1);
        admin.put(&other, body).await.refused(404, "not_found");
        assert_eq!(admin.get("/commitments").await.ok()["items"].as_array().unwrap().len(), 1);
        assert_eq!(
            world.sign_in("reviewer").get("/commitments").await.ok()["items"].as_array().unwrap().len(),
            2
        );
    })
    .await;
}

#[tokio::test]
async fn a_file_is_checked_taken_in_and_changes_what_is_known() {
    on_both(|site| async move {
        let world = World::new(site).await;
        world.promised("water_admin", "供水报装").await;
        let mut admin = world.sign_in("water_admin");
        let csv = "单位,服务事项,服务内容,服务标准,办理流程,承诺时限\n\
                   ,供水报装,受理,上门,申请—通水,4个工作日\n\
                   水务局城北所,水质检测,取样检测,三日出报告,预约—取样,3个工作日\n\
                   城管局,路灯维修,维修,两日,报修,2日\n\
                   north,,无名,,,\n\
                   north,水质检测,重复,,,\n";
        let would = import(&mut admin, csv, true).await;
        let figures =
            |run: &Value| ["accepted", "new", "changed", "rejected"].map(|name| run[name].as_u64().unwrap());
        assert_eq!(figures(&would), [2, 1, 1, 3]);
        assert_eq!(
            admin.get("/commitments").await.ok()["items"].as_array().unwrap().len(),
            1,
            "a trial only"
        );
        let done = import(&mut admin, csv, false).await;
        assert_eq!(figures(&done), [2, 1, 1, 3]);
        let lines: Vec<u64> =
            done["reasons"].as_array().unwrap().iter().map(|one| one["line"].as_u64().unwrap()).collect();
        assert_eq!(lines, [4, 5, 6]);
        let rows = admin.get("/commitments").await.ok()["items"].as_array().unwrap().clone();
        let limit_of =
            |service: &str| rows.iter().find(|row| row["service"] == service).unwrap()["time_limit"].clone();
        assert_eq!((limit_of("供水报装"), limit_of("水质检测")), (json!("4个工作日"), json!("3个工作日")));
        let sheet = admin.get("/commitments.xlsx").await;
        assert!(sheet.status.is_success() && sheet.body.starts_with(b"PK"));
    })
    .await;
}
