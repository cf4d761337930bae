//! Outbound tasks, with a telephone outside that is rung.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use ::media::codec::Codec;
use serde_json::{Value, json};

use crate::calls::{answered, port_of, sdp};
use crate::media_plane::phone::{Phone, Say};
use crate::support::agent::Agent;
use crate::support::ground::Ground;
use crate::support::outside::Outside;
use crate::support::stage::Stage;
use crate::support::text::{body, header};

const LIST: &str =
    "姓名,电话,小区\n张三,13800001111,阳光里\n李四,13800002222,\n王五,12,\n张三,13800001111,\n";

async fn stage() -> (Stage, Outside) {
    let outside = Outside::new().await;
    let address = outside.address().to_string();
    (Stage::with(&Ground::sqlite(), |config| config.trunks[0].outbound = Some(address)).await, outside)
}

fn plan(mode: &str) -> Value {
    json!({"plan": {
        "name": "回访", "purpose": "visit", "mode": mode, "script": "{{name}}您好，{{小区}}的问题解决了吗？",
        "hours_id": "main", "lines_max": 1, "keep_ready": 0,
        "questions": if mode == "notice" { json!([]) } else { json!([
            {"id": "solved", "kind": "single", "title": "解决了吗？", "options": ["是", "否"], "required": true}]) },
        "retry": {"attempts_max": 2, "day_max": 5, "gap_minutes": 1, "busy_minutes": 10, "no_answer_minutes": 10, "failed_minutes": 10},
    }})
}

/// Makes a task with the list above; returns its path.
async fn task(stage: &Stage, body: &Value) -> String {
    let (code, made) = stage.post("leader", "/voice/campaigns", &body.to_string()).await;
    assert_eq!(code, 201, "{made}");
    let path = format!("/voice/campaigns/{}", made["id"].as_str().unwrap());
    let targets = format!("{path}/targets");
    let (code, looked) = stage.upload("leader", &format!("{targets}?dry_run=true"), LIST.into()).await;
    assert_eq!(
        (code, looked["taken"].as_i64(), looked["refused"].as_i64()),
        (200, Some(2), Some(2)),
        "{looked}"
    );
    assert_eq!(
        (&looked["refusals"][0]["line"], &looked["refusals"][0]["why"]),
        (&json!(4), &json!("malformed"))
    );
    let (_, list) = stage.get("leader", &targets).await;
    assert_eq!(list["items"], json!([]), "a trial changes nothing");
    assert_eq!(stage.upload("leader", &targets, LIST.into()).await.1["taken"], 2);
    assert_eq!(stage.upload("leader", &targets, LIST.into()).await.1["taken"], 0, "they are there already");
    path
}

async fn run(stage: &Stage, path: &str, state: &str) -> u16 {
    stage.put("leader", &format!("{path}/state"), &json!({ "state": state }).to_string()).await.0
}

/// Lets the engine turn until a telephone outside rings.
async fn rung(stage: &Stage, outside: &mut Outside) -> String {
    for _ in 0..40 {
        stage.voice.call_out().await.unwrap();
        if let Ok(invite) =
            tokio::time::timeout(std::time::Duration::from_millis(300), outside.request("INVITE")).await
        {
            return invite;
        }
    }
    panic!("nobody was called");
}

fn dialled(invite: &str) -> String {
    invite.split("sip:").nth(1).unwrap().split('@').next().unwrap().to_owned()
}

