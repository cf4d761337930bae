//! A telephone on a seat's desk: registers over UDP, TCP or TLS, rings, answers, holds, transfers.

use std::net::SocketAddr;
use std::time::Duration;

use sip::digest::{Algorithm, response};
use sip::stream::{Framed, Framer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use super::stage::Stage;
use super::text::{body, header, method, respond, status};

trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

enum Link {
    Datagrams(UdpSocket, SocketAddr),
    Stream(Box<dyn Wire>, Framer),
}

pub struct DeskPhone {
    link: Link,
    transport: &'static str,
    pub local: SocketAddr,
    seat: String,
    password: String,
    call_id: String,
    cseq: u32,
    held: Vec<String>,
    /// What the contact says; another address than the own one behind a NAT.
    pub contact: String,
}

impl DeskPhone {
    /// Gives a seat an account; returns the password.
    pub async fn account(stage: &Stage, seat: &str) -> String {
        let body = serde_json::json!({ "seat_ids": [format!("s{seat}")], "note": "窗口" }).to_string();
        let (code, made) = stage.post("leader", "/voice/telephones", &body).await;
        assert_eq!(code, 201, "{made}");
        assert_eq!(made["items"][0]["user"], seat);
        made["items"][0]["password"].as_str().unwrap().to_owned()
    }

    pub async fn over_udp(server: SocketAddr, seat: &str, password: &str) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let local = socket.local_addr().unwrap();
        Self::new(Link::Datagrams(socket, server), "UDP", local, seat, password)
    }

    pub async fn over_tcp(server: SocketAddr, seat: &str, password: &str) -> Self {
        let socket = TcpStream::connect(server).await.unwrap();
        let local = socket.local_addr().unwrap();
        Self::new(Link::Stream(Box::new(socket), Framer::new()), "TCP", local, seat, password)
    }

    pub async fn over_tls(
        server: SocketAddr,
        connector: &tokio_rustls::TlsConnector,
        seat: &str,
        password: &str,
    ) -> Self {
        let socket = TcpStream::connect(server).await.unwrap();
        let local = socket.local_addr().unwrap();
        let name = tokio_rustls::rustls::pki_types::ServerName::try_from("yihao.test").unwrap();
        let socket = connector.connect(name, socket).await.unwrap();
        Self::new(Link::Stream(Box::new(socket), Framer::new()), "TLS", local, seat, password)
    }

    fn new(link: Link, transport: &'static str, local: SocketAddr, seat: &str, password: &str) -> Self {
        let suffix = if transport == "UDP" {
            String::new()
        } else {
            format!(";transport={}", transport.to_lowercase())
        };
        Self {
            link,
            transport,
            local,
            seat: seat.to_owned(),
            password: password.to_owned(),
            call_id: kernel::id::new_id(),
            cseq: 0,
            held: Vec::new(),
            contact: format!("<sip:{seat}@{local}{suffix}>"),
        }
    }

    pub async fn send(&mut self, text: &str) {
        match &mut self.link {
            Link::Datagrams(socket, server) => {
                socket.send_to(text.as_bytes(), *server).await.unwrap();
            }
            Link::Stream(socket, _) => {
                socket.write_all(text.as_bytes()).await.unwrap();
                socket.flush().await.unwrap();
            }
        }
    }

    /// Returns the next message; none when none comes in time, or the connection ends.
    pub async fn receive(&mut self, patience: Duration) -> Option<String> {
        let next = async {
            match &mut self.link {
                Link::Datagrams(socket, _) => {
                    let mut buffer = vec![0; 65_535];
                    let (len, _) = socket.recv_from(&mut buffer).await.ok()?;
                    Some(String::from_utf8_lossy(&buffer[..len]).into_owned())
                }
                Link::Stream(socket, framer) => loop {
                    match framer.take_next().unwrap() {
                        Some(Framed::Message(bytes)) => {
                            return Some(String::from_utf8_lossy(&bytes).into_owned());
                        }
                        Some(Framed::Ping) => {}
                        None => {
                            let mut buffer = vec![0; 4096];
                            let len = socket.read(&mut buffer).await.ok().filter(|len| *len > 0)?;
                            framer.push(&buffer[..len]);
                        }
                    }
                },
            }
        };
        tokio::time::timeout(patience, next).await.ok()?
    }

    pub async fn register(&mut self, expires_secs: u32) -> u16 {
        status(&self.registration(expires_secs).await)
    }

    /// Registers, and returns the whole last answer.
    pub async fn registration(&mut self, expires_secs: u32) -> String {
        let challenge = self.try_register(expires_secs, "").await;
        assert_eq!(status(&challenge), 401, "{challenge}");
        let nonce = challenge.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let proof = response(
            Algorithm::Md5,
            &self.seat,
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
            self.seat
        );
        self.try_register(expires_secs, &header).await
    }

    async fn try_register(&mut self, expires_secs: u32, authorization: &str) -> String {
        self.cseq += 1;
        let text = format!(
            "REGISTER sip:yihao SIP/2.0\r\nVia: SIP/2.0/{} {};branch=z9hG4bK{};rport\r\nMax-Forwards: 70\r\n\
             To: <sip:{seat}@yihao>\r\nFrom: <sip:{seat}@yihao>;tag=r\r\nCall-ID: {}\r\nCSeq: {} REGISTER\r\n\
             Contact: {};expires={expires_secs}\r\nUser-Agent: Tischtelefon 7\r\n{authorization}Content-Length: 0\r\n\r\n",
            self.transport,
            self.local,
            kernel::id::new_id(),
            self.call_id,
            self.cseq,
            self.contact,
            seat = self.seat,
        );
        self.send(&text).await;
        self.answer_to("REGISTER").await
    }

    /// Waits for the final answer to a request of this kind; what else comes is kept.
    async fn answer_to(&mut self, verb: &str) -> String {
        loop {
            let message = self.receive(Duration::from_secs(8)).await.expect("an answer comes");
            let mine = header(&message, "CSeq").is_some_and(|cseq| cseq.ends_with(verb));
            match status(&message) {
                0 => self.keep(message).await,
                code if code >= 200 && mine => return message,
                _ => {}
            }
        }
    }

    /// Questions whether it is there are answered at once.
    async fn keep(&mut self, message: String) {
        if method(&message) == "OPTIONS" {
            self.send(&respond(&message, "200 OK", "desk", "", "")).await;
        } else {
            self.held.push(message);
        }
    }

    /// Waits for a request; answers nothing but questions whether it is there.
    pub async fn request(&mut self, wanted: &str) -> String {
        if let Some(at) = self.held.iter().position(|held| method(held) == wanted) {
            return self.held.remove(at);
        }
        loop {
            let message =
                self.receive(Duration::from_secs(10)).await.unwrap_or_else(|| panic!("no {wanted} came"));
            if method(&message) == wanted {
                return message;
            }
            if status(&message) == 0 {
                self.keep(message).await;
            }
        }
    }

    pub async fn ring(&mut self, invite: &str) {
        let extra = format!("Contact: {}\r\n", self.contact);
        self.send(&respond(invite, "180 Ringing", "desk", &extra, "")).await;
    }

    /// Answers an INVITE and waits for its ACK.
    pub async fn accept(&mut self, invite: &str, sdp: &str, more: &str) {
        self.ring(invite).await;
        let extra = format!("Contact: {}\r\nContent-Type: application/sdp\r\n{more}", self.contact);
        self.send(&respond(invite, "200 OK", "desk", &extra, sdp)).await;
        self.request("ACK").await;
    }

    pub async fn reply(&mut self, request: &str, status: &str) {
        self.send(&respond(request, status, "desk", "", "")).await;
    }

    /// Sends a request within the call that came with this INVITE; returns the final answer.
    pub async fn within(&mut self, invite: &str, verb: &str, more: &str, sdp: &str) -> String {
        self.cseq += 1;
        let target =
            header(invite, "Contact").unwrap().trim_start_matches('<').split('>').next().unwrap().to_owned();
        let kind = if sdp.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let request = |verb: &str, cseq: u32, body: &str, more: &str| {
            format!(
                "{verb} {target} SIP/2.0\r\nVia: SIP/2.0/{} {};branch=z9hG4bK{};rport\r\nMax-Forwards: 70\r\n\
                 From: {};tag=desk\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {cseq} {verb}\r\nContact: {}\r\n{more}\
                 Content-Length: {}\r\n\r\n{body}",
                self.transport,
                self.local,
                kernel::id::new_id(),
                header(invite, "To").unwrap(),
                header(invite, "From").unwrap(),
                header(invite, "Call-ID").unwrap(),
                self.contact,
                body.len(),
            )
        };
        let cseq = self.cseq;
        let text = request(verb, cseq, sdp, &format!("{kind}{more}"));
        let ack = request("ACK", cseq, "", "");
        self.send(&text).await;
        let answer = self.answer_to(verb).await;
        if verb == "INVITE" {
            self.send(&ack).await;
        }
        answer
    }

    /// Hangs up the call that came with this INVITE.
    pub async fn bye(&mut self, invite: &str) {
        assert_eq!(status(&self.within(invite, "BYE", "", "").await), 200);
    }

    /// Waits until the house hangs up.
    pub async fn released(&mut self) {
        let bye = self.request("BYE").await;
        self.reply(&bye, "200 OK").await;
    }
}

