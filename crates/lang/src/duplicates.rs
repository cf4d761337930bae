//! Texts that tell of the same event: same matter, same place, in other words.

pub mod recent;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::lexicon::{Lexicon, is_word};
use crate::normalize::{fold, is_han, tighten};
use crate::retrieve::analysis::pairs;
use crate::stopwords::is_stopword;

/// Longest text that is looked at, in characters.
const LONGEST: usize = 3_000;
/// Characters at the beginning that count once more: a message's subject.
const SUBJECT: usize = 32;
/// Features of a text that candidates are looked for by; the rarest.
const PROBES: usize = 48;
/// Texts with a feature above which it finds no candidates.
const MOST_TEXTS: usize = 4_000;
/// Candidates that are compared as a whole.
const CANDIDATES: usize = 120;
/// How much more a name counts than another feature when two texts are compared.
const NAMED: f32 = 1.5;
/// Likeness from which two texts are taken to tell of the same event.
pub const SAME: f32 = 0.21;

/// Texts among which duplicates are looked for.
#[derive(Debug, Default)]
pub struct Duplicates {
    texts: Vec<Profile>,
    by_feature: FxHashMap<u32, Vec<u32>>,
    features: FxHashMap<String, u32>,
    counts: Vec<u32>,
}

/// What of a text is compared.
#[derive(Debug, Clone, Default)]
struct Profile {
    /// Feature and how often, sorted.
    features: Vec<(u32, f32)>,
    /// Names of places, buildings, companies and roads.
    names: FxHashSet<u32>,
}

/// A text that is like another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Like {
    /// Its place in the order of adding.
    pub text: usize,
    /// How alike, 0 to 1.
    pub likeness: f32,
}

impl Duplicates {
    /// Adds a text and returns its place.
    pub fn add(&mut self, text: &str, lexicon: &Lexicon) -> usize {
        let folded = comparable(text);
        let counted = features(&folded, lexicon);
        let mut profile = Profile::default();
        let at = self.texts.len() as u32;
        for (feature, (count, name)) in counted {
            let next = self.features.len() as u32;
            let id = match self.features.get(feature) {
                Some(id) => *id,
                None => *self.features.entry(feature.to_owned()).or_insert(next),
            };
            if id as usize == self.counts.len() {
                self.counts.push(0);
            }
            self.counts[id as usize] += 1;
            self.by_feature.entry(id).or_default().push(at);
            profile.features.push((id, count));
            if name {
                profile.names.insert(id);
            }
        }
        profile.features.sort_unstable_by_key(|(id, _)| *id);
        self.texts.push(profile);
        at as usize
    }

    /// Returns how many texts were added.
    #[must_use]
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Tells whether there are no texts.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Returns the texts that are most like the one at `place`, most alike first.
    #[must_use]
    pub fn like(&self, place: usize, limit: usize) -> Vec<Like> {
        let Some(own) = self.texts.get(place) else { return Vec::new() };
        let mut probes: Vec<(u32, f32)> = own
            .features
            .iter()
            .filter(|(id, _)| (2..=MOST_TEXTS).contains(&(self.counts[*id as usize] as usize)))
            .map(|&(id, count)| {
                (id, self.weight(id) * (1.0 + count.ln()) * if own.names.contains(&id) { 2.0 } else { 1.0 })
            })
            .collect();
        probes.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        probes.truncate(PROBES);
        let mut scores: FxHashMap<u32, f32> = FxHashMap::default();
        for (id, weight) in probes {
            for &other in &self.by_feature[&id] {
                if other as usize != place {
                    *scores.entry(other).or_default() += weight;
                }
            }
        }
        let mut candidates: Vec<(u32, f32)> = scores.into_iter().collect();
        candidates.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        candidates.truncate(CANDIDATES.max(limit));
        let mut out: Vec<Like> = candidates
            .into_iter()
            .map(|(other, _)| Like {
                text: other as usize,
                likeness: self.likeness(own, &self.texts[other as usize]),
            })
            .collect();
        out.sort_by(|a, b| b.likeness.total_cmp(&a.likeness).then(a.text.cmp(&b.text)));
        out.truncate(limit);
        out
    }

    fn weight(&self, id: u32) -> f32 {
        ((1.0 + self.texts.len() as f32) / (0.5 + self.counts[id as usize] as f32)).ln()
    }

