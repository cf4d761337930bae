//! The telephone in an agent's page: SIP over WebSocket, registered, one call at a time.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{self, http::HeaderValue};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::message::{Message, parameter, uri_of, user_of};

/// Life of a registration that is asked for, in seconds.
const EXPIRES_SECS: u64 = 120;
/// The server's answer to a registration is waited for so long.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// What happens at the telephone.
#[derive(Debug)]
pub(super) enum PhoneEvent {
    /// It is called.
    Invited(Box<Invitation>),
    /// The caller, or the server, took the invitation back.
    Cancelled,
    /// The other side hung up.
    Ended,
    /// The connection is lost.
    Lost(String),
}

/// Somebody calls.
#[derive(Clone, Debug)]
pub(super) struct Invitation {
    /// The call's id, as screens know it.
    pub call_id: String,
    /// The caller's number, perhaps masked.
    pub caller: String,
    /// The session description.
    pub offer: String,
    request: Message,
}

struct Call {
    request: Message,
    answered: bool,
    cseq: u32,
}

struct Registration {
    uri: String,
    user: String,
    password: String,
    call_id: String,
    cseq: u32,
    count: u32,
    refresh_at: Instant,
    tried: bool,
}

/// A registered telephone.
pub(super) struct Phone {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    registration: Registration,
    contact: String,
    tag: String,
    call: Option<Call>,
}

impl Phone {
    /// Connects and registers with what `POST /voice/registration` gave.
    ///
    /// # Errors
    /// In words.
    pub async fn register(base: &str, given: &Value) -> Result<Self, String> {
        let text = |name: &str| {
            given[name].as_str().map(str::to_owned).ok_or(format!("the registration has no {name}"))
        };
        let url = format!("{}{}", base.replacen("http", "ws", 1), text("ws_path")?);
        let mut request = url.into_client_request().map_err(|error| error.to_string())?;
        request.headers_mut().insert("sec-websocket-protocol", HeaderValue::from_static("sip"));
        let (socket, _) = connect_async(request).await.map_err(|error| error.to_string())?;
        let user = text("user")?;
        let id = kernel::id::new_id().replace('-', "");
        let mut phone = Self {
            socket,
            contact: format!("<sip:{user}@{}.invalid;transport=ws>", &id[..12]),
            registration: Registration {
                uri: text("uri")?,
                user,
                password: text("password")?,
                call_id: format!("{id}@sim"),
                cseq: 0,
                count: 0,
                refresh_at: Instant::now(),
                tried: false,
            },
            tag: id[20..].to_owned(),
            call: None,
        };
        phone.send_register(EXPIRES_SECS, None).await.map_err(|error| error.to_string())?;
        let until = Instant::now() + ANSWER_WITHIN;
        while phone.registration.refresh_at <= until {
            let message =
                timeout_at(until, phone.receive()).await.map_err(|_| "no answer to REGISTER".to_owned())?;
            phone.handle(message?).await?;
        }
        Ok(phone)
    }

    /// Waits for what happens next, and keeps the registration alive meanwhile.
    pub async fn next(&mut self) -> PhoneEvent {
        loop {
            let refresh_at = self.registration.refresh_at;
            let done = tokio::select! {
                message = self.receive() => match message {
                    Ok(message) => self.handle(message).await,
                    Err(error) => Err(error),
                },
                () = sleep_until(refresh_at) => {
                    self.registration.refresh_at = Instant::now() + Duration::from_secs(EXPIRES_SECS / 2);
                    self.send_register(EXPIRES_SECS, None).await.map(|()| None).map_err(|error| error.to_string())
                }
            };
            match done {
                Ok(Some(event)) => return event,
                Ok(None) => {}
                Err(error) => return PhoneEvent::Lost(error),
            }
        }
    }

    /// Tells the caller that it rings.
    pub async fn ring(&mut self) -> Result<(), String> {
        self.reply(180, "Ringing", None).await
    }

    /// Answers.
    pub async fn answer(&mut self, sdp: &str) -> Result<(), String> {
        self.reply(200, "OK", Some(sdp)).await?;
        if let Some(call) = &mut self.call {
            call.answered = true;
        }
        Ok(())
    }

    /// Leaves the call to somebody else.
    pub async fn decline(&mut self) -> Result<(), String> {
        self.reply(486, "Busy Here", None).await?;
        self.call = None;
        Ok(())
    }

    /// Hangs up.
    pub async fn hang_up(&mut self) -> Result<(), String> {
        let Some(mut call) = self.call.take() else { return Ok(()) };
        call.cseq += 1;
        let header = |name: &str| call.request.header(name).unwrap_or_default();
        let bye = self
            .request("BYE", uri_of(header("contact")))
            .with("From", &format!("{};tag={}", header("to"), self.tag))
            .with("To", header("from"))
            .with("Call-ID", header("call-id"))
            .with("CSeq", &format!("{} BYE", call.cseq));
        self.send(&bye).await.map_err(|error| error.to_string())
    }

    /// Signs the telephone off and closes the connection.
    pub async fn close(&mut self) {
        // The server's nonce may still be good; if not, the closing connection ends the registration.
        let _ = self.send_register(0, None).await;
        let _ = tokio::time::timeout(Duration::from_millis(300), self.receive()).await;
        let _ = tokio::time::timeout(Duration::from_secs(1), self.socket.close(None)).await;
    }

