//! Queues, lists, the floor board: over HTTP, and their SQL on both databases.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::collections::BTreeMap;

use acd::Input;
use serde_json::{Value, json};
use testkit::on_both;
use voice::call::record::{Record, TraceRow, VisitRow};
use voice::desk::Joining;
use voice::queue::{MAIN, Queue, QueueDraft};
use voice::sip_port::Place;
use voice::store::{numbers, queues, record, visits};

use crate::support::ground::on_both_grounds;
use crate::support::stage::Stage;
use crate::support::trunk::TrunkCall;

fn draft(name: &str) -> Value {
    json!({
        "name": name, "identity": "12399 英语专线", "numbers": ["12399"], "strategy": "skill_first",
        "skills": {"english": 2}, "general_after_secs": 20, "priority": 1, "capacity": 50, "wrap_up_secs": 10,
        "first_announcement_secs": 0, "announcement_secs": 20, "overflow_after_secs": 60,
        "overflow_unstaffed": false, "overflow_queue": MAIN, "answer_within_secs": 15, "answer_share_pct": 80,
    })
}

fn call(id: &str, caller: &str, called: &str) -> Joining {
    Joining { call_id: id.into(), caller: caller.into(), called: called.into(), ..Joining::default() }
}

async fn sit(stage: &Stage, seat: &str) {
    assert_eq!(stage.post(seat, "/voice/seat", "").await.0, 200);
    stage.voice.desk().phone(seat, Place::Page, true);
    assert_eq!(stage.put(seat, "/voice/seat/state", r#"{"state":"ready"}"#).await.0, 200);
}

fn queue<'a>(board: &'a Value, id: &str) -> &'a Value {
    board["queues"].as_array().unwrap().iter().find(|queue| queue["id"] == id).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_is_made_and_changed_while_calls_wait() {
    on_both_grounds(async |ground| {
        let stage = Stage::new(&ground).await;
        let (code, listed) = stage.get("leader", "/voice/queue-settings").await;
        assert_eq!(
            (code, listed["items"][0]["id"].as_str()),
            (200, Some(MAIN)),
            "there is one from the first day"
        );
        let wrong = draft("").to_string();
        let (code, said) = stage.post("leader", "/voice/queue-settings", &wrong).await;
        assert_eq!((code, said["errors"][0]["field"].as_str()), (422, Some("name")), "{said}");
        assert_eq!(stage.post("1001", "/voice/queue-settings", &draft("英语").to_string()).await.0, 403);
        let (code, made) = stage.post("leader", "/voice/queue-settings", &draft("英语").to_string()).await;
        assert_eq!(code, 201, "{made}");
        let id = made["id"].as_str().unwrap();

        // The dialled number decides, and a general seat does not take the call at once.
        sit(&stage, "1001").await;
        let desk = stage.voice.desk();
        desk.enqueue(call("c1", "13800000001", "12399"));
        let (_, board) = stage.get("leader", "/voice/floor").await;
        assert_eq!(
            queue(&board, id)["waiting"],
            0,
            "no professional seat works, so a general one helps: {board}"
        );
        assert_eq!(board["seats"][0]["queue_id"], id);
        desk.apply(Input::Abandon { call: "c1".into() });

        // A level makes the seat a professional one; with too low a level it is not.
        assert_eq!(
            stage.put("leader", "/voice/seat-skills/s1001", r#"{"levels":{"english":3}}"#).await.0,
            200
        );
        let (_, board) = stage.get("leader", "/voice/floor").await;
        assert_eq!(
            (queue(&board, id)["signed_in"].as_u64(), queue(&board, id)["free"].as_u64()),
            (Some(1), Some(1))
        );
        assert_eq!(
            stage.put("leader", "/voice/seat-skills/s1001", r#"{"levels":{"english":1}}"#).await.0,
            200
        );
        let (_, board) = stage.get("leader", "/voice/floor").await;
        assert_eq!(queue(&board, id)["signed_in"], 0);
        assert_eq!(
            stage.put("leader", "/voice/seat-skills/s1001", r#"{"levels":{"english":10}}"#).await.0,
            422
        );

        // Changed with callers inside; an old version is refused.
        let mut change = draft("外语");
        change["version"] = json!(1);
        change["strategy"] = json!("fixed_order");
        let path = format!("/voice/queue-settings/{id}");
        assert_eq!(stage.put("leader", &path, &change.to_string()).await.0, 200);
        assert_eq!(stage.put("leader", &path, &change.to_string()).await.0, 409);
        let (_, board) = stage.get("leader", "/voice/floor").await;
        assert_eq!(queue(&board, id)["strategy"], "fixed_order");
        let (_, main) = stage.get("leader", "/voice/queue-settings").await;
        let mut retired = main["items"][0].clone();
        retired["active"] = json!(false);
        let path = format!("/voice/queue-settings/{MAIN}");
        assert_eq!(stage.put("leader", &path, &retired.to_string()).await.0, 422, "the last resort stays");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unwanted_caller_is_turned_away_and_an_important_one_goes_before() {
    on_both_grounds(async |ground| {
    let stage = Stage::new(&ground).await;
    let bad = r#"{"kind":"blacklist","number":"+8613900000009","reason":"骚扰","expires_at":null}"#;
    let (code, listed) = stage.post("leader", "/voice/numbers", bad).await;
    assert_eq!((code, listed["number"].as_str()), (201, Some("13900000009")), "{listed}");
    assert_eq!(stage.post("1001", "/voice/numbers", bad).await.0, 403);
    let mut trunk = TrunkCall::new(stage.sip, "13900000009").await;
    let offer =
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8\r\n";
    assert_eq!(trunk.invite(offer).await.0, 603);
    let calls =
        stage.until("leader", "/voice/calls", |calls| calls["items"][0]["result"] == "rejected").await;
    assert_eq!(calls["items"].as_array().unwrap().len(), 1, "noted, and not as a missed call");
    let list =
        stage.until("leader", "/voice/numbers?kind=blacklist", |list| list["items"][0]["hits"] == 1).await;
    let path = format!("/voice/numbers/{}", list["items"][0]["id"].as_str().unwrap());
    assert_eq!(stage.delete("leader", &path).await.0, 204);
    let mut again = TrunkCall::new(stage.sip, "13900000009").await;
    assert_eq!(again.invite(offer).await.0, 200, "off the list, the next call is taken");

    let import = json!({"items": [
        {"kind": "vip", "number": "13700000001", "reason": "人大代表", "expires_at": null},
        {"kind": "vip", "number": "x", "reason": "", "expires_at": null},
    ]});
    let (code, done) = stage.post("leader", "/voice/number-imports", &import.to_string()).await;
    assert_eq!((code, &done["taken"], &done["refused"]), (200, &json!(1), &json!([2])));
    let desk = stage.voice.desk();
    desk.enqueue(call("plain", "13800000001", "12345"));
    desk.enqueue(call("vip", "013700000001", "12345"));
    let (_, board) = stage.get("leader", "/voice/floor").await;
    let callers = queue(&board, MAIN)["callers"].as_array().unwrap().clone();
    let vip = callers.iter().find(|caller| caller["call_id"] == "vip").unwrap();
    assert_eq!((vip["position"].as_u64(), vip["priority"].as_u64()), (Some(1), Some(3)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_sees_the_own_seats_and_decides_on_breaks() {
    on_both_grounds(async |ground| {
        let stage = Stage::new(&ground).await;
        for seat in ["1001", "1002", "1003"] {
            sit(&stage, seat).await;
        }
        let rest = r#"{"state":"break"}"#;
        stage.put("1001", "/voice/seat/state", rest).await;
        let (_, mine) = stage.put("1002", "/voice/seat/state", rest).await;
        assert_eq!(mine["seat"]["state"], "ready", "two of three would be away");
        let (_, load) = stage.get("1002", "/voice/floor/load").await;
        assert_eq!(
            (load["on_break"].as_u64(), load["request"]["approved"].as_bool()),
            (Some(1), Some(false))
        );
        let (_, board) = stage.get("leader", "/voice/floor").await;
        assert_eq!(board["seats"].as_array().unwrap().len(), 3);
        assert!(board["seats"][1]["break_request"].is_object());
        let revision = board["revision"].as_u64().unwrap();

        // Another place's leader sees nothing here, and may decide nothing.
        let (_, nothing) = stage.get("elsewhere", "/voice/floor").await;
        assert_eq!(
            (nothing["seats"].as_array().unwrap().len(), nothing["present"].as_array().unwrap().len()),
            (0, 0)
        );
        let path = "/voice/floor/seats/1002/break";
        assert_eq!(stage.put("elsewhere", path, r#"{"approved":true}"#).await.0, 404);
        assert_eq!(stage.put("1003", path, r#"{"approved":true}"#).await.0, 403);
        assert_eq!(stage.put("leader", path, r#"{"approved":true}"#).await.0, 204);
        assert_eq!(stage.put("leader", path, r#"{"approved":true}"#).await.0, 404, "decided once");
        let (_, changed) = stage.get("leader", &format!("/voice/floor?since={revision}")).await;
        assert_eq!(changed["seats"].as_array().unwrap().len(), 1, "only what changed: {changed}");
        assert_eq!(changed["seats"][0]["state"], "break");
        assert_eq!(changed["present"].as_array().unwrap().len(), 3);

        // Asked for, put off, taken back.
        stage.put("1003", "/voice/seat/state", rest).await;
        let (_, later) = stage.put("1003", "/voice/seat/break", r#"{"minutes":10}"#).await;
        let request = &later["request"];
        assert!(request["wanted_at"].as_i64().unwrap() >= request["asked_at"].as_i64().unwrap() + 599_000);
        let (_, gone) = stage.delete("1003", "/voice/seat/break").await;
        assert!(gone["request"].is_null());

        // A leader sets a state, and signs a seat out.
        assert_eq!(stage.put("leader", "/voice/floor/seats/1003/state", rest).await.0, 204);
        stage.state_until("1003", "break").await;
        assert_eq!(stage.delete("9001", "/voice/floor/seats/1003").await.0, 204);
        let (_, board) = stage.get("leader", "/voice/floor").await;
        assert_eq!(board["present"], json!(["1001", "1002"]));
        assert_eq!(stage.delete("9001", "/voice/floor/seats/9999").await.0, 404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waits_are_counted_and_the_way_of_a_call_is_explained() {
    on_both_grounds(async |ground| {
        let stage = Stage::new(&ground).await;
        let desk = stage.voice.desk();
        desk.enqueue(call("gave-up", "13800000002", "12345"));
        desk.apply(Input::Abandon { call: "gave-up".into() });
        sit(&stage, "1002").await;
        sit(&stage, "1001").await;
        desk.enqueue(call("c1", "13800000001", "12345"));
        let (_, board) = stage.get("leader", "/voice/floor").await;
        let seats = board["seats"].as_array().unwrap();
        let reserved = seats.iter().find(|seat| seat["state"] == "reserved").unwrap();
        let seat = reserved["seat_no"].as_str().unwrap();
        desk.apply(Input::Rung { seat: seat.into(), call: "c1".into() });
        desk.apply(Input::Accepted { seat: seat.into(), call: "c1".into() });
        desk.apply(Input::Ended { call: "c1".into() });
        let (_, board) = stage.get("leader", "/voice/floor").await;
        let hour = &board["hour"];
        assert_eq!(
            (hour["offered"].as_i64(), hour["answered"].as_i64(), hour["abandoned"].as_i64()),
            (Some(2), Some(1), Some(1))
        );
        assert_eq!(
            (hour["connection_pct"].as_f64(), hour["in_time_pct"].as_f64()),
            (Some(50.0), Some(100.0))
        );
        let trace = stage
            .until("leader", "/voice/calls/c1/trace", |trace| {
                trace["items"].as_array().is_some_and(|list| list.len() == 2)
            })
            .await;
        assert_eq!(
            (trace["items"][0]["kind"].as_str(), trace["items"][1]["kind"].as_str()),
            (Some("joined"), Some("chosen"))
        );
        let why = &trace["items"][1]["detail"];
        assert_eq!((why["seat"].as_str(), why["strategy"].as_str()), (Some(seat), Some("longest_idle")));
        assert_eq!(why["candidates"].as_array().unwrap().len(), 2, "who else was free is told: {why}");
        assert_eq!(trace["queues"][MAIN], "综合队列");
        assert_eq!(stage.get("1001", "/voice/calls/c1/trace").await.0, 403);
    })
    .await;
}

#[tokio::test]
async fn queues_levels_and_lists_are_stored() {
    on_both(|site| async move {
        site.migrate("voice", voice::MIGRATIONS).await;
        let (db, ctx) = (&site.kit.db, site.ctx_of("p1"));
        let set = QueueDraft { name: "甲".into(), ..QueueDraft::main(&acd::QueueConfig::new("a".into())) };
        let made = Queue { id: "a".into(), set: set.clone(), version: 1, updated_at: 5 };
        let before = queues::version(db).await.unwrap();
        let mut tx = db.begin().await.unwrap();
        queues::insert(&mut tx, &made).await.unwrap();
        queues::insert(
            &mut tx,
            &Queue { set: QueueDraft { name: "乙".into(), ..set.clone() }, ..made.clone() },
        )
        .await
        .unwrap();
        queues::touch(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(queues::all(db).await.unwrap(), [made], "what is there stays");
        assert_eq!(queues::version(db).await.unwrap(), before + 1);
        let changed = QueueDraft {
            skills: BTreeMap::from([("english".to_owned(), 3)]),
            numbers: vec!["12399".into()],
            overflow_queue: Some("b".into()),
            overflow_after_secs: Some(30),
            ..set
        };
        let mut tx = db.begin().await.unwrap();
        assert!(queues::update(&mut tx, &ctx, "a", &changed, 1).await.unwrap());
        assert!(!queues::update(&mut tx, &ctx, "a", &changed, 1).await.unwrap());
        for levels in [BTreeMap::from([("english".to_owned(), 2)]), BTreeMap::from([("tax".to_owned(), 9)])] {
            queues::set_levels(&mut tx, "s1", &levels).await.unwrap();
        }
        let id = numbers::put(&mut tx, &ctx, "vip", "13800000001", "代表", None).await.unwrap();
        let again =
            numbers::put(&mut tx, &ctx, "vip", "13800000001", "委员", Some(ctx.now.0 + 1_000)).await.unwrap();
        assert_eq!(id, again, "a number is on a list once");
        numbers::count(&mut tx, "vip", "13800000001").await.unwrap();
        numbers::put(&mut tx, &ctx, "blacklist", "13800000001", "骚扰", None).await.unwrap();
        tx.commit().await.unwrap();
        let stored = queues::all(db).await.unwrap().remove(0);
        assert_eq!((stored.set, stored.version), (changed, 2));
        assert_eq!(queues::levels(db).await.unwrap()["s1"], BTreeMap::from([("tax".to_owned(), 9)]));
        let page = numbers::list(db, "vip", Some("委"), None, 10).await.unwrap();
        assert_eq!((page.items.len(), page.items[0].hits), (1, 1));
        assert_eq!(numbers::in_force(db, ctx.now.0).await.unwrap().len(), 2);
        assert_eq!(numbers::in_force(db, ctx.now.0 + 2_000).await.unwrap().len(), 1, "one has run out");
        let mut tx = db.begin().await.unwrap();
        assert!(numbers::remove(&mut tx, &id).await.unwrap());
        assert!(!numbers::remove(&mut tx, &id).await.unwrap());
        tx.commit().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn waits_are_summed_by_minute_and_traces_are_kept_once() {
    on_both(|site| async move {
        site.migrate("voice", voice::MIGRATIONS).await;
        let db = &site.kit.db;
        let visit = |call: &str, left_at: i64, waited_ms: i64, outcome| {
            Record::Visit(VisitRow {
                call_id: call.into(),
                no: 1,
                queue_id: "main".into(),
                joined_at: left_at - waited_ms,
                left_at,
                waited_ms,
                priority: 0,
                outcome,
                seat_no: None,
            })
        };
        let trace = Record::Trace(TraceRow {
            call_id: "c1".into(),
            no: 1,
            at: 60_000,
            kind: "joined",
            detail: r#"{"queue":"main"}"#.into(),
        });
        let records = [
            visit("c1", 60_000, 5_000, "answered"),
            visit("c2", 61_000, 25_000, "answered"),
            visit("c3", 125_000, 40_000, "abandoned"),
            visit("c4", 125_000, 40_000, "overflow"),
            visit("c5", 10, 1, "answered"),
            trace.clone(),
            trace,
        ];
        let mut tx = db.begin().await.unwrap();
        for one in &records {
            record::write(&mut tx, site.kit.now(), one).await.unwrap();
        }
        tx.commit().await.unwrap();
        let mut minutes = visits::minutes(db, 60_000).await.unwrap();
        minutes.sort_by_key(|minute| minute.minute);
        assert_eq!(minutes.len(), 2, "{minutes:?}");
        assert_eq!((minutes[0].minute, minutes[0].calls, minutes[0].in_time), (1, 2, 1));
        assert_eq!((minutes[0].waited_ms, minutes[0].longest_ms), (30_000, 25_000));
        assert_eq!((minutes[1].outcome.as_str(), minutes[1].calls), ("abandoned", 1));
        assert_eq!(visits::trace(db, "c1").await.unwrap().len(), 1);
    })
    .await;
}
