//! Order types (业务类型): what an order of a kind of matter begins with, which form it has, which flow it runs.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::Kind;
use super::draft::{CONTENT_MAX, TITLE_MAX};
use crate::error::{CaseError, Check, TEXT_MAX};

/// The most templates of a type.
const TEMPLATES_MAX: usize = 30;
/// The most that the templates of a type may be, in bytes of JSON.
const TEMPLATES_BYTES_MAX: usize = 200_000;

/// What a new order of a type is filled with when somebody chooses it (模板工单).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Template {
    /// What it is called.
    pub name: String,
    /// The title.
    pub title: String,
    /// What happened and what is asked for.
    pub content: String,
    /// What the agent proposes.
    pub opinion: String,
    /// Answers of the form.
    #[schema(value_type = Object)]
    pub answers: Map<String, Value>,
}

/// An order type as somebody writes it.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderTypeDraft {
    /// Its Chinese name.
    pub zh: String,
    /// Its English name.
    pub en: String,
    /// The type (类型) of its orders.
    pub kind: Kind,
    /// The category of its orders, where it is always the same.
    pub category_id: Option<String>,
    /// The form by its name.
    pub form_name: Option<String>,
    /// The flow by its name; the rules of flows choose when absent.
    pub flow_name: Option<String>,
    /// Whether citizens are offered it.
    pub for_citizens: bool,
    /// Whether it can be chosen.
    pub active: bool,
    /// Its place in lists.
    pub ordinal: i64,
    /// What new orders can be filled with.
    pub templates: Vec<Template>,
}

/// An order type.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderType {
    /// Its id.
    pub id: String,
    /// What it says.
    pub draft: OrderTypeDraft,
    /// How often it changed.
    pub version: i64,
    /// When it changed last, epoch milliseconds.
    pub updated_at: i64,
    /// Who changed it.
    pub updated_by: String,
}

impl OrderTypeDraft {
    /// Checks every field that can be checked alone.
    ///
    /// # Errors
    /// [`CaseError::Invalid`] with all that is wrong.
    pub fn check(&self, check: &mut Check) -> Result<(), CaseError> {
        check.text("zh", &self.zh, 40);
        check.optional("en", &self.en, 80);
        if !(0..=10_000).contains(&self.ordinal) {
            check.refuse("ordinal", "out_of_range", "排序须为0至10000。", "The place is 0 to 10,000.");
        }
        let bytes = serde_json::to_string(&self.templates).map_or(0, |text| text.len());
        if self.templates.len() > TEMPLATES_MAX || bytes > TEMPLATES_BYTES_MAX {
            check.refuse(
                "templates",
                "too_many",
                format!("最多{TEMPLATES_MAX}个模板，总长最多{}KB。", TEMPLATES_BYTES_MAX / 1000),
                format!("At most {TEMPLATES_MAX} templates and {} kB.", TEMPLATES_BYTES_MAX / 1000),
            );
        }
        for template in &self.templates {
            check.text("templates.name", &template.name, 40);
            check.optional("templates.title", &template.title, TITLE_MAX);
            check.optional("templates.content", &template.content, CONTENT_MAX);
            check.optional("templates.opinion", &template.opinion, TEXT_MAX);
        }
        Ok(())
    }
}
