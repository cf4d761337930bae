//! Telephones that dial by their own keypad, ask somebody on a second line, and transfer one line to the other.

use ::media::codec::Codec;
use ::media::detect::amplitude;

use super::{answered, ready, tail, talk};
use crate::calls::{answered as page_answered, caller, port_of, sdp};
use crate::media_plane::phone::{Phone, Say};
use crate::support::agent::Agent;
use crate::support::desk_phone::{DeskPhone, Line, refer_to, replaces, tag};
use crate::support::ground::Ground;
use crate::support::outside::Outside;
use crate::support::stage::Stage;
use crate::support::text::{body, header, status};
use crate::support::trunk::TrunkCall;

async fn stage_with_line() -> (Stage, Outside) {
    let outside = Outside::new().await;
    let address = outside.address().to_string();
    let stage = Stage::with(&Ground::sqlite(), |config| config.trunks[0].outbound = Some(address)).await;
    (stage, outside)
}

/// A handset, and its description.
fn handset() -> (Phone, String) {
    let phone = Phone::new(Codec::Pcma, Some(101));
    let described = sdp(&phone);
    (phone, described)
}

fn held(phone: &Phone) -> String {
    sdp(phone).replace("a=fmtp:101 0-15", "a=fmtp:101 0-15\r\na=sendonly")
}

/// The telephone is told how its transfer went.
async fn told(desk: &mut DeskPhone, wanted: &[&str]) {
    for wanted in wanted {
        let notify = desk.request("NOTIFY").await;
        assert!(body(&notify).starts_with(wanted), "{notify}");
        desk.reply(&notify, "200 OK").await;
    }
}

/// The house hangs up both lines.
async fn both_released(desk: &mut DeskPhone) {
    for _ in 0..2 {
        desk.released().await;
    }
}

/// The desk has the citizen on hold and 1002 on its second line.
async fn asking(
    stage: &Stage,
    desk: &mut DeskPhone,
    invite: &str,
    first: &Phone,
) -> (Line, Phone, Agent, Phone2) {
    let mut colleague = Agent::ready(stage, "1002").await;
    assert_eq!(status(&desk.within(invite, "INVITE", "", &held(first)).await), 200);
    stage.until("1001", "/voice/seat", |mine| mine["call"]["held"] == true).await;
    let (mut second, described) = handset();
    let (answer, line) = desk.dial("1002", &described, "").await;
    assert_eq!(status(&answer), 200, "{answer}");
    second.to = ([127, 0, 0, 1], port_of(body(&answer))).into();
    let (rung, browser) = page_answered(&mut colleague).await;
    stage.until("1001", "/voice/seat", |mine| mine["call"]["state"] == "consulting").await;
    (line, second, colleague, Phone2 { rung, browser })
}

