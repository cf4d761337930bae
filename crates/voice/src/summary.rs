//! Fields of a city's own in the summary of a call: which there are, and whether values fit them.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// Fields at most, those that are not used any more included.
pub const FIELDS_MAX: usize = 30;
/// Choices of one field at most.
const OPTIONS_MAX: usize = 50;
/// Characters of a name or choice at most.
const NAME_MAX: usize = 40;
/// Characters of a text at most.
const TEXT_MAX: usize = 500;

/// What a field takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SummaryFieldKind)]
pub enum FieldKind {
    /// Words.
    Text,
    /// One of some choices.
    Choice,
    /// A number.
    Number,
    /// A day, `YYYY-MM-DD`.
    Date,
    /// Yes or no.
    YesNo,
}

/// A field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = SummaryField)]
pub struct Field {
    /// Under which values are kept; letters, digits and underscores.
    pub key: String,
    /// Name on Chinese screens.
    pub zh: String,
    /// Name on English screens; the Chinese one when empty.
    #[serde(default)]
    pub en: String,
    /// What it takes.
    pub kind: FieldKind,
    /// The choices.
    #[serde(default)]
    pub options: Vec<String>,
    /// Whether a summary needs it.
    #[serde(default)]
    pub required: bool,
    /// Whether it is asked for; one that is not stays for summaries that have it.
    #[serde(default = "yes")]
    pub active: bool,
}

fn yes() -> bool {
    true
}

/// What is wrong with a field or value: where, and what in both languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The field, as the client names it.
    pub field: String,
    /// A code.
    pub code: &'static str,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

fn fault(field: &str, code: &'static str, zh: &str, en: &str) -> Fault {
    Fault { field: field.to_owned(), code, zh: zh.to_owned(), en: en.to_owned() }
}

/// Takes over a changed list: fields that are left out stay, unused, and no field becomes of another kind.
///
/// # Errors
/// What is wrong with it.
pub fn revise(before: &[Field], mut fields: Vec<Field>) -> Result<Vec<Field>, Vec<Fault>> {
    let mut faults = Vec::new();
    let mut keys = HashSet::new();
    for (at, field) in fields.iter_mut().enumerate() {
        let name = format!("fields.{at}");
        field.zh = field.zh.trim().to_owned();
        field.en = field.en.trim().to_owned();
        field.options =
            field.options.iter().map(|one| one.trim().to_owned()).filter(|one| !one.is_empty()).collect();
        let mut say = |code, zh: &str, en: &str| faults.push(fault(&name, code, zh, en));
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if field.key.is_empty()
            || field.key.len() > NAME_MAX
            || !field.key.starts_with(|c: char| c.is_ascii_lowercase())
            || !field.key.chars().all(plain)
        {
            say(
                "key",
                "编号以小写字母开头，只含小写字母、数字和下划线",
                "A key is lower-case letters, digits and underscores",
            );
        }
        if !keys.insert(field.key.clone()) {
            say("twice", "编号重复", "The key is there twice");
        }
        if field.zh.is_empty() || field.zh.chars().count() > NAME_MAX || field.en.chars().count() > NAME_MAX {
            say("name", "名称 1 至 40 字", "A name has 1 to 40 characters");
        }
        let distinct: HashSet<&String> = field.options.iter().collect();
        let fits = field.options.len() <= OPTIONS_MAX
            && distinct.len() == field.options.len()
            && field.options.iter().all(|option| option.chars().count() <= NAME_MAX);
        if (field.kind == FieldKind::Choice) == field.options.is_empty() || !fits {
            say(
                "options",
                "单选字段需要 1 至 50 个不重复的选项，每个不超过 40 字",
                "A choice has 1 to 50 different options",
            );
        }
        if before.iter().any(|old| old.key == field.key && old.kind != field.kind) {
            say("kind", "已有字段不能改变类型，请另建字段", "A field can't become of another kind");
        }
    }
    let left_out = before.iter().filter(|old| !keys.contains(&old.key)).cloned();
    fields.extend(left_out.map(|old| Field { active: false, ..old }));
    if fields.len() > FIELDS_MAX {
        faults.push(fault("fields", "many", "字段最多 30 个（含停用的）", "There are 30 fields at most"));
    }
    if faults.is_empty() { Ok(fields) } else { Err(faults) }
}

/// Reads the values of a summary.
///
/// # Errors
/// What is wrong with them.
pub fn read(
    fields: &[Field],
    values: &BTreeMap<String, Value>,
) -> Result<BTreeMap<String, Value>, Vec<Fault>> {
    let mut kept = BTreeMap::new();
    let mut faults = Vec::new();
    let is_asked = |name: &str| fields.iter().any(|field| field.active && field.key == name);
    for name in values.keys().filter(|name| !is_asked(name)) {
        faults.push(fault(&format!("fields.{name}"), "unknown", "没有这个字段", "There is no such field"));
    }
    for field in fields.iter().filter(|field| field.active) {
        let value = values.get(&field.key).filter(|value| !value.is_null() && value.as_str() != Some(""));
        let at = format!("fields.{}", field.key);
        match value.map(|value| field.value(value)) {
            None if field.required => {
                faults.push(fault(
                    &at,
                    "required",
                    &format!("请填写“{}”", field.zh),
                    &format!("Please fill in “{}”", field.name_en()),
                ));
            }
            None => {}
            Some(Some(value)) => drop(kept.insert(field.key.clone(), value)),
            Some(None) => {
                faults.push(fault(
                    &at,
                    "value",
                    &format!("“{}”的内容不对", field.zh),
                    &format!("“{}” can't take this", field.name_en()),
                ));
            }
        }
    }
    if faults.is_empty() { Ok(kept) } else { Err(faults) }
}

