//! The extension elements of the namespace `https://yihao.city/bpmn/1.0`. Foreign ones are left alone.

use roxmltree::Node;
use serde_json::Value;

use std::collections::BTreeMap;

use super::{Extensions, Reader, Several, YIHAO, at, is_bpmn, text_of};
use crate::condition::{Condition, ConditionError};
use crate::instance::is_reserved;
use crate::model::{Action, CandidateScope, Candidates, Completion, DecisionRow, Limit, TimerSpec};
use crate::problem::short;
use crate::time;

/// The most rows of a decision table.
const MAX_ROWS: usize = 200;

/// The most days that a limit or a timer may have.
const MAX_DAYS: u32 = 3_660;

/// Which of our extension elements may stand on a BPMN element.
fn allowed_on(element: &str, extension: &str) -> bool {
    match extension {
        "property" => !matches!(element, "sequenceFlow" | "timerEventDefinition"),
        "candidates" | "form" | "action" | "limit" => element == "userTask",
        "service" => element == "serviceTask",
        "timer" => element == "timerEventDefinition",
        "several" => element == "multiInstanceLoopCharacteristics",
        "decision" => element == "businessRuleTask",
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
        "several" => &["list", "item", "completes", "share", "action", "result"],
        "decision" => &["result"],
        "row" => &["when", "value"],
        "variable" => &["name", "value"],
        _ => &[],
    }
}

impl<'a> Reader<'a> {
    /// Reads the properties and the declared variables of a process.
    pub(super) fn read_process_extensions(
        &mut self,
        process: Node<'a, 'a>,
    ) -> (BTreeMap<String, String>, BTreeMap<String, Value>) {
        let properties = self.read_extensions(process).properties;
        let mut variables = BTreeMap::new();
        for node in own_extensions(process).filter(|node| node.tag_name().name() == "variable") {
            let name = node.attribute("name").unwrap_or_default();
            let value = node.attribute("value").unwrap_or("null");
            match serde_json::from_str::<Value>(value) {
                Ok(value) if is_name(name) && !is_reserved(name) => {
                    variables.insert(name.to_owned(), value);
                }
                _ => self.bad(
                    process,
                    node,
                    "变量名须为字母开头的标识符且不是保留名，值须为JSON",
                    "a variable needs an identifier that is not reserved, and a JSON value",
                ),
            }
        }
        (properties, variables)
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
            let has_rows = name == "decision";
            if (!has_rows && node.children().any(|child| child.is_element())) || !text_of(node).is_empty() {
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
            "several" => match several(&value) {
                Some(several) if read.several.is_none() => read.several = Some(several),
                _ => self.bad(
                    owner,
                    node,
                    "list、item、result须为变量名；completes为all、any或ratio，ratio须有0到1之间的share，action用于any和ratio",
                    "list, item and result are variables; completes is all, any, or ratio with a share between 0 and 1; an action goes with any and ratio",
                ),
            },
            "decision" => {
                let result = value("result").filter(|name| is_name(name) && !is_reserved(name));
                match result {
                    Some(result) if read.decision.is_none() => {
                        let rows = self.read_rows(owner, node);
                        read.decision = Some((result, rows));
                    }
                    _ => self.bad(owner, node, "须恰好有一个result（变量名）", "needs exactly one result, a variable"),
                }
            }
            // Variables are read with the process.
            _ => {}
        }
    }

    /// The rows of a decision table: `when` is a condition (none always holds), `value` an expression.
    fn read_rows(&mut self, owner: Node<'a, 'a>, table: Node<'a, 'a>) -> Vec<DecisionRow> {
        let mut rows = Vec::new();
        for row in table.children().filter(Node::is_element) {
            let is_row = row.tag_name().namespace() == Some(YIHAO)
                && row.tag_name().name() == "row"
                && row.attributes().all(|attribute| attributes_of("row").contains(&attribute.name()));
            if !is_row || rows.len() >= MAX_ROWS {
                self.bad(
                    owner,
                    table,
                    "只能有不超过200行yihao:row，各有when和value",
                    "holds up to 200 yihao:row, each with when and value",
                );
                return rows;
            }
            let when = row.attribute("when").map(str::trim).filter(|when| !when.is_empty());
            let when = when.map(Condition::compile).transpose();
            let value = Condition::compile(row.attribute("value").unwrap_or_default());
            match (when, value) {
                (Ok(when), Ok(value)) => rows.push(DecisionRow { when, value }),
                (Err(ConditionError(message)), _) | (_, Err(ConditionError(message))) => {
                    self.bad(
                        owner,
                        row,
                        &format!("表达式无法理解：{message}"),
                        &format!("an expression cannot be read: {message}"),
                    );
                }
            }
        }
        rows
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

fn several(value: &impl Fn(&str) -> Option<String>) -> Option<Several> {
    let variable = |name: &str| match value(name) {
        Some(text) if !is_name(&text) || is_reserved(&text) => None,
        other => Some(other),
    };
    let (list, item, result) = (variable("list")?, variable("item")?, variable("result")?);
    let (action, share) = (value("action"), value("share"));
    let rule = match (value("completes").as_deref(), &share, &action) {
        (None, None, None) => None,
        (Some("all"), None, None) => Some(Completion::All),
        (Some("any"), None, _) => Some(Completion::Any { action }),
        (Some("ratio"), Some(text), _) => {
            let share: f64 = text.parse().ok()?;
            if !(share > 0.0 && share <= 1.0) {
                return None;
            }
            Some(Completion::Ratio { share, action })
        }
        _ => return None,
    };
    Some(Several { list, item, rule, result })
}

fn whole_days(text: &str) -> Option<u32> {
    text.parse().ok().filter(|days| *days <= MAX_DAYS)
}

fn is_name(text: &str) -> bool {
    text.len() <= 60
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
