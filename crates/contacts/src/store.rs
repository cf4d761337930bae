//! The only place with SQL.

pub(crate) mod list;
pub(crate) mod phone;

use contract::contacts::ContactId;
use kernel::db::Statement;
use kernel::{DbError, Timestamp, Writes};
use sqlx::{AnyConnection, FromRow};

use crate::contact::{Contact, Phone};

pub(crate) const COLUMNS: &str =
    "id, name, gender, address, district, note, tags, version, created_at, updated_at";

#[derive(FromRow)]
pub(crate) struct Row {
    pub(crate) id: String,
    name: String,
    gender: Option<String>,
    address: Option<String>,
    district: Option<String>,
    note: Option<String>,
    tags: String,
    version: i64,
    created_at: i64,
    pub(crate) updated_at: i64,
}

impl Row {
    pub(crate) fn contact(self, phones: Vec<Phone>) -> Contact {
        Contact {
            id: ContactId(self.id),
            name: self.name,
            gender: self.gender,
            phones,
            address: self.address,
            district: self.district,
            note: self.note,
            tags: self.tags.split_whitespace().map(ToOwned::to_owned).collect(),
            version: self.version,
            created_at: Timestamp(self.created_at),
            updated_at: Timestamp(self.updated_at),
        }
    }
}

pub(crate) async fn find(conn: &mut AnyConnection, id: &ContactId) -> Result<Option<Contact>, DbError> {
    let mut statement = Statement::new("select ");
    statement.push(COLUMNS).push(" from contacts_contact where id = ").bind(id.as_str());
    let Some(row) = statement.query_as::<Row>().fetch_optional(&mut *conn).await? else { return Ok(None) };
    let mut phones = phone::of(conn, std::slice::from_ref(&row.id)).await?;
    let phones = phones.remove(&row.id).unwrap_or_default();
    Ok(Some(row.contact(phones)))
}

/// Writes a fresh file, whose numbers were used at `used_at`.
pub(crate) fn insert(writes: &mut Writes, contact: &Contact, used_at: Timestamp) {
    writes.insert(
        "contacts_contact (id, name, gender, address, district, note, tags, version, created_at, updated_at)",
        [
            contact.id.as_str().into(),
            (&contact.name).into(),
            contact.gender.as_ref().into(),
            contact.address.as_ref().into(),
            contact.district.as_ref().into(),
            contact.note.as_ref().into(),
            contact.tags.join(" ").into(),
            contact.version.into(),
            contact.created_at.0.into(),
            contact.updated_at.0.into(),
        ],
    );
    for phone in &contact.phones {
        writes.insert(
            "contacts_phone (id, contact_id, number, is_primary, last_used_at)",
            [
                (&phone.id).into(),
                contact.id.as_str().into(),
                (&phone.number).into(),
                phone.primary.into(),
                used_at.0.into(),
            ],
        );
    }
}

/// Raises a file's version before it is read for a change, so that others who change it wait for their turn,
/// and returns the file with the raised version.
pub(crate) async fn claim(conn: &mut AnyConnection, id: &ContactId) -> Result<Option<Contact>, DbError> {
    sqlx::query("update contacts_contact set version = version + 1 where id = $1")
        .bind(id.as_str())
        .execute(&mut *conn)
        .await?;
    find(conn, id).await
}

/// Writes what changes in a file. Its version was raised by [`claim`].
pub(crate) async fn update(conn: &mut AnyConnection, contact: &Contact) -> Result<(), DbError> {
    sqlx::query(
        "update contacts_contact set name = $2, gender = $3, address = $4, district = $5, note = $6, \
         tags = $7, updated_at = $8 where id = $1",
    )
    .bind(contact.id.as_str())
    .bind(&contact.name)
    .bind(contact.gender.as_ref())
    .bind(contact.address.as_ref())
    .bind(contact.district.as_ref())
    .bind(contact.note.as_ref())
    .bind(contact.tags.join(" "))
    .bind(contact.updated_at.0)
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets the tags of a file.
pub(crate) async fn set_tags(
    conn: &mut AnyConnection,
    id: &ContactId,
    tags: &[String],
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query(
        "update contacts_contact set tags = $2, version = version + 1, updated_at = $3 where id = $1",
    )
    .bind(id.as_str())
    .bind(tags.join(" "))
    .bind(now.0)
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives a nameless file the name that the citizen told.
pub(crate) fn learn_name(id: &str, name: &str, gender: Option<&str>, now: Timestamp) -> Statement {
    let mut update = Statement::new("update contacts_contact set name = ");
    update.bind(name).push(", gender = coalesce(").bind(gender).push(", gender), version = version + 1");
    update.push(", updated_at = ").bind(now.0).push(" where id = ").bind(id);
    update
}
