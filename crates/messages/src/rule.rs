//! Rules: who is told of a kind of event, and by which channels outside.

use crate::kind::Kind;

/// Who is told of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The kind.
    pub kind: Kind,
    /// Whether anybody is told.
    pub active: bool,
    /// The person who has the order, or the clerks of its unit.
    pub handler: bool,
    /// Leaders and administrators of the unit.
    pub leader: bool,
    /// The centre's reviewers; before dispatch its dispatchers.
    pub supervisor: bool,
    /// Codes of channels outside.
    pub channels: Vec<String>,
    /// How often it changed; for optimistic locking.
    pub version: i64,
}

impl Rule {
    /// Returns the rule of the first day.
    #[must_use]
    pub fn first(kind: Kind) -> Self {
        let (leader, supervisor) = match kind {
            Kind::Overdue | Kind::Alarm => (true, true),
            Kind::BadRating => (true, false),
            Kind::Urged | Kind::Supervised => (true, false),
            Kind::Returned => (false, true),
            _ => (false, false),
        };
        let handler = kind != Kind::Returned;
        Self { kind, active: true, handler, leader, supervisor, channels: Vec::new(), version: 0 }
    }
}
