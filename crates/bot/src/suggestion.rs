//! What can be filled in from what was written so far, each as a suggestion with its reasons.

use chrono::NaiveDateTime;
use lang::extract::{Facts, extract};
use lang::lexicon::Lexicon;
use serde::Serialize;
use utoipa::ToSchema;

use crate::learning::{CategoryTree, Field, Guess, Model};
use crate::place_book::PlaceBook;

/// Longest text that is looked at.
pub const TEXT_MAX: usize = 2_000;
/// Longest title that is proposed.
const TITLE_MAX: usize = 28;
/// Words that speak for haste, and the urgency they speak for.
const URGENT: [(&str, &[&str]); 2] = [
    (
        "critical",
        &[
            "燃气泄漏",
            "煤气泄漏",
            "天然气泄漏",
            "着火",
            "起火",
            "爆炸",
            "有人受伤",
            "坍塌",
            "塌陷",
            "触电",
            "溺水",
            "被困",
            "跳楼",
            "轻生",
            "中毒",
            "电线掉落",
            "高压线断",
        ],
    ),
    (
        "urgent",
        &[
            "危险",
            "安全隐患",
            "漏电",
            "井盖缺失",
            "井盖丢失",
            "井盖没了",
            "爆管",
            "大面积停水",
            "大面积停电",
            "积水严重",
            "拖欠工资",
            "讨薪",
            "随时可能",
            "要倒了",
            "老人孩子",
            "坠落",
            "倒灌",
        ],
    ),
];

/// Where a suggestion comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SuggestionOrigin)]
pub enum Origin {
    /// Learnt from the city's orders.
    Model,
    /// A rule or words of the text itself.
    Text,
    /// The dispatch catalogue.
    Catalogue,
}

/// A part of the text, or a word, that speaks for a suggestion.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = SuggestionReason)]
pub struct Because {
    /// The words.
    pub text: String,
    /// How much they weigh among the reasons of this suggestion, 0 to 1.
    pub weight: f64,
}

/// A value for a field of the order.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = OrderSuggestion)]
pub struct Suggestion {
    /// `category_id`, `type`, `urgency`, `unit_id`, `title`, `district`, `address`, `name`, `phone`.
    pub field: String,
    /// The value to take over.
    pub value: String,
    /// What it is called.
    pub label: String,
    /// How often such a suggestion is right, 0 to 1; absent where a rule says it.
    pub confidence: Option<f64>,
    /// Where it comes from.
    pub origin: Origin,
    /// Why.
    pub reasons: Vec<Because>,
    /// Longitude of a place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lng: Option<f64>,
    /// Latitude of a place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
}

