//! Notices to staff (消息).

use async_trait::async_trait;
use kernel::event::{Audience, Event};
use kernel::{BoxError, Ctx};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::identity::PersonId;

/// Something that people shall be told.
#[derive(Clone, Debug, Default)]
pub struct Notice {
    /// Whom.
    pub people: Vec<PersonId>,
    /// The kind, as a code: `due_soon`, `overdue`, `urged`, `supervised`, `returned`, `dispatched`,
    /// `assigned`, `noted`, `warned` (with `number`, `zh`, `en`).
    pub kind: String,
    /// What the sentence is made of: `number`, `title`, `by`, `limit`.
    pub facts: Map<String, Value>,
    /// What it is about, such as `case`.
    pub subject_kind: String,
    /// Its id.
    pub subject_id: String,
    /// Told twice with the same key, it is told once.
    pub key: String,
}

/// Tells people something: in the page's bell, and by every channel outside that the rules name.
#[async_trait]
pub trait Notifier: Send + Sync {
    /// Tells it.
    async fn notify(&self, ctx: &Ctx, notice: Notice) -> Result<(), BoxError>;
}

/// A notice on its way outside.
#[derive(Clone, Debug)]
pub struct OutgoingNotice {
    /// Its id; a channel that got it once need not send it again.
    pub id: String,
    /// Whom it is for.
    pub person_id: PersonId,
    /// The sentence.
    pub text: String,
}

/// A way outside: SMS, mail, WeChat, a call. It knows by itself under which number a person is reached.
#[async_trait]
pub trait NoticeChannel: Send + Sync {
    /// The code that rules name.
    fn code(&self) -> &'static str;
    /// What it is called, in Chinese and English.
    fn name(&self) -> (&'static str, &'static str);
    /// Tells whether it can send anything now.
    fn is_configured(&self) -> bool;
    /// Sends a notice.
    async fn deliver(&self, notice: &OutgoingNotice) -> Result<(), BoxError>;
}

/// A letter by e-mail is so large at most, files and all, in bytes.
pub const MAIL_BYTES_MAX: usize = 20 * 1024 * 1024;

/// A letter by e-mail.
#[derive(Clone, Debug, Default)]
pub struct Mail {
    /// Letters with the same id are one letter to whoever reads them.
    pub id: String,
    /// The address.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The text.
    pub text: String,
    /// Files.
    pub files: Vec<MailFile>,
}

/// A file of a letter.
#[derive(Clone, Debug, Default)]
pub struct MailFile {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// Why a letter, or a text to a citizen, was not sent. The words are for the log.
#[derive(Debug, thiserror::Error)]
pub enum MailFault {
    /// It was not handed over; a later try may succeed.
    #[error("not sent: {0}")]
    Later(String),
    /// It will never be taken.
    #[error("refused: {0}")]
    Refused(String),
    /// Nobody knows whether it was taken.
    #[error("may have been sent: {0}")]
    Unclear(String),
}

/// Sends letters by e-mail.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Tells whether letters can be sent at all.
    fn is_configured(&self) -> bool;
    /// Sends a letter, within a bounded time.
    async fn send(&self, mail: &Mail) -> Result<(), MailFault>;
}

/// Somebody has a new notice.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NoticeArrived {
    /// The notice.
    pub notice_id: String,
    /// Whose it is.
    pub person_id: String,
    /// The kind, as a code.
    pub kind: String,
    /// Whether it hurries.
    pub urgent: bool,
}

impl Event for NoticeArrived {
    const NAME: &'static str = "messages.notice_arrived";
    fn subject(&self) -> String {
        self.notice_id.clone()
    }
    fn audience(&self) -> Vec<Audience> {
        vec![Audience::Person(self.person_id.clone())]
    }
}

/// A text on its way to a citizen.
#[derive(Clone, Debug)]
pub struct CitizenText {
    /// Its id; a channel that got it once need not send it again.
    pub id: String,
    /// The telephone number or the mail address.
    pub to: String,
    /// What it is about, for channels that have such a line.
    pub subject: String,
    /// The text.
    pub text: String,
}

/// A way to citizens: SMS or mail.
#[async_trait]
pub trait CitizenChannel: Send + Sync {
    /// `sms` or `email`.
    fn code(&self) -> &'static str;
    /// Tells whether it can send anything now.
    fn is_configured(&self) -> bool;
    /// Sends a text. What may have been sent is never given again; only [`MailFault::Later`] is tried again.
    async fn deliver(&self, text: &CitizenText) -> Result<(), MailFault>;
}

/// A citizen was told of an order in writing, or could not be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CitizenTold {
    /// The order.
    pub case_id: String,
    /// `feedback` or `result`, as in [`crate::cases::CitizenReplyDue`].
    pub moment: String,
    /// The round, as there.
    pub round: i64,
    /// `sms` or `email`.
    pub way: String,
    /// Why not: `by_call`, `no_channel`, `no_address`, `undeliverable`; none when it went out.
    pub failure: Option<String>,
}

impl Event for CitizenTold {
    const NAME: &'static str = "messages.citizen_told";
    fn subject(&self) -> String {
        self.case_id.clone()
    }
    fn audience(&self) -> Vec<Audience> {
        Vec::new()
    }
}
