//! What agents keep for themselves and write about calls: own phrases, fields of summaries, letting go by hand.

use std::time::Duration;

use ::media::detect::amplitude;
use serde_json::json;

use crate::calls::{answered, caller};
use crate::media_plane::phone::Say;
use crate::support::agent::Agent;
use crate::support::ground::on_both_grounds;
use crate::support::stage::Stage;

/// A WAV file of a tone, 16 kHz.
fn wav(hz: u16, secs: u32) -> Vec<u8> {
    let samples = 16_000 * secs;
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + samples * 2).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0data");
    wav.extend((samples * 2).to_le_bytes());
    for at in 0..samples {
        let sample = (std::f64::consts::TAU * f64::from(hz) * f64::from(at) / 16_000.0).sin() * 9_000.0;
        wav.extend((sample as i16).to_le_bytes());
    }
    wav
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_agents_own_phrase_is_heard_by_the_citizen() {
    on_both_grounds(async |ground| {
        let stage = Stage::new(&ground).await;
        let path = "/voice/own-phrases?title=papers&source=recorded";
        assert_eq!(stage.upload("nobody", path, wav(1_300, 2)).await.0, 403);
        assert_eq!(stage.upload("1001", path, b"MP3?".to_vec()).await.0, 422);
        assert_eq!(stage.upload("1001", path, wav(1_300, 61)).await.0, 422, "a minute at most");
        assert_eq!(stage.upload("1001", "/voice/own-phrases?title=", wav(1_300, 2)).await.0, 422);
        let (code, phrase) = stage.upload("1001", path, wav(1_300, 3)).await;
        assert_eq!((code, phrase["source"].as_str()), (201, Some("recorded")), "{phrase}");
        let own = phrase["id"].as_str().unwrap();
        let one = format!("/voice/own-phrases/{own}");
        assert_eq!(stage.get("1002", "/voice/own-phrases").await.1, json!([]), "mine are mine");
        for (person, code) in [("1002", 404), ("nobody", 403), ("1001", 200)] {
            assert_eq!(stage.download(person, &format!("{one}/audio")).await.0, code, "{person}");
        }
        assert_eq!(stage.put("1001", &one, r#"{"title":"材料 说明"}"#).await.0, 204);
        assert_eq!(stage.put("1002", &one, r#"{"title":"x"}"#).await.0, 404);

        let mut agent = Agent::ready(&stage, "1001").await;
        let (mut trunk, phone) = caller(&stage, "13800001234").await;
        let (_invite, browser) = answered(&mut agent).await;
        let seat = stage.until("1001", "/voice/seat", |mine| mine["call"]["state"] == "talking").await;
        let id = seat["call"]["call_id"].as_str().unwrap().to_owned();
        let said = format!("/voice/calls/{id}/phrases");
        assert_eq!(stage.post("1002", &said, &json!({"phrase": "own", "own": own}).to_string()).await.0, 404);
        assert_eq!(stage.post("1001", &said, r#"{"phrase":"own","own":"nix"}"#).await.0, 404);
        let listening = tokio::task::spawn_blocking(move || {
            let mut phone = phone;
            phone.talk(3_500, &Say::Nothing)
        });
        let speaking = tokio::task::spawn_blocking(move || {
            let mut browser = browser;
            browser.talk(3_500, &Say::Nothing);
        });
        assert_eq!(stage.post("1001", &said, &json!({"phrase": "own", "own": own}).to_string()).await.0, 202);
        let heard = listening.await.unwrap();
        speaking.await.unwrap();
        assert!(heard.chunks(1_600).any(|part| amplitude(part, 1_300.0) > 0.15), "the citizen hears it");
        let has_step = |call: &serde_json::Value| {
            call["events"]
                .as_array()
                .unwrap()
                .iter()
                .any(|s| s["kind"] == "said" && s["detail"] == "材料 说明")
        };
        stage.until("leader", &format!("/voice/calls/{id}"), has_step).await;
        assert_eq!(trunk.within("BYE", "", "").await, 200);
        assert_eq!(stage.delete("1002", &one).await.0, 404);
        assert_eq!(stage.delete("1001", &one).await.0, 204);
        assert_eq!(stage.get("1001", "/voice/own-phrases").await.1, json!([]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn own_phrases_stay_few_and_leave_nothing_on_the_disk() {
    on_both_grounds(async |ground| {
        let stage = Stage::new(&ground).await;
        let path = "/voice/own-phrases?title=papers";
        for _ in 0..28 {
            assert_eq!(stage.upload("1001", path, wav(1_300, 1)).await.0, 201);
        }
        let many = (0..6).map(|_| stage.upload("1001", path, wav(1_300, 1)));
        let codes: Vec<u16> =
            futures::future::join_all(many).await.into_iter().map(|(code, _)| code).collect();
        assert_eq!(codes.iter().filter(|code| **code == 201).count(), 2, "{codes:?}");
        let files = async || -> Vec<String> {
            let files = sqlx::query_scalar("select file from voice_own_phrase");
            files.fetch_all(stage.kit.db.reader()).await.unwrap()
        };
        let before = files().await;
        assert_eq!(before.len(), 30);
        let (_, mine) = stage.get("1001", "/voice/own-phrases").await;
        let one = format!("/voice/own-phrases/{}", mine[0]["id"].as_str().unwrap());
        assert_eq!(stage.delete("1001", &one).await.0, 204);
        let after = files().await;
        let gone = before.iter().find(|file| !after.contains(file)).unwrap();
        assert!(stage.kit.blobs.open(gone).await.is_err(), "the sound goes with its row");
        assert_eq!(stage.upload("1001", path, wav(1_300, 1)).await.0, 201, "there is room again");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_city_asks_its_own_questions_in_the_summary_of_a_call() {
    on_both_grounds(async |ground| {
        let stage = Stage::new(&ground).await;
        assert_eq!(stage.get("1001", "/voice/summary-fields").await.1, json!({"fields": [], "version": 0}));
        let fields = json!([
            {"key": "topic", "zh": "主题", "en": "Topic", "kind": "choice", "options": ["水", "电"], "required": true},
            {"key": "again", "zh": "再次来电", "kind": "yes_no"},
        ]);
        let body = json!({"fields": fields, "version": 0}).to_string();
        assert_eq!(stage.put("1001", "/voice/summary-fields", &body).await.0, 403);
        assert_eq!(stage.get("nobody", "/voice/summary-fields").await.0, 403);
        let bad = json!({"fields": [{"key": "x", "zh": "", "kind": "text"}], "version": 0}).to_string();
        assert_eq!(stage.put("9001", "/voice/summary-fields", &bad).await.0, 422);
        let (code, form) = stage.put("9001", "/voice/summary-fields", &body).await;
        assert_eq!((code, form["version"].as_i64()), (200, Some(1)), "{form}");
        assert_eq!(stage.put("9001", "/voice/summary-fields", &body).await.0, 409, "somebody else was first");

        let mut agent = Agent::ready(&stage, "1001").await;
        let (mut trunk, _phone) = caller(&stage, "13800001234").await;
        let (_invite, _browser) = answered(&mut agent).await;
        let seat = stage.until("1001", "/voice/seat", |mine| mine["call"]["state"] == "talking").await;
        let id = seat["call"]["call_id"].as_str().unwrap().to_owned();
        let summary = format!("/voice/calls/{id}/summary");
        for bad in [
            json!({"result": "answered"}),
            json!({"result": "answered", "fields": {"topic": "气"}}),
            json!({"result": "answered", "fields": {"topic": "水", "else": 1}}),
        ] {
            assert_eq!(stage.put("1001", &summary, &bad.to_string()).await.0, 422, "{bad}");
        }
        let good = json!({"result": "answered", "note": "停水", "fields": {"topic": "水", "again": true}});
        let (code, written) = stage.put("1001", &summary, &good.to_string()).await;
        assert_eq!((code, &written["fields"]), (200, &json!({"topic": "水", "again": true})));
        assert_eq!(trunk.within("BYE", "", "").await, 200);
        let list = stage.until("leader", "/voice/calls", |list| list["items"][0]["result"] == "answered").await;
        assert_eq!(list["items"][0]["summary"]["fields"]["topic"], "水");
        // A field that is taken away stays for what was written.
        let fewer = json!({"fields": [fields[1]], "version": 1}).to_string();
        let (_, form) = stage.put("9001", "/voice/summary-fields", &fewer).await;
        assert_eq!((form["fields"][1]["key"].as_str(), form["fields"][1]["active"].as_bool()), (Some("topic"), Some(false)));
        let (code, book) = stage.download("leader", "/voice/calls.xlsx").await;
        assert_eq!((code, &book[..2]), (200, &b"PK"[..]));
        let (_, detail) = stage.get("leader", &format!("/voice/calls/{id}")).await;
        assert_eq!(detail["summary"]["fields"]["again"], true);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_agent_who_releases_by_hand_hears_the_end_and_lets_go() {
    on_both_grounds(async |ground| {
        let stage = Stage::new(&ground).await;
        assert_eq!(
            stage.put("1001", "/voice/seat/release", r#"{"by_hand":true}"#).await.0,
            409,
            "no seat yet"
        );
        let mut agent = Agent::ready(&stage, "1001").await;
        assert_eq!(stage.put("nobody", "/voice/seat/release", r#"{"by_hand":true}"#).await.0, 403);
        assert_eq!(stage.put("1001", "/voice/seat/release", r#"{"by_hand":true}"#).await.0, 204);
        let (mut trunk, _phone) = caller(&stage, "13800001234").await;
        let (invite, browser) = answered(&mut agent).await;
        let seat = stage.until("1001", "/voice/seat", |mine| mine["call"]["state"] == "talking").await;
        let id = seat["call"]["call_id"].as_str().unwrap().to_owned();
        assert_eq!(trunk.within("BYE", "", "").await, 200);
        stage.until("1001", "/voice/seat", |mine| mine["call"]["state"] == "line_open").await;
        assert_eq!(
            stage.get("1001", "/voice/seat").await.1["seat"]["state"],
            "on_call",
            "no writing time yet"
        );
        let heard = tokio::task::spawn_blocking(move || {
            let mut browser = browser;
            browser.talk(1_500, &Say::Nothing)
        });
        let heard = heard.await.unwrap();
        assert!(
            heard.chunks(800).any(|part| amplitude(part, 450.0) > 0.1),
            "the agent hears that it is over"
        );
        tokio::time::sleep(Duration::from_millis(500)).await;
        agent.bye(&invite).await;
        stage.state_until("1001", "wrap_up").await;
        let call =
            stage.until("leader", &format!("/voice/calls/{id}"), |call| call["ended_at"].is_i64()).await;
        assert_eq!(
            (call["result"].as_str(), call["hung_up_by"].as_str()),
            (Some("answered"), Some("citizen"))
        );
        let left = call["events"].as_array().unwrap().iter().find(|s| s["kind"] == "citizen_left").unwrap();
        assert_eq!(call["ended_at"], left["at"], "the talk ended when the citizen hung up");
    })
    .await;
}
