//! A close look at what was found: which words of the question stand where, and as what. Written as asked goes before
//! a word of the same meaning, that before the same sound.

use std::collections::HashMap;
use std::hash::BuildHasher;

use lang::normalize::{fold, fold_aligned, is_han};
use lang::pinyin;
use lang::retrieve::{Analyzer, Query};
use serde::Serialize;
use utoipa::ToSchema;

use super::PART;

/// Characters of a text whose sound is looked at.
const SOUNDED: usize = 400;
/// Up to so many words a question is strict: whatever has them all as written goes before whatever has not.
const STRICT_WORDS: usize = 3;
/// Characters of a snippet.
const SNIPPET: usize = 120;

/// As what a word was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = KnowledgeHow)]
pub enum How {
    /// Not at all.
    Missing,
    /// By its sound.
    Sound,
    /// By a word of the same meaning.
    Synonym,
    /// As written.
    Exact,
}

/// Where a word was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = KnowledgePlace)]
pub enum Place {
    /// In the title.
    Title,
    /// In another way to ask, or a keyword.
    Question,
    /// In the description or an answer.
    Answer,
    /// In an attached file.
    Attachment,
}

impl Place {
    fn weight(self) -> f32 {
        match self {
            Self::Title => 1.0,
            Self::Question => 0.95,
            Self::Answer => 0.8,
            Self::Attachment => 0.6,
        }
    }
}

/// A word of the question and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = KnowledgeWordFound)]
pub struct WordFound {
    /// The word.
    pub word: String,
    /// As what it was found.
    pub how: How,
    /// What stands in the text instead, when not the word itself.
    pub with: Option<String>,
    /// Where.
    pub place: Option<Place>,
}

/// What a look at one text brought.
#[derive(Clone, Debug, PartialEq)]
pub struct Looked {
    /// 3: every word as written; 2: with words of the same meaning; 1: with the same sound; 0: some words are missing.
    pub tier: u8,
    /// Up to 1: how much of the question is answered, and how well.
    pub fit: f32,
    /// Word by word.
    pub words: Vec<WordFound>,
}

/// Looks at a text for the words of a question. `weights` say how telling each is.
#[must_use]
pub fn look<S: BuildHasher>(
    query: &Query,
    analyzer: &Analyzer,
    weights: &HashMap<String, f32, S>,
    title: &str,
    body: &str,
) -> Looked {
    let mut parts = body.splitn(3, PART);
    let mut texts = vec![(Place::Title, fold(title))];
    for place in [Place::Question, Place::Answer, Place::Attachment] {
        texts.push((place, fold(parts.next().unwrap_or_default())));
    }
    let mut sounds: Option<Vec<(Place, Sounds)>> = None;
    let mut words = Vec::with_capacity(query.words.len());
    for word in &query.words {
        words.push(find_word(word, analyzer, &texts, &mut sounds));
    }
    hear_together(&mut words, &texts, &mut sounds);
    let weight = |found: &WordFound| weights.get(&found.word).copied().unwrap_or(1.0).max(0.05);
    let total: f32 = words.iter().map(weight).sum::<f32>().max(1e-6);
    let worth = |found: &WordFound| {
        let how = match found.how {
            How::Exact => 1.0,
            How::Synonym => 0.6,
            How::Sound => 0.35,
            How::Missing => 0.0,
        };
        how * found.place.map_or(0.0, Place::weight)
    };
    let fit = words.iter().map(|found| weight(found) * worth(found)).sum::<f32>() / total;
    let worst = words.iter().map(|found| found.how).min().unwrap_or(How::Missing);
    let tier = if words.len() > STRICT_WORDS { 0 } else { worst as u8 };
    Looked { tier, fit, words }
}

fn find_word(
    word: &str,
    analyzer: &Analyzer,
    texts: &[(Place, String)],
    sounds: &mut Option<Vec<(Place, Sounds)>>,
) -> WordFound {
    let place_of =
        |needle: &str| texts.iter().find(|(_, text)| text.contains(needle)).map(|(place, _)| *place);
    if let Some(place) = place_of(word) {
        return WordFound { word: word.to_owned(), how: How::Exact, with: None, place: Some(place) };
    }
    for other in analyzer.synonyms().of(word) {
        if let Some(place) = place_of(other) {
            return WordFound {
                word: word.to_owned(),
                how: How::Synonym,
                with: Some(other.clone()),
                place: Some(place),
            };
        }
    }
    match hear(word, texts, sounds) {
        Some((place, with)) => {
            WordFound { word: word.to_owned(), how: How::Sound, with: Some(with), place: Some(place) }
        }
        None => WordFound { word: word.to_owned(), how: How::Missing, with: None, place: None },
    }
}

