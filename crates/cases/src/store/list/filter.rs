//! What narrows a list of orders, and by what it is sorted.

use kernel::Timestamp;

use super::DUE;
use crate::case::{Case, Color, Kind, Source, Status, Urgency};

/// What a list is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// Newest first.
    #[default]
    Newest,
    /// Oldest first.
    Oldest,
    /// Nearest limit first; those without a limit last.
    Due,
    /// Changed last first.
    Updated,
}

impl Sort {
    /// Reads a code, `-` for descending.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        match code {
            "-created_at" => Some(Self::Newest),
            "created_at" => Some(Self::Oldest),
            "due_at" => Some(Self::Due),
            "-updated_at" => Some(Self::Updated),
            _ => None,
        }
    }

    pub(super) fn key(self) -> (&'static str, bool) {
        match self {
            Self::Newest => ("c.created_at", true),
            Self::Oldest => ("c.created_at", false),
            Self::Due => (DUE, false),
            Self::Updated => ("c.updated_at", true),
        }
    }

    pub(super) fn of(self, case: &Case) -> i64 {
        match self {
            Self::Newest | Self::Oldest => case.created_at.0,
            Self::Due => case.due_at.map_or(i64::MAX, |at| at.0),
            Self::Updated => case.updated_at.0,
        }
    }
}

/// Where an order went (分流方向).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Answered by the centre at once (直接答复).
    Answered,
    /// Given to a unit (转办).
    Unit,
    /// Still with the centre (中心待处理).
    Centre,
}

/// Whether the unit has answered (回复状态).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// It has reported its result.
    Replied,
    /// It has not yet.
    Waiting,
    /// It has, after the limit.
    Late,
}

/// Which orders are asked for. What is absent does not narrow.
#[derive(Clone, Debug, Default)]
pub struct CaseFilter {
    /// Words in title or content, a number, or a phone number.
    pub text: Option<String>,
    /// Any of these statuses.
    pub statuses: Vec<Status>,
    /// The type.
    pub kind: Option<Kind>,
    /// The category or one below.
    pub category_ids: Vec<String>,
    /// The unit in charge or one below, by path.
    pub unit_path: Option<String>,
    /// The district.
    pub district: Option<String>,
    /// The colour of the running limit.
    pub color: Option<Color>,
    /// How it came.
    pub source: Option<Source>,
    /// Written at or after.
    pub created_from: Option<Timestamp>,
    /// Written before.
    pub created_to: Option<Timestamp>,
    /// Due before.
    pub due_before: Option<Timestamp>,
    /// The person in charge within the unit (主办人).
    pub person_id: Option<String>,
    /// A unit that helps (协办机构).
    pub co_unit_id: Option<String>,
    /// Somebody who helps (协办人): took part in the order, but is not in charge.
    pub helper_id: Option<String>,
    /// Who wrote it.
    pub created_by: Option<String>,
    /// Where it went (分流方向).
    pub direction: Option<Direction>,
    /// Whether the unit has answered (回复状态).
    pub reply: Option<Reply>,
    /// How much it hurries.
    pub urgency: Option<Urgency>,
    /// Stars of the citizen, at most so many.
    pub stars_to: Option<i64>,
    /// Settled at or after.
    pub settled_from: Option<Timestamp>,
    /// Settled before.
    pub settled_to: Option<Timestamp>,
    /// Words in the title alone.
    pub title: Option<String>,
    /// Words in the content alone.
    pub content: Option<String>,
    /// Only what the person wrote or is in charge of.
    pub mine: bool,
    /// Only orders of this citizen.
    pub contact_id: Option<String>,
    /// The order of the list.
    pub sort: Sort,
    /// From here on.
    pub cursor: Option<String>,
    /// So many.
    pub limit: usize,
}
