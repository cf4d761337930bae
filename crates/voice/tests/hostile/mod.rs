//! Strangers, malformed messages, and people who may not.

mod floods;

use std::path::Path;
use std::time::Duration;

use tokio::net::UdpSocket;

use crate::support::agent::Agent;
use crate::support::ground::Ground;
use crate::support::stage::Stage;
use crate::support::text::status;
use crate::support::trunk::TrunkCall;

async fn options(stage: &Stage) -> u16 {
    TrunkCall::new(stage.sip, "1").await.within("OPTIONS", "", "").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn torture_messages_do_not_kill_the_listener() {
    let root =
        std::env::var("YIHAO_DATA").map_or_else(|_| "../../../shared/data".into(), std::path::PathBuf::from);
    let stage = Stage::new(&Ground::sqlite()).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut sent = 0;
    match std::fs::read_dir(Path::new(&root).join("sip_torture")) {
        Ok(files) => {
            for file in files.flatten().filter(|file| file.path().extension().is_some_and(|e| e == "dat")) {
                let bytes = std::fs::read(file.path()).unwrap();
                let _ = socket.send_to(&bytes, stage.sip).await;
                for cut in [bytes.len() / 3, bytes.len() / 2, bytes.len().saturating_sub(3)] {
                    let _ = socket.send_to(&bytes[..cut], stage.sip).await;
                }
                sent += 4;
            }
        }
        Err(_) => eprintln!("skipped: the torture messages are not there"),
    }
    for garbage in [&b"\0\0\0"[..], b"INVITE", b"\r\n\r\n", b"SIP/2.0 200 OK\r\n\r\n", &[0xff; 60_000]] {
        let _ = socket.send_to(garbage, stage.sip).await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(options(&stage).await, 200, "after {sent} bad messages the listener serves");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_can_be_read_in_two_ways_is_answered_and_served_in_none() {
    let stage = Stage::new(&Ground::sqlite()).await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let request = |start: &str, to: &str, more: &str| {
        format!(
            "{start}\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKtwo;rport\r\nFrom: <sip:a@b>;tag=1\r\nTo: {to}\r\n\
             Call-ID: two\r\nCSeq: 1 OPTIONS\r\n{more}Content-Length: 0\r\n\r\n"
        )
    };
    for (text, code) in [
        (request("OPTIONS sip:x SIP/2.0", "<sip:x>", ""), 200),
        (request("OPTIONS sip:x SIP/7.0", "<sip:x>", ""), 505),
        (request("OPTIONS soap.beep://x SIP/2.0", "<sip:x>", ""), 416),
        (request("OPTIONS sip:x SIP/2.0", "Watson, Thomas <sip:x>", ""), 400),
        (request("OPTIONS sip:x SIP/2.0", "<sip:x>", "CSeq: 2 OPTIONS\r\n"), 400),
        (request("OPTIONS sip:x SIP/2.0", "<sip:x>", "Require: unheard-of\r\n"), 420),
    ] {
        socket.send_to(text.as_bytes(), stage.sip).await.unwrap();
        let mut buffer = [0; 4096];
        let answer = tokio::time::timeout(Duration::from_secs(3), socket.recv_from(&mut buffer)).await;
        let (len, _) = answer.unwrap_or_else(|_| panic!("no answer to {text}")).unwrap();
        assert_eq!(status(&String::from_utf8_lossy(&buffer[..len])), code, "{text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_may_not_call_and_a_flood_gets_no_answer() {
    let stage = Stage::with(&Ground::sqlite(), |config| config.trunks.clear()).await;
    let mut trunk = TrunkCall::new(stage.sip, "666").await;
    let sdp = "v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 8\r\n";
    assert_eq!(trunk.invite(sdp).await.0, 403);
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for n in 0..500 {
        let text = format!(
            "OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bKf{n};rport\r\nFrom: <sip:a@b>;tag=1\r\n\
             To: <sip:x>\r\nCall-ID: f{n}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        );
        socket.send_to(text.as_bytes(), stage.sip).await.unwrap();
    }
    let mut buffer = [0; 4096];
    let mut answers = 0;
    while let Ok(Ok(_)) =
        tokio::time::timeout(Duration::from_millis(300), socket.recv_from(&mut buffer)).await
    {
        answers += 1;
    }
    assert!((1..100).contains(&answers), "{answers}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_passwords_foreign_pages_and_foreign_protocols_are_refused() {
    use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
    let stage = Stage::new(&Ground::sqlite()).await;
    let mut agent = Agent::registered(&stage, "1001").await;
    // A new password voids the one before: a second page takes over.
    let _second = Agent::registered(&stage, "1001").await;
    assert_eq!(agent.register(60).await, 401);
    for (origin, protocol) in
        [(Some("https://evil.example"), Some("sip")), (None, None), (None, Some("chat"))]
    {
        let mut request = format!("ws://{}/sip", stage.http).into_client_request().unwrap();
        if let Some(origin) = origin {
            request.headers_mut().insert("origin", origin.parse().unwrap());
        }
        if let Some(protocol) = protocol {
            request.headers_mut().insert("sec-websocket-protocol", protocol.parse().unwrap());
        }
        assert!(tokio_tungstenite::connect_async(request).await.is_err(), "{origin:?} {protocol:?}");
    }
    let mut page = Agent::registered(&stage, "1002").await;
    page.send(&"x".repeat(10_000)).await;
    page.send("INVITE sip:12345@yihao SIP/2.0\r\nbroken").await;
    assert_eq!(page.register(60).await, 200, "garbage does not end the page's connection");
    page.send("INVITE sip:12345@yihao SIP/2.0\r\nVia: SIP/2.0/WS a.invalid;branch=z9hG4bKq\r\nFrom: <sip:1002@yihao>;tag=1\r\n\
               To: <sip:12345@yihao>\r\nCall-ID: q\r\nCSeq: 1 INVITE\r\nContact: <sip:a@a.invalid>\r\nContent-Length: 0\r\n\r\n").await;
    loop {
        let answer = page.receive(Duration::from_secs(3)).await.unwrap();
        match status(&answer) {
            100 => {}
            code => {
                assert_eq!(code, 403);
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn offers_that_cannot_be_served_are_refused_with_the_right_code() {
    let stage = Stage::new(&Ground::sqlite()).await;
    for (sdp, code) in [
        ("v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 18\r\n", 488),
        ("nonsense", 488),
        ("v=0\r\nm=video 4000 RTP/AVP 96\r\n", 488),
    ] {
        let mut trunk = TrunkCall::new(stage.sip, "13800000000").await;
        assert_eq!(trunk.invite(sdp).await.0, code, "{sdp}");
    }
    for _ in 0..100 {
        if stage.voice.stack().load() == (0, 0) && stage.voice.desk().call_count() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("legs were left: {:?}", stage.voice.stack().load());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn routes_ask_for_capabilities() {
    let stage = Stage::new(&Ground::sqlite()).await;
    for path in [
        "/voice/seat",
        "/voice/calls",
        "/voice/missed-calls",
        "/voice/queues",
        "/voice/figures/me",
        "/voice/calls.xlsx",
    ] {
        assert_eq!(stage.get("nobody", path).await.0, 403, "{path}");
    }
    assert_eq!(stage.put("1001", "/voice/seat/state", r#"{"state":"ready"}"#).await.0, 409);
    assert_eq!(stage.put("1001", "/voice/calls/none/hold", "").await.0, 404);
    assert_eq!(stage.get("1001", "/voice/figures/me").await.1["answered"], 0);
    assert_eq!(stage.get("leader", "/voice/calls.xlsx").await.0, 200);
}
