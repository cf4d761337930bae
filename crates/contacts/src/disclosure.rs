//! Showing full numbers to somebody who usually sees them masked; always with a reason, always on record.

use contract::contacts::ContactId;
use kernel::{Audit, Ctx, Problem};
use serde_json::json;

use crate::error::ContactsError;
use crate::{Contact, Contacts, store};

impl Contacts {
    /// Returns the file with full numbers and writes down who asked and why.
    ///
    /// # Errors
    /// [`ContactsError::Invalid`] without a reason.
    pub async fn disclose(&self, ctx: &Ctx, id: &ContactId, reason: &str) -> Result<Contact, ContactsError> {
        let reason = reason.trim();
        if reason.is_empty() || reason.chars().count() > 200 {
            return Err(ContactsError::Invalid(Box::new(Problem::invalid().field(
                "reason",
                "required",
                "请填写查看完整号码的理由（200 字以内）。",
                "Say why you need the full number, in at most 200 characters.",
            ))));
        }
        let mut tx = self.kit.db.begin().await?;
        let contact = store::find(tx.conn(), id).await?.ok_or(ContactsError::Absent)?;
        tx.audit(
            ctx,
            Audit::new("contact.disclose", "contact", id.as_str()).detail(json!({ "reason": reason })),
        );
        tx.commit().await?;
        Ok(contact)
    }
}
