//! A model learnt from the city's own orders: category, type and urgency of a text, with a confidence that says
//! how often it is right. It is measured on the newest orders, which it has not seen.

use std::collections::{BTreeMap, HashMap};

use contract::cases::{CorpusCase, CorpusCategory};
use lang::classify::{Classifier, Reason, Sample};
use lang::lexicon::Lexicon;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::events::text_of;
use crate::place_book::PlaceBook;

/// Orders below which nothing is learnt.
pub const ORDERS_MIN: usize = 60;
/// Orders of a class below which it is not learnt.
const OF_CLASS_MIN: usize = 4;
/// Classes of one part; the most frequent ones.
const CLASSES_MAX: usize = 120;
/// One order in so many is held out: the newest.
const HELD_OUT: usize = 5;
/// Held-out orders below which a figure says nothing.
const JUDGED_MIN: usize = 10;
/// Bins of the calibration error, and of the correction of confidence.
const BINS: usize = 10;
/// How much the correction trusts what was said beforehand, in orders a bin.
const PRIOR: f64 = 8.0;
/// Similar orders of which a unit is told.
const UNIT_ORDERS_MIN: i64 = 3;

/// What a part of the model says of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ModelField)]
pub enum Field {
    /// The category at the top of the tree.
    Area,
    /// The category.
    Category,
    /// The type.
    Type,
    /// How urgent it is.
    Urgency,
}

impl Field {
    const ALL: [Self; 4] = [Self::Area, Self::Category, Self::Type, Self::Urgency];
}

/// How a part did on orders that it had not seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = ModelScore)]
pub struct Score {
    /// The part.
    pub field: Field,
    /// Orders that it learnt from.
    pub learnt: usize,
    /// Orders that it was judged by.
    pub judged: usize,
    /// Classes that it knows.
    pub classes: usize,
    /// Share of the judged orders that it got right.
    pub accuracy: f64,
    /// Share of the judged orders whose class is among the first three.
    pub top3: f64,
    /// Mean over classes of the harmonic mean of precision and recall.
    pub macro_f1: f64,
    /// Mean distance of confidence from the share that is right.
    pub ece: f64,
    /// Share of the judged orders for which it is sure enough to speak.
    pub spoken: f64,
    /// Share of those that it got right.
    pub spoken_accuracy: f64,
}

/// A part with the correction of its confidence.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Part {
    classifier: Classifier,
    correction: Vec<f64>,
}

/// A model. Made once, never changed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Model {
    parts: BTreeMap<Field, Part>,
    /// Units that had orders of a category, with how many.
    units: HashMap<String, Vec<(String, i64)>>,
}

/// What is said of one field.
#[derive(Clone, Debug, PartialEq)]
pub struct Guess {
    /// The class.
    pub value: String,
    /// How often such a guess is right, 0 to 1.
    pub confidence: f64,
    /// Words that speak for it.
    pub reasons: Vec<Reason>,
    /// The next classes with their confidence.
    pub others: Vec<(String, f64)>,
}

/// Why nothing was learnt.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LearnError {
    /// There are too few orders.
    #[error("{0} orders are too few to learn from; {ORDERS_MIN} are needed")]
    TooFew(usize),
    /// All orders look alike.
    #[error("no field has two classes with enough orders")]
    NothingToTell,
}

/// A model with how it did.
#[derive(Clone, Debug)]
pub struct Learnt {
    /// The model.
    pub model: Model,
    /// How it did.
    pub scores: Vec<Score>,
    /// Orders that it learnt from.
    pub orders: usize,
}

/// An order to learn from: its text without what names the citizen, and its classes.
#[derive(Clone, Debug)]
pub struct Lesson {
    text: String,
    classes: BTreeMap<Field, String>,
    unit_id: Option<String>,
    /// How often it counts: an order whose suggestion was overridden is learnt from twice.
    weight: usize,
}

