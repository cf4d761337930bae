//! What citizens do with their own orders on the portal, and outside helpers with their links.

use contract::cases::{CitizenCase, CitizenDesk, HelperDesk};
use kernel::{Ctx, Lang, Timestamp};
use serde_json::{Value, json};
use testkit::on_both;

use crate::support::World;

async fn code(world: &World, case: &Value) -> (String, String) {
    let read = world.read("leader", case).await;
    (read["number"].as_str().unwrap().to_owned(), read["query_code"].as_str().unwrap().to_owned())
}

fn ctx(world: &World) -> Ctx {
    Ctx { lang: Lang::Zh, ..Ctx::system("portal", world.site.kit.now()) }
}

async fn act(world: &World, case: &Value, act: &str, text: &str) -> Result<CitizenCase, String> {
    let (number, code) = code(world, case).await;
    let answer = CitizenDesk::act(&world.cases, &ctx(world), &number, &code, act, text).await;
    answer.map(Option::unwrap).map_err(|problem| problem.code.to_string())
}

#[tokio::test]
async fn a_citizen_supplements_urges_and_withdraws() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.dispatched("water").await;
        let shown = act(&world, &case, "supplement", "灯杆编号 1024").await.unwrap();
        let offered: Vec<&str> = shown.acts.iter().map(|one| one.code.as_str()).collect();
        assert_eq!(offered, ["supplement", "urge", "withdraw"]);
        assert_eq!(act(&world, &case, "supplement", " ").await.unwrap_err(), "invalid");
        act(&world, &case, "urge", "").await.unwrap();
        assert_eq!(act(&world, &case, "urge", "再催").await.unwrap_err(), "case.not_now", "once a day");
        assert_eq!(act(&world, &case, "reconsideration", "不服").await.unwrap_err(), "case.not_now");
        let (number, _) = code(&world, &case).await;
        let wrong =
            CitizenDesk::act(&world.cases, &ctx(&world), &number, "000000x", "withdraw", "不要了").await;
        assert!(wrong.unwrap().is_none(), "a wrong code does nothing");

        let shown = act(&world, &case, "withdraw", "问题已自行解决").await.unwrap();
        assert_eq!((shown.status.as_str(), shown.acts.len()), ("voided", 0));
        assert_eq!(world.sign_in("water_clerk").get("/tasks").await.ok()["items"], json!([]));
        let kinds = world.kinds(&case).await;
        assert!(
            kinds.ends_with(
                &["supplemented", "urged_by_citizen", "withdrawn_by_citizen"].map(ToOwned::to_owned)
            )
        );
        assert_eq!(world.site.events("cases.citizen_acted").await.len(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_citizen_asks_for_reconsideration_and_reads_the_answer() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.visited(3).await;
        let archived = world.act("reviewer", &case, "closure", json!({ "reason": "办结" })).await;
        act(&world, &archived, "reconsideration", "答复与事实不符").await.unwrap();
        assert_eq!(act(&world, &archived, "reconsideration", "再次").await.unwrap_err(), "case.not_now");
        assert_eq!(
            world.sign_in("mayor").get("/tasks?step=reconsideration").await.ok()["items"][0]["case_id"],
            case["id"]
        );
        let now = world.read("manager", &archived).await;
        let stands = json!({ "approve": false, "opinion": "经复核，原答复依据充分。" });
        world
            .try_act("reviewer", &now, "reconsideration/decision", stands.clone())
            .await
            .refused(403, "permission.denied");
        world.act("manager", &now, "reconsideration/decision", stands).await;
        let (number, code) = code(&world, &case).await;
        let shown = CitizenDesk::look_up(&world.cases, &number, &code, Lang::Zh).await.unwrap().unwrap();
        let told = &shown.notices.last().unwrap().text;
        assert!(told.contains("维持原答复") && told.contains("依据充分"), "{told}");

        let other = world.visited(3).await;
        let other = world.act("reviewer", &other, "closure", json!({ "reason": "办结" })).await;
        let late = Timestamp(world.site.kit.now().0 + 31 * 86_400_000);
        world.site.clock.set(late);
        assert_eq!(act(&world, &other, "reconsideration", "太晚了").await.unwrap_err(), "case.not_now");
    })
    .await;
}

