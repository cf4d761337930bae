//! Whole calls: a carrier's trunk on one side, an agent's page on the other.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::time::Duration;

use ::media::codec::Codec;
use ::media::detect::amplitude;

use crate::media_plane::browser::Browser;
use crate::media_plane::phone::{Phone, Say};
use crate::support::agent::Agent;
use crate::support::ground::{Ground, on_both_grounds};
use crate::support::stage::Stage;
use crate::support::text::{body, header};
use crate::support::trunk::TrunkCall;

pub fn sdp(phone: &Phone) -> String {
    let at = phone.address();
    format!(
        "v=0\r\no=- 1 1 IN IP4 {ip}\r\ns=-\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {} RTP/AVP 8 0 101\r\n\
         a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n",
        at.port(),
        ip = at.ip(),
    )
}

pub fn port_of(answer: &str) -> u16 {
    answer.split("m=audio ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap()
}

/// A caller who has been answered.
pub async fn caller(stage: &Stage, number: &str) -> (TrunkCall, Phone) {
    let mut phone = Phone::new(Codec::Pcma, Some(101));
    let mut trunk = TrunkCall::new(stage.sip, number).await;
    let (code, answer) = trunk.invite(&sdp(&phone)).await;
    assert_eq!(code, 200);
    phone.to = ([127, 0, 0, 1], port_of(&answer)).into();
    (trunk, phone)
}

/// Lets both sides talk at the same time, each on a thread of its own.
async fn talk(
    phone: Phone,
    browser: Browser,
    ms: u64,
    says: (Say, Say),
) -> (Phone, Browser, Vec<i16>, Vec<i16>) {
    let left = tokio::task::spawn_blocking(move || {
        let mut phone = phone;
        let heard = phone.talk(ms, &says.0);
        (phone, heard)
    });
    let right = tokio::task::spawn_blocking(move || {
        let mut browser = browser;
        let heard = browser.talk(ms, &says.1);
        (browser, heard)
    });
    let ((phone, at_phone), (browser, at_browser)) = (left.await.unwrap(), right.await.unwrap());
    (phone, browser, at_phone, at_browser)
}

/// Rings an agent, answers, and connects the browser.
pub async fn answered(agent: &mut Agent) -> (String, Browser) {
    let invite = agent.request("INVITE").await;
    let mut browser = Browser::new();
    let answer = browser.answer(body(&invite));
    agent.accept(&invite, &answer).await;
    let browser = tokio::task::spawn_blocking(move || {
        browser.connect();
        browser
    })
    .await
    .unwrap();
    (invite, browser)
}

fn tail(heard: &[i16]) -> &[i16] {
    &heard[heard.len().saturating_sub(8000)..]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_trunk_call_reaches_an_agent_and_both_hear_each_other() {
    on_both_grounds(async |ground| {
        let stage = Stage::new(&ground).await;
        let mut pushes = stage.kit.hub.listen();
        let mut agent = Agent::ready(&stage, "1001").await;
        let (mut trunk, phone) = caller(&stage, "13800001234").await;
        let (invite, browser) = answered(&mut agent).await;
        assert!(header(&invite, "From").unwrap().contains("13800001234"));

        // The screen popped, and before the telephone rang.
        let mut offer = None;
        while let Ok(push) = pushes.try_recv() {
            if &*push.name == "voice.offer" {
                offer = Some(serde_json::from_str::<serde_json::Value>(&push.data).unwrap());
            }
        }
        let offer = offer.expect("the screen popped");
        assert_eq!(offer["caller"], "13800001234");
        assert_eq!(header(&invite, "X-Yihao-Call").unwrap(), offer["call_id"]);
        let id = offer["call_id"].as_str().unwrap().to_owned();

        let (phone, browser, at_phone, at_browser) =
            talk(phone, browser, 2_000, (Say::Tone(700), Say::Tone(1100))).await;
        assert!(amplitude(tail(&at_phone), 1100.0) > 0.2, "the citizen hears the agent");
        assert!(amplitude(tail(&at_browser), 700.0) > 0.2, "the agent hears the citizen");

        // Hold and resume.
        assert_eq!(stage.put("1001", &format!("/voice/calls/{id}/hold"), "").await.0, 202);
        stage.until("1001", "/voice/seat", |mine| mine["call"]["held"] == true).await;
        let (phone, browser, at_phone, at_browser) =
            talk(phone, browser, 1_500, (Say::Tone(700), Say::Tone(1100))).await;
        assert!(amplitude(tail(&at_phone), 1100.0) < 0.02, "on hold the citizen does not hear the agent");
        assert!(amplitude(tail(&at_browser), 700.0) < 0.02, "nor the agent the citizen");
        assert_eq!(stage.delete("1001", &format!("/voice/calls/{id}/hold")).await.0, 202);
        stage.until("1001", "/voice/seat", |mine| mine["call"]["held"] == false).await;

        // Digits, as events and as INFO.
        let (phone, browser, at_phone, _) =
            talk(phone, browser, 1_500, (Say::Events("42"), Say::Tone(1100))).await;
        assert!(amplitude(tail(&at_phone), 1100.0) > 0.2, "after the hold they talk again");
        assert_eq!(trunk.within("INFO", "application/dtmf-relay", "Signal=9\r\nDuration=100\r\n").await, 200);
        drop((phone, browser));

        // The agent hangs up.
        agent.bye(&invite).await;
        assert!(trunk.ended().await);
        stage.state_until("1001", "wrap_up").await;
        assert_eq!(stage.put("1001", &format!("/voice/calls/{id}/wrap-up"), r#"{"done":true}"#).await.0, 200);
        stage.state_until("1001", "ready").await;

        let detail =
            stage.until("leader", &format!("/voice/calls/{id}"), |call| call["result"] == "answered").await;
        let kinds: Vec<String> = detail["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| {
                format!("{} {}", e["kind"].as_str().unwrap(), e["detail"].as_str().unwrap()).trim().to_owned()
            })
            .collect();
        for wanted in [
            "queued",
            "offered 1001",
            "answered 1001",
            "held",
            "resumed",
            "digit citizen 4",
            "digit citizen 2",
            "digit citizen 9",
            "hung_up agent",
        ] {
            assert!(kinds.iter().any(|kind| kind == wanted), "{wanted} not in {kinds:?}");
        }
        assert_eq!(detail["agent_id"], "p1001");

        // Both channels are in the recording.
        let recording = detail["recording_id"].as_str().unwrap().to_owned();
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        let (code, wav) = stage.audio("leader", &recording, None).await;
        assert_eq!(code, 200);
        let samples: Vec<i16> = wav[44..].chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
        let left: Vec<i16> = samples.iter().step_by(2).copied().collect();
        let right: Vec<i16> = samples.iter().skip(1).step_by(2).copied().collect();
        let loudest =
            |side: &[i16], hz: f64| side.chunks(4000).map(|part| amplitude(part, hz)).fold(0.0, f64::max);
        assert!(loudest(&left, 700.0) > 0.2, "the citizen is on the left");
        assert!(loudest(&right, 1100.0) > 0.2, "the agent is on the right");
        assert!(loudest(&left, 1100.0) < 0.05, "and only there");
        let (code, part) = stage.audio("leader", &recording, Some("bytes=44-143")).await;
        assert_eq!((code, part.as_slice()), (206, &wav[44..144]));
        assert_eq!(stage.audio("nobody", &recording, None).await.0, 404);
        assert_eq!(stage.voice.stack().load(), (0, 0), "no leg and no dialog is left");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_caller_who_gives_up_is_a_missed_call_and_the_agent_stops_ringing() {
    on_both_grounds(async |ground| {
        let stage = Stage::new(&ground).await;
        let mut agent = Agent::ready(&stage, "1001").await;
        let (mut trunk, _phone) = caller(&stage, "13800005678").await;
        let invite = agent.request("INVITE").await;
        agent.ring(&invite).await;
        assert_eq!(trunk.within("BYE", "", "").await, 200);
        let cancel = agent.request("CANCEL").await;
        agent.reply(&cancel, "200 OK").await;
        agent.reply(&invite, "487 Request Terminated").await;
        stage.state_until("1001", "ready").await;
        let missed = stage
            .until("leader", "/voice/missed-calls", |list| {
                list["items"].as_array().is_some_and(|l| !l.is_empty())
            })
            .await;
        let id = missed["items"][0]["id"].as_str().unwrap().to_owned();
        assert_eq!(missed["items"][0]["caller"], "13800005678");
        let (_, masked) = stage.get("masked", "/voice/missed-calls").await;
        assert_eq!(masked["items"][0]["caller"], "138****5678");
        let path = format!("/voice/missed-calls/{id}");
        assert_eq!(stage.put("leader", &path, r#"{"handled_note":""}"#).await.0, 422);
        assert_eq!(stage.put("leader", &path, r#"{"handled_note":"已回电"}"#).await.0, 204);
        assert_eq!(stage.put("leader", &path, r#"{"handled_note":"再次"}"#).await.0, 409);
        let (_, open) = stage.get("leader", "/voice/missed-calls?open=true").await;
        assert!(open["items"].as_array().unwrap().is_empty());
        for _ in 0..100 {
            if stage.voice.stack().load() == (0, 0) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("legs were left: {:?}", stage.voice.stack().load());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lost_page_gets_its_call_back_when_it_is_reloaded() {
    on_both_grounds(async |ground| {
        let stage = Stage::new(&ground).await;
        let mut agent = Agent::ready(&stage, "1001").await;
        let (mut trunk, phone) = caller(&stage, "13900001111").await;
        let (_, browser) = answered(&mut agent).await;
        drop(browser);
        agent.reload(&stage).await;
        let (_, browser) = answered(&mut agent).await;
        stage.until("1001", "/voice/seat", |mine| mine["call"]["state"] == "talking").await;
        let (_, _, at_phone, at_browser) =
            talk(phone, browser, 2_000, (Say::Tone(700), Say::Tone(1100))).await;
        assert!(amplitude(tail(&at_phone), 1100.0) > 0.2);
        assert!(amplitude(tail(&at_browser), 700.0) > 0.2);
        assert_eq!(trunk.within("BYE", "", "").await, 200);
        agent.request("BYE").await;
        let calls = stage
            .until("leader", "/voice/calls?result=answered", |list| {
                list["items"].as_array().is_some_and(|l| !l.is_empty())
            })
            .await;
        let id = calls["items"][0]["id"].as_str().unwrap();
        let (_, detail) = stage.get("leader", &format!("/voice/calls/{id}")).await;
        let kinds: Vec<_> =
            detail["events"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
        assert!(kinds.contains(&"agent_lost") && kinds.contains(&"agent_back"), "{kinds:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_page_that_stays_away_sends_the_citizen_to_the_next_agent() {
    on_both_grounds(async |ground| {
        let stage = Stage::with(&ground, |config| config.grace_secs = 1).await;
        let mut first = Agent::ready(&stage, "1001").await;
        let (_trunk, _phone) = caller(&stage, "13900002222").await;
        let (_, _browser) = answered(&mut first).await;
        drop(first);
        let mut second = Agent::ready(&stage, "1002").await;
        let (_, _browser) = answered(&mut second).await;
        stage.state_until("1002", "on_call").await;
        stage.state_until("1001", "not_ready").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_free_means_waiting_and_a_refusal_goes_on_to_the_next() {
    on_both_grounds(async |ground| {
        let stage = Stage::new(&ground).await;
        let (_trunk, mut phone) = caller(&stage, "13700001111").await;
        stage.until("leader", "/voice/queues", |live| live["queue"]["waiting"] == 1).await;
        let heard = tokio::task::spawn_blocking(move || phone.talk(1_000, &Say::Nothing)).await.unwrap();
        assert!(::media::detect::loudness(&heard) > 0.01, "the waiting caller hears something");
        let mut first = Agent::ready(&stage, "1001").await;
        let invite = first.request("INVITE").await;
        first.reply(&invite, "486 Busy Here").await;
        stage.state_until("1001", "not_ready").await;
        let mut second = Agent::ready(&stage, "1002").await;
        let (_, _browser) = answered(&mut second).await;
        stage.state_until("1002", "on_call").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_telephone_that_is_not_answered_rests_and_the_call_goes_on() {
    on_both_grounds(async |ground| {
        let stage = Stage::with(&ground, |config| config.ring_secs = 1).await;
        let mut first = Agent::ready(&stage, "1001").await;
        let (_trunk, _phone) = caller(&stage, "13700002222").await;
        let invite = first.request("INVITE").await;
        first.ring(&invite).await;
        first.request("CANCEL").await;
        stage.state_until("1001", "not_ready").await;
        let mut second = Agent::ready(&stage, "1002").await;
        second.request("INVITE").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_citizen_calls_from_the_portal_page() {
    on_both_grounds(async |ground| {
    use contract::voice::CallTokens as _;
    let stage = Stage::new(&ground).await;
    let mut agent = Agent::ready(&stage, "1001").await;
    let ctx = kernel::Ctx::system("test", stage.kit.now());
    let right = stage.voice.lookup().issue_citizen(&ctx, Some("13600001111")).await.unwrap();
    let mut page = crate::support::agent::open(&stage).await;
    let mut citizen = Browser::new();
    let offer = citizen.offer();
    let invite = |user: &str, target: &str| {
        format!(
            "INVITE {target} SIP/2.0\r\nVia: SIP/2.0/WS a.invalid;branch=z9hG4bK{}\r\nMax-Forwards: 69\r\n\
         From: <{user}>;tag=c\r\nTo: <{target}>\r\nCall-ID: {}\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:x@a.invalid;transport=ws>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{offer}",
            kernel::id::new_id(),
            kernel::id::new_id(),
            offer.len(),
        )
    };
    use futures::{SinkExt as _, StreamExt as _};
    use tokio_tungstenite::tungstenite::Message;
    let ask = async |page: &mut tokio_tungstenite::WebSocketStream<_>, text: String| {
        page.send(Message::Text(text.into())).await.unwrap();
        loop {
            if let Message::Text(text) = page.next().await.unwrap().unwrap() {
                let code = crate::support::text::status(&text);
                if code >= 200 {
                    return (code, text.to_string());
                }
            }
        }
    };
    assert_eq!(ask(&mut page, invite("sip:c-forged@yihao", &right.target)).await.0, 403);
    assert_eq!(ask(&mut page, invite(&right.uri, "sip:13800000000@yihao")).await.0, 404);
    let (code, answer) = ask(&mut page, invite(&right.uri, &right.target)).await;
    assert_eq!(code, 200);
    citizen.accept(body(&answer));
    let ack = format!(
        "ACK sip:yihao@x SIP/2.0\r\nVia: SIP/2.0/WS a.invalid;branch=z9hG4bKack\r\nMax-Forwards: 69\r\nFrom: {}\r\nTo: {}\r\n\
         Call-ID: {}\r\nCSeq: 1 ACK\r\nContent-Length: 0\r\n\r\n",
        header(&answer, "From").unwrap(),
        header(&answer, "To").unwrap(),
        header(&answer, "Call-ID").unwrap(),
    );
    page.send(Message::Text(ack.into())).await.unwrap();
    let citizen = tokio::task::spawn_blocking(move || {
        citizen.connect();
        citizen
    })
    .await
    .unwrap();
    let token = right.uri.trim_start_matches("sip:").split('@').next().unwrap();
    let progress = stage.voice.lookup().progress(token).await.unwrap();
    assert!(!progress.answered, "{progress:?}");
    assert!(stage.voice.lookup().progress("c-forged").await.is_none());
    let (_, agent_browser) = answered(&mut agent).await;
    let left = tokio::task::spawn_blocking(move || {
        let mut c = citizen;
        let heard = c.talk(2_000, &Say::Tone(700));
        (c, heard)
    });
    let right = tokio::task::spawn_blocking(move || {
        let mut b = agent_browser;
        let heard = b.talk(2_000, &Say::Tone(1100));
        (b, heard)
    });
    let ((_, at_citizen), (_, at_agent)) = (left.await.unwrap(), right.await.unwrap());
    assert!(amplitude(tail(&at_citizen), 1100.0) > 0.2, "the citizen hears the agent");
    assert!(amplitude(tail(&at_agent), 700.0) > 0.2, "the agent hears the citizen");
    // The citizen closes the page.
    drop(page);
    agent.request("BYE").await;
    let calls = stage
        .until("leader", "/voice/calls?result=answered", |list| {
            list["items"].as_array().is_some_and(|l| !l.is_empty())
        })
        .await;
    assert_eq!(calls["items"][0]["origin"], "portal");
    assert_eq!(calls["items"][0]["caller"], "13600001111");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_telephone_may_hold_by_itself_and_come_back() {
    on_both_grounds(async |ground| {
        let stage = Stage::new(&ground).await;
        let mut agent = Agent::ready(&stage, "1001").await;
        let (mut trunk, phone) = caller(&stage, "13500001111").await;
        let (_, browser) = answered(&mut agent).await;
        let offer = sdp(&phone);
        let (code, answer) = trunk.again(&offer.replace("a=rtpmap:101", "a=sendonly\r\na=rtpmap:101")).await;
        assert_eq!(code, 200);
        assert!(answer.contains("a=recvonly"), "{answer}");
        let (code, answer) = trunk.again(&offer).await;
        assert_eq!(code, 200);
        assert!(answer.contains("a=sendrecv"), "{answer}");
        assert_eq!(trunk.again("v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 18\r\n").await.0, 488);
        let (_, _, at_phone, at_browser) =
            talk(phone, browser, 1_500, (Say::Tone(700), Say::Tone(1100))).await;
        assert!(amplitude(tail(&at_phone), 1100.0) > 0.2 && amplitude(tail(&at_browser), 700.0) > 0.2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crash_loses_no_second_of_a_recording_and_no_call() {
    let ground = Ground::sqlite();
    let stage = Stage::new(&ground).await;
    let mut agent = Agent::ready(&stage, "1001").await;
    let (_trunk, phone) = caller(&stage, "13400001111").await;
    let (_, browser) = answered(&mut agent).await;
    let (_phone, _browser, _, _) = talk(phone, browser, 3_000, (Say::Tone(700), Say::Tone(1100))).await;
    let left = ground.after_crash();
    let stage = Stage::new(&left).await;
    let calls = stage.get("leader", "/voice/calls").await.1;
    let call = &calls["items"][0];
    assert_eq!((call["result"].as_str(), call["hung_up_by"].as_str()), (Some("answered"), Some("system")));
    let (code, wav) = stage.audio("leader", call["recording_id"].as_str().unwrap(), None).await;
    assert_eq!(code, 200);
    let left: Vec<i16> = wav[44..].chunks_exact(4).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
    assert!(left.len() > 8_000 * 2, "{} samples were saved", left.len());
    assert!(amplitude(&left[left.len() - 12_000..left.len() - 8_000], 700.0) > 0.2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[expect(clippy::disallowed_methods, reason = "the test gives up after a while")]
async fn a_rush_of_callers_who_give_up_leaves_nothing_behind() {
    on_both_grounds(async |ground| {
        let stage = Stage::new(&ground).await;
        let mut agent = Agent::ready(&stage, "1001").await;
        let drain = tokio::spawn(async move {
            // The agent's page refuses whatever rings.
            while let Some(message) = agent.receive(Duration::from_secs(4)).await {
                if message.starts_with("INVITE") {
                    agent.reply(&message, "486 Busy Here").await;
                }
            }
        });
        let mut callers = Vec::new();
        for n in 0..40u64 {
            let sip = stage.sip;
            callers.push(tokio::spawn(async move {
                let mut trunk = TrunkCall::new(sip, &format!("131{n:08}")).await;
                let offer = "v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 40000 RTP/AVP 8\r\n";
                if n % 4 == 0 {
                    trunk.invite_and_cancel(offer).await;
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    // The answer crossed the cancellation: the carrier hangs up what it gets.
                    let _ = trunk.finish().await;
                } else {
                    assert_eq!(trunk.invite(offer).await.0, 200);
                    tokio::time::sleep(Duration::from_millis(n * 13 % 400)).await;
                    assert_eq!(trunk.within("BYE", "", "").await, 200);
                }
            }));
        }
        for caller in callers {
            caller.await.unwrap();
        }
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        while stage.voice.stack().load() != (0, 0) || stage.voice.desk().call_count() > 0 {
            assert!(std::time::Instant::now() < deadline, "left: {:?}", stage.voice.stack().load());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(stage.voice.desk().queue_view().waiting, 0);
        drain.abort();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn stopping_the_server_says_goodbye_and_keeps_the_record() {
    on_both_grounds(async |ground| {
        let stage = Stage::new(&ground).await;
        let (trunk, _phone) = caller(&stage, "13300001111").await;
        stage.until("leader", "/voice/queues", |live| live["queue"]["waiting"] == 1).await;
        let (ended, ()) = tokio::join!(trunk.ended(), stage.voice.stop());
        assert!(ended, "the carrier is told");
        let calls = stage.get("leader", "/voice/calls").await.1;
        assert_eq!(calls["items"][0]["hung_up_by"], "system");
        assert!(calls["items"][0]["ended_at"].is_i64());
    })
    .await;
}

/// Real SIPp with the scenarios of `e2e/sipp`.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sipp_calls_gives_up_and_misbehaves() {
    if std::process::Command::new("sipp").arg("-v").output().is_err() {
        eprintln!("skipped: sipp is not installed");
        return;
    }
    let stage = Stage::new(&Ground::sqlite()).await;
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../e2e/sipp");
    for (scenario, calls, port) in
        [("call.xml", "3", "44000"), ("abandon.xml", "5", "44100"), ("malformed.xml", "1", "44200")]
    {
        let output = tokio::process::Command::new("sipp")
            .current_dir(&folder)
            .args([
                &stage.sip.to_string(),
                "-s",
                "12345",
                "-sf",
                scenario,
                "-m",
                calls,
                "-r",
                "10",
                "-d",
                "1000",
            ])
            .args(["-i", "127.0.0.1", "-mp", port, "-timeout", "20s", "-timeout_error", "-nostdin"])
            .output()
            .await
            .unwrap();
        assert!(output.status.success(), "{scenario}: {}", String::from_utf8_lossy(&output.stderr));
    }
    stage
        .until("leader", "/voice/calls?result=missed", |list| {
            list["items"].as_array().is_some_and(|l| l.len() == 8)
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_key_over_an_open_wire_is_refused_unless_it_is_allowed_and_then_both_sides_encrypt() {
    use ::media::srtp::{Key, KeyPair, Suite};
    const INLINE: &str = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";
    let master = *b"YS___semctl () {\t220;}\n}\nunles";
    let encrypted = |phone: &Phone| {
        let line = format!("a=crypto:3 AES_CM_128_HMAC_SHA1_32 inline:{INLINE}\r\n");
        sdp(phone).replace("RTP/AVP", "RTP/SAVP") + &line
    };
    let closed = Stage::new(&Ground::sqlite()).await;
    let phone = Phone::new(Codec::Pcma, Some(101));
    let mut trunk = TrunkCall::new(closed.sip, "13800000001").await;
    assert_eq!(trunk.invite(&encrypted(&phone)).await.0, 488);

    let stage = Stage::with(&Ground::sqlite(), |config| config.srtp_in_clear = true).await;
    let mut agent = Agent::ready(&stage, "1001").await;
    let mut phone = Phone::new(Codec::Pcma, Some(101));
    let mut trunk = TrunkCall::new(stage.sip, "13800000001").await;
    let (code, answer) = trunk.invite(&encrypted(&phone)).await;
    assert_eq!(code, 200);
    assert!(answer.contains("RTP/SAVP 8 101"), "{answer}");
    let line = answer.split("a=crypto:").nth(1).unwrap().lines().next().unwrap();
    let (head, key) = line.split_once(" inline:").unwrap();
    assert_eq!(head, "3 AES_CM_128_HMAC_SHA1_32", "the tag of the key that was taken");
    assert_ne!(key, INLINE, "each side has a key of its own");
    let theirs = base64_bytes(key);
    let key = |master| Key { suite: Suite::Tag32, master };
    phone.secure(&KeyPair { local: key(master), remote: key(theirs) });
    phone.to = ([127, 0, 0, 1], port_of(&answer)).into();

    // Somebody on the way who has no key is not heard, and takes nothing away.
    let mut stranger = Phone::new(Codec::Pcma, Some(101));
    stranger.to = phone.to;
    let (_invite, browser) = answered(&mut agent).await;
    let noise = tokio::task::spawn_blocking(move || stranger.talk(1_500, &Say::Tone(1700)));
    let (_, _, at_citizen, at_agent) = talk(phone, browser, 1_500, (Say::Tone(700), Say::Tone(1100))).await;
    assert!(noise.await.unwrap().is_empty(), "nothing goes to the stranger");
    assert!(amplitude(tail(&at_citizen), 1100.0) > 0.2, "the citizen hears the agent");
    assert!(amplitude(tail(&at_agent), 700.0) > 0.2, "the agent hears the citizen");
    assert!(amplitude(tail(&at_agent), 1700.0) < 0.02, "and nobody else");
}

/// Reads thirty bytes of base64.
fn base64_bytes(text: &str) -> [u8; 30] {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bits = 0_u32;
    let mut out = Vec::new();
    for (at, letter) in text.bytes().enumerate() {
        let value = ALPHABET.iter().position(|each| *each == letter).unwrap();
        bits = bits << 6 | u32::try_from(value).unwrap();
        if at % 4 == 3 {
            out.extend_from_slice(&bits.to_be_bytes()[1..]);
            bits = 0;
        }
    }
    out.try_into().unwrap()
}
