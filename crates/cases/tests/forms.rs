//! Forms of orders: published, filled in, seen by each at his step, changed under a draft.

use cases::case::Kind;
use cases::case::order_type::{OrderTypeDraft, Template};
use contract::cases::{CitizenDesk, CitizenDraft};
use kernel::Lang;
use kernel::http::Idem;
use serde_json::{Value, json};
use testkit::on_both;

use crate::support::World;

fn lamp(extra: Value) -> Value {
    let mut fields = vec![
        json!({ "key": "lamp_no", "type": "line", "label": { "zh": "灯杆编号" }, "required": true, "pattern": "L-[0-9]{4}" }),
        json!({ "key": "dark", "type": "number", "label": { "zh": "不亮盏数" }, "min": 1 }),
        json!({ "key": "grade", "type": "select", "label": { "zh": "等级" }, "computed": true,
                "options": { "from": "list", "list": [{ "value": "usual", "label": { "zh": "一般" } }, { "value": "grave", "label": { "zh": "严重" } }] } }),
        json!({ "key": "inner", "type": "line", "label": { "zh": "中心备注" }, "access": { "create": "edit", "citizen": "hidden", "handling": "hidden" } }),
        json!({ "key": "contact_phone", "type": "phone", "label": { "zh": "现场电话" } }),
        json!({ "key": "cause", "type": "line", "label": { "zh": "故障原因" }, "access": { "create": "hidden", "citizen": "hidden", "handling": "must" } }),
    ];
    fields.extend(extra.as_array().unwrap().iter().cloned());
    json!({
        "format": 1, "title": { "zh": "路灯报修", "en": "Street lamp" }, "fields": fields,
        "script": "on('dark', (form) => form.set('grade', form.get('dark') >= 3 ? 'grave' : 'usual'))",
    })
}

/// Publishes a form over HTTP; returns its id.
async fn publish(world: &World, name: &str, form: &Value) -> String {
    let mut admin = world.sign_in("sysadmin");
    let draft = admin.post("/form-drafts", json!({ "name": name, "title": "表单", "form": form })).await.ok();
    let path = format!("/form-drafts/{}/publication", draft["id"].as_str().unwrap());
    let done = admin.post(&path, json!({ "version": draft["version"], "note": "" })).await.ok();
    done["form_id"].as_str().unwrap().to_owned()
}

async fn order_type(world: &World, form: &str) -> String {
    let draft = OrderTypeDraft {
        zh: "路灯报修".to_owned(),
        en: String::new(),
        kind: Kind::Repair,
        category_id: Some(world.category.clone()),
        form_name: Some(form.to_owned()),
        flow_name: None,
        for_citizens: true,
        active: true,
        ordinal: 1,
        templates: vec![Template {
            name: "常用".to_owned(),
            title: "路灯不亮".to_owned(),
            ..Template::default()
        }],
    };
    world.cases.add_order_type(&world.site.ctx(), &draft).await.unwrap()
}

fn draft(world: &World, order_type: &str, form_id: &str, answers: &Value) -> Value {
    let mut draft = world.draft();
    draft["order_type_id"] = json!(order_type);
    draft["form_id"] = json!(form_id);
    draft["form"] = answers.clone();
    draft
}

/// The first form of an order as somebody sees it.
async fn sheet(world: &World, account: &str, case: &Value) -> Value {
    let path = format!("/cases/{}/form", case["id"].as_str().unwrap());
    let mut page = world.sign_in(account).get(&path).await.ok();
    let mut first = page["sheets"][0].take();
    first["at"] = page["version"].clone();
    first
}

async fn fill(world: &World, account: &str, case: &Value, answers: Value) -> testkit::Answer {
    let seen = sheet(world, account, case).await;
    let body = json!({ "version": seen["at"], "name": seen["name"], "form_id": seen["form_id"], "answers": answers });
    let path = format!("/cases/{}/form", case["id"].as_str().unwrap());
    world
        .sign_in(account)
        .send_raw(axum::http::Method::PUT, &path, Some("application/json"), body.to_string().into_bytes())
        .await
}

