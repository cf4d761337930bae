//! The two languages of the product. Texts live next to the rule that says them, as (zh, en) pairs.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A language of the screens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum Lang {
    /// Simplified Chinese.
    #[default]
    #[serde(rename = "zh-CN")]
    Zh,
    /// English.
    #[serde(rename = "en")]
    En,
}

impl Lang {
    /// Chooses the text of this language.
    #[must_use]
    pub fn pick<T>(self, zh: T, en: T) -> T {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }

    /// Reads a cookie's value or an `Accept-Language` header; anything unknown is Chinese.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let first = text.split([',', ';']).next().unwrap_or_default().trim();
        if first.to_ascii_lowercase().starts_with("en") { Self::En } else { Self::Zh }
    }
}

#[cfg(test)]
mod tests {
    use super::Lang;

    #[test]
    fn first_language_of_the_header_decides() {
        assert_eq!(Lang::parse("en-GB,en;q=0.9,zh;q=0.8"), Lang::En);
        assert_eq!(Lang::parse("zh-CN,en;q=0.5"), Lang::Zh);
        assert_eq!(Lang::parse("fr"), Lang::Zh);
        assert_eq!(Lang::parse(""), Lang::Zh);
    }
}