/// A conversation that a desk telephone began.
#[derive(Clone, Debug)]
pub struct Line {
    call_id: String,
    from: String,
    to: String,
    target: String,
    cseq: u32,
}

impl Line {
    /// Names it for a transfer, as whoever is at the house's end knows it.
    pub fn replaces(&self) -> String {
        replaces(&self.call_id, tag(&self.to), tag(&self.from))
    }
}

/// Writes a `Replaces` header's value.
pub fn replaces(call_id: &str, to_tag: &str, from_tag: &str) -> String {
    format!("{call_id};to-tag={to_tag};from-tag={from_tag}")
}

/// Returns the tag in a From or To.
pub fn tag(header: &str) -> &str {
    header.split("tag=").nth(1).unwrap().split(';').next().unwrap()
}

/// Writes whom a telephone names in a REFER, with the conversation that stands for them.
pub fn refer_to(user: &str, replaces: &str) -> String {
    let replaces = replaces.replace('@', "%40").replace(';', "%3B").replace('=', "%3D");
    format!("Refer-To: <sip:{user}@yihao?Replaces={replaces}>\r\n")
}

impl DeskPhone {
    /// Types a wrong password from now on.
    pub fn mistake_password(&mut self) {
        "mistaken".clone_into(&mut self.password);
    }