/// The colleague's end.
struct Phone2 {
    rung: String,
    browser: crate::media_plane::browser::Browser,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_telephone_dials_a_number_by_its_own_keypad() {
    let (stage, mut outside) = stage_with_line().await;
    let mut desk = ready(&stage, "1001").await;
    let (mut phone, described) = handset();
    let (answer, mut line) = desk.dial("13900001111", &described, "").await;
    assert_eq!(status(&answer), 200, "{answer}");
    phone.to = ([127, 0, 0, 1], port_of(body(&answer))).into();
    let rung = outside.request("INVITE").await;
    assert!(rung.starts_with("INVITE sip:13900001111@"), "{rung}");
    let mut citizen = Phone::new(Codec::Pcma, Some(101));
    citizen.to = ([127, 0, 0, 1], port_of(body(&rung))).into();
    outside.accept(&rung, &sdp(&citizen)).await;
    let (_, _, at_desk, at_citizen) = talk(phone, citizen, 1_500).await;
    assert!(amplitude(tail(&at_desk), 1100.0) > 0.2, "the desk hears the citizen");
    assert!(amplitude(tail(&at_citizen), 700.0) > 0.2, "the citizen hears the desk");
    stage.state_until("1001", "on_call").await;
    assert_eq!(status(&desk.on(&mut line, "BYE", "", "").await), 200);
    outside.request("BYE").await;
    stage
        .until("leader", "/voice/calls", |calls| {
            let call = &calls["items"][0];
            call["direction"] == "out"
                && call["called"] == "13900001111"
                && call["seat_no"] == "1001"
                && call["result"] == "answered"
        })
        .await;
    assert!(stage.audit().await.iter().any(|line| line == "call.dial"), "who dialled is kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_telephone_dials_only_what_its_person_may_and_only_as_itself() {
    let (stage, _outside) = stage_with_line().await;
    let (_, described) = handset();
    // Nobody sits at the seat.
    let password = DeskPhone::account(&stage, "1001").await;
    let mut desk = DeskPhone::over_udp(stage.sip, "1001", &password).await;
    assert_eq!(desk.register(60).await, 200);
    assert_eq!(status(&desk.dial("13900001111", &described, "").await.0), 403);
    super::take_seat(&stage, "1001").await;
    for (number, code) in [("1001", 403), ("1009x", 404)] {
        assert_eq!(status(&desk.dial(number, &described, "").await.0), code, "{number}");
    }
    // The person at 9001 may not call outside.
    let mut other = ready(&stage, "9001").await;
    assert_eq!(status(&other.dial("13900001111", &described, "").await.0), 403);
    // A telephone that is registered proves who it is with every call.
    desk.mistake_password();
    assert_eq!(status(&desk.dial("13900001111", &described, "").await.0), 401);
    assert_eq!(stage.voice.desk().call_count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_right_that_is_taken_away_ends_with_the_telephone_too() {
    let (stage, _outside) = stage_with_line().await;
    let mut desk = ready(&stage, "1001").await;
    let (_trunk, _citizen) = caller(&stage, "13800001234").await;
    let (invite, _first) = answered(&mut desk).await;
    stage.state_until("1001", "on_call").await;
    let (_, described) = handset();
    stage.take_right("1001", "call.dial");
    assert_eq!(status(&desk.dial("13900001111", &described, "").await.0), 403);
    let to = "Refer-To: <sip:13900001111@yihao>\r\n";
    assert_eq!(status(&desk.within(&invite, "REFER", to, "").await), 202);
    told(&mut desk, &["SIP/2.0 100", "SIP/2.0 403"]).await;
    assert_eq!(status(&desk.dial("1009x", &described, "").await.0), 404, "it may still ask somebody");
    stage.take_right("1001", "call.answer");
    assert_eq!(status(&desk.dial("1002", &described, "").await.0), 403);
    // What the telephone names is neither called nor written down as it is.
    let to = "Refer-To: <sip:1002%00@yihao>\r\n";
    assert_eq!(status(&desk.within(&invite, "REFER", to, "").await), 400);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_telephone_transfers_the_citizen_to_whom_it_asked_on_its_second_line() {
    let (stage, _outside) = stage_with_line().await;
    let mut desk = ready(&stage, "1001").await;
    let (_trunk, citizen) = caller(&stage, "13800001234").await;
    let (invite, first) = answered(&mut desk).await;
    stage.state_until("1001", "on_call").await;
    let (line, second, _colleague, other) = asking(&stage, &mut desk, &invite, &first).await;

    // The desk and the colleague talk; the citizen hears neither.
    let mut browser = other.browser;
    let theirs = tokio::task::spawn_blocking(move || {
        let heard = browser.talk(1_500, &Say::Tone(1_700));
        (browser, heard)
    });
    let (citizen, _second, at_citizen, at_desk) = talk(citizen, second, 1_500).await;
    let (browser, at_colleague) = theirs.await.unwrap();
    assert!(amplitude(tail(&at_desk), 1_700.0) > 0.1, "the desk hears the colleague");
    assert!(amplitude(tail(&at_colleague), 1_100.0) > 0.1, "the colleague hears the desk");
    assert!(amplitude(tail(&at_citizen), 1_100.0) < 0.02, "the citizen does not");
    assert!(amplitude(tail(&at_colleague), 700.0) < 0.02, "nor is the citizen heard");

    let to = refer_to("1002", &line.replaces());
    assert_eq!(status(&desk.within(&invite, "REFER", &to, "").await), 202);
    told(&mut desk, &["SIP/2.0 100", "SIP/2.0 200"]).await;
    both_released(&mut desk).await;
    stage.until("1002", "/voice/seat", |mine| mine["call"]["state"] == "talking").await;
    stage.state_until("1001", "wrap_up").await;
    let mut browser = browser;
    let theirs = tokio::task::spawn_blocking(move || browser.talk(1_500, &Say::Tone(1_700)));
    let mut citizen = citizen;
    let ours = tokio::task::spawn_blocking(move || citizen.talk(1_500, &Say::Tone(700)));
    assert!(amplitude(tail(&ours.await.unwrap()), 1_700.0) > 0.1, "the citizen hears the colleague");
    assert!(amplitude(tail(&theirs.await.unwrap()), 700.0) > 0.1, "and is heard");
    assert!(header(&other.rung, "X-Yihao-Call").is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_second_line_that_is_hung_up_brings_the_citizen_back() {
    let (stage, _outside) = stage_with_line().await;
    let mut desk = ready(&stage, "1001").await;
    let (_trunk, citizen) = caller(&stage, "13800001234").await;
    let (invite, first) = answered(&mut desk).await;
    stage.state_until("1001", "on_call").await;
    let (mut line, _second, mut colleague, _other) = asking(&stage, &mut desk, &invite, &first).await;
    assert_eq!(status(&desk.on(&mut line, "BYE", "", "").await), 200);
    colleague.released().await;
    stage.until("1001", "/voice/seat", |mine| mine["call"]["state"] == "held").await;
    assert_eq!(status(&desk.within(&invite, "INVITE", "", &sdp(&first)).await), 200);
    stage.until("1001", "/voice/seat", |mine| mine["call"]["state"] == "talking").await;
    let (_, _, at_citizen, at_desk) = talk(citizen, first, 1_500).await;
    assert!(amplitude(tail(&at_citizen), 1100.0) > 0.2, "the citizen hears the desk again");
    assert!(amplitude(tail(&at_desk), 700.0) > 0.2, "and is heard");
    desk.bye(&invite).await;
    stage.state_until("1001", "wrap_up").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn only_lines_of_the_own_telephone_are_transferred() {
    let (stage, _outside) = stage_with_line().await;
    let mut desk = ready(&stage, "1001").await;
    let mut other = ready(&stage, "1002").await;
    let (trunk, _citizen) = caller(&stage, "13800001234").await;
    let (invite, mut desk, mut other) = {
        // Whoever is rung first takes the call.
        let seat = stage.until("leader", "/voice/floor", |board| {
            board["seats"].as_array().is_some_and(|seats| {
                seats.iter().any(|seat| seat["state"] == "ringing" || seat["state"] == "reserved")
            })
        });
        let board = seat.await;
        let rung =
            board["seats"].as_array().unwrap().iter().find(|seat| seat["call_id"].is_string()).unwrap();
        if rung["seat_no"] == "1002" {
            std::mem::swap(&mut desk, &mut other);
        }
        (answered(&mut desk).await.0, desk, other)
    };
    let (call_id, ours, theirs) =
        (header(&invite, "Call-ID").unwrap(), tag(header(&invite, "From").unwrap()), "desk");
    // One that is not there, and the line itself.
    for named in [replaces("nothing", "a", "b"), replaces(call_id, ours, theirs)] {
        assert_eq!(status(&desk.within(&invite, "REFER", &refer_to("1002", &named), "").await), 202);
        told(&mut desk, &["SIP/2.0 100", "SIP/2.0 481"]).await;
    }
    let bad = "Refer-To: <sip:1002@yihao?Replaces=nothing>\r\n";
    assert_eq!(status(&desk.within(&invite, "REFER", bad, "").await), 400);
    // Another seat's telephone does not get the conversation, nor does a trunk.
    let (_, described) = handset();
    let theirs = format!("Replaces: {}\r\n", replaces(call_id, ours, theirs));
    assert_eq!(status(&other.dial("1001", &described, &theirs).await.0), 481);
    let twice = format!("{theirs}{theirs}");
    assert_eq!(status(&other.dial("1001", &described, &twice).await.0), 400);
    let mut stranger = TrunkCall::new(stage.sip, "13800005678").await;
    assert_eq!(stranger.offer_with(&described, &theirs).await.0, 403);
    desk.bye(&invite).await;
    assert!(trunk.ended().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn another_telephone_of_the_seat_takes_the_conversation_over() {
    let (stage, _outside) = stage_with_line().await;
    let password = DeskPhone::account(&stage, "1001").await;
    let mut second = DeskPhone::over_udp(stage.sip, "1001", &password).await;
    assert_eq!(second.register(60).await, 200);
    let mut first = DeskPhone::over_udp(stage.sip, "1001", &password).await;
    assert_eq!(first.register(60).await, 200);
    super::take_seat(&stage, "1001").await;
    let (trunk, citizen) = caller(&stage, "13800001234").await;
    let (invite, _handset) = answered(&mut first).await;
    stage.state_until("1001", "on_call").await;
    let named = replaces(header(&invite, "Call-ID").unwrap(), tag(header(&invite, "From").unwrap()), "desk");
    let (mut phone, described) = handset();
    let early = format!("Require: replaces\r\nReplaces: {named};early-only\r\n");
    assert_eq!(status(&second.dial("1001", &described, &early).await.0), 486);
    let (answer, mut line) =
        second.dial("1001", &described, &format!("Require: replaces\r\nReplaces: {named}\r\n")).await;
    assert_eq!(status(&answer), 200, "{answer}");
    first.released().await;
    phone.to = ([127, 0, 0, 1], port_of(body(&answer))).into();
    let (_, _, at_citizen, at_phone) = talk(citizen, phone, 1_500).await;
    assert!(amplitude(tail(&at_citizen), 1100.0) > 0.2, "the citizen hears the second telephone");
    assert!(amplitude(tail(&at_phone), 700.0) > 0.2, "and is heard there");
    stage.until("1001", "/voice/seat", |mine| mine["call"]["state"] == "talking").await;
    assert_eq!(status(&second.on(&mut line, "BYE", "", "").await), 200);
    assert!(trunk.ended().await);
}
