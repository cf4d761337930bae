//! Cursor paging: the place in a list as an opaque word.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One page of a list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The rows.
    pub items: Vec<T>,
    /// The word that brings the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
    /// How many rows match in all, where counting is cheap.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
}

impl<T> Page<T> {
    /// Cuts a page of `limit` from `rows`, which were read with one row more than the page takes.
    #[must_use]
    pub fn cut(mut rows: Vec<T>, limit: usize, cursor: impl Fn(&T) -> String) -> Self {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = if more { rows.last().map(cursor) } else { None };
        Self { items: rows, next_cursor, total: None }
    }

    /// Turns each row into what is shown.
    #[must_use]
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page {
            items: self.items.into_iter().map(f).collect(),
            next_cursor: self.next_cursor,
            total: self.total,
        }
    }
}

/// Encodes and reads the opaque word: the sort keys of the last row of a page.
#[derive(Debug)]
pub struct Cursor;

impl Cursor {
    /// Encodes sort keys.
    #[must_use]
    pub fn encode(keys: &[String]) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(keys).unwrap_or_default())
    }

    /// Reads `count` sort keys; anything malformed is as good as none.
    #[must_use]
    pub fn decode(text: &str, count: usize) -> Option<Vec<String>> {
        if text.len() > 2048 {
            return None;
        }
        let keys: Vec<String> = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        (keys.len() == count).then_some(keys)
    }
}

/// Bounds the number of rows that a client asks for: 50 when silent, 200 at most.
#[must_use]
pub fn limit(asked: Option<u32>) -> usize {
    asked.unwrap_or(50).clamp(1, 200) as usize
}

#[cfg(test)]
mod tests {
    use super::{Cursor, Page};

    #[test]
    fn cursor_survives_the_trip_and_refuses_nonsense() {
        let word = Cursor::encode(&["2026".to_owned(), "a/b".to_owned()]);
        assert_eq!(Cursor::decode(&word, 2), Some(vec!["2026".to_owned(), "a/b".to_owned()]));
        assert_eq!(Cursor::decode(&word, 1), None);
        assert_eq!(Cursor::decode("%%%", 1), None);
    }

    #[test]
    fn the_last_page_has_no_next() {
        let page = Page::cut(vec![1, 2, 3], 2, ToString::to_string);
        assert_eq!((page.items.len(), page.next_cursor.as_deref()), (2, Some("2")));
        assert!(Page::cut(vec![1, 2], 2, ToString::to_string).next_cursor.is_none());
    }
}
