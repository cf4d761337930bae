//! Staff hear messages from an ordinary telephone.

use ::media::detect::amplitude;
use serde_json::json;
use voice::store::message_pins;

use super::{caller, talk, until_step};
use crate::calls::port_of;
use crate::media_plane::phone::{Phone, Say};
use crate::support::ground::on_both_grounds;
use crate::support::outside::Outside;
use crate::support::stage::Stage;
use crate::support::text::body;

/// The newest call of all.
async fn newest_call(stage: &Stage, caller: &str) -> String {
    let list = stage.until("leader", "/voice/calls", |list| list["items"][0]["caller"] == caller).await;
    list["items"][0]["id"].as_str().unwrap().to_owned()
}

/// A caller leaves three seconds of a tone.
async fn leave_message(stage: &Stage, number: &str, hz: u16) {
    let (mut trunk, phone) = caller(stage, number, "12366").await;
    let id = newest_call(stage, number).await;
    let (phone, _) = talk(phone, 800, Say::Nothing).await;
    let (_phone, _) = talk(phone, 3_000, Say::Tone(hz)).await;
    assert_eq!(trunk.within("BYE", "", "").await, 200);
    until_step(stage, &id, "message_left", "").await;
    stage.until("leader", &format!("/voice/calls/{id}"), |call| !call["result"].is_null()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn messages_are_heard_deleted_and_called_back_from_a_telephone() {
    on_both_grounds(async |ground| {
        let outside = Outside::new().await;
        let address = outside.address().to_string();
        let stage = Stage::with(&ground, |config| config.trunks[0].outbound = Some(address)).await;
        let mut outside = outside;
        let flow = json!({"schema": 1, "start": "v", "nodes": [
            {"id": "v", "kind": "voicemail", "props": {"silence_secs": 0}, "exits": {"next": "end"}},
            {"id": "end", "kind": "hang_up", "props": {}},
        ]});
        super::http::publish(&stage, "leave", &flow).await;
        for (number, flow) in [("12366", "leave"), ("12399", "message_box")] {
            let row = json!({"hotline": "12345", "name": "留言", "flow": flow, "version": 0});
            assert_eq!(
                stage.put("leader", &format!("/voice/flow-numbers/{number}"), &row.to_string()).await.0,
                204
            );
        }
        leave_message(&stage, "13800000001", 700).await;
        leave_message(&stage, "13800000002", 1_100).await;

        let (_, mine) = stage.get("1001", "/voice/message-pin").await;
        assert_eq!(mine, json!({"number": "1001", "set_at": null, "dial": ["12399"]}));
        assert_eq!(stage.put("1001", "/voice/message-pin", r#"{"pin":"123456"}"#).await.0, 422);
        assert_eq!(stage.put("nobody", "/voice/message-pin", r#"{"pin":"274913"}"#).await.0, 403);
        assert_eq!(stage.put("1001", "/voice/message-pin", r#"{"pin":"274913"}"#).await.0, 204);
        // Somebody who may not see to messages has a code, and hears nothing by it.
        assert_eq!(stage.put("1003", "/voice/message-pin", r#"{"pin":"274913"}"#).await.0, 204);
        for (from, number, pin) in [("13900001001", "1001#", "274914#"), ("13900001003", "1003#", "274913#")]
        {
            let (mut trunk, phone) = caller(&stage, from, "12399").await;
            let id = newest_call(&stage, from).await;
            let (phone, _) = talk(phone, 1_800, Say::Events(number)).await;
            until_step(&stage, &id, "flow", "message_box pin").await;
            let (_phone, _) = talk(phone, 2_000, Say::Events(pin)).await;
            until_step(&stage, &id, "flow", "message_box wrong").await;
            assert_eq!(trunk.within("BYE", "", "").await, 200);
        }

        let wrong = stage.audit().await.iter().filter(|action| *action == "message_pin.wrong").count();
        assert_eq!(wrong, 1, "the other code was right");

        let (mut trunk, phone) = caller(&stage, "13911112222", "12399").await;
        let id = newest_call(&stage, "13911112222").await;
        let (phone, _) = talk(phone, 1_800, Say::Events("1001#")).await;
        until_step(&stage, &id, "flow", "message_box pin").await;
        let (phone, _) = talk(phone, 2_000, Say::Events("274913#")).await;
        until_step(&stage, &id, "flow", "message_box messages").await;
        let digits = stage.get("leader", &format!("/voice/calls/{id}")).await.1.to_string();
        assert!(!digits.contains("citizen 7"), "the code is not written down");
        // The oldest first: a tone of 700 Hz behind what the voice says of it.
        let (phone, heard) = until_tone(phone, 700.0).await;
        assert!(heard, "the first message");
        let (phone, _) = talk(phone, 500, Say::Events("3")).await;
        let (phone, heard) = until_tone(phone, 1_100.0).await;
        assert!(heard, "the second message");
        let open = |list: &serde_json::Value| list["items"].as_array().unwrap().len() == 1;
        stage.until("leader", "/voice/messages?state=open", open).await;
        let (_, done) = stage.get("leader", "/voice/messages?state=done").await;
        assert_eq!(
            (done["items"][0]["caller"].as_str(), done["items"][0]["done_name"].as_str()),
            (Some("13800000001"), Some("话务员1001"))
        );

        // The second caller is called back, and both hear each other.
        let (phone, _) = talk(phone, 500, Say::Events("4")).await;
        let ringing = outside.request("INVITE").await;
        assert!(ringing.starts_with("INVITE sip:13800000002@"), "{ringing}");
        let mut citizen = Phone::new(::media::codec::Codec::Pcma, Some(101));
        citizen.to = ([127, 0, 0, 1], port_of(body(&ringing))).into();
        outside.accept(&ringing, &super::sdp(&citizen)).await;
        let (_phone, at_listener) = {
            let there = tokio::spawn(talk(citizen, 2_000, Say::Tone(1_700)));
            let here = talk(phone, 2_000, Say::Tone(900)).await;
            let (_, at_citizen) = there.await.unwrap();
            assert!(amplitude(&at_citizen[at_citizen.len() - 4_000..], 900.0) > 0.1, "the citizen hears");
            here
        };
        assert!(amplitude(&at_listener[at_listener.len() - 4_000..], 1_700.0) > 0.1, "the listener hears");
        outside.bye(&ringing).await;
        let none = |list: &serde_json::Value| list["items"].as_array().unwrap().is_empty();
        stage.until("leader", "/voice/messages?state=open", none).await;
        let (_, done) = stage.get("leader", "/voice/messages?state=done&q=0002").await;
        assert_eq!(done["items"][0]["done_note"], "电话收听后回拨");
        trunk.within("BYE", "", "").await;

        closed_after_too_many_failures(&stage).await;
        assert_eq!(stage.delete("1001", "/voice/message-pin").await.0, 204);
        assert_eq!(stage.delete("1001", "/voice/message-pin").await.0, 404);
    })
    .await;
}

/// The right code does not open a box on which many wrong ones were tried, until its owner sets one anew.
async fn closed_after_too_many_failures(stage: &Stage) {
    let failures = async || message_pins::of_person(&stage.kit.db, "p1001").await.unwrap().unwrap().failures;
    assert_eq!(failures().await, 0, "a right code forgets the wrong ones");
    for _ in 0..10 {
        let mut tx = stage.kit.db.begin().await.unwrap();
        message_pins::failed(&mut tx, "p1001").await.unwrap();
        tx.commit().await.unwrap();
    }
    let (mut trunk, phone) = caller(stage, "13911113333", "12399").await;
    let id = newest_call(stage, "13911113333").await;
    let (phone, _) = talk(phone, 1_800, Say::Events("1001#")).await;
    until_step(stage, &id, "flow", "message_box pin").await;
    let (_phone, _) = talk(phone, 2_000, Say::Events("274913#")).await;
    until_step(stage, &id, "flow", "message_box wrong").await;
    assert_eq!(trunk.within("BYE", "", "").await, 200);
    assert_eq!(stage.put("1001", "/voice/message-pin", r#"{"pin":"381926"}"#).await.0, 204);
    assert_eq!(failures().await, 0);
}

/// Listens until a tone is heard, half a minute at most.
async fn until_tone(mut phone: Phone, hz: f64) -> (Phone, bool) {
    for _ in 0..60 {
        let (listening, heard) = talk(phone, 500, Say::Nothing).await;
        phone = listening;
        if heard.chunks(1_600).any(|part| amplitude(part, hz) > 0.2) {
            return (phone, true);
        }
    }
    (phone, false)
}
