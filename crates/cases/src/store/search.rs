//! Text search over title, content and what was filled in: every two neighbouring characters are a gram, whatever the language,
//! and an order is found by the grams of the words and then by the words themselves.
//!
//! The index is behind the orders by some seconds, so that writing an order costs nothing: a job brings it
//! up, and a search looks through what it has not reached yet.

use std::collections::BTreeSet;

use contract::cases::CaseId;
use kernel::db::Statement;
use kernel::{Dialect, Tx};
use sqlx::{AnyConnection, FromRow};

use super::{search_postgres, search_sqlite};
use crate::Cases;
use crate::error::CaseError;

/// So many orders are indexed in one transaction: whoever writes meanwhile waits for so long.
const BATCH: i64 = 50;
/// Orders younger than this are left to the next turn: their transaction may still be open, and an index
/// that had passed them would never see them.
const YOUNG_MS: u64 = 15_000;
/// The name of the row that says how far the index is.
const MARK: &str = "text";

/// An order's place in the index and what is found there.
#[derive(FromRow)]
struct Text {
    id: String,
    created_at: i64,
    title: String,
    content: String,
    form_text: Option<String>,
}

/// Returns the grams of a text: pairs of neighbouring letters and digits, and each of them alone, in lower
/// case. Sorted, each once.
#[must_use]
pub fn grams(text: &str) -> BTreeSet<String> {
    let mut grams = BTreeSet::new();
    for run in text.split(|c: char| !c.is_alphanumeric()) {
        let letters: Vec<char> = run.chars().flat_map(char::to_lowercase).collect();
        for pair in letters.windows(2) {
            grams.insert(pair.iter().collect());
        }
        if let Some(last) = letters.last() {
            // A lone character is found as the beginning of a gram; only the last begins none.
            grams.insert(last.to_string());
        }
    }
    grams
}

/// What is searched for: words that all have to occur.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words(Vec<String>);

impl Words {
    /// Reads what somebody typed: at most 50 characters, words apart by blanks.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let text: String = text.chars().take(50).collect();
        Self(text.split_whitespace().map(ToOwned::to_owned).collect())
    }

    /// Tells whether nothing is searched for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the words.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.0
    }

    /// Returns the grams that have to occur; whole ones, and those that only have to begin so.
    #[must_use]
    pub fn grams(&self) -> (BTreeSet<String>, BTreeSet<String>) {
        let (mut whole, mut begun) = (BTreeSet::new(), BTreeSet::new());
        for run in self.0.iter().flat_map(|word| word.split(|c: char| !c.is_alphanumeric())) {
            let letters: Vec<char> = run.chars().flat_map(char::to_lowercase).collect();
            whole.extend(letters.windows(2).map(|pair| pair.iter().collect::<String>()));
            if let [only] = letters.as_slice() {
                begun.insert(only.to_string());
            }
        }
        (whole, begun)
    }

    /// Adds the condition that the order `c` really has the words, each in title, content or form.
    pub(crate) fn push_check(&self, sql: &mut Statement) {
        for word in &self.0 {
            // Without regard to case, which `like` alone has on one of the databases only.
            let pattern = format!("%{}%", super::list::plain(&word.to_lowercase()));
            sql.push(" and (lower(c.title) like ").bind(pattern.clone());
            sql.push(" escape '\\' or lower(c.content) like ").bind(pattern.clone());
            sql.push(" escape '\\' or lower(c.form_text) like ").bind(pattern).push(" escape '\\')");
        }
    }
}

/// Returns an order's number in the index. It grows with the time at which the order was written, so that
/// the index finds the newest first; the rest tells orders of one millisecond apart.
#[must_use]
pub fn number_of(created_at: i64, id: &str) -> i64 {
    let digits: String = id.chars().filter(char::is_ascii_hexdigit).collect();
    // Of a UUIDv7 the 12 bits after the version, then 8 after the variant.
    let rest = digits.get(13..16).and_then(|text| i64::from_str_radix(text, 16).ok()).unwrap_or_default()
        << 8
        | digits.get(18..20).and_then(|text| i64::from_str_radix(text, 16).ok()).unwrap_or_default();
    (created_at.clamp(0, 1 << 42) << 20) | (rest & 0xf_ffff)
}

/// Returns the smallest number of an instant.
#[must_use]
pub fn first_number(created_at: i64) -> i64 {
    created_at.clamp(0, 1 << 42) << 20
}

/// Returns the greatest number of an instant.
#[must_use]
pub fn last_number(created_at: i64) -> i64 {
    (created_at.clamp(0, 1 << 42) << 20) | 0xf_ffff
}

impl Cases {
    /// Makes the index where it is missing.
    pub(crate) async fn open_search(&self) -> Result<(), CaseError> {
        let mut tx = self.kit().db.begin().await?;
        match tx.dialect() {
            Dialect::Sqlite => search_sqlite::open(tx.conn()).await?,
            Dialect::Postgres => search_postgres::open(tx.conn()).await?,
        }
        tx.commit().await?;
        Ok(())
    }