#[tokio::test]
async fn a_reconsideration_is_examined_once_by_somebody_else_and_that_is_final() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.visited(3).await;
        let archived = world.act("reviewer", &case, "closure", json!({ "reason": "办结" })).await;
        assert_eq!(act(&world, &archived, "re_examination", "先复核").await.unwrap_err(), "case.not_now");
        let shown = act(&world, &archived, "reconsideration", "答复与事实不符").await.unwrap();
        assert!(shown.notices.last().unwrap().text.contains("30 日内答复"), "{:?}", shown.notices);
        let task = world.sign_in("manager").get("/tasks?step=reconsideration").await.ok()["items"][0].clone();
        assert_eq!(task["due_at"], world.site.kit.now().0 + 30 * 86_400_000_i64);
        assert_eq!(act(&world, &archived, "re_examination", "等不及").await.unwrap_err(), "case.not_now");
        let stands = json!({ "approve": false, "opinion": "原答复依据充分" });
        let now = world.read("manager", &archived).await;
        world.act("manager", &now, "reconsideration/decision", stands.clone()).await;

        let shown = act(&world, &archived, "re_examination", "仍不服复查意见").await.unwrap();
        assert!(shown.acts.is_empty(), "once");
        let now = world.read("manager", &archived).await;
        let same = world.try_act("manager", &now, "reconsideration/decision", stands.clone()).await;
        same.refused(409, "case.same_examiner");
        world.act("mayor", &now, "reconsideration/decision", stands).await;
        let (number, code) = code(&world, &case).await;
        let shown = CitizenDesk::look_up(&world.cases, &number, &code, Lang::Zh).await.unwrap().unwrap();
        let told = &shown.notices.last().unwrap().text;
        assert!(told.starts_with("复核申请") && told.contains("最终答复"), "{told}");
        assert_eq!(act(&world, &archived, "re_examination", "再来").await.unwrap_err(), "case.not_now");
        assert_eq!(act(&world, &archived, "reconsideration", "再来").await.unwrap_err(), "case.not_now");
        let kinds = world.kinds(&case).await;
        assert!(kinds.ends_with(&["re_examination_asked", "re_examination_refused"].map(ToOwned::to_owned)));
    })
    .await;
}

#[tokio::test]
async fn a_granted_re_examination_opens_the_order_and_one_that_comes_late_is_refused() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let stands = json!({ "approve": false, "opinion": "原答复依据充分" });
        let mut orders = Vec::new();
        for _ in 0..2 {
            let case = world.visited(3).await;
            let case = world.act("reviewer", &case, "closure", json!({ "reason": "办结" })).await;
            act(&world, &case, "reconsideration", "不服").await.unwrap();
            let now = world.read("manager", &case).await;
            world.act("manager", &now, "reconsideration/decision", stands.clone()).await;
            orders.push(case);
        }
        act(&world, &orders[0], "re_examination", "仍不服").await.unwrap();
        let now = world.read("mayor", &orders[0]).await;
        let again = json!({ "approve": true, "opinion": "事实不清，重新办理" });
        let reopened = world.act("mayor", &now, "reconsideration/decision", again).await;
        assert_eq!((&reopened["status"], &reopened["reopened"]), (&json!("draft_logged"), &json!(1)));
        world.site.clock.set(Timestamp(world.site.kit.now().0 + 31 * 86_400_000));
        assert_eq!(act(&world, &orders[1], "re_examination", "太晚").await.unwrap_err(), "case.not_now");
    })
    .await;
}

#[tokio::test]
async fn a_helper_without_an_account_answers_by_a_link_that_ends() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut draft = world.draft();
        draft["content"] = json!("周女士（13900001234）反映三盏路灯不亮。");
        let case = world.sign_in("agent").post("/cases", draft).await.ok();
        let case = world.act("leader", &case, "review", json!({ "decision": "pass" })).await;
        let case = world.act("dispatcher", &case, "dispatch", json!({ "unit_id": "water" })).await;
        let path = format!("/cases/{}/links", case["id"].as_str().unwrap());
        let wish = json!({ "version": case["version"], "helper": "明亮灯具公司", "text": "请更换灯具", "hours": 24 });
        world.sign_in("agent").post(&path, wish.clone()).await.refused(403, "permission.denied");
        let made = world.sign_in("water_clerk").post(&path, wish).await.ok();
        let token = made["path"].as_str().unwrap().strip_prefix("/help/").unwrap().to_owned();
        let seen = HelperDesk::open(&world.cases, &ctx(&world), &token).await.unwrap();
        assert_eq!((seen.helper.as_str(), seen.text.as_str()), ("明亮灯具公司", "请更换灯具"));
        assert!(!seen.content.contains("周女士") && !seen.content.contains("13900001234"), "{}", seen.content);
        let wrong = HelperDesk::open(&world.cases, &ctx(&world), "nonsense").await.unwrap_err();
        assert_eq!(wrong.code, "not_found");
        let empty = HelperDesk::answer(&world.cases, &ctx(&world), &token, " ").await.unwrap_err();
        assert_eq!(empty.code, "invalid");
        HelperDesk::answer(&world.cases, &ctx(&world), &token, "已更换三盏").await.unwrap();
        let twice = HelperDesk::answer(&world.cases, &ctx(&world), &token, "又换").await.unwrap_err();
        assert_eq!(twice.code, "link.answered");
        let links = world.sign_in("water_clerk").get(&path).await.ok();
        assert_eq!((&links[0]["state"], &links[0]["answer"]), (&json!("answered"), &json!("已更换三盏")));
        assert!(world.kinds(&case).await.contains(&"outside_result".to_owned()));

        let case = world.read("water_clerk", &case).await;
        let wish = json!({ "version": case["version"], "helper": "张师傅", "text": "请看现场", "hours": 1 });
        let mut clerk = world.sign_in("water_clerk");
        let second = clerk.post(&path, wish).await.ok();
        let token = second["path"].as_str().unwrap().strip_prefix("/help/").unwrap().to_owned();
        let links = clerk.get(&path).await.ok();
        let gone = format!("{path}/{}", links[1]["id"].as_str().unwrap());
        clerk.send_raw(axum::http::Method::DELETE, &gone, None, Vec::new()).await.done();
        let revoked = HelperDesk::open(&world.cases, &ctx(&world), &token).await.unwrap_err();
        assert_eq!((revoked.status.as_u16(), revoked.code), (410, "link.revoked"));
        let case = world.read("water_clerk", &case).await;
        let wish = json!({ "version": case["version"], "helper": "张师傅", "text": "请看现场", "hours": 1 });
        let third = clerk.post(&path, wish).await.ok();
        let token = third["path"].as_str().unwrap().strip_prefix("/help/").unwrap().to_owned();
        world.site.clock.set(Timestamp(world.site.kit.now().0 + 3_600_001));
        let expired = HelperDesk::open(&world.cases, &ctx(&world), &token).await.unwrap_err();
        assert_eq!(expired.code, "link.expired");
        assert!(expired.detail(Lang::Zh).contains("有效期"));
    })
    .await;
}

