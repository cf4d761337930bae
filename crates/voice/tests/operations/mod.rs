//! Calls with several parties, proved by tones: who hears whom.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use ::media::codec::Codec;
use ::media::detect::amplitude;
use serde_json::{Value, json};

use crate::calls::{answered, caller, port_of, sdp};
use crate::media_plane::browser::Browser;
use crate::media_plane::phone::{Phone, Say};
use crate::support::agent::Agent;
use crate::support::ground::{Ground, on_both_grounds};
use crate::support::outside::Outside;
use crate::support::stage::Stage;
use crate::support::text::body;
use crate::support::trunk::TrunkCall;

const CITIZEN_HZ: u16 = 700;
const AGENT_HZ: u16 = 1100;
const OTHER_HZ: u16 = 1900;

/// A telephone or a browser that talks and listens.
#[expect(clippy::large_enum_variant, reason = "a test has few of them")]
enum Ear {
    Phone(Phone),
    Browser(Box<Browser>),
}

impl Ear {
    fn talk(&mut self, ms: u64, say: &Say) -> Vec<i16> {
        match self {
            Self::Phone(phone) => phone.talk(ms, say),
            Self::Browser(browser) => browser.talk(ms, say),
        }
    }
}

/// Lets everybody say their tone at the same time; returns who heard which tones.
async fn together(ears: Vec<(Ear, u16)>) -> (Vec<(Ear, u16)>, Vec<Vec<u16>>) {
    let all: Vec<u16> = ears.iter().map(|(_, hz)| *hz).collect();
    let talks: Vec<_> = ears
        .into_iter()
        .map(|(mut ear, hz)| {
            tokio::task::spawn_blocking(move || {
                let heard = ear.talk(1_600, &Say::Tone(hz));
                (ear, hz, heard)
            })
        })
        .collect();
    let (mut ears, mut heard) = (Vec::new(), Vec::new());
    for talk in talks {
        let (ear, hz, samples) = talk.await.unwrap();
        let tail = &samples[samples.len().saturating_sub(6_000)..];
        heard.push(
            all.iter()
                .copied()
                .filter(|other| *other != hz && amplitude(tail, f64::from(*other)) > 0.12)
                .collect(),
        );
        ears.push((ear, hz));
    }
    (ears, heard)
}

async fn steps(stage: &Stage, id: &str) -> Vec<String> {
    let detail = stage.until("leader", &format!("/voice/calls/{id}"), |call| call["ended_at"].is_i64()).await;
    detail["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| {
            format!("{} {}", e["kind"].as_str().unwrap(), e["detail"].as_str().unwrap()).trim().to_owned()
        })
        .collect()
}

