//! The citizen's file (服务对象).

use async_trait::async_trait;
use kernel::event::Event;
use kernel::{BoxError, Ctx, DbError, Tx, Writes};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

kernel::id!(
    /// Names a citizen's file.
    ContactId
);

/// What others need to know of a citizen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContactBrief {
    /// The file.
    pub id: ContactId,
    /// The name.
    pub name: String,
    /// `male`, `female`, or absent.
    pub gender: Option<String>,
    /// The number to call first, unmasked; whoever shows it masks it by the reader's role.
    pub phone: Option<String>,
    /// The address.
    pub address: Option<String>,
    /// Tags such as `vip`.
    pub tags: Vec<String>,
}

/// One line of a citizen's history, as another slice tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HistoryItem {
    /// `call`, `case`, `rating`.
    pub kind: String,
    /// The id of the call or case.
    pub id: String,
    /// When, epoch milliseconds.
    pub at: i64,
    /// What it was about.
    pub title: String,
    /// Its state, as a code that the screen translates.
    pub status: String,
}

/// The book of citizens.
#[async_trait]
pub trait ContactBook: Send + Sync {
    /// Finds the file with this number and a fitting name, or opens one together with the caller's other
    /// writes. Until these are made, nobody else looks for a file with this number.
    async fn find_or_open(
        &self,
        writes: &mut Writes,
        ctx: &Ctx,
        name: &str,
        phone: Option<&str>,
        gender: Option<&str>,
    ) -> Result<ContactId, DbError>;
    /// Finds a file.
    async fn contact(&self, id: &ContactId) -> Result<Option<ContactBrief>, BoxError>;
    /// Finds the file that used this number last.
    async fn by_phone(&self, phone: &str) -> Result<Option<ContactBrief>, BoxError>;
    /// Gives the files that use this number a tag, or takes it away, in the caller's transaction.
    async fn tag(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        phone: &str,
        tag: &str,
        present: bool,
    ) -> Result<(), DbError> {
        let _ = (tx, ctx, phone, tag, present);
        Ok(())
    }
}

/// Something that knows a part of a citizen's history; `voice` and `cases` do.
#[async_trait]
pub trait HistorySource: Send + Sync {
    /// Returns the newest `limit` items of a citizen, known by file or number.
    async fn history(
        &self,
        contact: Option<&ContactId>,
        phones: &[String],
        limit: i64,
    ) -> Result<Vec<HistoryItem>, BoxError>;
}

/// A citizen's file was opened or changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ContactChanged {
    /// The file.
    pub contact_id: ContactId,
}

impl Event for ContactChanged {
    const NAME: &'static str = "contacts.contact_changed";
    fn subject(&self) -> String {
        self.contact_id.0.clone()
    }
}

/// Shows a number as `138****1234`; short numbers keep only their ends.
#[must_use]
pub fn mask_phone(number: &str) -> String {
    let digits: Vec<char> = number.chars().collect();
    match digits.len() {
        0..=2 => "*".repeat(digits.len()),
        3..=6 => format!("{}{}", digits[0], "*".repeat(digits.len() - 1)),
        len => {
            let head: String = digits[..3].iter().collect();
            let tail: String = digits[len - (if len >= 11 { 4 } else { 2 })..].iter().collect();
            format!("{head}****{tail}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::mask_phone;

    #[test]
    fn a_masked_number_never_shows_its_middle() {
        assert_eq!(mask_phone("19900001234"), "199****1234");
        assert_eq!(mask_phone("62341234"), "623****34");
        assert_eq!(mask_phone("12345"), "1****");
        assert_eq!(mask_phone(""), "");
    }
}
