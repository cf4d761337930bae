//! A caller who talks with the robot, by real sound and a service that understands it.

use std::sync::{Arc, Mutex};

use ::media::detect::loudness;
use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::post;
use serde_json::json;

use super::{caller, http, only_call, talk, until_step};
use crate::calls::answered;
use crate::media_plane::phone::Say;
use crate::support::agent::Agent;
use crate::support::ground::{Ground, on_both_grounds};
use crate::support::stage::Stage;

/// A service that understands these words, one after the other, and keeps what it was sent.
async fn service(words: &[&str]) -> (String, Arc<Mutex<Vec<Vec<u8>>>>) {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let kept = sent.clone();
    let understand = move |headers: HeaderMap, body: Bytes| {
        let (kept, words) = (kept.clone(), words.clone());
        async move {
            assert!(headers["content-type"].to_str().unwrap().starts_with("multipart/form-data; boundary="));
            let mut kept = kept.lock().unwrap();
            kept.push(body.to_vec());
            axum::Json(json!({ "text": words.get(kept.len() - 1).map_or("", String::as_str) }))
        }
    };
    let app = Router::new().route("/v1/audio/transcriptions", post(understand));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}/v1", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (endpoint, sent)
}

async fn robot_flow(stage: &Stage) {
    let flow = json!({"schema": 1, "start": "robot", "nodes": [
        {"id": "robot", "kind": "robot", "name": "智能客服",
         "exits": {"next": "bye", "agent": "people", "failed": "people"},
         "props": {"say": {"prompt": "connecting"}, "unheard": {"prompt": "invalid"}, "patience_secs": 3,
                   "pause_ms": 800}},
        {"id": "people", "kind": "queue", "props": {}, "exits": {"refused": "bye"}},
        {"id": "bye", "kind": "hang_up", "props": {}},
    ]});
    http::publish(stage, "talk", &flow).await;
    let number = json!({"hotline": "12345", "name": "智能专线", "flow": "talk", "version": 0});
    assert_eq!(stage.put("leader", "/voice/flow-numbers/12399", &number.to_string()).await.0, 204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_caller_speaks_with_the_robot_until_a_person_takes_over() {
    on_both_grounds(async |ground| {
        let (endpoint, sent) = service(&["医保怎么办"]).await;
        let stage = Stage::with(&ground, |config| config.recognition.endpoint = endpoint).await;
        robot_flow(&stage).await;
        let (_trunk, phone) = caller(&stage, "13800001234", "12399").await;
        let id = only_call(&stage).await;
        until_step(&stage, &id, "flow", "talk robot").await;
        let (phone, _) = talk(phone, 3_500, Say::Nothing).await;
        let (phone, _) = talk(phone, 1_500, Say::Tone(500)).await;
        let (phone, _) = talk(phone, 1_500, Say::Nothing).await;
        let call = until_step(&stage, &id, "robot_heard", "医保怎么办").await;
        let said =
            call["events"].as_array().unwrap().iter().find(|step| step["kind"] == "robot_said").unwrap();
        assert_eq!(said["detail"], "您说的是医保怎么办。");
        let file = sent.lock().unwrap()[0].clone();
        let at = file.windows(4).position(|part| part == b"RIFF").unwrap() + 44;
        let samples: Vec<i16> =
            file[at..].chunks_exact(2).map(|two| i16::from_le_bytes([two[0], two[1]])).collect();
        let loud = samples.chunks(160).filter(|frame| loudness(frame) > 0.05).count();
        assert!((60..=80).contains(&loud), "the service heard what was said: {loud} frames");

        // The caller wants a person.
        let (_phone, _) = talk(phone, 800, Say::Events("0")).await;
        until_step(&stage, &id, "flow", "talk people").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_key_leads_from_the_robot_to_a_person_and_so_does_a_service_that_is_gone() {
    let stage = Stage::with(&Ground::sqlite(), |config| {
        config.recognition.endpoint = "http://127.0.0.1:9".to_owned()
    })
    .await;
    robot_flow(&stage).await;
    let mut agent = Agent::ready(&stage, "1001").await;
    let (mut first, phone) = caller(&stage, "13800001234", "12399").await;
    let id = only_call(&stage).await;
    until_step(&stage, &id, "flow", "talk robot").await;
    let (_phone, _) = talk(phone, 800, Say::Events("0")).await;
    until_step(&stage, &id, "flow", "talk people").await;
    let (_, _browser) = answered(&mut agent).await;
    assert_eq!(first.within("BYE", "", "").await, 200);

    let (_second, phone) = caller(&stage, "13800005678", "12399").await;
    let (phone, _) = talk(phone, 3_500, Say::Nothing).await;
    let (phone, _) = talk(phone, 1_500, Say::Tone(500)).await;
    let (_phone, _) = talk(phone, 2_000, Say::Nothing).await;
    let calls =
        stage.until("leader", "/voice/calls", |list| list["items"].as_array().unwrap().len() == 2).await;
    let second = calls["items"].as_array().unwrap().iter().find(|call| call["id"] != id.as_str()).unwrap();
    until_step(&stage, second["id"].as_str().unwrap(), "flow", "talk people").await;
}
