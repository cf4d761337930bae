//! A carrier's registrar over UDP, with digest authentication.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sip::digest::{Algorithm, Credentials};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use super::text::{header, method, respond};

pub const NAME: &str = "yunzhou";
pub const PASSWORD: &str = "long-and-secret";
const REALM: &str = "carrier.example";

/// How the registrar behaves.
#[derive(Clone, Copy)]
pub struct Manners {
    /// The life that it grants, in seconds.
    pub granted_secs: u32,
    /// The shortest life that it takes, in seconds.
    pub shortest_secs: u32,
    /// Says once that a good answer's nonce is stale.
    pub stale_once: bool,
    /// Refuses whoever comes.
    pub closed: bool,
}

impl Default for Manners {
    fn default() -> Self {
        Self { granted_secs: 600, shortest_secs: 0, stale_once: false, closed: false }
    }
}

/// What a client asked for, and what it was told.
#[derive(Clone, Debug)]
pub struct Asked {
    pub code: u16,
    pub contact: String,
    pub expires: Option<u32>,
    pub nonce: Option<String>,
    pub call_id: String,
    pub cseq: u32,
}

pub struct Carrier {
    pub address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    serving: JoinHandle<()>,
}

impl Drop for Carrier {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Carrier {
    pub async fn new(manners: Manners) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let serving = tokio::spawn(serve(socket, manners, asked.clone()));
        Self { address, asked, serving }
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Waits until so many registrations were granted.
    #[expect(clippy::disallowed_methods, reason = "the test gives up after a while")]
    pub async fn granted(&self, count: usize) -> Vec<Asked> {
        let deadline = Instant::now() + Duration::from_secs(15);
        loop {
            let granted: Vec<Asked> = self.asked().into_iter().filter(|one| one.code == 200).collect();
            if granted.len() >= count {
                return granted;
            }
            assert!(Instant::now() < deadline, "{:?}", self.asked());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn serve(socket: UdpSocket, manners: Manners, asked: Arc<Mutex<Vec<Asked>>>) {
    let (mut buffer, mut nonces, mut stale_once) = (vec![0; 65_535], 0_u32, manners.stale_once);
    while let Ok((len, from)) = socket.recv_from(&mut buffer).await {
        let request = String::from_utf8_lossy(&buffer[..len]).into_owned();
        if method(&request) != "REGISTER" {
            continue;
        }
        let expires = header(&request, "Expires").and_then(|value| value.parse().ok());
        let proof = header(&request, "Authorization").and_then(|value| Credentials::parse(value).ok());
        let challenge = |nonces: &mut u32, stale: bool| {
            *nonces += 1;
            let stale = if stale { ", stale=true" } else { "" };
            format!(
                "WWW-Authenticate: Digest realm=\"{REALM}\", nonce=\"n{nonces}\", algorithm=MD5, qop=\"auth\"{stale}\r\n"
            )
        };
        let (status, extra) = match &proof {
            _ if manners.closed => ("403 Forbidden", String::new()),
            None => ("401 Unauthorized", challenge(&mut nonces, false)),
            Some(proof) if !holds(proof) => ("403 Forbidden", String::new()),
            // A nonce may be used once: whoever comes back with an old one is asked anew.
            Some(proof) if proof.nonce != format!("n{nonces}") || stale_once => {
                stale_once = false;
                ("401 Unauthorized", challenge(&mut nonces, true))
            }
            Some(_) if expires.is_some_and(|expires| expires < manners.shortest_secs) => {
                ("423 Interval Too Brief", format!("Min-Expires: {}\r\n", manners.shortest_secs))
            }
            Some(_) => {
                nonces += 1;
                let contact = header(&request, "Contact").unwrap();
                ("200 OK", format!("Contact: {contact};expires={}\r\n", manners.granted_secs))
            }
        };
        asked.lock().unwrap().push(Asked {
            code: status[..3].parse().unwrap(),
            contact: header(&request, "Contact").unwrap_or_default().to_owned(),
            expires,
            nonce: proof.map(|proof| proof.nonce),
            call_id: header(&request, "Call-ID").unwrap().to_owned(),
            cseq: header(&request, "CSeq").unwrap().split(' ').next().unwrap().parse().unwrap(),
        });
        let _ = socket.send_to(respond(&request, status, "carrier", &extra, "").as_bytes(), from).await;
    }
}

/// Checks a proof as RFC 2617 has it, without the code under test.
fn holds(proof: &Credentials) -> bool {
    let md5 = |text: &str| Algorithm::Md5.hex(text);
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    let mine = md5(&format!(
        "{}:{}:{}:{}:{}:{}",
        md5(&format!("{NAME}:{REALM}:{PASSWORD}")),
        proof.nonce,
        part(&proof.nc),
        part(&proof.cnonce),
        part(&proof.qop),
        md5(&format!("REGISTER:{}", proof.uri)),
    ));
    proof.username == NAME && proof.realm == REALM && proof.response == mine
}
