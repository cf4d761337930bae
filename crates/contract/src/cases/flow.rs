//! What happens to the flows that orders run, and to their forms.

use kernel::event::{Audience, Event};
use serde::{Deserialize, Serialize};

/// A version of a flow was published: new orders run it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FlowPublished {
    /// The version.
    pub flow_id: String,
    /// The name by which versions belong together.
    pub name: String,
    /// Its number.
    pub version: i64,
}

impl Event for FlowPublished {
    const NAME: &'static str = "cases.flow_published";
    fn subject(&self) -> String {
        self.flow_id.clone()
    }
    fn audience(&self) -> Vec<Audience> {
        vec![Audience::Capability("flow.read".to_owned())]
    }
}

/// A running order was moved to another version of its flow.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CaseFlowChanged {
    /// The order.
    pub case_id: super::CaseId,
    /// The version that it left.
    pub from_flow_id: String,
    /// The version that it runs now.
    pub flow_id: String,
}

impl Event for CaseFlowChanged {
    const NAME: &'static str = "cases.case_flow_changed";
    fn subject(&self) -> String {
        self.case_id.0.clone()
    }
    fn audience(&self) -> Vec<Audience> {
        vec![Audience::Capability("case.read".to_owned())]
    }
}

/// A version of a form was published: new orders are filled in with it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FormPublished {
    /// The version.
    pub form_id: String,
    /// The name by which versions belong together.
    pub name: String,
    /// Its number.
    pub version: i64,
}

impl Event for FormPublished {
    const NAME: &'static str = "cases.form_published";
    fn subject(&self) -> String {
        self.form_id.clone()
    }
    fn audience(&self) -> Vec<Audience> {
        vec![Audience::Capability("form.read".to_owned())]
    }
}

/// Somebody filled in a form of an order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CaseFormFilled {
    /// The order.
    pub case_id: super::CaseId,
    /// The form by its name.
    pub form_name: String,
    /// The version of the form.
    pub form_id: String,
    /// The step, as a code.
    pub step: String,
    /// The keys of the fields that changed; what they say stays with the order.
    pub fields: Vec<String>,
}

impl Event for CaseFormFilled {
    const NAME: &'static str = "cases.form_filled";
    fn subject(&self) -> String {
        self.case_id.0.clone()
    }
    fn audience(&self) -> Vec<Audience> {
        vec![Audience::Capability("case.read".to_owned())]
    }
}
