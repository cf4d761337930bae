//! Answers as texts: for searching, for sheets, for the citizen's own copy.

use serde_json::{Map, Value};

use crate::access::{May, WRITING};
use crate::answer::{find, plain_of};
use crate::schema::{Field, FieldType, Form, Options};

/// An answer in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The key of the field.
    pub key: String,
    /// What the field is called.
    pub label: String,
    /// The answer.
    pub text: String,
}

impl Form {
    /// Returns every answer in words, in the order of the form. `name` says what an id of a person, unit, role,
    /// order or word of the dictionary is called.
    #[must_use]
    pub fn cells(
        &self,
        answers: &Map<String, Value>,
        english: bool,
        name: &dyn Fn(&str) -> Option<String>,
    ) -> Vec<Cell> {
        self.fields()
            .filter(|field| field.kind.has_answer() && field.kind != FieldType::Hidden)
            .filter_map(|field| {
                let text = words(field, answers.get(&field.key)?, english, name);
                (!text.is_empty()).then(|| Cell {
                    key: field.key.clone(),
                    label: field.label.pick(english).to_owned(),
                    text,
                })
            })
            .collect()
    }

    /// Returns the words by which an order is found: those of texts and choices that nobody is kept from.
    #[must_use]
    pub fn search_text(&self, answers: &Map<String, Value>) -> String {
        let open = |field: &&Field| {
            field.kind.has_answer()
                && !matches!(
                    field.kind,
                    FieldType::Hidden | FieldType::Phone | FieldType::Upload | FieldType::Relation
                )
                && field
                    .access
                    .iter()
                    .all(|(node, may)| *may != May::Hidden || WRITING.contains(&node.as_str()))
                && field.roles.iter().all(|rule| rule.may != May::Hidden)
        };
        let texts = self
            .fields()
            .filter(open)
            .filter_map(|field| Some(words(field, answers.get(&field.key)?, false, &|_| None)));
        let text: Vec<String> = texts.filter(|text| !text.is_empty()).collect();
        text.join("\n").chars().take(8000).collect()
    }
}

/// Says an answer in words.
fn words(field: &Field, value: &Value, english: bool, name: &dyn Fn(&str) -> Option<String>) -> String {
    let pick = |zh: &str, en: &str| if english { en.to_owned() } else { zh.to_owned() };
    let between = if english { ", " } else { "、" };
    match (field.kind, value) {
        (FieldType::Rich, Value::String(text)) => plain_of(text),
        (FieldType::Tick, Value::Bool(yes)) => {
            if *yes {
                pick("是", "yes")
            } else {
                pick("否", "no")
            }
        }
        (FieldType::Number, number) => format!("{number}{}", field.suffix.pick(english)),
        (FieldType::Table, Value::Array(rows)) => {
            let rows = rows.iter().map(|row| {
                let cells = field.fields.iter().filter_map(|column| {
                    let text = words(column, row.get(&column.key)?, english, name);
                    (!text.is_empty()).then(|| format!("{}：{text}", column.label.pick(english)))
                });
                cells.collect::<Vec<_>>().join(if english { "; " } else { "；" })
            });
            rows.collect::<Vec<_>>().join("\n")
        }
        (FieldType::Approval, Value::Array(opinions)) => {
            let lines = opinions.iter().map(|one| {
                let decision = match one["decision"].as_str() {
                    Some("agree") => pick("同意", "agrees"),
                    Some("disagree") => pick("不同意", "disagrees"),
                    _ => pick("弃权", "abstains"),
                };
                let said = one["opinion"].as_str().unwrap_or_default();
                format!("{} {decision} {said}", one["by_name"].as_str().unwrap_or_default()).trim().to_owned()
            });
            lines.collect::<Vec<_>>().join("\n")
        }
        (FieldType::Upload, Value::Array(files)) => {
            if english {
                format!("{} files", files.len())
            } else {
                format!("{}个文件", files.len())
            }
        }
        (_, Value::Array(many)) => {
            let texts = many.iter().filter_map(Value::as_str).map(|one| called(field, one, english, name));
            texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(between)
        }
        (_, Value::String(one)) => called(field, one, english, name),
        (_, Value::Null | Value::Object(_)) => String::new(),
        (_, other) => other.to_string(),
    }
}

/// Says what a chosen value is called.
fn called(field: &Field, value: &str, english: bool, name: &dyn Fn(&str) -> Option<String>) -> String {
    let refers =
        matches!(field.kind, FieldType::Person | FieldType::Group | FieldType::Unit | FieldType::Relation);
    match &field.options {
        Some(Options::List { list }) if field.kind.has_options() => {
            let label =
                find(list, value).map(|choice| choice.label.pick(english)).filter(|label| !label.is_empty());
            label.unwrap_or(value).to_owned()
        }
        // An id that nobody can name says nothing to a reader.
        Some(Options::Dictionary { .. }) => name(value).unwrap_or_else(|| value.to_owned()),
        Some(_) if field.kind.has_options() => name(value).unwrap_or_default(),
        _ if refers => name(value).unwrap_or_default(),
        _ => value.to_owned(),
    }
}
