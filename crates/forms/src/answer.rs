//! Checks of a single answer.

use std::collections::HashSet;

use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value, json};

use crate::check::Refusal;
use crate::date::{is_date, is_month, is_time};
use crate::schema::{Choice, Field, FieldType, Options, Reference, ReferenceKind};

/// The longest line of text, in characters, where the field says nothing else.
const LINE_MAX: f64 = 200.0;
/// The longest text, in characters, where the field says nothing else.
const AREA_MAX: f64 = 5000.0;
/// The most rows, choices, people or files, where the field says nothing else.
const MANY_MAX: f64 = 50.0;
/// The longest rich text with its marks, in bytes.
const RICH_MAX: usize = 64 * 1024;
/// The longest id.
const ID_MAX: usize = 64;
/// The greatest number that every machine counts exactly.
const NUMBER_MAX: f64 = 9_007_199_254_740_991.0;

/// Compiles a pattern for the whole text; none where it is no regular expression or too large.
pub(crate) fn pattern(text: &str) -> Option<Regex> {
    RegexBuilder::new(&format!("^(?:{text})$")).size_limit(1 << 20).build().ok()
}

/// Tells whether an answer says nothing.
pub(crate) fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Checks an answer that is not blank, and returns it as it is kept.
pub(crate) fn check(field: &Field, value: &Value, path: &str, today: &str) -> Result<Value, Vec<Refusal>> {
    let refuse = |code, zh: String, en: String| Err(vec![Refusal::new(path, code, zh, en)]);
    let malformed =
        || refuse("malformed", "填写的内容不正确。".to_owned(), "This is no fitting answer.".to_owned());
    match field.kind {
        FieldType::Border | FieldType::Query | FieldType::Approval => malformed(),
        FieldType::Hidden => match value {
            Value::Array(_) | Value::Object(_) => malformed(),
            Value::String(text) if text.chars().count() > 2000 => malformed(),
            _ => Ok(value.clone()),
        },
        FieldType::Tick => match value {
            Value::Bool(_) => Ok(value.clone()),
            _ => malformed(),
        },
        FieldType::Line | FieldType::Text | FieldType::Edit | FieldType::Phone => {
            let Some(text) = value.as_str() else { return malformed() };
            check_text(field, text, path).map(Value::String)
        }
        FieldType::Rich => {
            let Some(text) = value.as_str().filter(|text| text.len() <= RICH_MAX) else {
                return refuse("too_long", "富文本内容过长。".to_owned(), "The text is too long.".to_owned());
            };
            let clean = sanitise(text);
            let length = plain_of(&clean).chars().count() as f64;
            within(field, path, length, AREA_MAX, "个字", "characters")?;
            Ok(Value::String(clean))
        }
        FieldType::Number => {
            let Some(number) = value.as_f64().filter(|number| number.abs() <= NUMBER_MAX) else {
                return refuse("malformed", "请填写数值。".to_owned(), "Please write a number.".to_owned());
            };
            check_number(field, number, path)
        }
        FieldType::Date | FieldType::Month | FieldType::Time => check_moment(field, value, path, today),
        FieldType::Radio | FieldType::Select | FieldType::Tree => match value.as_str() {
            Some(text) if offers(field, text) => Ok(value.clone()),
            _ => refuse(
                "not_offered",
                "请从选项中选择。".to_owned(),
                "Please choose one that is offered.".to_owned(),
            ),
        },
        FieldType::Checks => {
            let chosen = ids(value, path)?;
            if chosen.iter().any(|one| !offers(field, one)) {
                return refuse(
                    "not_offered",
                    "请从选项中选择。".to_owned(),
                    "Please choose what is offered.".to_owned(),
                );
            }
            within(field, path, chosen.len() as f64, 500.0, "项", "choices")?;
            Ok(json!(chosen))
        }
        FieldType::Person | FieldType::Group | FieldType::Unit if !field.several => match value.as_str() {
            Some(id) if is_id(id) => Ok(value.clone()),
            _ => malformed(),
        },
        FieldType::Person | FieldType::Group | FieldType::Unit | FieldType::Upload => {
            let chosen = ids(value, path)?;
            within(field, path, chosen.len() as f64, MANY_MAX, "项", "of them")?;
            Ok(json!(chosen))
        }
        FieldType::Relation => {
            let chosen = ids(value, path)?;
            let most = if field.several { MANY_MAX } else { 1.0 };
            within(field, path, chosen.len() as f64, most, "项", "orders")?;
            Ok(json!(chosen))
        }
        FieldType::Table => check_rows(field, value, path, today),
    }
}

