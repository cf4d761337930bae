//! Telephones on seats' desks: accounts, registration, and calls on them.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod attended;
mod baresip;

use std::time::Duration;

use ::media::codec::Codec;
use ::media::detect::amplitude;
use serde_json::json;
use testkit::on_both;
use voice::store::telephones;

use crate::calls::{caller, port_of, sdp};
use crate::media_plane::phone::{Phone, Say};
use crate::support::agent::Agent;
use crate::support::desk_phone::{DeskPhone, described};
use crate::support::ground::Ground;
use crate::support::stage::Stage;
use crate::support::text::{body, header, status};

const DESK: &str = r#"{"kind":"desk"}"#;

/// A seat that answers on its desk, ready for calls.
async fn ready(stage: &Stage, seat: &str) -> DeskPhone {
    let password = DeskPhone::account(stage, seat).await;
    let mut phone = DeskPhone::over_udp(stage.sip, seat, &password).await;
    assert_eq!(phone.register(60).await, 200);
    take_seat(stage, seat).await;
    phone
}

async fn take_seat(stage: &Stage, seat: &str) {
    assert_eq!(stage.post(seat, "/voice/seat", "").await.0, 200);
    assert_eq!(stage.put(seat, "/voice/seat/telephone", DESK).await.0, 200);
    stage.put(seat, "/voice/seat/state", r#"{"state":"ready"}"#).await;
    stage.until(seat, "/voice/seat", |mine| mine["seat"]["phone"] == true).await;
}

/// Answers a ring with a telephone that hears and speaks.
async fn answered(phone: &mut DeskPhone) -> (String, Phone) {
    let invite = phone.request("INVITE").await;
    let mut handset = Phone::new(Codec::Pcma, Some(101));
    handset.to = ([127, 0, 0, 1], port_of(described(&invite))).into();
    phone.accept(&invite, &sdp(&handset), "").await;
    (invite, handset)
}

async fn talk(left: Phone, right: Phone, ms: u64) -> (Phone, Phone, Vec<i16>, Vec<i16>) {
    let go = |phone: Phone, hz: u16| {
        tokio::task::spawn_blocking(move || {
            let mut phone = phone;
            let heard = phone.talk(ms, &Say::Tone(hz));
            (phone, heard)
        })
    };
    let (left, right) = (go(left, 700), go(right, 1100));
    let ((left, at_left), (right, at_right)) = (left.await.unwrap(), right.await.unwrap());
    (left, right, at_left, at_right)
}

fn tail(heard: &[i16]) -> &[i16] {
    &heard[heard.len().saturating_sub(8000)..]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_call_rings_on_the_desk_and_both_hear_each_other() {
    let stage = Stage::new(&Ground::sqlite()).await;
    let mut desk = ready(&stage, "1001").await;
    let (trunk, citizen) = caller(&stage, "13800001234").await;
    let (invite, handset) = answered(&mut desk).await;
    assert!(header(&invite, "From").unwrap().contains("13800001234"));
    assert!(header(&invite, "Call-Info").is_none(), "nobody asked for an answer by itself");
    assert!(header(&invite, "Call-ID").unwrap().ends_with("@yihao"), "our name and nobody else's");
    let (citizen, handset, at_citizen, at_handset) = talk(citizen, handset, 1_500).await;
    assert!(amplitude(tail(&at_citizen), 1100.0) > 0.2, "the citizen hears the desk");
    assert!(amplitude(tail(&at_handset), 700.0) > 0.2, "the desk hears the citizen");

    // The telephone's own hold key does what the one on screen does.
    let hold = sdp(&handset).replace("a=fmtp:101 0-15", "a=fmtp:101 0-15\r\na=sendonly");
    let answer = desk.within(&invite, "INVITE", "", &hold).await;
    assert_eq!(status(&answer), 200);
    assert!(body(&answer).contains("a=recvonly"));
    stage.until("1001", "/voice/seat", |mine| mine["call"]["held"] == true).await;
    assert_eq!(status(&desk.within(&invite, "INVITE", "", &sdp(&handset)).await), 200);
    stage.until("1001", "/voice/seat", |mine| mine["call"]["held"] == false).await;

    // And the screen's hold works with the telephone.
    let id = header(&invite, "X-Yihao-Call").unwrap().to_owned();
    assert_eq!(stage.put("1001", &format!("/voice/calls/{id}/hold"), "").await.0, 202);
    stage.until("1001", "/voice/seat", |mine| mine["call"]["held"] == true).await;
    let (_, _, at_citizen, _) = talk(citizen, handset, 1_000).await;
    assert!(amplitude(tail(&at_citizen), 1100.0) < 0.02, "on hold the citizen does not hear the desk");

    desk.bye(&invite).await;
    assert!(trunk.ended().await);
    stage.state_until("1001", "wrap_up").await;
    stage
        .until("leader", "/voice/calls", |calls| {
            calls["items"][0]["seat_no"] == "1001" && calls["items"][0]["result"] == "answered"
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_agent_moves_between_desk_and_page_in_mid_shift() {
    let stage = Stage::new(&Ground::sqlite()).await;
    let mut page = Agent::ready(&stage, "1001").await;
    let password = DeskPhone::account(&stage, "1001").await;
    let mut desk = DeskPhone::over_udp(stage.sip, "1001", &password).await;
    assert_eq!(desk.register(60).await, 200);
    let mine = stage.until("1001", "/voice/seat", |mine| mine["telephones"]["desk"] == true).await;
    assert_eq!((&mine["telephones"]["kind"], &mine["telephones"]["page"]), (&json!("page"), &json!(true)));
    let asked = r#"{"kind":"desk","auto_answer":true}"#;
    assert_eq!(stage.put("1001", "/voice/seat/telephone", asked).await.0, 200);

    let (trunk, _citizen) = caller(&stage, "13800001111").await;
    let (invite, _handset) = answered(&mut desk).await;
    assert!(header(&invite, "Call-Info").unwrap().contains("answer-after=0"));
    stage.state_until("1001", "on_call").await;
    desk.bye(&invite).await;
    assert!(trunk.ended().await);
    stage.state_until("1001", "wrap_up").await;
    stage.put("1001", "/voice/seat/telephone", r#"{"kind":"page"}"#).await;
    let id = header(&invite, "X-Yihao-Call").unwrap();
    stage.put("1001", &format!("/voice/calls/{id}/wrap-up"), r#"{"done":true}"#).await;
    stage.put("1001", "/voice/seat/state", r#"{"state":"ready"}"#).await;
    let (_trunk, _citizen) = caller(&stage, "13800002222").await;
    let invite = page.request("INVITE").await;
    assert!(header(&invite, "From").unwrap().contains("13800002222"), "the page rings again");
    // What was chosen is kept beyond the shift.
    assert_eq!(telephones::all(&stage.kit.db).await.unwrap()[0].chosen, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_telephones_transfer_key_hands_the_citizen_over() {
    let stage = Stage::new(&Ground::sqlite()).await;
    let mut desk = ready(&stage, "1001").await;
    let (_trunk, _citizen) = caller(&stage, "13800001234").await;
    let (invite, _handset) = answered(&mut desk).await;
    let mut colleague = Agent::ready(&stage, "1002").await;
    let answer = desk.within(&invite, "REFER", "Refer-To: <sip:1002@yihao>\r\n", "").await;
    assert_eq!(status(&answer), 202);
    for wanted in ["SIP/2.0 100", "SIP/2.0 200"] {
        let notify = desk.request("NOTIFY").await;
        assert!(body(&notify).starts_with(wanted), "{notify}");
        desk.reply(&notify, "200 OK").await;
    }
    let rung = colleague.request("INVITE").await;
    assert!(header(&rung, "From").unwrap().contains("13800001234"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_telephone_behind_a_nat_is_reached_where_it_was_seen() {
    let stage = Stage::new(&Ground::sqlite()).await;
    let password = DeskPhone::account(&stage, "1001").await;
    let mut desk = DeskPhone::over_udp(stage.sip, "1001", &password).await;
    desk.contact = "<sip:1001@10.255.255.1:5060>".to_owned();
    assert_eq!(desk.register(60).await, 200);
    take_seat(&stage, "1001").await;
    let (trunk, _citizen) = caller(&stage, "13800001234").await;
    // The ring, the ACK and the end of the call all come to the address that nobody has told.
    let (_invite, _handset) = answered(&mut desk).await;
    stage.state_until("1001", "on_call").await;
    let id = stage.get("1001", "/voice/seat").await.1["call"]["call_id"].as_str().unwrap().to_owned();
    stage.delete("1001", &format!("/voice/calls/{id}")).await;
    desk.released().await;
    assert!(trunk.ended().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_telephone_that_disappears_gives_the_citizen_back() {
    let stage = Stage::with(&Ground::sqlite(), |config| config.grace_secs = 1).await;
    let mut desk = ready(&stage, "1001").await;
    let (_trunk, citizen) = caller(&stage, "13800001234").await;
    let (_invite, _handset) = answered(&mut desk).await;
    stage.state_until("1001", "on_call").await;
    drop(desk);
    let speaking = tokio::task::spawn_blocking(move || {
        let mut citizen = citizen;
        citizen.talk(24_000, &Say::Tone(700))
    });
    stage
        .until("leader", "/voice/calls", |calls| {
            calls["items"][0]["result"].is_null() && calls["items"][0]["seat_no"] == "1001"
        })
        .await;
    let mut waited = false;
    for _ in 0..260 {
        let (_, queues) = stage.get("leader", "/voice/queues").await;
        waited = queues["queue"]["waiting"] == 1;
        if waited {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(waited, "the citizen is back in the queue");
    speaking.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn accounts_are_made_reset_and_taken_away() {
    let stage = Stage::new(&Ground::sqlite()).await;
    let password = DeskPhone::account(&stage, "1001").await;
    let mut desk = DeskPhone::over_udp(stage.sip, "1001", &password).await;
    let answer = desk.registration(60).await;
    assert_eq!(status(&answer), 200);
    assert!(header(&answer, "Contact").unwrap().contains("expires=60"));
    let listed =
        stage.until("leader", "/voice/telephones", |list| list["items"][0]["registered"] == true).await;
    let row = &listed["items"][0];
    assert_eq!(row["bindings"][0]["user_agent"], "Tischtelefon 7");
    assert_eq!(row["bindings"][0]["address"], desk.local.to_string());
    assert!(!listed.to_string().contains(&password), "the password is shown once");
    let stored = telephones::all(&stage.kit.db).await.unwrap();
    assert!(!stored[0].ha1.contains(&password) && stored[0].ha1.len() == 32);

    // A second account for the same seat would void the first one's password.
    let again = stage.post("leader", "/voice/telephones", r#"{"seat_ids":["s1001"]}"#).await;
    assert_eq!((again.0, again.1["left_out"][0].as_str()), (201, Some("s1001")));

    let (code, fresh) = stage.put("leader", "/voice/telephones/s1001/password", "").await;
    assert_eq!(code, 200);
    stage.until("leader", "/voice/telephones", |list| list["items"][0]["registered"] == false).await;
    assert_eq!(desk.register(60).await, 401, "the old password opens nothing any more");
    let mut desk = DeskPhone::over_udp(stage.sip, "1001", fresh["password"].as_str().unwrap()).await;
    assert_eq!(desk.register(60).await, 200);
    assert_eq!(desk.register(5).await, 423);
    assert_eq!(desk.register(0).await, 200);
    stage
        .until("leader", "/voice/telephones?state=lost", |list| list["items"].as_array().unwrap().len() == 1)
        .await;

    take_seat_on_page(&stage).await;
    assert_eq!(stage.put("1001", "/voice/seat/telephone", DESK).await.0, 200);
    assert_eq!(stage.delete("leader", "/voice/telephones/s1001").await.0, 204);
    let (_, mine) = stage.get("1001", "/voice/seat").await;
    assert_eq!(mine["telephones"]["kind"], "page", "a seat without a desk telephone answers on its page");
    let (code, problem) = stage.put("1001", "/voice/seat/telephone", DESK).await;
    assert_eq!((code, problem["code"].as_str()), (409, Some("voice.no_telephone")));
    let log = stage.audit().await;
    for action in ["telephone.create", "telephone.password", "telephone.choose", "telephone.delete"] {
        assert!(log.iter().any(|line| line == action), "{action}: {log:?}");
    }
}

async fn take_seat_on_page(stage: &Stage) {
    assert_eq!(stage.post("1001", "/voice/seat", "").await.0, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_else_sees_or_changes_telephones_and_trunks() {
    let stage = Stage::new(&Ground::sqlite()).await;
    for (method, path) in [
        ("GET", "/voice/telephones"),
        ("GET", "/voice/telephones.xlsx"),
        ("GET", "/voice/telephone-settings"),
        ("POST", "/voice/telephones"),
        ("PUT", "/voice/telephones/s1001/password"),
        ("DELETE", "/voice/telephones/s1001"),
        ("GET", "/voice/trunks"),
        ("GET", "/voice/trunks.xlsx"),
    ] {
        for person in ["1001", "nobody"] {
            let body = r#"{"seat_ids":["s1001"]}"#;
            let (code, _) = match method {
                "GET" => stage.get(person, path).await,
                "POST" => stage.post(person, path, body).await,
                "PUT" => stage.put(person, path, body).await,
                _ => stage.delete(person, path).await,
            };
            assert_eq!(code, 403, "{method} {path} by {person}");
        }
    }
    assert_eq!(stage.put("nobody", "/voice/seat/telephone", DESK).await.0, 403);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_strangers_registration_and_a_seats_password_in_the_wrong_place_fail() {
    let stage = Stage::new(&Ground::sqlite()).await;
    let password = DeskPhone::account(&stage, "1001").await;
    let mut other = DeskPhone::over_udp(stage.sip, "1002", &password).await;
    assert_eq!(other.register(60).await, 401, "a password opens its own seat only");
    let mut guess = DeskPhone::over_udp(stage.sip, "1001", "guess").await;
    assert_eq!(guess.register(60).await, 401);
    // What the page registers with is no use on the desk.
    assert_eq!(stage.post("1001", "/voice/seat", "").await.0, 200);
    let (_, page) = stage.post("1001", "/voice/registration", "").await;
    let mut desk = DeskPhone::over_udp(stage.sip, "1001", page["password"].as_str().unwrap()).await;
    assert_eq!(desk.register(60).await, 401);
}

#[tokio::test]
async fn accounts_on_both_databases() {
    on_both(|site| async move {
        site.migrate("voice", voice::MIGRATIONS).await;
        let ctx = kernel::Ctx::system("test", site.kit.now());
        let db = &site.kit.db;
        let mut tx = db.begin().await.unwrap();
        assert!(telephones::insert(&mut tx, &ctx, ("s1", "1001"), "a", "窗口").await.unwrap());
        assert!(!telephones::insert(&mut tx, &ctx, ("s1", "1001"), "b", "").await.unwrap());
        assert!(!telephones::insert(&mut tx, &ctx, ("s9", "1001"), "b", "").await.unwrap());
        assert!(telephones::choose(&mut tx, "1001", true, true).await.unwrap());
        assert!(!telephones::choose(&mut tx, "1002", true, true).await.unwrap());
        assert!(telephones::set_password(&mut tx, &ctx, "s1", "c").await.unwrap());
        tx.commit().await.unwrap();
        let all = telephones::all(db).await.unwrap();
        assert_eq!(all.len(), 1);
        assert_eq!((all[0].ha1.as_str(), all[0].chosen, all[0].auto_answer), ("c", 1, 1));
        assert_eq!(all[0].note, "窗口");
        let mut tx = db.begin().await.unwrap();
        assert!(telephones::remove(&mut tx, "s1").await.unwrap());
        assert!(!telephones::remove(&mut tx, "s1").await.unwrap());
        tx.commit().await.unwrap();
    })
    .await;
}
