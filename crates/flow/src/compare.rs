//! What differs between two drawings of a flow, element by element.

use std::collections::BTreeMap;

use roxmltree::{Document, Node, ParsingOptions};
use serde::Serialize;

use crate::parse::{BPMN, YIHAO};

/// How an element differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// Only the new drawing has it.
    Added,
    /// Only the old drawing has it.
    Removed,
    /// It means something else.
    Changed,
}

/// A difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The element's or flow's id.
    pub element_id: String,
    /// Its BPMN name.
    pub element: String,
    /// Its name on the drawing, the new one where there are two.
    pub name: String,
    /// How it differs.
    pub change: ChangeKind,
    /// What of it differs: attributes and inner elements by name, with the old and the new text.
    pub details: Vec<(String, String, String)>,
}

/// Compares what two files mean; where things stand on the drawing does not matter.
///
/// # Errors
/// The parser's words, when one of the files is not well formed.
pub fn compare(old: &str, new: &str) -> Result<Vec<Difference>, String> {
    let (old, new) = (parts(old)?, parts(new)?);
    let mut differences = Vec::new();
    for (id, part) in &new {
        let before = old.get(id);
        let details = before.map(|before| details(before, part));
        if details.as_ref().is_some_and(Vec::is_empty) {
            continue;
        }
        let change = if before.is_some() { ChangeKind::Changed } else { ChangeKind::Added };
        differences.push(difference(id, part, change, details.unwrap_or_default()));
    }
    for (id, part) in &old {
        if !new.contains_key(id) {
            differences.push(difference(id, part, ChangeKind::Removed, Vec::new()));
        }
    }
    Ok(differences)
}

/// An element without what has an id of its own: label and text of each of its facts.
struct Part {
    element: String,
    name: String,
    facts: BTreeMap<String, String>,
}

fn difference(
    id: &str,
    part: &Part,
    change: ChangeKind,
    details: Vec<(String, String, String)>,
) -> Difference {
    let (element, name) = (part.element.clone(), part.name.clone());
    Difference { element_id: id.to_owned(), element, name, change, details }
}

fn details(old: &Part, new: &Part) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    if old.element != new.element {
        found.push(("type".to_owned(), old.element.clone(), new.element.clone()));
    }
    let labels: std::collections::BTreeSet<&String> = old.facts.keys().chain(new.facts.keys()).collect();
    for label in labels {
        let text = |part: &Part| part.facts.get(label).cloned().unwrap_or_default();
        if text(old) != text(new) {
            found.push((label.clone(), text(old), text(new)));
        }
    }
    found
}

fn parts(xml: &str) -> Result<BTreeMap<String, Part>, String> {
    crate::parse::bounds(xml)?;
    let options = ParsingOptions { allow_dtd: false, nodes_limit: 100_000 };
    let document = Document::parse_with_options(xml, options).map_err(|error| error.to_string())?;
    let mut parts = BTreeMap::new();
    let is_part = |node: &Node<'_, '_>| {
        node.is_element()
            && node.tag_name().namespace() == Some(BPMN)
            && !matches!(node.tag_name().name(), "definitions")
            && !node.tag_name().name().ends_with("EventDefinition")
            && node.tag_name().name() != "multiInstanceLoopCharacteristics"
            && node.has_attribute("id")
            && node.parent_element().is_none_or(|parent| {
                matches!(
                    parent.tag_name().name(),
                    "definitions" | "process" | "subProcess" | "collaboration" | "laneSet" | "lane"
                )
            })
    };
    for node in document.descendants().filter(is_part) {
        let mut facts = BTreeMap::new();
        read_facts(node, "", &is_part, &mut facts);
        let name = node.attribute("name").unwrap_or_default().to_owned();
        let element = node.tag_name().name().to_owned();
        parts.insert(node.attribute("id").unwrap_or_default().to_owned(), Part { element, name, facts });
    }
    Ok(parts)
}

fn read_facts(
    node: Node<'_, '_>,
    path: &str,
    is_part: &impl Fn(&Node<'_, '_>) -> bool,
    facts: &mut BTreeMap<String, String>,
) {
    for attribute in node.attributes().filter(|attribute| attribute.name() != "id") {
        add(facts, format!("{path}{}", attribute.name()), attribute.value());
    }
    for child in node.children().filter(Node::is_element) {
        let name = child.tag_name().name();
        // The flows say themselves where they lead.
        if is_part(&child) || matches!(name, "incoming" | "outgoing") {
            continue;
        }
        let own = child.tag_name().namespace() == Some(YIHAO);
        if own {
            let words: Vec<String> = child
                .attributes()
                .map(|attribute| format!("{}={}", attribute.name(), attribute.value()))
                .collect();
            let inner: Vec<String> = child
                .children()
                .filter(Node::is_element)
                .flat_map(|row| {
                    row.attributes().map(|a| format!("{}={}", a.name(), a.value())).collect::<Vec<_>>()
                })
                .collect();
            add(facts, name.to_owned(), [words, inner].concat().join(" ").as_str());
            continue;
        }
        let text: String = child.children().filter(Node::is_text).filter_map(|text| text.text()).collect();
        if !text.trim().is_empty() {
            add(facts, name.to_owned(), text.trim());
        }
        let inner = if name == "extensionElements" { path.to_owned() } else { format!("{name}.") };
        read_facts(child, &inner, is_part, facts);
    }
}

fn add(facts: &mut BTreeMap<String, String>, label: String, text: &str) {
    let fact = facts.entry(label).or_default();
    if !fact.is_empty() {
        fact.push_str("; ");
    }
    fact.push_str(text);
}