#[tokio::test]
async fn each_sees_and_fills_in_what_the_step_allows() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let form_id = publish(&world, "lamp", &lamp(json!([]))).await;
        let order_type = order_type(&world, "lamp").await;
        let mut agent = world.sign_in("agent");
        // The server computes the grade, whatever the page says, and refuses what the schema refuses.
        let answers = json!({ "lamp_no": "L-1024", "dark": 4, "grade": "usual", "inner": "老用户", "contact_phone": "13900007777" });
        let bad = json!({ "lamp_no": "1024", "cause": "x", "nowhere": 1 });
        let problem = agent.post("/cases", draft(&world, &order_type, &form_id, &bad)).await.refused(422, "invalid");
        let mut fields: Vec<&str> =
            problem["errors"].as_array().unwrap().iter().map(|one| one["field"].as_str().unwrap()).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["form.cause", "form.lamp_no", "form.nowhere"]);
        let case = agent.post("/cases", draft(&world, &order_type, &form_id, &answers)).await.ok();
        assert_eq!(case["type"], "repair");
        let seen = sheet(&world, "leader", &case).await;
        assert_eq!((&seen["answers"]["grade"], &seen["answers"]["inner"]), (&json!("grave"), &json!("老用户")));

        let case = world.act("leader", &case, "review", json!({ "decision": "pass" })).await;
        let case = world.act("dispatcher", &case, "dispatch", json!({ "unit_id": "water" })).await;
        let case = world.act("water_clerk", &case, "acceptance", json!({})).await;
        let clerk = sheet(&world, "water_clerk", &case).await;
        assert!(clerk["answers"].get("inner").is_none(), "{clerk}");
        assert!(!clerk["form"].to_string().contains("中心备注"));
        assert_eq!(clerk["editable"], json!(["cause"]));
        // Nothing is handled while the form is not whole; going back is not held up.
        let result = json!({ "result": "已更换灯泡" });
        let problem = world.try_act("water_clerk", &case, "feedback", result.clone()).await.refused(422, "invalid");
        assert_eq!(problem["errors"][0]["field"], "form.lamp.cause");
        fill(&world, "water_clerk", &case, json!({ "lamp_no": "L-9999" })).await.refused(422, "invalid");
        let path = format!("/cases/{}/form", case["id"].as_str().unwrap());
        world.sign_in("roads_clerk").get(&path).await.refused(404, "not_found");
        fill(&world, "agent", &case, json!({ "inner": "改" })).await.refused(409, "form.closed");
        let filled = fill(&world, "water_clerk", &case, json!({ "cause": "灯泡损坏" })).await.ok();
        let mut now = case.clone();
        now["version"] = filled["version"].clone();
        world.act("water_clerk", &now, "feedback", result).await;

        let events = world.site.events("cases.form_filled").await;
        assert_eq!(events.len(), 1);
        let text = events[0].to_string();
        assert!(text.contains("cause") && !text.contains("灯泡损坏"), "{text}");
        world.cases.index_all_texts().await.unwrap();
        let found = world.sign_in("leader").get("/cases?q=灯泡损坏").await.ok();
        assert_eq!(found["items"][0]["id"], case["id"]);
        assert_eq!(world.sign_in("leader").get("/cases?q=老用户").await.ok()["items"], json!([]));
    })
    .await;
}