    fn likeness(&self, one: &Profile, other: &Profile) -> f32 {
        let value = |id: u32, count: f32| {
            let name = one.names.contains(&id) || other.names.contains(&id);
            self.weight(id) * (1.0 + count.ln()) * if name { NAMED } else { 1.0 }
        };
        let length = |profile: &Profile| {
            profile.features.iter().map(|&(id, count)| value(id, count).powi(2)).sum::<f32>().sqrt()
        };
        let mut dot = 0.0;
        let (mut a, mut b) = (one.features.iter().peekable(), other.features.iter().peekable());
        while let (Some(&&(x, n)), Some(&&(y, m))) = (a.peek(), b.peek()) {
            if x <= y {
                a.next();
            }
            if y <= x {
                b.next();
            }
            if x == y {
                dot += value(x, n) * value(y, m);
            }
        }
        (dot / (length(one) * length(other)).max(1e-6)).min(1.0)
    }
}

/// Returns of a text what is compared.
fn comparable(text: &str) -> String {
    let short: String = text.chars().take(LONGEST).collect();
    fold(&tighten(&short))
}

/// Returns the features of a comparable text, how often each stands there, and whether it is a name.
fn features<'a>(folded: &'a str, lexicon: &Lexicon) -> FxHashMap<&'a str, (f32, bool)> {
    let subject = folded.char_indices().nth(SUBJECT).map_or(folded, |(end, _)| &folded[..end]);
    let mut out: FxHashMap<&'a str, (f32, bool)> = FxHashMap::default();
    for part in [folded, subject] {
        for word in lexicon.cut(part) {
            if is_word(word) && !is_stopword(word) {
                out.entry(word).or_insert((0.0, false)).0 += 1.0;
            }
        }
        for pair in pairs(part) {
            out.entry(pair).or_insert((0.0, false)).0 += 0.5;
        }
        for name in names(part) {
            let entry = out.entry(name).or_insert((0.0, true));
            entry.0 += 1.0;
            entry.1 = true;
        }
    }
    for (count, _) in out.values_mut() {
        *count = count.max(1.0);
    }
    out
}

const ENDINGS: [&str; 40] = [
    "小区",
    "新城",
    "花园",
    "家园",
    "公馆",
    "国际",
    "广场",
    "公寓",
    "大厦",
    "大楼",
    "商场",
    "市场",
    "学校",
    "中学",
    "小学",
    "幼儿园",
    "大学",
    "学院",
    "医院",
    "公司",
    "集团",
    "银行",
    "酒店",
    "餐厅",
    "工地",
    "项目",
    "大道",
    "大街",
    "路",
    "街",
    "巷",
    "村",
    "镇",
    "乡",
    "社区",
    "苑",
    "府",
    "郡",
    "湾",
    "站",
];

/// Returns what looks like names: the characters before an ending that places have, each with the ending.
fn names(folded: &str) -> Vec<&str> {
    let mut out = Vec::new();
    for ending in ENDINGS {
        // Every occurrence, also where two overlap.
        let mut from = 0;
        while let Some(found) = folded[from..].find(ending) {
            let at = from + found;
            from = at + ending.chars().next().map_or(1, char::len_utf8);
            let before = folded[..at].char_indices().rev().take_while(|(_, c)| is_han(*c));
            // With two and with three characters before it.
            for (start, _) in before.skip(1).take(2) {
                out.push(&folded[start..at + ending.len()]);
            }
        }
    }
    // Codes such as that of a bus, with the word that follows: digits and letters mixed.
    let mut code = 0;
    for (at, c) in folded.char_indices() {
        if c.is_ascii_alphanumeric() {
            continue;
        }
        let before = &folded[code..at];
        let mixed =
            before.bytes().any(|b| b.is_ascii_digit()) && before.bytes().any(|b| b.is_ascii_alphabetic());
        if mixed && is_han(c) {
            out.push(&folded[code..at + c.len_utf8()]);
        }
        code = at + c.len_utf8();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{comparable, features, names};
    use crate::lexicon::Lexicon;

    #[test]
    fn places_and_codes_are_names() {
        assert_eq!(names("住松涛雅苑小区"), ["雅苑小区", "涛雅苑小区", "涛雅苑", "松涛雅苑"]);
        assert!(names("苑路").is_empty(), "too little stands before it");
        assert!(names("x苑路").is_empty(), "nor is a letter part of a place");
        assert_eq!(names("坐b12路和12路"), ["b12路"], "a number alone names nothing");
        assert!(names("").is_empty());
    }

    #[test]
    fn what_names_a_place_and_what_comes_first_count_more() {
        let lexicon = Lexicon::new([]);
        let folded = comparable(&format!("松涛雅苑停水{}恢复供水", "很久了".repeat(12)));
        let features = features(&folded, &lexicon);
        assert!(features["松涛雅苑"].1, "a name");
        assert!(!features["停水"].1, "no name");
        assert!(features["停水"].0 > features["供水"].0, "the subject counts once more");
    }
}