    /// Brings the index up to the orders of a moment ago. Returns how many were added.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn index_texts(&self) -> Result<usize, CaseError> {
        let before = young_id();
        self.index_texts_before(&before).await
    }

    /// Brings the index up to every order, as after an import while nobody writes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn index_all_texts(&self) -> Result<usize, CaseError> {
        self.index_texts_before("z").await
    }

    async fn index_texts_before(&self, before: &str) -> Result<usize, CaseError> {
        let mut added = 0;
        loop {
            let after = mark(&mut *self.kit().db.reader().acquire().await?).await?;
            let mut texts: Vec<Text> = sqlx::query_as(
                "select id, created_at, title, content, form_text from cases_case where id > $1 and id < $2 order by id limit $3",
            )
            .bind(&after)
            .bind(before)
            .bind(BATCH)
            .fetch_all(self.kit().db.reader())
            .await?;
            let Some(last) = texts.last().map(|text| text.id.clone()) else { return Ok(added) };
            added += texts.len();
            // In the order of the numbers the index grows at its end.
            texts.sort_by_key(|text| number_of(text.created_at, &text.id));
            let ready: Vec<(String, i64, BTreeSet<String>)> = texts
                .into_iter()
                .map(|text| {
                    let form = text.form_text.unwrap_or_default();
                    let found = grams(&format!("{} {} {form}", text.title, text.content));
                    (text.id.clone(), number_of(text.created_at, &text.id), found)
                })
                .collect();
            let mut tx = self.kit().db.begin().await?;
            for (id, number, grams) in &ready {
                add(&mut tx, id, *number, grams).await?;
            }
            sqlx::query(
                "insert into cases_search_mark (name, upto) values ($1, $2) \
                 on conflict (name) do update set upto = excluded.upto",
            )
            .bind(MARK)
            .bind(&last)
            .execute(tx.conn())
            .await?;
            tx.commit().await?;
        }
    }
}

/// Says how far the index is: the id of the last order that it has.
pub(crate) async fn mark(conn: &mut AnyConnection) -> Result<String, CaseError> {
    let upto: Option<(String,)> = sqlx::query_as("select upto from cases_search_mark where name = $1")
        .bind(MARK)
        .fetch_optional(conn)
        .await?;
    Ok(upto.map(|(upto,)| upto).unwrap_or_default())
}

/// Indexes a corrected order afresh, unless the index has not come to it yet.
pub(crate) async fn correct(
    tx: &mut Tx,
    id: &CaseId,
    created_at: i64,
    title: &str,
    content: &str,
) -> Result<(), CaseError> {
    if mark(tx.conn()).await?.as_str() < id.as_str() {
        return Ok(());
    }
    match tx.dialect() {
        Dialect::Sqlite => search_sqlite::remove(tx.conn(), id.as_str()).await?,
        Dialect::Postgres => search_postgres::remove(tx.conn(), id.as_str()).await?,
    }
    let form: Option<String> = sqlx::query_scalar("select form_text from cases_case where id = $1")
        .bind(id.as_str())
        .fetch_one(tx.conn())
        .await?;
    let found = grams(&format!("{title} {content} {}", form.unwrap_or_default()));
    add(tx, id.as_str(), number_of(created_at, id.as_str()), &found).await
}

async fn add(tx: &mut Tx, id: &str, number: i64, grams: &BTreeSet<String>) -> Result<(), CaseError> {
    match tx.dialect() {
        Dialect::Sqlite => search_sqlite::add(tx.conn(), id, number, grams).await,
        Dialect::Postgres => search_postgres::add(tx.conn(), id, number, grams).await,
    }
}

/// Returns an id as it was made some seconds ago: ids begin with the instant at which they were made.
fn young_id() -> String {
    let now = kernel::id::new_id();
    let digits: String = now.chars().filter(|c| *c != '-').take(12).collect();
    let at = u64::from_str_radix(&digits, 16).unwrap_or_default().saturating_sub(YOUNG_MS);
    format!("{:08x}-{:04x}-", at >> 16, at & 0xffff)
}

#[cfg(test)]
mod tests {
    use super::{Words, grams, last_number, number_of};

    #[test]
    fn grams_are_pairs_of_neighbours_in_any_language() {
        let found: Vec<String> = grams("路灯不亮，LED-12").into_iter().collect();
        assert_eq!(found, ["12", "2", "d", "ed", "le", "不亮", "亮", "灯不", "路灯"]);
        assert!(grams("！？ …").is_empty());
    }

    #[test]
    fn words_become_the_grams_that_must_occur() {
        let (whole, begun) = Words::of("路灯不 青").grams();
        assert_eq!(whole.into_iter().collect::<Vec<_>>(), ["灯不", "路灯"]);
        assert_eq!(begun.into_iter().collect::<Vec<_>>(), ["青"]);
        assert!(Words::of("  ").is_empty());
    }

    #[test]
    fn numbers_grow_with_time() {
        let (one, two) = ("0199c0de-0000-7abc-8def-0123456789ab", "0199c0de-0000-7abd-8def-0123456789ab");
        assert!(number_of(1_000, one) < number_of(1_000, two));
        assert!(number_of(1_000, two) <= last_number(1_000));
        assert!(last_number(1_000) < number_of(1_001, one));
        assert!(number_of(i64::MAX, "no id") > 0);
    }
}
