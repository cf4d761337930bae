//! The dispatch catalogue: written, tried on past orders, published, followed and overridden.

use contract::cases::CaseId;
use kernel::Ctx;
use serde_json::{Value, json};
use testkit::{Answer, on_both};

use crate::support::World;

impl World {
    /// Writes a draft with these rows; returns its id.
    pub async fn draft_catalogue(&self, rows: &[Value]) -> String {
        let mut manager = self.sign_in("manager");
        let draft = manager.post("/catalogues", json!({ "note": "初版" })).await.ok();
        let id = draft["id"].as_str().unwrap().to_owned();
        for row in rows {
            manager.post(&format!("/catalogues/{id}/rows"), row.clone()).await.done();
        }
        id
    }

    /// Tries and publishes a draft; returns what the trial found.
    pub async fn publish_catalogue(&self, id: &str) -> Value {
        let mut manager = self.sign_in("manager");
        let run = manager.post(&format!("/catalogues/{id}/trial"), json!({})).await.ok();
        let found = self.ended_run("manager", &run).await;
        assert_eq!(found["state"], "done", "{found}");
        manager.post(&format!("/catalogues/{id}/publication"), json!({})).await.done();
        found["result"].clone()
    }

    /// Waits for the end of a run.
    pub async fn ended_run(&self, account: &str, run: &Value) -> Value {
        let path = format!("/runs/{}", run["run_id"].as_str().unwrap());
        loop {
            let found = self.sign_in(account).get(&path).await.ok();
            if found["state"] != "running" {
                return found;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Lets the agent write an order and the shift leader pass it.
    pub async fn reviewed(&self) -> Value {
        let case = self.written().await;
        self.act("leader", &case, "review", json!({ "decision": "pass" })).await
    }

    async fn proposal(&self, case: &Value) -> Value {
        let path = format!("/cases/{}/proposal", case["id"].as_str().unwrap());
        self.sign_in("dispatcher").get(&path).await.ok()["proposal"].clone()
    }

    async fn import(&self, id: &str, query: &str, file: &[u8]) -> Answer {
        let path = format!("/catalogues/{id}/import{query}");
        let octets = Some("application/octet-stream");
        self.sign_in("manager").send_raw(axum::http::Method::POST, &path, octets, file.to_vec()).await
    }
}

pub fn lamps() -> Value {
    json!({
        "code": "A01", "item": "路灯故障", "category_code": "lamps", "keywords": ["路灯"], "unit_code": "water",
        "co_unit_codes": ["roads"], "tier": "24h", "basis": "《城市道路照明设施管理规定》",
        "regions": [{ "district": "云水区", "unit_code": "north" }],
    })
}

#[tokio::test]
async fn an_order_gets_a_proposal_with_its_reason_and_an_override_is_counted() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let id = world.draft_catalogue(&[lamps()]).await;
        world.publish_catalogue(&id).await;
        let case = world.reviewed().await;
        let proposal = world.proposal(&case).await;
        assert_eq!(proposal["unit"]["id"], "north");
        assert_eq!(proposal["co_units"][0]["id"], "roads");
        assert_eq!(proposal["tier_name"], "24 小时");
        let reason = proposal["reason"].as_str().unwrap();
        assert!(reason.contains("第1版“路灯故障”") && reason.contains("云水区由该单位负责"), "{reason}");

        // Another unit needs a reason once a proposal was shown.
        let otherwise = json!({ "unit_id": "water", "proposed_unit_id": "north" });
        let refused = world.try_act("dispatcher", &case, "dispatch", otherwise).await.refused(422, "invalid");
        assert_eq!(refused["errors"][0]["field"], "override_reason");
        let otherwise =
            json!({ "unit_id": "water", "proposed_unit_id": "north", "override_reason": "城北所已并入" });
        world.act("dispatcher", &case, "dispatch", otherwise).await;

        // Followed, and given back by the unit: this too points at the row.
        let case = world.reviewed().await;
        let case =
            world.act("dispatcher", &case, "dispatch", json!({ "unit_id": "north", "tier": "24h" })).await;
        assert!(world.proposal(&case).await.is_null());
        world.act("north_clerk", &case, "return", json!({ "reason": "不属于本单位" })).await;
        let rows = world.sign_in("dispatcher").get(&format!("/catalogues/{id}/rows")).await.ok();
        let row = &rows["items"][0];
        assert_eq!((&row["asked"], &row["overridden"], &row["returned"]), (&json!(2), &json!(1), &json!(1)));
        let objected =
            world.sign_in("dispatcher").get(&format!("/catalogues/{id}/rows?objected=true")).await.ok();
        assert_eq!(objected["total"], 1);
    })
    .await;
}

