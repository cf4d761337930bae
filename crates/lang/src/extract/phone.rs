//! Telephone numbers.

use std::sync::LazyLock;

use regex::Regex;

use super::{Span, Text};

static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}|[（(]?0\d{2,3}[)）]?[- ]?[2-9]\d{6,7}(?:[-转]\d{1,5})?|[48]00[- ]?\d{3,4}[- ]?\d{3,4}",
    )
    .expect("the pattern is constant")
});
static BARE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:电话|座机|固话|号码)(?:号码|是|为|:|：)*\s*([2-9]\d{6,7})")
        .expect("the pattern is constant")
});

pub(super) fn find(text: &Text<'_>) -> Vec<Span<String>> {
    let mut out: Vec<Span<String>> = Vec::new();
    let found = PATTERN
        .find_iter(text.folded)
        .chain(BARE.captures_iter(text.folded).filter_map(|captures| captures.get(1)));
    for number in found {
        let before = text.folded[..number.start()].chars().next_back();
        let after = text.folded[number.end()..].chars().next();
        let inside = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit() || c == '.');
        if inside(before) || after.is_some_and(|c| c.is_ascii_alphanumeric()) {
            continue;
        }
        let mut digits: String = number.as_str().chars().filter(char::is_ascii_digit).collect();
        if digits.len() == 13 && digits.starts_with("861") {
            digits.drain(..2);
        }
        let span = text.span(number.start(), number.end(), digits);
        if !out.iter().any(|known| known.start < span.end && span.start < known.end) {
            out.push(span);
        }
    }
    out.sort_by_key(|span| span.start);
    out
}
