//! How the citizen is told of the result: agreed at intake, changed, due by events, called where no text goes out.

use contract::cases::{
    CaseId, CitizenDesk as _, CitizenDraft, CitizenReplies as _, CitizenReply, CitizenReplyDue,
};
use contract::messages::CitizenTold;
use kernel::Event as _;
use kernel::http::Idem;
use serde_json::{Value, json};
use testkit::{PersonBuilder, on_both};

use crate::support::World;

async fn agreed(world: &World, reply: Value) -> Value {
    let mut draft = world.draft();
    draft["contact"]["reply"] = reply;
    let case = world.sign_in("agent").post("/cases", draft).await.ok();
    let case = world.act("leader", &case, "review", json!({ "decision": "pass" })).await;
    let case = world.act("dispatcher", &case, "dispatch", json!({ "unit_id": "water" })).await;
    world.act("water_clerk", &case, "acceptance", json!({})).await
}

async fn report(world: &World, case: &Value) -> Value {
    world.act("water_clerk", case, "feedback", json!({ "result": "已更换灯具", "contacted": true })).await
}

/// Returns what is to be told now of a moment of a round.
async fn text(world: &World, case: &Value, moment: &str, round: i64) -> Option<CitizenReply> {
    let id = CaseId(case["id"].as_str().unwrap().to_owned());
    world.cases.reply(&id, moment, round).await.unwrap()
}

/// Returns the moments at which a text became due.
async fn due(world: &World) -> Vec<String> {
    let events = world.site.events(CitizenReplyDue::NAME).await;
    events.iter().map(|event| event["moment"].as_str().unwrap().to_owned()).collect()
}

fn steps(case: &Value) -> Vec<&str> {
    case["tasks"].as_array().unwrap().iter().map(|task| task["step"].as_str().unwrap()).collect()
}

fn told(case: &Value, moment: &str, failure: Option<&str>) -> CitizenTold {
    CitizenTold {
        case_id: case["id"].as_str().unwrap().to_owned(),
        moment: moment.to_owned(),
        round: 0,
        way: "sms".to_owned(),
        failure: failure.map(ToOwned::to_owned),
    }
}

#[tokio::test]
async fn a_citizen_is_told_when_the_unit_reports_and_when_the_result_stands() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = agreed(&world, json!({ "way": "sms" })).await;
        assert_eq!(case["reply"]["way"], "sms");
        assert_eq!(case["reply"]["to"], "13900001234");
        world
            .sign_in("water_clerk")
            .post(
                &format!("/cases/{}/notes", case["id"].as_str().unwrap()),
                json!({ "text": "内部：灯具是去年的库存" }),
            )
            .await
            .done();
        let case = world.read("water_clerk", &case).await;
        let case = report(&world, &case).await;
        assert_eq!(due(&world).await, ["feedback"]);
        let text = text(&world, &case, "feedback", 0).await.unwrap();
        assert_eq!((text.way.as_str(), text.to.as_deref()), ("sms", Some("13900001234")));
        assert_eq!((text.unit.as_str(), text.result.as_str()), ("水务局", "已更换灯具"));
        assert!(!format!("{text:?}").contains("内部"));
        // Sent back and reported again is the same round; who tells sees to it that it is told once.
        let case = world.act("reviewer", &case, "result-review", json!({ "decision": "pass" })).await;
        assert_eq!(due(&world).await, ["feedback", "result"]);
        assert_eq!(steps(&case), ["return_visit"]);
        let ctx = world.site.ctx();
        for _ in 0..2 {
            world.cases.note_told(&ctx, &told(&case, "result", None)).await.unwrap();
        }
        let shown = world.read("leader", &case).await;
        assert_eq!(shown["told"].as_array().unwrap().len(), 1);
        assert_eq!(shown["version"], case["version"], "nobody who writes is disturbed");
        assert_eq!(world.kinds(&case).await.iter().filter(|kind| *kind == "citizen_told").count(), 1);
    })
    .await;
}

#[tokio::test]
async fn the_city_may_wait_for_its_own_review() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let off = json!(0);
        world.site.set_parameter("cases.tell_on_feedback", &off).await;
        let case = agreed(&world, json!({ "way": "email", "to": "zhou@example.cn" })).await;
        let case = report(&world, &case).await;
        assert!(due(&world).await.is_empty());
        world.act("reviewer", &case, "result-review", json!({ "decision": "pass" })).await;
        assert_eq!(due(&world).await, ["result"]);
    })
    .await;
}

