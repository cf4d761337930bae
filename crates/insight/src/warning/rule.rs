//! Rules of early warning, as people set them on screen.

use super::Kind;
use super::words::Word;
use crate::error::InsightError;

/// The longest span that is watched, in minutes: seven days.
pub const WINDOW_MAX: i64 = 7 * 1_440;
/// Words of one list at most.
pub const WORDS_MAX: usize = 200;

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its id; for all but lists of words the same as its kind.
    pub id: String,
    /// What it looks for.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Whether it is used.
    pub active: bool,
    /// Over how many minutes it looks back; 0 for words.
    pub window_minutes: i64,
    /// Orders from which it speaks up; for groups callers, for words the sum of weights.
    pub least: i64,
    /// Of a sudden rise: it speaks up when chance would do so once in so many times.
    pub one_in: i64,
    /// Of a list: the words.
    pub words: Vec<Word>,
    /// The unit that is told; the centre when absent.
    pub unit_id: Option<String>,
    /// How often it was changed.
    pub version: i64,
}

impl Rule {
    /// Checks what somebody has written.
    ///
    /// # Errors
    /// [`InsightError::Question`] with the field.
    pub fn check(&self) -> Result<(), InsightError> {
        let refuse = |field, zh: &str, en: &str| Err(InsightError::question(field, zh, en));
        if self.name.trim().is_empty() || self.name.chars().count() > 40 {
            return refuse("name", "名称为 1 到 40 个字。", "A name of 1 to 40 characters is needed.");
        }
        let window = match self.kind {
            Kind::Surge => 10..=60,
            Kind::Words => 0..=0,
            _ => 60..=WINDOW_MAX,
        };
        if !window.contains(&self.window_minutes) {
            return match self.kind {
                Kind::Surge => {
                    refuse("window_minutes", "突增的时间窗为 10 到 60 分钟。", "10 to 60 minutes.")
                }
                _ => refuse("window_minutes", "时间窗为 1 小时到 7 天。", "One hour to seven days."),
            };
        }
        let least = match self.kind {
            Kind::Words => 1..=1_000,
            _ => 2..=1_000,
        };
        if !least.contains(&self.least) {
            return refuse("least", "起报数为 2 到 1000。", "The least number is 2 to 1,000.");
        }
        if self.kind == Kind::Surge && !(100..=100_000_000).contains(&self.one_in) {
            return refuse("one_in", "罕见程度为 100 到 1 亿分之一。", "One in 100 to one in 100 million.");
        }
        if self.kind != Kind::Words {
            return if self.words.is_empty() {
                Ok(())
            } else {
                refuse("words", "此规则没有词表。", "This rule has no words.")
            };
        }
        let fine = |one: &Word| {
            let length = super::words::plain(&one.word).chars().count();
            (2..=20).contains(&length) && (1..=100).contains(&one.weight)
        };
        if self.words.is_empty() || self.words.len() > WORDS_MAX || !self.words.iter().all(fine) {
            return refuse(
                "words",
                "词表为 1 到 200 个词，每个词 2 到 20 个字，权重 1 到 100。",
                "1 to 200 words of 2 to 20 characters with weights of 1 to 100 are needed.",
            );
        }
        Ok(())
    }

    /// Returns since when orders matter to the rule.
    #[must_use]
    pub fn since(&self, now: i64) -> i64 {
        now.saturating_sub(self.window_minutes.clamp(0, WINDOW_MAX) * 60_000)
    }
}

#[cfg(test)]
mod tests {
    use super::{Rule, WORDS_MAX};
    use crate::warning::Kind;
    use crate::warning::words::Word;

    fn rule(kind: Kind, window_minutes: i64, least: i64) -> Rule {
        let words = (kind == Kind::Words).then(|| Word { word: "跳楼".to_owned(), weight: 10 });
        Rule {
            id: "x".to_owned(),
            kind,
            name: "规则".to_owned(),
            active: true,
            window_minutes,
            least,
            one_in: 10_000,
            words: words.into_iter().collect(),
            unit_id: None,
            version: 1,
        }
    }

    #[test]
    fn what_cannot_be_watched_is_refused() {
        for fine in [rule(Kind::Surge, 60, 8), rule(Kind::Repeat, 10_080, 5), rule(Kind::Words, 0, 10)] {
            assert!(fine.check().is_ok(), "{fine:?}");
        }
        for bad in [
            rule(Kind::Surge, 61, 8),
            rule(Kind::Surge, 60, 1),
            rule(Kind::Topic, 10_081, 4),
            rule(Kind::Group, i64::MAX, 4),
            rule(Kind::Words, 60, 10),
            Rule { one_in: 2, ..rule(Kind::Surge, 60, 8) },
            Rule { name: " ".to_owned(), ..rule(Kind::Surge, 60, 8) },
            Rule {
                words: vec![Word { word: "，，，".to_owned(), weight: 1 }], ..rule(Kind::Words, 0, 10)
            },
            Rule {
                words: vec![Word { word: "跳楼".to_owned(), weight: 1 }; WORDS_MAX + 1],
                ..rule(Kind::Words, 0, 10)
            },
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
    }
}
