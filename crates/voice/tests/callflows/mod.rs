//! Callers in call flows: a carrier's trunk, keys as telephone events, real sound.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use ::media::codec::Codec;
use ::media::detect::{amplitude, loudness};
use serde_json::{Value, json};

use crate::calls::answered;
use crate::media_plane::phone::{Phone, Say};
use crate::support::agent::Agent;
use crate::support::ground::{Ground, on_both_grounds};
use crate::support::stage::Stage;
use crate::support::trunk::TrunkCall;

pub mod http;
mod listening;
mod robot;

fn sdp(phone: &Phone) -> String {
    let at = phone.address();
    format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {} RTP/AVP 8 0 101\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n",
        at.port(),
        ip = at.ip(),
    )
}

/// A caller who has been answered.
async fn caller(stage: &Stage, number: &str, called: &str) -> (TrunkCall, Phone) {
    let mut phone = Phone::new(Codec::Pcma, Some(101));
    let mut trunk = TrunkCall::to(stage.sip, number, called).await;
    let (code, answer) = trunk.invite(&sdp(&phone)).await;
    assert_eq!(code, 200);
    let port = answer.split("m=audio ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    phone.to = ([127, 0, 0, 1], port).into();
    (trunk, phone)
}

/// Says something for a while; returns what was heard.
async fn talk(phone: Phone, ms: u64, say: Say) -> (Phone, Vec<i16>) {
    tokio::task::spawn_blocking(move || {
        let mut phone = phone;
        let heard = phone.talk(ms, &say);
        (phone, heard)
    })
    .await
    .unwrap()
}

/// Waits until the call's history has a step.
async fn until_step(stage: &Stage, id: &str, kind: &str, part: &str) -> Value {
    stage
        .until("leader", &format!("/voice/calls/{id}"), |call| {
            let steps = call["events"].as_array().unwrap();
            steps.iter().any(|step| step["kind"] == kind && step["detail"].as_str().unwrap().contains(part))
        })
        .await
}

async fn only_call(stage: &Stage) -> String {
    let calls =
        stage.until("leader", "/voice/calls", |list| list["items"].as_array().unwrap().len() == 1).await;
    calls["items"][0]["id"].as_str().unwrap().to_owned()
}

fn pcm(wav: &[u8]) -> Vec<i16> {
    wav[44..].chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_caller_presses_two_and_leaves_a_message_that_can_be_heard() {
    on_both_grounds(async |ground| {
        let stage = Stage::with(&ground, |config| config.greeting = true).await;
        let (trunk, phone) = caller(&stage, "13800001234", "12345").await;
        let id = only_call(&stage).await;
        // The greeting, then: nobody is here, press 1, 2 or 3.
        let (phone, heard) = talk(phone, 2_000, Say::Nothing).await;
        assert!(loudness(&heard) > 0.02, "the greeting is heard");
        until_step(&stage, &id, "flow", "main nobody").await;
        let (phone, _) = talk(phone, 500, Say::Events("2")).await;
        until_step(&stage, &id, "flow", "main message").await;
        // The request to speak, the tone, and then three seconds of a voice.
        let (phone, _) = talk(phone, 5_500, Say::Nothing).await;
        let (phone, _) = talk(phone, 3_000, Say::Tone(700)).await;
        let (phone, _) = talk(phone, 800, Say::Events("#")).await;
        until_step(&stage, &id, "message_left", "").await;
        drop(phone);
        assert!(trunk.ended().await, "the hotline says goodbye and hangs up");

        let list = stage
            .until("leader", "/voice/messages?state=open", |list| {
                !list["items"].as_array().unwrap().is_empty()
            })
            .await;
        let message = &list["items"][0];
        assert_eq!(
            (message["caller"].as_str(), message["hotline"].as_str()),
            (Some("13800001234"), Some("12345"))
        );
        let path = format!("/voice/messages/{}", message["id"].as_str().unwrap());
        let call =
            stage.until("leader", &format!("/voice/calls/{id}"), |call| !call["result"].is_null()).await;
        assert_eq!(call["result"], "self_service", "who left a message is not a missed call as well");
        tokio::time::sleep(std::time::Duration::from_millis(1_000)).await;
        let (code, wav) = stage.download("leader", &format!("{path}/audio")).await;
        assert_eq!(code, 200);
        let samples = pcm(&wav);
        let said = samples.chunks(4_000).filter(|part| amplitude(part, 700.0) > 0.2).count();
        assert!(said >= 4, "the citizen's own words are in the message: {said} of {}", samples.len() / 4_000);
        assert_eq!(stage.get("masked", "/voice/messages").await.1["items"][0]["caller"], "138****1234");
        assert_eq!(stage.get("nobody", "/voice/messages").await.0, 403);

        // Somebody takes it and calls back.
        assert_eq!(stage.put("leader", &format!("{path}/agent"), r#"{"agent_id":"pleader"}"#).await.0, 204);
        assert_eq!(stage.put("leader", &format!("{path}/closure"), r#"{"note":""}"#).await.0, 422);
        assert_eq!(stage.put("leader", &format!("{path}/closure"), r#"{"note":"已回电"}"#).await.0, 204);
        assert_eq!(stage.put("leader", &format!("{path}/closure"), r#"{"note":"再次"}"#).await.0, 409);
        let (_, mine) = stage.get("leader", "/voice/messages?mine=true&state=done").await;
        assert_eq!(mine["items"][0]["done_note"], "已回电");
        assert!(!mine["items"][0]["heard_at"].is_null());
        let (code, book) = stage.download("leader", "/voice/messages.xlsx").await;
        assert_eq!((code, &book[..2]), (200, &b"PK"[..]));

        // Each step was counted, and so was the key.
        let now = stage.kit.now().0;
        let period = format!("from={}&to={}", now - 3_600_000, now + 3_600_000);
        let counts = stage
            .until("leader", &format!("/voice/key-presses?{period}"), |list| {
                !list.as_array().unwrap().is_empty()
            })
            .await;
        let pressed = counts.as_array().unwrap().iter().find(|one| one["node"] == "nobody").unwrap();
        assert_eq!((pressed["key"].as_str(), pressed["times"].as_i64()), (Some("2"), Some(1)));
        assert_eq!((pressed["node_name"].as_str(), pressed["entered"].as_i64()), (Some("无人接听"), Some(1)));
        let (_, counts) = stage.get("leader", &format!("/voice/call-flows/main/counts?{period}")).await;
        assert!(
            counts.as_array().unwrap().iter().any(|one| one["node"] == "message" && one["what"] == "entered")
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn when_the_house_is_closed_the_caller_hears_so() {
    on_both_grounds(async |ground| {
        let stage = Stage::with(&ground, |config| config.greeting = true).await;
        let closed = json!({"name": "热线工作时间", "hours": {}, "version": 0});
        assert_eq!(stage.put("leader", "/voice/hours/main", &closed.to_string()).await.0, 204);
        let _agent = Agent::ready(&stage, "1001").await;
        let (mut trunk, _phone) = caller(&stage, "13800001234", "12345").await;
        let id = only_call(&stage).await;
        let call = until_step(&stage, &id, "flow", "after_hours menu").await;
        assert!(
            call["events"].as_array().unwrap().iter().all(|step| step["kind"] != "queued"),
            "nobody is rung"
        );
        assert_eq!(trunk.within("BYE", "", "").await, 200);
        stage.until("leader", &format!("/voice/calls/{id}"), |call| call["result"] == "missed").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_order_query_speaks_the_state_of_the_order() {
    on_both_grounds(async |ground| {
        let stage = Stage::new(&ground).await;
        let number = json!({"hotline": "12345", "name": "查询专线", "flow": "order_query", "version": 0});
        assert_eq!(stage.put("leader", "/voice/flow-numbers/12399", &number.to_string()).await.0, 204);
        // Carriers put the area code before the number.
        let (mut trunk, phone) = caller(&stage, "13800001234", "057112399").await;
        let id = only_call(&stage).await;
        let (phone, _) = talk(phone, 3_500, Say::Events("20261121000001")).await;
        until_step(&stage, &id, "flow", "order_query code").await;
        let (phone, _) = talk(phone, 2_000, Say::Events("123456")).await;
        let call = until_step(&stage, &id, "flow", "order_query status").await;
        let digits: Vec<_> = call["events"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|step| step["kind"] == "digit")
            .map(|step| step["detail"].as_str().unwrap().trim_start_matches("citizen "))
            .collect();
        assert_eq!(digits.concat(), "20261121000001••••••", "the query code is not written down");
        let (_, voices) = stage.get("leader", "/voice/speech").await;
        if voices["embedded"] == true {
            // How soon the voice is ready depends on what else the machine does.
            let (mut phone, mut spoken) = (phone, 0);
            for _ in 0..10 {
                let (listening, heard) = talk(phone, 2_000, Say::Nothing).await;
                phone = listening;
                spoken += heard.chunks(1_600).filter(|part| loudness(part) > 0.01).count();
                if spoken >= 10 {
                    break;
                }
            }
            assert!(spoken >= 10, "the state is spoken: {spoken} fifths of a second");
        } else {
            eprintln!("skipped: espeak-ng is not installed, so the state stays silent");
        }
        assert_eq!(trunk.within("BYE", "", "").await, 200);
        stage.until("leader", &format!("/voice/calls/{id}"), |call| call["result"] == "self_service").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn after_the_agent_the_caller_rates_the_talk() {
    on_both_grounds(async |ground| {
        let stage = Stage::with(&ground, |config| config.greeting = true).await;
        let mut agent = Agent::ready(&stage, "1001").await;
        let (trunk, phone) = caller(&stage, "13800001234", "12345").await;
        let (invite, browser) = answered(&mut agent).await;
        stage.state_until("1001", "on_call").await;
        drop(browser);
        agent.bye(&invite).await;
        stage.state_until("1001", "wrap_up").await;
        let id = only_call(&stage).await;
        until_step(&stage, &id, "flow", "main survey").await;
        let (phone, _) = talk(phone, 800, Say::Events("1")).await;
        until_step(&stage, &id, "rated", "5").await;
        drop(phone);
        assert!(trunk.ended().await);
        let list = stage
            .until("leader", "/voice/surveys", |list| !list["items"].as_array().unwrap().is_empty())
            .await;
        assert_eq!(
            (list["items"][0]["stars"].as_i64(), list["items"][0]["agent_name"].as_str()),
            (Some(5), Some("话务员1001"))
        );
        let (_, figures) = stage.get("leader", "/voice/surveys/figures").await;
        assert_eq!(figures, json!({"stars": [0, 0, 0, 0, 1], "wanted": 0}));
        stage.until("leader", &format!("/voice/calls/{id}"), |call| call["result"] == "answered").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_hangs_up_first_is_to_be_asked_later() {
    on_both_grounds(async |ground| {
        let stage = Stage::with(&ground, |config| config.greeting = true).await;
        let mut agent = Agent::ready(&stage, "1001").await;
        let (mut trunk, _phone) = caller(&stage, "13800001234", "12345").await;
        let (_, _browser) = answered(&mut agent).await;
        stage.state_until("1001", "on_call").await;
        assert_eq!(trunk.within("BYE", "", "").await, 200);
        let list = stage
            .until("leader", "/voice/surveys?state=wanted", |list| {
                !list["items"].as_array().unwrap().is_empty()
            })
            .await;
        assert_eq!(list["items"][0]["caller"], "13800001234");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_caller_who_waits_too_long_is_called_back_in_their_turn() {
    on_both_grounds(async |ground| {
        let stage = Stage::new(&ground).await;
        let flow = json!({"schema": 1, "start": "q", "nodes": [
            {"id": "q", "kind": "queue", "exits": {"3": "cb", "refused": "end"},
             "props": {"keys": ["3"], "choice": {"prompt": "choice"}, "choice_after_secs": 1}},
            {"id": "cb", "kind": "callback", "props": {}, "exits": {"next": "end", "refused": "end"}},
            {"id": "end", "kind": "hang_up", "props": {}},
        ]});
        http::publish(&stage, "waiting", &flow).await;
        let number = json!({"hotline": "12315", "name": "消费投诉", "flow": "waiting", "version": 0});
        assert_eq!(stage.put("leader", "/voice/flow-numbers/12315", &number.to_string()).await.0, 204);
        let (trunk, phone) = caller(&stage, "13900005678", "12315").await;
        stage.until("leader", "/voice/queues", |live| live["queue"]["waiting"] == 1).await;
        let (phone, heard) = talk(phone, 2_500, Say::Nothing).await;
        assert!(loudness(&heard) > 0.01, "music, then the choice");
        let (phone, _) = talk(phone, 600, Say::Events("3")).await;
        drop(phone);
        assert!(trunk.ended().await);
        stage.until("leader", "/voice/queues", |live| live["queue"]["waiting"] == 0).await;
        let list = stage
            .until("leader", "/voice/callbacks?state=waiting", |list| {
                !list["items"].as_array().unwrap().is_empty()
            })
            .await;
        let wish = &list["items"][0];
        assert_eq!((wish["number"].as_str(), wish["hotline"].as_str()), (Some("13900005678"), Some("12315")));
        assert!(wish["since"].as_i64() < wish["at"].as_i64(), "the place in the queue is kept");
        let path = format!("/voice/callbacks/{}", wish["id"].as_str().unwrap());
        assert_eq!(stage.put("leader", &format!("{path}/claim"), "").await.0, 204);
        assert_eq!(stage.put("masked", &format!("{path}/claim"), "").await.0, 409, "somebody calls already");
        assert_eq!(stage.delete("leader", &format!("{path}/claim")).await.0, 204);
        assert_eq!(stage.put("masked", &format!("{path}/claim"), "").await.0, 204);
        let done = r#"{"reached":true,"note":"已答复"}"#;
        assert_eq!(stage.put("leader", &format!("{path}/closure"), done).await.0, 409);
        assert_eq!(stage.put("masked", &format!("{path}/closure"), done).await.0, 204);
        let (_, rest) = stage.get("leader", "/voice/callbacks?state=waiting").await;
        assert!(rest["items"].as_array().unwrap().is_empty());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_agent_sends_the_caller_to_type_a_code_and_gets_them_back_with_the_result() {
    let stage = Stage::new(&Ground::sqlite()).await;
    let code = json!({"name": "身份口令", "digits": "4711", "version": 0}).to_string();
    assert_eq!(stage.put("leader", "/voice/access-codes/identity", &code).await.0, 204);
    let flow = json!({"schema": 1, "start": "ask", "nodes": [
        {"id": "ask", "kind": "digits", "name": "输入口令", "exits": {"next": "check", "timeout": "back"},
         "props": {"say": {"prompt": "order_code"}, "variable": "typed", "min": 4, "max": 4, "secret": true}},
        {"id": "check", "kind": "password", "name": "身份口令", "exits": {"ok": "back", "wrong": "back"},
         "props": {"variable": "typed", "access": "identity"}},
        {"id": "back", "kind": "return", "props": {}},
    ]});
    http::publish(&stage, "identity", &flow).await;
    let mut agent = Agent::ready(&stage, "1001").await;
    let (_trunk, phone) = caller(&stage, "13800001234", "12345").await;
    let (_, browser) = answered(&mut agent).await;
    let mine = stage.until("1001", "/voice/seat", |mine| mine["call"]["state"] == "talking").await;
    let id = mine["call"]["call_id"].as_str().unwrap().to_owned();
    let path = format!("/voice/calls/{id}/detour");

    let (_, detours) = stage.get("1001", "/voice/detours").await;
    let nodes = detours["items"].as_array().unwrap().iter().find(|one| one["id"] == "identity").unwrap();
    assert_eq!(nodes["nodes"].as_array().unwrap().len(), 2, "where the caller only leaves is no beginning");
    assert_eq!(stage.get("leader", "/voice/detours").await.0, 403);
    assert_eq!(stage.put("1001", &path, r#"{"flow":"nix","back":true}"#).await.0, 422);
    assert_eq!(stage.put("1001", &path, r#"{"flow":"identity","node":"back","back":true}"#).await.0, 422);
    assert_eq!(stage.put("1002", &path, r#"{"flow":"identity","back":true}"#).await.0, 404, "not theirs");
    assert_eq!(stage.delete("1001", &path).await.0, 409, "there is nobody to fetch");
    assert_eq!(stage.put("1001", &path, r#"{"flow":"identity","back":true}"#).await.0, 202);
    stage.until("1001", "/voice/seat", |mine| mine["call"]["state"] == "detour").await;
    let (phone, _) = talk(phone, 1_200, Say::Events("4711")).await;
    let back = stage.until("1001", "/voice/seat", |mine| mine["call"]["state"] == "talking").await;
    let found = &back["call"]["detour"]["findings"];
    assert_eq!(found[0]["kind"], "digits");
    assert!(found[0]["value"].is_null(), "a secret is not told");
    assert_eq!((found[1]["kind"].as_str(), found[1]["exit"].as_str()), (Some("password"), Some("ok")));
    until_step(&stage, &id, "detour", "identity - back").await;
    until_step(&stage, &id, "detour_over", "password ok").await;

    // Fetched back before the end; then sent away for good.
    assert_eq!(stage.put("1001", &path, r#"{"flow":"identity","back":true}"#).await.0, 202);
    stage.until("1001", "/voice/seat", |mine| mine["call"]["state"] == "detour").await;
    assert_eq!(stage.delete("1001", &path).await.0, 202);
    stage.until("1001", "/voice/seat", |mine| mine["call"]["state"] == "talking").await;
    assert_eq!(stage.put("1001", &path, r#"{"flow":"satisfaction","back":false}"#).await.0, 202);
    agent.released().await;
    drop(browser);
    stage.state_until("1001", "wrap_up").await;
    until_step(&stage, &id, "flow", "satisfaction survey").await;
    let (_phone, _) = talk(phone, 1_500, Say::Events("1")).await;
    stage
        .until("leader", "/voice/surveys", |list| {
            list["items"]
                .as_array()
                .unwrap()
                .iter()
                .any(|one| one["stars"] == 5 && one["agent_name"] == "话务员1001")
        })
        .await;
}
