//! The dictionary in the database.

use kernel::DbError;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, FromRow, Row};

use crate::dictionary::DictionaryEntry;

impl FromRow<'_, AnyRow> for DictionaryEntry {
    fn from_row(row: &AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            kind: row.try_get("kind")?,
            code: row.try_get("code")?,
            zh: row.try_get("zh")?,
            en: row.try_get("en")?,
            sort: row.try_get("sort")?,
            active: row.try_get::<i64, _>("active")? != 0,
            version: row.try_get("version")?,
        })
    }
}

/// Lists one kind, or everything when `kind` is empty.
pub(crate) async fn list(conn: &mut AnyConnection, kind: &str) -> Result<Vec<DictionaryEntry>, DbError> {
    Ok(sqlx::query_as(
        "select kind, code, zh, en, sort, active, version from identity_dictionary \
         where $1 = '' or kind = $1 order by kind, sort, code",
    )
    .bind(kind)
    .fetch_all(conn)
    .await?)
}

pub(crate) async fn find(
    conn: &mut AnyConnection,
    kind: &str,
    code: &str,
) -> Result<Option<DictionaryEntry>, DbError> {
    Ok(sqlx::query_as(
        "select kind, code, zh, en, sort, active, version from identity_dictionary \
         where kind = $1 and code = $2",
    )
    .bind(kind)
    .bind(code)
    .fetch_optional(conn)
    .await?)
}

pub(crate) async fn put(conn: &mut AnyConnection, entry: &DictionaryEntry) -> Result<(), DbError> {
    sqlx::query(
        "insert into identity_dictionary (kind, code, zh, en, sort, active, version) \
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (kind, code) do update set zh = excluded.zh, \
         en = excluded.en, sort = excluded.sort, active = excluded.active, version = excluded.version",
    )
    .bind(&entry.kind)
    .bind(&entry.code)
    .bind(&entry.zh)
    .bind(&entry.en)
    .bind(entry.sort)
    .bind(i64::from(entry.active))
    .bind(entry.version)
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn delete(conn: &mut AnyConnection, kind: &str, code: &str) -> Result<(), DbError> {
    sqlx::query("delete from identity_dictionary where kind = $1 and code = $2")
        .bind(kind)
        .bind(code)
        .execute(conn)
        .await?;
    Ok(())
}
