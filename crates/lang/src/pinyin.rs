//! How Chinese is read: syllables with polyphones told by their words, initials, letters typed instead.

use std::sync::LazyLock;

use ::pinyin::ToPinyin;
use rustc_hash::{FxHashMap, FxHashSet};

/// Longest word of the table of readings that is looked for.
const LONGEST_PHRASE: usize = 8;
/// Longest run of letters that is read as pinyin.
const LONGEST_LETTERS: usize = 64;

static PHRASES: LazyLock<FxHashMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
    include_str!("../data/pinyin_phrases.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut parts = line.split(' ');
            let word = parts.next()?;
            Some((word, parts.collect()))
        })
        .collect()
});

static SYLLABLES: LazyLock<FxHashSet<&'static str>> =
    LazyLock::new(|| ('\u{4e00}'..='\u{9fa5}').filter_map(|c| c.to_pinyin()).map(|p| p.plain()).collect());

/// A character and how it is read: letters and the number of the tone (`hang2`), `None` for what is no Chinese.
pub type Reading = (char, Option<&'static str>);

/// Reads a text character by character; words of the table decide between readings.
#[must_use]
pub fn read(text: &str) -> Vec<Reading> {
    let places: Vec<(usize, char)> = text.char_indices().collect();
    let mut out = Vec::with_capacity(places.len());
    let mut at = 0;
    'next: while at < places.len() {
        let (start, c) = places[at];
        if crate::normalize::is_han(c) {
            for length in (2..=LONGEST_PHRASE.min(places.len() - at)).rev() {
                let end = places.get(at + length).map_or(text.len(), |(end, _)| *end);
                if let Some(reading) = PHRASES.get(&text[start..end]) {
                    out.extend(
                        places[at..at + length]
                            .iter()
                            .zip(reading)
                            .map(|((_, c), syllable)| (*c, Some(*syllable))),
                    );
                    at += length;
                    continue 'next;
                }
            }
        }
        out.push((c, c.to_pinyin().map(|p| p.with_tone_num_end())));
        at += 1;
    }
    out
}

/// Returns the letters of a syllable without its tone.
#[must_use]
pub fn toneless(syllable: &str) -> &str {
    syllable.trim_end_matches(|c: char| c.is_ascii_digit())
}

/// Returns how a syllable sounds to an ear that does not tell zh from z, ch from c, sh from s, or -ng from -n.
#[must_use]
pub fn blur(syllable: &str) -> String {
    let plain = toneless(syllable);
    let mut out = String::with_capacity(plain.len());
    let mut chars = plain.chars();
    if let Some(first) = chars.next() {
        out.push(first);
        let rest = chars.as_str();
        out.push_str(if matches!(first, 'z' | 'c' | 's') {
            rest.strip_prefix('h').unwrap_or(rest)
        } else {
            rest
        });
    }
    if out.ends_with("ng") {
        out.pop();
    }
    out.replace('ü', "v")
}

/// Returns the first letters of the syllables of a text, `gjj` for 公积金.
#[must_use]
pub fn initials(text: &str) -> String {
    read(text).into_iter().filter_map(|(_, syllable)| syllable?.chars().next()).collect()
}

/// Divides letters into syllables, `gongjijin` into `gong ji jin`; `None` when they are no pinyin.
#[must_use]
pub fn divide(letters: &str) -> Option<Vec<&str>> {
    if letters.is_empty()
        || letters.len() > LONGEST_LETTERS
        || !letters.bytes().all(|b| b.is_ascii_lowercase())
    {
        return None;
    }
    // Fewest syllables from each place to the end, and where the first of them ends.
    let mut best: Vec<Option<(usize, usize)>> = vec![None; letters.len() + 1];
    best[letters.len()] = Some((0, letters.len()));
    for start in (0..letters.len()).rev() {
        for end in (start + 1..=(start + 6).min(letters.len())).rev() {
            let Some((count, _)) = best[end] else { continue };
            if SYLLABLES.contains(&letters[start..end])
                && best[start].is_none_or(|(known, _)| count + 1 < known)
            {
                best[start] = Some((count + 1, end));
            }
        }
    }
    let mut out = Vec::new();
    let mut at = 0;
    while at < letters.len() {
        let (_, end) = best[at]?;
        out.push(&letters[at..end]);
        at = end;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        read(text).iter().filter_map(|(_, s)| *s).map(toneless).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn words_decide_between_readings() {
        assert_eq!(plain("银行长大处理重庆"), "yin hang zhang da chu li chong qing");
        assert_eq!(initials("住房公积金"), "zfgjj");
    }

    #[test]
    fn letters_become_syllables() {
        assert_eq!(divide("gongjijin"), Some(vec!["gong", "ji", "jin"]));
        assert_eq!(divide("hello"), None);
        assert_eq!(blur("zhang1"), blur("zan4"));
    }

    proptest::proptest! {
        #[test]
        fn every_character_is_read_once(text in "\\PC*") {
            let read: String = read(&text).into_iter().map(|(c, _)| c).collect();
            proptest::prop_assert_eq!(read, text);
        }
    }
}