async fn nothing_left(stage: &Stage) {
    for _ in 0..100 {
        if stage.voice.stack().load() == (0, 0) && stage.voice.desk().call_count() == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("legs were left: {:?}", stage.voice.stack().load());
}

async fn call_of(stage: &Stage, seat: &str) -> String {
    let mine = stage.until(seat, "/voice/seat", |mine| mine["call"]["state"] == "talking").await;
    mine["call"]["call_id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_agent_asks_a_colleague_confers_and_leaves_them_the_citizen() {
    on_both_grounds(async |ground| {
        let stage = Stage::new(&ground).await;
        let mut first = Agent::ready(&stage, "1001").await;
        let (mut trunk, phone) = caller(&stage, "13800001234").await;
        let (invite, browser) = answered(&mut first).await;
        let id = call_of(&stage, "1001").await;
        let path = |what: &str| format!("/voice/calls/{id}/{what}");

        let nobody = stage.post("1001", &path("consultation"), r#"{"kind":"seat","number":"1002"}"#).await;
        assert_eq!((nobody.0, nobody.1["code"].as_str()), (409, Some("voice.seat_busy")));
        let mut second = Agent::registered(&stage, "1002").await;
        assert_eq!(
            stage.post("1002", &path("consultation"), r#"{"kind":"seat","number":"1001"}"#).await.0,
            404,
            "not theirs"
        );
        assert_eq!(
            stage.post("1001", &path("consultation"), r#"{"kind":"seat","number":"1002"}"#).await.0,
            202
        );
        let (second_invite, other) = answered(&mut second).await;
        stage.until("1002", "/voice/seat", |mine| mine["seat"]["state"] == "on_call").await;

        let ears = vec![
            (Ear::Phone(phone), CITIZEN_HZ),
            (Ear::Browser(Box::new(browser)), AGENT_HZ),
            (Ear::Browser(Box::new(other)), OTHER_HZ),
        ];
        let (ears, heard) = together(ears).await;
        assert_eq!(heard, [vec![], vec![OTHER_HZ], vec![AGENT_HZ]], "the citizen hears music only");

        assert_eq!(stage.post("1001", &path("conference"), r#"{"kind":"consulted"}"#).await.0, 202);
        let (ears, heard) = together(ears).await;
        assert_eq!(heard[0], [AGENT_HZ, OTHER_HZ]);
        assert_eq!(heard[1], [CITIZEN_HZ, OTHER_HZ]);
        assert_eq!(heard[2], [CITIZEN_HZ, AGENT_HZ]);

        first.bye(&invite).await;
        stage.state_until("1001", "wrap_up").await;
        let ears: Vec<_> = ears.into_iter().filter(|(_, hz)| *hz != AGENT_HZ).collect();
        let (_ears, heard) = together(ears).await;
        assert_eq!(heard, [vec![OTHER_HZ], vec![CITIZEN_HZ]]);
        second.bye(&second_invite).await;
        assert!(trunk.ended().await);
        let steps = steps(&stage, &id).await;
        for wanted in [
            "consulting seat:1002",
            "joined 2 seat:1002 consulted",
            "conference seat:1002",
            "left 1 seat:1001 agent",
            "transferred seat:1002",
            "hung_up agent",
        ] {
            assert!(steps.iter().any(|step| step == wanted), "{wanted} not in {steps:?}");
        }
        let (_, replay) = stage.get("leader", &path("replay")).await;
        let lanes = replay["lanes"].as_array().unwrap();
        assert_eq!(lanes.len(), 3);
        assert_eq!(lanes[2]["label"], "1002");

        // One recording holds it all: the citizen on one side, both agents on the other.
        let (_, detail) = stage.get("leader", &format!("/voice/calls/{id}")).await;
        assert_eq!(detail["agent_id"], "p1002");
        let recording = detail["recording_id"].as_str().unwrap();
        stage
            .until("leader", &format!("/voice/recordings/{recording}/peaks"), |peaks| {
                peaks["left"].is_array()
            })
            .await;
        let (_, wav) = stage.audio("leader", recording, None).await;
        let samples: Vec<i16> = wav[44..].chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
        let side = |from: usize| samples.iter().skip(from).step_by(2).copied().collect::<Vec<i16>>();
        let loudest = |side: &[i16], hz: u16| {
            side.chunks(4000).map(|part| amplitude(part, f64::from(hz))).fold(0.0, f64::max)
        };
        assert!(loudest(&side(0), CITIZEN_HZ) > 0.12);
        assert!(loudest(&side(1), AGENT_HZ) > 0.12 && loudest(&side(1), OTHER_HZ) > 0.12);
        assert!(loudest(&side(0), AGENT_HZ) < 0.05 && loudest(&side(0), OTHER_HZ) < 0.05);
        let _ = &mut trunk;
        nothing_left(&stage).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_supervisor_is_heard_by_whom_they_choose_and_takes_over() {
    on_both_grounds(async |ground| {
        let stage = Stage::new(&ground).await;
        let mut agent = Agent::ready(&stage, "1001").await;
        let (mut trunk, phone) = caller(&stage, "13800001234").await;
        let (_, browser) = answered(&mut agent).await;
        let id = call_of(&stage, "1001").await;
        let path = format!("/voice/calls/{id}/supervision");
        let mut leader = Agent::registered(&stage, "9001").await;
        assert_eq!(stage.put("1002", &path, r#"{"mode":"listen"}"#).await.0, 403);
        assert_eq!(stage.put("9001", &path, r#"{"mode":"listen"}"#).await.0, 202);
        let (_, ear) = answered(&mut leader).await;
        stage.state_until("9001", "on_call").await;
        let ears = vec![
            (Ear::Phone(phone), CITIZEN_HZ),
            (Ear::Browser(Box::new(browser)), AGENT_HZ),
            (Ear::Browser(Box::new(ear)), OTHER_HZ),
        ];
        let (ears, heard) = together(ears).await;
        assert_eq!(heard, [vec![AGENT_HZ], vec![CITIZEN_HZ], vec![CITIZEN_HZ, AGENT_HZ]], "listening");
        assert_eq!(stage.put("9001", &path, r#"{"mode":"whisper"}"#).await.0, 202);
        let (ears, heard) = together(ears).await;
        assert_eq!(heard[..2], [vec![AGENT_HZ], vec![CITIZEN_HZ, OTHER_HZ]], "whispering");
        assert_eq!(stage.put("9001", &path, r#"{"mode":"barge"}"#).await.0, 202);
        let (ears, heard) = together(ears).await;
        assert_eq!(heard[..2], [vec![AGENT_HZ, OTHER_HZ], vec![CITIZEN_HZ, OTHER_HZ]], "in the conversation");
        assert_eq!(stage.put("9001", &path, r#"{"mode":"take_over"}"#).await.0, 202);
        agent.released().await;
        stage.state_until("1001", "wrap_up").await;
        let ears: Vec<_> = ears.into_iter().filter(|(_, hz)| *hz != AGENT_HZ).collect();
        let (_ears, heard) = together(ears).await;
        assert_eq!(heard, [vec![OTHER_HZ], vec![CITIZEN_HZ]]);
        // The call is cut for everybody.
        assert_eq!(stage.post("1001", &format!("/voice/calls/{id}/release"), "").await.0, 403);
        assert_eq!(stage.post("9001", &format!("/voice/calls/{id}/release"), "").await.0, 202);
        assert!(trunk.ended().await);
        let steps = steps(&stage, &id).await;
        assert!(steps.iter().any(|step| step == "taken_over seat:9001"), "{steps:?}");
        assert!(steps.iter().any(|step| step == "hung_up leader"), "{steps:?}");
        let actions: Vec<String> = stage.audit().await;
        for wanted in [
            "call.supervise_listen",
            "call.supervise_whisper",
            "call.supervise_barge",
            "call.supervise_take_over",
            "call.release",
        ] {
            assert!(actions.iter().any(|action| action == wanted), "{wanted} not in {actions:?}");
        }
        let _ = &mut trunk;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_seat_that_is_signed_out_by_force_leaves_its_citizen_to_the_next() {
    on_both_grounds(async |ground| {
        let stage = Stage::new(&ground).await;
        let mut agent = Agent::ready(&stage, "1001").await;
        let (_trunk, _phone) = caller(&stage, "13800001234").await;
        let (_, _browser) = answered(&mut agent).await;
        let seat = "/voice/floor/seats/1001";
        assert_eq!(stage.delete("1002", seat).await.0, 403);
        assert_eq!(stage.delete("leader", seat).await.0, 403, "who sets states does not sign out");
        assert_eq!(stage.delete("elsewhere", seat).await.0, 404, "not a seat of theirs");
        assert_eq!(stage.delete("9001", seat).await.0, 204);
        agent.released().await;
        stage.until("1001", "/voice/seat", |mine| mine["seat"].is_null()).await;
        let mut next = Agent::ready(&stage, "1002").await;
        let (_, _browser) = answered(&mut next).await;
        stage.state_until("1002", "on_call").await;
    })
    .await;
}

/// A stage whose trunk leads to a telephone outside, with one agent.
async fn dialler(ground: &Ground) -> (Stage, Outside, Agent) {
    let outside = Outside::new().await;
    let address = outside.address().to_string();
    let stage = Stage::with(ground, |config| config.trunks[0].outbound = Some(address)).await;
    let agent = Agent::registered(&stage, "1001").await;
    (stage, outside, agent)
}

async fn dial(stage: &Stage, what: Value) -> String {
    let (code, started) = stage.post("1001", "/voice/calls", &what.to_string()).await;
    assert_eq!(code, 201, "{started}");
    started["call_id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_agent_calls_a_number_hears_it_ring_and_talks() {
    on_both_grounds(async |ground| {
        let (stage, mut outside, mut agent) = dialler(&ground).await;
        for (bad, code) in
            [(json!({"number":"abc"}), 422), (json!({}), 422), (json!({"seat_no":"1001"}), 422)]
        {
            assert_eq!(stage.post("1001", "/voice/calls", &bad.to_string()).await.0, code, "{bad}");
        }
        let id = dial(&stage, json!({"number": "138 0000-9999"})).await;
        let (agent_invite, browser) = answered(&mut agent).await;
        let invite = outside.request("INVITE").await;
        assert!(invite.starts_with("INVITE sip:13800009999@"), "{invite}");
        let mut phone = Phone::new(Codec::Pcma, Some(101));
        phone.to = ([127, 0, 0, 1], port_of(body(&invite))).into();
        // The line plays something before it is answered.
        outside.reply(&invite, "183 Session Progress", &sdp(&phone)).await;
        stage.until("1001", "/voice/seat", |mine| mine["call"]["state"] == "dialling").await;
        let (ears, heard) =
            together(vec![(Ear::Phone(phone), CITIZEN_HZ), (Ear::Browser(Box::new(browser)), AGENT_HZ)])
                .await;
        assert_eq!(heard, [vec![], vec![CITIZEN_HZ]], "early sound reaches the agent, not the other way");
        let [(Ear::Phone(phone), _), browser] = <[_; 2]>::try_from(ears).ok().unwrap() else { panic!() };
        outside.accept(&invite, &sdp(&phone)).await;
        stage.until("1001", "/voice/seat", |mine| mine["call"]["state"] == "talking").await;
        let (_ears, heard) = together(vec![(Ear::Phone(phone), CITIZEN_HZ), browser]).await;
        assert_eq!(heard, [vec![AGENT_HZ], vec![CITIZEN_HZ]]);
        agent.bye(&agent_invite).await;
        outside.request("BYE").await;
        let call =
            stage.until("leader", &format!("/voice/calls/{id}"), |call| call["ended_at"].is_i64()).await;
        assert_eq!((call["direction"].as_str(), call["result"].as_str()), (Some("out"), Some("answered")));
        stage.state_until("1001", "wrap_up").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_comes_of_dialling_is_recorded() {
    on_both_grounds(async |ground| {
        let (stage, mut outside, mut agent) = dialler(&ground).await;
        for (status, result) in
            [("486 Busy Here", "busy"), ("404 Not Found", "invalid"), ("503 No", "failed")]
        {
            let id = dial(&stage, json!({"number": "13800009999"})).await;
            let (_, _browser) = answered(&mut agent).await;
            let invite = outside.request("INVITE").await;
            outside.reply(&invite, status, "").await;
            agent.released().await;
            let call =
                stage.until("leader", &format!("/voice/calls/{id}"), |call| call["ended_at"].is_i64()).await;
            assert_eq!(call["result"], result);
            stage.until("1001", "/voice/seat", |mine| mine["seat"]["state"] == "not_ready").await;
        }
        nothing_left(&stage).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_missed_call_that_is_called_back_counts_as_seen_to() {
    on_both_grounds(async |ground| {
        let (stage, mut outside, mut agent) = dialler(&ground).await;
        let (mut trunk, _phone): (TrunkCall, Phone) = caller(&stage, "13800005678").await;
        assert_eq!(trunk.within("BYE", "", "").await, 200);
        let missed = stage
            .until("leader", "/voice/missed-calls", |list| {
                list["items"].as_array().is_some_and(|l| !l.is_empty())
            })
            .await;
        let missed_id = missed["items"][0]["id"].as_str().unwrap();
        dial(&stage, json!({ "missed_call_id": missed_id })).await;
        let (agent_invite, _browser) = answered(&mut agent).await;
        let invite = outside.request("INVITE").await;
        assert!(invite.starts_with("INVITE sip:13800005678@"));
        let phone = Phone::new(Codec::Pcma, Some(101));
        outside.accept(&invite, &sdp(&phone)).await;
        let list = stage
            .until("leader", "/voice/missed-calls", |list| list["items"][0]["handled_at"].is_i64())
            .await;
        assert_eq!(list["items"][0]["handled_by"], "话务员1001");
        outside.bye(&invite).await;
        agent.released().await;
        let _ = agent_invite;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_call_is_handed_to_a_number_outside_in_one_step() {
    on_both_grounds(async |ground| {
        let (stage, mut outside, mut agent) = dialler(&ground).await;
        assert_eq!(stage.put("1001", "/voice/seat/state", r#"{"state":"ready"}"#).await.0, 200);
        let (mut trunk, phone) = caller(&stage, "13800001234").await;
        let (_, _browser) = answered(&mut agent).await;
        let id = call_of(&stage, "1001").await;
        let path = format!("/voice/calls/{id}/transfer");
        assert_eq!(stage.put("1001", &path, r#"{"kind":"outside","number":"110"}"#).await.0, 202);
        let invite = outside.request("INVITE").await;
        let mut other = Phone::new(Codec::Pcma, Some(101));
        other.to = ([127, 0, 0, 1], port_of(body(&invite))).into();
        outside.accept(&invite, &sdp(&other)).await;
        agent.released().await;
        stage.state_until("1001", "wrap_up").await;
        let (_ears, heard) =
            together(vec![(Ear::Phone(phone), CITIZEN_HZ), (Ear::Phone(other), OTHER_HZ)]).await;
        assert_eq!(heard, [vec![OTHER_HZ], vec![CITIZEN_HZ]]);
        outside.bye(&invite).await;
        assert!(trunk.ended().await);
        let _ = &mut trunk;
        nothing_left(&stage).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_parked_citizen_is_fetched_from_another_seat() {
    on_both_grounds(async |ground| {
        let stage = Stage::new(&ground).await;
        let mut first = Agent::ready(&stage, "1001").await;
        let (_trunk, _phone) = caller(&stage, "13800001234").await;
        let (_, _browser) = answered(&mut first).await;
        let id = call_of(&stage, "1001").await;
        assert_eq!(stage.put("1001", &format!("/voice/calls/{id}/parking"), "").await.0, 202);
        first.released().await;
        let mut second = Agent::registered(&stage, "1002").await;
        let (_, parked) = stage.get("1002", "/voice/parked-calls").await;
        assert_eq!(parked["items"][0]["call_id"], id);
        assert_eq!(stage.delete("1002", &format!("/voice/calls/{id}/parking")).await.0, 202);
        let (_, _browser) = answered(&mut second).await;
        stage.until("1002", "/voice/seat", |mine| mine["call"]["state"] == "talking").await;
        // What was agreed is written down afterwards.
        let summary = format!("/voice/calls/{id}/summary");
        assert_eq!(stage.put("1002", &summary, r#"{"result":"nonsense"}"#).await.0, 422);
        assert_eq!(stage.put("1003", &summary, r#"{"result":"answered"}"#).await.0, 404, "not theirs");
        assert_eq!(stage.put("1001", &summary, r#"{"result":"transferred"}"#).await.0, 200, "still writing");
        assert_eq!(stage.put("1002", &summary, r#"{"result":"answered","note":"已解答"}"#).await.0, 200);
        let (_, detail) = stage.get("leader", &format!("/voice/calls/{id}")).await;
        assert_eq!(detail["summary"]["note"], "已解答");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_colleague_is_called_in_the_house() {
    on_both_grounds(async |ground| {
        let stage = Stage::new(&ground).await;
        let mut first = Agent::registered(&stage, "1001").await;
        let mut second = Agent::registered(&stage, "1002").await;
        let id = dial(&stage, json!({"seat_no": "1002"})).await;
        let (_, browser) = answered(&mut first).await;
        let (second_invite, other) = answered(&mut second).await;
        stage.until("1002", "/voice/seat", |mine| mine["call"]["state"] == "talking").await;
        let (_ears, heard) = together(vec![
            (Ear::Browser(Box::new(browser)), AGENT_HZ),
            (Ear::Browser(Box::new(other)), OTHER_HZ),
        ])
        .await;
        assert_eq!(heard, [vec![OTHER_HZ], vec![AGENT_HZ]]);
        second.bye(&second_invite).await;
        first.released().await;
        stage.until("1002", "/voice/seat", |mine| mine["seat"]["state"] == "not_ready").await;
        let call =
            stage.until("leader", &format!("/voice/calls/{id}"), |call| call["ended_at"].is_i64()).await;
        assert_eq!(call["direction"], "internal");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_caller_in_danger_is_connected_with_the_police_and_it_is_kept() {
    let outside = Outside::new().await;
    let address = outside.address().to_string();
    let stage = Stage::with(&Ground::sqlite(), |config| config.trunks[0].outbound = Some(address)).await;
    let mut outside = outside;
    let mut agent = Agent::ready(&stage, "1001").await;
    let (_trunk, phone) = caller(&stage, "13800001234").await;
    let (invite, browser) = answered(&mut agent).await;
    let id = call_of(&stage, "1001").await;
    let path = format!("/voice/calls/{id}/emergency-transfers");
    assert_eq!(stage.post("1001", &path, r#"{"service":"911"}"#).await.0, 422);
    assert_eq!(stage.post("1002", &path, r#"{"service":"110"}"#).await.0, 404, "not theirs");
    assert_eq!(stage.post("nobody", &path, r#"{"service":"110"}"#).await.0, 403);
    // Nobody needs the right to dial for this.
    let (code, kept) = stage.post("1001", &path, r#"{"service":"110","note":"家中有人闯入"}"#).await;
    assert_eq!((code, kept["service"].as_str()), (201, Some("110")), "{kept}");
    let mut police = Phone::new(Codec::Pcma, Some(101));
    let ringing = outside.request("INVITE").await;
    assert!(ringing.starts_with("INVITE sip:110@"), "{ringing}");
    police.to = ([127, 0, 0, 1], port_of(body(&ringing))).into();
    outside.accept(&ringing, &sdp(&police)).await;
    stage
        .until("1001", "/voice/seat", |mine| {
            mine["call"]["parties"]
                .as_array()
                .is_some_and(|all| all.iter().any(|one| one["number"] == "110" && one["up"] == true))
        })
        .await;
    let ears = vec![
        (Ear::Phone(phone), CITIZEN_HZ),
        (Ear::Browser(Box::new(browser)), AGENT_HZ),
        (Ear::Phone(police), OTHER_HZ),
    ];
    let (_ears, heard) = together(ears).await;
    assert_eq!(heard[0], [AGENT_HZ, OTHER_HZ]);
    assert_eq!(heard[2], [CITIZEN_HZ, AGENT_HZ]);
    // The agent leaves; the caller and the police go on.
    agent.bye(&invite).await;
    stage.state_until("1001", "wrap_up").await;
    assert_eq!(stage.voice.desk().call_count(), 1);
    let (_, list) = stage.get("leader", "/voice/emergency-transfers").await;
    assert_eq!(
        (list["items"][0]["note"].as_str(), list["items"][0]["seat_no"].as_str()),
        (Some("家中有人闯入"), Some("1001"))
    );
    assert_eq!(stage.get("1001", "/voice/emergency-transfers").await.0, 403);
    assert!(stage.audit().await.iter().any(|action| action == "call.emergency"));
}
