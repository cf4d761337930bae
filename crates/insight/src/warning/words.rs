//! Risk words: which of a list stand in a text, however it is spelled.

use lang::normalize::fold;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Characters of a text that are read.
const READ_MAX: usize = 5_200;

/// A word of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = RiskWord)]
pub struct Word {
    /// The word.
    pub word: String,
    /// How much it counts, 1 to 100.
    pub weight: i64,
}

/// Returns a text as words are looked for in it: half width, simplified, without anything between the characters.
#[must_use]
pub fn plain(text: &str) -> String {
    fold(&text.chars().take(READ_MAX).collect::<String>()).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// Finds the words of a list in a text made by [`plain`]; each counts once. Returns them and their sum.
#[must_use]
pub fn find(list: &[Word], plain_text: &str) -> (Vec<String>, i64) {
    let mut found = Vec::new();
    let mut sum = 0;
    for one in list {
        let word = plain(&one.word);
        if !word.is_empty() && plain_text.contains(&word) && !found.contains(&one.word) {
            found.push(one.word.clone());
            sum += one.weight;
        }
    }
    (found, sum)
}

#[cfg(test)]
mod tests {
    use super::{Word, find, plain};

    fn list() -> Vec<Word> {
        [("跳楼", 10), ("讨薪", 6), ("堵路", 8), (" ", 50)]
            .map(|(word, weight)| Word { word: word.to_owned(), weight })
            .to_vec()
    }

    #[test]
    fn a_word_is_found_however_it_is_spelled_and_counts_once() {
        let read = |text: &str| find(&list(), &plain(text));
        assert_eq!(
            read("工人讨薪，讨 薪不成要堵\u{200b}路"),
            (vec!["讨薪".to_owned(), "堵路".to_owned()], 14)
        );
        assert_eq!(read("有人要跳樓").1, 10);
        assert_eq!(read("路灯不亮"), (vec![], 0));
        assert_eq!(read(""), (vec![], 0));
    }

    #[test]
    fn a_very_long_text_is_read_up_to_a_bound() {
        let text = format!("{}跳楼", "无".repeat(6_000));
        assert_eq!(find(&list(), &plain(&text)).1, 0);
    }
}
