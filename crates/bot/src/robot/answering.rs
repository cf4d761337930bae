//! Whether a passage answers a question, and how sure that is. How often an answer as sure as this one was right is
//! learnt from what citizens and trainers said of earlier ones.

use std::collections::HashSet;

use contract::knowledge::Passage;
use lang::lexicon::{Lexicon, is_word};
use lang::normalize::{fold, is_han, tighten};
use lang::stopwords::is_stopword;
use serde::{Deserialize, Serialize};

/// Confidence from which an answer is given.
pub const SURE: f64 = 0.6;
/// Confidence from which it is asked what was meant.
pub const LIKELY: f64 = 0.3;
/// How near the second passage may be before it is asked which one is meant.
const NEAR: f64 = 0.9;
/// Passages among which a citizen chooses.
const CHOICES: usize = 3;
/// Likeness of a question and one that was taught, from which the taught entry answers.
const TAUGHT: f64 = 0.62;
/// Likeness from which a question is taken for the one before.
const SAME_QUESTION: f64 = 0.75;
/// Longest answer, in characters.
const ANSWER_MAX: usize = 900;
const FEATURES: usize = 6;
/// Judged answers that weigh as much as what is known beforehand.
const PRIOR: f64 = 30.0;

/// What was found for a question.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// A passage answers it.
    Answer {
        /// The passage.
        passage: Passage,
        /// How sure that is.
        confidence: f64,
    },
    /// One of these may be meant.
    Which(Vec<Passage>, f64),
    /// Nothing certain.
    Nothing(f64),
}

/// A question that somebody taught.
#[derive(Clone, Debug, PartialEq)]
pub struct Taught {
    /// The question.
    pub question: String,
    /// The entry that answers it.
    pub entry_id: String,
    /// Its title, by which it is found.
    pub title: String,
}

/// How sure to be of what was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    weights: [f64; FEATURES],
}

impl Default for Calibration {
    fn default() -> Self {
        Self { weights: [-3.6, 3.0, 3.2, 1.6, 1.4, 0.9] }
    }
}

impl Calibration {
    /// Learns from answers and whether each was right. Few of them change little.
    #[must_use]
    pub fn learn(judged: &[([f64; FEATURES], bool)]) -> Self {
        let prior = Self::default();
        let mut learnt = prior.clone();
        let total = judged.len() as f64 + PRIOR;
        for _ in 0..400 {
            let mut gradient = [0.0; FEATURES];
            for (features, right) in judged {
                let error = learnt.share(features) - f64::from(u8::from(*right));
                for (slope, feature) in gradient.iter_mut().zip(features) {
                    *slope += error * feature;
                }
            }
            for ((weight, slope), before) in learnt.weights.iter_mut().zip(gradient).zip(prior.weights) {
                *weight -= 1.5 * (slope + (*weight - before) * PRIOR * 0.1) / total;
            }
        }
        learnt
    }

    /// Returns how often an answer with these features is right.
    #[must_use]
    pub fn share(&self, features: &[f64; FEATURES]) -> f64 {
        let sum: f64 = self.weights.iter().zip(features).map(|(w, f)| w * f).sum();
        1.0 / (1.0 + (-sum).exp())
    }
}

/// Says what answers a question, from passages that were found for it, best first.
#[must_use]
pub fn choose(question: &str, passages: &[Passage], calibration: &Calibration, lexicon: &Lexicon) -> Found {
    let mut ranked: Vec<(f64, &Passage)> = passages
        .iter()
        .enumerate()
        .map(|(at, passage)| {
            let next = passages.get(at + 1).map_or(0.0, |next| next.score);
            (calibration.share(&features(question, passage, next, lexicon)), passage)
        })
        .collect();
    // The search has looked at more than is seen here: its order counts among equals.
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let Some((confidence, best)) = ranked.first().copied() else { return Found::Nothing(0.0) };
    let near: Vec<&(f64, &Passage)> = ranked
        .iter()
        .skip(1)
        .filter(|(share, passage)| {
            *share >= LIKELY && *share >= confidence * NEAR && passage.entry_id != best.entry_id
        })
        .collect();
    let says_title = dice(question, &best.title) >= 0.8;
    if confidence >= SURE && (near.is_empty() || says_title) {
        return Found::Answer { passage: best.clone(), confidence };
    }
    if confidence >= LIKELY {
        let mut which = vec![best.clone()];
        for (share, passage) in ranked.iter().skip(1) {
            if *share >= LIKELY * 0.7 && !which.iter().any(|known| known.entry_id == passage.entry_id) {
                which.push((*passage).clone());
            }
        }
        which.truncate(CHOICES);
        return Found::Which(which, confidence);
    }
    Found::Nothing(confidence)
}

/// Returns what a passage has to do with a question: the constant; the share of the question's words that the title
/// has; how alike question and title are; the share of its words that title and answer have; the lead over the next
/// passage; the share of the title that was asked for.
#[must_use]
pub fn features(question: &str, passage: &Passage, next_score: f64, lexicon: &Lexicon) -> [f64; FEATURES] {
    let asked = words(question, lexicon);
    let (title, text) = (fold(&tighten(&passage.title)), fold(&tighten(&passage.text)));
    let weight = |word: &String| word.chars().count() as f64;
    let all: f64 = asked.iter().map(weight).sum::<f64>().max(1.0);
    let share = |fits: &dyn Fn(&String) -> bool| {
        asked.iter().filter(|word| fits(word)).map(weight).sum::<f64>() / all
    };
    let (a, b) = (pairs(question), pairs(&passage.title));
    let shared = a.intersection(&b).count() as f64;
    let lead = if passage.score > 0.0 { (1.0 - next_score / passage.score).clamp(0.0, 1.0) } else { 0.0 };
    [
        1.0,
        share(&|word| title.contains(word.as_str())),
        2.0 * shared / (a.len() + b.len()).max(1) as f64,
        share(&|word| title.contains(word.as_str()) || text.contains(word.as_str())),
        lead,
        shared / b.len().max(1) as f64,
    ]
}

