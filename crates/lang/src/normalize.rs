//! One spelling for what is written in many: width, case, traditional characters, invisible characters, spaces.

/// Returns `text` in the form that is compared: half width, lower case, simplified, without invisible characters.
///
/// Characters are replaced one by one, and only invisible ones disappear.
#[must_use]
pub fn fold(text: &str) -> String {
    let narrow: String = text.chars().filter_map(fold_char).collect();
    if narrow.is_ascii() { narrow } else { fast2s::convert(&narrow) }
}

/// Returns the characters of `text` folded one by one, as many as there are in `text`, so that a position in one
/// is a position in the other.
#[must_use]
pub fn fold_aligned(text: &str) -> Vec<char> {
    let narrow: String = text.chars().map(|c| fold_char(c).unwrap_or(' ')).collect();
    let folded: Vec<char> = fast2s::convert(&narrow).chars().collect();
    if folded.len() == narrow.chars().count() { folded } else { narrow.chars().collect() }
}

fn fold_char(c: char) -> Option<char> {
    Some(match c {
        '\u{3000}' | '\u{a0}' | '\t' | '\r' | '\n' => ' ',
        '\u{ff01}'..='\u{ff5e}' => {
            let narrow = char::from_u32(c as u32 - 0xfee0).unwrap_or(c);
            narrow.to_ascii_lowercase()
        }
        'A'..='Z' => c.to_ascii_lowercase(),
        '〇' => '零',
        '\u{200b}'..='\u{200f}' | '\u{feff}' | '\u{202a}'..='\u{202e}' | '\u{2060}' => return None,
        c if c.is_control() => ' ',
        c => c,
    })
}

/// Tells whether `c` is a Chinese character.
#[must_use]
pub fn is_han(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '\u{20000}'..='\u{2ffff}' | '\u{f900}'..='\u{faff}')
}

/// Returns `text` without the spaces beside Chinese characters: a text that somebody cut into words becomes the
/// same as the text as it was written. Remains of spreadsheet escapes go, too.
#[must_use]
pub fn tighten(text: &str) -> String {
    let text = text.replace("_x000D_", " ").replace("_x000d_", " ");
    let mut out = String::with_capacity(text.len());
    let mut pending = false;
    for c in text.chars() {
        if c.is_whitespace() {
            pending = true;
            continue;
        }
        if pending {
            pending = false;
            let before = out.chars().next_back();
            if before.is_some_and(|b| b.is_ascii_alphanumeric()) && c.is_ascii_alphanumeric() {
                out.push(' ');
            }
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn folds_width_case_and_script() {
        assert_eq!(fold("ＡＢＣ１２３　臺灣機車"), "abc123 台湾机车");
        assert_eq!(tighten("市 西湖 建筑 _x000D_ road works"), "市西湖建筑road works");
    }

    proptest! {
        #[test]
        fn positions_stay(text in "\\PC*") {
            prop_assert_eq!(fold_aligned(&text).len(), text.chars().count());
        }
    }
}
