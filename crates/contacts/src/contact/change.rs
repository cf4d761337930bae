//! Opening a file, changing it, adding and removing numbers.

use axum::http::StatusCode;
use contract::contacts::{ContactChanged, ContactId};
use kernel::http::Idem;
use kernel::{Audit, Ctx, Principal, Writes};
use serde_json::json;

use super::{Contact, ContactChange, NewContact, PHONES_MAX, Phone};
use crate::error::ContactsError;
use crate::phone::normalise;
use crate::{Contacts, store};

impl Contacts {
    /// Opens a file.
    ///
    /// # Errors
    /// [`ContactsError::Invalid`] when fields need correction.
    pub async fn open(
        &self,
        ctx: &Ctx,
        new: NewContact,
        reader: &Principal,
        idem: &Idem,
    ) -> Result<Contact, ContactsError> {
        let numbers = new.check()?;
        let contact = build(ctx, new, numbers);
        let mut writes = Writes::new();
        store::insert(&mut writes, &contact, ctx.now);
        writes.emit(ctx, &ContactChanged { contact_id: contact.id.clone() });
        writes.audit(ctx, Audit::new("contact.open", "contact", contact.id.as_str()));
        let seen = contact.seen_by(reader);
        if let Some(answer) = idem.answer(&self.kit, StatusCode::CREATED, &seen) {
            writes.remember(answer);
        }
        self.kit.db.write(writes).await?;
        Ok(seen)
    }

    /// Changes a file.
    ///
    /// # Errors
    /// [`ContactsError::StaleVersion`] when somebody else was first.
    pub async fn change(
        &self,
        ctx: &Ctx,
        id: &ContactId,
        wish: ContactChange,
    ) -> Result<Contact, ContactsError> {
        wish.check()?;
        let mut tx = self.kit.db.begin().await?;
        let before = store::claim(tx.conn(), id).await?.ok_or(ContactsError::Absent)?;
        if before.version != wish.version + 1 {
            return Err(ContactsError::StaleVersion { current: before.version - 1 });
        }
        let fields = changed_fields(&wish);
        let after = wish.apply(before, ctx.now);
        store::update(tx.conn(), &after).await?;
        tx.emit(ctx, &ContactChanged { contact_id: id.clone() });
        tx.audit(
            ctx,
            Audit::new("contact.change", "contact", id.as_str()).detail(json!({ "fields": fields })),
        );
        tx.commit().await?;
        Ok(after)
    }

    /// Adds a number. Whoever sees numbers masked is not told whether the file had it: the answer would be a
    /// way to find out the number.
    ///
    /// # Errors
    /// [`ContactsError::DoubleNumber`] when the file has it, [`ContactsError::Full`] when it has ten.
    pub async fn add_phone(
        &self,
        ctx: &Ctx,
        id: &ContactId,
        number: &str,
        primary: bool,
        reader: &Principal,
    ) -> Result<Contact, ContactsError> {
        let number = normalise(number).ok_or_else(|| {
            ContactsError::Invalid(Box::new(kernel::Problem::invalid().field(
                "number",
                "malformed",
                "号码格式不正确。",
                "This is not a telephone number.",
            )))
        })?;
        let mut tx = self.kit.db.begin().await?;
        let contact = store::claim(tx.conn(), id).await?.ok_or(ContactsError::Absent)?;
        if contact.phones.iter().any(|phone| phone.number == number) {
            if reader.is_masked("phone") {
                return self.touch(ctx, tx, id, "contact.add_phone").await;
            }
            return Err(ContactsError::DoubleNumber);
        }
        if contact.phones.len() >= PHONES_MAX {
            return Err(ContactsError::Full);
        }
        let primary = primary || contact.phones.is_empty();
        if primary {
            store::phone::clear_primary(tx.conn(), id).await?;
        }
        let phone = Phone { id: kernel::id::new_id(), number, masked: false, primary };
        store::phone::insert(tx.conn(), id, &phone, ctx.now).await?;
        self.touch(ctx, tx, id, "contact.add_phone").await
    }

    /// Removes a number; the next becomes the primary one.
    ///
    /// # Errors
    /// [`ContactsError::LastNumber`] when the file would have neither name nor number left.
    pub async fn remove_phone(
        &self,
        ctx: &Ctx,
        id: &ContactId,
        phone_id: &str,
    ) -> Result<Contact, ContactsError> {
        let mut tx = self.kit.db.begin().await?;
        let contact = store::claim(tx.conn(), id).await?.ok_or(ContactsError::Absent)?;
        let Some(gone) = contact.phones.iter().find(|phone| phone.id == phone_id) else {
            return Err(ContactsError::Absent);
        };
        if contact.phones.len() == 1 {
            return Err(ContactsError::LastNumber);
        }
        store::phone::delete(tx.conn(), phone_id).await?;
        if gone.primary
            && let Some(next) = contact.phones.iter().find(|phone| phone.id != phone_id)
        {
            store::phone::set_primary(tx.conn(), &next.id).await?;
        }
        self.touch(ctx, tx, id, "contact.remove_phone").await
    }

    async fn touch(
        &self,
        ctx: &Ctx,
        mut tx: kernel::Tx,
        id: &ContactId,
        action: &'static str,
    ) -> Result<Contact, ContactsError> {
        let before = store::find(tx.conn(), id).await?.ok_or(ContactsError::Absent)?;
        let after = ContactChange::default().apply(before, ctx.now);
        store::update(tx.conn(), &after).await?;
        tx.emit(ctx, &ContactChanged { contact_id: id.clone() });
        tx.audit(ctx, Audit::new(action, "contact", id.as_str()));
        tx.commit().await?;
        Ok(after)
    }
}

pub(crate) fn build(ctx: &Ctx, new: NewContact, numbers: Vec<String>) -> Contact {
    let tidy = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    Contact {
        id: ContactId::generate(),
        name: new.name.trim().to_owned(),
        gender: tidy(new.gender),
        phones: numbers
            .into_iter()
            .enumerate()
            .map(|(at, number)| Phone { id: kernel::id::new_id(), number, masked: false, primary: at == 0 })
            .collect(),
        address: tidy(new.address),
        district: tidy(new.district),
        note: tidy(new.note),
        tags: new.tags,
        version: 1,
        created_at: ctx.now,
        updated_at: ctx.now,
    }
}

fn changed_fields(wish: &ContactChange) -> Vec<&'static str> {
    [
        ("name", wish.name.is_some()),
        ("gender", wish.gender.is_some()),
        ("address", wish.address.is_some()),
        ("district", wish.district.is_some()),
        ("note", wish.note.is_some()),
        ("tags", wish.tags.is_some()),
    ]
    .into_iter()
    .filter_map(|(field, changed)| changed.then_some(field))
    .collect()
}