impl Field {
    /// Returns the name on English screens.
    #[must_use]
    pub fn name_en(&self) -> &str {
        if self.en.is_empty() { &self.zh } else { &self.en }
    }

    fn value(&self, value: &Value) -> Option<Value> {
        match self.kind {
            FieldKind::Text => {
                let text = value.as_str()?.trim();
                (text.chars().count() <= TEXT_MAX).then(|| Value::from(text))
            }
            FieldKind::Choice => {
                let text = value.as_str()?;
                self.options.iter().any(|option| option == text).then(|| Value::from(text))
            }
            FieldKind::Number => value.as_f64().filter(|number| number.abs() <= 1e12).map(|_| value.clone()),
            FieldKind::Date => {
                let day: chrono::NaiveDate = value.as_str()?.parse().ok()?;
                Some(Value::from(day.to_string()))
            }
            FieldKind::YesNo => value.as_bool().map(Value::from),
        }
    }
}

/// Returns a value as a table shows it.
#[must_use]
pub fn shown(value: Option<&Value>, yes: &str, no: &str) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::Bool(value)) => if *value { yes } else { no }.to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields() -> Vec<Field> {
        serde_json::from_value(json!([
            {"key": "topic", "zh": "主题", "kind": "choice", "options": ["水", "电"], "required": true},
            {"key": "again", "zh": "再次来电", "kind": "yes_no"},
            {"key": "people", "zh": "人数", "kind": "number"},
            {"key": "day", "zh": "日期", "kind": "date"},
            {"key": "words", "zh": "原话", "kind": "text"},
            {"key": "old", "zh": "旧", "kind": "text", "active": false},
        ]))
        .unwrap()
    }

    fn codes(result: Result<BTreeMap<String, Value>, Vec<Fault>>) -> Vec<(String, &'static str)> {
        result.unwrap_err().into_iter().map(|fault| (fault.field, fault.code)).collect()
    }

    fn values(value: Value) -> BTreeMap<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn values_fit_their_fields_or_are_refused() {
        let good = values(
            json!({"topic": "水", "again": false, "people": 2.5, "day": "2026-11-21", "words": " a "}),
        );
        let kept = read(&fields(), &good).unwrap();
        assert_eq!((kept["words"].clone(), kept["again"].clone()), (json!("a"), json!(false)));
        let read = |value| read(&fields(), &values(value));
        assert_eq!(codes(read(json!({}))), [("fields.topic".to_owned(), "required")]);
        for bad in [
            json!({"topic": "气"}),
            json!({"topic": "水", "again": "yes"}),
            json!({"topic": "水", "people": "two"}),
            json!({"topic": "水", "people": 1e13}),
            json!({"topic": "水", "day": "2026-13-01"}),
            json!({"topic": "水", "words": "字".repeat(501)}),
        ] {
            assert_eq!(codes(read(bad.clone()))[0].1, "value", "{bad}");
        }
        for unknown in [json!({"topic": "水", "new": "x"}), json!({"topic": "水", "old": "x"})] {
            assert_eq!(codes(read(unknown))[0].1, "unknown");
        }
        assert_eq!(read(json!({"topic": "水", "words": ""})).unwrap().len(), 1, "nothing is no value");
    }

    #[test]
    fn a_field_that_is_left_out_stays_unused_and_keeps_its_kind() {
        let mut shorter = fields();
        shorter.truncate(1);
        let revised = revise(&fields(), shorter).unwrap();
        assert_eq!(revised.len(), 6);
        assert!(revised[0].active && revised[1..].iter().all(|field| !field.active));
        let mut other = fields();
        other[4].kind = FieldKind::Number;
        assert_eq!(revise(&fields(), other).unwrap_err()[0].code, "kind");
    }

    #[test]
    fn fields_are_checked() {
        let check = |value: Value| {
            let list: Vec<Field> = serde_json::from_value(value).unwrap();
            revise(&[], list).err().map(|faults| faults[0].code)
        };
        assert_eq!(check(json!([{"key": "A", "zh": "a", "kind": "text"}])), Some("key"));
        assert_eq!(check(json!([{"key": "a", "zh": " ", "kind": "text"}])), Some("name"));
        assert_eq!(check(json!([{"key": "a", "zh": "a", "kind": "choice"}])), Some("options"));
        assert_eq!(
            check(json!([{"key": "a", "zh": "a", "kind": "text", "options": ["x"]}])),
            Some("options")
        );
        let twice = json!({"key": "a", "zh": "a", "kind": "text"});
        assert_eq!(check(json!([twice, twice])), Some("twice"));
        assert_eq!(check(json!([twice])), None);
    }
}
