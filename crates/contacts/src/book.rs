//! The book of citizens, as other slices ask it.

use async_trait::async_trait;
use contract::contacts::{ContactBook, ContactBrief, ContactChanged, ContactId};
use kernel::db::Check;
use kernel::{ActorKind, Audit, BoxError, Ctx, DbError, Timestamp, Tx, Writes};

use crate::contact::change::build;
use crate::phone::normalise;
use crate::{Contact, Contacts, NewContact, store};

/// Names under which nobody in particular calls.
const NO_NAMES: [&str; 5] = ["", "匿名", "市民", "未知", "来电人"];

#[async_trait]
impl ContactBook for Contacts {
    async fn find_or_open(
        &self,
        writes: &mut Writes,
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
            writes.keep(self.turns.take(number).await);
            let mut conn = self.kit.db.reader().acquire().await?;
            let known = store::phone::files_of(&mut conn, number).await?;
            drop(conn);
            // The same number under another name is another person at the same telephone.
            let fitting = known
                .iter()
                .find(|file| file.name == name)
                .or_else(|| known.first().filter(|_| proven && unnamed))
                .or_else(|| known.iter().find(|file| proven && NO_NAMES.contains(&file.name.as_str())));
            if let Some(file) = fitting {
                let id = ContactId(file.contact_id.clone());
                if proven {
                    writes.defer(store::phone::use_number(id.as_str(), number, ctx.now));
                    if NO_NAMES.contains(&file.name.as_str()) && !unnamed {
                        writes.defer(store::learn_name(id.as_str(), &name, gender, ctx.now));
                        writes.emit(ctx, &ContactChanged { contact_id: id.clone() });
                        writes.audit(ctx, Audit::new("contact.learn_name", "contact", id.as_str()));
                    }
                }
                return Ok(id);
            }
            // Another process may open a file with this number meanwhile. A house full of people is not asked.
            if known.len() < store::phone::FILES_MAX {
                writes.expect(Check {
                    question: "select number from contacts_phone where number",
                    key: number.clone(),
                    expected: known.len() as i64,
                });
            }
        }
        let new = NewContact { name, gender: gender.map(ToOwned::to_owned), ..NewContact::default() };
        let contact = build(ctx, new, number.into_iter().collect());
        let used_at = if proven { ctx.now } else { Timestamp(0) };
        store::insert(writes, &contact, used_at);
        writes.emit(ctx, &ContactChanged { contact_id: contact.id.clone() });
        writes.audit(ctx, Audit::new("contact.open", "contact", contact.id.as_str()));
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

    async fn tag(
        &self,
        tx: &mut Tx,
        ctx: &Ctx,
        phone: &str,
        tag: &str,
        present: bool,
    ) -> Result<(), DbError> {
        let Some(number) = normalise(phone) else { return Ok(()) };
        for file in store::phone::files_of(tx.conn(), &number).await? {
            let id = ContactId(file.contact_id);
            let Some(mut contact) = store::find(tx.conn(), &id).await? else { continue };
            let had = contact.tags.iter().any(|known| known == tag);
            if had == present || (present && contact.tags.len() >= crate::contact::TAGS_MAX) {
                continue;
            }
            contact.tags.retain(|known| known != tag);
            if present {
                contact.tags.push(tag.to_owned());
            }
            store::set_tags(tx.conn(), &id, &contact.tags, ctx.now).await?;
            tx.emit(ctx, &ContactChanged { contact_id: id.clone() });
            let detail = serde_json::json!({ "tag": tag, "present": present });
            tx.audit(ctx, Audit::new("contact.tag", "contact", id.as_str()).detail(detail));
        }
        Ok(())
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