#[tokio::test]
async fn a_new_version_keeps_old_orders_and_open_drafts() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let first = publish(&world, "lamp", &lamp(json!([]))).await;
        let order_type = order_type(&world, "lamp").await;
        let mut agent = world.sign_in("agent");
        let answers = json!({ "lamp_no": "L-0001", "dark": 1 });
        let case = agent.post("/cases", draft(&world, &order_type, &first, &answers)).await.ok();
        let pole =
            json!([{ "key": "pole", "type": "line", "label": { "zh": "灯杆类型" }, "required": true }]);
        let second = publish(&world, "lamp", &lamp(pole)).await;
        assert_ne!(first, second);
        // Who has filled in the old one is told what is different, and loses nothing.
        let refused = agent
            .post("/cases", draft(&world, &order_type, &first, &answers))
            .await
            .refused(409, "form.changed");
        assert_eq!(refused["form_id"], json!(second));
        assert_eq!(
            (&refused["differences"][0]["field"], &refused["differences"][0]["change"]),
            (&json!("pole"), &json!("added"))
        );
        let seen = sheet(&world, "leader", &case).await;
        assert_eq!((&seen["form_id"], &seen["newer"]), (&json!(first), &json!(true)));
        assert_eq!(seen["answers"]["lamp_no"], "L-0001");
        let whole = json!({ "lamp_no": "L-0001", "pole": "单臂" });
        let _ = agent.post("/cases", draft(&world, &order_type, &second, &whole)).await.ok();
        let same = world
            .cases
            .publish_form(&world.site.ctx(), "lamp", &lamp(json!([])).to_string(), "")
            .await
            .unwrap();
        assert_ne!(same, first, "going back to what was is a version of its own");
    })
    .await;
}

#[tokio::test]
async fn a_script_that_fails_hurts_its_author_and_not_the_order() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut broken = lamp(json!([]));
        let endless = json!("on('dark', (form) => { if (form.get('dark') === 7) for (;;) {} })");
        broken["script"] = json!("for (;;) {}");
        let mut admin = world.sign_in("sysadmin");
        let draft_of =
            admin.post("/form-drafts", json!({ "name": "lamp", "title": "x", "form": broken })).await.ok();
        let path = format!("/form-drafts/{}/publication", draft_of["id"].as_str().unwrap());
        let refused = admin.post(&path, json!({ "version": 1 })).await.refused(422, "form.refused");
        assert_eq!(refused["problems"][0]["code"], "script.time");
        world.cases.drop_form_draft(&world.site.ctx(), draft_of["id"].as_str().unwrap()).await.unwrap();
        broken["script"] = endless;
        let form_id = publish(&world, "lamp", &broken).await;
        let order_type = order_type(&world, "lamp").await;
        let answers = json!({ "lamp_no": "L-0001", "dark": 7, "grade": "grave" });
        let case =
            world.sign_in("agent").post("/cases", draft(&world, &order_type, &form_id, &answers)).await.ok();
        let seen = sheet(&world, "leader", &case).await;
        assert_eq!(
            seen["answers"],
            json!({ "lamp_no": "L-0001", "dark": 7 }),
            "what only the script may say is not taken from a page"
        );
        let line = admin.get(&format!("/forms/{form_id}")).await.ok();
        assert!(line["fault"].as_str().unwrap().contains("不会结束"), "{line}");
    })
    .await;
}

#[tokio::test]
async fn a_citizen_fills_in_what_is_for_citizens() {
    on_both(|site| async move {
        let world = World::new(site).await;
        publish(&world, "lamp", &lamp(json!([]))).await;
        let order_type = order_type(&world, "lamp").await;
        let (desk, ctx): (&dyn CitizenDesk, _) = (&world.cases, world.site.ctx());
        assert_eq!(desk.order_types(Lang::Zh).await.unwrap()[0].name, "路灯报修");
        let form = desk.order_form(&ctx, &order_type).await.unwrap().unwrap();
        assert!(!form.form.to_string().contains("中心备注"));
        let draft = |answers: Value| CitizenDraft {
            r#type: "repair".to_owned(),
            title: "路灯不亮".to_owned(),
            content: "小区门口路灯不亮。".to_owned(),
            name: "陈先生".to_owned(),
            phone: "13900005678".to_owned(),
            order_type_id: Some(order_type.clone()),
            form_id: Some(form.form_id.clone()),
            form: answers.as_object().unwrap().clone(),
            ..CitizenDraft::default()
        };
        let inner = draft(json!({ "lamp_no": "L-0002", "inner": "x" }));
        assert!(desk.submit(&ctx, inner, &Idem::none()).await.is_err());
        desk.submit(&ctx, draft(json!({ "lamp_no": "L-0002" })), &Idem::none()).await.unwrap();
    })
    .await;
}