    fn line_to(&self, number: &str) -> Line {
        Line {
            call_id: kernel::id::new_id(),
            from: format!("<sip:{}@yihao>;tag=d{}", self.seat, self.cseq),
            to: format!("<sip:{number}@yihao>"),
            target: format!("sip:{number}@yihao"),
            cseq: 1,
        }
    }

    /// Dials with the account's password; returns the final answer, and the conversation if there is one.
    pub async fn dial(&mut self, number: &str, sdp: &str, more: &str) -> (String, Line) {
        let mut line = self.line_to(number);
        let challenge = self.send_on(&line, "INVITE", more, sdp).await;
        assert_eq!(status(&challenge), 401, "{challenge}");
        self.acknowledge(&line, &challenge).await;
        let nonce = challenge.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let proven = Some(("00000001", "c"));
        let (seat, target) = (self.seat.clone(), line.target.clone());
        let proof =
            response(Algorithm::Md5, &seat, "yihao", &self.password, "INVITE", &target, &nonce, proven);
        let proof = format!(
            "Authorization: Digest algorithm=MD5, username=\"{seat}\", realm=\"yihao\", nonce=\"{nonce}\", \
             uri=\"{target}\", response=\"{proof}\", qop=auth, cnonce=\"c\", nc=00000001\r\n"
        );
        line.cseq += 1;
        let answer = self.send_on(&line, "INVITE", &format!("{proof}{more}"), sdp).await;
        if status(&answer) == 200 {
            header(&answer, "To").unwrap().clone_into(&mut line.to);
            let contact = header(&answer, "Contact").unwrap();
            line.target = contact.trim_start_matches('<').split('>').next().unwrap().to_owned();
        }
        self.acknowledge(&line, &answer).await;
        (answer, line)
    }

    /// Sends a request in a conversation that this telephone began; returns the final answer.
    pub async fn on(&mut self, line: &mut Line, verb: &str, more: &str, sdp: &str) -> String {
        line.cseq += 1;
        let answer = self.send_on(line, verb, more, sdp).await;
        if verb == "INVITE" {
            self.acknowledge(line, &answer).await;
        }
        answer
    }

    async fn send_on(&mut self, line: &Line, verb: &str, more: &str, sdp: &str) -> String {
        let kind = if sdp.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let text = self.write_on(line, verb, &format!("{kind}{more}"), sdp);
        self.send(&text).await;
        self.answer_to(verb).await
    }

    async fn acknowledge(&mut self, line: &Line, answer: &str) {
        let line = Line { to: header(answer, "To").unwrap().to_owned(), ..line.clone() };
        let ack = self.write_on(&line, "ACK", "", "");
        self.send(&ack).await;
    }

    fn write_on(&self, line: &Line, verb: &str, more: &str, sdp: &str) -> String {
        // The ACK of a refusal belongs to the INVITE before it, of anything else to none.
        let branch = if verb == "INVITE" || verb == "ACK" {
            format!("{}{}", line.call_id, line.cseq)
        } else {
            kernel::id::new_id()
        };
        format!(
            "{verb} {} SIP/2.0\r\nVia: SIP/2.0/{} {};branch=z9hG4bK{branch};rport\r\nMax-Forwards: 70\r\n\
             From: {}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {} {verb}\r\nContact: {}\r\nAllow: INVITE, BYE, REFER, NOTIFY\r\n\
             {more}Content-Length: {}\r\n\r\n{sdp}",
            line.target,
            self.transport,
            self.local,
            line.from,
            line.to,
            line.call_id,
            line.cseq,
            self.contact,
            sdp.len(),
        )
    }
}

/// Returns the description in a message.
pub fn described(message: &str) -> &str {
    body(message)
}
