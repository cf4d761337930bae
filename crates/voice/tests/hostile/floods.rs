//! More than anybody should send: floods, scanners, strangers' sound, half-open sockets. Real packets on loopback,
//! bounded in number.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::net::SocketAddr;
use std::time::Duration;

use ::media::codec::Codec;
use ::media::detect::amplitude;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpStream, UdpSocket};

use crate::calls::{answered, caller};
use crate::media_plane::phone::{Phone, Say};
use crate::support::agent::Agent;
use crate::support::desk_phone::DeskPhone;
use crate::support::ground::Ground;
use crate::support::stage::Stage;
use crate::support::text::{header, status};

/// A request that a stranger would send. `number` makes it another one than those before.
fn request(verb: &str, user: &str, number: usize, from: SocketAddr, body: &str) -> String {
    let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    format!(
        "{verb} sip:{user}@yihao SIP/2.0\r\nVia: SIP/2.0/UDP {from};branch=z9hG4bK{verb}{number};rport\r\n\
         Max-Forwards: 70\r\nFrom: <sip:{user}@yihao>;tag=s{number}\r\nTo: <sip:{user}@yihao>\r\nCall-ID: s{verb}{number}\r\n\
         CSeq: 1 {verb}\r\nContact: <sip:{user}@{from}>\r\nUser-Agent: friendly-scanner\r\n{kind}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Collects what is answered until nothing more comes.
async fn answers(socket: &UdpSocket) -> Vec<String> {
    let mut all = Vec::new();
    let mut buffer = vec![0; 65_535];
    while let Ok(Ok((len, _))) =
        tokio::time::timeout(Duration::from_millis(700), socket.recv_from(&mut buffer)).await
    {
        all.push(String::from_utf8_lossy(&buffer[..len]).into_owned());
        if all.len() > 5_000 {
            break;
        }
    }
    all
}

/// Whether somebody at another address is served.
async fn is_served(stage: &Stage) -> bool {
    let socket = UdpSocket::bind("127.0.0.77:0").await.unwrap();
    let text = request("OPTIONS", "x", 1, socket.local_addr().unwrap(), "");
    socket.send_to(text.as_bytes(), stage.sip).await.unwrap();
    let mut buffer = [0; 4096];
    let answer = tokio::time::timeout(Duration::from_secs(3), socket.recv_from(&mut buffer)).await;
    answer.is_ok_and(|got| got.is_ok_and(|(len, _)| status(&String::from_utf8_lossy(&buffer[..len])) == 200))
}

const OFFER: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 8\r\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_flood_of_calls_from_a_line_fills_the_house_and_no_more() {
    const LIMIT: usize = 20;
    let stage = Stage::with(&Ground::sqlite(), |config| {
        config.call_limit = LIMIT;
        config.trunk_messages_per_second = 200;
    })
    .await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let me = socket.local_addr().unwrap();
    for number in 0..600 {
        socket.send_to(request("INVITE", "12345", number, me, OFFER).as_bytes(), stage.sip).await.unwrap();
    }
    let answers = answers(&socket).await;
    let calls = |code: u16| {
        let mut ids: Vec<&str> = answers
            .iter()
            .filter(|answer| status(answer) == code)
            .filter_map(|answer| header(answer, "Call-ID"))
            .collect();
        ids.sort_unstable();
        ids.dedup();
        ids.len()
    };
    assert_eq!(calls(200), LIMIT, "as many as the house holds are taken");
    assert!(calls(486) > 0, "others hear busy");
    assert!(calls(486) + LIMIT < 500, "and what comes faster than it may is not answered at all");
    assert!(stage.voice.desk().call_count() <= LIMIT);
    assert!(is_served(&stage).await, "other addresses are served meanwhile");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_scanner_learns_nothing_and_gets_nowhere() {
    let stage = Stage::with(&Ground::sqlite(), |config| {
        config.trunks.clear();
        // Enough for each question to be answered, so that the answers can be compared.
        config.udp_messages_per_second = 1_000;
    })
    .await;
    DeskPhone::account(&stage, "1001").await;
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let me = socket.local_addr().unwrap();
    let mut number = 0;
    for seat in 995..1_010 {
        for verb in ["OPTIONS", "REGISTER", "INVITE", "SUBSCRIBE", "MESSAGE", "NOTIFY"] {
            number += 1;
            let body = if verb == "INVITE" { OFFER } else { "" };
            let text = request(verb, &seat.to_string(), number, me, body);
            socket.send_to(text.as_bytes(), stage.sip).await.unwrap();
        }
    }
    let answers = answers(&socket).await;
    for verb in ["OPTIONS", "REGISTER", "INVITE", "SUBSCRIBE", "MESSAGE", "NOTIFY"] {
        let mut codes: Vec<u16> = answers
            .iter()
            .filter(|answer| header(answer, "CSeq").is_some_and(|cseq| cseq.ends_with(verb)))
            .map(|answer| status(answer))
            .filter(|code| *code >= 200)
            .collect();
        assert!(!codes.is_empty(), "{verb} is answered");
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), 1, "{verb} tells nobody which seats have telephones: {codes:?}");
        let expected = match verb {
            "OPTIONS" => 200,
            "REGISTER" => 401,
            "INVITE" => 403,
            _ => 405,
        };
        assert_eq!(codes, [expected], "{verb}");
    }
    assert_eq!(stage.voice.desk().call_count(), 0);
    assert!(stage.voice.stack().telephones().is_empty());
    let told: usize = answers.iter().map(String::len).sum();
    assert!(told < 400 * 1_024, "nothing is amplified much: {told} bytes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sound_of_a_stranger_is_not_heard_and_draws_none() {
    let stage = Stage::new(&Ground::sqlite()).await;
    let mut agent = Agent::ready(&stage, "1001").await;
    let (_trunk, mut citizen) = caller(&stage, "13800001234").await;
    let (_invite, mut browser) = answered(&mut agent).await;
    let leg = citizen.to;
    let talking = tokio::task::spawn_blocking(move || {
        citizen.talk(2_500, &Say::Tone(700));
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    let noise = tokio::task::spawn_blocking(move || {
        let mut stranger = Phone::new(Codec::Pcma, Some(101));
        stranger.to = leg;
        let mut heard = stranger.talk(1_000, &Say::Tone(1_700));
        heard.extend(stranger.talk(400, &Say::Events("999")));
        heard.len()
    });
    let heard = tokio::task::spawn_blocking(move || browser.talk(2_000, &Say::Tone(1_100))).await.unwrap();
    assert_eq!(noise.await.unwrap(), 0, "nothing is sent to the stranger");
    talking.await.unwrap();
    let tail = &heard[heard.len().saturating_sub(8_000)..];
    assert!(amplitude(tail, 700.0) > 0.2, "the agent hears the citizen");
    assert!(amplitude(tail, 1_700.0) < 0.02, "and not the stranger");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sockets_that_say_nothing_keep_nobody_out() {
    let stage = Stage::with(&Ground::sqlite(), |config| {
        config.sip_tcp_bind = Some(([127, 0, 0, 1], 0).into());
        config.trunks.clear();
    })
    .await;
    let address = stage.voice.stack().stream_addresses()[0].unwrap();
    let mut silent = Vec::new();
    for number in 0..700 {
        let Ok(Ok(mut socket)) =
            tokio::time::timeout(Duration::from_secs(2), TcpStream::connect(address)).await
        else {
            continue;
        };
        if number % 2 == 0 {
            let _ = socket.write_all(b"REGISTER sip:yihao SIP/2.0\r\nVia: SIP/2.0/TCP").await;
        }
        silent.push(socket);
    }
    assert!(silent.len() > 500, "more than one address may have");
    // A telephone elsewhere registers over UDP, and one from another address over TCP.
    assert!(is_served(&stage).await);
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 88], 0).into()).unwrap();
    let mut other = socket.connect(address).await.unwrap();
    let text =
        request("OPTIONS", "x", 1, other.local_addr().unwrap(), "").replace("SIP/2.0/UDP", "SIP/2.0/TCP");
    other.write_all(text.as_bytes()).await.unwrap();
    let mut buffer = [0; 4096];
    let read = tokio::io::AsyncReadExt::read(&mut other, &mut buffer);
    let len = tokio::time::timeout(Duration::from_secs(5), read).await.unwrap().unwrap();
    assert!(buffer[..len].starts_with(b"SIP/2.0 200"), "{}", String::from_utf8_lossy(&buffer[..len]));
}