impl Lesson {
    /// Makes a lesson of an order. Numbers of four digits and more are struck out, and of a confidential order
    /// everything that may name somebody.
    #[must_use]
    pub fn of(
        order: &CorpusCase,
        tree: &CategoryTree,
        overridden: bool,
        lexicon: &Lexicon,
        places: &PlaceBook,
    ) -> Self {
        let text = text_of(&order.title, &order.content);
        let text = if order.confidential { without_names(&text, lexicon, places) } else { text };
        let mut classes = BTreeMap::new();
        if let Some(category) = order.category_id.as_deref().filter(|id| tree.knows(id)) {
            classes.insert(Field::Category, category.to_owned());
            classes.insert(Field::Area, tree.top(category).to_owned());
        }
        classes.insert(Field::Type, order.r#type.clone());
        classes.insert(Field::Urgency, order.urgency.clone());
        Self {
            text: strike_numbers(&text),
            classes,
            unit_id: order.unit_id.clone(),
            weight: 1 + usize::from(overridden),
        }
    }
}

/// The categories, to go upwards.
#[derive(Clone, Debug, Default)]
pub struct CategoryTree(HashMap<String, CorpusCategory>);

impl CategoryTree {
    /// Makes it of a list.
    #[must_use]
    pub fn new(all: Vec<CorpusCategory>) -> Self {
        Self(all.into_iter().map(|category| (category.id.clone(), category)).collect())
    }

    /// Finds a category.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&CorpusCategory> {
        self.0.get(id)
    }

    fn knows(&self, id: &str) -> bool {
        self.get(id).is_some_and(|category| category.active)
    }

    /// Returns the category at the top above `id`.
    #[must_use]
    pub fn top<'a>(&'a self, id: &'a str) -> &'a str {
        let mut at = id;
        for _ in 0..8 {
            match self.get(at).and_then(|category| category.parent_id.as_deref()) {
                Some(parent) => at = parent,
                None => break,
            }
        }
        at
    }

    /// Tells whether `id` lies below `top`, or is it.
    #[must_use]
    pub fn is_below(&self, id: &str, top: &str) -> bool {
        self.top(id) == top
    }

    /// Returns the categories that can be chosen.
    pub fn active(&self) -> impl Iterator<Item = &CorpusCategory> {
        self.0.values().filter(|category| category.active)
    }
}

/// Learns from `lessons`, oldest first, and measures on the newest of them.
///
/// # Errors
/// [`LearnError`] when there is too little to learn from.
pub fn learn(
    lessons: &[Lesson],
    tree: &CategoryTree,
    lexicon: &Lexicon,
    sure: f64,
) -> Result<Learnt, LearnError> {
    if lessons.len() < ORDERS_MIN {
        return Err(LearnError::TooFew(lessons.len()));
    }
    let (old, new) = lessons.split_at(lessons.len() - lessons.len() / HELD_OUT);
    let mut judged = Model { parts: BTreeMap::new(), units: HashMap::new() };
    for field in Field::ALL {
        if let Some(classifier) = train(old, field, lexicon) {
            judged.parts.insert(field, Part { classifier, correction: even() });
        }
    }
    let mut scores = Vec::new();
    let mut corrections: BTreeMap<Field, Vec<f64>> = BTreeMap::new();
    for field in Field::ALL {
        let Some(part) = judged.parts.get(&field) else { continue };
        let guesses: Vec<(Guess, &str)> = new
            .iter()
            .filter_map(|lesson| {
                let class = lesson.classes.get(&field)?;
                Some((judged.guess(field, &lesson.text, tree, lexicon)?, class.as_str()))
            })
            .collect();
        if guesses.len() < JUDGED_MIN {
            continue;
        }
        // The correction is learnt on one half of the held-out orders and judged on the other.
        let half = |odd: usize| {
            guesses.iter().enumerate().filter(move |(at, _)| at % 2 == odd).map(|(_, guess)| guess)
        };
        let first = correction(half(0));
        let corrected: Vec<(Guess, &str)> = half(1)
            .map(|(guess, class)| {
                let confidence = corrected(&first, guess.confidence);
                (Guess { confidence, ..guess.clone() }, *class)
            })
            .collect();
        let learnt = old.iter().filter(|lesson| lesson.classes.contains_key(&field)).count();
        scores.push(judge(field, learnt, part.classifier.labels().len(), &guesses, &corrected, sure));
        corrections.insert(field, correction(guesses.iter()));
    }
    let mut model = Model { parts: BTreeMap::new(), units: units_of(lessons) };
    for (field, correction) in corrections {
        if let Some(classifier) = train(lessons, field, lexicon) {
            model.parts.insert(field, Part { classifier, correction });
        }
    }
    if model.parts.is_empty() {
        return Err(LearnError::NothingToTell);
    }
    Ok(Learnt { model, scores, orders: lessons.len() })
}

