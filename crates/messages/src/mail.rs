//! Letters by e-mail over SMTP (RFC 5321): a report that was subscribed to, and notices to staff.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use contract::identity::Directory;
use contract::messages::{
    CitizenChannel, CitizenText, MAIL_BYTES_MAX, Mail, MailFault, Mailer, NoticeChannel, OutgoingNotice,
};
use kernel::BoxError;
use lettre::message::header::ContentType;
use lettre::message::{Attachment, Mailbox, MultiPart, SinglePart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use serde::Deserialize;

/// A subject is cut after so many characters.
const SUBJECT_MAX: usize = 120;

/// How the connection is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS from the first byte, usually port 465.
    #[default]
    Tls,
    /// In the clear until STARTTLS, which must succeed; usually port 587.
    Starttls,
    /// In the clear; only for a relay in the same machine room.
    None,
}

/// The section `[mail]` of the settings.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailConfig {
    /// The server's name; empty: no mail is sent.
    pub server: String,
    /// Its port; what is usual for the protection when 0.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// The account there; empty: none is named.
    pub username: String,
    /// Its password.
    pub password: String,
    /// The sender, such as `12345热线 <report@example.gov.cn>`.
    pub from: String,
    /// A file with the certificate (PEM) by which the server is trusted, when it is not a public one.
    pub trusted: String,
    /// After so many seconds without an answer a try is given up.
    pub timeout_secs: u64,
}

impl Default for MailConfig {
    fn default() -> Self {
        Self {
            server: String::new(),
            port: 0,
            security: Security::default(),
            username: String::new(),
            password: String::new(),
            from: String::new(),
            trusted: String::new(),
            timeout_secs: 30,
        }
    }
}

impl std::fmt::Debug for MailConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MailConfig")
            .field("server", &self.server)
            .field("port", &self.port)
            .field("security", &self.security)
            .field("from", &self.from)
            .finish_non_exhaustive()
    }
}

struct Line {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// The way to the mail server, if one is named.
pub struct Smtp(Option<Line>);

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Smtp").field(&self.0.is_some()).finish()
    }
}

impl Smtp {
    /// Reads the settings; nothing is connected yet.
    ///
    /// # Errors
    /// When the sender is no address, or the certificate cannot be read.
    pub fn open(config: &MailConfig) -> Result<Self, BoxError> {
        if config.server.is_empty() {
            return Ok(Self(None));
        }
        let from: Mailbox = config.from.parse().map_err(|error| format!("[mail] from: {error}"))?;
        let tls = || -> Result<TlsParameters, BoxError> {
            let mut tls = TlsParameters::builder(config.server.clone());
            if !config.trusted.is_empty() {
                let pem = std::fs::read(&config.trusted)
                    .map_err(|error| format!("[mail] trusted = {}: {error}", config.trusted))?;
                tls = tls.add_root_certificate(Certificate::from_pem(&pem)?);
            }
            Ok(tls.build_rustls()?)
        };
        let (usual, protection) = match config.security {
            Security::Tls => (465, Tls::Wrapper(tls()?)),
            Security::Starttls => (587, Tls::Required(tls()?)),
            Security::None => (25, Tls::None),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.server)
            .port(if config.port == 0 { usual } else { config.port })
            .tls(protection)
            .timeout(Some(Duration::from_secs(config.timeout_secs.clamp(1, 300))));
        if !config.username.is_empty() {
            builder = builder.credentials(Credentials::new(config.username.clone(), config.password.clone()));
        }
        Ok(Self(Some(Line { transport: builder.build(), from })))
    }
}

/// Puts a letter together. Line breaks in a subject or a name become spaces, so that none becomes a header.
fn letter(from: &Mailbox, mail: &Mail) -> Result<Message, MailFault> {
    let bytes: usize = mail.files.iter().map(|file| file.bytes.len()).sum();
    if bytes + mail.text.len() > MAIL_BYTES_MAX {
        return Err(MailFault::Refused(format!("the letter has {bytes} bytes")));
    }
    let refused = |error: &dyn std::fmt::Display| MailFault::Refused(error.to_string());
    let to: Mailbox = mail.to.parse().map_err(|error: lettre::address::AddressError| refused(&error))?;
    let line = |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    let id: String = mail.id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let builder = Message::builder()
        .from(from.clone())
        .to(to)
        .message_id(Some(format!("<{id}@{}>", from.email.domain())))
        .subject(line(&mail.subject).chars().take(SUBJECT_MAX).collect::<String>());
    let text = SinglePart::plain(mail.text.clone());
    if mail.files.is_empty() {
        return builder.singlepart(text).map_err(|error| refused(&error));
    }
    let mut parts = MultiPart::mixed().singlepart(text);
    for file in &mail.files {
        let kind = ContentType::parse(&file.media_type).map_err(|error| refused(&error))?;
        parts = parts.singlepart(Attachment::new(line(&file.name)).body(file.bytes.clone(), kind));
    }
    builder.multipart(parts).map_err(|error| refused(&error))
}

#[async_trait]
impl Mailer for Smtp {
    fn is_configured(&self) -> bool {
        self.0.is_some()
    }

