//! A work order and what may become of it. Plain values: no database, no clock.

pub mod acceptance;
pub mod action;
pub mod alarm;
pub mod amendment;
pub mod application;
pub mod assignment;
pub mod attachment;
pub mod catalogue;
pub mod catalogue_file;
pub mod change;
pub mod citizen_act;
pub mod closure;
pub mod co_handling;
pub mod commitment;
pub mod countersignature;
pub mod delegation;
pub mod discovery;
pub mod dispatch;
pub mod draft;
pub mod ending;
pub mod errand;
pub mod exchange;
pub mod extension;
pub mod external_link;
pub mod feedback;
pub mod file_type;
pub mod form;
pub mod instruction;
pub mod limit;
pub mod limit_rule;
pub mod merger;
pub mod metadata;
pub mod note;
pub mod objection;
pub mod old_order;
pub mod operation_rule;
pub mod order_type;
pub mod position;
pub mod praise;
pub mod publication;
pub mod rating;
pub mod redo;
pub mod reply;
pub mod rerouting;
pub mod result_review;
pub mod return_visit;
pub mod review;
pub mod self_handling;
pub mod sending_back;
pub mod split;
pub mod standing;
pub mod strike_out;
pub mod succession;
pub mod supervision;
pub mod timeline;
pub mod urge;
mod word;

use contract::cases::{CaseId, TaskId};
use kernel::{Principal, Scope, Timestamp};

use self::application::Application;
use self::errand::Errand;
use self::rating::RatingSource;
use self::reply::Reply;
use self::standing::Standing;

pub use word::{Color, Kind, Source, Status, Step, Urgency};

/// A work order (工单) with what is being done about it.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its id.
    pub id: CaseId,
    /// The number that the citizen is given.
    pub number: String,
    /// The code that opens it together with the number.
    pub query_code: String,
    /// The number that it had in the system that it was taken over from.
    pub old_number: Option<String>,
    /// The type (类型).
    pub kind: Kind,
    /// The category, once somebody chose one.
    pub category_id: Option<String>,
    /// What it is about.
    pub title: String,
    /// What happened and what is asked for.
    pub content: String,
    /// Who asks.
    pub citizen: Citizen,
    /// Whether the citizen's identity is kept from the units.
    pub confidential: bool,
    /// Where it is.
    pub place: Place,
    /// The call in which it was written.
    pub call_id: Option<String>,
    /// How it came.
    pub source: Source,
    /// How much it hurries.
    pub urgency: Urgency,
    /// The tier of its limit, such as `24h`, when one was chosen.
    pub tier: Option<String>,
    /// Where it stands.
    pub status: Status,
    /// What the agent proposed.
    pub preliminary_opinion: Option<String>,
    /// The answer: the agent's at once, or the unit's result.
    pub answer: Option<String>,
    /// The unit in charge, from dispatch on.
    pub unit: Option<UnitRef>,
    /// The person in charge within the unit.
    pub person_id: Option<String>,
    /// Who wrote it; citizens have no id.
    pub created_by: Option<String>,
    /// The writer's name.
    pub created_by_name: String,
    /// The writer's unit.
    pub created_unit: Option<UnitRef>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When anything happened last.
    pub updated_at: Timestamp,
    /// When a unit got it.
    pub dispatched_at: Option<Timestamp>,
    /// When the unit accepted it.
    pub accepted_at: Option<Timestamp>,
    /// When the unit reported its result.
    pub handled_at: Option<Timestamp>,
    /// When the result was approved.
    pub settled_at: Option<Timestamp>,
    /// When it was put away.
    pub archived_at: Option<Timestamp>,
    /// Whether the unit kept the limit, once that is known.
    pub in_time: Option<bool>,
    /// When the running limit ends.
    pub due_at: Option<Timestamp>,
    /// When the running limit turns yellow.
    pub yellow_at: Option<Timestamp>,
    /// The citizen's rating.
    pub stars: Option<i64>,
    /// How the present stars came.
    pub rated_by: Option<RatingSource>,
    /// How often a return visit was tried.
    pub visits: i64,
    /// How often it was taken up again.
    pub reopened: i64,
    /// How often it changed; for optimistic locking.
    pub version: i64,
    /// Units that help.
    pub co_units: Vec<String>,
    /// What is to be done now.
    pub tasks: Vec<Task>,
    /// What offices have agreed on beside the course.
    pub standing: Standing,
    /// What was asked for beside the course, oldest first.
    pub applications: Vec<Application>,
    /// What others owe beside the course, oldest first.
    pub errands: Vec<Errand>,
}

