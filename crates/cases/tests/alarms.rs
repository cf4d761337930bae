//! Alarms of missed limits: acknowledged, or taken to the next level.

use kernel::{Ctx, Timestamp};
use serde_json::{Value, json};
use testkit::on_both;

use crate::support::World;

impl World {
    /// Lets the running limit of an order pass, and the job look after alarms.
    async fn miss(&self, case: &Value) {
        self.wait_until(Timestamp(case["due_at"].as_i64().unwrap() + 1000)).await;
    }

    async fn hours_later(&self, hours: i64) -> usize {
        let now = Timestamp(self.site.kit.now().0 + hours * 3_600_000);
        self.site.clock.set(now);
        self.cases.escalate_alarms(&Ctx::system("cases.alarms", now)).await.unwrap()
    }

    async fn first_alarm(&self, account: &str) -> Value {
        self.sign_in(account).get("/alarms?state=open").await.ok()["items"][0].clone()
    }
}

#[tokio::test]
async fn an_alarm_that_nobody_acknowledges_climbs_and_stops_when_somebody_does() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.dispatched("water").await;
        world.miss(&case).await;
        let alarm = world.first_alarm("water_clerk").await;
        assert_eq!((&alarm["number"], &alarm["level"]), (&case["number"], &json!(1)));
        assert_eq!(alarm["limit"], "签收时限");
        assert_eq!(world.first_alarm("roads_clerk").await, Value::Null, "another unit's");
        assert_eq!(world.sign_in("water_clerk").get("/alarms/summary").await.ok()["open"], 1);

        assert_eq!(world.hours_later(3).await, 0);
        assert_eq!(world.hours_later(1).await, 1);
        assert_eq!(world.hours_later(0).await, 0, "another process comes second");
        assert_eq!(world.first_alarm("water_leader").await["level"], 2);
        assert_eq!(world.hours_later(4).await, 1);
        assert_eq!(world.first_alarm("reviewer").await["level_name"], "热线中心");
        assert_eq!(world.hours_later(100).await, 0, "there is no further level");
        assert_eq!(world.site.events("cases.alarm_raised").await.len(), 3);

        let path = format!("/alarms/{}/acknowledgement", alarm["id"].as_str().unwrap());
        let note = json!({ "note": "已联系承办人，今日签收" });
        world.sign_in("roads_clerk").post(&path, note.clone()).await.refused(404, "not_found");
        world.sign_in("monitor").post(&path, note.clone()).await.refused(403, "permission.denied");
        world.sign_in("water_leader").post(&path, json!({ "note": " " })).await.refused(422, "invalid");
        world.sign_in("water_leader").post(&path, note.clone()).await.done();
        world.sign_in("reviewer").post(&path, note).await.refused(409, "alarm.acknowledged");
        let done = world.sign_in("monitor").get("/alarms?state=acknowledged").await.ok()["items"][0].clone();
        assert_eq!(
            (&done["acknowledged_by"], &done["note"], &done["open"]),
            (&json!("water_leader"), &json!("已联系承办人，今日签收"), &json!(false))
        );
        let sheet = world.sign_in("reviewer").get("/alarms.xlsx").await;
        assert!(sheet.status.is_success() && sheet.body.starts_with(b"PK"));
    })
    .await;
}

#[tokio::test]
async fn what_the_centre_misses_alarms_the_centre_and_ends_with_the_order() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.written().await;
        let case = world.act("leader", &case, "review", json!({ "decision": "pass" })).await;
        world.miss(&case).await;
        let alarm = world.first_alarm("dispatcher").await;
        assert_eq!((&alarm["level"], &alarm["unit_name"]), (&json!(3), &Value::Null));
        assert_eq!(world.first_alarm("water_clerk").await, Value::Null);
        let now = world.read("leader", &case).await;
        world.act("reviewer", &now, "voiding", json!({ "ground": "duplicate", "reason": "重复登记" })).await;
        world.hours_later(0).await;
        let ended = world.sign_in("dispatcher").get("/alarms?state=ended").await.ok();
        assert_eq!(ended["items"].as_array().unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn what_was_missed_long_ago_raises_no_alarm() {
    on_both(|site| async move {
        let world = World::new(site).await;
        let case = world.dispatched("water").await;
        let due_at = case["due_at"].as_i64().unwrap();
        world.wait_until(Timestamp(due_at + 4 * 86_400_000)).await;
        assert_eq!(world.first_alarm("water_clerk").await, Value::Null);
        assert_eq!(world.read("water_clerk", &case).await["color"], "red", "the lists show it");
    })
    .await;
}