    async fn send(&self, mail: &Mail) -> Result<(), MailFault> {
        let Some(line) = &self.0 else { return Err(MailFault::Later("no mail server is named".to_owned())) };
        let letter = letter(&line.from, mail)?;
        // Looked at first: what fails from here on may have been taken nevertheless.
        match line.transport.test_connection().await {
            Ok(true) => {}
            Ok(false) => return Err(MailFault::Later("the server does not answer".to_owned())),
            Err(error) => return Err(MailFault::Later(kernel::problem::chain(&error))),
        }
        match line.transport.send(letter).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(MailFault::Refused(kernel::problem::chain(&error))),
            Err(error) if error.is_transient() => Err(MailFault::Later(kernel::problem::chain(&error))),
            Err(error) => Err(MailFault::Unclear(kernel::problem::chain(&error))),
        }
    }
}

/// Notices by e-mail, to whoever has an address.
pub struct MailChannel {
    mailer: Arc<dyn Mailer>,
    directory: Arc<dyn Directory>,
}

impl std::fmt::Debug for MailChannel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MailChannel").finish_non_exhaustive()
    }
}

impl MailChannel {
    /// Makes the channel.
    #[must_use]
    pub fn new(mailer: Arc<dyn Mailer>, directory: Arc<dyn Directory>) -> Self {
        Self { mailer, directory }
    }
}

#[async_trait]
impl NoticeChannel for MailChannel {
    fn code(&self) -> &'static str {
        "mail"
    }

    fn name(&self) -> (&'static str, &'static str) {
        ("邮件", "E-mail")
    }

    fn is_configured(&self) -> bool {
        self.mailer.is_configured()
    }

    async fn deliver(&self, notice: &OutgoingNotice) -> Result<(), BoxError> {
        let receiver = self.directory.receiver(&notice.person_id).await?;
        let address = receiver.and_then(|receiver| receiver.email);
        let to = address.ok_or("the person has no e-mail address, or may not sign in")?;
        let subject = format!("【12345】{}", notice.text);
        let mail = Mail { id: notice.id.clone(), to, subject, text: notice.text.clone(), files: Vec::new() };
        Ok(self.mailer.send(&mail).await?)
    }
}

/// Texts to citizens by e-mail.
pub struct CitizenMail(Arc<dyn Mailer>);

impl std::fmt::Debug for CitizenMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CitizenMail").finish_non_exhaustive()
    }
}

impl CitizenMail {
    /// Makes the channel.
    #[must_use]
    pub fn new(mailer: Arc<dyn Mailer>) -> Self {
        Self(mailer)
    }
}

#[async_trait]
impl CitizenChannel for CitizenMail {
    fn code(&self) -> &'static str {
        "email"
    }

    fn is_configured(&self) -> bool {
        self.0.is_configured()
    }

    async fn deliver(&self, text: &CitizenText) -> Result<(), MailFault> {
        let mail = Mail {
            id: text.id.clone(),
            to: text.to.clone(),
            subject: text.subject.clone(),
            text: text.text.clone(),
            files: Vec::new(),
        };
        self.0.send(&mail).await
    }
}

#[cfg(test)]
mod tests {
    use contract::messages::{Mail, MailFile};

    use super::{MAIL_BYTES_MAX, MailConfig, Smtp, letter};

    fn mail() -> Mail {
        Mail {
            id: "run-1".to_owned(),
            to: "zhang@example.gov.cn".to_owned(),
            subject: "周报\r\nBcc: thief@example.com".to_owned(),
            text: "您好".to_owned(),
            files: vec![MailFile {
                name: "周报 2026\n-03.xlsx".to_owned(),
                media_type: "application/zip".to_owned(),
                bytes: vec![1, 2, 3],
            }],
        }
    }

    #[test]
    fn a_line_break_becomes_no_header() {
        let from = "热线 <report@example.gov.cn>".parse().unwrap();
        let written = String::from_utf8(letter(&from, &mail()).unwrap().formatted()).unwrap();
        let head = written.split("\r\n\r\n").next().unwrap();
        assert!(head.lines().all(|line| !line.to_lowercase().starts_with("bcc")), "{head}");
        assert!(head.contains("Message-ID: <run-1@example.gov.cn>"), "{head}");
    }

    #[test]
    fn what_is_no_address_or_too_large_is_refused() {
        let from = "report@example.gov.cn".parse().unwrap();
        for bad in [
            Mail { to: "zhang".to_owned(), ..mail() },
            Mail { to: "a@b.cn, c@d.cn".to_owned(), ..mail() },
            Mail {
                files: vec![MailFile { bytes: vec![0; MAIL_BYTES_MAX], ..mail().files.remove(0) }],
                ..mail()
            },
        ] {
            assert!(letter(&from, &bad).is_err());
        }
    }

    #[test]
    fn settings_that_cannot_be_are_told_at_the_start() {
        let config = MailConfig { server: "mail".to_owned(), ..MailConfig::default() };
        assert!(Smtp::open(&config).unwrap_err().to_string().contains("from"));
        let config = MailConfig { from: "a@b.cn".to_owned(), trusted: "/no/such.pem".to_owned(), ..config };
        assert!(Smtp::open(&config).unwrap_err().to_string().contains("trusted"));
        assert!(!format!("{:?}", MailConfig { password: "geheim".to_owned(), ..config }).contains("geheim"));
    }
}
