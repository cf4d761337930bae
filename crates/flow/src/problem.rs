//! Reasons for which a model is refused.

use serde::Serialize;

/// At most this many problems are listed; a model with more is beyond repair by list.
const MAX_PROBLEMS: usize = 200;

/// One reason for which a model is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FlowProblem {
    /// The id of the element at fault; empty when it has none or when the file as a whole is at fault.
    pub element_id: String,
    /// The BPMN name of the element at fault, for instance `subProcess`.
    pub element: String,
    /// A stable code, for instance `element.unsupported`.
    pub code: &'static str,
    /// The reason in Chinese.
    pub zh: String,
    /// The reason in English.
    pub en: String,
}

/// Problems in the order in which they were found.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<FlowProblem>);

impl Problems {
    pub(crate) fn add(
        &mut self,
        (element, element_id): (&str, &str),
        code: &'static str,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) {
        if self.0.len() < MAX_PROBLEMS {
            self.0.push(FlowProblem {
                element_id: short(element_id),
                element: short(element),
                code,
                zh: zh.into(),
                en: en.into(),
            });
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn into_result<T>(self, value: T) -> Result<T, Vec<FlowProblem>> {
        if self.0.is_empty() { Ok(value) } else { Err(self.0) }
    }
}

/// Cuts text from a hostile file to what fits on a screen.
pub(crate) fn short(text: &str) -> String {
    text.chars().take(120).collect()
}
