//! An agent's page: HTTP, SIP over WebSocket, and a browser's media.

use std::time::Duration;

use ::sip::digest::{Algorithm, response};
use futures::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::stage::Stage;
use super::text::{header, method, respond, status};

pub struct Agent {
    pub ws: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub no: String,
    password: String,
    call_id: String,
    cseq: u32,
    /// Requests that came while something else was waited for.
    held: Vec<String>,
}

impl Agent {
    /// Signs in, registers the telephone, and is ready.
    pub async fn ready(stage: &Stage, no: &str) -> Self {
        let mut agent = Self::registered(stage, no).await;
        assert_eq!(stage.put(no, "/voice/seat/state", r#"{"state":"ready"}"#).await.0, 200);
        agent.held.clear();
        agent
    }

    pub async fn registered(stage: &Stage, no: &str) -> Self {
        assert_eq!(stage.post(no, "/voice/seat", "").await.0, 200);
        let (code, registration) = stage.post(no, "/voice/registration", "").await;
        assert_eq!(code, 201, "{registration}");
        let password = registration["password"].as_str().unwrap().to_owned();
        let ws = open(stage).await;
        let mut agent = Self {
            ws,
            no: no.to_owned(),
            password,
            call_id: kernel::id::new_id(),
            cseq: 0,
            held: Vec::new(),
        };
        assert_eq!(agent.register(60).await, 200);
        agent
    }

    /// Opens a new WebSocket and registers there, as a page does that was reloaded.
    pub async fn reload(&mut self, stage: &Stage) {
        self.ws = open(stage).await;
        self.call_id = kernel::id::new_id();
        self.cseq = 0;
        assert_eq!(self.register(60).await, 200);
    }

    pub async fn register(&mut self, expires_secs: u32) -> u16 {
        let challenge = self.try_register(expires_secs, "").await;
        assert_eq!(status(&challenge), 401, "{challenge}");
        let nonce = challenge.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let proof = response(
            Algorithm::Md5,
            &self.no,
            "yihao",
            &self.password,
            "REGISTER",
            "sip:yihao",
            &nonce,
            Some(("00000001", "c")),
        );
        let header = format!(
            "Authorization: Digest algorithm=MD5, username=\"{}\", realm=\"yihao\", nonce=\"{nonce}\", \
             uri=\"sip:yihao\", response=\"{proof}\", qop=auth, cnonce=\"c\", nc=00000001\r\n",
            self.no
        );
        status(&self.try_register(expires_secs, &header).await)
    }

    async fn try_register(&mut self, expires_secs: u32, authorization: &str) -> String {
        self.cseq += 1;
        let text = format!(
            "REGISTER sip:yihao SIP/2.0\r\nVia: SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bK{}\r\n\
             Max-Forwards: 69\r\nTo: <sip:{no}@yihao>\r\nFrom: <sip:{no}@yihao>;tag=r\r\nCall-ID: {}\r\n\
             CSeq: {} REGISTER\r\nContact: <sip:k{no}@df7jal23ls0d.invalid;transport=ws>;expires={expires_secs}\r\n\
             {authorization}Content-Length: 0\r\n\r\n",
            kernel::id::new_id(),
            self.call_id,
            self.cseq,
            no = self.no,
        );
        self.send(&text).await;
        loop {
            let message = self.receive(Duration::from_secs(5)).await.unwrap();
            if status(&message) > 0 {
                return message;
            }
            self.held.push(message);
        }
    }

    pub async fn send(&mut self, text: &str) {
        self.ws.send(Message::Text(text.to_owned().into())).await.unwrap();
    }

    pub async fn receive(&mut self, patience: Duration) -> Option<String> {
        loop {
            match tokio::time::timeout(patience, self.ws.next()).await.ok()?? {
                Ok(Message::Text(text)) => return Some(text.to_string()),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }

    /// Waits for a request; answers nothing.
    pub async fn request(&mut self, wanted: &str) -> String {
        if let Some(at) = self.held.iter().position(|held| method(held) == wanted) {
            return self.held.remove(at);
        }
        loop {
            let message =
                self.receive(Duration::from_secs(8)).await.unwrap_or_else(|| panic!("no {wanted} came"));
            if method(&message) == wanted {
                return message;
            }
        }
    }

    /// Answers an INVITE and waits for its ACK.
    pub async fn accept(&mut self, invite: &str, sdp: &str) {
        self.ring(invite).await;
        let extra = format!(
            "Contact: <sip:k{}@df7jal23ls0d.invalid;transport=ws>\r\nContent-Type: application/sdp\r\n",
            self.no
        );
        self.send(&respond(invite, "200 OK", "agent", &extra, sdp)).await;
        self.request("ACK").await;
    }

    pub async fn ring(&mut self, invite: &str) {
        let contact = format!("Contact: <sip:k{}@df7jal23ls0d.invalid;transport=ws>\r\n", self.no);
        self.send(&respond(invite, "180 Ringing", "agent", &contact, "")).await;
    }

    pub async fn reply(&mut self, request: &str, status: &str) {
        self.send(&respond(request, status, "agent", "", "")).await;
    }

    /// Waits until the hotline hangs up.
    pub async fn released(&mut self) {
        let bye = self.request("BYE").await;
        self.reply(&bye, "200 OK").await;
    }

    /// Hangs up a call that came with this INVITE.
    pub async fn bye(&mut self, invite: &str) {
        let contact =
            header(invite, "Contact").unwrap().trim_start_matches('<').split('>').next().unwrap().to_owned();
        let text = format!(
            "BYE {contact} SIP/2.0\r\nVia: SIP/2.0/WS df7jal23ls0d.invalid;branch=z9hG4bK{}\r\nMax-Forwards: 69\r\n\
             From: {};tag=agent\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n",
            kernel::id::new_id(),
            header(invite, "To").unwrap(),
            header(invite, "From").unwrap(),
            header(invite, "Call-ID").unwrap(),
        );
        self.send(&text).await;
        loop {
            let message = self.receive(Duration::from_secs(5)).await.unwrap();
            if status(&message) == 200 {
                return;
            }
        }
    }
}

/// Opens `/sip`.
pub async fn open(stage: &Stage) -> WebSocketStream<MaybeTlsStream<TcpStream>> {
    let mut request = format!("ws://{}/sip", stage.http).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "sip".parse().unwrap());
    tokio_tungstenite::connect_async(request).await.unwrap().0
}
