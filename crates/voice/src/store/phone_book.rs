//! The phone book.

use kernel::db::Statement;
use kernel::{Cursor, Db, DbError, Page, Tx};
use sqlx::FromRow;

/// An entry of the phone book.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub struct Entry {
    /// Id.
    pub id: String,
    /// Whose number.
    pub name: String,
    /// The number.
    pub number: String,
    /// `unit` for a unit of the city, `outside` for others.
    pub kind: String,
    /// What it is for.
    pub note: String,
    /// Last change, epoch milliseconds.
    pub updated_at: i64,
}

/// Returns a page of entries by name.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &Db,
    q: Option<&str>,
    kind: Option<&str>,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page<Entry>, DbError> {
    let mut query =
        Statement::new("select id, name, number, kind, note, updated_at from voice_phone_book where 1 = 1");
    if let Some(q) = q.map(str::trim).filter(|q| !q.is_empty()) {
        let like = format!("%{}%", q.replace(['%', '_', '\\'], ""));
        query.push(" and (name like ").bind(like.clone());
        query.push(" or number like ").bind(like.clone());
        query.push(" or note like ").bind(like).push(")");
    }
    if let Some(kind) = kind.filter(|kind| !kind.is_empty()) {
        query.push(" and kind = ").bind(kind.to_owned());
    }
    if let Some(keys) = cursor.and_then(|cursor| Cursor::decode(cursor, 2)) {
        query.push(" and (name > ").bind(keys[0].clone());
        query.push(" or (name = ").bind(keys[0].clone());
        query.push(" and id > ").bind(keys[1].clone()).push("))");
    }
    query.push(" order by name, id limit ");
    query.bind(i64::try_from(limit).unwrap_or(200) + 1);
    let rows: Vec<Entry> = query.query_as().fetch_all(db.reader()).await?;
    Ok(Page::cut(rows, limit, |row| Cursor::encode(&[row.name.clone(), row.id.clone()])))
}

/// Writes an entry, new or changed; false when a change finds nothing to change.
///
/// # Errors
/// When a statement fails.
pub async fn save(tx: &mut Tx, entry: &Entry, new: bool) -> Result<bool, DbError> {
    let sql = if new {
        "insert into voice_phone_book (id, name, number, kind, note, updated_at) \
         values ($1, $2, $3, $4, $5, $6)"
    } else {
        "update voice_phone_book set name = $2, number = $3, kind = $4, note = $5, updated_at = $6 \
         where id = $1"
    };
    let changed = sqlx::query(sql)
        .bind(&entry.id)
        .bind(&entry.name)
        .bind(&entry.number)
        .bind(&entry.kind)
        .bind(&entry.note)
        .bind(entry.updated_at)
        .execute(tx.conn())
        .await?
        .rows_affected();
    Ok(changed > 0)
}

/// Removes an entry; false when it was not there.
///
/// # Errors
/// When a statement fails.
pub async fn remove(tx: &mut Tx, id: &str) -> Result<bool, DbError> {
    let gone = sqlx::query("delete from voice_phone_book where id = $1").bind(id).execute(tx.conn()).await?;
    Ok(gone.rows_affected() > 0)
}
