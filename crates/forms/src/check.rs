//! Checks of all answers together: what is unknown, what may not be filled in here, what is missing.

use serde_json::{Map, Value, json};

use crate::access::{May, Reader};
use crate::answer;
use crate::schema::{Field, FieldType, Form, Reference};
use crate::script::Effects;

/// The most that all answers of a form may be, in bytes of JSON.
const ANSWERS_MAX: usize = 512 * 1024;
/// The most opinions in one field.
const OPINIONS_MAX: usize = 100;

/// An answer that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The path of the answer, such as `slots[2].unit`.
    pub field: String,
    /// A stable code.
    pub code: &'static str,
    /// What is wrong, in Chinese.
    pub zh: String,
    /// What is wrong, in English.
    pub en: String,
}

impl Refusal {
    pub(crate) fn new(
        field: impl Into<String>,
        code: &'static str,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) -> Self {
        Self { field: field.into(), code, zh: zh.into(), en: en.into() }
    }

    pub(crate) fn unknown(field: impl Into<String>) -> Self {
        Self::new(field, "unknown", "表单中没有此字段。", "The form has no such field.")
    }

    pub(crate) fn required(field: impl Into<String>) -> Self {
        Self::new(field, "required", "请填写此项。", "Please fill this in.")
    }
}

/// What is filled in at one step.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// What the reader sends; fields that are missing stay as they are.
    pub answers: &'a Map<String, Value>,
    /// What was there before.
    pub before: &'a Map<String, Value>,
    /// Whether everything that is required has to be there.
    pub whole: bool,
}

static NOTHING: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);

impl Default for Step<'_> {
    fn default() -> Self {
        Self { answers: &NOTHING, before: &NOTHING, whole: false }
    }
}

impl Form {
    /// Puts what is sent over what was there, as far as it is well formed: what the script works with.
    #[must_use]
    pub fn draft(&self, reader: &Reader<'_>, step: &Step<'_>) -> Map<String, Value> {
        let mut draft = step.before.clone();
        for (key, value) in step.answers {
            let Some(field) = self.field(key).filter(|field| field.kind.has_answer()) else { continue };
            if self.may(field, reader) < May::Edit {
                continue;
            }
            if answer::is_blank(value) {
                draft.remove(key);
            } else if let Ok(value) = answer::check(field, value, key, reader.today) {
                draft.insert(key.clone(), value);
            }
        }
        draft
    }

    /// Checks what is sent, and returns all answers as they are then.
    ///
    /// # Errors
    /// Every refused answer.
    pub fn check(
        &self,
        reader: &Reader<'_>,
        step: &Step<'_>,
        effects: &Effects,
    ) -> Result<Map<String, Value>, Vec<Refusal>> {
        let mut answers = step.before.clone();
        let mut refusals = Vec::new();
        for (key, value) in step.answers {
            let Some(field) = self.field(key).filter(|field| field.kind.has_answer()) else {
                refusals.push(Refusal::unknown(key));
                continue;
            };
            let before = step.before.get(key);
            if before == Some(value) || (before.is_none() && answer::is_blank(value)) {
                continue;
            }
            if self.may(field, reader) < May::Edit || effects.locked.contains(key) {
                // What the script computes is the server's anyway.
                if !field.computed && !effects.values.contains_key(key) {
                    refusals.push(Refusal::new(
                        key,
                        "not_editable",
                        "当前环节不能填写此项。",
                        "This cannot be filled in here.",
                    ));
                }
                continue;
            }
            if field.kind == FieldType::Approval {
                match opinion(reader, before, value, key) {
                    Ok(opinions) => {
                        answers.insert(key.clone(), opinions);
                    }
                    Err(refusal) => refusals.push(refusal),
                }
            } else if answer::is_blank(value) {
                answers.remove(key);
            } else {
                match answer::check(field, value, key, reader.today) {
                    Ok(value) => {
                        answers.insert(key.clone(), value);
                    }
                    Err(more) => refusals.extend(more),
                }
            }
        }
        self.apply(reader, effects, &mut answers, &mut refusals);
        if step.whole {
            self.want_required(reader, effects, &answers, &mut refusals);
        }
        if serde_json::to_string(&answers).map_or(0, |text| text.len()) > ANSWERS_MAX {
            refusals.push(Refusal::new("", "too_large", "表单内容过多。", "The form holds too much."));
        }
        // A field that cannot be read is named once.
        let mut named = std::collections::HashSet::new();
        refusals.retain(|refusal| named.insert(refusal.field.clone()));
        if refusals.is_empty() { Ok(answers) } else { Err(refusals) }
    }