/// A time or an amount that the text names.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = OrderMention)]
pub struct Mention {
    /// `time` or `amount`.
    pub kind: String,
    /// As written.
    pub text: String,
    /// Its first instant as local time, for a time; the sum in yuan, for an amount.
    pub value: String,
    /// Its last instant, for a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}

impl Suggestion {
    fn of_text(field: &str, value: &str, label: &str, words: &str) -> Self {
        Self {
            field: field.to_owned(),
            value: value.to_owned(),
            label: label.to_owned(),
            confidence: None,
            origin: Origin::Text,
            reasons: vec![Because { text: words.to_owned(), weight: 1.0 }],
            lng: None,
            lat: None,
        }
    }
}

/// Finds what the text says of people, places, times and sums.
#[must_use]
pub fn facts(text: &str, now: NaiveDateTime, lexicon: &Lexicon) -> Facts {
    let short: String = text.chars().take(TEXT_MAX).collect();
    extract(&short, now, lexicon)
}

/// Makes suggestions of facts.
#[must_use]
pub fn from_facts(text: &str, facts: &Facts, book: &PlaceBook) -> (Vec<Suggestion>, Vec<Mention>) {
    let mut out = Vec::new();
    let chars: Vec<char> = text.chars().take(TEXT_MAX).collect();
    let short: String = chars.iter().collect();
    let named = book.find(&short);
    // The finest place that the city knows says where it is.
    let known = named
        .iter()
        .filter(|named| {
            named.place.lng.is_some() || named.place.district.as_deref() != Some(&named.place.name)
        })
        .max_by_key(|named| named.end - named.start)
        .or_else(|| named.first());
    if let Some(district) = known.and_then(|named| named.place.district.as_deref()) {
        let words: String = known.map(|n| chars[n.start..n.end].iter().collect()).unwrap_or_default();
        out.push(Suggestion::of_text("district", district, district, &words));
    }
    let address = match known {
        Some(named) => {
            // The address reaches from where the place's name begins, or the address around it, to its numbers.
            let around = facts.places.iter().filter(|span| span.start < named.end && named.start < span.end);
            let start = around.clone().map(|span| span.start).min().unwrap_or(named.start).min(named.start);
            let end = around.map(|span| span.end).max().unwrap_or(named.end).max(named.end);
            Some((start, end_of_numbers(&chars, end)))
        }
        None => facts
            .places
            .iter()
            .max_by_key(|span| span.end - span.start)
            .map(|span| (span.start, end_of_numbers(&chars, span.end))),
    };
    if let Some((start, end)) = address.filter(|(start, end)| end - start >= 3) {
        let words: String = chars[start..end].iter().collect();
        let words = words.trim().to_owned();
        if known.is_none_or(|named| named.place.district.as_deref() != Some(words.as_str())) {
            let mut suggestion = Suggestion::of_text("address", &words, &words, &words);
            if let Some(named) = known {
                (suggestion.lng, suggestion.lat) = (named.place.lng, named.place.lat);
            }
            out.push(suggestion);
        }
    }
    if let Some(person) = facts.people.first() {
        out.push(Suggestion::of_text("name", &person.text, &person.text, &person.text));
    }
    if let Some(phone) = facts.phones.first() {
        out.push(Suggestion::of_text("phone", &phone.value, &phone.value, &phone.text));
    }
    if let Some(title) = title_of(text) {
        out.push(Suggestion::of_text("title", &title, &title, &title));
    }
    let stamp = |at: NaiveDateTime| at.format("%Y-%m-%dT%H:%M:%S").to_string();
    let mut mentions: Vec<Mention> = facts
        .times
        .iter()
        // How long something lasts, or only until when, is no instant that could be written out.
        .filter_map(|span| {
            Some(Mention {
                kind: "time".to_owned(),
                text: span.text.clone(),
                value: stamp(span.value.from?),
                until: span.value.to.map(stamp),
            })
        })
        .take(6)
        .collect();
    mentions.extend(facts.amounts.iter().take(6).map(|span| Mention {
        kind: "amount".to_owned(),
        text: span.text.clone(),
        value: format!("{}", span.value.value),
        until: None,
    }));
    (out, mentions)
}

/// Goes on over what belongs to an address: numbers of houses, floors and rooms.
fn end_of_numbers(chars: &[char], from: usize) -> usize {
    const NUMBERS: &str = "0123456789一二三四五六七八九十百甲乙丙东南西北-—";
    const UNITS: &str = "号栋幢座楼层单元室弄期区排门";
    let (mut end, mut at) = (from, from);
    while at < chars.len() && at - from < 16 {
        let c = chars[at];
        if UNITS.contains(c) && at > end {
            end = at + 1;
            // 单元 and 号楼 are words of two characters.
            while end < chars.len() && UNITS.contains(chars[end]) && end - at < 2 {
                end += 1;
            }
            at = end;
        } else if NUMBERS.contains(c) || c.is_ascii_alphabetic() {
            at += 1;
        } else {
            break;
        }
    }
    end
}

/// Proposes a title: the first clause that says something.
fn title_of(text: &str) -> Option<String> {
    let openings = [
        "市民反映",
        "来电人反映",
        "来电反映",
        "市民来电",
        "您好",
        "你好",
        "请问",
        "我想反映",
        "我要投诉",
        "反映",
    ];
    for clause in text.split(['。', '，', '！', '？', '；', ',', '!', '?', ';', '\n', '.']) {
        let mut clause = clause.trim();
        for opening in openings {
            clause =
                clause.strip_prefix(opening).unwrap_or(clause).trim_start_matches(['，', '：', ':', ' ']);
        }
        let length = clause.chars().count();
        if length >= 5 {
            return Some(clause.chars().take(TITLE_MAX).collect());
        }
    }
    None
}

/// Says how urgent a text is by its words.
#[must_use]
pub fn urgency_by_words(text: &str) -> Option<Suggestion> {
    let folded = lang::normalize::fold(text);
    for (urgency, words) in URGENT {
        let met: Vec<&str> = words.iter().copied().filter(|word| folded.contains(word)).collect();
        if !met.is_empty() {
            let mut suggestion = Suggestion::of_text("urgency", urgency, urgency, met[0]);
            suggestion.reasons = because(met.iter().map(|word| ((*word).to_owned(), 1.0)));
            return Some(suggestion);
        }
    }
    None
}

fn because(reasons: impl Iterator<Item = (String, f64)>) -> Vec<Because> {
    let all: Vec<(String, f64)> = reasons.take(6).collect();
    let top = all.iter().map(|(_, weight)| *weight).fold(1e-9, f64::max);
    all.into_iter()
        .map(|(text, weight)| Because { text, weight: (weight / top * 100.0).round() / 100.0 })
        .collect()
}

/// What the model says of a text, where it is sure enough.
#[must_use]
pub fn from_model(
    text: &str,
    model: &Model,
    tree: &CategoryTree,
    lexicon: &Lexicon,
    sure: f64,
) -> Vec<Suggestion> {
    let mut out = Vec::new();
    let mut add = |field: &str, value: &str, label: &str, guess: &Guess, confidence: f64| {
        out.push(Suggestion {
            field: field.to_owned(),
            value: value.to_owned(),
            label: label.to_owned(),
            confidence: Some((confidence * 1000.0).round() / 1000.0),
            origin: Origin::Model,
            reasons: because(
                guess.reasons.iter().map(|reason| (reason.text.clone(), f64::from(reason.weight))),
            ),
            lng: None,
            lat: None,
        });
    };
    let category = model.guess(Field::Category, text, tree, lexicon);
    let area = model.guess(Field::Area, text, tree, lexicon);
    let mut chosen = None;
    if let Some(guess) = category.filter(|guess| guess.confidence >= sure)
        && let Some(known) = tree.get(&guess.value)
    {
        add("category_id", &guess.value, &known.path_name, &guess, guess.confidence);
        chosen = Some(known);
    }
    // Where the category is not sure, its area may be: the picker opens there.
    if chosen.is_none()
        && let Some(guess) = area.filter(|guess| guess.confidence >= sure)
        && let Some(known) = tree.get(&guess.value)
    {
        add("area_id", &guess.value, &known.path_name, &guess, guess.confidence);
    }
    for (field, name) in [(Field::Type, "type"), (Field::Urgency, "urgency")] {
        if let Some(guess) = model.guess(field, text, tree, lexicon).filter(|guess| guess.confidence >= sure)
        {
            add(name, &guess.value, &guess.value, &guess, guess.confidence);
        }
    }
    out
}

/// Finds the category whose name the text says, where no model speaks: the longest name wins, and a tie says nothing.
#[must_use]
pub fn category_by_name(text: &str, tree: &CategoryTree) -> Option<Suggestion> {
    let folded = lang::normalize::fold(text);
    let mut best: Option<(usize, &contract::cases::CorpusCategory)> = None;
    let mut tied = false;
    for category in tree.active() {
        let name = category.path_name.rsplit('/').next().unwrap_or_default();
        let length = name.chars().count();
        if length < 2 || category.level < 2 || !folded.contains(&lang::normalize::fold(name)) {
            continue;
        }
        match best {
            Some((known, other)) if known == length && other.level == category.level => tied = true,
            Some((known, other)) if (known, other.level) > (length, category.level) => {}
            _ => (best, tied) = (Some((length, category)), false),
        }
    }
    let (_, category) = best.filter(|_| !tied)?;
    let name = category.path_name.rsplit('/').next().unwrap_or_default();
    Some(Suggestion::of_text("category_id", &category.id, &category.path_name, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place_book::KnownPlace;

    fn book() -> PlaceBook {
        let mut book = PlaceBook::default();
        for (name, district, lng) in [
            ("澜溪区", "澜溪区", None),
            ("听澜雅苑", "澜溪区", Some(112.5)),
            ("柳津大道", "澜溪区", Some(112.52)),
        ] {
            book.add(KnownPlace {
                name: name.to_owned(),
                district: Some(district.to_owned()),
                lng,
                lat: lng.map(|_| 30.2),
            });
        }
        book
    }

    fn suggest(text: &str) -> (Vec<Suggestion>, Vec<Mention>) {
        let now = chrono::NaiveDate::from_ymd_opt(2026, 11, 27)
            .and_then(|day| day.and_hms_opt(10, 0, 0))
            .expect("a real time");
        static LEXICON: std::sync::LazyLock<Lexicon> =
            std::sync::LazyLock::new(|| Lexicon::new(book().names()));
        from_facts(text, &facts(text, now, &LEXICON), &book())
    }

    fn value<'a>(all: &'a [Suggestion], field: &str) -> Option<&'a str> {
        all.iter().find(|one| one.field == field).map(|one| one.value.as_str())
    }

    #[test]
    fn times_are_written_out_where_they_are_instants() {
        let (_, mentions) =
            suggest("从11月3日起停水，每天22:00至23:30施工，保修3年，去年10月以前交的费，今晚八点以后打电话");
        let times: Vec<(&str, &str, Option<&str>)> = mentions
            .iter()
            .map(|one| (one.text.as_str(), one.value.as_str(), one.until.as_deref()))
            .collect();
        assert_eq!(
            times,
            [
                ("从11月3日起", "2026-11-03T00:00:00", Some("2026-11-27T10:00:00")),
                ("每天22:00至23:30", "2026-11-27T22:00:00", Some("2026-11-27T23:30:59")),
                ("今晚八点以后", "2026-11-27T20:00:00", None),
            ],
            "neither how long something lasts nor a mere end is an instant"
        );
    }

    #[test]
    fn fields_are_filled_from_what_was_said() {
        let (found, mentions) = suggest(
            "市民反映听澜雅苑3号楼2单元电梯昨天晚上8点坏了，物业收了300元维修费没修，联系人李国强，电话19900001234",
        );
        assert_eq!(value(&found, "district"), Some("澜溪区"));
        assert_eq!(value(&found, "address"), Some("听澜雅苑3号楼2单元"));
        assert_eq!(value(&found, "phone"), Some("19900001234"));
        assert_eq!(value(&found, "name"), Some("李国强"));
        assert!(value(&found, "title").is_some_and(|title| title.starts_with("听澜雅苑")), "{found:?}");
        let time = mentions.iter().find(|mention| mention.kind == "time").expect("a time");
        assert_eq!(time.value, "2026-11-26T20:00:00");
        assert!(mentions.iter().any(|mention| mention.kind == "amount" && mention.value == "300"));
        let address = found.iter().find(|one| one.field == "address").expect("an address");
        assert_eq!(address.lng, Some(112.5));
    }

    #[test]
    fn nothing_is_made_up() {
        let (found, mentions) = suggest("想问一下");
        assert!(found.is_empty() && mentions.is_empty(), "{found:?} {mentions:?}");
    }

    #[test]
    fn words_of_danger_speak_for_haste() {
        let found = urgency_by_words("楼下燃气泄漏，味道很大").expect("urgent");
        assert_eq!((found.value.as_str(), found.reasons[0].text.as_str()), ("critical", "燃气泄漏"));
        assert!(urgency_by_words("咨询公交线路").is_none());
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,300}") {
            let _ = suggest(&text);
            let _ = urgency_by_words(&text);
        }
    }
}
