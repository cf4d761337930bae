//! Training: what was not answered, what is taught, how that is judged, what is live.

use serde_json::{Value, json};
use testkit::on_both;

use crate::support::{World, passage};

#[tokio::test]
async fn a_miss_is_taught_judged_put_live_and_taken_back() {
    on_both(|site| async move {
        let world = World::new(site).await;
        world.town.entries.lock().unwrap().extend([
            passage("k1", "新生儿如何参加医保", "新生儿出生后90天内办理参保登记。"),
            passage("k2", "公交卡如何充值", "公交卡可在地铁站自助机充值。"),
        ]);
        let mut client = world.server.anonymous();
        let begun = client.post("/portal/chats", json!({})).await.ok();
        let (id, token) = (begun["id"].as_str().unwrap(), begun["token"].as_str().unwrap());
        let mut citizen = client.with_header("x-chat-token", token);
        let messages = format!("/portal/chats/{id}/messages");
        let ask = |text: &str| json!({ "text": text });
        citizen.post(&messages, ask("娃刚落地咋上保险，电话19900001234")).await.done();
        let mut trainer = world.with("trainer", &["robot.train"]);
        let open = trainer.get("/robot/questions").await.ok();
        let question = &open["items"][0];
        assert_eq!(question["reason"], "unanswered");
        assert!(!question["text"].as_str().unwrap().contains("19900001234"), "numbers are struck out");
        let found = trainer.get("/robot/entries?q=医保").await.ok();
        assert_eq!(found[0]["entry_id"], "k1");
        let teaching = json!({
            "question_id": question["id"], "question": "娃刚落地咋上保险", "entry_id": "k1",
            "title": "新生儿如何参加医保",
        });
        let mut secret = teaching.clone();
        secret["entry_id"] = json!("internal");
        trainer.post("/robot/teachings", secret).await.refused(422, "invalid");
        trainer.post("/robot/teachings", teaching).await.done();
        assert_eq!(trainer.get("/robot/questions").await.ok()["items"], json!([]));
        let trial = json!({ "question": "公交卡如何充值", "entry_id": "k2", "title": "公交卡如何充值" });
        trainer.post("/robot/trials", trial).await.done();
        let report = trainer.post("/robot/trial", json!({})).await.ok();
        assert_eq!(
            (report["right_before"].as_i64(), report["right_after"].as_i64()),
            (Some(1), Some(2)),
            "{report}"
        );
        // What is only written is not live.
        let still = citizen.post(&messages, ask("娃刚落地咋上保险啊")).await.ok();
        assert_ne!(kind(&still), "answer");
        let live = trainer.post("/robot/versions", json!({})).await.ok();
        assert_eq!((live["live"].as_i64(), live["pending"].as_i64()), (Some(1), Some(0)));
        let begun = world.server.anonymous().post("/portal/chats", json!({})).await.ok();
        let (id, token) = (begun["id"].as_str().unwrap(), begun["token"].as_str().unwrap());
        let mut citizen = world.server.anonymous().with_header("x-chat-token", token);
        let messages = format!("/portal/chats/{id}/messages");
        let answered = citizen.post(&messages, ask("娃刚落地咋上保险")).await.ok();
        assert_eq!(kind(&answered), "answer", "{answered}");
        // A bad judgement comes back as a question.
        let no = answered["messages"].as_array().unwrap().last().unwrap()["no"].clone();
        let judgement = json!({ "no": no, "helpful": false });
        citizen.post(&format!("/portal/chats/{id}/judgements"), judgement).await.done();
        let versions = trainer.get("/robot/versions").await.ok();
        assert_eq!(versions["sureness"]["judged"], 1);
        assert_eq!(versions["sureness"]["helpful"], 0.0);
        // What would be worse does not go live.
        let teachings = trainer.get("/robot/teachings").await.ok();
        let taught = teachings[0]["id"].as_str().unwrap();
        trainer.delete(&format!("/robot/teachings/{taught}")).await.done();
        trainer.post("/robot/versions", json!({})).await.refused(409, "robot.worse");
        let back = trainer.put("/robot/versions/live", json!({ "version": 0 })).await.ok();
        assert_eq!(back["live"], 0);
        trainer.put("/robot/versions/live", json!({ "version": 7 })).await.refused(404, "not_found");
    })
    .await;
}

fn kind(chat: &Value) -> &str {
    chat["messages"].as_array().unwrap().last().unwrap()["extra"]["kind"].as_str().unwrap_or_default()
}