    /// Puts what the script said into effect.
    fn apply(
        &self,
        reader: &Reader<'_>,
        effects: &Effects,
        answers: &mut Map<String, Value>,
        refusals: &mut Vec<Refusal>,
    ) {
        for (key, value) in &effects.values {
            let Some(field) = self.field(key) else { continue };
            if answer::is_blank(value) {
                answers.remove(key);
            } else if let Ok(value) = answer::check(field, value, key, reader.today) {
                answers.insert(key.clone(), value);
            }
        }
        let fillable = |key: &str| self.field(key).is_some_and(|field| self.may(field, reader) >= May::Edit);
        for key in effects.hidden.iter().filter(|key| fillable(key)) {
            answers.remove(key);
            refusals.retain(|refusal| !is_of(&refusal.field, key));
        }
        for (key, offered) in &effects.options {
            let chosen = answers.get(key).filter(|_| fillable(key));
            let many =
                chosen.map(|value| value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice));
            let strange = |one: &Value| !one.as_str().is_some_and(|one| offered.iter().any(|own| own == one));
            if many.is_some_and(|many| many.iter().any(strange)) {
                refusals.push(Refusal::new(
                    key,
                    "not_offered",
                    "请从选项中选择。",
                    "Please choose one that is offered.",
                ));
            }
        }
        for (key, label) in &effects.failures {
            if !effects.hidden.contains(key) && (key.is_empty() || fillable(key)) {
                refusals.push(Refusal::new(key, "rule", label.pick(false), label.pick(true)));
            }
        }
    }

    fn want_required(
        &self,
        reader: &Reader<'_>,
        effects: &Effects,
        answers: &Map<String, Value>,
        refusals: &mut Vec<Refusal>,
    ) {
        for field in self.fields().filter(|field| field.kind.has_answer()) {
            let own = match self.may(field, reader) {
                May::Must => true,
                May::Edit => effects.required.get(&field.key).copied().unwrap_or(field.required),
                May::Hidden | May::Read => false,
            };
            if !own || effects.hidden.contains(&field.key) || effects.locked.contains(&field.key) {
                continue;
            }
            if !is_given(field, answers.get(&field.key), reader) {
                refusals.push(Refusal::required(&field.key));
            }
        }
    }

    /// Returns what the answers refer to, for the host to look up.
    #[must_use]
    pub fn references(&self, answers: &Map<String, Value>) -> Vec<Reference> {
        let mut found = Vec::new();
        for field in self.fields() {
            if let Some(value) = answers.get(&field.key) {
                answer::references(field, value, &field.key, &mut found);
            }
        }
        found
    }
}

/// Tells whether a path lies in a field.
fn is_of(path: &str, key: &str) -> bool {
    path.strip_prefix(key)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('[') || rest.starts_with('.'))
}

fn is_given(field: &Field, value: Option<&Value>, reader: &Reader<'_>) -> bool {
    let Some(value) = value.filter(|value| !answer::is_blank(value)) else { return false };
    match field.kind {
        FieldType::Tick => *value == Value::Bool(true),
        // Somebody else's opinion is not the reader's.
        FieldType::Approval => value
            .as_array()
            .and_then(|opinions| opinions.last())
            .is_some_and(|last| last["by"] == reader.person_id),
        _ => true,
    }
}

/// Adds an opinion to those before it, with who and when.
fn opinion(reader: &Reader<'_>, before: Option<&Value>, value: &Value, key: &str) -> Result<Value, Refusal> {
    let given =
        value.as_object().filter(|given| given.keys().all(|key| key == "decision" || key == "opinion"));
    let decision = given.and_then(|given| given.get("decision")).and_then(Value::as_str);
    let text = given.and_then(|given| given.get("opinion")).map_or(Some(""), Value::as_str);
    let (Some(decision @ ("agree" | "disagree" | "abstain")), Some(text)) = (decision, text) else {
        return Err(Refusal::new(
            key,
            "decision",
            "请选择同意、不同意或弃权。",
            "Agree, disagree or abstain.",
        ));
    };
    if text.chars().count() > 2000 || text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    {
        return Err(Refusal::new(
            key,
            "too_many",
            "意见最多2000个字。",
            "An opinion has at most 2000 characters.",
        ));
    }
    if decision == "disagree" && text.trim().is_empty() {
        return Err(Refusal::new(key, "opinion", "不同意时请填写意见。", "Please say why you disagree."));
    }
    let mut opinions = before.and_then(Value::as_array).cloned().unwrap_or_default();
    if opinions.len() >= OPINIONS_MAX {
        return Err(Refusal::new(key, "too_many", "审批意见过多。", "There are too many opinions."));
    }
    opinions.push(json!({
        "decision": decision,
        "opinion": text.trim(),
        "by": reader.person_id,
        "by_name": reader.person_name,
        "at": reader.now,
    }));
    Ok(Value::Array(opinions))
}