fn train(lessons: &[Lesson], field: Field, lexicon: &Lexicon) -> Option<Classifier> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for class in lessons.iter().filter_map(|lesson| lesson.classes.get(&field)) {
        *counts.entry(class).or_default() += 1;
    }
    let mut frequent: Vec<(&str, usize)> =
        counts.into_iter().filter(|(_, count)| *count >= OF_CLASS_MIN).collect();
    frequent.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    frequent.truncate(CLASSES_MAX);
    if frequent.len() < 2 {
        return None;
    }
    let samples: Vec<Sample> = lessons
        .iter()
        .filter_map(|lesson| {
            let class = lesson.classes.get(&field)?;
            let sample = Sample { label: class.clone(), text: lesson.text.clone() };
            frequent.iter().any(|(known, _)| known == class).then(|| vec![sample; lesson.weight])
        })
        .flatten()
        .collect();
    Classifier::train(&samples, lexicon).ok()
}

fn units_of(lessons: &[Lesson]) -> HashMap<String, Vec<(String, i64)>> {
    let mut counts: HashMap<String, HashMap<String, i64>> = HashMap::new();
    for lesson in lessons {
        if let (Some(category), Some(unit)) = (lesson.classes.get(&Field::Category), &lesson.unit_id) {
            *counts.entry(category.clone()).or_default().entry(unit.clone()).or_default() += 1;
        }
    }
    counts
        .into_iter()
        .map(|(category, units)| {
            let mut units: Vec<_> = units.into_iter().collect();
            units.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            (category, units)
        })
        .collect()
}

impl Model {
    /// Says what a field of an order with this text is likely to be; none when it has not learnt that.
    #[must_use]
    pub fn guess(&self, field: Field, text: &str, tree: &CategoryTree, lexicon: &Lexicon) -> Option<Guess> {
        let part = self.parts.get(&field)?;
        let said = part.classifier.classify(&strike_numbers(text), lexicon);
        let mut ranked: Vec<(String, f64)> =
            said.ranked.iter().take(24).map(|(label, share)| (label.clone(), f64::from(*share))).collect();
        let mut reasons = said.reasons;
        // The area, of which there are more orders to learn from, weighs the categories below it.
        if field == Field::Category
            && let Some(area) = self.parts.get(&Field::Area)
        {
            let above = area.classifier.classify(&strike_numbers(text), lexicon);
            for (label, share) in &mut ranked {
                let top = tree.top(label);
                let support = above.ranked.iter().find(|(known, _)| known == top);
                *share *= support.map_or(0.02, |(_, support)| f64::from(*support).max(0.02));
            }
            let sum: f64 = ranked.iter().map(|(_, share)| share).sum::<f64>().max(1e-9);
            // What the classes that are not known may take stays with them.
            let known = ranked.iter().map(|(_, share)| *share).fold(0.0, f64::max).sqrt().min(1.0);
            for (_, share) in &mut ranked {
                *share = (*share / sum).min(known);
            }
            ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            if ranked.first().is_some_and(|(label, _)| *label != said.label) {
                reasons = above.reasons;
            }
        }
        let mut ranked = ranked.into_iter().map(|(label, share)| (label, corrected(&part.correction, share)));
        let (value, confidence) = ranked.next()?;
        Some(Guess { value, confidence, reasons, others: ranked.take(2).collect() })
    }

    /// Returns the unit that had most orders of a category, with its share, when there were enough.
    #[must_use]
    pub fn unit_of(&self, category: &str) -> Option<(&str, f64, i64)> {
        let units = self.units.get(category)?;
        let all: i64 = units.iter().map(|(_, count)| count).sum();
        let (unit, count) = units.first()?;
        (*count >= UNIT_ORDERS_MIN).then(|| (unit.as_str(), *count as f64 / all as f64, all))
    }
}

fn even() -> Vec<f64> {
    (0..BINS).map(|bin| (bin as f64 + 0.5) / BINS as f64).collect()
}

fn bin_of(confidence: f64) -> usize {
    ((confidence * BINS as f64) as usize).min(BINS - 1)
}

/// Learns how often guesses of each confidence were right; never falling with confidence.
fn correction<'a>(guesses: impl Iterator<Item = &'a (Guess, &'a str)>) -> Vec<f64> {
    let mut right = [0.0; BINS];
    let mut all = [0.0; BINS];
    for (guess, class) in guesses {
        let bin = bin_of(guess.confidence);
        all[bin] += 1.0;
        right[bin] += f64::from(u8::from(guess.value == *class));
    }
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    for (bin, middle) in even().into_iter().enumerate() {
        let weight = all[bin] + PRIOR;
        blocks.push(((right[bin] + PRIOR * middle) / weight, weight, 1));
        while blocks.len() > 1 && blocks[blocks.len() - 2].0 > blocks[blocks.len() - 1].0 {
            let (b, a) = (blocks.pop(), blocks.pop());
            if let (Some(a), Some(b)) = (a, b) {
                blocks.push(((a.0 * a.1 + b.0 * b.1) / (a.1 + b.1), a.1 + b.1, a.2 + b.2));
            }
        }
    }
    blocks.into_iter().flat_map(|(value, _, count)| std::iter::repeat_n(value, count)).collect()
}