fn check_text(field: &Field, text: &str, path: &str) -> Result<String, Vec<Refusal>> {
    let text =
        if field.kind == FieldType::Line || field.kind == FieldType::Phone { text.trim() } else { text };
    let strange =
        |c: char| c.is_control() && !(field.kind != FieldType::Line && matches!(c, '\n' | '\r' | '\t'));
    if text.chars().any(strange) {
        return Err(vec![Refusal::new(
            path,
            "malformed",
            "含有无法显示的字符。",
            "There are characters that cannot be shown.",
        )]);
    }
    let most = if matches!(field.kind, FieldType::Line | FieldType::Phone) { LINE_MAX } else { AREA_MAX };
    within(field, path, text.chars().count() as f64, most, "个字", "characters")?;
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let phone = (3..=20).contains(&digits) && text.chars().all(|c| c.is_ascii_digit() || "+-() ".contains(c));
    if field.kind == FieldType::Phone && !phone {
        return Err(vec![Refusal::new(
            path,
            "phone",
            "电话号码格式不正确。",
            "This is no telephone number.",
        )]);
    }
    let fits = field.pattern.as_ref().is_none_or(|own| pattern(own).is_some_and(|own| own.is_match(text)));
    if !fits {
        return Err(vec![Refusal::new(
            path,
            "pattern",
            "格式不符合要求。",
            "The format is not the one that is asked for.",
        )]);
    }
    Ok(text.to_owned())
}

fn check_number(field: &Field, number: f64, path: &str) -> Result<Value, Vec<Refusal>> {
    if let Some(min) = field.min.filter(|min| number < *min) {
        return Err(vec![Refusal::new(
            path,
            "too_small",
            format!("不能小于{min}。"),
            format!("At least {min}."),
        )]);
    }
    if let Some(max) = field.max.filter(|max| number > *max) {
        return Err(vec![Refusal::new(
            path,
            "too_large",
            format!("不能大于{max}。"),
            format!("At most {max}."),
        )]);
    }
    let decimals = field.decimals.unwrap_or(0);
    let scaled = number * 10_f64.powi(i32::try_from(decimals).unwrap_or(6));
    if (scaled - scaled.round()).abs() > 1e-6 * scaled.abs().max(1.0) {
        let (zh, en) = if decimals == 0 {
            ("请填写整数。".to_owned(), "Please write a whole number.".to_owned())
        } else {
            (format!("最多{decimals}位小数。"), format!("At most {decimals} digits behind the point."))
        };
        return Err(vec![Refusal::new(path, "decimals", zh, en)]);
    }
    let whole = number.fract() == 0.0;
    #[expect(clippy::cast_possible_truncation, reason = "bounded by NUMBER_MAX and whole")]
    Ok(if whole { json!(number as i64) } else { json!(number) })
}

fn check_moment(field: &Field, value: &Value, path: &str, today: &str) -> Result<Value, Vec<Refusal>> {
    let (right, zh, en): (fn(&str) -> bool, _, _) = match field.kind {
        FieldType::Date => (is_date, "日期格式应为2026-03-02。", "A day is written 2026-03-02."),
        FieldType::Month => (is_month, "月份格式应为2026-03。", "A month is written 2026-03."),
        _ => (is_time, "时间格式应为18:30。", "A time is written 18:30."),
    };
    let text = match value.as_str() {
        Some("today") if field.kind == FieldType::Date && is_date(today) => today,
        Some(text) if right(text) => text,
        _ => return Err(vec![Refusal::new(path, "malformed", zh, en)]),
    };
    let bound = |own: &Option<String>| {
        own.as_deref().map(|own| if own == "today" { today.to_owned() } else { own.to_owned() })
    };
    // All three are written so that their order is that of the texts.
    if let Some(earliest) = bound(&field.earliest).filter(|earliest| text < earliest.as_str()) {
        return Err(vec![Refusal::new(
            path,
            "too_early",
            format!("不能早于{earliest}。"),
            format!("Not before {earliest}."),
        )]);
    }
    if let Some(latest) = bound(&field.latest).filter(|latest| text > latest.as_str()) {
        return Err(vec![Refusal::new(
            path,
            "too_late",
            format!("不能晚于{latest}。"),
            format!("Not after {latest}."),
        )]);
    }
    Ok(json!(text))
}

fn check_rows(field: &Field, value: &Value, path: &str, today: &str) -> Result<Value, Vec<Refusal>> {
    let Some(rows) = value.as_array() else {
        return Err(vec![Refusal::new(path, "malformed", "子表内容不正确。", "These are no rows.")]);
    };
    within(field, path, rows.len() as f64, MANY_MAX, "行", "rows")?;
    let (mut kept, mut refusals) = (Vec::with_capacity(rows.len()), Vec::new());
    for (at, row) in rows.iter().enumerate() {
        let Some(row) = row.as_object() else {
            refusals.push(Refusal::new(
                format!("{path}[{at}]"),
                "malformed",
                "子表内容不正确。",
                "This is no row.",
            ));
            continue;
        };
        let mut clean = Map::new();
        for (key, cell) in row {
            let own = format!("{path}[{at}].{key}");
            match field.fields.iter().find(|column| column.key == *key) {
                None => refusals.push(Refusal::unknown(own)),
                Some(_) if is_blank(cell) => {}
                Some(column) => match check(column, cell, &own, today) {
                    Ok(cell) => {
                        clean.insert(key.clone(), cell);
                    }
                    Err(more) => refusals.extend(more),
                },
            }
        }
        let missing =
            field.fields.iter().filter(|column| column.required && row.get(&column.key).is_none_or(is_blank));
        refusals.extend(missing.map(|column| Refusal::required(format!("{path}[{at}].{}", column.key))));
        kept.push(Value::Object(clean));
    }
    if refusals.is_empty() { Ok(Value::Array(kept)) } else { Err(refusals) }
}

