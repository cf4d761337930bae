//! Limits: started, explained, warned of, missed, moved with the calendar, caught up after a stop.

use kernel::Ctx;
use serde_json::{Value, json};
use testkit::on_both;

use crate::support::{self, World, at};

async fn deadlines(world: &World, case: &Value, lang: &str) -> Value {
    let mut leader = world.sign_in("leader").with_header("accept-language", lang);
    leader.get(&format!("/cases/{}/deadlines", case["id"].as_str().unwrap())).await.ok()
}

#[tokio::test]
async fn limits_explain_themselves_across_national_day() {
    on_both(|site| async move {
        let world = World::new(site).await;
        // Wednesday, the day before the holiday of 2026 (1 to 7 October; 10 October is worked).
        world.site.clock.set(at(9, 30, 10));
        let mut draft = world.draft();
        draft["type"] = json!("consult");
        let case = world.sign_in("agent").post("/cases", draft).await.ok();
        let case = world.act("leader", &case, "review", json!({ "decision": "pass" })).await;
        let case = world.act("dispatcher", &case, "dispatch", json!({ "unit_id": "water" })).await;
        // One working day after the holiday: 8 October, to its last millisecond.
        assert_eq!(case["due_at"], at(10, 9, 0).0 - 1);
        let case = world.act("water_clerk", &case, "acceptance", json!({})).await;
        // Five: 8, 9, 10 (make-up Saturday), 12, 13 October.
        assert_eq!(case["due_at"], at(10, 14, 0).0 - 1);

        let limits = deadlines(&world, &case, "zh-CN").await;
        let states: Vec<_> = limits
            .as_array()
            .unwrap()
            .iter()
            .map(|one| (one["name"].as_str().unwrap(), one["state"].as_str().unwrap()))
            .collect();
        assert_eq!(states, [("dispatch", "met"), ("accept", "met"), ("close", "open")]);
        let texts = |limits: &Value| -> Vec<String> {
            limits[2]["explain"]
                .as_array()
                .unwrap()
                .iter()
                .map(|line| line["text"].as_str().unwrap().to_owned())
                .collect()
        };
        let zh = texts(&limits);
        assert_eq!(zh[0], "9月30日（周三） 起算当日，不计入");
        assert!(zh.iter().any(|line| line.starts_with("10月1日至7日 国庆节放假")), "{zh:?}");
        assert!(zh.iter().any(|line| line.contains("调休上班，计第3日")), "{zh:?}");
        assert_eq!(zh.last().unwrap(), "期限5个工作日，截止2026年10月13日（周二）24:00");
        let en = texts(&deadlines(&world, &case, "en").await);
        assert_eq!(en.last().unwrap(), "5 working days, due Tue 13 Oct 2026 at 24:00");
    })
    .await;
}

