//! What a run found out, for whoever sent the caller through the flow.

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::super::model::{Kind, Language};
use super::super::template::plain;
use super::{Program, Run, Stage};

/// Findings that are kept of one run.
const FINDINGS_MAX: usize = 40;

/// What came of a node that asked something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = FlowFinding)]
pub struct Finding {
    /// Name of the node on the drawing, or its id.
    pub node: String,
    /// What it does: `password`, `order`, `menu`, `digits`, `survey`, `http`, `voicemail`, `messages`, `callback`,
    /// `robot`.
    pub kind: String,
    /// The exit that was taken.
    pub exit: String,
    /// What was typed, chosen or found, where it is not secret.
    pub value: Option<String>,
}

impl Run {
    /// Makes a run that leads nobody: for a call that no flow led until now.
    #[must_use]
    pub fn idle(program: Arc<Program>, language: Language) -> Self {
        Self { stage: Stage::Done, ..Self::new(program, language) }
    }

    /// Makes a run through another flow that goes on with what this one knows, from a node of the flow.
    #[must_use]
    pub fn detour(&self, program: Arc<Program>, node: Option<String>) -> Self {
        Self {
            variables: self.variables.clone(),
            // Answers to the old run must not be taken for answers to the new one.
            serial: self.serial,
            entrance: node,
            ..Self::new(program, self.language)
        }
    }

    /// Gives the run variables to begin with.
    #[must_use]
    pub fn knowing(mut self, variables: impl IntoIterator<Item = (String, String)>) -> Self {
        for (name, value) in variables {
            self.set(&name, Value::String(value));
        }
        self
    }

    /// Takes over what a detour learned.
    pub fn resume(&mut self, detour: Self) {
        self.serial = detour.serial;
        self.language = detour.language;
        self.variables = detour.variables;
    }

    /// Returns what was found out.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Takes note of what came of the present node.
    pub(super) fn find(&mut self, exit: &str) {
        let Some(node) = self.node() else { return };
        let variable = |name: &str| self.variables.get(name).map(plain).filter(|text| !text.is_empty());
        let value = match &node.kind {
            Kind::Digits(digits) if digits.secret => None,
            Kind::Digits(digits) if exit == "next" => variable(&digits.variable),
            Kind::Menu(menu) if menu.keys.iter().any(|key| key == exit) => Some(exit.to_owned()),
            Kind::Order(_) if exit == "found" => {
                let parts: Vec<String> = ["order_number", "order_title", "order_status", "order_unit"]
                    .into_iter()
                    .filter_map(variable)
                    .collect();
                Some(parts.join(" "))
            }
            Kind::Survey(_) => self.variables.get("stars").map(plain),
            Kind::Robot(_) => variable("robot_heard"),
            Kind::Password(_)
            | Kind::Digits(_)
            | Kind::Menu(_)
            | Kind::Order(_)
            | Kind::Http(_)
            | Kind::Voicemail(_)
            | Kind::Messages(_)
            | Kind::Callback(_) => None,
            _ => return,
        };
        let finding = Finding {
            node: if node.name.is_empty() { node.id.clone() } else { node.name.clone() },
            kind: node.kind.name().to_owned(),
            exit: exit.to_owned(),
            value: value.map(|text| text.chars().take(120).collect()),
        };
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(finding);
        }
    }
}
