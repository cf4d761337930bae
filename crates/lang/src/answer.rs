//! Answers from known questions, with a confidence that says how often such an answer is right.
//!
//! How sure to be is learned from the entries themselves: their questions, garbled as people garble them, are
//! asked once with the entry present and once without it.

use rustc_hash::FxHashSet;

use crate::normalize::{fold, tighten};
use crate::retrieve::analysis::pairs;
use crate::retrieve::{Analyzer, Document, Found, Hit, Index, IndexError};

/// Entries whose questions are tried out to learn how sure to be.
const TRIED: usize = 400;
/// Confidence from which an answer is given; below it a person takes over.
pub const SURE: f32 = 0.99;
/// How much of a question is garbled, in tenths, and how many words of other matters stand around it.
const TOLD: [(u64, usize); 6] = [(1, 0), (3, 0), (4, 12), (5, 25), (3, 40), (6, 60)];
/// Clauses of a question that are compared one by one.
const CLAUSES: usize = 24;
/// What people tell besides their matter.
const TOLD_BESIDES: &str = "您好 尊敬的领导 我是 本人 我们 住户 居民 一直 多次 反映 投诉 来电 但是 至今 没有 回复 无人 处理 希望 有关部门 能够 尽快 解决 \
严重 影响 正常 生活 谢谢 请问 为什么 什么时候 工作人员 态度 推脱 去年 今年 上个月 之前 现在 已经 每天 晚上 家里 老人 孩子 大家 意见 很大 \
要求 给个 说法 不知道 怎么办 找过 他们 答复 相互 推诿 情况 属实 调查 核实 监管 合法 权益 老百姓 望 重视 帮忙 协调 时间 原因 非常 不满";
/// Features of a find.
const FEATURES: usize = 12;

/// What was found for a question.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// Entries, best first.
    pub hits: Vec<Hit>,
    /// How often a first entry like this one is right, 0 to 1.
    pub confidence: f32,
}

impl Answer {
    /// Returns the entry to answer with, or `None` when a person should.
    #[must_use]
    pub fn sure(&self) -> Option<&Hit> {
        self.hits.first().filter(|_| self.confidence >= SURE)
    }
}

/// How sure to be of what an index finds.
#[derive(Debug, Clone)]
pub struct Calibration {
    weights: [f64; FEATURES],
}

impl Default for Calibration {
    fn default() -> Self {
        Self { weights: [-4.0, 1.5, 1.5, 2.0, 1.0, 1.0, 0.5, 2.0, 0.0, 0.5, 1.0, 0.0] }
    }
}

impl Calibration {
    /// Learns from entries that stand in `index`. Few entries change little of what is known beforehand.
    ///
    /// # Errors
    /// When the index is damaged.
    pub fn learn(entries: &[Document], index: &Index, analyzer: &Analyzer) -> Result<Self, IndexError> {
        let step = entries.len().div_ceil(TRIED).max(1);
        let mut chance = 0x2545_f491_4f6c_dd1d_u64;
        let mut known: Vec<([f64; FEATURES], f64, f64)> = Vec::new();
        let besides: Vec<String> = TOLD_BESIDES
            .split_whitespace()
            .map(str::to_owned)
            .chain(entries.iter().step_by(step).flat_map(|entry| told_words(entry, analyzer)))
            .collect();
        for entry in entries.iter().step_by(step) {
            for (strength, others) in TOLD {
                let mut question = garble(&entry.title, strength, analyzer, &mut chance);
                // People tell more than the question: of the circumstances, and of other matters.
                if others > 0 {
                    question.extend(entry.body.chars().skip(8).take(12));
                    question = surround(&question, others, &besides, analyzer, &mut chance);
                }
                let query = analyzer.query(&question);
                let found = index.search(&query, 5, |_| true)?;
                if let Some(first) = found.hits.first() {
                    // Two entries that ask the same are both right.
                    let right = first.document.id == entry.id || first.document.title == entry.title;
                    known.push((features(&query.folded, analyzer, &found), f64::from(u8::from(right)), 1.0));
                }
                let without = index
                    .search(&query, 5, |document| document.id != entry.id && document.title != entry.title)?;
                if !without.hits.is_empty() {
                    known.push((features(&query.folded, analyzer, &without), 0.0, 1.0));
                }
            }
        }
        let mut calibration = Self::default();
        calibration.fit(&known);
        Ok(calibration)
    }

    /// Searches and says how sure to be.
    ///
    /// # Errors
    /// When the index is damaged.
    pub fn answer(
        &self,
        typed: &str,
        index: &Index,
        analyzer: &Analyzer,
        keep: impl Fn(&Document) -> bool,
    ) -> Result<Answer, IndexError> {
        let query = analyzer.query(typed);
        let found = index.search(&query, 5, keep)?;
        if found.hits.is_empty() {
            return Ok(Answer::default());
        }
        let confidence = self.share(&features(&query.folded, analyzer, &found)) as f32;
        Ok(Answer { hits: found.hits, confidence })
    }

    fn share(&self, features: &[f64; FEATURES]) -> f64 {
        let sum: f64 = self.weights.iter().zip(features).map(|(w, f)| w * f).sum();
        1.0 / (1.0 + (-sum).exp())
    }

    fn fit(&mut self, known: &[([f64; FEATURES], f64, f64)]) {
        let prior = self.weights;
        let total: f64 = known.iter().map(|(_, _, weight)| weight).sum::<f64>().max(1.0);
        for _ in 0..600 {
            let mut gradient = [0.0; FEATURES];
            for (features, right, weight) in known {
                let error = (self.share(features) - right) * weight / total;
                for (slope, feature) in gradient.iter_mut().zip(features) {
                    *slope += error * feature;
                }
            }
            for ((weight, slope), before) in self.weights.iter_mut().zip(gradient).zip(prior) {
                *weight -= 2.0 * (slope + (*weight - before) * 2.0 / (total + 200.0));
            }
        }
    }
}