#[tokio::test]
async fn each_type_has_its_own_length() {
    on_both(|site| async move {
        let world = World::new(site).await;
        for (kind, days) in [("consult", 5), ("complaint", 15), ("report", 30), ("repair", 15)] {
            let mut draft = world.draft();
            draft["type"] = json!(kind);
            let case = world.sign_in("agent").post("/cases", draft).await.ok();
            let case = world.act("leader", &case, "review", json!({ "decision": "pass" })).await;
            let case = world.act("dispatcher", &case, "dispatch", json!({ "unit_id": "water" })).await;
            let case = world.act("water_clerk", &case, "acceptance", json!({})).await;
            assert_eq!(deadlines(&world, &case, "zh").await[2]["days"], days, "{kind}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_limit_turns_yellow_then_red_and_tells() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.dispatched("water").await;
        assert_eq!(case["color"], "green");
        // Monday's dispatch at nine is due on Tuesday night; its second half begins at half past four.
        assert_eq!(world.wait_until(at(3, 3, 4)).await, 0);
        assert_eq!(world.wait_until(at(3, 3, 5)).await, 1);
        assert_eq!(world.read("water_clerk", &case).await["color"], "yellow");
        assert_eq!(world.wait_until(at(3, 3, 23)).await, 0, "told once");
        assert_eq!(world.wait_until(at(3, 4, 0)).await, 1);
        assert_eq!(world.read("water_clerk", &case).await["color"], "red");
        let near = world.site.events("cases.deadline_near").await;
        let missed = world.site.events("cases.deadline_missed").await;
        assert_eq!((near.len(), missed.len()), (1, 1));
        assert_eq!((&missed[0]["unit_id"], &missed[0]["late"]), (&json!("water"), &json!(false)));
        // The server urges and supervises by itself; the supervision is a task with a limit of its own.
        let told = ["deadline_near", "urged", "deadline_missed", "supervised"].map(ToOwned::to_owned);
        assert!(world.kinds(&case).await.ends_with(&told));
        let summary = world.sign_in("water_clerk").get("/tasks/summary").await.ok();
        assert_eq!(
            (&summary["red"], &summary["yellow"], &summary["green"]),
            (&json!(1), &json!(0), &json!(1))
        );
        let red = world.sign_in("water_clerk").get("/tasks?color=red").await.ok();
        assert_eq!(red["items"][0]["color"], "red");

        let case = world.act("water_clerk", &case, "acceptance", json!({})).await;
        assert_eq!(deadlines(&world, &case, "zh").await[1]["state"], "late");
        assert_eq!(case["color"], "green", "the limit for handling runs now");
    })
    .await;
}

#[tokio::test]
async fn what_fell_due_during_a_stop_is_told_once_and_quietly() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.dispatched("water").await;
        world.site.clock.set(at(3, 16, 9));
        let again = support::start(&world.site, world.calls.clone()).await;
        let ctx = Ctx::system("cases.timers", at(3, 16, 9));
        let (left, right) = tokio::join!(again.fire_timers(&ctx), world.cases.fire_timers(&ctx));
        assert_eq!(left.unwrap() + right.unwrap(), 1, "two processes carry a timer out once");
        let missed = world.site.events("cases.deadline_missed").await;
        assert_eq!((missed.len(), &missed[0]["late"]), (1, &json!(true)));
        assert_eq!(world.site.events("cases.deadline_near").await.len(), 0);
        let path = format!("/cases/{}/timeline", case["id"].as_str().unwrap());
        let lines = world.sign_in("leader").get(&path).await.ok();
        let line = lines.as_array().unwrap().iter().find(|line| line["kind"] == "deadline_missed").unwrap();
        assert_eq!(line["at"], at(3, 4, 0).0 - 1, "on the time line it stands where it happened");
        assert_eq!(world.wait_until(at(3, 17, 9)).await, 0);
    })
    .await;
}

#[tokio::test]
async fn a_changed_calendar_moves_open_limits() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.dispatched("water").await;
        let mut admin = world.sign_in("sysadmin");
        world
            .sign_in("leader")
            .put("/calendar/2026-03-03", json!({ "kind": "off", "name": "暴雨停工" }))
            .await
            .refused(403, "permission.denied");
        admin
            .put("/calendar/03-03", json!({ "kind": "off", "name": "暴雨停工" }))
            .await
            .refused(422, "invalid");
        let changed =
            admin.put("/calendar/2026-03-03", json!({ "kind": "off", "name": "暴雨停工" })).await.ok();
        assert_eq!((&changed["moved"], &changed["working"]), (&json!(1), &json!(false)));
        let days = admin.get("/calendar?year=2026").await.ok();
        assert!(days["days"].as_array().unwrap().iter().any(|day| day["name"] == "暴雨停工"));
        let moved = world.read("water_clerk", &case).await;
        assert_eq!(moved["due_at"], at(3, 5, 0).0 - 1);
        assert_eq!(moved["tasks"][0]["due_at"], moved["due_at"]);
        let explained = deadlines(&world, &case, "zh").await;
        assert!(explained[1]["explain"].to_string().contains("暴雨停工放假"));
        assert!(world.kinds(&case).await.contains(&"deadline_moved".to_owned()));
        assert!(world.site.audited(case["id"].as_str().unwrap()).await.contains(&"deadline.move".to_owned()));
        assert_eq!(world.wait_until(at(3, 3, 12)).await, 0, "the old timer is gone");
        world.act("water_clerk", &moved, "acceptance", json!({})).await;
    })
    .await;
}