#[tokio::test]
async fn what_does_not_go_out_becomes_a_call_until_the_citizen_was_told() {
    on_both(|site| async move {
        let world = World::new(site).await;
        // Answered at once: no return visit follows.
        let mut draft = world.draft();
        draft["contact"]["reply"] = json!({ "way": "sms" });
        draft["answered_at_once"] = json!(true);
        draft["answer"] = json!("请拨打供电热线95598。");
        let case = world.sign_in("agent").post("/cases", draft).await.ok();
        assert_eq!(due(&world).await, ["result"]);
        let ctx = world.site.ctx();
        for _ in 0..2 {
            world.cases.note_told(&ctx, &told(&case, "result", Some("no_channel"))).await.unwrap();
        }
        let case = world.read("leader", &case).await;
        assert_eq!(steps(&case), ["telling"]);
        assert_eq!(case["told"][0]["failure"], "no_channel");
        assert!(case["allowed"].as_array().unwrap().contains(&json!("telling")));
        world
            .try_act("water_clerk", &case, "telling", json!({ "told": true }))
            .await
            .refused(403, "permission.denied");
        world.try_act("leader", &case, "telling", json!({ "told": false })).await.refused(422, "invalid");
        let case = world.act("leader", &case, "telling", json!({ "told": false, "note": "无人接听" })).await;
        assert_eq!(steps(&case), ["telling"]);
        let case = world.act("leader", &case, "telling", json!({ "told": true, "note": "已告知" })).await;
        assert!(steps(&case).is_empty());
        world
            .try_act("leader", &case, "telling", json!({ "told": true }))
            .await
            .refused(409, "case.wrong_step");
    })
    .await;
}

#[tokio::test]
async fn a_call_is_the_return_visit_and_one_of_its_own_only_where_the_city_says_so() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = agreed(&world, json!({ "way": "phone" })).await;
        let case = report(&world, &case).await;
        assert_eq!(steps(&case), ["result_review"]);
        let case = world.act("reviewer", &case, "result-review", json!({ "decision": "pass" })).await;
        assert_eq!(steps(&case), ["return_visit"]);
        assert!(due(&world).await.is_empty());

        world.site.set_parameter("cases.call_on_feedback", &json!(1)).await;
        let case = agreed(&world, json!({ "way": "fax", "to": "0871-6312345" })).await;
        let case = report(&world, &case).await;
        assert_eq!(steps(&case), ["result_review", "telling"]);
        // The result goes back to the unit: there is nothing to tell any more.
        let body = json!({ "decision": "back", "opinion": "请补充照片" });
        let case = world.act("reviewer", &case, "result-review", body).await;
        assert_eq!(steps(&case), ["handling"]);
        let case = report(&world, &case).await;
        let case = world.act("reviewer", &case, "result-review", json!({ "decision": "pass" })).await;
        assert_eq!(steps(&case), ["telling", "return_visit"]);
        let case =
            world.act("leader", &case, "return-visit", json!({ "reached": true, "satisfied": 5 })).await;
        assert_eq!(steps(&case), ["closure"], "who was visited was told");
    })
    .await;
}

#[tokio::test]
async fn the_way_has_to_lead_somewhere_and_may_be_changed_until_the_end() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let mut draft = world.draft();
        draft["contact"]["reply"] = json!({ "way": "email" });
        world.sign_in("agent").post("/cases", draft).await.refused(422, "invalid");
        let case = agreed(&world, json!({ "way": "phone" })).await;
        world
            .try_act("agent2", &case, "reply", json!({ "way": "sms" }))
            .await
            .refused(403, "permission.denied");
        world.try_act("agent", &case, "reply", json!({ "way": "fax" })).await.refused(422, "invalid");
        let body = json!({ "way": "email", "to": "zhou@example.cn" });
        let case = world.act("agent", &case, "reply", body).await;
        assert_eq!(
            (&case["reply"]["way"], &case["reply"]["to"]),
            (&json!("email"), &json!("zhou@example.cn"))
        );
        assert!(world.kinds(&case).await.contains(&"reply_agreed".to_owned()));
        // Who does not see numbers whole does not see the address whole either.
        let seen = world.read("water_leader", &case).await;
        assert_eq!(seen["reply"]["to"], "z***@example.cn");
        let case = report(&world, &case).await;
        assert_eq!(due(&world).await, ["feedback"]);
        // A confidential order keeps the address from the unit.
        let mut draft = world.draft();
        draft["confidential"] = json!(true);
        draft["contact"]["reply"] = json!({ "way": "sms" });
        let secret = world.sign_in("agent").post("/cases", draft).await.ok();
        let secret = world.act("leader", &secret, "review", json!({ "decision": "pass" })).await;
        let secret = world.act("dispatcher", &secret, "dispatch", json!({ "unit_id": "water" })).await;
        assert_eq!(world.read("water_clerk", &secret).await["reply"]["to"], Value::Null);
        drop(case);
    })
    .await;
}

