//! Phone book, standard phrases, filed downloads: who may, and what stays.

use crate::calls::caller;
use crate::support::agent::Agent;
use crate::support::ground::on_both_grounds;
use crate::support::stage::Stage;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_phone_book_is_kept_and_searched() {
    on_both_grounds(async |ground| {
        let stage = Stage::new(&ground).await;
        let entry = r#"{"name":"供水公司","number":"0571-8888 0001","kind":"unit","note":"停水"}"#;
        assert_eq!(stage.post("1001", "/voice/phone-book", entry).await.0, 403);
        let (code, made) = stage.post("9001", "/voice/phone-book", entry).await;
        assert_eq!((code, made["number"].as_str()), (201, Some("057188880001")));
        for bad in [
            r#"{"name":"","number":"110","kind":"unit"}"#,
            r#"{"name":"x","number":"sip:a@b","kind":"unit"}"#,
            r#"{"name":"x","number":"110","kind":"friend"}"#,
        ] {
            assert_eq!(stage.post("9001", "/voice/phone-book", bad).await.0, 422, "{bad}");
        }
        let _second = Agent::registered(&stage, "1002").await;
        let (_, found) = stage.get("1001", "/voice/destinations?q=供水").await;
        assert_eq!(found["items"][0]["number"], "057188880001");
        let (_, seats) = stage.get("1001", "/voice/destinations?q=1002").await;
        assert_eq!(
            (seats["items"][0]["kind"].as_str(), seats["items"][0]["free"].as_bool()),
            (Some("seat"), Some(true))
        );
        let path = format!("/voice/phone-book/{}", made["id"].as_str().unwrap());
        let changed = r#"{"name":"自来水公司","number":"96390","kind":"unit"}"#;
        assert_eq!(stage.put("9001", &path, changed).await.1["number"], "96390");
        assert_eq!(stage.delete("1001", &path).await.0, 403);
        assert_eq!(stage.delete("9001", &path).await.0, 204);
        assert_eq!(stage.put("9001", &path, changed).await.0, 404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn standard_phrases_are_kept_and_searched() {
    on_both_grounds(async |ground| {
        let stage = Stage::new(&ground).await;
        for (topic, title) in [("开场", "问候"), ("安抚", "理解"), ("安抚", "致歉")] {
            let body = format!(r#"{{"topic":"{topic}","title":"{title}","body":"您好"}}"#);
            assert_eq!(stage.post("9001", "/voice/standard-phrases", &body).await.0, 201);
        }
        assert_eq!(
            stage.post("9001", "/voice/standard-phrases", r#"{"topic":"","title":"x","body":"y"}"#).await.0,
            422
        );
        let (_, first) = stage.get("1001", "/voice/standard-phrases?q=安抚&limit=1").await;
        let cursor = first["next_cursor"].as_str().unwrap();
        let (_, second) =
            stage.get("1001", &format!("/voice/standard-phrases?q=安抚&limit=1&cursor={cursor}")).await;
        assert_ne!(first["items"][0]["id"], second["items"][0]["id"]);
        assert!(second["next_cursor"].is_null());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_download_is_filed_with_its_reason() {
    on_both_grounds(async |ground| {
        let stage = Stage::new(&ground).await;
        let (mut trunk, _phone) = caller(&stage, "13800001234").await;
        assert_eq!(trunk.within("BYE", "", "").await, 200);
        let calls = stage.until("leader", "/voice/calls", |list| list["items"][0]["ended_at"].is_i64()).await;
        let recording = calls["items"][0]["recording_id"].as_str().unwrap().to_owned();
        let path = format!("/voice/recordings/{recording}/downloads");
        stage
            .until("leader", &format!("/voice/recordings/{recording}/peaks"), |peaks| {
                peaks["left"].is_array()
            })
            .await;
        assert_eq!(stage.post("leader", &path, r#"{"reason":"复核"}"#).await.0, 403);
        assert_eq!(stage.post("9001", &path, r#"{"reason":" "}"#).await.0, 422);
        assert_eq!(stage.post("9001", &path, r#"{"reason":"投诉复核"}"#).await.0, 200);
        let (_, filed) = stage.get("9001", &path).await;
        assert_eq!(filed["items"][0]["reason"], "投诉复核");
        assert!(stage.audit().await.iter().any(|action| action == "call.download"));
    })
    .await;
}
