//! Numbers.

use std::collections::HashMap;

use contract::contacts::ContactId;
use kernel::db::Statement;
use kernel::{DbError, Timestamp};
use sqlx::{AnyConnection, FromRow};

use crate::contact::Phone;

#[derive(FromRow)]
struct Row {
    id: String,
    contact_id: String,
    number: String,
    is_primary: i64,
}

/// Returns the numbers of some files, the primary first.
pub(crate) async fn of(
    conn: &mut AnyConnection,
    contacts: &[String],
) -> Result<HashMap<String, Vec<Phone>>, DbError> {
    let mut phones: HashMap<String, Vec<Phone>> = HashMap::new();
    // Databases bound the number of values in a statement.
    for some in contacts.chunks(500) {
        let mut statement = Statement::new(
            "select id, contact_id, number, is_primary from contacts_phone where contact_id in (",
        );
        statement.bind_all(some).push(") order by contact_id, is_primary desc, last_used_at desc, id");
        for row in statement.query_as::<Row>().fetch_all(&mut *conn).await? {
            phones.entry(row.contact_id).or_default().push(Phone {
                id: row.id,
                number: row.number,
                masked: false,
                primary: row.is_primary == 1,
            });
        }
    }
    Ok(phones)
}

/// So many files with one number are looked at.
pub(crate) const FILES_MAX: usize = 20;

/// A file that has a certain number.
#[derive(FromRow)]
pub(crate) struct FileOfNumber {
    pub(crate) contact_id: String,
    pub(crate) name: String,
}

/// Returns the files with a number; the one that used it last comes first.
pub(crate) async fn files_of(conn: &mut AnyConnection, number: &str) -> Result<Vec<FileOfNumber>, DbError> {
    Ok(sqlx::query_as(
        "select c.id as contact_id, c.name as name from contacts_phone p \
         join contacts_contact c on c.id = p.contact_id where p.number = $1 \
         order by p.last_used_at desc, p.id desc limit 20",
    )
    .bind(number)
    .fetch_all(conn)
    .await?)
}

pub(crate) async fn insert(
    conn: &mut AnyConnection,
    contact: &ContactId,
    phone: &Phone,
    now: Timestamp,
) -> Result<(), DbError> {
    sqlx::query(
        "insert into contacts_phone (id, contact_id, number, is_primary, last_used_at) \
         values ($1, $2, $3, $4, $5)",
    )
    .bind(&phone.id)
    .bind(contact.as_str())
    .bind(&phone.number)
    .bind(i64::from(phone.primary))
    .bind(now.0)
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that a number was used.
pub(crate) fn use_number(contact: &str, number: &str, now: Timestamp) -> Statement {
    let mut update = Statement::new("update contacts_phone set last_used_at = ");
    update.bind(now.0).push(" where contact_id = ").bind(contact).push(" and number = ").bind(number);
    update
}

pub(crate) async fn clear_primary(conn: &mut AnyConnection, contact: &ContactId) -> Result<(), DbError> {
    sqlx::query("update contacts_phone set is_primary = 0 where contact_id = $1")
        .bind(contact.as_str())
        .execute(conn)
        .await?;
    Ok(())
}

pub(crate) async fn set_primary(conn: &mut AnyConnection, phone: &str) -> Result<(), DbError> {
    sqlx::query("update contacts_phone set is_primary = 1 where id = $1").bind(phone).execute(conn).await?;
    Ok(())
}

pub(crate) async fn delete(conn: &mut AnyConnection, phone: &str) -> Result<(), DbError> {
    sqlx::query("delete from contacts_phone where id = $1").bind(phone).execute(conn).await?;
    Ok(())
}