fn hear(
    word: &str,
    texts: &[(Place, String)],
    sounds: &mut Option<Vec<(Place, Sounds)>>,
) -> Option<(Place, String)> {
    let sounds = sounds.get_or_insert_with(|| {
        texts.iter().take(3).map(|(place, text)| (*place, Sounds::of(text))).collect()
    });
    sounds.iter().find_map(|(place, heard)| Some((*place, heard.find(word)?)))
}

/// Hears characters together that are no word: whoever writes 公暖 for 供暖 writes what the dictionary cuts apart.
fn hear_together(
    words: &mut [WordFound],
    texts: &[(Place, String)],
    sounds: &mut Option<Vec<(Place, Sounds)>>,
) {
    let is_piece = |found: &WordFound| found.word.chars().all(is_han) && found.word.chars().count() == 1;
    let mut from = 0;
    while from < words.len() {
        let length = words[from..].iter().take_while(|found| is_piece(found)).count();
        let run = &mut words[from..from + length];
        if length >= 2 && run.iter().any(|found| found.how == How::Missing) {
            let together: String = run.iter().map(|found| found.word.as_str()).collect();
            if let Some((place, with)) = hear(&together, texts, sounds) {
                for found in run.iter_mut().filter(|found| found.how == How::Missing) {
                    found.how = How::Sound;
                    found.with = Some(with.clone());
                    found.place = Some(place);
                }
            }
        }
        from += length.max(1);
    }
}

/// A text as it is heard.
struct Sounds(Vec<(char, String)>);

impl Sounds {
    fn of(text: &str) -> Self {
        let short: String = text.chars().take(SOUNDED).collect();
        let heard = pinyin::read(&short)
            .into_iter()
            .map(|(c, syllable)| (c, syllable.map(pinyin::blur).unwrap_or_default()))
            .collect();
        Self(heard)
    }

    /// Finds characters that sound like a word of characters, or that its letters spell, whole or by initials.
    fn find(&self, word: &str) -> Option<String> {
        if word.chars().filter(|c| is_han(*c)).count() >= 2 {
            let asked: Vec<String> = pinyin::read(word)
                .into_iter()
                .filter_map(|(_, syllable)| syllable.map(pinyin::blur))
                .collect();
            return self.run(asked.len(), |at, heard| *heard == asked[at]);
        }
        if word.len() < 2 || !word.bytes().all(|byte| byte.is_ascii_lowercase()) {
            return None;
        }
        let spelt = pinyin::divide(word).filter(|syllables| syllables.len() >= 2).and_then(|syllables| {
            let asked: Vec<String> = syllables.into_iter().map(pinyin::blur).collect();
            self.run(asked.len(), |at, heard| *heard == asked[at])
        });
        spelt.or_else(|| {
            let letters = word.as_bytes();
            self.run(letters.len(), |at, heard| heard.as_bytes().first() == Some(&letters[at]))
        })
    }

    fn run(&self, length: usize, fits: impl Fn(usize, &String) -> bool) -> Option<String> {
        if length < 2 {
            return None;
        }
        self.0
            .windows(length)
            .find(|window| {
                window.iter().enumerate().all(|(at, (_, heard))| !heard.is_empty() && fits(at, heard))
            })
            .map(|window| window.iter().map(|(c, _)| *c).collect())
    }
}

/// A piece of text with the places in it that are marked, in characters: first, and one past the last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = KnowledgeMarked)]
pub struct Marked {
    /// The text.
    pub text: String,
    /// The places.
    pub marks: Vec<(usize, usize)>,
}

