//! Recordings bound to orders (REC-04, DEP-07).

use contract::voice::{RecordingBrief, RecordingFinished};
use serde_json::json;
use testkit::on_both;

use crate::support::{World, person};

#[tokio::test]
async fn a_recording_belongs_to_the_order_of_its_call() {
    on_both(|site| async move {
        let world = World::new(site).await;
        world.calls.come("call-1");
        let mut draft = world.draft();
        draft["call_id"] = json!("call-1");
        let case = world.sign_in("agent").post("/cases", draft.clone()).await.ok();
        assert_eq!(case["source"], "phone");
        draft["call_id"] = json!("call-9");
        world.sign_in("agent").post("/cases", draft).await.refused(422, "invalid");

        let finished = RecordingFinished {
            recording_id: "rec-1".into(),
            call_id: "call-1".into(),
            duration_ms: 61_000,
            repaired: false,
        };
        let mut tx = world.site.kit.db.begin().await.unwrap();
        tx.emit(&world.site.ctx(), &finished);
        tx.emit(&world.site.ctx(), &finished);
        tx.commit().await.unwrap();
        world.site.deliver(&cases::react::subscriptions(&world.cases)).await;

        let bound = world.read("agent", &case).await;
        assert_eq!(bound["recordings"].as_array().unwrap().len(), 1);
        assert_eq!(bound["recordings"][0]["duration_ms"], 61_000);
        assert_eq!(world.kinds(&case).await, ["created", "recording_bound"]);

        let listens = async |account: &str| {
            let person = person(account).build();
            world.cases.may_listen(&person, "call-1", "rec-1").await.unwrap()
        };
        assert!(listens("agent").await);
        assert!(!listens("water_clerk").await, "it is not in the unit's hands yet");
        let case = world.act("leader", &case, "review", json!({ "decision": "pass" })).await;
        world.act("dispatcher", &case, "dispatch", json!({ "unit_id": "water" })).await;
        assert!(listens("water_clerk").await);
        assert!(!listens("roads_clerk").await);
        let port: &dyn contract::cases::RecordingAccess = &world.cases;
        assert!(
            port.may_listen(&person("water_clerk").build(), &"call-1".into(), &"rec-1".into()).await.unwrap()
        );
    })
    .await;
}

#[tokio::test]
async fn an_order_written_after_the_call_gets_its_recording() {
    on_both(|site| async move {
        let world = World::new(site).await;
        world.calls.come("call-2");
        world.calls.recordings.lock().unwrap().push(RecordingBrief {
            id: "rec-2".into(),
            call_id: "call-2".into(),
            started_at: 1,
            duration_ms: 5_000,
            finished: true,
        });
        let mut draft = world.draft();
        draft["call_id"] = json!("call-2");
        draft["confidential"] = json!(true);
        let case = world.sign_in("agent").post("/cases", draft).await.ok();
        assert_eq!(world.kinds(&case).await, ["created", "recording_bound"]);
        let case = world.act("leader", &case, "review", json!({ "decision": "pass" })).await;
        let case = world.act("dispatcher", &case, "dispatch", json!({ "unit_id": "water" })).await;
        assert_eq!(world.read("leader", &case).await["recordings"][0]["id"], "rec-2");
        assert_eq!(
            world.read("water_clerk", &case).await["recordings"],
            json!([]),
            "a voice tells who speaks"
        );
        assert!(!world.cases.may_listen(&person("water_clerk").build(), "call-2", "rec-2").await.unwrap());
    })
    .await;
}