fn features(folded: &str, analyzer: &Analyzer, found: &Found) -> [f64; FEATURES] {
    let first = &found.hits[0];
    let title = fold(&tighten(&first.document.title));
    let body = fold(&tighten(&first.document.body));
    let weight = |word: &String| f64::from(found.weights.get(word).copied().unwrap_or(6.0));
    let words: FxHashSet<String> = analyzer.words(folded).into_iter().collect();
    let titled: FxHashSet<&str> = pairs(&title).into_iter().collect();
    // A long question says much beside its matter: the clause that asks is the one that counts.
    let (mut met, mut met_anywhere, mut dice) = (0.0_f64, 0.0_f64, 0.0_f64);
    for clause in clauses(folded) {
        let own: Vec<String> = analyzer.words(clause);
        let all: f64 = own.iter().map(weight).sum::<f64>();
        if own.is_empty() || all <= 0.0 {
            continue;
        }
        let share = |text: &str| {
            own.iter().filter(|w| text.contains(w.as_str())).map(weight).sum::<f64>() / all.max(8.0)
        };
        let in_title = share(&title);
        met = met.max(in_title);
        met_anywhere = met_anywhere.max(share(&body)).max(in_title);
        let asked: FxHashSet<&str> = pairs(clause).into_iter().collect();
        let shared = asked.intersection(&titled).count() as f64;
        dice = dice.max(2.0 * shared / (asked.len() + titled.len()).max(1) as f64);
    }
    let asked: FxHashSet<&str> = pairs(folded).into_iter().collect();
    let shared = asked.intersection(&titled).count() as f64;
    let back = shared / titled.len().max(1) as f64;
    // And how much of the entry it asks for, against the next entry.
    let asked_for = |title: &str| {
        let own: FxHashSet<String> = analyzer.words(title).into_iter().collect();
        let all: f64 = own.iter().map(weight).sum::<f64>().max(1e-6);
        let met = own.iter().filter(|w| folded.contains(w.as_str())).map(weight).sum::<f64>();
        (met / all, met)
    };
    let (share, telling) = asked_for(&title);
    let next = found.hits.get(1).map_or((0.0, 0.0), |hit| asked_for(&fold(&tighten(&hit.document.title))));
    let second = found.hits.get(1).map_or(0.0, |hit| f64::from(hit.score / first.score.max(1e-6)));
    [
        1.0,
        met,
        dice,
        1.0 - second,
        met_anywhere,
        back,
        f64::from(u8::from(words.len() > 2)),
        share,
        (words.len() as f64 / 10.0).ln_1p(),
        (telling / 10.0).ln_1p(),
        share - next.0,
        (telling - next.1) / 20.0,
    ]
}

/// Returns the clauses of a text; a short text is one.
fn clauses(folded: &str) -> impl Iterator<Item = &str> {
    let short = folded.chars().count() <= 24;
    folded
        .split(move |c| !short && matches!(c, '。' | '!' | '?' | ';' | ',' | '，' | '！' | '？' | '；' | ' '))
        .filter(|clause| clause.chars().count() > 1)
        .take(CLAUSES)
}

/// Returns words of an entry that others may use of their own matters.
fn told_words(entry: &Document, analyzer: &Analyzer) -> Vec<String> {
    let text: String = entry.title.chars().chain(entry.body.chars()).take(60).collect();
    analyzer.words(&fold(&tighten(&text)))
}

/// Puts a question in the middle of other words.
fn surround(
    question: &str,
    others: usize,
    besides: &[String],
    analyzer: &Analyzer,
    chance: &mut u64,
) -> String {
    let pieces = analyzer.lexicon().cut(question);
    let mut out = String::new();
    let all = pieces.len() + others;
    let (mut asked, mut told) = (pieces.iter(), others);
    for at in 0..all {
        // The words of the question stay in their order, in about three places.
        let draw = step(chance) % (all - at) as u64;
        if (draw as usize) < told && (at % 4 == 0 || told >= all - at) {
            told -= 1;
            out.push_str(&besides[(step(chance) % besides.len() as u64) as usize]);
            if draw.is_multiple_of(5) {
                out.push('，');
            }
        } else if let Some(piece) = asked.next() {
            out.push_str(piece);
        } else {
            out.push_str(&besides[(step(chance) % besides.len() as u64) as usize]);
            if draw.is_multiple_of(5) {
                out.push('，');
            }
        }
    }
    out
}

/// Draws the next number.
fn step(chance: &mut u64) -> u64 {
    *chance ^= *chance << 13;
    *chance ^= *chance >> 7;
    *chance ^= *chance << 17;
    *chance
}

/// Garbles a question: drops words, swaps in synonyms, mistypes.
fn garble(question: &str, strength: u64, analyzer: &Analyzer, chance: &mut u64) -> String {
    let mut next = |below: u64| step(chance) % below;
    let folded = fold(&tighten(question));
    let mut out = String::new();
    for word in analyzer.lexicon().cut(&folded) {
        if next(10) < strength {
            match analyzer.synonyms().of(word).first() {
                Some(other) => out.push_str(other),
                None if next(3) == 0 => out.extend(word.chars().skip(1)),
                None => {}
            }
        } else {
            out.push_str(word);
        }
    }
    if out.chars().count() < 2 { folded } else { out }
}
