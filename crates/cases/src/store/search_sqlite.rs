//! The text index on SQLite: FTS5 without the texts themselves and without positions.

use std::collections::BTreeSet;

use kernel::db::Statement;
use sqlx::AnyConnection;

use super::search::Words;
use crate::error::CaseError;

pub(super) async fn open(conn: &mut AnyConnection) -> Result<(), CaseError> {
    sqlx::query(
        "create virtual table if not exists cases_text using fts5(grams, content = '', contentless_delete = 1, \
         detail = none, tokenize = 'unicode61 remove_diacritics 0')",
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn add(
    conn: &mut AnyConnection,
    id: &str,
    number: i64,
    grams: &BTreeSet<String>,
) -> Result<(), CaseError> {
    // Two orders may have one number; the later one moves on.
    let mut number = number;
    loop {
        let taken = sqlx::query(
            "insert into cases_search_doc (number, case_id) values ($1, $2) on conflict do nothing",
        )
        .bind(number)
        .bind(id)
        .execute(&mut *conn)
        .await?;
        if taken.rows_affected() == 1 {
            break;
        }
        let known: Option<(i64,)> = sqlx::query_as("select number from cases_search_doc where case_id = $1")
            .bind(id)
            .fetch_optional(&mut *conn)
            .await?;
        if known.is_some() {
            return Ok(());
        }
        number += 1;
    }
    let text = grams.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    sqlx::query("insert into cases_text (rowid, grams) values ($1, $2)")
        .bind(number)
        .bind(text)
        .execute(conn)
        .await?;
    Ok(())
}

pub(super) async fn remove(conn: &mut AnyConnection, id: &str) -> Result<(), CaseError> {
    sqlx::query(
        "delete from cases_text where rowid in (select number from cases_search_doc where case_id = $1)",
    )
    .bind(id)
    .execute(&mut *conn)
    .await?;
    sqlx::query("delete from cases_search_doc where case_id = $1").bind(id).execute(conn).await?;
    Ok(())
}

/// Adds where orders `c` come from: the index first, then the orders that it names.
pub(super) fn push_from(sql: &mut Statement, words: &Words) {
    let (whole, begun) = words.grams();
    let quoted = |gram: &String| format!("\"{gram}\"");
    let terms: Vec<String> =
        whole.iter().map(quoted).chain(begun.iter().map(|gram| format!("{}*", quoted(gram)))).collect();
    sql.push(
        " from cases_text f cross join cases_search_doc d on d.number = f.rowid \
         cross join cases_case c on c.id = d.case_id where f.cases_text match ",
    )
    .bind(terms.join(" AND "));
}

/// The column by which the index is in the order of time.
pub(super) const NUMBER: &str = "f.rowid";