/// Applies a correction, evenly between the middles of the bins.
fn corrected(correction: &[f64], confidence: f64) -> f64 {
    if correction.len() != BINS {
        return confidence;
    }
    let at = (confidence * BINS as f64 - 0.5).clamp(0.0, (BINS - 1) as f64);
    let (low, part) = (at.floor() as usize, at.fract());
    let high = (low + 1).min(BINS - 1);
    (correction[low] * (1.0 - part) + correction[high] * part).clamp(0.0, 1.0)
}

fn judge(
    field: Field,
    learnt: usize,
    classes: usize,
    guesses: &[(Guess, &str)],
    calibrated: &[(Guess, &str)],
    sure: f64,
) -> Score {
    let count = guesses.len() as f64;
    let right = |guess: &Guess, class: &str| guess.value == class;
    let hits = guesses.iter().filter(|(guess, class)| right(guess, class)).count() as f64;
    let near = guesses
        .iter()
        .filter(|(guess, class)| right(guess, class) || guess.others.iter().any(|(other, _)| other == class))
        .count() as f64;
    let mut by_class: HashMap<&str, [f64; 3]> = HashMap::new();
    for (guess, class) in guesses {
        by_class.entry(class).or_default()[1] += 1.0;
        by_class.entry(guess.value.as_str()).or_default()[0] += 1.0;
        if right(guess, class) {
            by_class.entry(class).or_default()[2] += 1.0;
        }
    }
    let f1: Vec<f64> = by_class
        .values()
        .filter(|[_, expected, _]| *expected > 0.0)
        .map(|[said, expected, both]| 2.0 * both / (said + expected))
        .collect();
    let mut bins = [[0.0_f64; 3]; BINS];
    for (guess, class) in calibrated {
        let bin = &mut bins[bin_of(guess.confidence)];
        bin[0] += 1.0;
        bin[1] += guess.confidence;
        bin[2] += f64::from(u8::from(right(guess, class)));
    }
    let of = (calibrated.len() as f64).max(1.0);
    let ece: f64 = bins.iter().map(|[_, said, was]| (said - was).abs() / of).sum();
    let spoken: Vec<&(Guess, &str)> =
        calibrated.iter().filter(|(guess, _)| guess.confidence >= sure).collect();
    let spoken_right = spoken.iter().filter(|(guess, class)| right(guess, class)).count() as f64;
    let round = |value: f64| (value * 10_000.0).round() / 10_000.0;
    Score {
        field,
        learnt,
        judged: guesses.len(),
        classes,
        accuracy: round(hits / count),
        top3: round(near / count),
        macro_f1: round(f1.iter().sum::<f64>() / f1.len().max(1) as f64),
        ece: round(ece),
        spoken: round(spoken.len() as f64 / of),
        spoken_accuracy: round(if spoken.is_empty() { 0.0 } else { spoken_right / spoken.len() as f64 }),
    }
}

/// Strikes out runs of four digits and more: telephone numbers, cards, accounts say nothing of the matter.
fn strike_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run = String::new();
    for c in text.chars().chain(['\n']) {
        if c.is_ascii_digit() {
            run.push(c);
            continue;
        }
        if run.len() < 4 {
            out.push_str(&run);
        }
        run.clear();
        out.push(c);
    }
    out.pop();
    out
}