async fn target(stage: &Stage, path: &str, number: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let list = stage
        .until("leader", &format!("{path}/targets"), |list| {
            list["items"].as_array().unwrap().iter().any(|one| one["number"] == number && wanted(one))
        })
        .await;
    list["items"].as_array().unwrap().iter().find(|one| one["number"] == number).unwrap().clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_ready_agent_gets_the_next_call_with_its_script_and_keeps_the_answers() {
    let (stage, mut outside) = stage().await;
    let path = task(&stage, &plan("progressive")).await;
    assert_eq!(run(&stage, &path, "paused").await, 409, "it has not begun");
    assert_eq!(run(&stage, &path, "running").await, 200);
    let mut agent = Agent::ready(&stage, "1001").await;
    stage.voice.call_out().await.unwrap();
    stage.voice.call_out().await.unwrap();
    assert_eq!(stage.get("leader", &path).await.1["progress"]["waiting"], 2, "nobody takes part yet");
    assert_eq!(stage.put("1001", &format!("{path}/membership"), "").await.0, 204);
    stage.voice.call_out().await.unwrap();
    let (_, _browser) = answered(&mut agent).await;
    let mut phone = Phone::new(Codec::Pcma, Some(101));
    let invite = outside.request("INVITE").await;
    assert_eq!(dialled(&invite), "13800001111");
    phone.to = ([127, 0, 0, 1], port_of(body(&invite))).into();
    outside.accept(&invite, &sdp(&phone)).await;
    let mine = stage.until("1001", "/voice/seat", |mine| mine["call"]["state"] == "talking").await;
    // A second turn calls nobody else: one line, one agent.
    stage.voice.call_out().await.unwrap();
    assert_eq!(stage.get("leader", &path).await.1["progress"]["calling"], 1);
    let attempt = mine["call"]["campaign_attempt"].as_str().unwrap();
    let (code, shown) = stage.get("1001", &format!("/voice/campaign-attempts/{attempt}")).await;
    assert_eq!((code, shown["script"].as_str()), (200, Some("张三您好，阳光里的问题解决了吗？")));
    assert_eq!(stage.get("1002", &format!("/voice/campaign-attempts/{attempt}")).await.0, 404);
    let id = shown["target"]["id"].as_str().unwrap();
    let outcome = format!("/voice/campaign-targets/{id}/outcome");
    assert_eq!(stage.put("1001", &outcome, r#"{"result":"completed","answers":{}}"#).await.0, 422);
    assert_eq!(stage.put("1002", &outcome, r#"{"result":"refused"}"#).await.0, 404, "not theirs");
    let done = r#"{"result":"completed","answers":{"solved":"是"},"note":"满意","do_not_call":true}"#;
    assert_eq!(stage.put("1001", &outcome, done).await.0, 200);
    outside.bye(&invite).await;
    stage.state_until("1001", "wrap_up").await;
    let row = target(&stage, &path, "13800001111", |one| one["call_id"].is_string()).await;
    assert_eq!((row["state"].as_str(), row["result"].as_str()), (Some("done"), Some("completed")));
    let (_, figures) = stage.get("leader", &format!("{path}/figures")).await;
    assert_eq!(figures["answers"][0]["counts"][0], json!({"option": "是", "times": 1}));
    let (code, book) = stage.download("leader", &format!("{path}/targets.xlsx")).await;
    assert_eq!((code, &book[..2]), (200, &b"PK"[..]));

    // Who asked for it is in no other task's list any more.
    let (_, again) = stage.post("leader", "/voice/campaigns", &plan("preview").to_string()).await;
    let other = format!("/voice/campaigns/{}/targets?dry_run=true", again["id"].as_str().unwrap());
    let (_, looked) = stage.upload("leader", &other, LIST.into()).await;
    assert_eq!(looked["refusals"][0]["why"], "do_not_call");
    assert_eq!(run(&stage, &path, "stopped").await, 200);
    assert_eq!(run(&stage, &path, "running").await, 409, "stopped is stopped");
    assert_eq!(stage.upload("leader", &format!("{path}/targets"), LIST.into()).await.0, 409);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_notice_speaks_keeps_the_key_and_calls_busy_ones_again() {
    let (stage, mut outside) = stage().await;
    let flow = json!({"schema": 1, "start": "ask", "nodes": [
        {"id": "ask", "kind": "menu", "name": "确认", "exits": {"1": "end", "timeout": "end", "invalid": "end"},
         "props": {"say": {"prompt": "choice"}, "keys": ["1"]}},
        {"id": "end", "kind": "hang_up", "props": {}},
    ]});
    crate::callflows::http::publish(&stage, "water", &flow).await;
    let mut body_ = plan("notice");
    body_["plan"]["flow_id"] = json!("water");
    let path = task(&stage, &body_).await;
    assert_eq!(run(&stage, &path, "running").await, 200);
    let invite = rung(&stage, &mut outside).await;
    assert_eq!(dialled(&invite), "13800001111");
    // One line only: the second number waits.
    stage.voice.call_out().await.unwrap();
    assert_eq!(stage.get("leader", &path).await.1["progress"]["calling"], 1);
    let mut phone = Phone::new(Codec::Pcma, Some(101));
    phone.to = ([127, 0, 0, 1], port_of(body(&invite))).into();
    outside.accept(&invite, &sdp(&phone)).await;
    tokio::task::spawn_blocking(move || {
        phone.talk(800, &Say::Nothing);
        phone.talk(800, &Say::Events("1"));
    })
    .await
    .unwrap();
    let bye = outside.request("BYE").await;
    outside.reply(&bye, "200 OK", "").await;
    let row = target(&stage, &path, "13800001111", |one| one["state"] == "done").await;
    assert_eq!((row["result"].as_str(), row["keys"][0]["value"].as_str()), (Some("answered"), Some("1")));

    let invite = rung(&stage, &mut outside).await;
    assert_eq!(dialled(&invite), "13800002222");
    assert!(header(&invite, "From").unwrap().contains("12345"), "the hotline's number is shown");
    outside.reply(&invite, "486 Busy Here", "").await;
    let row = target(&stage, &path, "13800002222", |one| one["result"] == "busy").await;
    assert_eq!((row["state"].as_str(), row["attempts"].as_i64()), (Some("waiting"), Some(1)));
    assert!(row["due_at"].as_i64().unwrap() > stage.kit.now().0 + 9 * 60_000, "after the pause of the rules");
    stage.voice.call_out().await.unwrap();
    assert_eq!(stage.get("leader", &path).await.1["progress"]["calling"], 0, "nobody is called before it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_agent_looks_first_and_calls_by_a_click() {
    let (stage, mut outside) = stage().await;
    let path = task(&stage, &plan("preview")).await;
    assert_eq!(stage.post("1001", &format!("{path}/next"), "{}").await.0, 409, "it has not begun");
    assert_eq!(run(&stage, &path, "running").await, 200);
    let mut agent = Agent::registered(&stage, "1001").await;
    let (_, first) = stage.post("1001", &format!("{path}/next"), "{}").await;
    let (_, same) = stage.post("1001", &format!("{path}/next"), "{}").await;
    let id = first["task"]["target"]["id"].as_str().unwrap().to_owned();
    assert_eq!(same["task"]["target"]["id"], id.as_str(), "who looks away looks at the same again");
    let (_, other) = stage.post("1002", &format!("{path}/next"), "{}").await;
    assert_ne!(other["task"]["target"]["id"], id.as_str(), "nobody else gets it");
    assert_eq!(stage.post("1002", &format!("/voice/campaign-targets/{id}/calls"), "{}").await.0, 404);
    let (code, call) = stage.post("1001", &format!("/voice/campaign-targets/{id}/calls"), "{}").await;
    assert_eq!(code, 201, "{call}");
    let (_, _browser) = answered(&mut agent).await;
    let invite = outside.request("INVITE").await;
    outside.reply(&invite, "603 Decline", "").await;
    let row = target(&stage, &path, "13800001111", |one| one["result"] == "rejected").await;
    assert_eq!(row["state"], "failed", "who refuses is left in peace");
    // Closed hours: nothing more is given out.
    let closed = json!({"name": "热线工作时间", "hours": {}, "version": 0});
    assert_eq!(stage.put("leader", "/voice/hours/main", &closed.to_string()).await.0, 204);
    let (_, none) = stage.post("1001", &format!("{path}/next"), "{}").await;
    assert!(none["task"].is_null());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_who_may_reads_and_runs_tasks() {
    let (stage, _outside) = stage().await;
    let path = task(&stage, &plan("preview")).await;
    let body = plan("preview").to_string();
    for (method, at, text) in [
        ("get", "/voice/campaigns".to_owned(), ""),
        ("get", path.clone(), ""),
        ("get", format!("{path}/targets"), ""),
        ("get", format!("{path}/figures"), ""),
        ("get", "/voice/campaign-choices".to_owned(), ""),
        ("get", "/voice/my-campaigns".to_owned(), ""),
        ("post", "/voice/campaigns".to_owned(), body.as_str()),
        ("post", format!("{path}/targets"), ""),
        ("post", format!("{path}/order-targets"), r#"{"from":0,"to":1}"#),
        ("post", format!("{path}/next"), "{}"),
        ("put", path.clone(), body.as_str()),
        ("put", format!("{path}/state"), r#"{"state":"running"}"#),
        ("put", format!("{path}/membership"), ""),
        ("delete", path.clone(), ""),
    ] {
        let answer = match method {
            "get" => stage.get("nobody", &at).await,
            "post" => stage.post("nobody", &at, text).await,
            "put" => stage.put("nobody", &at, text).await,
            _ => stage.delete("nobody", &at).await,
        };
        assert_eq!(answer.0, 403, "{method} {at}: {}", answer.1);
    }
    assert_eq!(stage.get("nobody", &format!("{path}/targets.xlsx")).await.0, 403);
    // A unit sees tasks only that concern its own orders.
    assert_eq!(stage.get("elsewhere", "/voice/campaigns").await.1["items"], json!([]));
    assert_eq!(stage.get("elsewhere", &path).await.0, 404);
    assert_eq!(stage.get("elsewhere", &format!("{path}/targets")).await.0, 404);
    let stale = json!({"plan": plan("preview")["plan"], "version": 7}).to_string();
    assert_eq!(stage.put("leader", &path, &stale).await.0, 409);
    let mut wrong = plan("preview");
    wrong["plan"]["lines_max"] = json!(0);
    wrong["plan"]["hours_id"] = json!("nix");
    let (code, problem) = stage.post("leader", "/voice/campaigns", &wrong.to_string()).await;
    assert_eq!((code, problem["errors"].as_array().map(Vec::len)), (422, Some(2)), "{problem}");
    assert_eq!(stage.delete("leader", &path).await.0, 204);
}
