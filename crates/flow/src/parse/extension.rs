//! The extension elements of the namespace `https://yihao.city/bpmn/1.0`. Foreign ones are left alone.

use roxmltree::Node;
use serde_json::Value;

use super::{Extensions, Reader, YIHAO, at, is_bpmn, text_of};
use crate::instance::is_reserved;
use crate::model::{Action, CandidateScope, Candidates, Limit, TimerSpec};
use crate::problem::short;
use crate::time;

/// The most days that a limit or a timer may have.
const MAX_DAYS: u32 = 3_660;

/// Which of our extension elements may stand on a BPMN element.
fn allowed_on(element: &str, extension: &str) -> bool {
    match extension {
        "property" => !matches!(element, "sequenceFlow" | "timerEventDefinition"),
        "candidates" | "form" | "action" | "limit" => element == "userTask",
        "service" => element == "serviceTask",
        "timer" => element == "timerEventDefinition",
        "variable" => element == "process",
        _ => false,
    }
}

/// The attributes of our extension elements.
fn attributes_of(extension: &str) -> &'static [&'static str] {
    match extension {
        "property" => &["name", "value"],
        "candidates" => &["capability", "of", "variable"],
        "form" => &["key"],
        "action" => &["name", "zh", "en", "completes"],
        "limit" => &["working_days", "duration", "rule"],
        "service" => &["name"],
        "timer" => &["working_days", "at"],
        "variable" => &["name", "value"],
        _ => &[],
    }
}

impl<'a> Reader<'a> {
    pub(super) fn read_process_extensions(&mut self, process: Node<'a, 'a>) {
        self.properties = self.read_extensions(process).properties;
        for node in own_extensions(process).filter(|node| node.tag_name().name() == "variable") {
            let name = node.attribute("name").unwrap_or_default();
            let value = node.attribute("value").unwrap_or("null");
            match serde_json::from_str::<Value>(value) {
                Ok(value) if is_name(name) && !is_reserved(name) => {
                    self.variables.insert(name.to_owned(), value);
                }
                _ => self.bad(
                    process,
                    node,
                    "变量名须为字母开头的标识符且不是保留名，值须为JSON",
                    "a variable needs an identifier that is not reserved, and a JSON value",
                ),
            }
        }
    }

    /// Reads what stands in a node's `extensionElements`.
    pub(super) fn read_extensions(&mut self, owner: Node<'a, 'a>) -> Extensions {
        let mut read = Extensions::default();
        for node in own_extensions(owner) {
            let name = node.tag_name().name();
            if !allowed_on(owner.tag_name().name(), name) {
                let name = short(name);
                self.problems.add(
                    at(owner),
                    "extension.unknown",
                    format!("此处不支持扩展yihao:{name}"),
                    format!("yihao:{name} is not supported here"),
                );
                continue;
            }
            let unknown = node.attributes().find(|attribute| {
                matches!(attribute.namespace(), None | Some(YIHAO))
                    && !attributes_of(name).contains(&attribute.name())
            });
            if let Some(attribute) = unknown {
                let text = short(attribute.name());
                self.problems.add(
                    at(owner),
                    "extension.unknown",
                    format!("扩展yihao:{name}没有属性{text}"),
                    format!("yihao:{name} has no attribute {text}"),
                );
                continue;
            }
            if node.children().any(|child| child.is_element()) || !text_of(node).is_empty() {
                self.bad(owner, node, "不能有内容", "must be empty");
                continue;
            }
            self.read_extension(owner, node, &mut read);
        }
        read
    }

