//! Correcting an order's fields before it is given to a unit (修改工单).

use serde_json::json;

use super::change::Change;
use super::draft::{CONTENT_MAX, TITLE_MAX};
use super::timeline::EntryKind;
use super::{Case, Kind, Place, Step, Urgency};
use crate::error::{CaseError, Check, TEXT_MAX};

/// Fields to correct; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct Amendment {
    /// The type.
    pub kind: Option<Kind>,
    /// The category.
    pub category_id: Option<String>,
    /// What it is about.
    pub title: Option<String>,
    /// What happened and what is asked for.
    pub content: Option<String>,
    /// Where.
    pub place: Option<Place>,
    /// Whether the citizen's identity is kept from the units.
    pub confidential: Option<bool>,
    /// How much it hurries.
    pub urgency: Option<Urgency>,
    /// What the agent proposes.
    pub preliminary_opinion: Option<String>,
}

/// Corrects fields; what the shift leader had rejected goes to the review again.
///
/// # Errors
/// [`CaseError::Invalid`] for empty or long texts.
pub fn amend(case: &mut Case, amendment: &Amendment) -> Result<Change, CaseError> {
    let mut check = Check::default();
    if let Some(title) = &amendment.title {
        check.text("title", title, TITLE_MAX);
    }
    if let Some(content) = &amendment.content {
        check.text("content", content, CONTENT_MAX);
    }
    if let Some(opinion) = &amendment.preliminary_opinion {
        check.optional("preliminary_opinion", opinion, TEXT_MAX);
    }
    if let Some(place) = &amendment.place {
        place.check(&mut check);
    }
    check.done()?;
    let mut changed = Vec::new();
    let mut set = |name: &'static str, differs: bool| {
        if differs {
            changed.push(name);
        }
    };
    if let Some(kind) = amendment.kind {
        set("type", kind != case.kind);
        case.kind = kind;
    }
    if let Some(category_id) = &amendment.category_id {
        set("category_id", case.category_id.as_ref() != Some(category_id));
        case.category_id = Some(category_id.clone());
    }
    if let Some(title) = &amendment.title {
        set("title", case.title != title.trim());
        title.trim().clone_into(&mut case.title);
    }
    if let Some(content) = &amendment.content {
        set("content", case.content != *content);
        case.content.clone_from(content);
    }
    if let Some(place) = &amendment.place {
        set("place", true);
        case.place = place.clone();
    }
    if let Some(confidential) = amendment.confidential {
        set("confidential", confidential != case.confidential);
        case.confidential = confidential;
    }
    if let Some(urgency) = amendment.urgency {
        set("urgency", urgency != case.urgency);
        case.urgency = urgency;
    }
    if let Some(opinion) = &amendment.preliminary_opinion {
        set("preliminary_opinion", case.preliminary_opinion.as_ref() != Some(opinion));
        case.preliminary_opinion = Some(opinion.clone());
    }
    let change = Change::new(EntryKind::Amended, "case.edit").with(json!({ "fields": changed }));
    Ok(if case.task(Step::Amendment).is_some() {
        change.completing(Step::Amendment, "submit")
    } else {
        change
    })
}