#[tokio::test]
async fn what_was_to_be_told_holds_until_the_order_goes_back_or_is_taken_up_again() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = agreed(&world, json!({ "way": "sms" })).await;
        assert_eq!(text(&world, &case, "feedback", 0).await, None);
        let case = report(&world, &case).await;
        assert!(text(&world, &case, "feedback", 0).await.is_some());
        assert_eq!(text(&world, &case, "result", 0).await, None);
        let body = json!({ "decision": "back", "opinion": "请补充照片" });
        let case = world.act("reviewer", &case, "result-review", body).await;
        assert_eq!(text(&world, &case, "feedback", 0).await, None);
        let case = report(&world, &case).await;
        let case = world.act("reviewer", &case, "result-review", json!({ "decision": "pass" })).await;
        assert_eq!(text(&world, &case, "feedback", 0).await, None, "the result is told instead");
        assert!(text(&world, &case, "result", 0).await.is_some());
        assert_eq!(text(&world, &case, "result", 1).await, None);
        let case = world.act("leader", &case, "reply", json!({ "way": "phone" })).await;
        let call = text(&world, &case, "result", 0).await.unwrap();
        assert_eq!((call.way.as_str(), call.to), ("phone", None), "what waited becomes a call");
        let body = json!({ "reached": true, "satisfied": 5 });
        let case = world.act("leader", &case, "return-visit", body).await;
        let case = world.act("leader", &case, "closure", json!({ "reason": "已办结" })).await;
        let case = world.reopen("leader", &case, "又坏了").await.ok();
        assert_eq!(text(&world, &case, "result", 0).await, None);
    })
    .await;
}

#[tokio::test]
async fn who_may_not_see_the_code_has_no_text_sent_elsewhere() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let editor = |case: &Value, way: &str, to: Option<&str>| {
            let path = format!("/cases/{}/reply", case["id"].as_str().unwrap());
            let body = json!({ "version": case["version"], "way": way, "to": to });
            let person = PersonBuilder::new("editor").may(&["case.read", "case.edit"]);
            let mut client = world.server.as_person(person);
            async move { client.post(&path, body).await }
        };
        let case = agreed(&world, json!({ "way": "phone" })).await;
        for (way, to) in [("email", "thief@example.cn"), ("sms", "13900009999")] {
            editor(&case, way, Some(to)).await.refused(403, "permission.denied");
        }
        // The number that the citizen gave is no other, and nothing is written to whom somebody calls.
        let case = editor(&case, "fax", Some("13900009999")).await.ok();
        editor(&case, "sms", Some("13900009999")).await.refused(403, "permission.denied");
        let case = editor(&case, "sms", None).await.ok();
        let id = case["id"].as_str().unwrap();
        let line = world.sign_in("leader").get(&format!("/cases/{id}/timeline")).await.ok();
        let agreed = line.as_array().unwrap().iter().rfind(|one| one["kind"] == "reply_agreed").unwrap();
        let data = json!({
            "way": "sms", "to": "139****1234", "way_before": "fax", "to_before": "139****9999",
        });
        assert_eq!(agreed["data"], data);
        // Who does not know the citizen of a confidential order does not say where that citizen is told.
        let mut draft = world.draft();
        draft["confidential"] = json!(true);
        let secret = world.sign_in("agent").post("/cases", draft).await.ok();
        editor(&secret, "sms", None).await.refused(403, "permission.denied");
    })
    .await;
}

#[tokio::test]
async fn a_citizen_chooses_on_the_portal() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let ctx = world.site.ctx();
        let draft = |way: &str, to: Option<&str>| CitizenDraft {
            r#type: "repair".to_owned(),
            title: "水管漏水".to_owned(),
            content: "小区门口水管漏水。".to_owned(),
            name: "陈先生".to_owned(),
            phone: "0871-6312345".to_owned(),
            reply_way: Some(way.to_owned()),
            reply_to: to.map(ToOwned::to_owned),
            ..CitizenDraft::default()
        };
        for refused in [draft("pigeon", None), draft("sms", None), draft("email", Some("陈先生"))] {
            assert!(world.cases.submit(&ctx, refused, &Idem::none()).await.is_err());
        }
        let sent =
            world.cases.submit(&ctx, draft("email", Some("chen@example.cn")), &Idem::none()).await.unwrap();
        let list = world.sign_in("leader").get("/cases").await.ok();
        assert_eq!(list["items"][0]["number"], sent.number);
        let case = world.read("leader", &list["items"][0]).await;
        assert_eq!(case["reply"]["to"], "chen@example.cn");
    })
    .await;
}
