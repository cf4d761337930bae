//! What figures are made of: orders without names, numbers and texts.

use async_trait::async_trait;
use kernel::{BoxError, Principal};

use super::CaseId;

/// An order as figures know it. Times are epoch milliseconds, words are codes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CaseFact {
    /// The order.
    pub id: String,
    /// The type.
    pub kind: String,
    /// The category.
    pub category_id: Option<String>,
    /// The category of the first level above it.
    pub category_top_id: Option<String>,
    /// The district's name.
    pub district: Option<String>,
    /// How it came.
    pub source: String,
    /// How much it hurries.
    pub urgency: String,
    /// The tier of its limit.
    pub tier: Option<String>,
    /// Where it stands.
    pub status: String,
    /// The unit in charge.
    pub unit_id: Option<String>,
    /// Its path of ids.
    pub unit_path: Option<String>,
    /// The unit that got it first.
    pub first_unit_id: Option<String>,
    /// The person in charge.
    pub person_id: Option<String>,
    /// Who wrote it.
    pub created_by: Option<String>,
    /// The writer's unit.
    pub created_unit_id: Option<String>,
    /// Its path of ids.
    pub created_unit_path: Option<String>,
    /// Units that help.
    pub co_unit_ids: Vec<String>,
    /// Units and people who owe something beside the course.
    pub helper_ids: Vec<String>,
    /// The citizen's file.
    pub contact_id: Option<String>,
    /// The call in which it was written.
    pub call_id: Option<String>,
    /// Longitude in degrees.
    pub lng: Option<f64>,
    /// Latitude in degrees.
    pub lat: Option<f64>,
    /// When it was written.
    pub created_at: i64,
    /// When a unit got it.
    pub dispatched_at: Option<i64>,
    /// When the unit accepted it.
    pub accepted_at: Option<i64>,
    /// When the unit reported its result.
    pub handled_at: Option<i64>,
    /// When it was settled.
    pub settled_at: Option<i64>,
    /// When it was put away.
    pub archived_at: Option<i64>,
    /// When the running limit ends.
    pub due_at: Option<i64>,
    /// When the running limit turns yellow.
    pub yellow_at: Option<i64>,
    /// By when the unit had to accept; of the newest such limit.
    pub accept_due_at: Option<i64>,
    /// By when it had to be handled; of the newest such limit.
    pub close_due_at: Option<i64>,
    /// Working days that were granted beside.
    pub extended_days: i64,
    /// Whether the unit kept the limit: 1 or 0.
    pub in_time: Option<i64>,
    /// The citizen's stars.
    pub stars: Option<i64>,
    /// How the stars came.
    pub rated_by: Option<String>,
    /// When the stars came.
    pub rated_at: Option<i64>,
    /// Return visits that were tried.
    pub visits: i64,
    /// How often it was taken up again.
    pub reopened: i64,
    /// Whether it counts for its unit (0) or was struck out (1).
    pub struck_out: i64,
    /// What people had to do for it, one after the other.
    pub steps: Vec<StepFact>,
}

/// A step of an order: somebody had something to do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StepFact {
    /// The task.
    pub id: String,
    /// The step, as a code.
    pub step: String,
    /// The unit that had to do it.
    pub unit_id: Option<String>,
    /// Its path of ids.
    pub unit_path: Option<String>,
    /// Who did it.
    pub closed_by: Option<String>,
    /// `open`, `done`, `cancelled`.
    pub state: String,
    /// Since when.
    pub opened_at: i64,
    /// Until when.
    pub closed_at: Option<i64>,
    /// By when.
    pub due_at: Option<i64>,
}

/// A line of a list of orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseLine {
    /// The order.
    pub id: String,
    /// Its number.
    pub number: String,
    /// Its title.
    pub title: String,
    /// The status, named.
    pub status: String,
    /// The unit in charge.
    pub unit_id: Option<String>,
    /// When it was written.
    pub created_at: i64,
}

/// A word with its names on screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeName {
    /// The code.
    pub code: String,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// The words that orders are told apart by.
#[derive(Clone, Debug, Default)]
pub struct CaseWords {
    /// Types.
    pub kinds: Vec<CodeName>,
    /// Sources.
    pub sources: Vec<CodeName>,
    /// Urgencies.
    pub urgencies: Vec<CodeName>,
    /// Statuses.
    pub statuses: Vec<CodeName>,
    /// Steps.
    pub steps: Vec<CodeName>,
    /// Categories by id; the name is the whole path.
    pub categories: Vec<CodeName>,
}

/// Answers what figures of orders are made of.
#[async_trait]
pub trait CaseFacts: Send + Sync {
    /// Returns orders as they are now; those that do not exist are left out.
    async fn case_facts(&self, ids: &[CaseId]) -> Result<Vec<CaseFact>, BoxError>;
    /// Returns ids after `after` in ascending order, at most `limit`, to build figures anew.
    async fn case_ids(&self, after: &str, limit: i64) -> Result<Vec<CaseId>, BoxError>;
    /// Returns lines of those orders that `by` may read, in the order of `ids`.
    async fn case_lines(&self, by: &Principal, ids: &[CaseId]) -> Result<Vec<CaseLine>, BoxError>;
    /// Returns the words.
    fn case_words(&self) -> CaseWords;
}