#[tokio::test]
async fn a_row_may_dispatch_by_itself_but_not_what_came_back() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut row = lamps();
        row["automatic"] = json!(true);
        let id = world.draft_catalogue(&[row]).await;
        world.publish_catalogue(&id).await;
        let case = world.reviewed().await;
        let case_id = CaseId(case["id"].as_str().unwrap().to_owned());
        let ctx = Ctx::system("cases.auto_dispatch", world.site.kit.now());
        assert!(world.cases.dispatch_automatically(&ctx, &case_id).await.unwrap());
        // The event may come twice.
        assert!(!world.cases.dispatch_automatically(&ctx, &case_id).await.unwrap());
        let case = world.read("dispatcher", &case).await;
        assert_eq!((&case["status"], &case["unit"]["id"]), (&json!("assigned"), &json!("north")));
        let line = world
            .sign_in("leader")
            .get(&format!("/cases/{}/timeline", case["id"].as_str().unwrap()))
            .await
            .ok();
        let sent = line.as_array().unwrap().iter().find(|entry| entry["kind"] == "dispatched").unwrap();
        assert_eq!(sent["actor"], "系统");
        assert!(sent["detail"].as_str().unwrap().contains("派单目录第1版"));
        world.act("north_clerk", &case, "return", json!({ "reason": "不属于本单位" })).await;
        assert!(!world.cases.dispatch_automatically(&ctx, &case_id).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn a_version_is_tried_before_it_is_published_and_does_not_change_afterwards() {
    on_both(|site| async move {
        let world = World::new(site).await;
        world.dispatched("north").await;
        world.dispatched("water").await;
        world.dispatched("roads").await;
        let id = world.draft_catalogue(&[lamps()]).await;
        let mut manager = world.sign_in("manager");
        let publish = format!("/catalogues/{id}/publication");
        manager.post(&publish, json!({})).await.refused(409, "catalogue.not_tried");
        let run = manager.post(&format!("/catalogues/{id}/trial"), json!({})).await.ok();
        let found = world.ended_run("manager", &run).await;
        let result = &found["result"];
        assert_eq!(
            (&result["orders"], &result["same"], &result["near"], &result["differ"]),
            (&json!(3), &json!(1), &json!(1), &json!(1))
        );
        assert_eq!(result["samples"].as_array().unwrap().len(), 2);
        // A row that changes afterwards has not been tried.
        let rows = manager.get(&format!("/catalogues/{id}/rows")).await.ok();
        let row = &rows["items"][0];
        let path = format!("/catalogues/{id}/rows/{}", row["id"].as_str().unwrap());
        let mut changed = lamps();
        changed["version"] = row["version"].clone();
        changed["tier"] = json!("2h");
        manager.put(&path, changed.clone()).await.done();
        manager.put(&path, changed.clone()).await.refused(409, "stale_version");
        manager.post(&publish, json!({})).await.refused(409, "catalogue.not_tried");
        world.publish_catalogue(&id).await;
        changed["version"] = json!(2);
        manager.put(&path, changed).await.refused(409, "catalogue.published");
        manager.delete(&path).await.refused(409, "catalogue.published");
        manager.delete(&format!("/catalogues/{id}")).await.refused(409, "catalogue.published");
        // The next one begins with its rows, and retires it.
        let next = manager.post("/catalogues", json!({ "from": id })).await.ok();
        assert_eq!((&next["version"], &next["rows"]), (&json!(2), &json!(1)));
        world.publish_catalogue(next["id"].as_str().unwrap()).await;
        let all = manager.get("/catalogues").await.ok();
        assert_eq!((&all[0]["state"], &all[1]["state"]), (&json!("published"), &json!("retired")));
        // Nobody else's run is seen.
        let path = format!("/runs/{}", run["run_id"].as_str().unwrap());
        world.sign_in("dispatcher").get(&path).await.refused(404, "not_found");
    })
    .await;
}

#[tokio::test]
async fn a_file_is_taken_in_and_bad_lines_come_back_with_the_reason() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let id = world.draft_catalogue(&[lamps()]).await;
        let csv = "编号,事项,事项分类编码,主办单位编码,时限档\n\
                   A01,路灯不亮,lamps,roads,2h\n\
                   A02,\"=cmd|'/c calc'!A1\",other,water,\n\
                   A03,停水,nowhere,water,\n\
                   A04,停电,other,power,3x\n\
                   A01,重复,lamps,roads,\n";
        let (gb, ..) = encoding_rs::GB18030.encode(csv);
        let dry = world.import(&id, "?dry_run=true", &gb).await.ok();
        let dry = world.ended_run("manager", &dry).await;
        let counts = |run: &Value| {
            ["accepted", "new", "changed", "rejected"].map(|name| run["result"][name].as_i64().unwrap())
        };
        assert_eq!(counts(&dry), [2, 1, 1, 3], "{dry}");
        let rows = world.sign_in("manager").get(&format!("/catalogues/{id}/rows")).await.ok();
        assert_eq!(rows["total"], 1, "a dry run changes nothing");
        let run = world.import(&id, "", &gb).await.ok();
        let done = world.ended_run("manager", &run).await;
        assert_eq!(counts(&done), [2, 1, 1, 3]);
        let reasons: Vec<&str> = done["result"]["reasons"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["reason"].as_str().unwrap())
            .collect();
        assert!(reasons[0].contains("没有编码为“nowhere”的事项分类"), "{reasons:?}");
        assert!(
            reasons[1].contains("没有编码为“power”的单位") && reasons[1].contains("时限档"),
            "{reasons:?}"
        );
        assert!(reasons[2].contains("重复"), "{reasons:?}");
        let path = format!("/runs/{}/file", run["run_id"].as_str().unwrap());
        let file = world.sign_in("manager").get(&path).await;
        let sheet = cases::sheet::Sheet::read(&file.body).unwrap();
        assert_eq!(sheet.head[..3], ["行号", "未导入原因", "编号"]);
        assert_eq!(sheet.rows.len(), 3);
        // What looks like a formula stays text, there and back.
        let export = world.sign_in("manager").get(&format!("/catalogues/{id}/rows.xlsx")).await;
        let sheet = cases::sheet::Sheet::read(&export.body).unwrap();
        assert_eq!(sheet.rows[1].1[1], "=cmd|'/c calc'!A1");
        assert_eq!(sheet.rows[0].1[1], "路灯不亮");

        let answer = world.import(&id, "", b"\x89PNG\r\n\x1a\n\x00\x00").await.refused(422, "invalid");
        assert_eq!(answer["errors"][0]["field"], "file");
        let answer = world.import(&id, "", "名称\n路灯\n".as_bytes()).await.refused(422, "invalid");
        assert_eq!(answer["errors"][0]["code"], "missing_columns");
    })
    .await;
}