/// Marks in a text what was found of the question.
#[must_use]
pub fn mark(text: &str, looked: &Looked) -> Marked {
    let folded = fold_aligned(text);
    let mut marks: Vec<(usize, usize)> = Vec::new();
    for found in &looked.words {
        let needle: Vec<char> = match (found.how, &found.with) {
            (How::Missing, _) => continue,
            (_, Some(with)) => fold_aligned(with),
            (_, None) => fold_aligned(&found.word),
        };
        if needle.is_empty() || needle.len() > folded.len() {
            continue;
        }
        let places =
            folded.windows(needle.len()).enumerate().filter(|(_, window)| *window == needle.as_slice());
        marks.extend(places.map(|(at, _)| (at, at + needle.len())).take(40));
    }
    marks.sort_unstable();
    let mut merged: Vec<(usize, usize)> = Vec::new();
    for (from, to) in marks {
        match merged.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    Marked { text: text.to_owned(), marks: merged }
}

/// Cuts the piece out of a text that has most of what was found, and marks it.
#[must_use]
pub fn snippet(text: &str, looked: &Looked) -> Marked {
    let line: String = text.chars().map(|c| if c == '\n' || c == PART { ' ' } else { c }).collect();
    let whole = mark(line.trim(), looked);
    let chars: Vec<char> = whole.text.chars().collect();
    if chars.len() <= SNIPPET {
        return whole;
    }
    let covered =
        |from: usize| whole.marks.iter().filter(|(at, end)| *at >= from && *end <= from + SNIPPET).count();
    let starts = whole.marks.iter().map(|(at, _)| at.saturating_sub(12));
    let mut best = (covered(0), 0);
    for from in starts.take(200) {
        if covered(from) > best.0 {
            best = (covered(from), from);
        }
    }
    let from = best.1;
    let to = (from + SNIPPET).min(chars.len());
    let before = if from > 0 { "…" } else { "" };
    let after = if to < chars.len() { "…" } else { "" };
    let shift = before.chars().count();
    Marked {
        text: format!("{before}{}{after}", chars[from..to].iter().collect::<String>()),
        marks: whole
            .marks
            .iter()
            .filter(|(at, end)| *at >= from && *end <= to)
            .map(|(at, end)| (at - from + shift, end - from + shift))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, LazyLock};

    use lang::lexicon::Lexicon;
    use lang::retrieve::Synonyms;

    use super::*;

    static ANALYZER: LazyLock<Analyzer> = LazyLock::new(|| {
        let synonyms = Arc::new(Synonyms::new(["供暖 供热"]));
        Analyzer::new(Arc::new(Lexicon::new(synonyms.words())), synonyms)
    });

    fn looked(asked: &str, title: &str, body: &str) -> Looked {
        look(&ANALYZER.query(asked), &ANALYZER, &HashMap::<String, f32>::new(), title, body)
    }

    #[test]
    fn as_written_goes_before_the_same_meaning_and_that_before_the_same_sound() {
        let exact = looked("供暖", "供暖费怎么交", "");
        let synonym = looked("供暖", "供热费怎么交", "");
        let sound = looked("gongnuan", "供暖费怎么交", "");
        let homophone = looked("公暖", "供暖费怎么交", "");
        assert_eq!((exact.tier, synonym.tier, sound.tier), (3, 2, 1));
        assert!(exact.fit > synonym.fit && synonym.fit > sound.fit);
        assert_eq!(synonym.words[0].with.as_deref(), Some("供热"));
        assert_eq!(sound.words[0].with.as_deref(), Some("供暖"));
        assert_eq!(homophone.words.first().map(|word| word.how), Some(How::Sound));
        assert_eq!(looked("gnf", "供暖费怎么交", "").words[0].with.as_deref(), Some("供暖费"));
    }

    #[test]
    fn a_word_in_the_title_counts_more_than_in_an_attachment() {
        let body = format!("别的问法{PART}回答{PART}附件里写着居住证");
        let found = looked("居住证", "标题", &body);
        assert_eq!(found.words[0].place, Some(Place::Attachment));
        assert!(looked("居住证", "居住证", "").fit > found.fit);
        assert_eq!(looked("居住证", "标题", "正文").tier, 0);
    }

    #[test]
    fn what_was_found_is_marked_where_it_stands() {
        let found = looked("居住证", "臺灣居民居住证", "");
        let marked = mark("《居住证》和居住證", &found);
        assert_eq!(marked.marks, [(1, 4), (6, 9)], "a traditional spelling is the same word");
        let long = format!("{}居住证{}", "前".repeat(300), "后".repeat(300));
        let cut = snippet(&long, &found);
        let (from, to) = cut.marks[0];
        let shown: Vec<char> = cut.text.chars().collect();
        assert_eq!(shown[from..to].iter().collect::<String>(), "居住证");
        assert!(shown.len() <= SNIPPET + 2 && cut.text.starts_with('…') && cut.text.ends_with('…'));
    }
}