#[tokio::test]
async fn a_link_does_not_outlive_its_order() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.written().await;
        let case = world.act("leader", &case, "review", json!({ "decision": "pass" })).await;
        let helped = json!({ "unit_id": "water", "co_units": ["roads"] });
        let case = world.act("dispatcher", &case, "dispatch", helped).await;
        let wish =
            |version: &Value| json!({ "version": version, "helper": "灯具公司", "text": "请更换灯具" });
        let path = format!("/cases/{}/links", case["id"].as_str().unwrap());
        let share = async |account: &str, case: &Value| {
            let made = world.sign_in(account).post(&path, wish(&case["version"])).await.ok();
            made["path"].as_str().unwrap().strip_prefix("/help/").unwrap().to_owned()
        };
        let open = async |token: &str| HelperDesk::open(&world.cases, &ctx(&world), token).await;
        // A unit that only helps lets nobody in.
        let mut helper = world.sign_in("roads_clerk");
        helper.post(&path, wish(&case["version"])).await.refused(403, "permission.denied");
        let of_water = share("water_clerk", &case).await;
        open(&of_water).await.unwrap();
        // Another unit gets the order: what the first one shared is closed.
        let case = world.read("dispatcher", &case).await;
        let to_roads = json!({ "unit_id": "roads", "reason": "职责在城管" });
        let case = world.act("dispatcher", &case, "transfer", to_roads).await;
        assert_eq!(open(&of_water).await.unwrap_err().code, "link.revoked");
        let of_roads = share("roads_clerk", &case).await;
        let case = world.read("roads_clerk", &case).await;
        let case = world.act("roads_clerk", &case, "acceptance", json!({})).await;
        open(&of_roads).await.unwrap();
        let done = json!({ "result": "已修复", "without_helpers": true });
        let case = world.act("roads_clerk", &case, "feedback", done).await;
        world.act("reviewer", &case, "result-review", json!({ "decision": "pass" })).await;
        for refused in [
            open(&of_roads).await.unwrap_err(),
            HelperDesk::answer(&world.cases, &ctx(&world), &of_roads, "迟到的结果").await.unwrap_err(),
        ] {
            assert_eq!((refused.status.as_u16(), refused.code), (410, "link.settled"));
        }
    })
    .await;
}

#[tokio::test]
async fn nobody_floods_an_order_with_links_or_supplements() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut case = world.dispatched("water").await;
        let path = format!("/cases/{}/links", case["id"].as_str().unwrap());
        for _ in 0..20 {
            let wish = json!({ "version": case["version"], "helper": "某公司", "text": "请协助" });
            world.sign_in("water_clerk").post(&path, wish).await.done();
            case = world.read("water_clerk", &case).await;
        }
        let wish = json!({ "version": case["version"], "helper": "某公司", "text": "请协助" });
        world.sign_in("water_clerk").post(&path, wish).await.refused(409, "link.too_many");
        for n in 0..20 {
            act(&world, &case, "supplement", &format!("补充 {n}")).await.unwrap();
        }
        assert_eq!(act(&world, &case, "supplement", "再补充").await.unwrap_err(), "case.not_now");
        act(&world, &case, "urge", "").await.unwrap();
    })
    .await;
}
