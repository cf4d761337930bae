//! Writing an order (登记).

use contract::cases::{CaseClosed, CaseCreated, CaseId};
use kernel::{Actor, ActorKind, Timestamp};
use serde_json::json;

use super::change::{Change, Fact, LimitInput};
use super::limit::LimitName;
use super::timeline::EntryKind;
use super::{Case, Citizen, Kind, Place, Source, Status, UnitRef, Urgency};
use crate::error::{CaseError, Check, TEXT_MAX};

/// The longest title, in characters.
pub const TITLE_MAX: usize = 100;
/// The longest content, in characters.
pub const CONTENT_MAX: usize = 5000;

/// An order as it is written.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The type.
    pub kind: Kind,
    /// The category; the portal may leave it to the centre.
    pub category_id: Option<String>,
    /// What it is about.
    pub title: String,
    /// What happened and what is asked for.
    pub content: String,
    /// Who asks.
    pub citizen: Citizen,
    /// Whether the citizen's identity is kept from the units.
    pub confidential: bool,
    /// Where.
    pub place: Place,
    /// The call in which it is written.
    pub call_id: Option<String>,
    /// What the agent proposes.
    pub preliminary_opinion: Option<String>,
    /// The answer, when the agent answered at once.
    pub answer: Option<String>,
    /// How much it hurries.
    pub urgency: Urgency,
    /// How it came.
    pub source: Source,
}

impl Place {
    pub(crate) fn check(&self, check: &mut Check) {
        check.optional("place.district", self.district.as_deref().unwrap_or_default(), 50);
        check.optional("place.address", self.address.as_deref().unwrap_or_default(), 200);
        let outside = |value: Option<f64>, most: f64| {
            value.is_some_and(|value| !value.is_finite() || value.abs() > most)
        };
        if outside(self.lng, 180.0) || outside(self.lat, 90.0) || self.lng.is_some() != self.lat.is_some() {
            check.refuse("place.lng", "out_of_range", "经纬度不正确。", "These are no coordinates.");
        }
    }
}

/// Tells whether a text can be a telephone number: 3 to 20 digits with the usual signs between them.
pub(crate) fn is_phone(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    (3..=20).contains(&digits)
        && text.len() <= 32
        && text.chars().all(|c| c.is_ascii_digit() || "+- ()".contains(c))
}

impl Draft {
    /// Checks every field.
    ///
    /// # Errors
    /// [`CaseError::Invalid`] with all that is wrong.
    pub fn check(&self) -> Result<(), CaseError> {
        let mut check = Check::default();
        check.text("title", &self.title, TITLE_MAX);
        check.text("content", &self.content, CONTENT_MAX);
        if self.citizen.contact_id.is_none() {
            check.text("contact.name", &self.citizen.name, 50);
            match self.citizen.phone.as_deref().map(str::trim) {
                Some(phone) if is_phone(phone) => {}
                Some(phone) if !phone.is_empty() => {
                    check.refuse(
                        "contact.phone",
                        "malformed",
                        "电话号码格式不正确。",
                        "This is no telephone number.",
                    );
                }
                _ if self.source == Source::Portal => {
                    check.refuse("contact.phone", "required", "请填写此项。", "Please fill this in.");
                }
                _ => {}
            }
        }
        if self.citizen.gender.as_deref().is_some_and(|gender| !matches!(gender, "male" | "female")) {
            check.refuse(
                "contact.gender",
                "unknown",
                "性别只能是 male 或 female。",
                "Gender is male or female.",
            );
        }
        self.place.check(&mut check);
        if let Some(opinion) = &self.preliminary_opinion {
            check.optional("preliminary_opinion", opinion, TEXT_MAX);
        }
        if let Some(answer) = &self.answer {
            check.text("answer", answer, CONTENT_MAX);
        }
        check.done()
    }
}

/// What a fresh order is given from outside.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Its id.
    pub id: CaseId,
    /// Its number.
    pub number: String,
    /// Its query code.
    pub query_code: String,
    /// The writer's unit.
    pub unit: Option<UnitRef>,
}

/// Writes an order. `draft` has been checked.
#[must_use]
pub fn write(draft: Draft, identity: Identity, actor: &Actor, now: Timestamp) -> (Case, Change) {
    let at_once = draft.answer.is_some();
    let case = Case {
        id: identity.id,
        number: identity.number,
        query_code: identity.query_code,
        old_number: None,
        kind: draft.kind,
        category_id: draft.category_id,
        title: draft.title.trim().to_owned(),
        content: draft.content,
        citizen: draft.citizen,
        confidential: draft.confidential,
        place: draft.place,
        call_id: draft.call_id,
        source: draft.source,
        urgency: draft.urgency,
        tier: None,
        status: if at_once { Status::ClosedAtOnce } else { Status::DraftLogged },
        preliminary_opinion: draft.preliminary_opinion.filter(|text| !text.trim().is_empty()),
        answer: draft.answer,
        unit: None,
        person_id: None,
        created_by: (actor.kind != ActorKind::Citizen).then(|| actor.id.clone()),
        created_by_name: actor.name.clone(),
        created_unit: identity.unit,
        created_at: now,
        updated_at: now,
        dispatched_at: None,
        accepted_at: None,
        handled_at: None,
        settled_at: at_once.then_some(now),
        archived_at: None,
        in_time: at_once.then_some(true),
        due_at: None,
        yellow_at: None,
        stars: None,
        rated_by: None,
        visits: 0,
        reopened: 0,
        version: 1,
        co_units: Vec::new(),
        tasks: Vec::new(),
        standing: super::standing::Standing::default(),
        applications: Vec::new(),
        errands: Vec::new(),
    };
    let created = CaseCreated {
        case_id: case.id.clone(),
        number: case.number.clone(),
        r#type: case.kind.code().to_owned(),
        category_id: case.category_id.clone(),
        district: case.place.district.clone(),
        source: case.source.code().to_owned(),
        created_by: case.created_by.clone(),
        call_id: case.call_id.clone(),
        answered_at_once: at_once,
    };
    let kind = if at_once { EntryKind::AnsweredAtOnce } else { EntryKind::Created };
    let mut change = Change::new(kind, "case.create")
        .saying(case.answer.as_deref().or(case.preliminary_opinion.as_deref()).unwrap_or_default())
        .with(json!({ "source": case.source.code() }))
        .telling(Fact::Created(created));
    if at_once {
        change = change.telling(Fact::Closed(CaseClosed {
            case_id: case.id.clone(),
            unit_id: None,
            r#type: case.kind.code().to_owned(),
            in_time: Some(true),
        }));
    } else {
        change = change.limiting(LimitInput::Start(LimitName::Dispatch));
    }
    (case, change)
}
