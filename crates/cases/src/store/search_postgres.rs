//! The text index on PostgreSQL: grams as lexemes of a `tsvector`, without its parser.

use std::collections::BTreeSet;

use kernel::db::Statement;
use sqlx::AnyConnection;

use super::search::Words;
use crate::error::CaseError;

pub(super) async fn open(conn: &mut AnyConnection) -> Result<(), CaseError> {
    sqlx::query("alter table cases_search_doc add column if not exists grams tsvector")
        .execute(&mut *conn)
        .await?;
    sqlx::query("create index if not exists cases_search_doc_grams on cases_search_doc using gin (grams)")
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
    let text = grams.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
    let mut number = number;
    loop {
        let taken = sqlx::query(
            "insert into cases_search_doc (number, case_id, grams) \
             values ($1, $2, array_to_tsvector(string_to_array($3, ' '))) on conflict do nothing",
        )
        .bind(number)
        .bind(id)
        .bind(&text)
        .execute(&mut *conn)
        .await?;
        if taken.rows_affected() == 1 {
            return Ok(());
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
}

pub(super) async fn remove(conn: &mut AnyConnection, id: &str) -> Result<(), CaseError> {
    sqlx::query("delete from cases_search_doc where case_id = $1").bind(id).execute(conn).await?;
    Ok(())
}

/// Adds where orders `c` come from: the index, and the orders that it names.
pub(super) fn push_from(sql: &mut Statement, words: &Words) {
    let (whole, begun) = words.grams();
    let quoted = |gram: &String| format!("'{gram}'");
    let terms: Vec<String> =
        whole.iter().map(quoted).chain(begun.iter().map(|gram| format!("{}:*", quoted(gram)))).collect();
    sql.push(" from cases_search_doc f join cases_case c on c.id = f.case_id where f.grams @@ cast(")
        .bind(terms.join(" & "))
        .push(" as tsquery)");
}

/// The column by which the index is in the order of time.
pub(super) const NUMBER: &str = "f.number";