/// The citizen as written down in the order.
#[derive(Clone, Debug, Default)]
pub struct Citizen {
    /// The citizen's file.
    pub contact_id: Option<String>,
    /// The name.
    pub name: String,
    /// The number to call back, unmasked.
    pub phone: Option<String>,
    /// `male`, `female`, or unknown.
    pub gender: Option<String>,
    /// How the citizen wants to be told of the result, once that was agreed.
    pub reply: Option<Reply>,
}

/// Where the matter is.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The district's name.
    pub district: Option<String>,
    /// The address in words.
    pub address: Option<String>,
    /// Longitude in degrees.
    pub lng: Option<f64>,
    /// Latitude in degrees.
    pub lat: Option<f64>,
}

/// A unit by id and place in the tree.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct UnitRef {
    /// The unit.
    pub id: String,
    /// The path of ids, `/root/…/unit/`.
    pub path: String,
}

/// Something that somebody has to do (待办).
#[derive(Clone, Debug)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// The flow's token; none for what stands beside the flow, such as following up a bad rating.
    pub token: Option<String>,
    /// What is to be done.
    pub step: Step,
    /// The application or errand that it is about.
    pub subject: Option<String>,
    /// The unit that has to; none for the centre's queues.
    pub unit: Option<UnitRef>,
    /// The person who has to.
    pub person_id: Option<String>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// By when.
    pub due_at: Option<Timestamp>,
    /// When it turns yellow.
    pub yellow_at: Option<Timestamp>,
}

impl Citizen {
    /// Hides the citizen's name and number in a text that others wrote about the matter.
    #[must_use]
    pub fn masked_in(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        let name = self.name.trim();
        if name.chars().count() > 1 {
            masked = masked.replace(name, "＊＊");
        }
        if let Some(phone) = self.phone.as_deref().map(str::trim).filter(|phone| phone.len() > 4) {
            masked = masked.replace(phone, "＊＊＊＊");
        }
        masked
    }
}

impl Case {
    /// Returns the open task of a step.
    #[must_use]
    pub fn task(&self, step: Step) -> Option<&Task> {
        self.tasks.iter().find(|task| task.step == step)
    }

    /// Tells whether the order lies within `scope` as seen by `person`.
    ///
    /// Own: written by the person, or in the person's hands. Unit: in the hands of the person's unit, helped
    /// by it, or written there. Subtree: the same for all units below. Whoever was given an errand may read
    /// the order too. [`crate::store`] says the same in SQL.
    #[must_use]
    pub fn is_within(&self, scope: Scope, person: &Principal) -> bool {
        let mine = |id: &Option<String>| id.as_deref() == Some(person.person_id.as_str());
        let asked = |unit: bool| {
            self.errands.iter().any(|one| {
                one.state != errand::ErrandState::Cancelled
                    && (mine(&one.person_id)
                        || (unit && one.unit.as_ref().is_some_and(|unit| unit.id == person.unit_id)))
            })
        };
        let own = mine(&self.created_by) || mine(&self.person_id) || asked(false);
        let units = [&self.unit, &self.created_unit];
        match scope {
            Scope::Own => own,
            Scope::Unit => {
                own || units.iter().any(|unit| unit.as_ref().is_some_and(|unit| unit.id == person.unit_id))
                    || self.co_units.contains(&person.unit_id)
                    || asked(true)
            }
            Scope::Subtree => {
                self.is_within(Scope::Unit, person)
                    || units.iter().any(|unit| {
                        unit.as_ref().is_some_and(|unit| unit.path.starts_with(&person.unit_path))
                    })
            }
            Scope::All => true,
        }
    }

    /// Tells whether `person` may know who asks. Of a confidential order only the writer, the centre's
    /// return visitors, and whoever may see every number unmasked do (GB/T 33358-2016).
    #[must_use]
    pub fn shows_citizen_to(&self, person: &Principal) -> bool {
        !self.confidential
            || self.created_by.as_deref() == Some(person.person_id.as_str())
            || person.has("contact.unmask")
            || person.has("case.return_visit")
    }

    /// Tells whether `person` may see the query code.
    #[must_use]
    pub fn opens_to(&self, person: &Principal) -> bool {
        person.scope("case.query_code").is_some_and(|scope| self.is_within(scope, person))
    }

    /// Returns the colour of the running limit; none when no limit runs.
    #[must_use]
    pub fn color(&self, now: Timestamp) -> Option<Color> {
        Color::of(self.yellow_at, self.due_at, now)
    }

    /// Tells whether a citizen can rate it: once, after the result was approved. What was said in a return
    /// visit does not take the citizen's own word away.
    #[must_use]
    pub fn can_be_rated(&self) -> bool {
        self.rated_by != Some(RatingSource::Portal)
            && (matches!(self.status, Status::Approved | Status::Archived | Status::ClosedAtOnce)
                || (self.status == Status::Merged && self.settled_at.is_some()))
    }
}