    fn read_extension(&mut self, owner: Node<'a, 'a>, node: Node<'a, 'a>, read: &mut Extensions) {
        let value = |name: &str| {
            node.attribute(name).map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned)
        };
        match node.tag_name().name() {
            "property" => match (value("name"), node.attribute("value")) {
                (Some(name), Some(text)) if !read.properties.contains_key(&name) => {
                    read.properties.insert(name, text.to_owned());
                }
                _ => self.bad(owner, node, "须有不重复的name和value", "needs a name that is not repeated, and a value"),
            },
            "candidates" => match candidates(value("capability"), value("of"), value("variable")) {
                Some(candidates) => read.task.candidates.push(candidates),
                None => self.bad(
                    owner,
                    node,
                    "须有capability或of（any、unit、person、creator）；variable只用于unit和person",
                    "needs a capability or of (any, unit, person, creator); a variable goes with unit and person only",
                ),
            },
            "form" => match value("key") {
                Some(key) if read.task.form.is_none() => read.task.form = Some(key),
                _ => self.bad(owner, node, "须恰好有一个key", "needs exactly one key"),
            },
            "action" => {
                let completes = match node.attribute("completes") {
                    None | Some("true") => Some(true),
                    Some("false") => Some(false),
                    Some(_) => None,
                };
                match (value("name"), completes) {
                    (Some(name), Some(completes))
                        if is_name(&name) && read.task.actions.iter().all(|action| action.name != name) =>
                    {
                        let (zh, en) = (value("zh"), value("en"));
                        read.task.actions.push(Action {
                            zh: zh.unwrap_or_else(|| name.clone()),
                            en: en.unwrap_or_else(|| name.clone()),
                            name,
                            completes,
                        });
                    }
                    _ => self.bad(
                        owner,
                        node,
                        "name须为不重复的标识符，completes须为true或false",
                        "needs a name that is an identifier and not repeated; completes is true or false",
                    ),
                }
            }
            "limit" => match limit(value("working_days"), value("duration"), value("rule")) {
                Some(limit) if read.task.limit.is_none() => read.task.limit = Some(limit),
                _ => self.bad(
                    owner,
                    node,
                    "须恰好有working_days、duration、rule之一，且只能有一个期限",
                    "needs exactly one of working_days, duration, rule, and there is one limit only",
                ),
            },
            "service" => match value("name") {
                Some(name) if read.service.is_none() => read.service = Some(name),
                _ => self.bad(owner, node, "须恰好有一个name", "needs exactly one name"),
            },
            "timer" => match timer(value("working_days"), value("at")) {
                Some(timer) if read.timer.is_none() => read.timer = Some(timer),
                _ => self.bad(
                    owner,
                    node,
                    "须恰好有working_days或at（due、near_due）之一",
                    "needs exactly one of working_days and at (due, near_due)",
                ),
            },
            // Variables are read with the process.
            _ => {}
        }
    }

    fn bad(&mut self, owner: Node<'a, 'a>, node: Node<'a, 'a>, zh: &str, en: &str) {
        let name = node.tag_name().name();
        self.problems.add(
            at(owner),
            "extension.invalid",
            format!("yihao:{name}：{zh}"),
            format!("yihao:{name}: {en}"),
        );
    }
}

fn own_extensions<'a>(owner: Node<'a, 'a>) -> impl Iterator<Item = Node<'a, 'a>> {
    owner
        .children()
        .filter(|child| is_bpmn(*child) && child.tag_name().name() == "extensionElements")
        .flat_map(|list| list.children())
        .filter(|node| node.is_element() && node.tag_name().namespace() == Some(YIHAO))
}

fn candidates(
    capability: Option<String>,
    of: Option<String>,
    variable: Option<String>,
) -> Option<Candidates> {
    let named = |default: &str| variable.clone().unwrap_or_else(|| default.to_owned());
    let scope = match of.as_deref() {
        None | Some("any") => CandidateScope::Any,
        Some("unit") => CandidateScope::Unit { variable: named("unit_id") },
        Some("person") => CandidateScope::Person { variable: named("person_id") },
        Some("creator") => CandidateScope::Creator,
        Some(_) => return None,
    };
    let takes_variable = matches!(scope, CandidateScope::Unit { .. } | CandidateScope::Person { .. });
    if (variable.is_some() && !takes_variable) || (capability.is_none() && of.is_none()) {
        return None;
    }
    Some(Candidates { capability, of: scope })
}

fn limit(working_days: Option<String>, duration: Option<String>, rule: Option<String>) -> Option<Limit> {
    match (working_days, duration, rule) {
        (Some(days), None, None) => Some(Limit::WorkingDays { days: whole_days(&days)? }),
        (None, Some(text), None) => Some(Limit::Duration { duration_ms: time::duration_ms(&text).ok()? }),
        (None, None, Some(name)) => Some(Limit::Rule { name }),
        _ => None,
    }
}

fn timer(working_days: Option<String>, at: Option<String>) -> Option<TimerSpec> {
    match (working_days, at.as_deref()) {
        (Some(days), None) => Some(TimerSpec::WorkingDays { days: whole_days(&days)? }),
        (None, Some("due")) => Some(TimerSpec::Due),
        (None, Some("near_due")) => Some(TimerSpec::NearDue),
        _ => None,
    }
}

fn whole_days(text: &str) -> Option<u32> {
    text.parse().ok().filter(|days| *days <= MAX_DAYS)
}

fn is_name(text: &str) -> bool {
    text.len() <= 60
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
