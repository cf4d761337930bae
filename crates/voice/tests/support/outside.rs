//! A telephone outside that is rung through the trunk.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::UdpSocket;

use super::text::{header, method, respond, status};

pub struct Outside {
    socket: UdpSocket,
    server: Option<SocketAddr>,
}

impl Outside {
    pub async fn new() -> Self {
        Self { socket: UdpSocket::bind("127.0.0.1:0").await.unwrap(), server: None }
    }

    pub fn address(&self) -> SocketAddr {
        self.socket.local_addr().unwrap()
    }

    async fn receive(&mut self, patience: Duration) -> Option<String> {
        let mut buffer = vec![0; 65_535];
        let (len, from) =
            tokio::time::timeout(patience, self.socket.recv_from(&mut buffer)).await.ok()?.ok()?;
        self.server = Some(from);
        Some(String::from_utf8_lossy(&buffer[..len]).into_owned())
    }

    async fn send(&self, text: &str) {
        self.socket.send_to(text.as_bytes(), self.server.unwrap()).await.unwrap();
    }

    /// Waits for a request; answers nothing.
    pub async fn request(&mut self, wanted: &str) -> String {
        loop {
            let message =
                self.receive(Duration::from_secs(8)).await.unwrap_or_else(|| panic!("no {wanted} came"));
            if method(&message) == wanted {
                return message;
            }
        }
    }

    pub async fn reply(&self, request: &str, status: &str, sdp: &str) {
        let kind = if sdp.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        let extra = format!("Contact: <sip:outside@{}>\r\n{kind}", self.address());
        self.send(&respond(request, status, "outside", &extra, sdp)).await;
    }

    /// Refuses an INVITE and waits for its ACK.
    pub async fn refuse(&mut self, invite: &str, status: &str, more: &str) {
        self.send(&respond(invite, status, "outside", more, "")).await;
        self.request("ACK").await;
    }

    /// Answers an INVITE and waits for its ACK.
    pub async fn accept(&mut self, invite: &str, sdp: &str) {
        self.reply(invite, "200 OK", sdp).await;
        self.request("ACK").await;
    }

    /// Hangs up a call that came with this INVITE.
    pub async fn bye(&mut self, invite: &str) {
        let contact =
            header(invite, "Contact").unwrap().trim_start_matches('<').split('>').next().unwrap().to_owned();
        let text = format!(
            "BYE {contact} SIP/2.0\r\nVia: SIP/2.0/UDP {};branch=z9hG4bK{};rport\r\nMax-Forwards: 69\r\n\
             From: {};tag=outside\r\nTo: {}\r\nCall-ID: {}\r\nCSeq: 1 BYE\r\nContent-Length: 0\r\n\r\n",
            self.address(),
            kernel::id::new_id(),
            header(invite, "To").unwrap(),
            header(invite, "From").unwrap(),
            header(invite, "Call-ID").unwrap(),
        );
        self.send(&text).await;
        while let Some(message) = self.receive(Duration::from_secs(5)).await {
            if status(&message) == 200 {
                return;
            }
        }
        panic!("the hang-up was not answered");
    }
}
