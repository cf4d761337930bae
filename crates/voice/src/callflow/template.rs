//! Texts with variables in them: `{{name}}` or `{{name|form}}`.

use serde_json::{Map, Value};

use super::model::Language;
use super::said;

/// Characters of a filled text at most.
const FILLED_MAX: usize = 2_000;

/// How a value is put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// To be spoken.
    Speech(Language),
    /// As it is.
    Plain,
    /// As part of an address.
    Url,
    /// As part of a JSON string.
    Json,
}

/// The names that a text asks for, with the form; `None` when a bracket is not closed.
#[must_use]
pub fn names(text: &str) -> Option<Vec<(&str, &str)>> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("{{") {
        let (inside, after) = after.split_once("}}")?;
        let (name, form) = inside.split_once('|').unwrap_or((inside, ""));
        names.push((name.trim(), form.trim()));
        rest = after;
    }
    Some(names)
}

/// Tells whether a word can be the name of a variable.
#[must_use]
pub fn is_name(name: &str) -> bool {
    name.len() <= 40
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Fills a text; an unknown variable is nothing.
#[must_use]
pub fn fill(text: &str, variables: &Map<String, Value>, usage: Use) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((inside, after)) = after.split_once("}}") else {
            rest = "";
            break;
        };
        let (name, form) = inside.split_once('|').unwrap_or((inside, ""));
        if let Some(value) = variables.get(name.trim()) {
            let value = plain(value);
            out.push_str(&match usage {
                Use::Speech(language) => said::say(&value, form.trim(), language),
                Use::Plain => value,
                Use::Url => encode(&value),
                Use::Json => {
                    let quoted = Value::String(value).to_string();
                    quoted[1..quoted.len() - 1].to_owned()
                }
            });
        }
        rest = after;
    }
    out.push_str(rest);
    out.chars().take(FILLED_MAX).collect()
}

/// Returns a value as people would write it.
#[must_use]
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Percent-encodes everything but unreserved characters (RFC 3986 §2.3).
fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn variables_are_put_in_as_the_place_needs_them() {
        let variables = json!({"a": "1&2 \"x\"", "n": 12, "code": "102"});
        let map = variables.as_object().unwrap();
        assert_eq!(fill("[{{a}}] {{ n }} {{missing}}.", map, Use::Plain), "[1&2 \"x\"] 12 .");
        assert_eq!(fill("http://h/{{a}}", map, Use::Url), "http://h/1%262%20%22x%22");
        assert_eq!(fill(r#"{"a":"{{a}}"}"#, map, Use::Json), r#"{"a":"1&2 \"x\""}"#);
        assert_eq!(fill("编号{{code|code}}。", map, Use::Speech(Language::Zh)), "编号幺零二。");
        assert_eq!(fill("open {{a", map, Use::Plain), "open ");
    }

    #[test]
    fn names_are_found_and_judged() {
        assert_eq!(names("x {{a}} y {{ b | date }}"), Some(vec![("a", ""), ("b", "date")]));
        assert_eq!(names("{{a"), None);
        assert!(is_name("order_1") && !is_name("Order") && !is_name("") && !is_name("1a") && !is_name("a-b"));
    }
}