/// Finds the question that was taught and is most like this one.
#[must_use]
pub fn taught<'a>(question: &str, known: &'a [Taught]) -> Option<(&'a Taught, f64)> {
    known
        .iter()
        .map(|taught| (taught, dice(question, &taught.question)))
        .filter(|(_, likeness)| *likeness >= TAUGHT)
        .max_by(|a, b| a.1.total_cmp(&b.1))
}

/// Tells whether a question is the one before in other words.
#[must_use]
pub fn is_repeated(question: &str, before: &str) -> bool {
    !before.is_empty() && question.chars().count() >= 4 && dice(question, before) >= SAME_QUESTION
}

/// Cuts an answer to what fits a chat, at the end of a sentence.
#[must_use]
pub fn shortened(text: &str) -> String {
    let text = text.trim();
    if text.chars().count() <= ANSWER_MAX {
        return text.to_owned();
    }
    let cut: String = text.chars().take(ANSWER_MAX).collect();
    let end = cut.rfind(['。', '！', '？', '\n', '；']).filter(|end| *end > cut.len() / 2);
    match end {
        Some(end) => {
            let last = cut[end..].chars().next().map_or(0, char::len_utf8);
            format!("{}…", &cut[..end + last])
        }
        None => format!("{cut}…"),
    }
}

/// Returns how alike two texts are by their pairs of characters, 0 to 1.
#[must_use]
pub fn dice(one: &str, other: &str) -> f64 {
    let (a, b) = (pairs(one), pairs(other));
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    2.0 * a.intersection(&b).count() as f64 / (a.len() + b.len()) as f64
}

fn pairs(text: &str) -> HashSet<(char, char)> {
    let chars: Vec<char> =
        fold(text).chars().filter(|c| is_han(*c) || c.is_alphanumeric()).take(400).collect();
    chars.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

fn words(text: &str, lexicon: &Lexicon) -> HashSet<String> {
    let folded = fold(&tighten(text));
    lexicon
        .cut_for_search(&folded)
        .into_iter()
        .filter(|word| is_word(word) && !is_stopword(word))
        .map(ToOwned::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passage(id: &str, title: &str, text: &str, score: f64) -> Passage {
        Passage {
            entry_id: id.into(),
            answer_id: None,
            number: format!("KB{id}"),
            title: title.to_owned(),
            text: text.to_owned(),
            publisher: "市医保局".to_owned(),
            published_at: 0,
            score,
        }
    }

    fn found(question: &str, passages: &[Passage]) -> Found {
        choose(question, passages, &Calibration::default(), &Lexicon::new([]))
    }

    #[test]
    fn a_clear_question_is_answered_with_its_source() {
        let passages = [
            passage("1", "新生儿如何参加医保", "新生儿出生后90天内凭出生证明和户口簿办理参保登记。", 12.0),
            passage("2", "退休人员医保待遇", "退休人员按规定享受待遇。", 3.0),
        ];
        match found("新生儿怎么参加医保", &passages) {
            Found::Answer { passage, confidence } => {
                assert_eq!(passage.entry_id.as_str(), "1");
                assert!(confidence >= SURE);
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn two_that_fit_alike_are_asked_about_and_none_is_made_up() {
        let passages = [
            passage("1", "新生儿落户如何办理", "凭出生证明办理。", 8.0),
            passage("2", "新生儿医保如何办理", "凭户口簿办理。", 7.9),
        ];
        assert!(matches!(found("新生儿如何办理", &passages), Found::Which(which, _) if which.len() == 2));
        let far = [passage("1", "公积金贷款额度", "最高额度八十万元。", 2.0)];
        assert!(matches!(found("火星上能种土豆吗", &far), Found::Nothing(_)));
        assert!(matches!(found("任何问题", &[]), Found::Nothing(_)));
    }

    #[test]
    fn what_was_taught_is_found_in_other_words() {
        let known = [Taught {
            question: "娃的医保咋办".to_owned(),
            entry_id: "1".to_owned(),
            title: "新生儿如何参加医保".to_owned(),
        }];
        assert!(taught("娃的医保咋办啊", &known).is_some());
        assert!(taught("公交卡怎么充值", &known).is_none());
    }

    #[test]
    fn judged_answers_move_the_confidence() {
        let wrong = [1.0, 0.9, 0.7, 0.9, 0.5, 0.8];
        let before = Calibration::default().share(&wrong);
        let judged: Vec<_> = (0..200).map(|_| (wrong, false)).collect();
        let after = Calibration::learn(&judged).share(&wrong);
        assert!(before > SURE && after < 0.3, "{before} {after}");
    }

    #[test]
    fn long_answers_end_with_a_sentence() {
        let long = "办理时请携带身份证。".repeat(200);
        let short = shortened(&long);
        assert!(short.chars().count() <= ANSWER_MAX + 1 && short.ends_with("。…"), "{short}");
    }

    #[test]
    fn the_same_question_is_known_again() {
        assert!(is_repeated("新生儿怎么办医保呢", "新生儿怎么办医保"));
        assert!(!is_repeated("公交卡怎么充值", "新生儿怎么办医保"));
    }
}
