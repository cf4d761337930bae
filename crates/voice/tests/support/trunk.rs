//! A carrier that brings one call over UDP.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::UdpSocket;

use super::text::{body, header, method, respond, status};

pub struct TrunkCall {
    socket: UdpSocket,
    server: SocketAddr,
    id: String,
    number: String,
    /// The user that the request is for.
    called: String,
    /// `To` with its tag, once known.
    to: String,
    cseq: u32,
    pub branch: u32,
}

impl TrunkCall {
    pub async fn new(server: SocketAddr, number: &str) -> Self {
        Self::to(server, number, "12345").await
    }

    /// A call for `name`, which the hotline registered, to the number that was dialled.
    pub async fn for_name(server: SocketAddr, number: &str, name: &str, dialled: &str) -> Self {
        Self { called: name.to_owned(), ..Self::to(server, number, dialled).await }
    }

    pub async fn to(server: SocketAddr, number: &str, called: &str) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let id = format!("{}-{number}", socket.local_addr().unwrap().port());
        Self {
            socket,
            server,
            id,
            number: number.to_owned(),
            to: format!("<sip:{called}@127.0.0.1>"),
            called: called.to_owned(),
            cseq: 1,
            branch: 1,
        }
    }

    fn request(&self, verb: &str, cseq: u32, body: &str) -> String {
        let me = self.socket.local_addr().unwrap();
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        format!(
            "{verb} sip:{}@{} SIP/2.0\r\nVia: SIP/2.0/UDP {me};branch=z9hG4bK{}-{};rport\r\nMax-Forwards: 70\r\n\
             From: <sip:{}@127.0.0.1>;tag=f{}\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: {cseq} {verb}\r\n\
             Contact: <sip:{}@{me}>\r\n{kind}Content-Length: {}\r\n\r\n{body}",
            self.called,
            self.server,
            self.id,
            self.branch,
            self.number,
            self.id,
            self.to,
            self.id,
            self.number,
            body.len(),
        )
    }

    pub async fn send(&self, text: &str) {
        self.socket.send_to(text.as_bytes(), self.server).await.unwrap();
    }

    pub async fn receive(&self) -> Option<String> {
        let mut buffer = vec![0; 65_535];
        let (len, _) = tokio::time::timeout(Duration::from_secs(5), self.socket.recv_from(&mut buffer))
            .await
            .ok()?
            .ok()?;
        Some(String::from_utf8_lossy(&buffer[..len]).into_owned())
    }

    /// Sends INVITE and waits for its final response; the answer's body comes back with 200.
    pub async fn invite(&mut self, sdp: &str) -> (u16, String) {
        self.send(&self.request("INVITE", 1, sdp)).await;
        loop {
            let Some(message) = self.receive().await else { return (0, String::new()) };
            let code = status(&message);
            if code < 200 {
                continue;
            }
            self.to = header(&message, "To").unwrap().to_owned();
            if code < 300 {
                self.branch += 1;
            }
            self.send(&self.request("ACK", 1, "")).await;
            self.branch += 1;
            return (code, body(&message).to_owned());
        }
    }

    /// Offers the call with further header lines; returns the whole final answer.
    pub async fn offer_with(&mut self, sdp: &str, more: &str) -> (u16, String) {
        let invite = self.request("INVITE", 1, sdp).replacen("Contact:", &format!("{more}Contact:"), 1);
        self.send(&invite).await;
        loop {
            let Some(message) = self.receive().await else { return (0, String::new()) };
            let code = status(&message);
            if code < 200 {
                continue;
            }
            self.to = header(&message, "To").unwrap().to_owned();
            if code < 300 {
                self.branch += 1;
            }
            self.send(&self.request("ACK", 1, "")).await;
            self.branch += 1;
            return (code, message);
        }
    }

    /// Calls without an offer and answers the house's one in the ACK; returns it.
    pub async fn invite_late(&mut self, sdp: &str) -> (u16, String) {
        self.send(&self.request("INVITE", 1, "")).await;
        loop {
            let Some(message) = self.receive().await else { return (0, String::new()) };
            let code = status(&message);
            if code < 200 {
                continue;
            }
            self.to = header(&message, "To").unwrap().to_owned();
            self.branch += 1;
            self.send(&self.request("ACK", 1, sdp)).await;
            self.branch += 1;
            return (code, body(&message).to_owned());
        }
    }

    /// Offers other media within the call.
    pub async fn again(&mut self, sdp: &str) -> (u16, String) {
        self.cseq += 1;
        self.branch += 1;
        let cseq = self.cseq;
        self.send(&self.request("INVITE", cseq, sdp)).await;
        loop {
            let Some(message) = self.receive().await else { return (0, String::new()) };
            let code = status(&message);
            if code < 200 {
                continue;
            }
            if code < 300 {
                self.branch += 1;
            }
            self.send(&self.request("ACK", cseq, "")).await;
            return (code, body(&message).to_owned());
        }
    }

    /// Acknowledges and ends whatever came of a cancelled call.
    pub async fn finish(&mut self) -> u16 {
        let mut answered = 0;
        while let Ok(Some(message)) = tokio::time::timeout(Duration::from_millis(500), self.receive()).await {
            let code = status(&message);
            if code >= 200 && header(&message, "CSeq").is_some_and(|cseq| cseq.ends_with("INVITE")) {
                self.to = header(&message, "To").unwrap().to_owned();
                if code < 300 {
                    self.branch += 1;
                }
                self.send(&self.request("ACK", 1, "")).await;
                answered = code;
                break;
            }
        }
        if (200..300).contains(&answered) { self.within("BYE", "", "").await } else { answered }
    }

    /// Offers the call and gives up at once, before any answer was read.
    pub async fn invite_and_cancel(&mut self, sdp: &str) {
        self.send(&self.request("INVITE", 1, sdp)).await;
        self.send(&self.request("CANCEL", 1, "")).await;
    }

    /// Sends a request within the call and waits for its response.
    pub async fn within(&mut self, verb: &str, kind: &str, body: &str) -> u16 {
        self.cseq += 1;
        self.branch += 1;
        let text = self.request(verb, self.cseq, body).replace("application/sdp", kind);
        self.send(&text).await;
        loop {
            let Some(message) = self.receive().await else { return 0 };
            match status(&message) {
                0 => self.serve(&message).await,
                code if code >= 200 => return code,
                _ => {}
            }
        }
    }

    async fn serve(&self, request: &str) {
        self.send(&respond(request, "200 OK", "x", "", "")).await;
    }

    /// Waits until the hotline hangs up.
    pub async fn ended(&self) -> bool {
        while let Some(message) = self.receive().await {
            if method(&message) == "BYE" {
                self.serve(&message).await;
                return true;
            }
        }
        false
    }
}