    async fn reply(&mut self, status: u16, reason: &str, sdp: Option<&str>) -> Result<(), String> {
        let Some(call) = &self.call else { return Err("the call is gone".to_owned()) };
        let mut response =
            Message::response(&call.request, status, reason, &self.tag).with("Contact", &self.contact);
        if let Some(sdp) = sdp {
            response = response.with_sdp(sdp);
        }
        self.send(&response).await.map_err(|error| error.to_string())
    }

    fn request(&self, method: &str, uri: &str) -> Message {
        let branch = kernel::id::new_id().replace('-', "");
        Message::request(method, uri)
            .with("Via", &format!("SIP/2.0/WS {}.invalid;branch=z9hG4bK{branch}", self.registration.user))
    }

    async fn send_register(
        &mut self,
        expires: u64,
        challenge: Option<&str>,
    ) -> Result<(), tungstenite::Error> {
        let server =
            format!("sip:{}", self.registration.uri.split_once('@').map_or("yihao", |(_, host)| host));
        self.registration.cseq += 1;
        let mut register = self
            .request("REGISTER", &server)
            .with("From", &format!("<{}>;tag={}", self.registration.uri, self.tag))
            .with("To", &format!("<{}>", self.registration.uri))
            .with("Call-ID", &self.registration.call_id)
            .with("CSeq", &format!("{} REGISTER", self.registration.cseq))
            .with("Contact", &self.contact)
            .with("Expires", &expires.to_string());
        if let Some(challenge) = challenge {
            register = register.with("Authorization", &self.credentials(challenge, &server));
        }
        self.registration.tried = challenge.is_some();
        self.send(&register).await
    }

    fn credentials(&mut self, challenge: &str, uri: &str) -> String {
        let registration = &mut self.registration;
        registration.count += 1;
        let realm = parameter(challenge, "realm").unwrap_or_default();
        let nonce = parameter(challenge, "nonce").unwrap_or_default();
        let (count, mine) = ("00000001", format!("{:08x}", registration.count));
        let response = ::sip::digest::response(
            ::sip::digest::Algorithm::Md5,
            &registration.user,
            realm,
            &registration.password,
            "REGISTER",
            uri,
            nonce,
            Some((count, &mine)),
        );
        format!(
            "Digest username=\"{}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", response=\"{response}\", \
             algorithm=MD5, qop=auth, cnonce=\"{mine}\", nc={count}",
            registration.user
        )
    }

    async fn send(&mut self, message: &Message) -> Result<(), tungstenite::Error> {
        self.socket.send(tungstenite::Message::text(message.to_text())).await
    }

    async fn receive(&mut self) -> Result<Message, String> {
        loop {
            let frame = match self.socket.next().await {
                Some(Ok(frame)) => frame,
                Some(Err(error)) => return Err(error.to_string()),
                None => return Err("the connection was closed".to_owned()),
            };
            if let tungstenite::Message::Close(_) = frame {
                return Err("the server closed the connection".to_owned());
            }
            if let Some(message) = frame.to_text().ok().and_then(Message::parse) {
                return Ok(message);
            }
        }
    }

    async fn handle(&mut self, message: Message) -> Result<Option<PhoneEvent>, String> {
        let Some(method) = message.method() else {
            self.handle_response(&message).await?;
            return Ok(None);
        };
        let same = self
            .call
            .as_ref()
            .is_some_and(|call| call.request.header("call-id") == message.header("call-id"));
        let (status, reason, event) = match (method, same) {
            ("ACK", _) => return Ok(None),
            ("INVITE", false) if self.call.is_none() => {
                let invitation = Invitation {
                    call_id: message.header("x-yihao-call").unwrap_or_default().to_owned(),
                    caller: user_of(uri_of(message.header("from").unwrap_or_default())).to_owned(),
                    offer: message.body.clone(),
                    request: message,
                };
                self.call = Some(Call { request: invitation.request.clone(), answered: false, cseq: 0 });
                return Ok(Some(PhoneEvent::Invited(Box::new(invitation))));
            }
            ("INVITE", false) => (486, "Busy Here", None),
            ("INVITE", true) => (488, "Not Acceptable Here", None),
            ("CANCEL", true) if self.call.as_ref().is_some_and(|call| !call.answered) => {
                let ok = Message::response(&message, 200, "OK", &self.tag);
                self.send(&ok).await.map_err(|error| error.to_string())?;
                self.reply(487, "Request Terminated", None).await?;
                self.call = None;
                return Ok(Some(PhoneEvent::Cancelled));
            }
            ("BYE", true) => {
                self.call = None;
                (200, "OK", Some(PhoneEvent::Ended))
            }
            ("BYE" | "CANCEL", _) => (481, "Call Does Not Exist", None),
            _ => (200, "OK", None),
        };
        let response = Message::response(&message, status, reason, &self.tag);
        self.send(&response).await.map_err(|error| error.to_string())?;
        Ok(event)
    }

    async fn handle_response(&mut self, message: &Message) -> Result<(), String> {
        if message.cseq() != Some((self.registration.cseq, "REGISTER")) {
            return Ok(());
        }
        match message.status() {
            Some(200..300) => {
                self.registration.refresh_at = Instant::now() + Duration::from_secs(EXPIRES_SECS / 2);
                Ok(())
            }
            Some(401) if !self.registration.tried => {
                let challenge = message.header("www-authenticate").unwrap_or_default().to_owned();
                self.send_register(EXPIRES_SECS, Some(&challenge)).await.map_err(|error| error.to_string())
            }
            Some(100..200) | None => Ok(()),
            Some(status) => Err(format!("REGISTER was refused with {status}")),
        }
    }
}
