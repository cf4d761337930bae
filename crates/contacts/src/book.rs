//! The book of citizens, as other slices ask it.

use async_trait::async_trait;
use contract::contacts::{ContactBook, ContactBrief, ContactChanged, ContactId};
use kernel::{ActorKind, Audit, BoxError, Ctx, DbError, Timestamp, Tx};

use crate::contact::change::build;
use crate::phone::normalise;
use crate::{Contact, Contacts, NewContact, store};

/// Names under which nobody in particular calls.
const NO_NAMES: [&str; 5] = ["", "匿名", "市民", "未知", "来电人"];

#[async_trait]
impl ContactBook for Contacts {
    async fn find_or_open(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        name: &str,
        phone: Option<&str>,
        gender: Option<&str>,
    ) -> Result<ContactId, DbError> {
        // What a citizen typed on a public page proves nothing: it finds only the very same name at the same
        // number, teaches files nothing, and never decides who is calling.
        let proven = ctx.actor.kind != ActorKind::Citizen;
        let name: String = name.trim().chars().take(60).collect();
        let unnamed = NO_NAMES.contains(&name.as_str());
        let number = phone.and_then(normalise);
        if let Some(number) = &number {
            let dialect = tx.dialect();
            store::phone::take_turn(tx.conn(), dialect, number).await?;
            let known = store::phone::files_of(tx.conn(), number).await?;
            // The same number under another name is another person at the same telephone.
            let fitting = known
                .iter()
                .find(|file| file.name == name)
                .or_else(|| known.first().filter(|_| proven && unnamed))
                .or_else(|| known.iter().find(|file| proven && NO_NAMES.contains(&file.name.as_str())));
            if let Some(file) = fitting {
                let id = ContactId(file.contact_id.clone());
                if proven {
                    store::phone::use_number(tx.conn(), id.as_str(), number, ctx.now).await?;
                    if NO_NAMES.contains(&file.name.as_str()) && !unnamed {
                        store::learn_name(tx.conn(), id.as_str(), &name, gender, ctx.now).await?;
                        tx.emit(ctx, &ContactChanged { contact_id: id.clone() });
                        tx.audit(ctx, Audit::new("contact.learn_name", "contact", id.as_str()));
                    }
                }
                return Ok(id);
            }
        }
        let new = NewContact { name, gender: gender.map(ToOwned::to_owned), ..NewContact::default() };
        let contact = build(ctx, new, number.into_iter().collect());
        let used_at = if proven { ctx.now } else { Timestamp(0) };
        store::insert(tx.conn(), &contact, used_at).await?;
        tx.emit(ctx, &ContactChanged { contact_id: contact.id.clone() });
        tx.audit(ctx, Audit::new("contact.open", "contact", contact.id.as_str()));
        Ok(contact.id)
    }

    async fn contact(&self, id: &ContactId) -> Result<Option<ContactBrief>, BoxError> {
        let mut conn = self.kit.db.reader().acquire().await?;
        Ok(store::find(&mut conn, id).await?.map(brief))
    }

    async fn by_phone(&self, phone: &str) -> Result<Option<ContactBrief>, BoxError> {
        let Some(number) = normalise(phone) else { return Ok(None) };
        let mut conn = self.kit.db.reader().acquire().await?;
        let files = store::phone::files_of(&mut conn, &number).await?;
        let Some(file) = files.first() else { return Ok(None) };
        let contact = store::find(&mut conn, &ContactId(file.contact_id.clone())).await?;
        Ok(contact.map(|contact| ContactBrief { phone: Some(number), ..brief(contact) }))
    }
}

fn brief(contact: Contact) -> ContactBrief {
    let phone = contact.phones.iter().find(|phone| phone.primary).or(contact.phones.first());
    ContactBrief {
        phone: phone.map(|phone| phone.number.clone()),
        id: contact.id,
        name: contact.name,
        gender: contact.gender,
        address: contact.address,
        tags: contact.tags,
    }
}
