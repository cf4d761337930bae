//! Files that people without an account send: citizens under a short-lived ticket, outside helpers under their
//! link.

use async_trait::async_trait;
use kernel::{Ctx, Problem};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The right to send files before an order or a supplement is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UploadTicket {
    /// The secret that names it.
    pub token: String,
    /// When it ends, epoch milliseconds.
    pub expires_at: i64,
    /// How many files it takes.
    pub files_max: i64,
    /// How large one file may be, in bytes.
    pub file_bytes_max: i64,
    /// How large all of them may be, in bytes.
    pub total_bytes_max: i64,
}

/// A file that was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UploadView {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `image`, `audio`, `video` or `document`.
    pub kind: String,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub size_bytes: i64,
    /// Whether there is a small picture of it.
    pub has_thumb: bool,
    /// When it was sent, epoch milliseconds.
    pub uploaded_at: i64,
    /// Whether it waits for what it was sent for.
    pub waiting: bool,
}

/// A file as it arrives.
#[derive(Clone, Debug, Default)]
pub struct UploadedFile {
    /// The name that the sender gives it.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
    /// A small picture of it that the sender's page made.
    pub thumb: Option<Vec<u8>>,
}

/// Under which right files are sent and looked at.
#[derive(Clone, Copy, Debug)]
pub enum UploadRight<'a> {
    /// A ticket's token.
    Ticket(&'a str),
    /// The secret of a helper's link.
    Link(&'a str),
    /// An order's number and query code; files cannot be sent with it.
    Order {
        /// The number.
        number: &'a str,
        /// The code.
        code: &'a str,
    },
}

/// A file to be handed out. Its reader reads no further than its size.
#[derive(Debug)]
pub struct FileToServe {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub size_bytes: i64,
    /// The name of the bytes in the folder of files.
    pub blob: String,
    /// Names what it holds, for caches.
    pub digest: String,
}

/// The desk at which files of people without an account are taken. Whoever calls it limits how often.
#[async_trait]
pub trait UploadDesk: Send + Sync {
    /// Gives a ticket.
    async fn open_ticket(&self, ctx: &Ctx) -> Result<UploadTicket, Problem>;
    /// Takes a file. The same file under the same right is taken once.
    async fn put(&self, ctx: &Ctx, right: UploadRight<'_>, file: UploadedFile)
    -> Result<UploadView, Problem>;
    /// Forgets a file that has not gone to an order yet.
    async fn take_back(&self, ctx: &Ctx, right: UploadRight<'_>, id: &str) -> Result<(), Problem>;
    /// Lists what may be seen under a right, oldest first.
    async fn list(&self, ctx: &Ctx, right: UploadRight<'_>) -> Result<Vec<UploadView>, Problem>;
    /// Finds a file, or its small picture.
    async fn find(
        &self,
        ctx: &Ctx,
        right: UploadRight<'_>,
        id: &str,
        thumb: bool,
    ) -> Result<FileToServe, Problem>;
}