/// Strikes out people and the finer parts of places.
fn without_names(text: &str, lexicon: &Lexicon, places: &PlaceBook) -> String {
    let facts = lang::extract::extract(text, chrono::NaiveDateTime::default(), lexicon);
    let spans = facts.people.iter().map(|span| (span.start, span.end));
    let known = places.find(text);
    let spans: Vec<(usize, usize)> = spans
        .chain(facts.places.iter().map(|span| (span.start, span.end)))
        .chain(known.iter().map(|named| (named.start, named.end)))
        .collect();
    text.chars()
        .enumerate()
        .filter(|(at, _)| !spans.iter().any(|(start, end)| (*start..*end).contains(at)))
        .map(|(_, c)| c)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MATTERS: [(&str, &str, [&str; 6]); 3] = [
        ("water", "repair", ["停水", "水压", "水管", "自来水", "漏水", "水表"]),
        ("noise", "complaint", ["噪音", "施工", "扰民", "吵闹", "喇叭", "工地"]),
        ("insurance", "consult", ["医保", "报销", "社保卡", "参保", "缴费", "门诊"]),
    ];

    fn tree() -> CategoryTree {
        CategoryTree::new(
            MATTERS
                .iter()
                .map(|(id, ..)| CorpusCategory {
                    id: (*id).to_owned(),
                    parent_id: None,
                    path_name: (*id).to_owned(),
                    level: 1,
                    r#type: None,
                    active: true,
                })
                .collect(),
        )
    }

    fn lesson(at: usize) -> Lesson {
        let (class, kind, words) = MATTERS[at % 3];
        let (a, b) = (words[at / 3 % 6], words[at / 7 % 6]);
        Lesson {
            text: format!("市民反映{a}问题，第{at}次来电，{b}一直没有人管，请处理"),
            classes: BTreeMap::from([
                (Field::Category, class.to_owned()),
                (Field::Area, class.to_owned()),
                (Field::Type, kind.to_owned()),
                (Field::Urgency, "normal".to_owned()),
            ]),
            unit_id: Some(format!("unit-{class}")),
            weight: 1,
        }
    }

    #[test]
    fn it_learns_what_orders_are_about_and_knows_how_sure_it_is() {
        let lexicon = Lexicon::new([]);
        let lessons: Vec<Lesson> = (0..240).map(lesson).collect();
        let learnt = learn(&lessons, &tree(), &lexicon, 0.5).expect("there is enough");
        let score = learnt.scores.iter().find(|score| score.field == Field::Category).expect("it was judged");
        assert!(score.accuracy > 0.95 && score.macro_f1 > 0.95 && score.ece < 0.2, "{score:?}");
        assert_eq!((score.learnt, score.judged), (192, 48));
        assert!(learnt.scores.iter().all(|score| score.field != Field::Urgency), "one class tells nothing");
        let guess =
            learnt.model.guess(Field::Category, "家里停水了，水压很低", &tree(), &lexicon).expect("known");
        assert_eq!(guess.value, "water");
        assert!(guess.reasons.iter().any(|reason| reason.text.contains('水')), "{guess:?}");
        assert_eq!(learnt.model.unit_of("water").map(|(unit, ..)| unit), Some("unit-water"));
    }

    #[test]
    fn a_model_survives_being_written_down() {
        let lexicon = Lexicon::new([]);
        let lessons: Vec<Lesson> = (0..120).map(lesson).collect();
        let model = learn(&lessons, &tree(), &lexicon, 0.5).expect("there is enough").model;
        let text = serde_json::to_vec(&model).expect("plain data");
        let again: Model = serde_json::from_slice(&text).expect("as written");
        let asked = "工地夜里施工噪音很大";
        assert_eq!(
            model.guess(Field::Category, asked, &tree(), &lexicon),
            again.guess(Field::Category, asked, &tree(), &lexicon)
        );
    }

    #[test]
    fn too_few_orders_teach_nothing() {
        let lessons: Vec<Lesson> = (0..59).map(lesson).collect();
        let refused = learn(&lessons, &tree(), &Lexicon::new([]), 0.5).map(|_| ());
        assert_eq!(refused, Err(LearnError::TooFew(59)));
    }

    #[test]
    fn numbers_and_names_are_not_learnt() {
        assert_eq!(strike_numbers("电话19900001234，3号楼"), "电话，3号楼");
        let struck =
            without_names("我叫王建国，住在人民路5号，反映停水", &Lexicon::new([]), &PlaceBook::default());
        assert!(!struck.contains("王建国") && !struck.contains("人民路"), "{struck}");
        assert!(struck.contains("停水"));
    }

    #[test]
    fn corrections_never_fall_with_confidence() {
        let guess = |confidence, right: bool| {
            let value = if right { "a" } else { "b" }.to_owned();
            (Guess { value, confidence, reasons: Vec::new(), others: Vec::new() }, "a")
        };
        let guesses: Vec<_> = (0..200).map(|at| guess(f64::from(at % 10) / 10.0, at % 3 == 0)).collect();
        let correction = correction(guesses.iter());
        assert_eq!(correction.len(), BINS);
        assert!(correction.windows(2).all(|pair| pair[0] <= pair[1] + 1e-9), "{correction:?}");
        assert!((0.0..=1.0).contains(&corrected(&correction, 1.0)));
    }
}