/// Wants a length or number within the field's bounds.
fn within(field: &Field, path: &str, count: f64, most: f64, zh: &str, en: &str) -> Result<(), Vec<Refusal>> {
    let most = field.max.unwrap_or(most);
    if count > most {
        return Err(vec![Refusal::new(
            path,
            "too_many",
            format!("最多{most}{zh}，现有{count}。"),
            format!("At most {most} {en}; there are {count}."),
        )]);
    }
    if let Some(least) = field.min.filter(|least| count < *least) {
        return Err(vec![Refusal::new(
            path,
            "too_few",
            format!("至少{least}{zh}，现有{count}。"),
            format!("At least {least} {en}; there are {count}."),
        )]);
    }
    Ok(())
}

fn is_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= ID_MAX && id.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

/// Reads a list of different ids or values; a single one stands for a list of one.
fn ids(value: &Value, path: &str) -> Result<Vec<String>, Vec<Refusal>> {
    let list = match value {
        Value::String(_) => std::slice::from_ref(value),
        Value::Array(list) => list.as_slice(),
        _ => &[Value::Null],
    };
    let texts: Option<Vec<String>> =
        list.iter().map(|one| one.as_str().filter(|one| one.len() <= 240).map(str::to_owned)).collect();
    let mut seen = HashSet::new();
    match texts {
        Some(texts) if texts.len() <= 1000 => {
            Ok(texts.into_iter().filter(|one| seen.insert(one.clone())).collect())
        }
        _ => Err(vec![Refusal::new(path, "malformed", "填写的内容不正确。", "This is no list of choices.")]),
    }
}

/// Tells whether a field offers a value. What others keep (units, words, …) is checked by the host.
fn offers(field: &Field, value: &str) -> bool {
    match &field.options {
        Some(Options::List { list }) => find(list, value).is_some(),
        Some(_) => {
            is_id(value)
                || (!value.is_empty() && value.chars().count() <= 60 && !value.chars().any(char::is_control))
        }
        None => false,
    }
}

/// Finds a choice, at any level.
pub(crate) fn find<'a>(list: &'a [Choice], value: &str) -> Option<&'a Choice> {
    list.iter()
        .find_map(|choice| if choice.value == value { Some(choice) } else { find(&choice.children, value) })
}

/// Takes everything out of a text that could do more than look like text.
fn sanitise(text: &str) -> String {
    let tags = [
        "p",
        "br",
        "b",
        "strong",
        "i",
        "em",
        "u",
        "s",
        "ul",
        "ol",
        "li",
        "h3",
        "h4",
        "blockquote",
        "div",
        "span",
    ];
    ammonia::Builder::default()
        .tags(tags.into_iter().collect())
        .generic_attributes(HashSet::new())
        .tag_attributes(std::collections::HashMap::new())
        .clean(text)
        .to_string()
}

/// Returns the words of a rich text.
pub(crate) fn plain_of(text: &str) -> String {
    let spaced = text.replace("</p>", "\n").replace("</li>", "\n").replace("<br>", "\n");
    let bare = ammonia::Builder::default().tags(HashSet::new()).clean(&spaced).to_string();
    bare.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&nbsp;", " ")
        .replace("&amp;", "&")
        .trim()
        .to_owned()
}

/// Adds what an answer refers to.
pub(crate) fn references(field: &Field, value: &Value, path: &str, found: &mut Vec<Reference>) {
    let options = match &field.options {
        Some(Options::Dictionary { name }) => Some((ReferenceKind::Word, Some(name.clone()))),
        Some(Options::Categories) => Some((ReferenceKind::Category, None)),
        Some(Options::Units) => Some((ReferenceKind::Unit, None)),
        Some(Options::People) => Some((ReferenceKind::Person, None)),
        Some(Options::List { .. }) | None => None,
    };
    let kind = match field.kind {
        FieldType::Person => Some((ReferenceKind::Person, None)),
        FieldType::Group => Some((ReferenceKind::Group, None)),
        FieldType::Unit => Some((ReferenceKind::Unit, None)),
        FieldType::Relation => Some((ReferenceKind::Order, None)),
        FieldType::Upload => Some((ReferenceKind::Attachment, None)),
        kind if kind.has_options() => options,
        _ => None,
    };
    if let Some((kind, list)) = kind {
        let many = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        found.extend(many.iter().filter_map(Value::as_str).map(|id| Reference {
            path: path.to_owned(),
            kind,
            id: id.to_owned(),
            list: list.clone(),
        }));
    }
    if field.kind == FieldType::Table {
        for (at, row) in value.as_array().into_iter().flatten().enumerate() {
            for column in &field.fields {
                if let Some(cell) = row.get(&column.key) {
                    references(column, cell, &format!("{path}[{at}].{}", column.key), found);
                }
            }
        }
    }
}
