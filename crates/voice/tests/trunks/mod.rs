//! Lines to carriers and gateways: over connections, encrypted, timed, and whether they answer.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ::media::codec::Codec;
use ::media::detect::amplitude;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};
use voice::config::TrunkTransport;

use crate::calls::{answered, caller, port_of, sdp};
use crate::media_plane::browser::Browser;
use crate::media_plane::phone::{Phone, Say};
use crate::support::agent::Agent;
use crate::support::desk_phone::DeskPhone;
use crate::support::ground::Ground;
use crate::support::outside::Outside;
use crate::support::stage::Stage;
use crate::support::text::{body, header, method, respond, status};
use crate::support::trunk::TrunkCall;

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// A certificate for `yihao.test` in a folder of its own.
pub fn certificate() -> (PathBuf, TlsConnector) {
    let folder = std::env::temp_dir().join(format!("yihao-cert-{}", kernel::id::new_id()));
    std::fs::create_dir_all(&folder).unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["yihao.test".to_owned()]).unwrap();
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.join("cert.pem")).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (folder, TlsConnector::from(Arc::new(config)))
}

async fn on_call(stage: &Stage, desk: &mut DeskPhone) {
    stage.post("1001", "/voice/seat", "").await;
    assert_eq!(stage.put("1001", "/voice/seat/telephone", r#"{"kind":"desk"}"#).await.0, 200);
    stage.put("1001", "/voice/seat/state", r#"{"state":"ready"}"#).await;
    let (trunk, _citizen) = caller(stage, "13800001234").await;
    let invite = desk.request("INVITE").await;
    desk.accept(&invite, &sdp(&Phone::new(Codec::Pcma, Some(101))), "").await;
    stage.state_until("1001", "on_call").await;
    desk.bye(&invite).await;
    assert!(trunk.ended().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn desk_telephones_register_and_talk_over_tcp_and_tls() {
    let (folder, connector) = certificate();
    let stage = Stage::with(&Ground::sqlite(), |config| {
        config.sip_tcp_bind = Some(loopback());
        config.sip_tls_bind = Some(loopback());
        config.tls_certificate = Some(folder.join("cert.pem"));
        config.tls_key = Some(folder.join("key.pem"));
        config.wrap_up_secs = 0;
    })
    .await;
    let [tcp, tls] = stage.voice.stack().stream_addresses();
    let password = DeskPhone::account(&stage, "1001").await;
    for transport in ["tcp", "tls"] {
        let mut desk = if transport == "tcp" {
            DeskPhone::over_tcp(tcp.unwrap(), "1001", &password).await
        } else {
            DeskPhone::over_tls(tls.unwrap(), &connector, "1001", &password).await
        };
        assert_eq!(desk.register(60).await, 200);
        let list =
            stage.until("leader", "/voice/telephones", |list| list["items"][0]["registered"] == true).await;
        assert_eq!(list["items"][0]["bindings"][0]["transport"], transport);
        on_call(&stage, &mut desk).await;
        // The connection is the telephone: when it is gone, so is the registration.
        drop(desk);
        stage.until("leader", "/voice/telephones", |list| list["items"][0]["registered"] == false).await;
    }
    let _ = std::fs::remove_dir_all(folder);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_over_a_connection_says_so_and_pings_are_answered() {
    let stage = Stage::with(&Ground::sqlite(), |config| config.sip_tcp_bind = Some(loopback())).await;
    let address = stage.voice.stack().stream_addresses()[0].unwrap();
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(b"\r\n\r\n").await.unwrap();
    let mut pong = [0; 2];
    socket.read_exact(&mut pong).await.unwrap();
    assert_eq!(&pong, b"\r\n");
    let password = DeskPhone::account(&stage, "1001").await;
    let mut desk = DeskPhone::over_tcp(address, "1001", &password).await;
    assert_eq!(desk.register(60).await, 200);
    stage.post("1001", "/voice/seat", "").await;
    stage.put("1001", "/voice/seat/telephone", r#"{"kind":"desk"}"#).await;
    stage.put("1001", "/voice/seat/state", r#"{"state":"ready"}"#).await;
    let (_trunk, _citizen) = caller(&stage, "13800001234").await;
    let invite = desk.request("INVITE").await;
    assert!(header(&invite, "Via").unwrap().starts_with(&format!("SIP/2.0/TCP {address};")), "{invite}");
    let contact = header(&invite, "Contact").unwrap().to_lowercase();
    assert!(contact.contains(&format!("{address};transport=tcp")), "{invite}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_open_unused_and_broken_connections_are_closed() {
    let stage = Stage::with(&Ground::sqlite(), |config| {
        config.sip_tcp_bind = Some(loopback());
        // This machine is a stranger here.
        config.trunks = Vec::new();
    })
    .await;
    let address = stage.voice.stack().stream_addresses()[0].unwrap();
    let mut broken = TcpStream::connect(address).await.unwrap();
    broken.write_all(b"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bKx\r\n\r\n").await.unwrap();
    let mut trickle = TcpStream::connect(address).await.unwrap();
    trickle.write_all(b"OPTIONS sip:a SIP/2.0\r\nVia: ").await.unwrap();
    let mut buffer = [0; 64];
    let ended = tokio::time::timeout(Duration::from_secs(5), broken.read(&mut buffer)).await;
    assert_eq!(ended.unwrap().unwrap(), 0, "without a length nothing can be read after it");
    let mut other = TcpStream::connect(address).await.unwrap();
    let text = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bKx\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@b>\r\n\
                Call-ID: x\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
    other.write_all(text.as_bytes()).await.unwrap();
    let len = tokio::time::timeout(Duration::from_secs(5), other.read(&mut buffer)).await.unwrap().unwrap();
    assert!(buffer[..len].starts_with(b"SIP/2.0 200"), "others are served meanwhile");
    for _ in 0..12 {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let _ = trickle.write_all(b"x").await;
    }
    let ended = tokio::time::timeout(Duration::from_secs(5), trickle.read(&mut buffer)).await;
    assert!(matches!(ended.unwrap(), Ok(0) | Err(_)), "a message must come to its end, however it trickles");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_trunk_is_asked_whether_it_is_there_and_shown() {
    let line = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let at = line.local_addr().unwrap();
    let stage = Stage::with(&Ground::sqlite(), |config| {
        config.trunks[0].outbound = Some(at.to_string());
        config.trunks[0].channels = Some(30);
        config.trunks[0].registrar = Some("sip:carrier.test".to_owned());
        config.trunks[0].username = Some("city".to_owned());
        config.trunks[0].password = Some("secret".to_owned());
        config.realm = "12345.test".to_owned();
    })
    .await;
    let serving = tokio::spawn(async move {
        let mut buffer = vec![0; 4096];
        let mut proved = false;
        while !proved {
            let (len, from) = line.recv_from(&mut buffer).await.unwrap();
            let text = String::from_utf8_lossy(&buffer[..len]).into_owned();
            assert!(header(&text, "Call-ID").unwrap().ends_with("@12345.test"), "{text}");
            let answer = match method(&text) {
                // A carrier that does not know OPTIONS is there all the same.
                "OPTIONS" => respond(&text, "405 Method Not Allowed", "c", "", ""),
                "REGISTER" if header(&text, "Authorization").is_some() => {
                    proved = true;
                    assert!(header(&text, "Contact").unwrap().contains("city@"));
                    respond(&text, "200 OK", "c", "Contact: <sip:city@x>;expires=120\r\n", "")
                }
                "REGISTER" => {
                    let challenge = "WWW-Authenticate: Digest realm=\"c\", nonce=\"n\", qop=\"auth\"\r\n";
                    respond(&text, "401 Unauthorized", "c", challenge, "")
                }
                _ => continue,
            };
            line.send_to(answer.as_bytes(), from).await.unwrap();
        }
        line
    });
    let shown = stage
        .until("leader", "/voice/trunks", |list| {
            list["items"][0]["state"] == "reachable" && list["items"][0]["registered"] == true
        })
        .await;
    assert_eq!(shown["items"][0]["channels"], 30);
    assert_eq!(shown["items"][0]["outbound"], at.to_string());
    serving.await.unwrap();
    let (_trunk, _citizen) = caller(&stage, "13800001234").await;
    stage.until("leader", "/voice/trunks", |list| list["items"][0]["calls"] == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_trunk_over_tcp_carries_calls_out_on_the_connection_that_is_kept() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let stage = Stage::with(&Ground::sqlite(), |config| {
        config.trunks[0].outbound = Some(at.to_string());
        config.trunks[0].transport = TrunkTransport::Tcp;
    })
    .await;
    let (mut socket, _) = listener.accept().await.unwrap();
    let (told, mut heard) = tokio::sync::mpsc::channel(8);
    tokio::spawn(async move {
        let mut framer = sip::stream::Framer::new();
        let mut buffer = vec![0; 4096];
        loop {
            while let Some(framed) = framer.take_next().unwrap() {
                let sip::stream::Framed::Message(bytes) = framed else { continue };
                let text = String::from_utf8_lossy(&bytes).into_owned();
                match method(&text) {
                    "OPTIONS" => {
                        socket.write_all(respond(&text, "200 OK", "c", "", "").as_bytes()).await.unwrap();
                    }
                    "INVITE" => {
                        socket
                            .write_all(respond(&text, "486 Busy Here", "c", "", "").as_bytes())
                            .await
                            .unwrap();
                        told.send(text).await.unwrap();
                    }
                    _ => {}
                }
            }
            let Ok(len) = socket.read(&mut buffer).await else { return };
            if len == 0 {
                return;
            }
            framer.push(&buffer[..len]);
        }
    });
    stage.until("leader", "/voice/trunks", |list| list["items"][0]["state"] == "reachable").await;
    let mut agent = Agent::ready(&stage, "1001").await;
    let dialled = r#"{"number":"13900001111"}"#;
    assert_eq!(stage.post("1001", "/voice/calls", dialled).await.0, 201);
    // The line is busy at once, so the page's sound has no time to connect.
    let ring = agent.request("INVITE").await;
    let answer = Browser::new().answer(body(&ring));
    agent.accept(&ring, &answer).await;
    let invite = tokio::time::timeout(Duration::from_secs(8), heard.recv()).await.unwrap().unwrap();
    assert!(invite.starts_with("INVITE sip:13900001111@"), "{invite}");
    assert!(header(&invite, "Via").unwrap().starts_with("SIP/2.0/TCP "), "{invite}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_caller_without_an_offer_gets_ours_and_answers_in_the_ack() {
    let stage = Stage::new(&Ground::sqlite()).await;
    let mut trunk = TrunkCall::new(stage.sip, "13800001234").await;
    let mut phone = Phone::new(Codec::Pcma, Some(101));
    let described = sdp(&phone);
    let (code, offer) = trunk.invite_late(&described).await;
    assert_eq!(code, 200);
    assert!(offer.contains("a=sendrecv") && offer.contains("telephone-event"), "{offer}");
    phone.to = ([127, 0, 0, 1], crate::calls::port_of(&offer)).into();
    let heard = tokio::task::spawn_blocking(move || {
        phone.talk(1_500, &crate::media_plane::phone::Say::Tone(700));
        phone.received.len()
    });
    assert!(heard.await.unwrap() > 20, "the caller hears the house");
    // A refresh without an offer gets what stands.
    let (code, again) = trunk.again("").await;
    assert_eq!(code, 200);
    assert_eq!(crate::calls::port_of(&again), crate::calls::port_of(&offer));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sessions_are_timed_as_both_sides_agree() {
    let stage = Stage::new(&Ground::sqlite()).await;
    let phone = Phone::new(Codec::Pcma, Some(101));
    let mut trunk = TrunkCall::new(stage.sip, "13800001234").await;
    let (code, answer) = trunk.offer_with(&sdp(&phone), "Supported: timer\r\nSession-Expires: 60\r\n").await;
    assert_eq!((code, header(&answer, "Min-SE")), (422, Some("90")));
    let mut trunk = TrunkCall::new(stage.sip, "13800001235").await;
    let more = "Supported: timer\r\nSession-Expires: 1800;refresher=uac\r\nAllow: INVITE, UPDATE\r\n";
    let (code, answer) = trunk.offer_with(&sdp(&phone), more).await;
    assert_eq!(code, 200);
    assert_eq!(header(&answer, "Session-Expires"), Some("1800;refresher=uac"));
    assert_eq!(header(&answer, "Require"), Some("timer"));
    // The ACK went just before; a datagram that overtakes it would have to be sent again.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(trunk.within("UPDATE", "", "").await, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_trunk_that_wants_a_longer_timer_gets_it() {
    let mut outside = Outside::new().await;
    let at = outside.address();
    let stage = Stage::with(&Ground::sqlite(), |config| {
        config.trunks[0].outbound = Some(at.to_string());
        config.trunks[0].options_secs = Some(0);
    })
    .await;
    let mut agent = Agent::ready(&stage, "1001").await;
    let dialled = r#"{"number":"13900001111"}"#;
    assert_eq!(stage.post("1001", "/voice/calls", dialled).await.0, 201);
    crate::calls::answered(&mut agent).await;
    let invite = outside.request("INVITE").await;
    assert_eq!(header(&invite, "Session-Expires"), Some("1800"));
    outside.refuse(&invite, "422 Session Interval Too Small", "Min-SE: 3600\r\n").await;
    let again = loop {
        let invite = outside.request("INVITE").await;
        if header(&invite, "Session-Expires") != Some("1800") {
            break invite;
        }
    };
    assert_eq!(header(&again, "Session-Expires"), Some("3600"));
    outside.accept(&again, &sdp(&Phone::new(Codec::Pcma, Some(101)))).await;
    stage.until("1001", "/voice/seat", |mine| mine["call"]["state"] == "talking").await;
    assert!(!body(&again).is_empty() && status(&again) == 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_carrier_that_refers_its_call_elsewhere_is_refused() {
    let stage = Stage::new(&Ground::sqlite()).await;
    let mut agent = Agent::ready(&stage, "1001").await;
    let (mut trunk, _phone) = caller(&stage, "13800001234").await;
    let (_invite, _browser) = answered(&mut agent).await;
    let elsewhere = "application/x\r\nRefer-To: <sip:00881234567@yihao>";
    assert_eq!(
        trunk.within("REFER", elsewhere, "x").await,
        403,
        "what is dialled is dialled at the city's cost"
    );
    assert_eq!(trunk.within("BYE", "", "").await, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_telephone_that_knows_only_g722_is_served() {
    let stage = Stage::new(&Ground::sqlite()).await;
    let mut agent = Agent::ready(&stage, "1001").await;
    let mut phone = Phone::new(Codec::Pcma, Some(101));
    phone.widen();
    let mut trunk = TrunkCall::new(stage.sip, "13800001234").await;
    let (code, answer) = trunk.invite(&sdp(&phone).replace("RTP/AVP 8 0 101", "RTP/AVP 9 101")).await;
    assert_eq!(code, 200);
    assert!(answer.contains("RTP/AVP 9 101"), "{answer}");
    phone.to = ([127, 0, 0, 1], port_of(&answer)).into();
    let (_invite, mut browser) = answered(&mut agent).await;
    let citizen = tokio::task::spawn_blocking(move || phone.talk(1_500, &Say::Tone(700)));
    let desk = tokio::task::spawn_blocking(move || browser.talk(1_500, &Say::Tone(1_100)));
    let (at_citizen, at_agent) = (citizen.await.unwrap(), desk.await.unwrap());
    assert!(amplitude(&at_citizen[at_citizen.len() - 8_000..], 1_100.0) > 0.2, "the citizen hears the agent");
    assert!(amplitude(&at_agent[at_agent.len() - 8_000..], 700.0) > 0.2, "the agent hears the citizen");
    assert_eq!(trunk.within("BYE", "", "").await, 200);
}
