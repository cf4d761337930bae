//! Flows, prompts and tables over HTTP.

use serde_json::{Value, json};

use crate::support::ground::on_both_grounds;
use crate::support::stage::Stage;

/// Makes and publishes a flow.
pub async fn publish(stage: &Stage, id: &str, flow: &Value) {
    let new = json!({"id": id, "name": id}).to_string();
    assert_eq!(stage.post("leader", "/voice/call-flows", &new).await.0, 201);
    let body = json!({"version": 1, "name": id, "draft": flow}).to_string();
    let (code, saved) = stage.put("leader", &format!("/voice/call-flows/{id}"), &body).await;
    assert_eq!((code, &saved["findings"]), (200, &json!([])));
    let body = json!({"version": 2}).to_string();
    assert_eq!(stage.post("leader", &format!("/voice/call-flows/{id}/versions"), &body).await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_is_saved_unfinished_and_published_only_when_it_is_sound() {
    on_both_grounds(async |ground| {
    let stage = Stage::new(&ground).await;
    let (code, flows) = stage.get("leader", "/voice/call-flows").await;
    assert_eq!(code, 200);
    let ids: Vec<_> = flows.as_array().unwrap().iter().map(|flow| flow["id"].as_str().unwrap()).collect();
    assert_eq!(
        ids,
        ["after_hours", "direct", "main", "menu", "message_box", "order_query", "robot", "satisfaction"],
        "a new house has its flows"
    );
    assert!(flows.as_array().unwrap().iter().all(|flow| flow["published"] == 1 && flow["changed"] == false));
    assert_eq!(stage.get("1001", "/voice/call-flows").await.0, 403);

    let (code, _) = stage.post("leader", "/voice/call-flows", r#"{"id":"Bad Id","name":"x"}"#).await;
    assert_eq!(code, 422);
    let (code, new) =
        stage.post("leader", "/voice/call-flows", r#"{"id":"own","name":"自建","copy_of":"main"}"#).await;
    assert_eq!((code, &new["findings"]), (201, &json!([])));
    assert_eq!(stage.post("leader", "/voice/call-flows", r#"{"id":"own","name":"自建"}"#).await.0, 422);

    let broken = json!({"schema": 1, "start": "a", "nodes": [
        {"id": "a", "kind": "play", "props": {"say": {"prompt": "missing"}}, "exits": {}}]});
    let body = json!({"version": 1, "name": "自建", "draft": broken}).to_string();
    let (code, saved) = stage.put("leader", "/voice/call-flows/own", &body).await;
    assert_eq!(code, 200, "an unfinished draft can be kept");
    let codes: Vec<_> =
        saved["findings"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["exit_missing", "prompt_unknown"]);
    assert_eq!(saved["findings"][0]["node"], "a");
    assert_eq!(stage.put("leader", "/voice/call-flows/own", &body).await.0, 409, "somebody else was faster");
    let (code, problem) = stage.post("leader", "/voice/call-flows/own/versions", r#"{"version":2}"#).await;
    assert_eq!((code, problem["code"].as_str()), (409, Some("voice.flow_unfinished")));

    let sound = json!({"schema": 1, "start": "a", "nodes": [{"id": "a", "kind": "hang_up", "props": {}, "exits": {}}]});
    let body = json!({"version": 2, "name": "自建", "draft": sound}).to_string();
    assert_eq!(stage.put("leader", "/voice/call-flows/own", &body).await.0, 200);
    let (code, _) =
        stage.post("leader", "/voice/call-flows/own/versions", r#"{"version":3,"note":"首版"}"#).await;
    assert_eq!(code, 200);
    let (_, versions) = stage.get("leader", "/voice/call-flows/own/versions").await;
    assert_eq!((versions[0]["no"].as_i64(), versions[0]["note"].as_str()), (Some(1), Some("首版")));

    assert_eq!(stage.delete("leader", "/voice/call-flows/main").await.0, 409);
    let number = json!({"hotline": "12315", "name": "消费投诉", "flow": "own", "version": 0}).to_string();
    assert_eq!(stage.put("leader", "/voice/flow-numbers/12315", &number).await.0, 204);
    assert_eq!(stage.put("leader", "/voice/flow-numbers/12315", &number).await.0, 409);
    assert_eq!(stage.delete("leader", "/voice/call-flows/own").await.0, 409, "a number leads to it");
    assert_eq!(stage.delete("leader", "/voice/flow-numbers/12315").await.0, 204);
    assert_eq!(stage.delete("leader", "/voice/call-flows/own").await.0, 204);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_can_be_tried_without_a_telephone() {
    on_both_grounds(async |ground| {
    let stage = Stage::new(&ground).await;
    let (_, main) = stage.get("leader", "/voice/call-flows/main").await;
    let try_it = async |caller: Value, steps: Value| {
        let body = json!({"draft": main["draft"], "caller": caller, "steps": steps}).to_string();
        let (code, trial) = stage.post("leader", "/voice/call-flows/main/trial", &body).await;
        assert_eq!(code, 200, "{trial}");
        trial
    };
    let said = |trial: &Value| {
        let lines = trial["lines"].as_array().unwrap().iter();
        lines
            .filter(|line| line["kind"] == "said")
            .map(|line| line["text"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let trial = try_it(json!({"signed_in": 0}), json!([{"kind": "hear"}, {"kind": "key", "key": "2"}])).await;
    assert_eq!(trial["node"], "message");
    assert!(said(&trial)[1].contains("没有话务员在线"), "{:?}", said(&trial));
    let closed = json!({"signed_in": 3, "hours": {"main": false}, "caller": "13800001234"});
    let trial =
        try_it(closed, json!([{"kind": "hear"}, {"kind": "key", "key": "2"}, {"kind": "hear"}])).await;
    assert_eq!(
        (trial["flow"].as_str(), trial["node"].as_str()),
        (Some("after_hours"), Some("message")),
        "nobody is on duty"
    );
    let steps = json!([{"kind": "hear"}, {"kind": "agent"}, {"kind": "agent_leaves"}, {"kind": "key", "key": "1"}, {"kind": "hear"}]);
    let trial = try_it(json!({"signed_in": 1, "ready": 1}), steps).await;
    assert_eq!(trial["doing"], "done");
    assert!(
        trial["lines"].as_array().unwrap().iter().any(|line| line["kind"] == "rated" && line["text"] == "5")
    );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn prompts_are_uploaded_chosen_and_heard() {
    on_both_grounds(async |ground| {
        let stage = Stage::new(&ground).await;
        let tone: Vec<u8> = (0..16_000_u32)
            .flat_map(|at| (((f64::from(at) * 0.3).sin() * 9_000.0) as i16).to_le_bytes())
            .collect();
        let mut wav =
            b"RIFF\x24\x7d\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data\0\x7d\0\0"
                .to_vec();
        wav.extend(tone);
        let path = "/voice/prompts/greeting/sounds?language=zh";
        let (code, problem) = stage.upload("leader", path, b"MP3?".to_vec()).await;
        assert_eq!((code, problem["code"].as_str()), (422, Some("voice.bad_sound")));
        assert_eq!(stage.upload("1001", path, wav.clone()).await.0, 403);
        assert_eq!(stage.upload("leader", "/voice/prompts/nix/sounds?language=zh", wav.clone()).await.0, 404);
        let (_, before) = stage.download("leader", "/voice/prompts/greeting/audio").await;
        let (code, prompt) = stage.upload("leader", path, wav.clone()).await;
        assert_eq!((code, &prompt["own"]), (200, &json!(["zh"])));
        assert_eq!(prompt["sounds"][0]["in_force"], true);
        let (_, after) = stage.download("leader", "/voice/prompts/greeting/audio").await;
        assert_ne!(before.len(), after.len(), "callers hear the new sound");
        let (code, prompt) =
            stage.put("leader", "/voice/prompts/greeting/sound", r#"{"language":"zh","sound":null}"#).await;
        assert_eq!((code, &prompt["own"]), (200, &json!([])));
        assert_eq!(
            stage.download("leader", "/voice/prompts/greeting/audio").await.1,
            before,
            "and the old one again"
        );
        assert_eq!(stage.delete("leader", "/voice/prompts/greeting").await.0, 409);

        let (code, _) =
            stage.put("leader", "/voice/prompts/notice", r#"{"name":"停水通知","version":0}"#).await;
        assert_eq!(code, 200);
        let (_, voices) = stage.get("leader", "/voice/speech").await;
        let spoken = r#"{"text":"今天下午两点至四点停水。","language":"zh"}"#;
        let (code, prompt) = stage.post("leader", "/voice/prompts/notice/speech", spoken).await;
        if voices["embedded"] == true {
            assert_eq!((code, prompt["text"].as_str()), (200, Some("今天下午两点至四点停水。")));
            assert!(prompt["duration_ms"].as_i64().unwrap() > 1_500);
        } else {
            assert_eq!(code, 503);
        }
        assert_eq!(stage.delete("leader", "/voice/prompts/notice").await.0, 204);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_refuse_what_cannot_be_meant() {
    on_both_grounds(async |ground| {
    let stage = Stage::new(&ground).await;
    let put = async |path: &str, body: Value| stage.put("leader", path, &body.to_string()).await.0;
    let hours = |from: &str| json!({"name": "a", "version": 0, "hours": {"week": [[{"from": from, "to": "18:00"}], [], [], [], [], [], []]}});
    assert_eq!(put("/voice/hours/office", hours("19:00")).await, 422);
    assert_eq!(put("/voice/hours/office", hours("08:00")).await, 204);
    assert_eq!(put("/voice/hours/office", hours("08:00")).await, 409);
    let (_, tables) = stage.get("leader", "/voice/hours").await;
    assert_eq!(
        tables.as_array().unwrap().len(),
        3,
        "the main table and that of outbound calls are always there"
    );
    assert_eq!(
        put("/voice/access-codes/staff", json!({"name": "a", "digits": "12", "version": 0})).await,
        422
    );
    assert_eq!(
        put("/voice/access-codes/staff", json!({"name": "a", "digits": "1234", "version": 0})).await,
        204
    );
    let (_, codes) = stage.get("leader", "/voice/access-codes").await;
    assert_eq!(codes, json!([{"id": "staff", "name": "a", "version": 1}]), "the digits are not told");
    let number = |flow: &str| json!({"hotline": "12315", "name": "a", "flow": flow, "version": 0});
    assert_eq!(put("/voice/flow-numbers/12a", number("main")).await, 422);
    assert_eq!(put("/voice/flow-numbers/12315", number("nix")).await, 422);
    assert_eq!(put("/voice/flow-numbers/12315", number("main")).await, 204);
    })
    .await;
}
